# Finding and opening the native library, once per process and only when somebody needs it.
# The first file there is, is the library; whether it may be loaded is for guard/gate.jl to say. One that is not there, or does
# not fit, is a list of reasons, and what follows from them is decided in backend.jl.

# The library's functions, resolved once. A mutable struct so that holders share one by reference.
mutable struct NativeLibrary
    path::String
    version::String
    build_id::String
    abi::UInt32
    arrow::Bool # built with the feature
    last_error_message::Ptr{Cvoid}
    series_new_borrowed::Ptr{Cvoid}
    series_read_csv::Ptr{Cvoid}
    series_read_ipc::Ptr{Cvoid}
    series_from_ipc::Ptr{Cvoid}
    series_refresh::Ptr{Cvoid}
    series_import::Ptr{Cvoid}
    series_import_stream::Ptr{Cvoid}
    candles_write_ipc::Ptr{Cvoid}
    candles_to_ipc::Ptr{Cvoid}
    candles_export::Ptr{Cvoid}
    candles_export_stream::Ptr{Cvoid}
    schema_json::Ptr{Cvoid}
    series_free::Ptr{Cvoid}
    series_info::Ptr{Cvoid}
    series_columns::Ptr{Cvoid}
    series_quality::Ptr{Cvoid}
    series_gaps::Ptr{Cvoid}
    series_pair_quality::Ptr{Cvoid}
    slicer_get_slice::Ptr{Cvoid}
    slicer_get_candle_at::Ptr{Cvoid}
    slicer_get_candle_asof::Ptr{Cvoid}
    slicer_get_lookback::Ptr{Cvoid}
    slicer_get_lookbacks::Ptr{Cvoid}
    slicer_get_candles_at::Ptr{Cvoid}
    slicer_get_candles_asof::Ptr{Cvoid}
    slicer_gather_lookback::Ptr{Cvoid}
    series_resample::Ptr{Cvoid}
    align::Ptr{Cvoid}
    multi_symbol_new::Ptr{Cvoid}
    multi_symbol_free::Ptr{Cvoid}
    multi_symbol_timeline::Ptr{Cvoid}
    multi_symbol_rows::Ptr{Cvoid}
    kernel_columns::Ptr{Cvoid}
    rolling_cov::Ptr{Cvoid}
    rolling_corr::Ptr{Cvoid}
    ema::Ptr{Cvoid}
    true_range::Ptr{Cvoid}
    atr::Ptr{Cvoid}
    macd::Ptr{Cvoid}
    bollinger::Ptr{Cvoid}
    stream_new::Ptr{Cvoid}
    stream_push::Ptr{Cvoid}
    stream_value::Ptr{Cvoid}
    stream_reset::Ptr{Cvoid}
    stream_free::Ptr{Cvoid}
end

const FUNCTION_FIELDS = filter(name -> fieldtype(NativeLibrary, name) === Ptr{Cvoid}, collect(fieldnames(NativeLibrary)))

# Stands where there is no library, so that fields need no Union.
const NO_LIBRARY = NativeLibrary("", "", "", 0, false, (C_NULL for _ in FUNCTION_FIELDS)...)

# A place that was looked at in vain.
struct LookupFailure
    place::String
    why::String
end

mutable struct LibraryState
    candidate::Any # the library that was looked at, a Candidate, or nothing: that type is guard/gate.jl's
    library::Union{Nothing,NativeLibrary}
    self_test::String
    failures::Vector{LookupFailure}
    tried_for::Union{Nothing,String} # OMEGA_LIBRARY at the last attempt; nothing before the first
    failure::Union{Nothing,OmegaError} # what the file that was found is refused for
    refused::Dict{String,OmegaError} # the same by module
end

const LIBRARY = LibraryState(nothing, nothing, "", LookupFailure[], nothing, nothing, Dict{String,OmegaError}())
const LIBRARY_LOCK = ReentrantLock()
const LIBRARY_FILE = string("libomega_slicer.", Libdl.dlext)
const SYSTEM_SONAME = "libomega_slicer.so.0"

# The library, looked at and not loaded: a Candidate, or nothing (LIBRARY then says why). Its manifest has been compared
# and its open incidents are honoured. A failed search is repeated only with `retry`, or after OMEGA_LIBRARY has changed.
located(; retry::Bool=false) = locked_library(located_now, retry)

# No do-blocks here: what they compile to is not kept with the package, and every process asks this.
function locked_library(ask::F, given...) where {F}
    lock(LIBRARY_LOCK)
    try
        return ask(given...)
    finally
        unlock(LIBRARY_LOCK)
    end
end

function located_now(retry::Bool)
    LIBRARY.candidate === nothing || return LIBRARY.candidate
    wanted = get(ENV, "OMEGA_LIBRARY", "")
    !retry && LIBRARY.tried_for == wanted && return nothing
    LIBRARY.tried_for, LIBRARY.failure = wanted, nothing
    empty!(LIBRARY.failures)
    for (place, path, must_be_file) in library_places(wanted)
        file = must_be_file ? abspath(path) : rarely(installed_library)::String
        if isempty(file) || !ispath(file)
            push!(LIBRARY.failures, LookupFailure(place, "no such file"))
            continue
        end
        try
            LIBRARY.candidate = looked_at(file)::Candidate
        catch error
            error isa OmegaError || rethrow()
            LIBRARY.failure = error
            push!(LIBRARY.failures, LookupFailure(place, error.message))
        end
        break # the first file there is, is the library
    end
    return LIBRARY.candidate
end

# The library for a module, loaded at the first call and self-tested; nothing where there is none, or where it is refused.
find_library(mod::String="slicer"; retry::Bool=false) = locked_library(found_now, mod, retry)

function found_now(mod::String, retry::Bool)
    LIBRARY.library === nothing || haskey(LIBRARY.refused, mod) || return LIBRARY.library
    haskey(LIBRARY.refused, mod) && !retry && return nothing
    candidate = located_now(retry)
    candidate === nothing && return nothing
    candidate = candidate::Candidate
    delete!(LIBRARY.refused, mod)
    LIBRARY.library === nothing || mod in passed_before(candidate.key, candidate.sha256) && return LIBRARY.library
    try
        library, self_test = admitted(candidate, mod)
        LIBRARY.library === nothing && ((LIBRARY.library, LIBRARY.self_test) = (library, self_test))
    catch error
        error isa OmegaError || rethrow()
        LIBRARY.refused[mod] = error
        return nothing
    end
    return LIBRARY.library
end

# Why there is no library for a module; the code with which `native` throws it.
function lookup_failure(mod::String)
    return lock(LIBRARY_LOCK) do
        refused = get(LIBRARY.refused, mod, LIBRARY.failure)
        texts = [string("  ", failure.place, ": ", failure.why) for failure in LIBRARY.failures]
        haskey(LIBRARY.refused, mod) && push!(texts, string("  ", LIBRARY.refused[mod].message))
        return (code=refused === nothing ? NOT_BUILT_IN : refused.code, text=join(texts, '\n'))
    end
end

# Has a library that was not found, or was refused, looked for again.
function forget_library()
    lock(LIBRARY_LOCK) do
        LIBRARY.tried_for = nothing
        empty!(LIBRARY.refused)
        LIBRARY.library === nothing && (LIBRARY.candidate = nothing)
    end
    return nothing
end

# Where the system's loader would take the library from, asked without loading it; empty for nowhere.
function installed_library()
    name = Sys.islinux() ? SYSTEM_SONAME : LIBRARY_FILE
    variable = Sys.iswindows() ? "PATH" : Sys.islinux() ? "LD_LIBRARY_PATH" : "DYLD_LIBRARY_PATH"
    folders = [String(folder) for folder in split(get(ENV, variable, ""), Sys.iswindows() ? ';' : ':') if !isempty(folder)]
    places = [joinpath(folder, name) for folder in folders]
    Sys.islinux() && append!(places, cached_libraries(name))
    Sys.iswindows() || append!(places, [joinpath(folder, name) for folder in ("/usr/local/lib", "/usr/lib", "/lib")])
    at = findfirst(isfile, places)
    return at === nothing ? "" : abspath(places[at])
end

# The paths of that name in the loader's own list, which is a file of texts that end with a zero.
function cached_libraries(name::String)
    bytes = try
        read("/etc/ld.so.cache")
    catch error
        error isa SystemFailure || rethrow()
        return String[]
    end
    wanted = codeunits(string("/", name, "\0"))
    found, at = String[], 1
    while at <= length(bytes) - length(wanted) + 1
        if bytes[at] == wanted[1] && view(bytes, at:at+length(wanted)-1) == wanted
            start = something(findprev(==(0x00), bytes, at), 0) + 1
            bytes[start] == UInt8('/') && push!(found, String(bytes[start:at+length(wanted)-2]))
        end
        at += 1
    end
    return found
end

# (what the place is called, path, whether it must be a file) in the order of looking.
function library_places(wanted::String)
    isempty(wanted) || return [(string("OMEGA_LIBRARY ", wanted), wanted, true)]
    package = dirname(@__DIR__)
    places = Tuple{String,String,Bool}[]
    checkout = dirname(package)
    if is_checkout(checkout)
        # Where Cargo builds: joinpath keeps an absolute folder and takes another from the checkout.
        built = get(ENV, "CARGO_TARGET_DIR", "")
        path = joinpath(checkout, isempty(built) ? "target" : built, "release", LIBRARY_FILE)
        push!(places, (string("checkout ", path), path, true))
    end
    push!(places, (string("system loader ", SYSTEM_SONAME), SYSTEM_SONAME, false))
    return places
end

# Whether `folder` holds the sources of omega-slicer.
function is_checkout(folder::String)
    manifest = joinpath(folder, "Cargo.toml")
    return isfile(manifest) && any(line -> occursin(r"^name\s*=\s*\"omega-slicer\"", line), eachline(manifest))
end

# Loads a file. Throws OmegaError 5004 for a library that does not fit, and what the loader says for what is none.
function open_library(path::String)
    handle = Libdl.dlopen(path, Libdl.RTLD_NOW | Libdl.RTLD_LOCAL)
    symbol(name) = something(Libdl.dlsym(handle, name; throw_error=false), C_NULL)
    why = not_ours(symbol)
    if why !== nothing
        Libdl.dlclose(handle)
        fail(FFI_SCHEMA_MISMATCH, why)
    end
    text(name) = unsafe_string(ccall(symbol(name), Ptr{UInt8}, ()))
    functions = (symbol(Symbol(:omega_, name)) for name in FUNCTION_FIELDS)
    return NativeLibrary(Libdl.dlpath(handle), text(:omega_library_version), text(:omega_build_id),
        ccall(symbol(:omega_abi_version), UInt32, ()), has_arrow(symbol(:omega_abi_layout)), functions...)
end

# nothing, or why the opened library must not be used.
function not_ours(symbol)
    names = (:omega_abi_version, :omega_abi_layout, :omega_library_version, :omega_build_id,
        (Symbol(:omega_, name) for name in FUNCTION_FIELDS)...)
    for name in names
        symbol(name) == C_NULL && return string("lacks the function ", name)
    end
    return layout_mismatch(symbol(:omega_abi_version), symbol(:omega_abi_layout))
end

# The message of this thread's last failing call. To be read before the task can move to another thread,
# that is, at once.
last_message(library::NativeLibrary) = unsafe_string(ccall(library.last_error_message, Ptr{UInt8}, ()))

# Throws what a native call's status says, in the library's own words.
@noinline native_failure(library::NativeLibrary, status::Int32) = throw(OmegaError(status, last_message(library)))
