# CandleSeries from any table of Julia: named tuples of vectors, data frames, vectors of rows, sources of
# Tables.jl. Columns are found by the rules of arrow_source.jl; nothing here needs a package, but where Tables.jl
# is loaded (Julia 1.9 or later) ext/OmegaTablesExt.jl answers for its sources.

# What answers (table -> named columns or nothing) for sources of Tables.jl; filled by ext/OmegaTablesExt.jl.
const TABLE_SOURCE = Ref{Union{Nothing,Function}}(nothing)

"""
    CandleSeries(table; symbol=nothing, timeframe=nothing, price_type=nothing, check="full",
                 allow_missing=false, copy=nothing, backend=nothing)

A series from a table: a named tuple or dictionary of vectors, a data frame or anything else whose
properties are its columns, a vector of named tuples or of [`Candle`](@ref)s, [`Candles`](@ref); with Tables.jl
loaded (Julia 1.9 or later) every source of its.

- **Time**: the one column named (in any case) `timestamp`, `time`, `datetime`, `date` or `utc time`, else the
  only one of `DateTime`s. It holds `DateTime`, `Date` or `Int64` microseconds; integers that would all lie
  before 1971 are refused with the likely unit.
- `open`, `high`, `low`, `close` and, if there is one, `volume`: `Float64`, `Float32` or integers up to 2^53, each
  perhaps with `missing`. A `missing` price is refused, or NaN with `allow_missing`; a `missing` volume is
  NaN, and a volume of nothing else is none.
- `valid`, if it holds `Bool`s: rows with `false` are missing bars and left out; with `allow_missing` they stay, as
  NaN. Other columns are ignored.
- A named tuple's dense vectors of `Int64` and `Float64` are shared, as by the constructor with columns; those of
  other tables are copied, since those may change. `copy` says otherwise.
- `Candles` keep symbol, timeframe and price type; otherwise give `timeframe` and `price_type`.

Errors: 1005 for a column that is missing, there twice or of another type; 1001 if timeframe or price type are
unknown; 1006, 1004 and 1009 name the first row (one-based) and column; 1011 for unequal lengths; and those of
the constructor with columns. O(n). Source: `src/tables.jl`.

```jldoctest
julia> using OmegaJulia, Dates

julia> table = (Time=DateTime(2012, 2, 1) .+ Minute.(0:1), open=[1, 2], high=[3, 3], low=[1, 1], close=[2, missing],
                valid=[true, false]);

julia> series = CandleSeries(table; symbol="EURUSD", timeframe="M1", price_type="bid");

julia> length(series), series.close[1], series.has_volume
(1, 2.0, false)

julia> CandleSeries(collect(series); timeframe="M1", price_type="bid").close == series.close
true
```
"""
function CandleSeries(table; symbol=nothing, timeframe=nothing, price_type=nothing, check="full", allow_missing=false,
    copy=nothing, backend=nothing)

    options = source_options(symbol, timeframe, price_type, check, allow_missing, false)
    own = copy === nothing ? !(table isa Union{NamedTuple,Candles,CandleSeries}) : boolean(copy, "copy")
    source = Source([SourceColumn(name, column) for (name, column) in table_columns(table)], table_metadata(table))
    series = series_from(source, options, resolve_choice(backend), (part, T) -> share_table_column(part, T, own);
        advice=unit -> string("they are likely ", unit, ": make them microseconds or DateTimes"))
    count!(SLOT_SERIES, is_native(getfield(series, :native)) ? NATIVE : FALLBACK)
    return series
end

share_table_column(column, ::Type{T}, own::Bool) where {T} =
    !is_dense(column, T) ? nothing : own ? collect_column(column) : share(column)

# (name, column) of every column.
function table_columns(table)
    ask = TABLE_SOURCE[]
    found = ask === nothing || table isa Union{Candles,CandleSeries} ? nothing : ask(table)
    return found === nothing ? plain_columns(table) : found
end

plain_columns(table::Union{Candles,CandleSeries}) = named(pairs(columns(table)))
plain_columns(table::NamedTuple) = named(pairs(table))
function plain_columns(candles::AbstractVector{Candle})
    column(name) = [getfield(candle, name) for candle in candles]
    stamps = Column(column(:timestamp), 0, length(candles)) # microseconds for certain
    return named((:timestamp => stamps, (name => column(name) for name in FIELDS)...))
end
plain_columns(table::AbstractDict) = named(table)
plain_columns(table) = named((name => getproperty(table, name) for name in propertynames(table)))
plain_columns(table::Union{Nothing,Missing,Number,AbstractString,Symbol,AbstractArray}) = fail_no_table(table)

# A table of rows: each column is collected from the rows' properties.
function plain_columns(rows::AbstractVector)
    row_type = eltype(rows)
    names = !isempty(rows) ? propertynames(first(rows)) :
            isconcretetype(row_type) && isstructtype(row_type) ? fieldnames(row_type) : ()
    isempty(names) && fail_no_table(rows)
    column(name) = try
        [getproperty(row, name) for row in rows]
    catch error
        error isa Union{ErrorException,KeyError,ArgumentError,MethodError,OmegaError} || rethrow()
        fail(SCHEMA_VIOLATION, "not every row has a column ", name)
    end
    typed(name) = isempty(rows) ? Vector{fieldtype(row_type, name)}() : column(name)
    return named((name => typed(name) for name in names))
end

function named(columns)
    found = Pair{String,AbstractVector}[]
    for (name, column) in columns
        column isa AbstractVector && push!(found, string(name) => column)
    end
    return found
end

@noinline fail_no_table(table) = fail(TYPE_MISMATCH, "a table has columns as vectors, or rows with properties; got ",
    typeof(table))

# Candles say what they are of; no other table of Julia does.
table_metadata(table) = Dict{String,String}()
table_metadata(candles::Candles) = table_metadata(candles.series)
table_metadata(series::CandleSeries) = series_metadata(series)

function series_metadata(series::CandleSeries)
    values = (SYMBOL_SLICE.name, SYMBOL_SLICE.version, series.symbol, series.timeframe.name, series.price_type)
    return Dict{String,String}(zip(METADATA_KEYS, values))
end

function SourceColumn(name::String, column::AbstractVector)
    narrow = isconcretetype(nonmissingtype(eltype(column))) ? column : map(identity, column)
    Base.has_offset_axes(narrow) && (narrow = collect(narrow))
    type = column_type(narrow)
    return SourceColumn(name, type, Missing <: eltype(narrow), type.kind === :other ? [] : [narrow])
end

# What a column of Julia is, by its values' type; our own stamps are microseconds for certain.
column_type(column::ReadOnlyColumn{Int64}) = ColumnType(:us, "Int64")
column_type(column::AbstractVector) = value_column_type(nonmissingtype(eltype(column)))
value_column_type(::Type{T}) where {T} = ColumnType(value_kind(T), string(T))
value_kind(::Type{Dates.DateTime}) = :ms
value_kind(::Type{Dates.Date}) = :days
value_kind(::Type{Float64}) = :float64
value_kind(::Type{Float32}) = :float32
value_kind(::Type{Bool}) = :bool
for type in (Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64)
    kind = QuoteNode(Symbol(lowercase(string(type))))
    @eval value_kind(::Type{$type}) = $kind
end
value_kind(::Type) = :other
value_kind(::Type{Union{}}) = :other
