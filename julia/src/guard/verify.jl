# Verifying an installation: is what the library answers right? In a child process, which may crash. Correctness alone: known
# answers, and the library against Julia. Works wherever the package is, under all choices and incidents.

const VERIFY_SECONDS = 300

"""
    OmegaJulia.Report

What [`verify`](@ref) found, by property: `ok`, `modules`, `library` (its path, empty for none), `build_id`, `checks`, `failures`,
`seconds` and `note`. Without a library Julia's own answers alone were asked. Source: `src/guard/verify.jl`.
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
end

function Base.show(io::IO, report::Report)
    println(io, report.ok ? "fine" : "WRONG", ": ", report.checks, " checks of ", join(report.modules, ", "), " in ",
        round(report.seconds; digits=1), " s")
    print(io, "  library: ", isempty(report.library) ? "none" : report.library)
    isempty(report.build_id) || print(io, ", build ", report.build_id)
    isempty(report.note) || print(io, "\n  ", report.note)
    foreach(failure -> print(io, "\n  ", failure), at_most(report.failures, 20))
    length(report.failures) > 20 && print(io, "\n  and ", length(report.failures) - 20, " more")
end
at_most(values::Vector, count::Int) = values[1:min(end, count)]

"""
    verify(module=nothing; progress=(done, total) -> nothing) -> OmegaJulia.Report

Asks the library known answers and differential cases of one module, or of all, and says what is wrong: correctness alone. Runs in
a child process, takes some seconds, changes nothing. Never throws for what it finds: see [`OmegaJulia.Report`](@ref). Errors: 1001
for an unknown module. Source: `src/guard/verify.jl`.

```jldoctest
julia> using OmegaJulia

julia> verify("multi_symbol").failures
String[]
```
"""
function verify(mod=nothing; progress=(done, total) -> nothing)
    modules = mod === nothing ? collect(MODULES) : [module_name(mod)]
    began = time_ns()
    report(library, build, checks, failures, note="") =
        Report(isempty(failures), modules, library, build, checks, failures, (time_ns() - began) / 1e9, note)
    candidate = located(true)
    if candidate === nothing
        failure = lookup_failure("")
        failure.code == NOT_BUILT_IN || return report("", "", 1, [LIBRARY.failure.message])
        checks, failures = verify_fallback(modules)
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
