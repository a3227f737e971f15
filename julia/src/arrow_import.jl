# Candles out of foreign Arrow arrays: the C structs of another library, described as a Source. Nobody can check
# what a pointer leads to; all that can be checked is, before anything is read through it. A refused
# struct is its caller's as before; an accepted one is moved from, and released once with the last column in it.

# --- what a schema says ---

const ARROW_KINDS = Dict(
    "b" => :bool, "c" => :int8, "C" => :uint8, "s" => :int16, "S" => :uint16, "i" => :int32, "I" => :uint32,
    "l" => :int64, "L" => :uint64, "f" => :float32, "g" => :float64,
)
const ARROW_NAMES = Dict(
    "n" => "null", "e" => "float16", "u" => "string", "U" => "large_string", "vu" => "string_view", "z" => "binary",
    "Z" => "large_binary", "vz" => "binary_view", "+s" => "struct", "+l" => "list", "+L" => "large_list",
    "+vl" => "list_view", "+vL" => "list_view", "+m" => "map", "+r" => "run_end_encoded",
    (string("tt", unit) => "time" for unit in "smun")..., (string("tD", unit) => "duration" for unit in "smun")...,
    (string("ti", unit) => "interval" for unit in "MDn")...,
)
const ARROW_VALUES = Dict(
    :days => Int32, :float32 => Float32, :float64 => Float64, :int8 => Int8, :uint8 => UInt8, :int16 => Int16,
    :uint16 => UInt16, :int32 => Int32, :uint32 => UInt32, :uint64 => UInt64,
)
arrow_value_type(kind::Symbol) = get(ARROW_VALUES, kind, Int64)

# The type that a format string stands for; whatever it says, it stands for some.
function arrow_type(format::String)
    haskey(ARROW_KINDS, format) && return ColumnType(ARROW_KINDS[format], String(ARROW_KINDS[format]))
    format == "tdD" && return ColumnType(:days, "date32")
    format == "tdm" && return ColumnType(:date_ms, "date64")
    found = match(r"^ts([smun]):(.*)$"s, format)
    if found !== nothing
        unit = found[1] == "s" ? "s" : string(found[1], "s")
        return ColumnType(Symbol(unit), isempty(found[2]) ? "timestamp[$unit]" : "timestamp[$unit, $(found[2])]")
    end
    if startswith(format, "d:")
        parts = split(format, ',')
        return ColumnType(:other, string("decimal", length(parts) < 3 ? "128" : parts[3]))
    end
    startswith(format, "w:") && return ColumnType(:other, "fixed_size_binary")
    startswith(format, "+w:") && return ColumnType(:other, "fixed_size_list")
    startswith(format, "+u") && return ColumnType(:other, "union")
    return ColumnType(:other, get(() -> string("of format ", quoted(format)), ARROW_NAMES, format))
end

# A C string with what is no UTF-8 in it replaced; nothing if NULL.
function c_text(pointer::Ptr{UInt8})
    pointer == C_NULL && return nothing
    text = unsafe_string(pointer)
    return isvalid(text) ? text : map(char -> isvalid(char) ? char : '\ufffd', text)
end

const MOST_COLUMNS = 1 << 16

# The structs behind an array of pointers.
function struct_children(pointers::Ptr{Ptr{T}}, count::Int64, of::String) where {T<:ArrowStruct}
    count >= 0 || fail(DESERIALIZATION_FAILED, "the Arrow ", of, " has ", count, " children")
    count <= MOST_COLUMNS || fail(RESOURCE_LIMIT, "the Arrow ", of, " has ", count, " columns")
    count == 0 || is_place(pointers) ||
        fail(DESERIALIZATION_FAILED, "the Arrow ", of, " has ", count, " children at ", pointer_text(pointers))
    return map(1:count) do i
        child = unsafe_load(pointers, i)
        is_place(child) ||
            fail(DESERIALIZATION_FAILED, "the Arrow ", of, " has its child ", i - 1, " at ", pointer_text(child))
        unsafe_load(child)
    end
end
is_place(pointer::Ptr) = pointer != C_NULL && UInt(pointer) % sizeof(Ptr) == 0
pointer_text(pointer::Ptr) = string("0x", string(UInt(pointer); base=16))

# (columns without parts, metadata) of a schema.
function read_schema(schema::ArrowSchema)
    schema.release == C_NULL && fail(INVALID_STATE, "the Arrow schema has been released")
    format = c_text(schema.format)
    format === nothing && fail(DESERIALIZATION_FAILED, "the Arrow schema has no format")
    format == "+s" && schema.dictionary == C_NULL || fail(SCHEMA_VIOLATION, "the Arrow data are ",
        schema.dictionary == C_NULL ? arrow_type(format).text : "dictionary", ", not a struct of columns")
    children = struct_children(schema.children, schema.n_children, "schema")
    columns = SourceColumn[read_field(child, i - 1) for (i, child) in enumerate(children)]
    return columns, read_metadata(schema.metadata)
end

function read_field(field::ArrowSchema, i::Int)
    field.release == C_NULL && fail(INVALID_STATE, "the Arrow schema of column ", i, " has been released")
    name, format = c_text(field.name), c_text(field.format)
    format === nothing && fail(DESERIALIZATION_FAILED, "the Arrow schema of column ", i, " has no format")
    type = field.dictionary == C_NULL ? arrow_type(format) : ColumnType(:other, "dictionary")
    return SourceColumn(something(name, ""), type, field.flags & NULLABLE != 0, [])
end

# A metadata block says its own length as it goes; other people's pairs that are not text are left out.
function read_metadata(block::Ptr{UInt8})
    pairs = Dict{String,String}()
    block == C_NULL && return pairs
    at = UInt(block)
    function take(len)
        place, at = at, at + UInt(len)
        at >= place || fail(DESERIALIZATION_FAILED, "the Arrow metadata overflow")
        return Ptr{UInt8}(place)
    end
    function number()
        bytes = take(4)
        found = ltoh(sum(UInt32(unsafe_load(bytes, i)) << (8 * (i - 1)) for i in 1:4)) % Int32
        found >= 0 || fail(DESERIALIZATION_FAILED, "the Arrow metadata count ", found)
        return Int(found)
    end
    text() = (len = number(); unsafe_string(take(len), len))
    for _ in 1:number()
        key = text()
        value = text()
        isvalid(key) || continue
        isvalid(value) ? (pairs[key] = value) : key in METADATA_KEYS &&
            fail(DESERIALIZATION_FAILED, "metadata ", key, " = ", quoted(value), " is not UTF-8")
    end
    return pairs
end

# --- what an array holds ---

# (length, offset, null count or -1) of an array, if they make sense.
function array_extent(array::ArrowArray, what::String)
    damaged(words...) = fail(DESERIALIZATION_FAILED, what, ": ", words...)
    array.length >= 0 || damaged("length ", array.length)
    array.offset >= 0 || damaged("offset ", array.offset)
    array.length <= typemax(Int64) - array.offset ||
        damaged("offset ", array.offset, " and length ", array.length, " overflow")
    array.null_count >= -1 || damaged("null count ", array.null_count)
    return array.length, array.offset, array.null_count
end

function array_buffers(array::ArrowArray, expected::Int, what::String)
    array.n_buffers == expected || fail(DESERIALIZATION_FAILED, what, ": ", array.n_buffers, " buffers, not ", expected)
    is_place(array.buffers) ||
        fail(DESERIALIZATION_FAILED, what, ": ", expected, " buffers at ", pointer_text(array.buffers))
    return [unsafe_load(array.buffers, i) for i in 1:expected]
end

# The buffer if `size` bytes from it on lie inside the address space, else NULL.
usable(buffer::Ptr{Cvoid}, size::Integer) =
    Ptr{UInt8}(buffer != C_NULL && size <= typemax(Int) && size < typemax(UInt) - UInt(buffer) ? buffer : C_NULL)

# (a part for each column or nothing, the rows of the struct itself) of a batch.
function read_batch(array::ArrowArray, columns::Vector{SourceColumn}, number::Int)
    whole = string("batch ", number)
    array.release == C_NULL && fail(INVALID_STATE, whole, ": the Arrow array has been released")
    len, offset, nulls = array_extent(array, whole)
    validity = usable(array_buffers(array, 1, whole)[1], cld(offset + len, 8))
    array.n_children == length(columns) || fail(DESERIALIZATION_FAILED, whole, ": ", array.n_children,
        " columns, its schema has ", length(columns))
    children = struct_children(array.children, array.n_children, "array")
    check_nulls(validity, nulls, len, string(whole, ", its rows"))
    parts = Any[read_part(child, column, offset, len, whole) for (child, column) in zip(children, columns)]
    return parts, ArrowBits(C_NULL, validity, offset, len, nulls)
end

function check_nulls(validity::Ptr{UInt8}, nulls::Int64, len::Int64, what::String)
    len == 0 && return nothing
    validity == C_NULL && nulls > 0 && fail(DESERIALIZATION_FAILED, what, ": ", nulls, " nulls without a validity bitmap")
    nulls > len && fail(DESERIALIZATION_FAILED, what, ": ", nulls, " nulls in ", len, " rows")
    return nothing
end

# Rows start+1 : start+len of a column; nothing where its type is none of ours.
function read_part(child::ArrowArray, column::SourceColumn, start::Int64, len::Int64, batch::String)
    what = string(batch, ", column ", column.name)
    damaged(words...) = fail(DESERIALIZATION_FAILED, what, ": ", words...)
    child.release == C_NULL && fail(INVALID_STATE, what, ": the Arrow array has been released")
    rows, offset, nulls = array_extent(child, what)
    rows >= start + len || damaged(rows, " rows, not the ", start + len, " of its table")
    kind = column.type.kind
    kind === :other && return nothing
    child.dictionary == C_NULL || damaged("a dictionary that its schema does not have")
    bits, data = array_buffers(child, 2, what)
    T = arrow_value_type(kind)
    size = kind === :bool ? cld(Int128(offset + rows), 8) : Int128(offset + rows) * sizeof(T)
    size <= typemax(Int) || damaged(offset + rows, " rows are more than memory holds")
    values, validity = usable(data, size), usable(bits, cld(offset + rows, 8))
    values == C_NULL && len > 0 && damaged(len, " rows without a buffer of values")
    validity == C_NULL && nulls > 0 && damaged("nulls without a validity bitmap")
    # The count is of all the child's rows; of some of them it says something only when it is 0.
    claimed = rows == len || nulls == 0 ? nulls : Int64(-1)
    check_nulls(validity, claimed, len, what)
    kind === :bool && return ArrowBits(values, validity, offset + start, len, claimed)
    return ArrowVector{T}(Ptr{T}(values), validity, offset + start, len, claimed)
end

# --- whose it is ---

# Arrays moved out of foreign structs; released once, when the last vector over them is gone or nothing was
# shared. Until `ours`, they are somebody else's.
mutable struct ForeignArrays
    arrays::Vector{ArrowArray}
    ours::Bool
    shared::Bool
end

ForeignArrays(ours::Bool) = finalizer(release_foreign, ForeignArrays(ArrowArray[], ours, false))

function release_foreign(owner::ForeignArrays)
    owner.ours || return nothing
    owner.ours = false
    arrays = owner.arrays
    GC.@preserve arrays foreach(i -> release_struct(pointer(arrays, i)), eachindex(arrays))
    return nothing
end

# A part as it lies, if it can be one column: ours, aligned, without nulls.
function share_part(part::ArrowVector{T}, ::Type{T}, owner::ForeignArrays) where {T}
    address = part.values + part.offset * sizeof(T)
    part.validity == C_NULL && UInt(address) % sizeof(T) == 0 || return nothing
    owner.shared = true
    return foreign_vector(address, part.length, owner)
end
share_part(part, ::Type, ::ForeignArrays) = nothing

# The series in these batches.
function import_batches(columns::Vector{SourceColumn}, metadata, batches, options::SourceOptions, choice::Choice,
    owner::ForeignArrays)

    for (parts, _) in batches, (column, part) in zip(columns, parts)
        part === nothing || push!(column.parts, part)
    end
    check_rows() = check_struct_rows(map(last, batches), options.check != 0)
    share(part, T) = share_part(part, T, owner)
    return series_from(Source(columns, metadata), options, choice, share; check_rows=check_rows)
end

function check_struct_rows(rows, trust::Bool)
    first_row = 0
    for (number, part) in enumerate(rows)
        if part.validity != C_NULL && known_nulls(part, trust, string("batch ", number - 1, ", its rows")) > 0
            found = findfirst(i -> is_null(part, i), 1:length(part))
            found === nothing || fail(CONSTRAINT_VIOLATION, "row ", first_row + found, " is null as a whole")
        end
        first_row += length(part)
    end
    return nothing
end

const SLOT_IMPORT = operation_slot(:import_arrow)

"""
    import_arrow(array, schema; symbol=nothing, timeframe=nothing, price_type=nothing, check="full",
                 allow_missing=false, strict=false, backend=nothing) -> CandleSeries
    import_arrow(stream; ...)

A series from another library's Arrow data, through the C Data Interface: a struct [`ArrowArray`](@ref) with its
[`ArrowSchema`](@ref), or an [`ArrowArrayStream`](@ref), each in a `Ref` or behind a `Ptr`.

- **Memory**: columns of `float64`, and of `int64` or `timestamp[us]` for the time, are shared where they have no
  nulls, are aligned to 8 bytes and come in one batch; others are converted, several batches joined. On
  success the structs have been moved from (`release` is NULL), and the producer's release is called once, when
  nothing sees its memory any more. On an error they are yours as before; a stream may have been read from.
- **Columns** as in [`CandleSeries`](@ref) of a table, by Arrow's types: the time is a timestamp of any unit and
  zone (UTC instants), `date32`, `date64` or `int64`; numbers are `float64`, `float32` or integers. A lone timestamp
  column, or pandas' `__index_level_0__`, is the time, too.
- **Identity**: arguments, else the schema's metadata `symbol`, `timeframe`, `price_type`.
- `strict` asks for one of the registered [`schemas`](@ref) to the letter.

Errors: 1007 for released structs, 3004 for what no producer makes (batch and column named, batches from zero),
6004 for too many columns, 1005 for the schema, 1001 and 1009 for the identity, 1006, 1004 and 1009 for values,
naming the first row (one-based), 3000 with a stream's own words. What pointers lead to cannot be checked.
O(n) for the check, O(1) memory where columns are shared. Source: `src/arrow_import.jl`.

```jldoctest
julia> using OmegaJulia

julia> series = CandleSeries([0], [1.0], [1.2], [0.9], [1.1]; symbol="EURUSD", timeframe="M1");

julia> back = import_arrow(export_arrow(series)...; price_type="ask");

julia> back.symbol, back.price_type, back.close[1]
("EURUSD", "ask", 1.1)
```
"""
function import_arrow(array::Ref{ArrowArray}, schema::Ref{ArrowSchema}; symbol=nothing, timeframe=nothing,
    price_type=nothing, check="full", allow_missing=false, strict=false, backend=nothing)

    options = source_options(symbol, timeframe, price_type, check, allow_missing, strict)
    choice = resolve_choice(backend)
    library = arrow_library(choice)
    return GC.@preserve array schema begin
        places = struct_pointer(array), struct_pointer(schema)
        guarded_import(library, places, options, choice, () -> import_pair(places..., options, choice))
    end
end

function import_arrow(stream::Ref{ArrowArrayStream}; symbol=nothing, timeframe=nothing, price_type=nothing, check="full",
    allow_missing=false, strict=false, backend=nothing)

    options = source_options(symbol, timeframe, price_type, check, allow_missing, strict)
    choice = resolve_choice(backend)
    library = arrow_library(choice)
    return GC.@preserve stream begin
        place = struct_pointer(stream)
        guarded_import(library, (place,), options, choice, () -> import_stream(place, options, choice))
    end
end

# A refused struct is its caller's as before, so Julia can still take it; one that the library took is gone, and Julia
# says so. Shadow mode cannot take it a second time.
guarded_import(library, places, options::SourceOptions, choice::Choice, in_julia::F) where {F} =
    guarded(() -> native_import(library, places, options, choice.requested), in_julia, SLICER, SLOT_IMPORT, "import_arrow", library,
        choice.requested === :auto, (), missing)

import_arrow(places...; options...) = fail(TYPE_MISMATCH,
    "Arrow data are an ArrowArray and an ArrowSchema, or an ArrowArrayStream, each in a Ref or behind a Ptr; got ",
    join(map(typeof, places), ", "))

function import_pair(array::Ptr{ArrowArray}, schema::Ptr{ArrowSchema}, options::SourceOptions, choice::Choice)
    array == C_NULL && fail(NULL_POINTER, "array is NULL")
    schema == C_NULL && fail(NULL_POINTER, "schema is NULL")
    columns, metadata = read_schema(unsafe_load(schema))
    owner = ForeignArrays(false)
    push!(owner.arrays, unsafe_load(array))
    series = import_batches(columns, metadata, [read_batch(owner.arrays[1], columns, 0)], options, choice, owner)
    # Moved from: the owner holds the same pointers.
    unsafe_store!(release_field(array), C_NULL)
    owner.ours = true
    owner.shared || release_foreign(owner)
    release_struct(schema)
    return series
end

function import_stream(stream::Ptr{ArrowArrayStream}, options::SourceOptions, choice::Choice)
    stream == C_NULL && fail(NULL_POINTER, "stream is NULL")
    found = unsafe_load(stream)
    found.release == C_NULL && fail(INVALID_STATE, "the Arrow stream has been released")
    found.get_schema == C_NULL && fail(DESERIALIZATION_FAILED, "the Arrow stream has no get_schema")
    found.get_next == C_NULL && fail(DESERIALIZATION_FAILED, "the Arrow stream has no get_next")
    schema, owner = Ref(ArrowSchema()), ForeignArrays(true)
    series = try
        read_stream(stream, found, schema, owner, options, choice)
    catch
        release_foreign(owner)
        rethrow()
    finally
        release_arrow(schema)
    end
    owner.shared || release_foreign(owner)
    release_struct(stream)
    return series
end

function read_stream(stream::Ptr{ArrowArrayStream}, found::ArrowArrayStream, schema::Ref{ArrowSchema},
    owner::ForeignArrays, options::SourceOptions, choice::Choice)

    status = ccall(found.get_schema, Int32, (Ptr{ArrowArrayStream}, Ref{ArrowSchema}), stream, schema)
    asked(stream, "get_schema", status)
    columns, metadata = read_schema(schema[])
    batches = []
    array = Ref(ArrowArray())
    while true
        array[] = ArrowArray()
        status = ccall(found.get_next, Int32, (Ptr{ArrowArrayStream}, Ref{ArrowArray}), stream, array)
        asked(stream, "get_next", status)
        array[].release == C_NULL && break
        push!(owner.arrays, array[]) # given to us, whatever comes of it
        push!(batches, read_batch(array[], columns, length(batches)))
    end
    return import_batches(columns, metadata, batches, options, choice, owner)
end

# Throws what a stream's callback answered, in its own words if it has some.
function asked(stream::Ptr{ArrowArrayStream}, what::String, status::Int32)
    status == 0 && return nothing
    ask = unsafe_load(stream).get_last_error
    words = ask == C_NULL ? nothing : c_text(ccall(ask, Ptr{UInt8}, (Ptr{ArrowArrayStream},), stream))
    fail(status == OUT_OF_MEMORY_ERRNO ? OUT_OF_MEMORY : IO_ERROR, "the Arrow stream's ", what, ": ",
        words === nothing ? Libc.strerror(status) : words)
end
