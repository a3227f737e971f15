//! Frames made by hand: what LZ4 and ZSTD allow that small files of real producers do not show, and what is refused.

use twox_hash::XxHash32;

use super::arrow_batch_walk::Codec;
use super::arrow_decompress::decompress;
use crate::error::{Error, ErrorCode};

/// An LZ4 frame: `flags` as in the format, each block as it is stored.
fn lz4(flags: u8, size: Option<u64>, blocks: &[(bool, &[u8])], content: Option<&[u8]>) -> Vec<u8> {
    let mut frame = 0x184D_2204_u32.to_le_bytes().to_vec();
    let mut descriptor = vec![0x40 | flags, 0x70];
    descriptor.extend(size.into_iter().flat_map(u64::to_le_bytes));
    let check = XxHash32::oneshot(0, &descriptor).to_le_bytes()[1];
    frame.extend(descriptor);
    frame.push(check);
    for (plain, block) in blocks {
        let len = u32::try_from(block.len()).unwrap();
        frame.extend((len | u32::from(*plain) << 31).to_le_bytes());
        frame.extend_from_slice(block);
        if flags & BLOCK_SUMS != 0 {
            frame.extend(XxHash32::oneshot(0, block).to_le_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(content.into_iter().flat_map(|content| XxHash32::oneshot(0, content).to_le_bytes()));
    frame
}

const INDEPENDENT: u8 = 1 << 5;
const BLOCK_SUMS: u8 = 1 << 4;
const SIZE: u8 = 1 << 3;
const CONTENT_SUM: u8 = 1 << 2;

/// 12 literals.
const FIRST: &[u8] = b"\xC0abcdefghijkl";
/// No literals, 8 bytes from 12 before: out of the block before; then 5 literals.
const SECOND: &[u8] = b"\x04\x0C\x00\x50vwxyz";
const BOTH: &[u8] = b"abcdefghijklabcdefghvwxyz";

fn damage(packed: &[u8], codec: Codec, len: usize) -> String {
    match decompress(packed, codec, len, 1 << 20) {
        Err(Error::DeserializationFailed(what)) => what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn linked_lz4_blocks_reach_into_those_before_and_independent_ones_do_not() {
    let blocks = [(false, FIRST), (false, SECOND)];
    assert_eq!(decompress(&lz4(0, None, &blocks, None), Codec::Lz4Frame, 25, 100).unwrap(), BOTH);
    let apart = damage(&lz4(INDEPENDENT, None, &blocks, None), Codec::Lz4Frame, 25);
    assert!(apart.contains("LZ4"), "{apart}");
    let stored = [(true, &b"abcdefghijkl"[..]), (false, SECOND)];
    assert_eq!(decompress(&lz4(0, None, &stored, None), Codec::Lz4Frame, 25, 100).unwrap(), BOTH);
}

#[test]
fn what_an_lz4_frame_says_of_itself_is_held_against_what_it_holds() {
    let blocks = [(false, FIRST), (false, SECOND)];
    let all = SIZE | CONTENT_SUM | BLOCK_SUMS;
    let whole = lz4(all, Some(25), &blocks, Some(BOTH));
    assert_eq!(decompress(&whole, Codec::Lz4Frame, 25, 100).unwrap(), BOTH);
    for bit in 0..8 * whole.len() {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(decompress(&flipped, Codec::Lz4Frame, 25, 100).is_err(), "bit {bit}: a sum covers every byte");
    }
    for len in 0..whole.len() {
        assert!(decompress(&whole[..len], Codec::Lz4Frame, 25, 100).is_err(), "cut to {len}");
    }
    let other_size = lz4(SIZE, Some(24), &blocks, None);
    assert!(damage(&other_size, Codec::Lz4Frame, 25).contains("another length"));
    let other_content = lz4(CONTENT_SUM, None, &blocks, Some(b"another"));
    assert!(damage(&other_content, Codec::Lz4Frame, 25).contains("checksum"));
}

#[test]
fn a_frame_fills_exactly_what_was_announced() {
    let blocks = [(false, FIRST), (false, SECOND)];
    let frame = lz4(0, None, &blocks, None);
    assert!(damage(&frame, Codec::Lz4Frame, 26).contains("shorter"));
    assert!(decompress(&frame, Codec::Lz4Frame, 24, 100).is_err());
    let stored = lz4(0, None, &[(true, &b"abcdefghijkl"[..])], None);
    assert!(damage(&stored, Codec::Lz4Frame, 11).contains("longer"));
    let raw = zstd(false, 0, &[(0, b"abc"), (0, b"de")]);
    assert_eq!(decompress(&raw, Codec::Zstd, 5, 100).unwrap(), b"abcde");
    assert!(damage(&raw, Codec::Zstd, 6).contains("shorter"));
    assert!(damage(&raw, Codec::Zstd, 4).contains("longer"));
    let padded = [&frame[..], &[0; 39]].concat();
    assert_eq!(decompress(&padded, Codec::Lz4Frame, 25, 100).unwrap(), BOTH, "padding may be counted in");
    let twice = [&frame[..], &frame].concat();
    assert!(damage(&twice, Codec::Lz4Frame, 25).contains("follow"));
    assert!(damage(&[&raw[..], b"x"].concat(), Codec::Zstd, 5).contains("follow"));
}

/// A ZSTD frame of raw (0), repeated (1) or compressed (2) blocks, with a window, or one segment of `window` bytes.
fn zstd(single: bool, window: u8, blocks: &[(u32, &[u8])]) -> Vec<u8> {
    let mut frame = 0xFD2F_B528_u32.to_le_bytes().to_vec();
    frame.extend([u8::from(single) << 5, window]);
    for (i, (kind, block)) in blocks.iter().enumerate() {
        // A repeated block says how often, in two bytes after the byte it repeats.
        let (size, content) = match (kind, *block) {
            (1, &[byte, low, high]) => (u32::from(u16::from_le_bytes([low, high])), vec![byte]),
            (_, block) => (u32::try_from(block.len()).unwrap(), block.to_vec()),
        };
        let last = u32::from(i + 1 == blocks.len());
        frame.extend_from_slice(&(last | kind << 1 | size << 3).to_le_bytes()[..3]);
        frame.extend(content);
    }
    frame
}

#[test]
fn a_zstd_window_of_terabytes_costs_no_more_than_what_is_announced() {
    for window in [0, 0x50, 0xFF] {
        let frame = zstd(false, window, &[(1, &[b'x', 100, 0])]);
        assert_eq!(decompress(&frame, Codec::Zstd, 100, 100).unwrap(), [b'x'; 100], "{window}");
    }
    // Far more blocks than were announced end the reading at once.
    let many = vec![(1, &[b'x', 0x84, 0x03][..]); 10_000];
    assert!(damage(&zstd(false, 0xFF, &many), Codec::Zstd, 1000).contains("longer"));
    assert!(damage(&zstd(true, 100, &[(0, b"abc")]), Codec::Zstd, 3).contains("another length"));
}

#[test]
fn what_a_zstd_block_would_make_its_decoder_allocate_is_refused() {
    // Repeated literals, a million of them; then 98302 sequences.
    let literals = [0b0000_1101 | 0xF0, 0xFF, 0xFF, b'x', 0];
    let literals = zstd(false, 0, &[(2, &literals)]);
    let sequences = zstd(false, 0, &[(2, &[0, 0xFF, 0xFF, 0xFF, 0x54])]);
    for (what, frame) in [("literals", literals), ("sequences", sequences)] {
        assert!(damage(&frame, Codec::Zstd, 1000).contains("more than 128 KiB"), "{what}");
    }
    let reserved = zstd(false, 0, &[(3, b"abc")]);
    assert!(damage(&reserved, Codec::Zstd, 3).contains("unknown kind"));
}

#[test]
fn a_length_that_no_honest_file_has_is_refused_before_it_is_allocated() {
    let frame = lz4(0, None, &[(false, FIRST)], None);
    let refused = decompress(&frame, Codec::Lz4Frame, 1 << 40, 1000).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::ResourceLimitExceeded);
    let window = decompress(&zstd(false, 0xFF, &[(0, b"abc")]), Codec::Zstd, 1 << 20, 1000).unwrap_err();
    assert_eq!(window.code(), ErrorCode::ResourceLimitExceeded, "twice the window would be beyond the limit");
}
