# What a Julia user meets: kinds of times, columns as vectors, candles as collections, printing.

for backend in BACKENDS
    @testset "DateTime, Date and every integer ask the same question ($backend)" begin
        start = DateTime(2012, 2, 1)
        times = start .+ Minute.(0:5)
        series = CandleSeries(times, (collect(1.0:6.0) for _ in 1:4)...; symbol="T", timeframe=Minute(1), backend=backend)
        slicer = SymbolDataSlicer(series)
        us = Int64(1_328_054_400_000_000)
        @test series.timestamp == us .+ (0:5) .* MINUTE_US
        @test DateTime(series[1]) == datetime(series[1]) == datetime(us) == start
        for now in (start + Minute(2), us + 2MINUTE_US, Int128(us + 2MINUTE_US), big(us + 2MINUTE_US), UInt64(us + 2MINUTE_US))
            @test get_lookback(slicer, now, 2).rows == 2:3
            @test get_candle_at(slicer, now).close == 3.0
            @test get_candle_asof(slicer, now; closed_only=true).close == 2.0
            @test get_slice(slicer, now, now).rows == 3:3
        end
        @test get_candle_at(slicer, Date(2012, 2, 1)).close == 1.0
        @test get_candles_at(slicer, times) == get_candles_at(slicer, collect(series.timestamp)) == 1:6
        @test get_candles_at(slicer, series.timestamp) == 1:6
        @test get_candles_asof(slicer, [start - Second(1), start]) == [0, 1]
        @test get_lookbacks(slicer, times[2:3], UInt8(2)) == [1 2; 2 2]
        @test get_lookbacks(slicer, DateTime[], 2) == zeros(Int64, 0, 2)
        @test size(gather_lookback(slicer, Int64[], 7)) == (0, 7)
    end

    @testset "fields may be named by text or Symbol, in the shape that is promised ($backend)" begin
        slicer = SymbolDataSlicer(minute_series(0:9; backend=backend))
        matrix = gather_lookback(slicer, [2, 9] .* MINUTE_US, 3, :high)
        @test matrix == [1.5 2.5 3.5; 8.5 9.5 10.5] == gather_lookback(slicer, [2, 9] .* MINUTE_US, 3, "high")
        @test parent(matrix)[:, 2] == [8.5, 9.5, 10.5]
        @test gather_lookback(slicer, [2MINUTE_US], 1) == gather_lookback(slicer, [2MINUTE_US], 1, "close")
        @test isequal(gather_lookback(slicer, [0], 3, "open"; partial=true), [NaN NaN 1.0])
        @test parent(get_lookbacks(slicer, [0, MINUTE_US], 2; partial=true)) == [1 1; 1 2]
        @test get_lookbacks(slicer, [-1], 2; partial=true) == [1 0]
        @test get_lookback(slicer, -1, 2; partial=true).rows == 1:0
    end

    @testset "candles are a collection of candles and of columns ($backend)" begin
        series = minute_series(0:9; backend=backend)
        candles = get_lookback(SymbolDataSlicer(series), 8MINUTE_US, 4)
        @test candles.rows == 6:9 && length(candles) == 4 && eltype(candles) == Candle
        @test candles[1] == series[6] && candles[end] == last(candles) == series[9]
        @test collect(candles) == [series[i] for i in 6:9] == collect(series)[6:9]
        @test candles[2:3] isa Candles && candles[2:3].rows == 7:8 && candles[:] === candles
        @test series[6:9] == candles && series[:].rows == 1:10 && isempty(series[3:2])
        @test candles.close == candles.open .+ 0.25
        @test sum(c.close for c in candles) == sum(candles.close)
        @test maximum(candles.high) == 9.5 && minimum(candles.low) == 5.5
        @test candles.timestamp isa AbstractVector{Int64} && candles.volume == 10 .* (6:9)
        @test candles.series === series && eachindex(series) == 1:10
        @test keys(columns(candles)) == (:timestamp, :open, :high, :low, :close, :volume)
        @test columns(candles).low == candles.low
        @test propertynames(candles) == (:timestamp, :open, :high, :low, :close, :volume, :rows, :series)
        @test_throws BoundsError candles[5]
        @test_throws BoundsError candles[0:2]
        @test_throws BoundsError candles.close[5]
        @test_throws BoundsError series[11]
        @test_throws BoundsError series[0]
    end

    @testset "a series without volume answers NaN at no memory ($backend)" begin
        series = minute_series(0:2; volume=false, backend=backend)
        @test !series.has_volume && all(isnan, series.volume) && length(series.volume) == 3
        @test isnan(series[2].volume) && isempty(getfield(series, :volume))
        slicer = SymbolDataSlicer(series)
        @test all(isnan, gather_lookback(slicer, [MINUTE_US], 2, "volume"))
        @test typeof(series.volume) == typeof(minute_series(0:2; backend=backend).volume)
    end

    @testset "everything prints in words ($backend)" begin
        series = minute_series(0:29; backend=backend)
        slicer = SymbolDataSlicer(series)
        shown(x) = sprint(show, MIME("text/plain"), x)
        @test occursin("TEST M1 bid, 30 candles", shown(series)) && occursin(backend, shown(series))
        @test occursin("30 candles of TEST M1 bid, rows 1:30", shown(series[:]))
        limited = sprint(io -> show(IOContext(io, :limit => true, :displaysize => (12, 80)), MIME("text/plain"), series[:]))
        @test occursin("⋮", limited) && count(==('\n'), limited) < 12
        @test occursin("Candle(1970-01-01T00:00:00Z, open=1.0", shown(series[1]))
        @test occursin(backend, shown(slicer)) && occursin("gaps", shown(quality(series)))
        @test occursin("0 candles", shown(series[2:1])) && occursin("matched", shown(quality(series, series)))
        @test occursin("OmegaJulia 0.1.0", shown(status())) && occursin("slicer", shown(status()))
        @test sprint(show, Timeframe("h4")) == "Timeframe(\"H4\")" && string(Timeframe(Day(7))) == "W1"
    end
end

@testset "columns cannot be written to, and say so" begin
    series = minute_series(0:3; backend="julia")
    for column in (series.timestamp, series.open, series.volume, series[2:3].close)
        @test_error 1007 ["read-only"] column[1] = 1
        @test_error 1007 ["read-only"] column .= 1
        @test_error 1007 ["read-only"] fill!(column, 1)
        @test_error 1007 ["read-only"] resize!(column, 1)
        @test_error 1007 ["read-only"] sort!(column; rev=true)
    end
    @test_error 1007 ["read-only"] series[:][1] = series[2]
    @test_error 1007 ["never changes"] series.symbol = "other"
    @test_error 1007 ["never changes"] SymbolDataSlicer(series).series = series
    copied = collect(series.open)
    copied[1] = 99.0
    @test copied isa Vector{Float64} && series.open[1] == 1.0
    @test copy(series.open) isa Vector{Float64} && series.open[2:3] isa Vector{Float64}
    @test !(series.open isa DenseArray) # so that no BLAS routine takes it for an output
end

@testset "a column passed to C is read where it lies" begin
    series = minute_series(0:9; backend="julia")
    column = series[4:6].open
    GC.@preserve column begin
        @test unsafe_load(Base.unsafe_convert(Ptr{Float64}, column), 2) == 5.0
    end
end

@testset "a broadcast into the memory behind a column sees old values" begin
    open = [1.0, 2.0, 3.0, 4.0]
    series = CandleSeries([1, 2, 3, 4], open, open .+ 1, open .- 1, open .+ 0; symbol="", timeframe="M1", backend="julia")
    view = series[1:3].open
    expected = view .+ 0
    open[2:4] .= view # overlapping: what a caller must not do, but must not corrupt silently
    @test open == [1.0; expected]
end

@testset "no call is ambiguous" begin
    @test isempty(detect_ambiguities(OmegaJulia))
end

@testset "timeframes are their durations" begin
    @test Timeframe("H1") == Timeframe("60min") == Timeframe(Hour(1)) == Timeframe(3_600_000_000) == parse(Timeframe, "h1")
    @test Timeframe(:M5).duration == 300_000_000 && Timeframe("M1") < Timeframe("M5")
    @test Dict(Timeframe("24h") => 1)[Timeframe("D1")] == 1
    @test Timeframe(Week(1)).name == "W1" && Timeframe(Second(120)).name == "2min"
    @test_error 1001 ["90"] Timeframe(Second(90))
    @test_error 1001 ["fixed"] Timeframe(Month(1))
    @test_error 1004 ["1.5"] Timeframe(1.5)
    @test_error 1004 ["true"] Timeframe(true)
    @test_error 1001 [] Timeframe(big(2)^80 * MINUTE_US)
end

@testset "times on the way out are whole milliseconds or an error" begin
    @test datetime(0) == DateTime(1970) && datetime(-1000) == DateTime(1970) - Millisecond(1)
    @test_error 1009 ["1500"] datetime(1500)
    @test_error 1004 ["1.5"] OmegaJulia.microseconds(1.5)
end
