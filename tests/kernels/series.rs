//! Inputs that are easy to get wrong, from a small generator of our own.

/// A linear congruential generator's upper bits: the same everywhere.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// In [0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.bits() % n
    }

    /// In (-2^exponent, 2^exponent), of any magnitude between the two.
    pub(crate) fn magnitude(&mut self, low: i32, high: i32) -> f64 {
        let exponent = low + self.below((high - low) as u64) as i32;
        (self.unit() - 0.5) * 2_f64.powi(exponent / 2) * 2_f64.powi(exponent - exponent / 2)
    }
}

pub(crate) fn walk(seed: u64, start: f64, step: f64, n: usize) -> Vec<f64> {
    let (mut random, mut price) = (Random::new(seed), start);
    std::iter::repeat_with(|| {
        price *= 1.0 + step * (random.unit() - 0.5);
        price
    })
    .take(n)
    .collect()
}

fn some(seed: u64, n: usize, value: impl Fn(&mut Random) -> f64) -> Vec<f64> {
    let mut random = Random::new(seed);
    std::iter::repeat_with(|| value(&mut random)).take(n).collect()
}

fn with(mut x: Vec<f64>, changes: &[(usize, f64)]) -> Vec<f64> {
    for &(at, value) in changes {
        let at = at % x.len();
        x[at] = value;
    }
    x
}

/// Every kind of input that the law is tested on.
pub(crate) fn every(n: usize) -> Vec<(&'static str, Vec<f64>)> {
    let fx = || walk(1, 1.1, 3e-4, n);
    let ticks = |x: Vec<f64>, size: f64| x.into_iter().map(|v| (v / size).round() * size).collect::<Vec<_>>();
    vec![
        ("walk near 1.1", fx()),
        ("walk near 1.1, five digits", fx().into_iter().map(|v| (v * 1e5).round() / 1e5).collect()),
        ("walk near 40000", walk(2, 40_000.0, 2e-3, n)),
        ("walk near 40000, quarter ticks", ticks(walk(3, 40_000.0, 2e-3, n), 0.25)),
        ("walk across 1", walk(4, 1.0, 1e-2, n)),
        ("volumes", some(5, n, |r| r.below(5_000_000) as f64)),
        ("integers past 2^53", some(6, n, |r| (1_u64 << 53) as f64 + (r.bits() >> 9) as f64)),
        ("small integers", some(7, n, |r| r.below(19) as f64 - 9.0)),
        ("two integers of 27 bits", some(8, n, |r| if r.below(2) == 0 { 134_217_729.0 } else { 0.0 })),
        ("every magnitude", some(9, n, |r| r.magnitude(-1022, 1023))),
        ("eighty binades", some(10, n, |r| r.magnitude(-40, 40))),
        ("log returns", some(11, n, |r| r.magnitude(-16, -7))),
        ("subnormals", some(12, n, |r| f64::from_bits(r.bits() >> 12) * if r.below(2) == 0 { 1.0 } else { -1.0 })),
        ("the smallest", some(22, n, |r| (r.below(6) as f64 - 3.0) * 5e-324)),
        ("near 1e-160", some(13, n, |r| (r.unit() - 0.5) * 1e-160)),
        ("near 1e154", some(14, n, |r| (r.unit() - 0.5) * 1e154)),
        ("parts overflow", some(15, n, |r| if r.below(2) == 0 { 1.7e308 } else { -1.6e308 })),
        ("a tick of 1e9", with(fx(), &[(n / 2, 1e9)])),
        ("ticks of 1e300", with(fx(), &[(n / 3, 1e300), (n / 3 + 40, -1e300), (n - 3, 1e300)])),
        (
            "alternating",
            some(16, n, Random::unit).iter().enumerate().map(|(i, v)| if i % 2 == 0 { *v } else { -v }).collect(),
        ),
        ("alternating, the same", (0..n).map(|i| if i % 2 == 0 { 0.1 } else { -0.1 }).collect()),
        ("constant", vec![1.1; n]),
        ("constant, one other", with(vec![0.1; n], &[(n / 2, 0.3)])),
        ("signed zeros", some(17, n, |r| [0.0, -0.0, 0.0, -0.0, -0.0, 1.0, -1.0][r.below(7) as usize])),
        (
            "ties of halves",
            some(18, n, |r| [9_007_199_254_740_992.0, 1.0, 2e-18, -2e-18, 3.0, -1.0][r.below(6) as usize]),
        ),
        ("NaNs", with(fx(), &[(0, f64::NAN), (7, f64::NAN), (8, f64::NAN), (n / 2, f64::NAN), (n - 5, f64::NAN)])),
        ("infinities", with(fx(), &[(9, f64::INFINITY), (n / 2, f64::NEG_INFINITY), (n / 2 + 1, f64::INFINITY)])),
        ("noise", some(20, n, |r| (0..12).map(|_| r.unit()).sum::<f64>() - 6.0)),
        (
            "ties of two limbs",
            some(21, n, |r| {
                [1_073_741_824.0, 2_f64.powi(-23), -2_f64.powi(-23), 2_f64.powi(-50), 3.0][r.below(5) as usize]
            }),
        ),
        ("uniform", some(19, n, Random::unit)),
    ]
}
