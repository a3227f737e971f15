//! The law on inputs made to be slow: every one has the exact oracle's bits, in the batch and in the twins.

use num_bigint::BigInt;
use omega_slicer::kernels::*;

use crate::hostile_series::{Family, dense_cancellation, families};
use crate::oracle::{counted, cov, mean};
use crate::same;

/// Rows in the middle of things, and the last.
fn sampled(n: usize, window: usize) -> impl Iterator<Item = usize> {
    (0..n).filter(move |row| row % 37 == 5 || (window - 1..window + 4).contains(row) || *row == n - 1)
}

fn check(family: &Family, window: usize) {
    let Family { name, x, y, ddof, skip, min_periods } = family;
    let nan = if *skip { NanPolicy::Skip } else { NanPolicy::Propagate };
    let setting = Window::new(window).min_periods(*min_periods).nan(nan);
    let n = x.len();
    let (mut means, mut vars, mut covs) = (vec![0.5; n], vec![0.5; n], vec![0.5; n]);
    rolling_mean(x, setting, &mut means).unwrap();
    rolling_var(x, setting, *ddof, &mut vars).unwrap();
    rolling_cov(x, y, setting, *ddof, &mut covs).unwrap();
    let mut mean_twin = RollingMean::new(setting).unwrap();
    let mut var_twin = RollingVar::new(setting, *ddof).unwrap();
    let mut cov_twin = RollingCov::new(setting, *ddof).unwrap();
    for i in 0..n {
        for (kernel, twin, batch) in [
            ("mean", mean_twin.push(x[i]), means[i]),
            ("var", var_twin.push(x[i]), vars[i]),
            ("cov", cov_twin.push(x[i], y[i]), covs[i]),
        ] {
            assert!(same(twin, batch), "{kernel} of {name}, {window}, row {i}: a twin's {twin:e}, not {batch:e}");
        }
    }
    for i in sampled(n, window) {
        let values = counted(x, i, window, *min_periods, *skip);
        let expected = values.map_or([f64::NAN; 2], |v| [mean(&v, v.len()), cov(&v, &v, *ddof)]);
        assert!(same(means[i], expected[0]), "mean of {name}, {window}, row {i}: {:e}, {:e}", means[i], expected[0]);
        assert!(same(vars[i], expected[1]), "var of {name}, {window}, row {i}: {:e}, {:e}", vars[i], expected[1]);
        let rows = (i + 1).saturating_sub(window)..=i;
        let length = rows.clone().count();
        let (xs, ys): (Vec<_>, Vec<_>) = rows.map(|i| (x[i], y[i])).filter(|(x, y)| !x.is_nan() && !y.is_nan()).unzip();
        let defined = (*skip || xs.len() == length) && xs.len() >= *min_periods;
        let expected = if defined { cov(&xs, &ys, *ddof) } else { f64::NAN };
        assert!(same(covs[i], expected), "cov of {name}, {window}, row {i}: {:e}, {expected:e}", covs[i]);
    }
}

#[test]
fn every_hostile_input_has_the_exact_oracles_bits() {
    for window in [2, 20, 200] {
        for family in families(900, window) {
            check(&family, window);
            // What overflows is easy.
            if family.name.contains("tie") || family.name == "dense cancellation" {
                let (n, last) = (family.x.len(), family.x.len() - 1);
                let counted = counted(&family.x, last, window, 1, true).expect("values");
                assert!(n > window && cov(&counted, &counted, family.ddof) < f64::INFINITY, "{}", family.name);
            }
        }
    }
}

/// Variances and covariances of few values of few magnitudes, most of which are half way between two doubles but for
/// what lies far below: ties of any magnitude come and go, so that each limb is now among the leading, now far below.
#[test]
fn ties_of_every_magnitude_that_come_and_go_have_the_exact_oracles_bits() {
    // Its square has one bit more than a double.
    let half_way = 100_000_001.0;
    let mut state = 7_u64;
    let mut random = |n: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as usize % n
    };
    let mut ties = 0;
    for round in 0..600 {
        let powers = [[480, 200, -40, -400], [300, 170, 40, -90], [64, 0, -64, -128]][round % 3];
        let mut series = || -> Vec<f64> {
            let mut value = |_| match random(10) {
                0..4 => 0.0,
                4 => [5e-324, -5e-324][random(2)],
                _ => [half_way, -half_way][random(2)] * 2_f64.powi(powers[random(4)]),
            };
            (0..90).map(&mut value).collect()
        };
        let (x, y) = (series(), series());
        for window in [2, 4, 8] {
            let setting = Window::new(window);
            let (mut vars, mut covs) = (vec![0.5; x.len()], vec![0.5; x.len()]);
            rolling_var(&x, setting, 0, &mut vars).unwrap();
            rolling_cov(&x, &y, setting, 0, &mut covs).unwrap();
            for row in window - 1..x.len() {
                let (xs, ys) = (&x[row + 1 - window..=row], &y[row + 1 - window..=row]);
                assert!(same(vars[row], cov(xs, xs, 0)), "var of {xs:?}: {:e}, not {:e}", vars[row], cov(xs, xs, 0));
                assert!(same(covs[row], cov(xs, ys, 0)), "cov of {xs:?}, {ys:?}: {:e}", covs[row]);
                ties += usize::from(xs.iter().sum::<f64>() == 0.0 && vars[row] > 1.0);
            }
        }
    }
    assert!(ties > 5000, "{ties}");
}

/// A sum half way between two doubles, but for values far below, which themselves nearly cancel where one limb ends.
#[test]
fn a_sum_half_way_is_rounded_by_the_sign_of_what_lies_far_below() {
    let (mut x, window) = (Vec::new(), 6);
    for place in 460..660 {
        for (full, whole) in (0..4).flat_map(|full| (-3..=3).map(move |whole| (full, whole))) {
            for (sign, half) in [(1.0, 1.0), (-1.0, 1.0), (1.0, 3.0), (-1.0, 3.0)] {
                let below = 2_f64.powi(place) * (1.0 - 2_f64.powi(-53));
                x.extend([sign * 2_f64.powi(903), sign * half * 2_f64.powi(850), f64::from(whole) * 2_f64.powi(place)]);
                x.extend((0..3).map(|i| if i < full { below } else { 0.0 }));
            }
        }
    }
    let (mut sums, mut means) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    rolling_sum(&x, Window::new(window), &mut sums).unwrap();
    rolling_mean(&x, Window::new(window), &mut means).unwrap();
    for (at, rows) in x.chunks(window).enumerate() {
        let row = window * at + window - 1;
        assert!(same(sums[row], mean(rows, 1)), "the sum of {rows:?} is {:e}", sums[row]);
        assert!(same(means[row], mean(rows, window)), "the mean of {rows:?} is {:e}", means[row]);
    }
}

/// What is left of a sum lies two places of 53 bits below its largest value: half way between two doubles, but for a
/// value far below.
#[test]
fn a_sum_whose_leading_digits_cancel_is_rounded_by_what_is_left() {
    let almost_1 = 1.0 - 2_f64.powi(-53);
    let (mut x, window) = (Vec::new(), 6);
    for place in 300..430 {
        let largest = 2_f64.powi(place);
        for (sign, half, rest) in
            [(1.0, 1.0, 1.0), (1.0, 3.0, -1.0), (-1.0, 1.0, 1.0), (-1.0, 3.0, 0.0), (1.0, 1.0, 0.0)]
        {
            let left = [largest, -largest * almost_1, -largest * 2_f64.powi(-53) * almost_1];
            let below = [largest * 2_f64.powi(-106 - 53) * half, rest * largest * 2_f64.powi(-230), rest * 5e-324];
            x.extend(left.iter().chain(&below).map(|v| sign * v));
        }
    }
    let (mut sums, mut means) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    rolling_sum(&x, Window::new(window), &mut sums).unwrap();
    rolling_mean(&x, Window::new(window), &mut means).unwrap();
    for row in window - 1..x.len() {
        let rows = &x[row + 1 - window..=row];
        assert!(same(sums[row], mean(rows, 1)), "the sum of {rows:?} is {:e}", sums[row]);
        assert!(same(means[row], mean(rows, window)), "the mean of {rows:?} is {:e}", means[row]);
    }
}

/// The construction is what it says: in units of the smallest square, the sums of a window cancel down to one.
#[test]
fn the_deepest_cancellation_is_one_unit_at_the_end_of_the_range() {
    let window = 256;
    let x = dense_cancellation(window, window, 1);
    let exact = |x: f64| {
        let bits = x.to_bits();
        let (exponent, fraction) = (bits >> 52 & 0x7ff, BigInt::from(bits & 0xf_ffff_ffff_ffff));
        let magnitude = if exponent == 0 { fraction } else { (fraction + (1_u64 << 52)) << (exponent - 1) };
        if x < 0.0 { -magnitude } else { magnitude }
    };
    let sum: BigInt = x.iter().map(|&x| exact(x)).sum();
    let squares: BigInt = x.iter().map(|&x| exact(x) * exact(x)).sum();
    let spread = squares * window - &sum * &sum;
    // Half way between two doubles but for bits that are more than 3000 places below.
    let length = spread.bits();
    let below: BigInt = &spread & ((BigInt::from(1) << (length - 53)) - 1);
    let from_half: BigInt = below - (BigInt::from(1) << (length - 54));
    assert!(from_half != BigInt::ZERO && from_half.bits() + 3000 < length, "{} of {length}", from_half.bits());
    // The sum is dense.
    assert!(sum.magnitude().iter_u64_digits().filter(|digit| *digit != 0).count() > 22);
}
