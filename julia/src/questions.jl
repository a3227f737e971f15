# The four questions a backtest asks at every bar. Each is answered by one native call or by plain Julia,
# never by both, without allocating; whatever can fail is worded out of line.

const SLOT_GET_SLICE = operation_slot(:get_slice)
const SLOT_GET_CANDLE_AT = operation_slot(:get_candle_at)
const SLOT_GET_CANDLE_ASOF = operation_slot(:get_candle_asof)
const SLOT_GET_LOOKBACK = operation_slot(:get_lookback)

@inline lookback_flags(include_current::Bool, closed_only::Bool, partial::Bool) =
    ifelse(include_current, UInt32(0), EXCLUDE_CURRENT) | ifelse(closed_only, CLOSED_ONLY, UInt32(0)) |
    ifelse(partial, PARTIAL, UInt32(0))

# How many rows a question at `now` may see. Bounds on `now` instead of on each close time, so that times
# at the ends of Int64 never wrap round. A closed candle is never the current one: its stamp lies a whole
# timeframe back.
@inline function rows_admitted(slicer::SymbolDataSlicer, now::Int64, include_current::Bool, closed_only::Bool)
    back = closed_only ? slicer.duration : ifelse(include_current, Int64(0), Int64(1))
    latest, wrapped = Base.sub_with_overflow(now, back)
    wrapped && return 0
    return rows_through(slicer.index, slicer.timestamp, latest)
end

# The number of rows asked for.
@inline function row_count(n::Int64)
    n >= 1 || fail_row_count(n)
    return n
end
@noinline function row_count(n)
    n isa Integer && !(n isa Bool) || fail(TYPE_MISMATCH, "n must be an integer, got ", repr(n), " (", typeof(n), ")")
    1 <= n <= typemax(Int64) || fail_row_count(n)
    return Int64(n)
end
@noinline fail_row_count(n) =
    fail(INVALID_ARGUMENT, n < 1 ? "n must be at least 1, got " : "n does not fit into an Int64: ", n)

# Whether a native answer lies within its series. The check costs a fraction of the call, and without it a fault in the
# library would become a read outside the columns.
@inline is_inside(slicer::SymbolDataSlicer, range::RowRange) =
    (0 <= range.start) & (0 <= range.len) & (range.start <= length(slicer.timestamp) - range.len)
@inline is_inside(slicer::SymbolDataSlicer, row::Int64) = -1 <= row < length(slicer.timestamp)

# What is wrong with a native answer: the library's own refusal, or rows that are none.
@noinline function native_error(slicer::SymbolDataSlicer, status::Int32, start::Int64, len::Int64)
    status == 0 || return OmegaError(status, last_message(slicer.library))
    return OmegaError(FFI_ERROR, string("the native library answered rows ", start, " to ", start + len - 1,
        " (counted from zero) of a series of ", length(slicer.timestamp)))
end

"""
    get_slice(slicer, start, stop; include_current=true) -> Candles

Addresses candles by stamp: one stamped `stop` is still forming at `stop` and is in the answer unless
`include_current=false`.

The rows with `start <= t <= stop` (`start <= t < stop`), as [`Candles`](@ref). Partly outside the data: clipped.
Inside the data but in a gap, such as a weekend: empty, no error.

Errors: 1001 if `start > stop`; 1003 if every row is later, every row is earlier, or the series is empty;
1004 for other types. O(1) on evenly spaced candles, O(log n) at worst; allocates nothing.
Source: `src/questions.jl`.

```jldoctest
julia> using OmegaJulia

julia> series = CandleSeries([0, 60_000_000], [1.0, 1.1], [1.2, 1.3], [0.9, 1.0], [1.1, 1.2];
                             symbol="EURUSD", timeframe="M1");

julia> slicer = SymbolDataSlicer(series);

julia> get_slice(slicer, 0, 90_000_000).rows, get_slice(slicer, 0, 60_000_000; include_current=false).rows
(1:2, 1:1)
```
"""
@inline get_slice(slicer::SymbolDataSlicer, start, stop; include_current=true) =
    slice_rows(slicer, microseconds(start), microseconds(stop), boolean(include_current, "include_current"))

function slice_rows(slicer::SymbolDataSlicer, start::Int64, stop::Int64, include_current::Bool)
    start <= stop || fail_start_after_stop(start, stop)
    if slicer.handle != C_NULL
        goes_by!(SLICER) || return watched(native_slice, julia_slice, slicer, SLOT_GET_SLICE, "get_slice", start, stop, include_current)
        return native_slice(slicer, start, stop, include_current)
    end
    count!(SLOT_GET_SLICE, FALLBACK)
    return julia_slice(slicer, start, stop, include_current)
end
one_slice(slicer, given...) = slicer.handle == C_NULL ? julia_slice(slicer, given...) : native_slice(slicer, given...)

function julia_slice(slicer::SymbolDataSlicer, start::Int64, stop::Int64, include_current::Bool)
    index, timestamp = slicer.index, slicer.timestamp
    before = start == typemin(Int64) ? 0 : rows_through(index, timestamp, start - 1)
    through = rows_admitted(slicer, stop, include_current, false)
    (before == length(timestamp)) | (through == 0) && fail_nothing_in_range(slicer, start, stop, include_current)
    # Exclusive bounds that coincide leave nothing, never a negative length.
    return Candles(slicer.series, before, max(0, through - before))
end

function native_slice(slicer::SymbolDataSlicer, start::Int64, stop::Int64, include_current::Bool)
    count!(SLOT_GET_SLICE, NATIVE)
    out = Ref{RowRange}()
    status = GC.@preserve slicer ccall(slicer.library.slicer_get_slice, Int32,
        (Ptr{Cvoid}, Int64, Int64, UInt32, Ref{RowRange}),
        slicer.handle, start, stop, lookback_flags(include_current, false, false), out)
    range = out[]
    (status == 0) & is_inside(slicer, range) || return slice_failed(slicer, status, range, start, stop, include_current)
    return Candles(slicer.series, range.start, range.len)
end
@noinline slice_failed(slicer, status, range, given...) = rescued(julia_slice, slicer, SLOT_GET_SLICE, "get_slice",
    native_error(slicer, status, range.start, range.len), given...)

@noinline fail_start_after_stop(start, stop) = fail(INVALID_ARGUMENT, "start ", start, " is after end ", stop)
@noinline function fail_nothing_in_range(slicer, start, stop, include_current)
    stamps = slicer.timestamp
    fail(OUT_OF_BOUNDS, "no row in [", start, ", ", stop, include_current ? "]" : ")", ": ",
        isempty(stamps) ? "the series is empty" : string("the series spans ", first(stamps), " to ", last(stamps)))
end

"""
    get_candle_at(slicer, t) -> Union{Candle,Nothing}

Addresses candles by stamp: the one stamped `t` is still forming at `t`; for the latest closed one ask
[`get_candle_asof`](@ref) with `closed_only=true`.

The [`Candle`](@ref) stamped exactly `t`, else `nothing`: none is an answer, not an error.
Errors: 1004 if `t` is no time. O(1) on evenly spaced candles, O(log n) at worst; allocates nothing.
Source: `src/questions.jl`.

```jldoctest
julia> using OmegaJulia

julia> series = CandleSeries([0], [1.0], [1.2], [0.9], [1.1]; symbol="EURUSD", timeframe="M1");

julia> get_candle_at(SymbolDataSlicer(series), 1) === nothing
true
```
"""
@inline function get_candle_at(slicer::SymbolDataSlicer, t)
    row = row_at(slicer, microseconds(t))
    return row == 0 ? nothing : candle_at(slicer.series, row)
end

# The one-based row stamped exactly `t`, or 0.
function row_at(slicer::SymbolDataSlicer, t::Int64)
    if slicer.handle != C_NULL
        goes_by!(SLICER) || return watched(native_row_at, exact_row, slicer, SLOT_GET_CANDLE_AT, "get_candle_at", t)
        return native_row_at(slicer, t)
    end
    count!(SLOT_GET_CANDLE_AT, FALLBACK)
    return exact_row(slicer, t)
end
one_row_at(slicer, t) = slicer.handle == C_NULL ? exact_row(slicer, t) : native_row_at(slicer, t)

@inline function exact_row(slicer::SymbolDataSlicer, t::Int64)
    row = rows_through(slicer.index, slicer.timestamp, t)
    return row != 0 && @inbounds(slicer.timestamp[row]) == t ? row : 0
end

function native_row_at(slicer::SymbolDataSlicer, t::Int64)
    count!(SLOT_GET_CANDLE_AT, NATIVE)
    out = Ref{Int64}()
    status = GC.@preserve slicer ccall(slicer.library.slicer_get_candle_at, Int32,
        (Ptr{Cvoid}, Int64, Ref{Int64}), slicer.handle, t, out)
    # A native row number, -1 for none; ours count from one, 0 is none.
    row = out[]
    (status == 0) & is_inside(slicer, row) || return row_at_failed(slicer, status, row, t)
    return row + 1
end
@noinline row_at_failed(slicer, status, row, t) =
    rescued(exact_row, slicer, SLOT_GET_CANDLE_AT, "get_candle_at", native_error(slicer, status, row, 1), t)

"""
    get_candle_asof(slicer, t; closed_only=false) -> Union{Candle,Nothing}

Addresses candles by stamp: the latest one stamped at or before `t` may still be forming at `t`.
`closed_only=true` admits only candles whose close time is `<= t`.

The latest such [`Candle`](@ref), else `nothing`. Errors: 1004 for other types.
O(1) on evenly spaced candles, O(log n) at worst; allocates nothing. Source: `src/questions.jl`.

```jldoctest
julia> using OmegaJulia

julia> series = CandleSeries([0, 60_000_000], [1.0, 1.1], [1.2, 1.3], [0.9, 1.0], [1.1, 1.2];
                             symbol="EURUSD", timeframe="M1");

julia> slicer = SymbolDataSlicer(series);

julia> get_candle_asof(slicer, 90_000_000).close, get_candle_asof(slicer, 90_000_000; closed_only=true).close
(1.2, 1.1)
```
"""
@inline function get_candle_asof(slicer::SymbolDataSlicer, t; closed_only=false)
    row = row_asof(slicer, microseconds(t), boolean(closed_only, "closed_only"))
    return row == 0 ? nothing : candle_at(slicer.series, row)
end

function row_asof(slicer::SymbolDataSlicer, t::Int64, closed_only::Bool)
    if slicer.handle != C_NULL
        goes_by!(SLICER) || return watched(native_row_asof, julia_row_asof, slicer, SLOT_GET_CANDLE_ASOF, "get_candle_asof", t, closed_only)
        return native_row_asof(slicer, t, closed_only)
    end
    count!(SLOT_GET_CANDLE_ASOF, FALLBACK)
    return rows_admitted(slicer, t, true, closed_only)
end
julia_row_asof(slicer::SymbolDataSlicer, t::Int64, closed_only::Bool) = rows_admitted(slicer, t, true, closed_only)
one_row_asof(slicer, given...) = slicer.handle == C_NULL ? julia_row_asof(slicer, given...) : native_row_asof(slicer, given...)

function native_row_asof(slicer::SymbolDataSlicer, t::Int64, closed_only::Bool)
    count!(SLOT_GET_CANDLE_ASOF, NATIVE)
    out = Ref{Int64}()
    status = GC.@preserve slicer ccall(slicer.library.slicer_get_candle_asof, Int32,
        (Ptr{Cvoid}, Int64, UInt32, Ref{Int64}), slicer.handle, t, lookback_flags(true, closed_only, false), out)
    row = out[]
    (status == 0) & is_inside(slicer, row) || return row_asof_failed(slicer, status, row, t, closed_only)
    return row + 1
end
@noinline row_asof_failed(slicer, status, row, given...) =
    rescued(julia_row_asof, slicer, SLOT_GET_CANDLE_ASOF, "get_candle_asof", native_error(slicer, status, row, 1), given...)

"""
    get_lookback(slicer, now, n; include_current=true, closed_only=false, partial=false) -> Candles

Addresses candles by stamp: one stamped `now` is still forming at `now` and is in the answer unless
`include_current=false`. `closed_only=true` admits only candles whose close time is `<= now`.

The last `n` rows stamped `<= now` (`< now` without the current one), oldest first, as
[`Candles`](@ref). Fewer exist: 2008 saying how many; with `partial=true`, those there are, maybe none.

Errors: 1001 if `n < 1`, 1004 for other types, 2008 as said. O(1) on evenly spaced candles, O(log n) at
worst; allocates nothing. Source: `src/questions.jl`.

```jldoctest
julia> using OmegaJulia

julia> series = CandleSeries([0, 60_000_000], [1.0, 1.1], [1.2, 1.3], [0.9, 1.0], [1.1, 1.2];
                             symbol="EURUSD", timeframe="M1");

julia> slicer = SymbolDataSlicer(series);

julia> get_lookback(slicer, 60_000_000, 1).close[1], get_lookback(slicer, 60_000_000, 1; closed_only=true).close[1]
(1.2, 1.1)

julia> try get_lookback(slicer, 60_000_000, 3) catch e; e.message end
"3 rows asked for at 60000000, 2 available"
```
"""
@inline get_lookback(slicer::SymbolDataSlicer, now, n; include_current=true, closed_only=false, partial=false) =
    lookback_rows(slicer, microseconds(now), row_count(n), boolean(include_current, "include_current"),
        boolean(closed_only, "closed_only"), boolean(partial, "partial"))

@inline function lookback_rows(slicer::SymbolDataSlicer, now::Int64, n::Int64, include_current::Bool,
    closed_only::Bool, partial::Bool)

    if slicer.handle != C_NULL
        goes_by!(SLICER) || return watched(native_lookback, julia_lookback, slicer, SLOT_GET_LOOKBACK, "get_lookback", now, n,
            include_current, closed_only, partial)
        return native_lookback(slicer, now, n, include_current, closed_only, partial)
    end
    count!(SLOT_GET_LOOKBACK, FALLBACK)
    return julia_lookback(slicer, now, n, include_current, closed_only, partial)
end
one_lookback(slicer, given...) = slicer.handle == C_NULL ? julia_lookback(slicer, given...) : native_lookback(slicer, given...)

@inline function julia_lookback(slicer::SymbolDataSlicer, now::Int64, n::Int64, include_current::Bool, closed_only::Bool,
    partial::Bool)

    available = rows_admitted(slicer, now, include_current, closed_only)
    (available < n) & !partial && fail_insufficient(n, now, available)
    len = min(n, available)
    return Candles(slicer.series, available - len, len)
end

@inline function native_lookback(slicer::SymbolDataSlicer, now::Int64, n::Int64, include_current::Bool, closed_only::Bool,
    partial::Bool)

    flags = lookback_flags(include_current, closed_only, partial)
    count!(SLOT_GET_LOOKBACK, NATIVE)
    out = Ref{RowRange}()
    status = GC.@preserve slicer ccall(slicer.library.slicer_get_lookback, Int32,
        (Ptr{Cvoid}, Int64, Csize_t, UInt32, Ref{RowRange}), slicer.handle, now, n % Csize_t, flags, out)
    range = out[]
    (status == 0) & is_inside(slicer, range) ||
        return lookback_failed(slicer, status, range, now, n, include_current, closed_only, partial)
    return Candles(slicer.series, range.start, range.len)
end
@noinline lookback_failed(slicer, status, range, given...) = rescued(julia_lookback, slicer, SLOT_GET_LOOKBACK, "get_lookback",
    native_error(slicer, status, range.start, range.len), given...)

@noinline fail_insufficient(n, now, available, element="") =
    fail(INSUFFICIENT_DATA, element, n, " rows asked for at ", now, ", ", available, " available")
