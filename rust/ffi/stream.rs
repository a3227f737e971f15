//! OmegaStream: the streaming twin of a kernel, one row at a time.

use std::sync::{RwLock, TryLockError};

use super::arguments::{NOTHING, Span, array, drilled, out, out_array};
use super::handle::Table;
use super::kernels::{
    OMEGA_KERNEL_ARGMAX, OMEGA_KERNEL_ARGMIN, OMEGA_KERNEL_ATR, OMEGA_KERNEL_BOLLINGER, OMEGA_KERNEL_CORR,
    OMEGA_KERNEL_COV, OMEGA_KERNEL_DIFF, OMEGA_KERNEL_EMA, OMEGA_KERNEL_LOG_RETURNS, OMEGA_KERNEL_MACD,
    OMEGA_KERNEL_MAX, OMEGA_KERNEL_MEAN, OMEGA_KERNEL_MIN, OMEGA_KERNEL_RETURNS, OMEGA_KERNEL_RSI, OMEGA_KERNEL_SHIFT,
    OMEGA_KERNEL_STD, OMEGA_KERNEL_SUM, OMEGA_KERNEL_TRUE_RANGE, OMEGA_KERNEL_VAR, OMEGA_KERNEL_WILDER,
    OMEGA_KERNEL_ZSCORE, OmegaKernel, OmegaKernelOptions, options_of, unknown,
};
use super::status::{Failure, OmegaStatus};
use crate::error::ErrorCode;
use crate::kernels::{
    MacdPeriods, RollingArgmax, RollingArgmin, RollingBollinger, RollingCorr, RollingCov, RollingMax, RollingMean,
    RollingMin, RollingStd, RollingSum, RollingVar, RollingZscore, StreamingAtr, StreamingDiff, StreamingEma,
    StreamingLogReturns, StreamingMacd, StreamingReturns, StreamingRsi, StreamingShift, StreamingTrueRange,
    StreamingWilder,
};

/// A kernel that takes its rows one by one. Free it with omega_stream_free.
pub struct OmegaStream {
    _opaque: [u8; 0],
}

/// The most inputs or outputs that a kernel has.
const MOST: usize = 3;

/// What all twins have in common; a row, or its values, stand at the front of the array.
trait Twin: Send + Sync {
    fn push(&mut self, row: [f64; MOST]) -> [f64; MOST];
    fn value(&self) -> [f64; MOST];
    fn reset(&mut self);
}

macro_rules! twin {
    ($twin:ident: [$($row:ident),+], |$value:ident| $values:expr) => {
        impl Twin for $twin {
            fn push(&mut self, row: [f64; MOST]) -> [f64; MOST] {
                let [$($row,)+ ..] = row;
                let $value = $twin::push(self, $($row),+);
                $values
            }

            fn value(&self) -> [f64; MOST] {
                let $value = $twin::value(self);
                $values
            }

            fn reset(&mut self) {
                $twin::reset(self);
            }
        }
    };
    ($($twin:ident),+: $row:tt) => {
        $(twin!($twin: $row, |value| [value; MOST]);)+
    };
}

twin!(RollingSum, RollingMean, RollingVar, RollingStd, RollingZscore: [x]);
twin!(RollingMin, RollingMax, RollingArgmin, RollingArgmax: [x]);
twin!(StreamingEma, StreamingWilder, StreamingRsi: [x]);
twin!(StreamingDiff, StreamingReturns, StreamingLogReturns, StreamingShift: [x]);
twin!(RollingCov, RollingCorr: [x, y]);
twin!(StreamingTrueRange, StreamingAtr: [high, low, close]);
twin!(StreamingMacd: [x], |value| [value.macd, value.signal, value.histogram]);
twin!(RollingBollinger: [x], |value| [value.middle, value.upper, value.lower]);

/// What stands behind a handle.
struct Stream {
    inputs: usize,
    outputs: usize,
    /// Tried, never waited for: rows of two threads have no order.
    twin: RwLock<Box<dyn Twin>>,
}

/// A mark unlike that of a series.
static STREAMS: Table<Stream> = Table::new(0x6E, "OmegaStream");

/// The stream behind a handle.
///
/// # Safety
/// As [`Table::get`]: for the length of the call, while the host does not free the handle.
#[inline]
unsafe fn stream_of<'a>(handle: *const OmegaStream) -> Result<&'a Stream, Failure> {
    // SAFETY: passed on to the caller.
    unsafe { STREAMS.get(handle as u64) }
}

/// Why a stream is not to be had.
#[cold]
#[inline(never)]
fn refused<T>(error: &TryLockError<T>) -> Failure {
    let message = match error {
        TryLockError::WouldBlock => "stream is in use by another thread",
        TryLockError::Poisoned(_) => "stream was left half-way by a fault: reset it",
    };
    Failure::new(ErrorCode::InvalidState, message)
}

#[inline]
fn same_count(name: &str, what: &str, count: usize, expected: usize) -> Result<(), Failure> {
    if count == expected { Ok(()) } else { Err(wrong_count(name, what, count, expected)) }
}

#[cold]
#[inline(never)]
fn wrong_count(name: &str, what: &str, count: usize, expected: usize) -> Failure {
    Failure::new(ErrorCode::SizeMismatch, format!("{name} is {count}, but this stream {what} {expected} a row"))
}

fn stream_new(kernel: OmegaKernel, options: &OmegaKernelOptions) -> Result<Stream, Failure> {
    let (window, nan) = (options.windowed()?, options.policy()?);
    let (period, ddof) = (options.window, options.ddof);
    let twin: Box<dyn Twin> = match kernel {
        OMEGA_KERNEL_SUM => Box::new(RollingSum::new(window)?),
        OMEGA_KERNEL_MEAN => Box::new(RollingMean::new(window)?),
        OMEGA_KERNEL_VAR => Box::new(RollingVar::new(window, ddof)?),
        OMEGA_KERNEL_STD => Box::new(RollingStd::new(window, ddof)?),
        OMEGA_KERNEL_ZSCORE => Box::new(RollingZscore::new(window, ddof)?),
        OMEGA_KERNEL_MIN => Box::new(RollingMin::new(window)?),
        OMEGA_KERNEL_MAX => Box::new(RollingMax::new(window)?),
        OMEGA_KERNEL_ARGMIN => Box::new(RollingArgmin::new(window)?),
        OMEGA_KERNEL_ARGMAX => Box::new(RollingArgmax::new(window)?),
        OMEGA_KERNEL_EMA => Box::new(StreamingEma::new(period, nan)?),
        OMEGA_KERNEL_WILDER => Box::new(StreamingWilder::new(period, nan)?),
        OMEGA_KERNEL_RSI => Box::new(StreamingRsi::new(period, nan)?),
        OMEGA_KERNEL_DIFF => Box::new(StreamingDiff::new(period)?),
        OMEGA_KERNEL_RETURNS => Box::new(StreamingReturns::new(period)?),
        OMEGA_KERNEL_LOG_RETURNS => Box::new(StreamingLogReturns::new(period)?),
        OMEGA_KERNEL_SHIFT => Box::new(StreamingShift::new(period)?),
        OMEGA_KERNEL_COV => Box::new(RollingCov::new(window, ddof)?),
        OMEGA_KERNEL_CORR => Box::new(RollingCorr::new(window, ddof)?),
        OMEGA_KERNEL_TRUE_RANGE => Box::new(StreamingTrueRange::new()),
        OMEGA_KERNEL_ATR => Box::new(StreamingAtr::new(period, nan)?),
        OMEGA_KERNEL_MACD => {
            let periods = MacdPeriods { fast: period, slow: options.slow, signal: options.signal };
            Box::new(StreamingMacd::new(periods, nan)?)
        }
        OMEGA_KERNEL_BOLLINGER => Box::new(RollingBollinger::new(window, options.width, ddof)?),
        _ => return Err(unknown(kernel, OMEGA_KERNEL_BOLLINGER)),
    };
    let inputs = match kernel {
        OMEGA_KERNEL_COV | OMEGA_KERNEL_CORR => 2,
        OMEGA_KERNEL_TRUE_RANGE | OMEGA_KERNEL_ATR => 3,
        _ => 1,
    };
    let outputs = if matches!(kernel, OMEGA_KERNEL_MACD | OMEGA_KERNEL_BOLLINGER) { 3 } else { 1 };
    Ok(Stream { inputs, outputs, twin: RwLock::new(twin) })
}

/// A new stream without rows: the streaming twin of any OmegaKernel.
///
/// Rolling kernels give the bits of their functions from any first row on once the window is full; recurrences
/// when fed from the same first row. Ownership: the caller owns the new handle. Threads: any. O(1); the stream
/// grows to O(window) as it is fed. Errors: OMEGA_NULL_POINTER; OMEGA_INVALID_ARGUMENT naming the kernel or the
/// option (as the kernel's own function calls it); OMEGA_RESOURCE_LIMIT_EXCEEDED past 262,144 live handles.
///
/// # Safety
/// `options` must be readable and `out` writable, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_stream_new(
    kernel: OmegaKernel,
    options: *const OmegaKernelOptions,
    out: *mut *mut OmegaStream,
) -> OmegaStatus {
    guard! {
        let out = self::out(out, "out")?;
        // SAFETY: promised by the caller.
        let options = unsafe { options_of(kernel, options) }?;
        let handle = STREAMS.insert(stream_new(kernel, &options)?)?;
        // SAFETY: promised by the caller.
        unsafe { out.write(handle as *mut OmegaStream) };
        Ok(())
    }
}

/// Frees a handle; NULL is a no-op.
///
/// Threads: any, but no other thread may be inside a call with the handle. O(1). Errors: OMEGA_INVALID_ARGUMENT
/// on a freed or foreign handle.
///
/// # Safety
/// No other thread may be inside a call with `stream`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_stream_free(stream: *mut OmegaStream) -> OmegaStatus {
    guard! {
        if !stream.is_null() {
            drop(STREAMS.remove(stream as u64)?);
        }
        Ok(())
    }
}

/// Takes a row and gives the value of the window, or recurrence, that ends with it.
///
/// inputs is 1 (x), 2 (x, y) or 3 (high, low, close), outputs 1 or 3: OmegaKernel says which. Threads: any, one
/// at a time. O(1) amortised. Errors: OMEGA_NULL_POINTER; OMEGA_INVALID_ARGUMENT on a dead handle or if results
/// overlaps values; OMEGA_SIZE_MISMATCH naming the count; OMEGA_INVALID_STATE if another thread is using the
/// stream. On any status but OMEGA_OK the row has not been taken.
///
/// # Safety
/// `values` must be readable for `inputs` values and `results` writable for `outputs`, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_stream_push(
    stream: *mut OmegaStream,
    values: *const f64,
    inputs: usize,
    results: *mut f64,
    outputs: usize,
) -> OmegaStatus {
    guard! {
        // SAFETY: for the length of this call, as the header says.
        let stream = unsafe { stream_of(stream) }?;
        same_count("inputs", "takes", inputs, stream.inputs)?;
        same_count("outputs", "gives", outputs, stream.outputs)?;
        // SAFETY: promised by the caller.
        let values = unsafe { array(values, inputs, "values") }?;
        let out = out_array(results, outputs, "results", ("values", Span::of(values)))?;
        let mut row = [f64::NAN; MOST];
        row[..inputs].copy_from_slice(values);
        let given = stream.twin.try_write().map_err(|error| refused(&error))?.push(row);
        // SAFETY: promised by the caller.
        unsafe { out.write_all(given.into_iter().map(drilled)) };
        Ok(())
    }
}

/// What the last omega_stream_push gave; NaN before the first.
///
/// Threads: any number at once, but not while another pushes or resets. O(1). Errors: OMEGA_NULL_POINTER;
/// OMEGA_INVALID_ARGUMENT on a dead handle; OMEGA_SIZE_MISMATCH naming the count; OMEGA_INVALID_STATE if another
/// thread is changing the stream.
///
/// # Safety
/// `results` must be writable for `outputs` values, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_stream_value(
    stream: *const OmegaStream,
    results: *mut f64,
    outputs: usize,
) -> OmegaStatus {
    guard! {
        // SAFETY: for the length of this call, as the header says.
        let stream = unsafe { stream_of(stream) }?;
        same_count("outputs", "gives", outputs, stream.outputs)?;
        let out = out_array(results, outputs, "results", NOTHING)?;
        let value = stream.twin.try_read().map_err(|error| refused(&error))?.value();
        // SAFETY: promised by the caller.
        unsafe { out.write_all(value.into_iter().map(drilled)) };
        Ok(())
    }
}

/// Forgets every row: the stream is as new.
///
/// Threads: any, one at a time. O(window). Errors: OMEGA_NULL_POINTER; OMEGA_INVALID_ARGUMENT on a dead handle;
/// OMEGA_INVALID_STATE if another thread is using the stream.
///
/// # Safety
/// No other thread may free `stream` during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_stream_reset(stream: *mut OmegaStream) -> OmegaStatus {
    guard! {
        // SAFETY: for the length of this call, as the header says.
        let stream = unsafe { stream_of(stream) }?;
        let mut twin = match stream.twin.try_write() {
            Ok(twin) => twin,
            Err(TryLockError::Poisoned(left)) => left.into_inner(),
            Err(error) => return Err(refused(&error)),
        };
        twin.reset();
        drop(twin);
        stream.twin.clear_poison();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_of_two() -> *mut OmegaStream {
        let options = OmegaKernelOptions {
            window: 2,
            min_periods: 1,
            ddof: 0,
            nan: 0,
            reserved: 0,
            slow: 0,
            signal: 0,
            width: 0.0,
        };
        let mut stream = std::ptr::null_mut();
        // SAFETY: both live through the call.
        assert_eq!(unsafe { omega_stream_new(OMEGA_KERNEL_MEAN, &raw const options, &raw mut stream) }, 0);
        stream
    }

    fn push(stream: *mut OmegaStream, x: f64) -> Result<f64, OmegaStatus> {
        let mut result = f64::NAN;
        // SAFETY: both live through the call.
        let status = unsafe { omega_stream_push(stream, &raw const x, 1, &raw mut result, 1) };
        if status == 0 { Ok(result) } else { Err(status) }
    }

    fn value(stream: *mut OmegaStream) -> Result<f64, OmegaStatus> {
        let mut result = f64::NAN;
        // SAFETY: lives through the call.
        let status = unsafe { omega_stream_value(stream, &raw mut result, 1) };
        if status == 0 { Ok(result) } else { Err(status) }
    }

    #[test]
    fn a_stream_in_use_is_refused_and_unchanged() {
        let handle = mean_of_two();
        assert_eq!(push(handle, 1.0), Ok(1.0));
        // SAFETY: freed at the end of this test.
        let stream = unsafe { stream_of(handle) }.ok().unwrap();
        let pushing = stream.twin.write().unwrap();
        assert_eq!((push(handle, 9.0), value(handle)), (Err(1007), Err(1007)));
        // SAFETY: alive.
        assert_eq!(unsafe { omega_stream_reset(handle) }, 1007);
        drop(pushing);
        let reading = stream.twin.read().unwrap();
        assert_eq!((push(handle, 9.0), value(handle)), (Err(1007), Ok(1.0)));
        drop(reading);
        assert_eq!(push(handle, 4.0), Ok(2.5));
        // SAFETY: nobody uses it any more.
        assert_eq!(unsafe { omega_stream_free(handle) }, 0);
    }

    #[test]
    fn a_stream_that_a_panic_left_is_refused_until_it_is_reset() {
        let handle = mean_of_two();
        assert_eq!(push(handle, 1.0), Ok(1.0));
        // SAFETY: freed at the end of this test.
        let stream = unsafe { stream_of(handle) }.ok().unwrap();
        let died = std::thread::scope(|scope| {
            scope
                .spawn(|| {
                    let _pushing = stream.twin.write().unwrap();
                    panic!("in the middle of a row");
                })
                .join()
        });
        assert!(died.is_err());
        assert_eq!((push(handle, 2.0), value(handle)), (Err(1007), Err(1007)));
        // SAFETY: alive.
        assert_eq!(unsafe { omega_stream_reset(handle) }, 0);
        assert!(value(handle).unwrap().is_nan());
        assert_eq!(push(handle, 3.0), Ok(3.0));
        // SAFETY: nobody uses it any more.
        assert_eq!(unsafe { omega_stream_free(handle) }, 0);
    }
}
