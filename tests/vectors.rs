//! Every language-neutral case, answered by the Rust core.

mod common;

use common::{arguments, assert_error, bits, folder, numbers, same, series, table};
use omega_slicer::io::{TimeUnit, parse_timestamp, read_csv};
use omega_slicer::{
    Candle, CandleSeries, Check, Columns, Error, ErrorCode, Field, LookbackOptions, PriceType, RowRange, SeriesOptions,
    SymbolDataSlicer, Timeframe,
};

fn number(args: &std::collections::BTreeMap<&str, &str>, name: &str) -> i64 {
    args.get(name).unwrap_or_else(|| panic!("no {name}")).parse().unwrap()
}

fn range(range: RowRange) -> String {
    format!("{}:{}", range.start, range.len)
}

fn joined<T>(items: impl IntoIterator<Item = T>, cell: impl Fn(T) -> String) -> String {
    let cells: Vec<String> = items.into_iter().map(cell).collect();
    if cells.is_empty() { "-".to_owned() } else { cells.join(",") }
}

fn row(row: Option<usize>) -> String {
    row.map_or("-1".to_owned(), |row| row.to_string())
}

fn matrix_cell(value: f64) -> String {
    if value.is_nan() { "nan".to_owned() } else { format!("{:016x}", value.to_bits()) }
}

/// The answer to one case, as its cell would say it.
fn answer(slicer: &SymbolDataSlicer, op: &str, cell: &str) -> Result<String, Error> {
    let args = arguments(cell);
    let flag = |name: &str, default: bool| args.get(name).map_or(default, |text| *text == "true");
    let options = LookbackOptions {
        include_current: flag("include_current", LookbackOptions::default().include_current),
        closed_only: flag("closed_only", LookbackOptions::default().closed_only),
        partial: flag("partial", LookbackOptions::default().partial),
    };
    let n = || usize::try_from(number(&args, "n")).unwrap();
    let times = || numbers(args["times"]);
    let whole = |candle: Option<Candle>, found: Option<usize>| {
        // The candle given must be the very row.
        let expected = found.map(|row| slicer.series().candle(row).unwrap());
        match (candle, expected) {
            (None, None) => {}
            (Some(a), Some(b)) => {
                assert_eq!(a.timestamp, b.timestamp);
                let pairs =
                    [(a.open, b.open), (a.high, b.high), (a.low, b.low), (a.close, b.close), (a.volume, b.volume)];
                assert!(pairs.iter().all(|(a, b)| same(*a, *b)));
            }
            (a, b) => panic!("{a:?} is not {b:?}"),
        }
        row(found)
    };
    Ok(match op {
        "get_slice" => {
            let (start, end) = (number(&args, "start"), number(&args, "end"));
            range(slicer.get_slice(start, end, flag("include_current", true))?.range())
        }
        "get_candle_at" => {
            let t = number(&args, "t");
            whole(slicer.get_candle_at(t), slicer.get_row_at(t))
        }
        "get_candle_asof" => {
            let t = number(&args, "t");
            let found = slicer.get_row_asof(t, options.closed_only);
            whole(slicer.get_candle_asof(t, options.closed_only), found)
        }
        "get_lookback" => range(slicer.get_lookback(number(&args, "now"), n(), options)?.range()),
        "get_lookbacks" => joined(slicer.get_lookbacks(&times(), n(), options)?, range),
        "get_candles_at" => joined(slicer.get_rows_at(&times()), row),
        "get_candles_asof" => joined(slicer.get_rows_asof(&times(), options.closed_only), row),
        "gather_lookback" => {
            let name = args.get("field").copied().unwrap_or("close");
            let field = Field::ALL.into_iter().find(|field| field.name() == name).unwrap();
            let matrix = slicer.gather_lookback(field, &times(), n(), options)?;
            let rows: Vec<String> =
                matrix.rows().into_iter().map(|row| joined(row.iter().copied(), matrix_cell)).collect();
            if rows.is_empty() { "-".to_owned() } else { rows.join(";") }
        }
        _ => panic!("no question is called {op}"),
    })
}

#[test]
fn every_question_has_the_answer_of_the_brute_force_oracle() {
    let mut asked = std::collections::BTreeSet::new();
    for case in table("slicer.tsv") {
        let slicer = SymbolDataSlicer::new(series(&case["series"]));
        let name = &case["case"];
        match answer(&slicer, &case["op"], &case["args"]) {
            Ok(found) => {
                assert_eq!((case["result"] != "error").then_some(&found), Some(&case["value"]), "{name}: {found}");
            }
            Err(error) if case["result"] == "error" => assert_error(name, &case["value"], &error),
            Err(error) => panic!("{name}: {error}"),
        }
        asked.insert(case["op"].clone());
    }
    assert_eq!(asked.len(), 8, "every question of the slicer is among the cases: {asked:?}");
}

#[test]
fn equal_durations_are_equal_timeframes_and_bad_ones_are_named() {
    for case in table("timeframe.tsv") {
        let text = if case["text"] == "<empty>" { "" } else { &case["text"] };
        match text.parse::<Timeframe>() {
            Ok(timeframe) => assert_eq!(format!("{} {timeframe}", timeframe.duration_us()), case["value"], "{text}"),
            Err(error) => {
                assert_eq!(case["result"], "error", "{text}: {error}");
                assert_error(text, &case["value"], &error);
            }
        }
    }
}

#[test]
fn timestamps_are_read_exactly_or_refused() {
    for case in table("timestamp.tsv") {
        let text = if case["text"] == "<empty>" { "" } else { &case["text"] };
        match parse_timestamp(text) {
            Ok(stamp) => assert_eq!(stamp.to_string(), case["value"], "{text}"),
            Err(error) => {
                assert_eq!(case["result"], "error", "{text}: {error}");
                assert_error(text, &case["value"], &error);
            }
        }
    }
}

fn check(text: Option<&&str>) -> Check {
    match text {
        None | Some(&"full") => Check::Full,
        Some(&"order") => Check::Order,
        Some(&"none") => Check::None,
        Some(other) => panic!("no check is called {other}"),
    }
}

#[track_caller]
fn assert_same_series(case: &str, found: &CandleSeries, expected: &CandleSeries) {
    assert_eq!(found.timestamp(), expected.timestamp(), "{case}");
    assert_eq!(found.volume().is_some(), expected.volume().is_some(), "{case}");
    for field in Field::ALL {
        let columns = found.columns().field(field).zip(expected.columns().field(field));
        let Some((a, b)) = columns else { continue };
        assert!(a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(*a, *b)), "{case}: {}", field.name());
    }
}

#[test]
fn csv_files_give_their_bits_or_their_fault() {
    for case in table("csv.tsv") {
        let args = arguments(&case["args"]);
        let mut options = SeriesOptions::new("TEST", Timeframe::M1, PriceType::Bid);
        options.check = check(args.get("check"));
        options.allow_missing = args.get("allow_missing") == Some(&"true");
        let unit = match args.get("unit") {
            None | Some(&"us") => TimeUnit::Microseconds,
            Some(&"s") => TimeUnit::Seconds,
            Some(&"ms") => TimeUnit::Milliseconds,
            Some(&"ns") => TimeUnit::Nanoseconds,
            Some(other) => panic!("no unit is called {other}"),
        };
        let name = &case["case"];
        match read_csv(folder().join("csv").join(&case["file"]), unit, options) {
            Ok(found) => {
                assert_eq!(case["result"], "series", "{name}: wanted {}", case["value"]);
                assert_same_series(name, &found, &series(&case["value"]));
            }
            Err(error) => {
                assert_eq!(case["result"], "error", "{name}: {error}");
                assert_error(name, &case["value"], &error);
            }
        }
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let options = || SeriesOptions::new("TEST", Timeframe::M1, PriceType::Bid);
    let missing = read_csv("no/such/file.csv", TimeUnit::default(), options()).unwrap_err();
    assert_eq!(missing.code(), ErrorCode::FileNotFound);
    assert!(missing.to_string().contains("no/such/file.csv"));
    let directory = read_csv(folder(), TimeUnit::default(), options()).unwrap_err();
    assert_eq!(directory.code(), ErrorCode::IoError);
}

#[test]
fn what_memory_cannot_hold_is_an_error_and_not_the_end_of_the_host() {
    let slicer = SymbolDataSlicer::new(series("minutes"));
    let partial = LookbackOptions { partial: true, ..Default::default() };
    let refused = slicer.gather_lookback(Field::Close, &[i64::MAX], 1 << 50, partial).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::OutOfMemory);
    assert_eq!(slicer.gather_lookback(Field::Close, &[], 1 << 50, partial).unwrap().dim(), (0, 1 << 50));
}

#[test]
fn a_series_meets_its_invariants_or_is_refused() {
    for case in table("series.tsv") {
        let (cells, args) = (arguments(&case["columns"]), arguments(&case["args"]));
        let floats = |name: &str| -> Vec<f64> {
            match cells[name] {
                "-" => Vec::new(),
                cell => cell.split(',').map(|value| value.parse().unwrap()).collect(),
            }
        };
        let columns = Columns {
            timestamp: numbers(cells["timestamp"]).into(),
            open: floats("open").into(),
            high: floats("high").into(),
            low: floats("low").into(),
            close: floats("close").into(),
            volume: cells.contains_key("volume").then(|| floats("volume").into()),
        };
        let made = || {
            // Rust's types want a timeframe before a series can be made; lengths are judged first all the same.
            let mut unjudged = SeriesOptions::new("TEST", Timeframe::M1, PriceType::Bid);
            unjudged.check = Check::None;
            CandleSeries::new(columns.clone(), unjudged)?;
            let duration = args.get("timeframe_us").map_or(Timeframe::M1.duration_us(), |text| text.parse().unwrap());
            let timeframe = Timeframe::from_duration_us(duration)?;
            let price_type = args.get("price_type").map_or(Ok(PriceType::Bid), |text| text.parse())?;
            let mut options = SeriesOptions::new("TEST", timeframe, price_type);
            options.check = check(args.get("check"));
            options.allow_missing = args.get("allow_missing") == Some(&"true");
            CandleSeries::new(columns.clone(), options)
        };
        let name = &case["case"];
        match made() {
            Ok(_) => assert_eq!(case["result"], "ok", "{name}: wanted {}", case["value"]),
            Err(error) => {
                assert_eq!(case["result"], "error", "{name}: {error}");
                assert_error(name, &case["value"], &error);
            }
        }
    }
}

#[test]
fn quality_counts_what_a_scan_by_hand_counts() {
    for case in table("quality.tsv") {
        let (name, bid) = (&case["case"], series(&case["series"]));
        let found = if case["ask"] == "-" {
            let q = bid.quality();
            let gaps: usize = q.gaps.iter().map(|(_, count)| count).sum();
            let steps = joined(&q.gaps, |(step, count)| format!("{step}:{count}"));
            format!(
                "rows={} gaps={gaps} overlaps={} high_below_low={} outside_high_low={} nonpositive_prices={} \
                 negative_volumes={} missing_prices={} missing_volumes={} steps={steps}",
                q.rows,
                q.overlaps,
                q.high_below_low,
                q.outside_high_low,
                q.nonpositive_prices,
                q.negative_volumes,
                q.missing_prices,
                q.missing_volumes,
            )
        } else {
            let p = bid.pair_quality(&series(&case["ask"]));
            format!(
                "matched={} crossed={} locked={} bid_only={} ask_only={}",
                p.matched, p.crossed, p.locked, p.bid_only, p.ask_only
            )
        };
        assert_eq!(found, case["value"], "{name}");
    }
}

#[test]
fn the_codes_are_those_all_languages_share() {
    let shared: Vec<(String, String)> =
        table("error_codes.tsv").into_iter().map(|row| (row["code"].clone(), row["name"].clone())).collect();
    let ours: Vec<(String, String)> = std::iter::once(("0".to_owned(), "OK".to_owned()))
        .chain(ErrorCode::ALL.iter().map(|code| (code.as_i32().to_string(), code.name().to_owned())))
        .collect();
    assert_eq!(shared, ours);
}

#[test]
fn hexadecimal_bits_are_read_as_floats() {
    assert!(same(bits("3ff8000000000000"), 1.5) && same(bits("8000000000000000"), -0.0) && !same(0.0, -0.0));
}
