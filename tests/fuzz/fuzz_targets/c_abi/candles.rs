//! Series come and go: by columns, borrowed or copied, by resampling, through Arrow and back; texts and files.

use std::ffi::{CStr, c_char, c_void};
use std::ptr::{null, null_mut};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use omega_slicer::ffi::*;
use omega_slicer::io::{ArrowArray, ArrowArrayStream, ArrowSchema};

use crate::host::{Host, Out, answered, succeeded};

/// Columns of a series, and who is told when they are no longer needed.
struct Lent {
    stamps: Vec<i64>,
    columns: Vec<Vec<f64>>,
    returned: Arc<AtomicUsize>,
}

unsafe extern "C" fn give_back(owner: *mut c_void) {
    // SAFETY: called once, with what was lent.
    let lent = unsafe { Box::from_raw(owner.cast::<Lent>()) };
    lent.returned.fetch_add(1, Ordering::SeqCst);
}

fn columns_of(lent: &Lent) -> OmegaColumns {
    OmegaColumns {
        timestamp: lent.stamps.as_ptr(),
        open: lent.columns[0].as_ptr(),
        high: lent.columns[1].as_ptr(),
        low: lent.columns[2].as_ptr(),
        close: lent.columns[3].as_ptr(),
        volume: lent.columns.get(4).map_or(null(), |column| column.as_ptr()),
        len: lent.stamps.len(),
    }
}

fn options(host: &mut Host, symbol: *const c_char) -> OmegaSeriesOptions {
    let usual = !host.input.one_in(6);
    OmegaSeriesOptions {
        symbol: if host.input.one_in(12) { null() } else { symbol },
        timeframe_us: if usual { 60_000_000 * i64::from(1 + host.input.byte() % 3) } else { host.input.long() },
        price_type: host.choice(2),
        check: host.choice(3),
        flags: u32::from(host.input.one_in(3)),
        reserved: u32::from(host.input.byte() == 255),
    }
}

fn keep(host: &mut Host, well: bool, out: &Out<*mut OmegaSeries>) {
    out.judge(well);
    if well {
        host.series.live.push(out.cells()[0]);
    }
}

/// Two series that every question can be asked of.
pub fn ordinary(host: &mut Host) {
    for price_type in [0, 1] {
        let lent = Lent {
            stamps: (0..40).map(|row| row * 60_000_000).collect(),
            columns: vec![(0..40).map(f64::from).collect(); 5],
            returned: Arc::default(),
        };
        let columns = columns_of(&lent);
        let options = OmegaSeriesOptions {
            symbol: c"TEST".as_ptr(),
            timeframe_us: 60_000_000,
            price_type,
            check: 0,
            flags: 0,
            reserved: 0,
        };
        let out = Out::new(1);
        // SAFETY: columns and options live until the end of the call, which copies them.
        let well = succeeded(unsafe { omega_series_new(&columns, &options, out.at()) });
        assert!(well, "ordinary candles are a series");
        keep(host, well, &out);
    }
}

fn make(host: &mut Host) {
    let rows = host.count();
    let start = host.time();
    let step = if host.input.one_in(6) { host.input.long() } else { 60_000_000 };
    let stamps = (0..rows as i64).map(|row| start.wrapping_add(step.wrapping_mul(row))).collect();
    let many = if host.input.one_in(3) { 4 } else { 5 };
    let columns = (0..many).map(|_| host.values(rows)).collect();
    let lent = Box::new(Lent { stamps, columns, returned: Arc::clone(&host.returned) });
    let mut columns = columns_of(&lent);
    match host.input.byte() {
        0 => columns.open = null(),
        1 => columns.timestamp = null(),
        2 => columns.close = columns.close.cast::<u8>().wrapping_add(1).cast(),
        3 => columns.len = host.input.long() as usize | 1 << 62,
        _ => {}
    }
    // A length that memory cannot have is refused before a row is read; NULL, too.
    let symbol = host.text();
    let options = options(host, symbol.as_ptr());
    let out = Out::new(1);
    let borrowed = host.input.one_in(2);
    // SAFETY: as long as the header asks: until the end of the call, or until they are given back.
    let well = succeeded(unsafe {
        if borrowed {
            let owner = (&raw const *lent).cast_mut().cast();
            omega_series_new_borrowed(&columns, &options, Some(give_back), owner, out.at())
        } else {
            omega_series_new(&columns, &options, out.at())
        }
    });
    if well && borrowed {
        host.lent += 1;
        let _ = Box::into_raw(lent);
    }
    keep(host, well, &out);
}

/// Through the C Data Interface and back.
fn arrow(host: &mut Host) {
    let (series, rows) = (host.any_series(), OmegaRange { start: host.size() as i64, len: host.size() as i64 });
    let symbol = host.text();
    let mut how = options(host, symbol.as_ptr());
    if !host.input.one_in(4) {
        (how.timeframe_us, how.price_type, how.check) = (0, OMEGA_PRICE_TYPE_FROM_METADATA, OMEGA_CHECK_DEFAULT);
    }
    how.flags = host.flags();
    let out = Out::new(1);
    // SAFETY: structs of ours, and what the library itself has made.
    unsafe {
        if host.input.one_in(2) {
            let (mut array, mut schema) = (ArrowArray::released(), ArrowSchema::released());
            let given = answered(&host.series, series, omega_candles_export(series, rows, &mut array, &mut schema));
            assert_eq!(given, !array.is_released(), "given or not");
            if host.input.one_in(2) {
                host.free_any();
            }
            let well = succeeded(omega_series_import(&mut array, &mut schema, &how, out.at()));
            assert!(!well || array.is_released() && schema.is_released(), "moved from");
            array.release();
            schema.release();
            keep(host, well, &out);
        } else {
            let mut stream = ArrowArrayStream::released();
            answered(&host.series, series, omega_candles_export_stream(series, rows, &mut stream));
            let well = succeeded(omega_series_import_stream(&mut stream, &how, out.at()));
            stream.release();
            keep(host, well, &out);
            let mut schema = ArrowSchema::released();
            answered(&host.series, series, omega_candles_export_schema(series, &mut schema));
            schema.release();
        }
    }
}

/// Through IPC bytes and back.
fn ipc(host: &mut Host) {
    let (series, rows) = (host.any_series(), OmegaRange { start: host.size() as i64, len: host.size() as i64 });
    let needed = Out::<usize>::new(1);
    // SAFETY: room for the answer; NULL and no capacity asks for the length.
    let well =
        answered(&host.series, series, unsafe { omega_candles_to_ipc(series, rows, null_mut(), 0, needed.at()) });
    needed.judge(well);
    if !well {
        return;
    }
    let short = usize::from(host.input.one_in(6));
    let bytes = Out::<u8>::new(needed.cells()[0] - short);
    let (at, capacity) = (bytes.at(), bytes.cells().len());
    // SAFETY: as many bytes as said.
    let well = succeeded(unsafe { omega_candles_to_ipc(series, rows, at, capacity, needed.at()) });
    assert_eq!(well, short == 0, "what fits is written");
    bytes.judge(well);
    let symbol = host.text();
    let mut how = options(host, symbol.as_ptr());
    (how.timeframe_us, how.price_type, how.check, how.flags) = (0, -1, -1, host.flags());
    let out = Out::new(1);
    // SAFETY: as many bytes as said.
    let well = succeeded(unsafe { omega_series_from_ipc(bytes.cells().as_ptr(), capacity, &how, out.at()) });
    keep(host, well, &out);
}

fn texts(host: &mut Host) {
    let text = host.text();
    let (number, length) = (Out::<i64>::new(1), Out::<usize>::new(1));
    let capacity = host.count();
    let buffer = Out::<c_char>::new(capacity);
    let duration = host.input.long();
    let json = Out::<*const c_char>::new(1);
    // SAFETY: C strings, and room as said.
    unsafe {
        number.judge(succeeded(omega_timeframe_parse(text.as_ptr(), number.at())));
        let stamp = Out::<i64>::new(1);
        stamp.judge(succeeded(omega_timestamp_parse(text.as_ptr(), stamp.at())));
        let well = succeeded(omega_timeframe_name(duration, buffer.at(), capacity, length.at()));
        length.judge(well);
        let name = if host.input.one_in(2) { null() } else { text.as_ptr() };
        let well = succeeded(omega_schema_json(name, c"1.0.0".as_ptr(), json.at()));
        json.judge(well);
        if well {
            assert!(CStr::from_ptr(json.cells()[0]).to_str().unwrap().contains("fingerprint"), "the schemas");
        }
        assert!(!CStr::from_ptr(omega_status_name(host.input.long() as i32)).is_empty(), "a name");
    }
}

fn files(host: &mut Host) {
    let (path, symbol) = (host.text(), host.text());
    let mut how = options(host, symbol.as_ptr());
    let unit = host.choice(4);
    let out = Out::new(1);
    // SAFETY: C strings; there are no such files, and what is written goes nowhere.
    unsafe {
        let path = [b"/nonexistent/", path.as_bytes_with_nul()].concat();
        let path = CStr::from_bytes_with_nul(&path).unwrap().as_ptr();
        assert!(!succeeded(omega_series_read_csv(path, unit, &how, out.at())), "no file");
        how.flags = host.flags();
        assert!(!succeeded(omega_series_read_ipc(path, &how, out.at())), "no file");
        let (series, rows) = (host.any_series(), OmegaRange { start: host.size() as i64, len: host.size() as i64 });
        assert!(!succeeded(omega_candles_write_ipc(series, rows, path)), "no folder");
        let state = Out::<i32>::new(1);
        let well = answered(&host.series, series, omega_series_refresh(series, state.at()));
        state.judge(well);
        assert!(!well || state.cells()[0] == OMEGA_FILE_NOT_MAPPED, "none of these is mapped");
    }
    out.judge(false);
}

pub fn call(host: &mut Host) {
    match host.input.byte() % 8 {
        0 | 1 => make(host),
        2 => arrow(host),
        3 => ipc(host),
        4 => texts(host),
        5 => files(host),
        6 => {
            let (series, timeframe, origin) = (host.any_series(), host.time(), host.time());
            let (flags, out) = (host.flags(), Out::new(1));
            let minutes = timeframe.wrapping_div(60_000_000).wrapping_mul(60_000_000);
            // SAFETY: any number is a handle or none.
            let status = unsafe { omega_series_resample(series, minutes, origin, flags, out.at()) };
            let well = answered(&host.series, series, status);
            keep(host, well, &out);
        }
        _ => host.free_any(),
    }
}
