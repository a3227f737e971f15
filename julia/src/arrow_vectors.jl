# Columns as they lie in foreign memory, as vectors that can be read: plain values or bits, with a bitmap of nulls
# beside them, from any offset and at any address. Whoever makes one vouches for its pointers and keeps them alive.

# One column in one batch: plain values, with a bit each where some may be null.
struct ArrowVector{T} <: AbstractVector{Union{Missing,T}}
    values::Ptr{T}
    validity::Ptr{UInt8} # NULL: nothing is null
    offset::Int
    length::Int
    claimed::Int # nulls, as the producer says; -1: it did not count
end

# The same of Bools, eight to a byte.
struct ArrowBits <: AbstractVector{Union{Missing,Bool}}
    values::Ptr{UInt8}
    validity::Ptr{UInt8}
    offset::Int
    length::Int
    claimed::Int
end

const ArrowPart = Union{ArrowVector,ArrowBits}
Base.size(part::ArrowPart) = (part.length,)
Base.IndexStyle(::Type{<:ArrowPart}) = IndexLinear()
bit_at(bits::Ptr{UInt8}, i::Int) = (unsafe_load(bits, (i >> 3) + 1) >> (i & 7)) & 0x01 == 0x01
@inline is_null(part::ArrowPart, i::Int) = part.validity != C_NULL && !bit_at(part.validity, part.offset + i - 1)
Base.@propagate_inbounds function Base.getindex(part::ArrowVector, i::Int)
    @boundscheck checkbounds(part, i)
    return is_null(part, i) ? missing : unsafe_load(part.values, part.offset + i)
end
Base.@propagate_inbounds function Base.getindex(part::ArrowBits, i::Int)
    @boundscheck checkbounds(part, i)
    return is_null(part, i) ? missing : bit_at(part.values, part.offset + i - 1)
end

# Nulls among `len` bits from bit `offset` on.
function count_nulls(bits::Ptr{UInt8}, offset::Int, len::Int)
    set, i, stop = 0, offset, offset + len
    while i < stop && i & 7 != 0
        set += bit_at(bits, i)
        i += 1
    end
    whole = (stop - i) >> 3
    for byte in i>>3+1:i>>3+whole
        set += count_ones(unsafe_load(bits, byte))
    end
    i += max(whole, 0) << 3
    while i < stop
        set += bit_at(bits, i)
        i += 1
    end
    return len - set
end

# The part with its nulls counted, unless the producer's count is to be trusted, and without a bitmap if there
# are none.
function prepare_part(part::ArrowPart, trust::Bool, batch::Int, name::String)
    part.validity == C_NULL && return with_nulls(part, 0)
    return with_nulls(part, known_nulls(part, trust, string("batch ", batch, ", column ", name)))
end
with_nulls(part::P, nulls::Int) where {P<:ArrowPart} =
    P(part.values, nulls == 0 ? Ptr{UInt8}(C_NULL) : part.validity, part.offset, part.length, nulls)
all_null(part::ArrowPart) = part.claimed == part.length

function known_nulls(part::ArrowPart, trust::Bool, what::String)
    trust && part.claimed >= 0 && return part.claimed
    counted = count_nulls(part.validity, part.offset, part.length)
    part.claimed in (-1, counted) ||
        fail(DESERIALIZATION_FAILED, what, ": ", part.claimed, " nulls announced, ", counted, " found")
    return counted
end
