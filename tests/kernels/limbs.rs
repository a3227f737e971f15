//! The middle path, pairs of doubles: values with more than 50 bits in common and up to about 100, at the edges of what
//! it takes, at ties, where large parts cancel, and between NaNs.

use omega_slicer::kernels::*;
use proptest::prelude::*;

use crate::laws::run;
use crate::oracle::{counted, cov, mean};
use crate::series::{Random, walk};
use crate::{assert_same, same};

/// Sums, means, variances and covariances with `y` of some rows, against the oracle.
fn check(what: &str, x: &[f64], y: &[f64], window: usize, step: usize) {
    let setting = Window::new(window);
    let (sums, means) = (run(rolling_sum, x, setting), run(rolling_mean, x, setting));
    let vars = run(|x, window, out| rolling_var(x, window, 1, out), x, setting);
    let covs = run(|x, window, out| rolling_cov(x, y, window, 1, out), x, setting);
    for i in (window - 1..x.len()).step_by(step).chain([x.len() - 1]) {
        let (a, b) = (counted(x, i, window, window, false), counted(y, i, window, window, false));
        let expected = a.as_ref().map_or([f64::NAN; 3], |v| [mean(v, 1), mean(v, v.len()), cov(v, v, 1)]);
        let both = a.zip(b).map_or(f64::NAN, |(a, b)| cov(&a, &b, 1));
        for ((kernel, got), expected) in ["sum", "mean", "var", "cov"]
            .iter()
            .zip([sums[i], means[i], vars[i], covs[i]])
            .zip(expected.into_iter().chain([both]))
        {
            assert!(same(got, expected), "{kernel} of {what}, window {window}, row {i}: {got:e}, not {expected:e}");
        }
    }
}

/// Integers of `bits` bits between the two ends of a spread, both of which occur.
fn spread(seed: u64, bits: i32, n: usize) -> Vec<f64> {
    let mut random = Random::new(seed);
    (0..n)
        .map(|i| match i % 5 {
            0 => 2_f64.powi(bits - 1),
            1 => 3.0,
            2 => -(random.below(1 << 40) as f64),
            _ => (random.unit() - 0.5) * 2_f64.powi(random.below(bits as u64) as i32),
        })
        // Of powers of two, the survey takes the last bit for half of what it is: not of the least, then.
        .map(|v: f64| if v.abs() < 1.5 { 3.0 } else { v.round() })
        .collect()
}

/// The paths of one call, all of whose rows have a full window but the first.
fn paths(isa: Isa, call: impl Fn(&mut [f64]), n: usize) -> Paths {
    let mut out = vec![0.0; n];
    let _ = take_paths();
    isa.run(|| call(&mut out));
    take_paths()
}

#[test]
fn spreads_at_the_edges_of_each_path_equal_the_oracle() {
    for window in [1, 2, 3, 20, 200, 1500] {
        let length = (usize::BITS - (window - 1_usize).leading_zeros()).max(1) as i32;
        let limit = 104 - 2 * length;
        for bits in [50, 51, 52, limit - 1, limit, limit + 1, 99, 100, 101] {
            let n = (window + 40).max(300);
            let (x, y) = (spread(bits as u64, bits, n), spread(7, bits.min(60), n));
            check(&format!("{bits} bits"), &x, &y, window, if window < 200 { 3 } else { n / 5 });
            for isa in Isa::available() {
                let taken = paths(isa, |out| rolling_sum(&x, Window::new(window), out).unwrap(), n);
                let full = n + 1 - window;
                let expected = if bits <= 51 {
                    [full, 0, 0]
                } else if bits <= limit {
                    [0, full, 0]
                } else {
                    [0, 0, full]
                };
                assert_eq!([taken.fixed, taken.pairs, taken.wide], expected, "{isa:?}, {bits} bits, window {window}");
            }
        }
    }
}

#[test]
fn log_returns_and_noise_take_pairs_and_are_rarely_in_doubt() {
    let n = 12_000;
    let prices = walk(1, 1.1, 3e-4, n);
    let logs: Vec<f64> = prices.windows(2).map(|pair| (pair[1] / pair[0]).ln()).collect();
    let mut random = Random::new(5);
    let noise: Vec<f64> = logs.iter().map(|_| (0..12).map(|_| random.unit()).sum::<f64>() - 6.0).collect();
    let n = logs.len();
    for (name, x, y) in [("log returns", &logs, &noise), ("noise", &noise, &logs)] {
        for window in [2, 3, 20, 200, 4096, 5000] {
            check(name, x, y, window, if window < 200 { 17 } else { 3000 });
        }
        for isa in Isa::available() {
            for window in [20, 200] {
                let setting = Window::new(window);
                // A mean of few full mantissas is often half way between two doubles.
                let means = paths(isa, |out| rolling_mean(x, setting, out).unwrap(), n);
                let stds = paths(isa, |out| rolling_std(x, setting, 1, out).unwrap(), n);
                let covs = paths(isa, |out| rolling_cov(x, y, setting, 1, out).unwrap(), n);
                for (taken, doubts) in [(means, 20), (stds, 1000), (covs, 1000)] {
                    let full = n + 1 - window;
                    assert_eq!((taken.fixed, taken.pairs, taken.wide), (0, full, 0), "{isa:?} {name}");
                    assert!(taken.close * doubts <= full, "{isa:?} {name}: {taken:?}");
                }
            }
        }
    }
}

/// Sums of two values half way between doubles, and one unit of the second limb beside it.
#[test]
fn ties_in_either_limb_are_rounded_to_even() {
    let one = 2_f64.powi(30);
    let mut x = Vec::new();
    for k in 0..400_i32 {
        let even = one + f64::from(k) * 2_f64.powi(-22);
        // Half a place of `even`, and that with a little more or less.
        let half = 2_f64.powi(-23);
        x.extend([even, half, even, half + 2_f64.powi(-50), -even, half - 2_f64.powi(-50), even, -half]);
    }
    for window in [1, 2, 4, 8, 16] {
        check("ties", &x, &x, window, 1);
    }
    for isa in Isa::available() {
        let taken = paths(isa, |out| rolling_mean(&x, Window::new(2), out).unwrap(), x.len());
        assert_eq!(taken.pairs, x.len() - 1);
        assert!(taken.close > x.len() / 16, "{isa:?}: {taken:?}");
    }
}

#[test]
fn what_is_left_when_large_parts_cancel_is_exact() {
    let mut random = Random::new(3);
    let large = 2_f64.powi(26);
    // The upper limbs of every four rows sum up to zero; and once the large values are gone, nothing is left of them.
    let cancelling: Vec<f64> = (0..600)
        .map(|i| [large, -large, large, -large][i % 4] + (random.below(1 << 26) as f64) * 2_f64.powi(-26))
        .collect();
    let mut quiet: Vec<f64> = (0..600).map(|_| (random.unit() - 0.5) * 1e-6).collect();
    quiet[..40].fill(3e3);
    quiet[200..260].fill(0.0);
    quiet[300..360].fill(1e-6 / 3.0);
    for window in [2, 3, 4, 20] {
        check("cancelling", &cancelling, &quiet, window, 1);
        check("quiet after loud", &quiet, &cancelling, window, 1);
    }
    for isa in Isa::available() {
        for x in [&cancelling, &quiet] {
            let taken = paths(isa, |out| rolling_var(x, Window::new(4), 1, out).unwrap(), x.len());
            assert_eq!(taken.wide, 0, "{isa:?}: {taken:?}");
            assert!(taken.pairs > 0, "{isa:?}: {taken:?}");
        }
    }
}

/// On a grid the doubt is that of the block: a window with little in it must know how little it knows.
#[test]
fn quiet_windows_in_a_lively_block_are_exact() {
    let mut random = Random::new(4);
    for high in [30, 45, 48, 49] {
        let level = 2_f64.powi(high);
        // Far from the middle of the block, nearly constant, at every scale of nearly.
        let x: Vec<f64> = (0..2000)
            .map(|i| match i / 250 {
                0 | 5 => level * (2.0 * random.unit() - 1.0).round(),
                part => (level * 0.9).floor() + random.below(1 << (5 * part)) as f64,
            })
            .collect();
        let y: Vec<f64> = x.iter().map(|v| level * 0.3 - v + random.below(3) as f64).map(f64::round).collect();
        for window in [2, 20, 200] {
            check("quiet in lively", &x, &y, window, 3);
        }
        for isa in Isa::available() {
            let taken = paths(isa, |out| rolling_var(&x, Window::new(20), 1, out).unwrap(), x.len());
            assert_eq!(taken.fixed, x.len() - 19, "{isa:?}, 2^{high}");
        }
    }
}

#[test]
fn between_nans_the_clean_rows_take_the_fast_paths() {
    let n = 6000;
    let mut x = walk(6, 1.1, 3e-4, n);
    for at in [0, 1, 25, 700, 721, 742, 743, 4090, 4096, 4100, n - 21, n - 1] {
        x[at] = f64::NAN;
    }
    let mut y = walk(7, 40_000.0, 1e-3, n);
    y[3000] = f64::NAN;
    let mut runs = x.clone();
    runs[2000..2600].fill(f64::NAN);
    for (x, name) in [(&x, "NaNs"), (&runs, "runs of NaNs")] {
        for window in [1, 2, 20, 21, 200] {
            check(name, x, &y, window, 7);
            let clean = x.windows(window).filter(|rows| rows.iter().all(|v| !v.is_nan())).count();
            for isa in Isa::available() {
                let taken = paths(isa, |out| rolling_std(x, Window::new(window), 1, out).unwrap(), n);
                // A window of one has no variance, so nothing is computed.
                let expected = if window == 1 { 0 } else { clean };
                assert_eq!((taken.fixed, taken.wide), (expected, 0), "{isa:?}, {name}, window {window}");
            }
        }
    }
}

#[test]
fn short_series_fill_only_some_lanes() {
    let mut random = Random::new(9);
    for n in 1..=80 {
        let x: Vec<f64> = (0..n).map(|_| random.magnitude(-20, 5)).collect();
        let prices: Vec<f64> = (0..n).map(|_| 1.0 + random.unit()).collect();
        for window in [1, 2, 5, 17].into_iter().filter(|&window| window <= n) {
            check("a short series", &x, &prices, window, 1);
            check("short prices", &prices, &x, window, 1);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_spread_of_exponents_gives_the_oracles_bits(
        seed in any::<u64>(), low in -430_i32..380, spread in 1_i32..70, window in 1_usize..40,
    ) {
        let mut random = Random::new(seed);
        let x: Vec<f64> = (0..130).map(|_| random.magnitude(low, low + spread)).collect();
        let y: Vec<f64> = (0..130).map(|_| random.magnitude(-spread, 2)).collect();
        check("random exponents", &x, &y, window, 5);
    }
}

#[test]
fn results_do_not_depend_on_where_blocks_and_segments_lie() {
    let mut random = Random::new(12);
    let x: Vec<f64> = (0..9000).map(|_| random.magnitude(-24, 2)).collect();
    let setting = Window::new(20);
    let whole = run(|x, window, out| rolling_var(x, window, 1, out), &x, setting);
    for start in [1, 7, 8, 100, 4076, 4077, 4100] {
        let tail = run(|x, window, out| rolling_var(x, window, 1, out), &x[start..], setting);
        assert_same(&format!("from row {start}"), &tail[19..], &whole[start + 19..]);
    }
}
