//! Rows on a grid near its limits: sums that just fit a lane and that just do not, variances of windows of any length
//! whose sums have more bits than a double.

use omega_slicer::kernels::*;

use crate::oracle::{cov, mean};
use crate::placed::{LINE, Placed};
use crate::same;
use crate::series::{Random, walk};

const UNIT: f64 = 1.0 / (1_u64 << 52) as f64;

/// With values near 1.5 a window's total passes 2^62 units at about 680 rows, near 1.9 at 530. Multiples of 2^8 units
/// make every second odd sum a tie there, those of half the window every second odd mean; of integers of 48 bits, most
/// of them at one end of the range, the sums have more than a double.
#[test]
fn sums_and_means_are_exact_where_totals_outgrow_a_lane() {
    let mut ties = 0;
    for (level, bits, windows) in [
        (1.5, 34, [200, 650, 681, 682, 683, 684, 1024]),
        (1.5, 48, [200, 640, 650, 683, 1024, 1100, 2100]),
        (1.9, 34, [511, 537, 538, 539, 650, 1024, 2100]),
        (1.9, 48, [200, 505, 520, 539, 1024, 1100, 2100]),
    ] {
        for coarse in [1, 256, 325, 512, 550] {
            for sign in [1.0, -1.0] {
                let mut random = Random::new(coarse);
                let integer = |random: &mut Random| {
                    let most = if random.below(8) == 0 { bits } else { bits - 4 };
                    (random.below(1 << most) / coarse * coarse) as f64
                };
                let x: Vec<f64> = (0..4000).map(|_| sign * (level + integer(&mut random) * UNIT)).collect();
                for window in windows {
                    let full = window - 1..x.len();
                    let sampled = full.clone().step_by(47);
                    let expected: Vec<_> = sampled
                        .map(|i| (i, &x[i + 1 - window..=i]))
                        .map(|(i, rows)| (i, mean(rows, 1), mean(rows, window)))
                        .collect();
                    for isa in Isa::available() {
                        let (mut sums, mut means) = (vec![0.0; x.len()], vec![0.0; x.len()]);
                        let _ = take_paths();
                        isa.run(|| rolling_sum(&x, Window::new(window), &mut sums)).unwrap();
                        isa.run(|| rolling_mean(&x, Window::new(window), &mut means)).unwrap();
                        assert_eq!(take_paths().fixed, 2 * full.len(), "{isa:?}, {window}");
                        for &(i, sum, average) in &expected {
                            assert!(same(sums[i], sum), "{isa:?}, sum {window}, row {i}: {:e} {sum:e}", sums[i]);
                            assert!(same(means[i], average), "{isa:?}, mean {window}, row {i}: {:e}", means[i]);
                        }
                    }
                    if window as u64 == 2 * coarse {
                        let total = |rows: &[f64]| rows.iter().map(|v| (v / UNIT) as i128).sum::<i128>();
                        ties += x
                            .windows(window)
                            .filter(|rows| total(rows).rem_euclid(window as i128) == i128::from(coarse))
                            .count();
                    }
                }
            }
        }
    }
    assert!(ties > 5000, "{ties}");
}

/// Prices that wander over a block further than 2^52 units a window allow. In quiet stretches, at any level, now and then
/// one row is off by so much that the variance of a power of two of rows is a tie, which is done again in integers.
#[test]
fn variances_are_exact_where_prices_wander_further_than_sums_allow() {
    for window in [9_usize, 16, 33, 64, 100, 128, 200, 255] {
        // One such row among others that are alike makes a spread of 54 bits, the last one set.
        let tick = (1.5 * 2_f64.powi(53) / (window - 1) as f64).sqrt() as u64 | 1;
        let ties = window.is_power_of_two() && window > 16;
        let ddof = usize::from(!ties);
        for bits in [52.3, 52.8, 53.4] {
            // The most that a value may be away from the middle, and the rows from one end to the other and back.
            let (far, rows) = ((2_f64.powf(bits) / window as f64).min(2_f64.powf(49.5)), 4096 + window);
            let mut random = Random::new(window as u64);
            let x: Vec<f64> = (0..2 * rows)
                .map(|row| {
                    let level = ((row as f64 / rows as f64).fract() * 4.0 - 2.0).abs() * far - far;
                    let quiet = (level / far * 4.0).floor() as i64 % 3 == 0;
                    let step = if quiet { (level / 2_f64.powi(45)).floor() * 2_f64.powi(45) } else { level };
                    let noise = if quiet { u64::from(random.below(100) == 0) * tick } else { random.below(1 << 38) };
                    1.5 + (step.floor() + noise as f64) * UNIT
                })
                .collect();
            let expected: Vec<_> = (window - 1..x.len())
                .step_by(7)
                .map(|i| (i, cov(&x[i + 1 - window..=i], &x[i + 1 - window..=i], ddof)))
                .collect();
            for isa in Isa::available() {
                let mut out = vec![0.0; x.len()];
                let _ = take_paths();
                isa.run(|| rolling_var(&x, Window::new(window), ddof, &mut out)).unwrap();
                let paths = take_paths();
                assert_eq!(paths.fixed, x.len() + 1 - window, "{isa:?}, {window}, 2^{bits}");
                assert!(paths.close > 0 || !ties, "{isa:?}, {window}, 2^{bits}: nothing was done again");
                for &(i, expected) in &expected {
                    assert!(same(out[i], expected), "{isa:?}, {window}, 2^{bits}, row {i}: {:e} {expected:e}", out[i]);
                }
            }
        }
    }
}

type Kernel<'a> = &'a dyn Fn(&mut [f64]);

/// Segments begin where vectors do in memory: no row is left out or written past the end, wherever that is.
#[test]
fn statistics_are_the_same_wherever_in_memory_they_are_written() {
    let prices = walk(43, 1.1, 2e-4, 1200);
    // These take the pairs' way, those the grids'.
    let changes: Vec<f64> = prices.windows(2).map(|pair| pair[1] / pair[0] - 1.0).collect();
    for x in [&prices, &changes] {
        let y: Vec<f64> = x.iter().rev().copied().collect();
        for window in [2, 20] {
            for rows in (window + 3..window + 150).chain([x.len() - 1, x.len()]) {
                if rows > x.len() {
                    continue;
                }
                let (x, y, setting) = (&x[..rows], &y[..rows], Window::new(window));
                let kernels: [(&str, Kernel<'_>); 4] = [
                    ("mean", &|out| rolling_mean(x, setting, out).unwrap()),
                    ("var", &|out| rolling_var(x, setting, 1, out).unwrap()),
                    ("std", &|out| rolling_std(x, setting, 1, out).unwrap()),
                    ("cov", &|out| rolling_cov(x, y, setting, 1, out).unwrap()),
                ];
                for (name, kernel) in kernels {
                    let mut expected = vec![0.5; rows];
                    Isa::Portable.run(|| kernel(&mut expected));
                    for isa in Isa::available() {
                        for place in 0..LINE {
                            let mut out = Placed::room(rows, place);
                            isa.run(|| kernel(out.series()));
                            let what = || format!("{name} of {window} in {rows} rows, {isa:?}, {place}");
                            assert!(out.series().iter().zip(&expected).all(|(a, b)| same(*a, *b)), "{}", what());
                            out.assert_untouched_around(what);
                        }
                    }
                }
            }
        }
    }
}
