# Tables.jl both ways: every source of its makes a CandleSeries, and Candles and CandleSeries are sources. Julia
# 1.9 and later load this by themselves once both packages are there.
module OmegaTablesExt

import OmegaJulia, Tables
using OmegaJulia: Candles, CandleSeries

for source in (Candles, CandleSeries)
    @eval Tables.istable(::Type{$source}) = true
    @eval Tables.columnaccess(::Type{$source}) = true
    @eval Tables.columns(source::$source) = OmegaJulia.columns(source)
    @eval Tables.schema(::$source) =
        Tables.Schema(OmegaJulia.COLUMN_NAMES, (Int64, Float64, Float64, Float64, Float64, Float64))
end

# Named columns of a source; nothing for what is none.
function named_columns(table)
    Tables.istable(table) || return nothing
    columns = Tables.columns(table)
    return Pair{String,AbstractVector}[string(name) => as_vector(Tables.getcolumn(columns, name))
                                       for name in Tables.columnnames(columns)]
end

# Tables.jl asks of a column only that it can be indexed.
as_vector(column::AbstractVector) = column
as_vector(column) = [column[i] for i in 1:length(column)]

__init__() = (OmegaJulia.TABLE_SOURCE[] = named_columns; nothing)

end
