# Opening the library that was found: loaded, its functions resolved, version and layout compared, the first known answers asked.

# The library for a module, loaded at the first call and self-tested; nothing where there is none, or where it is refused. With
# `held_back` neither where an incident is open: that is known before anything is loaded.
function find_library(mod::String="slicer", retry::Bool=false, held_back::Bool=false)
    lock(LIBRARY_LOCK)
    try
        return found_now(mod, retry, held_back)
    finally
        unlock(LIBRARY_LOCK)
    end
end

function found_now(mod::String, retry::Bool, held_back::Bool)
    breaker = breaker_of(mod)
    held_back & breaker.off && LIBRARY.candidate !== nothing && return nothing
    if breaker.refused === nothing
        LIBRARY.library === nothing || return LIBRARY.library
    elseif !retry
        return nothing
    end
    candidate = located_now(retry)
    candidate === nothing && return nothing
    held_back & breaker.off && return nothing
    breaker.refused = nothing
    opening = false
    try
        self_test = has_passed(candidate, mod) ? "passed before" : rarely(self_tested, candidate, mod)::String
        LIBRARY.library === nothing || return LIBRARY.library
        opening = true
        library = open_library(candidate.path)
        opening = false
        knows_first_answers(library) || rarely(refuse_answers, candidate, mod, library)
        SUBJECT[] = Subject(candidate.key, library.version, candidate.path, candidate.sha256)
        LIBRARY.self_test = self_test
        Threads.atomic_fence() # who sees it without the lock sees all of it
        LIBRARY.library = library
        return library
    catch error
        rarely(refuse_library, candidate, mod, error, opening)
        return nothing
    end
end

# Loads a file. Throws OmegaError 5004 for a library that does not fit, and what the loader says for what is none.
function open_library(path::String)
    handle = Libdl.dlopen(path, Libdl.RTLD_NOW | Libdl.RTLD_LOCAL)::Ptr{Cvoid}
    library = NativeLibrary(realpath(path))
    for field in FUNCTION_FIELDS
        setfield!(library, field, symbol(handle, field))
    end
    version, layout = symbol(handle, :abi_version), symbol(handle, :abi_layout)
    library.abi = ccall(version, UInt32, ())
    library.arrow = (library.abi == ABI_VERSION && fits(ccall(layout, Ptr{UInt32}, ()))) || rarely(refuse_layout, handle, version, layout)::Bool
    library.version = unsafe_string(ccall(symbol(handle, :library_version), Ptr{UInt8}, ()))
    library.build_id = unsafe_string(ccall(symbol(handle, :build_id), Ptr{UInt8}, ()))
    return library
end

# A function of the library by its name in the header, without the prefix.
@noinline function symbol(handle::Ptr{Cvoid}, name::Symbol)
    found = Libdl.dlsym_e(handle, string("omega_", name))
    return found == C_NULL ? rarely(refuse_functions, handle, name)::Ptr{Cvoid} : found
end

# Whether a layout is that of this package, with every part built in.
@inline function fits(layout::Ptr{UInt32})
    layout == C_NULL && return false
    for i in 1:length(LAYOUT_NUMBERS)
        unsafe_load(layout, i) == @inbounds(LAYOUT_NUMBERS[i]) || return false
    end
    return true
end
