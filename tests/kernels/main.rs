//! The laws of `kernels`: the shared cases, an exact oracle of big integers, and what must never change a bit.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    clippy::many_single_char_names,
    clippy::wildcard_imports,
    reason = "tests make doubles of integers and back, and speak of x, y, m, n and d"
)]

mod anywhere;
mod cases;
mod chains;
mod extremes;
mod grids;
mod hostile;
mod hostile_series;
mod laws;
mod limbs;
mod logarithm;
mod long_windows;
mod oracle;
mod placed;
mod series;
mod streams;

/// The same bits, any NaN being like any other.
fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

/// Asserts that two series are the same, bit for bit.
#[track_caller]
fn assert_same(what: &str, got: &[f64], expected: &[f64]) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (i, (&got, &expected)) in got.iter().zip(expected).enumerate() {
        assert!(
            same(got, expected),
            "{what}: row {i} is {got:e} ({:016x}), not {expected:e} ({:016x})",
            got.to_bits(),
            expected.to_bits()
        );
    }
}
