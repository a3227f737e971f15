# Arrow by the native library: IPC files, and foreign structs in and out. Its refusals count rows from zero; they are
# counted anew here, where a row is what the refusal begins with.

const STRICT = UInt32(2)
const MAPPED = UInt32(4)
const FROM_METADATA = Int32(-1)

# The library for a choice, if it was built with Arrow; without, Julia's own C structs serve as well.
function arrow_library(choice::Choice)
    library = library_for(choice)
    library === nothing || library.arrow || choice.requested === :native || return nothing
    return library
end

# To be used while `options` is preserved: it holds a pointer to the symbol.
function native_options(options::SourceOptions, mapped::Bool)
    symbol = options.symbol === nothing ? Ptr{UInt8}(C_NULL) : pointer(options.symbol)
    price_type = options.price_type === nothing ? FROM_METADATA : Int32(options.price_type == "ask")
    flags = options.allow_missing * ALLOW_MISSING | options.strict * STRICT | mapped * MAPPED
    timeframe = options.timeframe === nothing ? 0 : options.timeframe.duration
    return NativeOptions(symbol, timeframe, price_type, options.check, flags, 0)
end

function native_read_ipc(library::NativeLibrary, place::Union{String,Vector{UInt8}}, mapped::Bool,
    options::SourceOptions, requested::Symbol)

    out = Ref{Ptr{Cvoid}}(C_NULL)
    symbol = options.symbol
    status = GC.@preserve symbol place begin
        place isa String ? ccall(library.series_read_ipc, Int32, (Cstring, Ref{NativeOptions}, Ref{Ptr{Cvoid}}),
            place, native_options(options, mapped), out) :
        ccall(library.series_from_ipc, Int32, (Ptr{UInt8}, Csize_t, Ref{NativeOptions}, Ref{Ptr{Cvoid}}),
            place, length(place), native_options(options, false), out)
    end
    status == 0 || arrow_failure(library, status, place isa String ? string(place, ": ") : "")
    return adopt_arrow(library, out[], requested)
end

function native_import(library::NativeLibrary, places::Tuple{Ptr{ArrowArray},Ptr{ArrowSchema}}, options::SourceOptions,
    requested::Symbol)

    out = Ref{Ptr{Cvoid}}(C_NULL)
    symbol = options.symbol
    status = GC.@preserve symbol ccall(library.series_import, Int32,
        (Ptr{ArrowArray}, Ptr{ArrowSchema}, Ref{NativeOptions}, Ref{Ptr{Cvoid}}),
        places[1], places[2], native_options(options, false), out)
    status == 0 || arrow_failure(library, status)
    return adopt_arrow(library, out[], requested)
end

function native_import(library::NativeLibrary, places::Tuple{Ptr{ArrowArrayStream}}, options::SourceOptions,
    requested::Symbol)

    out = Ref{Ptr{Cvoid}}(C_NULL)
    symbol = options.symbol
    status = GC.@preserve symbol ccall(library.series_import_stream, Int32,
        (Ptr{ArrowArrayStream}, Ref{NativeOptions}, Ref{Ptr{Cvoid}}), places[1], native_options(options, false), out)
    status == 0 || arrow_failure(library, status)
    return adopt_arrow(library, out[], requested)
end

# The Julia side of a series whose identity the library knows.
function adopt_arrow(library::NativeLibrary, pointer::Ptr{Cvoid}, requested::Symbol)
    info = Ref{NativeInfo}()
    status = ccall(library.series_info, Int32, (Ptr{Cvoid}, Ref{NativeInfo}), pointer, info)
    status == 0 || native_failure(library, status)
    found = info[]
    identity = (symbol=unsafe_string(found.symbol), timeframe=Timeframe(found.timeframe_us),
        price_type=found.price_type == 0 ? "bid" : "ask")
    return adopt_series(library, pointer, identity, requested)
end

# Throws a refusal in the library's words, its row counted from one. `prefix` is what may stand before it.
@noinline function arrow_failure(library::NativeLibrary, status::Int32, prefix::String="")
    message = last_message(library)
    start = startswith(message, prefix) ? ncodeunits(prefix) : 0
    row = match(r"^row ([0-9]+)\b", SubString(message, start + 1))
    row === nothing && throw(OmegaError(status, message))
    rest = SubString(message, start + ncodeunits(row.match) + 1)
    throw(OmegaError(status, string(SubString(message, 1, start), "row ", parse(Int, row[1]) + 1, rest)))
end

function native_export(series::CandleSeries, offset::Int, len::Int, places::Tuple{Ptr{ArrowArray},Ptr{ArrowSchema}})
    handle = getfield(series, :native)
    status = GC.@preserve handle ccall(handle.library.candles_export, Int32,
        (Ptr{Cvoid}, RowRange, Ptr{ArrowArray}, Ptr{ArrowSchema}),
        handle.pointer, RowRange(offset, len), places[1], places[2])
    status == 0 || native_failure(handle.library, status)
    return nothing
end

function native_export(series::CandleSeries, offset::Int, len::Int, places::Tuple{Ptr{ArrowArrayStream}})
    handle = getfield(series, :native)
    status = GC.@preserve handle ccall(handle.library.candles_export_stream, Int32,
        (Ptr{Cvoid}, RowRange, Ptr{ArrowArrayStream}), handle.pointer, RowRange(offset, len), places[1])
    status == 0 || native_failure(handle.library, status)
    return nothing
end

function native_write_ipc(library::NativeLibrary, series::CandleSeries, offset::Int, len::Int, path::String)
    handle = native_handle(series, library)
    status = GC.@preserve handle ccall(library.candles_write_ipc, Int32, (Ptr{Cvoid}, RowRange, Cstring),
        handle.pointer, RowRange(offset, len), path)
    status == 0 || native_failure(library, status)
    return nothing
end

function native_to_ipc(library::NativeLibrary, series::CandleSeries, offset::Int, len::Int)
    handle = native_handle(series, library)
    # What a file of these rows takes at most; asked for its size first, the library would write it twice.
    room = 8192 + 2 * sizeof(series.symbol) + 49 * len
    bytes = within_memory(() -> Vector{UInt8}(undef, room), len, " rows do not fit into memory")
    size = Ref{Csize_t}(0)
    write_to(out, capacity) = GC.@preserve handle ccall(library.candles_to_ipc, Int32,
        (Ptr{Cvoid}, RowRange, Ptr{UInt8}, Csize_t, Ref{Csize_t}),
        handle.pointer, RowRange(offset, len), out, capacity, size)
    status = write_to(bytes, length(bytes))
    if status == SIZE_MISMATCH
        status = write_to(C_NULL, 0)
        status == 0 && (status = write_to(resize!(bytes, size[]), size[]))
    end
    status == 0 || native_failure(library, status)
    return resize!(bytes, size[])
end

const FILE_STATES = (:not_mapped, :unchanged, :changed, :gone)

function native_refresh(handle::NativeHandle)
    state = Ref{Int32}(0)
    status = GC.@preserve handle ccall(handle.library.series_refresh, Int32, (Ptr{Cvoid}, Ref{Int32}), handle.pointer, state)
    status == NOT_BUILT_IN && return :not_mapped # without Arrow nothing is ever mapped
    status == 0 || native_failure(handle.library, status)
    return FILE_STATES[state[]+1]
end
