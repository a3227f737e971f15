//! The language-neutral cases of `tests/vectors/arrow.tsv`: files of real producers, and what they mean.

use std::collections::BTreeMap;

use omega_slicer::io::{ArrowOptions, parse_ipc, read_ipc};
use omega_slicer::{CandleSeries, Check, Error, Field};

use crate::common::{arguments, assert_error, folder, same, series, table};

fn options(args: &BTreeMap<&str, &str>) -> ArrowOptions {
    let flag = |name: &str| args.get(name) == Some(&"true");
    ArrowOptions {
        symbol: args.get("symbol").map(|symbol| (*symbol).to_owned()),
        timeframe: args.get("timeframe").map(|timeframe| timeframe.parse().unwrap()),
        price_type: args.get("price_type").map(|price_type| price_type.parse().unwrap()),
        check: args.get("check").map(|check| match *check {
            "full" => Check::Full,
            "order" => Check::Order,
            "none" => Check::None,
            other => panic!("no check is called {other}"),
        }),
        allow_missing: flag("allow_missing"),
        strict: flag("strict"),
    }
}

#[track_caller]
pub(crate) fn assert_same(case: &str, found: &CandleSeries, expected: &CandleSeries) {
    assert_eq!(found.symbol(), expected.symbol(), "{case}");
    assert_eq!(found.timeframe(), expected.timeframe(), "{case}");
    assert_eq!(found.price_type(), expected.price_type(), "{case}");
    assert_eq!(found.timestamp(), expected.timestamp(), "{case}");
    for field in Field::ALL {
        let (found, expected) = (found.columns().field(field), expected.columns().field(field));
        assert_eq!(found.map(<[f64]>::len), expected.map(<[f64]>::len), "{case}: {}", field.name());
        for (row, (a, b)) in found.into_iter().flatten().zip(expected.into_iter().flatten()).enumerate() {
            assert!(same(*a, *b), "{case}: {} {row}: {a} is not {b}", field.name());
        }
    }
}

#[test]
fn arrow_files_give_their_bits_or_their_fault_by_path_and_from_bytes() {
    let mut wrong = Vec::new();
    for case in table("arrow.tsv") {
        let args = arguments(&case["args"]);
        let path = folder().join("arrow").join(&case["file"]);
        let mmap = args.get("mmap") == Some(&"true");
        let judge = |how: &str, result: Result<CandleSeries, Error>| {
            let name = format!("{} {how}", case["case"]);
            match result {
                Ok(found) => {
                    assert_eq!(case["result"], "series", "{name}: wanted {}", case["value"]);
                    assert_same(&name, &found, &series(&case["value"]));
                }
                Err(error) => {
                    assert_eq!(case["result"], "error", "{name}: {error}");
                    assert_error(&name, &case["value"], &error);
                }
            }
        };
        let result = std::panic::catch_unwind(|| {
            let by_path = read_ipc(&path, &options(&args), mmap);
            if let Err(error) = &by_path {
                assert!(error.to_string().starts_with(&format!("{}: ", path.display())), "{error}");
            }
            judge("by path", by_path);
            if !mmap {
                judge("from bytes", parse_ipc(&std::fs::read(&path).unwrap(), &options(&args)));
            }
        });
        wrong.extend(result.err().map(|_| case["case"].clone()));
    }
    assert!(wrong.is_empty(), "{} cases: {wrong:#?}", wrong.len());
}
