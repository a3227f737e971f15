# Runs every language-neutral case of tests/vectors on each backend. Expected answers are zero-based there
# and one-based here; the translation is in this file and nowhere else.

const VECTORS = joinpath(ROOT, "tests", "vectors")

# The rows of a case file, each a Dict by the header's names. Nothing is stripped: blanks may be the case.
function read_cases(name)
    lines = [line for line in split(read(joinpath(VECTORS, name), String), '\n') if !isempty(line) && !startswith(line, '#')]
    header = split(lines[1], '\t')
    return [Dict{String,String}(zip(header, split(line, '\t'))) for line in lines[2:end]]
end

key_values(text) = text == "-" ? Dict{String,String}() : Dict{String,String}(split(pair, '='; limit=2) for pair in split(text, ' '))
numbers(text) = text == "-" ? Int64[] : parse.(Int64, split(text, ','))
truth(text) = text == "true" ? true : text == "false" ? false : error("not a truth value: ", text)
from_bits(text) = text == "nan" ? NaN : reinterpret(Float64, parse(UInt64, text; base=16))

# The columns of a series file and what it is of.
function series_columns(name)
    lines = split(read(joinpath(VECTORS, "series", string(name, ".tsv")), String), '\n')
    of = key_values(lines[1][3:end])
    rows = [split(line, '\t') for line in lines[3:end] if !isempty(line)]
    stamps = Int64[parse(Int64, row[1]) for row in rows]
    prices = [Float64[from_bits(row[6+i]) for row in rows] for i in 1:4]
    volume = of["volume"] == "1" ? Float64[from_bits(row[11]) for row in rows] : nothing
    return of, (stamps, prices..., volume)
end

function vector_series(name, backend)
    of, columns = series_columns(name)
    return CandleSeries(columns...; symbol=of["symbol"], timeframe=of["timeframe"], price_type=of["price_type"],
        allow_missing=get(of, "allow_missing", "0") == "1", backend=backend)
end

# Arguments that are not listed are not passed: the language's defaults are under test.
function flags_of(args, names)
    return (; (Symbol(name) => truth(args[name]) for name in names if haskey(args, name))...)
end

const LOOKBACK_FLAGS = ("include_current", "closed_only", "partial")

function ask(slicer, op, args)
    number(name) = parse(Int64, args[name])
    op == "get_slice" && return get_slice(slicer, number("start"), number("end"); flags_of(args, ("include_current",))...)
    op == "get_candle_at" && return get_candle_at(slicer, number("t"))
    op == "get_candle_asof" && return get_candle_asof(slicer, number("t"); flags_of(args, ("closed_only",))...)
    op == "get_lookback" && return get_lookback(slicer, number("now"), number("n"); flags_of(args, LOOKBACK_FLAGS)...)
    times = numbers(args["times"])
    op == "get_candles_at" && return get_candles_at(slicer, times)
    op == "get_candles_asof" && return get_candles_asof(slicer, times; flags_of(args, ("closed_only",))...)
    op == "get_lookbacks" && return get_lookbacks(slicer, times, number("n"); flags_of(args, LOOKBACK_FLAGS)...)
    op == "gather_lookback" && return gather_lookback(slicer, times, number("n"),
        (haskey(args, "field") ? (args["field"],) : ())...; flags_of(args, LOOKBACK_FLAGS)...)
    error("unknown operation ", op)
end

# nothing if the answer is the expected one, else how it differs.
function answer_mismatch(series, answer, kind, value)
    kind == "error" && return error_mismatch(answer, parse(Int, first(split(value, '|'))), split(value, '|')[2:end])
    answer isa OmegaError && return sprint(showerror, answer)
    if kind == "range"
        start, len = parse.(Int, split(value, ':'))
        found = answer.rows
        fine = found == start+1:start+len && first(found) == start + 1 && same_columns(answer, series[start+1:start+len])
        return fine ? nothing : string("rows ", found)
    elseif kind == "row"
        row = parse(Int, value)
        return same_candle(answer, row == -1 ? nothing : series[row+1]) ? nothing : repr(answer)
    elseif kind == "ranges"
        expected = value == "-" ? [] : [parse.(Int, split(pair, ':')) .+ (1, 0) for pair in split(value, ',')]
        fine = size(answer) == (length(expected), 2) && all(i -> answer[i, :] == collect(expected[i]), 1:length(expected))
        return fine ? nothing : repr(answer)
    elseif kind == "rows"
        return answer == numbers(value) .+ 1 && answer isa Vector{Int64} ? nothing : repr(answer)
    elseif kind == "matrix"
        expected = value == "-" ? [] : [from_bits.(split(row, ',')) for row in split(value, ';')]
        fine = size(answer, 1) == length(expected) && all(i -> same_bits(answer[i, :], expected[i]), 1:length(expected))
        return fine ? nothing : repr(answer)
    end
    error("unknown kind of result ", kind)
end

# One @test per case, so that a failure shows the case and what came instead.
function run_cases(check, cases, name)
    isempty(cases) && error("no cases for ", name)
    for case in cases
        why = check(case)
        why === nothing || println(stderr, name, " ", get(case, "case", get(case, "text", "")), ": ", why)
        @test why === nothing
    end
end

@testset "the codes are those every language knows" begin
    @test ["OK" => 0; [name => code for (code, name) in OmegaJulia.ERROR_CODES]] ==
          [case["name"] => parse(Int, case["code"]) for case in read_cases("error_codes.tsv")]
end

real_text(text) = text == "<empty>" ? "" : text

@testset "timeframes read and named as in every language" begin
    run_cases(read_cases("timeframe.tsv"), "timeframe") do case
        found = thrown(() -> Timeframe(real_text(case["text"])))
        case["result"] == "error" && return answer_mismatch(nothing, found, "error", case["value"])
        found isa OmegaError && return sprint(showerror, found)
        return string(found.duration, " ", found.name) == case["value"] ? nothing : repr(found)
    end
end

@testset "timestamps read as in every language" begin
    run_cases(read_cases("timestamp.tsv"), "timestamp") do case
        found = thrown(() -> parse_timestamp(real_text(case["text"])))
        case["result"] == "error" && return answer_mismatch(nothing, found, "error", case["value"])
        return found == parse(Int64, case["value"]) ? nothing : repr(found)
    end
end

for backend in BACKENDS
    @testset "every question has the answer it has in every language ($backend)" begin
        series = Dict(name => vector_series(name, backend) for name in unique(case["series"] for case in read_cases("slicer.tsv")))
        slicers = Dict(name => SymbolDataSlicer(s) for (name, s) in series)
        @test all(s -> s.backend == backend, values(slicers))
        run_cases(read_cases("slicer.tsv"), "slicer ($backend)") do case
            answer = thrown(() -> ask(slicers[case["series"]], case["op"], key_values(case["args"])))
            return answer_mismatch(series[case["series"]], answer, case["result"], case["value"])
        end
    end

    @testset "series are refused and accepted as in every language ($backend)" begin
        run_cases(read_cases("series.tsv"), "series ($backend)") do case
            of, args = key_values(case["columns"]), key_values(case["args"])
            floats(name) = of[name] == "-" ? Float64[] : parse.(Float64, split(of[name], ','))
            found = thrown() do
                options = Dict{Symbol,Any}(:symbol => "TEST", :timeframe => MINUTE_US, :backend => backend)
                haskey(args, "timeframe_us") && (options[:timeframe] = parse(Int64, args["timeframe_us"]))
                haskey(args, "price_type") && (options[:price_type] = args["price_type"])
                haskey(args, "check") && (options[:check] = args["check"])
                haskey(args, "allow_missing") && (options[:allow_missing] = truth(args["allow_missing"]))
                CandleSeries(numbers(of["timestamp"]), floats("open"), floats("high"), floats("low"), floats("close"),
                    haskey(of, "volume") ? floats("volume") : nothing; options...)
            end
            case["result"] == "error" && return answer_mismatch(nothing, found, "error", case["value"])
            found isa OmegaError && return sprint(showerror, found)
            return found.has_volume == haskey(of, "volume") ? nothing : "volume appeared or vanished"
        end
    end

    @testset "CSV files give the same series and errors as in every language ($backend)" begin
        run_cases(read_cases("csv.tsv"), "csv ($backend)") do case
            args = key_values(case["args"])
            found = thrown() do
                options = Dict{Symbol,Any}(Symbol(name) => args[name] for name in ("unit", "check") if haskey(args, name))
                haskey(args, "allow_missing") && (options[:allow_missing] = truth(args["allow_missing"]))
                read_csv(joinpath(VECTORS, "csv", case["file"]); symbol="TEST", timeframe="M1", backend=backend, options...)
            end
            case["result"] == "error" && return answer_mismatch(nothing, found, "error", case["value"])
            found isa OmegaError && return sprint(showerror, found)
            _, (stamps, open, high, low, close, volume) = series_columns(case["value"])
            found.has_volume == (volume !== nothing) || return "volume appeared or vanished"
            expected = (timestamp=stamps, open=open, high=high, low=low, close=close, volume=something(volume, fill(NaN, length(stamps))))
            return same_columns(found, expected) ? nothing : "the columns differ"
        end
    end

    @testset "what is odd in a series is counted as in every language ($backend)" begin
        run_cases(read_cases("quality.tsv"), "quality ($backend)") do case
            series = vector_series(case["series"], backend)
            report = case["ask"] == "-" ? quality(series) : quality(series, vector_series(case["ask"], backend))
            for (name, value) in key_values(case["value"])
                found = getproperty(report, Symbol(name))
                text = name != "steps" ? string(found) : isempty(found) ? "-" : join((string(s.first, ":", s.second) for s in found), ",")
                text == value || return string(name, " is ", text)
            end
            return nothing
        end
    end
end
