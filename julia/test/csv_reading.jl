# The reader beyond the shared cases: every double survives being written and read, damaged files give both
# backends the same error, and real files give the same bits.

# All of a cell through the scanner of cells.
read_number(text) = OmegaJulia.scan_number(Vector{UInt8}(text), 1, sizeof(text))

@testset "every finite double is read back to the bit" begin
    random = MersenneTwister(17)
    for _ in 1:20_000
        x = reinterpret(Float64, rand(random, UInt64))
        isfinite(x) || continue
        @test same_bits(read_number(string(x))[2], x)
    end
    for _ in 1:20_000
        x = round(rand(random) * 10.0^rand(random, -3:6); digits=rand(random, 0:8))
        @test same_bits(read_number(string(x))[2], x)
    end
end

@testset "decimals are rounded as an exact comparison says" begin
    random = MersenneTwister(18)
    for _ in 1:4000
        digits = rand(random, 1:25)
        text = string(join(rand(random, '0':'9', digits)), ".", join(rand(random, '0':'9', rand(random, 0:25))), "e", rand(random, -40:40))
        known, value = read_number(text)
        exact = setprecision(() -> parse(BigFloat, text), 1024)
        @test known && value == Float64(exact)
    end
end

@testset "only the grammar's numbers are numbers" begin
    for text in ("1", "+1", "-1", "1.", ".5", "-.5", "1e5", "1E+5", "1.5e-3", "00012", "1e400", "-1e400", "1e-400", "nan", "-NaN", "INF", "+Infinity", "-inf")
        @test read_number(text)[1]
    end
    @test read_number("1e400") == (true, Inf) && read_number("-1e400") == (true, -Inf) && same_bits(read_number("-1e-400")[2], -0.0)
    @test isnan(read_number("")[2]) && isnan(read_number("nan")[2])
    for text in ("0x10", "1_000", "1,5", ".", "+", "-", "e5", "1e", "1e+", "1e1.5", "1.2.3", "--1", "+-1", " 1", "1 ", "1f0", "1d0", "infinit", "nan(1)", "١", "1e5x", "i", "true")
        @test !read_number(text)[1]
    end
end

@testset "integers are counted to the ends of Int64" begin
    read_integer(text) = OmegaJulia.scan_integer(Vector{UInt8}(text), 1, sizeof(text))
    @test read_integer("9223372036854775807") == (true, true, typemax(Int64))
    @test read_integer("-9223372036854775808") == (true, true, typemin(Int64))
    @test read_integer("+000000000000000000000000000012") == (true, true, 12)
    for text in ("9223372036854775808", "-9223372036854775809", "99999999999999999999999999")
        @test read_integer(text)[1:2] == (true, false)
    end
    @test !any(text -> read_integer(text)[1], ("", "+", "-", "1.0", "1e3", "0x1", " 1", "a"))
end

@testset "dates are those of the calendar, all of them" begin
    for day in Date(1, 1, 1):Day(1):Date(9999, 12, 31)
        text = string(lpad(year(day), 4, '0'), "-", lpad(month(day), 2, '0'), "-", lpad(Dates.day(day), 2, '0'))
        us = OmegaJulia.scan_timestamp(codeunits(text), 1, 10)
        us == (0, Dates.value(day - Date(1970)) * 86_400_000_000) || error(text)
    end
    @test parse_timestamp("2012-02-01T00:00:00Z") == OmegaJulia.microseconds(DateTime(2012, 2, 1))
end

read_both(path) = [thrown(() -> read_csv(path; symbol="", timeframe="M1", check="none", backend=b)) for b in ("julia", "native")]
agree(julia, native) = julia isa OmegaError ? native isa OmegaError && native.code == julia.code :
                       native isa CandleSeries && same_columns(julia, native) && julia.has_volume == native.has_volume

if "native" in BACKENDS
    @testset "a damaged file gives both backends the same series or the same error" begin
        random = MersenneTwister(19)
        path = tempname()
        pieces = ["\"", "\"\"", ",", "\n", "\r\n", "\r", " ", "\t", "x", "-", "1", ".", "e", "nan", "inf", "\ufeff", "é", "2024-01-02", "T", "Z", "99999999999999999999"]
        compared, agreed, refusals = 0, 0, 0
        for _ in 1:4000
            kind = rand(random, 1:3)
            text = collect(string(rand(random, ("time,open,high,low,close,volume", "Date,Open,High,Low,Close,Adj", ",open,high,low,close,x")), "\n",
                (string(("2024-01-0$row", "2024-01-02T00:0$row:00Z", 1_700_000_000_000_000 + row)[kind], ",1.5,2.5,0.5,1.25,7\n") for row in 1:3)...))
            for _ in 1:rand(random, 0:2)
                at = rand(random, 1:length(text))
                splice!(text, at:at-rand(random, 0:1), collect(rand(random, pieces)))
            end
            write(path, join(text))
            julia, native = read_both(path)
            same = agree(julia, native)
            compared += 1
            same || println(stderr, "differs on ", repr(join(text)), ":\n  julia  ", julia, "\n  native ", native)
            agreed += same
            refusals += julia isa OmegaError
        end
        @test agreed == compared > 2000
        @test 500 < refusals < compared - 500 # the test has teeth on both sides
    end

    @testset "real candles are the same bits on both backends" begin
        folder = joinpath(dirname(ROOT), "shared", "data")
        files = [joinpath(folder, "gbpusd-m1-$side-2012.csv") for side in ("bid", "ask")]
        if all(isfile, files)
            for file in files
                series = [read_csv(file; symbol="GBPUSD", timeframe="M1", backend=b) for b in BACKENDS]
                @test length(series[1]) == 30_117 && same_columns(series...)
                @test quality(series[1]) == quality(series[2])
            end
        else
            println("skipped: real candles (", folder, " is absent)")
        end
    end
end
