//! What is legal but odd in a series, counted.

use super::arguments::{NOTHING, out, out_array};
use super::series::{OmegaSeries, series_of};
use super::status::OmegaStatus;

/// Counts of what is legal but odd in a series. Comparisons with a missing value are false.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct OmegaQuality {
    /// Rows in the series.
    pub rows: i64,
    /// Steps longer than the timeframe; omega_series_gaps groups them by length.
    pub gaps: i64,
    /// Steps shorter than the timeframe.
    pub overlaps: i64,
    /// Rows whose high is below their low.
    pub high_below_low: i64,
    /// Rows whose open or close lies outside high and low.
    pub outside_high_low: i64,
    /// Rows with a price that is zero or negative.
    pub nonpositive_prices: i64,
    /// Rows with a negative volume.
    pub negative_volumes: i64,
    /// Rows with a missing price.
    pub missing_prices: i64,
    /// Rows with a missing volume.
    pub missing_volumes: i64,
}

/// Gaps of one length.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct OmegaGap {
    /// Microseconds from stamp to stamp; INT64_MAX for more than that.
    pub step_us: i64,
    /// How many gaps have this length.
    pub count: i64,
}

/// Counts over a bid and an ask series, matched by stamp.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct OmegaPairQuality {
    /// Stamps both sides have.
    pub matched: i64,
    /// Matched rows whose ask close is below the bid close.
    pub crossed: i64,
    /// Matched rows whose ask close equals the bid close.
    pub locked: i64,
    /// Stamps only the bid side has.
    pub bid_only: i64,
    /// Stamps only the ask side has.
    pub ask_only: i64,
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Counts what is legal but odd in a series.
///
/// Threads: any. O(len). Errors: OMEGA_NULL_POINTER, OMEGA_INVALID_ARGUMENT on a dead handle.
///
/// # Safety
/// `out` must be writable for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_series_quality(series: *const OmegaSeries, out: *mut OmegaQuality) -> OmegaStatus {
    guard! {
        let out = self::out(out, "out")?;
        // SAFETY: for the length of this call, as the header says.
        let quality = unsafe { series_of(series) }?.series().quality();
        // SAFETY: promised by the caller.
        unsafe {
            out.write(OmegaQuality {
                rows: count(quality.rows),
                gaps: quality.gaps.iter().map(|(_, number)| count(*number)).sum(),
                overlaps: count(quality.overlaps),
                high_below_low: count(quality.high_below_low),
                outside_high_low: count(quality.outside_high_low),
                nonpositive_prices: count(quality.nonpositive_prices),
                negative_volumes: count(quality.negative_volumes),
                missing_prices: count(quality.missing_prices),
                missing_volumes: count(quality.missing_volumes),
            });
        }
        Ok(())
    }
}

/// The gaps of a series by length, shortest first; count is how many lengths there are.
///
/// Writes as many as capacity allows; capacity 0 (gaps may then be NULL) asks for the count alone. Threads:
/// any. O(len). Errors: OMEGA_NULL_POINTER, OMEGA_INVALID_ARGUMENT on a dead handle.
///
/// # Safety
/// `gaps` must be writable for `capacity` entries and `count` writable, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_series_gaps(
    series: *const OmegaSeries,
    gaps: *mut OmegaGap,
    capacity: usize,
    count: *mut usize,
) -> OmegaStatus {
    guard! {
        let (out, out_count) = (out_array(gaps, capacity, "gaps", NOTHING)?, out(count, "count")?);
        // SAFETY: for the length of this call, as the header says.
        let found = unsafe { series_of(series) }?.series().quality().gaps;
        // SAFETY: promised by the caller.
        unsafe {
            out.write_all(found.iter().map(|&(step_us, number)| OmegaGap { step_us, count: self::count(number) }));
            out_count.write(found.len());
        }
        Ok(())
    }
}

/// Counts how a bid and an ask series fit together.
///
/// Threads: any. O(len of both). Errors: OMEGA_NULL_POINTER, OMEGA_INVALID_ARGUMENT on a dead handle.
///
/// # Safety
/// `out` must be writable for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_series_pair_quality(
    bid: *const OmegaSeries,
    ask: *const OmegaSeries,
    out: *mut OmegaPairQuality,
) -> OmegaStatus {
    guard! {
        let out = self::out(out, "out")?;
        // SAFETY: for the length of this call, as the header says.
        let (bid, ask) = unsafe { (series_of(bid)?.series(), series_of(ask)?.series()) };
        let pair = bid.pair_quality(ask);
        // SAFETY: promised by the caller.
        unsafe {
            out.write(OmegaPairQuality {
                matched: count(pair.matched),
                crossed: count(pair.crossed),
                locked: count(pair.locked),
                bid_only: count(pair.bid_only),
                ask_only: count(pair.ask_only),
            });
        }
        Ok(())
    }
}
