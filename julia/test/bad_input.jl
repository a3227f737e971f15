# Bad input gives its code and a message that names the offending value, and leaves everything usable.

for backend in BACKENDS
    make(columns...; keywords...) = CandleSeries(columns...; symbol="B", timeframe="M1", backend=backend, keywords...)
    three(x=1.0) = [x, x, x]

    @testset "columns of wrong kinds are refused by name ($backend)" begin
        stamps = [1, 2, 3]
        @test_error 1004 ["timestamp", "1.5", "row 2"] make(Any[1, 1.5, 3], three(), three(), three(), three())
        @test_error 1004 ["timestamp", "true"] make([true, false, true], three(), three(), three(), three())
        @test_error 1004 ["timestamp", "1.0"] make([1.0, 2.0, 3.0], three(), three(), three(), three())
        @test_error 1004 ["open", "row 3", "\"x\""] make(stamps, Any[1.0, 2, "x"], three(), three(), three())
        @test_error 1004 ["close", "true"] make(stamps, three(), three(), three(), [true, true, true])
        @test_error 1004 ["high", "vector"] make(stamps, three(), 1.0, three(), three())
        @test_error 1004 ["volume", "vector"] make(stamps, three(), three(), three(), three(), "many")
        @test_error 1001 ["18446744073709551615"] make(UInt64[1, 2, typemax(UInt64)], three(), three(), three(), three())
        @test_error 1011 ["low", "2", "3"] make(stamps, three(), three(), [1.0, 1.0], three())
    end

    @testset "columns of related kinds are read for what they say ($backend)" begin
        series = make(Int32[1, 2, 3], Float32[1, 2, 3], [1, 2, 3], 1:3, three(), [missing, 2.0, missing])
        @test series.open == [1, 2, 3] && series.low == [1, 2, 3] && isequal(collect(series.volume), [NaN, 2.0, NaN])
        @test_error 1006 ["row 2", "high", "NaN", "allow_missing"] make([1, 2, 3], three(), [1.0, missing, 1.0], three(), three())
        allowed = make([1, 2, 3], three(), [1.0, missing, 1.0], three(), three(); allow_missing=true)
        @test isnan(allowed.high[2])
    end

    @testset "refusals count rows from one ($backend)" begin
        @test_error 1006 ["row 3: timestamp 5 is not after 5"] make([4, 5, 5], three(), three(), three(), three())
        @test_error 1006 ["row 2: close is inf, not a finite number"] make([1, 2, 3], three(), three(), three(), [1.0, Inf, NaN])
        long = collect(1:20_000)
        long[15_000] = 14_999
        flat = ones(20_000)
        @test_error 1006 ["row 15000: timestamp 14999 is not after 14999"] make(long, flat, flat, flat, flat)
        @test_error 1006 ["row 9000: low is -inf"] make(1:20_000, flat, flat, setindex!(ones(20_000), -Inf, 9000), setindex!(ones(20_000), NaN, 9001))
        slicer = SymbolDataSlicer(make([1, 2, 3], three(), three(), three(), three()))
        @test_error 2008 ["times[2]: 2 rows asked for at 1, 1 available"] get_lookbacks(slicer, [3, 1, 0], 2)
        @test_error 2008 ["times[3]: 2 rows asked for at 0, 0 available"] gather_lookback(slicer, [3, 2, 0], 2)
        @test_error 2008 ["times[1]", "4"] gather_lookback(slicer, [3], 4)
        @test_error 2008 ["1000000000000", "3 available"] gather_lookback(slicer, [3], 10^12)
        path = tempname()
        write(path, "time,open,high,low,close\n2024-01-02,1,1,1,1\n2024-01-01,1,1,1,1\n")
        @test_error 1006 ["row 2: timestamp 1704067200000000 is not after 1704153600000000"] read_csv(path; symbol="", timeframe="D1", backend=backend)
        write(path, "time,open,high,low,close\n2024-01-02,1,1,1,1\n2024-01-03,1,1,inf,1\n")
        @test_error 1006 ["row 2: low is inf"] read_csv(path; symbol="", timeframe="D1", backend=backend)
    end

    @testset "options outside what is allowed are refused ($backend)" begin
        good = ([1, 2, 3], three(), three(), three(), three())
        @test_error 1001 ["mid"] make(good...; price_type="mid")
        @test_error 1001 ["BID"] make(good...; price_type="BID")
        @test_error 1004 ["1"] make(good...; price_type=1)
        @test_error 1001 ["most"] make(good...; check="most")
        @test_error 1004 ["7"] make(good...; check=7)
        @test_error 1004 ["allow_missing", "1"] make(good...; allow_missing=1)
        @test_error 1004 ["copy", "nothing"] make(good...; copy=nothing)
        @test_error 1009 ["M7x"] CandleSeries(good...; symbol="", timeframe="M7x", backend=backend)
        @test_error 1004 ["12"] CandleSeries(good...; symbol=12, timeframe="M1", backend=backend)
        @test_error 1001 ["NUL"] CandleSeries(good...; symbol="a\0b", timeframe="M1", backend=backend)
        @test_error 1009 ["UTF-8"] CandleSeries(good...; symbol=String(UInt8[0xff]), timeframe="M1", backend=backend)
        @test_error 1001 ["rust", "native"] CandleSeries(good...; symbol="", timeframe="M1", backend="rust")
        @test_error 1004 ["5"] CandleSeries(good...; symbol="", timeframe="M1", backend=5)
        @test CandleSeries(good...; symbol="", timeframe="M1", backend=backend).symbol == ""
        @test CandleSeries(good...; symbol="ΔΦ €", timeframe="M1", price_type=:ask, backend=Symbol(backend)).symbol == "ΔΦ €"
    end

    @testset "questions refuse what is no time, no count and no answer ($backend)" begin
        slicer = SymbolDataSlicer(minute_series(0:9; backend=backend))
        for bad in (1.0, true, "2012-02-01", nothing, missing, 0x1p3)
            @test_error 1004 [repr(bad)] get_lookback(slicer, bad, 1)
            @test_error 1004 [repr(bad)] get_candle_at(slicer, bad)
            @test_error 1004 [repr(bad)] get_candle_asof(slicer, bad)
            @test_error 1004 [repr(bad)] get_slice(slicer, bad, 0)
            @test_error 1004 [repr(bad)] get_slice(slicer, 0, bad)
            @test_error 1004 ["times[2]", repr(bad)] get_candles_at(slicer, Any[0, bad])
            @test_error 1004 ["times[1]"] get_lookbacks(slicer, [bad], 1)
        end
        @test_error 1001 [string(big(2)^64)] get_candle_at(slicer, big(2)^64)
        @test_error 1001 ["does not fit"] get_candle_at(slicer, DateTime(400_000))
        @test_error 1001 ["does not fit"] get_candle_at(slicer, Date(-400_000))
        @test_error 1004 ["times"] get_candles_at(slicer, 5)
        @test_error 1004 ["1.0"] get_lookback(slicer, 0, 1.0)
        @test_error 1004 ["true"] get_lookback(slicer, 0, true)
        @test_error 1001 ["0"] get_lookback(slicer, 0, 0)
        @test_error 1001 ["-3"] get_lookbacks(slicer, [0], -3)
        @test_error 1001 ["0"] gather_lookback(slicer, [0], 0)
        @test_error 1001 [string(big(2)^70)] get_lookback(slicer, 0, big(2)^70)
        @test_error 1004 ["include_current", "1"] get_lookback(slicer, 0, 1; include_current=1)
        @test_error 1004 ["closed_only"] get_candle_asof(slicer, 0; closed_only="yes")
        @test_error 1004 ["partial"] get_lookbacks(slicer, [0], 1; partial=nothing)
        @test_error 1001 ["price"] gather_lookback(slicer, [0], 1, "price")
        @test_error 1004 ["3"] gather_lookback(slicer, [0], 1, 3)
        @test_error 6001 ["memory"] gather_lookback(slicer, [0, 1], typemax(Int64) ÷ 2; partial=true)
        # A product that wraps round to a small number, and one of zero.
        @test_error 6001 ["memory"] gather_lookback(slicer, [0, 1, 2, 3], Int64(2)^62; partial=true)
        @test_error 6001 ["memory"] gather_lookback(slicer, collect(0:7), Int64(2)^61 + 1; partial=true)
        @test size(gather_lookback(slicer, Int64[], Int64(2)^62; partial=true)) == (0, 2^62)
        @test size(gather_lookback(slicer, Int64[], Int64(2)^62)) == (0, 2^62)
        @test_error 1001 ["60000000", "59999999"] get_slice(slicer, MINUTE_US, MINUTE_US - 1)
        @test_error 1003 ["540000000"] get_slice(slicer, 600_000_000, 700_000_000)
        @test_error 2008 ["11 rows", "540000000", "10 available"] get_lookback(slicer, 9MINUTE_US, 11)
        @test_error 1004 ["CandleSeries"] SymbolDataSlicer("EURUSD")
        @test_error 1004 ["CandleSeries"] quality(1)
        @test get_lookback(slicer, 9MINUTE_US, 10).rows == 1:10 # and all is as it was
    end

    @testset "files that cannot be read are named ($backend)" begin
        read_bad(path; keywords...) = read_csv(path; symbol="", timeframe="M1", backend=backend, keywords...)
        missing_file = joinpath(mktempdir(), "none.csv")
        @test_error 3001 [missing_file] read_bad(missing_file)
        @test_error 3001 [] read_bad("")
        folder = mktempdir()
        @test_error 3000 [folder] read_bad(folder)
        @test_error 1004 ["42"] read_bad(42)
        @test_error 1001 ["NUL"] read_bad("a\0b")
        @test_error 1001 ["minutes", "us, s, ms"] read_bad(missing_file; unit="minutes")
        @test_error 1004 ["3"] read_bad(missing_file; unit=3)
        locked = tempname()
        write(locked, "time,open,high,low,close\n")
        chmod(locked, 0o000)
        if success(pipeline(`test -r $locked`))
            println("skipped: 3002 for an unreadable file (this user may read everything)")
        else
            @test_error 3002 [locked] read_bad(locked)
        end
        chmod(locked, 0o600)
        @test length(read_bad(locked)) == 0
    end

    # A file with a hole of a terabyte, in a process that may have 16 GB.
    @testset "a file that memory does not hold is an error ($backend)" begin
        path = tempname()
        made = success(pipeline(`truncate -s 1T $path`; stdout=devnull, stderr=devnull))
        if made && Sys.islinux()
            code = """
            using OmegaJulia
            ccall(:setrlimit, Int32, (Int32, Ref{NTuple{2,UInt64}}), 9, (UInt64(1) << 34, UInt64(1) << 34)) == 0 || error("no limit")
            try
                read_csv($(repr(path)); symbol="", timeframe="M1", backend="$backend")
            catch e
                println(e isa OmegaError ? (e.code, occursin($(repr(path)), e.message)) : e)
            end
            """
            exit_code, out, err = child(code)
            (exit_code, out) == (0, "(6001, true)\n") || println(stderr, out, err)
            @test (exit_code, out) == (0, "(6001, true)\n")
        else
            println("skipped: a file larger than memory (none can be made here)")
        end
        rm(path; force=true)
    end
end

@testset "words for backends and modules are checked" begin
    @test_error 1001 ["resampler", "slicer, kernels, multi_symbol"] set_backend("resampler", "julia")
    @test_error 1001 ["python", "native, julia or auto"] set_backend("slicer", "python")
    @test_error 1004 ["1"] set_backend("slicer", 1)
    @test_error 1004 ["2"] set_backend(2, "julia")
end
