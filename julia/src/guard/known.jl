# Known answers: what a backend must say to the questions of known_answers.tsv, to the bit. Asks a backend directly, whatever
# the choices in force, and says where it was wrong. What follows from that is decided elsewhere.

# So many of the first cases are asked at every load.
const CASES_AT_LOAD = 10

struct KnownCase
    mod::String
    call::String
    subject::String
    args::Vector{Pair{String,String}}
    result::String
    value::String
end

# An answer that is not the known one; `code` where an error came instead.
struct WrongAnswer
    mod::String
    call::String
    text::String
    code::Union{Nothing,Int}
end

const KNOWN_ROWS = [(kind=row["kind"], name=row["name"], subject=row["subject"], args=row["args"], result=row["result"],
    value=row["value"]) for row in read_table("known_answers.tsv")]

argument_pairs(text::String) = text == "-" ? Pair{String,String}[] :
    [Pair{String,String}(map(String, split(word, '='; limit=2))...) for word in split(text, ' ')]
argument(pairs, name::String, otherwise::String="") =
    (at = findfirst(pair -> first(pair) == name, pairs); at === nothing ? otherwise : last(pairs[at]))

# Questions of one bar come last: Python has none of them, so they are not among the first.
const ONE_BAR = ("get_slice", "get_lookback", "get_candle_at", "get_candle_asof")
const KNOWN_CASES = let cases = [KnownCase(row.kind, row.name, row.subject, argument_pairs(row.args), row.result, row.value)
                                 for row in KNOWN_ROWS if !(row.kind in ("series", "values"))]
    [filter(case -> !(case.call in ONE_BAR), cases); filter(case -> case.call in ONE_BAR, cases)]
end

# The series and columns by name, as text: they are read when asked for.
const KNOWN_SERIES = Dict(row.name => (argument_pairs(row.subject), row.args, row.value) for row in KNOWN_ROWS if row.kind == "series")
const KNOWN_VALUES = Dict(row.name => row.value for row in KNOWN_ROWS if row.kind == "values")

read_bits(text::AbstractString) = text in ("", "-") ? Float64[] :
    Float64[reinterpret(Float64, parse(UInt64, part; base=16)) for part in split(text, ',')]
read_integers(text::AbstractString) = text in ("", "-") ? Int64[] : Int64[parse(Int64, part) for part in split(text, ',')]

# Every case whose answer is not the known one.
function wrong_answers(library::Union{Nothing,NativeLibrary}, cases::AbstractVector{KnownCase}; seen=() -> nothing)
    wrong, made = WrongAnswer[], Dict{String,CandleSeries}()
    for case in cases
        found = wrong_answer(library, case, made)
        found === nothing || push!(wrong, found)
        seen()
    end
    return wrong
end

function wrong_answer(library, case::KnownCase, made::Dict{String,CandleSeries})
    fine = try
        case.mod == "kernels" ? knows_kernel(library, case) : case.mod == "slicer" ? knows_slicer(library, case, made) :
        knows_moments(library, case, made)
    catch error
        error isa OmegaError || rethrow()
        return WrongAnswer(case.mod, case.call, string(case.call, " of ", case.subject, ": ", sprint(showerror, error)), error.code)
    end
    fine && return nothing
    given = join((string(name, "=", value) for (name, value) in case.args), " ")
    return WrongAnswer(case.mod, case.call, string(case.call, " of ", case.subject, " (", first(given, 200), ") is not the known answer"), nothing)
end

# --- kernels ---

function known_call(case::KnownCase)
    number(names...; otherwise="0") = parse(Int, argument(case.args, something(findfirst_name(case.args, names), ""), otherwise))
    width = argument(case.args, "width")
    return call_with(Symbol(case.call), number("window", "period", "fast"), number("min_periods"), number("ddof"),
        argument(case.args, "nan") == "skip", number("slow"), number("signal"), isempty(width) ? 0.0 : read_bits(width)[1])
end

# A call of a kernel with those of the options that it uses: the library refuses others.
function call_with(name::Symbol, window::Int, least::Int, ddof::Int, skip::Bool, slow::Int, signal::Int, width::Float64)
    moment = name in (:var, :std, :zscore, :cov, :corr, :bollinger)
    windowed = moment || name in (:sum, :mean, :min, :max, :argmin, :argmax)
    lag = name in (:diff, :returns, :log_returns, :shift)
    macd, range = name === :macd, name === :true_range
    return KernelCall(kernel_number(name), range ? 0 : window, windowed ? least : 0, moment ? ddof : 0, skip & !lag & !range,
        macd ? slow : 0, macd ? signal : 0, name === :bollinger ? width : 0.0)
end
findfirst_name(pairs, names) = (at = findfirst(pair -> first(pair) in names, pairs); at === nothing ? nothing : first(pairs[at]))

function knows_kernel(library, case::KnownCase)
    call = known_call(case)
    lines = split(case.value, ';')
    ins = Vector{Float64}[read_bits(KNOWN_VALUES[name]) for name in split(case.subject, ',')]
    outs = Vector{Float64}[Vector{Float64}(undef, length(ins[1])) for _ in lines]
    run_lines!(library, outs, ins, call)
    return all(k -> same_answer(outs[k], read_bits(lines[k])), eachindex(lines))
end

# A kernel over whole series by one backend.
run_lines!(::Nothing, outs::Vector{Vector{Float64}}, ins::Vector{Vector{Float64}}, call::KernelCall) =
    julia_kernel!(Tuple(outs), Tuple(ins), call)
run_lines!(library::NativeLibrary, outs::Vector{Vector{Float64}}, ins::Vector{Vector{Float64}}, call::KernelCall) =
    run_columns!(library, Tuple(outs), Tuple(ins), call)

# --- series ---

function known_columns(name::AbstractString)
    identity, stamps, value = KNOWN_SERIES[name]
    parts = split(value, ';')
    has_volume = argument(identity, "volume") == "1"
    columns = (timestamp=read_integers(stamps), open=read_bits(parts[1]), high=read_bits(parts[2]), low=read_bits(parts[3]),
        close=read_bits(parts[4]), volume=has_volume ? read_bits(parts[5]) : Float64[])
    return columns, has_volume, identity
end

function known_series(library, name::AbstractString, made::Dict{String,CandleSeries})
    return get!(made, String(name)) do
        columns, has_volume, identity = known_columns(name)
        who = series_identity(argument(identity, "symbol"), argument(identity, "timeframe"), argument(identity, "price_type"))
        series_of(library, columns, has_volume, who, argument(identity, "allow_missing") == "1")
    end
end

# A series of one backend.
function series_of(library::Union{Nothing,NativeLibrary}, columns::NamedTuple, has_volume::Bool, identity::NamedTuple, allow_missing::Bool)
    library === nothing || return assemble(columns, has_volume, identity, :native,
        borrow_columns(library, columns, has_volume, identity, check_number("full"), allow_missing))
    check_columns(columns, has_volume, check_number("full"), allow_missing)
    return assemble(columns, has_volume, identity, :julia, NO_HANDLE)
end

function knows_slicer(library, case::KnownCase, made::Dict{String,CandleSeries})
    given = [known_series(library, name, made) for name in split(case.subject, ',')]
    args = case.args
    if case.call == "align"
        limit = parse(Int, argument(args, "stale_limit", "-1"))
        at_close, stamped = argument(args, "decision") == "close", argument(args, "stamps") == "close"
        return aligned(library, given[1], given[2], Int(at_close), Int(stamped), limit) == read_integers(case.value) .+ 1
    end
    case.call == "resample" && return knows_resampled(library, given[1], case)
    slicer = SymbolDataSlicer(given[1], library)
    admits = argument(args, "include_current") != "false", argument(args, "closed_only") == "true", argument(args, "partial") == "true"
    case.call in ONE_BAR && return knows_bar(slicer, case, admits)
    times = read_integers(argument(args, "times"))
    case.call == "get_candles_at" && return rows_at(slicer, times) == read_integers(case.value) .+ 1
    case.call == "get_candles_asof" && return rows_asof(slicer, times, admits[2]) == read_integers(case.value) .+ 1
    n = parse(Int, argument(args, "n"))
    if case.call == "get_lookbacks"
        pairs = [parse.(Int, split(pair, ':')) for pair in split(case.value, ',')]
        return lookback_ranges(slicer, times, n, admits...) == [pairs[i][j] + (j == 1) for i in eachindex(pairs), j in 1:2]
    end
    cells = [cell == "nan" ? NaN : read_bits(cell)[1] for row in split(case.value, ';') for cell in split(row, ',')]
    field = field_number(argument(args, "field", "close"))
    return same_answer(vec(parent(gathered(slicer, times, n, field, admits...))), cells)
end

function knows_bar(slicer::SymbolDataSlicer, case::KnownCase, admits)
    time(name) = parse(Int64, argument(case.args, name))
    case.call == "get_candle_at" && return one_row_at(slicer, time("t")) == parse(Int, case.value) + 1
    case.call == "get_candle_asof" && return one_row_asof(slicer, time("t"), admits[2]) == parse(Int, case.value) + 1
    candles = case.call == "get_slice" ? one_slice(slicer, time("start"), time("end"), admits[1]) :
              one_lookback(slicer, time("now"), time("n"), admits...)
    range = parse.(Int, split(case.value, ':'))
    return (getfield(candles, :offset), length(candles)) == Tuple(range)
end

function knows_resampled(library, series::CandleSeries, case::KnownCase)
    made = resampled(library, series, Timeframe(argument(case.args, "timeframe")), parse(Int64, argument(case.args, "origin", "0")),
        argument(case.args, "keep_partial") == "true", :native)
    columns, has_volume, _ = known_columns(case.value)
    return made.has_volume == has_volume && all(name -> same_answer(getfield(made, name), columns[name]), COLUMN_NAMES[1:5+has_volume])
end

function knows_moments(library, case::KnownCase, made::Dict{String,CandleSeries})
    given = CandleSeries[known_series(library, name, made) for name in split(case.subject, ',')]
    args = case.args
    stamps, rows = moments_of(library, given, argument(args, "timeline") == "union", argument(args, "asof") == "true",
        parse(Int64, argument(args, "stale_limit", "-1")))
    case.call == "timeline" && return stamps == read_integers(case.value)
    wanted = argument(args, "symbol"), argument(args, "price_type", "bid")
    return rows[findfirst(one -> (one.symbol, one.price_type) == wanted, given)] == read_integers(case.value) .+ 1
end
