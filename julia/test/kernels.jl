# The laws of the kernels: right to the last bit against rational numbers, the same bits from both backends, from any
# start, in one call and row by row; bad input refused by name; memory left alone.

const ROWS = 260

for backend in BACKENDS
    @testset "sum, mean, var and cov are the exact ones, rounded once ($backend)" begin
        random = MersenneTwister(11)
        all_series = awkward_series(random, ROWS)
        others = awkward_series(random, ROWS)
        OmegaJulia.FIXED_BLOCKS[] = OmegaJulia.LONG_BLOCKS[] = OmegaJulia.WIDE_BLOCKS[] = 0
        for (name, x) in all_series, (window, least, ddof, skip) in ((1, 1, 0, false), (2, 2, 1, false), (3, 2, 0, true), (20, 20, 1, false), (200, 60, 1, true))
            y = name == "pairs" ? others["integers"] : others[name]
            nan = skip ? "skip" : "propagate"
            keywords = (min_periods=least, nan=nan, backend=backend)
            rows = collect(zip(x, x))
            ok = same_bits(rolling_sum(x, window; keywords...), oracle("sum", rows, window, least, 0, skip)) &&
                same_bits(rolling_mean(x, window; keywords...), oracle("mean", rows, window, least, 0, skip)) &&
                same_bits(rolling_var(x, window; ddof=ddof, keywords...), oracle("var", rows, window, least, ddof, skip)) &&
                same_bits(rolling_cov(x, y, window; ddof=ddof, keywords...), oracle("cov", collect(zip(x, y)), window, least, ddof, skip))
            ok || println(stderr, backend, ": ", name, ", window ", window)
            @test ok
        end
        # All three ways of the Julia backend have been taken.
        ways = (OmegaJulia.FIXED_BLOCKS, OmegaJulia.LONG_BLOCKS, OmegaJulia.WIDE_BLOCKS)
        backend == "julia" && @test all(way -> way[] > 40, ways)
    end

    @testset "whole numbers at the limit of the fast path are still exact ($backend)" begin
        for window in (3, 700, 5000), (f, limit) in ((rolling_sum, OmegaJulia.fixed_limit), (rolling_var, OmegaJulia.moment_limit))
            rows = window + 30
            for (most, ways) in ((limit(window), OmegaJulia.FIXED_BLOCKS), (limit(window) + 3, OmegaJulia.LONG_BLOCKS)), sign in (1, -1)
                most < 1 << 53 || continue # no double is odd there
                # As far from the anchor, which is the row in the middle, as may be, and almost all on one side of it: only
                # so are the terms largest when a row on the other side makes way for one like it.
                x = fill(sign * (most - iseven(most)), rows)
                x[2:7:29] .= 2sign .- x[1]
                x[window+2:7:window+29] .= -x[1]
                x[(rows+1)>>>1] = 0
                ways[] = 0
                values = f(Float64.(x), window; backend=backend)
                for i in window:rows
                    rest = big.(x[i-window+1:i])
                    exact = f === rolling_sum ? sum(rest) // 1 : (window * sum(abs2, rest) - sum(rest)^2) // (big(window) * (window - 1))
                    @test same_bits(values[i], nearest(exact))
                end
                backend == "julia" && @test ways[] > 0
            end
        end
    end

    @testset "a window depends on nothing before it ($backend)" begin
        random = MersenneTwister(5)
        for (name, x) in awkward_series(random, ROWS), window in (3, 20)
            y = reverse(x)
            for f in (rolling_sum, rolling_mean, rolling_var, rolling_zscore, rolling_min, rolling_argmax)
                whole = f(x, window; backend=backend)
                @test all(s -> same_bits(f(x[1+s:end], window; backend=backend)[window:end], whole[window+s:end]), 0:7:2window)
            end
            whole = rolling_corr(x, y, window; backend=backend)
            @test all(s -> same_bits(rolling_corr(x[1+s:end], y[1+s:end], window; backend=backend)[window:end], whole[window+s:end]), 0:9:2window)
        end
    end

    @testset "min and max are the newest of equal ones, wherever windows lie ($backend)" begin
        random = MersenneTwister(8)
        for _ in 1:60
            rows, window = rand(random, 1:70), rand(random, 1:75)
            x = rand(random, [0.0, -0.0, 1.0, -1.0, Inf, -Inf, 2.0], rows)
            rand(random, Bool) && (x[rand(random, 1:rows)] = NaN)
            least, skip = rand(random, 1:window), rand(random, Bool)
            keywords = (min_periods=least, nan=skip ? :skip : :propagate, backend=backend)
            for (f, g, better) in ((rolling_min, rolling_argmin, <), (rolling_max, rolling_argmax, >))
                values, places = f(x, window; keywords...), g(x, window; keywords...)
                for i in 1:rows
                    inside = max(1, i - window + 1):i
                    counted = [j for j in inside if !isnan(x[j])]
                    if length(counted) < least || (!skip && length(counted) < length(inside))
                        @test isnan(values[i]) && isnan(places[i])
                    else
                        best = foldl((a, b) -> better(x[a], x[b]) ? a : b, counted)
                        @test same_bits(values[i], x[best]) && places[i] == i - best
                    end
                end
            end
        end
    end

    @testset "numbers of other kinds are widened exactly or refused ($backend)" begin
        for x in ([1, 2, 4], Int8[1, 2, 4], Float32[1, 2, 4], Any[1, 2.0, 4], UInt64[1, 2, 4], 1:2:5, [1//1, 2//1, 4//1], view([9.0, 1, 2, 4], 2:4))
            @test rolling_sum(x, 1; backend=backend) == Float64.(x)
        end
        @test same_bits(rolling_sum([1, missing, 3], 1; nan="skip", backend=backend), [1.0, NaN, 3.0])
        @test rolling_sum([2^53, -2^53], 1; backend=backend) == [2.0^53, -2.0^53]
        @test_error 1004 ["x[2]", string(2^53 + 1)] rolling_sum([1, 2^53 + 1], 1; backend=backend)
        @test_error 1004 ["x[1]", "true"] rolling_sum([true], 1; backend=backend)
        @test_error 1004 ["x[1]", "1//3"] rolling_sum([1//3], 1; backend=backend)
        @test_error 1004 ["x[1]", "\"a\""] rolling_sum(["a"], 1; backend=backend)
        @test_error 1004 ["x must be a vector"] rolling_sum(3.0, 1; backend=backend)
    end

    @testset "wrong options are refused by name and value ($backend)" begin
        x = [1.0, 2.0]
        @test_error 1001 ["window is 0"] rolling_mean(x, 0; backend=backend)
        @test_error 1001 ["window is -3"] rolling_mean(x, -3; backend=backend)
        @test_error 1001 ["window is 9223372036854775808"] rolling_mean(x, big(2)^63; backend=backend)
        @test_error 1004 ["window", "2.0"] rolling_mean(x, 2.0; backend=backend)
        @test_error 1001 ["min_periods is 3", "2"] rolling_mean(x, 2; min_periods=3, backend=backend)
        @test_error 1001 ["min_periods is 0"] rolling_mean(x, 2; min_periods=0, backend=backend)
        @test_error 1001 ["ddof is -1"] rolling_var(x, 2; ddof=-1, backend=backend)
        @test_error 1001 ["nan is \"drop\""] rolling_mean(x, 2; nan="drop", backend=backend)
        @test_error 1004 ["nan", "1"] rolling_mean(x, 2; nan=1, backend=backend)
        @test_error 1011 ["y has 3 rows", "2"] rolling_cov(x, [1, 2, 3], 2; backend=backend)
        @test_error 1011 ["out has 3 rows"] rolling_mean!(zeros(3), x, 2; backend=backend)
        @test_error 1004 ["out", "Int64"] rolling_mean!([1, 2], x, 2; backend=backend)
        @test_error 1001 ["period is 0"] ema(x, 0; backend=backend)
        @test_error 1001 ["period[2] is 0"] ema(x, [1, 0]; backend=backend)
        @test_error 1001 ["slow is 0"] macd(x, 12, 0; backend=backend)
        @test_error 1011 ["close has 1 rows"] atr(x, x, [1.0]; backend=backend)
        @test_error 1001 ["period is 0"] log_returns(x, 0; backend=backend)
        @test_error 1004 ["width"] bollinger(x, 2, "wide"; backend=backend)
        @test_error 1001 ["window is 0"] RollingStd(0; backend=backend)
        @test_error 1011 ["takes 1 number a row, got 2"] push!(RollingMean(2; backend=backend), 1.0, 2.0)
        @test_error 1011 ["takes 3 numbers a row, got 1"] push!(StreamingAtr(2; backend=backend), 1.0)
        @test_error 1004 ["true"] push!(RollingMean(2; backend=backend), true)
        @test all(isnan, rolling_mean(x, 5; backend=backend)) && rolling_mean(x, typemax(Int); min_periods=1, backend=backend) == [1.0, 1.5]
        @test shift(x, 0; backend=backend) == x && all(isnan, shift(x, typemax(Int); backend=backend))
    end

    @testset "outputs over inputs or each other are refused, and nothing is written ($backend)" begin
        x, y = collect(1.0:50.0), collect(2.0:51.0)
        m = rand(20, 2)
        @test_error 1001 ["out", "input"] rolling_mean!(x, x, 3; backend=backend)
        @test_error 1001 ["out", "input"] rolling_cov!(y, x, y, 3; backend=backend)
        @test_error 1001 ["out", "input"] ema!(m, unsafe_wrap(Array, pointer(m), 20), [1, 2]; backend=backend)
        @test_error 1001 ["out", "input"] true_range!(x, y, y, x; backend=backend)
        @test_error 1001 ["signal", "macd"] macd!(y, y, zeros(50), x; backend=backend)
        @test_error 1001 ["lower", "input"] bollinger!(zeros(50), zeros(50), x, x; backend=backend)
        @test x == 1.0:50.0 && y == 2.0:51.0
        out = zeros(50)
        @test rolling_mean!(out, x, 3; min_periods=1, backend=backend) === out && out == rolling_mean(x, 3; min_periods=1, backend=backend)
        a, b, c = zeros(50), zeros(50), zeros(50)
        @test bollinger!(a, b, c, x, 5; backend=backend).upper === b && same_bits(b, bollinger(x, 5; backend=backend).upper)
    end

    @testset "the forms with ! take memory of their window, not of their rows ($backend)" begin
        x, out = rand(200_000), zeros(200_000)
        small(f) = (f(); (@allocated f()) < 100_000)
        for f in (rolling_sum!, rolling_mean!, rolling_var!, rolling_std!, rolling_min!, rolling_argmax!)
            @test small(() -> f(out, x, 20; backend=backend))
        end
        @test small(() -> ema!(out, x, 5; backend=backend)) && small(() -> rsi!(out, x; backend=backend))
        @test small(() -> log_returns!(out, x; backend=backend)) && small(() -> wilder!(out, x, 9; backend=backend))
        y = reverse(x)
        spread, others = log.(x), (zeros(200_000), zeros(200_000)) # of the middle path
        middling(f) = (f(); (@allocated f()) < 400_000) # a column takes 1,600,000
        @test middling(() -> rolling_zscore!(out, x, 20; backend=backend)) && middling(() -> rolling_zscore!(out, spread, 20; backend=backend))
        @test middling(() -> rolling_cov!(out, x, y, 20; backend=backend)) && middling(() -> rolling_corr!(out, x, spread, 20; backend=backend))
        @test middling(() -> bollinger!(out, others..., x; backend=backend))
        if backend == "native"
            constant(f) = (f(); (@allocated f()) < 1000)
            for f in (rolling_sum!, rolling_mean!, rolling_var!, rolling_std!, rolling_zscore!, rolling_min!, rolling_max!, rolling_argmin!, rolling_argmax!)
                @test constant(() -> f(out, x, 5000; backend=backend))
            end
            @test constant(() -> rolling_cov!(out, x, y, 5000; backend=backend)) && constant(() -> rolling_corr!(out, x, y, 5000; backend=backend))
            @test constant(() -> bollinger!(out, others..., x; backend=backend)) && constant(() -> macd!(out, others..., x; backend=backend))
            @test constant(() -> atr!(out, x, x, x; backend=backend)) && constant(() -> true_range!(out, x, x, x; backend=backend))
            for f in (ema!, wilder!, rsi!, difference!, returns!, log_returns!, shift!)
                @test constant(() -> f(out, x, 14; backend=backend))
            end
        end
        stream = RollingStd(20; backend=backend)
        feed(stream, x) = (total = 0.0; for v in x; total += push!(stream, v); end; total)
        feed(stream, x[1:1000])
        part = x[1:1000]
        @test (@allocated feed(stream, part)) < 2000
    end

    @testset "every kernel is counted where it was answered ($backend)" begin
        x = rand(30)
        reset_counts()
        rolling_sum(x, 2; backend=backend), rolling_sum!(zeros(30), x, 2; backend=backend), rolling_corr(x, x, 2; backend=backend)
        ema(x, [1, 2]; backend=backend), difference(x; backend=backend), bollinger(x; backend=backend), atr(x, x, x; backend=backend)
        stream = StreamingRsi(backend=backend)
        foreach(v -> push!(stream, v), x)
        counts = status().kernels.counts
        for (name, times) in (rolling_sum=2, rolling_corr=1, ema=1, difference=1, bollinger=1, atr=1, push=30, rolling_mean=0) |> pairs
            @test getfield(counts, name) == (native=backend == "native" ? times : 0, shared=0, fallback=backend == "julia" ? times : 0)
        end
        reset_counts()
        @test stream.backend == backend && occursin(backend, sprint(show, stream))
    end
end

# One chain, row by row, as the definition says; `seed` is the value of row `at`.
function plain_chain(x, a, at, seed, skip)
    answers, e, b = fill(NaN, length(x)), seed, 1.0 - a
    for i in at:length(x)
        i > at && !(skip && isnan(x[i])) && (e = (b * e) + (a * x[i]))
        answers[i] = e
    end
    return answers
end

for backend in BACKENDS
    @testset "long chains have the bits of the definition, whatever comes ($backend)" begin
        random = MersenneTwister(31)
        rows = 40_000
        quiet = 1.1 .+ 1e-3 .* randn(random, rows)
        # A value that is not forgotten within the rows that a guess is made from, wherever stretches begin.
        loud = copy(quiet); loud[3:997:end] .= 1e300
        huge = copy(quiet); huge[5] = 1e308; huge[6:end] .*= 1e-300
        broken = copy(quiet); broken[31_007] = NaN
        endless = copy(quiet); endless[17] = Inf
        opposed = copy(endless); opposed[25_000] = -Inf
        holes = copy(quiet); holes[rand(random, 2:rows, 9000)] .= NaN
        tiny = quiet .* 5e-324 .* 2.0^20
        OmegaJulia.WRONG_GUESSES[] = 0
        for (name, x) in pairs((quiet=quiet, loud=loud, huge=huge, broken=broken, endless=endless, opposed=opposed, holes=holes, tiny=tiny, zeros=0quiet)),
            period in (1, 2, 14, 200, 1000, 3000), skip in (false, true)
            nan = skip ? "skip" : "propagate"
            @test same_bits(ema(x, period; nan=nan, backend=backend), plain_chain(x, 2.0 / (period + 1.0), 1, x[1], skip))
            seeds = x[1:period]
            any(!isfinite, seeds) || @test same_bits(wilder(x, period; nan=nan, backend=backend),
                plain_chain(x, 1.0 / period, period, nearest(sum(Rational{BigInt}.(seeds)) // period), skip))
        end
        # Guesses that were wrong have been there, and were mended.
        backend == "julia" && @test OmegaJulia.WRONG_GUESSES[] > 10
    end

    @testset "an average that has become NaN gives no strength ($backend)" begin
        x = [-1.7e308, -1.0e308, 1.0e308, 1.7e308] # the second gain overflows, and nothing times infinity is NaN
        @test same_bits(rsi(x, 1; backend=backend), [NaN, 100.0, 100.0, NaN])
        stream = StreamingRsi(1; backend=backend)
        @test same_bits([push!(stream, v) for v in x], [NaN, 100.0, 100.0, NaN])
    end

    @testset "extremes of short and long windows are those of their rows, between NaNs too ($backend)" begin
        random = MersenneTwister(12)
        pieces(window) = OmegaJulia.HANDFULS + window - 1 # a piece of handfuls, and one more or less
        rows_of(window) = (1, 4window - 1, 4window, 4window + 1, 9window + 3,
            (window in (11, 20, 64) ? pieces(window) .+ (-1, 0, 1, 1000) : ())...)
        for window in (1:12..., 16, 20, 25, 26, 36, 37, 49, 50, 63, 64, 65, 130), rows in rows_of(window)
            x = rand(random, [0.0, -0.0, 1.0, -1.0, Inf, -Inf, 2.0, 3.0, -5.0], rows)
            for at in (Int[], [rand(random, 1:rows)], rand(random, 1:rows, 3))
                x[at] .= NaN
                for (f, g, better) in ((rolling_min, rolling_argmin, <), (rolling_max, rolling_argmax, >))
                    best(i) = foldl((a, b) -> better(x[a], x[b]) ? a : b, max(1, i - window + 1):i)
                    defined(i) = i >= window && !any(isnan, x[i-window+1:i])
                    @test same_bits(f(x, window; backend=backend), [defined(i) ? x[best(i)] : NaN for i in 1:rows])
                    @test same_bits(g(x, window; backend=backend), [defined(i) ? Float64(i - best(i)) : NaN for i in 1:rows])
                end
            end
        end
    end
end

@testset "256 bits are enough, and none is lost" begin
    random = MersenneTwister(13)
    big_of(a) = (BigInt(a.high) << 128) + a.low
    some() = rand(random, Int128) >> rand(random, 0:127)
    for _ in 1:3000
        a, b, c, d, m = some() >> 1, some() >> 1, some() >> 1, some() >> 1, rand(random, 1:2^26)
        p, q = OmegaJulia.long_product(a, b), OmegaJulia.long_product(c, d)
        @test big_of(p) == big(a) * b && big_of(OmegaJulia.plus(p, q)) == big(a) * b + big(c) * d
        @test big_of(OmegaJulia.minus(p, q)) == big(a) * b - big(c) * d
        small = OmegaJulia.long_product(a >> 27, b)
        @test big_of(OmegaJulia.times(small, m)) == big(a >> 27) * b * m
        unit = rand(random, (-880, -300, 0, 300))
        wanted = nearest((big(a) * b // m) * (unit < 0 ? 1 // (big(1) << -unit) : (big(1) << unit) // 1))
        @test OmegaJulia.long_value(p, m, unit) === wanted
        # Next to a boundary the last of 256 bits decides.
        edge = OmegaJulia.long_product(Int128(rand(random, 2^53:2^54) | 1) << 66, Int128(1) << rand(random, 0:120))
        for step in (-1, 0, 1)
            number = OmegaJulia.plus(edge, OmegaJulia.long_product(Int128(step), Int128(1)))
            @test OmegaJulia.long_value(number, 1, -100) === nearest(big_of(number) // big(2)^100)
        end
    end
end

@testset "what is divided at once is what is divided one by one" begin
    random = MersenneTwister(14)
    scratch, out = OmegaJulia.Scratch(1, false), zeros(OmegaJulia.CHUNK_ROWS)
    for round in 1:200
        divisor = rand(random, (1, 2, 3, 20 * 19, 2^20, rand(random, 1:2^52)))
        # Boundaries, too: odd multiples of the divisor whose quotient has 54 bits.
        numbers = [rand(random, Bool) ? rand(random, Int128) >> rand(random, 4:127) : Int128(divisor) * (Int128(rand(random, 2^53:2^54)) | 1) + rand(random, -1:1)
            for _ in 1:OmegaJulia.CHUNK_ROWS]
        foreach(k -> OmegaJulia.keep_number!(scratch, k, numbers[k]), eachindex(numbers))
        OmegaJulia.divide_chunk!(out, 1, length(out), scratch, divisor, -40)
        @test same_bits(out, [nearest(big(n) // (big(divisor) << 40)) for n in numbers])
    end
end

if "native" in BACKENDS
    @testset "both backends give the same bits for every kernel" begin
        random = MersenneTwister(2024)
        differ = 0
        for round in 1:40
            rows = rand(random, [5, 60, 300])
            all_series = collect(awkward_series(random, rows))
            x, y, z = last.(rand(random, all_series, 3))
            window = rand(random, [1, 2, 3, 7, 20, 50, 400])
            options = Dict("window" => string(window), "min_periods" => string(rand(random, (window, 1, cld(window, 2)))),
                "ddof" => string(rand(random, 0:2)), "nan" => rand(random, ("propagate", "skip")), "period" => string(rand(random, [1, 2, 5, 14])),
                "fast" => "3", "slow" => string(rand(random, 1:9)), "signal" => "4", "width" => "4004000000000000")
            for kernel in keys(TWINS)
                columns = kernel in ("cov", "corr") ? [x, y] : kernel in ("atr", "true_range") ? [x, y, z] : [x]
                (batch, stream), (native, native_stream) = kernel_calls(kernel, options, "julia"), kernel_calls(kernel, options, "native")
                answers = answers_of(batch(columns))
                same = same_bits(answers, answers_of(native(columns))) && same_bits(answers, stream_answers(stream(), columns)) &&
                    same_bits(answers, stream_answers(native_stream(), columns))
                same || (differ += 1; differ < 10 && println(stderr, "differ: ", kernel, " ", options))
            end
        end
        @test differ == 0
    end

    @testset "both backends give the same bits whatever comes and goes" begin
        random = MersenneTwister(41)
        differ = 0
        for round in 1:400
            rows, window = rand(random, rand(random, (1:50, 50:1500, 1500:4000))), any_length(random)
            x, y, z = (visited_series(random, rows) for _ in 1:3)
            period = any_length(random)
            options = Dict("window" => string(window), "min_periods" => string(rand(random, (window, rand(random, 1:window)))),
                "ddof" => string(rand(random, 0:2)), "nan" => rand(random, ("propagate", "skip")), "period" => string(period),
                "fast" => string(period), "slow" => string(2period + 1), "signal" => string(period ÷ 2 + 1), "width" => "4004000000000000")
            for kernel in keys(TWINS)
                columns = kernel in ("cov", "corr") ? [x, y] : kernel in ("atr", "true_range") ? [x, y, z] : [x]
                answers, native = (answers_of(kernel_calls(kernel, options, word)[1](columns)) for word in ("julia", "native"))
                same_bits(answers, native) || (differ += 1; differ < 10 && println(stderr, "differ: ", kernel, " of ", rows, " rows ", options))
            end
        end
        @test differ == 0
    end

    @testset "both backends give the same bits over many blocks" begin
        random = MersenneTwister(6)
        for x in (1.1 .* exp.(cumsum(randn(random, 20_000)) .* 1e-4), randn(random, 20_000) .* 1e-4), window in (20, 3000)
            y = x .* (1 .+ 1e-3 .* randn(random, 20_000))
            for at in rand(random, 1:20_000, 3)
                x[at] = rand(random, [1e9, NaN, Inf, 1e-300])
            end
            for f in (rolling_sum, rolling_mean, rolling_std, rolling_min, rolling_argmax), nan in ("skip", "propagate")
                @test same_bits(f(x, window; nan=nan, min_periods=2, backend="julia"), f(x, window; nan=nan, min_periods=2, backend="native"))
            end
            @test same_bits(rolling_corr(x, y, window; backend="julia"), rolling_corr(x, y, window; backend="native"))
            @test same_bits(log_returns(abs.(x); backend="julia"), log_returns(abs.(x); backend="native"))
        end
    end

    @testset "streams of the library are freed with their owners" begin
        for i in 1:300_000 # past its limit of live handles
            push!(RollingMean(2; backend="native"), 1.0)
            i % 50_000 == 0 && GC.gc()
        end
        @test push!(RollingMean(1; backend="native"), 2.0) == 2.0
    end
end

@testset "division is rounded once whatever the divisor" begin
    random = MersenneTwister(4)
    for _ in 1:2000
        limbs = rand(random, UInt64, 4) .>> rand(random, (0, 0, 40, 63))
        divisor = UInt128(rand(random, UInt64))^rand(random, (1, 2)) >> rand(random, 0:70) + 1
        unit = rand(random, (-1200, -1074, -300, 0, 800))
        whole = sum(BigInt(limb) << (64 * (i - 1)) for (i, limb) in enumerate(limbs))
        limbs[4] >> 63 == 1 && (whole -= BigInt(1) << 256)
        wanted = nearest(whole * (unit < 0 ? 1 // (BigInt(1) << -unit) : (BigInt(1) << unit) // 1) // BigInt(divisor))
        @test OmegaJulia.limbs_quotient(limbs, similar(limbs), divisor, unit) === wanted
    end
end
