# Streaming twins in plain Julia: a state, the rows of its window in a ring, and what they are. Values come and go one by
# one, so every exact sum here is of the wide kind, which no value can leave.

# The state of a window that rows join and leave; x (and y) are finite then.
join!(state::WideSum, x::Float64) = change!(state, x, false)
leave!(state::WideSum, x::Float64) = change!(state, x, true)
join!(state::WideMoment{true}, x::Float64) = change!(state, x, x, false)
leave!(state::WideMoment{true}, x::Float64) = change!(state, x, x, true)
join!(state::WideMoment{false}, x::Float64, y::Float64) = change!(state, x, y, false)
leave!(state::WideMoment{false}, x::Float64, y::Float64) = change!(state, x, y, true)

wide_sum() = WideSum{false}(Float64[], WHOLE_SPAN)
wide_mean() = WideSum{true}(Float64[], WHOLE_SPAN)
wide_var(ddof::Int) = WideMoment{true}(Float64[], Float64[], WHOLE_SPAN, WHOLE_SPAN, ddof)
wide_cov(ddof::Int) = WideMoment{false}(Float64[], Float64[], WHOLE_SPAN, WHOLE_SPAN, ddof)

# One row joins as another leaves.
swap!(state::WideMoment{true}, left::Tuple, row::Tuple) = replace_pair!(state, left[1], left[1], row[1], row[1])
swap!(state::WideMoment{false}, left::Tuple, row::Tuple) = replace_pair!(state, left[1], left[2], row[1], row[2])
swap!(state, left::Tuple, row::Tuple) = (leave!(state, left...); join!(state, row...))

clear!(state::WideSum) = (fill!(state.sum, 0); nothing)
function clear!(state::WideMoment)
    state.m = 0
    clear!(state.sum_x)
    clear!(state.sum_y)
    fill!(state.products, 0)
    fill!(state.spread, 0)
    return nothing
end

# Several states over the same rows.
struct Both{A,B}
    first::A
    second::B
end
swap!(state::Both, left::Tuple, row::Tuple) = (swap!(state.first, left, row); swap!(state.second, left, row))
join!(state::Both, x...) = (join!(state.first, x...); join!(state.second, x...))
leave!(state::Both, x...) = (leave!(state.first, x...); leave!(state.second, x...))
clear!(state::Both) = (clear!(state.first); clear!(state.second))

# A pair's moments, and those of each of its sides.
struct Sides
    cov::WideMoment{false}
    x::WideMoment{true}
    y::WideMoment{true}
end
function swap!(state::Sides, left::Tuple, row::Tuple)
    swap!(state.cov, left, row)
    swap!(state.x, (left[1],), (row[1],))
    swap!(state.y, (left[2],), (row[2],))
end
join!(state::Sides, x::Float64, y::Float64) = (join!(state.cov, x, y); join!(state.x, x); join!(state.y, y))
leave!(state::Sides, x::Float64, y::Float64) = (leave!(state.cov, x, y); leave!(state.x, x); leave!(state.y, y))
clear!(state::Sides) = (clear!(state.cov); clear!(state.x); clear!(state.y))

# What a kernel makes of a state whose window is defined; `now` is the row pushed last.
answer(::Val, state, tally::Tally, now::Float64, ::Float64) = statistic(state, tally)
answer(::Val{:std}, state, tally::Tally, now::Float64, ::Float64) = root(statistic(state, tally))
answer(::Val{:zscore}, state::Both, tally::Tally, now::Float64, ::Float64) =
    standard_score(now, statistic(state.first, tally), statistic(state.second, tally))
answer(::Val{:corr}, state::Sides, tally::Tally, now::Float64, ::Float64) =
    correlation(statistic(state.cov, tally), statistic(state.x, tally), statistic(state.y, tally))
function answer(::Val{:bollinger}, state::Both, tally::Tally, now::Float64, width::Float64)
    middle, distance = statistic(state.first, tally), width * root(statistic(state.second, tally))
    return (middle, middle + distance, middle - distance)
end

# INPUTS numbers in, OUTPUTS out.
abstract type Twin{INPUTS,OUTPUTS} end
undefined(::Twin{INPUTS,1}) where {INPUTS} = NaN
undefined(::Twin{INPUTS,3}) where {INPUTS} = (NaN, NaN, NaN)

mutable struct WindowTwin{KERNEL,INPUTS,OUTPUTS,STATE} <: Twin{INPUTS,OUTPUTS}
    window::Window
    width::Float64
    state::STATE
    tally::Tally
    rows::Vector{NTuple{INPUTS,Float64}} # the ring; grows as it is fed
    oldest::Int
end

window_twin(::Val{KERNEL}, inputs::Int, outputs::Int, call::KernelCall, state) where {KERNEL} =
    WindowTwin{KERNEL,inputs,outputs,typeof(state)}(window_of(call), call.width, state, Tally(), NTuple{inputs,Float64}[], 1)

# Of which kind a row is: a pair is missing if either is, else infinite if either is.
mark_of(row::Tuple{Float64}) = row[1]
mark_of(row::NTuple{2,Float64}) = isfinite(row[1]) & isfinite(row[2]) ? 0.0 : abs(row[1]) + abs(row[2])

function take_row!(twin::WindowTwin{KERNEL,INPUTS}, row::NTuple{INPUTS,Float64}) where {KERNEL,INPUTS}
    tally, mark = twin.tally, mark_of(row)
    joins = isfinite(mark)
    if length(twin.rows) == twin.window.len
        left = @inbounds twin.rows[twin.oldest]
        count_value!(tally, mark_of(left), -1)
        @inbounds twin.rows[twin.oldest] = row
        twin.oldest = twin.oldest == twin.window.len ? 1 : twin.oldest + 1
        leaves = isfinite(mark_of(left))
        leaves & joins ? swap!(twin.state, left, row) : leaves ? leave!(twin.state, left...) : joins && join!(twin.state, row...)
    else
        push!(twin.rows, row)
        joins && join!(twin.state, row...)
    end
    count_value!(tally, mark, 1)
    is_defined(tally, twin.window) || return undefined(twin)
    return answer(Val(KERNEL), twin.state, tally, row[1], twin.width)
end

function clear!(twin::WindowTwin)
    clear!(twin.state)
    twin.tally, twin.oldest = Tally(), 1
    empty!(twin.rows)
    return nothing
end

mutable struct ExtremeTwin{MAX,WHERE} <: Twin{1,1}
    window::Window
    queue::Candidates{MAX}
    tally::Tally
    rows::Vector{Float64}
    oldest::Int
end
ExtremeTwin{MAX,WHERE}(call::KernelCall) where {MAX,WHERE} =
    ExtremeTwin{MAX,WHERE}(window_of(call), Candidates{MAX}(), Tally(), Float64[], 1)

function take_row!(twin::ExtremeTwin{MAX,WHERE}, row::Tuple{Float64}) where {MAX,WHERE}
    x, queue, tally = row[1], twin.queue, twin.tally
    if length(twin.rows) == twin.window.len
        count_value!(tally, @inbounds(twin.rows[twin.oldest]), -1)
        forget!(queue, queue.added + 1 - twin.window.len)
        @inbounds twin.rows[twin.oldest] = x
        twin.oldest = twin.oldest == twin.window.len ? 1 : twin.oldest + 1
    else
        push!(twin.rows, x)
    end
    count_value!(tally, x, 1)
    push_row!(queue, x)
    is_defined(tally, twin.window) || return NaN
    return WHERE ? oldest_distance(queue) : oldest_value(queue)
end

function clear!(twin::ExtremeTwin)
    clear!(twin.queue)
    twin.tally, twin.oldest = Tally(), 1
    empty!(twin.rows)
    return nothing
end

# A recurrence: rows that are skipped repeat the last value.
mutable struct ChainTwin{INPUTS,OUTPUTS,STATE,MAKE} <: Twin{INPUTS,OUTPUTS}
    make::MAKE # a new state
    state::STATE
    skip::Bool
end

function chain_twin(make, inputs::Int, skip::Bool)
    state = make()
    return ChainTwin{inputs,length(value_of(state)),typeof(state),typeof(make)}(make, state, skip)
end

take_row!(twin::ChainTwin{INPUTS}, row::NTuple{INPUTS,Float64}) where {INPUTS} = (follow_row!(twin, row); value_of(twin.state))

# A row of which nobody asks what came of it.
@inline follow_row!(twin::ChainTwin{INPUTS}, row::NTuple{INPUTS,Float64}) where {INPUTS} =
    (twin.skip & any(isnan, row) || advance!(twin, twin.state, row); nothing)
@inline follow_row!(twin::Twin, row) = (take_row!(twin, row); nothing)

@inline advance!(twin, state::Union{Chain,Convergence}, row) = (twin.state = follow(state, row[1]); nothing)
@inline advance!(twin, state::Union{Seeded,Strength,AverageRange}, row) = (follow!(state, row...); nothing)

clear!(twin::ChainTwin) = (twin.state = twin.make(); nothing)

# The range of a bar, which needs the close before it.
mutable struct RangeTwin <: Twin{3,1}
    started::Bool
    close::Float64
end
function take_row!(twin::RangeTwin, row::NTuple{3,Float64})
    high, low, close = row
    range = twin.started ? range_of(high, low, twin.close) : high - low
    twin.started, twin.close = true, close
    return range
end
clear!(twin::RangeTwin) = (twin.started = false; nothing)

# The last rows, for what looks `period` rows back.
mutable struct LagTwin{KERNEL} <: Twin{1,1}
    kernel::KERNEL
    period::Int
    rows::Vector{Float64}
    oldest::Int
end
function take_row!(twin::LagTwin, row::Tuple{Float64})
    twin.period == 0 && return twin.kernel(row[1], row[1])
    length(twin.rows) < twin.period && (push!(twin.rows, row[1]); return NaN)
    before = @inbounds twin.rows[twin.oldest]
    @inbounds twin.rows[twin.oldest] = row[1]
    twin.oldest = twin.oldest == twin.period ? 1 : twin.oldest + 1
    return twin.kernel(row[1], before)
end
clear!(twin::LagTwin) = (empty!(twin.rows); twin.oldest = 1; nothing)

# The twin of a kernel.
function julia_twin(call::KernelCall)
    name, window, ddof, skip = KERNELS[call.kernel+1], call.window, call.ddof, call.skip
    name === :sum && return window_twin(Val(:sum), 1, 1, call, wide_sum())
    name === :mean && return window_twin(Val(:mean), 1, 1, call, wide_mean())
    name === :var && return window_twin(Val(:var), 1, 1, call, wide_var(ddof))
    name === :std && return window_twin(Val(:std), 1, 1, call, wide_var(ddof))
    name === :zscore && return window_twin(Val(:zscore), 1, 1, call, Both(wide_mean(), wide_var(ddof)))
    name === :bollinger && return window_twin(Val(:bollinger), 1, 3, call, Both(wide_mean(), wide_var(ddof)))
    name === :cov && return window_twin(Val(:cov), 2, 1, call, wide_cov(ddof))
    name === :corr && return window_twin(Val(:corr), 2, 1, call, Sides(wide_cov(ddof), wide_var(ddof), wide_var(ddof)))
    name === :min && return ExtremeTwin{false,false}(call)
    name === :max && return ExtremeTwin{true,false}(call)
    name === :argmin && return ExtremeTwin{false,true}(call)
    name === :argmax && return ExtremeTwin{true,true}(call)
    name === :ema && return chain_twin(() -> ema_chain(window), 1, skip)
    name === :wilder && return chain_twin(() -> Seeded(window), 1, skip)
    name === :rsi && return chain_twin(() -> Strength(window), 1, skip)
    name === :atr && return chain_twin(() -> AverageRange(window), 3, skip)
    name === :macd && return chain_twin(() -> Convergence(window, call.slow, call.signal), 1, skip)
    name === :true_range && return RangeTwin(false, NaN)
    name === :diff && return LagTwin(difference_of, window, Float64[], 1)
    name === :returns && return LagTwin(return_of, window, Float64[], 1)
    name === :log_returns && return LagTwin(log_return_of, window, Float64[], 1)
    return LagTwin(earlier_of, window, Float64[], 1)
end
