# Arrow IPC files by the package Arrow, where the native library is not there. Only types and metadata are
# translated here; which columns are taken, and what is refused, is decided in arrow_source.jl for everybody.
module OmegaArrowExt

import Arrow, OmegaJulia
using OmegaJulia: ColumnType, Source, SourceColumn

# Its stamps as plain counts in their unit.
OmegaJulia.ticks(value::Arrow.Timestamp) = value.x
OmegaJulia.ticks(value::Arrow.Date) = Int64(value.x)

function read_source(bytes::Vector{UInt8})
    # Not converted, or stamps would lose their microseconds.
    table = Arrow.Table(bytes; convert=false)
    columns = [source_column(string(name), getproperty(table, name)) for name in propertynames(table)]
    metadata = Arrow.getmetadata(table)
    return Source(columns, metadata === nothing ? Dict{String,String}() : Dict{String,String}(metadata))
end

function source_column(name::String, column::AbstractVector)
    type = column isa Arrow.DictEncoded ? ColumnType(:other, "dictionary") :
           arrow_column_type(nonmissingtype(eltype(column)))
    return SourceColumn(name, type, Missing <: eltype(column), type.kind === :other ? [] : [column])
end

function arrow_column_type(type::Type)
    if type <: Arrow.Timestamp && isconcretetype(type)
        unit, zone = unit_word(type.parameters[1]), type.parameters[2]
        return ColumnType(Symbol(unit), zone === nothing ? "timestamp[$unit]" : "timestamp[$unit, $zone]")
    elseif type <: Arrow.Date && isconcretetype(type)
        return type.parameters[2] === Int32 ? ColumnType(:days, "date32") : ColumnType(:date_ms, "date64")
    end
    found = OmegaJulia.value_column_type(type)
    # Julia's own times cannot be here: nothing was converted.
    return found.kind in (:ms, :days) ? ColumnType(:other, found.text) : ColumnType(found.kind, lowercase(found.text))
end

function unit_word(unit)
    name = string(unit)
    return occursin("NANO", name) ? "ns" : occursin("MICRO", name) ? "us" : occursin("MILLI", name) ? "ms" : "s"
end

function write_columns(io::IO, columns::NamedTuple, metadata)
    stamp = Arrow.Timestamp{Arrow.Meta.TimeUnit.MICROSECOND,:UTC}
    Arrow.write(io, merge(columns, (timestamp=map(stamp, columns.timestamp),)); file=true, metadata=metadata)
    return nothing
end

function __init__()
    OmegaJulia.ARROW_READER[] = read_source
    OmegaJulia.ARROW_WRITER[] = write_columns
    return nothing
end

end
