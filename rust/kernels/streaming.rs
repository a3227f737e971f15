//! The streaming twins, for live trading: push a row, get the value that the batch kernel gives for it. O(1)
//! amortised per push. Windowed ones equal the batch bit for bit from any first row once the window is full;
//! recurrences do when fed from the same first row.

use std::collections::VecDeque;

use super::differences::{difference, log_return, simple_return};
use super::extrema::Extreme;
use super::indicators::{AtrChain, Bands, Macd, MacdChain, MacdPeriods, RsiChain, range};
use super::recurrences::{Chain, WilderChain};
use super::statistics::{Corr, Cov, Statistic, Sum, Var, standard_score};
use super::{NanPolicy, Window, check_period};
use crate::error::Error;

/// A statistic with the rows of its window.
#[derive(Clone)]
struct Rolling<S: Statistic> {
    window: Window,
    rows: VecDeque<S::Row>,
    empty: S,
    state: S,
    value: f64,
}

impl<S: Statistic> Rolling<S> {
    fn new(window: Window, empty: S) -> Result<Self, Error> {
        window.check()?;
        Ok(Self { window, rows: VecDeque::new(), state: empty.clone(), empty, value: f64::NAN })
    }

    fn push(&mut self, row: S::Row) -> f64 {
        if self.rows.len() == self.window.len
            && let Some(oldest) = self.rows.pop_front()
        {
            self.state.remove(oldest);
        }
        self.state.add(row);
        self.rows.push_back(row);
        self.value = self.state.value(&self.window);
        self.value
    }

    fn reset(&mut self) {
        self.rows.clear();
        self.state = self.empty.clone();
        self.value = f64::NAN;
    }
}

/// The square root of a variance.
#[derive(Clone)]
struct Std(Var);

impl Statistic for Std {
    type Row = f64;

    fn add(&mut self, x: f64) {
        self.0.add(x);
    }

    fn remove(&mut self, x: f64) {
        self.0.remove(x);
    }

    fn value(&mut self, window: &Window) -> f64 {
        self.0.value(window).sqrt()
    }
}

/// The standard score of the row added last.
#[derive(Clone)]
struct Zscore {
    x: f64,
    mean: Sum<true>,
    var: Var,
}

impl Statistic for Zscore {
    type Row = f64;

    fn add(&mut self, x: f64) {
        self.x = x;
        self.mean.add(x);
        self.var.add(x);
    }

    fn remove(&mut self, x: f64) {
        self.mean.remove(x);
        self.var.remove(x);
    }

    fn value(&mut self, window: &Window) -> f64 {
        standard_score(self.x, self.mean.value(window), self.var.value(window))
    }
}

/// An extreme of a window, or the way back to it.
#[derive(Clone)]
struct Outermost<const MAX: bool, const WHERE: bool>(Extreme<MAX>);

impl<const MAX: bool, const WHERE: bool> Statistic for Outermost<MAX, WHERE> {
    type Row = f64;

    fn add(&mut self, x: f64) {
        self.0.push(x);
    }

    fn remove(&mut self, x: f64) {
        self.0.forget(x);
    }

    fn value(&mut self, window: &Window) -> f64 {
        if WHERE { self.0.distance(window) } else { self.0.value(window) }
    }
}

/// The three methods that every twin has; `$push` is how its state takes a row.
macro_rules! twin {
    ($name:ident, ($($row:ident),+), $value:ty, $push:expr) => {
        impl $name {
            /// Takes a row and gives the value of the window, or chain, that ends with it.
            pub fn push(&mut self, $($row: f64),+) -> $value {
                let push = $push;
                push(&mut self.state, ($($row),+))
            }

            /// What the last push gave; NaN before the first.
            #[must_use]
            pub fn value(&self) -> $value {
                self.state.value
            }

            /// Forgets every row.
            pub fn reset(&mut self) {
                self.state.reset();
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).field("value", &self.state.value).finish_non_exhaustive()
            }
        }
    };
}

/// A twin of a windowed kernel.
macro_rules! rolling {
    ($batch:literal, $name:ident, ($($row:ident),+), $statistic:ty, ($($ddof:ident)?) $empty:expr) => {
        #[doc = concat!("The streaming twin of [`", $batch, "`](super::", $batch, ").")]
        #[derive(Clone)]
        pub struct $name {
            state: Rolling<$statistic>,
        }

        impl $name {
            /// One without rows.
            ///
            /// # Errors
            /// 1001 for a window of no rows or a `min_periods` outside it.
            pub fn new(window: Window $(, $ddof: usize)?) -> Result<Self, Error> {
                Ok(Self { state: Rolling::new(window, $empty)? })
            }
        }

        twin!($name, ($($row),+), f64, |state: &mut Rolling<$statistic>, row| state.push(row));
    };
}

rolling!("rolling_sum", RollingSum, (x), Sum<false>, () Sum::new());
rolling!("rolling_mean", RollingMean, (x), Sum<true>, () Sum::new());
rolling!("rolling_var", RollingVar, (x), Var, (ddof) Var::new(ddof));
rolling!("rolling_std", RollingStd, (x), Std, (ddof) Std(Var::new(ddof)));
rolling!("rolling_zscore", RollingZscore, (x), Zscore, (ddof) Zscore {
    x: f64::NAN,
    mean: Sum::new(),
    var: Var::new(ddof)
});
rolling!("rolling_cov", RollingCov, (x, y), Cov, (ddof) Cov::new(ddof));
rolling!("rolling_corr", RollingCorr, (x, y), Corr, (ddof) Corr::new(ddof));
rolling!("rolling_min", RollingMin, (x), Outermost<false, false>, () Outermost(Extreme::new()));
rolling!("rolling_max", RollingMax, (x), Outermost<true, false>, () Outermost(Extreme::new()));
rolling!("rolling_argmin", RollingArgmin, (x), Outermost<false, true>, () Outermost(Extreme::new()));
rolling!("rolling_argmax", RollingArgmax, (x), Outermost<true, true>, () Outermost(Extreme::new()));

/// Mean and variance of one window, with the bands they make.
#[derive(Clone)]
struct BandsState {
    mean: Rolling<Sum<true>>,
    var: Rolling<Var>,
    width: f64,
    value: Bands,
}

impl BandsState {
    fn push(&mut self, x: f64) -> Bands {
        self.value = Bands::new(self.mean.push(x), self.var.push(x), self.width);
        self.value
    }

    fn reset(&mut self) {
        self.mean.reset();
        self.var.reset();
        self.value = Bands::NAN;
    }
}

/// The streaming twin of [`bollinger`](super::bollinger).
#[derive(Clone)]
pub struct RollingBollinger {
    state: BandsState,
}

impl RollingBollinger {
    /// One without rows.
    ///
    /// # Errors
    /// 1001 for a window of no rows or a `min_periods` outside it.
    pub fn new(window: Window, width: f64, ddof: usize) -> Result<Self, Error> {
        let (mean, var) = (Rolling::new(window, Sum::new())?, Rolling::new(window, Var::new(ddof))?);
        Ok(Self { state: BandsState { mean, var, width, value: Bands::NAN } })
    }
}

twin!(RollingBollinger, (x), Bands, |state: &mut BandsState, x| state.push(x));

/// A chain with what starts it anew.
#[derive(Clone)]
struct Started<C, V> {
    empty: C,
    chain: C,
    nothing: V,
    value: V,
}

impl<C: Clone, V: Copy> Started<C, V> {
    fn new(empty: C, nothing: V) -> Self {
        Self { chain: empty.clone(), empty, nothing, value: nothing }
    }

    fn reset(&mut self) {
        self.chain = self.empty.clone();
        self.value = self.nothing;
    }
}

/// A twin of a recurrence.
macro_rules! chain {
    ($batch:literal, $name:ident, ($($row:ident),+), $chain:ty, $value:ty, $push:expr) => {
        #[doc = concat!("The streaming twin of [`", $batch, "`](super::", $batch, ").")]
        #[derive(Clone)]
        pub struct $name {
            state: Started<$chain, $value>,
        }

        twin!($name, ($($row),+), $value, |state: &mut Started<$chain, $value>, row| {
            state.value = $push(&mut state.chain, row);
            state.value
        });
    };
}

/// The constructor of a twin with one period and a NaN policy.
macro_rules! periodic {
    ($name:ident, $new:expr) => {
        impl $name {
            /// One without rows.
            ///
            /// # Errors
            /// 1001 for a period of 0.
            pub fn new(period: usize, nan: NanPolicy) -> Result<Self, Error> {
                check_period("period", period)?;
                Ok(Self { state: Started::new($new(period, nan), f64::NAN) })
            }
        }
    };
}

chain!("ema", StreamingEma, (x), Chain, f64, Chain::push);
periodic!(StreamingEma, Chain::ema);
chain!("wilder", StreamingWilder, (x), WilderChain, f64, WilderChain::push);
periodic!(StreamingWilder, WilderChain::new);
chain!("rsi", StreamingRsi, (x), RsiChain, f64, RsiChain::push);
periodic!(StreamingRsi, RsiChain::new);
chain!("atr", StreamingAtr, (high, low, close), AtrChain, f64, |chain: &mut AtrChain, (high, low, close)| {
    chain.push(high, low, close)
});
periodic!(StreamingAtr, AtrChain::new);
chain!("macd", StreamingMacd, (x), MacdChain, Macd, MacdChain::push);

impl StreamingMacd {
    /// One without rows.
    ///
    /// # Errors
    /// 1001 for a period of 0.
    pub fn new(periods: MacdPeriods, nan: NanPolicy) -> Result<Self, Error> {
        periods.check()?;
        Ok(Self { state: Started::new(MacdChain::new(periods, nan), Macd::NAN) })
    }
}

chain!("true_range", StreamingTrueRange, (high, low, close), Option<f64>, f64, |chain: &mut Option<f64>, row| {
    let (high, low, close): (f64, f64, f64) = row;
    chain.replace(close).map_or(high - low, |before| range(high, low, before))
});

impl StreamingTrueRange {
    /// One without rows.
    #[must_use]
    pub fn new() -> Self {
        Self { state: Started::new(None, f64::NAN) }
    }
}

impl Default for StreamingTrueRange {
    fn default() -> Self {
        Self::new()
    }
}

/// The last rows, and the one that is `period` rows back.
#[derive(Clone)]
struct Lag {
    rows: VecDeque<f64>,
    period: usize,
}

impl Lag {
    const fn new(period: usize) -> Self {
        Self { rows: VecDeque::new(), period }
    }

    fn push(&mut self, x: f64, kernel: impl Fn(f64, f64) -> f64) -> f64 {
        self.rows.push_back(x);
        let before = if self.rows.len() > self.period { self.rows.pop_front() } else { None };
        before.map_or(f64::NAN, |before| kernel(x, before))
    }
}

/// A twin of a kernel that looks `period` rows back.
macro_rules! lagged {
    ($batch:literal, $name:ident, $least:literal, $kernel:expr) => {
        chain!($batch, $name, (x), Lag, f64, |lag: &mut Lag, x| lag.push(x, $kernel));

        impl $name {
            /// One without rows.
            ///
            /// # Errors
            /// 1001 for a period out of range.
            pub fn new(period: usize) -> Result<Self, Error> {
                check_period("period", period.max(1 - $least))?;
                Ok(Self { state: Started::new(Lag::new(period), f64::NAN) })
            }
        }
    };
}

lagged!("diff", StreamingDiff, 1, difference);
lagged!("returns", StreamingReturns, 1, simple_return);
lagged!("log_returns", StreamingLogReturns, 1, log_return);
lagged!("shift", StreamingShift, 0, |_, before| before);
