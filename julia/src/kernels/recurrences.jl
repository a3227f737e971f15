# Chains in which every row depends on the one before: moving averages and what is made of them. Each operation is
# rounded once, in the written order; nothing may be reordered or fused. A chain is a value, so that loops keep it in
# registers; streams keep it between pushes.

# (b*e) + (a*x), row after row; the first value seeds.
struct Chain
    a::Float64
    b::Float64
    started::Bool
    value::Float64
end

ema_chain(period::Int) = (a = 2.0 / (period + 1.0); Chain(a, 1.0 - a, false, NaN))
wilder_chain(period::Int) = (a = 1.0 / period; Chain(a, 1.0 - a, false, NaN))

@inline follow(chain::Chain, x::Float64) =
    Chain(chain.a, chain.b, true, ifelse(chain.started, (chain.b * chain.value) + (chain.a * x), x))

# A chain whose seed is the exact mean, rounded once, of its first values.
mutable struct Seeded
    chain::Chain
    period::Int
    seeds::Vector{Float64}
end
Seeded(period::Int) = Seeded(wilder_chain(period), period, Float64[])

# The chain's value after x.
@inline function follow!(seeded::Seeded, x::Float64)
    seeded.chain.started || return seed!(seeded, x)
    seeded.chain = follow(seeded.chain, x)
    return seeded.chain.value
end

@noinline function seed!(seeded::Seeded, x::Float64)
    push!(seeded.seeds, x)
    length(seeded.seeds) < seeded.period && return NaN
    seeded.chain = follow(seeded.chain, exact_mean(seeded.seeds))
    seeded.seeds = Float64[]
    return seeded.chain.value
end

function exact_mean(values::Vector{Float64})
    len = length(values)
    state, tally = WideSum{true}(values, span_of(values, 1, len)), Tally()
    begin!(state, tally, values, 1, len + 1)
    return tally.nan == 0 ? statistic(state, tally) : NaN
end

function julia_ema!(out::Vector{Float64}, x::Vector{Float64}, period::Int, skip::Bool)
    chain = ema_chain(period)
    first = 1
    @inbounds while first <= length(x) && !chain.started
        skip & isnan(x[first]) || (chain = follow(chain, x[first]))
        out[first] = chain.value
        first += 1
    end
    chain_column!(out, x, first, chain, skip)
    return out
end

# Rows first:... of a chain that has been seeded. From a NaN on there is nothing else, unless it is skipped.
function chain_column!(out::Vector{Float64}, x::Vector{Float64}, first::Int, chain::Chain, skip::Bool)
    last = length(x)
    first <= last || return nothing
    missed = first_nan(x, first)
    skip || (last = missed - 1)
    isnan(chain.value) && (last = first - 1)
    chain_rows!(out, i -> @inbounds(x[i]), first, last, chain.a, chain.b, chain.value, missed <= last)
    @inbounds for i in last+1:length(x)
        out[i] = NaN
    end
    return nothing
end

# Four chains side by side cost little more than one, which is all waiting.
function julia_emas!(outs::NTuple{4,Vector{Float64}}, x::Vector{Float64}, periods::NTuple{4,Int}, skip::Bool)
    chains = map(ema_chain, periods)
    @inbounds for i in eachindex(x)
        value = x[i]
        skip & isnan(value) || (chains = map(chain -> follow(chain, value), chains))
        outs[1][i], outs[2][i], outs[3][i], outs[4][i] = chains[1].value, chains[2].value, chains[3].value, chains[4].value
    end
    return outs
end

function julia_wilder!(out::Vector{Float64}, x::Vector{Float64}, period::Int, skip::Bool)
    seeded = Seeded(period)
    first = 1
    @inbounds while first <= length(x) && !seeded.chain.started
        out[first] = skip & isnan(x[first]) ? NaN : follow!(seeded, x[first])
        first += 1
    end
    chain_column!(out, x, first, seeded.chain, skip)
    return out
end

# --- relative strength index ---

# 100 * (gain / (gain + loss)). Not "without loss" alone: a gain that has become NaN is no gain.
@inline strength(gain::Float64, loss::Float64) = ifelse((loss == 0.0) & (gain >= 0.0), ifelse(gain == 0.0, 50.0, 100.0),
    100.0 * (gain / (gain + loss)))

# The gain and the loss of a difference, NaN of NaN.
@inline gain_of(difference::Float64) = ifelse(difference < 0.0, 0.0, difference)
@inline loss_of(difference::Float64) = ifelse(difference > 0.0, 0.0, -difference)

mutable struct Strength
    gain::Seeded
    loss::Seeded
    started::Bool
    before::Float64
end
Strength(period::Int) = Strength(Seeded(period), Seeded(period), false, NaN)

function follow!(state::Strength, x::Float64)
    if state.started
        difference = x - state.before
        follow!(state.gain, gain_of(difference))
        follow!(state.loss, loss_of(difference))
    end
    state.started, state.before = true, x
    return nothing
end

function julia_rsi!(out::Vector{Float64}, x::Vector{Float64}, period::Int, skip::Bool)
    state = Strength(period)
    first = 1
    @inbounds while first <= length(x) && !state.gain.chain.started
        skip & isnan(x[first]) || follow!(state, x[first])
        out[first] = value_of(state)
        first += 1
    end
    a, b, gain, loss = state.gain.chain.a, state.gain.chain.b, state.gain.chain.value, state.loss.chain.value
    before, value = state.before, value_of(state)
    @inbounds for i in first:length(x)
        now = x[i]
        if !(skip & isnan(now))
            difference = now - before
            gain, loss = (b * gain) + (a * gain_of(difference)), (b * loss) + (a * loss_of(difference))
            before, value = now, strength(gain, loss)
        end
        out[i] = value
    end
    return out
end

# --- true range ---

# The range of a bar whose bar before closed at `close`; NaN if any part is.
@inline function range_of(high::Float64, low::Float64, close::Float64)
    inside, up, down = high - low, abs(high - close), abs(low - close)
    outside = ifelse(up > down, up, down)
    largest = ifelse(inside > outside, inside, outside)
    return ifelse(isnan(inside) | isnan(up) | isnan(down), NaN, largest)
end

function julia_true_range!(out::Vector{Float64}, high::Vector{Float64}, low::Vector{Float64}, close::Vector{Float64})
    isempty(out) && return out
    @inbounds out[1] = high[1] - low[1]
    @inbounds @simd for i in 2:length(out)
        out[i] = range_of(high[i], low[i], close[i-1])
    end
    return out
end

mutable struct AverageRange
    average::Seeded
    started::Bool
    close::Float64
end
AverageRange(period::Int) = AverageRange(Seeded(period), false, NaN)

function follow!(state::AverageRange, high::Float64, low::Float64, close::Float64)
    range = state.started ? range_of(high, low, state.close) : high - low
    state.started, state.close = true, close
    follow!(state.average, range)
    return nothing
end

function julia_atr!(out::Vector{Float64}, high::Vector{Float64}, low::Vector{Float64}, close::Vector{Float64}, period::Int, skip::Bool)
    state = AverageRange(period)
    first = 1
    @inbounds while first <= length(out) && !state.average.chain.started
        missed = skip & (isnan(high[first]) | isnan(low[first]) | isnan(close[first]))
        missed || follow!(state, high[first], low[first], close[first])
        out[first] = value_of(state)
        first += 1
    end
    a, b, average, before = state.average.chain.a, state.average.chain.b, state.average.chain.value, state.close
    @inbounds for i in first:length(out)
        if !(skip & (isnan(high[i]) | isnan(low[i]) | isnan(close[i])))
            average = (b * average) + (a * range_of(high[i], low[i], before))
            before = close[i]
        end
        out[i] = average
    end
    return out
end

# --- convergence and divergence of two averages ---

struct Convergence
    fast::Chain
    slow::Chain
    signal::Chain
    values::NTuple{3,Float64} # macd, its signal line, their difference
end
Convergence(fast::Int, slow::Int, signal::Int) =
    Convergence(ema_chain(fast), ema_chain(slow), ema_chain(signal), (NaN, NaN, NaN))

@inline function follow(state::Convergence, x::Float64)
    fast, slow = follow(state.fast, x), follow(state.slow, x)
    line = fast.value - slow.value
    signal = follow(state.signal, line)
    return Convergence(fast, slow, signal, (line, signal.value, line - signal.value))
end

function julia_macd!(outs::NTuple{3,Vector{Float64}}, x::Vector{Float64}, fast::Int, slow::Int, signal::Int, skip::Bool)
    state = Convergence(fast, slow, signal)
    @inbounds for i in eachindex(x)
        skip & isnan(x[i]) || (state = follow(state, x[i]))
        outs[1][i], outs[2][i], outs[3][i] = state.values
    end
    return outs
end

# What a chain says after the rows it has followed. Apart from following them: a stream that only goes along says nothing.
@inline value_of(state::Chain) = state.value
@inline value_of(state::Seeded) = state.chain.value
@inline value_of(state::Strength) = strength(state.gain.chain.value, state.loss.chain.value)
@inline value_of(state::AverageRange) = state.average.chain.value
@inline value_of(state::Convergence) = state.values
