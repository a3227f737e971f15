//! Buying weakness in a rising market, over several timeframes and symbols: the same program as in C, Julia and
//! Python beside it, to the bit.
//!
//! At every bar, decided at its close: the trend is that of the last closed hour, the size of a move that of the
//! last closed quarter; it buys weakness in a rising market and sells strength in a falling one. With one-minute
//! candles the quarters and hours are M15 and H1, made from them; with longer ones, 15 and 60 times as long.
//!
//! `cargo run --release --example trend -- BID.csv ASK.csv [BID2.csv ASK2.csv] [--symbol A[,B]] [--timeframe TF]
//! [--trades FILE]`

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::process::ExitCode;
use std::time::Instant;

use omega_slicer::io::{TimeUnit, read_csv};
use omega_slicer::kernels::{NanPolicy, Window, atr, ema, rolling_zscore};
use omega_slicer::{
    CandleSeries, MultiSymbolOptions, MultiSymbolSlice, PriceKind, PriceType, ResampleOptions, SeriesOptions,
    SymbolDataSlice, SymbolDataSlicer, Timeframe, resample,
};
use sha2::{Digest, Sha256};

const QUARTER: i64 = 15; // bars
const HOUR: i64 = 60;
const STRETCH: usize = 60; // of the z-score
const TREND: usize = 24; // of the ema
const RANGE: usize = 14; // of the atr
const SWING: usize = 4; // hours compared

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Long = 1,
    Short = -1,
}

struct Position {
    entry_row: usize,
    side: Side,
    entry_price: f64,
    stop: f64,
}

#[derive(Clone, PartialEq)]
struct Trade {
    symbol: usize,
    entry_row: usize,
    exit_row: usize,
    side: Side,
    entry_price: f64,
    exit_price: f64,
    profit: f64,
}

impl Position {
    /// Sells at the bid what was bought, or buys back at the ask.
    fn leave(&self, symbol: usize, exit_row: usize, bid: f64, ask: f64) -> Trade {
        let Self { entry_row, side, entry_price, .. } = *self;
        let (exit_price, profit) = match side {
            Side::Long => (bid, bid - entry_price),
            Side::Short => (ask, entry_price - ask),
        };
        Trade { symbol, entry_row, exit_row, side, entry_price, exit_price, profit }
    }
}

/// How far the price is stretched, where the trend points, how far it moves.
struct Signal {
    stretch: f64,
    trend: Option<Side>,
    size: f64,
}

/// One symbol: its candles in three timeframes, and what is computed from them once.
struct Market {
    symbol: String,
    candles: SymbolDataSlice,
    quarter: Timeframe,
    hour: Timeframe,
    stretch: Vec<f64>,
    trend: Vec<f64>,
    range: Vec<f64>,
    rows: Vec<usize>, // of the bid at each moment
}

impl Market {
    fn new(bid: &CandleSeries, ask: &CandleSeries, moments: &MultiSymbolSlice) -> Result<Self, omega_slicer::Error> {
        let longer = |bars| Timeframe::from_duration_us(bars * bid.timeframe().duration_us());
        let (quarter, hour) = (longer(QUARTER)?, longer(HOUR)?);
        let quarters = resample(bid, quarter, ResampleOptions::default())?;
        let hours = resample(bid, hour, ResampleOptions::default())?;

        let mut stretch = vec![0.0; bid.len()];
        rolling_zscore(bid.close(), Window::new(STRETCH), 1, &mut stretch)?;
        let mut trend = vec![0.0; hours.len()];
        ema(hours.close(), &[TREND], NanPolicy::Propagate, &mut trend)?;
        let mut range = vec![0.0; quarters.len()];
        let (high, low, close) = (quarters.high(), quarters.low(), quarters.close());
        atr(high, low, close, RANGE, NanPolicy::Propagate, &mut range)?;

        let symbol = bid.symbol().to_owned();
        let rows = SymbolDataSlicer::new(bid.clone()).get_rows_at(moments.timeline()).flatten().collect();
        let candles = SymbolDataSlice::new([bid.clone(), ask.clone(), quarters, hours], None)?;
        Ok(Self { symbol, candles, quarter, hour, stretch, trend, range, rows })
    }

    /// What is known at a bar; none while anything is missing.
    fn signal(&self, row: usize) -> Option<Signal> {
        let bar = self.candles.at(row);
        let swing = bar.history(self.hour, PriceType::Bid, SWING);
        let quarter = bar.latest_row(self.quarter, PriceType::Bid)?;
        let (&[first, .., last], SWING) = (swing.close(), swing.len()) else { return None };
        let (stretch, size) = (self.stretch[row], self.range[quarter]);
        if stretch.is_nan() || size.is_nan() {
            return None;
        }
        let average = self.trend[swing.range().rows()][SWING - 1];
        let trend = if last > average && last > first {
            Some(Side::Long)
        } else if last < average && last < first {
            Some(Side::Short)
        } else {
            None
        };
        Some(Signal { stretch, trend, size })
    }
}

/// Walks the moments all symbols share. Nothing it asks reaches past the bar it stands on.
fn backtest(markets: &[Market], moments: &MultiSymbolSlice) -> Result<Vec<Trade>, omega_slicer::Error> {
    let mut trades = Vec::new();
    let mut held: Vec<Option<Position>> = markets.iter().map(|_| None).collect();
    let mut last = None;
    for moment in moments.moments() {
        for (number, (market, position)) in markets.iter().zip(&mut held).enumerate() {
            let row = market.rows[moment.index()];
            let Some(Signal { stretch, trend, size }) = market.signal(row) else { continue };
            let bid = moment.get_price(&market.symbol, PriceKind::Bid)?;
            let ask = moment.get_price(&market.symbol, PriceKind::Ask)?;
            let spread = moment.get_spread(&market.symbol)?;
            let (Some(bid), Some(ask), Some(spread)) = (bid, ask, spread) else { continue };

            if let Some(open) = position {
                let out = match open.side {
                    Side::Long => stretch >= 0.0 || bid <= open.stop,
                    Side::Short => stretch <= 0.0 || ask >= open.stop,
                };
                if out {
                    trades.push(open.leave(number, row, bid, ask));
                    *position = None;
                }
            } else if spread < size {
                *position = match trend {
                    Some(side @ Side::Long) if stretch <= -2.0 => {
                        Some(Position { entry_row: row, side, entry_price: ask, stop: ask - 3.0 * size })
                    }
                    Some(side @ Side::Short) if stretch >= 2.0 => {
                        Some(Position { entry_row: row, side, entry_price: bid, stop: bid + 3.0 * size })
                    }
                    _ => None,
                };
            }
        }
        last = Some(moment);
    }
    let Some(last) = last else { return Ok(trades) };
    for (number, (market, position)) in markets.iter().zip(held).enumerate() {
        let bid = last.get_price(&market.symbol, PriceKind::Bid)?;
        let ask = last.get_price(&market.symbol, PriceKind::Ask)?;
        if let (Some(open), Some(bid), Some(ask)) = (position, bid, ask) {
            trades.push(open.leave(number, market.rows[last.index()], bid, ask));
        }
    }
    Ok(trades)
}

/// SHA-256 over every trade's symbol, rows, side and profit, eight little-endian bytes each.
fn fingerprint(trades: &[Trade]) -> String {
    let mut hash = Sha256::new();
    for trade in trades {
        for number in [trade.symbol, trade.entry_row, trade.exit_row] {
            hash.update((number as u64).to_le_bytes());
        }
        hash.update((trade.side as i64).to_le_bytes());
        hash.update(trade.profit.to_le_bytes());
    }
    format!("{:x}", hash.finalize())
}

fn write_trades(path: &str, trades: &[Trade]) -> std::io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    writeln!(out, "symbol\tentry_row\texit_row\tside\tentry_price\texit_price\tprofit")?;
    for t in trades {
        let (rows, side) = (format!("{}\t{}\t{}", t.symbol, t.entry_row, t.exit_row), t.side as i64);
        writeln!(out, "{rows}\t{side}\t{}\t{}\t{}", t.entry_price, t.exit_price, t.profit)?;
    }
    out.flush()
}

const USAGE: &str =
    "usage: trend BID.csv ASK.csv [BID2.csv ASK2.csv] [--symbol A[,B]] [--timeframe TF] [--trades FILE]";

struct Arguments {
    files: Vec<String>,
    symbols: String,
    timeframe: String,
    trades: Option<String>,
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut given = Arguments { files: Vec::new(), symbols: "A,B".into(), timeframe: "M1".into(), trades: None };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--symbol" => given.symbols = value()?,
            "--timeframe" => given.timeframe = value()?,
            "--trades" => given.trades = Some(value()?),
            option if option.starts_with('-') => return Err(format!("unknown option {option}").into()),
            _ => given.files.push(word),
        }
    }
    match (given.files.len(), given.symbols.split(',').count()) {
        (2, 1..) | (4, 2..) => Ok(given),
        _ => Err(USAGE.into()),
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let given = arguments()?;
    let timeframe = given.timeframe.parse()?;
    let read = |file: &String, symbol: &str, price_type| {
        read_csv(file, TimeUnit::Microseconds, SeriesOptions::new(symbol, timeframe, price_type))
    };
    let mut series = Vec::new();
    for (files, symbol) in given.files.chunks_exact(2).zip(given.symbols.split(',')) {
        series.push(read(&files[0], symbol, PriceType::Bid)?);
        series.push(read(&files[1], symbol, PriceType::Ask)?);
    }
    // Series are shared, not copied: a clone is a few words.
    let moments = MultiSymbolSlice::new(series.iter().cloned(), MultiSymbolOptions::default())?;
    let markets: Vec<_> =
        series.chunks_exact(2).map(|sides| Market::new(&sides[0], &sides[1], &moments)).collect::<Result<_, _>>()?;

    let mut trades = Vec::new();
    let mut seconds = f64::INFINITY;
    for round in 0..3 {
        let start = Instant::now();
        let result = backtest(&markets, &moments)?;
        seconds = seconds.min(start.elapsed().as_secs_f64());
        if round > 0 && result != trades {
            return Err("two rounds over the same candles differ".into());
        }
        trades = result;
    }

    // From 0.0 and in order: `sum` starts from -0.0.
    let net = trades.iter().fold(0.0, |net: f64, trade| net + trade.profit);
    println!("language rust\nbackend native");
    println!("bars {}\ntrades {}", moments.len(), trades.len());
    println!("net {net:.10}\nnet_bits {:016x}", net.to_bits());
    println!("fingerprint {}\nseconds {seconds:.9}", fingerprint(&trades));
    if let Some(path) = &given.trades {
        write_trades(path, &trades)?;
    }
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("trend: {error}");
            ExitCode::FAILURE
        }
    }
}
