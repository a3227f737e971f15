//! Indicators: written compositions of the kernels, each operation rounded once in the written order.

use super::indicator_chains::{Averages, Ranges, Strengths, TrueRanges};
use super::moments::{check, vars};
use super::recurrences::{Chain, WilderChain, skips};
use super::simd::{dispatch, has_registers};
use super::speculation::{self, warm_up_from_anywhere};
use super::sums::sums;
use super::{NanPolicy, Window, blocks, check_period, same_length};
use crate::error::Error;

/// The relative strength index: `100 * (gain / (gain + loss))` of Wilder's averages of the gains and of the losses
/// from row to row; 100 without loss, 50 without either. NaN before row `period`.
///
/// # Errors
/// 1001 for a period of 0; 1011 if `out` differs from `x` in length.
pub fn rsi(x: &[f64], period: usize, nan: NanPolicy, out: &mut [f64]) -> Result<(), Error> {
    check_period("period", period)?;
    same_length("out", out.len(), x.len())?;
    if x.len() <= period || skips(x, nan) {
        let mut chain = RsiChain::new(period, nan);
        for (out, &x) in out.iter_mut().zip(x) {
            *out = chain.push(x);
        }
        return Ok(());
    }
    // What the seeds are means of lies in `out` until they are known.
    let (rows, first) = (&x[..=period], period + 1);
    let mut seed = |value: fn(f64) -> f64| {
        for (out, pair) in out.iter_mut().zip(rows.windows(2)) {
            *out = value(pair[1] - pair[0]);
        }
        WilderChain::seeded(&out[..period], NanPolicy::Propagate)
    };
    let (gain, loss) = (seed(|change| gain_and_loss(change).0), seed(|change| gain_and_loss(change).1));
    let (Some(gains), Some(losses)) = (gain.chain(), loss.chain()) else { return Ok(()) };
    let (mut average_gain, mut average_loss) = (gains.value, losses.value);
    out[..period].fill(f64::NAN);
    out[period] = strength(average_gain, average_loss);
    // Two chains have to meet two others.
    let warm_up = gains.warm_up() / 5 * 6;
    if has_registers() && speculation::pays(x.len() - first, warm_up) {
        let averages = [average_gain, average_loss];
        speculation::run(Strengths { average: gains, x, out }, first..x.len(), averages, warm_up);
        return Ok(());
    }
    // The two chains wait for their own last values; all else is done meanwhile.
    for (out, pair) in out[first..].iter_mut().zip(x[first - 1..].windows(2)) {
        let (gain, loss) = gain_and_loss(pair[1] - pair[0]);
        average_gain = gains.next(average_gain, gain);
        average_loss = losses.next(average_loss, loss);
        *out = strength(average_gain, average_loss);
    }
    Ok(())
}

/// The largest of `high - low`, `abs(high - close')` and `abs(low - close')` with the close of the row before;
/// `high - low` in row 0. NaN if any of them is.
///
/// # Errors
/// 1011 if the lengths differ.
pub fn true_range(high: &[f64], low: &[f64], close: &[f64], out: &mut [f64]) -> Result<(), Error> {
    check_bars(high, low, close, out)?;
    if let Some(first) = out.first_mut() {
        *first = high[0] - low[0];
        dispatch(TrueRanges { high: &high[1..], low: &low[1..], close, out: &mut out[1..] });
    }
    Ok(())
}

/// Wilder's average of the true range from row 0; NaN before row `period - 1`.
///
/// # Errors
/// 1001 for a period of 0; 1011 if the lengths differ.
pub fn atr(
    high: &[f64],
    low: &[f64],
    close: &[f64],
    period: usize,
    nan: NanPolicy,
    out: &mut [f64],
) -> Result<(), Error> {
    check_period("period", period)?;
    check_bars(high, low, close, out)?;
    if out.len() < period || skips(high, nan) || skips(low, nan) || skips(close, nan) {
        let mut chain = AtrChain::new(period, nan);
        for i in 0..out.len() {
            out[i] = chain.push(high[i], low[i], close[i]);
        }
        return Ok(());
    }
    // What the seed is the mean of lies in `out` until it is known.
    true_range(&high[..period], &low[..period], &close[..period], &mut out[..period])?;
    let chain = WilderChain::seeded(&out[..period], NanPolicy::Propagate);
    out[..period].fill(f64::NAN);
    if let Some(average) = chain.chain() {
        out[period - 1] = average.value;
        let (rows, value, warm_up) = (period..out.len(), [average.value], average.warm_up());
        if speculation::pays(rows.len(), warm_up) {
            let (high, low, close) = (&high[period..], &low[period..], &close[period - 1..]);
            dispatch(TrueRanges { high, low, close, out: &mut out[period..] });
        }
        speculation::run(Ranges { average, high, low, close, out }, rows, value, warm_up);
    }
    Ok(())
}

fn check_bars(high: &[f64], low: &[f64], close: &[f64], out: &[f64]) -> Result<(), Error> {
    same_length("low", low.len(), high.len())?;
    same_length("close", close.len(), high.len())?;
    same_length("out", out.len(), high.len())
}

/// The periods of [`macd`]; 12, 26 and 9 by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MacdPeriods {
    /// Of the average that is subtracted from.
    pub fast: usize,
    /// Of the average that is subtracted.
    pub slow: usize,
    /// Of the average of the difference.
    pub signal: usize,
}

impl Default for MacdPeriods {
    fn default() -> Self {
        Self { fast: 12, slow: 26, signal: 9 }
    }
}

impl MacdPeriods {
    pub(super) fn check(&self) -> Result<(), Error> {
        check_period("fast", self.fast)?;
        check_period("slow", self.slow)?;
        check_period("signal", self.signal)
    }
}

/// One row of [`macd`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Macd {
    /// `ema(fast) - ema(slow)`.
    pub macd: f64,
    /// The ema of that.
    pub signal: f64,
    /// `macd - signal`.
    pub histogram: f64,
}

impl Macd {
    pub(super) const NAN: Self = Self { macd: f64::NAN, signal: f64::NAN, histogram: f64::NAN };
}

/// Moving average convergence and divergence. All averages start at row 0.
///
/// # Errors
/// 1001 for a period of 0; 1011 if the lengths differ.
pub fn macd(
    x: &[f64],
    periods: MacdPeriods,
    nan: NanPolicy,
    macd: &mut [f64],
    signal: &mut [f64],
    histogram: &mut [f64],
) -> Result<(), Error> {
    periods.check()?;
    same_length("macd", macd.len(), x.len())?;
    same_length("signal", signal.len(), x.len())?;
    same_length("histogram", histogram.len(), x.len())?;
    let mut chain = MacdChain::new(periods, nan);
    // One row to seed the chains, or all if some may have to be skipped.
    let first = if skips(x, nan) { x.len() } else { x.len().min(1) };
    for i in 0..first {
        let value = chain.push(x[i]);
        (macd[i], signal[i], histogram[i]) = (value.macd, value.signal, value.histogram);
    }
    let values = [chain.fast.value, chain.slow.value, chain.signal.value];
    // The signal settles only when the averages that it follows have: not later than after both times.
    let [f, s, g] = [&chain.fast, &chain.slow, &chain.signal].map(|chain| warm_up_from_anywhere(chain.a));
    let warm_up = f.max(s).saturating_add(g);
    speculation::run(Averages { chain, x, macd, signal, histogram }, first..x.len(), values, warm_up);
    Ok(())
}

/// One row of [`bollinger`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bands {
    /// The mean.
    pub middle: f64,
    /// `mean + width * std`.
    pub upper: f64,
    /// `mean - width * std`.
    pub lower: f64,
}

impl Bands {
    pub(super) const NAN: Self = Self { middle: f64::NAN, upper: f64::NAN, lower: f64::NAN };

    pub(super) fn new(mean: f64, var: f64, width: f64) -> Self {
        let distance = width * var.sqrt();
        Self { middle: mean, upper: mean + distance, lower: mean - distance }
    }
}

/// The rolling mean and `width` standard deviations above and below it.
///
/// # Errors
/// 1001 for a window of no rows or a `min_periods` outside it; 1011 if the lengths differ.
pub fn bollinger(
    x: &[f64],
    window: Window,
    width: f64,
    ddof: usize,
    middle: &mut [f64],
    upper: &mut [f64],
    lower: &mut [f64],
) -> Result<(), Error> {
    check(x, &window, middle)?;
    same_length("upper", upper.len(), x.len())?;
    same_length("lower", lower.len(), x.len())?;
    for rows in blocks(0..x.len(), window.len) {
        let (middle, upper, lower) = (&mut middle[rows.clone()], &mut upper[rows.clone()], &mut lower[rows.clone()]);
        sums::<true>(x, rows.clone(), &window, middle);
        vars::<false>(x, rows, &window, ddof, upper);
        for ((&mut middle, upper), lower) in middle.iter_mut().zip(upper).zip(lower) {
            let bands = Bands::new(middle, *upper, width);
            (*upper, *lower) = (bands.upper, bands.lower);
        }
    }
    Ok(())
}

/// `100 * (gain / (gain + loss))`.
#[inline]
pub(super) fn strength(gain: f64, loss: f64) -> f64 {
    // Not "without loss": a gain that has become NaN is no gain.
    if loss == 0.0 && gain >= 0.0 { if gain == 0.0 { 50.0 } else { 100.0 } } else { 100.0 * (gain / (gain + loss)) }
}

/// The gain and the loss of a difference, NaN of NaN.
#[inline]
pub(super) fn gain_and_loss(difference: f64) -> (f64, f64) {
    (if difference < 0.0 { 0.0 } else { difference }, if difference > 0.0 { 0.0 } else { -difference })
}

#[inline]
pub(super) fn range(high: f64, low: f64, close: f64) -> f64 {
    let (inside, up, down) = (high - low, (high - close).abs(), (low - close).abs());
    let outside = if up > down { up } else { down };
    let largest = if inside > outside { inside } else { outside };
    // Neither can be negative, so that their sum is NaN only if one of them is.
    if inside.is_nan() || (up + down).is_nan() { f64::NAN } else { largest }
}

#[derive(Clone)]
pub(super) struct RsiChain {
    skip: bool,
    before: Option<f64>,
    gain: WilderChain,
    loss: WilderChain,
    pub(super) value: f64,
}

impl RsiChain {
    pub(super) fn new(period: usize, nan: NanPolicy) -> Self {
        let average = WilderChain::new(period, NanPolicy::Propagate);
        Self { skip: nan == NanPolicy::Skip, before: None, gain: average.clone(), loss: average, value: f64::NAN }
    }

    pub(super) fn push(&mut self, x: f64) -> f64 {
        if self.skip && x.is_nan() {
            return self.value;
        }
        if let Some(before) = self.before.replace(x) {
            let (gain, loss) = gain_and_loss(x - before);
            self.value = strength(self.gain.push(gain), self.loss.push(loss));
        }
        self.value
    }
}

#[derive(Clone)]
pub(super) struct AtrChain {
    skip: bool,
    close: Option<f64>,
    average: WilderChain,
    pub(super) value: f64,
}

impl AtrChain {
    pub(super) fn new(period: usize, nan: NanPolicy) -> Self {
        let average = WilderChain::new(period, NanPolicy::Propagate);
        Self { skip: nan == NanPolicy::Skip, close: None, average, value: f64::NAN }
    }

    pub(super) fn push(&mut self, high: f64, low: f64, close: f64) -> f64 {
        if self.skip && (high.is_nan() || low.is_nan() || close.is_nan()) {
            return self.value;
        }
        let before = self.close.replace(close);
        self.value = self.average.push(before.map_or(high - low, |before| range(high, low, before)));
        self.value
    }
}

#[derive(Clone)]
pub(super) struct MacdChain {
    skip: bool,
    pub(super) fast: Chain,
    pub(super) slow: Chain,
    pub(super) signal: Chain,
    pub(super) value: Macd,
}

impl MacdChain {
    pub(super) fn new(periods: MacdPeriods, nan: NanPolicy) -> Self {
        // Rows with a NaN never get here; one that arithmetic makes stays.
        let [fast, slow, signal] =
            [periods.fast, periods.slow, periods.signal].map(|period| Chain::ema(period, NanPolicy::Propagate));
        Self { skip: nan == NanPolicy::Skip, fast, slow, signal, value: Macd::NAN }
    }

    pub(super) fn push(&mut self, x: f64) -> Macd {
        if !(self.skip && x.is_nan()) {
            let macd = self.fast.push(x) - self.slow.push(x);
            let signal = self.signal.push(macd);
            self.value = Macd { macd, signal, histogram: macd - signal };
        }
        self.value
    }
}
