//! What is legal but odd in a series: gaps, overlaps, prices that contradict each other, crossed quotes.
//!
//! Counts only; nothing is repaired and nothing here decides whether a series is fit to trade.

use std::collections::BTreeMap;

use crate::series::CandleSeries;

/// Counts of what is odd in one series.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Quality {
    /// Rows in the series.
    pub rows: usize,
    /// Steps longer than the timeframe, by length: (microseconds from stamp to stamp, how many), ascending.
    /// Stamps further apart than an int64 can say count as `i64::MAX`.
    pub gaps: Vec<(i64, usize)>,
    /// Steps shorter than the timeframe.
    pub overlaps: usize,
    /// Rows whose high is below their low.
    pub high_below_low: usize,
    /// Rows whose open or close lies above the high or below the low.
    pub outside_high_low: usize,
    /// Rows with a price that is zero or negative.
    pub nonpositive_prices: usize,
    /// Rows with a negative volume.
    pub negative_volumes: usize,
    /// Rows with a missing price.
    pub missing_prices: usize,
    /// Rows with a missing volume.
    pub missing_volumes: usize,
}

/// Counts over the rows of a bid and an ask series, matched by stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PairQuality {
    /// Stamps both sides have.
    pub matched: usize,
    /// Matched rows whose ask close is below the bid close.
    pub crossed: usize,
    /// Matched rows whose ask close equals the bid close.
    pub locked: usize,
    /// Stamps only the bid side has.
    pub bid_only: usize,
    /// Stamps only the ask side has.
    pub ask_only: usize,
}

impl CandleSeries {
    /// What is odd in this series. O(n).
    #[must_use]
    pub fn quality(&self) -> Quality {
        let mut quality = Quality { rows: self.len(), ..Quality::default() };
        let expected = self.timeframe().duration_us();
        let mut gaps = BTreeMap::new();
        for step in self.timestamp().windows(2) {
            let step = step[1].saturating_sub(step[0]);
            if step > expected {
                *gaps.entry(step).or_insert(0) += 1;
            }
            quality.overlaps += usize::from(step < expected);
        }
        quality.gaps = gaps.into_iter().collect();
        let prices = self.open().iter().zip(self.high()).zip(self.low().iter().zip(self.close()));
        for ((&open, &high), (&low, &close)) in prices {
            let all = [open, high, low, close];
            quality.high_below_low += usize::from(high < low);
            quality.outside_high_low += usize::from(open > high || open < low || close > high || close < low);
            quality.nonpositive_prices += usize::from(all.iter().any(|price| *price <= 0.0));
            quality.missing_prices += usize::from(all.iter().any(|price| price.is_nan()));
        }
        quality.missing_volumes = self.volume().map_or(self.len(), |v| v.iter().filter(|v| v.is_nan()).count());
        quality.negative_volumes = self.volume().map_or(0, |v| v.iter().filter(|v| **v < 0.0).count());
        quality
    }

    /// How this bid series and `ask` fit together. O(n + m).
    #[must_use]
    pub fn pair_quality(&self, ask: &Self) -> PairQuality {
        let (bids, asks) = (self.timestamp(), ask.timestamp());
        let mut pair = PairQuality::default();
        let (mut i, mut j) = (0, 0);
        while i < bids.len() && j < asks.len() {
            match bids[i].cmp(&asks[j]) {
                std::cmp::Ordering::Less => i += 1,
                std::cmp::Ordering::Greater => j += 1,
                std::cmp::Ordering::Equal => {
                    let (bid, ask) = (self.close()[i], ask.close()[j]);
                    pair.matched += 1;
                    pair.crossed += usize::from(ask < bid);
                    // Both sides come from the same decimal text when a market is locked.
                    #[expect(clippy::float_cmp, reason = "equal quotes are equal bits")]
                    let locked = ask == bid;
                    pair.locked += usize::from(locked);
                    i += 1;
                    j += 1;
                }
            }
        }
        pair.bid_only = bids.len() - pair.matched;
        pair.ask_only = asks.len() - pair.matched;
        pair
    }
}
