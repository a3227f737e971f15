//! The small languages of the Arrow C Data Interface: format strings and metadata blocks, both ways.
#![allow(unsafe_code, reason = "a metadata block says its own length")]

use std::collections::BTreeMap;
use std::ffi::c_char;

use super::arrow_columns::{ArrowType, TimestampUnit};
use super::schema::METADATA_KEYS;
use crate::error::Error;

/// The type a format string stands for; whatever it says, it stands for some.
pub(super) fn type_of(format: &str) -> ArrowType {
    let int = |bits, signed| ArrowType::Int { bits, signed };
    match format {
        "b" => ArrowType::Bool,
        "c" => int(8, true),
        "C" => int(8, false),
        "s" => int(16, true),
        "S" => int(16, false),
        "i" => int(32, true),
        "I" => int(32, false),
        "l" => int(64, true),
        "L" => int(64, false),
        "f" => ArrowType::Float32,
        "g" => ArrowType::Float64,
        "tdD" => ArrowType::Date32,
        "tdm" => ArrowType::Date64,
        _ => timestamp(format).unwrap_or_else(|| ArrowType::Other(name_of(format))),
    }
}

fn timestamp(format: &str) -> Option<ArrowType> {
    let (unit, zone) = format.strip_prefix("ts")?.split_once(':')?;
    let unit = match unit {
        "s" => TimestampUnit::Second,
        "m" => TimestampUnit::Millisecond,
        "u" => TimestampUnit::Microsecond,
        "n" => TimestampUnit::Nanosecond,
        _ => return None,
    };
    Some(ArrowType::Timestamp(unit, (!zone.is_empty()).then(|| zone.to_owned())))
}

/// What people call a type that is none of ours.
fn name_of(format: &str) -> String {
    let name = match format {
        "n" => "null",
        "e" => "float16",
        "u" => "utf8",
        "U" => "large_utf8",
        "vu" => "utf8_view",
        "z" => "binary",
        "Z" => "large_binary",
        "vz" => "binary_view",
        "+s" => "struct",
        "+l" | "+L" => "list",
        "+m" => "map",
        "tts" | "ttm" | "ttu" | "ttn" => "time of day",
        "tDs" | "tDm" | "tDu" | "tDn" => "duration",
        _ if format.starts_with("d:") => "decimal",
        _ => return format!("of format {format:?}"),
    };
    name.to_owned()
}

/// Reads a metadata block as it goes, since only it says how long it is.
struct Block {
    at: *const u8,
    read: usize,
}

impl Block {
    /// The next `len` bytes.
    ///
    /// # Safety
    /// The block must go on for as long as its numbers say.
    unsafe fn bytes<'a>(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let end = self.read.checked_add(len).filter(|&end| isize::try_from(end).is_ok());
        let end = end.filter(|&end| (self.at as usize).checked_add(end).is_some());
        let end = end.ok_or_else(|| Error::DeserializationFailed("the Arrow metadata overflow".to_owned()))?;
        // SAFETY: inside the block, as the caller promises, and inside the address space, as checked.
        let bytes = unsafe { std::slice::from_raw_parts(self.at.add(self.read), len) };
        self.read = end;
        Ok(bytes)
    }

    /// The next number, which counts something.
    ///
    /// # Safety
    /// As [`Block::bytes`].
    unsafe fn count(&mut self) -> Result<usize, Error> {
        // SAFETY: passed on to the caller.
        let bytes = unsafe { self.bytes(4) }?;
        let number = i32::from_ne_bytes(bytes.try_into().unwrap_or_default());
        usize::try_from(number).map_err(|_| Error::DeserializationFailed(format!("the Arrow metadata count {number}")))
    }
}

/// The pairs of a metadata block; other people's that are not text are left out.
///
/// # Safety
/// Unless NULL, `block` must be a whole metadata block of the interface.
pub(super) unsafe fn metadata_of(block: *const c_char) -> Result<BTreeMap<String, String>, Error> {
    let mut pairs = BTreeMap::new();
    if block.is_null() {
        return Ok(pairs);
    }
    let mut block = Block { at: block.cast(), read: 0 };
    // SAFETY: passed on to the caller.
    let count = unsafe { block.count() }?;
    for _ in 0..count {
        // SAFETY: passed on to the caller.
        let (key, value) = unsafe {
            let len = block.count()?;
            let key = block.bytes(len)?;
            let len = block.count()?;
            (key, block.bytes(len)?)
        };
        let Ok(key) = std::str::from_utf8(key) else { continue };
        match std::str::from_utf8(value) {
            Ok(value) => drop(pairs.insert(key.to_owned(), value.to_owned())),
            Err(_) if METADATA_KEYS.contains(&key) => {
                return Err(Error::DeserializationFailed(format!("metadata {key} = {value:?} is not UTF-8")));
            }
            Err(_) => {}
        }
    }
    Ok(pairs)
}

/// A metadata block of these pairs; none where they do not fit one.
pub(super) fn metadata_block(pairs: &[(&str, &str)]) -> Option<Vec<u8>> {
    let length = |len: usize| i32::try_from(len).ok().map(i32::to_ne_bytes);
    let mut block = Vec::with_capacity(4 + pairs.iter().map(|(key, value)| 8 + key.len() + value.len()).sum::<usize>());
    block.extend(length(pairs.len())?);
    for text in pairs.iter().flat_map(|&(key, value)| [key, value]) {
        block.extend(length(text.len())?);
        block.extend(text.as_bytes());
    }
    Some(block)
}
