# What C calls in exported structs: release, and the three functions of a stream. They may be called on any
# thread, one that Julia does not know included (before 1.9 such a thread has no task and no heap), and inside a
# finalizer. So they touch plain C memory and two atomic words alone: no allocation of Julia's, no lock of Julia's,
# no exception. What they are done with is put on a list; emptying it is left to Julia's threads.

# Each export lies in one block of C memory that begins with this head.
struct BlockHead
    alive::Int          # structs in this block that have not been released
    next::Ptr{Cvoid}    # the next block on the list of those with none
    rooted::Int         # 1: Julia's memory hangs on it; 0: it can be freed on the spot
    size::Int           # of the block, in bytes
end
const HEAD_SIZE = 64    # and what follows it is aligned as Arrow likes it

# Held for some instructions only, and never while anything of Julia's could run.
const GATE = Threads.Atomic{Int}(0)
const DONE = Threads.Atomic{UInt}(0) # the first block of the list

@inline function close_gate()
    while Threads.atomic_xchg!(GATE, 1) != 0
    end
    return nothing
end
@inline open_gate() = (Threads.atomic_xchg!(GATE, 0); nothing)

# One struct of the block is released; with the last one the block is done.
@inline function drop(block::Ptr{Cvoid})
    head = Ptr{Int}(block)
    close_gate()
    alive = unsafe_load(head) - 1
    unsafe_store!(head, alive)
    rooted = unsafe_load(head, 3)
    if alive == 0 && rooted == 1
        unsafe_store!(Ptr{UInt}(head), DONE[], 2)
        DONE[] = UInt(block)
    end
    open_gate()
    alive == 0 && rooted == 0 && ccall(:free, Cvoid, (Ptr{Cvoid},), block)
    return nothing
end

# A consumer may have moved children out; those are no longer ours to release.
function release_array(array::Ptr{ArrowArray})::Cvoid
    found = unsafe_load(array)
    found.release == C_NULL && return nothing
    for i in 1:found.n_children
        child = unsafe_load(found.children, i)
        release = unsafe_load(release_field(child))
        release == C_NULL || ccall(release, Cvoid, (Ptr{ArrowArray},), child)
    end
    unsafe_store!(release_field(array), C_NULL)
    drop(found.private_data)
    return nothing
end

function release_schema(schema::Ptr{ArrowSchema})::Cvoid
    found = unsafe_load(schema)
    found.release == C_NULL && return nothing
    for i in 1:found.n_children
        child = unsafe_load(found.children, i)
        release = unsafe_load(release_field(child))
        release == C_NULL || ccall(release, Cvoid, (Ptr{ArrowSchema},), child)
    end
    unsafe_store!(release_field(schema), C_NULL)
    drop(found.private_data)
    return nothing
end

# A schema's block holds everything its pointers point to: the same bytes elsewhere, moved pointers, are a copy.
function copy_schema(template::Ptr{ArrowSchema}, out::Ptr{ArrowSchema})::Int32
    found = unsafe_load(template)
    size = unsafe_load(Ptr{Int}(found.private_data), 4)
    block = ccall(:malloc, Ptr{Cvoid}, (Csize_t,), size)
    block == C_NULL && return OUT_OF_MEMORY_ERRNO
    ccall(:memcpy, Ptr{Cvoid}, (Ptr{Cvoid}, Ptr{Cvoid}, Csize_t), block, found.private_data, size)
    by = UInt(block) - UInt(found.private_data)
    children = found.children + by
    unsafe_store!(Ptr{Int}(block), found.n_children + 1)
    for i in 1:found.n_children
        child = unsafe_load(children, i) + by
        unsafe_store!(children, child, i)
        unsafe_store!(child, moved_schema(unsafe_load(child), block, by))
    end
    unsafe_store!(out, moved_schema(found, block, by))
    return Int32(0)
end

@inline move(pointer::Ptr, by::UInt) = pointer == C_NULL ? pointer : pointer + by
@inline moved_schema(s::ArrowSchema, block::Ptr{Cvoid}, by::UInt) = ArrowSchema(move(s.format, by), move(s.name, by),
    move(s.metadata, by), s.flags, s.n_children, move(s.children, by), C_NULL, s.release, block)

# A stream's block: the head, the one batch until it is handed out, and a schema to copy from.
const STREAM_ARRAY = HEAD_SIZE
const STREAM_SCHEMA = STREAM_ARRAY + sizeof(ArrowArray)
const STREAM_SIZE = STREAM_SCHEMA + sizeof(ArrowSchema)
const OUT_OF_MEMORY_ERRNO = Int32(12)

@inline stream_block(stream::Ptr{ArrowArrayStream}) = unsafe_load(stream).private_data

function stream_schema(stream::Ptr{ArrowArrayStream}, out::Ptr{ArrowSchema})::Int32
    return copy_schema(Ptr{ArrowSchema}(stream_block(stream) + STREAM_SCHEMA), out)
end

# The one batch at the first call, the end of the stream (a released array) ever after.
function stream_next(stream::Ptr{ArrowArrayStream}, out::Ptr{ArrowArray})::Int32
    held = Ptr{ArrowArray}(stream_block(stream) + STREAM_ARRAY)
    close_gate()
    unsafe_store!(out, unsafe_load(held))
    unsafe_store!(release_field(held), C_NULL)
    open_gate()
    return Int32(0)
end

stream_error(::Ptr{ArrowArrayStream})::Ptr{UInt8} = C_NULL

function release_stream(stream::Ptr{ArrowArrayStream})::Cvoid
    block = stream_block(stream)
    unsafe_load(release_field(stream)) == C_NULL && return nothing
    array = Ptr{ArrowArray}(block + STREAM_ARRAY)
    unsafe_load(release_field(array)) == C_NULL || release_array(array)
    release_schema(Ptr{ArrowSchema}(block + STREAM_SCHEMA))
    unsafe_store!(release_field(stream), C_NULL)
    drop(block)
    return nothing
end

array_callback() = @cfunction(release_array, Cvoid, (Ptr{ArrowArray},))
schema_callback() = @cfunction(release_schema, Cvoid, (Ptr{ArrowSchema},))
stream_callbacks() = (@cfunction(stream_schema, Int32, (Ptr{ArrowArrayStream}, Ptr{ArrowSchema})),
    @cfunction(stream_next, Int32, (Ptr{ArrowArrayStream}, Ptr{ArrowArray})),
    @cfunction(stream_error, Ptr{UInt8}, (Ptr{ArrowArrayStream},)),
    @cfunction(release_stream, Cvoid, (Ptr{ArrowArrayStream},)))
