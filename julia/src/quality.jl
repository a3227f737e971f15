# What is legal but odd in a series: gaps, overlaps, prices that contradict each other, crossed quotes.
# Counts only; nothing is repaired, and nothing here decides whether a series is fit to trade.

const SLOT_QUALITY = operation_slot(:quality)

"""
    Quality

What [`quality`](@ref) finds in one series, all `Int64` counts but `steps`:

`rows`; `gaps` (steps longer than the timeframe) and `steps`, those gaps by length, ascending, as
`microseconds => count` (steps longer than Int64 count as its largest value); `overlaps` (steps shorter
than the timeframe); rows by fault: `high_below_low`, `outside_high_low` (open or close),
`nonpositive_prices`, `negative_volumes`, `missing_prices`, `missing_volumes`. NaN compares false.
Source: `src/quality.jl`.
"""
struct Quality
    rows::Int64
    gaps::Int64
    overlaps::Int64
    high_below_low::Int64
    outside_high_low::Int64
    nonpositive_prices::Int64
    negative_volumes::Int64
    missing_prices::Int64
    missing_volumes::Int64
    steps::Vector{Pair{Int64,Int64}}
end

"""
    PairQuality

What [`quality`](@ref) finds in a bid and an ask series, matched by stamp, all `Int64` counts: `matched`,
`crossed` (ask close below bid close), `locked` (equal), `bid_only`, `ask_only`. Source: `src/quality.jl`.
"""
struct PairQuality
    matched::Int64
    crossed::Int64
    locked::Int64
    bid_only::Int64
    ask_only::Int64
end

Base.:(==)(a::Quality, b::Quality) = all(name -> getfield(a, name) == getfield(b, name), fieldnames(Quality))
Base.hash(q::Quality, h::UInt) = foldl((h, name) -> hash(getfield(q, name), h), fieldnames(Quality); init=h)

function Base.show(io::IO, ::MIME"text/plain", report::Union{Quality,PairQuality})
    print(io, nameof(typeof(report)))
    for name in fieldnames(typeof(report))
        name === :steps || print(io, "\n  ", rpad(replace(string(name), '_' => ' '), 20), getfield(report, name))
    end
    report isa Quality || return nothing
    for (step, count) in report.steps
        print(io, "\n    gaps of ", step ÷ 1_000_000, " s: ", count)
    end
end

"""
    quality(series; backend=nothing) -> Quality
    quality(bid, ask; backend=nothing) -> PairQuality

Reports what is legal but odd in one series, or in the two sides of a market: see [`Quality`](@ref) and
[`PairQuality`](@ref). `backend` is by default the one the first series has.
Errors: 1004 unless series are given, 6005 if the native backend is demanded but not there.
O(n), O(n + m). Source: `src/quality.jl`.

```jldoctest
julia> using OmegaJulia

julia> bid = CandleSeries([0, 120_000_000], [1.0, 1.1], [1.2, 1.3], [0.9, 1.0], [1.1, 1.2];
                          symbol="EURUSD", timeframe="M1");

julia> quality(bid).gaps, quality(bid).steps[1].first, quality(bid, bid).locked
(1, 120000000, 2)
```
"""
function quality(series::CandleSeries; backend=nothing)
    library = backend === nothing ? native_of(series) : library_for(resolve_choice(backend))
    auto = backend === nothing ? is_auto(series) : resolve_choice(backend).requested === :auto
    return guarded(() -> native_quality(series, library), () -> julia_quality(series), SLICER, SLOT_QUALITY, "quality", library, auto,
        (series,))
end

function quality(bid::CandleSeries, ask::CandleSeries; backend=nothing)
    library = backend === nothing ? native_of(bid) : library_for(resolve_choice(backend))
    auto = backend === nothing ? is_auto(bid) : resolve_choice(backend).requested === :auto
    return guarded(() -> native_pair_quality(bid, ask, library), () -> julia_pair_quality(bid, ask), SLICER, SLOT_QUALITY,
        "pair_quality", library, auto, (bid, ask))
end

quality(others...; backend=nothing) = fail(TYPE_MISMATCH, "quality is asked of one CandleSeries, or of a bid and an ask one")

function native_quality(series::CandleSeries, library::NativeLibrary)
    handle = native_handle(series, library)
    found, total = Ref{NativeQuality}(), Ref{Csize_t}()
    steps = Pair{Int64,Int64}[]
    GC.@preserve handle begin
        status = ccall(library.series_quality, Int32, (Ptr{Cvoid}, Ref{NativeQuality}), handle.pointer, found)
        status == 0 || native_failure(library, status)
        status = ccall(library.series_gaps, Int32, (Ptr{Cvoid}, Ptr{NativeGap}, Csize_t, Ref{Csize_t}),
            handle.pointer, C_NULL, 0, total)
        status == 0 || native_failure(library, status)
        gaps = Vector{NativeGap}(undef, total[])
        status = ccall(library.series_gaps, Int32, (Ptr{Cvoid}, Ptr{NativeGap}, Csize_t, Ref{Csize_t}),
            handle.pointer, gaps, length(gaps), total)
        status == 0 || native_failure(library, status)
        append!(steps, (gap.step_us => gap.count for gap in gaps))
    end
    return Quality((getfield(found[], name) for name in fieldnames(NativeQuality))..., steps)
end

function native_pair_quality(bid::CandleSeries, ask::CandleSeries, library::NativeLibrary)
    bids, asks, found = native_handle(bid, library), native_handle(ask, library), Ref{NativePairQuality}()
    status = GC.@preserve bids asks ccall(library.series_pair_quality, Int32,
        (Ptr{Cvoid}, Ptr{Cvoid}, Ref{NativePairQuality}), bids.pointer, asks.pointer, found)
    status == 0 || native_failure(library, status)
    return PairQuality((getfield(found[], name) for name in fieldnames(NativePairQuality))...)
end

function julia_quality(series::CandleSeries)
    stamps, expected = getfield(series, :timestamp), series.timeframe.duration % UInt64
    steps, gaps, overlaps = Dict{UInt64,Int64}(), 0, 0
    for row in 2:length(stamps)
        # Unsigned: two stamps may lie further apart than an Int64 can say.
        step = distance(stamps[row-1], stamps[row])
        overlaps += step < expected
        step > expected || continue
        gaps += 1
        steps[step] = get(steps, step, 0) + 1
    end
    return Quality(length(stamps), gaps, overlaps, price_faults(series)..., grouped(steps))
end

# Ascending, with steps beyond Int64 counted together as its largest value.
function grouped(steps::Dict{UInt64,Int64})
    found = Pair{Int64,Int64}[]
    for step in sort!(collect(keys(steps)))
        length_us = Int64(min(step, UInt64(typemax(Int64))))
        if !isempty(found) && last(found).first == length_us
            found[end] = length_us => last(found).second + steps[step]
        else
            push!(found, length_us => steps[step])
        end
    end
    return found
end

function price_faults(series::CandleSeries)
    inverted, outside, nonpositive, missing_prices = 0, 0, 0, 0
    negative, missing_volumes = 0, 0
    for row in eachindex(series)
        candle = candle_at(series, row)
        open, high, low, close, volume = candle.open, candle.high, candle.low, candle.close, candle.volume
        inverted += high < low
        outside += (open > high) | (open < low) | (close > high) | (close < low)
        nonpositive += (open <= 0) | (high <= 0) | (low <= 0) | (close <= 0)
        missing_prices += isnan(open) | isnan(high) | isnan(low) | isnan(close)
        negative += volume < 0
        missing_volumes += isnan(volume)
    end
    return inverted, outside, nonpositive, negative, missing_prices, missing_volumes
end

function julia_pair_quality(bid::CandleSeries, ask::CandleSeries)
    bids, asks = getfield(bid, :timestamp), getfield(ask, :timestamp)
    bid_close, ask_close = getfield(bid, :close), getfield(ask, :close)
    matched, crossed, locked = 0, 0, 0
    i, j = 1, 1
    while i <= length(bids) && j <= length(asks)
        if bids[i] < asks[j]
            i += 1
        elseif bids[i] > asks[j]
            j += 1
        else
            matched += 1
            crossed += ask_close[j] < bid_close[i]
            locked += ask_close[j] == bid_close[i]
            i += 1
            j += 1
        end
    end
    return PairQuality(matched, crossed, locked, length(bids) - matched, length(asks) - matched)
end
