# Finding and opening the native library, once per process and only when somebody needs it.
# Nothing is called in a library before its version and layout have been compared; a library that does not
# fit, or is not there, is a list of reasons, and what follows from them is decided in backend.jl.

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
    mismatch::Bool # found and opened, but not a library that fits
end

mutable struct LibraryState
    library::Union{Nothing,NativeLibrary}
    failures::Vector{LookupFailure}
    tried_for::Union{Nothing,String} # OMEGA_LIBRARY at the last attempt; nothing before the first
end

const LIBRARY = LibraryState(nothing, LookupFailure[], nothing)
const LIBRARY_LOCK = ReentrantLock()
const LIBRARY_FILE = string("libomega_slicer.", Libdl.dlext)
const SYSTEM_SONAME = "libomega_slicer.so.0"

# The library, opened at the first call; nothing where there is none (LIBRARY.failures then says why).
# A failed search is repeated only with `retry`, or after OMEGA_LIBRARY has changed.
function find_library(; retry::Bool=false)
    return lock(LIBRARY_LOCK) do
        LIBRARY.library === nothing || return LIBRARY.library
        wanted = get(ENV, "OMEGA_LIBRARY", "")
        !retry && LIBRARY.tried_for == wanted && return nothing
        LIBRARY.tried_for = wanted
        empty!(LIBRARY.failures)
        for place in library_places(wanted)
            LIBRARY.library = try_library(place...)
            LIBRARY.library === nothing || break
        end
        return LIBRARY.library
    end
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

function try_library(place::String, path::String, must_be_file::Bool)
    refuse(why, mismatch=false) = (push!(LIBRARY.failures, LookupFailure(place, why, mismatch)); nothing)
    must_be_file && !isfile(path) && return refuse("no such file")
    handle = try
        # An absolute path, or the loader would search for it.
        Libdl.dlopen(must_be_file ? abspath(path) : path, Libdl.RTLD_NOW | Libdl.RTLD_LOCAL)
    catch error
        return refuse(sprint(showerror, error))
    end
    symbol(name) = something(Libdl.dlsym(handle, name; throw_error=false), C_NULL)
    why = not_ours(symbol)
    if why !== nothing
        Libdl.dlclose(handle)
        return refuse(why, true)
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
