# Arguments of a call as text that both languages read, and back: a line each, floats as hexadecimal bits. So that a failure can be
# asked again later, elsewhere. What is too long to keep is cut, and says so.

# Values that are kept of one array.
const MOST_KEPT = 1 << 18
const ARGUMENTS_HEADER = "# omega-arguments/1"

# What is kept of a series, or of one that was to be made: its columns, and what it is of.
struct SavedColumns
    columns::NamedTuple
    has_volume::Bool
end
struct SavedOptions
    identity::NamedTuple
    allow_missing::Bool
end
struct SavedSeries
    options::SavedOptions
    saved::SavedColumns
end

# `row` is the first that differed, counted from zero as the file does.
function arguments_text(call::String, given::Tuple, row::Union{Nothing,Int}=nothing)
    lines = [ARGUMENTS_HEADER, string("call\t", call)]
    row === nothing || push!(lines, string("row\t", row))
    foreach(value -> argument_lines!(lines, value), given)
    return string(join(lines, '\n'), '\n')
end

# A value as lines: its kind, a tab, and the rest; parts follow what holds them.
argument_lines!(lines, value) = push!(lines, string("str\t", replace(string(value), r"\s" => " ")))
argument_lines!(lines, ::Nothing) = push!(lines, "NoneType\tNone")
argument_lines!(lines, value::Bool) = push!(lines, string("bool\t", value ? "True" : "False"))
argument_lines!(lines, value::Integer) = push!(lines, string("int\t", value))
argument_lines!(lines, value::Float64) = push!(lines, string("float\t", hexadecimal(value)))
argument_lines!(lines, value::AbstractVector{Int64}) = push!(lines, string("integers", cut_text(value), '\t', join(kept(value), ',')))
argument_lines!(lines, value::AbstractArray{Float64}) =
    push!(lines, string("floats", cut_text(value), '\t', join((hexadecimal(one) for one in kept(value)), ',')))
function argument_lines!(lines, value::Tuple)
    push!(lines, string("several\t", length(value)))
    foreach(part -> argument_lines!(lines, part), value)
end
argument_lines!(lines, value::Vector{CandleSeries}) = argument_lines!(lines, Tuple(value))
function argument_lines!(lines, series::CandleSeries)
    columns, options = saved_parts(series)
    push!(lines, string("series\t", options_text(options)))
    argument_lines!(lines, columns)
end
function saved_parts(series::CandleSeries)
    identity = (symbol=series.symbol, timeframe=series.timeframe, price_type=series.price_type)
    columns = NamedTuple{COLUMN_NAMES}(map(name -> getfield(series, name), COLUMN_NAMES))
    return SavedColumns(columns, series.has_volume), SavedOptions(identity, true)
end
argument_lines!(lines, options::SavedOptions) = push!(lines, string("options\t", options_text(options)))
function argument_lines!(lines, given::SavedColumns)
    push!(lines, string("columns\t", given.has_volume ? 6 : 5))
    foreach(name -> argument_lines!(lines, given.columns[name]), given.has_volume ? COLUMN_NAMES : COLUMN_NAMES[1:5])
end
options_text(options::SavedOptions) = (of = options.identity; string(of.timeframe.duration, " ", of.price_type, " ",
    Int(options.allow_missing), " ", join(split(of.symbol), ' ')))
argument_lines!(lines, slicer::SymbolDataSlicer) = argument_lines!(lines, slicer.series)
# Which rows a lookback admits, as Python names it.
struct Admits
    include_current::Bool
    closed_only::Bool
    partial::Bool
end
argument_lines!(lines, value::Admits) =
    push!(lines, string("admits\t", join((Int(getfield(value, name)) for name in fieldnames(Admits)), ',')))

# A question of one bar, kept as the batch of one that asks the same: that both languages have.
struct OneBar
    slicer::SymbolDataSlicer
    given::Tuple
end
function arguments_text(call::String, bar::OneBar)
    slicer, given = bar.slicer, bar.given
    call == "get_lookback" && return arguments_text("get_lookbacks", (slicer, [given[1]], given[2], Admits(given[3:5]...)))
    call == "get_candle_at" && return arguments_text("get_candles_at", (slicer, [given[1]]))
    call == "get_candle_asof" && return arguments_text("get_candles_asof", (slicer, [given[1]], given[2]))
    return arguments_text(call, (slicer, given...))
end

kept(values) = Iterators.take(values, MOST_KEPT)
cut_text(values) = length(values) > MOST_KEPT ? string(" of ", length(values)) : ""
hexadecimal(value::Float64) = string(reinterpret(UInt64, value); base=16, pad=16)

# The parameters of a kernel in the order that both languages write them.
kernel_numbers(call) = map(field -> field === :skip ? Int(call.skip) : getfield(call, field), number_fields(KERNELS[call.kernel+1]))

function number_fields(kernel::Symbol)
    kernel in (:diff, :returns, :log_returns, :shift) && return (:window,)
    kernel === :true_range && return ()
    kernel === :macd && return (:window, :slow, :signal, :skip)
    kernel === :bollinger && return (:window, :min_periods, :ddof, :width, :skip)
    kernel in (:var, :std, :zscore, :cov, :corr) && return (:window, :min_periods, :ddof, :skip)
    kernel in (:ema, :wilder, :rsi, :atr) && return (:window, :skip)
    return (:window, :min_periods, :skip)
end

# The call and its arguments again; 1009 for any other text, or one that was cut.
function arguments_of(text::String)
    lines = split(rstrip(text, '\n'), '\n')
    lines[1] == ARGUMENTS_HEADER && length(lines) > 1 && startswith(lines[2], "call\t") ||
        fail(INVALID_FORMAT, "not the arguments of a call: it begins with ", quoted(first(lines[1], 40)))
    left = reverse(filter(line -> !startswith(line, "row\t"), lines[3:end]))
    given = Any[]
    try
        while !isempty(left)
            push!(given, saved_value!(left))
        end
    catch error
        error isa Union{ArgumentError,BoundsError,MethodError} || rethrow()
        fail(INVALID_FORMAT, "not the arguments of a call: ", failure_text(error))
    end
    return String(split(lines[2], '\t')[2]), given
end

# The value that the next lines say; takes them off the end.
function saved_value!(left::Vector)
    isempty(left) && throw(ArgumentError("it ends too soon"))
    kind, rest = split(pop!(left), '\t'; limit=2)
    occursin(" of ", kind) && fail(INVALID_FORMAT, kind, ": too long to be kept, so it cannot be asked again")
    kind == "floats" && return read_bits(rest)
    kind == "integers" && return read_integers(rest)
    kind == "float" && return read_bits(rest)[1]
    kind == "int" && return parse(Int, rest)
    kind == "str" && return String(rest)
    kind == "bool" && return rest == "True"
    kind == "NoneType" && return nothing
    kind == "admits" && return Admits((part == "1" for part in split(rest, ','))...)
    kind == "options" && return saved_options(rest)
    kind == "several" && return Tuple(saved_value!(left) for _ in 1:parse(Int, rest))
    if kind == "columns"
        columns = Any[saved_value!(left) for _ in 1:parse(Int, rest)]
        has_volume = length(columns) == 6
        return SavedColumns(NamedTuple{COLUMN_NAMES}((columns[1:5]..., has_volume ? columns[6] : Float64[])), has_volume)
    end
    kind == "series" && return SavedSeries(saved_options(rest), saved_value!(left))
    fail(INVALID_FORMAT, "unknown kind ", quoted(kind))
end

function saved_options(text::AbstractString)
    duration, side, missing_allowed, symbol = split(text, ' '; limit=4)
    return SavedOptions(series_identity(symbol, parse(Int64, duration), side), missing_allowed == "1")
end
