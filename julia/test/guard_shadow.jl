# Shadow mode: what it looks at, how likely it finds a wrong row, and that it never cries over a right one. Wrong answers are made
# here, in memory: no library is needed.

const SHADOW_CALLS = ["mean" => O.call_with(:mean, 20, 20, 1, false, 0, 0, 0.0), "max" => O.call_with(:max, 20, 1, 1, true, 0, 0, 0.0),
    "ema" => O.call_with(:ema, 20, 0, 0, false, 0, 0, 0.0), "rsi" => O.call_with(:rsi, 5, 0, 0, true, 0, 0, 0.0),
    "diff" => O.call_with(:diff, 3, 0, 0, false, 0, 0, 0.0), "bollinger" => O.call_with(:bollinger, 20, 20, 1, false, 0, 0, 2.0),
    "macd" => O.call_with(:macd, 3, 0, 0, false, 7, 4, 0.0), "atr" => O.call_with(:atr, 7, 0, 0, false, 0, 0, 0.0)]

function in_shadow(f, fraction, seed)
    with_state() do folder
        set_shadow(fraction; seed=seed)
        try
            return f()
        finally
            set_shadow(0; seed=0)
            O.SHADOW.chosen = false
        end
    end
end

function shadow_columns(call, rows)
    random = MersenneTwister(5)
    close = 1.1 .+ cumsum(1e-4 .* randn(random, rows))
    ins = O.inputs_of(call) == 3 ? (close .+ 1e-4, close .- 1e-4, close) : (close,)
    outs = ntuple(_ -> Vector{Float64}(undef, rows), O.outputs_of(call))
    O.julia_kernel!(outs, ins, call)
    return outs, ins
end

flip!(out, row) = (out[row] = reinterpret(Float64, reinterpret(UInt64, out[row]) ⊻ 1))

@testset "a right answer is never reported, whatever is looked at" begin
    in_shadow(0.3, 11) do
        for (_, call) in SHADOW_CALLS, rows in (1, 50, 3000)
            outs, ins = shadow_columns(call, rows)
            breaker = O.new_breaker("kernels", (:ema,))
            @test all(_ -> O.compare_kernel!(breaker, outs, ins, call), 1:20) && breaker.incident === nothing
        end
    end
end

@testset "a wrong row is found with the fraction's probability, and the answer is Julia's then" begin
    fraction, turns = 0.2, 300
    in_shadow(fraction, 3) do
        for (name, call) in SHADOW_CALLS[1:2]
            outs, ins = shadow_columns(call, 3000)
            right = deepcopy(outs)
            found, random, breaker = 0, MersenneTwister(1), O.new_breaker("kernels", (:ema,))
            for _ in 1:turns
                row = rand(random, 20:3000)
                flip!(outs[1], row)
                breaker.incident = nothing
                fine = Test.collect_test_logs(() -> O.compare_kernel!(breaker, outs, ins, call))[2]
                found += !fine
                fine || @test same_bits(outs[1], right[1])
                copyto!(outs[1], right[1])
            end
            # Five standard deviations of a binomial.
            @test abs(found - turns * fraction) < 5sqrt(turns * fraction * (1 - fraction))
        end
    end
end

@testset "with fraction 1 every wrong row of every kernel is found, and said" begin
    in_shadow(1.0, 0) do
        for (name, call) in SHADOW_CALLS
            outs, ins = shadow_columns(call, 500)
            breaker = O.new_breaker("kernels", (:ema,))
            flip!(outs[1], 321)
            logs, fine = Test.collect_test_logs(() -> O.compare_kernel!(breaker, outs, ins, call))
            @test !fine && length(logs) == 1 && occursin("row 321", logs[1].message) && breaker.incident.trigger == "wrong_answer"
            @test occursin("call\t$name\n", read(joinpath(O.results_folder(), breaker.incident.arguments_file), String))
        end
    end
end

@testset "the same seed looks at the same rows of the same calls" begin
    drawn(seed) = in_shadow(0.1, seed) do
        breaker = O.new_breaker("kernels", (:ema,))
        [O.is_chosen!(draws) for _ in 1:20 for draws in (O.call_draws!(breaker),) for _ in 1:50]
    end
    @test drawn(1) == drawn(1) != drawn(2)
    @test 60 < count(drawn(1)) < 140
end

# Which of so many answers at one bar are compared.
function compared_bars(fraction, seed, calls)
    return in_shadow(fraction, seed) do
        [!O.goes_by!(O.SLICER) && (O.draw_until!(O.SLICER); true) for _ in 1:calls]
    end
end

@testset "each answer at one bar is compared with the fraction's probability, the same ones for the same seed" begin
    fraction, calls = 0.05, 100_000
    found = compared_bars(fraction, 4, calls)
    # Five standard deviations of a binomial; and as often after one that was compared as after any other.
    @test abs(count(found) - calls * fraction) < 5sqrt(calls * fraction * (1 - fraction))
    after = found[2:end][found[1:end-1]]
    @test abs(count(after) - length(after) * fraction) < 5sqrt(length(after) * fraction * (1 - fraction))
    @test found == compared_bars(fraction, 4, calls) != compared_bars(fraction, 5, calls)
    @test all(compared_bars(1.0, 0, 50)) && !any(compared_bars(1e-300, 0, 50)) && !any(compared_bars(0.0, 0, 50))
end

@testset "a wrong answer at one bar is found, and Julia's is the one returned" begin
    slicer = SymbolDataSlicer(minute_series(0:9; backend="julia"))
    in_shadow(1.0, 0) do
        try
            @test O.compared_bar(3, (s, t) -> 3, slicer, "get_candle_at", 2MINUTE_US) == 3 && !O.SLICER.off
            logs, answer = Test.collect_test_logs(() -> O.compared_bar(3, (s, t) -> 4, slicer, "get_candle_at", 2MINUTE_US))
            @test answer == 4 && O.SLICER.off && O.SLICER.incident.trigger == "wrong_answer" && length(logs) == 1
            @test occursin("call\tget_candles_at\n", read(joinpath(O.results_folder(), O.SLICER.incident.arguments_file), String))
            O.close!(O.SLICER)
            Test.collect_test_logs(() -> @test_error 2008 ["no"] O.compared_bar(3, (s, t) -> O.fail(2008, "no"), slicer, "get_candle_at", 0))
            @test O.SLICER.off && occursin("the fallback refuses", O.SLICER.incident.error_message)
        finally
            O.close!(O.SLICER)
        end
    end
end

@testset "batches are compared by element, calls as a whole" begin
    in_shadow(1.0, 0) do
        breaker = O.new_breaker("slicer", (:get_slice,))
        by = O.ByElement(3, chosen -> [10, 20, 30][chosen])
        @test O.compared(breaker, "x", [10, 20, 30], () -> [10, 20, 30], by, ()) == [10, 20, 30] && !breaker.off
        logs, answer = Test.collect_test_logs(() -> O.compared(breaker, "x", [10, 21, 30], () -> [10, 20, 30], by, ()))
        @test answer == [10, 20, 30] && breaker.off && occursin("element 2", logs[1].message)
        other = O.new_breaker("slicer", (:get_slice,))
        @test O.compared(other, "x", NaN, () -> NaN, nothing, ()) === NaN && !other.off
        _, answer = Test.collect_test_logs(() -> O.compared(other, "x", 0.0, () -> -0.0, nothing, ()))
        @test answer === -0.0 && other.off
        @test O.compared(O.new_breaker("slicer", (:get_slice,)), "x", 1, () -> O.fail(6005, "not there"), nothing, ()) == 1
        third = O.new_breaker("slicer", (:get_slice,))
        Test.collect_test_logs(() -> @test_error 1001 ["no"] O.compared(third, "x", 1, () -> O.fail(1001, "no"), nothing, ()))
        @test third.off && third.incident.trigger == "wrong_answer"
    end
end

@testset "the environment's fraction counts, and a wrong one is named" begin
    ask = "using OmegaJulia; try; rolling_mean([1.0, 2.0], 2); println(status().shadow.fraction, \" \", status().shadow.seed); catch e; println(e.message); end"
    @test child(ask; environment=["OMEGA_SHADOW" => "0.25", "OMEGA_SHADOW_SEED" => "9"])[2] == "0.25 9\n"
    for (fraction, seed) in (("2", "1"), ("x", "1"), ("0.5", "-1"), ("0.5", "y"))
        @test occursin("OMEGA_SHADOW=\"$fraction\"", child(ask; environment=["OMEGA_SHADOW" => fraction, "OMEGA_SHADOW_SEED" => seed])[2])
    end
end

if "native" in BACKENDS
    @testset "under shadow every answer of the library is looked at and none differs" begin
        in_shadow(1.0, 0) do
            before = O.SHADOW.rows[]
            series = minute_series(0:199; backend="auto")
            slicer, times = SymbolDataSlicer(series), collect(series.timestamp)[50:150]
            asked = [length(get_lookback(slicer, t, 20)) for t in times]
            @test all(==(20), asked) && O.SHADOW.rows[] >= before + 101
            get_slice(slicer, 0, times[9]), get_candle_at(slicer, times[1]), get_candle_asof(slicer, times[1])
            get_lookbacks(slicer, times, 5), get_candles_at(slicer, times), get_candles_asof(slicer, times), gather_lookback(slicer, times, 5)
            align(series, resample(series, "M5")), quality(series), quality(series, series), MultiSymbolSlice([series])
            x = randn(MersenneTwister(1), 500)
            foreach(kernel -> kernel(x, 7), (rolling_mean, rolling_std, ema, wilder, rsi)), ema(x, [3, 5]), bollinger(x), macd(x)
            stream, chain = RollingMean(5), StreamingEma(5)
            foreach(value -> (push!(stream, value), push!(chain, value)), x)
            @test all(breaker -> breaker.incident === nothing, O.BREAKERS) && isempty(O.every_incident())
            @test status().shadow.rows > before + 3000
        end
    end
end
