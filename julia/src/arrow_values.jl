# From the values of a Source to the six vectors of a series: shared where they are ours already, else
# converted exactly or refused with the row. Rows are counted over all batches, one-based.

# The first refusal so far; of two in one row that of the earlier column stands.
mutable struct Fault
    row::Int
    code::Int
    text::String
end

@noinline function blame!(fault::Fault, row::Int, code::Int, parts...)
    row < fault.row || return nothing
    fault.row, fault.code, fault.text = row, code, string("row ", row, ": ", parts...)
    return nothing
end

# Which rows the column `valid` calls missing bars; nothing where there are none. A null is refused elsewhere.
function missing_rows(valid::SourceColumn)
    rows = Bool[]
    foreach(part -> append!(rows, missing_flags(part)), valid.parts)
    return any(rows) ? rows : nothing
end
missing_flags(part::AbstractVector) = Bool[!ismissing(value) && !value for value in part]

# The six columns of a series and whether it has a volume. `share(part, T)` gives a part as a Vector{T} that needs
# no conversion, or nothing.
function source_columns(source::Source, roles::Roles, options::SourceOptions, share, advice)
    trust = options.check != 0 # only a full check is worth a look at every bitmap
    prepared(i) = prepare_column(source.columns[i], trust)
    time, numbers = prepared(roles.time), map(i -> i == 0 ? nothing : prepared(i), roles.fields)
    # Nothing but nulls is no volume; of no rows there is nothing to say.
    has_volume = numbers[5] !== nothing && !is_all_null(numbers[5])
    has_volume || (numbers = (numbers[1:4]..., nothing))
    valid = roles.valid == 0 ? nothing : prepared(roles.valid)
    check_row_counts(row_count(time), (numbers..., valid))
    absent = valid === nothing ? nothing : missing_rows(valid)
    # A missing row is left out unless prices may be missing: then its time stays, and nothing else of it.
    leave_out = absent !== nothing && !options.allow_missing
    fault = Fault(typemax(Int), 0, "")
    valid === nothing || blame_null!(fault, valid)
    stamps = stamp_column(time, leave_out ? absent : nothing, fault, absent === nothing ? share : unshared)
    read(column) = float_column(column, absent, options.allow_missing, fault, absent === nothing ? share : unshared)
    floats = map(column -> column === nothing ? Float64[] : read(column), numbers)
    fault.row == typemax(Int) || fail(fault.code, fault.text)
    columns = NamedTuple{COLUMN_NAMES}((stamps, floats...))
    leave_out && (columns = map(column -> isempty(column) ? column : column[.!absent], columns))
    time.type.kind === :int64 && check_unit(columns.timestamp, advice)
    return columns, has_volume, leave_out ? absent : nothing
end

unshared(part, ::Type) = nothing

# Tables of Julia may have columns of any length.
function check_row_counts(expected::Int, columns)
    for column in columns
        column === nothing || row_count(column) == expected ||
            fail(SIZE_MISMATCH, "column ", column.name, " has ", row_count(column), " rows, timestamp has ", expected)
    end
    return nothing
end

# A column whose parts know their nulls; Julia's own vectors always do.
prepare_column(column::SourceColumn, trust::Bool) = SourceColumn(column.name, column.type, column.nullable,
    Any[prepare_part(part, trust, number - 1, column.name) for (number, part) in enumerate(column.parts)])
prepare_part(part::AbstractVector, ::Bool, ::Int, ::String) = part
is_all_null(column::SourceColumn) = row_count(column) > 0 && all(all_null, column.parts)
all_null(part::AbstractVector) = Missing <: eltype(part) && all(ismissing, part)

cast_advice(unit::String) = string("they are likely ", unit, ": cast the column to timestamp[", unit, "]")

function check_unit(stamps::Vector{Int64}, advice)
    isempty(stamps) || any(>=(YEAR_1971), stamps) || fail_wrong_unit(last(stamps), 0, advice)
    return nothing
end

function blame_null!(fault::Fault, column::SourceColumn)
    at = 0
    for part in column.parts
        found = first_null(part)
        found === nothing || return blame!(fault, at + found, CONSTRAINT_VIOLATION, column.name, " is null")
        at += length(part)
    end
    return nothing
end
first_null(part::AbstractVector) = Missing <: eltype(part) ? findfirst(ismissing, part) : nothing

row_count(column::SourceColumn) = sum(Int[length(part) for part in column.parts])
room_for(::Type{T}, rows::Int) where {T} = within_memory(() -> Vector{T}(undef, rows), rows, " rows do not fit into memory")
filled_parts(column::SourceColumn) = filter(part -> length(part) > 0, column.parts)

function stamp_column(column::SourceColumn, skip, fault::Fault, share)
    parts = filled_parts(column)
    if length(parts) == 1 && column.type.kind in (:us, :int64)
        shared = share(parts[1], Int64)
        shared === nothing || return shared
    end
    out = room_for(Int64, row_count(column))
    at = 0
    for part in parts
        fill_stamps!(out, part, at, column, skip, fault)
        at += length(part)
    end
    return out
end

# What a value of each kind is multiplied by to get microseconds; nanoseconds are divided.
const MICROSECONDS = (s=Int64(1_000_000), ms=Int64(1000), date_ms=Int64(1000), us=Int64(1), int64=Int64(1), days=DAY)
const UNIT_WORDS = (s="s", ms="ms", date_ms="ms", days="days")

# A value as a plain count in its kind's unit, wider than any of them. Julia's own types count from other epochs.
ticks(value::Int64) = value
ticks(value::Int32) = Int64(value)
ticks(value::Dates.DateTime) = Int128(Dates.value(value)) - UNIX_EPOCH_MS
ticks(value::Dates.Date) = Int128(Dates.value(value)) - UNIX_EPOCH_DAY

function fill_stamps!(out::Vector{Int64}, part::AbstractVector, at::Int, column::SourceColumn, skip, fault::Fault)
    kind = column.type.kind
    factor = kind === :ns ? Int64(0) : MICROSECONDS[kind]
    row = at
    for value in part
        row += 1
        skip !== nothing && skip[row] && continue
        ismissing(value) && return blame!(fault, row, CONSTRAINT_VIOLATION, column.name, " is null")
        found = ticks(value)
        if kind === :ns
            us, rest = fldmod(found, 1000)
            rest == 0 ||
                return blame!(fault, row, INVALID_FORMAT, column.name, " ", found, " ns is finer than a microsecond")
            out[row] = us
        else
            us = Int128(found) * factor
            typemin(Int64) <= us <= typemax(Int64) || return blame!(fault, row, INVALID_FORMAT, column.name, " ", found, " ",
                UNIT_WORDS[kind], " is outside int64 microseconds")
            out[row] = us % Int64
        end
    end
    return nothing
end

# A column of numbers.
function float_column(column::SourceColumn, skip, allow_missing::Bool, fault::Fault, share)
    parts = filled_parts(column)
    if length(parts) == 1 && column.type.kind === :float64
        shared = share(parts[1], Float64)
        shared === nothing || return shared
    end
    out = room_for(Float64, row_count(column))
    at = 0
    for part in parts
        fill_numbers!(out, part, at, column.name, skip, allow_missing || is_named(column, ("volume",)), fault)
        at += length(part)
    end
    return out
end

function fill_numbers!(out::Vector{Float64}, part::AbstractVector, at::Int, name::String, skip, may_be_null::Bool,
    fault::Fault)

    row = at
    for value in part
        row += 1
        if skip !== nothing && skip[row]
            out[row] = NaN
        elseif ismissing(value)
            may_be_null ||
                return blame!(fault, row, CONSTRAINT_VIOLATION, name, " is null (allow_missing admits missing prices)")
            out[row] = NaN
        else
            if value isa Integer && !(-EXACT_INTEGERS <= value <= EXACT_INTEGERS)
                return blame!(fault, row, TYPE_MISMATCH, name, " ", value, " lies beyond 2^53, where float64 skips integers")
            end
            out[row] = Float64(value)
        end
    end
    return nothing
end

const EXACT_INTEGERS = Int64(1) << 53

# What `make` returns; a refused row of the vectors is named as the row of the table that it was, before rows
# that `valid` calls missing were left out.
function in_table_rows(make, left_out, columns::NamedTuple, has_volume::Bool, options::SourceOptions)
    left_out === nothing && return make()
    try
        check_columns(columns, has_volume, options.check, options.allow_missing)
    catch error
        error isa OmegaError || rethrow()
        found = match(r"^row ([0-9]+): ", error.message)
        found === nothing && rethrow()
        row = findall(!, left_out)[parse(Int, found[1])]
        fail(error.code, "row ", row, ": ", SubString(error.message, length(found.match) + 1))
    end
    return make()
end

# The series a Source holds.
function series_from(source::Source, options::SourceOptions, choice::Choice, share; advice=cast_advice,
    check_rows=() -> nothing)

    roles = Roles(source, options.strict)
    identity = source_identity(source, options)
    check_rows()
    columns, has_volume, left_out = source_columns(source, roles, options, share, advice)
    return in_table_rows(left_out, columns, has_volume, options) do
        checked_series(columns, has_volume, identity, options.check, options.allow_missing, choice; counts=false)
    end
end
