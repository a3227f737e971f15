# The walk and the moments: equal to a scan of every candle in any order of moves, blind to what closes after the
# decision time, without allocation, and loud where a question makes no sense.

const WALK_TIMEFRAMES = ("M1", "M5", "M15", "H1")
const WALK_FIELDS = (:open, :high, :low, :close, :volume)

# Gappy, sometimes overlapping, starting anywhere within two hours.
function walk_stamps(random, timeframe, rows=rand(random, 0:40))
    unit = Timeframe(timeframe).duration
    steps = [rand(random) < 0.7 ? unit : rand(random, (2unit, 5unit, unit ÷ 2, unit ÷ 60)) for _ in 1:rows]
    return rand(random, -60:60) * MINUTE_US .+ cumsum(steps)
end

function walk_series(stamps, timeframe, side, backend; symbol="X", hidden_after=typemax(Int64))
    garbage = [t + Timeframe(timeframe).duration > hidden_after for t in stamps]
    columns = [Float64[garbage[i] ? NaN : i + k / 8 for i in eachindex(stamps)] for k in 1:5]
    return CandleSeries(collect(Int64, stamps), columns...; symbol=symbol, timeframe=timeframe, price_type=side, check="order", backend=backend)
end

# Stamps for some timeframes and sides, one at least.
function random_market(random)
    keys = [(timeframe, side) for timeframe in WALK_TIMEFRAMES for side in ("bid", "ask") if rand(random) < 0.5]
    isempty(keys) && push!(keys, ("M5", "ask"))
    return Dict(key => walk_stamps(random, key[1]) for key in keys)
end

function walk_of(market, backend; hidden_after=typemax(Int64), primary=nothing)
    data = Dict{String,Dict{String,CandleSeries}}()
    for ((timeframe, side), stamps) in market
        sides = get!(() -> Dict{String,CandleSeries}(), data, timeframe)
        sides[side] = walk_series(stamps, timeframe, side, backend; hidden_after=hidden_after)
    end
    return SymbolDataSlice(data; primary=primary)
end

clock_key(market, primary) = haskey(market, (primary, "bid")) ? (primary, "bid") : (primary, "ask")

# The row a series shows at a bar, by looking at every candle.
function scanned_row(market, clock, key, bar)
    haskey(market, key) || return 0
    key == clock && return bar
    decided = market[clock][bar] + Timeframe(clock[1]).duration
    return something(findlast(t -> t + Timeframe(key[1]).duration <= decided, market[key]), 0)
end

for backend in BACKENDS
    @testset "any order of moves gives what a scan of every candle gives ($backend)" begin
        random = MersenneTwister(41)
        for _ in 1:120
            market = random_market(random)
            primary = rand(random, collect(keys(market)))[1]
            slice, clock = walk_of(market, backend; primary=primary), clock_key(market, primary)
            bars = length(market[clock])
            @test length(slice) == bars && slice.primary == Timeframe(primary)
            for _ in 1:12
                bar, len = rand(random, 1:bars+4), rand(random, 0:45)
                rand(random, Bool) ? set_index!(slice, bar) : (slice.index = bar)
                key = (rand(random, WALK_TIMEFRAMES), rand(random, ("bid", "ask")))
                series = series_ref(slice, key...)
                @test (series === nothing) == !haskey(market, key)
                row = bar <= bars ? scanned_row(market, clock, key, bar) : 0
                @test same_candle(latest(slice, key...), row == 0 ? nothing : series[row])
                newest = bars == 0 ? 0 : scanned_row(market, clock, key, min(bar, bars))
                expected = [r for r in 1:newest if r > newest + max(0, bar - bars) - len]
                found = history(slice, key..., len)
                @test collect(found.rows) == expected && (isempty(expected) || found.series === series)
                @test history_view(slice, Timeframe(key[1]), Symbol(key[2]), len) == found
            end
        end
    end

    @testset "a matrix of histories is the histories ($backend)" begin
        random = MersenneTwister(42)
        for _ in 1:40
            market = random_market(random)
            slice = walk_of(market, backend)
            key, field, len = (rand(random, WALK_TIMEFRAMES), rand(random, ("bid", "ask"))), rand(random, WALK_FIELDS), rand(random, 0:9)
            matrix = history_matrix(slice, key..., len, field)
            @test size(matrix) == (length(slice), len)
            for bar in walk(slice)
                values = collect(getproperty(history(bar, key..., len), field))
                @test same_bits(matrix[bar.index, :], [fill(NaN, len - length(values)); values])
            end
        end
    end

    @testset "no answer at a bar depends on candles that close after it ($backend)" begin
        random = MersenneTwister(43)
        answers(slice, market, planted=false) = begin
            found = Any[]
            bits(candles::Candles) = (candles.rows, [reinterpret(UInt64, collect(getproperty(candles, f))) for f in WALK_FIELDS])
            bits(candle::Candle) = reinterpret.(UInt64, (candle.open, candle.high, candle.low, candle.close, candle.volume))
            bits(other) = other
            for key in sort!(collect(keys(market)))
                push!(found, bits(latest(slice, key...)), bits(history(slice, key..., 7)))
                push!(found, reinterpret(UInt64, history_matrix(slice, key..., 5, "low", slice.index, slice.index)[1, :]))
                primary = getfield(slice, :clock).series
                row = align(primary, series_ref(slice, key...); decision="close", stamps=planted ? "close" : "open")[slice.index]
                push!(found, row == 0 ? nothing : bits(series_ref(slice, key...)[row]))
            end
            found
        end
        both(market, bar, planted) = begin
            honest = set_index!(walk_of(market, backend), bar)
            spoiled = set_index!(walk_of(market, backend; hidden_after=honest.decision_time), bar)
            isequal(answers(honest, market, planted), answers(spoiled, market, planted))
        end
        for _ in 1:60
            market = random_market(random)
            bars = length(walk_of(market, backend))
            bars == 0 || @test both(market, rand(random, 1:bars), false)
        end
        # A look-ahead planted on purpose, reading opens as closes, must be seen by the same comparison.
        market = Dict(("M5", "bid") => 5MINUTE_US .* (0:29), ("H1", "bid") => 60MINUTE_US .* (0:2))
        @test both(market, 7, false)
        @test !both(market, 7, true)
    end

    @testset "a step of the walk and a moment allocate nothing ($backend)" begin
        market = Dict((timeframe, side) => Timeframe(timeframe).duration .* (0:400) for timeframe in ("M1", "M15", "H1"), side in ("bid", "ask"))
        slice, hour = walk_of(market, backend), Timeframe("H1")
        walked(slice, hour) = begin
            total = 0.0
            for bar in walk(slice)
                candle = latest(bar, "M15", "ask")
                candle === nothing || (total += candle.close)
                total += length(history(bar, hour, "bid", 50)) + length(history(bar, "M1").close)
            end
            total
        end
        @test walked(slice, hour) > 0
        @test allocated(walked, slice, hour) == 0
        moments = MultiSymbolSlice([walk_series(MINUTE_US .* (0:400), "M1", side, backend) for side in ("bid", "ask")]; backend=backend)
        asked(moments) = begin
            total = 0.0
            for _ in moments
                price, spread, candle = get_price(moments, "X"), get_spread(moments, "X"), get_candle(moments, "X", "ask")
                price === nothing || spread === nothing || candle === nothing || (total += price + spread + candle.low)
            end
            total
        end
        @test asked(moments) > 0
        @test allocated(asked, moments) == 0
    end

    @testset "time moves on across symbols ($backend)" begin
        stamps = MINUTE_US .* (0:5)
        market = MultiSymbolSlice([walk_series(stamps, "M1", "bid", backend), walk_series(stamps[2:end], "M1", "ask", backend)]; backend=backend)
        @test collect(market) == stamps[2:end] && market.timeline == stamps[2:end]
        @test (market.index, market.timestamp, market.decision_time, peek(market), skip(market)) == (5, 5MINUTE_US, 6MINUTE_US, nothing, 0)
        visited = Any[]
        for t in market
            push!(visited, (t, market.timestamp, peek(market, 2)))
            skip(market, 2)
        end
        @test visited == [(MINUTE_US, MINUTE_US, 3MINUTE_US), (4MINUTE_US, 4MINUTE_US, nothing)]
        @test market.symbols == ["X"] && market.backend == backend && snapshot(market)["X"]["ask"].timestamp == market.timestamp
        for (code, ask) in ((1001, () -> peek(market, -1)), (1001, () -> skip(market, -1)), (1003, () -> set_index!(market, 0)),
            (1003, () -> market.index = 6), (1004, () -> market.index = 1.0), (1001, () -> get_price(market, "X", "last")),
            (1001, () -> get_candle(market, "Y")), (1004, () -> get_candle(market, 1)), (1007, () -> market.timeline = []))
            @test error_mismatch(thrown(ask), code, []) === nothing
        end
        @test market.index == 5
        @test get_price(market, "X", :bid) == get_price(market, "X", "bid")
        nothing_shared = MultiSymbolSlice([walk_series(stamps, "M1", "bid", backend), walk_series(stamps .+ 1, "M1", "ask", backend)]; backend=backend)
        @test isempty(collect(nothing_shared)) && skip(nothing_shared) == 0
        @test_error 1003 [] peek(nothing_shared)
        @test_error 1003 [] nothing_shared.timestamp
        lone = MultiSymbolSlice([walk_series(stamps, "M1", "bid", backend)]; asof=true, stale_limit=Minute(1), backend=backend)
        @test length(lone) == 6
    end

    @testset "wrong questions of a walk are refused ($backend)" begin
        one = walk_series(MINUTE_US .* (0:2), "M1", "bid", backend)
        slice = SymbolDataSlice(Dict("M1" => Dict("bid" => one)), 2)
        for (code, ask) in ((1003, () -> set_index!(slice, 0)), (1003, () -> slice.index = -1), (1004, () -> slice.index = 1.5),
            (1004, () -> slice.index = true), (1001, () -> latest(slice, "M1", "mid")), (1004, () -> latest(slice, "M1", 1)),
            (1009, () -> latest(slice, "five")), (1001, () -> history(slice, "M1", "bid", -1)),
            (1004, () -> history(slice, "M1", "bid", 1.5)), (1003, () -> walk(slice, 0)), (1007, () -> slice.primary = "M5"),
            (1001, () -> history_matrix(slice, "M1", "bid", 2, "last")), (1001, () -> SymbolDataSlice(Dict("M5" => Dict("bid" => one)))),
            (1001, () -> SymbolDataSlice(Dict("M1" => Dict("ask" => one)))), (1004, () -> SymbolDataSlice([one])),
            (1004, () -> SymbolDataSlice(Dict("M1" => one))), (1010, () -> SymbolDataSlice(Dict())),
            (1001, () -> align(one, one; decision="mid")), (1004, () -> align(one, one; stamps=1)), (1004, () -> align(one, 1)),
            (1004, () -> align(one, one; stale_limit=1.5)), (1004, () -> resample(1, "M5")), (1004, () -> resample(one, "M5"; origin=2.0)),
            (1004, () -> resample(one, "M5"; origin=Month(1))), (1009, () -> resample(one, "M5"; origin=Nanosecond(1))),
            (1004, () -> MultiSymbolSlice([1])), (1001, () -> MultiSymbolSlice([one]; timeline="both")))
            outcome = thrown(ask)
            why = error_mismatch(outcome, code, [])
            why === nothing || println(stderr, why)
            @test why === nothing
        end
        @test slice.index == 2 && latest(slice, "M1").close == 2.5
        paired = SymbolDataSlice(["M1" => ["bid" => one]])
        @test series_ref(paired, "M1") === one
        last_stamp = walk_series([typemax(Int64)], "M1", "bid", backend)
        @test MultiSymbolSlice([last_stamp]; backend=backend).decision_time == typemax(Int64)
        @test SymbolDataSlice(Dict("M1" => Dict("bid" => last_stamp))).decision_time == typemax(Int64)
        @test resample(one, "M5"; origin=Minute(2), keep_partial=true).timestamp == MINUTE_US .* [-3, 2]
        other = deepcopy(slice)
        other.index = 1
        @test slice.index == 2 && series_ref(other, "M1") === one
        slice.indicators = Dict("rsi" => 1)
        @test slice.indicators["rsi"] == 1 && get(slice, "M1") === slice["M1"] === one && slice["H1"] === nothing
    end
end
