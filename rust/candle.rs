//! One candle, the names of its price columns, and the side of the market it was quoted on.

use crate::error::Error;

/// One candle, copied out of a series.
///
/// `timestamp` is the candle's open time in microseconds since 1970-01-01 UTC; a missing price or
/// volume is NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C)]
pub struct Candle {
    /// Open time, microseconds since 1970-01-01 UTC.
    pub timestamp: i64,
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
    /// Traded volume; NaN where missing.
    pub volume: f64,
}

/// A column of 64-bit floats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum Field {
    /// First price.
    Open = 0,
    /// Highest price.
    High = 1,
    /// Lowest price.
    Low = 2,
    /// Last price.
    Close = 3,
    /// Traded volume.
    Volume = 4,
}

impl Field {
    /// Every field, in column order.
    pub const ALL: [Self; 5] = [Self::Open, Self::High, Self::Low, Self::Close, Self::Volume];

    /// The column's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::High => "high",
            Self::Low => "low",
            Self::Close => "close",
            Self::Volume => "volume",
        }
    }
}

impl TryFrom<i32> for Field {
    type Error = Error;

    fn try_from(number: i32) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|f| *f as i32 == number).ok_or_else(|| {
            Error::InvalidArgument(format!("field {number} is none of 0 open, 1 high, 2 low, 3 close, 4 volume"))
        })
    }
}

/// The side of the market a series was quoted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum PriceType {
    /// What a seller gets.
    Bid = 0,
    /// What a buyer pays.
    Ask = 1,
}

impl PriceType {
    /// The name used in every language.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bid => "bid",
            Self::Ask => "ask",
        }
    }
}

impl TryFrom<i32> for PriceType {
    type Error = Error;

    fn try_from(number: i32) -> Result<Self, Error> {
        match number {
            0 => Ok(Self::Bid),
            1 => Ok(Self::Ask),
            _ => Err(Error::InvalidArgument(format!("price type {number} is neither 0 bid nor 1 ask"))),
        }
    }
}

impl std::str::FromStr for PriceType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "bid" => Ok(Self::Bid),
            "ask" => Ok(Self::Ask),
            _ => Err(Error::InvalidArgument(format!("price type {text:?} is neither \"bid\" nor \"ask\""))),
        }
    }
}
