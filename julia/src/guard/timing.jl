# Timing what this package makes of the library: a child process whose answers are the library's alone. It demands `native`, works
# on one core, and takes turns: calibration and every number, round by round, so that all meet the same noise. The calibration is a
# scalar loop (a running sum) and a copy, both Julia's. `verify(bench=true)` and `make baseline` run this; speed.jl compares.

const TIMING_ROWS = 200_000
const TIMING_ROUNDS = 7
const FASTEST_OF = 3
const TIMING_SECONDS = 900
# Freed memory stays in the process: page faults of new arrays are the system's business, not the library's.
const TIMING_SETTINGS = ["MALLOC_MMAP_THRESHOLD_" => "1073741824", "MALLOC_TRIM_THRESHOLD_" => "4294967296",
    "USE_RUST_SLICER" => "1", "USE_RUST_KERNELS" => "1", "USE_RUST_MULTI_SYMBOL" => "1"]

# Nanoseconds by name, of one run in a process of its own; 1007 if that fails. `environment` is added to the child's.
function measure_speed(library::String, modules; rows::Int=TIMING_ROWS, rounds::Int=TIMING_ROUNDS, progress=(done, total) -> nothing,
    environment=Pair{String,String}[])

    command = child_command("using OmegaJulia; OmegaJulia.timing_child(ARGS)", rows, rounds, modules...; quick=false)
    command === nothing && fail(INVALID_STATE, "Julia runs inside another program: there is no child to measure in")
    settings = merge(unchosen(command), Dict(TIMING_SETTINGS), Dict("OMEGA_LIBRARY" => library), Dict(environment))
    turns = Numbers[]
    done = run_child(setenv(command, settings), TIMING_SECONDS; line=text -> begin
        count, total, name, nanoseconds = parse_list(text)
        isempty(turns) || time_of(last(turns), name) !== nothing ? push!(turns, [name => nanoseconds]) :
        push!(last(turns), name => nanoseconds)
        progress(count, total)
    end)
    done.code == 0 || fail(INVALID_STATE, "measuring ", done.how, ": ", last_line(done.errors))
    return median_numbers(turns)
end

# What the child process does: measures, and says so line by line, as JSON: how many are done, of how many, what, nanoseconds.
function timing_child(arguments)
    rows, rounds, modules = parse(Int, arguments[1]), parse(Int, arguments[2]), arguments[3:end]
    stay_on_one_core()
    Logging.global_logger(Logging.NullLogger())
    work = filter(one -> speed_module(one[1]) in ("calibration", modules...), timed_work(rows))
    foreach(one -> fastest(one[2]), work) # compiles, touches memory, fills caches, tests the library
    done = 0
    # Forth and back, so that nobody always follows the same one.
    for turn in 1:rounds, (name, run, elements) in (isodd(turn) ? work : reverse(work))
        println(list_json((done += 1, rounds * length(work), name, fastest(run) / elements)))
    end
end

# The last of the cores that this process may use, where the system lets it choose.
function stay_on_one_core()
    Sys.islinux() || return nothing
    mask = zeros(UInt8, 128)
    ccall(:sched_getaffinity, Cint, (Cint, Csize_t, Ptr{UInt8}), 0, length(mask), mask) == 0 || return nothing
    at = findlast(!=(0), mask)
    at === nothing && return nothing
    highest = 0x80 >> leading_zeros(mask[at])
    fill!(mask, 0)
    mask[at] = highest
    ccall(:sched_setaffinity, Cint, (Cint, Csize_t, Ptr{UInt8}), 0, length(mask), mask)
    return nothing
end

# Nanoseconds of the fastest run. No run pays for collecting another's garbage.
function fastest(run::F) where {F}
    least = typemax(UInt64)
    GC.gc(false)
    GC.enable(false)
    for _ in 1:FASTEST_OF
        began = time_ns()
        run()
        least = min(least, time_ns() - began)
    end
    GC.enable(true)
    return max(1.0, Float64(least))
end

# (name, what is run, how many elements it answers) of every number, the calibration first.
function timed_work(rows::Int)
    close = 1.1 .* exp.(cumsum(1e-4 .* normals(Draws(UInt64(20_120_201)), rows)))
    stamps, sums, copied, few = collect(Int64, 60_000_000 .* (0:rows-1)), similar(close), similar(close), close[1:100]
    made(symbol) = CandleSeries(stamps, close, close .+ 1e-4, close .- 1e-4, close; symbol=symbol, timeframe="M1")
    one, other = made("A"), made("B")
    hours, slicer = resample(one, "H1"), SymbolDataSlicer(one)
    times = stamps[201:max(1, rows ÷ 100_000):end]
    calls, questions = rows ÷ 100, rows ÷ 10 # that are timed together
    asked = stamps[round.(Int, range(201, rows; length=questions))]
    return Tuple{String,Function,Int}[
        ("julia/calibration", () -> copyto!(copied, running_sum!(sums, close)), rows),
        ("julia/kernels/mean 20", () -> rolling_mean(close, 20), rows),
        ("julia/kernels/std 20", () -> rolling_std(close, 20), rows),
        ("julia/kernels/max 200", () -> rolling_max(close, 200), rows),
        ("julia/kernels/ema 20", () -> ema(close, 20), rows),
        ("julia/kernels/mean 20 of 100 rows, a call", () -> foreach(_ -> rolling_mean(few, 20), 1:calls), calls),
        ("julia/slicer/get_lookback, a call", () -> look_back(slicer, asked), questions),
        ("julia/slicer/get_lookbacks", () -> get_lookbacks(slicer, times, 200), length(times)),
        ("julia/slicer/resample M1 to H1", () -> resample(one, "H1"), rows),
        ("julia/slicer/align M1 to H1", () -> align(one, hours), rows),
        ("julia/multi_symbol/moments of two", () -> MultiSymbolSlice([one, other]), rows)]
end

function running_sum!(sums::Vector{Float64}, values::Vector{Float64})
    sum = 0.0
    @inbounds for i in eachindex(sums, values)
        sums[i] = (sum += values[i])
    end
    return sums
end

function look_back(slicer::SymbolDataSlicer, times::Vector{Int64})
    rows = 0
    for now in times
        rows += length(get_lookback(slicer, now, 200))
    end
    return rows
end
