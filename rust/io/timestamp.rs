//! Timestamps as text: RFC 3339 and what spreadsheets and pandas write, to microseconds since 1970 UTC.

use crate::error::Error;

const SECOND: i64 = 1_000_000;

/// Reads a timestamp; without an offset it is UTC.
///
/// `YYYY-MM-DD`, or that followed by `T` or a space and `HH:MM[:SS[.f]]`, then an optional `Z`,
/// `+HH:MM`, `+HHMM` or `+HH`. Fractions finer than a microsecond are refused, never cut off.
///
/// # Errors
/// [`Error::InvalidFormat`] naming the text.
///
/// ```
/// use omega_slicer::io::parse_timestamp;
/// assert_eq!(parse_timestamp("2012-02-01 00:00:00+00:00")?, 1_328_054_400_000_000);
/// assert_eq!(parse_timestamp("1970-01-01T01:00+01:00")?, 0);
/// assert!(parse_timestamp("2012-02-30").is_err());
/// # Ok::<(), omega_slicer::Error>(())
/// ```
pub fn parse_timestamp(text: &str) -> Result<i64, Error> {
    parse(text.as_bytes()).map_err(|what| Error::InvalidFormat(format!("timestamp {text:?}: {what}")))
}

const GRAMMAR: &str = "expected YYYY-MM-DD[ HH:MM[:SS[.ffffff]][Z|+HH:MM]]";

pub(super) fn parse(text: &[u8]) -> Result<i64, &'static str> {
    let mut rest = Rest(text);
    let year = rest.digits(4)?;
    rest.expect(b'-')?;
    let month = rest.digits(2)?;
    rest.expect(b'-')?;
    let day = rest.digits(2)?;
    if year == 0 {
        return Err("year 0000 does not exist");
    }
    if !(1..=12).contains(&month) {
        return Err("no such month");
    }
    if day == 0 || day > days_in_month(year, month) {
        return Err("no such day");
    }
    let midnight = days_since_1970(year, month, day) * 86_400 * SECOND;
    match rest.next() {
        None => return Ok(midnight),
        Some(b'T' | b't' | b' ') => {}
        Some(_) => return Err(GRAMMAR),
    }
    let hour = rest.digits(2)?;
    rest.expect(b':')?;
    let minute = rest.digits(2)?;
    let (mut second, mut micros) = (0, 0);
    if rest.accept(b':') {
        second = rest.digits(2)?;
        if rest.accept(b'.') {
            micros = rest.fraction()?;
        }
    }
    if hour > 23 || minute > 59 || second > 59 {
        return Err("no such time of day");
    }
    let offset = rest.offset()?;
    Ok(midnight + ((hour * 60 + minute) * 60 + second) * SECOND + micros - offset)
}

/// What is left of a text.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn next(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    fn accept(&mut self, byte: u8) -> bool {
        let found = self.0.first() == Some(&byte);
        if found {
            self.0 = &self.0[1..];
        }
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), &'static str> {
        if self.accept(byte) { Ok(()) } else { Err(GRAMMAR) }
    }

    fn digits(&mut self, count: usize) -> Result<i64, &'static str> {
        let (digits, rest) = self.0.split_at_checked(count).ok_or(GRAMMAR)?;
        let mut number = 0;
        for digit in digits {
            let digit = digit.wrapping_sub(b'0');
            if digit > 9 {
                return Err(GRAMMAR);
            }
            number = number * 10 + i64::from(digit);
        }
        self.0 = rest;
        Ok(number)
    }

    fn fraction(&mut self) -> Result<i64, &'static str> {
        let count = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 || count > 9 {
            return Err(GRAMMAR);
        }
        let number = self.digits(count)?;
        let nanos = (count..9).fold(number, |number, _| number * 10);
        if nanos % 1000 == 0 { Ok(nanos / 1000) } else { Err("finer than a microsecond") }
    }

    /// Microseconds east of UTC.
    fn offset(&mut self) -> Result<i64, &'static str> {
        let sign = match self.next() {
            None => return Ok(0),
            Some(b'Z' | b'z') if self.0.is_empty() => return Ok(0),
            Some(b'+') => 1,
            Some(b'-') => -1,
            Some(_) => return Err(GRAMMAR),
        };
        let hours = self.digits(2)?;
        let minutes = if self.0.is_empty() {
            0
        } else {
            self.accept(b':');
            self.digits(2)?
        };
        if !self.0.is_empty() {
            return Err(GRAMMAR);
        }
        if hours > 23 || minutes > 59 {
            return Err("no such offset");
        }
        Ok(sign * (hours * 60 + minutes) * 60 * SECOND)
    }
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + is_leap(year) as i64,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days of the proleptic Gregorian calendar; counts from March, so that leap days come last.
const fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = year - (month <= 2) as i64;
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_the_calendar_follows_the_one_before() {
        let mut expected = -719_162; // 0001-01-01
        for year in 1..=9999 {
            for month in 1..=12 {
                for day in 1..=days_in_month(year, month) {
                    assert_eq!(days_since_1970(year, month, day), expected);
                    expected += 1;
                }
            }
        }
        assert_eq!(days_since_1970(1970, 1, 1), 0);
    }
}
