# What the tests of the kernels share: every kernel by name, its streaming twin, series of all kinds, and an oracle
# on rational numbers that knows nothing of how a kernel is computed.

const SINGLE_WINDOWS = Dict("sum" => rolling_sum, "mean" => rolling_mean, "min" => rolling_min, "max" => rolling_max,
    "argmin" => rolling_argmin, "argmax" => rolling_argmax)
const DDOF_KERNELS = Dict("var" => rolling_var, "std" => rolling_std, "zscore" => rolling_zscore)
const PAIR_KERNELS = Dict("cov" => rolling_cov, "corr" => rolling_corr)
const PERIODIC = Dict("ema" => ema, "wilder" => wilder, "rsi" => rsi)
const LAGGED = Dict("diff" => difference, "returns" => returns, "log_returns" => log_returns, "shift" => shift)
const TWINS = Dict("sum" => RollingSum, "mean" => RollingMean, "min" => RollingMin, "max" => RollingMax, "argmin" => RollingArgmin,
    "argmax" => RollingArgmax, "var" => RollingVar, "std" => RollingStd, "zscore" => RollingZscore, "cov" => RollingCov,
    "corr" => RollingCorr, "ema" => StreamingEma, "wilder" => StreamingWilder, "rsi" => StreamingRsi, "atr" => StreamingAtr,
    "true_range" => StreamingTrueRange, "macd" => StreamingMacd, "bollinger" => RollingBollinger, "diff" => StreamingDiff,
    "returns" => StreamingReturns, "log_returns" => StreamingLogReturns, "shift" => StreamingShift)

# The answers of a kernel as columns, and those of its stream fed with the same rows.
answers_of(answer::Vector) = [answer]
answers_of(answer::NamedTuple) = collect(Vector{Float64}, values(answer))
function stream_answers(stream, columns)
    pushed = [push!(stream, row...) for row in zip(columns...)]
    isempty(pushed) && return nothing
    return pushed[1] isa Float64 ? [pushed] : [[p[i] for p in pushed] for i in 1:3]
end

# A kernel's batch and stream calls from text arguments, as (batch, stream) closures over columns.
function kernel_calls(kernel, options, backend)
    number(name) = parse(Int, options[name])
    nan = get(options, "nan", "propagate")
    if haskey(SINGLE_WINDOWS, kernel)
        batch = columns -> SINGLE_WINDOWS[kernel](columns[1], number("window"); min_periods=number("min_periods"), nan=nan, backend=backend)
        return batch, () -> TWINS[kernel](number("window"); min_periods=number("min_periods"), nan=nan, backend=backend)
    elseif haskey(DDOF_KERNELS, kernel) || haskey(PAIR_KERNELS, kernel)
        keywords = (min_periods=number("min_periods"), ddof=number("ddof"), nan=nan, backend=backend)
        f = haskey(DDOF_KERNELS, kernel) ? DDOF_KERNELS[kernel] : PAIR_KERNELS[kernel]
        return columns -> f(columns..., number("window"); keywords...), () -> TWINS[kernel](number("window"); keywords...)
    elseif haskey(PERIODIC, kernel) || kernel == "atr"
        f = kernel == "atr" ? atr : PERIODIC[kernel]
        return columns -> f(columns..., number("period"); nan=nan, backend=backend),
            () -> TWINS[kernel](number("period"); nan=nan, backend=backend)
    elseif haskey(LAGGED, kernel)
        return columns -> LAGGED[kernel](columns[1], number("period"); backend=backend), () -> TWINS[kernel](number("period"); backend=backend)
    elseif kernel == "true_range"
        return columns -> true_range(columns...; backend=backend), () -> StreamingTrueRange(backend=backend)
    elseif kernel == "macd"
        periods = number("fast"), number("slow"), number("signal")
        return columns -> macd(columns[1], periods...; nan=nan, backend=backend), () -> StreamingMacd(periods...; nan=nan, backend=backend)
    elseif kernel == "bollinger"
        keywords = (min_periods=number("min_periods"), ddof=number("ddof"), nan=nan, backend=backend)
        width = reinterpret(Float64, parse(UInt64, options["width"]; base=16))
        return columns -> bollinger(columns[1], number("window"), width; keywords...),
            () -> RollingBollinger(number("window"), width; keywords...)
    end
    error("unknown kernel ", kernel)
end

# A rational number as the nearest double, ties to even.
function nearest(value::Rational{BigInt})
    value == 0 && return 0.0
    top, bottom = abs(numerator(value)), denominator(value)
    exponent = ndigits(top; base=2) - ndigits(bottom; base=2)
    (exponent >= 0 ? top < bottom << exponent : top << -exponent < bottom) && (exponent -= 1)
    last = max(exponent - 52, -1074)
    units = last >= 0 ? top // (bottom << last) : (top << -last) // bottom
    whole = round(BigInt, units, RoundNearest)
    magnitude = ndigits(whole; base=2) + last > 1024 ? Inf : ldexp(Float64(whole), last)
    return value < 0 ? -magnitude : magnitude
end

# Sum, mean, variance and covariance of pairs in a window, from their definitions; `rows` are (x, y).
function oracle(kernel, rows, window, min_periods, ddof, skip)
    answers = Float64[]
    for i in eachindex(rows)
        inside = rows[max(1, i - window + 1):i]
        there = [row for row in inside if !any(isnan, row)]
        push!(answers, (length(there) < length(inside) && !skip) || length(there) < min_periods ? NaN : of_counted(kernel, there, ddof))
    end
    return answers
end

function of_counted(kernel, rows, ddof)
    m, xs, ys = length(rows), first.(rows), last.(rows)
    if kernel in ("sum", "mean")
        infinite = filter(isinf, xs)
        isempty(infinite) || return all(==(infinite[1]), infinite) ? infinite[1] : NaN
        return nearest(sum(Rational{BigInt}.(xs)) // (kernel == "sum" ? 1 : m))
    end
    m > ddof && !any(isinf, xs) && !any(isinf, ys) || return NaN
    x, y = Rational{BigInt}.(xs), Rational{BigInt}.(ys)
    return nearest((m * sum(x .* y) - sum(x) * sum(y)) // (big(m) * (m - ddof)))
end

# Series that have spoiled other libraries' answers, by name.
function awkward_series(random, rows)
    walk(start, step) = start .* exp.(cumsum(randn(random, rows)) .* step)
    mixed(low, high) = [ldexp(rand(random) - 0.5, rand(random, low:high)) for _ in 1:rows]
    spoiled(x, values...) = (y = copy(x); foreach(v -> y[rand(random, 1:rows)] = v, values); y)
    levels(x) = (level = rand(random, -1070:1022, rows ÷ 30 + 1); [ldexp(v, level[(i-1)÷30+1]) for (i, v) in enumerate(x)])
    return Dict(
        "levels" => levels(walk(1.1, 1e-4)), "smallest" => 5e-324 .* rand(random, -3:2, rows),
        "walk" => walk(1.1, 1e-4), "index" => walk(40000.0, 1e-3), "decimals" => round.(walk(1.1, 1e-3); digits=4),
        "crossing" => walk(1.0, 1e-3), "volumes" => Float64.(rand(random, 1:5_000_000, rows)),
        "integers" => Float64.(rand(random, -9:9, rows)), "past 2^53" => 2.0^53 .+ 2.0 .* rand(random, 0:2^52, rows),
        "returns" => randn(random, rows) .* 1e-4, "mixed" => mixed(-1073, 1023), "near" => mixed(-40, 40), "pairs" => mixed(-10, 10),
        "subnormals" => ldexp.(Float64.(rand(random, -2^40:2^40, rows)), -1074), "tiny" => (rand(random, rows) .- 0.5) .* 1e-160,
        "huge" => (rand(random, rows) .- 0.5) .* 1e154, "overflowing" => rand(random, [1.7e308, -1.7e308, 1e308, -1e308], rows),
        "alternating" => [0.1 * (-1.0)^i for i in 1:rows], "constant" => fill(1.1, rows), "zeros" => rand(random, [0.0, -0.0, 1.0], rows),
        "tick" => spoiled(walk(1.1, 1e-4), 1e9, 1e300, -1e300), "ties" => rand(random, [2.0^53, 1.0, -1.0, 2.0^-60, 3.0], rows),
        "powers" => ldexp.(1.0, rand(random, -30:30, rows)), "last bits" => 1.0 .+ rand(random, 0:3, rows) .* 2.0^-52,
        "missing" => spoiled(walk(1.1, 1e-4), NaN, NaN, NaN), "infinite" => spoiled(walk(1.1, 1e-4), Inf, -Inf, Inf, NaN),
    )
end

# A series in which remarkable values come and go, and stretches of another level.
function visited_series(random, rows)
    x = copy(rand(random, collect(values(awkward_series(random, rows)))))
    for _ in 1:rand(random, 0:5)
        first = rand(random, 1:rows)
        some = first:min(rows, first + rand(random, (0, rand(random, 1:200))))
        if rand(random) < 0.6
            x[some] .= rand(random, (NaN, NaN, Inf, -Inf, 0.0, -0.0, 1.0, 1.1, 1e9, -1e300, -5e-324))
        else
            x[some] .= ldexp.(x[some], rand(random, -1100:1020))
        end
    end
    return x
end

# A window or period of one of the kinds that are worked on differently.
any_length(random) = rand(random, rand(random, (1:9, 10:69, 70:255, 256:399, 400:1499)))
