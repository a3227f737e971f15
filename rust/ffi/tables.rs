//! Kernels on tables, each of whose columns is a series of its own: one call, however many there are.

use super::arguments::array;
use super::kernels::{
    OMEGA_KERNEL_ARGMAX, OMEGA_KERNEL_ARGMIN, OMEGA_KERNEL_ATR, OMEGA_KERNEL_BOLLINGER, OMEGA_KERNEL_CORR,
    OMEGA_KERNEL_COV, OMEGA_KERNEL_DIFF, OMEGA_KERNEL_EMA, OMEGA_KERNEL_LOG_RETURNS, OMEGA_KERNEL_MACD,
    OMEGA_KERNEL_MAX, OMEGA_KERNEL_MEAN, OMEGA_KERNEL_MIN, OMEGA_KERNEL_RETURNS, OMEGA_KERNEL_RSI, OMEGA_KERNEL_SHIFT,
    OMEGA_KERNEL_STD, OMEGA_KERNEL_SUM, OMEGA_KERNEL_TRUE_RANGE, OMEGA_KERNEL_VAR, OMEGA_KERNEL_WILDER,
    OMEGA_KERNEL_ZSCORE, OmegaKernel, OmegaKernelOptions, options_of, run, unknown,
};
use super::status::{Failure, OmegaStatus};
use crate::error::{Error, ErrorCode};
use crate::kernels::{
    MacdPeriods, atr, bollinger, diff, ema, log_returns, macd, returns, rolling_argmax, rolling_argmin, rolling_corr,
    rolling_cov, rolling_max, rolling_mean, rolling_min, rolling_std, rolling_sum, rolling_var, rolling_zscore, rsi,
    shift, true_range, wilder,
};

/// `I` tables of so many rows and columns for a kernel, and `O` for its results.
struct Tables<const I: usize, const O: usize> {
    rows: usize,
    columns: usize,
    inputs: [(&'static str, *const f64); I],
    out: [(&'static str, *mut f64); O],
}

impl<const I: usize, const O: usize> Tables<I, O> {
    /// # Safety
    /// As [`run`], of `rows * columns` values.
    unsafe fn run(
        self,
        mut kernel: impl FnMut([&[f64]; I], [&mut [f64]; O]) -> Result<(), Error>,
    ) -> Result<(), Failure> {
        let Self { rows, columns, inputs, out } = self;
        let cells = rows.checked_mul(columns).ok_or_else(|| {
            Failure::new(ErrorCode::InvalidArgument, format!("{rows} rows of {columns} columns are not addressable"))
        })?;
        // Options are refused where there are no columns, too.
        kernel([&[]; I], [(); O].map(|()| &mut [][..]))?;
        let each_column = |x: [&[f64]; I], mut out: [&mut [f64]; O]| {
            for column in (0..cells).step_by(rows.max(1)) {
                let column = column..column + rows;
                kernel(x.map(|x| &x[column.clone()]), out.each_mut().map(|out| &mut out[column.clone()]))?;
            }
            Ok(())
        };
        // SAFETY: promised by the caller.
        unsafe { run(cells, inputs, out, each_column) }
    }
}

/// # Safety
/// As [`Tables::run`].
unsafe fn run_kernel_of_one(
    kernel: OmegaKernel,
    options: &OmegaKernelOptions,
    tables: Tables<1, 1>,
) -> Result<(), Failure> {
    let (window, nan) = (options.windowed()?, options.policy()?);
    let (period, ddof) = (options.window, options.ddof);
    let on_a_column = |[x]: [&[f64]; 1], [out]: [&mut [f64]; 1]| match kernel {
        OMEGA_KERNEL_SUM => rolling_sum(x, window, out),
        OMEGA_KERNEL_MEAN => rolling_mean(x, window, out),
        OMEGA_KERNEL_VAR => rolling_var(x, window, ddof, out),
        OMEGA_KERNEL_STD => rolling_std(x, window, ddof, out),
        OMEGA_KERNEL_ZSCORE => rolling_zscore(x, window, ddof, out),
        OMEGA_KERNEL_MIN => rolling_min(x, window, out),
        OMEGA_KERNEL_MAX => rolling_max(x, window, out),
        OMEGA_KERNEL_ARGMIN => rolling_argmin(x, window, out),
        OMEGA_KERNEL_ARGMAX => rolling_argmax(x, window, out),
        OMEGA_KERNEL_EMA => ema(x, &[period], nan, out),
        OMEGA_KERNEL_WILDER => wilder(x, period, nan, out),
        OMEGA_KERNEL_RSI => rsi(x, period, nan, out),
        OMEGA_KERNEL_DIFF => diff(x, period, out),
        OMEGA_KERNEL_RETURNS => returns(x, period, out),
        OMEGA_KERNEL_LOG_RETURNS => log_returns(x, period, out),
        _ => shift(x, period, out),
    };
    // SAFETY: promised by the caller.
    unsafe { tables.run(on_a_column) }
}

/// A kernel with one input and one output, OMEGA_KERNEL_SUM to OMEGA_KERNEL_SHIFT, on each of the contiguous
/// columns of x, rows values each, into the same place of out.
///
/// Threads: any. O(rows x columns) for any window; allocates what the kernel needs for one column. Errors:
/// OMEGA_NULL_POINTER; OMEGA_INVALID_ARGUMENT naming the kernel, the option (as the kernel's own function calls
/// it) or the overlap, or if rows x columns values are not addressable.
///
/// # Safety
/// `options` must be readable, `x` readable and `out` writable for `rows * columns` values, for the length of the
/// call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_kernel_columns(
    kernel: OmegaKernel,
    options: *const OmegaKernelOptions,
    x: *const f64,
    rows: usize,
    columns: usize,
    out: *mut f64,
) -> OmegaStatus {
    guard! {
        // SAFETY: promised by the caller.
        let options = unsafe { options_of(kernel, options) }?;
        if kernel > OMEGA_KERNEL_SHIFT {
            return Err(unknown(kernel, OMEGA_KERNEL_SHIFT));
        }
        let tables = Tables { rows, columns, inputs: [("x", x)], out: [("out", out)] };
        // SAFETY: promised by the caller.
        unsafe { run_kernel_of_one(kernel, &options, tables) }
    }
}

/// Tables as C gives them.
struct Given {
    kernel: OmegaKernel,
    tables: *const *const f64,
    inputs: usize,
    rows: usize,
    columns: usize,
    results: *const *mut f64,
    outputs: usize,
}

impl Given {
    /// As those of a kernel with `I` inputs and `O` outputs.
    ///
    /// # Safety
    /// Unless NULL, `tables` must be readable for `inputs` pointers and `results` for `outputs`; the rest as
    /// [`Tables::run`].
    unsafe fn run<const I: usize, const O: usize>(
        self,
        on_columns: impl FnMut([&[f64]; I], [&mut [f64]; O]) -> Result<(), Error>,
    ) -> Result<(), Failure> {
        // SAFETY: promised by the caller.
        unsafe { self.checked::<I, O>()?.run(on_columns) }
    }

    /// # Safety
    /// As [`Self::run`].
    unsafe fn checked<const I: usize, const O: usize>(self) -> Result<Tables<I, O>, Failure> {
        let Self { kernel, tables, inputs, rows, columns, results, outputs } = self;
        for (name, count, what, expected) in [("inputs", inputs, "takes", I), ("outputs", outputs, "gives", O)] {
            if count != expected {
                let message = format!("{name} is {count}, but kernel {kernel} {what} {expected}");
                return Err(Failure::new(ErrorCode::SizeMismatch, message));
            }
        }
        // SAFETY: promised by the caller.
        let (tables, results) = unsafe { (array(tables, inputs, "tables")?, array(results, outputs, "results")?) };
        let inputs = std::array::from_fn(|i| (["tables[0]", "tables[1]", "tables[2]"][i], tables[i]));
        let out = std::array::from_fn(|i| (["results[0]", "results[1]", "results[2]"][i], results[i]));
        Ok(Tables { rows, columns, inputs, out })
    }
}

/// Any kernel on each of the columns of its tables, each of rows x columns values, columns being contiguous, into
/// the same place of its results.
///
/// tables are x; x and y; or high, low and close. results are the output; or macd, signal and histogram; or middle,
/// upper and lower: OmegaKernel says which. A series is a table of one column. Threads: any; nobody else may touch
/// the results during the call. O(rows x columns) for any window; allocates what the kernel needs for one column.
/// Errors: OMEGA_NULL_POINTER; OMEGA_SIZE_MISMATCH naming inputs or outputs; OMEGA_INVALID_ARGUMENT naming the
/// kernel, the option (as the kernel's own function calls it) or the overlap, or if rows x columns values are not
/// addressable.
///
/// # Safety
/// `options` must be readable, `tables` for `inputs` pointers and `results` for `outputs`; each table must be readable
/// and each result writable for `rows * columns` values, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_kernel_tables(
    kernel: OmegaKernel,
    options: *const OmegaKernelOptions,
    tables: *const *const f64,
    inputs: usize,
    rows: usize,
    columns: usize,
    results: *const *mut f64,
    outputs: usize,
) -> OmegaStatus {
    guard! {
        // SAFETY: promised by the caller.
        let options = unsafe { options_of(kernel, options) }?;
        let given = Given { kernel, tables, inputs, rows, columns, results, outputs };
        // SAFETY: promised by the caller.
        unsafe { run_kernel(&options, given) }
    }
}

/// # Safety
/// As [`Given::run`].
unsafe fn run_kernel(options: &OmegaKernelOptions, given: Given) -> Result<(), Failure> {
    let (window, nan) = (options.windowed()?, options.policy()?);
    let OmegaKernelOptions { window: period, slow, signal, ddof, width, .. } = *options;
    // SAFETY: promised by the caller.
    unsafe {
        match given.kernel {
            OMEGA_KERNEL_COV => given.run(|[x, y], [out]| rolling_cov(x, y, window, ddof, out)),
            OMEGA_KERNEL_CORR => given.run(|[x, y], [out]| rolling_corr(x, y, window, ddof, out)),
            OMEGA_KERNEL_TRUE_RANGE => given.run(|[high, low, close], [out]| true_range(high, low, close, out)),
            OMEGA_KERNEL_ATR => given.run(|[high, low, close], [out]| atr(high, low, close, period, nan, out)),
            OMEGA_KERNEL_MACD => {
                let periods = MacdPeriods { fast: period, slow, signal };
                given.run(|[x], [line, signal, histogram]| macd(x, periods, nan, line, signal, histogram))
            }
            OMEGA_KERNEL_BOLLINGER => {
                given.run(|[x], [middle, upper, lower]| bollinger(x, window, width, ddof, middle, upper, lower))
            }
            kernel => run_kernel_of_one(kernel, options, given.checked()?),
        }
    }
}
