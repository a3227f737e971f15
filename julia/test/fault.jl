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

if !isfile(FAULT_LIBRARY) && get(ENV, "OMEGA_ALLOW_NO_FAULTS", "") == "1"
    println(stderr, "\nSKIPPED: every test of the fault build (OMEGA_ALLOW_NO_FAULTS=1; no file ", FAULT_LIBRARY, ")\n")
elseif !isfile(FAULT_LIBRARY)
    @testset "the fault build is there to be tested" begin
        println(stderr, "no fault build at ", FAULT_LIBRARY, "; make build-faulty makes one, OMEGA_FAULT_LIBRARY names another")
        @test isfile(FAULT_LIBRARY)
    end
else
    for (law, code) in ("a bit flipped in the library is seen by the caller" => FLIPPED,
        "a panic in the library is error 5005, and everything works afterwards" => PANICKED)
        @testset "$law" begin
            exit_code, out, err = child(code; environment=["OMEGA_LIBRARY" => FAULT_LIBRARY, "RUST_BACKTRACE" => "0"])
            (exit_code, out) == (0, "seen\n") || println(stderr, out, err)
            @test (exit_code, out) == (0, "seen\n")
        end
    end
end
