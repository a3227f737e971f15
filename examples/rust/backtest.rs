//! A Donchian breakout backtest: the same program as in C, Julia and Python beside it, to the bit.
//!
//! At every bar, decided at its close, it looks back over the 50 candles before it: long above their
//! highest high, short below their lowest low, out on the opposite extreme of the last 20. It buys at the
//! ask and sells at the bid.
//!
//! `cargo run --release --example backtest -- BID.csv [ASK.csv] [--symbol S] [--timeframe TF] [--trades FILE]`

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::process::ExitCode;
use std::time::Instant;

use omega_slicer::io::{TimeUnit, read_csv};
use omega_slicer::{CandleSeries, LookbackOptions, PriceType, SeriesOptions, SymbolDataSlicer};
use sha2::{Digest, Sha256};

const ENTRY: usize = 50;
const EXIT: usize = 20;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Long = 1,
    Short = -1,
}

/// One bar's closing prices, at which orders are filled.
#[derive(Clone, Copy)]
struct Quote {
    row: usize,
    bid: f64,
    ask: f64,
}

struct Position {
    entry_row: usize,
    side: Side,
    entry_price: f64,
}

#[derive(Clone, PartialEq)]
struct Trade {
    entry_row: usize,
    exit_row: usize,
    side: Side,
    entry_price: f64,
    exit_price: f64,
    profit: f64,
}

impl Position {
    fn open(side: Side, at: Quote) -> Self {
        let entry_price = if side == Side::Long { at.ask } else { at.bid };
        Self { entry_row: at.row, side, entry_price }
    }

    fn close(&self, at: Quote) -> Trade {
        let Self { entry_row, side, entry_price } = *self;
        let (exit_price, profit) = match side {
            Side::Long => (at.bid, at.bid - entry_price),
            Side::Short => (at.ask, entry_price - at.ask),
        };
        Trade { entry_row, exit_row: at.row, side, entry_price, exit_price, profit }
    }
}

// Comparisons, since f64::max and min spend half their time on NaN, which a checked series has none of.
fn highest(prices: &[f64]) -> f64 {
    prices.iter().fold(f64::NEG_INFINITY, |high, &price| if price > high { price } else { high })
}

fn lowest(prices: &[f64]) -> f64 {
    prices.iter().fold(f64::INFINITY, |low, &price| if price < low { price } else { low })
}

/// Walks the bid series bar by bar. Nothing it asks reaches past the bar it stands on.
fn backtest(bid: &SymbolDataSlicer, ask: &SymbolDataSlicer) -> Result<Vec<Trade>, omega_slicer::Error> {
    let before = LookbackOptions { include_current: false, partial: true, ..LookbackOptions::default() };
    let bars = bid.series();
    let mut trades = Vec::new();
    let mut position: Option<Position> = None;
    let mut last = None;
    for (row, (&now, &close)) in bars.timestamp().iter().zip(bars.close()).enumerate() {
        let past = bid.get_lookback(now, ENTRY, before)?;
        let Some(asked) = ask.get_candle_at(now) else { continue };
        if past.len() < ENTRY {
            continue;
        }
        let quote = Quote { row, bid: close, ask: asked.close };

        let broken = |position: &mut Position| match position.side {
            Side::Long => close < lowest(&past.low()[ENTRY - EXIT..]),
            Side::Short => close > highest(&past.high()[ENTRY - EXIT..]),
        };
        if let Some(position) = position.take_if(broken) {
            trades.push(position.close(quote));
        }
        if position.is_none() {
            if close > highest(past.high()) {
                position = Some(Position::open(Side::Long, quote));
            } else if close < lowest(past.low()) {
                position = Some(Position::open(Side::Short, quote));
            }
        }
        last = Some(quote);
    }
    if let (Some(position), Some(last)) = (position, last) {
        trades.push(position.close(last));
    }
    Ok(trades)
}

/// SHA-256 over every trade's entry row, exit row, side and profit, eight little-endian bytes each.
fn fingerprint(trades: &[Trade]) -> String {
    let mut hash = Sha256::new();
    for trade in trades {
        hash.update((trade.entry_row as u64).to_le_bytes());
        hash.update((trade.exit_row as u64).to_le_bytes());
        hash.update((trade.side as i64).to_le_bytes());
        hash.update(trade.profit.to_le_bytes());
    }
    format!("{:x}", hash.finalize())
}

fn write_trades(path: &str, trades: &[Trade]) -> std::io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    writeln!(out, "entry_row\texit_row\tside\tentry_price\texit_price\tprofit")?;
    for t in trades {
        let side = t.side as i64;
        writeln!(out, "{}\t{}\t{side}\t{}\t{}\t{}", t.entry_row, t.exit_row, t.entry_price, t.exit_price, t.profit)?;
    }
    out.flush()
}

struct Arguments {
    files: Vec<String>,
    symbol: String,
    timeframe: String,
    trades: Option<String>,
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut given = Arguments { files: Vec::new(), symbol: String::new(), timeframe: "H1".into(), trades: None };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--symbol" => given.symbol = value()?,
            "--timeframe" => given.timeframe = value()?,
            "--trades" => given.trades = Some(value()?),
            option if option.starts_with('-') => return Err(format!("unknown option {option}").into()),
            _ => given.files.push(word),
        }
    }
    match given.files.len() {
        1 | 2 => Ok(given),
        _ => Err("usage: backtest BID.csv [ASK.csv] [--symbol S] [--timeframe TF] [--trades FILE]".into()),
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let given = arguments()?;
    let timeframe = given.timeframe.parse()?;
    let read = |file: &String, price_type| -> Result<CandleSeries, omega_slicer::Error> {
        read_csv(file, TimeUnit::Microseconds, SeriesOptions::new(&given.symbol, timeframe, price_type))
    };
    let bid = SymbolDataSlicer::new(read(&given.files[0], PriceType::Bid)?);
    // One file alone serves as both sides.
    let ask = match given.files.get(1) {
        Some(file) => SymbolDataSlicer::new(read(file, PriceType::Ask)?),
        None => bid.clone(),
    };

    let mut trades = Vec::new();
    let mut seconds = f64::INFINITY;
    for round in 0..3 {
        let start = Instant::now();
        let result = backtest(&bid, &ask)?;
        seconds = seconds.min(start.elapsed().as_secs_f64());
        if round > 0 && result != trades {
            return Err("two rounds over the same candles differ".into());
        }
        trades = result;
    }

    // From 0.0 and in order: `sum` starts from -0.0.
    let net = trades.iter().fold(0.0, |net: f64, trade| net + trade.profit);
    println!("language rust\nbackend native");
    println!("bars {}\ntrades {}", bid.series().len(), trades.len());
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
            eprintln!("backtest: {error}");
            ExitCode::FAILURE
        }
    }
}
