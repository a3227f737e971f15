//! Times the kernels, for every instruction set, in one of two ways.
//!
//! `cargo bench --bench kernels [-- kernel ... --rows=1000000]` runs those whose name is given, or all, on series of its
//! own and prints `rust<TAB>kernel<TAB>window<TAB>isa<TAB>ns_per_row`: medians of rounds in which each kernel has its
//! turn, so that a busy machine slows all alike.
//!
//! With `--serve FOLDER` it is one of the contenders of `benches/run.py`, and takes its turns between their turns. The
//! questions come as lines on standard input, their words apart by tabs, each answered by one line:
//! `time kernel window isa repeats` by the nanoseconds per row of the fastest of so many runs on the series `plain`, and
//! `answer series kernel window isa file` by `ok` once the values of the rows that FOLDER/rows.i64 names are in the file.
#![allow(
    clippy::cast_precision_loss,
    clippy::wildcard_imports,
    reason = "sizes, nanoseconds, and every kernel there is"
)]

use std::fs;
use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use omega_slicer::kernels::*;

const ROWS: usize = 1_000_000;
const ROUNDS: usize = 15;
const EIGHT: [usize; 8] = [5, 8, 13, 21, 34, 55, 89, 144];

/// What kernels are given.
struct Series {
    x: Vec<f64>,
    y: Vec<f64>,
    high: Vec<f64>,
    low: Vec<f64>,
}

/// What the speed of this machine, now, is told by: a scalar loop, each step waiting for the one before it, and a copy.
fn calibration(x: &[f64], out: &mut [f64], copy: &mut [f64]) {
    let mut sum = 0.0;
    for (out, x) in out.iter_mut().zip(x) {
        sum += x;
        *out = sum;
    }
    copy.copy_from_slice(out);
}

/// Runs a kernel; its answer lies in the first rows of `out`, which has room for eight columns.
fn compute(kernel: &str, window: usize, series: &Series, out: &mut [f64]) {
    let Series { x, y, high, low } = series;
    let (w, nan) = (Window::new(window), NanPolicy::Propagate);
    if kernel == "ema_8_periods" {
        return ema(x, &EIGHT, nan, &mut out[..8 * x.len()]).unwrap();
    }
    let (out, rest) = out.split_at_mut(x.len());
    let (second, rest) = rest.split_at_mut(x.len());
    let third = &mut rest[..x.len()];
    match kernel {
        "sum" => rolling_sum(x, w, out),
        "mean" => rolling_mean(x, w, out),
        "var" => rolling_var(x, w, 1, out),
        "std" => rolling_std(x, w, 1, out),
        "zscore" => rolling_zscore(x, w, 1, out),
        "min" => rolling_min(x, w, out),
        "max" => rolling_max(x, w, out),
        "argmin" => rolling_argmin(x, w, out),
        "argmax" => rolling_argmax(x, w, out),
        "cov" => rolling_cov(x, y, w, 1, out),
        "corr" => rolling_corr(x, y, w, 1, out),
        "bollinger" => bollinger(x, w, 2.0, 1, out, second, third),
        "ema" => ema(x, &[window], nan, out),
        "wilder" => wilder(x, window, nan, out),
        "rsi" => rsi(x, window, nan, out),
        "atr" => atr(high, low, x, window, nan, out),
        "macd" => {
            let periods = MacdPeriods { fast: window / 2, slow: window, signal: window / 3 };
            macd(x, periods, nan, out, second, third)
        }
        "true_range" => true_range(high, low, x, out),
        "diff" => diff(x, window, out),
        "returns" => returns(x, window, out),
        "log_returns" => log_returns(x, window, out),
        "shift" => shift(x, window, out),
        "two_streams" => {
            for ((out, now), before) in out[window..].iter_mut().zip(&x[window..]).zip(x) {
                *out = f64::from_bits(now.to_bits() ^ before.to_bits());
            }
            Ok(())
        }
        "copy" => {
            out.copy_from_slice(x);
            Ok(())
        }
        "calibration" => {
            calibration(x, out, second);
            Ok(())
        }
        _ => panic!("there is no kernel {kernel}"),
    }
    .unwrap();
}

/// Nanoseconds per row of one run.
fn timed(isa: Isa, kernel: &str, window: usize, series: &Series, out: &mut [f64]) -> f64 {
    let start = Instant::now();
    isa.run(|| compute(kernel, window, series, black_box(out)));
    start.elapsed().as_nanos() as f64 / series.x.len() as f64
}

/// The values of a file of eight bytes each, the lowest first.
fn values<T>(file: &Path, value: impl Fn([u8; 8]) -> T) -> Vec<T> {
    let bytes = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    bytes.chunks_exact(8).map(|chunk| value(chunk.try_into().unwrap())).collect()
}

fn serve(folder: &Path) {
    let read = |name: &str| {
        let column = |column: &str| values(&folder.join(name).join(column), f64::from_le_bytes);
        Series { x: column("x.f64"), y: column("y.f64"), high: column("high.f64"), low: column("low.f64") }
    };
    let (plain, tick, rows) = (read("plain"), read("tick"), values(&folder.join("rows.i64"), u64::from_le_bytes));
    let mut out = vec![0.0; 8 * plain.x.len()];
    let isa = |name: &str| Isa::available().find(|isa| format!("{isa:?}").eq_ignore_ascii_case(name)).expect(name);
    for line in std::io::stdin().lines().map(Result::unwrap) {
        match *line.split('\t').collect::<Vec<_>>() {
            ["time", kernel, window, who, repeats] => {
                let (window, repeats) = (window.parse().unwrap(), repeats.parse().unwrap());
                let runs = (0..repeats).map(|_| timed(isa(who), kernel, window, &plain, &mut out));
                println!("{}", runs.fold(f64::INFINITY, f64::min));
            }
            ["answer", series, kernel, window, who, file] => {
                let series = if series == "tick" { &tick } else { &plain };
                isa(who).run(|| compute(kernel, window.parse().unwrap(), series, &mut out));
                let sample = rows.iter().flat_map(|&row| out[usize::try_from(row).unwrap()].to_le_bytes());
                fs::write(file, sample.collect::<Vec<_>>()).unwrap();
                println!("ok");
            }
            ["isas"] => {
                let names: Vec<String> = Isa::available().map(|isa| format!("{isa:?}").to_lowercase()).collect();
                println!("{}", names.join("\t"));
            }
            _ => panic!("not a question: {line}"),
        }
        std::io::stdout().flush().unwrap();
    }
}

struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn walk(seed: u64, start: f64, step: f64, rows: usize) -> Vec<f64> {
    let (mut random, mut price) = (Random(seed), start);
    std::iter::repeat_with(|| {
        price *= 1.0 + step * (random.unit() - 0.5);
        price
    })
    .take(rows)
    .collect()
}

/// The series of a run by itself: the usual one has no name.
fn made(rows: usize) -> Vec<(&'static str, Series)> {
    let x = walk(1, 1.1, 2e-4, rows);
    let index = walk(2, 40_000.0, 2e-3, rows);
    let mut random = Random(3);
    let high: Vec<f64> = x.iter().map(|v| v * (1.0 + 1e-4 * random.unit())).collect();
    let low: Vec<f64> = x.iter().map(|v| v * (1.0 - 1e-4 * random.unit())).collect();
    let volumes = (0..rows).map(|_| (random.unit() * 1e6).floor()).collect();
    let logs = std::iter::once(0.0).chain(x.windows(2).map(|pair| (pair[1] / pair[0]).ln())).collect();
    let mut mixed: Vec<f64> =
        (0..rows).map(|_| (random.unit() - 0.5) * 2_f64.powf(random.unit() * 2040.0 - 1020.0)).collect();
    // Two giants whose square is a tie, the rest near nothing: the sums must look all the way down.
    for (i, v) in mixed.iter_mut().enumerate().step_by(7) {
        *v = 134_217_729.0 * 2_f64.powi(i32::try_from(i % 3).unwrap() + 900);
    }
    let other = |new: Vec<f64>| Series { x: new, y: x.clone(), high: high.clone(), low: low.clone() };
    let all = vec![
        ("_40000", other(index.clone())),
        ("_volumes", other(volumes)),
        ("_logs", other(logs)),
        ("_mixed", other(mixed)),
    ];
    let usual = Series { x: x.clone(), y: index, high: high.clone(), low: low.clone() };
    std::iter::once(("", usual)).chain(all).collect()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [serving, folder] = &arguments[..]
        && serving == "--serve"
    {
        return serve(Path::new(folder));
    }
    let rows = arguments.iter().find_map(|argument| argument.strip_prefix("--rows="));
    let rows = rows.map_or(ROWS, |rows| rows.parse().expect("--rows is a number"));
    let series = made(rows);
    let mut runs: Vec<(String, usize, &str, &Series)> = Vec::new();
    for window in [20, 200, 5000] {
        for (name, series) in &series {
            let kernels: &[&str] = match *name {
                "" => &[
                    "mean",
                    "std",
                    "sum",
                    "var",
                    "zscore",
                    "max",
                    "min",
                    "argmin",
                    "argmax",
                    "cov",
                    "corr",
                    "bollinger",
                    "ema",
                    "wilder",
                    "rsi",
                    "atr",
                    "macd",
                    "diff",
                    "returns",
                    "log_returns",
                    "shift",
                    "two_streams",
                ],
                "_mixed" => &["mean", "std", "cov"],
                "_volumes" => &["mean", "std", "max"],
                _ => &["mean", "std"],
            };
            runs.extend(kernels.iter().map(|kernel| (format!("{kernel}{name}"), window, *kernel, series)));
        }
    }
    runs.extend(["ema_8_periods", "true_range", "copy"].map(|kernel| (kernel.to_owned(), 1, kernel, &series[0].1)));

    let wanted: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    runs.retain(|(name, ..)| wanted.is_empty() || wanted.contains(&name));
    let mut out = vec![0.0; 8 * rows];
    let mut times: Vec<(usize, Isa, Vec<f64>)> =
        (0..runs.len()).flat_map(|at| Isa::available().map(move |isa| (at, isa, Vec::new()))).collect();
    for round in 0..=ROUNDS {
        for (at, isa, times) in &mut times {
            // What is slow enough needs no fifteen rounds.
            if times.len() >= 3 && times[0] > 20.0 {
                continue;
            }
            let (_, window, kernel, series) = &runs[*at];
            let taken = timed(*isa, kernel, *window, series, &mut out);
            if round > 0 {
                times.push(taken);
            }
        }
    }
    for (at, isa, mut times) in times {
        times.sort_by(f64::total_cmp);
        println!("rust\t{}\t{}\t{isa:?}\t{:.3}", runs[at].0, runs[at].1, times[times.len() / 2]);
    }
}
