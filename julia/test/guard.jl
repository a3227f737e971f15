# The parts of the guard by themselves: flat JSON, files that are never torn, records against their schema, counting, the choice.
# What needs a library that fails is in guard_faults.jl, shadow mode in guard_shadow.jl.

const O = OmegaJulia

# A state folder for a block, and the old one again.
function with_state(f, folder=mktempdir())
    before = ENV["OMEGA_VAR_DIR"]
    ENV["OMEGA_VAR_DIR"] = folder
    try
        return f(folder)
    finally
        ENV["OMEGA_VAR_DIR"] = before
    end
end

new_record(mod="kernels"; message="why", build="b1d") = O.new_incident(mod, "panic", O.Subject(build, "0.1.0", "/lib.so", "0"^64);
    started=time(), switched=time(), code=5005, message=message, call="mean", has_arguments=true, by="the call")

@testset "flat JSON comes back as it went, whatever is in its texts" begin
    values = O.Flat(["a" => "quote \" backslash \\ line\nend\ttab \x01 \u2028 é 𝔘", "b" => 3, "c" => -0.25, "d" => true, "e" => nothing, "f" => 1e-7])
    @test O.parse_flat(O.flat_json(values)) == values
    @test O.parse_flat("{}") == O.Flat()
    @test O.parse_flat(" {\"a\" : \"\\ud835\\udd18\\u00e9\\/\" }\n") == O.Flat(["a" => "𝔘é/"])
    for text in ("", "{", "[1]", "{\"a\": }", "{\"a\": 1,}", "{\"a\" 1}", "{\"a\": {\"b\": 1}}", "{\"a\": [1]}", "{ cut", "{\"a\": 01}",
        "{\"a\": \"x\"\"b\": 2}", "null", "{\"a\": \"\\q\"}", "{\"a\": 1} x")
        @test_throws ArgumentError O.parse_flat(text)
    end
    @test O.parse_list("[\"a\", null, 3, \"]\"]") == ["a", nothing, 3, "]"]
end

only_one(list) = (@test length(list) == 1; list[1])

@testset "what is written is a valid record, and is read as what was written" begin
    with_state() do folder
        made = O.recorded(new_record(; message="a \"quoted\" line\nand another"), "# omega-arguments/1\ncall\tmean\n")
        @test isempty(made.unrecorded)
        record = O.parse_flat(read(O.incident_path(made), String))
        @test isempty(O.record_problems(record))
        @test first.(record)[1:4] == ["schema", "rollback_id", "module", "trigger"]
        @test repr(only_one(O.every_incident())) == repr(made) && O.every_incident()[1].error_message == made.error_message
        line = O.parse_flat(strip(read(joinpath(folder, "logs", "incidents.jsonl"), String)))
        @test O.flat_get(line, "event") == "opened" && O.flat_get(line, "rollback_id") == made.rollback_id
        @test filemode(joinpath(folder, "results")) & 0o777 == 0o700
        @test isempty(filter(name -> startswith(name, "."), readdir(joinpath(folder, "results")))) # no temporary file stays
    end
end

@testset "the schema's checker refuses what the schema refuses" begin
    record = O.as_record(new_record())
    with(key, value) = [first(pair) == key ? key => value : pair for pair in record] |> pairs -> O.Flat(pairs)
    @test isempty(O.record_problems(record))
    for (key, value) in ("schema" => "omega-incident/2", "module" => "csv", "trigger" => "bad", "started_at" => "yesterday",
        "duration_seconds" => -1.0, "data_loss" => true, "build_id" => "", "error_code" => "5005", "error_code" => 1.5, "library_sha256" => "xyz",
        "rollback_id" => "RB-1", "language" => "perl 5")
        @test !isempty(O.record_problems(with(key, value)))
    end
    @test !isempty(O.record_problems(record[1:end-1])) && !isempty(O.record_problems(O.Flat([record; "more" => 1])))
    @test isempty(O.record_problems(with("error_code", nothing)))
end

@testset "an incident is about a build and about the very file, whatever that goes by" begin
    with_state() do folder
        made = O.recorded(new_record(), "")
        sha256 = made.library_sha256
        @test !isempty(sha256)
        about(build_id, sha256) = O.open_incident("kernels", O.Subject(build_id, "", "", sha256)) !== nothing
        @test about(made.build_id, "other") && about("other", sha256) && !about("other", "other") && !about("other", "")
    end
end

@testset "a record that cannot be read holds its module back all the same" begin
    with_state() do folder
        made = O.recorded(new_record(), "")
        for text in ("{ cut", "", "[]", replace(read(O.incident_path(made), String), "kernels" => "slicer"), "{\"schema\": \"omega-incident/1\"}")
            write(O.incident_path(made), text)
            found = O.open_incident("kernels", O.Subject("b1d"))
            @test found !== nothing && !isempty(found.corrupt) && found.severity == "CRITICAL"
            @test O.open_incident("slicer", O.Subject("b1d")) === nothing && O.open_incident("kernels", O.Subject("other")) === nothing
        end
        O.close_incident(O.open_incident("kernels", O.Subject("b1d")), "reenable")
        @test isempty(O.every_incident()) && readdir(joinpath(folder, "results")) == [string(made.rollback_id, ".json.corrupt")]
    end
end

@testset "a folder that takes nothing costs the record, and nothing else" begin
    blocked = tempname()
    write(blocked, "a file where the folder should be")
    with_state(blocked) do folder
        made = O.recorded(new_record(), "arguments")
        @test !isempty(made.unrecorded) && isempty(made.arguments_file)
        @test isempty(O.every_incident())
    end
end

@testset "incidents of two processes at once are two records or one, never a torn one" begin
    with_state() do folder
        code = "using OmegaJulia; O = OmegaJulia; for i in 1:20; O.recorded(O.new_incident(\"kernels\", \"panic\", O.Subject(\"b\"); started=time(), switched=time(), by=\"x\"), \"\"); end"
        foreach(fetch, [@async(child(code; environment=["OMEGA_VAR_DIR" => folder])) for _ in 1:2])
        found = O.every_incident()
        @test length(found) == 40 && all(one -> isempty(one.corrupt), found) && length(unique(one.rollback_id for one in found)) == 40
        lines = split(strip(read(joinpath(folder, "logs", "incidents.jsonl"), String)), '\n')
        @test length(lines) == 40 && all(line -> O.flat_get(O.parse_flat(line), "event") == "opened", lines)
    end
end

thrown_damage(library) = try O.checked_file(library); "fine" catch error error isa O.Damaged ? error.build_id : rethrow() end

@testset "a library is what its manifest says, or is never loaded" begin
    with_state() do folder
        library = joinpath(mktempdir(), "lib.so")
        write(library, "some bytes")
        @test O.checked_file(library).build_id == "" && occursin("no manifest", O.checked_file(library).manifest)
        O.write_drill_manifest(library)
        @test O.checked_file(library).build_id == "drilled"
        @test O.checked_file(library).sha256 == split(read(`sha256sum $library`, String))[1]
        write(library, "some bytez")
        @test thrown_damage(library) == "drilled" # the hash that was remembered is not believed of another file
        write(library, "some byte")
        @test thrown_damage(library) == "drilled"
        write(string(library, ".manifest"), "{ cut")
        @test thrown_damage(library) == ""
    end
end

@testset "a module is off after the 11th internal error in 10,000 calls, and after no other" begin
    with_state() do folder
        breaker = O.new_breaker("kernels", (:ema,))
        slot, call = O.operation_slot(:ema), O.OmegaError(4000, "made up")
        counted(n) = foreach(_ -> O.count!(slot, O.NATIVE), 1:n)
        reset_counts()
        for _ in 1:10
            counted(1)
            O.failed!(() -> "", breaker, call, "ema")
        end
        @test !breaker.off && breaker.internal == 10
        counted(10_000)
        for _ in 1:10
            counted(1)
            O.failed!(() -> "", breaker, call, "ema")
        end
        @test !breaker.off # those before were too long ago
        reset_counts() # forgets no call
        counted(1)
        @test_logs (:warn, r"error_rate.*HIGH") O.failed!(() -> "", breaker, call, "ema")
        @test breaker.off && !breaker.plain && breaker.incident.trigger == "error_rate" && breaker.incident.error_code == 4000
        @test_logs O.failed!(() -> "", breaker, O.OmegaError(5005, "more"), "ema") # one warning, one incident
        @test length(O.every_incident()) == 1
    end
end

@testset "errors of the caller are none of the library's" begin
    @test [code for (code, _) in O.ERROR_CODES if O.is_fault(code)] == [4000, 5000, 5004, 5005]
end

@testset "an unknown word is refused before anything changes" begin
    @test_error 1001 ["csv"] verify("csv")
    @test_error 1001 ["csv"] rollback("csv")
    @test_error 1001 ["SEVERE", "CRITICAL"] rollback("kernels"; severity="SEVERE")
    @test_error 1001 ["csv"] reenable("csv")
    @test_error 1001 ["no such", "panic"] drill("no such")
    @test_error 1001 ["1.5"] set_shadow(1.5)
    @test_error 1001 ["-1"] set_shadow(0.5; seed=-1)
    @test_error 1004 ["true"] set_shadow(true)
    @test_error 1007 ["no incident"] reenable("multi_symbol")
    @test all(part -> part.incident === nothing, (status().slicer, status().kernels, status().multi_symbol))
end

@testset "the known answers hold for Julia, and a wrong one is told" begin
    @test isempty(O.wrong_answers(nothing, O.KNOWN_CASES)) && length(O.KNOWN_CASES) > 100
    @test Set(case.mod for case in O.KNOWN_CASES[1:O.CASES_AT_LOAD]) == Set(O.MODULES)
    for case in O.KNOWN_CASES[1:O.CASES_AT_LOAD]
        case.result in ("series",) && continue
        other = replace(case.value, r"[0-9a-f](?=[^0-9a-f]*$)" => digit -> digit == "1" ? "2" : "1")
        wrong = O.KnownCase(case.mod, case.call, case.subject, case.args, case.result, other)
        @test length(O.wrong_answers(nothing, [wrong])) == 1
    end
end

@testset "with all three flags false no native library is mapped, whatever is asked" begin
    everything = """
    using OmegaJulia
    minute = 60_000_000
    series = CandleSeries([0, 1, 2] .* minute, ([1.0, 2.0, 3.0] for _ in 1:5)...; symbol="X", timeframe="M1")
    get_lookback(SymbolDataSlicer(series), 2minute, 2); resample(series, "M5"); rolling_mean([1.0, 2.0], 2); push!(RollingMean(2), 1.0)
    MultiSymbolSlice([series]); status(); println(OmegaJulia.library_is_mapped(), sum(one.native for one in status().slicer.counts))
    """
    off(names...) = [string("USE_RUST_", name) => "false" for name in names]
    @test child(everything; environment=off("SLICER", "KERNELS", "MULTI_SYMBOL"))[2] == "false0\n"
    if "native" in BACKENDS && isfile("/proc/self/maps")
        @test child(everything; environment=off("SLICER", "MULTI_SYMBOL"))[2] == "true0\n" # the kernels' alone
    end
end

if "native" in BACKENDS
    @testset "verify finds nothing wrong with the library, in a child" begin
        report = verify("kernels")
        @test report.ok && report.checks > 400 && report.build_id == status().library.build_id
        @test occursin("fine: ", sprint(show, report))
    end

    @testset "rollback holds in a new process, and for Python's; reenable brings the module back" begin
        with_state() do folder
            state = "OMEGA_VAR_DIR" => folder
            off = "using OmegaJulia; println(rollback(\"kernels\", \"a try\"; severity=\"HIGH\").severity); println(status().kernels.backend)"
            @test child(off; environment=[state]) == (0, "HIGH\njulia\n", "")
            after = "using OmegaJulia; rolling_mean([1.0, 2.0], 2); println(status().kernels.counts.rolling_mean, status().slicer.backend)"
            code, out, err = child(after; environment=[state])
            @test (code, out) == (0, "(native = 0, shared = 0, fallback = 1)native\n") && occursin("a try", read(O.incident_path(O.every_incident()[1]), String))
            @test length(collect(eachmatch(r"Warning", err))) == 1
            forced = "using OmegaJulia; for _ in 1:3; rolling_mean([1.0, 2.0], 2; backend=\"native\"); end; println(status().kernels.counts.rolling_mean.native)"
            code, out, err = child(forced; environment=[state])
            @test (code, out) == (0, "3\n") && length(collect(eachmatch(r"native is demanded", err))) == 1
            back = "using OmegaJulia; println(reenable(\"kernels\").ok); rolling_mean([1.0, 2.0], 2); println(status().kernels.backend)"
            code, out, _ = child(back; environment=[state])
            @test (code, out) == (0, "true\nnative\n")
            @test O.every_incident()[1].state == "closed" && isempty(O.record_problems(O.parse_flat(read(O.incident_path(O.every_incident()[1]), String))))
        end
    end
end
