//! Damaged and hostile bytes: whatever they are, an error or a series that keeps every promise, from inside the
//! input, without a panic and without an allocation that the input is not worth.

use arrow_format::ipc;
use arrow_format::ipc::planus::Builder;
use std::panic::{AssertUnwindSafe, catch_unwind};

use omega_slicer::io::{ArrowOptions, parse_ipc, read_ipc};
use omega_slicer::{CandleSeries, Check, Error, Field, PriceType, Timeframe};

use crate::allocator::largest_of;
use crate::common::folder;

/// Small files of every form: plain, LZ4, ZSTD; file and stream; then several batches, nested and dictionary columns.
const SEEDS: [&str; 14] = [
    "plain.arrow",
    "plain_lz4.arrow",
    "plain_zstd.arrow",
    "plain_stream.arrows",
    "plain_stream_lz4.arrows",
    "plain_stream_zstd.arrows",
    "plain_batches.arrow",
    "plain_batches_zstd.arrow",
    "plain_stream_v4.arrows",
    "polars_lz4.arrow",
    "polars_extras.arrow",
    "extras_between.arrow",
    "volume_null.arrow",
    "valid_batches.arrow",
];

/// Those that a build without optimisation has the time for: one of each form.
const FORMS: &[&str] = if cfg!(debug_assertions) { SEEDS.split_at(6).0 } else { &SEEDS };

fn seed(name: &str) -> Vec<u8> {
    std::fs::read(folder().join("arrow").join(name)).unwrap()
}

fn options(check: Check) -> ArrowOptions {
    ArrowOptions {
        symbol: Some("X".to_owned()),
        timeframe: Some(Timeframe::M1),
        price_type: Some(PriceType::Bid),
        check: Some(check),
        ..ArrowOptions::default()
    }
}

/// What every series keeps; reads every value, so that memory that is not there shows.
#[track_caller]
fn assert_keeps_its_promises(what: &str, series: &CandleSeries, check: Check) {
    let columns = series.columns();
    let ordered = series.timestamp().is_sorted_by(|a, b| a < b);
    assert!(ordered || check == Check::None, "{what}: not increasing");
    for field in Field::ALL {
        let Some(values) = columns.field(field) else { continue };
        assert_eq!(values.len(), series.len(), "{what}: {}", field.name());
        let fine = |value: &f64| value.is_finite() || field == Field::Volume && value.is_nan();
        let all = values.iter().filter(|value| fine(value)).count() == values.len();
        assert!(all || check != Check::Full, "{what}: {} is not finite", field.name());
    }
}

/// Judges one reading.
fn judge(what: &str, input: usize, check: Check, read: impl FnOnce() -> Result<CandleSeries, Error>) -> bool {
    let (result, largest) = largest_of(|| catch_unwind(AssertUnwindSafe(read)));
    let result = result.unwrap_or_else(|_| panic!("{what}: a panic"));
    assert!(largest <= 16 * input + (1 << 20), "{what}: {largest} bytes at once out of {input}");
    match result {
        Ok(series) => {
            assert_keeps_its_promises(what, &series, check);
            true
        }
        // An error says something, and is the input's fault.
        Err(error) => {
            let code = error.code().as_i32();
            assert!(matches!(code, 1004..=1006 | 1009 | 1010 | 3004 | 6004), "{what}: {code} {error}");
            assert!(!error.to_string().is_empty(), "{what}");
            false
        }
    }
}

#[test]
fn a_file_cut_off_at_any_byte_is_refused_and_a_stream_gives_whole_batches_or_an_error() {
    for name in SEEDS {
        let whole = seed(name);
        let rows = parse_ipc(&whole, &options(Check::Full)).unwrap().len();
        let mut read = Vec::new();
        for len in 0..whole.len() {
            let cut = &whole[..len];
            let what = format!("{name} cut to {len}");
            if judge(&what, len, Check::Full, || parse_ipc(cut, &options(Check::Full))) {
                read.push((len, parse_ipc(cut, &options(Check::Full)).unwrap().len()));
            }
        }
        if name.ends_with("arrow") {
            assert!(read.is_empty(), "{name}: a file is whole or refused: {read:?}");
        } else {
            // A stream may end without saying so; what it gives are its first batches.
            assert!(read.iter().all(|(_, found)| *found <= rows), "{name}: {read:?}");
        }
    }
}

#[test]
fn a_flip_of_any_bit_gives_an_error_or_a_series_that_keeps_its_promises() {
    for name in FORMS {
        let mut bytes = seed(name);
        for bit in 0..8 * bytes.len() {
            bytes[bit / 8] ^= 1 << (bit % 8);
            let what = format!("{name} with bit {bit} flipped");
            judge(&what, bytes.len(), Check::Full, || parse_ipc(&bytes, &options(Check::Full)));
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn a_damaged_file_that_is_mapped_is_read_from_inside_alone() {
    let path = std::env::temp_dir().join(format!("omega-slicer-hostile-{}.arrow", std::process::id()));
    for name in ["plain.arrow", "plain_stream.arrows", "volume_null.arrow"] {
        let whole = seed(name);
        let mut damaged: Vec<Vec<u8>> = (1..whole.len()).map(|len| whole[..len].to_vec()).collect();
        damaged.extend((0..8 * whole.len()).step_by(7).map(|bit| {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            bytes
        }));
        for (number, bytes) in damaged.iter().enumerate() {
            std::fs::write(&path, bytes).unwrap();
            for check in [Check::Full, Check::None] {
                let what = format!("{name}, damage {number}, mapped");
                judge(&what, bytes.len(), check, || read_ipc(&path, &options(check), true));
            }
        }
    }
    std::fs::remove_file(path).unwrap();
}

/// Every way to overwrite four or eight bytes with a number that is a length or an offset of something absurd.
#[test]
fn absurd_lengths_and_offsets_anywhere_are_refused_or_harmless() {
    let absurd: [u64; 8] =
        [0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 1 << 40, i64::MAX.cast_unsigned(), i64::MIN.cast_unsigned()];
    for name in FORMS {
        let whole = seed(name);
        for at in (0..whole.len() - 8).step_by(4) {
            for number in absurd {
                for width in [4, 8] {
                    let mut bytes = whole.clone();
                    bytes[at..at + width].copy_from_slice(&number.to_le_bytes()[..width]);
                    let what = format!("{name} with {number} in {width} bytes at {at}");
                    judge(&what, bytes.len(), Check::None, || parse_ipc(&bytes, &options(Check::None)));
                }
            }
        }
    }
}

/// A stream of one message.
fn stream_of(header: &[u8]) -> Vec<u8> {
    let len = u32::try_from(header.len()).unwrap();
    [&[0xFF; 4][..], &len.to_le_bytes(), header].concat()
}

/// A field whose children are one and the same, `depth` times; with two of them few bytes are 2^depth fields.
fn nested(depth: usize, children: usize) -> Vec<u8> {
    let mut builder = Builder::new();
    let leaf = ipc::Type::Int(Box::new(ipc::Int { bit_width: 64, is_signed: true }));
    let structure = ipc::Type::Struct(Box::new(ipc::Struct {}));
    let nothing = None::<&[ipc::Field]>;
    let mut field = ipc::Field::create(&mut builder, "x", false, &leaf, None::<()>, nothing, None::<()>);
    for _ in 0..depth {
        field = ipc::Field::create(
            &mut builder,
            "x",
            false,
            &structure,
            None::<()>,
            &vec![field; children][..],
            None::<()>,
        );
    }
    message(builder, &[field])
}

fn message(mut builder: Builder, fields: &[ipc::planus::Offset<ipc::Field>]) -> Vec<u8> {
    let schema = ipc::Schema::create(&mut builder, ipc::Endianness::Little, fields, None::<()>, None::<()>);
    let header = ipc::MessageHeader::create_schema(&mut builder, schema);
    let message = ipc::Message::create(&mut builder, ipc::MetadataVersion::V5, header, 0_i64, None::<()>);
    stream_of(builder.finish(message, None))
}

fn refused_for_its_cost(what: &str, bytes: &[u8]) {
    let mut code = 0;
    judge(what, bytes.len(), Check::Full, || {
        parse_ipc(bytes, &options(Check::Full)).inspect_err(|error| code = error.code().as_i32())
    });
    assert_eq!(code, 6004, "{what}");
}

#[test]
fn tables_that_point_to_each_other_over_and_over_are_refused_before_they_are_followed() {
    refused_for_its_cost("2^60 fields", &nested(60, 2));
    refused_for_its_cost("a field 70 deep", &nested(70, 1));
    let mut builder = Builder::new();
    let leaf = ipc::Type::Bool(Box::new(ipc::Bool {}));
    let name = "x".repeat(100_000);
    let nothing = None::<&[ipc::Field]>;
    let field = ipc::Field::create(&mut builder, &name, false, &leaf, None::<()>, nothing, None::<()>);
    refused_for_its_cost("one long name 30000 times", &message(builder, &vec![field; 30_000]));
}
