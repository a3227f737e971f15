# Candles as Arrow arrays for other languages, without a copy: the prices are Julia's own memory, which hangs on a
# registry here until the consumer has released it. Only what Arrow has and a series has not (a volume's
# bitmap, an absent volume's nulls) is made anew.

# What an export's memory hangs on, by its block. Emptied of what is done by the next export, and by a finalizer
# that asks to be called again at every collection while anything is left.
const EXPORTS = Dict{Ptr{Cvoid},Any}()
const EXPORTS_LOCK = Threads.SpinLock() # not reentrant, so that a finalizer can tell that it is taken
mutable struct Sweeper end

function sweep_exports(sweeper::Sweeper)
    again = true
    if trylock(EXPORTS_LOCK)
        empty_done!()
        again = SWEEPING[] = !isempty(EXPORTS)
        unlock(EXPORTS_LOCK)
    end
    again && finalizer(sweep_exports, sweeper)
    return nothing
end
const SWEEPING = Ref(false) # under EXPORTS_LOCK

# Frees the blocks that callbacks have put on the list. Under EXPORTS_LOCK.
function empty_done!()
    close_gate()
    block = Ptr{Cvoid}(DONE[])
    DONE[] = UInt(0)
    open_gate()
    while block != C_NULL
        next = unsafe_load(Ptr{Ptr{Cvoid}}(block), 2)
        delete!(EXPORTS, block)
        Libc.free(block)
        block = next
    end
    return nothing
end

# Keeps `roots` for the export in `block`.
function root_export(block::Ptr{Cvoid}, roots)
    was_sweeping = lock(EXPORTS_LOCK) do
        empty_done!()
        EXPORTS[block] = roots
        was, SWEEPING[] = SWEEPING[], true
        was
    end
    was_sweeping || finalizer(sweep_exports, Sweeper())
    return nothing
end

# A block of C memory with room for `size` bytes beside its head, in which `alive` structs lie.
function new_block(size::Int, alive::Int, rooted::Bool)
    block = Ptr{Cvoid}(Libc.malloc(HEAD_SIZE + size))
    block == C_NULL && fail(OUT_OF_MEMORY, HEAD_SIZE + size, " bytes for Arrow do not fit into memory")
    unsafe_store!(Ptr{BlockHead}(block), BlockHead(alive, C_NULL, rooted, HEAD_SIZE + size))
    return block
end

# --- schemas ---

const FORMATS = ("tsu:UTC", "g", "g", "g", "g", "g")
const NULLABLE = Int64(2)

# Key and value counts as the interface wants them: 32-bit lengths in this machine's order.
function metadata_bytes(series::CandleSeries)
    out = IOBuffer()
    metadata = series_metadata(series)
    write(out, Int32(length(METADATA_KEYS)))
    for key in METADATA_KEYS
        write(out, Int32(sizeof(key)), key, Int32(sizeof(metadata[key])), metadata[key])
    end
    return take!(out)
end

# Writes the schema of `series` to `out`.
function fill_schema!(out::Ptr{ArrowSchema}, series::CandleSeries)
    metadata, names = metadata_bytes(series), map(String, COLUMN_NAMES)
    texts = ("+s\0", "\0", (string(text, '\0') for text in (FORMATS..., names...))...)
    block = new_block(6 * (sizeof(ArrowSchema) + sizeof(Ptr)) + sum(sizeof, texts) + length(metadata), 7, false)
    children = Ptr{ArrowSchema}(block + HEAD_SIZE)
    pointers = Ptr{Ptr{ArrowSchema}}(children + 6 * sizeof(ArrowSchema))
    at = Ptr{UInt8}(pointers + 6 * sizeof(Ptr))
    function put(bytes)
        place, at = at, at + sizeof(bytes)
        GC.@preserve bytes unsafe_copyto!(place, pointer(bytes), sizeof(bytes))
        return place
    end
    places = map(put, texts)
    described = put(metadata)
    release = schema_callback()
    for i in 1:6
        child = children + (i - 1) * sizeof(ArrowSchema)
        flags = i == 6 ? NULLABLE : Int64(0)
        unsafe_store!(child, ArrowSchema(places[2+i], places[8+i], C_NULL, flags, 0, C_NULL, C_NULL, release, block))
        unsafe_store!(pointers, child, i)
    end
    unsafe_store!(out, ArrowSchema(places[1], places[2], described, 0, 6, pointers, C_NULL, release, block))
    return nothing
end

# --- arrays ---

# Writes rows offset+1 : offset+len of `series` to `out`.
function fill_array!(out::Ptr{ArrowArray}, series::CandleSeries, offset::Int, len::Int)
    missing_volumes = !series.has_volume ? len : count(isnan, view(getfield(series, :volume), offset+1:offset+len))
    bitmap = missing_volumes == 0 ? 0 : 8 * cld(len, 64)
    values = series.has_volume ? 0 : 8 * len
    # Six children, pointers to them, and thirteen buffers: the struct's bitmap and two for each child.
    block = new_block(6 * sizeof(ArrowArray) + (6 + 13) * sizeof(Ptr) + 64 + bitmap + values, 7, true)
    children = Ptr{ArrowArray}(block + HEAD_SIZE)
    pointers = Ptr{Ptr{ArrowArray}}(children + 6 * sizeof(ArrowArray))
    buffers = Ptr{Ptr{Cvoid}}(pointers + 6 * sizeof(Ptr))
    made = Ptr{UInt64}((UInt(buffers) + 13 * sizeof(Ptr) + 63) & ~UInt(63))
    bitmap == 0 || fill_bitmap!(made, series, offset, len)
    values == 0 || foreach(i -> unsafe_store!(Ptr{Float64}(made + bitmap), 0.0, i), 1:len)
    release = array_callback()
    unsafe_store!(buffers, C_NULL, 1)
    for (i, name) in enumerate(COLUMN_NAMES)
        is_made = name === :volume && !series.has_volume
        data = Ptr{Cvoid}(is_made ? made + bitmap : Ptr{UInt64}(pointer(getfield(series, name)) + 8 * offset))
        validity = name === :volume && bitmap > 0 ? Ptr{Cvoid}(made) : C_NULL
        unsafe_store!(buffers, validity, 2i)
        unsafe_store!(buffers, data, 2i + 1)
        child = children + (i - 1) * sizeof(ArrowArray)
        nulls = name === :volume ? missing_volumes : 0
        own = buffers + (2i - 1) * sizeof(Ptr)
        unsafe_store!(child, ArrowArray(len, nulls, 0, 2, 0, own, C_NULL, C_NULL, release, block))
        unsafe_store!(pointers, child, i)
    end
    root_export(block, series)
    unsafe_store!(out, ArrowArray(len, 0, 0, 1, 6, buffers, pointers, C_NULL, release, block))
    return nothing
end

# A bit per row, least significant first, 1 where there is a volume; the rest of the last word is 0.
function fill_bitmap!(words::Ptr{UInt64}, series::CandleSeries, offset::Int, len::Int)
    volume, present = getfield(series, :volume), series.has_volume
    for word in 1:cld(len, 64)
        bits = UInt64(0)
        first = 64 * (word - 1)
        for bit in 0:min(64, len - first)-1
            @inbounds bits |= UInt64(present && !isnan(volume[offset+first+bit+1])) << bit
        end
        unsafe_store!(words, htol(bits), word)
    end
    return nothing
end

function fill_both!(array::Ptr{ArrowArray}, schema::Ptr{ArrowSchema}, series::CandleSeries, offset::Int, len::Int)
    fill_schema!(schema, series)
    try
        fill_array!(array, series, offset, len)
    catch
        release_struct(schema)
        rethrow()
    end
    return nothing
end

# Callbacks run once on a thread of Julia's before any other may call them: before 1.9 a foreign thread cannot
# compile what it runs.
const WARM = Ref(false)
function warm_callbacks(series::CandleSeries)
    WARM[] && return nothing
    stream, schema, array = Ref(ArrowArrayStream()), Ref(ArrowSchema()), Ref(ArrowArray())
    GC.@preserve stream schema array begin
        at = struct_pointer(stream)
        for take in (true, false)
            fill_stream!(at, series, 0, 0)
            found = stream[]
            ccall(found.get_last_error, Ptr{UInt8}, (Ptr{ArrowArrayStream},), at)
            ccall(found.get_schema, Int32, (Ptr{ArrowArrayStream}, Ptr{ArrowSchema}), at, struct_pointer(schema))
            batch = struct_pointer(array)
            take && ccall(found.get_next, Int32, (Ptr{ArrowArrayStream}, Ptr{ArrowArray}), at, batch)
            foreach(release_struct, (struct_pointer(schema), struct_pointer(array), at))
        end
    end
    WARM[] = true
    return nothing
end

# Writes a stream of one batch to `out`.
function fill_stream!(out::Ptr{ArrowArrayStream}, series::CandleSeries, offset::Int, len::Int)
    block = new_block(STREAM_SIZE - HEAD_SIZE, 1, false)
    try
        fill_both!(Ptr{ArrowArray}(block + STREAM_ARRAY), Ptr{ArrowSchema}(block + STREAM_SCHEMA), series, offset, len)
    catch
        Libc.free(block)
        rethrow()
    end
    schema, next, error, release = stream_callbacks()
    unsafe_store!(out, ArrowArrayStream(schema, next, error, release, block))
    return nothing
end

exported_rows(series::CandleSeries) = (series, 0, length(series))
exported_rows(candles::Candles) = (candles.series, getfield(candles, :offset), length(candles))

const SLOT_EXPORT = operation_slot(:export_arrow)

# The library exports what it owns, and Julia where it fails at that: a struct that it refused to fill is empty still. Julia's own
# columns, which it only borrows, must hang on Julia's registry, so those are exported from here. What was handed out is its
# consumer's: shadow mode does not look into it.
function exported(natively::N, in_julia::J, series::CandleSeries, offset::Int, len::Int) where {N,J}
    handle = getfield(series, :native)
    if owns_memory(handle) && handle.library.arrow
        return guarded(natively, in_julia, SLICER, SLOT_EXPORT, "export_arrow", handle.library, is_auto(series), (series, offset, len), missing)
    end
    count!(SLOT_EXPORT, is_native(handle) ? SHARED : FALLBACK)
    return in_julia()
end

"""
    export_arrow(candles) -> (array, schema)
    export_arrow(candles, array, schema)

[`Candles`](@ref), or a whole [`CandleSeries`](@ref), through the Arrow C Data Interface: a struct array of
`timestamp[us, UTC]` and five `float64` columns, the registered schema `symbol_slice`
([`schemas`](@ref)) with symbol, timeframe and price type in its metadata. The first form gives a
`Ref{ArrowArray}` and a `Ref{ArrowSchema}`, the second writes to empty structs of yours (`Ref`s, or `Ptr`s that another
library gave).

- **Memory**: columns are not copied; they stay alive until the consumer has called the array's `release`, from
  any thread, in any order with the schema's; children may be moved out, as the specification says. What is
  never consumed is released with its `Ref`. A missing volume (NaN) is null, for which a bitmap is made; of a
  series without volume every volume is null.
- Errors: 1004 for other arguments, 6001 if memory runs out. O(1), O(n) for the volume. Source: `src/arrow_export.jl`.

```jldoctest
julia> using OmegaJulia

julia> series = CandleSeries([0, 60_000_000], [1.0, 1.1], [1.2, 1.3], [0.9, 1.0], [1.1, 1.2];
                             symbol="EURUSD", timeframe="M1");

julia> array, schema = export_arrow(series[2:2]);

julia> unsafe_string(schema[].format), array[].length, array[].n_children
("+s", 1, 6)

julia> back = import_arrow(array, schema);

julia> back.symbol, back.close[1]
("EURUSD", 1.2)
```
"""
function export_arrow(candles::Union{Candles,CandleSeries})
    array, schema = owned_struct(ArrowArray), owned_struct(ArrowSchema)
    export_arrow(candles, array, schema)
    return array, schema
end

function export_arrow(candles::Union{Candles,CandleSeries}, array::Ref{ArrowArray}, schema::Ref{ArrowSchema})
    series, offset, len = exported_rows(candles)
    GC.@preserve array schema begin
        places = struct_pointer(array), struct_pointer(schema)
        any(==(C_NULL), places) && fail(NULL_POINTER, "array or schema is NULL")
        exported(() -> native_export(series, offset, len, places), () -> (warm_callbacks(series); fill_both!(places..., series, offset, len);
            nothing), series, offset, len)
    end
    return nothing
end

export_arrow(candles, places...) = fail_export(candles, places)
@noinline fail_export(candles, places) = fail(TYPE_MISMATCH,
    "Arrow is made of Candles or a CandleSeries, into a Ref or Ptr of each struct; got ",
    join(map(typeof, (candles, places...)), ", "))

"""
    export_arrow_stream(candles) -> stream
    export_arrow_stream(candles, stream)

The same as a stream of one batch, for consumers that take an [`ArrowArrayStream`](@ref). Its schema may be
asked for several times, by any thread. Memory, errors and cost as of [`export_arrow`](@ref).
Source: `src/arrow_export.jl`.

```jldoctest
julia> using OmegaJulia

julia> series = CandleSeries([0], [1.0], [1.2], [0.9], [1.1]; symbol="EURUSD", timeframe="M1");

julia> import_arrow(export_arrow_stream(series)).close[1]
1.1
```
"""
function export_arrow_stream(candles::Union{Candles,CandleSeries})
    stream = owned_struct(ArrowArrayStream)
    export_arrow_stream(candles, stream)
    return stream
end

function export_arrow_stream(candles::Union{Candles,CandleSeries}, stream::Ref{ArrowArrayStream})
    series, offset, len = exported_rows(candles)
    GC.@preserve stream begin
        place = struct_pointer(stream)
        place == C_NULL && fail(NULL_POINTER, "stream is NULL")
        exported(() -> native_export(series, offset, len, (place,)), () -> (warm_callbacks(series); fill_stream!(place, series, offset, len);
            nothing), series, offset, len)
    end
    return nothing
end

export_arrow_stream(candles, places...) = fail_export(candles, places)
