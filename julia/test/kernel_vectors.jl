# Every case of tests/vectors/kernels on each backend, in one call and row by row, and matrices of cases at once.

include("kernel_support.jl")

doubles(cell) = cell == "-" ? Float64[] : Float64[from_bits(text) for text in split(cell, ',')]

const KERNEL_SERIES = Dict(String(line[1]) => doubles(line[2]) for line in
    (split(text, '\t') for text in readlines(joinpath(VECTORS, "kernels", "series.tsv"))[2:end]))

function kernel_cases()
    lines = [split(line, '\t') for line in readlines(joinpath(VECTORS, "kernels", "cases.tsv"))[2:end]]
    return [(kernel=String(line[1]), series=[KERNEL_SERIES[name] for name in split(line[2], ',')], options=key_values(line[3]),
        expected=[doubles(cell) for cell in split(line[4], ';')]) for line in lines]
end

for backend in BACKENDS
    @testset "kernel vectors, in one call and as a stream ($backend)" begin
        cases = kernel_cases()
        @test length(cases) > 1800
        for case in cases
            batch, stream = kernel_calls(case.kernel, case.options, backend)
            answers = answers_of(batch(case.series))
            ok = same_bits(answers, case.expected)
            ok || println(stderr, backend, ": ", case.kernel, " ", case.options, "\n  ", answers, "\n  ", case.expected)
            @test ok
            twin = stream()
            pushed = stream_answers(twin, case.series)
            @test pushed === nothing || same_bits(pushed, case.expected)
            # The same again after reset!.
            reset!(twin)
            again = stream_answers(twin, case.series)
            @test again === nothing || same_bits(again, case.expected)
        end
    end

    @testset "a matrix is one series in each column ($backend)" begin
        x = hcat(KERNEL_SERIES["walk_fx"], KERNEL_SERIES["mixed"], KERNEL_SERIES["nans"])
        y = hcat(KERNEL_SERIES["walk_index"], KERNEL_SERIES["mixed_near"], KERNEL_SERIES["volumes"])
        column(f) = hcat((f(j) for j in 1:3)...)
        @test same_bits(rolling_mean(x, 20; backend=backend), column(j -> rolling_mean(x[:, j], 20; backend=backend)))
        @test same_bits(rolling_zscore(x, 5; ddof=0, backend=backend), column(j -> rolling_zscore(x[:, j], 5; ddof=0, backend=backend)))
        @test same_bits(rolling_corr(x, y, 7; backend=backend), column(j -> rolling_corr(x[:, j], y[:, j], 7; backend=backend)))
        @test same_bits(rsi(x; backend=backend), column(j -> rsi(x[:, j]; backend=backend)))
        @test same_bits(atr(x, y, x; backend=backend), column(j -> atr(x[:, j], y[:, j], x[:, j]; backend=backend)))
        @test same_bits(macd(x; backend=backend).signal, column(j -> macd(x[:, j]; backend=backend).signal))
        @test same_bits(log_returns(x, 2; backend=backend), column(j -> log_returns(x[:, j], 2; backend=backend)))
        @test size(rolling_sum(zeros(0, 3), 2; backend=backend)) == (0, 3) && size(rolling_sum(zeros(3, 0), 2; backend=backend)) == (3, 0)
        for count in (1, 4, 6)
            @test same_bits(ema(x[:, 3], 1:count; nan="skip", backend=backend),
                hcat((ema(x[:, 3], p; nan="skip", backend=backend) for p in 1:count)...))
        end
    end
end
