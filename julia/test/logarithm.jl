# The logarithm of log_returns against BigFloat, whose own is MPFR's and correctly rounded: whatever is returned must be the
# double nearest to the exact value, above all where that lies next to half way between two.

# 300 bits leave no double in doubt: the hardest needs 118.
exact_log(x::Float64) = setprecision(() -> Float64(log(BigFloat(x))), BigFloat, 300)

# The logarithms as quotients with 1, in one call.
function logs(values; backend)
    answers = log_returns([ones(length(values)); values], length(values); backend=backend)
    return answers[length(values)+1:end]
end

# How far r - r^2/2 + r^3/3 - ... is from half way between two doubles, in units of the last place: in pairs of doubles,
# coarse but enough to find what is close.
function distance_from_half_way(r::Float64)
    high, square = r - r * r / 2, r * r
    series = foldl((sum, n) -> 1 / n - r * sum, 15:-1:3; init=0.0)
    low = (r - high) - square / 2 - fma(r, r, -square) / 2 + r * square * series
    sum = high + low
    rest = (high - sum) + low
    return abs(abs(rest / eps(sum)) - 0.5)
end

# Of so many next to 1, those whose logarithm lies closest to half way, at each scale.
function hardest_near_1(random)
    found = Float64[]
    for scale in 5:51
        x = [1 + (rand(random) - 0.5) * 2.0^(1 - scale) for _ in 1:(scale < 10 ? 100_000 : 4000)]
        filter!(!=(1.0), x)
        append!(found, partialsort!(x, 1:(scale < 10 ? 100 : 12); by=v -> distance_from_half_way(v - 1)))
    end
    return found
end

# The hardest of 700,000 in each of 13 binades.
const HARDEST_LOGS = reinterpret(Float64, [0x001f2a301878dd98, 0x14356c7f2d17af05, 0x2d3ba77d000e576a, 0x3e1a85a7a4ce5c73,
    0x3fd08ff181594bef, 0x3fe5d25735d69266, 0x3ff74b1b87c90802, 0x4003803efc384640, 0x401a9a33c314b096, 0x40870e9aaf0e2056,
    0x44c294d0e2a8dfda, 0x5f3213a4c4a1b6d6, 0x7fe95882c4c15cea])

for backend in BACKENDS
    @testset "the logarithm is right where it is hardest to round ($backend)" begin
        values = [HARDEST_LOGS; hardest_near_1(MersenneTwister(31))]
        exact = exact_log.(values)
        @test same_bits(logs(values; backend=backend), exact)
        stream = StreamingLogReturns(; backend=backend)
        @test same_bits([(push!(stream, 1.0); push!(stream, value)) for value in values], exact)
    end

    @testset "the logarithm of any quotient is the nearest double ($backend)" begin
        random = MersenneTwister(37)
        values = Float64[]
        # Both sides of where one way of computing gives place to another.
        for edge in (1.0, 1 + 1 / 128, 1 - 1 / 128, 63 / 64, 65 / 64, sqrt(2.0), 2.0, 0.5)
            append!(values, nextfloat.(edge, -9:9))
        end
        for scale in 0:53
            append!(values, [1 + (rand(random) - 0.5) * 2.0^-scale for _ in 1:200])
        end
        any_bits = filter(isfinite, abs.(reinterpret(Float64, rand(random, UInt64, 2000))))
        values = [values; 1 .+ randn(random, 20_000) .* 1e-4; exp.(300 .* randn(random, 2000)); 1 .+ (-3000:3000) .* 2.0^-53;
            any_bits; floatmax(); floatmin(); prevfloat(floatmin()); 5e-324; 1e-320]
        @test same_bits(logs(values; backend=backend), exact_log.(values))
    end

    @testset "quotients without a logarithm change no neighbour ($backend)" begin
        calm = 1 .+ (-10:10) .* 1e-4
        for (value, answer) in ((NaN, NaN), (0.0, -Inf), (-0.0, -Inf), (-1.0, NaN), (Inf, Inf), (-Inf, NaN), (1.0, 0.0), (2.0, exact_log(2.0)))
            for place in eachindex(calm)
                x, expected = collect(calm), exact_log.(calm)
                x[place], expected[place] = value, answer
                @test same_bits(logs(x; backend=backend), expected)
            end
        end
    end
end

@testset "small returns are decided in lanes, large ones not" begin
    random = MersenneTwister(38)
    settings = ((1e-4, 1, 0, 20), (1e-4, 20, 0, 100), (3e-6, 1, 0, 20), (1e-4, 5000, 0, 200), (0.1, 1, 12_000, 20_000))
    for (step, period, least, most) in settings
        x = exp.(cumsum(randn(random, 20_000) .* step))
        OmegaJulia.LOGS_ONE_BY_ONE[] = 0
        answers = log_returns(x, period; backend="julia")
        @test least <= OmegaJulia.LOGS_ONE_BY_ONE[] <= most
        @test same_bits(answers, [i > period ? exact_log(x[i] / x[i-period]) : NaN for i in eachindex(x)])
    end
end

@testset "each way to a logarithm alone is correctly rounded" begin
    random = MersenneTwister(9)
    setprecision(BigFloat, 300) do
        makers = (() -> 1 + randn(random) * 1e-4, () -> exp(300randn(random)), () -> 1 + rand(random, -40:40) * 2.0^-53,
            () -> ldexp(rand(random), -1060), () -> rand(random) + 0.5)
        for make in makers, _ in 1:3000
            x = abs(make())
            wanted = Float64(log(BigFloat(x)))
            @test OmegaJulia.natural_log(x) === wanted
            rand(random) < 0.01 && @test OmegaJulia.long_log(x) === wanted
            2.0^-1022 <= x < Inf && @test OmegaJulia.careful_log(x, reinterpret(UInt64, x), 0) === wanted
        end
        # In lanes: what is missing is half of what is allowed for, at most.
        far = 0.0
        for size in -53:-6, _ in 1:200
            x = 1 + rand(random, (-1, 1)) * ldexp(1 + rand(random), size)
            x == 1 && continue
            exact = log(BigFloat(x))
            sum, rest, slack = OmegaJulia.log_parts(x - 1)
            far = max(far, Float64(abs(exact - sum - rest) / slack))
            value, certain = OmegaJulia.log_near_1(x)
            certain && @test value === Float64(exact)
        end
        @test 0.05 < far <= 0.5
        # Where answers lie nearest to boundaries nothing has to be computed at length.
        OmegaJulia.LONG_LOGS[] = 0
        for x in [1 .+ (-3000:3000) .* 2.0^-53; 1 .+ (1:3000) .* 2.0^-40; 1 .+ (1:3000) .* 2.0^-26]
            @test OmegaJulia.natural_log(x) === Float64(log(BigFloat(x)))
        end
        @test OmegaJulia.LONG_LOGS[] == 0
    end
    @test OmegaJulia.natural_log(0.0) == -Inf && isnan(OmegaJulia.natural_log(-1.0)) && OmegaJulia.natural_log(Inf) == Inf
end
