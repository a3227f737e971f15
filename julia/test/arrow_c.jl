# The Arrow C Data Interface: what is exported means what it says and lives as long as anybody looks, what is imported
# is shared where it fits and refused where it lies, and every release is called exactly once.

include("arrow_support.jl")

children_of(place) = [unsafe_load(unsafe_load(place[].children, i)) for i in 1:place[].n_children]
address(vector) = UInt(pointer(vector))

for backend in BACKENDS
    @testset "what is exported is the registered schema and shares the prices ($backend)" begin
        series = minute_series(0:9; backend=backend, price_type="ask")
        array, schema = export_arrow(series[3:8])
        @test unsafe_string(schema[].format) == "+s" && schema[].n_children == 6 && schema[].flags == 0
        fields = [(unsafe_string(f.name), unsafe_string(f.format), f.flags) for f in children_of(schema)]
        @test fields == [("timestamp", "tsu:UTC", 0), (("open", "high", "low", "close") .|> n -> (n, "g", 0))..., ("volume", "g", 2)]
        @test OmegaJulia.read_metadata(schema[].metadata) == Dict("schema_name" => "symbol_slice", "schema_version" => "1.0.0",
            "symbol" => "TEST", "timeframe" => "M1", "price_type" => "ask")
        @test (array[].length, array[].null_count, array[].n_buffers) == (6, 0, 1)
        for (child, name) in zip(children_of(array), OmegaJulia.COLUMN_NAMES)
            data = unsafe_load(child.buffers, 2) + 8 * child.offset
            @test UInt(data) == address(getfield(series, name)) + 16 && child.length == 6 && child.null_count == 0
        end
        @test import_arrow(array, schema; strict=true, backend=backend).price_type == "ask"
    end

    @testset "what goes out comes back to the bit, nulls too ($backend)" begin
        random = MersenneTwister(41)
        for rows in (0, 1, 7, 8, 9, 63, 64, 65, 200), kind in (:full, :holes, :none), stream in (false, true)
            stamps = FOREIGN_START .+ cumsum(rand(random, 1:10^9, rows))
            prices = [randn(random, rows) for _ in 1:4]
            volume = kind === :none ? nothing : [kind === :holes && rand(random) < 0.4 ? NaN : rand(random) for _ in 1:rows]
            series = CandleSeries(stamps, prices..., volume; symbol="ΔΦ", timeframe="90min", backend=backend)
            from, to = rows == 0 ? (1, 0) : extrema(rand(random, 1:rows, 2))
            part = series[from:to]
            back = stream ? import_arrow(export_arrow_stream(part); backend=backend) : import_arrow(export_arrow(part)...; backend=backend)
            @test same_columns(back, part) && (back.symbol, back.timeframe, back.backend) == ("ΔΦ", Timeframe("90min"), backend)
            @test back.has_volume == (length(part) == 0 || series.has_volume && !all(isnan, part.volume))
        end
    end

    @testset "an export keeps its memory until it is released, by whom and where ever ($backend)" begin
        lone() = export_arrow(minute_series(0:999; backend=backend)[101:900])
        exports = [lone() for _ in 1:50]
        for _ in 1:3
            GC.gc()
            fill(NaN, 200_000)
        end
        volumes = [unsafe_load(Ptr{Float64}(unsafe_load(children_of(array)[6].buffers, 2)) + 8 * children_of(array)[6].offset, 800) for (array, _) in exports]
        @test all(==(9000.0), volumes)
        series = [import_arrow(array, schema; backend=backend) for (array, schema) in exports]
        @test all(pair -> pair[1][].release == pair[2][].release == C_NULL, exports)
        GC.gc()
        @test all(s -> s.open[1] == 101.0 && s.volume[800] == 9000.0, series)
    end

    @testset "children moved out outlive their parent ($backend)" begin
        array, schema = export_arrow(minute_series(0:99; backend=backend))
        place = unsafe_load(array[].children, 2)
        moved = Ref(unsafe_load(place))
        unsafe_store!(OmegaJulia.release_field(place), C_NULL)
        release_arrow(array)
        release_arrow(schema)
        for _ in 1:3
            GC.gc()
            fill(NaN, 200_000)
        end
        @test array[].release == C_NULL != moved[].release
        @test unsafe_load(Ptr{Float64}(unsafe_load(moved[].buffers, 2)) + 8 * moved[].offset, 100) == 100.0
        release_arrow(moved)
        release_arrow(moved) # nothing more to release
        @test moved[].release == C_NULL
    end

    # A thread that Julia does not know: what a C++ consumer's destructor runs on.
    @testset "release may come on a foreign thread ($backend)" begin
        function on_foreign_thread(place)
            thread = Ref{UInt}(0)
            GC.@preserve place begin
                started = ccall(:pthread_create, Cint, (Ref{UInt}, Ptr{Cvoid}, Ptr{Cvoid}, Ptr{Cvoid}), thread, C_NULL, place[].release, OmegaJulia.struct_pointer(place))
                started == 0 || error("no thread")
                # Not joined yet: a thread that Julia adopts may have to wait for this one to collect.
                timedwait(() -> place[].release == C_NULL, 60.0)
                ccall(:pthread_join, Cint, (UInt, Ptr{Cvoid}), thread[], C_NULL)
            end
            return place[].release == C_NULL
        end
        for _ in 1:100
            series = minute_series(0:9; backend=backend)
            array, schema = export_arrow(series)
            @test on_foreign_thread(array) && on_foreign_thread(schema) && on_foreign_thread(export_arrow_stream(series))
        end
    end

    @testset "a stream gives its schema whenever asked, its batch once, and its end for ever ($backend)" begin
        stream = export_arrow_stream(minute_series(0:4; backend=backend))
        found, schemas_asked = stream[], [Ref(ArrowSchema()) for _ in 1:3]
        for schema in schemas_asked
            @test ccall(found.get_schema, Cint, (Ref{ArrowArrayStream}, Ref{ArrowSchema}), stream, schema) == 0
        end
        foreach(release_arrow, schemas_asked[1:2])
        batches = [Ref(ArrowArray()) for _ in 1:3]
        @test all(batch -> ccall(found.get_next, Cint, (Ref{ArrowArrayStream}, Ref{ArrowArray}), stream, batch) == 0, batches)
        @test [batch[].release != C_NULL for batch in batches] == [true, false, false]
        release_arrow(stream)
        @test import_arrow(batches[1], schemas_asked[3]; backend=backend).close == minute_series(0:4).close
        again, _ = export_arrow_stream(minute_series(0:4; backend=backend)), nothing
        release_arrow(again) # before anything was taken
        @test again[].release == C_NULL
    end

    @testset "columns of ours are shared at any offset, and released with the last of them ($backend)" begin
        columns = [foreign_column(c.name, c.format, vcat(c.values[1:o], c.values); offset=o) for (c, o) in zip(foreign_candles(9), (0, 1, 3, 8, 2, 5))]
        found = import_foreign(columns, 5; offset=2, backend=backend)
        roots = FOREIGN_ROOTS[found.numbers[1]]
        series = found.series
        @test series.open == 3.0:7.0 && series.timestamp[1] == FOREIGN_START + 2MINUTE_US && series.volume == 7.0:11.0
        @test released(found) == (0, 1) && found.array[].release == found.schema[].release == C_NULL
        for (i, name) in enumerate(OmegaJulia.COLUMN_NAMES)
            @test address(getfield(series, name)) == address(roots[2i-1]) + 8 * (2 + (0, 1, 3, 8, 2, 5)[i])
        end
    end

    @testset "foreign memory is released once, when nobody sees it any more ($backend)" begin
        function lone_column()
            found = import_foreign(foreign_candles(20), 20; backend=backend)
            return found.series.close, found.numbers[1]
        end
        # In a function of its own, whose variables are gone when it returns.
        function held_for_a_while()
            kept = [lone_column() for _ in 1:20]
            foreach(_ -> GC.gc(), 1:4)
            @test all(pair -> RELEASED[pair[2]] == 0 && pair[1] == 4.0:23.0, kept)
            return map(last, kept)
        end
        numbers = held_for_a_while()
        foreach(_ -> GC.gc(), 1:6)
        @test all(n -> RELEASED[n] <= 1, numbers) && count(n -> RELEASED[n] == 1, numbers) >= 19 # the stack may hold one
    end

    @testset "what cannot be shared is converted, and released at once ($backend)" begin
        misaligned = [foreign_column(c.name, c.format, c.values; misaligned=i) for (i, c) in enumerate(foreign_candles(5))]
        found = import_foreign(misaligned, 5; backend=backend)
        @test found.series.close == 4.0:8.0 && found.series.timestamp[5] == FOREIGN_START + 4MINUTE_US
        backend == "julia" && @test released(found) == (1, 1) # the library may take its time
    end

    @testset "bits are read from any bit on ($backend)" begin
        random = MersenneTwister(42)
        for offset in (0, 1, 3, 7, 8, 9, 13), start in (0, 1, 5, 11), rows in (1, 6, 20, 70)
            total = offset + start + rows
            present = rand(random, Bool, total)
            present[offset+start+1] = true
            present[1:offset+start] .= !present[offset+start+1] # reading them would show
            volume = foreign_column("volume", "g", collect(1.0:total); present=present, offset=offset, null_count=rand(random, Bool) ? -1 : count(!, present[offset+1:end]))
            base = foreign_candles(start + rows; volume=volume)
            found = import_foreign(base, rows; offset=start, backend=backend).series
            wanted = [present[offset+start+i] ? Float64(offset + start + i) : NaN for i in 1:rows]
            @test isequal(collect(found.volume), wanted)
            valid = foreign_column("valid", "b", present; offset=offset)
            left = import_foreign([base; valid], rows; offset=start, backend=backend).series
            @test left.close == [3.0 + start + i for i in 1:rows if present[offset+start+i]]
        end
    end

    @testset "several batches are joined, of any length, and all released ($backend)" begin
        columns = foreign_candles(12; volume=foreign_column("volume", "g", collect(1.0:12.0); present=[i % 5 != 0 for i in 1:12], null_count=-1))
        part(range) = [foreign_column(c.name, c.format, c.values[range]; present=c.present === nothing ? nothing : c.present[range]) for c in columns]
        schema, s = foreign_schema(columns)
        arrays = [foreign_array(part(r), length(r)) for r in (1:0, 1:5, 6:6, 7:6, 7:12)]
        stream, t = foreign_stream(schema, map(first, arrays))
        series = import_arrow(stream; timeframe="M1", price_type="bid", backend=backend)
        @test series.close == 4.0:15.0 && isequal(collect(series.volume), [i % 5 == 0 ? NaN : Float64(i) for i in 1:12])
        @test RELEASED[s] == RELEASED[t] == 1 && stream[].release == C_NULL
        backend == "julia" && @test all(pair -> RELEASED[pair[2]] == 1, arrays)
    end

    @testset "a stream's own fault is told in its words, and what it gave is released ($backend)" begin
        columns = foreign_candles(3)
        for (faults, words, code, fragment) in (((5, 0), "the disk is gone", 3000, "the disk is gone"), ((0, 5), nothing, 3000, "get_next"), ((0, 12), "", 6001, "get_next"))
            schema, s = foreign_schema(columns)
            array, a = foreign_array(columns, 3)
            stream, t = foreign_stream(schema, [array]; faults=map(Int32, faults), words=words)
            @test_error code [fragment] import_arrow(stream; timeframe="M1", price_type="bid", backend=backend)
            @test stream[].release != C_NULL && RELEASED[t] == 0 && RELEASED[s] == (faults[1] == 0) && RELEASED[a] == (faults[1] == 0)
            release_arrow(stream)
            @test RELEASED[t] == 1
        end
    end

    @testset "a refused struct is its caller's as before ($backend)" begin
        for (columns, code) in ((foreign_candles(3; open=nothing), 1005), (foreign_candles(3; open=foreign_column("open", "g", [1.0, NaN, 2.0])), 1006))
            found = import_foreign(columns, 3; backend=backend)
            @test error_mismatch(found.series, code, ["open"]) === nothing
            GC.gc()
            @test released(found) == (0, 0) && found.array[].release != C_NULL != found.schema[].release
            release_arrow(found.array)
            release_arrow(found.schema)
            @test released(found) == (1, 1)
        end
    end

    @testset "structs no producer makes are refused, batch and column named ($backend)" begin
        function hostile(change_array=identity, change_schema=identity; child=0, columns=foreign_candles(3), rows=3, code=3004, fragments=[])
            schema, s = foreign_schema(columns)
            array, a = foreign_array(columns, rows)
            at(place, T) = child == 0 ? OmegaJulia.struct_pointer(place) : unsafe_load(place[].children, child)
            GC.@preserve schema array begin
                unsafe_store!(at(array, ArrowArray), change_array(unsafe_load(at(array, ArrowArray))))
                unsafe_store!(at(schema, ArrowSchema), change_schema(unsafe_load(at(schema, ArrowSchema))))
            end
            found = thrown(() -> import_arrow(array, schema; timeframe="M1", price_type="bid", backend=backend))
            why = error_mismatch(found, code, fragments)
            why === nothing || println(stderr, backend, ": ", why)
            return why === nothing && RELEASED[a] == RELEASED[s] == 0
        end
        with(x::T; changes...) where {T} = T((get(changes, name, getfield(x, name)) for name in fieldnames(T))...)
        change(; changes...) = x -> with(x; changes...)
        @test hostile(change(release=C_NULL); code=1007) && hostile(identity, change(release=C_NULL); code=1007)
        @test hostile(change(release=C_NULL); child=3, code=1007, fragments=["high"]) && hostile(identity, change(release=C_NULL); child=3, code=1007, fragments=["column 2"])
        @test hostile(identity, change(format=Ptr{UInt8}(C_NULL))) && hostile(identity, change(format=Ptr{UInt8}(C_NULL)); child=2)
        @test hostile(identity, change(n_children=-1)) && hostile(identity, change(n_children=typemax(Int64)); code=6004)
        @test hostile(identity, change(children=Ptr{Ptr{ArrowSchema}}(C_NULL))) && hostile(identity, change(children=Ptr{Ptr{ArrowSchema}}(1)))
        @test hostile(identity, change(n_children=5)) && hostile(change(n_children=7)) && hostile(change(n_children=-6))
        @test hostile(change(children=Ptr{Ptr{ArrowArray}}(C_NULL)))
        @test hostile(change(length=-1); fragments=["length -1"]) && hostile(change(length=4); fragments=["timestamp"])
        @test hostile(change(offset=-1)) && hostile(change(offset=1)) && hostile(change(offset=typemax(Int64)); fragments=["overflow"])
        @test hostile(change(n_buffers=0)) && hostile(change(n_buffers=3)) && hostile(change(buffers=Ptr{Ptr{Cvoid}}(C_NULL)))
        @test hostile(change(null_count=-2)) && hostile(change(null_count=1); fragments=["without a validity bitmap"])
        for child in 1:6
            name = string(OmegaJulia.COLUMN_NAMES[child])
            @test hostile(change(length=2); child=child, fragments=["batch 0", name]) && hostile(change(offset=typemax(Int64)); child=child, fragments=[name])
            @test hostile(change(offset=typemax(Int64) - 3); child=child, fragments=[name]) && hostile(change(n_buffers=1); child=child, fragments=[name])
            @test hostile(change(null_count=1); child=child, fragments=[name]) && hostile(change(buffers=Ptr{Ptr{Cvoid}}(4)); child=child, fragments=[name])
            @test hostile(a -> (unsafe_store!(a.buffers, C_NULL, 2); a); child=child, fragments=[name, "without a buffer"])
        end
        close_nulls(claimed) = foreign_candles(3; close=foreign_column("close", "g", [1.0, 2, 3]; present=[true, false, true], null_count=claimed))
        @test hostile(columns=close_nulls(0), fragments=["0 nulls announced, 1 found", "close"]) && hostile(columns=close_nulls(3)) && hostile(columns=close_nulls(4))
        @test import_foreign(close_nulls(0), 3; backend=backend, check="order").series.close == [1.0, 2.0, 3.0]
        @test_error 1007 [] import_arrow(Ref(ArrowArray()), Ref(ArrowSchema()); backend=backend)
        @test_error 1007 [] import_arrow(Ref(ArrowArrayStream()); backend=backend)
        @test_error 1002 [] import_arrow(Ptr{ArrowArray}(C_NULL), Ref(ArrowSchema()); backend=backend)
        @test_error 1002 [] import_arrow(Ptr{ArrowArrayStream}(C_NULL); backend=backend)
        @test_error 1004 ["Ref"] import_arrow(1, 2; backend=backend)
        @test_error 1004 ["Int64"] import_arrow([1])
    end

    @testset "a struct that is null as a whole is refused with its row ($backend)" begin
        present = [true, true, false, true, true]
        found = import_foreign(foreign_candles(5), 3; offset=2, present=present, backend=backend)
        @test error_mismatch(found.series, 1006, ["row 1 is null as a whole"]) === nothing
        fine = import_foreign(foreign_candles(5), 2; offset=3, present=present, backend=backend)
        @test fine.series.close == [7.0, 8.0]
        lying = import_foreign(foreign_candles(5), 3; offset=2, present=present, null_count=0, backend=backend)
        @test error_mismatch(lying.series, 3004, ["batch 0"]) === nothing
    end

    @testset "schemas that are not ours are refused, strict ones to the letter ($backend)" begin
        for (format, text) in (("g", "float64"), ("u", ""), ("+l", "list"))
            schema, _ = foreign_schema([]; format=format)
            array, _ = foreign_array([], 0)
            @test_error 1005 ["not a struct", text] import_arrow(array, schema; backend=backend)
        end
        metadata = ["schema_name" => "symbol_slice", "schema_version" => "2.0.0", "symbol" => "X", "timeframe" => "H1", "price_type" => "ask"]
        @test error_mismatch(import_foreign(foreign_candles(2), 2; metadata=metadata, backend=backend).series, 1005, ["2.0.0"]) === nothing
        metadata[2] = "schema_version" => "1.0.0"
        @test import_foreign(foreign_candles(2), 2; metadata=metadata, backend=backend).series.symbol == "X"
        @test error_mismatch(import_foreign(foreign_candles(2), 2; metadata=metadata, strict=true, backend=backend).series, 1005, ["column 0", "nullable"]) === nothing
        bad = import_foreign(foreign_candles(2), 2; metadata=["symbol" => String(UInt8[0xff])], backend=backend)
        @test error_mismatch(bad.series, 3004, ["symbol", "UTF-8"]) === nothing
        @test length(import_foreign(foreign_candles(2), 2; metadata=["pandas" => String(UInt8[0xff])], backend=backend).series) == 2
    end
end

@testset "Julia and the library give the same series, or the same refusal" begin
    random = MersenneTwister(43)
    outcomes = Dict{Any,Int}()
    if "native" in BACKENDS
        for _ in 1:3000
            columns, rows, options = random_foreign(random)
            found = [import_foreign(columns, rows...; backend=b, options...).series for b in ("julia", "native")]
            same = agree_exactly(found...)
            same || println(stderr, "differs:\n  ", found[1], "\n  ", found[2])
            @test same
            key = found[1] isa OmegaError ? found[1].code : found[1].has_volume
            outcomes[key] = get(outcomes, key, 0) + 1
        end
        @test all(key -> get(outcomes, key, 0) > 20, (true, false, 1004, 1005, 1006, 1009, 3004)) # teeth on every side
    end
end
