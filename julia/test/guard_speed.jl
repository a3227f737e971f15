# verify(bench=true): slower than recorded is said, weighed, switched off if asked, and noise is not. No baseline is an error. The
# rule is tested with made-up measurements, the measuring by a library that was slowed down on purpose.

const MADE_UP = O.Numbers(["made/calibration" => 2.0, "made/kernels/mean 20" => 1.0, "made/slicer/get_lookback" => 5.0])

slowed(times, what="made/kernels/mean 20", numbers=MADE_UP) = O.Numbers([name => (name == what ? times * ns : ns) for (name, ns) in numbers])

# A file with these numbers; what it says of itself is this machine's, but for `about`.
function baseline_file(numbers, path=joinpath(mktempdir(), "made.json"); about...)
    told = O.Flat([key => get(about, Symbol(key), value) for (key, value) in O.about_here("b1d", 2000)])
    O.save_baseline(path, told, O.Numbers(numbers))
    return path
end

made_baseline(numbers=MADE_UP; about...) = O.load_baseline(baseline_file(numbers; about...))

# Compared with runs that measure these, one after another; the last one from then on. And how many were made.
function compared_with(runs...; baseline=made_baseline())
    made = Ref(0)
    return O.compare_speed(baseline, _ -> runs[min(made[] += 1, end)]), made[]
end

line_of(speed, name) = only_one(filter(line -> line.name == name, speed.lines))

@testset "as fast as recorded is fine after one run" begin
    speed, runs = compared_with(MADE_UP)
    @test speed.ok && runs == 1 && length(speed.lines) == 2 && isempty(O.speed_failures(speed))
end

@testset "slower in three runs of three is wrong, and named" begin
    speed, runs = compared_with(slowed(1.12))
    line = line_of(speed, "made/kernels/mean 20")
    @test !speed.ok && runs == 3 && line.slower && (line.trigger, line.severity) == ("slower", "MEDIUM")
    @test O.speed_failures(speed) == ["made/kernels/mean 20: slower (MEDIUM), 12 % slower than the baseline in 3 runs of 3"]
    @test !line_of(speed, "made/slicer/get_lookback").slower
    table = join(O.speed_table(speed), '\n')
    @test occursin(r"made/kernels/mean 20 +1\.000 +1\.120 +\+12\.0% +\+12\.0% +\+12\.0%  slower \(MEDIUM\)", table) && occursin("run 3", table)
end

@testset "noise in one run of three, or in two, is none" begin
    for disturbed in ((1,), (2,), (3,), (1, 2), (1, 3), (2, 3))
        speed, _ = compared_with((run in disturbed ? slowed(2.0) : MADE_UP for run in 1:3)...)
        @test speed.ok
    end
    @test compared_with(slowed(2.0), slowed(2.0, "made/slicer/get_lookback"), slowed(2.0))[1].ok # another one in another run
end

@testset "a slower machine is no regression, and a faster one hides none" begin
    times(factor, numbers) = O.Numbers([name => factor * ns for (name, ns) in numbers])
    @test compared_with(times(3.0, MADE_UP))[1].ok && !compared_with(times(0.5, slowed(1.2)))[1].ok
end

@testset "how much slower is told as incidents tell it; up to 10 % is said and fails nothing" begin
    for (times, trigger, severity, ok) in ((1.04, "", "", true), (1.07, "slightly_slower", "LOW", true), (1.099, "slightly_slower", "LOW", true),
        (1.101, "slower", "MEDIUM", false), (1.29, "slower", "MEDIUM", false), (1.31, "much_slower", "HIGH", false))
        speed, _ = compared_with(slowed(times))
        line = line_of(speed, "made/kernels/mean 20")
        @test (line.trigger, line.severity, speed.ok, line.slower) == (trigger, severity, ok, !ok)
        @test occursin(isempty(trigger) ? "  ok" : trigger, join(O.speed_table(speed), '\n')) && isempty(O.speed_failures(speed)) == ok
    end
end

@testset "what was recorded or measured alone is a problem" begin
    for (name, _) in MADE_UP
        less = filter(pair -> first(pair) != name, MADE_UP)
        @test !compared_with(less)[1].ok && !compared_with(MADE_UP; baseline=made_baseline(less))[1].ok
    end
    speed, _ = compared_with([MADE_UP; "made/kernels/new" => 1.0])
    @test speed.problems == ["made/kernels/new: measured, and there is no baseline for it"]
    @test O.compare_speed(made_baseline(), _ -> MADE_UP; wanted=name -> startswith(name, "julia/")).problems[1][1:11] == "no baseline"
end

@testset "no baseline is an error, and so is what is none" begin
    folder = mktempdir()
    @test_error 6005 ["no baseline for", folder] O.load_baseline(folder)
    @test_error 6005 ["no baseline", "no such file"] O.load_baseline(joinpath(folder, "none.json"))
    baseline_file(MADE_UP, joinpath(folder, "other.json"); instructions="quantum")
    @test_error 6005 ["of other instructions"] O.load_baseline(folder)
    path = baseline_file(MADE_UP)
    for (from, to) in (O.BASELINE_SCHEMA => "other/1", "\"rows\"" => "\"lines\"", "1.0" => "0.0", "5.0" => "\"fast\"", "{" => "{ cut")
        spoilt = joinpath(folder, "spoilt.json")
        write(spoilt, replace(read(path, String), from => to))
        @test_error 1009 ["no baseline", "spoilt.json"] O.load_baseline(spoilt)
    end
end

@testset "of two baselines this machine's is taken, else the newest with its instructions" begin
    folder, (machine, _) = mktempdir(), O.processor()
    baseline_file(MADE_UP, joinpath(folder, "a.json"); machine="another", date="2001-01-01")
    baseline_file(slowed(2.0), joinpath(folder, "b.json"); machine="another", date="2002-01-01")
    @test O.load_baseline(folder).numbers == sort(slowed(2.0); by=first)
    baseline_file(slowed(3.0), joinpath(folder, "c.json"); date="2000-01-01")
    found = O.load_baseline(folder)
    @test O.flat_get(found.about, "machine") == machine && found.numbers == sort(slowed(3.0); by=first)
end

@testset "what is recorded are medians of ratios" begin
    # The second run on a machine twice as slow: no ratio sees it. The third is disturbed.
    recorded = O.median_numbers([MADE_UP, O.Numbers([name => 2ns for (name, ns) in MADE_UP]), slowed(9.0)])
    @test O.time_of(recorded, "made/kernels/mean 20") / O.time_of(recorded, "made/calibration") == 0.5
end

@testset "what bench is to do is said with bench" begin
    @test_error 1001 ["bench"] verify("kernels"; baseline="x")
    @test_error 1001 ["bench"] verify("kernels"; rollback=true)
    @test_error 1004 ["bench"] verify("kernels"; bench=1)
end

if isfile(FAULT_LIBRARY)
    @testset "a library slowed down on purpose is seen by what is really measured, and once is noise" begin
        measured(fault) = O.measure_speed(FAULT_LIBRARY, ["kernels", "multi_symbol"]; rows=2000, rounds=3, environment=["OMEGA_FAULT" => fault])
        well, slow = measured("none"), measured("slow")
        # A baseline of the library that is well; generous, for a machine that others use.
        baseline = made_baseline([name => (endswith(name, "/calibration") ? ns : 4ns) for (name, ns) in well])
        speed, runs = compared_with(slow; baseline=baseline)
        line = line_of(speed, "julia/kernels/mean 20 of 100 rows, a call")
        @test runs == 3 && (line.trigger, line.severity, line.slower) == ("much_slower", "HIGH", true)
        @test Set(O.speed_module(line.name) for line in speed.lines) == Set(["kernels", "multi_symbol"])
        @test compared_with(slow, well, slow; baseline=baseline)[1].ok
    end
end

if "native" in BACKENDS
    @testset "verify compares with the file it is given, says what is slower, and switches off if asked" begin
        real = O.measure_speed(status().library.path, ["multi_symbol"]; rows=2000, rounds=3)
        # Of a library that was many times slower than it is now, and of one that was many times faster.
        then(times) = baseline_file([name => (endswith(name, "/calibration") ? ns : times * ns) for (name, ns) in real])
        with_state() do _
            report = verify("multi_symbol"; bench=true, baseline=then(20.0), rollback=true)
            @test report.ok && report.speed.ok && isempty(incidents())
            @test occursin("ns, each beside its calibration", sprint(show, report))
        end
        with_state() do folder
            fast = then(0.05)
            done = child("""
                using OmegaJulia
                seen = verify("multi_symbol"; bench=true, baseline=$(repr(fast)), rollback=true)
                println(seen.ok, " ", seen.speed.lines[1].severity, " ", status().multi_symbol.backend, " ", status().kernels.backend)
                """; environment=["OMEGA_VAR_DIR" => folder])
            @test done[2] == "false HIGH julia native\n"
            opened = only_one(O.every_incident())
            @test (opened.trigger, opened.severity, opened.detected_by) == ("much_slower", "HIGH", "verify --bench")
            @test opened.call == "julia/multi_symbol/moments of two" && isempty(O.record_problems(O.as_record(opened)))
        end
    end

    @testset "no baseline fails verify, and says how to make one" begin
        empty = mktempdir()
        report = verify("multi_symbol"; bench=true, baseline=empty)
        @test !report.ok && report.speed === nothing && report.checks > 0
        @test occursin("no baseline for", report.failures[1]) && occursin("make baseline", report.failures[1])
        of_python = baseline_file(["python/calibration" => 1.0, "python/multi_symbol/moments of two" => 1.0]; rows=2000)
        report = verify("multi_symbol"; bench=true, baseline=of_python)
        @test !report.ok && any(failure -> occursin("has no number of those asked for", failure), report.failures)
    end
end
