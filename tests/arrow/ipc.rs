//! Series to Arrow IPC and back: bits, identity, what is shared, and what becomes of the file.

use std::path::{Path, PathBuf};

use omega_slicer::io::{ArrowOptions, parse_ipc, read_ipc, to_ipc, write_ipc};
use omega_slicer::{
    CandleSeries, Check, Columns, ErrorCode, FileState, PriceType, RowRange, SeriesOptions, SymbolDataSlicer, Timeframe,
};

use crate::allocator::{held_by, largest_of};
use crate::common::series;
use crate::vectors::assert_same;

const MINUTE: i64 = 60_000_000;

/// A folder of its own for one test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("omega-slicer-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn long(rows: usize, volume: bool) -> CandleSeries {
    let column = |offset: f64| (0..rows).map(|row| 1.0 + offset + row as f64).collect::<Vec<f64>>().into();
    let columns = Columns {
        timestamp: (0..rows).map(|row| i64::try_from(row).unwrap() * MINUTE).collect::<Vec<_>>().into(),
        open: column(0.5),
        high: column(0.75),
        low: column(0.25),
        close: column(0.625),
        volume: volume.then(|| column(0.0)),
    };
    CandleSeries::new(columns, SeriesOptions::new("LONG", Timeframe::M1, PriceType::Ask)).unwrap()
}

/// Prices whose bits a careless conversion loses, volumes with holes.
fn edges() -> CandleSeries {
    let prices = [f64::MIN_POSITIVE, f64::from_bits(1), -0.0, 0.1 + 0.2, f64::MAX, f64::MIN, 1.0 / 3.0, 5e-324, 1.0];
    let volume = [f64::NAN, 0.0, -0.0, 1e300, f64::NAN, f64::NAN, 2.5, 3.0, f64::NAN];
    let column = |by: usize| {
        let mut values = prices;
        values.rotate_left(by);
        values.to_vec().into()
    };
    let columns = Columns {
        timestamp: vec![i64::MIN, -1, 0, 1, MINUTE, 2 * MINUTE, 1 << 53, (1 << 53) + 1, i64::MAX].into(),
        open: column(0),
        high: column(1),
        low: column(2),
        close: column(3),
        volume: Some(volume.to_vec().into()),
    };
    CandleSeries::new(columns, SeriesOptions::new("EDGE \u{20ac}", "90min".parse().unwrap(), PriceType::Ask)).unwrap()
}

fn strict() -> ArrowOptions {
    ArrowOptions { strict: true, ..ArrowOptions::default() }
}

/// The series by every way out and in.
fn by_every_way(folder: &Folder, written: &CandleSeries) -> Vec<(&'static str, CandleSeries)> {
    let path = folder.0.join("series.arrow");
    written.write_ipc(&path).unwrap();
    let bytes = written.to_ipc().unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "a file holds the bytes");
    vec![
        ("bytes", parse_ipc(&bytes, &strict()).unwrap()),
        ("copied", read_ipc(&path, &strict(), false).unwrap()),
        ("mapped", read_ipc(&path, &strict(), true).unwrap()),
    ]
}

#[test]
fn a_series_keeps_its_bits_and_identity_through_a_file() {
    let folder = Folder::new("round-trip");
    let empty = |volume| long(0, volume);
    for written in [edges(), long(1000, true), long(1000, false), long(1, false), empty(false), empty(true)] {
        for (how, read) in by_every_way(&folder, &written) {
            if written.is_empty() {
                // Of no rows nothing says whether the volume is missing.
                assert_eq!((read.len(), read.symbol()), (0, written.symbol()), "{how}");
            } else {
                assert_same(how, &read, &written);
            }
        }
    }
}

#[test]
fn missing_prices_come_back_where_they_are_allowed() {
    let missing = series("missing");
    let bytes = missing.to_ipc().unwrap();
    let options = ArrowOptions { allow_missing: true, ..strict() };
    assert_same("missing", &parse_ipc(&bytes, &options).unwrap(), &missing);
    assert_eq!(parse_ipc(&bytes, &strict()).unwrap_err().code(), ErrorCode::ConstraintViolation);
}

#[test]
fn any_rows_of_a_series_are_a_file_of_their_own() {
    let whole = edges();
    for start in 0..=whole.len() {
        for len in 0..=whole.len() - start {
            let rows = RowRange { start, len };
            let read = parse_ipc(&to_ipc(&whole, rows).unwrap(), &strict()).unwrap();
            assert_eq!(read.timestamp(), &whole.timestamp()[rows.rows()]);
            let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(read.low()), bits(&whole.low()[rows.rows()]));
            let holes = |values: &[f64]| values.iter().map(|value| value.is_nan()).collect::<Vec<_>>();
            let expected = holes(&whole.volume().unwrap()[rows.rows()]);
            match read.volume() {
                Some(volume) => assert_eq!(holes(volume), expected),
                None => assert!(expected.iter().all(|hole| *hole)),
            }
        }
    }
    for rows in [(0, 10), (9, 1), (10, 0), (usize::MAX, 1), (1, usize::MAX)] {
        let rows = RowRange { start: rows.0, len: rows.1 };
        assert_eq!(to_ipc(&whole, rows).unwrap_err().code(), ErrorCode::OutOfBounds, "{rows:?}");
    }
}

#[test]
fn arguments_win_over_the_identity_in_the_file() {
    let bytes = long(3, true).to_ipc().unwrap();
    let slicer = SymbolDataSlicer::from_ipc(&bytes, "OTHER", Timeframe::H1, PriceType::Bid).unwrap();
    let read = slicer.series();
    assert_eq!((read.symbol(), read.timeframe(), read.price_type()), ("OTHER", Timeframe::H1, PriceType::Bid));
    assert_eq!(read.close(), long(3, true).close());
}

const ROWS: usize = 50_000;

#[test]
fn a_mapped_file_is_used_where_it_lies() {
    let folder = Folder::new("zero-copy");
    let path = folder.0.join("long.arrow");
    let written = long(ROWS, true);
    written.write_ipc(&path).unwrap();
    for check in [Check::Full, Check::Order, Check::None] {
        let options = ArrowOptions { check: Some(check), ..strict() };
        let (mapped, largest) = largest_of(|| read_ipc(&path, &options, true).unwrap());
        assert!(largest < 16 * 1024, "{largest} bytes at once: no column is copied");
        assert_same("mapped", &mapped, &written);
        let columns = mapped.columns();
        let at = |values: &[f64]| values.as_ptr() as usize;
        let places = [columns.timestamp.as_ptr() as usize, at(&columns.open), at(&columns.high), at(&columns.low)];
        assert!(places.windows(2).all(|pair| pair[1] - pair[0] == 8 * ROWS), "side by side as in the file: {places:?}");
    }
}

#[test]
fn a_volume_with_nulls_alone_is_copied_out_of_a_mapped_file() {
    let folder = Folder::new("nulls");
    let path = folder.0.join("nulls.arrow");
    let written = long(ROWS, true);
    let mut volume = written.volume().unwrap().to_vec();
    volume[7] = f64::NAN;
    let columns = Columns { volume: Some(volume.into()), ..written.columns().clone() };
    let written = CandleSeries::new(columns, SeriesOptions::new("N", Timeframe::M1, PriceType::Bid)).unwrap();
    written.write_ipc(&path).unwrap();
    let (mapped, held) = held_by(|| read_ipc(&path, &strict(), true).unwrap());
    assert_same("mapped", &mapped, &written);
    let column = isize::try_from(8 * ROWS).unwrap();
    assert!((column..column + 16 * 1024).contains(&held), "{held} bytes held, {column} in a column");
}

#[test]
fn a_file_that_is_read_is_held_once() {
    let folder = Folder::new("held");
    let path = folder.0.join("long.arrow");
    long(ROWS, true).write_ipc(&path).unwrap();
    let size = isize::try_from(std::fs::metadata(&path).unwrap().len()).unwrap();
    let (read, held) = held_by(|| read_ipc(&path, &strict(), false).unwrap());
    assert!(held < size + 16 * 1024, "{held} bytes held of a file of {size}");
    assert_eq!(read.len(), ROWS);
}

#[test]
fn a_mapped_file_tells_what_has_become_of_it_and_the_series_stays() {
    let folder = Folder::new("refresh");
    let path = folder.0.join("series.arrow");
    let written = long(ROWS, false);
    written.write_ipc(&path).unwrap();
    let mapped = read_ipc(&path, &strict(), true).unwrap();
    let shared = mapped.clone();
    assert_eq!(mapped.refresh(), FileState::Unchanged);
    assert_eq!(read_ipc(&path, &strict(), false).unwrap().refresh(), FileState::NotMapped);
    assert_eq!(written.refresh(), FileState::NotMapped);

    // A rename puts another file there, of the very same size; the one that is mapped lives on.
    long(ROWS, true).write_ipc(&path).unwrap();
    assert_eq!((mapped.refresh(), shared.refresh()), (FileState::Changed, FileState::Changed));
    assert_same("after the rename", &mapped, &written);

    let again = read_ipc(&path, &strict(), true).unwrap();
    let file = std::fs::File::options().append(true).open(&path).unwrap();
    assert_eq!(again.refresh(), FileState::Unchanged, "opening changes nothing");
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(again.refresh(), FileState::Changed, "the same size at another time");
    let longer = read_ipc(&path, &strict(), true).unwrap();
    std::io::Write::write_all(&mut &file, b"more").unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(longer.refresh(), FileState::Changed, "another size at the same time");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(longer.refresh(), FileState::Gone);
    assert_same("after the removal", &mapped, &written);
}

#[test]
fn a_file_that_cannot_be_written_leaves_the_old_one_and_nothing_else() {
    let folder = Folder::new("write");
    let series = long(10, true);
    let lost = series.write_ipc(folder.0.join("no/such/folder/x.arrow")).unwrap_err();
    assert_eq!(lost.code(), ErrorCode::FileNotFound);
    assert!(lost.to_string().contains("no/such/folder/x.arrow"), "{lost}");
    // A rename cannot put a file where a folder is: the last step fails.
    let taken = folder.0.join("taken");
    std::fs::create_dir(&taken).unwrap();
    std::fs::write(taken.join("inside"), b"whole").unwrap();
    assert_eq!(series.write_ipc(&taken).unwrap_err().code(), ErrorCode::IoError);
    assert_eq!(folder.names(), ["taken"], "no temporary file stays");
    assert_eq!(std::fs::read(taken.join("inside")).unwrap(), b"whole");
    assert_eq!(series.write_ipc(Path::new("/")).unwrap_err().code(), ErrorCode::IoError);
    // Written twice, one file.
    let path = folder.0.join("series.arrow");
    write_ipc(&path, &series, RowRange { start: 0, len: 4 }).unwrap();
    write_ipc(&path, &series, RowRange { start: 4, len: 6 }).unwrap();
    assert_eq!(folder.names(), ["series.arrow", "taken"]);
    assert_eq!(read_ipc(&path, &strict(), false).unwrap().timestamp(), &series.timestamp()[4..]);
}

#[test]
fn a_path_that_cannot_be_read_is_named_in_both_ways() {
    for mmap in [false, true] {
        let read = |path: &str| read_ipc(path, &strict(), mmap).unwrap_err();
        let missing = read("no/such/file.arrow");
        assert_eq!(missing.code(), ErrorCode::FileNotFound);
        assert!(missing.to_string().contains("no/such/file.arrow"));
        let directory = read(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(directory.code(), ErrorCode::IoError, "{directory}");
    }
}

/// Files under `folder` that contain `text`.
fn files_with(folder: &Path, text: &str, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_with(&path, text, found);
        } else if std::fs::read_to_string(&path).is_ok_and(|source| source.contains(text)) {
            found.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
}

#[test]
fn arrow2_writes_and_memmap2_maps_in_one_file_each() {
    for (text, file) in [("arrow2::", "arrow_ipc_write.rs"), ("memmap2::", "arrow_mapped_file.rs")] {
        let mut found = Vec::new();
        files_with(&Path::new(env!("CARGO_MANIFEST_DIR")).join("rust"), text, &mut found);
        assert_eq!(found, [file], "{text}");
    }
}
