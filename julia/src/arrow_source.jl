# Columns of a table, wherever they lie, and which of them are the time, the prices and the volume: the rules
# that every language keeps. Tables of Julia and foreign Arrow arrays are both described as a Source; nothing
# here looks at a value.

# A type, as far as this package tells them apart; `text` is its name for people. Kinds of time: :s, :ms, :us, :ns
# (timestamps), :days, :date_ms; others: :float32, :float64, :int8 and so on, :bool, :other.
struct ColumnType
    kind::Symbol
    text::String
end

# One column: `parts` holds a vector for each batch, of plain values or missing; empty where the type is :other.
struct SourceColumn
    name::String
    type::ColumnType
    nullable::Bool
    parts::Vector{Any}
end

struct Source
    columns::Vector{SourceColumn}
    metadata::Dict{String,String}
end

# What a reader is told beside the data; nothing where the metadata are to say it.
struct SourceOptions
    symbol::Union{Nothing,String}
    timeframe::Union{Nothing,Timeframe}
    price_type::Union{Nothing,String}
    check::Int
    allow_missing::Bool
    strict::Bool
end

source_options(symbol, timeframe, price_type, check, allow_missing, strict) = SourceOptions(
    symbol === nothing ? nothing : symbol_text(symbol),
    timeframe === nothing ? nothing : Timeframe(timeframe),
    price_type === nothing ? nothing : price_type_name(price_type),
    check_number(check), boolean(allow_missing, "allow_missing"), boolean(strict, "strict"))

const TIMESTAMP_KINDS = (:s, :ms, :us, :ns)
const INTEGER_KINDS = (:int8, :int16, :int32, :int64, :uint8, :uint16, :uint32, :uint64)
is_time(type::ColumnType) = type.kind in TIMESTAMP_KINDS || type.kind in (:days, :date_ms, :int64)
is_number(type::ColumnType) = type.kind in (:float64, :float32) || type.kind in INTEGER_KINDS

# What pandas calls an index without a name.
const PANDAS_INDEX = "__index_level_0__"

# Which column is which; 0: absent. `fields` in the order of FIELDS.
struct Roles
    time::Int
    fields::NTuple{5,Int}
    valid::Int
end

function Roles(source::Source, strict::Bool)
    strict && check_strictly(source)
    check_version(source)
    return Roles(time_column(source), map(field -> number_column(source, String(field), field !== :volume), FIELDS),
        only_column(source, "valid", column -> is_named(column, ("valid",)) && column.type.kind === :bool))
end

is_named(column::SourceColumn, names) = String(map(ascii_lower, collect(codeunits(column.name)))) in names

# The position of the one column that fits; 0 if none does.
function only_column(source::Source, what::String, fits)
    found = findall(fits, source.columns)
    length(found) > 1 && fail(SCHEMA_VIOLATION, "more than one ", what, " column: ",
        join((source.columns[i].name for i in found), ", "))
    return isempty(found) ? 0 : found[1]
end

function time_column(source::Source)
    named = only_column(source, "time", column -> is_named(column, TIME_HEADERS))
    if named != 0
        is_time(source.columns[named].type) || fail_column_type(source.columns[named], "a timestamp, a date or int64")
        return named
    end
    # An integer index counts rows.
    index = only_column(source, "time", column ->
        column.name == PANDAS_INDEX && is_time(column.type) && column.type.kind !== :int64)
    index == 0 || return index
    stamps = findall(column -> column.type.kind in TIMESTAMP_KINDS, source.columns)
    isempty(stamps) && fail_no_column(source, "time")
    length(stamps) == 1 || fail_no_column(source, "column named as the time, and more than one timestamp")
    return stamps[1]
end

function number_column(source::Source, name::String, needed::Bool)
    found = only_column(source, name, column -> is_named(column, (name,)))
    found == 0 && return needed ? fail_no_column(source, name) : 0
    is_number(source.columns[found].type) || fail_column_type(source.columns[found], "a float64, float32 or integer")
    return found
end

@noinline fail_no_column(source::Source, what::String) =
    fail(SCHEMA_VIOLATION, "no ", what, " column among the ", length(source.columns), ": ",
        join((string(column.name, " ", column.type.text) for column in source.columns), ", "))
@noinline fail_column_type(column::SourceColumn, wanted::String) =
    fail(SCHEMA_VIOLATION, "column ", column.name, " is ", column.type.text, ", not ", wanted)

# A later major version of what we write may mean something else.
function check_version(source::Source)
    get(source.metadata, "schema_name", "") == SYMBOL_SLICE.name || return nothing
    version = get(source.metadata, "schema_version", nothing)
    version === nothing || first(split(version, '.')) == "1" || fail(SCHEMA_VIOLATION, SYMBOL_SLICE.name, " ",
        version, " is of another major version than ", SYMBOL_SLICE.version)
    return nothing
end

# Whether the table is, to the letter, a registered one. Columns are counted from zero in every language.
function check_strictly(source::Source)
    differs(parts...) = fail(SCHEMA_VIOLATION, "strict: ", parts...)
    for key in METADATA_KEYS
        haskey(source.metadata, key) || differs("the metadata lack ", key)
    end
    registered = registered_schema(source.metadata["schema_name"], source.metadata["schema_version"])
    described(name, type, nullable) = string(name, " ", type, " ", nullable ? "nullable" : "not null")
    for (i, field) in enumerate(registered.fields)
        wanted = described(field.name, field.type, field.nullable)
        i <= length(source.columns) || differs("column ", i - 1, " is missing: ", wanted)
        column = source.columns[i]
        found = described(column.name, column.type.text, column.nullable)
        found == wanted || differs("column ", i - 1, " is ", found, ", not ", wanted)
    end
    known = length(registered.fields)
    length(source.columns) > known && differs("column ", known, " is one too many: ", source.columns[known+1].name)
    for key in sort!(collect(keys(source.metadata)))
        key in METADATA_KEYS || differs("the metadata have ", key, ", too")
    end
    return nothing
end

# Arguments, else metadata; a symbol may be absent.
function source_identity(source::Source, options::SourceOptions)
    absent = [name for (name, given) in (("timeframe", options.timeframe), ("price_type", options.price_type))
              if given === nothing && !haskey(source.metadata, name)]
    isempty(absent) || fail(INVALID_ARGUMENT, "no ", join(absent, " and no "), ": give ",
        join((string(name, '=') for name in absent), " and "), ", or data whose schema metadata have it")
    identity(given, read, name) = given === nothing ? metadata_value(read, source, name) : given
    return (symbol=identity(options.symbol, symbol_text, "symbol"),
        timeframe=identity(options.timeframe, Timeframe, "timeframe"),
        price_type=identity(options.price_type, price_type_name, "price_type"))
end

function metadata_value(read, source::Source, name::String)
    text = get(source.metadata, name, "") # only a symbol may be absent
    try
        return read(text)
    catch error
        error isa OmegaError || rethrow()
        fail(INVALID_FORMAT, "metadata ", name, " = ", quoted(text), ": ", error.message)
    end
end
