"""Whether a library file is the one its manifest describes, told without loading it.

A library cut short can kill the process inside the loader, so this comes first. The hash is remembered by
the file's identity: a file that has not changed since is not read again.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Any, Final, NamedTuple

from . import state

__all__ = ["Damaged", "Seen", "checked", "manifest_path"]

_CHUNK: Final = 1 << 20


class Damaged(Exception):  # noqa: N818 - a finding about a file, turned into an incident or an error elsewhere
    """The file is not what its manifest says; `build_id` is that of the manifest."""

    def __init__(self, message: str, build_id: str, sha256: str) -> None:
        super().__init__(message)
        self.build_id, self.sha256 = build_id, sha256


class Seen(NamedTuple):
    """What is known of a library before it is loaded. Without a manifest, `build_id` is empty."""

    sha256: str
    build_id: str
    manifest: str
    """For people: what was compared, or why nothing was."""


def manifest_path(library: Path) -> Path:
    """Where the manifest of a library is: beside the file itself, whatever links lead to it."""
    real = library.resolve()
    return real.with_name(f"{real.name}.manifest")


def checked(library: Path) -> Seen:
    """Size and hash against the manifest; `Damaged` where they differ. `OSError` if it cannot be read."""
    path = manifest_path(library)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Seen(_hash(library), "", "no manifest beside it: size and hash not checked")
    try:
        said = state.parse_flat(content.decode())
        size, sha256, build_id = int(said["size"] or 0), str(said["sha256"]), str(said["build_id"])
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise Damaged(f"its manifest {path} cannot be read: {error}", "", "") from None
    found = library.stat().st_size
    if found != size:
        raise Damaged(f"it has {found} bytes, its manifest says {size}", build_id, "")
    digest = _hash(library)
    if digest != sha256:
        raise Damaged(f"its SHA-256 is {digest}, its manifest says {sha256}", build_id, digest)
    return Seen(digest, build_id, "size and hash are those of the manifest")


def _hash(library: Path) -> str:
    """SHA-256 of the file, from memory if it is the file it was."""
    stat = library.stat()
    identity: state.Flat = {
        "path": str(library.resolve()),
        "size": stat.st_size,
        "modified_ns": stat.st_mtime_ns,
        "changed_ns": stat.st_ctime_ns,
        "inode": stat.st_ino,
    }
    remembered = state.results() / f"hash-{stat.st_ino}.json"
    try:
        known = state.parse_flat(remembered.read_text("utf-8"))
        digest: Any = known.pop("sha256", None)
        if known == identity and isinstance(digest, str):
            return digest
    except (OSError, ValueError, RuntimeError):
        pass
    hasher = hashlib.sha256()
    with library.open("rb") as file:
        while chunk := file.read(_CHUNK):
            hasher.update(chunk)
    with contextlib.suppress(OSError, RuntimeError):  # it is only read again next time
        state.write_whole(remembered, state.flat_json({**identity, "sha256": hasher.hexdigest()}) + "\n")
    return hasher.hexdigest()
