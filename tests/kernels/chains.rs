//! Chains run in segments side by side, each from a guess: these tests hold them to their definitions, one row after
//! the other, bit for bit, above all where a guess cannot come true.

use omega_slicer::kernels::{
    Isa, MacdPeriods, NanPolicy, Segments, atr, ema, macd, rsi, take_segments, true_range, wilder,
};
use proptest::prelude::*;

use super::oracle;
use super::placed::{LINE, Placed};
use super::series::{Random, every, walk};
use super::{assert_same, same};

fn mean(values: &[f64]) -> f64 {
    if values.iter().any(|v| v.is_nan()) { f64::NAN } else { oracle::mean(values, values.len()) }
}

/// Row by row from the first value.
fn ema_of(x: &[f64], period: usize) -> Vec<f64> {
    let a = 2.0 / (period as f64 + 1.0);
    let next = |e: &mut Option<f64>, &x: &f64| Some(*e.insert(e.map_or(x, |e| ((1.0 - a) * e) + (a * x))));
    x.iter().scan(None, next).collect()
}

/// Row by row from the mean of the first values.
fn wilder_of(x: &[f64], period: usize) -> Vec<f64> {
    let a = 1.0 / period as f64;
    let mut out = vec![f64::NAN; x.len()];
    if period <= x.len() {
        out[period - 1] = mean(&x[..period]);
    }
    for i in period..x.len() {
        out[i] = ((1.0 - a) * out[i - 1]) + (a * x[i]);
    }
    out
}

fn rsi_of(x: &[f64], period: usize) -> Vec<f64> {
    let differences = || x.windows(2).map(|pair| pair[1] - pair[0]);
    let gains = wilder_of(&differences().map(|d| if d < 0.0 { 0.0 } else { d }).collect::<Vec<_>>(), period);
    let losses = wilder_of(&differences().map(|d| if d > 0.0 { 0.0 } else { -d }).collect::<Vec<_>>(), period);
    let strength = |(&gain, &loss): (&f64, &f64)| match (gain == 0.0, loss == 0.0) {
        (true, true) => 50.0,
        (false, true) if !gain.is_nan() => 100.0,
        _ => 100.0 * (gain / (gain + loss)),
    };
    let strengths = gains.iter().zip(&losses).map(strength);
    std::iter::once(f64::NAN).take(x.len()).chain(strengths).collect()
}

fn true_ranges_of(high: &[f64], low: &[f64], close: &[f64]) -> Vec<f64> {
    let range = |i: usize| {
        let inside = high[i] - low[i];
        let (up, down) = if i == 0 { (inside, inside) } else { (high[i] - close[i - 1], low[i] - close[i - 1]) };
        let nan = inside.is_nan() || up.is_nan() || down.is_nan();
        if nan {
            f64::NAN
        } else if i == 0 {
            inside
        } else {
            // An absolute value where both are zeros: a difference of zeros may be -0.
            [up.abs(), down.abs(), inside].into_iter().fold(0.0, |most, v| if v > most { v } else { most })
        }
    };
    (0..high.len()).map(range).collect()
}

fn atr_of(high: &[f64], low: &[f64], close: &[f64], period: usize) -> Vec<f64> {
    wilder_of(&true_ranges_of(high, low, close), period)
}

fn macd_of(x: &[f64], periods: MacdPeriods) -> [Vec<f64>; 3] {
    let minus = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>();
    let difference = minus(&ema_of(x, periods.fast), &ema_of(x, periods.slow));
    let signal = ema_of(&difference, periods.signal);
    let histogram = minus(&difference, &signal);
    [difference, signal, histogram]
}

/// What `skip` makes of a definition without NaNs: rows with one are left out and repeat what was before.
fn skipping(missing: impl Fn(usize) -> bool, rows: usize, definition: impl Fn(&[usize]) -> Vec<f64>) -> Vec<f64> {
    let kept: Vec<usize> = (0..rows).filter(|&i| !missing(i)).collect();
    let (mut values, mut last) = (definition(&kept).into_iter(), f64::NAN);
    let mut value = |i| {
        if !missing(i) {
            last = values.next().unwrap();
        }
        last
    };
    (0..rows).map(&mut value).collect()
}

/// A second and a third column for `x`, as unlike as can be.
fn others(x: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let mut turned = x.to_vec();
    turned.rotate_left(x.len() / 3);
    (x.iter().rev().copied().collect(), turned)
}

/// Every kernel of every instruction set against its definition; the rows done in segments and again.
fn check(name: &str, x: &[f64], period: usize) -> Segments {
    let mut out = vec![0.0; x.len()];
    let (low, close) = others(x);
    let periods = MacdPeriods { fast: period, slow: period * 2, signal: period.div_ceil(2) };
    let expected = [ema_of(x, period), wilder_of(x, period), rsi_of(x, period), atr_of(x, &low, &close, period)];
    let expected_macd = macd_of(x, periods);
    let _ = take_segments();
    for isa in Isa::available() {
        isa.run(|| {
            let what = |kernel| format!("{kernel} of {} rows, period {period}: {name}, {isa:?}", x.len());
            ema(x, &[period], NanPolicy::Propagate, &mut out).unwrap();
            assert_same(&what("ema"), &out, &expected[0]);
            wilder(x, period, NanPolicy::Propagate, &mut out).unwrap();
            assert_same(&what("wilder"), &out, &expected[1]);
            rsi(x, period, NanPolicy::Propagate, &mut out).unwrap();
            assert_same(&what("rsi"), &out, &expected[2]);
            atr(x, &low, &close, period, NanPolicy::Propagate, &mut out).unwrap();
            assert_same(&what("atr"), &out, &expected[3]);
            let [mut a, mut b, mut c] = std::array::from_fn(|_| vec![0.0; x.len()]);
            macd(x, periods, NanPolicy::Propagate, &mut a, &mut b, &mut c).unwrap();
            for (kernel, (got, expected)) in
                ["macd", "signal", "histogram"].iter().zip([a, b, c].iter().zip(&expected_macd))
            {
                assert_same(&what(kernel), got, expected);
            }
        });
    }
    take_segments()
}

#[test]
fn every_chain_is_its_definition_whatever_the_series_and_the_period() {
    let n = 5000;
    for (name, x) in every(n) {
        for period in [1, 2, 14, 20, 200, 2500, n, n + 1] {
            check(name, &x, period);
        }
    }
}

#[test]
fn no_length_of_a_series_is_cut_wrongly() {
    let x = walk(3, 40_000.0, 2e-3, 3000);
    for n in (0..3).chain(250..330).chain(1500..1517).chain([2047, 2048, 2049]) {
        for period in [1, 3, 14] {
            check("walk", &x[..n], period);
        }
    }
}

#[test]
fn chains_are_the_same_wherever_in_memory_they_are_written() {
    let x = walk(41, 1.1, 2e-4, 3000);
    for period in [2, 14, 60] {
        let expected = [ema_of(&x, period), wilder_of(&x, period), rsi_of(&x, period)];
        for isa in Isa::available() {
            for place in 0..LINE {
                let mut room = Placed::room(x.len(), place);
                let out = room.series();
                let what = |kernel| format!("{kernel} of {period}, {isa:?}, {place}");
                isa.run(|| ema(&x, &[period], NanPolicy::Propagate, out)).unwrap();
                assert_same(&what("ema"), out, &expected[0]);
                isa.run(|| wilder(&x, period, NanPolicy::Propagate, out)).unwrap();
                assert_same(&what("wilder"), out, &expected[1]);
                isa.run(|| rsi(&x, period, NanPolicy::Propagate, out)).unwrap();
                assert_same(&what("rsi"), out, &expected[2]);
                room.assert_untouched_around(|| what("one of them"));
            }
        }
    }
}

#[test]
fn most_guesses_come_true() {
    let x = walk(5, 1.1, 3e-4, 20_000);
    let Segments { rows, redone } = check("walk", &x, 14);
    assert!(rows > 10 * x.len(), "only {rows} rows were done in segments");
    assert!(redone < rows / 20, "{redone} of {rows} rows were done again");
    let ticks: Vec<f64> = x.iter().map(|x| (x * 1e5).round() / 1e5).collect();
    let Segments { rows, redone } = check("ticks", &ticks, 14);
    assert!(redone < rows / 20, "{redone} of {rows} rows were done again");
}

#[test]
fn slow_averages_start_from_what_they_remember_and_seldom_do_rows_again() {
    let n = 100_000;
    let x = walk(15, 40_000.0, 2e-3, n);
    let mut random = Random::new(17);
    let volumes: Vec<f64> = (0..n).map(|_| random.below(1_000_000) as f64).collect();
    for (name, x) in [("walk", &x), ("volumes", &volumes)] {
        let [high, low] = [1.0001, 0.9999].map(|by| x.iter().map(|x| x * by).collect::<Vec<_>>());
        for period in [150, 1000, 5000] {
            let (nan, mut out) = (NanPolicy::Propagate, vec![0.0; n]);
            for (kernel, expected) in [
                ("ema", ema_of(x, period)),
                ("wilder", wilder_of(x, period)),
                ("rsi", rsi_of(x, period)),
                ("atr", atr_of(&high, &low, x, period)),
            ] {
                // Of two doubles in a vector, rsi has too many, and is not cut.
                let cut = |isa: &Isa| kernel != "rsi" || *isa != Isa::Portable;
                for isa in Isa::available().filter(cut) {
                    let _ = take_segments();
                    isa.run(|| match kernel {
                        "ema" => ema(x, &[period], nan, &mut out),
                        "wilder" => wilder(x, period, nan, &mut out),
                        "rsi" => rsi(x, period, nan, &mut out),
                        _ => atr(&high, &low, x, period, nan, &mut out),
                    })
                    .unwrap();
                    let what = format!("{kernel} of {name}, period {period}, {isa:?}");
                    assert_same(&what, &out, &expected);
                    let Segments { rows, redone } = take_segments();
                    assert!(rows >= n - period - 1, "{what}: only {rows} rows were done in segments");
                    // Each segment may be late by a few times the period.
                    assert!(redone < (6 * period).min(n / 4), "{what}: {redone} rows were done again");
                }
            }
        }
    }
}

#[test]
fn sums_that_are_useless_as_guesses_change_nothing() {
    let n = 90_000;
    let walk = walk(19, 1.1, 3e-4, n);
    let with = |rows: &[(usize, f64)]| {
        let mut x = walk.clone();
        for &(row, value) in rows {
            x[row] = value;
        }
        x
    };
    let mut random = Random::new(21);
    for (name, x) in [
        ("spikes", with(&[(0, 1e300), (30_000, -1e300), (70_001, 1e300)])),
        ("opposite giants", with(&[(40_000, f64::MAX), (40_001, -f64::MAX), (40_002, f64::MAX)])),
        ("infinity", with(&[(50_000, f64::INFINITY)])),
        ("NaN", with(&[(20_000, f64::NAN)])),
        ("constant", vec![1.1; n]),
        ("subnormal", walk.iter().map(|x| x * 1e-310).collect()),
        ("near overflow", walk.iter().map(|x| x * 1e308).collect()),
        ("any magnitude", (0..n).map(|_| random.magnitude(-1070, 1020)).collect()),
    ] {
        for period in [150, 1000, 5000] {
            check(name, &x, period);
        }
    }
}

/// The ema of every instruction set against its definition, and the rows done again by each.
fn redone(name: &str, x: &[f64], period: usize) -> Vec<usize> {
    let (expected, mut out) = (ema_of(x, period), vec![0.0; x.len()]);
    let one = |isa: Isa| {
        let _ = take_segments();
        isa.run(|| ema(x, &[period], NanPolicy::Propagate, &mut out)).unwrap();
        assert_same(&format!("{name}, {isa:?}"), &out, &expected);
        let Segments { rows, redone } = take_segments();
        assert_eq!(rows, x.len() - 1, "{name} is to be cut");
        redone
    };
    Isa::available().map(one).collect()
}

#[test]
fn segments_are_done_again_where_chains_never_meet() {
    // Of a constant, every value near it is its own next one, since the step to it is less than half a unit in the
    // last place. The chain comes from above and stays there; a guess of the constant itself stays on that.
    let n = 9000;
    let quantum = f64::from_bits(1);
    for (name, first, constant) in
        [("subnormal", 400.0 * quantum, 104.0 * quantum), ("normal", 1.2, 1.1), ("negative", -1.2, -1.1)]
    {
        let mut x = vec![constant; n];
        x[0] = first;
        let expected = ema_of(&x, 30);
        assert!(!same(expected[n - 1], constant), "{name}: the chain is to stop short of the constant");
        for redone in redone(name, &x, 30) {
            assert!(redone > n / 2, "{name}: only {redone} rows were done again");
        }
    }
}

#[test]
fn doing_again_ends_where_the_chains_meet() {
    // The first row is so far away that no warm-up makes it small; once it is, prices join the chains.
    let mut x = walk(7, 1.1, 3e-4, 20_000);
    for (at, spike) in [(0, 1e300), (8000, 1e200)] {
        x[at] = spike;
    }
    for redone in redone("spikes", &x, 20) {
        assert!((1..10_000).contains(&redone), "{redone} rows were done again");
    }
}

#[test]
fn no_spike_nan_or_infinity_is_missed_wherever_it_is() {
    let n = 2600;
    for spike in [1e300, -1e308, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for at in (0..n).step_by(97).chain([n - 1]) {
            let mut x = walk(9, 1.1, 3e-4, n);
            x[at] = spike;
            check(&format!("{spike:e} in row {at}"), &x, 7);
        }
    }
}

#[test]
fn true_ranges_are_those_of_each_bar_alone_whatever_it_is() {
    let values = [1.0, 2.5, -3.0, 0.0, -0.0, 1e300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    let mut bars = Vec::new();
    for high in values {
        for low in values {
            bars.extend(values.map(|close| [high, low, close]));
        }
    }
    // Each bar in each lane, and among the last that fill none.
    for rows in [bars.len(), bars.len() - 1, bars.len() - 5, 9, 8, 7, 1] {
        for first in 0..9 {
            let rows = &bars[first.min(bars.len() - rows)..][..rows];
            let [high, low, close]: [Vec<f64>; 3] = std::array::from_fn(|i| rows.iter().map(|bar| bar[i]).collect());
            // The close of the row before.
            let close = [&close[1..], &close[..1]].concat();
            let expected = true_ranges_of(&high, &low, &close);
            for isa in Isa::available() {
                let mut out = vec![0.0; rows.len()];
                isa.run(|| true_range(&high, &low, &close, &mut out).unwrap());
                assert_same(&format!("true range of {} bars from {first}, {isa:?}", rows.len()), &out, &expected);
            }
        }
    }
}

#[test]
fn rows_to_skip_are_as_if_they_were_not_there() {
    let n = 4000;
    let skip = NanPolicy::Skip;
    for holes in [vec![], vec![0], vec![1, 2, 3], vec![n / 2], (500..900).collect(), (0..n).step_by(3).collect()] {
        let mut x = walk(11, 1.1, 3e-4, n);
        for &i in &holes {
            x[i] = f64::NAN;
        }
        let (low, close) = others(&x);
        let pick = |column: &[f64], rows: &[usize]| rows.iter().map(|&i| column[i]).collect::<Vec<_>>();
        let gone = |i: usize| x[i].is_nan();
        let bar_gone = |i: usize| x[i].is_nan() || low[i].is_nan() || close[i].is_nan();
        let of_bars = |rows: &[usize]| atr_of(&pick(&x, rows), &pick(&low, rows), &pick(&close, rows), 14);
        let periods = MacdPeriods::default();
        for isa in Isa::available() {
            isa.run(|| {
                let mut out = vec![0.0; n];
                ema(&x, &[20], skip, &mut out).unwrap();
                assert_same("ema", &out, &skipping(gone, n, |rows| ema_of(&pick(&x, rows), 20)));
                wilder(&x, 20, skip, &mut out).unwrap();
                assert_same("wilder", &out, &skipping(gone, n, |rows| wilder_of(&pick(&x, rows), 20)));
                rsi(&x, 14, skip, &mut out).unwrap();
                assert_same("rsi", &out, &skipping(gone, n, |rows| rsi_of(&pick(&x, rows), 14)));
                atr(&x, &low, &close, 14, skip, &mut out).unwrap();
                assert_same("atr", &out, &skipping(bar_gone, n, of_bars));
                let mut columns: [Vec<f64>; 3] = std::array::from_fn(|_| vec![0.0; n]);
                let [a, b, c] = &mut columns;
                macd(&x, periods, skip, a, b, c).unwrap();
                for (which, column) in columns.iter().enumerate() {
                    let of_rows = |rows: &[usize]| macd_of(&pick(&x, rows), periods)[which].clone();
                    assert_same("macd", column, &skipping(gone, n, of_rows));
                }
            });
        }
    }
}

#[test]
fn several_periods_in_one_call_are_each_as_alone() {
    let x = walk(13, 1.1, 3e-4, 3000);
    let sets: [&[usize]; 5] =
        [&[12, 26], &[5, 10, 20, 50, 100, 200, 1, 2], &[3, 5000], &[1; 9], &[2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]];
    for n in [1, 2, 100, 300, 3000] {
        for periods in sets {
            let mut out = vec![0.0; n * periods.len()];
            for isa in Isa::available() {
                isa.run(|| ema(&x[..n], periods, NanPolicy::Propagate, &mut out)).unwrap();
                for (&period, out) in periods.iter().zip(out.chunks(n)) {
                    assert_same(&format!("period {period} of {n} rows, {isa:?}"), out, &ema_of(&x[..n], period));
                }
            }
        }
    }
}

#[test]
fn periods_that_no_series_outlives_are_periods_like_others() {
    let (x, longest) = (walk(1, 1.1, 3e-4, 64), isize::MAX.unsigned_abs());
    for (fast, slow, signal) in [(longest, longest, longest), (3, longest, longest), (3, 9, longest), (longest, 9, 3)] {
        let periods = MacdPeriods { fast, slow, signal };
        let [mut a, mut b, mut c] = std::array::from_fn(|_| vec![0.0; x.len()]);
        macd(&x, periods, NanPolicy::Propagate, &mut a, &mut b, &mut c).unwrap();
        for (got, expected) in [a, b, c].iter().zip(macd_of(&x, periods)) {
            assert_same(&format!("{periods:?}"), got, &expected);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn chains_are_their_definitions(
        seed in any::<u64>(),
        n in 256_usize..6000,
        period in prop_oneof![1_usize..60, 60_usize..400],
        spread in 0_u64..4,
        spikes in prop::collection::vec((any::<prop::sample::Index>(), any::<f64>()), 0..4),
    ) {
        let mut random = Random::new(seed);
        // From constants with rare steps to any magnitude.
        let mut value = 1.0;
        let mut x: Vec<f64> = (0..n).map(|_| {
            match spread {
                0 => if random.below(500) == 0 { value = random.below(9) as f64 },
                1 => value = random.below(3) as f64,
                2 => value += random.unit() - 0.5,
                _ => value = random.magnitude(-1070, 1020),
            }
            value
        }).collect();
        for (at, spike) in spikes {
            x[at.index(n)] = spike;
        }
        check("random", &x, period);
    }
}
