# Nanoseconds per row of every kernel, both backends, on 1,000,000 rows: a price walk near 1.1, and for the paths that it
# never takes a series of mixed magnitudes. Lines are `julia<TAB>kernel<TAB>backend<TAB>window<TAB>ns_per_row`; names end in
# `_mixed` for the second series, and start with `stream_` for pushes row by row. It measures and prints; whether a number
# is good enough is decided by whoever reads it. Kernels may be named as arguments.
#
#     julia --project=julia benches/julia/kernels.jl [kernel ...]

using OmegaJulia, Random

const ROWS = 1_000_000

function best(f, rows)
    f()
    least = typemax(UInt64)
    for _ in 1:5
        start = time_ns()
        f()
        least = min(least, time_ns() - start)
    end
    return least / rows
end

function feed(stream, x)
    for value in x
        push!(stream, value)
    end
end

function main(wanted)
    random = MersenneTwister(20120201)
    x = 1.1 .* exp.(cumsum(randn(random, ROWS)) .* 1e-5)
    y = 40000.0 .* exp.(cumsum(randn(random, ROWS)) .* 1e-5)
    high, low = x .* (1 .+ 1e-5 .* rand(random, ROWS)), x .* (1 .- 1e-5 .* rand(random, ROWS))
    mixed = [ldexp(rand(random) - 0.5, rand(random, -1000:1000)) for _ in 1:ROWS]
    out, upper, lower = similar(x), similar(x), similar(x)
    eight = zeros(ROWS, 8)
    few = x[1:100_000]
    report(name, backend, window, f, rows=ROWS) = (isempty(wanted) || name in wanted) &&
        println(join(("julia", name, backend, window, round(best(f, rows); digits=2)), '\t'))
    windows = ((rolling_sum!, "sum"), (rolling_mean!, "mean"), (rolling_var!, "var"), (rolling_std!, "std"), (rolling_zscore!, "zscore"),
        (rolling_min!, "min"), (rolling_max!, "max"), (rolling_argmin!, "argmin"), (rolling_argmax!, "argmax"))
    for backend in ("native", "julia")
        for window in (20, 200, 5000)
            for (f, name) in windows
                report(name, backend, window, () -> f(out, x, window; backend=backend))
            end
            report("cov", backend, window, () -> rolling_cov!(out, x, y, window; backend=backend))
            report("corr", backend, window, () -> rolling_corr!(out, x, y, window; backend=backend))
            report("bollinger", backend, window, () -> bollinger!(out, upper, lower, x, window; backend=backend))
        end
        for (f, name) in windows
            report(string(name, "_mixed"), backend, 20, () -> f(out, mixed, 20; backend=backend))
        end
        for (f, name) in ((ema!, "ema"), (wilder!, "wilder"), (rsi!, "rsi"))
            report(name, backend, 14, () -> f(out, x, 14; backend=backend))
        end
        report("ema_8_periods", backend, 14, () -> ema!(eight, x, 11:18; backend=backend))
        report("atr", backend, 14, () -> atr!(out, high, low, x; backend=backend))
        report("true_range", backend, 1, () -> true_range!(out, high, low, x; backend=backend))
        report("macd", backend, 26, () -> macd!(out, upper, lower, x; backend=backend))
        for (f, name) in ((difference!, "diff"), (returns!, "returns"), (log_returns!, "log_returns"), (shift!, "shift"))
            report(name, backend, 1, () -> f(out, x; backend=backend))
        end
        for (make, name) in ((RollingMean, "mean"), (RollingStd, "std"), (RollingMax, "max"), (StreamingEma, "ema"))
            report(string("stream_", name), backend, 20, () -> feed(make(20; backend=backend), few), length(few))
        end
        report("call_of_one_row", backend, 1, () -> foreach(_ -> rolling_mean!(view_of_one, one_row, 1; backend=backend), 1:1000), 1000)
    end
end

const one_row, view_of_one = [1.0], [1.0]

main(ARGS)
