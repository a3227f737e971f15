//! Longer candles out of shorter ones.

use super::arguments::{drilled, flags as check_flags, out};
use super::series::{OmegaSeries, publish, series_of};
use super::status::OmegaStatus;
use crate::error::Error;
use crate::resample::{ResampleOptions, resample};
use crate::series::{CandleSeries, Check, Columns, SeriesOptions};
use crate::timeframe::Timeframe;

/// A flag of omega_series_resample: keep a last bucket that closes after the last candle.
pub const OMEGA_KEEP_PARTIAL: u32 = 1;

/// A new series of the candles of series gathered into candles of timeframe_us microseconds, stamped at the start
/// of their buckets, which are counted from 1970-01-01T00:00Z, for seven days from Monday 1970-01-05T00:00Z, plus
/// origin_us, which may have any value.
///
/// Per bucket, of what is not missing: first open, highest high, lowest low, last close, the exact sum of the volumes
/// rounded once; NaN where all is missing. Buckets without a candle make no row. A last bucket that closes after the
/// last candle is left out unless OMEGA_KEEP_PARTIAL; a first bucket that starts before the data is kept. Nothing
/// marks a partial candle that was kept: to another resample, to omega_align and to a slice it is one like all others,
/// complete when its bucket closes. Ownership: the caller owns the new handle; its columns are its own. Threads: any.
/// O(rows). Errors: OMEGA_NULL_POINTER; OMEGA_INVALID_ARGUMENT on a dead handle, an unknown flag, a timeframe that is
/// not a whole multiple of the series' own, or where int64 cannot hold the start of the first bucket;
/// OMEGA_CONSTRAINT_VIOLATION naming the first candle that closes after its bucket, or a sum of volumes that
/// overflows; OMEGA_OUT_OF_MEMORY; OMEGA_RESOURCE_LIMIT_EXCEEDED past 262,144 live handles.
///
/// # Safety
/// `out` must be writable for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_series_resample(
    series: *const OmegaSeries,
    timeframe_us: i64,
    origin_us: i64,
    flags: u32,
    out: *mut *mut OmegaSeries,
) -> OmegaStatus {
    guard! {
        let out = self::out(out, "out")?;
        check_flags(flags, OMEGA_KEEP_PARTIAL)?;
        // SAFETY: for the length of this call, as the header says.
        let series = unsafe { series_of(series) }?.series();
        let options = ResampleOptions { origin: origin_us, keep_partial: flags & OMEGA_KEEP_PARTIAL != 0 };
        let longer = resample(series, Timeframe::from_duration_us(timeframe_us)?, options)?;
        let handle = publish(drilled_series(longer)?)?;
        // SAFETY: promised by the caller.
        unsafe { out.write(handle) };
        Ok(())
    }
}

/// What a fault drill does to a series: nothing, in any build that may be shipped.
fn drilled_series(series: CandleSeries) -> Result<CandleSeries, Error> {
    if cfg!(not(feature = "fault-injection")) {
        return Ok(series);
    }
    let column = |values: &[f64]| values.iter().copied().map(drilled).collect::<Vec<_>>().into();
    let columns = Columns {
        timestamp: series.columns().timestamp.clone(),
        open: column(series.open()),
        high: column(series.high()),
        low: column(series.low()),
        close: column(series.close()),
        volume: series.volume().map(column),
    };
    let mut options = SeriesOptions::new(series.symbol(), series.timeframe(), series.price_type());
    options.check = Check::Order;
    CandleSeries::new(columns, options)
}
