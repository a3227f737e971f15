//! Times every windowed kernel on inputs made to be slow for it, beside a price walk, in one run:
//! `hostile<TAB>kernel<TAB>window<TAB>family<TAB>ns_per_row<TAB>ratio_to_fast`, then the worst ratio of each kernel,
//! `worst<TAB>kernel<TAB>window<TAB>family<TAB>ratio`; then what a push to a streaming twin takes.
//!
//! `cargo bench --bench hostile [-- kernel ... --rows N --rounds N --family WORDS]`, where `push` is a kernel, too. The
//! minimum of rounds in which each input has its turn; a family is one whose name has these words, beside the prices.
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::wildcard_imports,
    reason = "sizes, nanoseconds, and every kernel there is"
)]

use std::hint::black_box;
use std::time::Instant;

use omega_slicer::kernels::*;

#[path = "../tests/kernels/hostile_series.rs"]
mod hostile_series;

use hostile_series::{Family, families};

/// What to time.
struct Plan {
    kernels: Vec<String>,
    family: String,
    /// Few by default, so that a round of the slowest is over before a busy machine gives the core to another.
    rows: usize,
    rounds: usize,
}

impl Plan {
    fn of(mut arguments: impl Iterator<Item = String>) -> Self {
        let mut plan = Self { kernels: Vec::new(), family: String::new(), rows: 12_000, rounds: 25 };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().unwrap_or_else(|| panic!("{argument} is of what?"));
            let number = |text: String| text.parse().unwrap_or_else(|_| panic!("{argument} is {text}, not a number"));
            match argument.as_str() {
                "--rows" => plan.rows = number(value()),
                "--rounds" => plan.rounds = number(value()),
                "--family" => plan.family = value(),
                // What cargo says.
                "--bench" => (),
                kernel => plan.kernels.push(kernel.into()),
            }
        }
        let known = |name: &str| name == "push" || KERNELS.iter().any(|(kernel, _)| *kernel == name);
        let unknown = plan.kernels.iter().find(|name| !known(name));
        assert!(unknown.is_none(), "there is no kernel {unknown:?}");
        plan
    }

    fn wants(&self, kernel: &str) -> bool {
        self.kernels.is_empty() || self.kernels.iter().any(|name| name == kernel)
    }

    fn families(&self, window: usize) -> Vec<Family> {
        let mut families = families(self.rows, window);
        let mut first = true;
        families.retain(|family| std::mem::take(&mut first) || family.name.contains(&self.family));
        families
    }
}

type Kernel = fn(&Family, Window, &mut [f64]);

const KERNELS: [(&str, Kernel); 11] = [
    ("sum", |f, w, out| rolling_sum(&f.x, w, out).unwrap()),
    ("mean", |f, w, out| rolling_mean(&f.x, w, out).unwrap()),
    ("var", |f, w, out| rolling_var(&f.x, w, f.ddof, out).unwrap()),
    ("std", |f, w, out| rolling_std(&f.x, w, f.ddof, out).unwrap()),
    ("zscore", |f, w, out| rolling_zscore(&f.x, w, f.ddof, out).unwrap()),
    ("min", |f, w, out| rolling_min(&f.x, w, out).unwrap()),
    ("max", |f, w, out| rolling_max(&f.x, w, out).unwrap()),
    ("argmin", |f, w, out| rolling_argmin(&f.x, w, out).unwrap()),
    ("argmax", |f, w, out| rolling_argmax(&f.x, w, out).unwrap()),
    ("cov", |f, w, out| rolling_cov(&f.x, &f.y, w, f.ddof, out).unwrap()),
    ("corr", |f, w, out| rolling_corr(&f.x, &f.y, w, f.ddof, out).unwrap()),
];

fn setting(family: &Family, window: usize) -> Window {
    let nan = if family.skip { NanPolicy::Skip } else { NanPolicy::Propagate };
    Window::new(window).nan(nan).min_periods(family.min_periods)
}

fn nanoseconds(kernel: Kernel, family: &Family, window: Window, out: &mut [f64]) -> f64 {
    let start = Instant::now();
    kernel(family, window, black_box(out));
    start.elapsed().as_nanos() as f64 / out.len() as f64
}

fn batch(plan: &Plan) {
    let mut out = vec![0.0; plan.rows];
    let mut worst: Vec<(&str, usize, &str, f64)> = Vec::new();
    for window in [20, 200, 5000] {
        let families = plan.families(window);
        for &(name, kernel) in KERNELS.iter().filter(|(name, _)| plan.wants(name)) {
            let mut times = vec![f64::INFINITY; families.len()];
            for _ in 0..plan.rounds {
                for (family, time) in families.iter().zip(&mut times) {
                    let setting = setting(family, window);
                    *time = time.min(nanoseconds(kernel, family, setting, &mut out));
                }
            }
            let mut most = (name, window, "", 0.0);
            for (family, time) in families.iter().zip(&times) {
                let ratio = time / times[0];
                println!("hostile\t{name}\t{window}\t{}\t{time:.2}\t{ratio:.1}", family.name);
                if ratio > most.3 {
                    most = (name, window, family.name, ratio);
                }
            }
            worst.push(most);
        }
    }
    for (name, window, family, ratio) in worst {
        println!("worst\t{name}\t{window}\t{family}\t{ratio:.1}");
    }
}

/// Nanoseconds for each push of rows of a family.
fn pushed(family: &Family, rounds: usize, mut push: impl FnMut(f64, f64) -> f64) -> f64 {
    (0..rounds).fold(f64::INFINITY, |best, _| {
        let start = Instant::now();
        for (&x, &y) in family.x.iter().zip(&family.y) {
            black_box(push(black_box(x), y));
        }
        best.min(start.elapsed().as_nanos() as f64 / family.x.len() as f64)
    })
}

fn streaming(plan: &Plan) {
    for window in [20, 200, 5000] {
        for family in plan.families(window) {
            let w = setting(&family, window);
            let mut mean = RollingMean::new(w).unwrap();
            let mut var = RollingVar::new(w, family.ddof).unwrap();
            let mut corr = RollingCorr::new(w, family.ddof).unwrap();
            let times = [
                ("mean", pushed(&family, plan.rounds, |x, _| mean.push(x))),
                ("var", pushed(&family, plan.rounds, |x, _| var.push(x))),
                ("corr", pushed(&family, plan.rounds, |x, y| corr.push(x, y))),
            ];
            for (name, time) in times {
                println!("push\t{name}\t{window}\t{}\t{time:.1}", family.name);
            }
        }
    }
}

fn main() {
    let plan = Plan::of(std::env::args().skip(1));
    batch(&plan);
    if plan.wants("push") {
        streaming(&plan);
    }
}
