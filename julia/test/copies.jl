# Copies answer as their original does: serialized, sent to another process, copied deeply. Above all, none may
# answer from rows that lie after the time asked about.

using Distributed, Serialization

function roundtrip(x)
    stream = IOBuffer()
    serialize(stream, x)
    return deserialize(seekstart(stream))
end

# What a slicer says at each minute, in plain values.
answers(slicer) = [(get_lookback(slicer, t, 2; partial=true).rows, get_candle_asof(slicer, t), get_candle_at(slicer, t))
                   for t in -MINUTE_US:MINUTE_US÷2:11MINUTE_US]

for backend in BACKENDS
    @testset "what was serialized answers as before ($backend)" begin
        for rows in (0:9, 0:-1), volume in (true, false)
            series = minute_series(rows; volume=volume, timeframe="M1", price_type="ask", backend=backend)
            slicer = SymbolDataSlicer(series)
            copied = roundtrip(slicer)
            @test isequal(answers(copied), answers(slicer)) && copied.backend == backend
            @test same_columns(copied.series, series) && copied.series.has_volume == volume
            @test copied.series.symbol == "TEST" && copied.series.timeframe == Timeframe("M1") && copied.series.price_type == "ask"
            # A series that no slicer has been made for, and one made of the copy.
            fresh = roundtrip(minute_series(rows; volume=volume, backend=backend))
            @test fresh.backend == backend && isequal(answers(SymbolDataSlicer(fresh)), answers(slicer))
            @test isequal(answers(SymbolDataSlicer(fresh; backend="julia")), answers(slicer))
        end
        slicer = SymbolDataSlicer(minute_series(0:9; backend=backend))
        @test get_lookback(roundtrip(slicer), 2MINUTE_US, 2).rows == 2:3
        path = tempname()
        write(path, "time,open,high,low,close\n2024-01-02,1,1,1,1\n2024-01-03,2,2,2,2\n")
        read = roundtrip(read_csv(path; symbol="CSV", timeframe="D1", backend=backend))
        @test read.backend == backend && read.close == [1.0, 2.0] && isempty(getfield(read, :volume))
        # One series behind several things stays one series.
        a, b, series, candles = roundtrip((slicer, slicer, slicer.series, slicer.series[2:3]))
        @test a === b && a.series === series === candles.series && candles.open == [2.0, 3.0]
    end

    @testset "another process answers as this one does ($backend)" begin
        code = """
        using Distributed
        addprocs(1; exeflags=`--startup-file=no --project=\$(Base.active_project())`)
        @everywhere using OmegaJulia
        stamps = [0:9;] .* 60_000_000
        series = CandleSeries(stamps, (collect(1.0:10.0) for _ in 1:5)...; symbol="D", timeframe="M1", backend="$backend")
        slicer = SymbolDataSlicer(series)
        ask(t) = (get_lookback(slicer, t, 2; partial=true).rows, slicer.backend, myid())
        found = pmap(t -> (get_lookback(slicer, t, 2; partial=true).rows, slicer.backend, myid()), stamps)
        expected = [(get_lookback(slicer, t, 2; partial=true).rows, "$backend", 2) for t in stamps]
        println(found == expected ? "same" : found)
        rmprocs(workers())
        """
        exit_code, out, err = child(code)
        (exit_code, out) == (0, "same\n") || println(stderr, out, err)
        @test (exit_code, out) == (0, "same\n")
    end

    @testset "a deep copy outlives its original ($backend)" begin
        function copies()
            series = minute_series(0:9; backend=backend)
            slicer = SymbolDataSlicer(minute_series(0:9; backend="julia"); backend=backend)
            # A slicer's own copy, and copies inside other things.
            return deepcopy(SymbolDataSlicer(series)), deepcopy([slicer])[1], deepcopy(Dict(1 => series))[1], deepcopy(series[3:4])
        end
        made = [copies() for _ in 1:50]
        for _ in 1:3
            GC.gc()
            fill(NaN, 100_000)
        end
        slicer = SymbolDataSlicer(minute_series(0:9; backend=backend))
        @test deepcopy(slicer) === slicer && deepcopy(slicer.series) === slicer.series
        for (a, b, series, candles) in made
            @test isequal(answers(a), answers(slicer)) && isequal(answers(b), answers(slicer))
            @test a.backend == b.backend == series.backend == backend && isequal(answers(SymbolDataSlicer(series)), answers(slicer))
            @test candles.rows == 3:4 && candles.close == [3.25, 4.25]
        end
    end
end

if "native" in BACKENDS
    @testset "a slicer without its native series refuses, and never looks ahead" begin
        slicer = SymbolDataSlicer(minute_series(0:9; backend="native"))
        setfield!(slicer, :handle, C_NULL) # as a precompiled image leaves it
        @test_error 1007 ["make another"] get_lookback(slicer, 2MINUTE_US, 2)
        @test_error 1007 ["make another"] get_candle_asof(slicer, 20MINUTE_US)
        @test_error 1007 ["make another"] get_candles_at(slicer, [0])
    end

    @testset "a copy keeps what its maker asked for where there is no library" begin
        folder = mktempdir()
        for (name, backend) in ("demanded" => "native", "auto" => "auto")
            open(io -> serialize(io, SymbolDataSlicer(minute_series(0:9; backend=backend))), joinpath(folder, name), "w")
        end
        code = """
        using OmegaJulia, Serialization
        slicer = deserialize("auto")
        println(slicer.backend, " ", get_lookback(slicer, 120_000_000, 2).rows)
        try deserialize("demanded"); println("no error") catch e; println(e isa OmegaError ? e.code : e) end
        """
        exit_code, out, err = child(code; environment=["OMEGA_LIBRARY" => "/nonexistent/libomega_slicer.so"], folder=folder)
        @test (exit_code, out) == (0, "julia 2:3\n6005\n") && occursin("not available", err)
    end
end
