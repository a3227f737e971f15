//! The logarithm of `log_returns` against big integers: whatever is returned must be the double nearest to the exact
//! value, above all where that lies next to half way between two.

use num_bigint::BigInt;
use omega_slicer::kernels::*;

use crate::assert_same;
use crate::series::Random;

/// Fractional bits of the numbers here: exact for doubles from 2^-348 on, and a logarithm is 2^-53 at least.
const BITS: i32 = 400;

/// A double with no bit below `2^-BITS`.
fn fixed(x: f64) -> BigInt {
    let (exponent, fraction) = ((x.to_bits() >> 52 & 0x7ff) as i32, x.to_bits() & ((1 << 52) - 1));
    let magnitude =
        if x == 0.0 { BigInt::from(0) } else { BigInt::from(fraction | 1 << 52) << (exponent - 1075 + BITS) };
    if x < 0.0 { -magnitude } else { magnitude }
}

/// 2 * atanh(n / d), by its series.
fn twice_atanh(n: &BigInt, d: &BigInt) -> BigInt {
    let s = (n << BITS) / d;
    let square: BigInt = (&s * &s) >> BITS;
    let (mut sum, mut power, mut divisor) = (s.clone(), s, 1);
    while power.magnitude().bits() > 0 {
        power = (power * &square) >> BITS;
        if power == BigInt::from(-1) {
            break;
        }
        divisor += 2;
        sum += &power / divisor;
    }
    sum << 1
}

/// The logarithm of a positive double to 390 bits or so.
fn logarithm(x: f64) -> BigInt {
    let scaled = if x < f64::MIN_POSITIVE { x * 2_f64.powi(54) } else { x };
    let exponent = (scaled.to_bits() >> 52) as i32 - 1023 - if scaled == x { 0 } else { 54 };
    let m = BigInt::from(scaled.to_bits() & ((1 << 52) - 1) | 1 << 52);
    // Of the two ways to write x as 2^k * m the one with m near 1, so that nothing cancels.
    let (one, k) =
        if m > BigInt::from(6_369_051_672_525_773_u64) { (1_u64 << 53, exponent + 1) } else { (1 << 52, exponent) };
    let ln2 = twice_atanh(&BigInt::from(1), &BigInt::from(3));
    twice_atanh(&(&m - one), &(&m + one)) + ln2 * k
}

/// Asserts that `y` is the double nearest to ln(x).
#[track_caller]
fn assert_nearest(x: f64, y: f64) {
    let twice = logarithm(x) << 1;
    let (below, above) = (fixed(y) + fixed(y.next_down()), fixed(y) + fixed(y.next_up()));
    assert!(below < twice && twice < above, "ln({x:e}) is not {y:e}, {:016x} of {:016x}", y.to_bits(), x.to_bits());
}

/// The logarithms that every set of instructions gives, as quotients with 1.
fn logarithms(values: &[f64]) -> Vec<f64> {
    let n = values.len();
    let x: Vec<f64> = std::iter::repeat_n(1.0, n).chain(values.iter().copied()).collect();
    let mut all = Isa::available().map(|isa| {
        let mut out = vec![0.5; 2 * n];
        isa.run(|| log_returns(&x, n, &mut out)).unwrap();
        (isa, out.split_off(n))
    });
    let (_, first) = all.next().unwrap();
    for (isa, other) in all {
        assert_same(&format!("{isa:?}"), &other, &first);
    }
    let streamed: Vec<f64> = values
        .iter()
        .map(|&v| {
            let mut twin = StreamingLogReturns::new(1).unwrap();
            twin.push(1.0);
            twin.push(v)
        })
        .collect();
    assert_same("streaming", &streamed, &first);
    first
}

/// How far r - r^2/2 + r^3/3 - ... is from half way between two doubles, in units of the last place: in pairs of
/// doubles, coarse but enough to find what is close.
fn distance_from_half_way(r: f64) -> f64 {
    let high = r - r * r / 2.0;
    let square = r * r;
    let series = (3..16).rev().fold(0.0, |sum, n| 1.0 / f64::from(n) - r * sum);
    let low = (r - high) - square / 2.0 - r.mul_add(r, -square) / 2.0 + r * square * series;
    let sum = high + low;
    let rest = (high - sum) + low;
    let ulp = sum.abs().next_up() - sum.abs();
    ((rest / ulp).abs() - 0.5).abs()
}

#[test]
fn the_logarithm_is_right_where_it_is_hardest_to_round() {
    // The hardest of 700,000 in each of 13 binades.
    let mut values = [
        0x001f_2a30_1878_dd98,
        0x1435_6c7f_2d17_af05,
        0x2d3b_a77d_000e_576a,
        0x3e1a_85a7_a4ce_5c73,
        0x3fd0_8ff1_8159_4bef,
        0x3fe5_d257_35d6_9266,
        0x3ff7_4b1b_87c9_0802,
        0x4003_803e_fc38_4640,
        0x401a_9a33_c314_b096,
        0x4087_0e9a_af0e_2056,
        0x44c2_94d0_e2a8_dfda,
        0x5f32_13a4_c4a1_b6d6,
        0x7fe9_5882_c4c1_5cea,
    ]
    .map(f64::from_bits)
    .to_vec();
    for &x in &values {
        let twice = logarithm(x) << 1;
        let y = x.ln();
        let ulp = fixed(y.abs().next_up()) - fixed(y.abs());
        let is_close = |y: f64| {
            let beyond: BigInt = fixed(y) + fixed(y.next_up()) - &twice;
            beyond.magnitude() << 17 < *ulp.magnitude()
        };
        assert!([y.next_down(), y, y.next_up()].into_iter().any(is_close), "{x:e} is no hard case");
    }
    // Near 1, the hardest of many: at each scale those whose logarithm lies closest to half way.
    let mut random = Random::new(31);
    for scale in 5..52 {
        let mut found: Vec<(f64, f64)> = (0..if scale < 10 { 200_000 } else { 4000 })
            .map(|_| {
                let x = 1.0 + (random.unit() - 0.5) * 2_f64.powi(1 - scale);
                (distance_from_half_way(x - 1.0), x)
            })
            .collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        values.extend(found[..if scale < 10 { 100 } else { 12 }].iter().map(|pair| pair.1));
    }
    values.retain(|&x| x != 1.0);
    for (x, y) in values.iter().zip(logarithms(&values)) {
        assert_nearest(*x, y);
    }
}

#[test]
fn the_logarithm_of_any_quotient_is_the_nearest_double() {
    let mut random = Random::new(37);
    let mut values: Vec<f64> = Vec::new();
    // Both sides of where one way of computing gives place to another.
    let edges =
        [1.0, 1.0 + 1.0 / 128.0, 1.0 - 1.0 / 128.0, 63.0 / 64.0, 65.0 / 64.0, std::f64::consts::SQRT_2, 2.0, 0.5];
    for edge in edges {
        let (mut below, mut above) = (edge, edge);
        for _ in 0..9 {
            (below, above) = (below.next_down(), above.next_up());
            values.extend([below, above]);
        }
    }
    for scale in 0..54 {
        values.extend((0..8).map(|_| 1.0 + (random.unit() - 0.5) * 2_f64.powi(-scale)));
    }
    values.extend((0..400).map(|_| f64::from_bits(random.bits() & (i64::MAX as u64))).filter(|x| x.is_finite()));
    values.extend((0..200).map(|_| 0.5 + random.unit() * 1.5));
    values.extend([f64::MAX, f64::MIN_POSITIVE, f64::MIN_POSITIVE.next_down(), 5e-324, 1e-320]);
    values.retain(|&x| x != 1.0);
    for (x, y) in values.iter().zip(logarithms(&values)) {
        assert_nearest(*x, y);
    }
}

#[test]
fn every_way_to_a_logarithm_ends_on_the_same_double() {
    // So many that hundreds lie closer to half way between two doubles than pairs of doubles can tell.
    let mut random = Random::new(41);
    let mut values: Vec<f64> = Vec::new();
    for _ in 0..20_000 {
        let spread = 2_f64.powi(-(random.bits() as i32 & 7));
        // Neighbours far from 1 and near it, so that none of the ways is taken by a whole vector alone.
        values.extend([1.0 + (random.unit() - 0.5) * spread, 0.7 + 0.75 * random.unit()]);
        values.extend([random.unit() * 40.0, 1.0 + (random.unit() - 0.5) / 100.0]);
        let exponent = 2_f64.powi((random.bits() % 2044) as i32 - 1022);
        values.extend([(1.0 + random.unit()) * exponent, f64::MIN_POSITIVE * random.unit()]);
    }
    values.retain(|&x| x != 1.0);
    logarithms(&values);
}

#[test]
fn quotients_without_a_logarithm_change_no_neighbour() {
    let special = [(f64::NAN, f64::NAN), (0.0, f64::NEG_INFINITY), (-0.0, f64::NEG_INFINITY), (-1.0, f64::NAN)];
    let special =
        special.into_iter().chain([(f64::INFINITY, f64::INFINITY), (f64::NEG_INFINITY, f64::NAN), (1.0, 0.0)]);
    let calm: Vec<f64> = (0..21).map(|i| 1.0 + f64::from(i - 10) * 1e-4).collect();
    let expected = logarithms(&calm);
    for (value, logarithm) in special {
        for place in 0..calm.len() {
            let (mut x, mut expected) = (calm.clone(), expected.clone());
            (x[place], expected[place]) = (value, logarithm);
            assert_same(&format!("{value} at {place}"), &logarithms(&x), &expected);
        }
    }
}
