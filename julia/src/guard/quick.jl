# The first known answers, asked at every load of the library: made ready while the package is compiled, and asked by bare calls
# and loops, so that a process that starts has little to compile. What is wrong is put into words by known.jl.

struct QuickKernel
    call::KernelCall
    x::Vector{Float64}
    expected::Vector{Float64}
    out::Vector{Float64}
end

struct QuickSeries
    symbol::String
    duration::Int64
    side::Int32
    timestamp::Vector{Int64}
    prices::NTuple{5,Vector{Float64}}
end

function QuickSeries(name::AbstractString)
    columns, _, identity = known_columns(name)
    return QuickSeries(argument(identity, "symbol"), Timeframe(argument(identity, "timeframe")).duration,
        argument(identity, "price_type") == "ask" ? 1 : 0, columns.timestamp, (columns.open, columns.high, columns.low, columns.close, columns.volume))
end

const FIRST_CASES = KNOWN_CASES[1:CASES_AT_LOAD]
first_case(call) = FIRST_CASES[findfirst(case -> case.call == call, FIRST_CASES)]
quick_series(case) = map(name -> QuickSeries(name), split(case.subject, ','))

const QUICK_KERNELS = [QuickKernel(known_call(case), read_bits(KNOWN_VALUES[case.subject]), read_bits(case.value), zeros(length(read_bits(case.value))))
                       for case in FIRST_CASES if case.mod == "kernels"]
# Bare arrays of one moment's questions: the series, the times, what the library must write, counted from zero.
const QUICK_LOOKBACKS = let case = first_case("get_lookbacks")
    (series=quick_series(case)[1], times=read_integers(argument(case.args, "times")), n=parse(Int, argument(case.args, "n")),
        flags=lookback_flags(argument(case.args, "include_current") != "false", argument(case.args, "closed_only") == "true",
            argument(case.args, "partial") == "true"),
        expected=Int64[parse(Int64, cell) for cell in split(case.value, r"[:,]")])
end
const QUICK_ASOF = let case = first_case("get_candles_asof")
    (series=quick_series(case)[1], times=read_integers(argument(case.args, "times")),
        flags=lookback_flags(true, argument(case.args, "closed_only") == "true", false), expected=read_integers(case.value))
end
const QUICK_ALIGN = let case = first_case("align")
    (series=quick_series(case)[1], higher=quick_series(case)[2], at_close=Int32(argument(case.args, "decision") == "close"),
        stamped=Int32(argument(case.args, "stamps") == "close"), limit=parse(Int64, argument(case.args, "stale_limit", "-1")), expected=read_integers(case.value))
end
const QUICK_RESAMPLE = let case = first_case("resample")
    (series=quick_series(case)[1], duration=Timeframe(argument(case.args, "timeframe")).duration, origin=parse(Int64, argument(case.args, "origin", "0")),
        flags=argument(case.args, "keep_partial") == "true" ? KEEP_PARTIAL : UInt32(0), expected=QuickSeries(case.value))
end
const QUICK_TIMELINE = let case = first_case("timeline")
    (series=quick_series(case), union=Int32(argument(case.args, "timeline") == "union"), flags=argument(case.args, "asof") == "true" ? ASOF : UInt32(0),
        limit=parse(Int64, argument(case.args, "stale_limit", "-1")), expected=read_integers(case.value))
end

# Whether the library knows the first answers.
quick_answers(library::NativeLibrary) = all_kernels_right(library) && series_right(library) && timeline_right(library)

function all_kernels_right(library::NativeLibrary)
    for one in QUICK_KERNELS
        status = ccall(library.kernel_columns, Int32, (Int32, Ref{NativeKernelOptions}, Ptr{Float64}, Csize_t, Csize_t, Ptr{Float64}),
            one.call.kernel, Ref(native_options(one.call)), one.x, length(one.x), 1, one.out)
        status == 0 && equal_bits(pointer(one.out), one.expected) || return false
    end
    return true
end

function equal_bits(found::Ptr{Float64}, expected::Vector{Float64})
    found == C_NULL && return isempty(expected)
    for i in 1:length(expected)
        same_state(unsafe_load(found, i), expected[i]) || return false
    end
    return true
end

function equal_numbers(found::Ptr{Int64}, expected::Vector{Int64})
    for i in 1:length(expected)
        unsafe_load(found, i) == expected[i] || return false
    end
    return true
end

# A native series; to be freed. C_NULL where the library refuses.
function quick_handle(library::NativeLibrary, series::QuickSeries)
    out, prices = Ref{Ptr{Cvoid}}(C_NULL), series.prices
    GC.@preserve series begin
        volume = isempty(prices[5]) ? Ptr{Float64}(C_NULL) : pointer(prices[5])
        lent = Ref(NativeColumns(pointer(series.timestamp), pointer(prices[1]), pointer(prices[2]), pointer(prices[3]), pointer(prices[4]),
            volume, length(series.timestamp)))
        options = Ref(NativeOptions(pointer(series.symbol), series.duration, series.side, 0, ALLOW_MISSING, 0))
        ccall(library.series_new_borrowed, Int32, (Ref{NativeColumns}, Ref{NativeOptions}, Ptr{Cvoid}, Ptr{Cvoid}, Ref{Ptr{Cvoid}}),
            lent, options, C_NULL, C_NULL, out)
    end
    return out[]
end
quick_free(library::NativeLibrary, handle::Ptr{Cvoid}) = ccall(library.series_free, Int32, (Ptr{Cvoid},), handle)

function series_right(library::NativeLibrary)
    a, b = QUICK_LOOKBACKS, QUICK_ASOF
    ranges, rows, aligned = zeros(Int64, length(a.expected)), zeros(Int64, length(b.expected)), zeros(Int64, length(QUICK_ALIGN.expected))
    first, second = quick_handle(library, a.series), quick_handle(library, b.series)
    right = ccall(library.slicer_get_lookbacks, Int32, (Ptr{Cvoid}, Ptr{Int64}, Csize_t, Csize_t, UInt32, Ptr{Int64}),
        first, a.times, length(a.times), a.n, a.flags, ranges) == 0 && equal_numbers(pointer(ranges), a.expected)
    right &= ccall(library.slicer_get_candles_asof, Int32, (Ptr{Cvoid}, Ptr{Int64}, Csize_t, UInt32, Ptr{Int64}),
        second, b.times, length(b.times), b.flags, rows) == 0 && equal_numbers(pointer(rows), b.expected)
    quick_free(library, first)
    quick_free(library, second)
    bars, candles = quick_handle(library, QUICK_ALIGN.series), quick_handle(library, QUICK_ALIGN.higher)
    right &= ccall(library.align, Int32, (Ptr{Cvoid}, Ptr{Cvoid}, Int32, Int32, Int64, Ptr{Int64}, Csize_t), bars, candles,
        QUICK_ALIGN.at_close, QUICK_ALIGN.stamped, QUICK_ALIGN.limit, aligned, length(aligned)) == 0 &&
        equal_numbers(pointer(aligned), QUICK_ALIGN.expected)
    quick_free(library, bars)
    quick_free(library, candles)
    return right & resample_right(library)
end

function resample_right(library::NativeLibrary)
    short, long, found = quick_handle(library, QUICK_RESAMPLE.series), Ref{Ptr{Cvoid}}(C_NULL), Ref{NativeColumns}()
    expected = QUICK_RESAMPLE.expected
    right = ccall(library.series_resample, Int32, (Ptr{Cvoid}, Int64, Int64, UInt32, Ref{Ptr{Cvoid}}), short, QUICK_RESAMPLE.duration,
        QUICK_RESAMPLE.origin, QUICK_RESAMPLE.flags, long) == 0 &&
        ccall(library.series_columns, Int32, (Ptr{Cvoid}, Ref{NativeColumns}), long[], found) == 0
    if right
        made = found[]
        right = made.len == length(expected.timestamp) && equal_numbers(made.timestamp, expected.timestamp) &&
            equal_bits(made.open, expected.prices[1]) && equal_bits(made.high, expected.prices[2]) &&
            equal_bits(made.low, expected.prices[3]) && equal_bits(made.close, expected.prices[4]) && equal_bits(made.volume, expected.prices[5])
    end
    quick_free(library, long[])
    quick_free(library, short)
    return right
end

function timeline_right(library::NativeLibrary)
    handles = Ptr{Cvoid}[quick_handle(library, series) for series in QUICK_TIMELINE.series]
    slice, stamps, count = Ref{Ptr{Cvoid}}(C_NULL), Ref{Ptr{Int64}}(C_NULL), Ref{Csize_t}(0)
    right = ccall(library.multi_symbol_new, Int32, (Ptr{Ptr{Cvoid}}, Csize_t, Int32, UInt32, Int64, Ref{Ptr{Cvoid}}), handles, length(handles),
        QUICK_TIMELINE.union, QUICK_TIMELINE.flags, QUICK_TIMELINE.limit, slice) == 0 &&
        ccall(library.multi_symbol_timeline, Int32, (Ptr{Cvoid}, Ref{Ptr{Int64}}, Ref{Csize_t}), slice[], stamps, count) == 0 &&
        count[] == length(QUICK_TIMELINE.expected) && equal_numbers(stamps[], QUICK_TIMELINE.expected)
    ccall(library.multi_symbol_free, Int32, (Ptr{Cvoid},), slice[])
    foreach(handle -> quick_free(library, handle), handles)
    return right
end
