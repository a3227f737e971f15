# SymbolDataSlice: one symbol's bid and ask candles in several timeframes, seen from one bar. The answer depends on
# the bar alone, never on the path to it. Per-bar questions are answered here over the shared columns: that costs
# less than a native call, and nothing is allocated.

const SLOT_LATEST = operation_slot(:latest)
const SLOT_HISTORY = operation_slot(:history)
const SLOT_HISTORY_MATRIX = operation_slot(:history_matrix)

# One series of a walk, and how to find its row at a time.
struct WalkSource
    slicer::SymbolDataSlicer
    series::CandleSeries
    timestamp::Vector{Int64}
    index::TimeIndex
    duration::Int64
    name::String
    price_type::String
    is_clock::Bool
end

# A copy of a walk moves by itself, over the same series.
Base.deepcopy_internal(source::WalkSource, ::IdDict) = source

"""
    SymbolDataSlice(data, index=1, indicators=Dict{String,Any}(); primary=nothing, backend=nothing)

One symbol's bid and ask candles in several timeframes, seen from one bar. `data` maps a timeframe to its sides:
`Dict("M1" => Dict("bid" => series, "ask" => series), "H1" => Dict("bid" => series))`, or vectors of such pairs;
either side may be missing. A walk is one task's: share the series among threads, not the walk.

`slice.index` counts the bars of the **primary** timeframe, the shortest or `primary=`, from 1: those of its bid
series, or of its ask if it has no bid. A bar is decided at its close (`slice.decision_time`), and every other series
answers with its last candle that has closed by then: [`latest`](@ref), [`history`](@ref), [`history_view`](@ref),
[`history_matrix`](@ref), and all bars in turn with [`walk`](@ref). `series_ref(slice, timeframe, price_type="bid")`,
`get(slice, timeframe, price_type="bid")` and `slice[timeframe]` (its bid) give the whole series, the candles to come
included, or `nothing`. `length(slice)` is the number of bars; `slice.indicators` is whatever was given.

`slice.index = i` and [`set_index!`](@ref) move it, past the end too; below 1 is 1003: no index wraps round to the
future. Other errors: 1001 for a series under another timeframe or side than its own, for several symbols, for a
primary that is not there; 1010 for no series at all; 1004 for other types. O(series). Source: `src/symbol_slice.jl`.

```jldoctest
julia> using OmegaJulia

julia> gapless(timeframe, n) = CandleSeries(Timeframe(timeframe).duration .* (0:n-1), 1.0:n, 1.0:n, 1.0:n, 1.0:n;
                                            symbol="X", timeframe=timeframe);

julia> slice = SymbolDataSlice(Dict("M5" => Dict("bid" => gapless("M5", 30)), "H1" => Dict("bid" => gapless("H1", 3))));

julia> slice.index = 11;

julia> latest(slice, "H1") === nothing, collect(history(slice, "M5", "bid", 3).close)
(true, [9.0, 10.0, 11.0])

julia> slice.index = 12;

julia> latest(slice, "H1").close
1.0
```
"""
mutable struct SymbolDataSlice
    index::Int
    sources::Vector{WalkSource}
    clock::WalkSource
    bars::Int
    decided::Int64 # the decision time; of the last bar where the index is past it
    rows::Vector{Int} # where each source was last asked: only a guess of where to look
    indicators::Any

    function SymbolDataSlice(data, index=1, indicators=Dict{String,Any}(); primary=nothing, backend=nothing)
        given = walk_entries(data)
        isempty(given) && fail(EMPTY_INPUT, "a walk needs at least one series")
        symbols = sort!(unique(series.symbol for series in given))
        length(symbols) == 1 || fail(INVALID_ARGUMENT, "a walk is over one symbol, not over ", join(symbols, ", "))
        duration = primary === nothing ? minimum(series.timeframe.duration for series in given) :
                   Timeframe(primary).duration
        clock = nothing
        for side in ("bid", "ask"), series in given
            clock === nothing && series.timeframe.duration == duration && series.price_type == side && (clock = series)
        end
        clock === nothing && fail(INVALID_ARGUMENT, "primary ", Timeframe(primary), " is not among the series")
        sources = WalkSource[WalkSource(series, series === clock, backend) for series in given]
        at = findfirst(source -> source.is_clock, sources)
        slice = new(1, sources, sources[at], length(clock), 0, zeros(Int, length(sources)), indicators)
        return set_index!(slice, index)
    end
end

function WalkSource(series::CandleSeries, is_clock::Bool, backend)
    slicer = SymbolDataSlicer(series; backend=backend)
    return WalkSource(slicer, series, getfield(series, :timestamp), shared_index(series), series.timeframe.duration,
        series.timeframe.name, series.price_type, is_clock)
end

# A dictionary, or a vector or tuple of pairs.
given_as(data) = data isa AbstractDict || (data isa Union{AbstractVector,Tuple} && all(entry -> entry isa Pair, data))

# The series of `data`, each under its own timeframe and side.
function walk_entries(data)
    given_as(data) || fail(TYPE_MISMATCH, "candles are given as Dict(timeframe => Dict(\"bid\" => series)), got ", repr(data))
    found = CandleSeries[]
    for (key, sides) in data
        given_as(sides) || fail(TYPE_MISMATCH, "timeframe ", key, " has no Dict(\"bid\" => series) but ", repr(sides))
        for (side, series) in sides
            series === nothing && continue
            series isa CandleSeries || fail(TYPE_MISMATCH, "a walk is over CandleSeries, got ", repr(series), " (", typeof(series), ")")
            timeframe, price_type = Timeframe(key), price_type_name(side)
            timeframe == series.timeframe && price_type == series.price_type ||
                fail(INVALID_ARGUMENT, sprint(show, series), " was given as ", timeframe, " ", price_type)
            any(other -> other.timeframe == timeframe && other.price_type == price_type, found) &&
                fail(INVALID_ARGUMENT, timeframe, " ", price_type, " was given twice")
            push!(found, series)
        end
    end
    return found
end

Base.length(slice::SymbolDataSlice) = getfield(slice, :bars)
Base.broadcastable(slice::SymbolDataSlice) = Ref(slice)
Base.propertynames(::SymbolDataSlice, private::Bool=false) =
    (:index, :indicators, :primary, :timeframes, :decision_time, :backend)

@inline function Base.getproperty(slice::SymbolDataSlice, name::Symbol)
    name === :primary && return getfield(slice, :clock).series.timeframe
    name === :timeframes && return sort!(unique(source.series.timeframe for source in getfield(slice, :sources)))
    name === :decision_time && return decision_time(slice)
    name === :backend && return getfield(slice, :clock).slicer.backend
    return getfield(slice, name)
end

@inline function Base.setproperty!(slice::SymbolDataSlice, name::Symbol, value)
    name === :index && (set_index!(slice, value); return value)
    name === :indicators && return setfield!(slice, :indicators, value)
    fail(INVALID_STATE, "of a SymbolDataSlice only index and indicators can be set, not ", name)
end

function decision_time(slice::SymbolDataSlice)
    index, bars = getfield(slice, :index), getfield(slice, :bars)
    index <= bars || fail(OUT_OF_BOUNDS, "bar ", index, " is past the last of ", bars)
    return getfield(slice, :decided)
end

"""
    set_index!(slice::SymbolDataSlice, index) -> slice
    set_index!(slice::MultiSymbolSlice, index) -> slice

Goes to a bar, or to a moment, counted from 1. A walk may go past its last bar, where [`latest`](@ref) is `nothing`
and [`history`](@ref) grows shorter; a moment must exist. Errors: 1003 below 1, and for a moment past the last; 1004
for anything but an integer. O(1). Source: `src/symbol_slice.jl`.

```jldoctest
julia> using OmegaJulia

julia> one = CandleSeries([0, 60_000_000], [1.0, 1.1], [1.2, 1.3], [0.9, 1.0], [1.1, 1.2]; symbol="X", timeframe="M1");

julia> slice = SymbolDataSlice(Dict("M1" => Dict("bid" => one)));

julia> set_index!(slice, 2).index
2
```
"""
@inline function set_index!(slice::SymbolDataSlice, index::Int)
    index >= 1 || fail_index(index)
    clock = getfield(slice, :clock)
    setfield!(slice, :index, index)
    row = min(index, getfield(slice, :bars))
    if row > 0
        setfield!(slice, :decided, saturated_sum(@inbounds(clock.timestamp[row]), clock.duration))
    end
    return slice
end
set_index!(slice::SymbolDataSlice, index) = set_index!(slice, index_number(index))

function index_number(index)
    index isa Integer && !(index isa Bool) ||
        fail(TYPE_MISMATCH, "an index must be an integer, got ", repr(index), " (", typeof(index), ")")
    index >= 1 || fail_index(index)
    return index > typemax(Int) ? typemax(Int) : Int(index)
end
@noinline fail_index(index) =
    fail(OUT_OF_BOUNDS, "index ", index, " is below 1: bars count from 1, and none wraps round")

# The number of the source asked for, 0 for none. Names as they are printed cost no parsing and no memory.
@inline function find_source(slice::SymbolDataSlice, timeframe::Union{String,Timeframe}, price_type::String)
    price_type == "bid" || price_type == "ask" || price_type_name(price_type)
    sources = getfield(slice, :sources)
    for i in eachindex(sources)
        source = @inbounds sources[i]
        same_timeframe(source, timeframe) && source.price_type == price_type && return i
    end
    return timeframe isa Timeframe ? 0 : find_spelling(slice, timeframe, price_type)
end
find_source(slice::SymbolDataSlice, timeframe, price_type) =
    find_source(slice, Timeframe(timeframe), String(price_type_name(price_type)))

@inline same_timeframe(source::WalkSource, name::String) = source.name == name
@inline same_timeframe(source::WalkSource, timeframe::Timeframe) = source.duration == getfield(timeframe, :duration)

@noinline function find_spelling(slice::SymbolDataSlice, timeframe::String, price_type::String)
    parsed = Timeframe(timeframe)
    # Under its own name it would have been found.
    return parsed.name == timeframe ? 0 : find_source(slice, parsed, price_type)
end

# A close time; beyond Int64 it is Int64's last moment.
@inline function saturated_sum(stamp::Int64, duration::Int64)
    time, over = Base.add_with_overflow(stamp, duration)
    return ifelse(over, typemax(Int64), time)
end

# The last row of a source that has closed by the decision time. Where it last was is looked at first, which a walk
# forward nearly always ends with; the answer is the same from anywhere.
@inline function visible_row(slice::SymbolDataSlice, at::Int, source::WalkSource, bar::Int)
    source.is_clock && return bar
    latest, under = Base.sub_with_overflow(getfield(slice, :decided), source.duration)
    under && return 0
    rows, stamps = getfield(slice, :rows), source.timestamp
    row = @inbounds rows[at]
    if (row == 0 || @inbounds(stamps[row]) <= latest) && (row == length(stamps) || @inbounds(stamps[row+1]) > latest)
        return row
    end
    row = rows_through(source.index, stamps, latest)
    @inbounds rows[at] = row
    return row
end

@inline shared_path(source::WalkSource) = source.slicer.handle == C_NULL ? FALLBACK : SHARED

"""
    latest(slice, timeframe, price_type="bid") -> Union{Candle,Nothing}

The last candle of that timeframe and side that has closed at the bar `slice` stands on; `nothing` before there is
one, past the last bar, and for what is not there. Errors: 1001 for another price type, 1009 for text that is no
timeframe. O(1) on evenly spaced candles; allocates nothing for a timeframe by its own name.
Source: `src/symbol_slice.jl`.

```jldoctest
julia> using OmegaJulia

julia> one = CandleSeries([0, 60_000_000], [1.0, 1.1], [1.2, 1.3], [0.9, 1.0], [1.1, 1.2]; symbol="X", timeframe="M1");

julia> slice = SymbolDataSlice(Dict("M1" => Dict("bid" => one)));

julia> latest(slice, "M1").close, latest(slice, "H1")
(1.1, nothing)
```
"""
@inline function latest(slice::SymbolDataSlice, timeframe, price_type="bid")
    at = find_source(slice, timeframe, price_type)
    index = getfield(slice, :index)
    (at == 0) | (index > getfield(slice, :bars)) && return nothing
    source = @inbounds getfield(slice, :sources)[at]
    count!(SLOT_LATEST, shared_path(source))
    row = visible_row(slice, at, source, index)
    return row == 0 ? nothing : candle_at(source.series, row)
end

"""
    history(slice, timeframe, price_type="bid", length=20) -> Candles
    history_view(slice, timeframe, price_type="bid", length=20) -> Candles

The last `length` candles, oldest first, the [`latest`](@ref) included, as [`Candles`](@ref): a row range, never a
copy. Fewer near the start; past the last bar those of the same window that still exist. Empty for what is not there.
Each timeframe counts its own candles. Errors: as [`latest`](@ref); 1001 for a negative length, 1004 for one that is
no integer. O(1) on evenly spaced candles; allocates nothing for a timeframe by its own name.
Source: `src/symbol_slice.jl`.

```jldoctest
julia> using OmegaJulia

julia> one = CandleSeries([0, 60_000_000], [1.0, 1.1], [1.2, 1.3], [0.9, 1.0], [1.1, 1.2]; symbol="X", timeframe="M1");

julia> slice = SymbolDataSlice(Dict("M1" => Dict("bid" => one)));

julia> slice.index = 2;

julia> history(slice, "M1", "bid", 5).rows, history_view(slice, "M1", "bid", 1).rows
(1:2, 2:2)
```
"""
@inline function history(slice::SymbolDataSlice, timeframe, price_type="bid", length=20)
    rows = length isa Int && length >= 0 ? length : length_number(length)
    at = find_source(slice, timeframe, price_type)
    bars, index = getfield(slice, :bars), getfield(slice, :index)
    at == 0 && return Candles(getfield(slice, :clock).series, 0, 0)
    source = @inbounds getfield(slice, :sources)[at]
    count!(SLOT_HISTORY, shared_path(source))
    bars == 0 && return Candles(source.series, 0, 0)
    newest = visible_row(slice, at, source, min(index, bars))
    beyond = max(0, index - bars)
    len = beyond >= rows ? 0 : min(rows - beyond, newest)
    return Candles(source.series, len == 0 ? 0 : newest - len, len)
end

"""
    history_view(slice, timeframe, price_type="bid", length=20) -> Candles

As [`history`](@ref), which copies nothing either: the name that code for walks over lists uses. O(1) as there.
Source: `src/symbol_slice.jl`.

```jldoctest
julia> using OmegaJulia

julia> one = CandleSeries([0], [1.0], [1.2], [0.9], [1.1]; symbol="X", timeframe="M1");

julia> history_view(SymbolDataSlice(Dict("M1" => Dict("bid" => one))), "M1").rows
1:1
```
"""
@inline history_view(slice::SymbolDataSlice, timeframe, price_type="bid", length=20) =
    history(slice, timeframe, price_type, length)

function length_number(length)
    length isa Integer && !(length isa Bool) ||
        fail(TYPE_MISMATCH, "length must be an integer, got ", repr(length), " (", typeof(length), ")")
    length >= 0 || fail(INVALID_ARGUMENT, "length must not be negative, got ", length)
    return length > typemax(Int) ? typemax(Int) : Int(length)
end

"""
    series_ref(slice, timeframe, price_type="bid") -> Union{CandleSeries,Nothing}

The series itself, the candles still to come included; `nothing` for what is not there. The same as
`get(slice, timeframe, price_type)`, and as `slice[timeframe]` for bids. O(series). Source: `src/symbol_slice.jl`.

```jldoctest
julia> using OmegaJulia

julia> one = CandleSeries([0, 60_000_000], [1.0, 1.1], [1.2, 1.3], [0.9, 1.0], [1.1, 1.2]; symbol="X", timeframe="M1");

julia> slice = SymbolDataSlice(Dict("M1" => Dict("bid" => one)));

julia> series_ref(slice, "M1") === slice["M1"] === one
true
```
"""
function series_ref(slice::SymbolDataSlice, timeframe, price_type="bid")
    at = find_source(slice, timeframe, price_type)
    return at == 0 ? nothing : getfield(slice, :sources)[at].series
end
Base.get(slice::SymbolDataSlice, timeframe, price_type="bid") = series_ref(slice, timeframe, price_type)
Base.getindex(slice::SymbolDataSlice, timeframe) = series_ref(slice, timeframe, "bid")

# The bars of a walk, each yielding the slice itself.
struct Walk
    slice::SymbolDataSlice
    start::Int
    stop::Int
end

"""
    walk(slice, start=1, stop=length(slice))

Goes through the bars `start` to `stop` (at most the last), moving `slice` and yielding it: `for bar in walk(slice)`.
No native call and no allocation per bar. Iterators of one slice share its bar: whichever was advanced last has moved
it for all; slices that go their own ways are made with `deepcopy`. Errors: 1003 for a start below 1. Source: `src/symbol_slice.jl`.

```jldoctest
julia> using OmegaJulia

julia> series = CandleSeries([0, 60_000_000], [1.0, 1.1], [1.2, 1.3], [0.9, 1.0], [1.1, 1.2]; symbol="X", timeframe="M1");

julia> slice = SymbolDataSlice(Dict("M1" => Dict("bid" => series)));

julia> [latest(bar, "M1").close for bar in walk(slice)] == [1.1, 1.2]
true
```
"""
walk(slice::SymbolDataSlice, start=1, stop=length(slice)) =
    Walk(slice, index_number(start), min(stop_number(stop), length(slice)))

stop_number(stop) = stop isa Integer && !(stop isa Bool) && stop < 1 ? 0 : index_number(stop)

Base.length(bars::Walk) = max(0, bars.stop - bars.start + 1)
Base.eltype(::Type{Walk}) = SymbolDataSlice
@inline function Base.iterate(bars::Walk, index::Int=bars.start)
    index > bars.stop && return nothing
    return set_index!(bars.slice, index), index + 1
end

"""
    history_matrix(slice, timeframe, price_type="bid", length=20, field="close", start=1, stop=length(slice))

[`history`](@ref) of one field at each of the bars `start` to `stop`, in one call: a matrix of `Float64`, a row for
each bar, oldest first, NaN on the left where there is less, everything for what is not there. As of
[`gather_lookback`](@ref), each history lies contiguously in memory. Errors: as [`history`](@ref); 1003 for a start
below 1, 6001 if it does not fit into memory. O(cells); allocates the answer. Source: `src/symbol_slice.jl`.

```jldoctest
julia> using OmegaJulia

julia> one = CandleSeries([0, 60_000_000], [1.0, 1.1], [1.2, 1.3], [0.9, 1.0], [1.1, 1.2]; symbol="X", timeframe="M1");

julia> slice = SymbolDataSlice(Dict("M1" => Dict("bid" => one)));

julia> isequal(history_matrix(slice, "M1", "bid", 2), [NaN 1.1; 1.1 1.2])
true
```
"""
function history_matrix(slice::SymbolDataSlice, timeframe, price_type="bid", length=20, field="close", start=1,
    stop=Base.length(slice))

    rows, first = length_number(length), index_number(start)
    bars = first:min(stop_number(stop), Base.length(slice))
    field_number(field)
    at = find_source(slice, timeframe, price_type)
    if at == 0 || rows == 0 || isempty(bars)
        return PermutedDimsArray(fill!(lookback_memory(Int64(rows), Base.length(bars)), NaN), (2, 1))
    end
    source, clock = getfield(slice, :sources)[at], getfield(slice, :clock)
    count!(SLOT_HISTORY_MATRIX, asks_library(source.slicer) ? NATIVE : FALLBACK)
    times = clock.timestamp[bars]
    if !source.is_clock
        for i in eachindex(times)
            times[i] = saturated_sum(times[i], clock.duration)
        end
    end
    return gather_lookback(source.slicer, times, rows, field; closed_only=!source.is_clock, partial=true)
end

function Base.show(io::IO, slice::SymbolDataSlice)
    words = join((string(source.name, " ", source.price_type) for source in getfield(slice, :sources)), ", ")
    print(io, "SymbolDataSlice(", getfield(slice, :clock).series.symbol, ": ", words, "; bar ", slice.index, " of ", length(slice), ")")
end
