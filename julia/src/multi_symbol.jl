# MultiSymbolSlice: one moment across several symbols, moved through time. The moments are put together once, by the
# backend; what is asked at one of them is answered here over the shared columns, without allocating.

const SLOT_TIMELINE = operation_slot(:timeline)
const SLOT_GET_CANDLE = operation_slot(:get_candle)
const SLOT_GET_PRICE = operation_slot(:get_price)
const ASOF = UInt32(1)

# A series and its row at each moment, 0 for none.
struct MomentColumn
    series::CandleSeries
    symbol::String
    price_type::String
    close::Vector{Float64}
    rows::Vector{Int64}
end

Base.deepcopy_internal(column::MomentColumn, ::IdDict) = column

"""
    MultiSymbolSlice(series; timeline="intersection", asof=false, stale_limit=nothing, backend=nothing)

One moment across several symbols. The moments are the stamps that all `series` (a vector of
[`CandleSeries`](@ref) of one timeframe) share, or with `timeline="union"` all there are; a moment stamped `t` is
decided at `t` + timeframe. At a moment a series shows the candle stamped exactly then; with `asof` the latest one
closed by its decision time, unless it is more than `stale_limit` (microseconds or a `Dates.Period`) old.

Questions: [`get_candle`](@ref), [`get_price`](@ref), [`get_spread`](@ref), [`snapshot`](@ref). Properties: `index`
(from 1; assigning moves it), `timestamp`, `decision_time`, `timeline` (all moments), `symbols`, `backend`. Iteration
starts at the first moment, moves the slice and yields timestamps; `peek(slice, n=1)` is the timestamp `n` moments
ahead or `nothing` (when, never at what price), `skip(slice, n=1)` goes ahead by at most `n` and returns how many.
Iterators of one slice share its moment: each goes on from wherever the slice was moved to; slices that go their own
ways are made with `deepcopy`.

Errors: 1010 without a series; 1001 for different timeframes, for a symbol and side given twice, for a `stale_limit`
that is negative or without `asof`; 1003 for a moment that does not exist; 1004 for other types. O(rows of all
series). Source: `src/multi_symbol.jl`.

```jldoctest
julia> using OmegaJulia

julia> series(symbol, side, price, minutes) = (p = fill(price, length(minutes));
           CandleSeries(60_000_000 .* minutes, p, p, p, p; symbol=symbol, timeframe="M1", price_type=side));

julia> market = MultiSymbolSlice([series("EURUSD", "bid", 1.25, [0, 1, 3]), series("EURUSD", "ask", 1.5, [0, 1, 3]),
                                  series("GBPUSD", "bid", 2.0, [1, 2, 3])]);

julia> [(t ÷ 60_000_000, get_price(market, "EURUSD"), get_spread(market, "EURUSD")) for t in market] ==
           [(1, 1.375, 0.25), (3, 1.375, 0.25)]
true
```
"""
mutable struct MultiSymbolSlice
    index::Int
    columns::Vector{MomentColumn}
    timeline::Vector{Int64}
    duration::Int64
    path::Int # NATIVE or FALLBACK: who put the moments together

    function MultiSymbolSlice(series; timeline="intersection", asof=false, stale_limit=nothing, backend=nothing)
        given = moment_series(series)
        union = word_number(timeline, ("intersection", "union"), "timeline") == 1
        latest, limit = boolean(asof, "asof"), stale_limit === nothing ? Int64(-1) : span_microseconds(stale_limit, "stale_limit")
        stale_limit === nothing || (limit >= 0 && latest) ||
            fail(INVALID_ARGUMENT, "stale_limit ", limit, limit < 0 ? " is negative" : " needs asof=true")
        choice = resolve_choice(backend, "multi_symbol")
        library = library_for(choice, "multi_symbol")
        moments, rows = guarded(() -> moments_of(library, given, union, latest, limit),
            () -> moments_of(nothing, given, union, latest, limit), MULTI_SYMBOL, SLOT_TIMELINE, "moments", library,
            choice.requested === :auto, (Tuple(given), union, latest, limit < 0 ? nothing : limit))
        path = library === nothing || (choice.requested === :auto && MULTI_SYMBOL.off) ? FALLBACK : NATIVE
        columns = MomentColumn[MomentColumn(one, one.symbol, one.price_type, getfield(one, :close), at)
                               for (one, at) in zip(given, rows)]
        return new(1, columns, moments, given[1].timeframe.duration, path)
    end
end

function moment_series(series)
    (series isa AbstractVector || series isa Tuple) && all(one -> one isa CandleSeries, series) ||
        fail(TYPE_MISMATCH, "several symbols are given as a vector of CandleSeries, got ", typeof(series))
    isempty(series) && fail(EMPTY_INPUT, "several symbols need at least one series")
    given = collect(CandleSeries, series)
    timeframes = unique(one.timeframe for one in given)
    length(timeframes) == 1 || fail(INVALID_ARGUMENT, "one timeframe for all, not ", join(timeframes, ", "))
    for (i, one) in enumerate(given), other in given[1:i-1]
        one.symbol == other.symbol && one.price_type == other.price_type &&
            fail(INVALID_ARGUMENT, one.symbol, " ", one.price_type, " was given twice")
    end
    return given
end

function moments_of(::Nothing, given::Vector{CandleSeries}, union::Bool, asof::Bool, limit::Int64)
    stamps = [getfield(one, :timestamp) for one in given]
    moments = union ? unique!(sort!(reduce(vcat, stamps))) : copy(reduce(shared_stamps, stamps))
    return moments, [moment_rows(one, moments, asof, limit) for one in stamps]
end

# What two ascending vectors share.
function shared_stamps(a::Vector{Int64}, b::Vector{Int64})
    found = Int64[]
    i, j = 1, 1
    @inbounds while i <= length(a) && j <= length(b)
        a[i] == b[j] && push!(found, a[i])
        ahead = a[i] <= b[j]
        j += a[i] >= b[j]
        i += ahead
    end
    return found
end

# One pass over both. A distance between stamps fits 64 bits without a sign.
function moment_rows(stamps::Vector{Int64}, moments::Vector{Int64}, asof::Bool, limit::Int64)
    rows = Vector{Int64}(undef, length(moments))
    row = 0
    @inbounds for (i, t) in enumerate(moments)
        while row < length(stamps) && stamps[row+1] <= t
            row += 1
        end
        shown = row > 0 && (stamps[row] == t || (asof && (limit < 0 || distance(stamps[row], t) <= limit % UInt64)))
        rows[i] = shown ? row : 0
    end
    return rows
end

function moments_of(library::NativeLibrary, given::Vector{CandleSeries}, union::Bool, asof::Bool, limit::Int64)
    natives = [native_handle(one, library) for one in given]
    out = Ref{Ptr{Cvoid}}(C_NULL)
    status = GC.@preserve natives begin
        pointers = Ptr{Cvoid}[native.pointer for native in natives]
        ccall(library.multi_symbol_new, Int32, (Ptr{Ptr{Cvoid}}, Csize_t, Int32, UInt32, Int64, Ref{Ptr{Cvoid}}),
            pointers, length(pointers), union, asof ? ASOF : UInt32(0), limit, out)
    end
    status == 0 || native_failure(library, status)
    try
        stamps, count = Ref{Ptr{Int64}}(C_NULL), Ref{Csize_t}(0)
        status = ccall(library.multi_symbol_timeline, Int32, (Ptr{Cvoid}, Ref{Ptr{Int64}}, Ref{Csize_t}), out[], stamps, count)
        status == 0 || native_failure(library, status)
        moments = Vector{Int64}(undef, count[])
        GC.@preserve moments isempty(moments) || unsafe_copyto!(pointer(moments), stamps[], length(moments))
        rows = [Vector{Int64}(undef, length(moments)) for _ in given]
        for (number, column) in enumerate(rows)
            status = ccall(library.multi_symbol_rows, Int32, (Ptr{Cvoid}, Csize_t, Ptr{Int64}, Csize_t), out[], number - 1,
                column, length(column))
            status == 0 || native_failure(library, status)
            one_based!(column)
            # Without this a fault in the library would become a read outside the columns.
            all(row -> 0 <= row <= length(given[number]), column) ||
                fail(FFI_ERROR, "the native library answered rows outside ", given[number])
        end
        return moments, rows
    finally
        ccall(library.multi_symbol_free, Int32, (Ptr{Cvoid},), out[])
    end
end

Base.length(slice::MultiSymbolSlice) = length(getfield(slice, :timeline))
Base.eltype(::Type{MultiSymbolSlice}) = Int64
Base.broadcastable(slice::MultiSymbolSlice) = Ref(slice)
Base.propertynames(::MultiSymbolSlice, private::Bool=false) =
    (:index, :timestamp, :decision_time, :timeline, :symbols, :backend)

@inline function Base.getproperty(slice::MultiSymbolSlice, name::Symbol)
    name === :index && return getfield(slice, :index)
    name === :timestamp && return current_moment(slice)
    name === :decision_time && return saturated_sum(current_moment(slice), getfield(slice, :duration))
    name === :timeline && return Column(getfield(slice, :timeline), 0, length(slice))
    name === :symbols && return unique(column.symbol for column in getfield(slice, :columns))
    name === :backend && return getfield(slice, :path) == NATIVE ? "native" : "julia"
    fail_property("MultiSymbolSlice", name, propertynames(slice))
end

@inline function Base.setproperty!(slice::MultiSymbolSlice, name::Symbol, value)
    name === :index && (set_index!(slice, value); return value)
    fail(INVALID_STATE, "of a MultiSymbolSlice only index can be set, not ", name)
end

@inline function current_moment(slice::MultiSymbolSlice)
    length(slice) == 0 && fail_no_moment()
    return @inbounds getfield(slice, :timeline)[getfield(slice, :index)]
end
@noinline fail_no_moment() = fail(OUT_OF_BOUNDS, "the symbols share no moment: the timeline is empty")

function set_index!(slice::MultiSymbolSlice, index)
    number = index_number(index)
    number <= length(slice) || fail(OUT_OF_BOUNDS, "moment ", number, " is past the last of ", length(slice))
    setfield!(slice, :index, number)
    return slice
end

function Base.peek(slice::MultiSymbolSlice, n=1)
    current_moment(slice)
    ahead = widen(getfield(slice, :index)) + length_number(n)
    return ahead <= length(slice) ? getfield(slice, :timeline)[ahead] : nothing
end

function Base.skip(slice::MultiSymbolSlice, n=1)
    steps = min(length_number(n), max(0, length(slice) - getfield(slice, :index)))
    setfield!(slice, :index, getfield(slice, :index) + steps)
    return steps
end

# Starts at the first moment; goes on from wherever the slice was moved to meanwhile.
@inline function Base.iterate(slice::MultiSymbolSlice, started::Bool=false)
    index = started ? getfield(slice, :index) + 1 : 1
    index <= length(slice) || return nothing
    setfield!(slice, :index, index)
    return @inbounds(getfield(slice, :timeline)[index]), true
end
# A loop may skip, so that fewer come than there are.
Base.IteratorSize(::Type{MultiSymbolSlice}) = Base.SizeUnknown()

@inline function find_column(slice::MultiSymbolSlice, symbol, price_type)
    columns = getfield(slice, :columns)
    for column in columns
        column.symbol == symbol && column.price_type == price_type && return column
    end
    fail_never_given(slice, symbol, price_type)
end
@noinline function fail_never_given(slice::MultiSymbolSlice, symbol, price_type)
    symbol isa AbstractString || fail(TYPE_MISMATCH, "a symbol is text, got ", repr(symbol), " (", typeof(symbol), ")")
    side = price_type_name(price_type)
    given = getfield(slice, :columns)
    price_type isa Symbol && any(c -> c.symbol == symbol && c.price_type == side, given) &&
        return given[findfirst(c -> c.symbol == symbol && c.price_type == side, given)]
    words = join((string(column.symbol, " ", column.price_type) for column in given), ", ")
    fail(INVALID_ARGUMENT, quoted(symbol), " ", side, " was never given; there are ", words)
end

@inline function moment_row(slice::MultiSymbolSlice, column::MomentColumn)
    length(slice) == 0 && fail_no_moment()
    return @inbounds column.rows[getfield(slice, :index)]
end

@inline moment_path(slice::MultiSymbolSlice) = getfield(slice, :path) == NATIVE ? SHARED : FALLBACK

"""
    get_candle(slice, symbol, price_type="bid") -> Union{Candle,Nothing}

The symbol's [`Candle`](@ref) at the moment of a [`MultiSymbolSlice`](@ref), or `nothing`. Errors: 1001 if that symbol
and side were never given; 1003 on an empty timeline. O(series); allocates nothing. Source: `src/multi_symbol.jl`.

```jldoctest
julia> using OmegaJulia

julia> side(price_type, p) = CandleSeries([0], [p], [p], [p], [p]; symbol="EURUSD", timeframe="M1", price_type=price_type);

julia> market = MultiSymbolSlice([side("bid", 1.25), side("ask", 1.5)]);

julia> get_candle(market, "EURUSD", "ask").close
1.5
```
"""
@inline function get_candle(slice::MultiSymbolSlice, symbol, price_type="bid")
    column = find_column(slice, symbol, price_type)
    count!(SLOT_GET_CANDLE, moment_path(slice))
    row = moment_row(slice, column)
    return row == 0 ? nothing : candle_at(column.series, Int(row))
end

"""
    get_price(slice, symbol, price_type="mid") -> Union{Float64,Nothing}

The close of the symbol's bid or ask at the moment of a [`MultiSymbolSlice`](@ref), or `(bid + ask) / 2`; `nothing`
where a candle is missing. Errors: 1001 if a side it needs was never given; 1003 on an empty timeline. O(series);
allocates nothing. Source: `src/multi_symbol.jl`.

```jldoctest
julia> using OmegaJulia

julia> side(price_type, p) = CandleSeries([0], [p], [p], [p], [p]; symbol="EURUSD", timeframe="M1", price_type=price_type);

julia> market = MultiSymbolSlice([side("bid", 1.25), side("ask", 1.5)]);

julia> get_price(market, "EURUSD"), get_price(market, "EURUSD", "bid")
(1.375, 1.25)
```
"""
@inline function get_price(slice::MultiSymbolSlice, symbol, price_type="mid")
    if price_type == "mid" || price_type === :mid
        bid, ask = both_prices(slice, symbol)
        return bid === nothing || ask === nothing ? nothing : (bid + ask) / 2
    end
    column = find_column(slice, symbol, price_type)
    count!(SLOT_GET_PRICE, moment_path(slice))
    row = moment_row(slice, column)
    return row == 0 ? nothing : @inbounds(column.close[row])
end

"""
    get_spread(slice, symbol) -> Union{Float64,Nothing}

Ask minus bid of the closes at the moment of a [`MultiSymbolSlice`](@ref); `nothing` where a candle is missing.
Errors and cost as of [`get_price`](@ref). Source: `src/multi_symbol.jl`.

```jldoctest
julia> using OmegaJulia

julia> side(price_type, p) = CandleSeries([0], [p], [p], [p], [p]; symbol="EURUSD", timeframe="M1", price_type=price_type);

julia> market = MultiSymbolSlice([side("bid", 1.25), side("ask", 1.5)]);

julia> get_spread(market, "EURUSD")
0.25
```
"""
@inline function get_spread(slice::MultiSymbolSlice, symbol)
    bid, ask = both_prices(slice, symbol)
    return bid === nothing || ask === nothing ? nothing : ask - bid
end

# Both sides are looked for before either is asked: one that was never given is an error at every moment.
@inline function both_prices(slice::MultiSymbolSlice, symbol)
    bid, ask = find_column(slice, symbol, "bid"), find_column(slice, symbol, "ask")
    count!(SLOT_GET_PRICE, moment_path(slice))
    bid_row, ask_row = moment_row(slice, bid), moment_row(slice, ask)
    return bid_row == 0 ? nothing : @inbounds(bid.close[bid_row]), ask_row == 0 ? nothing : @inbounds(ask.close[ask_row])
end

"""
    snapshot(slice) -> Dict{String,Dict{String,Union{Candle,Nothing}}}

Every candle of the moment: `snapshot(slice)["EURUSD"]["bid"]`, for the symbols and sides that were given.
O(series); allocates the answer. Source: `src/multi_symbol.jl`.

```jldoctest
julia> using OmegaJulia

julia> side(price_type, p) = CandleSeries([0], [p], [p], [p], [p]; symbol="EURUSD", timeframe="M1", price_type=price_type);

julia> market = MultiSymbolSlice([side("bid", 1.25), side("ask", 1.5)]);

julia> snapshot(market)["EURUSD"]["bid"].close
1.25
```
"""
function snapshot(slice::MultiSymbolSlice)
    found = Dict{String,Dict{String,Union{Candle,Nothing}}}()
    for column in getfield(slice, :columns)
        sides = get!(() -> Dict{String,Union{Candle,Nothing}}(), found, column.symbol)
        sides[column.price_type] = get_candle(slice, column.symbol, column.price_type)
    end
    return found
end

Base.show(io::IO, slice::MultiSymbolSlice) =
    print(io, "MultiSymbolSlice(", join(slice.symbols, ", "), "; moment ", slice.index, " of ", length(slice), ")")
