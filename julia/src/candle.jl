# One candle, copied out of a series, and the words for columns and sides of the market.
# A Candle's memory layout is that of the C header's OmegaCandle; layout.jl compares the two.

"""
    Candle

One candle, copied out of a series: `timestamp` (its **open** time, microseconds since 1970-01-01 UTC,
`Int64`), `open`, `high`, `low`, `close`, `volume` (`Float64`; NaN where missing). Immutable and without
references: keeping one keeps no series alive. `DateTime(candle)` and [`datetime`](@ref) give its open
time. Source: `src/candle.jl`.

```jldoctest
julia> using OmegaJulia, Dates

julia> candle = Candle(1_328_054_400_000_000, 1.0, 1.2, 0.9, 1.1, NaN);

julia> candle.close, DateTime(candle) == DateTime(2012, 2, 1)
(1.1, true)
```
"""
struct Candle
    timestamp::Int64
    open::Float64
    high::Float64
    low::Float64
    close::Float64
    volume::Float64
end

datetime(candle::Candle) = datetime(candle.timestamp)
Dates.DateTime(candle::Candle) = datetime(candle)

# Text of a timestamp for people: a date where a DateTime can hold it.
function time_text(timestamp::Int64)
    ms, rest = fldmod(timestamp, 1000)
    whole = Dates.DateTime(Dates.UTM(ms + UNIX_EPOCH_MS))
    return rest == 0 ? string(whole, "Z") : string(timestamp, "us")
end

function Base.show(io::IO, candle::Candle)
    print(io, "Candle(", time_text(candle.timestamp), ", open=", candle.open, ", high=", candle.high,
        ", low=", candle.low, ", close=", candle.close)
    isnan(candle.volume) || print(io, ", volume=", candle.volume)
    print(io, ")")
end

# The columns of 64-bit floats, numbered as in the C header from zero.
const FIELDS = (:open, :high, :low, :close, :volume)

# The zero-based number of a field given by its name.
function field_number(field)
    field isa Union{AbstractString,Symbol} ||
        fail(TYPE_MISMATCH, "field must be a name, got ", repr(field), " (", typeof(field), ")")
    for (i, name) in enumerate(FIELDS)
        String(name) == String(field) && return i - 1
    end
    fail(INVALID_ARGUMENT, "field ", quoted(field), " is none of open, high, low, close, volume")
end

# "bid" or "ask", from text or a Symbol.
function price_type_name(price_type)
    price_type isa Union{AbstractString,Symbol} ||
        fail(TYPE_MISMATCH, "price_type must be \"bid\" or \"ask\", got ", repr(price_type), " (", typeof(price_type), ")")
    name = String(price_type)
    name in ("bid", "ask") || fail(INVALID_ARGUMENT, "price type ", quoted(name), " is neither \"bid\" nor \"ask\"")
    return name
end
