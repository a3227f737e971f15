//! Three lists must agree: what the built library exports, what the header declares, and what the sources
//! mark as exported; and every export that can fail is a single panic guard.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use syn::{Expr, Item, ReturnType, Stmt};

/// Exports that only hand out a constant or this thread's message: no guard, no status.
const GETTERS: [&str; 6] = [
    "omega_abi_layout",
    "omega_abi_version",
    "omega_build_id",
    "omega_last_error_message",
    "omega_library_version",
    "omega_status_name",
];
/// Exports of the fault-injection build alone; an armed panic must not keep it from being disarmed.
const FAULTS: [&str; 1] = ["omega_fault_set"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every function of `rust/ffi` that is exported to C.
fn exports() -> Vec<syn::ItemFn> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root().join("rust/ffi")).unwrap() {
        let source = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for item in syn::parse_file(&source).unwrap().items {
            if let Item::Fn(function) = item
                && function.sig.abi.is_some()
            {
                found.push(function);
            }
        }
    }
    found
}

fn is_single_guard(function: &syn::ItemFn) -> bool {
    match function.block.stmts.as_slice() {
        [Stmt::Macro(only)] => only.mac.path.is_ident("guard"),
        [Stmt::Expr(Expr::Macro(only), None)] => only.mac.path.is_ident("guard"),
        _ => false,
    }
}

fn returns_status(function: &syn::ItemFn) -> bool {
    let ReturnType::Type(_, kind) = &function.sig.output else { return false };
    matches!(&**kind, syn::Type::Path(path) if path.path.is_ident("OmegaStatus"))
}

#[test]
fn every_export_that_can_fail_is_one_guard_and_the_others_only_hand_out_constants() {
    for function in exports() {
        let name = function.sig.ident.to_string();
        assert!(name.starts_with("omega_"), "{name} lacks the prefix");
        let attributes: Vec<String> =
            function.attrs.iter().filter_map(|a| a.path().get_ident()).map(ToString::to_string).collect();
        assert!(attributes.contains(&"unsafe".to_owned()), "{name} is not exported");
        if GETTERS.contains(&name.as_str()) {
            assert!(!returns_status(&function), "{name} returns a status and needs a guard");
        } else {
            assert!(returns_status(&function), "{name} can fail and returns no status");
            assert!(FAULTS.contains(&name.as_str()) || is_single_guard(&function), "{name}: the body is not one guard");
        }
    }
}

fn declared() -> BTreeSet<String> {
    let header = std::fs::read_to_string(root().join("include/omega_slicer.h")).unwrap();
    let mut names = BTreeSet::new();
    let mut in_comment = false;
    for line in header.lines() {
        in_comment |= line.contains("/*");
        if !in_comment {
            let call = line.split('(').next().filter(|_| line.contains('('));
            let name = call.and_then(|text| text.split([' ', '*']).next_back());
            names.extend(name.filter(|name| name.starts_with("omega_")).map(str::to_owned));
        }
        in_comment &= !line.contains("*/");
    }
    names
}

/// The shared library that cargo built beside this test, with the same features.
fn library() -> PathBuf {
    std::env::current_exe().unwrap().with_file_name("libomega_slicer.so")
}

#[test]
fn library_header_and_sources_name_the_same_functions() {
    let mut sources: BTreeSet<String> = exports().iter().map(|function| function.sig.ident.to_string()).collect();
    assert_eq!(declared(), sources, "header and sources");
    let output = Command::new("nm")
        .args(["-D", "--defined-only"])
        .arg(library())
        .output()
        .expect("nm comes with the C compiler");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let listing = String::from_utf8(output.stdout).unwrap();
    let symbols =
        listing.lines().filter_map(|line| line.split(' ').next_back()).filter(|name| name.starts_with("omega_"));
    if cfg!(not(feature = "fault-injection")) {
        sources.retain(|name| !FAULTS.contains(&name.as_str()));
    }
    assert_eq!(symbols.map(str::to_owned).collect::<BTreeSet<_>>(), sources, "library and sources");
}
