# Differential cases: the library against Julia on seeded data, every operation, bit for bit. Where known answers are few and
# small, these are long enough for every way through the kernels.

const LONG_ROWS = 3000
const LONG_WINDOWS = (2, 20, 200)

# (module, what is asked, whether the backends agree) of every check.
function differential_checks(library::NativeLibrary, modules)
    checks = Tuple{String,String,Function}[]
    "kernels" in modules && kernel_checks!(checks, library)
    "slicer" in modules && slicer_checks!(checks, library)
    "multi_symbol" in modules && moment_checks!(checks, library)
    return checks
end

# Whether a check holds; what is wrong, if not.
function check_problem((mod, what, agree))
    try
        return agree() ? "" : string(what, ": differs from the fallback")
    catch error
        error isa OmegaError || rethrow()
        return string(what, ": ", sprint(showerror, error))
    end
end

# Standard normal numbers from the guard's own draws: the same on every release of Julia.
normal!(draws::Draws) = sqrt(-2log(1 - next_share!(draws))) * cospi(2next_share!(draws))
normals(draws::Draws, rows::Int) = [normal!(draws) for _ in 1:rows]

function long_columns()
    draws = Draws(UInt64(20_240_301))
    walk = 1.1 .+ cumsum(1e-4 .* normals(draws, LONG_ROWS))
    mixed_sizes = normals(draws, LONG_ROWS) .* [10.0^(600 * next_share!(draws) - 300) for _ in 1:LONG_ROWS]
    gaps = [next_share!(draws) < 0.02 ? NaN : value for value in walk]
    tick = copy(walk)
    tick[LONG_ROWS÷2] = 1e9
    return ("prices" => round.(walk; digits=5), "a walk" => walk, "returns" => [0.0; diff(walk)], "mixed magnitudes" => mixed_sizes,
        "missing values" => gaps, "a wild tick" => tick)
end

function kernel_checks!(checks, library)
    for (name, x) in long_columns(), kernel in KERNELS
        windows = kernel === :true_range ? (1,) : LONG_WINDOWS
        for window in windows
            call = call_with(kernel, window, max(1, window ÷ 2), 1, window % 3 == 2, 2window, window, 2.0)
            ins = [x, reverse(x), circshift(x, 1)][1:inputs_of(call)]
            agree() = (both = map(backend -> (outs = [similar(x) for _ in 1:outputs_of(call)]; run_lines!(backend, outs, ins, call); outs),
                (library, nothing)); all(k -> same_answer(both[1][k], both[2][k]), eachindex(both[1])))
            push!(checks, ("kernels", string(kernel, " of ", name, ", window ", window), agree))
        end
    end
end

# Candles with gaps, weekends' worth too, and a few missing volumes.
function long_series(library, seed::Int, minutes::Int, symbol="EURUSD", side="bid")
    draws = Draws(mixed(UInt64(seed)))
    steps = [next_share!(draws) < 0.02 ? 2 + Int(next_draw!(draws) % 2998) : 1 for _ in 1:LONG_ROWS]
    stamps = 1_709_251_200_000_000 .+ cumsum(steps) .* (60_000_000minutes)
    close = 1.1 .+ cumsum(1e-4 .* normals(draws, LONG_ROWS))
    open = [close[1]; close[1:end-1]]
    high = max.(open, close) .+ abs.(1e-4 .* normals(draws, LONG_ROWS))
    low = min.(open, close) .- abs.(1e-4 .* normals(draws, LONG_ROWS))
    volume = [next_share!(draws) < 0.05 ? NaN : 1e3next_share!(draws) for _ in 1:LONG_ROWS]
    columns = (timestamp=stamps, open=open, high=high, low=low, close=close, volume=volume)
    return series_of(library, columns, true, series_identity(symbol, "$(minutes)min", side), false)
end

function slicer_checks!(checks, library)
    for (seed, minutes) in ((1, 1), (2, 5), (3, 60))
        sides = map(backend -> (backend, long_series(backend, seed, minutes), long_series(backend, seed + 10, 4minutes)), (library, nothing))
        slicers = map(side -> SymbolDataSlicer(side[2], side[1]), sides)
        stamps, draws = getfield(sides[2][2], :timestamp), Draws(mixed(UInt64(seed)))
        span = UInt64(stamps[end] - stamps[1] + 60_000_000)
        times = sort!([stamps[1] + Int(next_draw!(draws) % span) for _ in 1:500])
        on = string(" on ", minutes, " minute candles")
        ask(what, question) = push!(checks, ("slicer", string(what, on), () -> same_answer(map(question, sides, slicers)...)))
        for current in (true, false), closed in (true, false)
            ask("get_lookbacks", (side, slicer) -> lookback_ranges(slicer, times, 20, current, closed, true))
            ask("gather_lookback", (side, slicer) -> gathered(slicer, times, 5, 3, current, closed, true))
            ask("get_lookback", (side, slicer) -> map(t -> getfield(one_lookback(slicer, t, 20, current, closed, true), :offset), times))
            ask("get_slice", (side, slicer) -> map(t -> length(one_slice(slicer, stamps[1], t, current)), times))
        end
        for flag in (true, false)
            ask("get_candles_asof", (side, slicer) -> rows_asof(slicer, times, flag))
            ask("get_candle_asof", (side, slicer) -> map(t -> one_row_asof(slicer, t, flag), times))
            ask("resample", (side, slicer) -> resampled(side[1], side[2], Timeframe(12 * 60_000_000minutes), 0, flag, :native))
            ask("align", (side, slicer) -> aligned(side[1], side[2], side[3], Int(flag), 0, -1))
            ask("align", (side, slicer) -> aligned(side[1], side[2], side[3], Int(flag), 0, 3))
        end
        often = stamps[1:7:end] .+ stamps[1:7:end] .% 2
        ask("get_candles_at", (side, slicer) -> rows_at(slicer, often))
        ask("get_candle_at", (side, slicer) -> map(t -> one_row_at(slicer, t), often))
        ask("quality", (side, slicer) -> side[1] === nothing ? julia_quality(side[2]) : native_quality(side[2], side[1]))
    end
end

function moment_checks!(checks, library)
    names = (("EURUSD", "bid"), ("EURUSD", "ask"), ("GBPUSD", "bid"))
    sides = map(backend -> (backend, CandleSeries[long_series(backend, 20 + i, 1, name...) for (i, name) in enumerate(names)]), (library, nothing))
    for union in (true, false), (asof, limit) in ((false, -1), (true, -1), (true, 90 * 60_000_000))
        agree() = same_answer(map(side -> moments_of(side[1], side[2], union, asof, Int64(limit)), sides)...)
        push!(checks, ("multi_symbol", string("timeline as a ", union ? "union" : "intersection"), agree))
    end
end
