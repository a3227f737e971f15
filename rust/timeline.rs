//! The moments that several series share, and each series' row at them: merges of strictly increasing stamps.

use crate::align::first_from;
use crate::error::{Error, with_room};

/// Which moments there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(i32)]
pub enum Timeline {
    /// The stamps that all series have.
    #[default]
    Intersection = 0,
    /// The stamps that any series has.
    Union = 1,
}

impl TryFrom<i32> for Timeline {
    type Error = Error;

    fn try_from(number: i32) -> Result<Self, Error> {
        match number {
            0 => Ok(Self::Intersection),
            1 => Ok(Self::Union),
            _ => Err(Error::InvalidArgument(format!("timeline {number} is neither 0 intersection nor 1 union"))),
        }
    }
}

/// The moments of at least one series. O(rows of all, times the number of series).
pub(crate) fn timeline_of<'a>(
    mut series: impl Iterator<Item = &'a [i64]>,
    timeline: Timeline,
) -> Result<Vec<i64>, Error> {
    let first = series.next().unwrap_or_default();
    let mut moments = with_room(first.len(), "a timeline")?;
    moments.extend_from_slice(first);
    for stamps in series {
        moments = match timeline {
            Timeline::Intersection => intersection(moments, stamps),
            Timeline::Union => union(&moments, stamps)?,
        };
    }
    moments.shrink_to_fit();
    Ok(moments)
}

/// The moments that are stamps too.
fn intersection(mut moments: Vec<i64>, stamps: &[i64]) -> Vec<i64> {
    let mut row = 0;
    moments.retain(|&moment| {
        row = first_from(stamps, row, 1, moment);
        stamps.get(row) == Some(&moment)
    });
    moments
}

/// Moments and stamps, each once.
fn union(moments: &[i64], stamps: &[i64]) -> Result<Vec<i64>, Error> {
    let mut merged = with_room(moments.len().saturating_add(stamps.len()), "a timeline")?;
    let (mut at, mut row) = (0, 0);
    while let (Some(&moment), Some(&stamp)) = (moments.get(at), stamps.get(row)) {
        merged.push(moment.min(stamp));
        at += usize::from(moment <= stamp);
        row += usize::from(stamp <= moment);
    }
    merged.extend_from_slice(&moments[at..]);
    merged.extend_from_slice(&stamps[row..]);
    Ok(merged)
}

/// The row of the latest stamp at or before each moment, unless it is older than `oldest` microseconds; -1 for none. O(rows).
pub(crate) fn rows_at(moments: &[i64], stamps: &[i64], oldest: u64) -> Result<Vec<i64>, Error> {
    let mut rows = with_room(moments.len(), "the rows of a series")?;
    let mut row = 0;
    for &moment in moments {
        row = match moment.checked_add(1) {
            Some(after) => first_from(stamps, row, 1, after),
            None => stamps.len(),
        };
        let latest = row.checked_sub(1).filter(|&row| {
            // The stamp is not later, so the age fits 64 bits without a sign.
            moment.wrapping_sub(stamps[row]).cast_unsigned() <= oldest
        });
        rows.push(latest.map_or(-1, |row| row.cast_signed() as i64));
    }
    Ok(rows)
}
