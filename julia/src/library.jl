# The native library: its functions, what is known of it, why there is none. It is found and opened in loading.jl, once per process
# and only when somebody needs it; what follows where there is none is decided in backend.jl.

# This package's own.
const VERSION_TEXT = "0.1.0"

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
    kernel_tables::Ptr{Cvoid}
    ema::Ptr{Cvoid}
    stream_new::Ptr{Cvoid}
    stream_push::Ptr{Cvoid}
    stream_value::Ptr{Cvoid}
    stream_reset::Ptr{Cvoid}
    stream_free::Ptr{Cvoid}
    # Its functions are nowhere yet.
    NativeLibrary(path::String) = new(path, "", "", 0, false)
end

const FUNCTION_FIELDS = filter(name -> fieldtype(NativeLibrary, name) === Ptr{Cvoid}, collect(fieldnames(NativeLibrary)))

# Stands where there is no library, so that fields need no Union.
const NO_LIBRARY = NativeLibrary("")
foreach(name -> setfield!(NO_LIBRARY, name, C_NULL), FUNCTION_FIELDS)

# A library that has been looked at and not loaded; `key` names its build in incidents.
struct Candidate
    path::String
    key::String
    sha256::String
    manifest::String
end

# A place that was looked at in vain.
struct LookupFailure
    place::String
    why::String
end

mutable struct LibraryState
    candidate::Union{Nothing,Candidate} # the library that was looked at
    library::Union{Nothing,NativeLibrary}
    self_test::String
    failures::Vector{LookupFailure}
    tried_for::Union{Nothing,String} # OMEGA_LIBRARY at the last attempt; nothing before the first
    failure::Union{Nothing,OmegaError} # what the file that was found is refused for; by module that is its breaker's
end

const LIBRARY = LibraryState(nothing, nothing, "", LookupFailure[], nothing, nothing)
const LIBRARY_LOCK = ReentrantLock()
const LIBRARY_FILE = string("libomega_slicer.", Libdl.dlext)
const SYSTEM_SONAME = "libomega_slicer.so.0"

# Why there is no library for a module; the code with which `native` throws it.
function lookup_failure(mod::String)
    return lock(LIBRARY_LOCK) do
        refused = mod in MODULES ? breaker_of(mod).refused : nothing
        texts = [string("  ", failure.place, ": ", failure.why) for failure in LIBRARY.failures]
        refused === nothing ? refused = LIBRARY.failure : push!(texts, string("  ", refused.message))
        return (code=refused === nothing ? NOT_BUILT_IN : refused.code, text=join(texts, '\n'))
    end
end

# Has a library that was not found, or was refused, looked for again.
function forget_library()
    lock(LIBRARY_LOCK) do
        LIBRARY.tried_for = nothing
        foreach(breaker -> (breaker.refused = nothing), BREAKERS)
        LIBRARY.library === nothing && (LIBRARY.candidate = nothing)
    end
    return nothing
end

# A file that cannot be looked at, or is damaged: LIBRARY keeps why.
function refuse_file(file::String, error)
    LIBRARY.failure = refusal(file, error)
    place = library_places(LIBRARY.tried_for)[length(LIBRARY.failures)+1]
    push!(LIBRARY.failures, LookupFailure(first(place), LIBRARY.failure.message))
    return nothing
end

# What a library that is none of ours is refused with: 5004, and it is closed again.
@noinline function refuse_functions(handle::Ptr{Cvoid}, name::Symbol)
    Libdl.dlclose(handle)
    fail(FFI_SCHEMA_MISMATCH, "lacks the function omega_", name)
end

# What a library is refused with whose version or layout is another; whether it has Arrow, where it only lacks that.
@noinline function refuse_layout(handle::Ptr{Cvoid}, abi_version::Ptr{Cvoid}, abi_layout::Ptr{Cvoid})
    why = layout_mismatch(abi_version, abi_layout)
    why === nothing && return has_arrow(abi_layout)
    Libdl.dlclose(handle)
    fail(FFI_SCHEMA_MISMATCH, why)
end

# The message of this thread's last failing call. To be read before the task can move to another thread,
# that is, at once.
last_message(library::NativeLibrary) = unsafe_string(ccall(library.last_error_message, Ptr{UInt8}, ()))

# Throws what a native call's status says, in the library's own words.
@noinline native_failure(library::NativeLibrary, status::Int32) = throw(OmegaError(status, last_message(library)))
