# The child processes of a drill: they work as a strategy would, with a fault on the way, and say what they saw. Every answer is
# compared with Julia's; user errors are made on purpose, for they must not count. One JSON object is printed: the drill judges.

# Objects made before the fault, asked again and again.
struct DrillWork
    close::Vector{Float64}
    times::Vector{Int64}
    series::Tuple{CandleSeries,CandleSeries}
    slicers::Tuple{SymbolDataSlicer,SymbolDataSlicer}
    streams::Vector{Tuple{KernelStream,KernelStream}}
end

function DrillWork(rows::Int)
    draws = Draws(UInt64(7))
    close = 1.1 .+ cumsum(1e-4 .* normals(draws, rows))
    stamps = collect(Int64, 60_000_000 .* (0:rows-1))
    series = map(backend -> CandleSeries(stamps, close, close .+ 1e-4, close .- 1e-4, close; symbol="DRILL", timeframe="M1", backend=backend),
        ("auto", "julia"))
    streams = Tuple{KernelStream,KernelStream}[map(backend -> RollingMean(20; backend=backend), ("auto", "julia")),
        map(backend -> StreamingEma(20; backend=backend), ("auto", "julia"))]
    return DrillWork(close, stamps[51:40:end], series, map(SymbolDataSlicer, series), streams)
end

differ(pair) = !same_answer(pair...)

# Wrong answers of one round.
function drill_round(work::DrillWork, mod::String)
    mod == "kernels" && return kernel_round(work)
    mod == "multi_symbol" && return differ(map(one -> MultiSymbolSlice([one]; backend=one === work.series[1] ? "auto" : "julia").timeline, work.series))
    slicers, series = work.slicers, work.series
    wrong = differ(map(slicer -> get_lookbacks(slicer, work.times, 20), slicers))
    wrong += differ(map(slicer -> get_candles_asof(slicer, work.times), slicers))
    hours = map(one -> resample(one, "H1"), series)
    wrong += differ(hours) + differ(map(align, series, hours))
    for t in work.times
        wrong += differ(map(slicer -> get_lookback(slicer, t, 20), slicers))
        wrong += differ(map(slicer -> get_slice(slicer, 0, t), slicers))
        wrong += differ(map(slicer -> something(get_candle_asof(slicer, t)).timestamp, slicers))
        wrong += differ(map(slicer -> something(get_candle_at(slicer, t)).timestamp, slicers))
    end
    return wrong
end

function kernel_round(work::DrillWork)
    wrong = 0
    for kernel in (rolling_mean, rolling_std, rolling_max, ema)
        wrong += differ(map(backend -> kernel(work.close, 20; backend=backend), ("auto", "julia")))
    end
    for twins in work.streams, x in work.close[1:25]
        wrong += differ(map(twin -> push!(twin, x), twins))
    end
    return wrong
end

# Errors that are the caller's, and how many were not what they should be.
function drill_user_errors(work::DrillWork)
    slicer, wrong = work.slicers[1], 0
    for (ask, code) in ((() -> get_lookbacks(slicer, [0], 20), INSUFFICIENT_DATA), (() -> rolling_mean(work.close, 0), INVALID_ARGUMENT),
        (() -> get_lookback(slicer, 0, 20), INSUFFICIENT_DATA))
        found = try
            ask()
            0
        catch error
            error isa OmegaError || rethrow()
            error.code
        end
        wrong += found != code
    end
    return wrong
end

library_is_mapped() = isfile("/proc/self/maps") && occursin("libomega_slicer", read("/proc/self/maps", String))

# Rounds of work of one module until its incident is open, then a few more.
function drilled(arguments)
    mod, fault, rounds, rows = arguments[1], parse(Int, arguments[2]), parse(Int, arguments[3]), parse(Int, arguments[4])
    Logging.global_logger(Logging.NullLogger())
    work, breaker = DrillWork(rows), breaker_of(mod)
    wrong = drill_round(work, mod) + sum(drill_user_errors(work) for _ in 1:20)
    before, began = breaker.incident, time_ns()
    if fault != 0
        LIBRARY.library === nothing && error("the fault cannot be armed: the library is not loaded")
        arm = Libdl.dlsym(Libdl.dlopen(LIBRARY.library.path), :omega_fault_set)
        ccall(arm, Int32, (UInt32,), fault) == 0 || error("there is no fault ", fault)
    end
    done, took = 0, 0.0
    while done < rounds && breaker.incident === nothing
        wrong += drill_round(work, mod)
        done += 1
    end
    incident = breaker.incident
    incident !== nothing && before === nothing && (took = (time_ns() - began) / 1e9)
    wrong += drill_round(work, mod) + drill_user_errors(work)
    println(flat_json(Flat(["wrong" => wrong, "rounds" => done, "detected_seconds" => took,
        "incident" => incident === nothing ? "" : incident.rollback_id, "trigger" => incident === nothing ? "" : incident.trigger,
        "unrecorded" => incident === nothing ? "" : incident.unrecorded,
        "switch_seconds" => incident === nothing ? 0.0 : incident.duration_seconds,
        "detected_by" => incident === nothing ? "" : incident.detected_by])))
end

# A new process: what it answers with while the incident is open, whether `reenable` refuses with the fault there and works
# without it, and what answers then. `whole` is an unharmed copy of a library that was spoilt.
function drilled_back(arguments)
    mod, is_spoilt, whole = arguments[1], arguments[2] == "true", arguments[3]
    Logging.global_logger(Logging.NullLogger())
    work = DrillWork(2000)
    wrong = drill_round(work, mod)
    state = getfield(status(), Symbol(mod))
    calls, mapped = sum(one.native for one in state.counts), library_is_mapped()
    is_spoilt || (ENV["OMEGA_FAULT"] = "flip")
    refused = reenable_code(mod)
    delete!(ENV, "OMEGA_FAULT")
    if is_spoilt
        cp(whole, ENV["OMEGA_LIBRARY"]; force=true)
        write_drill_manifest(ENV["OMEGA_LIBRARY"])
    end
    worked = reenable_code(mod)
    back = library_for(Choice(:auto, "drill"), mod) === nothing ? "julia" : "native"
    println(flat_json(Flat(["wrong" => wrong + drill_round(work, mod), "backend" => state.backend, "native_calls" => calls, "mapped" => mapped,
        "refused" => refused, "worked" => worked, "back" => back])))
end

function reenable_code(mod::String)
    try
        reenable(mod)
        return 0
    catch error
        error isa OmegaError || rethrow()
        return error.code
    end
end
