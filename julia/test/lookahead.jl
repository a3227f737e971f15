# The law of no look-ahead: overwrite every row that lies after the question with garbage, and every answer
# stays the same to the bit. Rows after: close time > now with closed_only, else stamp > now.

# The same series with every row from `first_hidden` on replaced by garbage stamped later still.
function garbled(series, first_hidden, random, backend)
    rows = length(series)
    columns = [collect(getproperty(series, name)) for name in (:timestamp, :open, :high, :low, :close, :volume)]
    for row in first_hidden:rows
        # Stamps stay increasing, or it would be no series; all else is garbage.
        columns[1][row] += row == rows ? 1_000_000_007 : 0
        for column in columns[2:6]
            column[row] = rand(random, [NaN, Inf, -Inf, 1e308, -1.0])
        end
    end
    return CandleSeries(columns...; symbol=series.symbol, timeframe=series.timeframe, check="none", backend=backend)
end

# Garbage may also be missing altogether: nothing may depend on whether later rows exist.
cut(series, first_hidden, backend) = CandleSeries((collect(getproperty(series, name))[1:first_hidden-1] for name in
    (:timestamp, :open, :high, :low, :close, :volume))...; symbol=series.symbol, timeframe=series.timeframe, check="none", backend=backend)

# What slicer answers at `now` under all flags, as plain bits.
function answers_at(slicer, now, closed_only)
    bits(candles::Candles) = (candles.rows, [reinterpret(UInt64, collect(getproperty(candles, f))) for f in (:open, :high, :low, :close, :volume)], collect(candles.timestamp))
    bits(candle::Candle) = (candle.timestamp, reinterpret.(UInt64, (candle.open, candle.high, candle.low, candle.close, candle.volume)))
    bits(matrix::AbstractMatrix{Float64}) = reinterpret(UInt64, collect(matrix))
    bits(error::OmegaError) = (error.code, error.message)
    bits(other) = other
    found = Any[]
    ask(f) = push!(found, bits(thrown(f)))
    ask(() -> get_candle_asof(slicer, now; closed_only=closed_only))
    ask(() -> get_candles_asof(slicer, [now, now - 1]; closed_only=closed_only))
    for n in (1, 3, 20), partial in (false, true), include_current in (true, false)
        flags = (include_current=include_current, closed_only=closed_only, partial=partial)
        ask(() -> get_lookback(slicer, now, n; flags...))
        ask(() -> get_lookbacks(slicer, [now, now], n; flags...))
        ask(() -> gather_lookback(slicer, [now, now - 1], n, "close"; flags...))
        ask(() -> gather_lookback(slicer, [now], n, "volume"; flags...))
    end
    closed_only && return found
    ask(() -> get_candle_at(slicer, now))
    ask(() -> get_candles_at(slicer, [now]))
    ask(() -> get_slice(slicer, slicer.timestamp[1], max(now, slicer.timestamp[1])))
    return found
end

for backend in BACKENDS
    @testset "no answer depends on what comes later ($backend)" begin
        random = MersenneTwister(99)
        for _ in 1:25
            stamps = cumsum([rand(random) < 0.8 ? MINUTE_US : rand(random, 1:10) * MINUTE_US for _ in 1:60])
            series = CandleSeries(stamps, (randn(random, 60) for _ in 1:5)...; symbol="L", timeframe="M5", backend=backend)
            slicer = SymbolDataSlicer(series)
            for now in (rand(random, stamps), rand(random, stamps) + 30_000_000, stamps[1] + 1), closed_only in (false, true)
                hidden = closed_only ? t -> t + series.timeframe.duration > now : t -> t > now
                first_hidden = something(findfirst(hidden, stamps), 61)
                expected = answers_at(slicer, now, closed_only)
                @test isequal(answers_at(SymbolDataSlicer(garbled(series, first_hidden, random, backend)), now, closed_only), expected)
                first_hidden > 1 && @test isequal(answers_at(SymbolDataSlicer(cut(series, first_hidden, backend)), now, closed_only), expected)
            end
        end
    end
end
