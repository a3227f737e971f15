//! Runs `tests/vectors/kernels`, which every language runs, through the batch kernels and their streaming twins.

use std::collections::BTreeMap;
use std::path::PathBuf;

use omega_slicer::kernels::*;

use crate::assert_same;

fn table(name: &str) -> Vec<Vec<String>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/kernels").join(name);
    let text = std::fs::read_to_string(path).unwrap();
    let rows: Vec<_> = text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect();
    assert!(!rows.is_empty());
    rows
}

fn values(cell: &str) -> Vec<f64> {
    if cell == "-" {
        return Vec::new();
    }
    cell.split(',').map(|bits| f64::from_bits(u64::from_str_radix(bits, 16).unwrap())).collect()
}

struct Arguments<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Arguments<'a> {
    fn new(cell: &'a str) -> Self {
        Self(cell.split(' ').filter(|pair| *pair != "-").map(|pair| pair.split_once('=').unwrap()).collect())
    }

    fn number(&self, name: &str) -> usize {
        self.0[name].parse().unwrap()
    }

    fn nan(&self) -> NanPolicy {
        if self.0["nan"] == "skip" { NanPolicy::Skip } else { NanPolicy::Propagate }
    }

    fn window(&self) -> Window {
        Window::new(self.number("window")).min_periods(self.number("min_periods")).nan(self.nan())
    }

    fn periods(&self) -> MacdPeriods {
        MacdPeriods { fast: self.number("fast"), slow: self.number("slow"), signal: self.number("signal") }
    }
}

/// The columns that the batch kernel gives.
fn batch(kernel: &str, x: &[Vec<f64>], about: &Arguments) -> Vec<Vec<f64>> {
    let n = x[0].len();
    let (mut out, mut second, mut third) = (vec![0.5; n], vec![0.5; n], vec![0.5; n]);
    let (a, o) = (&x[0][..], &mut out[..]);
    match kernel {
        "sum" => rolling_sum(a, about.window(), o),
        "mean" => rolling_mean(a, about.window(), o),
        "var" => rolling_var(a, about.window(), about.number("ddof"), o),
        "std" => rolling_std(a, about.window(), about.number("ddof"), o),
        "zscore" => rolling_zscore(a, about.window(), about.number("ddof"), o),
        "min" => rolling_min(a, about.window(), o),
        "max" => rolling_max(a, about.window(), o),
        "argmin" => rolling_argmin(a, about.window(), o),
        "argmax" => rolling_argmax(a, about.window(), o),
        "cov" => rolling_cov(a, &x[1], about.window(), about.number("ddof"), o),
        "corr" => rolling_corr(a, &x[1], about.window(), about.number("ddof"), o),
        "ema" => ema(a, &[about.number("period")], about.nan(), o),
        "wilder" => wilder(a, about.number("period"), about.nan(), o),
        "rsi" => rsi(a, about.number("period"), about.nan(), o),
        "atr" => atr(a, &x[1], &x[2], about.number("period"), about.nan(), o),
        "true_range" => true_range(a, &x[1], &x[2], o),
        "diff" => diff(a, about.number("period"), o),
        "returns" => returns(a, about.number("period"), o),
        "log_returns" => log_returns(a, about.number("period"), o),
        "shift" => shift(a, about.number("period"), o),
        "macd" => macd(a, about.periods(), about.nan(), o, &mut second, &mut third),
        "bollinger" => {
            let width = values(about.0["width"])[0];
            bollinger(a, about.window(), width, about.number("ddof"), o, &mut second, &mut third)
        }
        _ => panic!("unknown kernel {kernel}"),
    }
    .unwrap();
    if ["macd", "bollinger"].contains(&kernel) { vec![out, second, third] } else { vec![out] }
}

/// The columns that the streaming twin gives.
fn streaming(kernel: &str, x: &[Vec<f64>], about: &Arguments) -> Vec<Vec<f64>> {
    // Pushed and reset first: a twin that has been used must be as good as new.
    macro_rules! run {
        ($twin:expr, |$state:ident, $i:ident| $push:expr) => {{
            let mut $state = $twin;
            (0..x[0].len() / 2).for_each(|$i| {
                $push;
            });
            $state.reset();
            (0..x[0].len()).map(|$i| $push).collect::<Vec<_>>()
        }};
        ($twin:expr) => {
            run!($twin, |state, i| state.push(x[0][i]))
        };
    }
    let one = |values: Vec<f64>| vec![values];
    let three = |rows: Vec<[f64; 3]>| (0..3).map(|column| rows.iter().map(|row| row[column]).collect()).collect();
    match kernel {
        "sum" => one(run!(RollingSum::new(about.window()).unwrap())),
        "mean" => one(run!(RollingMean::new(about.window()).unwrap())),
        "var" => one(run!(RollingVar::new(about.window(), about.number("ddof")).unwrap())),
        "std" => one(run!(RollingStd::new(about.window(), about.number("ddof")).unwrap())),
        "zscore" => one(run!(RollingZscore::new(about.window(), about.number("ddof")).unwrap())),
        "min" => one(run!(RollingMin::new(about.window()).unwrap())),
        "max" => one(run!(RollingMax::new(about.window()).unwrap())),
        "argmin" => one(run!(RollingArgmin::new(about.window()).unwrap())),
        "argmax" => one(run!(RollingArgmax::new(about.window()).unwrap())),
        "cov" => {
            one(run!(RollingCov::new(about.window(), about.number("ddof")).unwrap(), |s, i| s.push(x[0][i], x[1][i])))
        }
        "corr" => {
            one(run!(RollingCorr::new(about.window(), about.number("ddof")).unwrap(), |s, i| s.push(x[0][i], x[1][i])))
        }
        "ema" => one(run!(StreamingEma::new(about.number("period"), about.nan()).unwrap())),
        "wilder" => one(run!(StreamingWilder::new(about.number("period"), about.nan()).unwrap())),
        "rsi" => one(run!(StreamingRsi::new(about.number("period"), about.nan()).unwrap())),
        "atr" => one(run!(StreamingAtr::new(about.number("period"), about.nan()).unwrap(), |s, i| s
            .push(x[0][i], x[1][i], x[2][i]))),
        "true_range" => one(run!(StreamingTrueRange::new(), |s, i| s.push(x[0][i], x[1][i], x[2][i]))),
        "diff" => one(run!(StreamingDiff::new(about.number("period")).unwrap())),
        "returns" => one(run!(StreamingReturns::new(about.number("period")).unwrap())),
        "log_returns" => one(run!(StreamingLogReturns::new(about.number("period")).unwrap())),
        "shift" => one(run!(StreamingShift::new(about.number("period")).unwrap())),
        "macd" => {
            let rows = run!(StreamingMacd::new(about.periods(), about.nan()).unwrap());
            three(rows.iter().map(|row| [row.macd, row.signal, row.histogram]).collect())
        }
        "bollinger" => {
            let (width, ddof) = (values(about.0["width"])[0], about.number("ddof"));
            let rows = run!(RollingBollinger::new(about.window(), width, ddof).unwrap());
            three(rows.iter().map(|row| [row.middle, row.upper, row.lower]).collect())
        }
        _ => panic!("unknown kernel {kernel}"),
    }
}

fn every_case(run: impl Fn(&str, &[Vec<f64>], &Arguments) -> Vec<Vec<f64>>) {
    let series: BTreeMap<_, _> = table("series.tsv").into_iter().map(|row| (row[0].clone(), values(&row[1]))).collect();
    for row in table("cases.tsv") {
        let [kernel, names, about, expected] = &row[..] else { panic!("{row:?}") };
        let x: Vec<_> = names.split(',').map(|name| series[name].clone()).collect();
        let expected: Vec<_> = expected.split(';').map(values).collect();
        let got = run(kernel, &x, &Arguments::new(about));
        assert_eq!(got.len(), expected.len());
        for (got, expected) in got.iter().zip(&expected) {
            assert_same(&format!("{kernel} of {names}, {about}"), got, expected);
        }
    }
}

#[test]
fn every_shared_case_has_its_bits() {
    for isa in Isa::available() {
        isa.run(|| every_case(batch));
    }
}

#[test]
fn every_streaming_twin_gives_the_shared_cases_bits() {
    every_case(streaming);
}
