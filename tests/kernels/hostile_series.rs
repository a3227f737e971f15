//! Inputs made to be slow: what takes a kernel off its fast path, and once off it, to the bottom of its sums.
//! Those with a period have the same rows in every window, so that each row is the worst there is.

use num_bigint::BigUint;

/// Two series and the setting that they are worst in.
pub(crate) struct Family {
    pub(crate) name: &'static str,
    pub(crate) x: Vec<f64>,
    pub(crate) y: Vec<f64>,
    pub(crate) ddof: usize,
    /// NaNs are not counted.
    pub(crate) skip: bool,
    pub(crate) min_periods: usize,
}

struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// In [0, 1).
    fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn sign(&mut self) -> f64 {
        if self.bits() >> 63 == 0 { 1.0 } else { -1.0 }
    }
}

fn walk(seed: u64, start: f64, step: f64, n: usize) -> Vec<f64> {
    let (mut random, mut price) = (Random(seed), start);
    std::iter::repeat_with(|| {
        price *= 1.0 + step * (random.unit() - 0.5);
        price
    })
    .take(n)
    .collect()
}

fn some(seed: u64, n: usize, mut value: impl FnMut(usize, &mut Random) -> f64) -> Vec<f64> {
    let mut random = Random(seed);
    (0..n).map(|i| value(i, &mut random)).collect()
}

/// `f * 2^exponent` for any exponent of the doubles.
fn times_power(f: f64, exponent: i32) -> f64 {
    f * 2_f64.powi(exponent / 2) * 2_f64.powi(exponent - exponent / 2)
}

/// A full mantissa at `exponent`, its lowest bit set.
fn dense(random: &mut Random, exponent: i32) -> f64 {
    times_power((random.bits() >> 11 | 1 << 52 | 1) as f64, exponent - 52)
}

/// Values that together fill every place of the doubles, in turn from the largest down.
fn every_place(i: usize, random: &mut Random) -> f64 {
    dense(random, 1000 - 40 * (i as i32 % 51))
}

/// Squares that are one bit longer than a double: the variance of as many of one sign as of the other is half way
/// between doubles as long as nothing else is there.
const HALF_WAY: f64 = 100_000_001.0;

/// One of each window's rows in `others`, the rest giants of both signs; `ddof` makes their variance a tie.
fn ties(n: usize, window: usize, others: &[f64]) -> (Vec<f64>, usize) {
    let count = others.len().min(window / 2) & !1;
    // Its square is near the largest double.
    let giant = times_power(HALF_WAY, 484);
    let x = (0..n).map(|i| match i % window {
        at if at < count => others[at],
        at if at % 2 == 0 => giant,
        _ => -giant,
    });
    (x.collect(), count)
}

/// The same, but that in every other window neighbours change places: what enters is never what leaves, and in every
/// other row the values are the same as before. The window is even.
fn neighbours_swapped(x: &[f64], window: usize) -> Vec<f64> {
    (0..x.len()).map(|i| if i / window % 2 == 1 { x.get(i ^ 1).copied().unwrap_or(0.0) } else { x[i] }).collect()
}

/// Each window's sum is dense in every place, and its variance half way between two doubles but for a few units at the
/// bottom of 3000 bits: small values of one sign, and pairs of both whose squares cancel the square of their sum. The
/// window is even.
pub(crate) fn dense_cancellation(n: usize, window: usize, seed: u64) -> Vec<f64> {
    let mut random = Random(seed);
    // The variance is near the largest double.
    let top = 1530;
    let m = BigUint::from(window);
    // In units of 2^-1074: all are multiples of the window, so that what is left divides by it.
    let mut values: Vec<(u64, u64)> =
        (1..top / 45).map(|place| ((random.bits() >> 25 | 1) * window as u64, 45 * place)).collect();
    let exact = |&(mantissa, bit): &(u64, u64)| BigUint::from(mantissa) << bit;
    let sum: BigUint = values.iter().map(exact).sum();
    let squares: BigUint = values.iter().map(|value| exact(value).pow(2)).sum();
    // m * (squares + 2 * those of the pairs) - sum^2 = m^2 * (a number of 54 bits, the lowest set)
    let half_way = (BigUint::from(1_u64 << 53 | random.bits() >> 12 | 1) << (2 * top + 40)) * &m * &m;
    let mut left = (half_way + sum.pow(2) - squares * &m) / (m * 2_u32);
    let mut rows = Vec::new();
    while left.bits() > 16 {
        let bit = (left.bits() / 2).saturating_sub(52);
        let root = u64::try_from((&left >> (2 * bit)).sqrt()).expect("53 bits");
        let (root, bit) = if root >> 53 == 0 { (root, bit) } else { (root >> 1, bit + 1) };
        left -= exact(&(root, bit)).pow(2);
        rows.extend([(root, bit, 1.0), (root, bit, -1.0)]);
    }
    rows.extend(values.drain(..).map(|(mantissa, bit)| (mantissa, bit, 1.0)));
    assert!(rows.len() <= window);
    let rows: Vec<f64> =
        rows.into_iter().map(|(mantissa, bit, sign)| sign * times_power(mantissa as f64, bit as i32 - 1074)).collect();
    // In an order that has nothing to do with size.
    (0..n).map(|i| rows.get(i % window * 7 % window).copied().unwrap_or(0.0)).collect()
}

/// Variances that are ties, or next to one.
fn tied(n: usize, window: usize) -> Vec<Family> {
    let mut random = Random(36);
    let places: Vec<f64> = (0..100).map(|i| every_place(i, &mut random) * 1e-150).collect();
    let family = |others: &[f64], swapped: bool, name| {
        let (x, ddof) = ties(n, window, others);
        let x = if swapped { neighbours_swapped(&x, window) } else { x };
        Family { name, y: x.clone(), x, ddof, skip: false, min_periods: window }
    };
    let mut all = vec![
        family(&[0.0, 5e-324], false, "ties and the smallest"),
        family(&places, false, "ties and every place"),
        family(&[0.0, 0.0], false, "ties"),
        family(&[0.0, 5e-324], true, "ties and the smallest, swapped"),
        family(&[0.0, -5e-324], true, "ties less the smallest, swapped"),
        family(&places, true, "ties and every place, swapped"),
    ];
    if window >= 200 {
        let (x, y) = (dense_cancellation(n, window, 41), dense_cancellation(n, window, 42));
        let swapped = [&x, &y].map(|x| neighbours_swapped(x, window));
        all.push(Family { name: "dense cancellation", x, y, ddof: 0, skip: false, min_periods: window });
        let ([x, y], name) = (swapped, "dense cancellation, swapped");
        all.push(Family { name, x, y, ddof: 0, skip: false, min_periods: window });
    }
    all
}

/// The price walk first, then the rest.
pub(crate) fn families(n: usize, window: usize) -> Vec<Family> {
    let prices = || walk(1, 1.1, 2e-4, n);
    let index = || walk(2, 40_000.0, 2e-3, n);
    let mixed = |seed| some(seed, n, |_, r| times_power(r.unit() - 0.5, (r.unit() * 2040.0 - 1020.0) as i32));
    let half_mixed = |seed| some(seed, n, |_, r| times_power(r.unit() - 0.5, (r.unit() * 1020.0 - 510.0) as i32));
    let mut all = Vec::new();
    let mut add = |name, x: Vec<f64>, y: Vec<f64>| {
        all.push(Family { name, x, y, ddof: 1, skip: false, min_periods: window });
    };
    add("prices", prices(), index());
    add("mixed", mixed(3), mixed(4));
    add("mixed without overflow", half_mixed(3), half_mixed(4));
    add("mixed and prices", mixed(5), prices());
    let giants = |seed| {
        let mut x = mixed(seed);
        // The largest of each seventh row: a square that is a tie, the rest near nothing.
        for (i, v) in x.iter_mut().enumerate().step_by(7) {
            *v = times_power(134_217_729.0, 900 + i as i32 % 3);
        }
        x
    };
    add("dense with giants", giants(6), giants(7));
    add("every place", some(8, n, every_place), some(9, n, every_place));
    let subnormals = |seed| some(seed, n, |_, r| f64::from_bits(r.bits() >> 12) * r.sign());
    add("subnormals", subnormals(10), subnormals(11));
    add("near 1e154", some(12, n, |_, r| (r.unit() - 0.5) * 1e154), some(13, n, |_, r| (r.unit() - 0.5) * 1e154));
    add("near 1e-160", some(14, n, |_, r| (r.unit() - 0.5) * 1e-160), some(15, n, |_, r| (r.unit() - 0.5) * 1e-160));
    add(
        "alternating huge",
        some(16, n, |i, r| if i % 2 == 0 { 1e308 } else { -1e308 } * r.unit()),
        some(17, n, |i, r| if i % 2 == 0 { 1e308 } else { -1e308 } * r.unit()),
    );
    // The sum is now barely above zero, now barely below: a carry through the whole of two's complement.
    let round_zero = |i: usize, _: &mut Random| [1e300, 5e-324, -1e300, -5e-324, -5e-324, 5e-324][i % 6];
    add("round zero", some(18, n, round_zero), some(19, n, round_zero));
    // A giant in every other row: the leading digit comes and goes.
    let coming_and_going =
        |i: usize, r: &mut Random| if i.is_multiple_of(window + 1) { 1e308 } else { dense(r, -1000) };
    add("giants come and go", some(20, n, coming_and_going), some(21, n, coming_and_going));
    let ones = |i: usize, _: &mut Random| times_power(9_007_199_254_740_991.0, 917 - 53 * (i % 37) as i32);
    add("all ones", some(22, n, ones), some(23, n, ones));
    let gaps =
        |value: f64| prices().into_iter().enumerate().map(|(i, v)| if i % 300 == 299 { value } else { v }).collect();
    add("a NaN in 300", gaps(f64::NAN), index());
    add("an infinity in 300", gaps(f64::INFINITY), index());
    add("a tick of 1e300 in 300", gaps(1e300), index());
    let rare = prices().into_iter().enumerate().map(|(i, v)| if i % 600 == 599 { 5e-324 } else { v }).collect();
    add("a tick of 5e-324 in 600", rare, index());
    let logs = |x: Vec<f64>| -> Vec<f64> {
        std::iter::once(0.0).chain(x.windows(2).map(|pair| (pair[1] / pair[0]).ln())).collect()
    };
    add("log returns", logs(prices()), logs(index()));
    // Where one series has values the other has none, so the products of their sums are all there is.
    let every_other = |odd: usize, seed| some(seed, n, |i, r| if i % 2 == odd { every_place(i / 2, r) } else { 0.0 });
    add("independent", every_other(0, 24), every_other(1, 25));
    // Sums whose product is a tie but for the smallest double.
    let x = some(26, n, |i, _| if i % window == 0 { 9_007_199_254_740_993.0 / 2.0 } else { 0.0 });
    let x = x
        .iter()
        .enumerate()
        .map(|(i, &v)| if i % window == 2 { 5e-324 } else { v + if i % window == 4 { 0.5 } else { 0.0 } });
    let spread = (window * (window - 1)) as f64;
    add("product a tie", x.collect(), some(27, n, |i, _| if i % window == 1 { spread } else { 0.0 }));
    add("rising", some(28, n, |i, _| i as f64), some(29, n, |i, r| i as f64 + r.unit()));
    add("falling", some(30, n, |i, _| -(i as f64)), some(31, n, |i, r| r.unit() - i as f64));
    add("rising, mixed", some(32, n, |i, _| times_power(1.0 + i as f64, (i * 2000 / n) as i32 - 1000)), mixed(33));
    let saw = |i: usize| if i % (2 * window) < window { (i % window) as f64 } else { (window - i % window) as f64 };
    add("sawtooth", some(34, n, |i, _| saw(i)), some(35, n, |i, r| saw(i) + r.unit()));
    add("constant", vec![1e300; n], vec![5e-324; n]);

    all.extend(tied(n, window));
    let skip =
        |x: Vec<f64>, y: Vec<f64>, name| Family { name, x, y, ddof: 1, skip: true, min_periods: (window / 2).max(1) };
    // Hard and easy rows in turn, and with each of them another count.
    let paired = |i: usize, v: f64| if i % 14 / 2 == 3 { f64::NAN } else { v };
    let (x, ddof) = ties(n, window, &[0.0, 5e-324]);
    let x: Vec<f64> = x.into_iter().enumerate().map(|(i, v)| paired(i, v)).collect();
    all.push(Family { ddof, ..skip(x.clone(), x, "ties and the smallest, pairs of NaNs skipped") });
    // One hard row in so many that those before are forgotten, among sums that are dense.
    let (x, ddof) = ties(n, window, &[0.0, 5e-324]);
    let (period, mut random) = (window + 10, Random(44));
    let x: Vec<f64> = (0..n)
        .map(|i| if i % period < window { x[i % period] } else { every_place(i, &mut random) * random.sign() * 1e-150 })
        .collect();
    all.push(Family { name: "a tie now and then", y: x.clone(), x, ddof, skip: false, min_periods: window });
    all.push(skip(gaps(f64::NAN), index(), "a NaN in 300, skipped"));
    let holes = |x: Vec<f64>| x.into_iter().enumerate().map(|(i, v)| if i % 3 == 0 { f64::NAN } else { v }).collect();
    all.push(skip(holes(mixed(37)), mixed(38), "mixed, every third NaN skipped"));
    all.push(skip(holes(giants(39)), giants(40), "dense with giants, every third NaN skipped"));
    all
}
