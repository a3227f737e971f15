# Drills: each fault that the guard is there for, put in on purpose, and what came of it. Every fault runs in child processes
# with a state folder of its own, over a copy of the fault-injection build; nothing of the installation is touched. A fault
# counts as survived if no answer was lost, its record is valid, a new process stays on Julia, and `reenable` refuses until the
# fault is gone.

const DRILL_SECONDS = 240

# One fault: `spoil` changes the copy of the library; `armed` is a fault of the build by its name in OMEGA_FAULT, there from the load
# on, `later` by its number, once the work has begun. `trigger` is empty where no incident may come of it. `state` is what is wrong
# with the state folder: "read-only", "full" or "corrupt".
Base.@kwdef struct DrillFault
    name::String
    mod::String
    trigger::String
    spoil::Function = identity
    is_spoilt::Bool = false
    armed::String = ""
    later::Int = 0
    rounds::Int = 20
    rows::Int = 2000
    shadow::String = ""
    state::String = ""
    processes::Int = 1
end

"""
    OmegaJulia.Drilled

What came of a fault in a [`drill`](@ref), by property: `fault`, `detected_by`, `detected_seconds`, `switched_seconds`, `answers_lost`,
`record` and `problems`; `ok` if there are none. Source: `src/guard/drill.jl`.
"""
struct Drilled
    fault::String
    detected_by::String
    detected_seconds::Float64
    switched_seconds::Float64
    answers_lost::Int
    record::String
    problems::Vector{String}
end
Base.getproperty(drilled::Drilled, name::Symbol) = name === :ok ? isempty(getfield(drilled, :problems)) : getfield(drilled, name)
Base.propertynames(::Drilled, private::Bool=false) = (fieldnames(Drilled)..., :ok)

cut_file(part) = library -> open(file -> truncate(file, floor(Int, filesize(library) * part)), library, "r+")

# Changes one byte, and nothing else about the file.
function change_byte(place, value)
    return function (library)
        at = place(filesize(library))
        open(library, "r+") do file
            old = read(seek(file, at), UInt8)
            write(seek(file, at), UInt8(value === nothing ? old ⊻ 1 : value))
        end
    end
end

# Spoilt before its manifest was written: size and hash fit, so the loader meets it.
shipped(spoil) = library -> (spoil(library); write_drill_manifest(library))

function write_drill_manifest(library::String)
    values = Flat(["file" => basename(library), "size" => filesize(library), "sha256" => open(hash_stream, library),
        "build_id" => "drilled", "version" => "", "abi" => ""])
    write(string(library, ".manifest"), flat_json(values))
end

# e_machine of an ELF file: a processor nobody has here.
const WRONG_MACHINE = change_byte(size -> 18, 0xf7)

const DRILL_FAULTS = (
    DrillFault(name="library absent", mod="slicer", trigger="", spoil=rm, is_spoilt=true),
    DrillFault(name="wrong architecture", mod="slicer", trigger="library_damaged", spoil=shipped(WRONG_MACHINE), is_spoilt=true),
    DrillFault(name="file cut to 1 %", mod="slicer", trigger="library_damaged", spoil=cut_file(0.01), is_spoilt=true),
    DrillFault(name="file cut to half", mod="slicer", trigger="library_damaged", spoil=cut_file(0.5), is_spoilt=true),
    DrillFault(name="file cut to 99 %", mod="slicer", trigger="library_damaged", spoil=cut_file(0.99), is_spoilt=true),
    DrillFault(name="cut to 5 % before its manifest", mod="kernels", trigger="self_test_crashed", spoil=shipped(cut_file(0.05)), is_spoilt=true),
    DrillFault(name="hash not in the manifest", mod="kernels", trigger="library_damaged", spoil=change_byte(size -> size ÷ 2, nothing), is_spoilt=true),
    DrillFault(name="other major ABI version", mod="slicer", trigger="abi_mismatch", armed="abi"),
    DrillFault(name="wrong struct size", mod="slicer", trigger="abi_mismatch", armed="layout"),
    DrillFault(name="self-test answers wrong", mod="kernels", trigger="self_test_failed", armed="flip"),
    DrillFault(name="self-test crashes", mod="multi_symbol", trigger="self_test_crashed", armed="abort"),
    DrillFault(name="panic in an export (slicer)", mod="slicer", trigger="panic", later=1),
    DrillFault(name="panic in an export (kernels)", mod="kernels", trigger="panic", later=1),
    DrillFault(name="panic in an export (multi_symbol)", mod="multi_symbol", trigger="panic", later=1),
    DrillFault(name="status 4000 once", mod="kernels", trigger="", later=4),
    DrillFault(name="status 4000, 0.2 % of calls", mod="kernels", trigger="error_rate", later=5, rounds=6000, rows=100),
    DrillFault(name="wrong bit in 1 % of rows", mod="kernels", trigger="wrong_answer", later=6, rows=200_000, shadow="0.01"),
    DrillFault(name="state folder read-only", mod="slicer", trigger="panic", later=1, state="read-only"),
    DrillFault(name="disk full", mod="slicer", trigger="panic", later=1, state="full"),
    DrillFault(name="two processes at once", mod="kernels", trigger="panic", later=1, processes=2),
    DrillFault(name="incident file corrupted", mod="kernels", trigger="panic", later=1, state="corrupt"),
)

# $OMEGA_FAULT_LIBRARY, else the checkout's own; 6005 where there is none.
function drill_library()
    named = get(ENV, "OMEGA_FAULT_LIBRARY", "")
    path = isempty(named) ? joinpath(dirname(dirname(dirname(@__DIR__))), "target", "fault-injection", "debug", LIBRARY_FILE) : abspath(named)
    isfile(path) || fail(NOT_BUILT_IN, "drills need the library built with the feature fault-injection (", path,
        "): run `make build-faulty`, or name one in OMEGA_FAULT_LIBRARY")
    return realpath(path)
end

"""
    drill(fault=nothing; keep=nothing, io=stdout) -> Vector{OmegaJulia.Drilled}

Puts in every fault that the guard is there for, or the one of that name, and prints a table of what came of it: detected by,
detection and switch-over time, answers lost, whether the record is valid. All in child processes over a copy of the library, with
state folders of their own, which are left in the folder `keep` if it is named; half a minute a fault. Errors: 6005 without the fault-injection build, 1001 for an unknown fault.
Source: `src/guard/drill.jl`.

```jldoctest
julia> using OmegaJulia

julia> try drill("no such fault") catch error; error.code in (1001, 6005) end
true
```
"""
function drill(fault=nothing; keep=nothing, io::IO=stdout)
    faults = fault === nothing ? collect(DRILL_FAULTS) : filter(one -> one.name == fault, collect(DRILL_FAULTS))
    isempty(faults) && fail(INVALID_ARGUMENT, "unknown fault ", quoted(fault), "; known: ", join((one.name for one in DRILL_FAULTS), ", "))
    library = drill_library()
    println(io, rpad("fault", 34), rpad("detected by", 40), lpad("after ms", 9), lpad("switch ms", 10), lpad("lost", 5), "  record")
    found = Drilled[]
    for one in faults
        push!(found, mktempdir(folder -> run_drill(one, library, folder, keep)))
        print_row(io, last(found))
    end
    fine = count(one -> one.ok, found)
    println(io, fine, " of ", length(found), " survived, ", sum(one.answers_lost for one in found), " answers lost")
    return found
end

function print_row(io::IO, row::Drilled)
    println(io, rpad(row.fault, 34), rpad(row.detected_by, 40), lpad(fixed_text(1e3row.detected_seconds, 2), 9),
        lpad(fixed_text(1e3row.switched_seconds, 3), 10), lpad(row.answers_lost, 5), "  ", row.record)
    foreach(problem -> println(io, "  PROBLEM: ", problem), row.problems)
end

# A library in a folder of its own, its state folder, and what went wrong.
struct DrillPlace
    fault::DrillFault
    original::String
    library::String
    state::String
    problems::Vector{String}
end

must!(place::DrillPlace, truth::Bool, otherwise...) = truth || push!(place.problems, string(otherwise...))

function place_library(place::DrillPlace)
    cp(place.original, place.library; force=true)
    write_drill_manifest(place.library)
end

# Works with the fault, works after it, comes back without it.
function run_drill(fault::DrillFault, original::String, folder::String, keep)
    place = DrillPlace(fault, original, joinpath(folder, basename(original)), joinpath(folder, "state"), String[])
    place_library(place)
    fault.spoil(place.library)
    fault.state == "read-only" && write(place.state, "a file where the folder should be")
    said = work_done(place)
    lost = sum(get(one, "wrong", 1) for one in said)
    must!(place, lost == 0, lost, " answers were wrong")
    triggers = unique(get(one, "trigger", "") for one in said)
    must!(place, triggers == [fault.trigger], "the trigger is ", join(triggers, ", "))
    record = isempty(fault.trigger) ? "none" : drill_record(place, said[1])
    isempty(fault.trigger) && must!(place, isempty(drill_records(place)), "there is an incident")
    isempty(fault.trigger) || record == "valid" && comes_back(place, said[1]["incident"])
    if keep !== nothing && isdir(place.state)
        mkpath(keep)
        cp(place.state, joinpath(keep, strip(replace(lowercase(fault.name), r"[^a-z0-9]+" => "-"), '-')); force=true)
    end
    by = get(said[1], "detected_by", "")
    return Drilled(fault.name, isempty(by) ? "-" : by, get(said[1], "detected_seconds", 0.0),
        maximum(get(one, "switch_seconds", 0.0) for one in said), lost, record, place.problems)
end

function drill_command(place::DrillPlace, armed::String, shadow::String, code::String, arguments...)
    command = child_command(code, arguments...)
    command === nothing && fail(NOT_BUILT_IN, "Julia runs inside another program: there is nothing to drill with")
    environment = filter(pair -> !(first(pair) in ("OMEGA_FAULT", "RUST_BACKTRACE")), unchosen(command))
    environment["OMEGA_VAR_DIR"], environment["OMEGA_LIBRARY"] = place.state, place.library
    isempty(armed) || (environment["OMEGA_FAULT"] = armed)
    isempty(shadow) || (environment["OMEGA_SHADOW"] = shadow)
    return setenv(command, environment; dir=dirname(place.library))
end

# What each of the processes said that worked at the same time.
function work_done(place::DrillPlace)
    fault = place.fault
    command = drill_command(place, fault.armed, fault.shadow, "using OmegaJulia; OmegaJulia.drilled(ARGS)", fault.mod, fault.later,
        fault.rounds, fault.rows)
    # No file may grow by a byte, as on a full disk.
    if fault.state == "full"
        limited = `sh -c "trap '' XFSZ; ulimit -f 0; exec \"\$0\" \"\$@\"" $(command.exec)`
        command = setenv(limited, command.env; dir=command.dir)
    end
    done = asyncmap(_ -> run_child(command, DRILL_SECONDS), 1:fault.processes)
    return map(done) do one
        must!(place, one.code == 0, "the process ", one.how, ": ", last_line(one.errors))
        lines = filter(line -> startswith(line, '{'), one.said)
        isempty(lines) ? Dict{String,Plain}() : Dict{String,Plain}(parse_flat(last(lines)))
    end
end

drill_records(place::DrillPlace) = (folder = joinpath(place.state, "results"); isdir(folder) ?
    filter(name -> occursin(INCIDENT_NAME, name), readdir(folder)) : String[])

# Whether the incident is on disk and valid, or why it could not be.
function drill_record(place::DrillPlace, said)
    if place.fault.state in ("read-only", "full")
        why = get(said, "unrecorded", "")
        must!(place, !isempty(why), "it is not said why there is no record")
        must!(place, isempty(drill_records(place)), "there is a record in a folder that takes none")
        return string("none: ", first(why, 60))
    end
    mine = filter(name -> occursin("-$(place.fault.mod)-", name), drill_records(place))
    must!(place, !isempty(mine), "there is no record")
    wrong = reduce(vcat, [record_problems(parse_flat(read(joinpath(place.state, "results", name), String))) for name in mine]; init=String[])
    must!(place, isempty(wrong), "the record is not valid: ", join(at_most(wrong, 3), "; "))
    return isempty(mine) || !isempty(wrong) ? "INVALID" : "valid"
end

# A new process stays off the library; `reenable` refuses with the fault there, and works without it.
function comes_back(place::DrillPlace, incident::String)
    fault = place.fault
    fault.state == "corrupt" && write(joinpath(place.state, "results", string(incident, ".json")), "{ cut")
    whole = string(place.library, ".whole")
    cp(place.original, whole)
    done = run_child(drill_command(place, fault.armed, "", "using OmegaJulia; OmegaJulia.drilled_back(ARGS)", fault.mod,
        fault.is_spoilt, whole), DRILL_SECONDS)
    lines = filter(line -> startswith(line, '{'), done.said)
    must!(place, done.code == 0 && !isempty(lines), "the process that comes back ", done.how, ": ", last_line(done.errors))
    isempty(lines) && return nothing
    said = Dict{String,Plain}(parse_flat(last(lines)))
    must!(place, said["backend"] == "julia", "a new process answers with ", said["backend"])
    must!(place, said["native_calls"] == 0, "a new process makes ", said["native_calls"], " native calls")
    # Where only this module is held back, the others load it.
    all_held = fault.trigger in ("library_damaged", "abi_mismatch", "self_test_crashed")
    must!(place, !all_held || said["mapped"] == false, "a new process has the library loaded")
    must!(place, said["wrong"] == 0, said["wrong"], " answers of a new process were wrong")
    must!(place, said["refused"] == INVALID_STATE, "reenable with the fault there ends with ", said["refused"], ", not 1007")
    must!(place, said["worked"] == 0, "reenable without the fault ends with ", said["worked"])
    must!(place, said["back"] == "native", "after reenable ", said["back"], " answers")
    return nothing
end
