//! Takes the described library of another build away, with its manifest; `make build` describes the new one.
//!
//! Cargo puts a new library in its place later, or never: `cargo bench` and `cargo test` build one for themselves, and
//! the `cargo build` after them moves that one over without running the build script. So neither may stay: the manifest
//! would call the new library damaged, and of the old library nobody could say any more whether it is whole.

use std::path::PathBuf;
use std::{env, fs, io};

/// Nothing happens to a library that has no manifest, or whose manifest names this build.
pub(super) fn other_build(build_id: &str) -> io::Result<()> {
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?);
    let Some(profile) = out.ancestors().nth(3) else { return Ok(()) };
    for name in ["libomega_slicer.so", "libomega_slicer.dylib", "omega_slicer.dll"] {
        let manifest = profile.join(format!("{name}.manifest"));
        if fs::read_to_string(&manifest).is_ok_and(|text| !text.contains(build_id)) {
            fs::remove_file(manifest)?;
            match fs::remove_file(profile.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}
