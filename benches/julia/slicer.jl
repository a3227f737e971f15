# Nanoseconds and allocated bytes per call of the Julia package, both backends, on 1,000,000 synthetic
# one-minute candles with weekends and small gaps. Lines are `julia<TAB>name<TAB>backend<TAB>ns<TAB>bytes`.
# It measures and prints; whether a number is good enough is decided by whoever reads it.
#
#     julia --project=julia benches/julia/slicer.jl

using OmegaJulia, Random

const MINUTE_US = 60_000_000
const ROWS = 1_000_000
const N = 200

# Open times of M1 candles from a Monday: five days a week, and one minute in 300 missing.
function gappy_minutes(rows)
    random = MersenneTwister(20120201)
    stamps = Vector{Int64}(undef, rows)
    monday, minute, filled = 1_328_486_400_000_000, 0, 0 # 2012-02-06
    while filled < rows
        in_week = minute % (7 * 1440) < 5 * 1440
        if in_week && rand(random) > 1 / 300
            filled += 1
            stamps[filled] = monday + minute * MINUTE_US
        end
        minute += 1
    end
    return stamps
end

function synthetic_series(backend, side="bid")
    stamps = gappy_minutes(ROWS)
    random = MersenneTwister(7)
    close = 1.3 .+ cumsum(randn(random, ROWS)) .* 1e-5
    open = vcat(1.3, close[1:end-1])
    return CandleSeries(stamps, open, max.(open, close) .+ 1e-5, min.(open, close) .- 1e-5, close;
        symbol="SYNTH", timeframe="M1", price_type=side, backend=backend)
end

# The best of nine rounds, in nanoseconds a call, and the bytes that a whole round allocates, by call.
function measure(f, calls)
    f()
    best = typemax(UInt64)
    for _ in 1:9
        start = time_ns()
        f()
        best = min(best, time_ns() - start)
    end
    return best / calls, (@allocated f()) / calls
end

function lookbacks_one_by_one(slicer, times)
    total = 0
    for t in times
        candles = get_lookback(slicer, t, N)
        total += length(candles) + first(candles.rows)
    end
    return total
end

function candles_one_by_one(slicer, times)
    total = 0.0
    for t in times
        candle = get_candle_at(slicer, t)
        candle === nothing || (total += candle.close)
    end
    return total
end

function slices_one_by_one(slicer, times, span)
    total = 0
    for t in times
        total += length(get_slice(slicer, t, t + span))
    end
    return total
end

# The walk a backtest does: at each bar the latest bid and ask and the last 50 candles of each timeframe.
function walked(slice, timeframes, bars)
    total = 0.0
    for bar in walk(slice, 1, bars), timeframe in timeframes
        bid, ask = latest(bar, timeframe, "bid"), latest(bar, timeframe, "ask")
        bid === nothing || ask === nothing || (total += ask.close - bid.close)
        total += length(history(bar, timeframe, "bid", 50))
    end
    return total
end

function report_walk(backend)
    timeframes = (Timeframe("M1"), Timeframe("M15"), Timeframe("H1"))
    data = Dict(timeframe => Dict{String,CandleSeries}() for timeframe in timeframes)
    for side in ("bid", "ask")
        minutes = synthetic_series(backend, side)
        for timeframe in timeframes
            data[timeframe][side] = resample(minutes, timeframe)
        end
    end
    slice, bars = SymbolDataSlice(data), 30_000
    report("walk_step", backend, measure(() -> walked(slice, timeframes, bars), bars * length(timeframes)))
end

# What a user would write with Base alone, for comparison.
function searchsorted_one_by_one(stamps, times)
    total = 0
    for t in times
        row = searchsortedlast(stamps, t)
        total += row - N + 1 + N
    end
    return total
end

report(name, backend, (ns, bytes)) = println("julia\t", name, "\t", backend, "\t", round(ns; digits=2), "\t", round(bytes; digits=2))

function main()
    for backend in ("native", "julia")
        series = synthetic_series(backend)
        slicer = SymbolDataSlicer(series)
        ascending = collect(series.timestamp)[N:end]
        random = shuffle(MersenneTwister(3), ascending)
        span = 1000MINUTE_US
        some, few = random[1:100_000], ascending[1:100_000]
        report("get_lookback_sequential", backend, measure(() -> lookbacks_one_by_one(slicer, ascending), length(ascending)))
        report("get_lookback_random", backend, measure(() -> lookbacks_one_by_one(slicer, random), length(random)))
        report("get_candle_at_sequential", backend, measure(() -> candles_one_by_one(slicer, ascending), length(ascending)))
        report("get_slice_sequential", backend, measure(() -> slices_one_by_one(slicer, ascending, span), length(ascending)))
        report("get_lookbacks_ascending", backend, measure(() -> get_lookbacks(slicer, few, N), length(few)))
        report("get_lookbacks_random", backend, measure(() -> get_lookbacks(slicer, some, N), length(some)))
        report_walk(backend)
        report("gather_lookback_n20", backend, measure(() -> gather_lookback(slicer, few, 20), length(few)))
    end
    stamps = gappy_minutes(ROWS)
    ascending = stamps[N:end]
    random = shuffle(MersenneTwister(3), ascending)
    report("searchsortedlast_sequential", "base", measure(() -> searchsorted_one_by_one(stamps, ascending), length(ascending)))
    report("searchsortedlast_random", "base", measure(() -> searchsorted_one_by_one(stamps, random), length(random)))
end

main()
