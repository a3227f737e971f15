# Arrow IPC files: read and written by the native library, or where that is not there by the Arrow package
# through ext/OmegaArrowExt.jl (Julia 1.9 or later). There is no third way: without either, 6005 names both.

# Filled by ext/OmegaArrowExt.jl: bytes -> Source, and (io, columns, metadata) -> nothing.
const ARROW_READER = Ref{Union{Nothing,Function}}(nothing)
const ARROW_WRITER = Ref{Union{Nothing,Function}}(nothing)

const SLOT_READ_IPC = operation_slot(:read_ipc)
const SLOT_WRITE_IPC = operation_slot(:write_ipc)
const SLOT_TO_IPC = operation_slot(:to_ipc)

"""
    read_ipc(path; mmap=false, check=nothing, symbol=nothing, timeframe=nothing, price_type=nothing,
             allow_missing=false, strict=false, backend=nothing) -> CandleSeries
    read_ipc(bytes; ...)

A series from an Arrow IPC file or stream (Feather version 2 is the file format), by path or as a vector of
bytes. Columns, identity and `strict` as in [`import_arrow`](@ref); compressed (LZ4, ZSTD) or not.

- By default the file is copied into memory and checked fully. `mmap=true` maps it: then `check` is `"order"`
  unless given, pages are read when they are used, and nobody may write to or truncate the file meanwhile (a
  truncated mapping kills the process); [`refresh`](@ref) tells whether somebody did. Compressed files cannot be mapped.
- Without the native library this needs the package Arrow to be loaded (Julia 1.9 or later), which always copies.

Errors: 3001, 3002 and 3000 for the file, 1010 if it is empty, 3004 if it is damaged or no Arrow file, 6004 if it asks
for more memory than an honest one, 6005 if neither backend is there, 1001 for `mmap` of a compressed file or of
bytes; then as [`import_arrow`](@ref). O(size); mapped O(rows) for the order. Source: `src/arrow_ipc.jl`.

```jldoctest
julia> using OmegaJulia

julia> try read_ipc(UInt8[]) catch error; error.code end
1010
```
"""
function read_ipc(source; mmap=false, check=nothing, symbol=nothing, timeframe=nothing, price_type=nothing,
    allow_missing=false, strict=false, backend=nothing)

    mapped = boolean(mmap, "mmap")
    wanted = something(check, mapped ? "order" : "full")
    options = source_options(symbol, timeframe, price_type, wanted, allow_missing, strict)
    place = ipc_place(source)
    mapped && !(place isa String) && fail(INVALID_ARGUMENT, "mmap=true maps a file; these are bytes")
    choice = resolve_choice(backend)
    library = library_for(choice)
    # A library without Arrow answers 6005 itself, unless the package can.
    if library !== nothing && !library.arrow && choice.requested !== :native && ARROW_READER[] !== nothing
        library = nothing
    end
    # What the library fails at can only be read again where something else can.
    auto = choice.requested === :auto && ARROW_READER[] !== nothing
    return guarded(() -> native_read_ipc(library, place, mapped, options, choice.requested),
        () -> fallback_read_ipc(place, options, choice), SLICER, SLOT_READ_IPC, "read_ipc", library, auto,
        (place isa String ? place : string(length(place), " bytes"),))
end

ipc_place(path::AbstractString) =
    '\0' in path ? fail(INVALID_ARGUMENT, "path ", quoted(path), " holds a NUL character") : String(path)
ipc_place(bytes::AbstractVector{UInt8}) = bytes isa Vector{UInt8} ? bytes : collect(bytes)
ipc_place(other) = fail(TYPE_MISMATCH, "a path or a vector of bytes is read, got ", typeof(other))

function fallback_read_ipc(place::Union{String,Vector{UInt8}}, options::SourceOptions, choice::Choice)
    try
        bytes = place isa String ? within_memory(() -> file_bytes(place), "it does not fit into memory") : place
        check_magic(bytes)
        ARROW_READER[] === nothing && fail_no_arrow("read")
        # The package promises nothing about its exceptions; whatever it throws, the bytes were at fault.
        source = try
            Base.invokelatest(ARROW_READER[], bytes)
        catch error
            error isa Union{OmegaError,OutOfMemoryError,InterruptException} && rethrow()
            fail(DESERIALIZATION_FAILED, sprint(showerror, error))
        end
        return series_from(source, options, choice, unshared)
    catch error
        error isa OmegaError && place isa String && !startswith(error.message, place) || rethrow()
        fail(error.code, place, ": ", error.message)
    end
end

@noinline fail_no_arrow(what::String) = fail(NOT_BUILT_IN, "Arrow IPC files are ", what,
    " by the native library (built with its feature arrow), or in Julia 1.9 or later by the package Arrow:",
    " `using Arrow`. Neither is there.")

# The first bytes of what is neither an Arrow file nor a stream, or of something that people take for one.
function check_magic(bytes::Vector{UInt8})
    isempty(bytes) && fail(EMPTY_INPUT, "no bytes: not even an empty Arrow file")
    starts(text) = length(bytes) >= sizeof(text) && view(bytes, 1:sizeof(text)) == codeunits(text)
    no_arrow = "neither an Arrow IPC file nor a stream"
    starts("FEA1") && fail(DESERIALIZATION_FAILED, no_arrow, ": this is Feather version 1; write it anew as version 2")
    starts("PAR1") && fail(DESERIALIZATION_FAILED, no_arrow, ": this is Parquet; read it with a package for that")
    starts("ARROW1") || length(bytes) >= 8 && bytes[1:4] == fill(0xff, 4) || is_legacy_stream(bytes) ||
        fail(DESERIALIZATION_FAILED, no_arrow)
    return nothing
end

# Streams before 2019 begin with the length of the schema's message.
function is_legacy_stream(bytes::Vector{UInt8})
    length(bytes) >= 8 || return false
    len = sum(UInt32(bytes[i]) << (8 * (i - 1)) for i in 1:4)
    return 0 < len <= length(bytes) - 4
end

"""
    to_ipc(candles; backend=nothing) -> Vector{UInt8}

[`Candles`](@ref), or a whole [`CandleSeries`](@ref), as the bytes of an Arrow IPC file: the registered schema
`symbol_slice` ([`schemas`](@ref)), one batch, a missing volume as null, symbol, timeframe and price type in
the metadata. Written by the series' backend unless `backend` names another; without the native library this
needs the package Arrow. Errors: 6005 if neither is there, 3003, 6001. O(n). Source: `src/arrow_ipc.jl`.

```jldoctest
julia> using OmegaJulia

julia> try to_ipc([1, 2]) catch error; error.code end
1004
```
"""
function to_ipc(candles::Union{Candles,CandleSeries}; backend=nothing)
    series, offset, len = exported_rows(candles)
    library = writing_library(series, backend)
    auto = backend === nothing && is_auto(series) && ARROW_WRITER[] !== nothing
    return guarded(() -> native_to_ipc(library, series, offset, len), () -> fallback_to_ipc(candles), SLICER, SLOT_TO_IPC, "to_ipc",
        library, auto, (series, offset, len), missing) # other bytes may say the same
end

to_ipc(candles; backend=nothing) = fail_no_candles(candles)
@noinline fail_no_candles(candles) =
    fail(TYPE_MISMATCH, "an Arrow file is made of Candles or a CandleSeries, got ", typeof(candles))

# The library that writes `series`: its own, or as `backend` says.
function writing_library(series::CandleSeries, backend)
    backend === nothing && is_native(getfield(series, :native)) && return getfield(series, :native).library
    backend === nothing && return nothing
    return library_for(Choice(argument_choice(backend, "backend"), "argument"))
end

function fallback_to_ipc(candles::Union{Candles,CandleSeries})
    ARROW_WRITER[] === nothing && fail_no_arrow("written")
    series, offset, len = exported_rows(candles)
    found = columns(series[offset+1:offset+len])
    volume = Union{Missing,Float64}[isnan(value) ? missing : value for value in found.volume]
    written = merge(map(collect, found), (volume=volume,))
    metadata = series_metadata(series)
    out = IOBuffer()
    Base.invokelatest(ARROW_WRITER[], out, written, [key => metadata[key] for key in METADATA_KEYS])
    return take!(out)
end

"""
    write_ipc(path, candles; backend=nothing)

Writes what [`to_ipc`](@ref) gives to a file: under another name beside it, then renamed, so that a file that is
there is replaced whole or stays as it was. Errors: 3001, 3002 and 3000 naming the path; as `to_ipc`. O(n).
Source: `src/arrow_ipc.jl`.

```jldoctest
julia> using OmegaJulia

julia> try write_ipc("candles.arrow", [1, 2]) catch error; error.code end
1004
```
"""
function write_ipc(path::AbstractString, candles::Union{Candles,CandleSeries}; backend=nothing)
    place = ipc_place(path)
    series, offset, len = exported_rows(candles)
    library = writing_library(series, backend)
    auto = backend === nothing && is_auto(series) && ARROW_WRITER[] !== nothing
    guarded(() -> native_write_ipc(library, series, offset, len, place), () -> replace_file(place, fallback_to_ipc(candles)), SLICER,
        SLOT_WRITE_IPC, "write_ipc", library, auto, (place, series, offset, len), missing)
    return nothing
end

write_ipc(path, candles; backend=nothing) = path isa AbstractString ? fail_no_candles(candles) :
    fail(TYPE_MISMATCH, "path must be a string, got ", repr(path), " (", typeof(path), ")")

# A whole file or the one before: written beside it, on the disk before it gets the name.
function replace_file(path::String, bytes::Vector{UInt8})
    beside = string(path, ".", getpid(), "-", string(time_ns(); base=16), ".tmp")
    try
        open(beside, "w") do file
            write(file, bytes)
            flush(file)
            ccall(:fsync, Cint, (Cint,), fd(file)) == 0 || throw(SystemError(path))
        end
        isdir(path) && throw(SystemError(path, Libc.EISDIR))
        Base.Filesystem.rename(beside, path)
    catch error
        rm(beside; force=true)
        error isa Union{SystemError,Base.IOError} || rethrow()
        fail_system(path, error)
    end
    return nothing
end

"""
    refresh(series) -> Symbol

Whether the file behind a mapped series is still what it was when it was opened, by device, inode, size and time of
modification: `:unchanged`, `:changed` or `:gone`; `:not_mapped` for every other series. The series itself never
changes. One look at the file system. Source: `src/arrow_ipc.jl`.

```jldoctest
julia> using OmegaJulia

julia> refresh(CandleSeries([0], [1.0], [1.2], [0.9], [1.1]; symbol="EURUSD", timeframe="M1"))
:not_mapped
```
"""
function refresh(series::CandleSeries)
    handle = getfield(series, :native)
    return owns_memory(handle) ? native_refresh(handle) : :not_mapped
end

refresh(other) = fail(TYPE_MISMATCH, "a CandleSeries is asked, got ", typeof(other))
