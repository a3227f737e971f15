# CandleSeries: six columns and an identity, checked once and never changed again. Questions in time are
# the slicer's; this file only makes, describes and guards the data.

# A series or reader of the native library, freed when the last Julia object that needs it is gone.
mutable struct NativeHandle
    pointer::Ptr{Cvoid}
    library::NativeLibrary
    roots::Any # what the library reads from without owning it
end

# Stands where there is no native series, so that fields need no Union. Known by its pointer, never by
# which object it is: copies keep the one and not the other.
const NO_HANDLE = NativeHandle(C_NULL, NO_LIBRARY, nothing)
is_native(handle::NativeHandle) = handle.pointer != C_NULL
# Whether the library keeps the columns alive itself, having read or taken them over.
owns_memory(handle::NativeHandle) = is_native(handle) && handle.roots === nothing

function NativeHandle(pointer::Ptr{Cvoid}, library::NativeLibrary)
    return finalizer(free_handle, NativeHandle(pointer, library, nothing))
end

# A finalizer: it may neither print nor switch tasks. The status needs no look: the handle was live.
function free_handle(handle::NativeHandle)
    pointer = handle.pointer
    pointer == C_NULL && return nothing
    handle.pointer = C_NULL
    ccall(handle.library.series_free, Int32, (Ptr{Cvoid},), pointer)
    return nothing
end

"""
    CandleSeries(timestamp, open, high, low, close, volume=nothing;
                 symbol, timeframe, price_type="bid", check="full",
                 allow_missing=false, copy=false, backend=nothing)

One symbol, timeframe and price type: an immutable series of candles, oldest first.

- `timestamp`: open times, strictly increasing: microseconds since 1970-01-01 UTC (`Int64`), or
  `DateTime`/`Date` read as UTC. `open`, `high`, `low`, `close`: prices. `volume`: may hold NaN or
  `missing`, or be `nothing`. All of one length.
- **Memory**: dense vectors of `Int64` and `Float64` are shared, not copied, and stay alive with the
  series; do not change their values meanwhile. (Up to Julia 1.10 they can no longer be resized once
  shared.) Other vectors are converted. `copy=true` copies all.
- `timeframe`: what [`Timeframe`](@ref) takes. `price_type`: `"bid"` or `"ask"`. `symbol`: any text.
- `check`: `"full"`, `"order"` (timestamps alone) or `"none"` (you vouch). `allow_missing` admits NaN
  prices. `backend`: `"native"`, `"julia"` or `"auto"`, see [`set_backend`](@ref).

The result has the read-only columns `.timestamp`, `.open`, `.high`, `.low`, `.close`, `.volume`
([`ReadOnlyColumn`](@ref)), `.symbol`, `.timeframe`, `.price_type`, `.has_volume`, `.backend`; `length`,
`series[i]` ([`Candle`](@ref)), `series[i:j]` ([`Candles`](@ref)) and iteration.

Errors: 1004 for wrong types, 1011 for unequal lengths, 1001 for a wrong option, 1006 naming the first
offending row (one-based) and column; 6005 if the native backend is demanded but not there.
O(n) for the checks, O(1) memory. Any number of threads may read a series. `series[i]` outside it is a
`BoundsError`, as for any collection. Since it never changes, `deepcopy` gives the series itself. It can be
serialized, as to workers of Distributed: its columns travel, and it is rebuilt with its backend there (6005
if native was demanded and is not there; under `"auto"` it then answers in Julia, with a warning). Source: `src/series.jl`.

```jldoctest
julia> using OmegaJulia, Dates

julia> times = DateTime(2012, 2, 1) .+ Minute.(0:2);

julia> series = CandleSeries(times, [1.0, 1.1, 1.2], [1.2, 1.3, 1.4], [0.9, 1.0, 1.1], [1.1, 1.2, 1.3];
                             symbol="EURUSD", timeframe="M1", price_type="ask");

julia> length(series), series.price_type, series.close[3]
(3, "ask", 1.3)
```
"""
mutable struct CandleSeries
    timestamp::Vector{Int64}
    open::Vector{Float64}
    high::Vector{Float64}
    low::Vector{Float64}
    close::Vector{Float64}
    volume::Vector{Float64}
    has_volume::Bool
    symbol::String
    timeframe::Timeframe
    price_type::String
    requested::Symbol    # :native, :julia or :auto: what its maker asked for, should it be rebuilt elsewhere
    native::NativeHandle # NO_HANDLE on the Julia backend
    index::TimeIndex     # NO_INDEX until a slicer in Julia needs it; guarded by INDEX_LOCK
    global function assemble(columns::NamedTuple, has_volume::Bool, identity::NamedTuple, requested::Symbol,
        native::NativeHandle)

        return new(columns.timestamp, columns.open, columns.high, columns.low, columns.close, columns.volume,
            has_volume, identity.symbol, identity.timeframe, identity.price_type, requested, native, NO_INDEX)
    end
end

function CandleSeries(timestamp, open, high, low, close, volume=nothing;
    symbol, timeframe, price_type="bid", check="full", allow_missing=false, copy=false, backend=nothing)

    own = boolean(copy, "copy")
    missing_allowed = boolean(allow_missing, "allow_missing")
    has_volume = volume !== nothing
    columns = (
        timestamp=take_column(timestamp, Int64, "timestamp", own),
        open=take_column(open, Float64, "open", own),
        high=take_column(high, Float64, "high", own),
        low=take_column(low, Float64, "low", own),
        close=take_column(close, Float64, "close", own),
        volume=has_volume ? take_column(volume, Float64, "volume", own) : Float64[],
    )
    check_lengths(columns, has_volume)
    identity = series_identity(symbol, timeframe, price_type)
    checked = check_number(check)
    choice = resolve_choice(backend)
    return checked_series(columns, has_volume, identity, checked, missing_allowed, choice)
end

# A series over columns that nobody has looked at yet; `counts` whether making it is a call of its own.
function checked_series(columns::NamedTuple, has_volume::Bool, identity::NamedTuple, checked::Int, missing_allowed::Bool, choice::Choice;
    counts::Bool=true)

    library = library_for(choice)
    function in_julia()
        check_columns(columns, has_volume, checked, missing_allowed)
        return assemble(columns, has_volume, identity, choice.requested, NO_HANDLE)
    end
    natively() = assemble(columns, has_volume, identity, choice.requested,
        borrow_columns(library, columns, has_volume, identity, checked, missing_allowed))
    return guarded(natively, in_julia, SLICER, counts ? SLOT_SERIES : NO_SLOT, "accept", library, choice.requested === :auto,
        (SavedColumns(columns, has_volume), SavedOptions(identity, missing_allowed)))
end

const SLOT_SERIES = operation_slot(:CandleSeries)

series_identity(symbol, timeframe, price_type) =
    (symbol=symbol_text(symbol), timeframe=Timeframe(timeframe), price_type=price_type_name(price_type))

# --- reading a series ---

Base.length(series::CandleSeries) = length(getfield(series, :timestamp))
Base.isempty(series::CandleSeries) = length(series) == 0
Base.firstindex(::CandleSeries) = 1
Base.lastindex(series::CandleSeries) = length(series)
Base.eachindex(series::CandleSeries) = Base.OneTo(length(series))
Base.eltype(::Type{CandleSeries}) = Candle
Base.broadcastable(series::CandleSeries) = Ref(series)

# The candle in a row that is known to exist.
@inline function candle_at(series::CandleSeries, row::Int)
    @inbounds return Candle(getfield(series, :timestamp)[row], getfield(series, :open)[row],
        getfield(series, :high)[row], getfield(series, :low)[row], getfield(series, :close)[row],
        getfield(series, :has_volume) ? getfield(series, :volume)[row] : NaN)
end

Base.@propagate_inbounds function Base.getindex(series::CandleSeries, row::Integer)
    @boundscheck 1 <= row <= length(series) || throw(BoundsError(series, row))
    return candle_at(series, Int(row))
end

Base.iterate(series::CandleSeries, row::Int=1) =
    row > length(series) ? nothing : (candle_at(series, row), row + 1)

const COLUMN_NAMES = (:timestamp, :open, :high, :low, :close, :volume)
# Spelled out, so that a literal property name is settled while compiling, on every Julia.
@inline is_column(name::Symbol) = (name === :timestamp) | (name === :open) | (name === :high) |
                                  (name === :low) | (name === :close) | (name === :volume)

Base.propertynames(::CandleSeries, private::Bool=false) =
    (COLUMN_NAMES..., :symbol, :timeframe, :price_type, :has_volume, :backend)

@inline function Base.getproperty(series::CandleSeries, name::Symbol)
    is_column(name) && return column_view(series, name, 0, length(series))
    name === :symbol && return getfield(series, :symbol)
    name === :timeframe && return getfield(series, :timeframe)
    name === :price_type && return getfield(series, :price_type)
    name === :has_volume && return getfield(series, :has_volume)
    name === :backend && return is_native(getfield(series, :native)) ? "native" : "julia"
    fail_property("CandleSeries", name, propertynames(series))
end

@noinline Base.setproperty!(::CandleSeries, name::Symbol, value) =
    fail(INVALID_STATE, "a CandleSeries never changes; make another one for another ", name)

@noinline fail_property(type::String, name::Symbol, known) =
    fail(INVALID_ARGUMENT, type, " has no property ", name, "; it has ", join(known, ", "))

# Rows offset+1 : offset+len of one column; the rows are known to exist.
@inline function column_view(series::CandleSeries, name::Symbol, offset::Int, len::Int)
    name === :timestamp && return Column(getfield(series, :timestamp), offset, len)
    name === :open && return Column(getfield(series, :open), offset, len)
    name === :high && return Column(getfield(series, :high), offset, len)
    name === :low && return Column(getfield(series, :low), offset, len)
    name === :close && return Column(getfield(series, :close), offset, len)
    return VolumeColumn(getfield(series, :volume), getfield(series, :has_volume), offset, len)
end

function Base.show(io::IO, series::CandleSeries)
    print(io, "CandleSeries(", getfield(series, :symbol), " ", series.timeframe, " ", series.price_type, ", ",
        length(series), length(series) == 1 ? " candle" : " candles")
    isempty(series) || print(io, ", ", time_text(first(series.timestamp)), " to ", time_text(last(series.timestamp)))
    print(io, ", ", series.backend, ")")
end
