# The same questions for a whole vector of times in one call. Under the native backend one native call
# answers all of them; nothing is asked twice, and either every element is answered or none.

const SLOT_GET_LOOKBACKS = operation_slot(:get_lookbacks)
const SLOT_GET_CANDLES_AT = operation_slot(:get_candles_at)
const SLOT_GET_CANDLES_ASOF = operation_slot(:get_candles_asof)
const SLOT_GATHER_LOOKBACK = operation_slot(:gather_lookback)

"""
    get_lookbacks(slicer, times, n; include_current=true, closed_only=false, partial=false)

Addresses candles by stamp: one stamped `times[i]` is still forming then; `include_current` and
`closed_only` as in [`get_lookback`](@ref).

[`get_lookback`](@ref) for each of `times` (any order) in one call: an `m × 2` matrix of `Int64` whose row
`i` is the **one-based** first row and the length of lookback `i`. With `partial=true` a lookback without
any row is `1, 0`. The matrix is a `PermutedDimsArray` over a `2 × m` one (`parent`), so that start and
length lie side by side.

Errors: as `get_lookback`; the first failing element's one-based index is in the message, as `times[3]`.
O(m); allocates the answer. Source: `src/batch.jl`.

```jldoctest
julia> using OmegaJulia

julia> series = CandleSeries([0, 60_000_000], [1.0, 1.1], [1.2, 1.3], [0.9, 1.0], [1.1, 1.2];
                             symbol="EURUSD", timeframe="M1");

julia> get_lookbacks(SymbolDataSlicer(series), [60_000_000, 0], 2; partial=true) == [1 2; 1 1]
true
```
"""
function get_lookbacks(slicer::SymbolDataSlicer, times, n; include_current=true, closed_only=false, partial=false)
    current, closed = boolean(include_current, "include_current"), boolean(closed_only, "closed_only")
    some, rows = boolean(partial, "partial"), row_count(n)
    stamps = batch_times(times)
    return batch(native_ranges, julia_ranges, slicer, SLOT_GET_LOOKBACKS, "get_lookbacks",
        (slicer, stamps, rows, Admits(current, closed, some)), stamps, rows, current, closed, some)
end

# A batch by the slicer's backend, guarded: `given` is what a record of it holds.
function batch(native::N, julia::J, slicer::SymbolDataSlicer, slot::Int, call::String, given::Tuple, stamps::Vector{Int64},
    options::Vararg{Any,K}) where {N,J,K}

    library = slicer.handle == C_NULL ? nothing : slicer.library
    return guarded(() -> native(slicer, stamps, options...), () -> julia(in_julia(slicer), stamps, options...), SLICER, slot, call,
        library, is_auto(slicer), given, ByElement(length(stamps), chosen -> julia(in_julia(slicer), stamps[chosen], options...)))
end

# The same by either backend, neither counted nor guarded.
lookback_ranges(slicer::SymbolDataSlicer, given...) =
    slicer.handle == C_NULL ? julia_ranges(slicer, given...) : native_ranges(slicer, given...)

julia_ranges(slicer::SymbolDataSlicer, stamps::Vector{Int64}, rows::Int64, current::Bool, closed::Bool, some::Bool) =
    PermutedDimsArray(fill_lookbacks!(Matrix{Int64}(undef, 2, length(stamps)), slicer, stamps, rows, current, closed, some), (2, 1))

function native_ranges(slicer::SymbolDataSlicer, stamps::Vector{Int64}, rows::Int64, current::Bool, closed::Bool, some::Bool)
    ranges = Matrix{Int64}(undef, 2, length(stamps))
    status = GC.@preserve slicer ccall(slicer.library.slicer_get_lookbacks, Int32,
        (Ptr{Cvoid}, Ptr{Int64}, Csize_t, Csize_t, UInt32, Ptr{Int64}),
        slicer.handle, stamps, length(stamps), rows, lookback_flags(current, closed, some), ranges)
    status == 0 || refused(() -> check_history(slicer, stamps, rows, current, closed), slicer.library, status)
    @inbounds for i in axes(ranges, 2)
        ranges[1, i] += 1
    end
    return PermutedDimsArray(ranges, (2, 1))
end

function fill_lookbacks!(ranges, slicer, stamps::Vector{Int64}, n::Int64, current::Bool, closed::Bool, partial::Bool)
    @inbounds for (i, now) in enumerate(stamps)
        available = rows_admitted(slicer, now, current, closed)
        (available < n) & !partial && fail_insufficient(n, now, available, string("times[", i, "]: "))
        len = min(n, available)
        ranges[1, i] = available - len + 1
        ranges[2, i] = len
    end
    return ranges
end

# Throws for the first element with too little history, if there is one. For either backend: a native
# slicer's refusal is worded here too, and the index is then built for it.
function check_history(slicer, stamps::Vector{Int64}, n::Int64, current::Bool, closed::Bool)
    index = shared_index(slicer.series)
    for (i, now) in enumerate(stamps)
        latest, wrapped = Base.sub_with_overflow(now, closed ? slicer.duration : current ? Int64(0) : Int64(1))
        available = wrapped ? 0 : rows_through(index, slicer.timestamp, latest)
        available < n && fail_insufficient(n, now, available, string("times[", i, "]: "))
    end
    return nothing
end

"""
    get_candles_at(slicer, times) -> Vector{Int64}

Addresses candles by stamp: one stamped `times[i]` is still forming then.

[`get_candle_at`](@ref) for each of `times` (any order) in one call, as **one-based** rows of the series,
0 for none. Errors: 1004 if `times` is no vector of times. O(m); allocates the answer.
Source: `src/batch.jl`.

```jldoctest
julia> using OmegaJulia

julia> series = CandleSeries([0], [1.0], [1.2], [0.9], [1.1]; symbol="EURUSD", timeframe="M1");

julia> get_candles_at(SymbolDataSlicer(series), [0, 1]) == [1, 0]
true
```
"""
function get_candles_at(slicer::SymbolDataSlicer, times)
    stamps = batch_times(times)
    return batch(native_rows_at, julia_rows_at, slicer, SLOT_GET_CANDLES_AT, "get_candles_at", (slicer, stamps), stamps)
end

rows_at(slicer::SymbolDataSlicer, stamps) = slicer.handle == C_NULL ? julia_rows_at(slicer, stamps) : native_rows_at(slicer, stamps)

function julia_rows_at(slicer::SymbolDataSlicer, stamps::Vector{Int64})
    rows = Vector{Int64}(undef, length(stamps))
    @inbounds for (i, t) in enumerate(stamps)
        rows[i] = exact_row(slicer, t)
    end
    return rows
end

function native_rows_at(slicer::SymbolDataSlicer, stamps::Vector{Int64})
    rows = Vector{Int64}(undef, length(stamps))
    status = GC.@preserve slicer ccall(slicer.library.slicer_get_candles_at, Int32,
        (Ptr{Cvoid}, Ptr{Int64}, Csize_t, Ptr{Int64}), slicer.handle, stamps, length(stamps), rows)
    status == 0 || native_failure(slicer.library, status)
    return one_based!(rows)
end

"""
    get_candles_asof(slicer, times; closed_only=false) -> Vector{Int64}

Addresses candles by stamp: the latest one stamped at or before `times[i]` may still be forming then.
`closed_only=true` admits only candles whose close time is `<= times[i]`.

[`get_candle_asof`](@ref) for each of `times` (any order) in one call, as **one-based** rows of the
series, 0 for none. Errors: 1004 for other types. O(m); allocates the answer. Source: `src/batch.jl`.

```jldoctest
julia> using OmegaJulia

julia> series = CandleSeries([0], [1.0], [1.2], [0.9], [1.1]; symbol="EURUSD", timeframe="M1");

julia> get_candles_asof(SymbolDataSlicer(series), [-1, 59_000_000]) == [0, 1]
true
```
"""
function get_candles_asof(slicer::SymbolDataSlicer, times; closed_only=false)
    closed = boolean(closed_only, "closed_only")
    stamps = batch_times(times)
    return batch(native_rows_asof, julia_rows_asof, slicer, SLOT_GET_CANDLES_ASOF, "get_candles_asof", (slicer, stamps, closed),
        stamps, closed)
end

rows_asof(slicer::SymbolDataSlicer, given...) =
    slicer.handle == C_NULL ? julia_rows_asof(slicer, given...) : native_rows_asof(slicer, given...)

function julia_rows_asof(slicer::SymbolDataSlicer, stamps::Vector{Int64}, closed::Bool)
    rows = Vector{Int64}(undef, length(stamps))
    @inbounds for (i, t) in enumerate(stamps)
        rows[i] = rows_admitted(slicer, t, true, closed)
    end
    return rows
end

function native_rows_asof(slicer::SymbolDataSlicer, stamps::Vector{Int64}, closed::Bool)
    rows = Vector{Int64}(undef, length(stamps))
    status = GC.@preserve slicer ccall(slicer.library.slicer_get_candles_asof, Int32,
        (Ptr{Cvoid}, Ptr{Int64}, Csize_t, UInt32, Ptr{Int64}),
        slicer.handle, stamps, length(stamps), lookback_flags(true, closed, false), rows)
    status == 0 || native_failure(slicer.library, status)
    return one_based!(rows)
end

function one_based!(rows::Vector{Int64})
    @inbounds @simd for i in eachindex(rows)
        rows[i] += 1
    end
    return rows
end

"""
    gather_lookback(slicer, times, n, field="close"; include_current=true, closed_only=false, partial=false)

Addresses candles by stamp: one stamped `times[i]` is still forming then; `include_current` and
`closed_only` as in [`get_lookback`](@ref).

One field (`"open"`, `"high"`, `"low"`, `"close"` or `"volume"`) over the lookback of each of `times`: an
`m × n` matrix of `Float64`, row `i` for `times[i]`, oldest first. With `partial=true` missing history is
NaN on the left. Each lookback lies contiguously in memory: the matrix is a `PermutedDimsArray` over an
`n × m` one, whose columns are the lookbacks (`parent(matrix)`, `parent(matrix)[:, i]`).

Errors: as [`get_lookbacks`](@ref); 1001 for an unknown field; 6001 if the matrix does not fit into
memory; no times at all give a `0 × n` one. O(m n); allocates the answer. Source: `src/batch.jl`.

```jldoctest
julia> using OmegaJulia

julia> series = CandleSeries([0, 60_000_000], [1.0, 1.1], [1.2, 1.3], [0.9, 1.0], [1.1, 1.2];
                             symbol="EURUSD", timeframe="M1");

julia> gather_lookback(SymbolDataSlicer(series), [60_000_000], 2, "high") == [1.2 1.3]
true
```
"""
function gather_lookback(slicer::SymbolDataSlicer, times, n, field="close";
    include_current=true, closed_only=false, partial=false)

    current, closed = boolean(include_current, "include_current"), boolean(closed_only, "closed_only")
    some, rows, number = boolean(partial, "partial"), row_count(n), field_number(field)
    stamps = batch_times(times)
    # Too little history for anyone: said before memory for n columns is asked for.
    !some && rows > length(slicer.timestamp) && check_history(slicer, stamps, rows, current, closed)
    return batch(native_gathered, julia_gathered, slicer, SLOT_GATHER_LOOKBACK, "gather_lookback",
        (slicer, stamps, rows, string(FIELDS[number+1]), Admits(current, closed, some)), stamps, rows, number, current, closed, some)
end

gathered(slicer::SymbolDataSlicer, given...) =
    slicer.handle == C_NULL ? julia_gathered(slicer, given...) : native_gathered(slicer, given...)

julia_gathered(slicer::SymbolDataSlicer, stamps::Vector{Int64}, rows::Int64, number::Int, current::Bool, closed::Bool, some::Bool) =
    PermutedDimsArray(fill_gathered!(lookback_memory(rows, length(stamps)), slicer, stamps, number, current, closed, some), (2, 1))

function native_gathered(slicer::SymbolDataSlicer, stamps::Vector{Int64}, rows::Int64, number::Int, current::Bool, closed::Bool, some::Bool)
    values = lookback_memory(rows, length(stamps))
    isempty(stamps) && return PermutedDimsArray(values, (2, 1)) # any n is fine then
    status = GC.@preserve slicer ccall(slicer.library.slicer_gather_lookback, Int32,
        (Ptr{Cvoid}, Ptr{Int64}, Csize_t, Csize_t, Int32, UInt32, Ptr{Float64}), slicer.handle, stamps,
        length(stamps), rows, number, lookback_flags(current, closed, some), values)
    status == 0 || refused(() -> check_history(slicer, stamps, rows, current, closed), slicer.library, status)
    return PermutedDimsArray(values, (2, 1))
end

function lookback_memory(n::Int64, m::Int)
    # Julia 1.5 lets the product wrap round and makes a matrix that claims more than it has.
    cells, wrapped = Base.mul_with_overflow(n, Int64(m))
    (wrapped || cells > typemax(Int64) ÷ sizeof(Float64)) && fail_lookback_memory(n, m)
    try
        return Matrix{Float64}(undef, n, m)
    catch error
        # Which of them says that it is too much differs from release to release.
        error isa Union{OutOfMemoryError,ArgumentError,ErrorException} || rethrow()
        fail_lookback_memory(n, m)
    end
end

@noinline fail_lookback_memory(n, m) =
    fail(OUT_OF_MEMORY, "a matrix of ", m, " times and n ", n, " does not fit into memory")

function fill_gathered!(values::Matrix{Float64}, slicer, stamps::Vector{Int64}, number::Int, current::Bool, closed::Bool,
    partial::Bool)

    n = size(values, 1)
    source = getfield(slicer.series, FIELDS[number+1])::Vector{Float64}
    # An absent volume is missing everywhere.
    known = number != 4 || slicer.series.has_volume
    for (i, now) in enumerate(stamps)
        available = rows_admitted(slicer, now, current, closed)
        (available < n) & !partial && fail_insufficient(n, now, available, string("times[", i, "]: "))
        len = known ? min(n, available) : 0
        start = (i - 1) * n
        @inbounds for j in start+1:start+n-len
            values[j] = NaN
        end
        copyto!(values, start + n - len + 1, source, available - len + 1, len)
    end
    return values
end
