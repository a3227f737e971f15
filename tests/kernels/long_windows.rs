//! Variances of windows whose sums have more bits than a double: the way that slides squares around a centre near the
//! mean, and what it hands on.

use omega_slicer::kernels::*;

use crate::oracle::cov;
use crate::same;
use crate::series::Random;

const ROWS: usize = 3000;
const UNIT: f64 = 1.0 / (1_u64 << 52) as f64;

/// Every set of instructions gives the oracle's bits, in every `step`th row of all.
fn check(name: &str, x: &[f64], window: usize, ddof: usize, step: usize) {
    let rows = (window - 1..x.len()).step_by(step);
    let expected: Vec<_> = rows.map(|i| (i, cov(&x[i + 1 - window..=i], &x[i + 1 - window..=i], ddof))).collect();
    for isa in Isa::available() {
        // No variance, so that a row nobody wrote shows.
        let (mut out, mut roots) = (vec![-1.0; x.len()], vec![-1.0; x.len()]);
        let _ = take_paths();
        isa.run(|| rolling_var(x, Window::new(window), ddof, &mut out)).unwrap();
        assert_eq!(take_paths().fixed, x.len() + 1 - window, "{isa:?}, {name}, {window}");
        for &(i, expected) in &expected {
            assert!(same(out[i], expected), "{isa:?}, {name}, {window}, row {i}: {:e} {expected:e}", out[i]);
        }
        isa.run(|| rolling_std(x, Window::new(window), ddof, &mut roots)).unwrap();
        for (i, (root, var)) in roots.iter().zip(&out).enumerate().skip(window - 1) {
            assert!(*var >= 0.0, "{isa:?}, {name}, {window}, row {i} was left out");
            assert!(same(*root, var.sqrt()), "{isa:?}, {name}, {window}, row {i}");
        }
    }
}

/// Runs of both ends of the range, so that squares and differences are the largest there are: up to the most that two
/// doubles hold, that three hold, and more.
#[test]
fn variances_are_exact_up_to_the_largest_squares() {
    for window in [2, 3, 5, 12, 30, 100, 255, 256, 300, 1000] {
        for bits in [45.0, 46.9, 47.0, 47.1, 47.8, 47.9, 47.99, 48.01, 48.6, 48.8, 48.99, 49.01, 49.5] {
            let (mut random, most, mut end) = (Random::new(window as u64), 2_f64.powf(bits).floor(), 1.0);
            let mut x: Vec<f64> = (0..ROWS)
                .map(|row| {
                    // At first both ends in turn, so that windows hold as many of each; then ever longer runs.
                    if random.below(1 + row as u64 / 8) == 0 {
                        end = -end;
                    }
                    1.5 + end * (most - random.below(4096) as f64) * UNIT
                })
                .collect();
            check(&format!("2^{bits}"), &x, window, 1, 9);
            x.reverse();
            check(&format!("2^{bits}, at the end"), &x, window, 1, 9);
        }
    }
}

/// A lively stretch in a quiet block, between the rows where lanes begin: only there do squares take all of their bits.
#[test]
fn squares_may_grow_anywhere() {
    let mut random = Random::new(7);
    for bits in [47.9, 48.3, 48.8] {
        let most = 2_f64.powf(bits).floor();
        let x: Vec<f64> = (0..4096)
            .map(|row| {
                let end = if (755..819).contains(&row) && row % 2 == 0 { 1.0 } else { -1.0 };
                1.5 + end * (most - random.below(4096) as f64) * UNIT
            })
            .collect();
        for window in [20, 100, 256] {
            check(&format!("lively for a while, 2^{bits}"), &x, window, 1, 5);
        }
    }
}

/// The mean climbs and falls from one end of a block to the other, in steps and in one leap.
#[test]
fn variances_of_long_windows_are_exact_where_the_mean_goes_far() {
    for window in [50, 256, 1000] {
        for far in [46, 48] {
            let mut random = Random::new(far);
            let far = 2_f64.powi(far as i32);
            let levels = [-1.0, 1.0, 0.9, 0.2, -0.3, -1.0, -0.9999, 1.0, 1.0, 0.0];
            let leaps = (0..ROWS).map(|row| levels[row * levels.len() / ROWS]);
            let slopes = (0..ROWS).map(|row| (row as f64 / ROWS as f64 * 4.0 - 2.0).abs() - 1.0);
            for (name, levels) in [("leaps", leaps.collect::<Vec<_>>()), ("slopes", slopes.collect())] {
                let noise = |random: &mut Random| random.below(1 << 20) as f64;
                let x: Vec<f64> = levels
                    .iter()
                    .map(|level| 1.5 + ((level * far * 0.99).floor() + noise(&mut random)) * UNIT)
                    .collect();
                check(name, &x, window, 1, 9);
            }
        }
    }
}

/// From one end of a block to the other prices wander further than squares around a centre allow, in its parts less far,
/// but for one part, where they leap.
#[test]
fn blocks_that_wander_too_far_are_cut() {
    let rows = 16_384_u32;
    let mut random = Random::new(8);
    let far = 2_f64.powf(49.6);
    let x: Vec<f64> = (0..rows)
        .map(|row| {
            let level = if row < 2048 { f64::from(row % 2 == 0) } else { f64::from(row) / f64::from(rows) };
            1.5 + ((level * 2.0 - 1.0) * far + random.below(1 << 30) as f64).floor() * UNIT
        })
        .collect();
    for window in [20, 90, 300] {
        check("wandering", &x, window, 1, 37);
    }
}

/// Constant and nearly constant windows, whose variance is nothing beside what their block's squares can be.
#[test]
fn quiet_long_windows_in_a_lively_block_are_exact() {
    let mut random = Random::new(5);
    let x: Vec<f64> = (0..2 * ROWS)
        .map(|row| {
            let k = match row / 600 {
                0 | 9 => (random.unit() - 0.5) * 2_f64.powi(47),
                4 => 2_f64.powi(45),
                part => 2_f64.powi(46) - random.unit() * 2_f64.powi(5 * part as i32),
            };
            1.5 + k.floor() * UNIT
        })
        .collect();
    for window in [60, 256, 400] {
        check("quiet", &x, window, 1, 11);
    }
}

/// The divisor is a power of two and the spread one bit longer than a double, so that every other odd one is a tie.
#[test]
fn ties_of_long_windows_are_rounded_to_even() {
    let (window, mut random, mut ties) = (256, Random::new(6), 0);
    let coarse = 2_f64.powi(28);
    let x: Vec<f64> = (0..ROWS)
        .map(|row| {
            let k = (random.unit() - 0.5) * 2_f64.powf(20.5);
            // Two that are fine, so that the grid is, and between them only coarse ones.
            1.5 + (k.floor() * coarse + if row % 1500 == 20 { 1.0 } else { 0.0 }) * UNIT
        })
        .collect();
    check("ties", &x, window, 0, 3);
    for rows in x.windows(window) {
        let integers: Vec<f64> = rows.iter().map(|v| (v - 1.5) / UNIT / coarse).collect();
        let (sum, squares) =
            (integers.iter().sum::<f64>() as i128, integers.iter().map(|k| k * k).sum::<f64>() as i128);
        let spread = window as i128 * squares - sum * sum;
        let all_coarse = integers.iter().all(|k| k.fract() == 0.0);
        ties += usize::from(all_coarse && spread >> 53 == 1 && spread & 1 == 1);
    }
    assert!(ties > 300, "{ties}");
}
