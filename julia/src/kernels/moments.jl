# Rolling sums, means, variances and covariances in plain Julia, block by block: in 64 bits where a block's values
# allow it, else in 128, else wide. Standard deviations, scores and correlations are compositions of those, as written in
# rolling.jl, made block by block too. All columns are Vectors of one length; row i of a block goes to out[i-at].

# Which way blocks went, for the tests.
const FIXED_BLOCKS = Threads.Atomic{Int}(0)
const LONG_BLOCKS = Threads.Atomic{Int}(0)
const WIDE_BLOCKS = Threads.Atomic{Int}(0)

const NO_SCALE = (false, false, Scale(0.0, 0))

scratch_for(window::Window, rows::Int, pairs::Bool=false) = Scratch(scratch_rows(window.len, rows), pairs)

function julia_sum!(out::Vector{Float64}, x::Vector{Float64}, window::Window, ::Val{MEAN}) where {MEAN}
    scratch = scratch_for(window, length(x))
    each_block(window.len, length(x)) do start, first, last
        sum_block!(out, 0, x, window, Val(MEAN), scratch, start, first, last)
    end
    return out
end

function sum_block!(out, at::Int, x, window::Window, ::Val{MEAN}, scratch::Scratch, start::Int, first::Int, last::Int) where {MEAN}
    narrow = window.len <= LONGEST_FIXED
    found, clean, scale = narrow ? fixed_point!(scratch.d, x, start, last, fixed_limit(window.len)) : NO_SCALE
    if found
        Threads.atomic_add!(FIXED_BLOCKS, 1)
        slide_block!(FixedSum{MEAN}(scratch, start, scale), out, at, x, start, first, last, window, clean)
        return nothing
    end
    unit = narrow ? long_unit(x, start, last, long_bits(window.len)) : nothing
    if unit !== nothing
        Threads.atomic_add!(LONG_BLOCKS, 1)
        long_numbers!(at_least!(scratch.long_d, length(scratch.d)), x, start, last, unit)
        slide_block!(LongSum{MEAN}(scratch, start, unit), out, at, x, start, first, last, window, clean)
    else
        Threads.atomic_add!(WIDE_BLOCKS, 1)
        slide_block!(WideSum{MEAN}(x, span_of(x, start, last)), out, at, x, start, first, last, window, clean)
    end
    return nothing
end

function julia_var!(out::Vector{Float64}, x::Vector{Float64}, window::Window, ddof::Int)
    scratch = scratch_for(window, length(x))
    each_block(window.len, length(x)) do start, first, last
        var_block!(out, 0, x, window, ddof, scratch, start, first, last)
    end
    return out
end

# Sums of pairs of differences stay below 2^63: see FixedMoment.
moment_limit(window::Int) = min(1 << 53, 1 << 61 ÷ window) - 1

function var_block!(out, at::Int, x, window::Window, ddof::Int, scratch::Scratch, start::Int, first::Int, last::Int)
    narrow = window.len <= LONGEST_FIXED
    found, clean, scale = narrow ? fixed_point!(scratch.d, x, start, last, moment_limit(window.len)) : NO_SCALE
    if found
        Threads.atomic_add!(FIXED_BLOCKS, 1)
        slide_block!(FixedMoment{true}(scratch, start, 2scale.unit, ddof), out, at, x, start, first, last, window, clean)
        return nothing
    end
    unit = narrow ? long_unit(x, start, last, long_bits(window.len)) : nothing
    if unit !== nothing
        Threads.atomic_add!(LONG_BLOCKS, 1)
        long_numbers!(at_least!(scratch.long_d, length(scratch.d)), x, start, last, unit)
        slide_block!(LongMoment{true}(scratch, start, 2unit, ddof), out, at, x, start, first, last, window, clean)
    else
        Threads.atomic_add!(WIDE_BLOCKS, 1)
        span = span_of(x, start, last)
        slide_block!(WideMoment{true}(x, x, span, span, ddof), out, at, x, start, first, last, window, clean)
    end
    return nothing
end

# Calls f(left, right, rows, first, last, at) for each block of the pairs of x and y, copied to left[1:rows]; values are asked
# for those at first:last, which are rows first+at:last+at.
@inline function each_pair_block(f::F, x::Vector{Float64}, y::Vector{Float64}, window::Window) where {F}
    left = Vector{Float64}(undef, scratch_rows(window.len, length(x)))
    right = similar(left)
    each_block(window.len, length(x)) do start, first, last
        copy_pairs!(left, right, x, y, start, last)
        f(left, right, first - start + 1, last - start + 1, start - 1)
    end
    return nothing
end

# Rows first:last of x and y with both missing where either is, else both infinite where either is.
function copy_pairs!(left::Vector{Float64}, right::Vector{Float64}, x::Vector{Float64}, y::Vector{Float64}, first::Int, last::Int)
    offset = first - 1
    @inbounds @simd for j in 1:last-offset
        a, b = x[j+offset], y[j+offset]
        mark = ifelse(isfinite(a) & isfinite(b), 0.0, abs(a) + abs(b))
        left[j] = ifelse(isfinite(mark), a, mark)
        right[j] = ifelse(isfinite(mark), b, mark)
    end
    return nothing
end

function julia_cov!(out::Vector{Float64}, x::Vector{Float64}, y::Vector{Float64}, window::Window, ddof::Int)
    scratch = scratch_for(window, length(x), true)
    each_pair_block(x, y, window) do left, right, first, last, before
        cov_block!(out, -before, left, right, window, ddof, scratch, first, last)
    end
    return out
end

# x and y are rows 1:last, missing or infinite in the same of them.
function cov_block!(out, at::Int, x, y, window::Window, ddof::Int, scratch::Scratch, first::Int, last::Int)
    narrow = window.len <= LONGEST_FIXED
    found, clean, scale_x = narrow ? fixed_point!(scratch.d, x, 1, last, moment_limit(window.len)) : NO_SCALE
    scale_y = scale_x
    found && ((found, _, scale_y) = fixed_point!(scratch.e, y, 1, last, moment_limit(window.len)))
    if found
        Threads.atomic_add!(FIXED_BLOCKS, 1)
        state = FixedMoment{false}(scratch, 1, scale_x.unit + scale_y.unit, ddof)
        slide_block!(state, out, at, x, 1, first, last, window, clean)
        return nothing
    end
    unit_x = narrow ? long_unit(x, 1, last, long_bits(window.len)) : nothing
    unit_y = unit_x === nothing ? nothing : long_unit(y, 1, last, long_bits(window.len))
    if unit_x !== nothing && unit_y !== nothing
        Threads.atomic_add!(LONG_BLOCKS, 1)
        long_numbers!(at_least!(scratch.long_d, length(scratch.d)), x, 1, last, unit_x)
        long_numbers!(at_least!(scratch.long_e, length(scratch.d)), y, 1, last, unit_y)
        slide_block!(LongMoment{false}(scratch, 1, unit_x + unit_y, ddof), out, at, x, 1, first, last, window, clean)
    else
        Threads.atomic_add!(WIDE_BLOCKS, 1)
        state = WideMoment{false}(x, y, span_of(x, 1, last), span_of(y, 1, last), ddof)
        slide_block!(state, out, at, x, 1, first, last, window, clean)
    end
    return nothing
end

# --- compositions, each operation rounded once ---

# The square root of a variance: never of a negative number, so that nothing need be thrown.
@inline root(x::Float64) = Core.Intrinsics.sqrt_llvm(x)

@inline function standard_score(x::Float64, mean::Float64, var::Float64)
    std = root(var)
    return ifelse(std == 0.0, NaN, (x - mean) / std)
end

@inline function correlation(cov::Float64, var_x::Float64, var_y::Float64)
    std_x, std_y = root(var_x), root(var_y)
    ratio = cov / (std_x * std_y)
    inside = ifelse(ratio > 1.0, 1.0, ifelse(ratio < -1.0, -1.0, ratio))
    return ifelse((std_x == 0.0) | (std_y == 0.0), NaN, inside)
end

function julia_std!(out::Vector{Float64}, x::Vector{Float64}, window::Window, ddof::Int)
    scratch = scratch_for(window, length(x))
    each_block(window.len, length(x)) do start, first, last
        var_block!(out, 0, x, window, ddof, scratch, start, first, last)
        @inbounds @simd for i in first:last
            out[i] = root(out[i])
        end
    end
    return out
end

function julia_zscore!(out::Vector{Float64}, x::Vector{Float64}, window::Window, ddof::Int)
    scratch = scratch_for(window, length(x))
    means = Vector{Float64}(undef, block_rows(window.len, length(x)))
    each_block(window.len, length(x)) do start, first, last
        at = first - 1
        sum_block!(means, at, x, window, Val(true), scratch, start, first, last)
        var_block!(out, 0, x, window, ddof, scratch, start, first, last)
        @inbounds @simd for i in first:last
            out[i] = standard_score(x[i], means[i-at], out[i])
        end
    end
    return out
end

function julia_corr!(out::Vector{Float64}, x::Vector{Float64}, y::Vector{Float64}, window::Window, ddof::Int)
    # A window with an infinity gives NaN whatever else is in it, so that one rule for pairs serves all three.
    scratch = scratch_for(window, length(x), true)
    var_x = Vector{Float64}(undef, block_rows(window.len, length(x)))
    var_y = similar(var_x)
    each_pair_block(x, y, window) do left, right, first, last, before
        at = first - 1
        var_block!(var_x, at, left, window, ddof, scratch, 1, first, last)
        var_block!(var_y, at, right, window, ddof, scratch, 1, first, last)
        cov_block!(out, -before, left, right, window, ddof, scratch, first, last)
        @inbounds @simd for i in first:last
            out[i+before] = correlation(out[i+before], var_x[i-at], var_y[i-at])
        end
    end
    return out
end

function julia_bollinger!(outs::NTuple{3,Vector{Float64}}, x::Vector{Float64}, window::Window, ddof::Int, width::Float64)
    middle, upper, lower = outs
    scratch = scratch_for(window, length(x))
    each_block(window.len, length(x)) do start, first, last
        sum_block!(middle, 0, x, window, Val(true), scratch, start, first, last)
        var_block!(upper, 0, x, window, ddof, scratch, start, first, last)
        @inbounds @simd for i in first:last
            distance = width * root(upper[i])
            upper[i] = middle[i] + distance
            lower[i] = middle[i] - distance
        end
    end
    return outs
end
