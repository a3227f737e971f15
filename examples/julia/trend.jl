# Buying weakness in a rising market, over several timeframes and symbols: the same program as in Rust, C and Python.
#
# At every bar, decided at its close: the trend is that of the last closed hour, the size of a move that of the last
# closed quarter; it buys weakness in a rising market and sells strength in a falling one. With one-minute candles
# the quarters and hours are M15 and H1, made from them; with longer ones, 15 and 60 times as long.
#
#     julia --project=julia examples/julia/trend.jl BID.csv ASK.csv [BID2.csv ASK2.csv] [--symbol A[,B]]
#                                                   [--timeframe TF] [--trades FILE] [--backend native|julia|auto]

using OmegaJulia
using Printf, SHA

const QUARTER, HOUR = 15, 60 # bars
const STRETCH, TREND, RANGE, SWING = 60, 24, 14, 4 # z-score, ema, atr, hours compared

@enum Side long = 1 flat = 0 short = -1

struct Position
    entry_row::Int
    side::Side
    entry_price::Float64
    stop::Float64
end
const NOTHING_HELD = Position(0, flat, 0.0, 0.0)

struct Trade
    symbol::Int
    entry_row::Int
    exit_row::Int
    side::Side
    entry_price::Float64
    exit_price::Float64
    profit::Float64
end

"One symbol: its candles in three timeframes, and what is computed from them once."
struct Market
    symbol::String
    candles::SymbolDataSlice
    quarter::Timeframe
    hour::Timeframe
    stretch::Vector{Float64}
    trend::Vector{Float64}
    range::Vector{Float64}
    rows::Vector{Int} # of the bid at each moment
end

function Market(bid::CandleSeries, ask::CandleSeries, moments::MultiSymbolSlice, backend)
    quarter, hour = Timeframe(QUARTER * bid.timeframe.duration), Timeframe(HOUR * bid.timeframe.duration)
    quarters, hours = resample(bid, quarter), resample(bid, hour)
    candles = SymbolDataSlice(Dict(bid.timeframe => Dict("bid" => bid, "ask" => ask),
        quarter => Dict("bid" => quarters), hour => Dict("bid" => hours)))
    return Market(bid.symbol, candles, quarter, hour, rolling_zscore(bid.close, STRETCH; backend=backend),
        vec(ema(hours.close, TREND; backend=backend)),
        atr(quarters.high, quarters.low, quarters.close, RANGE; backend=backend),
        get_candles_at(SymbolDataSlicer(bid), moments.timeline))
end

"How far the price is stretched, where the trend points, how far it moves; `nothing` if one is unknown."
function signal(market::Market, row::Int)
    candles = set_index!(market.candles, row)
    swing = history(candles, market.hour, "bid", SWING)
    quarters = history(candles, market.quarter, "bid", 1)
    (length(swing) < SWING || isempty(quarters)) && return nothing
    stretch, size = market.stretch[row], market.range[last(quarters.rows)]
    (isnan(stretch) || isnan(size)) && return nothing
    first_close, last_close, trend = swing[1].close, swing[end].close, market.trend[last(swing.rows)]
    rising, falling = last_close > trend && last_close > first_close, last_close < trend && last_close < first_close
    return stretch, rising ? long : falling ? short : flat, size
end

"Sells at the bid what was bought, or buys back at the ask."
function leave(symbol::Int, position::Position, row::Int, bid::Float64, ask::Float64)
    entry_row, side, entry = position.entry_row, position.side, position.entry_price
    side == long && return Trade(symbol, entry_row, row, side, entry, bid, bid - entry)
    return Trade(symbol, entry_row, row, side, entry, ask, entry - ask)
end

"Walks the moments all symbols share. Nothing that is asked reaches past the bar it stands on."
function backtest(markets::Vector{Market}, moments::MultiSymbolSlice)
    trades = Trade[]
    held = fill(NOTHING_HELD, length(markets))
    for _ in moments, (number, market) in enumerate(markets)
        row = market.rows[moments.index]
        seen = signal(market, row)
        bid, ask = get_price(moments, market.symbol, "bid"), get_price(moments, market.symbol, "ask")
        spread = get_spread(moments, market.symbol)
        (seen === nothing || bid === nothing || ask === nothing || spread === nothing) && continue
        stretch, trend, size = seen
        position = held[number]
        if position.side != flat
            out = position.side == long ? stretch >= 0 || bid <= position.stop : stretch <= 0 || ask >= position.stop
            if out
                push!(trades, leave(number, position, row, bid, ask))
                held[number] = NOTHING_HELD
            end
        elseif spread < size
            if trend == long && stretch <= -2
                held[number] = Position(row, long, ask, ask - 3 * size)
            elseif trend == short && stretch >= 2
                held[number] = Position(row, short, bid, bid + 3 * size)
            end
        end
    end
    for (number, market) in enumerate(markets)
        held[number].side == flat && continue
        bid, ask = get_price(moments, market.symbol, "bid"), get_price(moments, market.symbol, "ask")
        push!(trades, leave(number, held[number], market.rows[moments.index], bid, ask))
    end
    return trades
end

"""
SHA-256 over every trade's symbol, rows, side and profit, eight little-endian bytes each. Symbols and rows count
from zero there, as in the other languages.
"""
function fingerprint(trades)
    packed = IOBuffer()
    for t in trades
        write(packed, htol(t.symbol - 1), htol(t.entry_row - 1), htol(t.exit_row - 1), htol(Int(t.side)),
            htol(reinterpret(Int64, t.profit)))
    end
    return bytes2hex(sha256(take!(packed)))
end

function write_trades(path, trades)
    open(path, "w") do out
        println(out, "symbol\tentry_row\texit_row\tside\tentry_price\texit_price\tprofit")
        for t in trades
            println(out, join((t.symbol - 1, t.entry_row - 1, t.exit_row - 1, Int(t.side), t.entry_price, t.exit_price,
                t.profit), '\t'))
        end
    end
end

"The trades, and the seconds of the fastest of three rounds."
function timed(markets, moments)
    rounds = [@timed(backtest(markets, moments)) for _ in 1:3]
    results = [first(round) for round in rounds]
    all(==(results[1]), results) || error("rounds over the same candles differ")
    return results[1], minimum(round -> round[2], rounds)
end

"Who did the work by the counts of `status()`, over all modules: `native`, `julia`, or both."
function answered()
    counts = [kinds for part in (status().slicer, status().kernels, status().multi_symbol) for kinds in part.counts]
    names = (:native => "native", :fallback => "julia")
    return join((name for (kind, name) in names if any(kinds -> kinds[kind] > 0, counts)), " and ")
end

function arguments(words)
    files = String[]
    options = Dict("symbol" => "A,B", "timeframe" => "M1", "trades" => "", "backend" => "")
    while !isempty(words)
        word = popfirst!(words)
        if startswith(word, "--") && haskey(options, word[3:end]) && !isempty(words)
            options[word[3:end]] = popfirst!(words)
        elseif startswith(word, "-")
            error("$word is unknown, or without its value")
        else
            push!(files, word)
        end
    end
    names = split(options["symbol"], ',')
    length(files) in (2, 4) && length(names) >= length(files) ÷ 2 ||
        error("usage: trend.jl BID.csv ASK.csv [BID2.csv ASK2.csv] [--symbol A[,B]] [--timeframe TF] [--trades FILE] ",
            "[--backend B]")
    return files, names, options
end

function main(words)
    files, names, options = arguments(copy(words))
    backend = isempty(options["backend"]) ? nothing : options["backend"]
    series = [read_csv(path; symbol=names[(i+1)÷2], timeframe=options["timeframe"], price_type=isodd(i) ? "bid" : "ask",
        backend=backend) for (i, path) in enumerate(files)]
    moments = MultiSymbolSlice(series; backend=backend)
    markets = [Market(series[i], series[i+1], moments, backend) for i in 1:2:length(series)]
    trades, seconds = timed(markets, moments)
    # One after the other: `sum` adds in pairs, which rounds differently.
    net = foldl(+, (trade.profit for trade in trades); init=0.0)

    println("language julia")
    println("backend ", answered())
    println("bars ", length(moments))
    println("trades ", length(trades))
    @printf("net %.10f\n", net)
    println("net_bits ", string(reinterpret(UInt64, net); base=16, pad=16))
    println("fingerprint ", fingerprint(trades))
    @printf("seconds %.9f\n", seconds)
    isempty(options["trades"]) || write_trades(options["trades"], trades)
end

try
    main(ARGS)
catch problem
    problem isa InterruptException && rethrow()
    println(stderr, "trend: ", sprint(showerror, problem))
    exit(1)
end
