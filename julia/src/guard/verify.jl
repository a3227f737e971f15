# Verifying an installation: is what the library answers right? In a child process, which may crash. Known answers, and the library
# against Julia; if asked, also whether it is as fast as was recorded. Works wherever the package is, under all choices and incidents.

const VERIFY_SECONDS = 300

"""
    OmegaJulia.Report

What [`verify`](@ref) found, by property: `ok`, `modules`, `library` (its path, empty for none), `build_id`, `checks`, `failures`,
`seconds`, `note` and `speed` (an [`OmegaJulia.Speed`](@ref) where comparing with the baseline was asked for and could be done, else
`nothing`). Without a library Julia's own answers alone were asked. Source: `src/guard/verify.jl`.
"""
struct Report
    ok::Bool
    modules::Vector{String}
    library::String
    build_id::String
    checks::Int
    failures::Vector{String}
    seconds::Float64
    note::String
    speed::Union{Nothing,Speed}
end

function Base.show(io::IO, report::Report)
    println(io, report.ok ? "fine" : "WRONG", ": ", report.checks, " checks of ", join(report.modules, ", "), " in ",
        round(report.seconds; digits=1), " s")
    print(io, "  library: ", isempty(report.library) ? "none" : report.library)
    isempty(report.build_id) || print(io, ", build ", report.build_id)
    isempty(report.note) || print(io, "\n  ", report.note)
    foreach(failure -> print(io, "\n  ", failure), at_most(report.failures, 20))
    length(report.failures) > 20 && print(io, "\n  and ", length(report.failures) - 20, " more")
    report.speed === nothing || print(io, "\n  baseline ", report.speed.baseline, '\n', join(speed_table(report.speed), '\n'))
end
at_most(values::Vector, count::Int) = values[1:min(end, count)]

"""
    verify(module=nothing; bench=false, baseline=nothing, rollback=false, progress=(done, total) -> nothing) -> OmegaJulia.Report

Asks the library known answers and differential cases of one module, or of all, and says what is wrong. Runs in a child process,
takes some seconds, changes nothing. Never throws for what it finds: see [`OmegaJulia.Report`](@ref).

`bench=true` also compares the speed with the recorded baseline, some seconds a run: with the file or folder `baseline`, else with
the checkout's `benches/baselines`. What is compared are ratios to a calibration timed beside them. More than 10 % slower in three
runs out of three is wrong, and so is that there is no baseline. `rollback=true` then switches off the modules that are slower.

Errors: 1001 for an unknown module, and for `baseline` or `rollback` without `bench`. Source: `src/guard/verify.jl`.

```jldoctest
julia> using OmegaJulia

julia> verify("multi_symbol").failures
String[]
```
"""
function verify(mod=nothing; bench=false, baseline=nothing, rollback=false, progress=(done, total) -> nothing)
    modules = mod === nothing ? collect(MODULES) : [module_name(mod)]
    compares, switches = boolean(bench, "bench"), boolean(rollback, "rollback")
    compares || (baseline === nothing && !switches) || fail(INVALID_ARGUMENT, "baseline and rollback say what bench is to do")
    report = verified(modules, compares, baseline, progress)
    switches && rollback_slower(report)
    return report
end

function verified(modules::Vector{String}, bench::Bool, baseline, progress)
    began = time_ns()
    function report(library, build, checks, failures, note="")
        speed = nothing
        if bench && !isempty(library) && isempty(failures) # of a library that answers wrong no speed matters
            speed, failures = speed_of(library, modules, baseline, progress)
        end
        return Report(isempty(failures), modules, library, build, checks, failures, (time_ns() - began) / 1e9, note, speed)
    end
    candidate = located(true)
    if candidate === nothing
        failure = lookup_failure("")
        failure.code == NOT_BUILT_IN || return report("", "", 1, [LIBRARY.failure.message])
        checks, failures = verify_fallback(modules)
        bench && push!(failures, "there is no library to measure")
        return report("", "", checks, failures, string("only the fallback was asked: ", replace(failure.text, r"\s+" => " ")))
    end
    command = child_command("using OmegaJulia; exit(OmegaJulia.verify_child(ARGS[1], ARGS[2:end]))", candidate.path, modules...)
    command === nothing && return report(candidate.path, candidate.key, 0, ["Julia runs inside another program: there is no child to ask"])
    checks, build, failures = Ref(0), Ref(""), String[]
    done = run_child(command, VERIFY_SECONDS; line=text -> begin
        row = parse_list(text)
        checks[] = row[1]
        isempty(row[4]) || (build[] = row[4])
        isempty(row[3]) || push!(failures, row[3])
        progress(row[1], row[2])
    end)
    done.code in (0, 1) || push!(failures, string("the child process ", done.how, ": ", last_line(done.errors)))
    return report(candidate.path, isempty(build[]) ? candidate.key : build[], checks[], failures)
end

# The library's speed beside the baseline's, and what is wrong with it.
function speed_of(library::String, modules::Vector{String}, named, progress)
    try
        recorded = load_baseline(named)
        rows = flat_get(recorded.about, "rows")::Int
        measure(run) = measure_speed(library, modules; rows=rows,
            progress=(done, total) -> progress(run * total + done, SPEED_RUNS * total))
        wanted(name) = source_of(name) == "julia" && speed_module(name) in ("calibration", modules...)
        speed = compare_speed(recorded, measure; wanted=wanted)
        return speed, speed_failures(speed)
    catch error
        error isa OmegaError || rethrow()
        how = error.code == NOT_BUILT_IN ? "; `make baseline` or `OmegaJulia.record_baseline(path)` makes one" : ""
        return nothing, [string(error.message, how)]
    end
end

"""
    OmegaJulia.record_baseline(path; progress=(done, total) -> nothing) -> String

Measures every module three times and writes a baseline of this package to a file, for `verify(bench=true, baseline=path)` of later
builds on a machine of this kind; some seconds a run, on one that does nothing else. The path. Errors: 6005 or 5004 without a
library, 1007 where measuring fails, 3000 to 3002 naming the path. Source: `src/guard/verify.jl`.
"""
function record_baseline(path::AbstractString; progress=(done, total) -> nothing)
    library = library_for(Choice(:native, "record_baseline"))
    runs = [measure_speed(library.path, MODULES; progress=(done, total) -> progress(run * total + done, SPEED_RUNS * total))
            for run in 0:SPEED_RUNS-1]
    try
        save_baseline(abspath(path), about_here(library.build_id, TIMING_ROWS), median_numbers(runs))
    catch error
        error isa SystemFailure || rethrow()
        fail_system(String(path), error)
    end
    return String(path)
end

# Julia's own known answers, where there is nothing else.
function verify_fallback(modules)
    cases = filter(case -> case.mod in modules, KNOWN_CASES)
    return length(cases), String[wrong.text for wrong in wrong_answers(nothing, cases)]
end

# What the child process does: a line for each check, as JSON.
function verify_child(path::String, modules)
    say(done, total, failure="", build="") = println(list_json((done, total, failure, build)))
    library = try
        open_library(path)
    catch error
        error isa Union{OmegaError,ErrorException} || rethrow()
        say(1, 1, failure_text(error))
        return 1
    end
    cases = filter(case -> case.mod in modules, KNOWN_CASES)
    checks = differential_checks(library, modules)
    done, total, failed = 0, length(cases) + length(checks), false
    for case in cases
        wrong = wrong_answers(library, [case])
        failed |= !isempty(wrong)
        say(done += 1, total, isempty(wrong) ? "" : wrong[1].text, library.build_id)
    end
    for check in checks
        problem = check_problem(check)
        failed |= !isempty(problem)
        say(done += 1, total, problem)
    end
    return Int(failed)
end
