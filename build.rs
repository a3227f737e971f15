//! Writes the C header from `rust/ffi`, names this build, and versions the shared library.

use std::collections::hash_map::DefaultHasher;
use std::error::Error;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

#[path = "build/retire.rs"]
mod retire;

fn main() -> Result<(), Box<dyn Error>> {
    for watched in ["rust", "cbindgen.toml", "Cargo.toml", "Cargo.lock", "build.rs", "build", "include"] {
        println!("cargo:rerun-if-changed={watched}");
    }
    println!("cargo:rerun-if-env-changed=OMEGA_HEADER_CHECK");
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    header(&root)?;
    let build_id = build_id(&root)?;
    println!("cargo:rustc-env=OMEGA_BUILD_ID={build_id}");
    retire::other_build(&build_id)?;
    let major = env::var("CARGO_PKG_VERSION_MAJOR")?;
    match env::var("CARGO_CFG_TARGET_OS")?.as_str() {
        "linux" => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libomega_slicer.so.{major}");
            if env::var("CARGO_CFG_TARGET_ENV")? == "gnu" {
                // An unwinder of our own. A host may have loaded another library that defines the unwinder's
                // functions (Debian's Julia loads libunwind): libgcc_s would then call into that one, and a
                // panic would abort the host instead of becoming a status.
                println!("cargo:rustc-cdylib-link-arg=-Wl,--whole-archive,-lgcc_eh,--no-whole-archive");
            }
        }
        "macos" => println!("cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libomega_slicer.{major}.dylib"),
        _ => {}
    }
    Ok(())
}

/// Generates the header; then copies it into `include/` where it differs, or, under
/// `OMEGA_HEADER_CHECK=1`, refuses to build. A read-only tree keeps the header it was shipped with.
fn header(root: &Path) -> Result<(), Box<dyn Error>> {
    let generated = PathBuf::from(env::var("OUT_DIR")?).join("omega_slicer.h");
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml"))?;
    // The files of the ABI alone, noun by noun: the core's own types must not leak into the header.
    let nouns = [
        "status",
        "abi",
        "time",
        "series",
        "arrow",
        "quality",
        "slicer",
        "resample",
        "align",
        "symbol_slice",
        "multi_symbol",
        "kernels",
        "tables",
        "rolling",
        "indicators",
        "stream",
        "fault",
    ];
    let builder = nouns.iter().fold(cbindgen::Builder::new().with_config(config), |builder, noun| {
        builder.with_src(root.join(format!("rust/ffi/{noun}.rs")))
    });
    builder.generate()?.write_to_file(&generated);
    let fresh = fs::read(&generated)?;
    let committed = root.join("include/omega_slicer.h");
    if fs::read(&committed).is_ok_and(|bytes| bytes == fresh) {
        return Ok(());
    }
    if env::var("OMEGA_HEADER_CHECK").is_ok_and(|value| value == "1") {
        return Err(format!(
            "include/omega_slicer.h differs from what rust/ffi gives ({}): run `make header` and commit it",
            generated.display()
        )
        .into());
    }
    match fs::create_dir_all(root.join("include")).and_then(|()| fs::write(&committed, &fresh)) {
        Err(error) if is_read_only(&error) => Ok(()),
        result => Ok(result?),
    }
}

fn is_read_only(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

/// Sixteen hexadecimal digits over everything that decides what the library does.
fn build_id(root: &Path) -> Result<String, Box<dyn Error>> {
    let mut files = vec![root.join("Cargo.toml"), root.join("Cargo.lock"), root.join("build.rs")];
    let mut folders = vec![root.join("rust"), root.join("build")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.strip_prefix(root)?.hash(&mut hasher);
        fs::read(&file).unwrap_or_default().hash(&mut hasher);
    }
    let decisive = ["TARGET", "PROFILE", "OPT_LEVEL", "CARGO_ENCODED_RUSTFLAGS"];
    let mut settings: Vec<_> = env::vars()
        .filter(|(name, _)| name.starts_with("CARGO_FEATURE_") || decisive.contains(&name.as_str()))
        .collect();
    settings.sort();
    settings.hash(&mut hasher);
    Command::new(env::var("RUSTC")?).arg("-vV").output()?.stdout.hash(&mut hasher);
    Ok(format!("{:016x}", hasher.finish()))
}
