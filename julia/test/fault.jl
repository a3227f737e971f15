# The fault build of the library: what it answers wrongly the caller must see, which proves that native
# answers come from the library, and a panic inside it must leave the process usable.
# Runs in child processes, with the library that OMEGA_FAULT_LIBRARY names, else with the one that the project's
# own build puts under target/fault-injection. None at all is a failure, unless OMEGA_ALLOW_NO_FAULTS=1.

function fault_library()
    named = get(ENV, "OMEGA_FAULT_LIBRARY", "")
    return isempty(named) ? joinpath(ROOT, "target", "fault-injection", "debug", OmegaJulia.LIBRARY_FILE) : abspath(named)
end

const FAULT_LIBRARY = fault_library()

const ARMED = """
using OmegaJulia, Libdl
minute = 60_000_000
library = dlopen(ENV["OMEGA_LIBRARY"])
arm(fault) = ccall(dlsym(library, :omega_fault_set), Int32, (UInt32,), fault) == 0 || error("not armed")
code(f) = try f(); 0 catch e; e isa OmegaError ? e.code : rethrow() end
check(name, truth) = truth || (println("wrong: ", name); exit(3))
make() = CandleSeries([1:9;] .* minute, (collect(1.0:9.0) for _ in 1:5)...; symbol="F", timeframe="M1", backend="native")
series = make()
slicer = SymbolDataSlicer(series)
check("native", slicer.backend == "native" && status().library.path == realpath(ENV["OMEGA_LIBRARY"]))
"""

const FLIPPED = ARMED * """
arm(2)
check("get_lookback", get_lookback(slicer, 5minute, 2).rows != 4:5)
check("get_slice", get_slice(slicer, 2minute, 3minute).rows != 2:3)
check("get_candle_at", get_candle_at(slicer, 5minute) != series[5])
check("get_candle_asof", get_candle_asof(slicer, 5minute) != series[5])
check("get_lookbacks", get_lookbacks(slicer, [5minute], 2) != [4 2])
check("get_candles_at", get_candles_at(slicer, [5minute]) != [5])
check("get_candles_asof", get_candles_asof(slicer, [5minute]) != [5])
check("gather_lookback", gather_lookback(slicer, [5minute], 2) != [4.0 5.0])
# Answers that the flip moves outside the series are refused, never read.
check("outside", code(() -> get_candle_at(slicer, 0)) == 5000 && code(() -> get_lookback(slicer, 9minute, 9)) == 5000)
check("julia", get_lookback(SymbolDataSlicer(series; backend="julia"), 5minute, 2).rows == 4:5)
arm(0)
check("usable", get_lookback(slicer, 5minute, 2).rows == 4:5)
println("seen")
"""

const PANICKED = ARMED * """
csv = tempname(); write(csv, "time,open,high,low,close\\n2024-01-02,1,1,1,1\\n")
arm(1)
for (name, f) in ("get_lookback" => () -> get_lookback(slicer, 5minute, 2), "get_slice" => () -> get_slice(slicer, 0, 5minute),
    "get_candle_at" => () -> get_candle_at(slicer, 0), "get_candle_asof" => () -> get_candle_asof(slicer, 0),
    "get_lookbacks" => () -> get_lookbacks(slicer, [5minute], 2), "get_candles_at" => () -> get_candles_at(slicer, [0]),
    "get_candles_asof" => () -> get_candles_asof(slicer, [0]), "gather_lookback" => () -> gather_lookback(slicer, [5minute], 2),
    "quality" => () -> quality(series), "pair" => () -> quality(series, series), "CandleSeries" => make,
    "read_csv" => () -> read_csv(csv; symbol="", timeframe="D1", backend="native"))
    check(name, code(f) == 5005)
end
arm(0)
check("usable", get_lookback(slicer, 5minute, 2).rows == 4:5 && quality(series).rows == 9 && length(make()) == 9)
println("seen")
"""

# Every kernel over whole series, over matrices, and row by row: the flip reaches each answer's last bit, and only that;
# Julia's own answers never change, whatever the library does.
const KERNELS_FLIPPED = ARMED * """
include($(repr(joinpath(@__DIR__, "kernel_support.jl"))))
x = 1.0 .+ (0:39.0) .^ 1.5 .% 7
options = Dict("window" => "3", "min_periods" => "2", "ddof" => "1", "period" => "2", "fast" => "2", "slow" => "4",
    "signal" => "3", "width" => "4004000000000000")
columns_of(kernel) = kernel in ("cov", "corr") ? [x, reverse(x)] : kernel in ("atr", "true_range") ? [x .+ 1, x, x .+ 0.5] : [x]
function ask(kernel, backend)
    batch, stream = kernel_calls(kernel, options, backend)
    pushed = stream_answers(stream(), columns_of(kernel))
    return answers_of(batch(columns_of(kernel))), pushed, matrices_of(batch([[c c] for c in columns_of(kernel)]))
end
matrices_of(answer) = answer isa NamedTuple ? collect(values(answer)) : [answer]
several(backend) = (ema(x, [2, 3, 5]; backend=backend),)
bits(answers) = reduce(vcat, [vec(map(v -> isnan(v) ? UInt64(0) : reinterpret(UInt64, v), a)) for a in answers])
differences(a, b) = maximum(xor.(bits(a), bits(b)))
for kernel in keys(TWINS)
    right = ask(kernel, "julia")
    check(kernel, all(map((a, b) -> differences(a, b) == 0, ask(kernel, "native"), right)))
    arm(2)
    wrong, own = ask(kernel, "native"), ask(kernel, "julia")
    arm(0)
    check(string(kernel, " answered by the library"), all(map((a, b) -> differences(a, b) == 1, wrong, right)))
    check(string(kernel, " answered by Julia"), all(map((a, b) -> differences(a, b) == 0, own, right)))
    arm(1)
    batch, stream = kernel_calls(kernel, options, "native")
    check(string(kernel, " panics"), code(() -> batch(columns_of(kernel))) == 5005 && code(stream) == 5005)
    arm(0)
    native_stream = stream()
    arm(1)
    check(string(kernel, " panics in a push"), code(() -> stream_answers(native_stream, columns_of(kernel))) == 5005)
    arm(0)
    check(string(kernel, " is usable"), all(map((a, b) -> differences(a, b) == 0, ask(kernel, "native"), right)))
end
right = several("julia")
arm(2)
check("several periods", differences(several("native"), right) == 1 && differences(several("julia"), right) == 0)
println("seen")
"""

if !isfile(FAULT_LIBRARY) && get(ENV, "OMEGA_ALLOW_NO_FAULTS", "") == "1"
    println(stderr, "\nSKIPPED: every test of the fault build (OMEGA_ALLOW_NO_FAULTS=1; no file ", FAULT_LIBRARY, ")\n")
elseif !isfile(FAULT_LIBRARY)
    @testset "the fault build is there to be tested" begin
        println(stderr, "no fault build at ", FAULT_LIBRARY, "; make build-faulty makes one, OMEGA_FAULT_LIBRARY names another")
        @test isfile(FAULT_LIBRARY)
    end
else
    for (law, code) in ("a bit flipped in the library is seen by the caller" => FLIPPED,
        "a bit flipped in any kernel or stream of the library is seen by the caller" => KERNELS_FLIPPED,
        "a panic in the library is error 5005, and everything works afterwards" => PANICKED)
        @testset "$law" begin
            exit_code, out, err = child(code; environment=["OMEGA_LIBRARY" => FAULT_LIBRARY, "RUST_BACKTRACE" => "0"])
            (exit_code, out) == (0, "seen\n") || println(stderr, out, err)
            @test (exit_code, out) == (0, "seen\n")
        end
    end
end
