# Which backend answers, as seen from outside: child processes with an environment, a working directory and
# a library of their own. The library is mapped into a process exactly when the choice says so.

# A child that makes a series and asks it once, then prints its backend and whether the library is mapped.
const PROBE = """
using OmegaJulia
outcome = try
    series = CandleSeries([0, 60_000_000], [1.0, 2.0], [1.0, 2.0], [1.0, 2.0], [1.0, 2.0]; symbol="P", timeframe="M1")
    slicer = SymbolDataSlicer(series)
    get_lookback(slicer, 60_000_000, 2).close == [1.0, 2.0] || error("wrong answer")
    slicer.backend
catch error
    error isa OmegaError || rethrow()
    string("error ", error.code, " ", error.message)
end
mapped = isfile("/proc/self/maps") ? occursin("omega_slicer", read("/proc/self/maps", String)) : "unknown"
println("outcome=", outcome)
println("mapped=", mapped)
println("source=", status().slicer.source)
println("status=", status().slicer.backend)
println("counts=", values(status().slicer.counts.get_lookback))
"""

# The probe's answers by name, and what it wrote to stderr.
function probe(environment...; code=PROBE, folder=mktempdir())
    exit_code, out, err = child(code; environment=collect(Pair{String,String}, environment), folder=folder)
    exit_code == 0 || error("the child failed:\n", out, err)
    answers = Dict{String,String}()
    name = ""
    for line in split(rstrip(out), '\n')
        found = match(r"^(outcome|mapped|source|status|counts)=(.*)$", line)
        found === nothing ? (isempty(name) || (answers[name] *= "\n" * line)) : (name = found[1]; answers[name] = found[2])
    end
    return answers, err
end

const CAN_SEE_MAPS = isfile("/proc/self/maps")
mapped_is(answers, expected) = !CAN_SEE_MAPS || answers["mapped"] == string(expected)
CAN_SEE_MAPS || println("skipped: whether the library is mapped (no /proc/self/maps here)")

# A folder whose library cannot be had, so that auto and native see none.
const NO_SUCH_LIBRARY = "OMEGA_LIBRARY" => "/nonexistent/libomega_slicer.so"

@testset "under julia the library is never loaded, whatever asked for julia" begin
    for word in ("false", "0", "no", "off", "OFF", "No")
        answers, err = probe("OMEGA_USE_RUST_SLICER" => word)
        @test answers["outcome"] == "julia" && mapped_is(answers, false) && answers["counts"] == "(0, 0, 1)" && err == ""
    end
    answers, _ = probe("USE_RUST_SLICER" => "no")
    @test answers["outcome"] == "julia" && answers["source"] == "USE_RUST_SLICER" && mapped_is(answers, false)
    answers, _ = probe(; code=replace(PROBE, "using OmegaJulia\n" => "using OmegaJulia; set_backend(\"slicer\", \"julia\")\n"))
    @test answers["outcome"] == "julia" && answers["source"] == "set_backend" && mapped_is(answers, false)
    argument = replace(PROBE, "timeframe=\"M1\")" => "timeframe=\"M1\", backend=\"julia\")")
    before_status = string(argument, "\n")
    answers, _ = probe(; code=before_status)
    @test answers["outcome"] == "julia" && mapped_is(answers, false)
end

if "native" in BACKENDS
    @testset "under native every word loads the library and it answers" begin
        for word in ("true", "1", "yes", "on", "YES")
            answers, err = probe("OMEGA_USE_RUST_SLICER" => word)
            @test answers["outcome"] == "native" && mapped_is(answers, true) && answers["counts"] == "(1, 0, 0)" && err == ""
            @test answers["source"] == "OMEGA_USE_RUST_SLICER" && answers["status"] == "native"
        end
        answers, _ = probe()
        @test answers["outcome"] == "native" && answers["source"] == "default" && mapped_is(answers, true)
        answers, _ = probe("USE_RUST_SLICER" => "auto")
        @test answers["outcome"] == "native" && answers["source"] == "USE_RUST_SLICER"
        answers, _ = probe("USE_RUST_SLICER" => "0"; code=replace(PROBE, "using OmegaJulia\n" => "using OmegaJulia; set_backend(\"slicer\", \"native\")\n"))
        @test answers["outcome"] == "native" && answers["source"] == "set_backend"
        answers, _ = probe("USE_RUST_SLICER" => "0"; code=replace(PROBE, "timeframe=\"M1\")" => "timeframe=\"M1\", backend=\"native\")"))
        @test answers["outcome"] == "native" && answers["status"] == "julia" # the argument wins for its object alone
    end

    @testset "status tells what is loaded and from where" begin
        library = status().library
        @test library.loaded && isfile(library.path) && occursin(r"^[0-9a-f]{16}$", library.build_id)
        @test library.version == "0.1.0" && library.abi == "1.4"
    end
end

@testset "the environment's errors name the variable and the words" begin
    answers, _ = probe("USE_RUST_SLICER" => "maybe")
    @test startswith(answers["outcome"], "error 1001") && mapped_is(answers, false) && answers["status"] == "none"
    @test all(word -> occursin(word, answers["outcome"]), ("USE_RUST_SLICER", "maybe", "true", "off", "auto"))
    answers, _ = probe("OMEGA_USE_RUST_SLICER" => "")
    @test startswith(answers["outcome"], "error 1001") && occursin("OMEGA_USE_RUST_SLICER", answers["outcome"])
    answers, _ = probe("OMEGA_USE_RUST_SLICER" => "1", "USE_RUST_SLICER" => "off")
    @test startswith(answers["outcome"], "error 1001") && occursin("disagree", answers["outcome"])
    @test occursin("OMEGA_USE_RUST_SLICER", answers["outcome"]) && occursin("\"off\"", answers["outcome"])
    answers, _ = probe("OMEGA_USE_RUST_SLICER" => "0", "USE_RUST_SLICER" => "false")
    @test answers["outcome"] == "julia" # two spellings that agree are fine
end

@testset "omega.toml counts where nothing stronger speaks" begin
    function with_file(text, environment...; name="omega.toml")
        folder = mktempdir()
        write(joinpath(folder, name), text)
        return probe(environment...; folder=folder)
    end
    for text in ("slicer = \"julia\"\n", "# why\n\n  slicer=\"python\"  # the other language's word\r\n", "slicer = \"fallback\"")
        answers, _ = with_file(text)
        @test answers["outcome"] == "julia" && endswith(answers["source"], "omega.toml") && mapped_is(answers, false)
    end
    if "native" in BACKENDS
        answers, _ = with_file("slicer = \"native\"\n")
        @test answers["outcome"] == "native" && endswith(answers["source"], "omega.toml")
        answers, _ = with_file("slicer = \"julia\"\n", "USE_RUST_SLICER" => "on")
        @test answers["outcome"] == "native"
    end
    elsewhere = joinpath(mktempdir(), "choice.toml")
    write(elsewhere, "slicer = \"julia\"\n")
    answers, _ = with_file("slicer = \"native\"\n", "OMEGA_CONFIG" => elsewhere)
    @test answers["outcome"] == "julia" && answers["source"] == elsewhere
    for (text, fragments) in (
        "slicer = \"rust\"\n" => ("line 1", "rust", "native"),
        "\nresampler = \"native\"\n" => ("line 2", "resampler", "slicer, kernels"),
        "slicer = native\n" => ("line 1", "slicer = native"),
        "[slicer]\n" => ("line 1", "[slicer]"),
        "slicer = \"julia\"\nslicer = \"julia\"\n" => ("line 2", "twice"),
        "slicer = \"julia\" oops\n" => ("line 1", "oops"),
    )
        answers, _ = with_file(text)
        @test startswith(answers["outcome"], r"error 100[19]") && occursin("omega.toml", answers["outcome"])
        @test all(fragment -> occursin(fragment, answers["outcome"]), fragments)
    end
    answers, _ = probe("OMEGA_CONFIG" => "/nonexistent/omega.toml")
    @test startswith(answers["outcome"], "error 3001") && occursin("/nonexistent/omega.toml", answers["outcome"])
    folder = mktempdir()
    mkdir(joinpath(folder, "omega.toml"))
    answers, _ = probe(; folder=folder)
    @test startswith(answers["outcome"], "error 3000") && occursin("omega.toml", answers["outcome"])
    answers, _ = probe("OMEGA_CONFIG" => folder)
    @test startswith(answers["outcome"], "error 3000") && occursin(folder, answers["outcome"])
    locked = joinpath(mktempdir(), "omega.toml")
    write(locked, "slicer = \"julia\"\n")
    chmod(locked, 0o000)
    if success(`test -r $locked`)
        println("skipped: 3002 for an unreadable omega.toml (this user may read everything)")
    else
        answers, _ = probe("OMEGA_CONFIG" => locked)
        @test startswith(answers["outcome"], "error 3002") && occursin(locked, answers["outcome"])
    end
    for (errno, code) in (Libc.ENOENT => 3001, Libc.EACCES => 3002, Libc.EPERM => 3002, Libc.EIO => 3000)
        @test_error code ["a/file", "os error $errno"] OmegaJulia.fail_system("a/file", SystemError("a/file", errno))
        @test_error code ["a/file", "os error $errno"] OmegaJulia.fail_system("a/file", Base.IOError("", -errno))
    end
end

# Julia's Preferences, as its extension sees them: a stand-in that answers `word`.
function with_preferences(word, environment...; folder=mktempdir(), code=PROBE)
    packages = mktempdir()
    write(joinpath(packages, "Preferences.jl"), """
        module Preferences
        load_preference(m::Module, key::String, default=nothing) =
            m === Base.root_module(Base.PkgId(Base.UUID("4705bbc6-1908-47c9-87ae-538c1dba5984"), "OmegaJulia")) && key == "slicer" ? $word : default
        end
        """)
    extension = joinpath(PACKAGE, "ext", "OmegaPreferencesExt.jl")
    loading = "push!(LOAD_PATH, $(repr(packages))); using OmegaJulia; include($(repr(extension)))\n"
    return probe(environment...; folder=folder, code=loading * code)
end

@testset "a preference counts between omega.toml and auto" begin
    answers, _ = with_preferences(repr("julia"))
    @test answers["outcome"] == "julia" && answers["source"] == "Preferences" && mapped_is(answers, false)
    answers, _ = with_preferences("nothing")
    @test answers["source"] == "default"
    answers, _ = with_preferences(repr("native"), NO_SUCH_LIBRARY)
    @test startswith(answers["outcome"], "error 6005") && occursin("Preferences", answers["outcome"])
    folder = mktempdir()
    write(joinpath(folder, "omega.toml"), "slicer = \"julia\"\n")
    answers, _ = with_preferences(repr("native"); folder=folder)
    @test answers["outcome"] == "julia" && endswith(answers["source"], "omega.toml")
    answers, _ = with_preferences(repr("native"), "USE_RUST_SLICER" => "0")
    @test answers["outcome"] == "julia" && answers["source"] == "USE_RUST_SLICER"
    answers, _ = with_preferences(repr("rust"))
    @test startswith(answers["outcome"], "error 1001") && occursin("preference slicer", answers["outcome"])
    answers, _ = with_preferences("true")
    @test startswith(answers["outcome"], "error 1004") && occursin("preference slicer", answers["outcome"])
    # The hook alone, filled by hand.
    OmegaJulia.PREFERENCE[] = name -> name == "slicer" ? "fallback" : nothing
    try
        @test OmegaJulia.preference_choice("slicer") === :julia
    finally
        OmegaJulia.PREFERENCE[] = nothing
    end
    @test OmegaJulia.preference_choice("slicer") === nothing
end

@testset "Project.toml is read without a word by this Julia's package manager" begin
    code = "import Pkg; Pkg.Types.read_project($(repr(joinpath(PACKAGE, "Project.toml")))); using OmegaJulia; println(\"fine\")"
    @test child(code) == (0, "fine\n", "")
end

@testset "the library is looked for where Cargo builds it" begin
    look = """
    using OmegaJulia
    foreach(place -> println(place[2]), OmegaJulia.library_places(""))
    """
    file = OmegaJulia.LIBRARY_FILE
    elsewhere = mktempdir()
    for (folder, expected) in ("" => joinpath(ROOT, "target"),
        elsewhere => elsewhere, "some/where" => joinpath(ROOT, "some", "where"))
        _, out, _ = child(look; environment=Pair{String,String}["CARGO_TARGET_DIR" => folder])
        @test split(out) == [joinpath(expected, "release", file), OmegaJulia.SYSTEM_SONAME]
    end
end

@testset "the kernels have a choice of their own" begin
    kernels = """
    using OmegaJulia
    outcome = try
        rolling_mean([1.0, 3.0], 2)[2] == 2.0 || error("wrong answer")
        "fine"
    catch error
        string("error ", error.code, " ", error.message)
    end
    # Before status(), which looks for the library on behalf of the slicer.
    mapped = isfile("/proc/self/maps") && occursin("omega_slicer", read("/proc/self/maps", String))
    outcome == "fine" && (outcome = status().kernels.counts.rolling_mean.native == 1 ? "native" : "julia")
    println("outcome=", outcome, "\\nsource=", status().kernels.source, "\\nmapped=", mapped)
    """
    if CAN_SEE_MAPS
        for setting in ("USE_RUST_KERNELS" => "0", "OMEGA_USE_RUST_KERNELS" => "off")
            answers, _ = probe(setting; code=kernels)
            @test answers["outcome"] == "julia" && answers["source"] == first(setting) && answers["mapped"] == "false"
        end
        answers, _ = probe(NO_SUCH_LIBRARY, "USE_RUST_SLICER" => "0", "USE_RUST_KERNELS" => "1"; code=kernels)
        @test startswith(answers["outcome"], "error 6005")
        answers, _ = probe("USE_RUST_KERNELS" => "maybe"; code=kernels)
        @test startswith(answers["outcome"], "error 1001") && occursin("USE_RUST_KERNELS", answers["outcome"])
        folder = mktempdir()
        write(joinpath(folder, "omega.toml"), "kernels = \"julia\"\nslicer = \"auto\"\n")
        answers, _ = probe(; code=kernels, folder=folder)
        @test answers["outcome"] == "julia" && endswith(answers["source"], "omega.toml") && answers["mapped"] == "false"
        if "native" in BACKENDS
            answers, _ = probe("USE_RUST_KERNELS" => "yes", "USE_RUST_SLICER" => "no"; code=kernels)
            @test answers["outcome"] == "native" && answers["mapped"] == "true"
        end
    end
end

@testset "auto without a library answers in Julia and says so once" begin
    twice = string(PROBE, "CandleSeries([0], [1.0], [1.0], [1.0], [1.0]; symbol=\"\", timeframe=\"M1\")\n")
    answers, err = probe(NO_SUCH_LIBRARY; code=twice)
    @test answers["outcome"] == "julia" && answers["status"] == "julia" && mapped_is(answers, false)
    @test length(collect(eachmatch(r"answers in Julia", err))) == 1
    @test occursin("/nonexistent/libomega_slicer.so", err) && occursin("no such file", err)
end

@testset "native without a library is an error that lists each place and why" begin
    answers, err = probe(NO_SUCH_LIBRARY, "USE_RUST_SLICER" => "1")
    @test startswith(answers["outcome"], "error 6005") && answers["status"] == "none" && err == ""
    @test occursin("OMEGA_LIBRARY /nonexistent/libomega_slicer.so: no such file", answers["outcome"])
    @test_error 6005 [] OmegaJulia.fail_no_library(OmegaJulia.Choice(:native, "test"))
    junk = joinpath(mktempdir(), "libomega_slicer.so")
    write(junk, "not a library")
    answers, _ = probe("OMEGA_LIBRARY" => junk, "USE_RUST_SLICER" => "1", "OMEGA_VAR_DIR" => mktempdir())
    @test startswith(answers["outcome"], "error 5000") && occursin(junk, answers["outcome"]) && occursin("library_damaged", answers["outcome"])
    set = "using OmegaJulia\ntry; set_backend(\"slicer\", \"native\"); catch e; println(\"outcome=\", e.code); end\nprintln(\"source=\", status().slicer.source)"
    answers, _ = probe(NO_SUCH_LIBRARY; code=set)
    @test answers["outcome"] == "6005" && answers["source"] == "default"
end

@testset "every place is looked at in its order" begin
    places = OmegaJulia.library_places("")
    @test startswith(places[end][1], "system loader ") && places[end][2] == "libomega_slicer.so.0"
    @test length(places) == 2 && startswith(places[1][1], "checkout ") && basename(places[1][2]) == OmegaJulia.LIBRARY_FILE
    @test [p[2] for p in OmegaJulia.library_places("/x/lib.so")] == ["/x/lib.so"]
end

# A C library with our names and the version or layout it is told to report.
function impostor(abi, layout)
    Sys.which("cc") === nothing && return nothing
    folder = mktempdir()
    names = [Symbol(:omega_, name) for name in OmegaJulia.FUNCTION_FIELDS]
    source = string("#include <stdint.h>\nuint32_t omega_abi_version(void) { return ", abi, "u; }\n",
        "static const uint32_t layout[] = {", join(layout, ","), "};\nconst uint32_t *omega_abi_layout(void) { return layout; }\n",
        "const char *omega_library_version(void) { return \"9\"; }\nconst char *omega_build_id(void) { return \"0\"; }\n",
        (string("int ", name, "(void) { __builtin_trap(); }\n") for name in names)...)
    write(joinpath(folder, "fake.c"), source)
    path = joinpath(folder, "libomega_slicer.so")
    run(`cc -shared -fPIC -o $path $(joinpath(folder, "fake.c"))`)
    return path
end

@testset "a library of another version or layout is never called" begin
    right = [number for (_, number) in OmegaJulia.expected_layout()]
    shifted = copy(right)
    shifted[3] += 8
    for (abi, layout, why) in ((0x00020000, right, "ABI version 2.0"), (0x00010000, right, "ABI version 1.0"), (0x00010004, shifted, "columns_timestamp is 8, expected 0"))
        path = impostor(abi, layout)
        if path === nothing
            println("skipped: libraries that do not fit (no C compiler here)")
            break
        end
        state = "OMEGA_VAR_DIR" => mktempdir()
        answers, err = probe("OMEGA_LIBRARY" => path, state)
        @test answers["outcome"] == "julia" && occursin(why, err)
        answers, _ = probe("OMEGA_LIBRARY" => path, "USE_RUST_SLICER" => "1", state)
        @test startswith(answers["outcome"], "error 5004") && occursin(why, answers["outcome"])
    end
end

@testset "loading the package loads no library, and takes less time than two starts of Julia" begin
    # The end of a child that does nothing tells what starting takes here and now; the least of three turns leaves out
    # what else the machine was doing.
    code = """
    using Dates, Libdl, Logging
    started = time_ns(); using OmegaJulia; took = (time_ns() - started) / 1e9
    println("outcome=", took)
    println("mapped=", isfile("/proc/self/maps") && occursin("omega_slicer", read("/proc/self/maps", String)))
    """
    probe(; code=code) # compiles, if need be
    loading = starting = Inf
    for _ in 1:3
        starting = min(starting, @elapsed child(""))
        answers, _ = probe(; code=code)
        @test mapped_is(answers, false)
        loading = min(loading, parse(Float64, answers["outcome"]))
    end
    println("loading OmegaJulia took ", round(loading / starting; digits=2), " of what starting Julia took")
    @test loading < 2starting
end

for backend in BACKENDS
    @testset "every call is counted where it was answered ($backend)" begin
        path = tempname()
        write(path, "time,open,high,low,close\n2024-01-02,1,1,1,1\n")
        reset_counts()
        series = minute_series(0:9; backend=backend)
        slicer = SymbolDataSlicer(series)
        read_csv(path; symbol="", timeframe="D1", backend=backend)
        foreach(_ -> get_lookback(slicer, MINUTE_US, 1), 1:7)
        foreach(_ -> get_slice(slicer, 0, MINUTE_US), 1:3)
        foreach(_ -> get_candle_at(slicer, 0), 1:4)
        foreach(_ -> get_candle_asof(slicer, 0), 1:5)
        get_lookbacks(slicer, [0, MINUTE_US], 1)
        get_candles_at(slicer, [0]), get_candles_asof(slicer, [0]), gather_lookback(slicer, [0], 1), quality(series)
        counts = status().slicer.counts
        expected = (CandleSeries=1, read_csv=1, get_slice=3, get_candle_at=4, get_candle_asof=5, get_lookback=7,
            get_lookbacks=1, get_candles_at=1, get_candles_asof=1, gather_lookback=1, quality=1)
        for name in keys(expected)
            path_counts = getfield(counts, name)
            @test path_counts == (native=backend == "native" ? expected[name] : 0, shared=0, fallback=backend == "julia" ? expected[name] : 0)
        end
        reset_counts()
        @test all(c -> sum(c) == 0, status().slicer.counts)
    end
end

if "native" in BACKENDS
    @testset "a slicer may answer with another backend than its series has" begin
        for (a, b) in (("julia", "native"), ("native", "julia"))
            series = minute_series(0:9; backend=a)
            slicer = SymbolDataSlicer(series; backend=b)
            @test series.backend == a && slicer.backend == b && get_lookback(slicer, 9MINUTE_US, 10).rows == 1:10
        end
    end
end
