//! Compressed buffers of an Arrow batch, LZ4 frames and ZSTD, into exactly the length that was announced.
//!
//! The frames are walked here before a decoder sees a block, so that a few bytes cannot ask for memory: nothing is
//! allocated beyond the announced length and, for ZSTD, twice its window, which is checked first.

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::Read;
use twox_hash::XxHash32;

use super::arrow_batch_walk::{Codec, allowance};
use crate::error::{Error, with_room};

/// `len` bytes out of one frame. `input` is the length of the whole file, which limits memory.
///
/// # Errors
/// A text for the caller to put the place in front: damage, or a limit.
pub(super) fn decompress(packed: &[u8], codec: Codec, len: usize, input: usize) -> Result<Vec<u8>, Error> {
    if len > allowance(input) {
        return Err(Error::ResourceLimitExceeded(format!("{len} bytes out of {}", packed.len())));
    }
    let frame = if codec == Codec::Zstd { Some(ZstdFrame::new(packed, len, input)?) } else { None };
    let mut out = with_room(len, "a decompressed buffer")?;
    out.resize(len, 0);
    let rest = match frame {
        None => lz4_frame(packed, &mut out)?,
        Some(frame) => frame.decode(&mut out)?,
    };
    // Some writers count the padding in.
    if rest.len() < 64 && rest.iter().all(|byte| *byte == 0) { Ok(out) } else { Err(damaged("bytes follow its end")) }
}

fn damaged(what: &str) -> Error {
    Error::DeserializationFailed(format!("the compressed buffer is damaged: {what}"))
}

/// The first `N` bytes, and what follows them.
fn take<const N: usize>(bytes: &[u8]) -> Result<([u8; N], &[u8]), Error> {
    bytes.split_first_chunk::<N>().map(|(first, rest)| (*first, rest)).ok_or_else(|| damaged("it is cut off"))
}

fn take_slice(bytes: &[u8], len: usize) -> Result<(&[u8], &[u8]), Error> {
    bytes.split_at_checked(len).ok_or_else(|| damaged("it is cut off"))
}

const LZ4_MAGIC: [u8; 4] = 0x184D_2204_u32.to_le_bytes();
/// How far back a match may reach.
const LZ4_WINDOW: usize = 1 << 16;

/// What the first byte of an LZ4 frame says.
struct Lz4Flags(u8);

impl Lz4Flags {
    const fn bit(&self, bit: u32) -> bool {
        self.0 >> bit & 1 == 1
    }
}

/// Decodes one frame into `out`, which it must fill; what follows the frame comes back.
fn lz4_frame<'a>(packed: &'a [u8], out: &mut [u8]) -> Result<&'a [u8], Error> {
    let (magic, descriptor) = take::<4>(packed)?;
    if magic != LZ4_MAGIC {
        return Err(damaged("not an LZ4 frame"));
    }
    let ([flags, sizes], mut rest) = take::<2>(descriptor)?;
    let flags = Lz4Flags(flags);
    let (independent, block_checksums, has_size) = (flags.bit(5), flags.bit(4), flags.bit(3));
    let (content_checksum, reserved, dictionary) = (flags.bit(2), flags.bit(1), flags.bit(0));
    if flags.0 >> 6 != 1 || reserved || dictionary || sizes & 0b1000_1111 != 0 {
        return Err(damaged("an LZ4 frame of an unknown kind"));
    }
    let max_block = match sizes >> 4 {
        size @ 4..=7 => 1_usize << (8 + 2 * size),
        _ => return Err(damaged("an LZ4 frame of an unknown block size")),
    };
    if has_size {
        let (size, after) = take::<8>(rest)?;
        rest = after;
        if usize::try_from(u64::from_le_bytes(size)) != Ok(out.len()) {
            return Err(damaged("another length than was announced"));
        }
    }
    let described = &descriptor[..descriptor.len() - rest.len()];
    let ([check], mut rest) = take::<1>(rest)?;
    if XxHash32::oneshot(0, described).to_le_bytes()[1] != check {
        return Err(damaged("the LZ4 header's checksum differs"));
    }
    let mut done = 0;
    loop {
        let (word, after) = take::<4>(rest)?;
        let word = u32::from_le_bytes(word);
        rest = after;
        if word == 0 {
            break;
        }
        let size = usize::try_from(word & 0x7FFF_FFFF).unwrap_or(usize::MAX);
        if size > max_block {
            return Err(damaged("an LZ4 block longer than its frame admits"));
        }
        let (block, after) = take_slice(rest, size)?;
        rest = after;
        if block_checksums {
            let (sum, after) = take::<4>(rest)?;
            rest = after;
            if XxHash32::oneshot(0, block) != u32::from_le_bytes(sum) {
                return Err(damaged("an LZ4 block's checksum differs"));
            }
        }
        let (before, room) = out.split_at_mut(done);
        let most = max_block.min(room.len());
        let room = &mut room[..most];
        let written = if word >> 31 == 1 {
            let room = room.get_mut(..size).ok_or_else(|| damaged("it is longer than was announced"))?;
            room.copy_from_slice(block);
            size
        } else {
            let seen = if independent { 0 } else { before.len().saturating_sub(LZ4_WINDOW) };
            let dictionary = if independent { &[][..] } else { &before[seen..] };
            lz4_flex::block::decompress_into_with_dict(block, room, dictionary)
                .map_err(|error| damaged(&format!("LZ4: {error}")))?
        };
        done += written;
    }
    if done != out.len() {
        return Err(damaged("it is shorter than was announced"));
    }
    if content_checksum {
        let (sum, after) = take::<4>(rest)?;
        rest = after;
        if XxHash32::oneshot(0, out) != u32::from_le_bytes(sum) {
            return Err(damaged("the LZ4 checksum differs"));
        }
    }
    Ok(rest)
}

const ZSTD_MAGIC: [u8; 4] = 0xFD2F_B528_u32.to_le_bytes();
/// What a block may hold, by the format.
const ZSTD_BLOCK: usize = 1 << 17;
/// A sequence copies three bytes at least.
const ZSTD_SEQUENCES: usize = ZSTD_BLOCK / 3;

/// A frame whose blocks have been walked: what a decoder allocates for them is inside the limit.
struct ZstdFrame<'a> {
    /// As the decoder gets to see it.
    header: Vec<u8>,
    blocks: &'a [u8],
}

impl<'a> ZstdFrame<'a> {
    fn new(packed: &'a [u8], len: usize, input: usize) -> Result<Self, Error> {
        let (magic, rest) = take::<4>(packed)?;
        if magic != ZSTD_MAGIC {
            return Err(damaged("not a ZSTD frame"));
        }
        let ([descriptor], mut rest) = take::<1>(rest)?;
        let single_segment = descriptor >> 5 & 1 == 1;
        if descriptor & 0b1011 != 0 {
            return Err(damaged("a ZSTD frame with a dictionary, or of an unknown kind"));
        }
        let mut window = len;
        if !single_segment {
            let ([log], after) = take::<1>(rest)?;
            rest = after;
            let base = 1_u64 << (10 + (log >> 3));
            window = usize::try_from(base + base / 8 * u64::from(log & 7)).unwrap_or(usize::MAX);
        }
        let (size, blocks) = match (descriptor >> 6, single_segment) {
            (0, false) => (None, rest),
            (0, true) => take::<1>(rest).map(|([size], rest)| (Some(u64::from(size)), rest))?,
            (1, _) => take(rest).map(|(size, rest)| (Some(u64::from(u16::from_le_bytes(size)) + 256), rest))?,
            (2, _) => take(rest).map(|(size, rest)| (Some(u64::from(u32::from_le_bytes(size))), rest))?,
            (_, _) => take(rest).map(|(size, rest)| (Some(u64::from_le_bytes(size)), rest))?,
        };
        if size.is_some_and(|size| usize::try_from(size) != Ok(len)) {
            return Err(damaged("another length than was announced"));
        }
        // The decoder's ring holds a window and a block or two, rounded up to a power of two.
        let held = window.min(len);
        if held.saturating_add(2 * ZSTD_BLOCK).saturating_mul(2) > allowance(input) {
            return Err(Error::ResourceLimitExceeded(format!("a ZSTD window of {held} bytes for a file of {input}")));
        }
        check_zstd_blocks(blocks)?;
        let header = if window < len {
            packed[..packed.len() - blocks.len()].to_vec()
        } else {
            // A frame may announce a window of terabytes: the decoder is told one of what is to come.
            let checksum = descriptor & 0b100;
            [&ZSTD_MAGIC[..], &[0b1110_0000 | checksum], &(len as u64).to_le_bytes()].concat()
        };
        Ok(Self { header, blocks })
    }

    /// Decodes the blocks into `out`, which they must fill; what follows the frame comes back.
    fn decode(self, out: &mut [u8]) -> Result<&'a [u8], Error> {
        let zstd = |error: &dyn std::fmt::Display| damaged(&format!("ZSTD: {error}"));
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(u64::MAX);
        decoder.init(&self.header[..]).map_err(|error| zstd(&error))?;
        let (mut source, mut done, mut finished) = (self.blocks, 0, false);
        while !finished {
            let one = BlockDecodingStrategy::UptoBlocks(1);
            finished = decoder.decode_blocks(&mut source, one).map_err(|error| zstd(&error))?;
            while decoder.can_collect() > 0 {
                let read = decoder.read(&mut out[done..]).map_err(|error| zstd(&error))?;
                if read == 0 {
                    return Err(damaged("it is longer than was announced"));
                }
                done += read;
            }
        }
        if done != out.len() {
            return Err(damaged("it is shorter than was announced"));
        }
        if decoder.get_checksum_from_data().is_some_and(|sum| Some(sum) != decoder.get_calculated_checksum()) {
            return Err(damaged("the ZSTD checksum differs"));
        }
        Ok(source)
    }
}

fn check_zstd_blocks(mut rest: &[u8]) -> Result<(), Error> {
    loop {
        let ([low, middle, high], after) = take::<3>(rest)?;
        let word = u32::from_le_bytes([low, middle, high, 0]);
        let (last, kind, size) = (word & 1 == 1, word >> 1 & 3, usize::try_from(word >> 3).unwrap_or(usize::MAX));
        if kind == 3 || size > ZSTD_BLOCK {
            return Err(damaged("a ZSTD block of an unknown kind or size"));
        }
        let (block, after) = take_slice(after, if kind == 1 { 1 } else { size })?;
        rest = after;
        if kind == 2 {
            check_zstd_block(block)?;
        }
        if last {
            return Ok(());
        }
    }
}

/// The two counts in a compressed block that its decoder allocates by.
fn check_zstd_block(block: &[u8]) -> Result<(), Error> {
    let wide = |at: usize| u64::from(block.get(at).copied().unwrap_or_default());
    let (first, form) = (wide(0), wide(0) >> 2 & 3);
    let word = (0..5).fold(0, |word, at| word | wide(at) << (8 * at));
    // (bytes of the header, literals, bytes they are packed in); RFC 8878, 3.1.1.3.1.1.
    let (header, literals, packed) = match (first & 3, form) {
        (kind @ (0 | 1), form) => {
            let (header, literals) = match form {
                0 | 2 => (1, word >> 3 & 0x1F),
                1 => (2, word >> 4 & 0xFFF),
                _ => (3, word >> 4 & 0xF_FFFF),
            };
            (header, literals, if kind == 0 { literals } else { 1 })
        }
        (_, 0 | 1) => (3, word >> 4 & 0x3FF, word >> 14 & 0x3FF),
        (_, 2) => (4, word >> 4 & 0x3FFF, word >> 18 & 0x3FFF),
        (_, _) => (5, word >> 4 & 0x3_FFFF, word >> 22 & 0x3_FFFF),
    };
    let at = header + usize::try_from(packed).unwrap_or(usize::MAX);
    let sequences = match block.get(at).map(|first| usize::from(*first)) {
        None => return Err(damaged("a ZSTD block without its sequences")),
        Some(count @ 0..=127) => count,
        Some(first @ 128..=254) => ((first - 128) << 8) + usize::try_from(wide(at + 1)).unwrap_or_default(),
        Some(_) => 0x7F00 + usize::try_from(wide(at + 1) + (wide(at + 2) << 8)).unwrap_or_default(),
    };
    if literals > ZSTD_BLOCK as u64 || sequences > ZSTD_SEQUENCES {
        return Err(damaged("a ZSTD block of more than 128 KiB"));
    }
    Ok(())
}
