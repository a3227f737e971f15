# Candles: consecutive rows of a series seen as columns. Never a copy; holds its series, and with it every
# byte it looks at, alive. Nothing here searches: the rows are given.

"""
    Candles <: AbstractVector{Candle}

Consecutive rows of a [`CandleSeries`](@ref), oldest first, as the questions of a
[`SymbolDataSlicer`](@ref) answer them. Never a copy, and it keeps the series alive.

Properties: the read-only columns `.timestamp` (microseconds), `.open`, `.high`, `.low`, `.close`,
`.volume` ([`ReadOnlyColumn`](@ref), all of `length(candles)`), `.rows` (a one-based `UnitRange` into the
series) and `.series`. `candles[i]` is a [`Candle`](@ref), `candles[i:j]` are `Candles` again; iteration
gives candles. [`columns`](@ref) gives a named tuple of the columns, which is a table to Tables.jl.
All of it is O(1) and without allocation. An index outside the candles is a `BoundsError`. Source: `src/candles.jl`.

```jldoctest
julia> using OmegaJulia

julia> series = CandleSeries([0, 60_000_000], [1.0, 1.1], [1.2, 1.3], [0.9, 1.0], [1.1, 1.2];
                             symbol="EURUSD", timeframe="M1");

julia> candles = get_lookback(SymbolDataSlicer(series), 60_000_000, 1);

julia> candles.rows, candles.close[1], candles[1].open
(2:2, 1.2, 1.1)
```
"""
struct Candles <: AbstractVector{Candle}
    series::CandleSeries
    offset::Int
    length::Int
end

Base.size(candles::Candles) = (getfield(candles, :length),)
Base.length(candles::Candles) = getfield(candles, :length)
Base.IndexStyle(::Type{Candles}) = IndexLinear()

Base.@propagate_inbounds function Base.getindex(candles::Candles, i::Int)
    @boundscheck checkbounds(candles, i)
    return candle_at(getfield(candles, :series), getfield(candles, :offset) + i)
end

function Base.getindex(candles::Candles, rows::AbstractUnitRange{<:Integer})
    checkbounds(candles, rows)
    isempty(rows) && return Candles(getfield(candles, :series), getfield(candles, :offset), 0)
    return Candles(getfield(candles, :series), getfield(candles, :offset) + Int(first(rows)) - 1, length(rows))
end
Base.getindex(candles::Candles, ::Colon) = candles
Base.view(candles::Candles, rows::AbstractUnitRange{<:Integer}) = candles[rows]

function Base.getindex(series::CandleSeries, rows::AbstractUnitRange{<:Integer})
    return Candles(series, 0, length(series))[rows]
end
Base.getindex(series::CandleSeries, ::Colon) = Candles(series, 0, length(series))

@noinline Base.setindex!(::Candles, value, index...) =
    fail(INVALID_STATE, "candles are read-only; collect(candles) gives a copy to write to")

Base.propertynames(::Candles, private::Bool=false) = (COLUMN_NAMES..., :rows, :series)

@inline function Base.getproperty(candles::Candles, name::Symbol)
    series, offset, len = getfield(candles, :series), getfield(candles, :offset), getfield(candles, :length)
    is_column(name) && return column_view(series, name, offset, len)
    name === :rows && return offset+1:offset+len
    name === :series && return series
    fail_property("Candles", name, propertynames(candles))
end

"""
    columns(candles_or_series) -> NamedTuple

The six read-only columns by name: `(timestamp=..., open=..., high=..., low=..., close=..., volume=...)`.
No copy. A named tuple of vectors is a table to Tables.jl, so `DataFrame(columns(candles))` and the like
work without further ado. O(1). Source: `src/candles.jl`.

```jldoctest
julia> using OmegaJulia

julia> series = CandleSeries([0], [1.0], [1.2], [0.9], [1.1]; symbol="EURUSD", timeframe="M1");

julia> keys(columns(series))
(:timestamp, :open, :high, :low, :close, :volume)
```
"""
columns(x::Union{Candles,CandleSeries}) =
    (timestamp=x.timestamp, open=x.open, high=x.high, low=x.low, close=x.close, volume=x.volume)

function Base.show(io::IO, candles::Candles)
    print(io, "Candles(", getfield(candles.series, :symbol), " ", candles.series.timeframe, ", rows ", candles.rows, ")")
end

function Base.show(io::IO, ::MIME"text/plain", candles::Candles)
    series, n = candles.series, length(candles)
    print(io, n, n == 1 ? " candle" : " candles", " of ", getfield(series, :symbol), " ", series.timeframe, " ",
        series.price_type, n == 0 ? "" : string(", rows ", candles.rows))
    room = max(4, get(io, :displaysize, displaysize(io))[1] - 6)
    shown = n <= room || !get(io, :limit, false) ? (1:n) : [1:room÷2; 0; n-room÷2+1:n]
    for i in shown
        print(io, "\n ")
        i == 0 ? print(io, "⋮") : print(io, candles[i])
    end
end
