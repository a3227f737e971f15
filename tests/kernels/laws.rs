//! What the law says, asked of every kind of input.

use omega_slicer::Error;
use omega_slicer::kernels::*;

use crate::oracle::{counted, cov, mean};
use crate::placed::{LINE, Placed};
use crate::series::{Random, every, walk};
use crate::{assert_same, same};

type Kernel = fn(&[f64], Window, &mut [f64]) -> Result<(), Error>;

const KERNELS: [(&str, Kernel); 9] = [
    ("sum", rolling_sum),
    ("mean", rolling_mean),
    ("var", |x, window, out| rolling_var(x, window, 1, out)),
    ("std", |x, window, out| rolling_std(x, window, 1, out)),
    ("zscore", |x, window, out| rolling_zscore(x, window, 1, out)),
    ("min", rolling_min),
    ("max", rolling_max),
    ("argmin", rolling_argmin),
    ("argmax", rolling_argmax),
];

/// The kernel's results, which every set of instructions must give, each to another place in memory.
pub(crate) fn run(
    kernel: impl Fn(&[f64], Window, &mut [f64]) -> Result<(), Error>,
    x: &[f64],
    window: Window,
) -> Vec<f64> {
    let results = Isa::available().enumerate().map(|(at, isa)| {
        let mut out = Placed::room(x.len(), 3 * at + x.len() + window.len % LINE);
        isa.run(|| kernel(x, window, out.series())).unwrap();
        out.assert_untouched_around(|| format!("{isa:?}, {window:?}"));
        (isa, out.series().to_vec())
    });
    let (_, first) = results
        .reduce(|(_, expected), (isa, got)| {
            assert_same(&format!("{isa:?}, {window:?}"), &got, &expected);
            (isa, got)
        })
        .unwrap();
    first
}

/// Some rows of a long series: the first, those around the window, around where blocks meet, and others.
fn sampled(n: usize, window: usize, seed: u64) -> Vec<usize> {
    let mut random = Random::new(seed);
    let mut rows: Vec<usize> = [0, 1, window.saturating_sub(2), window - 1, window, 4095, 4096, 4097, n / 2, n - 1]
        .into_iter()
        .filter(|&row| row < n)
        .collect();
    rows.extend((0..60).map(|_| random.below(n as u64) as usize));
    rows
}

#[test]
fn sums_means_and_variances_equal_the_exact_oracle_bit_for_bit() {
    for (name, x) in every(600) {
        for window in [1, 2, 3, 20, 200, 600] {
            for (min_periods, nan, ddof) in [(window, NanPolicy::Propagate, 1), (1, NanPolicy::Skip, 0)] {
                let setting = Window::new(window).min_periods(min_periods).nan(nan);
                let (sums, means) = (run(rolling_sum, &x, setting), run(rolling_mean, &x, setting));
                let vars = run(|x, window, out| rolling_var(x, window, ddof, out), &x, setting);
                for i in sampled(x.len(), window, 3) {
                    let values = counted(&x, i, window, min_periods, nan == NanPolicy::Skip);
                    let expected =
                        values.map_or([f64::NAN; 3], |v| [mean(&v, 1), mean(&v, v.len()), cov(&v, &v, ddof)]);
                    for ((kernel, got), expected) in
                        ["sum", "mean", "var"].iter().zip([sums[i], means[i], vars[i]]).zip(expected)
                    {
                        assert!(
                            same(got, expected),
                            "{kernel} of {name}, {setting:?}, row {i}: {got:e}, not {expected:e}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn long_windows_and_long_series_equal_the_exact_oracle() {
    for (name, x) in every(12_000) {
        for window in [20, 4096, 5000] {
            let setting = Window::new(window);
            let means = run(rolling_mean, &x, setting);
            let vars = run(|x, window, out| rolling_var(x, window, 1, out), &x, setting);
            for i in sampled(x.len(), window, 4).into_iter().step_by(if window == 20 { 1 } else { 9 }) {
                let values = counted(&x, i, window, window, false);
                let expected = values.map_or([f64::NAN; 2], |v| [mean(&v, v.len()), cov(&v, &v, 1)]);
                assert!(same(means[i], expected[0]), "mean of {name}, {window}, row {i}");
                assert!(same(vars[i], expected[1]), "var of {name}, {window}, row {i}");
            }
        }
    }
}

#[test]
fn covariances_equal_the_exact_oracle_bit_for_bit() {
    let inputs = every(300);
    for (at, (name, x)) in inputs.iter().enumerate() {
        let (other, y) = &inputs[(at * 7 + 3) % inputs.len()];
        for window in [2, 20, 300] {
            let setting = Window::new(window).min_periods(2).nan(NanPolicy::Skip);
            let out = run(|x, window, out| rolling_cov(x, y, window, 1, out), x, setting);
            for i in sampled(x.len(), window, 5) {
                let rows = (i + 1).saturating_sub(window)..=i;
                let (xs, ys): (Vec<_>, Vec<_>) =
                    rows.map(|i| (x[i], y[i])).filter(|(x, y)| !x.is_nan() && !y.is_nan()).unzip();
                let expected = if xs.len() < 2 { f64::NAN } else { cov(&xs, &ys, 1) };
                assert!(
                    same(out[i], expected),
                    "cov of {name} and {other}, {window}, row {i}: {:e}, {expected:e}",
                    out[i]
                );
            }
        }
    }
}

#[test]
fn where_the_series_starts_changes_no_bit() {
    let window = 20;
    for (name, x) in every(200) {
        for (kernel, function) in KERNELS {
            let whole = run(function, &x, Window::new(window));
            for start in 0..=2 * window {
                let tail = run(function, &x[start..], Window::new(window));
                let what = format!("{kernel} of {name} from row {start}");
                assert_same(&what, &tail[window - 1..], &whole[start + window - 1..]);
            }
        }
    }
}

#[test]
fn nothing_that_has_left_the_window_leaves_a_trace() {
    let calm = walk(1, 1.1, 3e-4, 6000);
    for spike in [1e9, 1e300, -1e300, f64::NAN, f64::INFINITY, 5e-324] {
        let mut x = calm.clone();
        x[1000] = spike;
        for window in [2, 20, 200] {
            for (kernel, function) in KERNELS {
                let (with, without) =
                    (run(function, &x, Window::new(window)), run(function, &calm, Window::new(window)));
                assert_same(&format!("{kernel} before {spike}"), &with[..1000], &without[..1000]);
                assert_same(&format!("{kernel} after {spike}"), &with[1000 + window..], &without[1000 + window..]);
            }
        }
    }
}

#[test]
fn streaming_twins_equal_the_batch_from_any_row_once_the_window_is_full() {
    let window = 20;
    for (name, x) in every(300) {
        let means = run(rolling_mean, &x, Window::new(window));
        let stds = run(KERNELS[3].1, &x, Window::new(window));
        for start in [0, 1, 19, 100] {
            let mut mean = RollingMean::new(Window::new(window)).unwrap();
            let mut std = RollingStd::new(Window::new(window), 1).unwrap();
            for i in start..x.len() {
                let (mean, std) = (mean.push(x[i]), std.push(x[i]));
                if i >= start + window - 1 {
                    assert!(same(mean, means[i]) && same(std, stds[i]), "{name}, from {start}, row {i}");
                }
            }
        }
    }
}

#[test]
fn extremes_in_lanes_equal_those_found_one_by_one() {
    let windows: Vec<usize> = (1..=50).chain([63, 64, 65, 199, 200, 201, 512, 699, 700]).collect();
    for (name, x) in every(700) {
        for &window in &windows {
            let setting = Window::new(window);
            let (least, most) = (run(rolling_min, &x, setting), run(rolling_max, &x, setting));
            let (back_to_least, back_to_most) = (run(rolling_argmin, &x, setting), run(rolling_argmax, &x, setting));
            for i in window - 1..x.len() {
                let rows = &x[i + 1 - window..=i];
                let (mut low, mut high) = (0, 0);
                for back in 1..window {
                    low = if rows[window - 1 - back] < rows[window - 1 - low] { back } else { low };
                    high = if rows[window - 1 - back] > rows[window - 1 - high] { back } else { high };
                }
                let nan = rows.iter().any(|v| v.is_nan());
                let expected = [rows[window - 1 - low], rows[window - 1 - high], low as f64, high as f64];
                for (got, expected) in [least[i], most[i], back_to_least[i], back_to_most[i]].into_iter().zip(expected)
                {
                    let expected = if nan { f64::NAN } else { expected };
                    assert!(same(got, expected), "{name}, window {window}, row {i}: {got:e}, not {expected:e}");
                }
            }
        }
    }
}

#[test]
fn every_path_is_taken_by_the_rows_that_need_it() {
    let rows = 8000;
    let paths = |isa: Isa, x: &[f64]| {
        let mut out = vec![0.0; x.len()];
        let _ = take_paths();
        isa.run(|| rolling_var(x, Window::new(20), 1, &mut out)).unwrap();
        take_paths()
    };
    let prices = walk(1, 1.1, 3e-4, rows);
    let mut with_tick = prices.clone();
    with_tick[4000] = 1e300;
    // (a - b)^2 / 2 of integers of 27 bits is often half way between doubles: only exact integers can tell.
    let mut random = Random::new(2);
    let ties: Vec<f64> = (0..rows).map(|_| random.below(1 << 28) as f64).collect();
    let mixed: Vec<f64> = (0..rows).map(|_| random.magnitude(-900, 900)).collect();
    for isa in Isa::available() {
        let full = rows - 19;
        let close = paths(isa, &prices).close;
        // Where integers are divided one by one, 64 bits leave a few in doubt.
        assert!(close * 100 <= if isa == Isa::Portable { full } else { 0 }, "{isa:?}: {close}");
        assert_eq!(paths(isa, &prices), Paths { fixed: full, pairs: 0, wide: 0, close }, "{isa:?}");
        assert_eq!(paths(isa, &mixed), Paths { fixed: 0, pairs: 0, wide: full, close: 0 }, "{isa:?}");
        let tick = paths(isa, &with_tick);
        assert_eq!(tick.fixed + tick.wide, full);
        assert!((20..=512).contains(&tick.wide), "{isa:?}: one tick takes {tick:?}");
        let mut out = vec![0.0; rows];
        isa.run(|| rolling_var(&ties, Window::new(2), 1, &mut out)).unwrap();
        let close = take_paths().close;
        assert!(close > rows / 16, "{isa:?}: {close}");
        for i in (1..rows).step_by(7) {
            assert!(same(out[i], cov(&ties[i - 1..=i], &ties[i - 1..=i], 1)), "{isa:?}, row {i}");
        }
    }
}

/// Windows whose integers, of units of 2^-52, sum up to what each way of sliding the spread can hold, and to just more:
/// runs of both ends of the range, so that spread, differences and factors are the largest there are.
#[test]
fn variances_are_exact_up_to_the_largest_sums_of_each_way_to_slide_them() {
    let rows = 2000;
    for window in [16, 20, 33, 64, 200] {
        for sum in [50.9, 51.0, 51.1, 51.9, 52.0, 52.1, 53.5] {
            let mut random = Random::new(window as u64);
            let most = (2_f64.powf(sum) / window as f64).min(2_f64.powi(49)).floor();
            let mut end = 1.0;
            let x: Vec<f64> = (0..rows)
                .map(|row| {
                    if random.below(window as u64) == 0 || row % 600 == 0 {
                        end = -end;
                    }
                    let inward = if row % 3 == 0 { random.unit() * 4096.0 } else { random.unit() * 2.0 };
                    // Quiet for a while: a spread of almost nothing, from parts that are not.
                    let inward = if row % 700 > 450 { 0.0 } else { inward.floor() };
                    1.5 + end * (most - inward) * 2_f64.powi(-52)
                })
                .collect();
            let expected: Vec<(usize, f64)> = (window - 1..rows)
                .step_by(5)
                .map(|i| (i, cov(&x[i + 1 - window..=i], &x[i + 1 - window..=i], 1)))
                .collect();
            for isa in Isa::available() {
                let mut out = vec![0.0; rows];
                isa.run(|| rolling_var(&x, Window::new(window), 1, &mut out)).unwrap();
                for &(i, expected) in &expected {
                    assert!(same(out[i], expected), "{isa:?} {window} 2^{sum}, row {i}: {} {expected}", out[i]);
                }
                let variances = out.clone();
                isa.run(|| rolling_std(&x, Window::new(window), 1, &mut out)).unwrap();
                for i in window - 1..rows {
                    assert!(same(out[i], variances[i].sqrt()), "{isa:?} {window} 2^{sum}, row {i}");
                }
            }
        }
    }
}

#[test]
fn columns_and_periods_in_one_call_are_those_of_single_calls() {
    let x: Vec<f64> = every(500).into_iter().flat_map(|(_, x)| x).collect();
    for (kernel, function) in KERNELS {
        let mut together = vec![0.0; x.len()];
        columns(500, &x, &mut together, |x, out| function(x, Window::new(20), out)).unwrap();
        let single: Vec<f64> = x.chunks(500).flat_map(|x| run(function, x, Window::new(20))).collect();
        assert_same(kernel, &together, &single);
    }
    for (name, x) in every(500) {
        let periods = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144];
        for nan in [NanPolicy::Propagate, NanPolicy::Skip] {
            let mut together = vec![0.0; x.len() * periods.len()];
            ema(&x, &periods, nan, &mut together).unwrap();
            for (period, together) in periods.iter().zip(together.chunks(x.len())) {
                let mut single = vec![0.0; x.len()];
                ema(&x, &[*period], nan, &mut single).unwrap();
                assert_same(&format!("ema({period}) of {name}"), together, &single);
            }
        }
    }
}

#[test]
fn a_window_longer_than_the_series_gives_nan_unless_min_periods_allows() {
    let x = [1.0, 2.0, 4.0];
    for (kernel, function) in KERNELS {
        assert!(run(function, &x, Window::new(usize::MAX / 2)).iter().all(|v| v.is_nan()), "{kernel}");
        assert!(run(function, &[], Window::new(5)).is_empty(), "{kernel}");
    }
    assert_eq!(run(rolling_mean, &x, Window::new(1000).min_periods(2))[1..], [1.5, 7.0 / 3.0]);
}

#[test]
fn exact_zeros_are_positive() {
    for x in [[-0.0, -0.0, -0.0], [1.5, -1.5, 0.0], [-1e300, 1e300, -0.0]] {
        let window = Window::new(3);
        assert_eq!(run(rolling_sum, &x, window)[2].to_bits(), 0);
        assert_eq!(run(rolling_mean, &x, window)[2].to_bits(), 0);
        let mut out = [1.0; 3];
        rolling_cov(&x, &[5.0; 3], window, 1, &mut out).unwrap();
        assert_eq!(out[2].to_bits(), 0);
    }
}

#[test]
fn bad_arguments_are_refused_by_name() {
    let (x, mut out) = ([1.0; 4], [0.0; 4]);
    for (kernel, function) in KERNELS {
        let refusal = |window, out: &mut [f64]| {
            let error = function(&x, window, out).expect_err(kernel);
            (error.code().as_i32(), error.to_string())
        };
        assert_eq!(refusal(Window::new(0), &mut out), (1001, format!("window is 0, not 1 to {}", isize::MAX)));
        assert_eq!(refusal(Window::new(usize::MAX), &mut out).0, 1001);
        assert_eq!(refusal(Window::new(3).min_periods(4), &mut out).1, "min_periods is 4, not 1 to the window of 3");
        assert_eq!(refusal(Window::new(3).min_periods(0), &mut out).0, 1001);
        assert_eq!(refusal(Window::new(3), &mut out[..3]), (1011, "out has 3 values, not 4".to_owned()));
    }
    let code = |result: Result<(), Error>| result.unwrap_err().code().as_i32();
    assert_eq!(code(ema(&x, &[0], NanPolicy::Skip, &mut out)), 1001);
    assert_eq!(code(ema(&x, &[1, 2], NanPolicy::Skip, &mut out)), 1011);
    assert_eq!(code(diff(&x, 0, &mut out)), 1001);
    assert_eq!(code(rolling_cov(&x, &x[1..], Window::new(2), 1, &mut out)), 1011);
    assert_eq!(code(columns(3, &x, &mut out, |_, _| Ok(()))), 1011);
    assert_eq!(code(columns(0, &x, &mut out, |_, _| Ok(()))), 1011);
}

/// The definitions once more in plain doubles, two passes a window: too coarse to judge a last bit, but it would
/// tell if kernels and oracle had misread a definition alike.
#[test]
fn a_plain_two_pass_computation_agrees_within_its_own_accuracy() {
    let x = walk(3, 1.1, 1e-3, 500);
    let mut out = vec![0.0; x.len()];
    for window in [2, 20, 200] {
        rolling_std(&x, Window::new(window), 1, &mut out).unwrap();
        for (rows, std) in x.windows(window).zip(&out[window - 1..]) {
            let mean = rows.iter().sum::<f64>() / window as f64;
            let squares: f64 = rows.iter().map(|value| (value - mean).powi(2)).sum();
            approx::assert_relative_eq!(*std, (squares / (window - 1) as f64).sqrt(), max_relative = 1e-9);
        }
    }
}

#[test]
fn a_spread_that_rounds_to_nothing_has_no_correlation() {
    // The variance of y is below every double, their covariance is not.
    let x: Vec<f64> = (0..40).map(|i| f64::from(i * i % 7) * 1e10).collect();
    let y: Vec<f64> = x.iter().map(|x| x * 1e-180).collect();
    let mut cov = vec![0.0; 40];
    rolling_cov(&x, &y, Window::new(5), 1, &mut cov).unwrap();
    assert!(cov[4..].iter().all(|&cov| cov > 0.0));
    for (x, y) in [(&x, &y), (&y, &x)] {
        for isa in Isa::available() {
            let mut out = vec![0.5; 40];
            isa.run(|| rolling_corr(x, y, Window::new(5), 1, &mut out)).unwrap();
            assert!(out.iter().all(|corr| corr.is_nan()), "{isa:?}: {out:?}");
        }
    }
}
