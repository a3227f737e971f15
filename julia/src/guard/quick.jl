# The first known answers, asked at every load of the library: made ready while the package is compiled, as bare arrays that
# loading/answers.jl hands to the library. Prices and what becomes of them are kept as their bits.

bits_of(values::Vector{Float64}) = collect(reinterpret(Int64, values))

struct QuickKernel
    kernel::Int32
    options::Vector{NativeKernelOptions} # one
    x::Vector{Int64}
    rows::Csize_t
    expected::Vector{Int64}
end

QuickKernel(call::KernelCall, x::Vector{Int64}, expected::Vector{Int64}) = QuickKernel(call.kernel, [native_options(call)], x, length(x), expected)

struct QuickSeries
    symbol::String
    duration::Int64
    side::Int32
    columns::Vector{Vector{Int64}} # in the order of NativeColumns
    rows::Csize_t
end

function QuickSeries(name::AbstractString)
    columns, has_volume, identity = known_columns(name)
    has_volume || error("the first known answers are of series that have a volume: ", name)
    return QuickSeries(argument(identity, "symbol"), Timeframe(argument(identity, "timeframe")).duration, argument(identity, "price_type") == "ask",
        [columns.timestamp, bits_of(columns.open), bits_of(columns.high), bits_of(columns.low), bits_of(columns.close), bits_of(columns.volume)], length(columns.timestamp))
end

const FIRST_CASES = KNOWN_CASES[1:CASES_AT_LOAD]
first_case(call) = FIRST_CASES[findfirst(case -> case.call == call, FIRST_CASES)]

const QUICK_KERNELS = [QuickKernel(known_call(case), bits_of(read_bits(KNOWN_VALUES[case.subject])), bits_of(read_bits(case.value))) for case in FIRST_CASES if case.mod == "kernels"]

# Every series that is asked, once; questions say which by number.
const QUICK_NAMES = unique(String[name for case in FIRST_CASES if case.mod != "kernels" for name in split(case.subject, ',')])
const QUICK_SERIES = map(QuickSeries, QUICK_NAMES)
numbers_of(case) = map(name -> findfirst(==(name), QUICK_NAMES), split(case.subject, ','))

# What is asked, and what the library must write, counted from zero.
const QUICK_LOOKBACKS = let case = first_case("get_lookbacks"), times = read_integers(argument(case.args, "times"))
    (series=numbers_of(case)[1], times=times, count=Csize_t(length(times)), n=parse(Csize_t, argument(case.args, "n")),
        flags=lookback_flags(argument(case.args, "include_current") != "false", argument(case.args, "closed_only") == "true",
            argument(case.args, "partial") == "true"),
        expected=Int64[parse(Int64, cell) for cell in split(case.value, r"[:,]")])
end
const QUICK_ASOF = let case = first_case("get_candles_asof"), times = read_integers(argument(case.args, "times"))
    (series=numbers_of(case)[1], times=times, count=Csize_t(length(times)),
        flags=lookback_flags(true, argument(case.args, "closed_only") == "true", false), expected=read_integers(case.value))
end
const QUICK_ALIGN = let case = first_case("align"), rows = read_integers(case.value)
    (series=numbers_of(case)[1], higher=numbers_of(case)[2], at_close=Int32(argument(case.args, "decision") == "close"),
        stamped=Int32(argument(case.args, "stamps") == "close"), limit=parse(Int64, argument(case.args, "stale_limit", "-1")),
        count=Csize_t(length(rows)), expected=rows)
end
const QUICK_RESAMPLE = let case = first_case("resample"), made = QuickSeries(case.value)
    (series=numbers_of(case)[1], duration=Timeframe(argument(case.args, "timeframe")).duration, origin=parse(Int64, argument(case.args, "origin", "0")),
        flags=argument(case.args, "keep_partial") == "true" ? KEEP_PARTIAL : UInt32(0), count=made.rows, expected=made.columns)
end
const QUICK_TIMELINE = let case = first_case("timeline"), stamps = read_integers(case.value)
    (bid=numbers_of(case)[1], ask=numbers_of(case)[2], union=Int32(argument(case.args, "timeline") == "union"),
        flags=argument(case.args, "asof") == "true" ? ASOF : UInt32(0), limit=parse(Int64, argument(case.args, "stale_limit", "-1")),
        count=Csize_t(length(stamps)), expected=stamps)
end

# Room for the longest of the answers that are written into an array of ours.
const MOST_WORDS = maximum(length, [[one.expected for one in QUICK_KERNELS]; [QUICK_LOOKBACKS.expected, QUICK_ASOF.expected, QUICK_ALIGN.expected]])
# Where the handles are kept of what the library makes of the series.
const RESAMPLED, MOMENTS = length(QUICK_SERIES) + 1, length(QUICK_SERIES) + 2
