# Many threads read one series and one slicer at once, while others make and drop series, and every call is
# counted. Runs in a child process with as many threads as this machine allows, up to four.

const THREADED = """
using OmegaJulia
const THREADS = Threads.nthreads()
THREADS > 1 || (println("one thread"); exit(0))
minute = 60_000_000
columns() = ([1:5000;] .* minute, (collect(1.0:5000.0) for _ in 1:5)...)
backend = ARGS_BACKEND
slicer = SymbolDataSlicer(CandleSeries(columns()...; symbol="T", timeframe="M1", backend=backend))
function work(slicer, id)
    wrong = 0
    for round in 1:20, i in 100:5000
        wrong += get_lookback(slicer, i * minute, 50).close[50] != i
        i % 1000 == 0 && (wrong += length(SymbolDataSlicer(CandleSeries(columns()...; symbol="x", timeframe="M1", backend=backend)).series) != 5000)
    end
    return wrong
end
work(slicer, 0)
reset_counts()
wrong = zeros(Int, 2THREADS)
Threads.@threads for id in 1:2THREADS
    wrong[id] = work(slicer, id)
end
GC.gc()
counts = status().slicer.counts.get_lookback
sum(wrong) == 0 || error("wrong answers: ", wrong)
getfield(counts, backend == "native" ? :native : :fallback) == 2THREADS * 20 * 4901 || error("counted ", counts)
println("fine")
"""

for backend in BACKENDS
    @testset "threads get right answers and lose no count ($backend)" begin
        exit_code, out, err = child(replace(THREADED, "ARGS_BACKEND" => repr(backend)); environment=["JULIA_NUM_THREADS" => "4"])
        if out == "one thread\n"
            println("skipped: several threads at once (Julia starts only one here)")
        else
            (exit_code, out) == (0, "fine\n") || println(stderr, out, err)
            @test (exit_code, out) == (0, "fine\n")
        end
    end
end
