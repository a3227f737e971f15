# Incidents: records of a module that was taken off the library, why, and what to do about it. One flat JSON file each,
# named so that module and build id can be told even if the content cannot be read: such a file still holds its module
# back. Both languages read and write them. What opens or closes one is decided elsewhere.

const INCIDENT_SCHEMA = "omega-incident/1"
const INCIDENT_NAME = r"^(RB-[0-9]{8}T[0-9]{6}Z-(slicer|kernels|multi_symbol)-([A-Za-z0-9._]+)-[0-9a-f]{8})\.json$"

# The library an incident is about; what is not known is the empty text.
struct Subject
    build_id::String
    native_version::String
    native_path::String
    library_sha256::String
end
Subject(build_id::String) = Subject(build_id, "", "", "")

"""
    OmegaJulia.Incident

One record of a module that was taken off the native library, by property, as in its file: `rollback_id`, `module_name`,
`trigger`, `severity`, `action`, `time_allowed`, `state` (`"open"` or `"closed"`), `started_at`, `error_message`, `call` and
more. `unrecorded` says why it is not on disk, `corrupt` why its file cannot be read. Source: `src/guard/incidents.jl`.
"""
struct Incident
    rollback_id::String
    module_name::String
    trigger::String
    severity::String
    action::String
    time_allowed::String
    state::String
    started_at::String
    completed_at::String
    duration_seconds::Float64
    data_loss::Bool
    closed_at::String
    closed_by::String
    build_id::String
    native_version::String
    native_path::String
    library_sha256::String
    platform::String
    language::String
    package_version::String
    error_code::Union{Nothing,Int}
    error_message::String
    call::String
    arguments_file::String
    reproduce::String
    detected_by::String
    unrecorded::String
    corrupt::String
end

const RECORDED_FIELDS = fieldnames(Incident)[1:end-2]
# `module` is no name for a field in Julia.
record_key(name::Symbol) = name === :module_name ? "module" : String(name)

# The same with some fields changed.
changed(incident::Incident; fields...) =
    Incident((get(fields, name, getfield(incident, name)) for name in fieldnames(Incident))...)

# What is written: flat, in a fixed order.
as_record(incident::Incident) = pushfirst!(
    Flat([Pair{String,Plain}(record_key(name), getfield(incident, name)) for name in RECORDED_FIELDS]),
    Pair{String,Plain}("schema", INCIDENT_SCHEMA))

incident_path(incident::Incident) = joinpath(results_folder(), string(incident.rollback_id, ".json"))

# ISO 8601 with microseconds and Z.
function moment_text(moment::Float64)
    microseconds = floor(Int64, moment * 1e6)
    whole, part = fldmod(microseconds, 1_000_000)
    return string(Dates.format(Dates.unix2datetime(whole), Dates.dateformat"yyyy-mm-dd\THH:MM:SS"), ".", lpad(part, 6, '0'), "Z")
end

# Names module and build, and no two processes make one alike.
new_rollback_id(mod::String, build_id::String, moment::Float64) = string("RB-",
    Dates.format(Dates.unix2datetime(floor(moment)), Dates.dateformat"yyyymmdd\THHMMSS"), "Z-", mod, "-", build_in_name(build_id),
    "-", random_hex(4))

function build_in_name(build_id::String)
    text = replace(build_id, r"[^A-Za-z0-9._]" => "_")
    return isempty(text) ? "unknown" : text
end

platform_text() = string(Sys.isapple() ? "darwin" : Sys.iswindows() ? "win32" : lowercase(String(Sys.KERNEL)), "-", Sys.ARCH)

# A new open incident, not yet written; the module was off the library at `switched`.
function new_incident(mod::String, trigger::String, subject::Subject; started::Float64, switched::Float64, code::Union{Nothing,Int}=nothing,
    message::String="", call::String="", has_arguments::Bool=false, by::String="", severity::Union{Nothing,String}=nothing)

    weight = severity === nothing ? severity_of(trigger) : severity_named(severity)
    id = new_rollback_id(mod, subject.build_id, started)
    again = has_arguments && is_asked_again(call) ? string("reproduce(\"", id, "\")") : string("verify(\"", mod, "\")")
    return Incident(id, mod, trigger, weight.name, weight.action, weight.time_allowed, "open", moment_text(started),
        moment_text(switched), max(0.0, switched - started), false, "", "", subject.build_id, subject.native_version,
        subject.native_path, subject.library_sha256, platform_text(), string("julia ", VERSION), VERSION_TEXT, code, message,
        call, has_arguments ? string(id, ".tsv") : "", printed_by_julia(again), by, "", "")
end

# The command that prints what an expression gives, with the packages that are active here.
function printed_by_julia(expression::String)
    project = Base.active_project()
    projected = project === nothing ? "" : string("--project=", Base.shell_escape(dirname(project)), " ")
    return string("julia ", projected, "-e 'using OmegaJulia; println(", expression, ")'")
end

# Writes it and the text of its arguments; `unrecorded` of the result says why that was not to be.
function recorded(incident::Incident, arguments::String)
    try
        isempty(arguments) || write_whole(joinpath(results_folder(), incident.arguments_file), arguments)
        write_whole(incident_path(incident), string(flat_json(as_record(incident)), '\n'))
    catch error
        error isa Union{SystemFailure,ErrorException} || rethrow() # ErrorException: no home folder
        return changed(incident; unrecorded=failure_text(error), arguments_file="")
    end
    log_event("opened", incident)
    return incident
end

failure_text(error) = sprint(showerror, error)

# The line is for people who follow the log; the record is what counts, so a failure is not one.
function log_event(event::String, incident::Incident)
    line = Flat([Pair{String,Plain}("at", moment_text(time())), Pair{String,Plain}("event", event), as_record(incident)...])
    try
        append_line(joinpath(logs_folder(), "incidents.jsonl"), flat_json(line))
    catch error
        error isa Union{SystemFailure,ErrorException} || rethrow()
    end
    return nothing
end

# All there are, oldest first; those that cannot be read too, with what their names say.
function every_incident()
    names = try
        folder = results_folder()
        isdir(folder) ? readdir(folder) : String[]
    catch error
        error isa Union{SystemFailure,ErrorException} || rethrow()
        String[]
    end
    found = Incident[]
    for name in names
        startswith(name, "RB-") && rarely(read_named!, found, name)
    end
    length(found) > 1 && rarely(sort_incidents!, found)
    return found
end

sort_incidents!(found::Vector{Incident}) = sort!(found; by=incident -> incident.rollback_id)

function read_named!(found::Vector{Incident}, name::String)
    parts = match(INCIDENT_NAME, name)
    parts === nothing || push!(found, read_incident(String(parts[1]), String(parts[2]), String(parts[3])))
    return nothing
end

function read_incident(id::String, mod::String, build_id::String)
    path = joinpath(results_folder(), string(id, ".json"))
    try
        record = parse_flat(read(path, String))
        flat_get(record, "schema") == INCIDENT_SCHEMA || throw(ArgumentError("its schema is not $INCIDENT_SCHEMA"))
        sort!(first.(record)) == sort!(["schema"; [record_key(name) for name in RECORDED_FIELDS]]) ||
            throw(ArgumentError("its keys are not those of $INCIDENT_SCHEMA"))
        incident = Incident((convert(fieldtype(Incident, name), flat_get(record, record_key(name))) for name in RECORDED_FIELDS)..., "", "")
        (incident.rollback_id, incident.module_name) == (id, mod) || throw(ArgumentError("it says it is another incident"))
        incident.state in ("open", "closed") || throw(ArgumentError("its state is $(incident.state)"))
        return incident
    catch error
        error isa Union{SystemFailure,ArgumentError,MethodError,InexactError,OverflowError,BoundsError,StringIndexError} || rethrow()
        return unreadable(id, mod, build_id, string(path, ": ", failure_text(error)))
    end
end

# What holds a module back although nobody can say why any more: open, and as bad as can be.
function unreadable(id::String, mod::String, build_id::String, why::String)
    worst = SEVERITIES[1]
    return Incident(id, mod, "", worst.name, worst.action, worst.time_allowed, "open", "", "", 0.0, false, "", "", build_id,
        "", "", "", "", "", "", nothing, "", "", "", printed_by_julia(string("verify(\"", mod, "\")")), "", "", why)
end

# The newest open incident of a module with this library, or nothing.
function open_incident(mod::String, subject::Subject, all::Vector{Incident}=every_incident())
    for incident in Iterators.reverse(all)
        incident.module_name == mod && incident.state == "open" && is_about(incident, subject) && return incident
    end
    return nothing
end

# Whether it is about that build, or that very file: one that lost its manifest goes by another name. Of a corrupt one only the
# name's spelling is known.
is_about(incident::Incident, subject::Subject) =
    (!isempty(incident.library_sha256) && incident.library_sha256 == subject.library_sha256) ||
    build_in_name(incident.build_id) == build_in_name(subject.build_id)

# The incident of that name; 1001 naming those there are.
function find_incident(id)
    id isa AbstractString || fail(TYPE_MISMATCH, "an incident is named by its rollback_id, got ", repr(id))
    known = every_incident()
    at = findfirst(one -> one.rollback_id == id, known)
    at === nothing || return known[at]
    fail(INVALID_ARGUMENT, "no incident ", quoted(id), "; the newest: ",
        isempty(known) ? "none" : join((one.rollback_id for one in known[max(1, end - 4):end]), ", "))
end

# Notes in the log that it was to be closed and was not.
refused_incident(incident::Incident) = log_event("refused", incident)

# Closes it on disk. Throws what the system says where the folder cannot be written: then it stays open.
function close_incident(incident::Incident, by::String)
    closed = changed(incident; state="closed", closed_at=moment_text(time()), closed_by=by)
    path = incident_path(incident)
    if isempty(incident.corrupt)
        write_whole(path, string(flat_json(as_record(closed)), '\n'))
    else
        rename_file(path, string(path, ".corrupt"))
    end
    log_event("closed", closed)
    return closed
end

function Base.show(io::IO, incident::Incident)
    print(io, incident.rollback_id, " (", isempty(incident.trigger) ? incident.corrupt : incident.trigger, ", ", incident.severity, ", ",
        incident.state, ")")
    isempty(incident.unrecorded) || print(io, ", unrecorded: ", incident.unrecorded)
end

function Base.show(io::IO, ::MIME"text/plain", incident::Incident)
    within = incident.state == "closed" ? "" : string(", act within: ", incident.time_allowed)
    print(io, incident.rollback_id, ": ", incident.state, "\n  ", incident.severity, within, ": ", incident.action)
    for name in fieldnames(Incident)
        value = getfield(incident, name)
        (value === nothing || value == "" || name in (:rollback_id, :state, :severity, :action)) ||
            print(io, "\n  ", rpad(record_key(name), 18), value)
    end
end
