# The rolling kernels as callers meet them: rolling_mean(x, window; ...) and rolling_mean!(out, x, window; ...). One
# maker for the kernels of one series, one for those of two; what differs is said in the tables.

const WINDOW_TEXT = """
`x`: numbers in a vector, or in a matrix with one series in each column; the result has its shape. Integers up to
2^53 and narrower floats are widened exactly, `missing` is NaN. `window`: rows, the current one included.
`min_periods`: fewer values than this give NaN (`window` by default). `nan`: `"propagate"` (a NaN in the
window gives NaN) or `"skip"` (NaNs are not counted). `backend`: `"native"`, `"julia"` or `"auto"`, see
[`set_backend`](@ref); the bits are the same. The form with `!` writes to `out`, which must not share memory with
an input.

Errors: 1001 for a wrong option or memory that overlaps, 1004 for another type or an integer past 2^53, 1011 for
another size. O(rows) for any window and any values."""

function single!(out, x, call::KernelCall, backend)
    series = series_argument(x, "x")
    out_argument(out, "out", size(series))
    check_apart((out,), (series,), ("out",))
    run_kernel!((out,), (series,), call, backend)
    return out
end

function single(x, call::KernelCall, backend)
    series = series_argument(x, "x")
    out = similar(series)
    run_kernel!((out,), (series,), call, backend)
    return out
end

function double!(out, x, y, call::KernelCall, backend)
    left, right = series_argument(x, "x"), series_argument(y, "y")
    same_shape(right, "y", size(left))
    out_argument(out, "out", size(left))
    check_apart((out,), (left, right), ("out",))
    run_kernel!((out,), (left, right), call, backend)
    return out
end

function double(x, y, call::KernelCall, backend)
    left, right = series_argument(x, "x"), series_argument(y, "y")
    same_shape(right, "y", size(left))
    out = similar(left)
    run_kernel!((out,), (left, right), call, backend)
    return out
end

example(call, answer) = string("```jldoctest\njulia> using OmegaJulia\n\njulia> ", call, "\n", answer, "\n```")

# (kernel, what it gives, example, its answer)
const PLAIN_WINDOWS = (
    (:sum, "The exact sum of each window, rounded once.", "rolling_sum([1e16, 1.0, -1e16], 3; min_periods=3)[3]", "1.0"),
    (:mean, "The exact mean of each window, rounded once.", "rolling_mean([1.0, 2.0, 6.0], 2; min_periods=1) == [1.0, 1.5, 4.0]", "true"),
    (:min, "The smallest value of each window; of equal ones the newest.", "rolling_min([3, 1, 2], 2; min_periods=1) == [3, 1, 1]", "true"),
    (:max, "The largest value of each window; of equal ones the newest.", "rolling_max([3, 1, 2], 2; min_periods=1) == [3, 3, 2]", "true"),
    (:argmin, "How many rows back the smallest value of each window is, 0 for the current row; of equal ones the newest.",
        "rolling_argmin([3, 1, 2], 2; min_periods=1) == [0, 0, 1]", "true"),
    (:argmax, "How many rows back the largest value of each window is, 0 for the current row; of equal ones the newest.",
        "rolling_argmax([3, 1, 2], 2; min_periods=1) == [0, 1, 0]", "true"),
)

const DDOF_WINDOWS = (
    (:var, "The exact variance of each window, rounded once: `(m*Sxx - Sx^2) / (m*(m - ddof))` of `m` values. NaN for `m <= ddof` " *
           "and for a window with an infinity. It may overflow or underflow where a standard deviation would not.",
        "rolling_var([1.0, 2.0, 4.0], 2)[2:3] == [0.5, 2.0]", "true"),
    (:std, "The square root of [`rolling_var`](@ref).", "rolling_std([1.0, 3.0, 3.0], 2; ddof=0)[2:3] == [1.0, 0.0]", "true"),
    (:zscore, "`(x - mean) / std` of each row in its own window, each operation rounded once; NaN where the std is 0.",
        "rolling_zscore([1.0, 3.0], 2; ddof=0)[2]", "1.0"),
)

const PAIR_WINDOWS = (
    (:cov, "The exact covariance of each window, rounded once: `(m*Sxy - Sx*Sy) / (m*(m - ddof))`.",
        "rolling_cov([1.0, 2.0], [2.0, 6.0], 2)[2]", "2.0"),
    (:corr, "`cov / (std_x * std_y)` of each window, clamped to [-1, 1]; NaN where either std is 0. `corr(x, x)` may be `1 - 2^-53`.",
        "rolling_corr([1.0, 2.0, 3.0], [1.0, 3.0, 1.0], 3)[3]", "0.0"),
)

for (kernel, what, call, answer) in PLAIN_WINDOWS
    name, filling = Symbol(:rolling_, kernel), Symbol(:rolling_, kernel, :!)
    text = string("    ", name, "(x, window; min_periods=window, nan=\"propagate\", backend=nothing)\n    ", filling,
        "(out, x, window; min_periods=window, nan=\"propagate\", backend=nothing)\n\n", what, "\n\n", WINDOW_TEXT,
        "\nSource: `src/kernels/rolling.jl`.\n\n", example(call, answer))
    @eval begin
        $name(x, window; min_periods=nothing, nan="propagate", backend=nothing) =
            single(x, windowed_call($(QuoteNode(kernel)), window, min_periods, nan), backend)
        $filling(out, x, window; min_periods=nothing, nan="propagate", backend=nothing) =
            single!(out, x, windowed_call($(QuoteNode(kernel)), window, min_periods, nan), backend)
        @doc $text $name
        @doc $text $filling
        export $name, $filling
    end
end

for (kernel, what, call, answer) in DDOF_WINDOWS
    name, filling = Symbol(:rolling_, kernel), Symbol(:rolling_, kernel, :!)
    text = string("    ", name, "(x, window; min_periods=window, ddof=1, nan=\"propagate\", backend=nothing)\n    ", filling,
        "(out, x, window; min_periods=window, ddof=1, nan=\"propagate\", backend=nothing)\n\n", what, "\n\n", WINDOW_TEXT,
        "\nSource: `src/kernels/rolling.jl`.\n\n", example(call, answer))
    @eval begin
        $name(x, window; min_periods=nothing, ddof=1, nan="propagate", backend=nothing) =
            single(x, windowed_call($(QuoteNode(kernel)), window, min_periods, nan, ddof), backend)
        $filling(out, x, window; min_periods=nothing, ddof=1, nan="propagate", backend=nothing) =
            single!(out, x, windowed_call($(QuoteNode(kernel)), window, min_periods, nan, ddof), backend)
        @doc $text $name
        @doc $text $filling
        export $name, $filling
    end
end

for (kernel, what, call, answer) in PAIR_WINDOWS
    name, filling = Symbol(:rolling_, kernel), Symbol(:rolling_, kernel, :!)
    text = string("    ", name, "(x, y, window; min_periods=window, ddof=1, nan=\"propagate\", backend=nothing)\n    ", filling,
        "(out, x, y, window; min_periods=window, ddof=1, nan=\"propagate\", backend=nothing)\n\n", what,
        " A row in which either is NaN counts as NaN; a window with an infinity gives NaN.\n\n",
        WINDOW_TEXT, "\nSource: `src/kernels/rolling.jl`.\n\n", example(call, answer))
    @eval begin
        $name(x, y, window; min_periods=nothing, ddof=1, nan="propagate", backend=nothing) =
            double(x, y, windowed_call($(QuoteNode(kernel)), window, min_periods, nan, ddof), backend)
        $filling(out, x, y, window; min_periods=nothing, ddof=1, nan="propagate", backend=nothing) =
            double!(out, x, y, windowed_call($(QuoteNode(kernel)), window, min_periods, nan, ddof), backend)
        @doc $text $name
        @doc $text $filling
        export $name, $filling
    end
end
