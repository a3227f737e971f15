# How long a candle lasts: parsing, naming, duration. Equal durations are equal timeframes.
# Nothing here knows about data.

const MINUTE = Int64(60_000_000)
const HOUR = 60MINUTE
const DAY = 24HOUR

# Names that mean one duration each; the first that fits is a duration's own name.
const STANDARD_TIMEFRAMES = (
    "M1" => MINUTE, "M5" => 5MINUTE, "M15" => 15MINUTE, "M30" => 30MINUTE,
    "H1" => HOUR, "H4" => 4HOUR, "D1" => DAY, "W1" => 7DAY,
)
# The open forms, `<n>` before the unit; largest first, as names prefer it.
const TIMEFRAME_UNITS = ("d" => DAY, "h" => HOUR, "min" => MINUTE)

"""
    Timeframe(text)
    Timeframe(microseconds)
    Timeframe(period::Dates.Period)
    parse(Timeframe, text)

A candle's duration, a positive whole number of minutes. Text is one of `M1 M5 M15 M30 H1 H4 D1 W1` or
`<n>min`, `<n>h`, `<n>d`, in any case. Equal durations are equal timeframes.

Properties: `name` (canonical, a `String`) and `duration` (microseconds, an `Int64`). `string(timeframe)`
is its name. Errors: 1009 for text that is no timeframe, 1001 for a duration that is no positive multiple
of a minute, 1004 for another type. O(1). Source: `src/timeframe.jl`.

```jldoctest
julia> using OmegaJulia

julia> Timeframe("60min") == Timeframe("h1")
true

julia> Timeframe("90min").name, Timeframe("D1").duration
("90min", 86400000000)
```
"""
struct Timeframe
    duration::Int64
    # Only Timeframe(...) below may make one, so that every duration has been checked.
    global checked_timeframe(duration::Int64) = new(duration)
end

Timeframe(timeframe::Timeframe) = timeframe
Timeframe(text::AbstractString) = checked_timeframe(parse_timeframe(String(text)))
Timeframe(text::Symbol) = Timeframe(String(text))

function Timeframe(duration::Integer)
    duration isa Bool && fail(TYPE_MISMATCH, "timeframe must be text, microseconds or a period, got ", repr(duration))
    duration > 0 && duration % MINUTE == 0 && duration <= typemax(Int64) ||
        fail(INVALID_ARGUMENT, "a timeframe is a positive multiple of 60000000 microseconds, got ", duration)
    return checked_timeframe(Int64(duration))
end

function Timeframe(period::Dates.Period)
    period isa Dates.FixedPeriod || fail(INVALID_ARGUMENT, "a timeframe has a fixed length, got ", period)
    nanoseconds = big(Dates.tons(oneunit(period))) * Dates.value(period)
    whole, rest = divrem(nanoseconds, 1000)
    rest == 0 || fail(INVALID_ARGUMENT, "a timeframe is a positive multiple of 60000000 microseconds, got ", period)
    return Timeframe(whole)
end

Timeframe(other) =
    fail(TYPE_MISMATCH, "timeframe must be text, microseconds or a period, got ", repr(other), " (", typeof(other), ")")

Base.parse(::Type{Timeframe}, text::AbstractString) = Timeframe(text)

function Base.getproperty(timeframe::Timeframe, name::Symbol)
    name === :name && return timeframe_name(getfield(timeframe, :duration))
    return getfield(timeframe, name)
end
Base.propertynames(::Timeframe, private::Bool=false) = (:name, :duration)

Base.print(io::IO, timeframe::Timeframe) = print(io, timeframe.name)
Base.show(io::IO, timeframe::Timeframe) = print(io, "Timeframe(\"", timeframe.name, "\")")
Base.isless(a::Timeframe, b::Timeframe) = isless(a.duration, b.duration)

# A timeframe is one value, not a collection, in broadcasts.
Base.broadcastable(timeframe::Timeframe) = Ref(timeframe)

function timeframe_name(duration::Int64)
    for (name, standard) in STANDARD_TIMEFRAMES
        standard == duration && return name
    end
    for (unit, size) in TIMEFRAME_UNITS
        duration % size == 0 && return string(duration ÷ size, unit)
    end
    return string(duration, "us") # unreachable for a checked duration
end

function parse_timeframe(text::String)
    # ASCII only: lowercase() would fold letters of other alphabets into ours.
    folded = map(c -> 'A' <= c <= 'Z' ? c + 32 : c, text)
    for (name, duration) in STANDARD_TIMEFRAMES
        lowercase(name) == folded && return duration
    end
    bytes = codeunits(folded)
    digits = 0
    while digits < length(bytes) && bytes[digits+1] in UInt8('0'):UInt8('9')
        digits += 1
    end
    for (unit, size) in TIMEFRAME_UNITS
        digits > 0 && length(bytes) - digits == sizeof(unit) && endswith(folded, unit) || continue
        count = Int64(0)
        for i in 1:digits
            count, over = Base.mul_with_overflow(count, Int64(10))
            over && @goto refused
            count, over = Base.add_with_overflow(count, Int64(bytes[i] - UInt8('0')))
            over && @goto refused
        end
        duration, over = Base.mul_with_overflow(count, size)
        (over || duration == 0) && @goto refused
        return duration
    end
    @label refused
    fail(INVALID_FORMAT, "timeframe ", quoted(text), " is none of M1 M5 M15 M30 H1 H4 D1 W1, <n>min, <n>h, <n>d")
end
