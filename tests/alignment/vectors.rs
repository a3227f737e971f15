//! The language-neutral cases of several timeframes, the walk and several symbols, answered by the Rust core.

use std::collections::{BTreeMap, BTreeSet};

use omega_slicer::{
    AlignOptions, Candle, CandleSeries, Decision, Error, ErrorCode, Field, MultiSymbolOptions, MultiSymbolSlice,
    PriceKind, PriceType, ResampleOptions, Stamps, SymbolDataSlice, Timeframe, Timeline, align, resample,
};

use crate::common::{arguments, assert_error, numbers, same, series, table};

type Args<'a> = BTreeMap<&'a str, &'a str>;

/// The case's value for its answer, or its error for its refusal.
fn check(case: &BTreeMap<String, String>, answer: Result<String, Error>) {
    let name = &case["case"];
    match answer {
        Ok(found) => assert_eq!((case["result"] != "error").then_some(&found), Some(&case["value"]), "{name}: {found}"),
        Err(error) if case["result"] == "error" => assert_error(name, &case["value"], &error),
        Err(error) => panic!("{name}: {error}"),
    }
}

fn given(cell: &str) -> Vec<CandleSeries> {
    if cell == "-" { Vec::new() } else { cell.split(',').map(series).collect() }
}

fn joined<T: ToString>(items: impl IntoIterator<Item = T>, separator: &str) -> String {
    let cells: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    if cells.is_empty() { "-".to_owned() } else { cells.join(separator) }
}

fn number(args: &Args, name: &str) -> Option<i64> {
    args.get(name).map(|text| text.parse().unwrap())
}

/// A count, which Rust's types keep from being negative: what C and the others refuse is refused here.
fn count(args: &Args, name: &str, default: usize, code: fn(String) -> Error) -> Result<usize, Error> {
    number(args, name).map_or(Ok(default), |value| usize::try_from(value).map_err(|_| code(value.to_string())))
}

/// The one number that Rust cannot be asked about.
fn out_of_bounds(_negative: String) -> Error {
    Error::IndexOutOfBounds { what: "index", index: usize::MAX, len: 0 }
}

fn side(args: &Args) -> Result<PriceType, Error> {
    args.get("price_type").map_or(Ok(PriceType::Bid), |text| text.parse())
}

fn row(row: Option<usize>) -> String {
    row.map_or("-1".to_owned(), |row| row.to_string())
}

#[test]
fn resampled_series_are_the_oracles() {
    for case in table("resample.tsv") {
        let (name, args) = (&case["case"], arguments(&case["args"]));
        let options = ResampleOptions {
            origin: number(&args, "origin").unwrap_or(0),
            keep_partial: args.get("keep_partial") == Some(&"true"),
        };
        match resample(&series(&case["series"]), case["timeframe"].parse().unwrap(), options) {
            Ok(found) => {
                assert_eq!(case["result"], "series", "{name}: wanted {}", case["value"]);
                let expected = series(&case["value"]);
                assert_eq!(found.timestamp(), expected.timestamp(), "{name}");
                assert_eq!(found.volume().is_some(), expected.volume().is_some(), "{name}");
                let identity = |one: &CandleSeries| (one.symbol().to_owned(), one.timeframe(), one.price_type());
                assert_eq!(identity(&found), identity(&expected), "{name}");
                for field in Field::ALL {
                    let columns = found.columns().field(field).zip(expected.columns().field(field));
                    let Some((a, b)) = columns else { continue };
                    assert!(a.iter().zip(b).all(|(a, b)| same(*a, *b)), "{name}: {}", field.name());
                }
            }
            Err(error) => check(&case, Err(error)),
        }
    }
}

#[test]
fn aligned_rows_are_the_oracles() {
    for case in table("align.tsv") {
        let args = arguments(&case["args"]);
        let (primary, higher) = (series(&case["primary"]), series(&case["higher"]));
        let answer = || -> Result<Vec<i64>, Error> {
            let limit = |text: &&str| count(&args, "stale_limit", 0, Error::InvalidArgument).map(|_| text.parse().ok());
            let options = AlignOptions {
                decision: if args.get("decision") == Some(&"close") { Decision::Close } else { Decision::Open },
                stamps: if args.get("stamps") == Some(&"close") { Stamps::Close } else { Stamps::Open },
                stale_limit: args.get("stale_limit").map_or(Ok(None), limit)?,
            };
            let mut rows = vec![77; primary.len()];
            align(&primary, &higher, options, &mut rows)?;
            Ok(rows)
        };
        match answer() {
            Ok(rows) => assert_eq!((rows, "rows"), (numbers(&case["value"]), &*case["result"]), "{}", case["case"]),
            Err(error) => check(&case, Err(error)),
        }
    }
}

fn walk(op: &str, given: Vec<CandleSeries>, args: &Args) -> Result<String, Error> {
    let primary = args.get("primary").map(|text| text.parse()).transpose()?;
    let mut slice = SymbolDataSlice::new(given, primary)?;
    let side = side(args)?;
    let length = count(args, "length", 20, Error::InvalidArgument)?;
    slice.set_index(count(args, "index", 0, out_of_bounds)?);
    let timeframe = || args["timeframe"].parse::<Timeframe>();
    Ok(match op {
        "bars" => slice.bars().to_string(),
        "decision_time" => slice.decision_time()?.to_string(),
        "latest" => {
            let found = slice.at(slice.index()).latest_row(timeframe()?, side);
            let expected = found.and_then(|row| slice.series_ref(timeframe().unwrap(), side)?.candle(row).ok());
            assert_candle(slice.latest(timeframe()?, side), expected);
            row(found)
        }
        "history" => {
            let range = slice.history(timeframe()?, side, length).range();
            format!("{}:{}", range.start, range.len)
        }
        "history_matrix" => {
            let start = count(args, "start", 0, out_of_bounds)?;
            let stop = count(args, "stop", slice.bars(), out_of_bounds)?;
            let field = args.get("field").copied().unwrap_or("close");
            let field = Field::ALL.into_iter().find(|one| one.name() == field).unwrap();
            let matrix = slice.history_matrix(timeframe()?, side, length, field, start..stop)?;
            let cell =
                |value: &f64| if value.is_nan() { "nan".to_owned() } else { format!("{:016x}", value.to_bits()) };
            joined(matrix.rows().into_iter().map(|row| joined(row.iter().map(cell), ",")), ";")
        }
        _ => panic!("no question is called {op}"),
    })
}

fn assert_candle(found: Option<Candle>, expected: Option<Candle>) {
    let bits = |candle: Candle| {
        let Candle { timestamp, open, high, low, close, volume } = candle;
        (timestamp, [open, high, low, close, volume].map(|value| if value.is_nan() { 0 } else { value.to_bits() }))
    };
    assert_eq!(found.map(bits), expected.map(bits));
}

#[test]
fn the_walk_answers_as_the_oracle_does() {
    let mut asked = BTreeSet::new();
    for case in table("symbol_slice.tsv") {
        check(&case, walk(&case["op"], given(&case["series"]), &arguments(&case["args"])));
        asked.insert(case["op"].clone());
    }
    assert_eq!(asked.len(), 5);
}

fn moment(op: &str, given: Vec<CandleSeries>, args: &Args) -> Result<String, Error> {
    let options = MultiSymbolOptions {
        timeline: match args.get("timeline") {
            None | Some(&"intersection") => Timeline::Intersection,
            Some(&"union") => Timeline::Union,
            Some(other) => return Err(Error::InvalidArgument((*other).to_owned())),
        },
        asof: args.get("asof") == Some(&"true"),
        stale_limit: number(args, "stale_limit"),
    };
    let mut slice = MultiSymbolSlice::new(given, options)?;
    let symbol = args.get("symbol").copied().unwrap_or_default();
    // C refuses what was never given before it looks at the moment, and so does the oracle.
    let moved = |slice: &mut MultiSymbolSlice| {
        let index = count(args, "index", 0, out_of_bounds)?;
        slice.set_index(index)
    };
    let price = |price: Option<f64>| match price {
        None => "-".to_owned(),
        Some(value) if value.is_nan() => "nan".to_owned(),
        Some(value) => format!("{:016x}", value.to_bits()),
    };
    let kind = match args.get("price_type") {
        None | Some(&"mid") => PriceKind::Mid,
        Some(&"bid") => PriceKind::Bid,
        Some(&"ask") => PriceKind::Ask,
        Some(other) if op == "get_price" => return Err(Error::InvalidArgument((*other).to_owned())),
        _ => PriceKind::default(),
    };
    Ok(match op {
        "timeline" => joined(slice.timeline(), ","),
        "rows" => {
            let side = side(args)?;
            slice.get_candle(symbol, side).map(|_| ()).or_else(unless_unknown)?;
            let at = slice.series().iter().position(|one| (one.symbol(), one.price_type()) == (symbol, side));
            joined(slice.rows(at.unwrap()).unwrap(), ",")
        }
        "get_candle" => {
            let side = side(args)?;
            slice.get_candle(symbol, side).map(|_| ()).or_else(unless_unknown)?;
            moved(&mut slice)?;
            let at = slice.series().iter().position(|one| (one.symbol(), one.price_type()) == (symbol, side)).unwrap();
            let found = usize::try_from(slice.rows(at).unwrap()[slice.index()]).ok();
            assert_candle(slice.get_candle(symbol, side)?, found.map(|row| slice.series()[at].candle(row).unwrap()));
            row(found)
        }
        "get_price" => {
            slice.get_price(symbol, kind).map(|_| ()).or_else(unless_unknown)?;
            moved(&mut slice)?;
            price(slice.get_price(symbol, kind)?)
        }
        "get_spread" => {
            slice.get_spread(symbol).map(|_| ()).or_else(unless_unknown)?;
            moved(&mut slice)?;
            price(slice.get_spread(symbol)?)
        }
        _ => panic!("no question is called {op}"),
    })
}

/// An error that is not about the moment.
fn unless_unknown(error: Error) -> Result<(), Error> {
    if error.code() == ErrorCode::OutOfBounds { Ok(()) } else { Err(error) }
}

#[test]
fn moments_answer_as_the_oracle_does() {
    let mut asked = BTreeSet::new();
    for case in table("multi_symbol.tsv") {
        check(&case, moment(&case["op"], given(&case["series"]), &arguments(&case["args"])));
        asked.insert(case["op"].clone());
    }
    assert_eq!(asked.len(), 5);
}
