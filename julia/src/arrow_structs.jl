# The three structs of the Arrow C Data Interface as C lays them out, how they are reached and released. What
# they say is read in arrow_import.jl and written in arrow_export.jl; layout.jl compares their offsets.

"""
    ArrowSchema

The Arrow C Data Interface's `struct ArrowSchema`, field for field: the type of an array. `Ref(ArrowSchema())`
is an empty one for others to fill; [`export_arrow`](@ref) fills one, [`import_arrow`](@ref) reads one,
[`release_arrow`](@ref) releases it. Source: `src/arrow_structs.jl`.

```jldoctest
julia> using OmegaJulia

julia> sizeof(ArrowSchema), ArrowSchema().release == C_NULL
(72, true)
```
"""
struct ArrowSchema
    format::Ptr{UInt8}
    name::Ptr{UInt8}
    metadata::Ptr{UInt8}
    flags::Int64
    n_children::Int64
    children::Ptr{Ptr{ArrowSchema}}
    dictionary::Ptr{ArrowSchema}
    release::Ptr{Cvoid}
    private_data::Ptr{Cvoid}
end

"""
    ArrowArray

The Arrow C Data Interface's `struct ArrowArray`, field for field: the values of an array. `Ref(ArrowArray())`
is an empty one for others to fill. Source: `src/arrow_structs.jl`.

```jldoctest
julia> using OmegaJulia

julia> sizeof(ArrowArray), ArrowArray().length
(80, 0)
```
"""
struct ArrowArray
    length::Int64
    null_count::Int64
    offset::Int64
    n_buffers::Int64
    n_children::Int64
    buffers::Ptr{Ptr{Cvoid}}
    children::Ptr{Ptr{ArrowArray}}
    dictionary::Ptr{ArrowArray}
    release::Ptr{Cvoid}
    private_data::Ptr{Cvoid}
end

"""
    ArrowArrayStream

The Arrow C Stream Interface's `struct ArrowArrayStream`, field for field: a schema and batches, one after
the other. `Ref(ArrowArrayStream())` is an empty one for others to fill. Source: `src/arrow_structs.jl`.

```jldoctest
julia> using OmegaJulia

julia> sizeof(ArrowArrayStream)
40
```
"""
struct ArrowArrayStream
    get_schema::Ptr{Cvoid}
    get_next::Ptr{Cvoid}
    get_last_error::Ptr{Cvoid}
    release::Ptr{Cvoid}
    private_data::Ptr{Cvoid}
end

const ArrowStruct = Union{ArrowSchema,ArrowArray,ArrowArrayStream}

ArrowSchema() = ArrowSchema(C_NULL, C_NULL, C_NULL, 0, 0, C_NULL, C_NULL, C_NULL, C_NULL)
ArrowArray() = ArrowArray(0, 0, 0, 0, 0, C_NULL, C_NULL, C_NULL, C_NULL, C_NULL)
ArrowArrayStream() = ArrowArrayStream(C_NULL, C_NULL, C_NULL, C_NULL, C_NULL)

# The address of one field of a struct.
@inline function field_pointer(pointer::Ptr{T}, name::Symbol) where {T<:ArrowStruct}
    i = Base.fieldindex(T, name)
    return Ptr{fieldtype(T, i)}(pointer + fieldoffset(T, i))
end

const RELEASE_OF_ARRAY = fieldoffset(ArrowArray, 9)
const RELEASE_OF_SCHEMA = fieldoffset(ArrowSchema, 8)
const RELEASE_OF_STREAM = fieldoffset(ArrowArrayStream, 4)
@inline release_field(pointer::Ptr{ArrowArray}) = Ptr{Ptr{Cvoid}}(pointer + RELEASE_OF_ARRAY)
@inline release_field(pointer::Ptr{ArrowSchema}) = Ptr{Ptr{Cvoid}}(pointer + RELEASE_OF_SCHEMA)
@inline release_field(pointer::Ptr{ArrowArrayStream}) = Ptr{Ptr{Cvoid}}(pointer + RELEASE_OF_STREAM)

# Where a Ref or Ptr of the caller points; to be used while it is preserved.
struct_pointer(place::Ref{T}) where {T<:ArrowStruct} = Base.unsafe_convert(Ptr{T}, place)

# Releases what lies at `pointer`, if it has not been released or moved from.
function release_struct(pointer::Ptr{<:ArrowStruct})
    release = unsafe_load(release_field(pointer))
    release == C_NULL || ccall(release, Cvoid, (Ptr{Cvoid},), pointer)
    return nothing
end

"""
    release_arrow(place)

Releases the [`ArrowSchema`](@ref), [`ArrowArray`](@ref) or [`ArrowArrayStream`](@ref) in a `Ref`, or behind a
`Ptr`: calls its release callback, unless it was released or moved from before. What
[`export_arrow`](@ref) puts into a `Ref` of its own is released with that `Ref` at the latest. O(1).
Source: `src/arrow_structs.jl`.

```jldoctest
julia> using OmegaJulia

julia> series = CandleSeries([0], [1.0], [1.2], [0.9], [1.1]; symbol="EURUSD", timeframe="M1");

julia> array, schema = export_arrow(series);

julia> release_arrow(array); release_arrow(schema); array[].release == schema[].release == C_NULL
true
```
"""
release_arrow(place::Ref{T}) where {T<:ArrowStruct} = GC.@preserve place release_struct(struct_pointer(place))

# An empty struct on Julia's heap that is released when nobody can see it any more.
function owned_struct(::Type{T}) where {T<:ArrowStruct}
    place = Ref(T())
    finalizer(release_arrow, place)
    return place
end
