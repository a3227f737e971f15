# What the guard costs in Julia: at every load of the library, and at every call. Lines are as those of slicer.jl:
# `julia<TAB>guard, what<TAB>guard<TAB>number<TAB>bytes`, the number in nanoseconds a call, or in milliseconds where the name says so.
#
#     julia --project=julia benches/julia/guard.jl [rounds]
#
# Every number is of fresh processes, one after the other. A load is timed from the package being there and the library being in
# memory to the library being trusted, the whole self-test having passed before: what is left is the guard's, and finding the
# functions. A call is timed with the guard and, in other processes, with the guard's part taken out of the package's source; what is
# printed is the difference of the minima. A process that fails, or that was not answered by the library, is an error.

const LOAD = """
# Processor time: nearly all of it is compilation, which the machine's other work would stretch.
now() = ccall(:clock, Clong, ()) / 1e3
began, bytes = now(), Base.gc_bytes()
using OmegaJulia
used, used_bytes = now() - began, Base.gc_bytes() - bytes
using Libdl
dlopen(ENV["OMEGA_LIBRARY"])
began, bytes = now(), Base.gc_bytes()
OmegaJulia.shadow_from_environment()
OmegaJulia.find_library("kernels", false, true)
checked, checked_bytes = now() - began, Base.gc_bytes() - bytes
status().library.self_test in ("passed", "passed before") || error("the library was not admitted")
println("using OmegaJulia, ms\\t", used, '\\t', used_bytes, "\\nthe check at every load, ms\\t", checked, '\\t', checked_bytes)
"""

# Takes the guard out of the questions and the batches; streams have none of it where the library is demanded.
const WITHOUT = raw"""
text = read(joinpath(dirname(pathof(OmegaJulia)), "questions.jl"), String)
part = r"goes_by!\(SLICER\) \|\| return watched\([^()]*\)"
length(collect(eachmatch(part, text))) == 4 || error("the guard's part of questions.jl is not where it was")
using Logging # of documentation that is there already
with_logger(() -> Base.include_string(OmegaJulia, replace(text, part => "")), NullLogger())
@eval OmegaJulia guarded_kernel!(slot::Int, library, auto::Bool, outs::Tuple, ins::Tuple, call::KernelCall) =
    (count!(slot, NATIVE); run_columns!(library, outs, ins, call); nothing)
@eval OmegaJulia guarded(native::N, julia::J, breaker::Breaker, slot::Int, call::String, library, is_auto::Bool, given::Tuple,
    by::Union{Nothing,Missing,ByElement}=nothing) where {N,J} = (count!(slot, NATIVE); native())
"""

const CALLS = raw"""
function best(f, calls)
    f()
    least = typemax(UInt64)
    for _ in 1:25
        began = time_ns()
        f()
        least = min(least, time_ns() - began)
    end
    return least / calls, (@allocated f()) / calls
end
looked_back(slicer, times) = (total = 0; for t in times; total += length(get_lookback(slicer, t, 20)); end; total)
looked_asof(slicer, times) = (total = 0.0; for t in times; total += get_candle_asof(slicer, t).close; end; total)
batches(slicer, few, rounds) = (total = 0; for _ in 1:rounds; total += get_lookbacks(slicer, few, 5)[1]; end; total)
kernels(out, x, rounds) = for _ in 1:rounds; rolling_mean!(out, x, 5; backend="auto"); end # named: asking the environment takes longer than all of it
fed(stream, x) = for value in x; push!(stream, value); end

function main(streams)
    rows, minute = 20_000, 60_000_000
    x = [1.1 + 1e-3 * sin(i / 7) for i in 1:rows]
    series = CandleSeries([1:rows;] .* minute, x, x .+ 1e-2, x .- 1e-2, x; symbol="GUARD", timeframe="M1")
    slicer, times, few, part, out = SymbolDataSlicer(series), [20:rows;] .* minute, [20:30;] .* minute, x[1:20], zeros(20)
    say(name, (nanoseconds, bytes)) = println(name, '\t', nanoseconds, '\t', bytes)
    say("get_lookback", best(() -> looked_back(slicer, times), length(times)))
    say("get_candle_asof", best(() -> looked_asof(slicer, times), length(times)))
    say("a batch of lookbacks", best(() -> batches(slicer, few, 2000), 2000))
    say("a kernel's call", best(() -> kernels(out, part, 2000), 2000))
    for (name, stream) in (("mean", RollingMean(20; backend=streams)), ("ema", StreamingEma(20; backend=streams)), ("rsi", StreamingRsi(14; backend=streams)))
        say(string("a push to a stream, ", name), best(() -> fed(stream, x), rows))
    end
    slicer.backend == "native" && status().kernels.backend == "native" || error("the library did not answer")
end
"""

# (name, number, bytes) of each line that a fresh process with the package prints.
function child(code, environment)
    command = `$(Base.julia_cmd()) --startup-file=no --project=$(dirname(Base.active_project())) -e $code`
    plain = filter(pair -> !startswith(first(pair), "OMEGA_") && !startswith(first(pair), "USE_RUST_"), Dict(ENV))
    lines = readlines(setenv(command, merge(plain, environment)))
    return [(String(name), parse(Float64, number), parse(Float64, bytes)) for (name, number, bytes) in split.(lines, '\t')]
end

median(values) = sort(values)[(length(values)+1)÷2]
say((name, number, bytes)) = println("julia\tguard, ", name, "\tguard\t", round(number; digits=2), '\t', round(bytes; digits=2))

function main(rounds)
    library = child("using OmegaJulia; OmegaJulia.find_library(); println(status().library.path, \"\\t0\\t0\")", Dict{String,String}())[1][1]
    environment = Dict("OMEGA_VAR_DIR" => mktempdir(), "OMEGA_LIBRARY" => library)
    child(LOAD, environment) # the self-test in its own process, once for each build
    with = string("using OmegaJulia\n", CALLS, "main(\"auto\")")
    without = string("using OmegaJulia\n", WITHOUT, CALLS, "main(\"native\")")
    loads, guarded, bare = [], [], []
    for round in 1:rounds
        push!(loads, child(LOAD, environment))
        round <= cld(rounds, 3) || continue # these are minima of many calls as it is
        push!(guarded, child(with, environment))
        push!(bare, child(without, environment))
    end
    foreach(k -> say((loads[1][k][1], median([load[k][2] for load in loads]), median([load[k][3] for load in loads]))), eachindex(loads[1]))
    for k in eachindex(guarded[1])
        least(runs) = (minimum(run[k][2] for run in runs), minimum(run[k][3] for run in runs))
        (a, bytes), (b, bytes_without) = least(guarded), least(bare)
        say((guarded[1][k][1], a - b, bytes - bytes_without))
    end
end

main(isempty(ARGS) ? 15 : parse(Int, ARGS[1]))
