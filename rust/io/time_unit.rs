//! Units of integer stamps, and the refusal of stamps that were read in the wrong one.

use crate::error::Error;

/// The unit of integer stamps in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(i32)]
pub enum TimeUnit {
    /// Microseconds.
    #[default]
    Microseconds = 0,
    /// Seconds.
    Seconds = 1,
    /// Milliseconds.
    Milliseconds = 2,
    /// Nanoseconds; each a whole number of microseconds.
    Nanoseconds = 3,
}

impl TimeUnit {
    const ALL: [(Self, &'static str); 4] =
        [(Self::Microseconds, "us"), (Self::Seconds, "s"), (Self::Milliseconds, "ms"), (Self::Nanoseconds, "ns")];

    pub(super) fn to_microseconds(self, stamp: i64) -> Result<i64, &'static str> {
        let outside = "outside int64 microseconds";
        match self {
            Self::Microseconds => Ok(stamp),
            Self::Seconds => stamp.checked_mul(1_000_000).ok_or(outside),
            Self::Milliseconds => stamp.checked_mul(1000).ok_or(outside),
            Self::Nanoseconds if stamp % 1000 == 0 => Ok(stamp / 1000),
            Self::Nanoseconds => Err("finer than a microsecond"),
        }
    }
}

impl TryFrom<i32> for TimeUnit {
    type Error = Error;

    fn try_from(number: i32) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .map(|(unit, _)| unit)
            .find(|unit| *unit as i32 == number)
            .ok_or_else(|| Error::InvalidArgument(format!("unit {number} is none of 0 us, 1 s, 2 ms, 3 ns")))
    }
}

/// Seconds read as microseconds land in January 1970; no market data do. `last` is the last of them as
/// it was read, and `advice` says what to do about the unit it is likely in.
pub(super) fn refuse_wrong_unit(
    timestamps: &[i64],
    last: i64,
    unit: TimeUnit,
    advice: impl FnOnce(&str) -> String,
) -> Result<(), Error> {
    const YEAR_1971: i64 = 31_536_000_000_000;
    const YEAR_2201: i64 = 7_289_654_400_000_000;
    if timestamps.iter().any(|&stamp| stamp >= YEAR_1971) {
        return Ok(());
    }
    let plausible = |unit: TimeUnit| {
        let nearest_micro = if unit == TimeUnit::Nanoseconds { last - last % 1000 } else { last };
        unit.to_microseconds(nearest_micro).is_ok_and(|stamp| (YEAR_1971..YEAR_2201).contains(&stamp))
    };
    let name = |unit: TimeUnit| TimeUnit::ALL.iter().find(|(u, _)| *u == unit).map_or("", |(_, name)| name);
    let hint = [TimeUnit::Seconds, TimeUnit::Milliseconds, TimeUnit::Nanoseconds, TimeUnit::Microseconds]
        .into_iter()
        .find(|&other| other != unit && plausible(other))
        .map_or_else(|| "no unit puts the last of them between 1971 and 2200".to_owned(), |other| advice(name(other)));
    Err(Error::InvalidFormat(format!(
        "all integer stamps, the last being {last}, lie before 1971 when read with unit={}; {hint}",
        name(unit)
    )))
}
