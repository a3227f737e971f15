# Whether a library may be loaded, and for which modules: manifest, incidents, self-test, in that order. Nothing is loaded into
# this process before all of that is known. What stands against a library becomes an incident, once; the caller hears of it as
# an error that says why.

# What a build is called that says nothing of itself.
hash_key(sha256::String) = string("sha256-", first(sha256, 16))

# The error that a file leads to which cannot be looked at, or is damaged.
function refusal(path::String, error)
    error isa Union{SystemFailure,Damaged} || rethrow()
    try
        error isa Damaged ? refuse_damaged(path, error) : fail_system(path, error)
    catch found
        found isa OmegaError || rethrow()
        return found
    end
end

function refuse_damaged(path::String, damage::Damaged)
    key = isempty(damage.build_id) ? hash_key(damage.sha256) : damage.build_id
    SUBJECT[] = Subject(key, "", path, damage.sha256)
    adopt_known(Candidate(path, key, damage.sha256, damage.message))
    open_all([Finding("library_damaged", MODULES, string(path, ": ", damage.message), "", nothing)])
    fail(FFI_ERROR, path, ": ", damage.message)
end

# Takes every module off the library that has an open incident with it.
function adopt_known(candidate::Candidate)
    known, subject = every_incident(), Subject(candidate.key, "", candidate.path, candidate.sha256)
    for breaker in BREAKERS
        found = open_incident(breaker.name, subject, known)
        found === nothing || adopt!(breaker, found)
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

# The whole self-test, and what is to be said of it.
function self_tested(candidate::Candidate, mod::String)
    findings, _ = try_in_child(candidate.path)
    bad = Set(name for finding in findings for name in finding.modules)
    unwritten = remember_pass(candidate, [name for name in MODULES if !(name in bad)])
    refuse(candidate, findings, mod)
    return isempty(unwritten) ? "passed" : string("passed; that could not be written down: ", unwritten)
end

# Answers that were not the known ones, in words; thrown, where they are of this module.
refuse_answers(candidate::Candidate, mod::String, library::NativeLibrary) = refuse(candidate, slow_findings(library), mod)

# A library that a module must not use: its breaker keeps why. What happened while `opening` has not been told yet.
function refuse_library(candidate::Candidate, mod::String, error, opening::Bool)
    if opening && error isa Union{OmegaError,ErrorException}
        error = try
            refuse(candidate, [load_finding(error)], mod)
        catch refused
            refused
        end
    end
    error isa OmegaError || rethrow()
    breaker_of(mod).refused = error
    return nothing
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
