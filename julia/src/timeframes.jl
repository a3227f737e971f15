# Several timeframes: candles made from shorter ones, and which longer candle may be seen at each bar.
# A candle exists once it has closed: nothing here shows one that is still forming, and no option does.

const SLOT_RESAMPLE = operation_slot(:resample)
const SLOT_ALIGN = operation_slot(:align)
const KEEP_PARTIAL = UInt32(1)
# Weeks are counted from Monday 1970-01-05, everything else from 1970-01-01.
const FIRST_MONDAY = 4DAY

bucket_anchor(duration::Int64) = duration == 7DAY ? FIRST_MONDAY : Int64(0)

"""
    resample(series, timeframe; origin=0, keep_partial=false, backend=nothing) -> CandleSeries

The same market in a longer timeframe, a new [`CandleSeries`](@ref).

Buckets are `[k*d + origin, (k+1)*d + origin)`, counted from 1970-01-01 UTC, weeks from a Monday; `origin` is an
offset: integer microseconds or a `Dates.Period`. A candle is stamped with its bucket's start: open is the first
price, high the highest, low the lowest, close the last, volume the exact sum rounded once; missing values are
passed over. Empty buckets make no row. A last bucket that closes after the last source candle does is left out
unless `keep_partial`; a first one that began before the data is kept. Nothing marks a partial candle that was kept:
to another `resample`, to [`align`](@ref) and to a walk it is one like all others, complete when its bucket closes.

Errors: 1001 if `timeframe` is no whole multiple of the series'; 1006, naming the row, if a candle closes after its
bucket: it would be seen before it exists; 1004 for other types. O(n); allocates the answer.
Source: `src/timeframes.jl`.

```jldoctest
julia> using OmegaJulia

julia> minutes = CandleSeries(60_000_000 .* (0:6), 1.0:7.0, 2.0:8.0, 0.0:6.0, 1.0:7.0; symbol="X", timeframe="M1");

julia> fives = resample(minutes, "M5");

julia> length(fives), fives.high[1], length(resample(minutes, "M5"; keep_partial=true))
(1, 6.0, 2)
```
"""
function resample(series::CandleSeries, timeframe; origin=0, keep_partial=false, backend=nothing)
    longer, shorter = Timeframe(timeframe), series.timeframe
    offset, partial = span_microseconds(origin, "origin"), boolean(keep_partial, "keep_partial")
    longer.duration % shorter.duration == 0 ||
        fail(INVALID_ARGUMENT, longer.name, " (", longer.duration, " us) is no whole multiple of ", shorter.name, " (",
            shorter.duration, " us), the series' own")
    library = backend === nothing ? native_of(series) : library_for(resolve_choice(backend))
    requested = backend === nothing ? getfield(series, :requested) : resolve_choice(backend).requested
    return guarded(() -> resampled(library, series, longer, offset, partial, requested),
        () -> resampled(nothing, series, longer, offset, partial, requested), SLICER, SLOT_RESAMPLE, "resample", library,
        requested === :auto, (series, longer.duration, offset, partial))
end

# By one backend, neither counted nor guarded.
function resampled(::Nothing, series::CandleSeries, longer::Timeframe, offset::Int64, partial::Bool, requested::Symbol)
    columns = resampled_columns(series, longer.duration, offset, partial)
    return assemble(columns, series.has_volume, longer_identity(series, longer), requested, NO_HANDLE)
end
longer_identity(series::CandleSeries, longer::Timeframe) = (symbol=series.symbol, timeframe=longer, price_type=series.price_type)

function resampled(library::NativeLibrary, series::CandleSeries, longer::Timeframe, offset::Int64, partial::Bool, requested::Symbol)
    native, out = native_handle(series, library), Ref{Ptr{Cvoid}}(C_NULL)
    status = GC.@preserve native ccall(library.series_resample, Int32, (Ptr{Cvoid}, Int64, Int64, UInt32, Ref{Ptr{Cvoid}}),
        native.pointer, longer.duration, offset, partial ? KEEP_PARTIAL : UInt32(0), out)
    status == 0 || refused(() -> resampled_columns(series, longer.duration, offset, partial), library, status)
    return adopt_series(library, out[], longer_identity(series, longer), requested)
end
resample(other, timeframe; keywords...) =
    fail(TYPE_MISMATCH, "series must be a CandleSeries, got ", repr(other), " (", typeof(other), ")")

# The columns of the longer candles. One pass; a bucket is a run of rows.
function resampled_columns(series::CandleSeries, duration::Int64, origin::Int64, keep_partial::Bool)
    stamps, rows = getfield(series, :timestamp), length(series)
    shorter, volume = series.timeframe.duration, getfield(series, :volume)
    shift = mod(bucket_anchor(duration) + mod(origin, duration), duration)
    starts, firsts = Int64[], Int[]
    for row in 1:rows
        inside = mod(mod(stamps[row], duration) - shift, duration)
        start, early = Base.sub_with_overflow(stamps[row], inside)
        early && fail(INVALID_ARGUMENT, "row ", row, ": the bucket of timestamp ", stamps[row],
            " starts before 64-bit microseconds do")
        inside <= duration - shorter || fail_bucket(row, stamps[row], shorter, widen(start) + duration)
        if isempty(starts) || start != last(starts)
            push!(starts, start)
            push!(firsts, row)
        end
    end
    push!(firsts, rows + 1)
    if !keep_partial && !isempty(starts) && widen(last(starts)) + duration > widen(last(stamps)) + shorter
        pop!(starts)
        pop!(firsts)
    end
    of(pick, column) = Float64[pick(column, firsts[k], firsts[k+1] - 1) for k in eachindex(starts)]
    columns = (timestamp=starts, open=of(first_present, getfield(series, :open)), high=of(newest_highest, getfield(series, :high)),
        low=of(newest_lowest, getfield(series, :low)), close=of(last_present, getfield(series, :close)),
        volume=series.has_volume ? of(exact_sum, volume) : Float64[])
    # Volumes whose sum is too large for a double.
    check_columns(columns, series.has_volume, check_number("full"), true)
    return columns
end

@noinline fail_bucket(row, stamp, shorter, close) = fail(CONSTRAINT_VIOLATION, "row ", row, ": the candle stamped ", stamp,
    " closes at ", widen(stamp) + shorter, ", after its bucket, which closes at ", close,
    ": it would be seen before it exists; shift the buckets with origin")

function first_present(column::Vector{Float64}, first::Int, last::Int)
    for row in first:last
        isnan(column[row]) || return column[row]
    end
    return NaN
end

function last_present(column::Vector{Float64}, first::Int, last::Int)
    for row in last:-1:first
        isnan(column[row]) || return column[row]
    end
    return NaN
end

# Comparisons with NaN are false, so missing values are passed over; of equal ones the newest stays.
function newest_highest(column::Vector{Float64}, first::Int, last::Int)
    best = NaN
    @inbounds for row in first:last
        best = (column[row] >= best) | isnan(best) ? column[row] : best
    end
    return best
end

function newest_lowest(column::Vector{Float64}, first::Int, last::Int)
    best = NaN
    @inbounds for row in first:last
        best = (column[row] <= best) | isnan(best) ? column[row] : best
    end
    return best
end

# The exact sum of what is there, rounded once; NaN where nothing is.
function exact_sum(column::Vector{Float64}, first::Int, last::Int)
    sum, counted, exact = 0.0, 0, true
    @inbounds for row in first:last
        value = column[row]
        isnan(value) && continue
        counted += 1
        total = sum + value
        # What rounding took from the sum; if that is nothing every time, the sum is exact.
        other = total - sum
        exact &= (sum - (total - other)) + (value - other) == 0
        sum = total
    end
    counted == 0 && return NaN
    return exact ? sum : summed_wide(column, first, last)
end

# As the kernels sum what no shorter number holds.
@noinline function summed_wide(column::Vector{Float64}, first::Int, last::Int)
    state, tally = WideSum{false}(column, span_of(column, first, last)), Tally()
    begin!(state, tally, column, first, last + 1)
    return statistic(state, tally)
end

"""
    align(primary, higher; decision="open", stamps="open", stale_limit=nothing, backend=nothing) -> Vector{Int64}

For each bar of `primary` the **one-based** row of the last candle of `higher` that has closed when the bar is
decided, 0 for none. A bar is decided at its open or, with `decision="close"`, at its close; a candle is visible if
and only if its close time is at or before that. With `stamps="close"` the stamps of `higher` are its close times.
With `stale_limit=k` a candle is hidden once more than `k` bars have passed since it came into sight.

Errors: 1001 for other words and a negative `stale_limit`, 1004 for other types. O(bars + candles); allocates the
answer. Source: `src/timeframes.jl`.

```jldoctest
julia> using OmegaJulia

julia> gapless(timeframe, n) = CandleSeries(Timeframe(timeframe).duration .* (0:n-1), ones(n), ones(n), ones(n), ones(n);
                                            symbol="X", timeframe=timeframe);

julia> m5, h1 = gapless("M5", 25), gapless("H1", 3);

julia> align(m5, h1)[[12, 13, 24, 25]] == [0, 1, 1, 2], align(m5, h1; decision="close")[[11, 12]] == [0, 1]
(true, true)
```
"""
function align(primary::CandleSeries, higher::CandleSeries; decision="open", stamps="open", stale_limit=nothing,
    backend=nothing)

    at_close = word_number(decision, ("open", "close"), "decision")
    stamped_at_close = word_number(stamps, ("open", "close"), "stamps")
    limit = stale_limit === nothing ? -1 : integer_argument(stale_limit, "stale_limit", 0)
    library = backend === nothing ? native_of(primary) : library_for(resolve_choice(backend))
    auto = backend === nothing ? is_auto(primary) : resolve_choice(backend).requested === :auto
    return guarded(() -> aligned(library, primary, higher, at_close, stamped_at_close, limit),
        () -> aligned(nothing, primary, higher, at_close, stamped_at_close, limit), SLICER, SLOT_ALIGN, "align", library, auto,
        (primary, higher, at_close == 1, stamped_at_close == 1, limit < 0 ? nothing : limit))
end

# By one backend, neither counted nor guarded.
aligned(::Nothing, primary::CandleSeries, higher::CandleSeries, at_close::Int, stamped_at_close::Int, limit::Int) =
    fill_aligned!(Vector{Int64}(undef, length(primary)), getfield(primary, :timestamp),
        at_close == 1 ? primary.timeframe.duration : Int64(0), getfield(higher, :timestamp),
        stamped_at_close == 1 ? Int64(0) : higher.timeframe.duration, Int64(limit))

function aligned(library::NativeLibrary, primary::CandleSeries, higher::CandleSeries, at_close::Int, stamped_at_close::Int, limit::Int)
    rows = Vector{Int64}(undef, length(primary))
    bars, candles = native_handle(primary, library), native_handle(higher, library)
    status = GC.@preserve bars candles ccall(library.align, Int32,
        (Ptr{Cvoid}, Ptr{Cvoid}, Int32, Int32, Int64, Ptr{Int64}, Csize_t), bars.pointer, candles.pointer, at_close,
        stamped_at_close, limit, rows, length(rows))
    status == 0 || native_failure(library, status)
    return one_based!(rows)
end
align(primary, higher; keywords...) = fail(TYPE_MISMATCH, "align needs two CandleSeries, got ", typeof(primary), " and ",
    typeof(higher))

# One merge pass. Times are moved, never compared after wrapping: a decision beyond Int64 is its last moment, and a
# candle that closes beyond Int64 never does.
function fill_aligned!(rows::Vector{Int64}, bars::Vector{Int64}, wait::Int64, candles::Vector{Int64}, lasting::Int64,
    limit::Int64)

    row, since = 0, 1
    latest = typemax(Int64) - lasting # the last stamp that ever closes
    @inbounds for i in eachindex(bars)
        decided, over = Base.add_with_overflow(bars[i], wait)
        over && (decided = typemax(Int64))
        while row < length(candles) && candles[row+1] <= latest && candles[row+1] + lasting <= decided
            row += 1
            since = i
        end
        rows[i] = ifelse((limit >= 0) & (i - since > limit), 0, row)
    end
    return rows
end

# A length of time in microseconds; a Period that microseconds cannot hold is refused.
function span_microseconds(span, name::String)
    span isa Bool && fail_span(span, name)
    if span isa Dates.FixedPeriod
        whole, rest = divrem(big(Dates.tons(oneunit(span))) * Dates.value(span), 1000)
        rest == 0 || fail(INVALID_FORMAT, name, " ", span, " is finer than a microsecond")
        span = whole
    end
    span isa Integer || fail_span(span, name)
    typemin(Int64) <= span <= typemax(Int64) || fail(INVALID_ARGUMENT, name, " does not fit into an Int64: ", span)
    return Int64(span)
end
@noinline fail_span(span, name) =
    fail(TYPE_MISMATCH, name, " must be integer microseconds or a fixed period, got ", repr(span), " (", typeof(span), ")")

# The zero-based number of one of some words.
function word_number(word, words::Tuple, name::String)
    word isa Union{AbstractString,Symbol} ||
        fail(TYPE_MISMATCH, name, " must be one of ", join(words, ", "), ", got ", repr(word), " (", typeof(word), ")")
    found = findfirst(==(String(word)), words)
    found === nothing && fail(INVALID_ARGUMENT, name, " ", quoted(word), " is none of ", join(words, ", "))
    return found - 1
end
