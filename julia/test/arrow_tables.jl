# CandleSeries from tables of Julia: which column is which, what is widened, left out or refused, what is shared;
# the oracle is the constructor with columns, given what a table means.

const TABLE_START = 1_700_000_000_000_000
table_times(rows) = [DateTime(2023, 11, 14) + Minute(i) for i in 0:rows-1]
table_prices(rows) = (open=1.0 .+ (0:rows-1), high=2.0 .+ (0:rows-1), low=0.5 .+ (0:rows-1), close=1.5 .+ (0:rows-1))
honest_table(rows; changes...) = merge((timestamp=table_times(rows),), map(collect, table_prices(rows)), values(changes))
table_series(table; options...) = CandleSeries(table; timeframe="M1", price_type="bid", options...)

# A data frame's shape: columns as properties, made by its type.
struct FrameLike
    columns::Dict{Symbol,Any}
    names::Vector{Symbol}
end
Base.propertynames(frame::FrameLike, private::Bool=false) = getfield(frame, :names)
Base.getproperty(frame::FrameLike, name::Symbol) = getfield(frame, :columns)[name]
frame_like(table::NamedTuple) = FrameLike(Dict{Symbol,Any}(pairs(table)), collect(keys(table)))

row_table(table::NamedTuple) = [NamedTuple{keys(table)}(map(column -> column[i], values(table))) for i in 1:length(table[1])]

for backend in BACKENDS
    @testset "a table of any shape is the series of its columns ($backend)" begin
        table = honest_table(5; volume=[1.0, missing, 3.0, 4.0, NaN], note=["a", "b", "c", "d", "e"])
        expected = CandleSeries(table.timestamp, values(table)[2:6]...; symbol="EURUSD", timeframe="M1", price_type="ask", backend=backend)
        shapes = (table, frame_like(table), row_table(table), Dict(pairs(table)), Dict{String,Any}(string(k) => v for (k, v) in pairs(table)),
            expected[:], expected, collect(expected))
        for shape in shapes
            found = CandleSeries(shape; symbol="EURUSD", timeframe="M1", price_type="ask", backend=backend)
            @test same_columns(found, expected) && found.has_volume && found.backend == backend
            @test (found.symbol, found.timeframe, found.price_type) == ("EURUSD", Timeframe("M1"), "ask")
        end
        @test length(table_series(row_table(honest_table(2))[1:0]; backend=backend)) == 0
    end

    @testset "candles keep what they are of, and arguments win ($backend)" begin
        series = minute_series(0:5; price_type="ask", backend=backend)
        copied = CandleSeries(series[2:4]; backend=backend)
        @test (copied.symbol, copied.timeframe, copied.price_type) == ("TEST", Timeframe("M1"), "ask")
        @test same_columns(copied, series[2:4]) # stamps of 1970, which integers of unknown unit could not be
        @test CandleSeries(series; symbol="X", timeframe="M5", price_type="bid", backend=backend).symbol == "X"
        @test same_columns(table_series(collect(series); backend=backend), series)
        @test_error 1001 ["no timeframe and no price_type", "timeframe="] CandleSeries(honest_table(2); backend=backend)
        @test_error 1001 ["price_type="] CandleSeries(honest_table(2); timeframe="M1", backend=backend)
        @test table_series(honest_table(2); backend=backend).symbol == ""
    end

    @testset "times are DateTime, Date or Int64 microseconds, found by name or alone ($backend)" begin
        stamps = OmegaJulia.microseconds.(table_times(3))
        for name in (:timestamp, :Time, :DATETIME, :date, Symbol("UTC time")), column in (table_times(3), stamps, Union{Missing,DateTime}[table_times(3)...], Any[stamps...])
            table = merge(NamedTuple{(name,)}((column,)), map(collect, table_prices(3)))
            @test table_series(table; backend=backend).timestamp == stamps
        end
        days = [Date(2024, 1, i) for i in 1:3]
        @test table_series(honest_table(3; timestamp=days); backend=backend).timestamp == OmegaJulia.microseconds.(days)
        lone = merge((begun=table_times(3), rank=[1, 2, 3]), map(collect, table_prices(3)))
        @test table_series(lone; backend=backend).timestamp == stamps
        index = merge(NamedTuple{(:__index_level_0__,)}((days,)), lone)
        @test table_series(index; backend=backend).timestamp == OmegaJulia.microseconds.(days)
        @test_error 1005 ["no column named as the time, and more than one timestamp", "begun DateTime", "ended DateTime"] table_series(merge(lone, (ended=table_times(3),)); backend=backend)
        @test_error 1005 ["more than one time", "timestamp, Date"] table_series(honest_table(3; Date=days); backend=backend)
        @test_error 1005 ["no time column", "rank Int64", "open Float64"] table_series(Base.structdiff(lone, (begun=0,)); backend=backend)
        @test_error 1005 ["column timestamp is Float64", "int64"] table_series(honest_table(3; timestamp=[1.0, 2.0, 3.0]); backend=backend)
        @test_error 1005 ["timestamp", "String"] table_series(honest_table(1; timestamp=["2024-01-01"]); backend=backend)
        @test_error 1005 ["timestamp", "Int32"] table_series(honest_table(1; timestamp=Int32[1]); backend=backend)
        @test_error 1009 ["1971", "likely s: make them microseconds"] table_series(honest_table(2; timestamp=[1_700_000_000, 1_700_000_060]); backend=backend)
        @test_error 1006 ["row 2: timestamp is null"] table_series(honest_table(2; timestamp=[table_times(1)[1], missing]); backend=backend)
        @test_error 1009 ["row 2", "timestamp", "outside int64"] table_series(honest_table(2; timestamp=[DateTime(2024), DateTime(400_000)]); backend=backend)
        @test_error 1009 ["row 1", "days is outside int64"] table_series(honest_table(1; timestamp=[Date(-400_000)]); backend=backend)
    end

    @testset "numbers are widened exactly or refused with row and value ($backend)" begin
        edge = Int64(2)^53
        for column in (Float32[1.5, 2.5], Int8[-1, 2], UInt8[1, 255], Int16[1, 2], UInt16[1, 2], Int32[1, 2], UInt32[1, typemax(UInt32)], [edge, -edge], UInt64[1, edge], Any[1.0, missing])
            series = table_series(honest_table(2; volume=column); backend=backend)
            @test isequal(collect(series.volume), [ismissing(x) ? NaN : Float64(x) for x in column])
        end
        @test_error 1004 ["row 2: low 9007199254740993 lies beyond 2^53"] table_series(honest_table(2; low=[1, edge + 1]); backend=backend)
        @test_error 1004 ["row 1: volume -9007199254740993"] table_series(honest_table(2; volume=[-edge - 1, 0]); backend=backend)
        @test_error 1004 ["18446744073709551615"] table_series(honest_table(1; volume=[typemax(UInt64)]); backend=backend)
        for bad in ([true, false], ["1", "2"], [big(1), big(2)], [1 // 2, 1 // 3], Float16[1, 2], Any[1.0, 2], Int128[1, 2], [missing, missing])
            @test_error 1005 ["column close is ", "float64, float32 or integer"] table_series(honest_table(2; close=bad); backend=backend)
        end
        @test_error 1005 ["more than one open", "open, OPEN"] table_series(honest_table(2; OPEN=[1.0, 2.0]); backend=backend)
        @test_error 1005 ["no close column"] table_series(Base.structdiff(honest_table(2), (close=0,)); backend=backend)
        @test_error 1011 ["low", "3", "2"] table_series(honest_table(2; low=[1.0, 2.0, 3.0]); backend=backend)
        @test_error 1011 ["valid", "1", "2"] table_series(honest_table(2; valid=[false]); backend=backend)
        @test_error 1011 ["volume", "1", "2"] table_series(honest_table(2; volume=[1.0]); backend=backend)
        @test_error 1006 ["row 2: high is null", "allow_missing"] table_series(honest_table(2; high=[1.0, missing]); backend=backend)
        @test isnan(table_series(honest_table(2; high=[1.0, missing]); allow_missing=true, backend=backend).high[2])
        @test_error 1006 ["row 2: high is NaN"] table_series(honest_table(2; high=[1.0, NaN]); backend=backend)
        # The first row is blamed, and in it the first column.
        @test_error 1006 ["row 2: open is null"] table_series(honest_table(3; close=[1.0, missing, 2.0], open=[1.0, missing, missing], low=[1, 2, edge + 1]); backend=backend)
        # Invalid rows are no nulls: the column says what it is.
        @test table_series(honest_table(2; volume=[1.0, missing], valid=[false, true]); backend=backend).has_volume
        nulls = Union{Missing,Float64}[missing, missing]
        @test !table_series(honest_table(2; volume=nulls); backend=backend).has_volume
        @test table_series(honest_table(0; volume=Union{Missing,Float64}[]); backend=backend).has_volume
        @test table_series(honest_table(2; volume=[NaN, NaN]); backend=backend).has_volume
    end

    @testset "an invalid row is left out, or stays without its values ($backend)" begin
        garbage = honest_table(4; VALID=[true, false, true, false], open=[1.0, missing, 3.0, Inf], volume=[1, typemax(Int64), 3, 0])
        series = table_series(garbage; backend=backend)
        @test series.timestamp == OmegaJulia.microseconds.(table_times(4)[[1, 3]]) && series.open == [1.0, 3.0] == series.volume
        stay = table_series(garbage; allow_missing=true, backend=backend)
        @test length(stay) == 4 && isequal(collect(stay.close), [1.5, NaN, 3.5, NaN]) && isequal(collect(stay.volume), [1.0, NaN, 3.0, NaN])
        @test_error 1006 ["row 4: close is inf"] table_series(honest_table(4; valid=[true, false, true, true], close=[1.0, NaN, 1.0, Inf]); backend=backend)
        @test_error 1006 ["row 3: timestamp", "not after"] table_series(honest_table(3; valid=[true, false, true], timestamp=table_times(3)[[2, 1, 1]]); backend=backend)
        @test_error 1006 ["row 1: valid is null"] table_series(honest_table(2; valid=[missing, true]); backend=backend)
        @test length(table_series(honest_table(2; valid=[0, 0]); backend=backend)) == 2 # not of Bool: an extra column
        @test length(table_series(honest_table(2; valid=[false, false]); backend=backend)) == 0
    end

    @testset "a named tuple's vectors are shared, another table's copied, unless said otherwise ($backend)" begin
        at(column) = UInt(pointer(column))
        table = honest_table(3; timestamp=TABLE_START .+ [0, 1, 2])
        place(series) = at(getfield(series, :open))
        GC.@preserve table begin
            @test place(table_series(table; backend=backend)) == at(table.open)
            @test place(table_series(table; copy=true, backend=backend)) != at(table.open)
            @test place(table_series(frame_like(table); backend=backend)) != at(table.open)
            @test place(table_series(frame_like(table); copy=false, backend=backend)) == at(table.open)
            @test at(getfield(table_series(table; backend=backend), :timestamp)) == at(table.timestamp)
        end
    end

    @testset "what is no table is refused by its type ($backend)" begin
        for bad in (1, "table.csv", nothing, missing, :x, [1, 2], ["a"], rand(2, 2), Int[], Any[])
            @test_error 1004 ["columns", string(typeof(bad))] table_series(bad; backend=backend)
        end
        @test_error 1005 ["not every row has a column open"] table_series(Any[(timestamp=DateTime(2024), open=1.0), (timestamp=DateTime(2025),)]; backend=backend)
        @test_error 1004 ["copy", "1"] table_series(honest_table(1); copy=1, backend=backend)
        @test_error 1001 ["most"] table_series(honest_table(1); check="most", backend=backend)
    end
end

# Extensions cannot load on Julia 1.5; here their very files run, against stand-ins of the packages' surfaces.
const TABLES_STAND_IN = """
module Tables
function istable end
function columnaccess end
function columns end
function columnnames end
function getcolumn end
function schema end
struct Schema{names,types} end
Schema(names, types) = Schema{names,Tuple{types...}}()
istable(x::T) where {T} = istable(T)
istable(::Type) = false
end
"""

@testset "the Tables extension reads sources and makes candles one" begin
    code, out, err = with_stand_in("Tables", TABLES_STAND_IN, """
        struct Source end # neither properties nor rows: only Tables.jl knows its columns, one of which is no vector
        struct Odd; values::Vector{Float64}; end
        Base.length(x::Odd) = length(x.values); Base.getindex(x::Odd, i) = x.values[i]
        Tables.istable(::Type{Source}) = true
        Tables.columns(x::Source) = x
        Tables.columnnames(::Source) = (:Time, :open, :high, :low, :close)
        Tables.getcolumn(::Source, name) = name === :Time ? [1_700_000_000_000_000] : name === :low ? Odd([0.5]) : [1.5]
        series = CandleSeries(Source(); timeframe="M1", price_type="bid")
        candles = series[1:1]
        println((series.low[1], series.timestamp[1], Tables.istable(candles), Tables.istable(series), Tables.columnaccess(typeof(candles))))
        println((Tables.columns(candles).close == candles.close, keys(Tables.columns(series)), Tables.schema(candles)))
        println(CandleSeries((time=[1_700_000_000_000_000], open=[1], high=[1], low=[1], close=[1]); timeframe="M1", price_type="bid").open)
        """)
    expected = "(0.5, 1700000000000000, true, true, true)\n(true, (:timestamp, :open, :high, :low, :close, :volume), " *
               "Tables.Schema{(:timestamp, :open, :high, :low, :close, :volume),Tuple{Int64,Float64,Float64,Float64,Float64,Float64}}())\n[1.0]\n"
    same(text) = replace(text, " " => "") # types print with other blanks from version to version
    (code, same(out)) == (0, same(expected)) || println(stderr, out, err)
    @test (code, same(out)) == (0, same(expected))
end
