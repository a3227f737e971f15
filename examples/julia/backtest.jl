# A Donchian breakout backtest: the same program as in Rust, C and Python beside it, to the bit.
#
# At every bar, decided at its close, it looks back over the 50 candles before it: long above their highest
# high, short below their lowest low, out on the opposite extreme of the last 20. It buys at the ask and
# sells at the bid.
#
#     julia --project=julia examples/julia/backtest.jl BID.csv [ASK.csv] [--symbol S] [--timeframe TF]
#                                                      [--trades FILE] [--backend native|julia|auto]

using OmegaJulia
using Printf, SHA

const ENTRY = 50
const EXIT = 20

@enum Side long = 1 short = -1

"One bar's closing prices, at which orders are filled."
struct Quote
    row::Int
    bid::Float64
    ask::Float64
end

struct Position
    entry_row::Int
    side::Side
    entry_price::Float64
end

struct Trade
    entry_row::Int
    exit_row::Int
    side::Side
    entry_price::Float64
    exit_price::Float64
    profit::Float64
end

"Buys at the ask, or sells at the bid."
enter(side::Side, at::Quote) = Position(at.row, side, side == long ? at.ask : at.bid)

"Sells at the bid what was bought, or buys back at the ask."
function leave(position::Position, at::Quote)
    entry_row, side, entry = position.entry_row, position.side, position.entry_price
    side == long && return Trade(entry_row, at.row, side, entry, at.bid, at.bid - entry)
    return Trade(entry_row, at.row, side, entry, at.ask, entry - at.ask)
end

# Plain comparisons: maximum and minimum spend ten times as long on NaN, which a checked series has none of.
highest(prices) = reduce((a, b) -> ifelse(a > b, a, b), prices)
lowest(prices) = reduce((a, b) -> ifelse(a < b, a, b), prices)

"Walks the bid series bar by bar. Nothing it asks reaches past the bar it stands on."
function backtest(bid::SymbolDataSlicer, ask::SymbolDataSlicer)
    trades = Trade[]
    position = nothing
    last_quote = nothing
    bars = bid.series
    for (row, (now, close)) in enumerate(zip(bars.timestamp, bars.close))
        past = get_lookback(bid, now, ENTRY; include_current=false, partial=true)
        asked = get_candle_at(ask, now)
        (asked === nothing || length(past) < ENTRY) && continue
        last_quote = Quote(row, close, asked.close)

        if position !== nothing
            recent = past[end-EXIT+1:end]
            broken = position.side == long ? close < lowest(recent.low) : close > highest(recent.high)
            if broken
                push!(trades, leave(position, last_quote))
                position = nothing
            end
        end
        if position === nothing
            if close > highest(past.high)
                position = enter(long, last_quote)
            elseif close < lowest(past.low)
                position = enter(short, last_quote)
            end
        end
    end
    position === nothing || push!(trades, leave(position, last_quote))
    return trades
end

"""
SHA-256 over every trade's entry row, exit row, side and profit, eight little-endian bytes each. Rows count
from zero there, as in the other languages.
"""
function fingerprint(trades)
    packed = IOBuffer()
    for t in trades
        write(packed, htol(t.entry_row - 1), htol(t.exit_row - 1), htol(Int(t.side)), htol(reinterpret(Int64, t.profit)))
    end
    return bytes2hex(sha256(take!(packed)))
end

function write_trades(path, trades)
    open(path, "w") do out
        println(out, "entry_row\texit_row\tside\tentry_price\texit_price\tprofit")
        for t in trades
            println(out, join((t.entry_row - 1, t.exit_row - 1, Int(t.side), t.entry_price, t.exit_price, t.profit), '\t'))
        end
    end
end

"The trades, and the seconds of the fastest of three rounds."
function timed(bid, ask)
    rounds = [@timed(backtest(bid, ask)) for _ in 1:3]
    results = [first(round) for round in rounds]
    all(==(results[1]), results) || error("rounds over the same candles differ")
    return results[1], minimum(round -> round[2], rounds)
end

function arguments(words)
    files = String[]
    options = Dict("symbol" => "", "timeframe" => "H1", "trades" => "", "backend" => "")
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
    length(files) in (1, 2) ||
        error("usage: backtest.jl BID.csv [ASK.csv] [--symbol S] [--timeframe TF] [--trades FILE] [--backend B]")
    return files, options
end

function main(words)
    files, options = arguments(copy(words))
    backend = isempty(options["backend"]) ? nothing : options["backend"]
    read(path, price_type) =
        read_csv(path; symbol=options["symbol"], timeframe=options["timeframe"], price_type=price_type, backend=backend)
    bid = SymbolDataSlicer(read(files[1], "bid"))
    # One file alone serves as both sides.
    ask = length(files) == 2 ? SymbolDataSlicer(read(files[2], "ask")) : bid
    trades, seconds = timed(bid, ask)
    # One after the other: `sum` adds in pairs, which rounds differently.
    net = foldl(+, (trade.profit for trade in trades); init=0.0)

    println("language julia")
    println("backend ", bid.backend)
    println("bars ", length(bid.series))
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
    println(stderr, "backtest: ", sprint(showerror, problem))
    exit(1)
end
