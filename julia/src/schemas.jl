# The tables this project writes, by name and version, each with a fingerprint that pins it in every language.
# A registered version never changes: another layout is another version.

"""
    OmegaJulia.SchemaField

One column of a [`OmegaJulia.Schema`](@ref), by property: `name`, `type` (`"timestamp[us, UTC]"`, `"float64"`
or `"bool"`) and `nullable`. Source: `src/schemas.jl`.
"""
struct SchemaField
    name::String
    type::String
    nullable::Bool
end

"""
    OmegaJulia.Schema

A registered table, by property: `name`, `version`, `fields` (a tuple of [`OmegaJulia.SchemaField`](@ref)) and
`fingerprint`, the SHA-256 in lower-case hexadecimal of the fields as a JSON list. Source: `src/schemas.jl`.
"""
struct Schema
    name::String
    version::String
    fields::Tuple{Vararg{SchemaField}}
    fingerprint::String
end

const OUR_FIRST_FIELDS = (SchemaField("timestamp", "timestamp[us, UTC]", false),
    (SchemaField(name, "float64", false) for name in ("open", "high", "low", "close"))...)

# What a series is written as: a missing volume is null, a missing bar is no row.
const SYMBOL_SLICE = Schema("symbol_slice", "1.0.0", (OUR_FIRST_FIELDS..., SchemaField("volume", "float64", true)),
    "6696ee81acaa64d4a11509c7eedf4615bb986546de76fc89578e333373e153a7")
# Rows on a fixed grid, where valid = false is a missing bar.
const OHLCV = Schema("ohlcv", "1.0.0",
    (OUR_FIRST_FIELDS..., SchemaField("volume", "float64", false), SchemaField("valid", "bool", false)),
    "e00cf098d8db8d245ea9ae0e447cb39e0b55791a3678e004bc39e6bf42dbf6b7")
const SCHEMAS = (SYMBOL_SLICE, OHLCV)

# The keys of a registered table's metadata, in the order they are written.
const METADATA_KEYS = ("schema_name", "schema_version", "symbol", "timeframe", "price_type")

"""
    schemas() -> Tuple{Vararg{OmegaJulia.Schema}}

The Arrow tables that this project registers: `symbol_slice`, which [`write_ipc`](@ref) and
[`export_arrow`](@ref) write, and `ohlcv`, whose rows with `valid = false` are missing bars. O(1).
Source: `src/schemas.jl`.

```jldoctest
julia> using OmegaJulia

julia> map(schema -> schema.name, schemas())
("symbol_slice", "ohlcv")

julia> last(schemas()[1].fields).name, last(schemas()[1].fields).nullable
("volume", true)
```
"""
schemas() = SCHEMAS

# The table registered under this name and version.
function registered_schema(name::String, version::String)
    for schema in SCHEMAS
        schema.name == name && schema.version == version && return schema
    end
    fail(SCHEMA_VIOLATION, "no schema ", name, " ", version, ": there are ",
        join((string(schema.name, " ", schema.version) for schema in SCHEMAS), ", "))
end

# The fields as the JSON text that the fingerprint is taken of: keys sorted, ASCII, a space after each comma
# and colon. Names and types are plain letters and brackets: nothing to escape.
function fields_json(schema::Schema)
    field_json(field) =
        string("{\"name\": \"", field.name, "\", \"nullable\": ", field.nullable, ", \"type\": \"", field.type, "\"}")
    return string('[', join(map(field_json, collect(schema.fields)), ", "), ']')
end
