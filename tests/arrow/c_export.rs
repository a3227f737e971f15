//! What goes out through the Arrow C Data Interface, read here by the letters of its specification: the series' own
//! memory, nulls for missing volumes, children that outlive their parents, and a series that is let go of at the end.
#![allow(unsafe_code, reason = "foreign structs are raw pointers")]

use std::ffi::{CStr, c_void};
use std::sync::{Arc, Weak};

use omega_slicer::io::{
    ArrowArray, ArrowArrayStream, ArrowOptions, ArrowSchema, export_array, export_schema, export_stream, import_array,
    import_stream,
};
use omega_slicer::{CandleSeries, Column, Columns, Error, PriceType, RowRange, SeriesOptions, Timeframe};
use proptest::prelude::*;

use crate::foreign::{MINUTE, START};

/// A series of these volumes, and whether it is still alive.
fn series(volume: Option<Vec<f64>>, rows: usize) -> (CandleSeries, Weak<Vec<i64>>) {
    let stamps: Arc<Vec<i64>> = Arc::new((0..).take(rows).map(|i| START + i * MINUTE).collect());
    let price = |by: f64| Column::from((0..).take(rows).map(|i| by + f64::from(i)).collect::<Vec<f64>>());
    let alive = Arc::downgrade(&stamps);
    let columns = Columns {
        timestamp: Column::shared(stamps),
        open: price(1.0),
        high: price(2.0),
        low: price(0.5),
        close: price(1.5),
        volume: volume.map(Column::from),
    };
    let options = SeriesOptions::new("EURUSD µ", Timeframe::M1, PriceType::Ask);
    (CandleSeries::new(columns, options).unwrap(), alive)
}

fn rows(start: usize, len: usize) -> RowRange {
    RowRange { start, len }
}

/// The children of an array, each as the pointers it has.
unsafe fn children(array: &ArrowArray) -> Vec<&mut ArrowArray> {
    // SAFETY: there are as many as it says.
    (0..usize::try_from(array.n_children).unwrap()).map(|i| unsafe { &mut **array.children.add(i) }).collect()
}

unsafe fn buffer(array: &ArrowArray, at: usize) -> *const c_void {
    // SAFETY: there are at least that many.
    unsafe { *array.buffers.add(at) }
}

#[test]
fn an_exported_array_is_the_series_own_memory() {
    let (series, _) = series(Some(vec![3.0; 9]), 9);
    let mut array = export_array(&series, rows(2, 5)).unwrap();
    // SAFETY: read by the letters of the specification.
    unsafe {
        let shape = (array.length, array.null_count, array.offset, array.n_buffers, array.n_children);
        assert_eq!(shape, (5, 0, 0, 1, 6));
        assert!(buffer(&array, 0).is_null() && array.dictionary.is_null());
        let expected = [
            series.timestamp()[2..].as_ptr() as usize,
            series.open()[2..].as_ptr() as usize,
            series.high()[2..].as_ptr() as usize,
            series.low()[2..].as_ptr() as usize,
            series.close()[2..].as_ptr() as usize,
            series.volume().unwrap()[2..].as_ptr() as usize,
        ];
        for (child, expected) in children(&array).into_iter().zip(expected) {
            let shape = (child.length, child.null_count, child.offset, child.n_buffers, child.n_children);
            assert_eq!(shape, (5, 0, 0, 2, 0));
            assert!(buffer(child, 0).is_null() && child.dictionary.is_null() && child.release.is_some());
            assert_eq!(buffer(child, 1) as usize, expected);
        }
        array.release();
    }
    assert!(array.is_released());
}

#[test]
fn an_exported_schema_is_symbol_slice_to_the_letter() {
    let (series, _) = series(None, 1);
    let mut schema = export_schema(&series).unwrap();
    // SAFETY: read by the letters of the specification.
    unsafe {
        let text = |pointer| CStr::from_ptr(pointer).to_str().unwrap();
        assert_eq!((text(schema.format), schema.flags, schema.n_children), ("+s", 0, 6));
        let fields: Vec<_> = (0..6)
            .map(|i| &**schema.children.add(i))
            .map(|field| {
                (text(field.name), text(field.format), field.flags, field.n_children, field.metadata.is_null())
            })
            .collect();
        let price = |name| (name, "g", 0, 0, true);
        let expected = [
            ("timestamp", "tsu:UTC", 0, 0, true),
            price("open"),
            price("high"),
            price("low"),
            price("close"),
            ("volume", "g", 2, 0, true),
        ];
        assert_eq!(fields, expected);
        let expected = crate::foreign::metadata(&[
            ("schema_name", "symbol_slice"),
            ("schema_version", "1.0.0"),
            ("symbol", "EURUSD µ"),
            ("timeframe", "M1"),
            ("price_type", "ask"),
        ]);
        assert_eq!(std::slice::from_raw_parts(schema.metadata.cast::<u8>(), expected.len()), expected);
        schema.release();
    }
}

/// What comes back of what went out, read strictly.
fn round_trip(series: &CandleSeries, range: RowRange) -> CandleSeries {
    let (mut array, mut schema) = (export_array(series, range).unwrap(), export_schema(series).unwrap());
    let strict = ArrowOptions { strict: true, ..ArrowOptions::default() };
    // SAFETY: made just now.
    unsafe { import_array(&mut array, &mut schema, &strict) }.unwrap()
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

proptest! {
    #[test]
    fn what_goes_out_comes_back_bit_for_bit(
        present in prop::option::of(prop::collection::vec(any::<bool>(), 150)),
        start in 0..150_usize,
        len in 0..150_usize,
    ) {
        let volume = present.map(|present| present.iter().map(|p| if *p { 2.5 } else { f64::NAN }).collect::<Vec<_>>());
        let (series, alive) = series(volume, 150);
        let range = rows(start, len.min(150 - start));
        let back = round_trip(&series, range);
        let expected = range.rows();
        prop_assert_eq!(back.timestamp(), &series.timestamp()[expected.clone()]);
        if range.len > 0 {
            prop_assert_eq!(back.open().as_ptr(), series.open()[expected.clone()].as_ptr());
        }
        prop_assert_eq!(bits(back.close()), bits(&series.close()[expected.clone()]));
        let volume = series.volume().map(|volume| bits(&volume[expected.clone()]));
        let volume = volume.filter(|bits| bits.is_empty() || bits.iter().any(|bits| *bits == 2.5_f64.to_bits()));
        if range.len > 0 {
            prop_assert_eq!(back.volume().map(bits), volume);
        }
        prop_assert_eq!((back.symbol(), back.timeframe(), back.price_type()), ("EURUSD µ", Timeframe::M1, PriceType::Ask));
        drop(series);
        prop_assert_eq!(alive.upgrade().is_some(), range.len > 0, "the series lives in what came back");
        drop(back);
        prop_assert!(alive.upgrade().is_none());
    }
}

#[test]
fn a_missing_volume_is_null_and_a_volume_that_is_not_there_all_nulls_over_zeros() {
    let (some, _) = series(Some(vec![1.0, f64::NAN, 3.0, f64::NAN, 5.0, 6.0, 7.0, 8.0, f64::NAN, 10.0]), 10);
    let (none, _) = series(None, 10);
    for (series, nulls, expected) in [(some, 3, [0b1111_0101_u8, 0b10]), (none, 10, [0, 0])] {
        let mut array = export_array(&series, rows(0, 10)).unwrap();
        // SAFETY: read by the letters of the specification.
        unsafe {
            let volume = &children(&array)[5];
            assert_eq!(volume.null_count, nulls);
            assert_eq!(std::slice::from_raw_parts(buffer(volume, 0).cast::<u8>(), 2), expected);
            let values = std::slice::from_raw_parts(buffer(volume, 1).cast::<f64>(), 10);
            assert_eq!(values[0], if nulls == 10 { 0.0 } else { 1.0 });
            array.release();
        }
    }
}

#[test]
fn the_series_lives_until_array_and_moved_children_are_released_in_any_order() {
    for parent_at in 0..=6 {
        for backwards in [false, true] {
            let (series, alive) = series(Some(vec![f64::NAN, 2.0]), 2);
            let mut array = export_array(&series, rows(0, 2)).unwrap();
            drop(series);
            // SAFETY: each struct is moved and released by the rules of the specification.
            unsafe {
                let mut moved: Vec<ArrowArray> = children(&array).into_iter().map(ArrowArray::take).collect();
                if backwards {
                    moved.reverse();
                }
                for (i, mut child) in moved.into_iter().enumerate() {
                    if i == parent_at {
                        array.release();
                    }
                    assert!(alive.upgrade().is_some());
                    assert_ne!(*buffer(&child, 1).cast::<i64>(), 0, "no value of these is zero");
                    child.release();
                }
                array.release();
            }
            assert!(alive.upgrade().is_none());
        }
    }
}

#[test]
fn a_parent_releases_the_children_that_are_left() {
    let (series, alive) = series(None, 2);
    let mut array = export_array(&series, rows(0, 2)).unwrap();
    let mut schema = export_schema(&series).unwrap();
    drop(series);
    // SAFETY: each struct is moved and released by the rules of the specification.
    unsafe {
        let mut kept = children(&array)[4].take();
        let mut field = (**schema.children.add(5)).take();
        // A child may also be released in its place.
        children(&array)[1].release();
        array.release();
        schema.release();
        assert_eq!(*buffer(&kept, 1).cast::<f64>(), 1.5);
        assert_eq!(CStr::from_ptr(field.name), c"volume");
        assert!(alive.upgrade().is_some());
        kept.release();
        field.release();
    }
    assert!(alive.upgrade().is_none());
}

#[test]
fn releases_on_several_threads_at_once_free_the_block_once() {
    struct Moved(ArrowArray);
    // SAFETY: the interface lets any thread release.
    unsafe impl Send for Moved {}
    for _ in 0..200 {
        let (series, alive) = series(Some(vec![f64::NAN, 2.0]), 2);
        let mut array = export_array(&series, rows(0, 2)).unwrap();
        drop(series);
        // SAFETY: each struct is moved once and released once.
        let mut parts: Vec<Moved> = unsafe { children(&array) }.into_iter().map(|child| Moved(child.take())).collect();
        parts.push(Moved(array.take()));
        std::thread::scope(|scope| {
            for part in parts {
                // SAFETY: as above.
                scope.spawn(move || unsafe { { part }.0.release() });
            }
        });
        assert!(alive.upgrade().is_none());
    }
}

#[test]
fn rows_that_are_not_there_are_refused() {
    let (series, _) = series(None, 3);
    for range in [rows(0, 4), rows(3, 1), rows(4, 0), rows(usize::MAX, 2)] {
        assert!(matches!(export_array(&series, range), Err(Error::RowOutOfBounds { len: 3, .. })));
        assert!(matches!(export_stream(&series, range), Err(Error::RowOutOfBounds { len: 3, .. })));
    }
    let mut empty = export_array(&series, rows(3, 0)).unwrap();
    assert_eq!(empty.length, 0);
    // SAFETY: made just now.
    unsafe { empty.release() }
}

#[test]
fn a_stream_gives_its_schema_as_often_as_asked_its_one_batch_and_then_the_end() {
    let (series, alive) = series(Some(vec![2.0; 4]), 4);
    let mut stream = export_stream(&series, rows(1, 2)).unwrap();
    let mut other = export_stream(&series, rows(0, 0)).unwrap();
    drop(series);
    // SAFETY: each callback is called by the rules of the specification.
    unsafe {
        let next = |stream: &mut ArrowArrayStream| {
            let mut array = ArrowArray::released();
            assert_eq!(stream.get_next.unwrap()(stream, &raw mut array), 0);
            array
        };
        for _ in 0..2 {
            let mut schema = ArrowSchema::released();
            assert_eq!(stream.get_schema.unwrap()(&raw mut stream, &raw mut schema), 0);
            assert_eq!(schema.n_children, 6);
            schema.release();
        }
        let mut array = next(&mut stream);
        assert_eq!(array.length, 2);
        assert!(next(&mut stream).is_released() && next(&mut stream).is_released());
        assert!(stream.get_last_error.unwrap()(&raw mut stream).is_null());
        stream.release();
        assert_eq!(*buffer(children(&array)[0], 1).cast::<i64>(), START + MINUTE);
        array.release();
        assert!(alive.upgrade().is_some(), "the other stream holds it");
        let mut none = next(&mut other);
        assert_eq!(none.length, 0, "no rows are one batch, too");
        none.release();
        other.release();
    }
    assert!(alive.upgrade().is_none());
}

#[test]
fn a_stream_of_ours_comes_back_without_a_copy() {
    let (series, _) = series(Some(vec![2.0; 4]), 4);
    let mut stream = export_stream(&series, rows(1, 3)).unwrap();
    // SAFETY: made just now.
    let back = unsafe { import_stream(&mut stream, &ArrowOptions::default()) }.unwrap();
    assert_eq!(back.high().as_ptr(), series.high()[1..].as_ptr());
}
