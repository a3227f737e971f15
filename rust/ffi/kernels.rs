//! What kernels and streams have in common: their numbers, their options, and how one runs on C's columns.
//!
//! A call adds checks of its arguments to the kernel, and nothing per row: the kernel reads and writes the
//! caller's own memory.

use std::fmt::Display;

use super::arguments::{Span, array, drilled, outputs, reference};
use super::status::Failure;
use crate::error::{Error, ErrorCode};
use crate::kernels::{NanPolicy, Window};

/// What a NaN does to the results near it.
pub type OmegaNanPolicy = i32;
/// A NaN in the window gives NaN; in a recurrence NaN from there on.
pub const OMEGA_NAN_PROPAGATE: OmegaNanPolicy = 0;
/// NaNs are not counted; a recurrence repeats its last value.
pub const OMEGA_NAN_SKIP: OmegaNanPolicy = 1;

/// A kernel: the function of the same name says what it computes.
pub type OmegaKernel = i32;
/// omega_rolling_sum.
pub const OMEGA_KERNEL_SUM: OmegaKernel = 0;
/// omega_rolling_mean.
pub const OMEGA_KERNEL_MEAN: OmegaKernel = 1;
/// omega_rolling_var.
pub const OMEGA_KERNEL_VAR: OmegaKernel = 2;
/// omega_rolling_std.
pub const OMEGA_KERNEL_STD: OmegaKernel = 3;
/// omega_rolling_zscore.
pub const OMEGA_KERNEL_ZSCORE: OmegaKernel = 4;
/// omega_rolling_min.
pub const OMEGA_KERNEL_MIN: OmegaKernel = 5;
/// omega_rolling_max.
pub const OMEGA_KERNEL_MAX: OmegaKernel = 6;
/// omega_rolling_argmin.
pub const OMEGA_KERNEL_ARGMIN: OmegaKernel = 7;
/// omega_rolling_argmax.
pub const OMEGA_KERNEL_ARGMAX: OmegaKernel = 8;
/// omega_ema of one period.
pub const OMEGA_KERNEL_EMA: OmegaKernel = 9;
/// omega_wilder.
pub const OMEGA_KERNEL_WILDER: OmegaKernel = 10;
/// omega_rsi.
pub const OMEGA_KERNEL_RSI: OmegaKernel = 11;
/// omega_diff.
pub const OMEGA_KERNEL_DIFF: OmegaKernel = 12;
/// omega_returns.
pub const OMEGA_KERNEL_RETURNS: OmegaKernel = 13;
/// omega_log_returns.
pub const OMEGA_KERNEL_LOG_RETURNS: OmegaKernel = 14;
/// omega_shift.
pub const OMEGA_KERNEL_SHIFT: OmegaKernel = 15;
/// omega_rolling_cov. Inputs x, y.
pub const OMEGA_KERNEL_COV: OmegaKernel = 16;
/// omega_rolling_corr. Inputs x, y.
pub const OMEGA_KERNEL_CORR: OmegaKernel = 17;
/// omega_true_range. Inputs high, low, close.
pub const OMEGA_KERNEL_TRUE_RANGE: OmegaKernel = 18;
/// omega_atr. Inputs high, low, close.
pub const OMEGA_KERNEL_ATR: OmegaKernel = 19;
/// omega_macd. Outputs macd, signal, histogram.
pub const OMEGA_KERNEL_MACD: OmegaKernel = 20;
/// omega_bollinger. Outputs middle, upper, lower.
pub const OMEGA_KERNEL_BOLLINGER: OmegaKernel = 21;

/// How a kernel looks at its rows. Fields that a kernel does not use must be 0.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct OmegaKernelOptions {
    /// Rows of the window, or the period of a recurrence (macd: fast), or how many rows back diff, returns,
    /// log_returns and shift look. Not used by true_range.
    pub window: usize,
    /// Fewer values than this give NaN, 1 to window: rolling kernels and bollinger.
    pub min_periods: usize,
    /// What the variance subtracts from the count: var, std, zscore, cov, corr, bollinger.
    pub ddof: usize,
    /// What a NaN does. Not used by true_range, diff, returns, log_returns and shift.
    pub nan: OmegaNanPolicy,
    /// 0.
    pub reserved: u32,
    /// The slow period: macd.
    pub slow: usize,
    /// The signal period: macd.
    pub signal: usize,
    /// How many standard deviations the bands are away from the mean: bollinger.
    pub width: f64,
}

/// The fields that a kernel uses.
fn used(kernel: OmegaKernel) -> Result<&'static [&'static str], Failure> {
    match kernel {
        OMEGA_KERNEL_SUM | OMEGA_KERNEL_MEAN | OMEGA_KERNEL_MIN..=OMEGA_KERNEL_ARGMAX => {
            Ok(&["window", "min_periods", "nan"])
        }
        OMEGA_KERNEL_VAR..=OMEGA_KERNEL_ZSCORE | OMEGA_KERNEL_COV | OMEGA_KERNEL_CORR => {
            Ok(&["window", "min_periods", "ddof", "nan"])
        }
        OMEGA_KERNEL_EMA..=OMEGA_KERNEL_RSI | OMEGA_KERNEL_ATR => Ok(&["window", "nan"]),
        OMEGA_KERNEL_DIFF..=OMEGA_KERNEL_SHIFT => Ok(&["window"]),
        OMEGA_KERNEL_TRUE_RANGE => Ok(&[]),
        OMEGA_KERNEL_MACD => Ok(&["window", "slow", "signal", "nan"]),
        OMEGA_KERNEL_BOLLINGER => Ok(&["window", "min_periods", "ddof", "nan", "width"]),
        _ => Err(unknown(kernel, OMEGA_KERNEL_BOLLINGER)),
    }
}

#[cold]
pub(super) fn unknown(kernel: OmegaKernel, last: OmegaKernel) -> Failure {
    Failure::new(ErrorCode::InvalidArgument, format!("kernel is {kernel}, not 0 to {last}"))
}

/// The options of a kernel that exists, with nothing in fields that it does not use.
///
/// # Safety
/// Unless NULL, `options` must be readable for the length of the call.
pub(super) unsafe fn options_of(
    kernel: OmegaKernel,
    options: *const OmegaKernelOptions,
) -> Result<OmegaKernelOptions, Failure> {
    let used = used(kernel)?;
    // SAFETY: promised by the caller.
    let options = *unsafe { reference(options, "options") }?;
    let OmegaKernelOptions { window, min_periods, ddof, nan, reserved, slow, signal, width } = options;
    let fields: [(&str, bool, &dyn Display); 8] = [
        ("window", window == 0, &window),
        ("min_periods", min_periods == 0, &min_periods),
        ("ddof", ddof == 0, &ddof),
        ("nan", nan == 0, &nan),
        ("reserved", reserved == 0, &reserved),
        ("slow", slow == 0, &slow),
        ("signal", signal == 0, &signal),
        ("width", width == 0.0, &width),
    ];
    if let Some((name, _, value)) = fields.iter().find(|(name, zero, _)| !(*zero || used.contains(name))) {
        let message = format!("options.{name} is {value}, not 0: kernel {kernel} does not use it");
        return Err(Failure::new(ErrorCode::InvalidArgument, message));
    }
    Ok(options)
}

impl OmegaKernelOptions {
    pub(super) fn windowed(&self) -> Result<Window, Failure> {
        window_of(self.window, self.min_periods, self.nan)
    }

    pub(super) fn policy(&self) -> Result<NanPolicy, Failure> {
        policy_of(self.nan)
    }
}

#[inline]
pub(super) fn policy_of(nan: OmegaNanPolicy) -> Result<NanPolicy, Failure> {
    match nan {
        OMEGA_NAN_PROPAGATE => Ok(NanPolicy::Propagate),
        OMEGA_NAN_SKIP => Ok(NanPolicy::Skip),
        _ => Err(Failure::new(ErrorCode::InvalidArgument, format!("nan is {nan}, not 0 (propagate) or 1 (skip)"))),
    }
}

/// Whether the numbers make sense, the kernel says.
#[inline]
pub(super) fn window_of(len: usize, min_periods: usize, nan: OmegaNanPolicy) -> Result<Window, Failure> {
    Ok(Window { len, min_periods, nan: policy_of(nan)? })
}

/// Runs a kernel from columns of `n` values into columns as long.
///
/// # Safety
/// Unless NULL, each input must be valid for `n` doubles that nobody changes during the call, and each output
/// for writing as many, which nobody else touches.
#[inline]
pub(super) unsafe fn run<const I: usize, const O: usize>(
    n: usize,
    inputs: [(&'static str, *const f64); I],
    out: [(&'static str, *mut f64); O],
    kernel: impl FnOnce([&[f64]; I], [&mut [f64]; O]) -> Result<(), Error>,
) -> Result<(), Failure> {
    let mut x = [&[][..]; I];
    for (x, (name, pointer)) in x.iter_mut().zip(inputs) {
        // SAFETY: promised by the caller.
        *x = unsafe { array(pointer, n, name) }?;
    }
    let mut spans = [("", Span::of::<f64>(&[])); I];
    for (span, ((name, _), x)) in spans.iter_mut().zip(inputs.iter().zip(x)) {
        *span = (name, Span::of(x));
    }
    // SAFETY: promised by the caller.
    let mut out = unsafe { outputs(out, n, &spans) }?;
    kernel(x, out.each_mut().map(|out| &mut **out))?;
    drill(&mut out);
    Ok(())
}

/// What a fault drill does to a kernel's results: nothing, in any build that may be shipped.
#[inline]
pub(super) fn drill(columns: &mut [&mut [f64]]) {
    if cfg!(feature = "fault-injection") {
        for value in columns.iter_mut().flat_map(|column| column.iter_mut()) {
            *value = drilled(*value);
        }
    }
}
