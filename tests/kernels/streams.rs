//! The twins' two ways of keeping a sum give one answer: on the values that move them from one to the other, the bits
//! are those of a batch kernel, and of the exact oracle.

use omega_slicer::kernels::*;

use crate::oracle::{cov, mean};
use crate::same;
use crate::series::{Random, walk};

/// Pushes everything, and compares each full window with the oracle.
fn check(what: &str, x: &[f64], y: &[f64], window: usize) {
    let setting = Window::new(window);
    let (mut means, mut vars) = (RollingMean::new(setting).unwrap(), RollingVar::new(setting, 1).unwrap());
    let mut covs = RollingCov::new(setting, 1).unwrap();
    for i in 0..x.len() {
        let got = [means.push(x[i]), vars.push(x[i]), covs.push(x[i], y[i])];
        if i + 1 >= window {
            let rows = i + 1 - window..=i;
            let (xs, ys) = (&x[rows.clone()], &y[rows]);
            for ((kernel, got), expected) in
                ["mean", "var", "cov"].iter().zip(got).zip([mean(xs, window), cov(xs, xs, 1), cov(xs, ys, 1)])
            {
                assert!(same(got, expected), "{kernel} of {what}, {window}, row {i}: {got:e}, not {expected:e}");
            }
        }
    }
}

#[test]
fn twins_keep_their_bits_as_values_become_finer_larger_and_ordinary_again() {
    let n = 700;
    let mut random = Random::new(5);
    let prices = walk(6, 1.1, 1e-3, n);
    // Now and then a value that is finer, larger, or neither fits the grid nor lets another fit.
    for strange in [1e-3, 1e3, 1e9, 1e18, 1e-9, 1e-18, 1e300, 5e-324, 0.0, -1e-300] {
        for every in [1, 2, 3, 7, 29, 97] {
            let x: Vec<f64> =
                prices.iter().enumerate().map(|(i, &v)| if i % every == 0 { v * strange } else { v }).collect();
            for window in [1, 2, 3, 20, 64] {
                check(&format!("{strange:e} every {every}"), &x[..300], &prices[..300], window);
            }
        }
    }
    // Every magnitude for a while, then prices.
    let x: Vec<f64> = (0..n).map(|i| if i / 100 % 2 == 0 { random.magnitude(-900, 900) } else { prices[i] }).collect();
    check("magnitudes and prices in turn", &x, &prices, 20);
    check("prices and magnitudes in turn", &prices, &x, 20);
}

#[test]
fn twins_keep_their_bits_as_prices_leave_the_level_they_began_at() {
    // Coarse steps, so that the square of the distance from the first price soon takes more than 128 bits.
    for (step, window) in [(0.01, 20), (0.05, 64), (0.2, 200)] {
        let x: Vec<f64> = walk(7, 1.1, 1e-4, 600).into_iter().enumerate().map(|(i, v)| v + step * i as f64).collect();
        let y: Vec<f64> = x.iter().map(|v| 3e4 - 17.0 * v).collect();
        check("a trend", &x, &y, window);
    }
    let mut random = Random::new(8);
    // 62 bits of range: nothing is far from the anchor for its size, everything is too wide for one word.
    let wide: Vec<f64> = (0..600).map(|_| random.below(1 << 60) as f64).collect();
    let other: Vec<f64> = (0..600).map(|_| random.below(1 << 53) as f64 - 4e15).collect();
    check("integers of 60 bits", &wide, &other, 20);
    check("integers of 53 bits", &other, &wide, 20);
    let steps: Vec<f64> = (0..600).map(|i| f64::from(i / 50) * 1e17 + random.below(1 << 20) as f64 * 16.0).collect();
    check("levels far apart", &steps, &other, 20);
}
