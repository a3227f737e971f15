//! Times the kernels, interleaved and for every instruction set: `rust<TAB>kernel<TAB>window<TAB>isa<TAB>ns_per_row`.
//!
//! `cargo bench --bench kernels [-- kernel ...]` runs those whose name is given, or all. Medians of rounds in which
//! each kernel has its turn, so that a busy machine slows all alike.
#![allow(
    clippy::cast_precision_loss,
    clippy::wildcard_imports,
    reason = "sizes, nanoseconds, and every kernel there is"
)]

use std::hint::black_box;
use std::time::Instant;

use omega_slicer::kernels::*;

const ROWS: usize = 1_000_000;
const ROUNDS: usize = 15;

type Run<'a> = Box<dyn Fn(&mut [f64]) + 'a>;

struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn walk(seed: u64, start: f64, step: f64) -> Vec<f64> {
    let (mut random, mut price) = (Random(seed), start);
    std::iter::repeat_with(|| {
        price *= 1.0 + step * (random.unit() - 0.5);
        price
    })
    .take(ROWS)
    .collect()
}

fn main() {
    let x = walk(1, 1.1, 2e-4);
    let index = walk(2, 40_000.0, 2e-3);
    let mut random = Random(3);
    let high: Vec<f64> = x.iter().map(|v| v * (1.0 + 1e-4 * random.unit())).collect();
    let low: Vec<f64> = x.iter().map(|v| v * (1.0 - 1e-4 * random.unit())).collect();
    let volumes: Vec<f64> = (0..ROWS).map(|_| (random.unit() * 1e6).floor()).collect();
    let logs: Vec<f64> = std::iter::once(0.0).chain(x.windows(2).map(|pair| (pair[1] / pair[0]).ln())).collect();
    let mut mixed: Vec<f64> =
        (0..ROWS).map(|_| (random.unit() - 0.5) * 2_f64.powf(random.unit() * 2040.0 - 1020.0)).collect();
    // Two giants whose square is a tie, the rest near nothing: the sums must look all the way down.
    for (i, v) in mixed.iter_mut().enumerate().step_by(7) {
        *v = 134_217_729.0 * 2_f64.powi(i32::try_from(i % 3).unwrap() + 900);
    }
    let (x, index, volumes, logs, mixed) = (&x[..], &index[..], &volumes[..], &logs[..], &mixed[..]);

    let eight = std::cell::RefCell::new(vec![0.0; 8 * ROWS]);
    let mut runs: Vec<(String, usize, Run)> = Vec::new();
    let mut add = |kernel: &str, window: usize, run| {
        runs.push((kernel.to_owned(), window, run));
    };
    let series = [("", x), ("_40000", index), ("_volumes", volumes), ("_logs", logs), ("_mixed", mixed)];
    for window in [20, 200, 5000] {
        let w = Window::new(window);
        for (name, x) in series {
            add(&format!("mean{name}"), window, Box::new(move |out| rolling_mean(x, w, out).unwrap()));
            add(&format!("std{name}"), window, Box::new(move |out| rolling_std(x, w, 0, out).unwrap()));
        }
        add("sum", window, Box::new(move |out| rolling_sum(x, w, out).unwrap()));
        add("var", window, Box::new(move |out| rolling_var(x, w, 0, out).unwrap()));
        add("zscore", window, Box::new(move |out| rolling_zscore(x, w, 0, out).unwrap()));
        add("max", window, Box::new(move |out| rolling_max(x, w, out).unwrap()));
        add("min", window, Box::new(move |out| rolling_min(x, w, out).unwrap()));
        add("max_volumes", window, Box::new(move |out| rolling_max(volumes, w, out).unwrap()));
        add("argmax", window, Box::new(move |out| rolling_argmax(x, w, out).unwrap()));
        add("cov", window, Box::new(move |out| rolling_cov(x, index, w, 1, out).unwrap()));
        add("corr", window, Box::new(move |out| rolling_corr(x, index, w, 1, out).unwrap()));
        add("cov_mixed", window, Box::new(move |out| rolling_cov(mixed, x, w, 1, out).unwrap()));
        let (high, low) = (&high, &low);
        add("ema", window, Box::new(move |out| ema(x, &[window], NanPolicy::Propagate, out).unwrap()));
        add("wilder", window, Box::new(move |out| wilder(x, window, NanPolicy::Propagate, out).unwrap()));
        add("rsi", window, Box::new(move |out| rsi(x, window, NanPolicy::Propagate, out).unwrap()));
        add("atr", window, Box::new(move |out| atr(high, low, x, window, NanPolicy::Propagate, out).unwrap()));
    }
    add(
        "ema_8_periods",
        20,
        Box::new(|_: &mut [f64]| {
            ema(x, &[5, 8, 13, 21, 34, 55, 89, 144], NanPolicy::Propagate, &mut eight.borrow_mut()).unwrap();
        }),
    );
    add("true_range", 1, Box::new(|out| true_range(&high, &low, x, out).unwrap()));
    add("log_returns", 1, Box::new(move |out| log_returns(x, 1, out).unwrap()));
    add("copy", 1, Box::new(move |out| out.copy_from_slice(x)));

    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    runs.retain(|(kernel, ..)| wanted.is_empty() || wanted.contains(kernel));
    let mut out = vec![0.0; ROWS];
    let mut times: Vec<(usize, Isa, Vec<f64>)> =
        (0..runs.len()).flat_map(|at| Isa::available().map(move |isa| (at, isa, Vec::new()))).collect();
    for round in 0..=ROUNDS {
        for (at, isa, times) in &mut times {
            // What is slow enough needs no fifteen rounds.
            if times.len() >= 3 && times[0] > 20.0 {
                continue;
            }
            let start = Instant::now();
            isa.run(|| runs[*at].2(black_box(&mut out)));
            if round > 0 {
                times.push(start.elapsed().as_nanos() as f64 / ROWS as f64);
            }
        }
    }
    for (at, isa, mut times) in times {
        times.sort_by(f64::total_cmp);
        println!("rust\t{}\t{}\t{isa:?}\t{:.3}", runs[at].0, runs[at].1, times[times.len() / 2]);
    }
}
