# Nanoseconds per row of every kernel, both backends, in one of two ways.
#
#     julia --project=julia benches/julia/kernels.jl [kernel ...]
#
# runs all, or those whose name is given, on 1,000,000 rows of its own: a price walk near 1.1, and for the paths that it
# never takes a series of mixed magnitudes. Lines are `julia<TAB>kernel<TAB>backend<TAB>window<TAB>ns_per_row`; names end in
# `_mixed` for the second series, and start with `stream_` for pushes row by row.
#
# With `--serve FOLDER` it is one of the contenders of `benches/run.py`, and takes its turns between their turns. The
# questions come as lines on standard input, their words apart by tabs, each answered by one line:
# `time kernel window who repeats` by the nanoseconds per row of the fastest of so many runs on the series `plain`, and
# `answer series kernel window who file` by `ok` once the values of the rows that FOLDER/rows.i64 names are in the file.

using OmegaJulia, Random

const ROWS = 1_000_000
const BACKENDS = Dict("native" => "native", "fallback" => "julia")
const WINDOWED = Dict("sum" => rolling_sum!, "mean" => rolling_mean!, "var" => rolling_var!, "std" => rolling_std!,
    "zscore" => rolling_zscore!, "min" => rolling_min!, "max" => rolling_max!, "argmin" => rolling_argmin!,
    "argmax" => rolling_argmax!, "ema" => ema!, "wilder" => wilder!, "rsi" => rsi!, "diff" => difference!,
    "returns" => returns!, "log_returns" => log_returns!, "shift" => shift!)

struct Series
    x::Vector{Float64}
    y::Vector{Float64}
    high::Vector{Float64}
    low::Vector{Float64}
end

# Where answers go, so that none is allocated.
struct Room
    out::Vector{Float64}
    second::Vector{Float64}
    third::Vector{Float64}
    eight::Matrix{Float64}
end

Room(rows::Int) = Room(zeros(rows), zeros(rows), zeros(rows), zeros(rows, 8))

# Runs a kernel; its answer lies in `room.out`.
function compute(kernel, window, s::Series, room::Room, backend)
    kernel == "cov" && return rolling_cov!(room.out, s.x, s.y, window; backend=backend)
    kernel == "corr" && return rolling_corr!(room.out, s.x, s.y, window; backend=backend)
    kernel == "bollinger" && return bollinger!(room.out, room.second, room.third, s.x, window; backend=backend)
    kernel == "ema_8_periods" && return ema!(room.eight, s.x, [5, 8, 13, 21, 34, 55, 89, 144]; backend=backend)
    kernel == "atr" && return atr!(room.out, s.high, s.low, s.x, window; backend=backend)
    kernel == "true_range" && return true_range!(room.out, s.high, s.low, s.x; backend=backend)
    kernel == "macd" &&
        return macd!(room.out, room.second, room.third, s.x, window ÷ 2, window, window ÷ 3; backend=backend)
    return WINDOWED[kernel](room.out, s.x, window; backend=backend)
end

function fastest(f, repeats)
    least = typemax(UInt64)
    for _ in 1:repeats
        start = time_ns()
        f()
        least = min(least, time_ns() - start)
    end
    return least
end

doubles(file) = reinterpret(Float64, read(file)) |> collect
column(folder, name) = doubles(joinpath(folder, string(name, ".f64")))
series(folder) = Series((column(folder, name) for name in ("x", "y", "high", "low"))...)

function serve(folder)
    markets = Dict(name => series(joinpath(folder, name)) for name in ("plain", "tick"))
    rows = collect(reinterpret(Int64, read(joinpath(folder, "rows.i64")))) .+ 1
    plain = markets["plain"]
    room = Room(length(plain.x))
    for line in eachline(stdin)
        words = split(line, '\t')
        if words[1] == "time"
            kernel, window, backend = String(words[2]), parse(Int, words[3]), BACKENDS[words[4]]
            taken = fastest(() -> compute(kernel, window, plain, room, backend), parse(Int, words[5]))
            println(taken / length(plain.x))
        elseif words[1] == "answer"
            compute(String(words[3]), parse(Int, words[4]), markets[words[2]], room, BACKENDS[words[5]])
            write(String(words[6]), room.out[rows])
            println("ok")
        elseif words[1] == "versions"
            println("Julia ", VERSION)
        else
            error("not a question: ", line)
        end
        flush(stdout)
    end
end

function feed(stream, x)
    for value in x
        push!(stream, value)
    end
end

function made(random)
    x = 1.1 .* exp.(cumsum(randn(random, ROWS)) .* 1e-5)
    y = 40000.0 .* exp.(cumsum(randn(random, ROWS)) .* 1e-5)
    return Series(x, y, x .* (1 .+ 1e-5 .* rand(random, ROWS)), x .* (1 .- 1e-5 .* rand(random, ROWS)))
end

function main(wanted)
    random = MersenneTwister(20120201)
    plain = made(random)
    mixed = Series([ldexp(rand(random) - 0.5, rand(random, -1000:1000)) for _ in 1:ROWS], plain.y, plain.high, plain.low)
    few = plain.x[1:100_000]
    room = Room(ROWS)
    report(name, backend, window, f, rows=ROWS) = if isempty(wanted) || name in wanted
        f()
        println(join(("julia", name, backend, window, round(fastest(f, 5) / rows; digits=2)), '\t'))
    end
    for backend in ("native", "julia")
        for window in (20, 200, 5000), name in [sort!(collect(keys(WINDOWED))); "cov"; "corr"; "bollinger"; "atr"; "macd"]
            report(name, backend, window, () -> compute(name, window, plain, room, backend))
        end
        for name in ("sum", "mean", "var", "std", "zscore", "min", "max", "argmin", "argmax")
            report(string(name, "_mixed"), backend, 20, () -> compute(name, 20, mixed, room, backend))
        end
        for name in ("ema_8_periods", "true_range")
            report(name, backend, 1, () -> compute(name, 1, plain, room, backend))
        end
        for (make, name) in ((RollingMean, "mean"), (RollingStd, "std"), (RollingMax, "max"), (StreamingEma, "ema"))
            report(string("stream_", name), backend, 20, () -> feed(make(20; backend=backend), few), length(few))
        end
        report("call_of_one_row", backend, 1, () -> foreach(_ -> rolling_mean!(view_of_one, one_row, 1; backend=backend), 1:1000), 1000)
    end
end

const one_row, view_of_one = [1.0], [1.0]

length(ARGS) == 2 && ARGS[1] == "--serve" ? serve(ARGS[2]) : main(ARGS)
