//! Kernels over whole columns and streams of rows, with every number an option can be.

use std::ptr::null;

use omega_slicer::ffi::*;

use crate::host::{Host, Out, answered, succeeded};

fn options(host: &mut Host) -> OmegaKernelOptions {
    let window = host.size();
    let usual = !host.input.one_in(4);
    OmegaKernelOptions {
        window,
        min_periods: if usual { window } else { host.size() },
        ddof: usize::from(host.input.byte() % 3),
        nan: host.choice(2),
        reserved: u32::from(host.input.byte() == 255),
        slow: host.size(),
        signal: host.size(),
        width: host.values(1)[0],
    }
}

/// The options with everything that this kernel does not use set to 0, mostly.
fn fitted(host: &mut Host, kernel: OmegaKernel) -> OmegaKernelOptions {
    let mut made = options(host);
    if host.input.one_in(8) {
        return made;
    }
    if !matches!(kernel, 0..=8 | 16 | 17 | 21) {
        made.min_periods = 0;
    }
    if !matches!(kernel, 2..=4 | 16 | 17 | 21) {
        made.ddof = 0;
    }
    if matches!(kernel, 12..=15 | 18) {
        made.nan = 0;
    }
    if kernel == 18 {
        made.window = 0;
    }
    if kernel != 20 {
        (made.slow, made.signal) = (0, 0);
    }
    if kernel != 21 {
        made.width = 0.0;
    }
    made
}

pub fn call(host: &mut Host) {
    let n = host.count();
    let (x, y, z) = (host.values(n), host.values(n), host.values(n));
    let how = options(host);
    let OmegaKernelOptions { window, min_periods: least, ddof, nan, slow, signal, width, .. } = how;
    let outs: [Out<f64>; 3] = std::array::from_fn(|_| Out::new(n));
    let [mut a, mut b, mut c] = outs.each_ref().map(Out::at);
    let (mut x, y, z) = (x.as_ptr(), y.as_ptr(), z.as_ptr());
    // NULL, an array that overlaps its input, or one that is not aligned: all to be refused, or to be empty.
    match host.input.byte() {
        0 => x = null(),
        1 => a = std::ptr::null_mut(),
        2 => a = x.cast_mut(),
        3 => b = a,
        4 => c = c.cast::<u8>().wrapping_add(4).cast(),
        _ => {}
    }
    // SAFETY: n values each; arrays that overlap are refused before they are written to.
    let status = unsafe {
        match host.input.byte() % 28 {
            0 => omega_rolling_sum(x, n, window, least, nan, a),
            1 => omega_rolling_mean(x, n, window, least, nan, a),
            2 => omega_rolling_var(x, n, window, least, ddof, nan, a),
            3 => omega_rolling_std(x, n, window, least, ddof, nan, a),
            4 => omega_rolling_zscore(x, n, window, least, ddof, nan, a),
            5 => omega_rolling_cov(x, y, n, window, least, ddof, nan, a),
            6 => omega_rolling_corr(x, y, n, window, least, ddof, nan, a),
            7 => omega_rolling_min(x, n, window, least, nan, a),
            8 => omega_rolling_max(x, n, window, least, nan, a),
            9 => omega_rolling_argmin(x, n, window, least, nan, a),
            10 => omega_rolling_argmax(x, n, window, least, nan, a),
            11 => {
                let periods: Vec<usize> = (0..host.input.byte() % 20).map(|_| host.size()).collect();
                let out = Out::<f64>::new(n * periods.len());
                let status = omega_ema(x, n, periods.as_ptr(), periods.len(), nan, out.at());
                out.judge(succeeded(status));
                status
            }
            12 => omega_wilder(x, n, window, nan, a),
            13 => omega_rsi(x, n, window, nan, a),
            14 => omega_true_range(x, y, z, n, a),
            15 => omega_atr(x, y, z, n, window, nan, a),
            16 => omega_macd(x, n, window, slow, signal, nan, a, b, c),
            17 => omega_bollinger(x, n, window, least, ddof, width, nan, a, b, c),
            18 => omega_diff(x, n, window, a),
            19 => omega_returns(x, n, window, a),
            20 => omega_log_returns(x, n, window, a),
            21 => omega_shift(x, n, window, a),
            22..25 => {
                let (kernel, tables, results) = (host.choice(23), [x, y, z], [a, b, c]);
                let (inputs, outputs) = (usize::from(host.input.byte() % 5), usize::from(host.input.byte() % 5));
                let columns = usize::from(host.input.byte() % 3);
                // Of n values in all, or none; as many pointers as there are, or fewer.
                let (rows, columns) = if columns > 0 { (n / columns, columns) } else { (n, 0) };
                let how = fitted(host, kernel);
                omega_kernel_tables(
                    kernel,
                    &how,
                    tables.as_ptr(),
                    inputs.min(3),
                    rows,
                    columns,
                    results.as_ptr(),
                    outputs.min(3),
                )
            }
            _ => {
                let kernel = host.choice(23);
                let (how, columns) = (fitted(host, kernel), usize::from(host.input.byte() % 6));
                let values = host.values(n * columns);
                let out = Out::<f64>::new(n * columns);
                let status = omega_kernel_columns(kernel, &how, values.as_ptr(), n, columns, out.at());
                out.judge(succeeded(status));
                status
            }
        }
    };
    let well = succeeded(status);
    outs.iter().for_each(|out| out.judge(well));
}

pub fn stream(host: &mut Host) {
    if host.streams.live.len() < 2 || host.input.one_in(8) {
        let kernel = host.choice(23);
        let (how, out) = (fitted(host, kernel), Out::new(1));
        // SAFETY: options of ours, and room for a handle.
        let well = succeeded(unsafe { omega_stream_new(kernel, &how, out.at()) });
        out.judge(well);
        if well {
            host.streams.live.push(out.cells()[0]);
        }
        return;
    }
    let stream = host.any_stream();
    // SAFETY: any number is a handle or none, and there is room as said.
    unsafe {
        match host.input.byte() % 8 {
            0 => {
                answered(&host.streams, stream, omega_stream_reset(stream));
            }
            1 => {
                let count = usize::from(host.input.byte() % 4);
                let out = Out::<f64>::new(count);
                out.judge(answered(&host.streams, stream, omega_stream_value(stream, out.at(), count)));
            }
            kind => {
                let inputs = usize::from(kind % 3) + 1;
                for _ in 0..host.input.byte() % 16 {
                    let row = host.values(inputs);
                    let outputs = if host.input.one_in(3) { 3 } else { 1 };
                    let out = Out::<f64>::new(outputs);
                    let status = omega_stream_push(stream, row.as_ptr(), inputs, out.at(), outputs);
                    let well = answered(&host.streams, stream, status);
                    out.judge(well);
                    let again = Out::<f64>::new(outputs);
                    if well {
                        assert_eq!(omega_stream_value(stream, again.at(), outputs), 0);
                        let same = |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits();
                        assert!(out.cells().iter().zip(again.cells()).all(same), "the value that was given");
                    }
                }
            }
        }
    }
}
