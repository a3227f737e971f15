# Whether a library may be loaded, and for which modules: manifest, incidents, self-test, in that order. Nothing is loaded into
# this process before all of that is known. What stands against a library becomes an incident, once; the caller hears of it as
# an error that says why.

# A library that has been looked at and not loaded; `key` names its build in incidents.
struct Candidate
    path::String
    key::String
    sha256::String
    manifest::String
end

build_key(build_id::String, sha256::String) = isempty(build_id) ? string("sha256-", first(sha256, 16)) : build_id

# Compares a file with its manifest, honours the incidents of its build; error 5000 if it is damaged.
function looked_at(path::String)
    seen = try
        checked_file(path)
    catch error
        error isa SystemFailure && rarely(fail_system, path, error)
        error isa Damaged || rethrow()
        rarely(refuse_damaged, path, error)
    end::SeenFile
    candidate = Candidate(path, build_key(seen.build_id, seen.sha256), seen.sha256, seen.manifest)
    honour(candidate)
    return candidate
end

function refuse_damaged(path::String, damage::Damaged)
    honour(Candidate(path, build_key(damage.build_id, damage.sha256), damage.sha256, damage.message))
    open_all([Finding("library_damaged", MODULES, string(path, ": ", damage.message), "", nothing)])
    fail(FFI_ERROR, path, ": ", damage.message)
end

# Takes every module off the library that has an open incident with this build.
function honour(candidate::Candidate)
    known = every_incident()
    for breaker in BREAKERS
        breaker.subject = Subject(candidate.key, "", candidate.path, candidate.sha256)
        found = open_incident(breaker.name, candidate.key, known)
        found === nothing || rarely(adopt!, breaker, found)
    end
    return nothing
end

# Every incident first, and then the warnings.
function open_all(findings::Vector{Finding})
    new = Incident[]
    for finding in findings, mod in finding.modules
        breaker = breaker_of(mod)
        breaker.off && continue
        started = time()
        switch_off!(breaker)
        by = startswith(finding.trigger, "self_test") ? "the self-test" : "the load"
        push!(new, trip!(nothing, breaker, finding.trigger, finding.message; call=finding.call, code=finding.code, started=started, by=by, quietly=true))
    end
    foreach(say, new)
    return nothing
end

# The library, loaded, for a module that may use it, and what its self-test came to. Throws what stands against it; the
# incident is then open.
function admitted(candidate::Candidate, mod::String)
    state = mod in passed_before(candidate.key, candidate.sha256) ? "passed before" : rarely(self_tested, candidate, mod)::String
    library, findings = opened(candidate)
    isempty(findings) || rarely(refuse, candidate, findings, mod)
    for breaker in BREAKERS
        subject = breaker.subject
        breaker.subject = Subject(subject.build_id, library.version, subject.native_path, subject.library_sha256)
    end
    return library, state
end

# The whole self-test, and what is to be said of it.
function self_tested(candidate::Candidate, mod::String)
    findings, _ = try_in_child(candidate.path)
    bad = Set(name for finding in findings for name in finding.modules)
    unwritten = remember_pass(candidate.key, candidate.sha256, [name for name in MODULES if !(name in bad)])
    refuse(candidate, findings, mod)
    return isempty(unwritten) ? "passed" : string("passed; that could not be written down: ", unwritten)
end

function opened(candidate::Candidate)
    library = try
        open_library(candidate.path)
    catch error
        error isa Union{OmegaError,ErrorException} || rethrow()
        return NO_LIBRARY, Finding[rarely(load_finding, error)]
    end
    return library, quick_findings(library)
end

function refuse(candidate::Candidate, findings::Vector{Finding}, mod::String)
    open_all(findings)
    for finding in findings
        mod in finding.modules || continue
        incident = breaker_of(mod).incident
        fail(finding.trigger == "abi_mismatch" ? FFI_SCHEMA_MISMATCH : FFI_ERROR, candidate.path, ": ", finding.trigger, ": ",
            finding.message, incident === nothing ? "" : string(" [", incident.rollback_id, "]"))
    end
    return nothing
end
