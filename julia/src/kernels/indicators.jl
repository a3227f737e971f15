# The recurrences, the indicators and the differences as callers meet them. See rolling.jl for the windows.

const SERIES_TEXT = """
Numbers in a vector, or in a matrix with one series in each column; results have its shape. `backend`: `"native"`,
`"julia"` or `"auto"`, see [`set_backend`](@ref); the bits are the same. The form with `!` writes to outputs of the
caller's, which must share memory neither with an input nor with each other.

Errors: 1001 for a period of 0, a wrong option or memory that overlaps, 1004 for another type or an integer past
2^53, 1011 for another size. O(rows)."""

const SKIP_TEXT = "`nan`: `\"propagate\"` (NaN from a NaN on) or `\"skip\"` (such a row repeats the last value and is otherwise as if " *
                  "it were not there). "

# (function, kernel, default period, what it gives, example, answer)
const PERIOD_KERNELS = (
    (:wilder, :wilder, nothing, "Wilder's average with `a = 1/period`, `b = 1-a`: the exact mean of the first `period` values at the row " *
        "of the last of them, NaN before; then `(b*e) + (a*x)`.", "wilder([1.0, 3.0, 4.0], 2)[2:3] == [2.0, 3.0]", "true"),
    (:rsi, :rsi, 14, "The relative strength index: `100 * (gain / (gain + loss))` of [`wilder`](@ref)'s averages of the gains and of the " *
        "losses from row to row; 100 without loss, 50 without either.", "rsi([1.0, 2.0, 1.0], 2)[3]", "50.0"),
)

const LAGGED_KERNELS = (
    (:difference, :diff, "`x[i] - x[i-period]`", "difference([1.0, 3.0, 4.0])[2:3] == [2.0, 1.0]", "true"),
    (:returns, :returns, "`(x[i] / x[i-period]) - 1`", "returns([1.0, 1.5])[2]", "0.5"),
    (:log_returns, :log_returns, "`ln(x[i] / x[i-period])`, the quotient rounded, then its logarithm rounded correctly",
        "log_returns([2.0, 2.0])[2]", "0.0"),
    (:shift, :shift, "`x[i-period]`, the past brought forward (there is no way to look ahead; a period of 0 is a copy)",
        "shift([1.0, 2.0, 3.0])[2:3] == [1.0, 2.0]", "true"),
)

for (name, kernel, default, what, call, answer) in PERIOD_KERNELS
    filling = Symbol(name, :!)
    period = default === nothing ? "period" : string("period=", default)
    arguments = default === nothing ? [:period] : [Expr(:kw, :period, default)]
    text = string("    ", name, "(x, ", period, "; nan=\"propagate\", backend=nothing)\n    ", filling, "(out, x, ", period,
        "; nan=\"propagate\", backend=nothing)\n\n", what, "\n\n", SKIP_TEXT, SERIES_TEXT,
        "\nSource: `src/kernels/indicators.jl`.\n\n", example(call, answer))
    @eval begin
        $name(x, $(arguments...); nan="propagate", backend=nothing) = single(x, period_call($(QuoteNode(kernel)), period, nan), backend)
        $filling(out, x, $(arguments...); nan="propagate", backend=nothing) =
            single!(out, x, period_call($(QuoteNode(kernel)), period, nan), backend)
        @doc $text $name
        @doc $text $filling
        export $name, $filling
    end
end

lagged_call(kernel::Symbol, period) = KernelCall(kernel_number(kernel), integer_argument(period, "period", kernel === :shift ? 0 : 1),
    0, 0, false, 0, 0, 0.0)

for (name, kernel, what, call, answer) in LAGGED_KERNELS
    filling = Symbol(name, :!)
    text = string("    ", name, "(x, period=1; backend=nothing)\n    ", filling, "(out, x, period=1; backend=nothing)\n\n", what,
        "; NaN in the first `period` rows.\n\n", SERIES_TEXT, "\nSource: `src/kernels/indicators.jl`.\n\n", example(call, answer))
    @eval begin
        $name(x, period=1; backend=nothing) = single(x, lagged_call($(QuoteNode(kernel)), period), backend)
        $filling(out, x, period=1; backend=nothing) = single!(out, x, lagged_call($(QuoteNode(kernel)), period), backend)
        @doc $text $name
        @doc $text $filling
        export $name, $filling
    end
end

function ema(x, period; nan="propagate", backend=nothing)
    period isa Union{AbstractVector,Tuple} || return single(x, period_call(:ema, period, nan), backend)
    series, periods = series_argument(x, "x"), period_list(period)
    series isa Vector || fail(SIZE_MISMATCH, "x has ", shape_text(size(series)), ": several periods are for one series")
    out = Matrix{Float64}(undef, length(series), length(periods))
    run_emas!(out, series, periods, nan_argument(nan), backend)
    return out
end

function ema!(out, x, period; nan="propagate", backend=nothing)
    period isa Union{AbstractVector,Tuple} || return single!(out, x, period_call(:ema, period, nan), backend)
    series, periods = series_argument(x, "x"), period_list(period)
    series isa Vector || fail(SIZE_MISMATCH, "x has ", shape_text(size(series)), ": several periods are for one series")
    out_argument(out, "out", (length(series), length(periods)))
    check_apart((out,), (series,), ("out",))
    run_emas!(out, series, periods, nan_argument(nan), backend)
    return out
end

period_list(periods) = Int[count_argument(period, string("period[", i, "]")) for (i, period) in enumerate(periods)]

function three_series(high, low, close)
    bars = series_argument(high, "high"), series_argument(low, "low"), series_argument(close, "close")
    same_shape(bars[2], "low", size(bars[1]))
    same_shape(bars[3], "close", size(bars[1]))
    return bars
end

function bars!(out, bars::Tuple, call::KernelCall, backend)
    out_argument(out, "out", size(bars[1]))
    check_apart((out,), bars, ("out",))
    run_kernel!((out,), bars, call, backend)
    return out
end

const TRUE_RANGE_CALL = KernelCall(kernel_number(:true_range), 0, 0, 0, false, 0, 0, 0.0)

true_range!(out, high, low, close; backend=nothing) = bars!(out, three_series(high, low, close), TRUE_RANGE_CALL, backend)
function true_range(high, low, close; backend=nothing)
    bars = three_series(high, low, close)
    return bars!(similar(bars[1]), bars, TRUE_RANGE_CALL, backend)
end

atr!(out, high, low, close, period=14; nan="propagate", backend=nothing) =
    bars!(out, three_series(high, low, close), period_call(:atr, period, nan), backend)
function atr(high, low, close, period=14; nan="propagate", backend=nothing)
    call, bars = period_call(:atr, period, nan), three_series(high, low, close)
    return bars!(similar(bars[1]), bars, call, backend)
end

# --- three answers ---

function triple!(outs::NamedTuple, x, call::KernelCall, backend)
    series = series_argument(x, "x")
    names = map(string, keys(outs))
    foreach((out, name) -> out_argument(out, name, size(series)), values(outs), names)
    check_apart(values(outs), (series,), names)
    run_kernel!(values(outs), (series,), call, backend)
    return outs
end

macd!(macd, signal_line, histogram, x, fast=12, slow=26, signal=9; nan="propagate", backend=nothing) =
    triple!((macd=macd, signal=signal_line, histogram=histogram), x, macd_call(fast, slow, signal, nan), backend)
function macd(x, fast=12, slow=26, signal=9; nan="propagate", backend=nothing)
    call, series = macd_call(fast, slow, signal, nan), series_argument(x, "x")
    return triple!((macd=similar(series), signal=similar(series), histogram=similar(series)), series, call, backend)
end

bollinger!(middle, upper, lower, x, window=20, width=2.0; min_periods=nothing, ddof=1, nan="propagate", backend=nothing) =
    triple!((middle=middle, upper=upper, lower=lower), x, windowed_call(:bollinger, window, min_periods, nan, ddof, width), backend)
function bollinger(x, window=20, width=2.0; min_periods=nothing, ddof=1, nan="propagate", backend=nothing)
    call, series = windowed_call(:bollinger, window, min_periods, nan, ddof, width), series_argument(x, "x")
    return triple!((middle=similar(series), upper=similar(series), lower=similar(series)), series, call, backend)
end

# (function, signature after the name, the same of the form with `!`, what it gives, example, answer)
const OTHER_KERNELS = (
    (:ema, "x, period; nan=\"propagate\", backend=nothing", "out, x, period; nan=\"propagate\", backend=nothing",
        "The exponential moving average with `a = 2/(period+1)`, `b = 1-a`: the first value seeds, then `(b*e) + (a*x)`, never fused. With " *
        "a vector of periods over one series a matrix with one column for each.\n\n" * SKIP_TEXT,
        "ema([4.0, 8.0], [1, 3]) == [4.0 4.0; 8.0 6.0]", "true"),
    (:true_range, "high, low, close; backend=nothing", "out, high, low, close; backend=nothing",
        "`max(high-low, abs(high-close'), abs(low-close'))` with the close of the row before; `high-low` in the first row. NaN if any is.\n\n",
        "true_range([3.0, 6.0], [1.0, 5.0], [2.0, 5.5]) == [2.0, 4.0]", "true"),
    (:atr, "high, low, close, period=14; nan=\"propagate\", backend=nothing",
        "out, high, low, close, period=14; nan=\"propagate\", backend=nothing",
        "[`wilder`](@ref)'s average of the [`true_range`](@ref) from the first row on; NaN before row `period`.\n\n" * SKIP_TEXT,
        "atr([3.0, 6.0], [1.0, 5.0], [2.0, 5.5], 2)[2]", "3.0"),
    (:macd, "x, fast=12, slow=26, signal=9; nan=\"propagate\", backend=nothing",
        "macd, signal_line, histogram, x, fast=12, slow=26, signal=9; nan=\"propagate\", backend=nothing",
        "`(macd, signal, histogram)`: `ema(fast) - ema(slow)`, the [`ema`](@ref) of that, and their difference, all from the first row on.\n\n" *
        SKIP_TEXT, "macd([1.0, 1.0]).histogram == [0.0, 0.0]", "true"),
    (:bollinger, "x, window=20, width=2.0; min_periods=window, ddof=1, nan=\"propagate\", backend=nothing",
        "middle, upper, lower, x, window=20, width=2.0; min_periods=window, ddof=1, nan=\"propagate\", backend=nothing",
        "`(middle, upper, lower)`: the [`rolling_mean`](@ref), and `middle ± (width * std)` of the same window. `min_periods` and `nan` as " *
        "there, `ddof` as in [`rolling_var`](@ref).\n\n", "bollinger([1.0, 3.0], 2, 1.0; ddof=0).upper[2]", "3.0"),
)

for (name, plain, filled, what, call, answer) in OTHER_KERNELS
    text = string("    ", name, "(", plain, ")\n    ", name, "!(", filled, ")\n\n", what, SERIES_TEXT,
        "\nSource: `src/kernels/indicators.jl`.\n\n", example(call, answer))
    filling = Symbol(name, :!)
    @eval begin
        @doc $text $name
        @doc $text $filling
        export $name, $filling
    end
end
