#!/usr/bin/env python3
"""Writes LIBRARY.manifest beside a built library: what the bindings compare it with before they load it.

    tools/write_manifest.py target/release/libomega_slicer.so

Flat JSON: file, size, sha256, build_id, version, abi. The library is loaded to ask it who it is, so this runs
where it was built; a library that cannot be loaded here gets no manifest, and says why.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import sys
from pathlib import Path


def manifest_of(library: Path) -> dict[str, str | int]:
    """What the manifest of this library says."""
    content = library.read_bytes()
    loaded = ctypes.CDLL(str(library.resolve()))
    for name in ("omega_library_version", "omega_build_id"):
        getattr(loaded, name).restype = ctypes.c_char_p
    loaded.omega_abi_version.restype = ctypes.c_uint32
    abi = loaded.omega_abi_version()
    return {
        "file": library.name,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "build_id": loaded.omega_build_id().decode(),
        "version": loaded.omega_library_version().decode(),
        "abi": f"{abi >> 16}.{abi & 0xFFFF}",
    }


def write(library: Path) -> Path:
    """Write it whole or not at all; its path."""
    path = library.with_name(f"{library.name}.manifest")
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(manifest_of(library)) + "\n", "utf-8")
    temporary.replace(path)
    return path


def main(arguments: list[str]) -> int:
    """One library, one manifest."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        write(Path(arguments[0]))
    except (OSError, AttributeError) as error:
        print(f"write_manifest: {arguments[0]}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
