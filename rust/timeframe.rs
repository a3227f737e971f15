//! How long a candle lasts: parsing, naming and close times. Equal durations are equal timeframes.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A candle's duration, a positive whole number of minutes.
///
/// ```
/// use omega_slicer::Timeframe;
/// let h1: Timeframe = "H1".parse()?;
/// assert_eq!(h1, "60min".parse()?);
/// assert_eq!(h1.duration_us(), 3_600_000_000);
/// assert_eq!("90min".parse::<Timeframe>()?.to_string(), "90min");
/// # Ok::<(), omega_slicer::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timeframe(i64);

/// The names that mean one duration each; the first that fits is a duration's own name.
const STANDARD: [(&str, i64); 8] = [
    ("M1", MINUTE),
    ("M5", 5 * MINUTE),
    ("M15", 15 * MINUTE),
    ("M30", 30 * MINUTE),
    ("H1", HOUR),
    ("H4", 4 * HOUR),
    ("D1", DAY),
    ("W1", 7 * DAY),
];

/// The open forms, `<n>` before the unit; largest first, as names prefer it.
const UNITS: [(&str, i64); 3] = [("d", DAY), ("h", HOUR), ("min", MINUTE)];

impl Timeframe {
    /// One minute.
    pub const M1: Self = Self(MINUTE);
    /// Five minutes.
    pub const M5: Self = Self(5 * MINUTE);
    /// A quarter of an hour.
    pub const M15: Self = Self(15 * MINUTE);
    /// Half an hour.
    pub const M30: Self = Self(30 * MINUTE);
    /// One hour.
    pub const H1: Self = Self(HOUR);
    /// Four hours.
    pub const H4: Self = Self(4 * HOUR);
    /// One day of 24 hours.
    pub const D1: Self = Self(DAY);
    /// Seven days.
    pub const W1: Self = Self(7 * DAY);

    /// A timeframe from its duration in microseconds.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless it is a positive multiple of one minute.
    pub fn from_duration_us(duration_us: i64) -> Result<Self, Error> {
        if duration_us > 0 && duration_us % MINUTE == 0 {
            Ok(Self(duration_us))
        } else {
            Err(Error::InvalidArgument(format!(
                "a timeframe is a positive multiple of 60000000 microseconds, got {duration_us}"
            )))
        }
    }

    /// Microseconds from a candle's open to its close.
    #[must_use]
    #[inline]
    pub const fn duration_us(self) -> i64 {
        self.0
    }

    /// The close time of a candle stamped `open`; none when no int64 can hold it.
    #[must_use]
    #[inline]
    pub const fn close_time(self, open: i64) -> Option<i64> {
        open.checked_add(self.0)
    }
}

impl fmt::Display for Timeframe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, _)) = STANDARD.iter().find(|(_, duration)| *duration == self.0) {
            return f.write_str(name);
        }
        let (unit, size) = UNITS.iter().find(|(_, size)| self.0 % size == 0).unwrap_or(&UNITS[2]);
        write!(f, "{}{unit}", self.0 / size)
    }
}

impl FromStr for Timeframe {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if let Some((_, duration)) = STANDARD.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
            return Ok(Self(*duration));
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (count, unit) = text.split_at(digits);
        UNITS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(unit))
            .and_then(|(_, size)| count.parse::<i64>().ok()?.checked_mul(*size))
            .filter(|duration| *duration > 0)
            .map(Self)
            .ok_or_else(|| {
                Error::InvalidFormat(format!(
                    "timeframe {text:?} is none of M1 M5 M15 M30 H1 H4 D1 W1, <n>min, <n>h, <n>d"
                ))
            })
    }
}
