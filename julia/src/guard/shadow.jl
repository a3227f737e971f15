# Shadow mode: a seeded fraction of the library's answers is worked out again by the fallback, bit for bit. Kernels are
# sampled by row, in blocks worked out from their own windows, which exactness makes legal; batches by element; what has no
# rows of its own by call. A recurrence is begun some rows before the block: where that meets other bits than the library's,
# the whole series decides. So nothing that is right is ever reported, and a wrong row is found with the fraction's probability.

# Blocks that a long series is expected to have worked out again, and rows of the shortest.
const SHADOW_BLOCKS = 16
const LEAST_BLOCK = 64
# Rows for each row of the period until a chain has forgotten where it began, as a rule.
const FORGETTING = Dict(:ema => 30, :wilder => 60, :rsi => 60, :atr => 60, :macd => 60)

# The fraction, the seed, and what has been found.
mutable struct Shadow
    fraction::Float64
    spacing::Float64 # what the logarithm of a share is multiplied with, for how many go by
    seed::Int
    chosen::Bool # by set_shadow, which stands above the environment
    seen::Tuple{String,String} # what the environment said when it was last read
    rows::Threads.Atomic{Int}
    differences::Threads.Atomic{Int}
end
const SHADOW = Shadow(0.0, 0.0, 0, false, ("", ""), Threads.Atomic{Int}(0), Threads.Atomic{Int}(0))

shadow_title() = string("shadow mode (fraction ", SHADOW.fraction, ", seed ", SHADOW.seed, ")")

"""
    set_shadow(fraction; seed=nothing)

Has a fraction of the library's answers, 0 to 1, worked out again in Julia and compared bit for bit, where the backend is
`"auto"`. A difference is an incident: the module goes on in Julia, whose answer is the one returned. The same seed looks at
the same rows of the same calls. `OMEGA_SHADOW` and `OMEGA_SHADOW_SEED` say the same to a process that starts. A wrong row is found with
probability `fraction` each time it is answered; `k` of them with `1 - (1 - fraction)^k`.

Errors: 1001 for a fraction outside 0 to 1 and a negative seed, 1004 for other types. O(1).
Source: `src/guard/shadow.jl`.

```jldoctest
julia> using OmegaJulia

julia> set_shadow(0.01; seed=7)

julia> status().shadow.fraction
0.01

julia> set_shadow(0)
```
"""
function set_shadow(fraction; seed=nothing)
    fraction isa Real && !(fraction isa Bool) || fail(TYPE_MISMATCH, "the fraction is a number, not ", repr(fraction))
    0 <= fraction <= 1 || fail(INVALID_ARGUMENT, "the fraction must be from 0 to 1, got ", fraction)
    number = seed === nothing ? SHADOW.seed : integer_argument(seed, "seed", 0)
    put_shadow!(Float64(fraction), number)
    SHADOW.chosen = true
    return nothing
end

function put_shadow!(fraction::Float64, seed::Int)
    SHADOW.seed = seed
    SHADOW.fraction, SHADOW.spacing = fraction, 1 / log1p(-fraction)
    for breaker in BREAKERS
        lock(breaker.lock) do
            settle!(breaker)
            breaker.draws = numbered_draws(breaker, 0).state
            draw_until!(breaker)
        end
    end
    return nothing
end

# What the environment says: 1001 naming what cannot be read.
function take_shadow(said::Tuple{String,String})
    fraction = isempty(said[1]) ? 0.0 : tryparse(Float64, said[1])
    seed = isempty(said[2]) ? 0 : tryparse(Int, said[2])
    fraction !== nothing && 0 <= fraction <= 1 && seed !== nothing && seed >= 0 || fail(INVALID_ARGUMENT, "environment variables OMEGA_SHADOW=",
        quoted(said[1]), ", OMEGA_SHADOW_SEED=", quoted(said[2]), ": a fraction from 0 to 1 and an integer were expected")
    put_shadow!(fraction, seed)
    SHADOW.seen = said
    return nothing
end

# What decides about a call: a function of seed, module and the call's number alone (splitmix64).
mutable struct Draws
    state::UInt64
end
mixed(z::UInt64) = (z = (z ⊻ (z >> 30)) * 0xbf58476d1ce4e5b9; z = (z ⊻ (z >> 27)) * 0x94d049bb133111eb; z ⊻ (z >> 31))
const DRAW_STEP = 0x9e3779b97f4a7c15
next_draw!(draws::Draws) = mixed(draws.state += DRAW_STEP)
next_share!(draws::Draws) = share(next_draw!(draws))
share(drawn::UInt64) = (drawn >> 11) * 2.0^-53
is_chosen!(draws::Draws) = next_share!(draws) < SHADOW.fraction

# The draws of the next call of a module.
call_draws!(breaker::Breaker) = numbered_draws(breaker, Threads.atomic_add!(breaker.calls, 1) + 1)

function numbered_draws(breaker::Breaker, number::Int)
    name = reduce((sum, byte) -> mixed(sum ⊻ byte), codeunits(breaker.name); init=UInt64(0))
    return Draws(mixed(mixed(SHADOW.seed % UInt64 ⊻ name) + number % UInt64))
end

# How many answers go by until the next one that is compared. Drawn at once for all of them, since a draw for each would cost more
# than a question does; each is compared with the fraction's probability all the same, whatever becomes of the others.
function draw_until!(breaker::Breaker)
    skipped = log(1 - share(mixed(breaker.draws += DRAW_STEP))) * SHADOW.spacing
    breaker.until = skipped < 2.0^62 ? floor(Int, skipped) : typemax(Int)
    return nothing
end

count_shadow!(rows::Int) = (Threads.atomic_add!(SHADOW.rows, rows); nothing)
count_difference!() = (Threads.atomic_add!(SHADOW.differences, 1); nothing)

# --- calls and batches ---

# How a batch is compared: `again` gives the fallback's answers to the elements of these numbers.
struct ByElement{F}
    count::Int
    again::F
end

# The answer, or the fallback's where a part that was worked out again differs.
function compared(breaker::Breaker, call::String, answer, julia::J, ::Nothing, given) where {J}
    is_chosen!(call_draws!(breaker)) || return answer
    theirs = fallback_or_wrong(julia, breaker, call, given)
    theirs === missing && return answer
    count_shadow!(1)
    return same_answer(answer, theirs) ? answer : wrong_answer!(theirs, breaker, call, call, given)
end

# An answer at one bar whose turn it is; types are known, so that nothing is boxed.
@noinline function compared_bar(answer::A, julia::J, slicer::SymbolDataSlicer, call::String, given::Vararg{Any,K}) where {A,J,K}
    draw_until!(SLICER)
    count_shadow!(1)
    theirs = try
        julia(in_julia(slicer), given...)
    catch error
        error isa OmegaError || rethrow()
        rarely(refused_by_fallback!, error, SLICER, call, OneBar(slicer, given))
        rethrow()
    end
    return same_answer(answer, theirs) ? answer : rarely(wrong_answer!, theirs, SLICER, call, call, OneBar(slicer, given))::A
end

# Compared elsewhere, by row.
compared(::Breaker, ::String, answer, ::J, ::Missing, given) where {J} = answer

function compared(breaker::Breaker, call::String, answer, julia::J, by::ByElement, given) where {J}
    draws = call_draws!(breaker)
    chosen = findall(_ -> is_chosen!(draws), 1:by.count)
    isempty(chosen) && return answer
    theirs = fallback_or_wrong(() -> by.again(chosen), breaker, call, given)
    theirs === missing && return answer
    count_shadow!(length(chosen))
    wrong = findfirst(k -> !same_answer(element(answer, chosen[k]), element(theirs, k)), eachindex(chosen))
    wrong === nothing && return answer
    return wrong_answer!(julia(), breaker, call, string(call, ", element ", chosen[wrong]), given)
end

element(answers::AbstractVector, i::Int) = answers[i]
element(answers::AbstractMatrix, i::Int) = answers[i, :]

# From here on Julia's error is that it cannot (memory, a part that is not there): no judgement, and missing as an answer.
const CANNOT = 6000

function fallback_or_wrong(julia::J, breaker::Breaker, call::String, given) where {J}
    try
        return julia()
    catch error
        error isa OmegaError || rethrow()
        error.code >= CANNOT && return missing
        refused_by_fallback!(error, breaker, call, given)
        rethrow()
    end
end

function refused_by_fallback!(error::OmegaError, breaker::Breaker, call::String, given)
    count_difference!()
    trip!(() -> arguments_text(call, given), breaker, "wrong_answer",
        string(call, ": the library answers, the fallback refuses: ", sprint(showerror, error)); call=call, by=shadow_title())
end

function wrong_answer!(theirs, breaker::Breaker, call::String, what::String, given)
    started = time()
    switch_off!(breaker)
    count_difference!()
    trip!(() -> arguments_text(call, given), breaker, "wrong_answer", string(what, ": the library's answer is not the fallback's");
        call=call, started=started, by=shadow_title())
    return theirs
end

# The same to the bit; any NaN is any other.
same_answer(a::Float64, b::Float64) = same_state(a, b)
same_answer(a::AbstractArray, b::AbstractArray) = size(a) == size(b) && all(pair -> same_answer(pair...), zip(a, b))
same_answer(a::Tuple, b::Tuple) = length(a) == length(b) && all(map(same_answer, a, b))
same_answer(a::Pair, b::Pair) = a == b
same_answer(a, b) = a == b
function same_answer(a::CandleSeries, b::CandleSeries)
    a.has_volume == b.has_volume && length(a) == length(b) || return false
    return all(name -> same_answer(getfield(a, name), getfield(b, name)), COLUMN_NAMES)
end
same_answer(a::Candles, b::Candles) = a.rows == b.rows
same_answer(a::Quality, b::Quality) = all(name -> getfield(a, name) == getfield(b, name), fieldnames(Quality))
same_answer(a::PairQuality, b::PairQuality) = all(name -> getfield(a, name) == getfield(b, name), fieldnames(PairQuality))

# --- kernels ---

# Works out some rows again; where one differs, the fallback's answer takes the place of all. Whether it was right.
function compare_kernel!(breaker::Breaker, outs::Tuple, ins::Tuple, call)
    draws, rows = call_draws!(breaker), length(ins[1])
    before, certain = rows_before(call)
    len = max(LEAST_BLOCK, floor(Int, rows * SHADOW.fraction) ÷ SHADOW_BLOCKS, min(before, rows) ÷ 4)
    blocks = UnitRange{Int}[]
    if before >= rows ÷ 2 # as good as the whole series: all or nothing
        is_chosen!(draws) && push!(blocks, 1:rows)
    else
        first = Int(next_draw!(draws) % UInt64(len)) + 1 # so that no row is always at a block's edge
        starts = first > 1 ? [1; first:len:rows] : collect(1:len:rows)
        for (k, start) in enumerate(starts)
            is_chosen!(draws) && push!(blocks, start:(k == length(starts) ? rows : starts[k+1] - 1))
        end
    end
    for block in blocks
        wrong = first_wrong(outs, ins, call, block, before)
        count_shadow!(length(block))
        wrong === nothing && continue
        if !certain && block.start > before + 1
            wrong = first_wrong(outs, ins, call, 1:rows, 0)
            wrong === nothing && continue # the block had not forgotten where it began
        end
        wrong_kernel!(breaker, outs, ins, call, wrong...)
        return false
    end
    return true
end

# How many rows before a row bear on it, and whether none before those do.
function rows_before(call)
    name = KERNELS[call.kernel+1]
    name === :true_range && return 1, true
    name === :macd && return saturated_product(FORGETTING[name], max(call.window, call.slow), call.signal), false
    haskey(FORGETTING, name) && return saturated_product(FORGETTING[name], call.window, 0), false
    return name in (:diff, :returns, :log_returns, :shift) ? call.window : call.window - 1, true
end
saturated_product(times::Int, a::Int, b::Int) = Int(min(Int128(times) * (Int128(a) + b), typemax(Int) ÷ 4))

# The first row of a block whose bits are not the fallback's, and the fallback's values there.
function first_wrong(outs::Tuple, ins::Tuple, call, block::UnitRange{Int}, before::Int)
    start = max(1, block.start - before)
    parts = map(x -> x[start:block.stop], ins)
    lines = map(_ -> Vector{Float64}(undef, block.stop - start + 1), outs)
    julia_kernel!(lines, parts, call)
    for row in block
        k = row - start + 1
        all(i -> same_state(outs[i][row], lines[i][k]), 1:length(outs)) || return row, map(line -> line[k], lines)
    end
    return nothing
end

function wrong_kernel!(breaker::Breaker, outs::Tuple, ins::Tuple, call, row::Int, theirs::Tuple)
    started, name = time(), String(KERNELS[call.kernel+1])
    switch_off!(breaker)
    before, certain = rows_before(call)
    start = certain ? max(1, row - before) : 1
    kept = map(x -> x[start:row], ins)
    count_difference!()
    trip!(() -> arguments_text(name, (kept, kernel_numbers(call)), row - start), breaker, "wrong_answer",
        string(name, ", row ", row, ": the library says ", bits_text(map(out -> out[row], outs)), ", the fallback ", bits_text(theirs));
        call=name, started=started, by=shadow_title())
    julia_kernel!(outs, ins, call)
    return nothing
end

bits_text(values::Tuple) = join((string(value, " (", string(reinterpret(UInt64, value); base=16, pad=16), ")") for value in values), ", ")
