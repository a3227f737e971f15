# Several timeframes, the walk and several symbols: every language-neutral case of tests/vectors on each backend.
# Bars, moments and rows are zero-based there and one-based here.

symbol_keys(args, names) = (; (Symbol(name) => args[name] for name in names if haskey(args, name))...)
number_keys(args, names) = (; (Symbol(name) => parse(Int64, args[name]) for name in names if haskey(args, name))...)

named_series(names, backend) = names == "-" ? CandleSeries[] : CandleSeries[vector_series(name, backend) for name in split(names, ',')]

function walk_over(names, args, backend)
    data = Dict{Any,Dict{String,CandleSeries}}()
    for series in named_series(names, backend)
        sides = get!(() -> Dict{String,CandleSeries}(), data, series.timeframe.name)
        # The same timeframe in another spelling.
        haskey(sides, series.price_type) && (sides = get!(() -> Dict{String,CandleSeries}(), data, series.timeframe))
        sides[series.price_type] = series
    end
    return SymbolDataSlice(data; symbol_keys(args, ("primary",))...)
end

function walk_answer(op, names, args, backend)
    slice = walk_over(names, args, backend)
    op == "bars" && return length(slice)
    haskey(args, "index") && set_index!(slice, parse(Int, args["index"]) + 1)
    op == "decision_time" && return slice.decision_time
    side = get(args, "price_type", "bid")
    op == "latest" && return (latest(slice, args["timeframe"], side), slice)
    more = haskey(args, "length") ? (parse(Int, args["length"]),) : ()
    op == "history" && return history(slice, args["timeframe"], side, more...)
    start = haskey(args, "start") ? parse(Int, args["start"]) + 1 : 1
    stop = haskey(args, "stop") ? parse(Int, args["stop"]) : length(slice)
    # A field needs a length before it: 20, where the case leaves it to the language.
    len = isempty(more) ? 20 : more[1]
    return history_matrix(slice, args["timeframe"], side, len, get(args, "field", "close"), start, stop)
end

function walk_mismatch(found, case)
    kind, value = case["result"], case["value"]
    kind == "error" && return answer_mismatch(nothing, found, kind, value)
    found isa OmegaError && return sprint(showerror, found)
    kind == "number" && return found == parse(Int64, value) ? nothing : repr(found)
    if kind == "row"
        args = key_values(case["args"])
        candle, slice = found
        series = series_ref(slice, args["timeframe"], get(args, "price_type", "bid"))
        return answer_mismatch(series, candle, kind, value)
    elseif kind == "range"
        start, len = parse.(Int, split(value, ':'))
        return found.rows == start+1:start+len && first(found.rows) == start + 1 ? nothing : string("rows ", found.rows)
    end
    rows = value == "-" && size(found, 1) == 0 ? [] : split(value, ';')
    cells = [row == "-" ? Float64[] : from_bits.(split(row, ',')) for row in rows]
    fine = size(found, 1) == length(cells) && all(i -> same_bits(found[i, :], cells[i]), eachindex(cells))
    return fine ? nothing : repr(found)
end

function moment_answer(op, names, args, backend)
    slice = MultiSymbolSlice(named_series(names, backend); symbol_keys(args, ("timeline",))..., flags_of(args, ("asof",))...,
        number_keys(args, ("stale_limit",))..., backend=backend)
    op == "timeline" && return collect(slice.timeline)
    side = haskey(args, "price_type") ? (args["price_type"],) : ()
    op == "rows" && return [(set_index!(slice, i); get_candle(slice, args["symbol"], side...)) for i in 1:length(slice)]
    index = parse(Int, args["index"]) + 1
    (index == 1 && length(slice) == 0) || set_index!(slice, index)
    op == "get_candle" && return get_candle(slice, args["symbol"], side...)
    op == "get_price" && return get_price(slice, args["symbol"], side...)
    return get_spread(slice, args["symbol"])
end

function moment_mismatch(found, case, backend)
    kind, value, args = case["result"], case["value"], key_values(case["args"])
    kind == "error" && return answer_mismatch(nothing, found, kind, value)
    found isa OmegaError && return sprint(showerror, found)
    kind == "stamps" && return found == numbers(value) ? nothing : repr(found)
    kind == "none" && return found === nothing ? nothing : repr(found)
    kind == "price" && return found isa Float64 && same_bits(found, from_bits(value)) ? nothing : repr(found)
    side = get(args, "price_type", "bid")
    series = first(filter(s -> s.symbol == args["symbol"] && s.price_type == side, named_series(case["series"], backend)))
    rows = kind == "row" ? [parse(Int64, value)] : numbers(value)
    candles = kind == "row" ? [found] : found
    fine = length(rows) == length(candles) && all(i -> answer_mismatch(series, candles[i], "row", string(rows[i])) === nothing, eachindex(rows))
    return fine ? nothing : repr(found)
end

for backend in BACKENDS
    @testset "a longer timeframe has the candles of every language ($backend)" begin
        run_cases(read_cases("resample.tsv"), "resample") do case
            series, args = vector_series(case["series"], backend), key_values(case["args"])
            made = thrown(() -> resample(series, case["timeframe"]; number_keys(args, ("origin",))..., flags_of(args, ("keep_partial",))...))
            case["result"] == "error" && return answer_mismatch(nothing, made, "error", case["value"])
            made isa OmegaError && return sprint(showerror, made)
            expected = vector_series(case["value"], "julia")
            same = same_columns(made, expected) && made.timeframe == expected.timeframe && made.symbol == expected.symbol &&
                   made.price_type == expected.price_type && made.has_volume == expected.has_volume && made.backend == backend
            return same ? nothing : repr(made)
        end
    end

    @testset "each bar sees the candle that a scan of all candles finds ($backend)" begin
        run_cases(read_cases("align.tsv"), "align") do case
            args = key_values(case["args"])
            primary, higher = vector_series(case["primary"], backend), vector_series(case["higher"], backend)
            rows = thrown(() -> align(primary, higher; symbol_keys(args, ("decision", "stamps"))..., number_keys(args, ("stale_limit",))...))
            return answer_mismatch(nothing, rows, case["result"], case["value"])
        end
    end

    @testset "the walk answers as in every language ($backend)" begin
        run_cases(read_cases("symbol_slice.tsv"), "symbol_slice") do case
            found = thrown(() -> walk_answer(case["op"], case["series"], key_values(case["args"]), backend))
            return walk_mismatch(found, case)
        end
    end

    @testset "a moment across symbols is that of every language ($backend)" begin
        run_cases(read_cases("multi_symbol.tsv"), "multi_symbol") do case
            found = thrown(() -> moment_answer(case["op"], case["series"], key_values(case["args"]), backend))
            return moment_mismatch(found, case, backend)
        end
    end
end
