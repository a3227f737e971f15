# The guard against a library that fails: the fault-injection build, in children with state folders of their own. Whatever the
# library does, the caller gets Julia's answers, the record is on disk, and objects that exist go over with their next call.

const GUARDED = """
using OmegaJulia, Libdl, Test, Logging
const O = OmegaJulia
check(name, truth) = truth || (println("wrong: ", name); exit(3))
code(f) = try f(); 0 catch e; e isa OmegaError ? e.code : rethrow() end
minute = 60_000_000
make(backend) = CandleSeries([1:300;] .* minute, (collect(1.0:300.0) for _ in 1:5)...; symbol="F", timeframe="M1", backend=backend)
arm(fault) = ccall(dlsym(dlopen(ENV["OMEGA_LIBRARY"]), :omega_fault_set), Int32, (UInt32,), fault) == 0 || error("not armed")
x = [1.0 + (i^1.5) % 7 for i in 1:300]
"""

# Objects of every kind made before the fault; every answer after it is Julia's, the failing one too.
const SWITCHES = GUARDED * """
times = collect(50:250) .* minute
questions = [
    s -> get_lookback(s, 100minute, 20).rows, s -> get_slice(s, 5minute, 9minute).rows, s -> get_candle_at(s, 7minute).open,
    s -> get_candle_asof(s, 7minute + 1).open, s -> get_lookbacks(s, times, 5), s -> get_candles_at(s, times), s -> get_candles_asof(s, times),
    s -> gather_lookback(s, times, 5), s -> resample(s.series, "H1").close, s -> align(s.series, resample(s.series, "H1"; backend="julia")),
    s -> quality(s.series).rows, s -> length(SymbolDataSlicer(s.series).series),
]
first_one = parse(Int, ARGS[1])
arm(0)
series = make("auto")
slicer, julia = SymbolDataSlicer(series), SymbolDataSlicer(make("julia"))
walk_over = SymbolDataSlice(Dict("M1" => Dict("bid" => series)))
check("native", slicer.backend == "native" && series.backend == "native")
arm(1)
logs, _ = Test.collect_test_logs() do
    check("the failing call", isequal(questions[first_one](slicer), questions[first_one](julia)))
    check("off", status().slicer.incident !== nothing && slicer.backend == "julia")
    for _ in 1:2, question in questions
        check("after it", isequal(question(slicer), question(julia)))
    end
    check("walk", history_matrix(walk_over, "M1", "bid", 3)[10, :] == [8.0, 9.0, 10.0])
end
check("one warning", count(log -> log.level == Logging.Warn, logs) == 1)
check("user errors", code(() -> get_lookback(slicer, 0, 1)) == 2008 && code(() -> get_lookback(slicer, 0, 0)) == 1001)
check("faults", status().slicer.native_faults == 1)
check("native demanded", code(() -> make("native")) == 5005 && code(() -> get_lookback(SymbolDataSlicer(series; backend="native"), 100minute, 2)) == 5005)
named = status().slicer.incident.rollback_id
check("asked again, it fails still", endswith(reproduce(named).said[1], "library says FFI_PANIC_CAUGHT (5005)"))
arm(0)
check("and agrees when it is well", reproduce(named).agree && occursin("reproduce", status().slicer.incident.reproduce))
println("fine ", named)
"""

# What the library owns is exported by Julia where the library fails at it, and once the module is off it.
const EXPORTS = GUARDED * """
arm(0)
path = tempname()
write(path, "timestamp,open,high,low,close\\n2020-01-01 00:00:00,1,2,0.5,1.5\\n2020-01-01 00:01:00,1,2,0.5,1.75\\n")
series = read_csv(path; symbol="F", timeframe="M1", price_type="bid")
check("native", series.backend == "native" && import_arrow(export_arrow(series)...).close == series.close)
arm(1)
logs, _ = Test.collect_test_logs() do
    check("the failing export", import_arrow(export_arrow(series)...).close == [1.5, 1.75])
    check("off", status().slicer.incident.call == "export_arrow")
    check("a stream", import_arrow(export_arrow_stream(series[2:2])).close == [1.75])
end
check("counts", status().slicer.counts.export_arrow == (native = 2, shared = 0, fallback = 2))
println("fine")
"""

# Coming back is refused while the fault is there, and the log says so.
const REFUSED = GUARDED * """
rollback("kernels", "a try")
ENV["OMEGA_FAULT"] = "flip"
check("refused", code(() -> reenable("kernels")) == 1007)
events = [O.flat_get(O.parse_flat(line), "event") for line in eachline(joinpath(ENV["OMEGA_VAR_DIR"], "logs", "incidents.jsonl"))]
check("in the log", events[end-1:end] == ["opened", "refused"])
println("fine")
"""

const STREAMS_SWITCH = GUARDED * """
calls = [() -> RollingMean(7), () -> RollingMax(5; nan="skip"), () -> RollingStd(5), () -> RollingBollinger(5), () -> StreamingEma(5),
    () -> StreamingRsi(5), () -> StreamingMacd(3, 6, 4), () -> StreamingDiff(3), () -> StreamingShift(2), () -> RollingArgmin(4)]
arm(0)
guarded = [make() for make in calls]
set_backend("kernels", "julia"); plain = [make() for make in calls]; set_backend("kernels", nothing)
check("native", all(stream -> stream.backend == "native", guarded) && all(stream -> stream.backend == "julia", plain))
same(a, b) = isequal(a, b)
three = StreamingAtr(4), StreamingAtr(4; backend="julia")
for (i, value) in enumerate(x)
    i == 150 && arm(parse(Int, ARGS[1]))
    for (a, b) in zip(guarded, plain)
        check(string(typeof(a), " row ", i), same(push!(a, value), push!(b, value)) && same(OmegaJulia.value(a), OmegaJulia.value(b)))
    end
    check("atr", same(push!(three[1], value + 1, value, value + 0.5), push!(three[2], value + 1, value, value + 0.5)))
end
arm(0)
check("module", (status().kernels.incident !== nothing) == (ARGS[1] == "1"))
foreach(reset!, guarded), foreach(reset!, plain)
for value in x[1:50], (a, b) in zip(guarded, plain)
    check("after reset", same(push!(a, value), push!(b, value)))
end
println("fine")
"""

# Threads that ask while the breaker trips: every answer right, one incident. Eight tasks, on eight threads where Julia starts
# so many: 1.5 starts no more than the machine has cores.
const MANY = GUARDED * """
check("threads", Threads.nthreads() == min(8, VERSION < v"1.6" ? Sys.CPU_THREADS : 8))
arm(0)
slicer = SymbolDataSlicer(make("auto"))
expected = rolling_mean(x, 20; backend="julia")
wrong = Threads.Atomic{Int}(0)
logs, _ = Test.collect_test_logs() do
    @sync for turn in 1:8
        Threads.@spawn for i in 1:2000
            turn == 3 && i == 100 && arm(1)
            get_lookback(slicer, 100minute, 20).rows == 81:100 || Threads.atomic_add!(wrong, 1)
            i % 50 == 0 && (isequal(rolling_mean(x, 20), expected) || Threads.atomic_add!(wrong, 1))
            i % 50 == 0 && yield()
        end
    end
end
check("answers", wrong[] == 0)
check("one incident each", length(incidents()) == 2 && Set(one.module_name for one in incidents()) == Set(["slicer", "kernels"]))
println("fine")
"""

const RATE = GUARDED * """
arm(0)
expected = rolling_mean(x, 20; backend="julia")
check("loaded", isequal(rolling_mean(x, 20), expected))
arm(4)
check("once", isequal(rolling_mean(x, 20), expected) && status().kernels.native_errors == 1 && isempty(incidents()))
arm(5)
turns = 0
Test.collect_test_logs() do
    while status().kernels.incident === nothing && turns < 9000
        global turns += 1
        check("answer", isequal(rolling_mean(x, 20), expected))
    end
end
check("rate", status().kernels.incident.trigger == "error_rate" && status().kernels.native_errors == 11 && turns > 4000)
check("the arguments are kept", isfile(joinpath(ENV["OMEGA_VAR_DIR"], "results", status().kernels.incident.arguments_file)))
println("fine")
"""

function guard_child(code, arguments...; threads=1, state=mktempdir(), environment=Pair{String,String}[])
    manifest_free = joinpath(state, "lib", OmegaJulia.LIBRARY_FILE)
    isfile(manifest_free) || (mkpath(dirname(manifest_free)); symlink(FAULT_LIBRARY, manifest_free))
    text = string("append!(ARGS, ", repr(String[string(one) for one in arguments]), ");", code)
    return child(text; environment=["OMEGA_LIBRARY" => manifest_free, "OMEGA_VAR_DIR" => state, "RUST_BACKTRACE" => "0",
        environment...], flags=`-t$threads`)
end

if isfile(FAULT_LIBRARY)
    shared_state = mktempdir() # the pass of the self-test is kept, incidents are not
    forget_incidents() = foreach(name -> startswith(name, "RB-") && rm(joinpath(shared_state, "results", name)), readdir(joinpath(shared_state, "results")))
    function fine(code, arguments...; keywords...)
        exit_code, out, err = guard_child(code, arguments...; state=shared_state, keywords...)
        (exit_code == 0 && startswith(out, "fine")) || println(stderr, out, err)
        return exit_code == 0 && startswith(out, "fine")
    end

    @testset "whichever question fails first, everything that exists answers in Julia from then on" begin
        for question in (1, 2, 4, 5, 9)
            @test fine(SWITCHES, question)
            @test length(filter(name -> startswith(name, "RB-") && endswith(name, ".json"), readdir(joinpath(shared_state, "results")))) == 1
            forget_incidents()
        end
    end

    @testset "no row of a stream is lost when the library fails at one, or for good" begin
        @test fine(STREAMS_SWITCH, 1)
        forget_incidents()
        @test fine(STREAMS_SWITCH, 4)
    end

    @testset "8 tasks on all threads ask while the breaker trips: every answer right, one incident" begin
        @test fine(MANY; threads=8)
        forget_incidents()
    end

    @testset "one internal error is counted, the 11th in 10,000 calls is an incident" begin
        @test fine(RATE)
        forget_incidents()
    end

    @testset "no export is lost when the library fails at it" begin
        @test fine(EXPORTS)
        forget_incidents()
    end

    @testset "that reenable refused is in the log" begin
        @test fine(REFUSED)
        forget_incidents()
    end

    @testset "an incident that Julia opens holds Python back, and the other way round" begin
        python = joinpath(ROOT, ".venv", "bin", "python")
        if !isfile(python)
            println("skipped: incidents shared with Python (no .venv here: make setup-python)")
        else
            run_python(code, state) = read(setenv(`$python -W ignore -c $code`, merge(Dict(ENV), Dict("PYTHONPATH" => joinpath(ROOT, "python", "src"),
                "OMEGA_VAR_DIR" => state)); dir=tempdir()), String)
            state = mktempdir()
            @test child("using OmegaJulia; rollback(\"kernels\", \"by Julia\")"; environment=["OMEGA_VAR_DIR" => state])[1] == 0
            seen = "import omega_slicer as om; s = om.status(); print(s.modules['kernels'].backend, s.modules['slicer'].backend)"
            @test run_python(seen, state) == "python native\n"
            @test run_python("import omega_slicer as om; print(om.incidents()[0].corrupt, om.incidents()[0].error_message)", state) == " by Julia\n"
            state = mktempdir()
            run_python("import omega_slicer as om; om.rollback('slicer', 'by Python')", state)
            _, out, _ = child("using OmegaJulia; println(status().slicer.backend, status().kernels.backend, incidents()[1].error_message)";
                environment=["OMEGA_VAR_DIR" => state])
            @test out == "julianativeby Python\n"
        end
    end

    @testset "a drill survives its fault and says so" begin
        out, kept = IOBuffer(), mktempdir()
        withenv("OMEGA_FAULT_LIBRARY" => FAULT_LIBRARY) do
            for fault in ("panic in an export (slicer)", "file cut to half")
                found = drill(fault; io=out, keep=kept)
                @test length(found) == 1 && found[1].ok && found[1].answers_lost == 0 && found[1].record == "valid"
            end
        end
        @test occursin("1 of 1 survived, 0 answers lost", String(take!(out)))
        @test sort(readdir(kept)) == ["file-cut-to-half", "panic-in-an-export-slicer"]
        @test any(name -> startswith(name, "RB-"), readdir(joinpath(kept, "panic-in-an-export-slicer", "results")))
    end
end
