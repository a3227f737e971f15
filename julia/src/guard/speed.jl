# Is this as fast as it was? A recorded baseline, what is measured now, and the rule that compares them. Every number is divided
# by a calibration measured beside it, so that machines, and hours of one machine, differ fairly. Slower is what three runs out of
# three say. Measuring is the business of timing.jl: here numbers are compared, and nothing is timed. Both languages read one file.

const BASELINE_SCHEMA = "omega-baseline/1"
const SPEED_RUNS = 3
# More percent than this, in every run, is a regression.
const SPEED_LIMIT = 10.0
# More than this, in every run, is said, and fails nothing.
const SPEED_NOTICED = 5.0

# Nanoseconds by name, in the file's order: "<source>/<module>/<what>", and "<source>/calibration" of every source.
const Numbers = Vector{Pair{String,Float64}}

# What was recorded, and about what.
struct Baseline
    path::String
    about::Flat
    numbers::Numbers
end

function baseline_text(baseline::Baseline)
    about(key) = flat_get(baseline.about, key)
    build = about("build_id")
    return string(baseline.path, ": ", about("date"), ", ", about("machine"), " (", about("instructions"), "), version ", about("version"),
        ", build ", build === "" ? "unknown" : build)
end

"""
    OmegaJulia.SpeedLine

One number of [`OmegaJulia.Speed`](@ref), by property: `name` (`"julia/<module>/<what>"`), `baseline_ns` and `ns` (nanoseconds per
element then and now, the median of the runs), `percents` (by how many each run was slower, beside its calibration), `trigger` and
`severity` (empty below 5 % in any run), `slower` (more than 10 % in three runs of three). Source: `src/guard/speed.jl`.
"""
struct SpeedLine
    name::String
    baseline_ns::Float64
    ns::Float64
    percents::Vector{Float64}
    trigger::String
    severity::String
    slower::Bool
end

function SpeedLine(name::String, before::Float64, now::Float64, percents::Vector{Float64})
    least = minimum(percents)
    sure = length(percents) >= SPEED_RUNS
    trigger = sure && least > SPEED_NOTICED ? slowdown_trigger(least) : ""
    return SpeedLine(name, before, now, percents, trigger, isempty(trigger) ? "" : severity_of(trigger).name, sure && least > SPEED_LIMIT)
end

# The trigger for being so many percent slower than the baseline.
slowdown_trigger(percent::Float64) = percent > 30 ? "much_slower" : percent >= 10 ? "slower" : "slightly_slower"

source_of(name::String) = String(split(name, '/')[1])
speed_module(name::String) = String(split(name, '/')[2])
# What a number says in every run.
sure_percent(line::SpeedLine) = minimum(line.percents)

"""
    OmegaJulia.Speed

What came of comparing with the baseline, in a [`OmegaJulia.Report`](@ref) of `verify(bench=true)`, by property: `ok`, `baseline`
(what it was compared with), `machine`, `lines` (an [`OmegaJulia.SpeedLine`](@ref) for each number) and `problems` (what could not
be compared). Source: `src/guard/speed.jl`.
"""
struct Speed
    ok::Bool
    baseline::String
    machine::String
    lines::Vector{SpeedLine}
    problems::Vector{String}
end

# What is wrong, a line each.
speed_failures(speed::Speed) = [speed.problems;
    [string(line.name, ": ", line.trigger, " (", line.severity, "), ", round(Int, sure_percent(line)), " % slower than the baseline in ",
        length(line.percents), " runs of ", length(line.percents)) for line in speed.lines if line.slower]]

# The processor's name, and the widest instructions it has of those the kernels are written for.
function processor()
    name, flags = string(Sys.ARCH), ""
    for line in split(text_of("/proc/cpuinfo"), '\n')
        key, value = occursin(':', line) ? map(strip, split(line, ':'; limit=2)) : ("", "")
        key == "model name" && (name = String(value))
        key == "flags" && (flags = String(value))
    end
    words = split(flags)
    return name, "avx512f" in words ? "avx512" : "avx2" in words ? "avx2" : "portable"
end

# Where the checkout keeps its baselines; nothing for an installed package.
function baseline_folder()
    root = dirname(dirname(dirname(@__DIR__)))
    return is_checkout(root) ? joinpath(root, "benches", "baselines") : nothing
end

# The baseline in a file, or in a folder the one that suits this machine best. 6005 where there is none, 1009 for what is none.
function load_baseline(named::Union{Nothing,AbstractString})
    place = named === nothing ? baseline_folder() : String(named)
    place === nothing && fail(NOT_BUILT_IN, "no baseline: the package stands in no checkout; name a file with baseline=PATH")
    if !isdir(place)
        isfile(place) || fail(NOT_BUILT_IN, "no baseline: ", place, ": no such file")
        return read_baseline(place)
    end
    found = [read_baseline(joinpath(place, name)) for name in sort(readdir(place)) if endswith(name, ".json")]
    machine, instructions = processor()
    alike = filter(one -> flat_get(one.about, "instructions") == instructions, found)
    same = filter(one -> flat_get(one.about, "machine") == machine, alike)
    isempty(alike) && fail(NOT_BUILT_IN, "no baseline for ", machine, " (", instructions, ")",
        isempty(found) ? string(" in ", place) : string("; those in ", place, " are of other instructions"))
    fitting = isempty(same) ? alike : same
    return fitting[last(findmax([string(flat_get(one.about, "date")) for one in fitting]))]
end

function read_baseline(path::String)
    try
        values = parse_flat(read(path, String))
        flat_get(values, "schema") == BASELINE_SCHEMA || throw(ArgumentError("its schema is not $BASELINE_SCHEMA"))
        about = filter(pair -> !occursin('/', first(pair)), values)
        missed = filter(key -> flat_get(about, key) === nothing, ["build_id", "date", "instructions", "machine", "rows", "version"])
        isempty(missed) || throw(ArgumentError(string("it does not say its ", join(missed, ", "))))
        told = filter(pair -> occursin('/', first(pair)), values)
        bad = [key for (key, value) in told if !(value isa Union{Int,Float64} && !(value isa Bool) && 0 < value < Inf)]
        isempty(bad) && !isempty(told) || throw(ArgumentError(string(isempty(bad) ? "it" : join(bad, ", "), " says no time")))
        flat_get(about, "rows") isa Int || throw(ArgumentError("its rows are no number"))
        return Baseline(path, about, Numbers([key => Float64(value) for (key, value) in told]))
    catch error
        error isa Union{SystemFailure,ArgumentError,BoundsError,StringIndexError,OverflowError} || rethrow()
        fail(INVALID_FORMAT, "no baseline: ", path, ": ", error isa ArgumentError ? error.msg : failure_text(error))
    end
end

# Writes a baseline: a flat object, a line for every number.
function save_baseline(path::String, about::Flat, numbers::Numbers)
    rounded = [name => round(value; sigdigits=5) for (name, value) in sort(numbers; by=first)]
    cells = [string("  ", json_text(key), ": ", json_text(value)) for (key, value) in [about; rounded]]
    write_whole(path, string("{\n", join(cells, ",\n"), "\n}\n"))
end

# What a baseline says of where it was made.
function about_here(build_id::String, rows::Int)
    machine, instructions = processor()
    return Flat(["schema" => BASELINE_SCHEMA, "date" => string(Dates.Date(Dates.now(Dates.UTC))), "machine" => machine,
        "instructions" => instructions, "cores" => Sys.CPU_THREADS, "load" => round(Sys.loadavg()[1]; digits=2), "version" => VERSION_TEXT,
        "build_id" => build_id, "julia" => string(VERSION), "rows" => rows])
end

# Measures up to three times, and says what is slower than recorded; `measure` is given the number of the run, from zero. Once no
# number is slower in every run so far no further run could change the verdict, and none is made. What was recorded and is not
# measured, or the reverse, is a problem.
function compare_speed(baseline::Baseline, measure; wanted=name -> true)
    ours(numbers) = filter(pair -> wanted(first(pair)), numbers)
    before, runs = ours(baseline.numbers), Numbers[]
    names = filter(name -> !endswith(name, "/calibration"), first.(before))
    while length(runs) < SPEED_RUNS
        push!(runs, ours(measure(length(runs))))
        any(name -> (found = slowdowns(name, before, runs); !isempty(found) && minimum(found) > SPEED_NOTICED), names) || break
    end
    sources = Set(source_of(name) for run in runs for (name, _) in run)
    alone(numbers, others, what) = [string(name, ": ", what) for (name, _) in numbers
                                    if source_of(name) in sources && time_of(others, name) === nothing]
    problems = [alone(before, runs[1], "recorded, and not measured"); alone(runs[1], before, "measured, and there is no baseline for it")]
    isempty(names) && push!(problems, string("no baseline: ", baseline.path, " has no number of those asked for"))
    lines = [SpeedLine(name, time_of(before, name), middle([time_of(run, name) for run in runs]), slowdowns(name, before, runs))
             for name in names if is_measured(name, before, runs)]
    return Speed(isempty(problems) && !any(line -> line.slower, lines), baseline_text(baseline), join(processor(), " "), lines, problems)
end

# The nanoseconds of a name, or nothing.
time_of(numbers::Numbers, name::String) = (at = findfirst(pair -> first(pair) == name, numbers); at === nothing ? nothing : last(numbers[at]))
beside(name::String) = string(source_of(name), "/calibration")
is_measured(name::String, before::Numbers, runs::Vector{Numbers}) =
    all(one -> time_of(one, name) !== nothing && time_of(one, beside(name)) !== nothing, [[before]; runs])

# Percent by which each run was slower than recorded, both beside their calibration; none where that was not measured.
function slowdowns(name::String, before::Numbers, runs::Vector{Numbers})
    is_measured(name, before, runs) || return Float64[]
    ratio(numbers) = time_of(numbers, name) / time_of(numbers, beside(name))
    return [100 * (ratio(run) / ratio(before) - 1) for run in runs]
end

# The median.
function middle(values::Vector{Float64})
    sorted, half = sort(values), length(values) ÷ 2
    return isodd(length(values)) ? sorted[half+1] : (sorted[half] + sorted[half+1]) / 2
end

# What to record of several runs, and of the rounds of one: medians of the ratios, in nanoseconds of the median calibration.
function median_numbers(runs::Vector{Numbers})
    return Numbers([name => middle([time_of(run, beside(name)) for run in runs]) *
                            middle([time_of(run, name) / time_of(run, beside(name)) for run in runs]) for (name, _) in runs[1]])
end

const SPEED_HEAD = "ns, each beside its calibration"

# The comparison as people read it.
function speed_table(speed::Speed)
    wide = maximum([length(SPEED_HEAD); [length(line.name) for line in speed.lines]])
    runs = isempty(speed.lines) ? 0 : maximum(length(line.percents) for line in speed.lines)
    rows = [string(rpad(SPEED_HEAD, wide), lpad("baseline", 11), lpad("now", 11), (lpad("run $run", 9) for run in 1:runs)..., "  verdict")]
    for line in speed.lines
        percents = (string(lpad(string(percent < 0 ? "" : "+", fixed_text(percent, 1)), 8), "%") for percent in line.percents)
        verdict = isempty(line.trigger) ? "ok" : string(line.trigger, " (", line.severity, ")")
        push!(rows, string(rpad(line.name, wide), lpad(fixed_text(line.baseline_ns, 3), 11), lpad(fixed_text(line.ns, 3), 11), percents...,
            "  ", verdict))
    end
    return rows
end

# So many digits after the point, and commas between thousands.
function fixed_text(value::Float64, digits::Int)
    whole, part = divrem(round(Int128, abs(value) * 10^digits), 10^digits)
    grouped = replace(string(whole), r"(?<=[0-9])(?=([0-9]{3})+$)" => ",")
    return string(value < 0 && (whole, part) != (0, 0) ? "-" : "", grouped, ".", lpad(part, digits, '0'))
end
