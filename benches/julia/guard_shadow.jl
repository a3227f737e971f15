# What shadow mode costs in the example backtests: per cent that they take longer with one answer in a hundred worked out again.
# Lines are `julia<TAB>name<TAB>guard<TAB>percent<TAB>bytes`; the bytes are what a backtest allocates more. Run with and without, turn
# by turn in one process, so that both meet the same noise; what is printed is the median of the turns' ratios, each of the fastest of
# five runs.
#
#     julia --project=julia benches/julia/guard_shadow.jl [turns]

using OmegaJulia, Random

const TURNS = isempty(ARGS) ? 40 : parse(Int, ARGS[1])
const FASTEST_OF = 5
const FRACTION = 0.01
const CANDLES = 60_000
const EXAMPLES = joinpath(dirname(dirname(@__DIR__)), "examples", "julia")

function synthetic_csv(path, shift)
    random = MersenneTwister(7)
    close = 1.3 .* exp.(cumsum(randn(random, CANDLES) .* 1e-4)) .+ shift
    open = [close[1]; close[1:end-1]]
    stamps = 1_328_486_400_000_000 .+ 60_000_000 .* (0:CANDLES-1)
    columns = (stamps, open, max.(open, close) .+ 1e-5, min.(open, close) .- 1e-5, close)
    write(path, string("timestamp,open,high,low,close\n", join((join(row, ',') for row in zip(columns...)), '\n'), '\n'))
    return path
end

# The example's module, once it has run on its own.
function example(name, files)
    space = Module(Symbol(:example_, name))
    before = copy(ARGS)
    append!(empty!(ARGS), [files; "--timeframe"; "M1"])
    try
        open(out -> redirect_stdout(() -> Base.include(space, joinpath(EXAMPLES, "$name.jl")), out), tempname(), "w")
    finally
        append!(empty!(ARGS), before)
    end
    return space
end

# Seconds of the fastest run, and the bytes that one allocates.
function taken(run)
    GC.gc(false)
    runs = [@timed(run()) for _ in 1:FASTEST_OF]
    return minimum(one -> one[2], runs), runs[1][3]
end

middle(values) = (sorted = sort(values); half = length(values) ÷ 2; isodd(length(values)) ? sorted[half+1] : (sorted[half] + sorted[half+1]) / 2)

# Median of the turns' ratios in per cent, and of what is allocated more.
function cost(run)
    ratios, more = Float64[], Float64[]
    for turn in 1:TURNS
        found = Dict{Float64,Tuple{Float64,Int}}()
        for fraction in (isodd(turn) ? (0.0, FRACTION) : (FRACTION, 0.0))
            set_shadow(fraction)
            found[fraction] = taken(run)
        end
        push!(ratios, found[FRACTION][1] / found[0.0][1])
        push!(more, found[FRACTION][2] - found[0.0][2])
    end
    set_shadow(0)
    return 100 * (middle(ratios) - 1), middle(more)
end

say(name, (percent, bytes)) = println("julia\tguard, shadow mode in ", name, ", percent\tguard\t", round(percent; digits=3), '\t', bytes)

function main()
    mktempdir() do folder
        ENV["OMEGA_VAR_DIR"] = folder
        files = [synthetic_csv(joinpath(folder, "$side.csv"), shift) for (side, shift) in (("bid", 0.0), ("ask", 2e-5))]
        plain, trend = example("backtest", files), example("trend", files)
        bid, ask = [read_csv(path; symbol="A", timeframe="M1", price_type=side) for (path, side) in zip(files, ("bid", "ask"))]
        slicers = SymbolDataSlicer(bid), SymbolDataSlicer(ask)
        say("backtest", cost(() -> Base.invokelatest(plain.backtest, slicers...)))
        moments = MultiSymbolSlice([bid, ask])
        markets = [Base.invokelatest(trend.Market, bid, ask, moments, nothing)]
        say("trend", cost(() -> Base.invokelatest(trend.backtest, markets, moments)))
        isempty(incidents()) || error("there was an incident: ", incidents()[1])
        status().shadow.rows > 0 || error("shadow mode looked at nothing")
    end
end

main()
