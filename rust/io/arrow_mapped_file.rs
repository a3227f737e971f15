//! A file mapped into memory, and whether it is still the one that was mapped.
//!
//! The only place that maps. What is mapped is the file, not a copy: whoever shortens it takes the memory away, and
//! the system ends the process at the next read (SIGBUS); whoever writes to it changes a series under its readers.
#![allow(unsafe_code, reason = "mapping a file is a promise about other processes, which nothing can check")]

use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use memmap2::{Mmap, MmapOptions};

use crate::column::Column;
use crate::error::Error;
use crate::series::{FileState, Origin};

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fingerprint {
    /// Device and inode, where the system has them.
    identity: (u64, u64),
    len: u64,
    modified: Option<SystemTime>,
}

impl Fingerprint {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let identity = {
            use std::os::unix::fs::MetadataExt;
            (metadata.dev(), metadata.ino())
        };
        #[cfg(not(unix))]
        let identity = (0, 0);
        Self { identity, len: metadata.len(), modified: metadata.modified().ok() }
    }
}

/// The path of a mapped file and how the file was when it was mapped.
#[derive(Debug)]
struct MappedFile {
    path: PathBuf,
    opened: Fingerprint,
}

impl Origin for MappedFile {
    fn state(&self) -> FileState {
        match std::fs::metadata(&self.path) {
            Ok(metadata) if Fingerprint::of(&metadata) == self.opened => FileState::Unchanged,
            Ok(_) => FileState::Changed,
            Err(_) => FileState::Gone,
        }
    }
}

/// The pages of a mapped file, and what to ask about it later.
pub(super) struct Mapping {
    pages: Arc<Mmap>,
    pub(super) origin: Arc<dyn Origin>,
}

impl Mapping {
    /// Maps the file at `path` for reading.
    pub(super) fn new(path: &Path) -> Result<Self, Error> {
        let failed = |error: std::io::Error| Error::io(path, &error);
        // The directory a relative path starts from may change before it is asked for again.
        let absolute = std::path::absolute(path).map_err(failed)?;
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(failed(std::io::Error::new(
                std::io::ErrorKind::InvalidInput,
                "only a regular file can be mapped",
            )));
        }
        let opened = Fingerprint::of(&metadata);
        let len = usize::try_from(opened.len).unwrap_or(usize::MAX);
        // SAFETY: the mapping is private and read-only, and lives as long as any column of it. That nobody truncates
        // or rewrites the file meanwhile is the caller's part: `read_ipc` says so, and copies unless told otherwise.
        let pages = unsafe { MmapOptions::new().len(len).map(&file) }.map_err(failed)?;
        Ok(Self { pages: Arc::new(pages), origin: Arc::new(MappedFile { path: absolute, opened }) })
    }

    /// The whole file.
    pub(super) fn bytes(&self) -> Column<u8> {
        Column::shared(Arc::clone(&self.pages))
    }

    /// Brings a part of the file into this process at once, where the system can: a page at a time costs more.
    pub(super) fn populate(&self, start: usize, len: usize) {
        // Advice alone: without it the pages come when they are read.
        #[cfg(target_os = "linux")]
        let _ = self.pages.advise_range(memmap2::Advice::PopulateRead, start, len);
        #[cfg(not(target_os = "linux"))]
        let _ = (start, len);
    }
}
