//! Reads the language-neutral cases of `tests/vectors`; their format is in `tests/vectors/README.md`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use omega_slicer::{CandleSeries, Check, Columns, Error, PriceType, SeriesOptions};

pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

/// The rows of a table as maps from column name to cell.
pub(crate) fn table(name: &str) -> Vec<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(folder().join(name)).unwrap();
    let mut lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let header: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let rows: Vec<_> = lines
        .map(|line| header.iter().map(ToString::to_string).zip(line.split('\t').map(str::to_owned)).collect())
        .collect();
    assert!(!rows.is_empty(), "{name} holds no cases");
    rows
}

/// `key=value` pairs separated by spaces; `-` for none.
pub(crate) fn arguments(cell: &str) -> BTreeMap<&str, &str> {
    cell.split(' ').filter(|pair| *pair != "-").map(|pair| pair.split_once('=').unwrap()).collect()
}

pub(crate) fn bits(cell: &str) -> f64 {
    f64::from_bits(u64::from_str_radix(cell, 16).unwrap())
}

pub(crate) fn numbers(cell: &str) -> Vec<i64> {
    if cell == "-" { Vec::new() } else { cell.split(',').map(|number| number.parse().unwrap()).collect() }
}

/// A series of `tests/vectors/series`.
pub(crate) fn series(name: &str) -> CandleSeries {
    let path = format!("series/{name}.tsv");
    let text = std::fs::read_to_string(folder().join(&path)).unwrap();
    let about = arguments(text.lines().next().unwrap().trim_start_matches("# "));
    let mut rows = text.lines().skip(2).map(|line| line.split('\t').collect::<Vec<_>>()).collect::<Vec<_>>();
    rows.retain(|row| row.len() > 1);
    let column = |at: usize| rows.iter().map(|row| bits(row[at])).collect::<Vec<_>>().into();
    let columns = Columns {
        timestamp: rows.iter().map(|row| row[0].parse().unwrap()).collect::<Vec<i64>>().into(),
        open: column(6),
        high: column(7),
        low: column(8),
        close: column(9),
        volume: (about["volume"] == "1").then(|| column(10)),
    };
    let price_type: PriceType = about["price_type"].parse().unwrap();
    let mut options = SeriesOptions::new(about["symbol"], about["timeframe"].parse().unwrap(), price_type);
    // Some hold what only unchecked input may hold; what is refused is the matter of series.tsv.
    options.check = Check::None;
    CandleSeries::new(columns, options).unwrap()
}

/// Asserts an error cell: `code|fragment|fragment...`.
#[track_caller]
pub(crate) fn assert_error(case: &str, expected: &str, error: &Error) {
    let mut parts = expected.split('|');
    assert_eq!(error.code().as_i32().to_string(), parts.next().unwrap(), "{case}: {error}");
    for fragment in parts {
        assert!(error.to_string().contains(fragment), "{case}: {fragment:?} is not in {:?}", error.to_string());
    }
}

/// The same bits, any NaN being like any other.
pub(crate) fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}
