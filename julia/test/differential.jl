# Native and Julia give the same answer to the bit and the same error to the code, on random gappy series
# anywhere in Int64. A brute-force scan referees, so that both cannot be wrong in the same way.

answer_of(slicer, question) = thrown(() -> question(slicer))

same_answer(a::OmegaError, b::OmegaError) = a.code == b.code && a.message == b.message
same_answer(a::Candles, b::Candles) = a.rows == b.rows && same_columns(a, b)
same_answer(a::Union{Candle,Nothing}, b::Union{Candle,Nothing}) = same_candle(a, b)
same_answer(a::AbstractArray, b::AbstractArray) = same_bits(a, b)
same_answer(a, b) = false

# What semantics say, by looking at every row.
function brute_lookback(stamps, duration, now, n; include_current=true, closed_only=false, partial=false)
    admitted = [row for (row, t) in enumerate(stamps) if (include_current ? t <= now : t < now) && (!closed_only || widen(t) + duration <= now)]
    length(admitted) < n && !partial && return 2008
    return length(admitted) < n ? (1:length(admitted)) : (length(admitted)-n+1:length(admitted))
end
function brute_slice(stamps, start, stop; include_current=true)
    start > stop && return 1001
    below(t) = include_current ? t <= stop : t < stop
    any(below, stamps) && any(t -> t >= start, stamps) || return 1003
    inside = [row for (row, t) in enumerate(stamps) if t >= start && below(t)]
    first_inside = count(t -> t < start, stamps) + 1
    return first_inside:first_inside+length(inside)-1
end

rows_or_code(answer::OmegaError) = answer.code
rows_or_code(answer::Candles) = answer.rows

@testset "both backends answer what a scan of every row says" begin
    random = MersenneTwister(2012)
    for round in 1:60
        stamps = random_stamps(random, rand(random, (0, 1, 2, 5, 40, 400)))
        prices = [randn(random, length(stamps)) for _ in 1:4]
        volume = rand(random, Bool) ? nothing : rand(random, [1.0, NaN, 0.0], length(stamps))
        timeframe = rand(random, ("M1", "M5", "H1"))
        duration = Timeframe(timeframe).duration
        slicers = [SymbolDataSlicer(CandleSeries(stamps, prices..., volume; symbol="R", timeframe=timeframe, backend=b)) for b in BACKENDS]
        times = random_times(random, stamps, 40)
        fine = true
        for now in times
            n, start = rand(random, (1, 2, 7, length(stamps) + 1)), rand(random, times)
            flags = (include_current=rand(random, Bool), closed_only=rand(random, Bool), partial=rand(random, Bool))
            questions = (
                s -> get_lookback(s, now, n; flags...),
                s -> get_slice(s, start, now; include_current=flags.include_current),
                s -> get_candle_at(s, now),
                s -> get_candle_asof(s, now; closed_only=flags.closed_only),
            )
            answers = [[answer_of(s, q) for q in questions] for s in slicers]
            fine &= all(a -> all(same_answer.(a, answers[1])), answers)
            fine &= rows_or_code(answers[1][1]) == brute_lookback(stamps, duration, now, n; flags...)
            fine &= rows_or_code(answers[1][2]) == brute_slice(stamps, start, now; include_current=flags.include_current)
            at = findfirst(==(now), stamps)
            fine &= same_candle(answers[1][3], at === nothing ? nothing : slicers[1].series[at])
            asof = brute_lookback(stamps, duration, now, 1; closed_only=flags.closed_only, partial=true)
            fine &= same_candle(answers[1][4], isempty(asof) ? nothing : slicers[1].series[asof[1]])
            fine || error("round ", round, ": now ", now, " start ", start, " n ", n, " ", flags, " answers ", answers)
        end
        @test fine
    end
end

@testset "a batch is its questions one by one, on both backends" begin
    random = MersenneTwister(50)
    for round in 1:40
        stamps = random_stamps(random, rand(random, (0, 1, 5, 300)))
        prices = [randn(random, length(stamps)) for _ in 1:4]
        volume = rand(random, Bool) ? nothing : prices[1]
        slicers = [SymbolDataSlicer(CandleSeries(stamps, prices..., volume; symbol="R", timeframe="M1", backend=b)) for b in BACKENDS]
        times = rand(random, Bool) ? sort(random_times(random, stamps, 50)) : random_times(random, stamps, 50)
        # Mostly late times, so that batches without `partial` often succeed.
        rand(random, Bool) && !isempty(stamps) && (times = [t for t in times if t >= stamps[end]])
        n, field = rand(random, 1:6), rand(random, ("open", "high", "low", "close", "volume"))
        flags = (include_current=rand(random, Bool), closed_only=rand(random, Bool), partial=rand(random, Bool))
        single = slicers[1]
        one_by_one = [answer_of(single, s -> get_lookback(s, t, n; flags...)) for t in times]
        failing = findfirst(a -> a isa OmegaError, one_by_one)
        for slicer in slicers
            ranges = answer_of(slicer, s -> get_lookbacks(s, times, n; flags...))
            matrix = answer_of(slicer, s -> gather_lookback(s, times, n, field; flags...))
            if failing === nothing
                @test ranges == [getfield(f(a.rows), 1) for a in one_by_one, f in (r -> (first(r),), r -> (length(r),))]
                expected = [vcat(fill(NaN, n - length(a)), collect(getproperty(a, Symbol(field)))) for a in one_by_one]
                @test size(matrix) == (length(times), n) && all(i -> same_bits(matrix[i, :], expected[i]), eachindex(expected))
            else
                for answer in (ranges, matrix)
                    @test error_mismatch(answer, 2008, ["times[$failing]: ", one_by_one[failing].message]) === nothing
                end
            end
            row_of(candle) = candle === nothing ? 0 : findfirst(==(candle.timestamp), stamps)
            @test get_candles_at(slicer, times) == [row_of(get_candle_at(single, t)) for t in times]
            @test get_candles_asof(slicer, times; closed_only=flags.closed_only) ==
                  [row_of(get_candle_asof(single, t; closed_only=flags.closed_only)) for t in times]
        end
    end
end

@testset "the index finds the row on any spacing, at the ends of Int64 too" begin
    random = MersenneTwister(5)
    hostile = [
        [typemin(Int64), -1, 0, 1, typemax(Int64) - 1, typemax(Int64)], [typemin(Int64), typemax(Int64)], [0], Int64[],
        collect(Int64, 1:100_000), [collect(Int64, 1:50_000); typemax(Int64)], [typemin(Int64); collect(Int64, 0:50_000)],
        cumsum(Int64[2^(i % 40) for i in 1:3000]), collect(Int64, 0:60:6_000_000) .+ rand(random, 0:59, 100_001),
    ]
    for stamps in hostile
        index = OmegaJulia.TimeIndex(stamps)
        near = Int128[t + d for t in (isempty(stamps) ? stamps : rand(random, stamps, 2000)) for d in (-1, 0, 1)]
        times = [random_times(random, stamps, 500); Int64[t for t in near if typemin(Int64) <= t <= typemax(Int64)]]
        @test all(t -> OmegaJulia.rows_through(index, stamps, t) == searchsortedlast(stamps, t), times)
        @test length(index.starts) <= OmegaJulia.MAX_BUCKETS + 1
    end
end

@testset "stamps nobody vouched for rightly cannot lead outside the columns" begin
    random = MersenneTwister(6)
    for _ in 1:200
        stamps = rand(random, Bool) ? rand(random, Int64, 500) : rand(random, 0:1000, 500)
        index = OmegaJulia.TimeIndex(stamps)
        @test all(t -> 0 <= OmegaJulia.rows_through(index, stamps, t) <= 500, [rand(random, stamps, 50); rand(random, Int64, 50); 0:20:1000])
    end
end

@testset "quality counts the same on both backends" begin
    random = MersenneTwister(8)
    sides = map(1:20) do _
        stamps = unique(sort(rand(random, 0:200, 80))) .* MINUTE_US
        rows = length(stamps)
        noise() = rand(random, [1.0, 1.1, 1.2, 0.0, -1.0, NaN], rows)
        make(backend) = CandleSeries(copy(stamps), noise(), noise(), noise(), noise(), rand(random, Bool) ? nothing : noise();
            symbol="Q", timeframe=rand(random, ("M1", "M5")), allow_missing=true, backend=backend)
        make("julia")
    end
    for (i, bid) in enumerate(sides), backend in BACKENDS
        @test quality(bid; backend=backend) == quality(bid)
        @test quality(bid, sides[1]; backend=backend) == quality(bid, sides[1])
    end
end
