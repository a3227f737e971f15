# Times: an Int64 of microseconds since 1970-01-01 UTC inside, Dates types and text at the surface.
# Nothing is truncated here: a value that microseconds (or, on the way out, milliseconds) cannot hold is
# an error.

# DateTime(1970) in the milliseconds that Dates counts from.
const UNIX_EPOCH_MS = Dates.value(Dates.DateTime(1970))
const UNIX_EPOCH_DAY = Dates.value(Dates.Date(1970))
# The DateTimes whose microseconds an Int64 can hold, as milliseconds since 1970.
const FIRST_MS = cld(typemin(Int64), Int64(1000))
const LAST_MS = fld(typemax(Int64), Int64(1000))

# A time argument in microseconds. DateTime and Date are read as UTC.
@inline microseconds(t::Int64) = t
@inline function microseconds(t::Dates.DateTime)
    # The epoch is positive, so the difference could only wrap for times that are refused anyway.
    ms, wrapped = Base.sub_with_overflow(Dates.value(t), UNIX_EPOCH_MS)
    (wrapped || ms < FIRST_MS || ms > LAST_MS) && fail_time_range(t)
    return ms * 1000
end
function microseconds(t::Dates.Date)
    days, wrapped = Base.sub_with_overflow(Dates.value(t), UNIX_EPOCH_DAY)
    us, over = Base.mul_with_overflow(days, DAY)
    (wrapped || over) && fail_time_range(t)
    return us
end
microseconds(t::Bool) = fail_time_type(t)
function microseconds(t::Integer)
    typemin(Int64) <= t <= typemax(Int64) || fail_time_range(t)
    return Int64(t)
end
microseconds(t) = fail_time_type(t)

@noinline fail_time_range(t) =
    fail(INVALID_ARGUMENT, "time ", t, " does not fit into an Int64 of microseconds since 1970")
@noinline fail_time_type(t) =
    fail(TYPE_MISMATCH, "a time is an integer of microseconds, a DateTime or a Date, got ", repr(t), " (", typeof(t), ")")

# A batch's times. A plain Vector{Int64} goes through as it is.
batch_times(times::Vector{Int64}) = times
batch_times(times::AbstractVector) = Int64[element_time(t, i) for (i, t) in enumerate(times)]
batch_times(times) =
    fail(TYPE_MISMATCH, "times must be a vector of times, got ", repr(times), " (", typeof(times), ")")

element_time(t::Union{Int64,Dates.DateTime,Dates.Date}, i::Int) = microseconds(t)
function element_time(t, i::Int)
    try
        return microseconds(t)
    catch error
        error isa OmegaError || rethrow()
        throw(OmegaError(error.code, error.name, string("times[", i, "]: ", error.message)))
    end
end

"""
    datetime(microseconds) -> DateTime
    datetime(candle) -> DateTime
    DateTime(candle)

The UTC `DateTime` of a timestamp in microseconds since 1970, or of a candle's open time. A `DateTime`
holds milliseconds: a timestamp finer than that is refused (1009), never truncated. O(1).
Source: `src/time.jl`.

```jldoctest
julia> using OmegaJulia

julia> string(datetime(1_328_054_400_000_000))
"2012-02-01T00:00:00"
```
"""
function datetime(timestamp::Integer)
    us = microseconds(timestamp)
    ms, rest = fldmod(us, 1000)
    rest == 0 || fail(INVALID_FORMAT, "timestamp ", us, " is finer than the millisecond that a DateTime holds")
    return Dates.DateTime(Dates.UTM(ms + UNIX_EPOCH_MS))
end

"""
    parse_timestamp(text) -> Int64

Microseconds since 1970-01-01 UTC of `YYYY-MM-DD`, alone (midnight) or followed by `T` or a space and
`HH:MM[:SS[.ffffff]]` and, if wanted, an offset `Z`, `+HH:MM`, `+HHMM` or `+HH`. No offset is read as UTC.
Anything else, days that do not exist and digits below a microsecond included: 1009 naming the text.
O(length). Source: `src/time.jl`.

```jldoctest
julia> using OmegaJulia

julia> parse_timestamp("2012-02-01 01:00:00.5+01:00")
1328054400500000
```
"""
function parse_timestamp(text::AbstractString)
    bytes = codeunits(String(text))
    fault, us = scan_timestamp(bytes, 1, length(bytes))
    fault == 0 || fail(INVALID_FORMAT, "timestamp ", quoted(text), ": ", TIMESTAMP_FAULTS[fault])
    return us
end
parse_timestamp(other) = fail(TYPE_MISMATCH, "a timestamp to parse is text, got ", repr(other), " (", typeof(other), ")")
