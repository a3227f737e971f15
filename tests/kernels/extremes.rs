//! Rolling extremes against their definition, asked row by row: every window length where the work changes its shape,
//! and values that are easily lost (NaNs, infinities, signed zeros, ties) at every place round where chunks meet.

use std::ops::Range;

use omega_slicer::kernels::*;
use proptest::prelude::*;

use crate::assert_same;
use crate::placed::{AROUND, LINE, Placed};
use crate::series::{Random, every};

const WINDOWS: [usize; 27] =
    [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 20, 31, 33, 63, 64, 65, 71, 72, 73, 80, 127, 128, 129, 200, 1000, 4096];

/// min, max, argmin and argmax of one window: the rows from the newest to the oldest, keeping the first of the best.
fn defined(x: &[f64], i: usize, window: Window) -> [f64; 4] {
    let rows = &x[(i + 1).saturating_sub(window.len)..=i];
    let values = rows.iter().filter(|v| !v.is_nan()).count();
    let any_nan = values < rows.len();
    if values < window.min_periods || any_nan && window.nan == NanPolicy::Propagate {
        return [f64::NAN; 4];
    }
    let (mut low, mut high) = ((f64::NAN, 0), (f64::NAN, 0));
    for (back, &v) in rows.iter().rev().enumerate().filter(|(_, v)| !v.is_nan()) {
        low = if low.0 <= v { low } else { (v, back) };
        high = if high.0 >= v { high } else { (v, back) };
    }
    [low.0, high.0, low.1 as f64, high.1 as f64]
}

/// Checks the rows that `wanted` names in every set of instructions, written to each of `places` of a line of the cache:
/// chunks begin where lines do, and so a row is at another place of its chunk.
fn check_at(places: Range<usize>, what: &str, x: &[f64], window: Window, wanted: &[usize]) {
    let expected: Vec<[f64; 4]> = wanted.iter().map(|&i| defined(x, i, window)).collect();
    let kernels = [rolling_min, rolling_max, rolling_argmin, rolling_argmax];
    for place in places {
        let mut room = Placed::room(x.len(), place);
        for isa in Isa::available() {
            for (at, kernel) in kernels.iter().enumerate() {
                let what = || format!("{what}, kernel {at}, {window:?}, {isa:?}, place {place}, of rows {wanted:?}");
                room.series().fill(AROUND);
                isa.run(|| kernel(x, window, room.series())).unwrap();
                room.assert_untouched_around(what);
                let got: Vec<f64> = wanted.iter().map(|&i| room.series()[i]).collect();
                let expected: Vec<f64> = expected.iter().map(|e| e[at]).collect();
                assert_same(&what(), &got, &expected);
            }
        }
    }
}

/// At a place that the question decides.
fn check(what: &str, x: &[f64], window: Window, wanted: &[usize]) {
    let place = (x.len() + window.len % LINE + window.min_periods) % LINE;
    check_at(place..place + 1, what, x, window, wanted);
}

/// The settings under which a window of `len` rows may be asked.
fn settings(len: usize) -> impl Iterator<Item = Window> {
    [NanPolicy::Propagate, NanPolicy::Skip].into_iter().flat_map(move |nan| {
        [1, len.div_ceil(2), len].into_iter().map(move |least| Window::new(len).min_periods(least).nan(nan))
    })
}

#[test]
fn extremes_of_every_kind_of_series_and_window_are_those_of_their_rows() {
    let n = 300;
    for (name, x) in every(n) {
        for len in WINDOWS.into_iter().filter(|&len| len <= 200).chain([n - 1, n, n + 1, usize::MAX / 2]) {
            for window in settings(len) {
                check(name, &x, window, &(0..n).collect::<Vec<_>>());
            }
        }
    }
}

#[test]
fn extremes_are_the_same_wherever_in_memory_they_are_written() {
    let mut random = Random::new(17);
    let x: Vec<f64> = (0..900).map(|_| random.unit() - 0.5).collect();
    for n in [1, 7, 63, 64, 65, 200, 300, 900] {
        for len in [3, 20, 72, 136, 300] {
            for window in settings(len) {
                check_at(0..LINE, "noise", &x[..n], window, &(0..n).collect::<Vec<_>>());
            }
        }
    }
}

#[test]
fn long_windows_see_all_their_rows_and_no_other() {
    let n = 11_000;
    let mut random = Random::new(7);
    let drift: Vec<f64> = (0..n).map(|i| -(i as f64) + (random.below(600) as f64)).collect();
    let kinds: [(&str, Vec<f64>); 4] = [
        ("falling", (0..n).map(|i| -(i as f64)).collect()),
        ("falling, with noise", drift),
        ("teeth", (0..n).map(|i| (i % 4999) as f64).collect()),
        ("few values", (0..n).map(|_| random.below(3) as f64 - 1.0).collect()),
    ];
    for (name, x) in &kinds {
        for len in [200, 1000, 1001, 4096, 5000, 5003, n] {
            let wanted: Vec<usize> =
                (0..150).map(|_| random.below(n as u64) as usize).chain([len - 1, n - 1]).collect();
            for window in settings(len) {
                check(name, x, window, &wanted);
            }
        }
    }
}

/// One remarkable value enters and leaves at every row: chunks are 32 or 64 rows, and so every offset has its turn.
#[test]
fn a_remarkable_value_counts_exactly_as_long_as_it_is_in_the_window() {
    let n = 290;
    let mut random = Random::new(11);
    let calm: Vec<f64> = (0..n).map(|_| random.unit() - 0.5).collect();
    let zeros: Vec<f64> = (0..n).map(|i| if i % 3 == 0 { -0.0 } else { 0.0 }).collect();
    for remarkable in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.0, -1.0, 0.0, -0.0] {
        for base in [&calm, &zeros, &vec![f64::NEG_INFINITY; n], &vec![f64::NAN; n], &vec![-1.0; n]] {
            for place in 0..70 {
                let mut x = base.clone();
                x[100 + place] = remarkable;
                for len in [1, 3, 8, 20, 75, 130] {
                    let wanted: Vec<usize> = (98 + place..(103 + place + len).min(n)).collect();
                    let nan = if place % 2 == 0 { NanPolicy::Skip } else { NanPolicy::Propagate };
                    let window = Window::new(len).min_periods(1 + place % len).nan(nan);
                    check(&format!("{remarkable} at {place}"), &x, window, &wanted);
                }
            }
        }
    }
}

/// In long windows the oldest rows are only looked at where one of them can matter.
#[test]
fn the_last_window_that_holds_an_extreme_shows_it_and_the_next_does_not() {
    let mut random = Random::new(17);
    let calm: Vec<f64> = (0..1500).map(|_| random.unit() - 0.5).collect();
    for remarkable in [10.0, -10.0, f64::NAN] {
        for place in 100..170 {
            let mut x = calm.clone();
            // And one that counts once the first has left.
            (x[place], x[place + 3]) = (remarkable, 0.9 * remarkable);
            for len in [257, 300, 1031] {
                let wanted: Vec<usize> = (place + len - 2..place + len + 6).collect();
                check_at(0..LINE, &format!("{remarkable} at {place}"), &x, Window::new(len), &wanted);
            }
        }
    }
}

#[test]
fn of_equal_values_the_newest_wins_and_so_does_its_sign() {
    let mut random = Random::new(13);
    let x: Vec<f64> = (0..600).map(|_| [0.0, -0.0, -1.0, 1.0][random.below(4) as usize]).collect();
    let least: Vec<f64> = x.iter().map(|v| if *v < 0.0 { 0.0 } else { *v }).collect();
    let most: Vec<f64> = x.iter().map(|v| if *v > 0.0 { -0.0 } else { *v }).collect();
    for x in [x, least, most] {
        for len in WINDOWS {
            check("zeros", &x, Window::new(len.min(600)).min_periods(1), &(0..600).collect::<Vec<_>>());
        }
    }
}

fn value() -> impl Strategy<Value = f64> {
    let remarkable = [f64::NAN, 0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, 5e-324, -5e-324];
    prop_oneof![4 => (-3_i8..3).prop_map(f64::from), 2 => any::<f64>(), 1 => proptest::sample::select(remarkable.to_vec())]
}

proptest! {
    #[test]
    fn any_values_in_any_window_have_the_extremes_of_their_rows(
        x in prop::collection::vec(value(), 1..400),
        len in prop_oneof![1_usize..20, 1_usize..450],
        least in 1_usize..450,
        skip: bool,
    ) {
        let nan = if skip { NanPolicy::Skip } else { NanPolicy::Propagate };
        let window = Window::new(len).min_periods(least.min(len)).nan(nan);
        check("any values", &x, window, &(0..x.len()).collect::<Vec<_>>());
    }
}
