# Arrow IPC files: every case that every language reads, files written and read back, files that change under a
# mapping, and the two ways that are left without the library.

using SHA

sha(text) = bytes2hex(sha256(text))

@testset "the registered schemas are those of every language, by their fingerprints" begin
    rows = read_cases("schemas.tsv")
    found = [(schema.name, schema.version, string(i - 1), field.name, field.type, string(field.nullable), schema.fingerprint)
             for schema in schemas() for (i, field) in enumerate(schema.fields)]
    @test found == [Tuple(row[name] for name in ("schema", "version", "position", "field", "type", "nullable", "fingerprint")) for row in rows]
    for schema in schemas()
        @test sha(OmegaJulia.fields_json(schema)) == schema.fingerprint
    end
end

arrow_options(args) = Dict{Symbol,Any}(Symbol(name) => name in ("mmap", "allow_missing", "strict") ? truth(value) : value for (name, value) in args)

# nothing if what was read is that series file, identity included, else how it differs.
function arrow_mismatch(found, case)
    case["result"] == "error" && return answer_mismatch(nothing, found, "error", case["value"])
    found isa OmegaError && return sprint(showerror, found)
    of, (stamps, open, high, low, close, volume) = series_columns(case["value"])
    (found.symbol, found.timeframe, found.price_type) == (of["symbol"], Timeframe(of["timeframe"]), of["price_type"]) || return string("it is ", found)
    found.has_volume == (volume !== nothing) || return "volume appeared or vanished"
    expected = (timestamp=stamps, open=open, high=high, low=low, close=close, volume=something(volume, fill(NaN, length(stamps))))
    return same_columns(found, expected) ? nothing : "the columns differ"
end

if "native" in BACKENDS
    @testset "Arrow files give the same series and errors as in every language, as a file and as bytes" begin
        run_cases(read_cases("arrow.tsv"), "arrow") do case
            path = joinpath(VECTORS, "arrow", case["file"])
            options = arrow_options(key_values(case["args"]))
            found = thrown(() -> read_ipc(path; backend="native", options...))
            why = arrow_mismatch(found, case)
            why === nothing || return why
            found isa OmegaError && found.code != 1001 && !occursin(path, found.message) && return string("the path is not in ", found.message)
            get(options, :mmap, false) && return nothing
            bytes = thrown(() -> read_ipc(read(path); backend="native", options...))
            return arrow_mismatch(bytes, case)
        end
    end

    @testset "a refused row is counted from one, whatever stands before it" begin
        series = CandleSeries([1, 2, 3] .* MINUTE_US, (ones(3) for _ in 1:3)..., [1.0, NaN, 1.0]; symbol="", timeframe="M1", allow_missing=true, backend="native")
        bytes = to_ipc(series)
        @test_error 1006 ["row 2: close is NaN"] read_ipc(bytes; backend="native")
        folder = mktempdir()
        path = joinpath(folder, "row 7: x.arrow")
        write(path, bytes)
        @test_error 1006 [string(path, ": row 2: close is NaN")] read_ipc(path; backend="native")
        @test error_mismatch(import_foreign(foreign_candles(3; close=foreign_column("close", "g", [1.0, 1.0, NaN])), 3; backend="native").series, 1006, ["row 3: close is NaN"]) === nothing
    end

    @testset "what is written is read back to the bit, by path, by bytes and mapped" begin
        random = MersenneTwister(51)
        path = joinpath(mktempdir(), "candles.arrow")
        for rows in (0, 1, 8, 9, 500), backend in BACKENDS, volume in (true, false)
            stamps = FOREIGN_START .+ cumsum(rand(random, 1:10^9, rows))
            series = CandleSeries(stamps, (randn(random, rows) for _ in 1:4)..., volume ? [rand(random) < 0.3 ? NaN : 1.0 for _ in 1:rows] : nothing;
                symbol="ΔΦ €", timeframe="H4", price_type="ask", backend=backend)
            part = rows > 8 ? series[4:rows-1] : series[:]
            @test write_ipc(path, part; backend="native") === nothing && read(path) == to_ipc(part; backend="native")
            for back in (read_ipc(path; strict=true, backend="native"), read_ipc(path; mmap=true, backend="native"), read_ipc(to_ipc(part; backend="native"); backend="native"))
                @test same_columns(back, part) && back.has_volume == (length(part) == 0 || volume && !all(isnan, part.volume))
                @test (back.symbol, back.timeframe, back.price_type, back.backend) == ("ΔΦ €", Timeframe("H4"), "ask", "native")
            end
        end
        @test readdir(dirname(path)) == ["candles.arrow"] # nothing temporary stays behind
        @test_error 3001 ["nowhere"] write_ipc(joinpath(dirname(path), "nowhere", "x.arrow"), minute_series(0:3); backend="native")
        @test_error 3000 [dirname(path)] write_ipc(dirname(path), minute_series(0:3); backend="native")
    end

    @testset "a mapped file that changes or goes is told of, and no other series is mapped" begin
        path = joinpath(mktempdir(), "mapped.arrow")
        write_ipc(path, minute_series(0:9; backend="native"))
        mapped, copied = read_ipc(path; mmap=true, backend="native"), read_ipc(path; backend="native")
        @test (refresh(mapped), refresh(copied), refresh(minute_series(0:3; backend="native"))) == (:unchanged, :not_mapped, :not_mapped)
        write_ipc(path, minute_series(0:19; backend="native"))
        @test refresh(mapped) == :changed && length(mapped) == 10 && mapped.close == copied.close
        rm(path)
        @test refresh(mapped) == :gone && mapped.close == copied.close
        @test_error 1004 ["Candles"] refresh(mapped[1:2])
    end

    @testset "a series that the library owns is exported by it, one it borrows by Julia" begin
        reset_counts()
        owned = read_ipc(to_ipc(minute_series(0:9; backend="native")); backend="native")
        back = import_arrow(export_arrow(owned[2:5])...; backend="native")
        @test same_columns(back, owned[2:5]) && status().slicer.counts.export_arrow == (native=1, shared=0, fallback=0)
        again = import_arrow(export_arrow_stream(minute_series(0:9; backend="native")); backend="native")
        @test status().slicer.counts.export_arrow == (native=1, shared=1, fallback=0) && length(again) == 10
        import_arrow(export_arrow(minute_series(0:9; backend="julia"))...; backend="julia")
        @test status().slicer.counts.export_arrow == (native=1, shared=1, fallback=1)
        @test status().slicer.counts.import_arrow == (native=2, shared=0, fallback=1)
        @test status().slicer.counts.read_ipc.native == status().slicer.counts.to_ipc.native == 1
        reset_counts()
    end

    # The bytes of an export of the library's own, after everything else of Julia is gone.
    @testset "the library's exports outlive its series" begin
        lone() = export_arrow(read_ipc(to_ipc(minute_series(0:999; backend="native")); backend="native"))
        exports = [lone() for _ in 1:20]
        foreach(_ -> (GC.gc(); fill(NaN, 200_000)), 1:3)
        series = [import_arrow(array, schema; backend="julia") for (array, schema) in exports]
        foreach(_ -> GC.gc(), 1:3)
        @test all(s -> s.close == minute_series(0:999).close, series)
    end

    @testset "the library's schemas are ours" begin
        library = OmegaJulia.find_library()
        text = Ref{Ptr{UInt8}}(C_NULL)
        for schema in schemas()
            @test ccall(library.schema_json, Int32, (Cstring, Cstring, Ref{Ptr{UInt8}}), schema.name, schema.version, text) == 0
            @test occursin(OmegaJulia.fields_json(schema), unsafe_string(text[])) && occursin(schema.fingerprint, unsafe_string(text[]))
        end
    end
end

@testset "arguments of the readers and writers are checked ($backend)" for backend in BACKENDS
    @test_error 3001 ["none.arrow"] read_ipc(joinpath(mktempdir(), "none.arrow"); backend=backend)
    @test_error 3000 [] read_ipc(mktempdir(); backend=backend)
    @test_error 1004 ["Int64"] read_ipc(42; backend=backend)
    @test_error 1001 ["NUL"] read_ipc("a\0b"; backend=backend)
    @test_error 1001 ["bytes"] read_ipc(UInt8[1]; mmap=true, backend=backend)
    @test_error 1004 ["mmap"] read_ipc("x"; mmap=1, backend=backend)
    @test_error 1010 [] read_ipc(UInt8[]; backend=backend)
    for (head, hint) in (("PAR1", "Parquet"), ("FEA1", "Feather"), ("timestamp,open\n", ""), ("ARROW", ""))
        @test_error 3004 ["neither an Arrow IPC file nor a stream", hint] read_ipc(Vector{UInt8}(string(head, "\0"^20)); backend=backend)
    end
    @test_error 1004 ["Candles"] write_ipc("x.arrow", [1, 2])
    @test_error 1004 ["path"] write_ipc(1, minute_series(0:3))
    @test_error 1001 ["rust"] to_ipc(minute_series(0:3); backend="rust")
end

@testset "without the library and the package Arrow, both are named" begin
    path = joinpath(VECTORS, "arrow", "plain.arrow")
    for ask in (() -> read_ipc(path; backend="julia"), () -> read_ipc(read(path); backend="julia"),
        () -> to_ipc(minute_series(0:3; backend="julia")), () -> write_ipc(tempname(), minute_series(0:3; backend="julia")))
        @test_error 6005 ["native library", "feature arrow", "using Arrow"] ask()
    end
end

# What the extension needs of the package Arrow (2.x), over files of its own kind.
const ARROW_STAND_IN = """
module Arrow
import Serialization
module Meta
@enum Unit SECOND MILLISECOND MICROSECOND NANOSECOND
module TimeUnit
using ..Meta: SECOND, MILLISECOND, MICROSECOND, NANOSECOND
end
end
struct Timestamp{U,TZ}; x::Int64; end
struct Date{U,T}; x::T; end
struct DictEncoded{T} <: AbstractVector{T}; data::Vector{T}; end
Base.size(x::DictEncoded) = size(x.data); Base.getindex(x::DictEncoded, i::Int) = x.data[i]
struct Table; names::Vector{Symbol}; columns::Dict{Symbol,Any}; metadata; end
Base.propertynames(t::Table, private::Bool=false) = getfield(t, :names)
Base.getproperty(t::Table, n::Symbol) = getfield(t, :columns)[n]
getmetadata(t::Table) = getfield(t, :metadata)
function write(io::IO, table; file=false, metadata=nothing)
    file || error("a stream was not asked for")
    Base.write(io, "ARROW1\\0\\0")
    Serialization.serialize(io, (collect(keys(table)), Dict{Symbol,Any}(pairs(table)), metadata === nothing ? nothing : Dict(metadata)))
end
function Table(bytes::Vector{UInt8}; convert=true)
    convert && error("stamps would lose their microseconds")
    return Table(Serialization.deserialize(IOBuffer(bytes[9:end]))...)
end
end
"""

@testset "the Arrow extension writes and reads what the library would" begin
    folder = mktempdir()
    code, out, err = with_stand_in("Arrow", ARROW_STAND_IN, """
        stamps = 1_700_000_000_000_000 .+ [1, 60_000_000]
        series = CandleSeries(stamps, [1.0, 2], [3.0, 4], [0.5, 1], [1.5, 2], [NaN, 7]; symbol="S", timeframe="M5", price_type="ask", backend="julia")
        path = joinpath($(repr(folder)), "x.arrow")
        write_ipc(path, series)
        back = read_ipc(path; strict=true)
        println((back.timestamp == stamps, back.close == [1.5, 2.0], isnan(back.volume[1]), back.volume[2], back.symbol, string(back.timeframe), back.price_type))
        println(readdir($(repr(folder))) == ["x.arrow"], " ", read_ipc(to_ipc(series[2:2]); symbol="T").symbol)
        T = Arrow.Timestamp
        file(stamps; changes...) = (io = IOBuffer(); Arrow.write(io, merge((time=stamps, open=[1.5], high=Float32[2], low=[1], close=[1.25]), values(changes)); file=true); take!(io))
        ask(bytes) = try s = read_ipc(bytes; timeframe="M1", price_type="bid"); (s.timestamp[1], s.low[1]) catch e; (e.code, e.message) end
        M = Arrow.Meta
        println(ask(file([T{M.SECOND,nothing}(1_700_000_000)])), ask(file([T{M.MILLISECOND,:UTC}(1_700_000_000_000)])), ask(file(Union{Missing,T{M.NANOSECOND,nothing}}[T{M.NANOSECOND,nothing}(1_700_000_000_000_000_000)])))
        println(ask(file([Arrow.Date{0,Int32}(19_000)])), ask(file([Arrow.Date{1,Int64}(86_400_000)])), ask(file([1_700_000_000_000_000])))
        println(ask(file([T{M.NANOSECOND,nothing}(1)])))
        println(ask(file([T{M.SECOND,nothing}(1)]; open=Arrow.DictEncoded([1.0]))))
        println(ask(file([T{M.SECOND,nothing}(1)]; close=["x"])))
        println(ask(Vector{UInt8}("ARROW1\\0\\0 no such file"))[1])
        """)
    expected = """
        (true, true, true, 7.0, "S", "M5", "ask")
        true T
        (1700000000000000, 1.0)(1700000000000000, 1.0)(1700000000000000, 1.0)
        (1641600000000000, 1.0)(86400000000, 1.0)(1700000000000000, 1.0)
        (1009, "row 1: time 1 ns is finer than a microsecond")
        (1005, "column open is dictionary, not a float64, float32 or integer")
        (1005, "column close is string, not a float64, float32 or integer")
        3004
        """
    code == 0 && out == expected || println(stderr, out, err)
    @test (code, out) == (0, expected)
end
