# Trying a library before it is trusted: in a child process, which may crash, and briefly at every load. A child loads the
# file, compares version and layout, asks all known answers; a pass is remembered by build. What a failure means is for the gate.

const SELF_TEST_SECONDS = 60
const TEST_WRONG, TEST_MISMATCH, TEST_UNLOADABLE = 10, 11, 12

# What is wrong with a library; `modules` are those that must not use it.
struct Finding
    trigger::String
    modules::Tuple{Vararg{String}}
    message::String
    call::String
    code::Union{Nothing,Int}
end

# What an error of open_library stands for.
load_finding(error::OmegaError) = Finding("abi_mismatch", MODULES, error.message, "", error.code)
load_finding(error::Exception) = Finding("library_damaged", MODULES, failure_text(error), "", nothing)

# What is wrong with the first known answers, which were not all given, in words.
function slow_findings(library::NativeLibrary)
    found = findings_of(wrong_answers(library, FIRST_CASES))
    return isempty(found) ? [Finding("self_test_failed", MODULES, "an answer at the load was not the known one, and then was", "", nothing)] : found
end

# The first of each module.
function findings_of(wrong::Vector{WrongAnswer})
    found = Finding[]
    for one in wrong
        any(finding -> finding.modules == (one.mod,), found) ||
            push!(found, Finding("self_test_failed", (one.mod,), one.text, one.call, one.code))
    end
    return found
end

# What the child process does; what it found goes to its output, a line each.
function self_test_child(path::String)
    library = try
        open_library(path)
    catch error
        error isa Union{OmegaError,ErrorException} || rethrow()
        finding = load_finding(error)
        println(list_json(("", "", finding.message, finding.code)))
        return finding.trigger == "abi_mismatch" ? TEST_MISMATCH : TEST_UNLOADABLE
    end
    wrong = wrong_answers(library, KNOWN_CASES)
    foreach(one -> println(list_json((one.mod, one.call, one.text, one.code))), wrong)
    println(list_json(("build", library.build_id, library.version, nothing)))
    return isempty(wrong) ? 0 : TEST_WRONG
end

# A Julia like this one, for `code` with arguments: the same packages, the same compiled code. Nothing if there is none. A `quick`
# one is not the fastest at what it does.
function child_command(code::String, arguments...; quick::Bool=true)
    julia = Base.julia_cmd()
    isfile(first(julia.exec)) || return nothing
    project = Base.active_project()
    projected = project === nothing ? `` : `--project=$(dirname(project))`
    # Most of what a child does is compiling; where compiled code is kept with packages, other flags would have it made anew.
    less = quick && VERSION < v"1.9" ? `-O1` : ``
    command = `$julia $less --startup-file=no --history-file=no $projected -e $code -- $arguments`
    places = join(map(abspath_of_load_path, LOAD_PATH), Sys.iswindows() ? ';' : ':')
    return setenv(command, merge(Dict(ENV), Dict("JULIA_LOAD_PATH" => places)))
end
# The environment of a command without what anybody chose in it.
unchosen(command::Cmd) = Dict{String,String}(text[1] => text[2] for text in (split(pair, '='; limit=2) for pair in command.env)
                                             if !occursin("USE_RUST", text[1]) && !(text[1] in ("OMEGA_CONFIG", "OMEGA_SHADOW", "OMEGA_SHADOW_SEED")))
abspath_of_load_path(place::String) = startswith(place, "@") || isempty(place) ? place : abspath(place)

# Runs a child to its end, or to the time it has: (how it ended, its output, its errors); `line` sees lines as they come.
function run_child(command::Cmd, seconds::Real; line=text -> nothing)
    errors, out = tempname(), Pipe()
    process = run(pipeline(command; stdin=devnull, stdout=out, stderr=errors); wait=false)
    close(out.in)
    late = Ref(false)
    timer = Timer(seconds) do _
        late[] = true
        kill(process, Base.SIGKILL)
    end
    said = String[]
    for text in eachline(out)
        push!(said, text)
        line(text)
    end
    wait(process)
    close(timer)
    wrote = isfile(errors) ? read(errors, String) : ""
    rm(errors; force=true)
    how = late[] ? "did not end within $seconds s" : process.termsignal != 0 ? "ended with signal $(process.termsignal)" :
          "ended with status $(process.exitcode)"
    return (code=late[] || process.termsignal != 0 ? -1 : process.exitcode, how=how, said=said, errors=wrote)
end

last_line(text::String) = (lines = filter(line -> !isempty(strip(line)), split(text, '\n')); isempty(lines) ? "no message" : first(String(lines[end]), 500))

# Where Julia is inside another program there is nothing to start: the first known answers, asked here.
function try_here(path::String)
    library = try
        open_library(path)
    catch error
        error isa Union{OmegaError,ErrorException} || rethrow()
        return [load_finding(error)], ""
    end
    return knows_first_answers(library) ? Finding[] : slow_findings(library), library.build_id
end

# All known answers, asked in a process of their own; what is wrong, and the build id it gave.
function try_in_child(path::String)
    command = child_command("using OmegaJulia; exit(OmegaJulia.self_test_child(ARGS[1]))", path)
    command === nothing && return try_here(path)
    done = try
        run_child(command, SELF_TEST_SECONDS)
    catch error
        error isa SystemFailure || rethrow()
        return [crashed(string("the self-test could not be started: ", failure_text(error)))], ""
    end
    said = [parse_list(line) for line in done.said if startswith(line, '[')]
    built = findfirst(row -> row[1] == "build", said)
    build_id = built === nothing ? "" : said[built][2]::String
    done.code == 0 && !isempty(build_id) && return Finding[], build_id
    done.code == TEST_MISMATCH && !isempty(said) && return [Finding("abi_mismatch", MODULES, said[1][3], "", said[1][4])], ""
    done.code == TEST_UNLOADABLE && !isempty(said) && return [Finding("library_damaged", MODULES, said[1][3], "", nothing)], ""
    if done.code == TEST_WRONG && !isempty(build_id)
        return findings_of([WrongAnswer(row...) for row in said if row[1] in MODULES]), build_id
    end
    return [crashed(string("the self-test ", done.how, ": ", last_line(done.errors)))], build_id
end

crashed(message::String) = Finding("self_test_crashed", MODULES, message, "", nothing)

# What the record of a pass says: of this release of the package, and as a rule that every module passed.
const PASSED_BY_THIS_PACKAGE = string("\"package_version\": \"", VERSION_TEXT, "\"")
const ALL_MODULES_PASSED = string("\"modules\": \"", join(MODULES, " "), "\"")

# The modules that passed with this very file before.
passed_before(candidate::Candidate) = filter(mod -> has_passed(candidate, mod), collect(MODULES))

# Writes down which modules passed; why that was not possible, if it was not.
function remember_pass(candidate::Candidate, modules)
    passed = Flat(["schema" => "omega-self-test/1", "build" => candidate.key, "sha256" => candidate.sha256, "modules" => join(modules, " "),
        "package_version" => VERSION_TEXT])
    try
        write_whole(pass_path(candidate), string(flat_json(passed), '\n'))
    catch error
        error isa Union{SystemFailure,ErrorException} || rethrow()
        return failure_text(error)
    end
    return ""
end
