# Arguments of a call as text that both languages read: a line each, floats as hexadecimal bits. So that a failure can be
# asked again later, elsewhere. What is too long to keep is cut, and says so.

# Values that are kept of one array.
const MOST_KEPT = 1 << 18

# `row` is the first that differed, counted from zero as the file does.
function arguments_text(call::String, given::Tuple, row::Union{Nothing,Int}=nothing)
    lines = ["# omega-arguments/1", string("call\t", call)]
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
    symbol = join(split(series.symbol), ' ')
    push!(lines, string("series\t", series.timeframe.duration, " ", series.price_type, " 1 ", symbol))
    push!(lines, string("columns\t", series.has_volume ? 6 : 5))
    foreach(name -> argument_lines!(lines, getfield(series, name)), series.has_volume ? COLUMN_NAMES : COLUMN_NAMES[1:5])
end
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
function kernel_numbers(call)
    name, nan = KERNELS[call.kernel+1], Int(call.skip)
    name in (:diff, :returns, :log_returns, :shift) && return (call.window,)
    name === :true_range && return ()
    name === :macd && return (call.window, call.slow, call.signal, nan)
    name === :bollinger && return (call.window, call.min_periods, call.ddof, call.width, nan)
    name in (:var, :std, :zscore, :cov, :corr) && return (call.window, call.min_periods, call.ddof, nan)
    name in (:ema, :wilder, :rsi, :atr) && return (call.window, nan)
    return (call.window, call.min_periods, nan)
end
