//! The last completed candle of another series at every bar.

use super::arguments::{Span, outputs};
use super::series::{OmegaSeries, series_of};
use super::slicer::drilled_row;
use super::status::{Failure, OmegaStatus};
use crate::align::{AlignOptions, Decision, Stamps, align};
use crate::error::{Error, ErrorCode};

/// When a bar decides: OMEGA_DECISION_OPEN or OMEGA_DECISION_CLOSE.
pub type OmegaDecision = i32;
/// At its open: nothing of the bar itself is known.
pub const OMEGA_DECISION_OPEN: OmegaDecision = 0;
/// At its close.
pub const OMEGA_DECISION_CLOSE: OmegaDecision = 1;

/// What the stamps of a series are: OMEGA_STAMPS_OPEN or OMEGA_STAMPS_CLOSE.
pub type OmegaStamps = i32;
/// Open times, as everywhere in this library.
pub const OMEGA_STAMPS_OPEN: OmegaStamps = 0;
/// Close times, as some sources stamp their candles.
pub const OMEGA_STAMPS_CLOSE: OmegaStamps = 1;

/// For each bar of primary, the row of the latest candle of higher whose close time is <= the bar's decision time;
/// -1 for none. n is the number of bars; either series may have the longer timeframe.
///
/// With a stale_limit of k >= 0 a candle is hidden once more than k bars have passed since the first that showed it;
/// -1: never. A decision time that int64 cannot hold is INT64_MAX, a close time that it cannot hold is never
/// reached. Threads: any. O(n) at most; allocates nothing. Errors: OMEGA_NULL_POINTER; OMEGA_INVALID_ARGUMENT on a
/// dead handle, an unknown decision or kind of stamps, a stale_limit below -1, or where rows overlaps the stamps of
/// either series; OMEGA_SIZE_MISMATCH unless primary has n bars.
///
/// # Safety
/// `rows` must be writable for `n` values, for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omega_align(
    primary: *const OmegaSeries,
    higher: *const OmegaSeries,
    decision: OmegaDecision,
    stamps: OmegaStamps,
    stale_limit: i64,
    rows: *mut i64,
    n: usize,
) -> OmegaStatus {
    guard! {
        // SAFETY: for the length of this call, as the header says.
        let (primary, higher) = unsafe { (series_of(primary)?.series(), series_of(higher)?.series()) };
        let options = AlignOptions {
            decision: Decision::try_from(decision)?,
            stamps: Stamps::try_from(stamps)?,
            stale_limit: limit_of(stale_limit)?,
        };
        if n != primary.len() {
            return Err(Error::LengthMismatch { name: "rows", len: n, expected: primary.len() }.into());
        }
        let read = [("primary", Span::of(primary.timestamp())), ("higher", Span::of(higher.timestamp()))];
        // SAFETY: promised by the caller.
        let [rows] = unsafe { outputs([("rows", rows)], n, &read) }?;
        align(primary, higher, options, rows)?;
        if cfg!(feature = "fault-injection") {
            for row in rows {
                *row = drilled_row(*row);
            }
        }
        Ok(())
    }
}

fn limit_of(stale_limit: i64) -> Result<Option<usize>, Failure> {
    if stale_limit < -1 {
        let message = format!("stale_limit is {stale_limit}, neither a number of bars nor -1 for none");
        return Err(Failure::new(ErrorCode::InvalidArgument, message));
    }
    Ok(usize::try_from(stale_limit).ok())
}
