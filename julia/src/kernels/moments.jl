# Rolling sums, means, variances and covariances in plain Julia, block by block: fixed point where a block's values
# allow it, else wide. Standard deviations, scores and correlations are compositions of those, as written in
# rolling.jl. All columns are Vectors of one length; out may be x, whose rows are read before they are overwritten
# only because every caller hands in a copy then (see arguments.jl).

# Which way blocks went, for the tests.
const FIXED_BLOCKS = Threads.Atomic{Int}(0)
const WIDE_BLOCKS = Threads.Atomic{Int}(0)

function julia_sum!(out::Vector{Float64}, x::Vector{Float64}, window::Window, ::Val{MEAN}) where {MEAN}
    rows = length(x)
    d = Vector{Int64}(undef, scratch_rows(window.len, rows))
    each_block(window.len, rows) do start, first, last
        sum_block!(out, x, window, Val(MEAN), d, start, first, last)
    end
    return out
end

function sum_block!(out, x, window::Window, ::Val{MEAN}, d, start::Int, first::Int, last::Int) where {MEAN}
    found, clean, scale = window.len > LONGEST_FIXED ? (false, false, Scale(0.0, 0)) :
                          fixed_point!(d, x, start, last, fixed_bits(window.len))
    if found
        Threads.atomic_add!(FIXED_BLOCKS, 1)
        slide_fixed!(FixedSum{MEAN}(d, start, scale), out, x, start, first, last, window, clean)
    else
        Threads.atomic_add!(WIDE_BLOCKS, 1)
        slide_wide!(WideSum{MEAN}(x, span_of(x, start, last)), out, x, start, first, last, window)
    end
    return nothing
end

function slide_wide!(state, out, x, start::Int, first::Int, last::Int, window::Window)
    tally = Tally()
    begin!(state, tally, x, start, first)
    slide!(state, tally, out, x, start, first, last, window)
    return nothing
end

function julia_var!(out::Vector{Float64}, x::Vector{Float64}, window::Window, ddof::Int)
    rows = length(x)
    d = Vector{Int64}(undef, scratch_rows(window.len, rows))
    each_block(window.len, rows) do start, first, last
        var_block!(out, x, window, ddof, d, start, first, last)
    end
    return out
end

function var_block!(out, x, window::Window, ddof::Int, d, start::Int, first::Int, last::Int)
    found, clean, scale = window.len > LONGEST_FIXED ? (false, false, Scale(0.0, 0)) :
                          fixed_point!(d, x, start, last, fixed_bits(window.len))
    if found
        Threads.atomic_add!(FIXED_BLOCKS, 1)
        slide_fixed!(FixedMoment{true}(d, d, start, 2scale.unit, ddof), out, x, start, first, last, window, clean)
    else
        Threads.atomic_add!(WIDE_BLOCKS, 1)
        span = span_of(x, start, last)
        slide_wide!(WideMoment{true}(x, x, span, span, ddof), out, x, start, first, last, window)
    end
    return nothing
end

# x and y are missing or infinite in the same rows (see pairs!).
function julia_cov!(out::Vector{Float64}, x::Vector{Float64}, y::Vector{Float64}, window::Window, ddof::Int)
    rows = length(x)
    d = Vector{Int64}(undef, scratch_rows(window.len, rows))
    e = similar(d)
    each_block(window.len, rows) do start, first, last
        cov_block!(out, x, y, window, ddof, d, e, start, first, last)
    end
    return out
end

function cov_block!(out, x, y, window::Window, ddof::Int, d, e, start::Int, first::Int, last::Int)
    found, clean, scale_x, scale_y = false, false, Scale(0.0, 0), Scale(0.0, 0)
    if window.len <= LONGEST_FIXED
        # A bit less each, for the difference of two products.
        found, clean, scale_x = fixed_point!(d, x, start, last, fixed_bits(window.len) - 1)
        found && ((found, _, scale_y) = fixed_point!(e, y, start, last, fixed_bits(window.len) - 1))
    end
    if found
        Threads.atomic_add!(FIXED_BLOCKS, 1)
        state = FixedMoment{false}(d, e, start, scale_x.unit + scale_y.unit, ddof)
        slide_fixed!(state, out, x, start, first, last, window, clean)
    else
        Threads.atomic_add!(WIDE_BLOCKS, 1)
        state = WideMoment{false}(x, y, span_of(x, start, last), span_of(y, start, last), ddof)
        slide_wide!(state, out, x, start, first, last, window)
    end
    return nothing
end

# The pairs of x and y with both missing where either is, else both infinite where either is.
function pairs_of(x::Vector{Float64}, y::Vector{Float64})
    left, right = similar(x), similar(y)
    @inbounds for i in eachindex(x, y)
        a, b = x[i], y[i]
        mark = isfinite(a) & isfinite(b) ? 0.0 : abs(a) + abs(b)
        left[i] = isfinite(mark) ? a : mark
        right[i] = isfinite(mark) ? b : mark
    end
    return left, right
end

# --- compositions, each operation rounded once ---

# The square root of a variance: never of a negative number, so that nothing need be thrown.
@inline root(x::Float64) = Core.Intrinsics.sqrt_llvm(x)

@inline standard_score(x::Float64, mean::Float64, var::Float64) =
    (std = root(var); std == 0.0 ? NaN : (x - mean) / std)

@inline function correlation(cov::Float64, var_x::Float64, var_y::Float64)
    std_x, std_y = root(var_x), root(var_y)
    (std_x == 0.0) | (std_y == 0.0) && return NaN
    return clamp(cov / (std_x * std_y), -1.0, 1.0)
end

function julia_std!(out::Vector{Float64}, x::Vector{Float64}, window::Window, ddof::Int)
    julia_var!(out, x, window, ddof)
    @inbounds @simd for i in eachindex(out)
        out[i] = root(out[i])
    end
    return out
end

function julia_zscore!(out::Vector{Float64}, x::Vector{Float64}, window::Window, ddof::Int)
    means = julia_sum!(similar(x), x, window, Val(true))
    julia_var!(out, x, window, ddof)
    @inbounds for i in eachindex(out)
        out[i] = standard_score(x[i], means[i], out[i])
    end
    return out
end

function julia_corr!(out::Vector{Float64}, x::Vector{Float64}, y::Vector{Float64}, window::Window, ddof::Int)
    # A window with an infinity gives NaN whatever else is in it, so that one rule for pairs serves all three.
    left, right = pairs_of(x, y)
    var_x = julia_var!(similar(x), left, window, ddof)
    var_y = julia_var!(similar(x), right, window, ddof)
    julia_cov!(out, left, right, window, ddof)
    @inbounds for i in eachindex(out)
        out[i] = correlation(out[i], var_x[i], var_y[i])
    end
    return out
end

function julia_bollinger!(outs::NTuple{3,Vector{Float64}}, x::Vector{Float64}, window::Window, ddof::Int, width::Float64)
    middle, upper, lower = outs
    julia_sum!(middle, x, window, Val(true))
    julia_var!(upper, x, window, ddof)
    @inbounds @simd for i in eachindex(upper)
        distance = width * root(upper[i])
        upper[i] = middle[i] + distance
        lower[i] = middle[i] - distance
    end
    return outs
end
