//! Every kernel against its streaming twin, on series in which anything may come and go, from anywhere in memory. Where
//! rows lie decides which of them are worked on together: what is wrong for one place of a line of the cache is right
//! for the seven others, and an allocator chooses the place. `make check-rust` asks more of these questions.

use omega_slicer::kernels::*;
use proptest::prelude::*;

use crate::oracle::{counted, cov, mean};
use crate::placed::{AROUND, LINE, Placed};
use crate::same;
use crate::series::{Random, every};

/// What a kernel is asked.
#[derive(Debug, Clone, Copy)]
struct Question {
    window: Window,
    ddof: usize,
    period: usize,
}

impl Question {
    const fn macd(self) -> MacdPeriods {
        MacdPeriods { fast: self.period, slow: 2 * self.period + 1, signal: self.period / 2 + 1 }
    }
}

type Batch = fn(Question, [&[f64]; 3], [&mut [f64]; 3]);
type Twin = fn(Question) -> Box<dyn FnMut([f64; 3]) -> [f64; 3]>;

/// A kernel of one result: the columns it takes, its twin, and what both are told.
macro_rules! one {
    ($batch:ident of $($column:tt),+; $twin:ident, |$q:ident| $($told:expr),+) => {
        (
            stringify!($batch),
            1,
            |$q, columns, [out, ..]| $batch($(columns[$column],)+ $($told,)+ out).unwrap(),
            |$q| {
                let mut twin = $twin::new($($told),+).unwrap();
                Box::new(move |row| [twin.push($(row[$column]),+), AROUND, AROUND])
            },
        )
    };
}

/// A kernel, how many results it has, and its twin.
const KERNELS: [(&str, usize, Batch, Twin); 22] = [
    one!(rolling_sum of 0; RollingSum, |q| q.window),
    one!(rolling_mean of 0; RollingMean, |q| q.window),
    one!(rolling_var of 0; RollingVar, |q| q.window, q.ddof),
    one!(rolling_std of 0; RollingStd, |q| q.window, q.ddof),
    one!(rolling_zscore of 0; RollingZscore, |q| q.window, q.ddof),
    one!(rolling_cov of 0, 1; RollingCov, |q| q.window, q.ddof),
    one!(rolling_corr of 0, 1; RollingCorr, |q| q.window, q.ddof),
    one!(rolling_min of 0; RollingMin, |q| q.window),
    one!(rolling_max of 0; RollingMax, |q| q.window),
    one!(rolling_argmin of 0; RollingArgmin, |q| q.window),
    one!(rolling_argmax of 0; RollingArgmax, |q| q.window),
    one!(wilder of 0; StreamingWilder, |q| q.period, q.window.nan),
    one!(rsi of 0; StreamingRsi, |q| q.period, q.window.nan),
    one!(atr of 0, 1, 2; StreamingAtr, |q| q.period, q.window.nan),
    one!(diff of 0; StreamingDiff, |q| q.period),
    one!(returns of 0; StreamingReturns, |q| q.period),
    one!(log_returns of 0; StreamingLogReturns, |q| q.period),
    one!(shift of 0; StreamingShift, |q| q.period),
    (
        "ema",
        1,
        |q, [x, ..], [out, ..]| ema(x, &[q.period], q.window.nan, out).unwrap(),
        |q| {
            let mut twin = StreamingEma::new(q.period, q.window.nan).unwrap();
            Box::new(move |[x, ..]| [twin.push(x), AROUND, AROUND])
        },
    ),
    (
        "true_range",
        1,
        |_, [high, low, close], [out, ..]| true_range(high, low, close, out).unwrap(),
        |_| {
            let mut twin = StreamingTrueRange::new();
            Box::new(move |[high, low, close]| [twin.push(high, low, close), AROUND, AROUND])
        },
    ),
    (
        "macd",
        3,
        |q, [x, ..], [a, b, c]| macd(x, q.macd(), q.window.nan, a, b, c).unwrap(),
        |q| {
            let mut twin = StreamingMacd::new(q.macd(), q.window.nan).unwrap();
            Box::new(move |[x, ..]| {
                let Macd { macd, signal, histogram } = twin.push(x);
                [macd, signal, histogram]
            })
        },
    ),
    (
        "bollinger",
        3,
        |q, [x, ..], [a, b, c]| bollinger(x, q.window, 2.0, q.ddof, a, b, c).unwrap(),
        |q| {
            let mut twin = RollingBollinger::new(q.window, 2.0, q.ddof).unwrap();
            Box::new(move |[x, ..]| {
                let Bands { middle, upper, lower } = twin.push(x);
                [middle, upper, lower]
            })
        },
    ),
];

/// Every kernel, in every set of instructions, from and to any place, against its twin.
fn check(kind: &str, columns: &[Vec<f64>; 3], question: Question, places: [usize; 4]) {
    let rows = columns[0].len();
    let mut inputs: [Placed; 3] = std::array::from_fn(|i| Placed::new(&columns[i], places[i]));
    for (name, results, batch, twin) in KERNELS {
        let mut twin = twin(question);
        let expected: Vec<[f64; 3]> = (0..rows).map(|i| twin([0, 1, 2].map(|c| columns[c][i]))).collect();
        for isa in Isa::available() {
            let mut outs: [Placed; 3] = std::array::from_fn(|i| Placed::room(rows, places[3] + 3 * i));
            let [x, y, z] = inputs.each_mut().map(|column| &*column.series());
            isa.run(|| batch(question, [x, y, z], outs.each_mut().map(Placed::series)));
            for (which, out) in outs.iter_mut().enumerate().take(results) {
                let what = || format!("result {which} of {name}, {kind}, {question:?}, {isa:?}, places {places:?}");
                out.assert_untouched_around(what);
                for (row, (got, expected)) in out.series().iter().zip(&expected).enumerate() {
                    let expected = expected[which];
                    assert!(same(*got, expected), "{}, row {row} of {rows}: {got:e}, not {expected:e}", what());
                }
            }
        }
    }
    // What twin and kernel share could be wrong in both.
    let Question { window: Window { len, min_periods, nan }, ddof, .. } = question;
    let mut sums = RollingSum::new(question.window).unwrap();
    let mut vars = RollingVar::new(question.window, ddof).unwrap();
    for (i, &x) in columns[0].iter().enumerate() {
        let (sum, var) = (sums.push(x), vars.push(x));
        if i % (1 + rows / 3) == rows / 7 {
            let values = counted(&columns[0], i, len, min_periods, nan == NanPolicy::Skip);
            let expected = values.map_or([f64::NAN; 2], |v| [mean(&v, 1), cov(&v, &v, ddof)]);
            assert!(same(sum, expected[0]) && same(var, expected[1]), "{kind}, {question:?}, row {i} of {rows}");
        }
    }
}

/// Windows and periods of every length for which the work changes its shape.
fn length() -> impl Strategy<Value = usize> {
    prop_oneof![1_usize..10, 10_usize..70, 70_usize..256, 256_usize..400, 400_usize..1500, 1500_usize..9000]
}

/// What happens to some rows of a series.
#[derive(Debug, Clone, Copy)]
enum Visit {
    /// A value that is seldom seen.
    Of(f64),
    /// Another level, so many binades away.
    At(i32),
}

/// Visits: the column, the first row, how many rows.
fn visits() -> impl Strategy<Value = Vec<(usize, prop::sample::Index, usize, Visit)>> {
    let remarkable = [f64::NAN, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 1e9, -1e300, 5e-324, 1.1, 1.0];
    let visit = prop_oneof![
        4 => prop::sample::select(remarkable.to_vec()).prop_map(Visit::Of),
        1 => any::<f64>().prop_map(Visit::Of),
        3 => (-1100..1020).prop_map(Visit::At),
    ];
    // Most kernels look at the first column only.
    let column = prop_oneof![2 => Just(0_usize), 1 => 1_usize..3];
    prop::collection::vec((column, any::<prop::sample::Index>(), prop_oneof![Just(1_usize), 1_usize..200], visit), 0..6)
}

proptest! {
    #[test]
    fn kernels_equal_their_twins_whatever_comes_and_goes_and_wherever_it_lies(
        kinds in prop::array::uniform3(any::<prop::sample::Index>()),
        of_its_kind in any::<bool>(),
        rows in prop_oneof![1_usize..50, 50_usize..1500, 1500_usize..6000],
        len in length(),
        least in any::<prop::sample::Index>(),
        full in any::<bool>(),
        skip in any::<bool>(),
        ddof in 0_usize..3,
        period in length(),
        visits in visits(),
        places in prop::array::uniform4(0_usize..LINE),
        seed in any::<u64>(),
    ) {
        let series = every(rows + 40);
        let mut random = Random::new(seed);
        let mut columns: [Vec<f64>; 3] = std::array::from_fn(|i| {
            let kind = if of_its_kind { kinds[0] } else { kinds[i] };
            let first = random.below(40) as usize;
            kind.get(&series).1[first..first + rows].to_vec()
        });
        for (column, at, run, visit) in visits {
            let at = at.index(rows);
            for x in &mut columns[column][at..(at + run).min(rows)] {
                *x = match visit {
                    Visit::Of(value) => value,
                    // In two steps: 2^1100 is no double, and 2^-1100 none either.
                    Visit::At(level) => *x * 2_f64.powi(level / 2) * 2_f64.powi(level - level / 2),
                };
            }
        }
        let nan = if skip { NanPolicy::Skip } else { NanPolicy::Propagate };
        let window = Window::new(len).min_periods(if full { len } else { 1 + least.index(len) }).nan(nan);
        check(kinds[0].get(&series).0, &columns, Question { window, ddof, period }, places);
    }
}
