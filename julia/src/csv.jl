# read_csv: candles from a file, by the native library or wholly in Julia. Both take the same files and
# refuse the same ones; no cell is guessed at, and every refusal names its line.

const SLOT_READ_CSV = operation_slot(:read_csv)

"""
    read_csv(path; symbol, timeframe, price_type="bid", unit="us", check="full",
             allow_missing=false, backend=nothing) -> CandleSeries

A series from a comma-separated file with a header line. Headers, in any case: one of `timestamp`, `time`,
`datetime`, `date`, `UTC time` or an empty first header; `open`, `high`, `low`, `close`; `volume` if there is
one. Other columns are ignored.

- Stamps are all integers, in `unit` (`"us"`, `"s"`, `"ms"` or `"ns"`), or all text as
  [`parse_timestamp`](@ref) reads it; the first row decides.
- Numbers are decimal and correctly rounded. An empty cell or `nan` is missing.
- Quotes as in RFC 4180, LF or CRLF, a leading byte order mark and empty lines skipped.
- Other arguments as in [`CandleSeries`](@ref).

Errors: 3001 no such file, 3002 not allowed, 3000 another failure of the system, each naming the path;
1010 without a header line; 1005 for a missing or repeated column, naming it; 1009 naming the line for a
bad cell, a wrong number of fields, integers that would all lie before 1971 (with the likely unit) or a
quote never closed; 1006 naming row (one-based) and values for stamps out of order or prices that are
not finite; 6001 if memory runs out. O(size of the file). Source: `src/csv.jl`.

```jldoctest
julia> using OmegaJulia

julia> path = tempname(); write(path, "time,open,high,low,close\\n2012-02-01,1.0,1.2,0.9,1.1\\n");

julia> series = read_csv(path; symbol="EURUSD", timeframe="D1");

julia> series.close[1], series.has_volume
(1.1, false)
```
"""
function read_csv(path; symbol, timeframe, price_type="bid", unit="us", check="full", allow_missing=false, backend=nothing)
    path isa AbstractString || fail(TYPE_MISMATCH, "path must be a string, got ", repr(path), " (", typeof(path), ")")
    '\0' in path && fail(INVALID_ARGUMENT, "path ", quoted(path), " holds a NUL character")
    missing_allowed = boolean(allow_missing, "allow_missing")
    identity = series_identity(symbol, timeframe, price_type)
    checked, stamps = check_number(check), unit_number(unit)
    choice = resolve_choice(backend)
    library = library_for(choice)
    function in_julia()
        columns, has_volume = parse_file(String(path), stamps)
        check_columns(columns, has_volume, checked, missing_allowed)
        return assemble(columns, has_volume, identity, choice.requested, NO_HANDLE)
    end
    natively() = native_read_csv(library, choice.requested, String(path), stamps, identity, checked, missing_allowed)
    return guarded(natively, in_julia, SLICER, SLOT_READ_CSV, "read_csv", library, choice.requested === :auto,
        (String(path), UNITS[stamps+1], SavedOptions(identity, missing_allowed)))
end

function native_read_csv(library::NativeLibrary, requested::Symbol, path::String, unit::Int, identity::NamedTuple,
    check::Int, allow_missing::Bool)

    out = Ref{Ptr{Cvoid}}(C_NULL)
    status = GC.@preserve identity ccall(library.series_read_csv, Int32,
        (Cstring, Int32, Ref{NativeOptions}, Ref{Ptr{Cvoid}}),
        path, unit, Ref(native_options(identity, check, allow_missing)), out)
    status == 0 || refused(library, status) do
        columns, has_volume = parse_file(path, unit)
        check_columns(columns, has_volume, check, allow_missing)
    end
    return adopt_series(library, out[], identity, requested)
end

parse_file(path::String, unit::Int) =
    within_memory(() -> parse_csv(file_bytes(path), unit), path, ": does not fit into memory")

# The whole file, or the error that fits why not.
function file_bytes(path::String)
    try
        isdir(path) && throw(SystemError(path, Libc.EISDIR))
        return read(path)
    catch error
        error isa Union{SystemError,Base.IOError} || rethrow()
        fail_system(path, error)
    end
end

const TIME_HEADERS = ("timestamp", "time", "datetime", "date", "utc time")

# Where our columns stand: fields in a record, the time column, and the others in the order of FIELDS (0: absent).
struct Header
    width::Int
    time::Int
    fields::NTuple{5,Int}
end

function Header(records::Records)
    found = [field_text(records, i) for i in 1:records.fields]
    names = [String(map(ascii_lower, collect(codeunits(name)))) for name in found]
    time = only_column("time", findall(in(TIME_HEADERS), names), found)
    # The index that pandas writes, unless a column is named as the time.
    time == 0 && isempty(names[1]) && (time = 1)
    fields = map(field -> only_column(String(field), findall(==(String(field)), names), found), FIELDS)
    wanted = (:timestamp => time, (FIELDS[i] => fields[i] for i in 1:4)...)
    for (name, position) in wanted
        position == 0 && fail(SCHEMA_VIOLATION, "no ", name, " column among the headers: ", join(found, ", "))
    end
    return Header(length(names), time, fields)
end

function only_column(what::String, positions::AbstractVector{Int}, found::Vector{String})
    length(positions) > 1 &&
        fail(SCHEMA_VIOLATION, "more than one ", what, " column: ", join((quoted(found[i]) for i in positions), ", "))
    return isempty(positions) ? 0 : positions[1]
end

# The columns in a file's bytes, which are written over where quoted text is unescaped.
function parse_csv(bytes::Vector{UInt8}, unit::Int)
    records = Records(bytes)
    next_record!(records) || fail(EMPTY_INPUT, "the file is empty: no header line")
    header = Header(records)
    room = count(==(UInt8('\n')), view(bytes, records.at:length(bytes))) + 1
    stamps = Vector{Int64}(undef, room)
    values = map(column -> Vector{Float64}(undef, column == 0 ? 0 : room), header.fields)
    rows = fill_rows!(stamps, values, records, header, unit)
    resize!(stamps, rows)
    foreach((column, position) -> position == 0 || resize!(column, rows), values, header.fields)
    open, high, low, close, volume = values
    return (timestamp=stamps, open=open, high=high, low=low, close=close, volume=volume), header.fields[5] != 0
end

function fill_rows!(stamps::Vector{Int64}, values::NTuple{5,Vector{Float64}}, records::Records, header::Header, unit::Int)
    row, integers, any_plausible, raw = 0, false, false, Int64(0)
    while next_record!(records)
        records.fields == header.width || fail_width(records, header)
        row += 1
        first, last = records.starts[header.time], records.stops[header.time]
        is_integer, fits, number = scan_integer(records.bytes, first, last)
        row == 1 && (integers = is_integer)
        if integers
            is_integer || fail_stamp(records, header, "the rows before hold integer stamps")
            fits || fail_stamp(records, header, "outside int64")
            verdict, us = to_microseconds(number, unit)
            verdict == STAMP_OUTSIDE && fail_stamp(records, header, "outside int64 microseconds")
            verdict == STAMP_TOO_FINE && fail_stamp(records, header, "finer than a microsecond")
            any_plausible |= us >= YEAR_1971
            raw = number
        else
            why, us = scan_timestamp(records.bytes, first, last)
            why == 0 || fail_stamp(records, header, TIMESTAMP_FAULTS[why])
        end
        stamps[row] = us
        for field in 1:5
            column = header.fields[field]
            column == 0 && continue
            known, value = scan_number(records.bytes, records.starts[column], records.stops[column])
            known || fail_number(records, field, column)
            values[field][row] = value
        end
    end
    integers && !any_plausible && fail_wrong_unit(raw, unit)
    return row
end

@noinline fail_width(records, header) = fail(INVALID_FORMAT, "line ", line_number(records), ": ", records.fields,
    " fields where the header has ", header.width)
@noinline fail_stamp(records, header, why) = fail(INVALID_FORMAT, "line ", line_number(records), ": timestamp ",
    quoted(field_text(records, header.time)), ": ", why)
@noinline fail_number(records, field, column) = fail(INVALID_FORMAT, "line ", line_number(records), ": ", FIELDS[field], " ",
    quoted(field_text(records, column)), " is not a number")
