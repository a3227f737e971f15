# What a series must be: the checks in plain Julia, and the words for what they find. The native backend
# checks for itself; its refusals are worded here too, since rows are one-based in this language.

const CHECKS = ("full" => 0, "order" => 1, "none" => 2)

# The zero-based number of a check given by its word.
function check_number(check)
    check isa Union{AbstractString,Symbol} ||
        fail(TYPE_MISMATCH, "check must be \"full\", \"order\" or \"none\", got ", repr(check))
    for (name, number) in CHECKS
        name == String(check) && return number
    end
    fail(INVALID_ARGUMENT, "check ", quoted(check), " is none of full, order, none")
end

# A true or false argument; anything else is a type mismatch naming it.
@inline boolean(value::Bool, ::String) = value
@noinline boolean(value, name::String) = fail(TYPE_MISMATCH, name, " must be true or false, got ", repr(value))

function symbol_text(symbol)
    symbol isa AbstractString || fail(TYPE_MISMATCH, "symbol must be a string, got ", repr(symbol))
    text = String(symbol)
    isvalid(text) || fail(INVALID_FORMAT, "symbol ", quoted(text), " is not UTF-8")
    '\0' in text && fail(INVALID_ARGUMENT, "symbol ", quoted(text), " holds a NUL character")
    return text
end

# columns: the six vectors by name, volume empty where there is none.
function check_lengths(columns::NamedTuple, has_volume::Bool)
    expected = length(columns.timestamp)
    for name in FIELDS
        name === :volume && !has_volume && continue
        len = length(columns[name])
        len == expected || fail(SIZE_MISMATCH, "column ", name, " has ", len, " rows, timestamp has ", expected)
    end
    return nothing
end

# Throws for the first fault that `check` looks for, in the order that every language keeps.
function check_columns(columns::NamedTuple, has_volume::Bool, check::Int, allow_missing::Bool)
    check == 2 && return nothing
    row = first_disorder(columns.timestamp)
    row == 0 || fail(CONSTRAINT_VIOLATION, "row ", row, ": timestamp ", columns.timestamp[row],
        " is not after ", columns.timestamp[row-1])
    check == 1 && return nothing
    first_row, first_name = 0, :none
    for name in FIELDS
        name === :volume && !has_volume && continue
        values = columns[name]
        last = first_row == 0 ? length(values) : first_row - 1
        found = first_unfit(values, last, allow_missing || name === :volume)
        found == 0 || ((first_row, first_name) = (found, name))
    end
    first_row == 0 && return nothing
    value = columns[first_name][first_row]
    fail(CONSTRAINT_VIOLATION, "row ", first_row, ": ", first_name, " is ", number_text(value),
        ", not a finite number", isnan(value) ? " (allow_missing admits missing prices)" : "")
end

# Both scans go a chunk at a time without an early exit inside it, so that they run in vectors.
const CHUNK = 4096

# The first row whose stamp is not after the one before it; 0 if there is none.
function first_disorder(stamps::Vector{Int64})
    for start in 2:CHUNK:length(stamps)
        stop = min(start + CHUNK - 1, length(stamps))
        fine = true
        @inbounds for i in start:stop
            fine &= stamps[i-1] < stamps[i]
        end
        fine && continue
        for i in start:stop
            stamps[i-1] < stamps[i] || return i
        end
    end
    return 0
end

# The first of the rows 1:last that is infinite, or NaN where nothing may be missing; 0 if there is none.
function first_unfit(values::Vector{Float64}, last::Int, may_be_missing::Bool)
    for start in 1:CHUNK:last
        stop = min(start + CHUNK - 1, last)
        fine = true
        if may_be_missing
            @inbounds for i in start:stop
                fine &= abs(values[i]) != Inf
            end
        else
            @inbounds for i in start:stop
                fine &= abs(values[i]) < Inf
            end
        end
        fine && continue
        for i in start:stop
            (may_be_missing ? isinf(values[i]) : !isfinite(values[i])) && return i
        end
    end
    return 0
end
