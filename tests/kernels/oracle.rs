//! The statistics from their definitions, in big integers: every double is a multiple of 2^-1074.

use num_bigint::{BigInt, BigUint, Sign};

/// A finite double in units of 2^-1074.
fn exact(x: f64) -> BigInt {
    let bits = x.to_bits();
    let (exponent, fraction) = ((bits >> 52) & 0x7ff, bits & 0xf_ffff_ffff_ffff);
    let magnitude =
        if exponent == 0 { BigUint::from(fraction) } else { BigUint::from(fraction | 1 << 52) << (exponent - 1) };
    BigInt::from_biguint(if x < 0.0 { Sign::Minus } else { Sign::Plus }, magnitude)
}

/// The double nearest to `n / d * 2^-unit`: among the candidates by bit pattern, by comparing exactly.
fn nearest(n: &BigInt, d: u64, unit: u64) -> f64 {
    if n.sign() == Sign::NoSign {
        return 0.0;
    }
    // The largest magnitude not above, by bisection over the bit patterns.
    let target = n.magnitude() << 1074_u32;
    let reaches = |bits: u64| (exact(f64::from_bits(bits)).magnitude() * d) << unit;
    let (mut low, mut high) = (0_u64, f64::MAX.to_bits());
    if reaches(high) <= target {
        low = high;
    }
    while low + 1 < high {
        let middle = u64::midpoint(low, high);
        if reaches(middle) <= target { low = middle } else { high = middle }
    }
    // Half way between it and the next, which beyond the largest is 2^1024.
    let ulp = (low >> 52).max(1) - 1;
    let twice = ((exact(f64::from_bits(low)).magnitude() << 1_u32) + (BigUint::from(1_u32) << ulp)) * d;
    let twice = twice << unit;
    let up = match (target << 1_u32).cmp(&twice) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => low & 1 == 1,
        std::cmp::Ordering::Less => false,
    };
    let magnitude = f64::from_bits(low + u64::from(up));
    if n.sign() == Sign::Minus { -magnitude } else { magnitude }
}

fn infinite(values: &[f64]) -> Option<f64> {
    let (above, below) = (values.contains(&f64::INFINITY), values.contains(&f64::NEG_INFINITY));
    match (above, below) {
        (false, false) => None,
        (true, false) => Some(f64::INFINITY),
        (false, true) => Some(f64::NEG_INFINITY),
        (true, true) => Some(f64::NAN),
    }
}

/// RN(Sx / m) of the counted values; `m` is 1 for a sum.
pub(crate) fn mean(values: &[f64], m: usize) -> f64 {
    infinite(values).unwrap_or_else(|| nearest(&values.iter().map(|&x| exact(x)).sum(), m as u64, 1074))
}

/// RN((m*Sxy - Sx*Sy) / (m*(m - ddof))).
pub(crate) fn cov(x: &[f64], y: &[f64], ddof: usize) -> f64 {
    let m = x.len();
    if m <= ddof || x.iter().chain(y).any(|v| v.is_infinite()) {
        return f64::NAN;
    }
    let (x, y): (Vec<_>, Vec<_>) = x.iter().zip(y).map(|(&x, &y)| (exact(x), exact(y))).unzip();
    let sxy: BigInt = x.iter().zip(&y).map(|(x, y)| x * y).sum();
    let spread = sxy * m - x.iter().sum::<BigInt>() * y.iter().sum::<BigInt>();
    nearest(&spread, (m * (m - ddof)) as u64, 2148)
}

/// The values of row `i`'s window, or none where the result is NaN whatever the statistic.
pub(crate) fn counted(x: &[f64], i: usize, window: usize, min_periods: usize, skip: bool) -> Option<Vec<f64>> {
    let rows = &x[(i + 1).saturating_sub(window)..=i];
    let values: Vec<_> = rows.iter().copied().filter(|v| !v.is_nan()).collect();
    ((skip || values.len() == rows.len()) && values.len() >= min_periods).then_some(values)
}
