# A producer of foreign Arrow data for the tests: arrays as another library would lay them out, at any offset and
# alignment, whose releases are counted. No test is here.

# What a foreign column is made of. `values` are of the type the format says (Bool for "b"); `present` a Bool for
# each row or nothing; both begin `offset` rows before the first; the buffers lie `misaligned` bytes off.
struct ForeignColumn
    name::String
    format::String
    values::Vector
    present::Union{Nothing,Vector{Bool}}
    offset::Int
    null_count::Int
    misaligned::Int
    flags::Int
end
foreign_column(name, format, values; present=nothing, offset=0, misaligned=0, flags=2,
    null_count=present === nothing ? 0 : count(!, present[offset+1:end])) =
    ForeignColumn(name, format, values, present, offset, null_count, misaligned, flags)

# Releases counted by the number of the struct; the memory behind each.
const RELEASED = Int[]
const FOREIGN_ROOTS = Dict{Int,Any}()

count_release(pointer::Ptr{T}) where {T} = begin
    number = Int(OmegaJulia.unsafe_load(pointer).private_data)
    number > 0 && (RELEASED[number] += 1)
    unsafe_store!(OmegaJulia.release_field(pointer), C_NULL)
    nothing
end
release_of(::Type{ArrowArray}) = @cfunction(count_release, Cvoid, (Ptr{ArrowArray},))
release_of(::Type{ArrowSchema}) = @cfunction(count_release, Cvoid, (Ptr{ArrowSchema},))
release_of(::Type{ArrowArrayStream}) = @cfunction(count_release, Cvoid, (Ptr{ArrowArrayStream},))

function new_number(roots)
    push!(RELEASED, 0)
    FOREIGN_ROOTS[length(RELEASED)] = roots
    return length(RELEASED)
end

bitmap(bits) = UInt8[sum(UInt8(bits[8i+b]) << (b - 1) for b in 1:8 if 8i + b <= length(bits)) for i in 0:cld(length(bits), 8)-1]
raw_bytes(values::Vector{Bool}) = bitmap(values)
raw_bytes(values::Vector) = Vector{UInt8}(reinterpret(UInt8, copy(values)))

# `bytes` at an address `misaligned` past one divisible by eight: (root, pointer).
function placed(bytes::Vector{UInt8}, misaligned::Int)
    room = Vector{UInt64}(undef, cld(length(bytes), 8) + 2)
    GC.@preserve room unsafe_copyto!(Ptr{UInt8}(pointer(room)) + misaligned, pointer(bytes), length(bytes))
    return room, Ptr{Cvoid}(pointer(room)) + misaligned
end

c_bytes(text) = Vector{UInt8}(string(text, '\0'))

function metadata_block(pairs)
    out = IOBuffer()
    write(out, Int32(length(pairs)))
    for (key, value) in pairs
        write(out, Int32(sizeof(key)), key, Int32(sizeof(value)), value)
    end
    return take!(out)
end

# Foreign (schema, its number).
function foreign_schema(columns; metadata=nothing, format="+s")
    roots = Any[]
    keep(x) = (push!(roots, x); x)
    text(t) = pointer(keep(c_bytes(t)))
    children = keep([ArrowSchema(text(c.format), text(c.name), C_NULL, c.flags, 0, C_NULL, C_NULL, release_of(ArrowSchema), C_NULL) for c in columns])
    places = keep([pointer(children, i) for i in 1:length(columns)])
    block = metadata === nothing ? Ptr{UInt8}(C_NULL) : pointer(keep(metadata_block(metadata)))
    number = new_number(roots)
    return Ref(ArrowSchema(text(format), text(""), block, 0, length(columns), pointer(places), C_NULL, release_of(ArrowSchema), Ptr{Cvoid}(number))), number
end

# Foreign (array, its number): rows offset+1 : offset+rows of the columns after their own offsets.
function foreign_array(columns, rows; offset=0, present=nothing, null_count=present === nothing ? 0 : count(!, present[offset+1:offset+rows]))
    roots = Any[]
    keep(x) = (push!(roots, x); x)
    function buffer(bytes, misaligned)
        room, place = placed(bytes, misaligned)
        keep(room)
        return place
    end
    function child(c)
        validity = c.present === nothing ? C_NULL : buffer(bitmap(c.present), 0)
        buffers = keep(Ptr{Cvoid}[validity, buffer(raw_bytes(c.values), c.misaligned)])
        return ArrowArray(length(c.values) - c.offset, c.null_count, c.offset, 2, 0, pointer(buffers), C_NULL, C_NULL, release_of(ArrowArray), C_NULL)
    end
    children = keep(map(child, columns))
    places = keep([pointer(children, i) for i in 1:length(columns)])
    own = keep(Ptr{Cvoid}[present === nothing ? C_NULL : buffer(bitmap(present), 0)])
    number = new_number(roots)
    return Ref(ArrowArray(rows, null_count, offset, 1, length(columns), pointer(own), pointer(places), C_NULL, release_of(ArrowArray), Ptr{Cvoid}(number))), number
end

# A foreign stream that hands out these batches, each once; (stream, its number). `faults` are what its callbacks answer.
mutable struct ForeignStream
    schema::ArrowSchema
    batches::Vector{ArrowArray}
    faults::NTuple{2,Int32}
    words::Union{Nothing,Vector{UInt8}}
end
const STREAMS = Dict{Int,ForeignStream}()
stream_of(pointer) = STREAMS[Int(unsafe_load(pointer).private_data)]
foreign_get_schema(stream::Ptr{ArrowArrayStream}, out::Ptr{ArrowSchema})::Int32 =
    (found = stream_of(stream); found.faults[1] == 0 && unsafe_store!(out, found.schema); found.faults[1])
function foreign_get_next(stream::Ptr{ArrowArrayStream}, out::Ptr{ArrowArray})::Int32
    found = stream_of(stream)
    isempty(found.batches) && found.faults[2] != 0 && return found.faults[2]
    unsafe_store!(out, isempty(found.batches) ? ArrowArray() : popfirst!(found.batches))
    return 0
end
foreign_words(stream::Ptr{ArrowArrayStream})::Ptr{UInt8} = (found = stream_of(stream); found.words === nothing ? C_NULL : pointer(found.words))

function foreign_stream(schema, arrays; faults=(Int32(0), Int32(0)), words=nothing)
    number = new_number(nothing)
    STREAMS[number] = ForeignStream(schema[], [array[] for array in arrays], faults, words === nothing ? nothing : c_bytes(words))
    return Ref(ArrowArrayStream(@cfunction(foreign_get_schema, Int32, (Ptr{ArrowArrayStream}, Ptr{ArrowSchema})),
        @cfunction(foreign_get_next, Int32, (Ptr{ArrowArrayStream}, Ptr{ArrowArray})),
        @cfunction(foreign_words, Ptr{UInt8}, (Ptr{ArrowArrayStream},)), release_of(ArrowArrayStream), Ptr{Cvoid}(number))), number
end

const FOREIGN_START = 1_700_000_000_000_000
foreign_candles(rows; changes...) = foreign_columns(rows, Dict{Symbol,Any}(changes))
function foreign_columns(rows, changes)
    stamps = FOREIGN_START .+ MINUTE_US .* collect(0:rows-1)
    columns = [:timestamp => foreign_column("timestamp", "tsu:UTC", stamps)]
    for (i, name) in enumerate((:open, :high, :low, :close, :volume))
        push!(columns, name => foreign_column(string(name), "g", collect(Float64, i .+ (0:rows-1))))
    end
    return [get(changes, name, column) for (name, column) in columns if get(changes, name, column) !== nothing]
end

# Imports foreign columns as one batch: (series or error, releases of the array, of the schema, array, schema).
function import_foreign(columns, rows; backend, offset=0, present=nothing, null_count=nothing, metadata=nothing, options...)
    schema, s = foreign_schema(columns; metadata=metadata)
    array, a = null_count === nothing ? foreign_array(columns, rows; offset=offset, present=present) :
               foreign_array(columns, rows; offset=offset, present=present, null_count=null_count)
    found = thrown(() -> import_arrow(array, schema; timeframe="M1", price_type="bid", backend=backend, options...))
    return (series=found, array=array, schema=schema, numbers=(a, s))
end
released(found) = (RELEASED[found.numbers[1]], RELEASED[found.numbers[2]])

# --- random tables, honest and not ---

const NUMBER_FORMATS = ("g" => Float64, "f" => Float32, "c" => Int8, "C" => UInt8, "s" => Int16, "S" => UInt16, "i" => Int32,
    "I" => UInt32, "l" => Int64, "L" => UInt64)
const TIME_FORMATS = ("tsu:" => 1, "tsu:UTC" => 1, "tsu:Europe/Zurich" => 1, "tsm:" => 1000, "tss:UTC" => 10^6, "tsn:" => 0, "l" => 1, "tdm" => 1000)

maybe(random, chance) = rand(random) < chance
random_present(random, rows) = maybe(random, 0.7) ? nothing : maybe(random, 0.2) ? fill(false, rows) : rand(random, rows) .< 0.9
claimed_nulls(random, present) = present === nothing ? rand(random, (0, 0, 0, -1)) : maybe(random, 0.8) ? count(!, present) : rand(random, (-1, 0, 1, 30))

function random_time(random, rows)
    format, unit = rand(random, TIME_FORMATS)
    maybe(random, 0.1) && return "tdD", Int32.(19_000 .+ (0:rows-1))
    stamps = FOREIGN_START .+ MINUTE_US .* collect(0:rows-1)
    values = unit == 0 ? stamps .* 1000 : stamps .÷ unit
    rows > 1 && maybe(random, 0.15) && (values[rand(random, 1:rows)] += rand(random, (1, -1, 7)))
    rows > 0 && maybe(random, 0.05) && (values[rand(random, 1:rows)] = rand(random, (typemax(Int64), typemin(Int64))))
    maybe(random, 0.05) && (values .÷= 10^6)
    return format, values
end

function random_number(random, rows)
    format, type = maybe(random, 0.6) ? ("g" => Float64) : rand(random, NUMBER_FORMATS)
    values = type <: Integer ? rand(random, type(0):type(100), rows) : type.(randn(random, rows))
    rows > 0 && maybe(random, 0.1) && (values[rand(random, 1:rows)] = type <: Integer ? rand(random, (typemax(type), typemin(type))) : rand(random, (NaN, Inf, -Inf, -0.0)))
    return format, values
end

# (columns, (rows,), options of import_foreign).
function random_foreign(random)
    len = rand(random, 0:20)
    offset = rand(random, 0:min(len, 3))
    rows = len - offset
    columns = ForeignColumn[]
    for (i, name) in enumerate(("timestamp", "open", "high", "low", "close", "volume", "valid", "note"))
        own = rand(random, (0, 0, 0, 1, 7, 8))
        format, values = i == 1 ? random_time(random, len) : i < 7 ? random_number(random, len) :
                         i == 7 ? (maybe(random, 0.9) ? ("b", rand(random, len) .< 0.9) : ("c", zeros(Int8, len))) : ("u", zeros(Int64, len))
        maybe(random, i < 6 ? 0.02 : 0.5) && continue
        maybe(random, 0.03) && (name = rand(random, ("Date", "when", "OPEN", "Close", uppercase(name))))
        format = maybe(random, 0.01) ? rand(random, ("u", "e", "z", "d:19,10", "+s", "tDu", "?")) : format
        present = random_present(random, own + len)
        i == 1 && maybe(random, 0.8) && (present = nothing)
        shown = present === nothing ? nothing : present[own+1:end]
        push!(columns, foreign_column(name, format, vcat(values[1:0], fill(zero(eltype(values)), own), collect(values)); present=present, offset=own,
            misaligned=maybe(random, 0.1) ? rand(random, 1:7) : 0, null_count=claimed_nulls(random, shown), flags=rand(random, (0, 2))))
    end
    maybe(random, 0.1) && shuffle!(random, columns)
    options = Dict{Symbol,Any}(:offset => offset)
    maybe(random, 0.3) && (options[:check] = rand(random, ("full", "order", "none")))
    maybe(random, 0.4) && (options[:allow_missing] = true)
    maybe(random, 0.03) && (options[:strict] = true)
    maybe(random, 0.1) && (options[:present] = rand(random, len) .< 0.95)
    maybe(random, 0.2) && (options[:metadata] = ["symbol" => "M", "timeframe" => rand(random, ("H1", "soon"))])
    maybe(random, 0.5) && haskey(options, :metadata) && (options[:timeframe] = nothing)
    return columns, (rows,), options
end

function agree_exactly(a, b)
    a isa OmegaError && return b isa OmegaError && (a.code, a.message) == (b.code, b.message)
    return b isa CandleSeries && same_columns(a, b) && a.has_volume == b.has_volume &&
           (a.symbol, a.timeframe, a.price_type) == (b.symbol, b.timeframe, b.price_type)
end
