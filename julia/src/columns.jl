# Memory: taking a caller's vectors without a copy, and handing rows out as read-only views.
# Nothing here writes to a column, and nothing public hands out an array that a caller could write to.

"""
    ReadOnlyColumn{T} <: AbstractVector{T}

A read-only view of one column of a series: no copy, and it keeps the memory behind it alive. Indexing
costs what indexing a `Vector` costs. `setindex!` throws 1007; `collect(column)` or `copy(column)` gives a
`Vector` of one's own. An index outside it is
a `BoundsError`. Slices (`column[2:3]`) are copies, as of any array; `view` gives a view.
Source: `src/columns.jl`.

```jldoctest
julia> using OmegaJulia

julia> series = CandleSeries([0], [1.0], [1.2], [0.9], [1.1]; symbol="EURUSD", timeframe="M1");

julia> series.close[1]
1.1

julia> try series.close[1] = 2.0 catch e; e.code end
1007
```
"""
abstract type ReadOnlyColumn{T} <: AbstractVector{T} end

# Rows offset+1 : offset+length of a column that is there. The maker vouches for the bounds.
struct Column{T} <: ReadOnlyColumn{T}
    data::Vector{T}
    offset::Int
    length::Int
end

# The same for volume, which may be absent (`data` is empty): then every row answers NaN, at no memory.
# A type of its own, so that prices never pay for the question.
struct VolumeColumn <: ReadOnlyColumn{Float64}
    data::Vector{Float64}
    present::Bool
    offset::Int
    length::Int
end

Base.size(column::ReadOnlyColumn) = (column.length,)
Base.length(column::ReadOnlyColumn) = column.length
Base.IndexStyle(::Type{<:ReadOnlyColumn}) = IndexLinear()

Base.@propagate_inbounds function Base.getindex(column::Column, i::Int)
    @boundscheck checkbounds(column, i)
    return @inbounds column.data[column.offset+i]
end
Base.@propagate_inbounds function Base.getindex(column::VolumeColumn, i::Int)
    @boundscheck checkbounds(column, i)
    return column.present ? @inbounds(column.data[column.offset+i]) : NaN
end

@noinline Base.setindex!(::ReadOnlyColumn, value, index...) =
    fail(INVALID_STATE, "a column of a series is read-only; collect(column) gives a copy to write to")
@noinline Base.resize!(::ReadOnlyColumn, n::Integer) =
    fail(INVALID_STATE, "a column of a series is read-only; collect(column) gives a copy to resize")

# Broadcasts and copies that write to the very memory behind a column must notice it.
Base.dataids(column::ReadOnlyColumn) = Base.dataids(column.data)
Base.unaliascopy(column::Column{T}) where {T} = Column{T}(collect(column), 0, column.length)
Base.unaliascopy(column::VolumeColumn) = VolumeColumn(collect(column), true, 0, column.length)

# For C code that reads (under GC.@preserve); an absent volume has no memory to point at.
Base.strides(::Column) = (1,)
Base.elsize(::Type{Column{T}}) where {T} = sizeof(T)
Base.unsafe_convert(::Type{Ptr{T}}, column::Column{T}) where {T} = pointer(column.data, column.offset + 1)

# --- taking memory in ---

# What foreign memory hangs on, by a number, until no vector over it is left. A finalizer's closure alone does
# not do: what only such a closure still sees counts as dead, so an owner's own finalizer (which frees the
# memory) would run while a vector over it is in use.
const OWNERS = Dict{Int,Any}()
const OWNERS_LOCK = Threads.SpinLock() # not reentrant, so that a finalizer can tell that it is taken
const NEXT_OWNER = Ref(0)

# A Vector over memory that lives as long as `owner`; and `owner` as long as the memory is reachable. Since
# 1.11 loops may keep a vector's Memory and drop the Vector, so there the finalizer hangs on the Memory.
function foreign_vector(pointer::Ptr{T}, n::Int, owner) where {T}
    (n == 0 || pointer == C_NULL) && return T[]
    vector = unsafe_wrap(Array, pointer, n; own=false)
    anchor = @static isdefined(Base, :Memory) ? vector.ref.mem : vector
    number = lock(OWNERS_LOCK) do
        OWNERS[NEXT_OWNER[] += 1] = owner
        NEXT_OWNER[]
    end
    let_go(gone) = if trylock(OWNERS_LOCK)
        delete!(OWNERS, number)
        unlock(OWNERS_LOCK)
    else
        finalizer(let_go, gone) # another time: a finalizer must not wait
    end
    finalizer(let_go, anchor)
    return vector
end

# The caller's memory under a Vector of our own, so that our length and pointer never move. Up to Julia
# 1.10 this also makes push! and resize! of the caller's vector throw; later versions give the caller new
# memory instead. Either way no view of ours can dangle.
share(vector::Vector) = reshape(reshape(vector, length(vector), 1), length(vector))

share(column::Column{T}) where {T} =
    column.offset == 0 && column.length == length(column.data) ? column.data :
    foreign_vector(Base.unsafe_convert(Ptr{T}, column), column.length, column.data)

# Any other dense vector: rooted, with the arrays it lies on held in place as above.
function share(vector::AbstractVector{T}) where {T}
    return foreign_vector(pointer(vector), length(vector), (vector, held(vector)))
end
held(array::Array) = reshape(array, 1, length(array))
held(array::AbstractArray) = parent(array) === array ? array : held(parent(array))

# Whether `vector` is one unbroken run of Ts that can be shared as it is.
is_dense(::Vector{T}, ::Type{T}) where {T} = true
is_dense(::Column{T}, ::Type{T}) where {T} = true
is_dense(vector::StridedVector{T}, ::Type{T}) where {T} =
    !Base.has_offset_axes(vector) && stride(vector, 1) == 1
is_dense(::AbstractVector, ::Type) = false

# A column of Ts: shared where it can be, else converted; `copy` makes it our own in any case.
function take_column(values, ::Type{T}, name::String, copy::Bool) where {T}
    values isa AbstractVector ||
        fail(TYPE_MISMATCH, "column ", name, " must be a vector, got ", typeof(values))
    is_dense(values, T) && return copy ? collect_column(values) : share(values)
    return convert_column(values, T, name)
end

collect_column(values::AbstractVector{T}) where {T} = copyto!(Vector{T}(undef, length(values)), values)

convert_column(values::AbstractVector, ::Type{Int64}, name::String) =
    Int64[stamp_cell(value, name, row) for (row, value) in enumerate(values)]
convert_column(values::AbstractVector, ::Type{Float64}, name::String) =
    Float64[number_cell(value, name, row) for (row, value) in enumerate(values)]

stamp_cell(value::Union{Int64,Dates.DateTime,Dates.Date}, ::String, ::Int) = microseconds(value)
function stamp_cell(value, name::String, row::Int)
    value isa Integer && !(value isa Bool) && return microseconds(value)
    fail(TYPE_MISMATCH, "row ", row, ": ", name, " is ", repr(value), " (", typeof(value),
        "), not an integer of microseconds, a DateTime or a Date")
end

number_cell(value::Float64, ::String, ::Int) = value
number_cell(::Missing, ::String, ::Int) = NaN
function number_cell(value, name::String, row::Int)
    value isa Real && !(value isa Bool) && return Float64(value)
    fail(TYPE_MISMATCH, "row ", row, ": ", name, " is ", repr(value), " (", typeof(value), "), not a number")
end
