# Series on the native side: lending it Julia's columns, and wording its refusals with one-based rows.
# The library never owns Julia's memory and never calls back: what it borrows is rooted in the handle.

# A native series over `columns`, which live at least as long. Throws what the library refuses.
function borrow_columns(library::NativeLibrary, columns::NamedTuple, has_volume::Bool, identity::NamedTuple,
    check::Int, allow_missing::Bool)

    out = Ref{Ptr{Cvoid}}(C_NULL)
    status = GC.@preserve columns identity begin
        lent = Ref(NativeColumns(pointer(columns.timestamp), pointer(columns.open), pointer(columns.high),
            pointer(columns.low), pointer(columns.close), has_volume ? pointer(columns.volume) : Ptr{Float64}(C_NULL),
            length(columns.timestamp)))
        ccall(library.series_new_borrowed, Int32,
            (Ref{NativeColumns}, Ref{NativeOptions}, Ptr{Cvoid}, Ptr{Cvoid}, Ref{Ptr{Cvoid}}),
            lent, Ref(native_options(identity, check, allow_missing)), C_NULL, C_NULL, out)
    end
    status == 0 || refused(library, status) do
        check_columns(columns, has_volume, check, allow_missing)
    end
    handle = NativeHandle(out[], library)
    handle.roots = columns
    return handle
end

# To be used while `identity` is preserved: it holds a pointer to the symbol.
native_options(identity::NamedTuple, check::Int, allow_missing::Bool) = NativeOptions(pointer(identity.symbol),
    identity.timeframe.duration, identity.price_type == "bid" ? 0 : 1, check, allow_missing ? ALLOW_MISSING : 0, 0)

# Throws a native refusal. Its text counts rows and elements from zero, so where the code is one that names
# them, `find` looks for the same fault in Julia and throws its words. If that finds another fault, or
# none, the two backends disagree: then the library's own text stands, marked as zero-based.
@noinline function refused(find::Function, library::NativeLibrary, status::Int32)
    error = OmegaError(status, last_message(library))
    status in (CONSTRAINT_VIOLATION, INSUFFICIENT_DATA) || throw(error)
    try
        find()
    catch found
        found isa OmegaError || rethrow()
        found.code == status && throw(found)
    end
    throw(OmegaError(status, string(error.message, " (rows counted from zero, by the native library)")))
end

# The native series behind `series`, or one lent its columns if it has none from `library` yet.
function native_handle(series::CandleSeries, library::NativeLibrary)
    handle = getfield(series, :native)
    is_native(handle) && return handle
    columns = (timestamp=getfield(series, :timestamp), open=getfield(series, :open), high=getfield(series, :high),
        low=getfield(series, :low), close=getfield(series, :close), volume=getfield(series, :volume))
    identity = (symbol=series.symbol, timeframe=series.timeframe, price_type=series.price_type)
    # Checked when the series was made, as far as its maker wanted.
    return borrow_columns(library, columns, series.has_volume, identity, 2, true)
end

# The Julia side of a series that the library has read and owns.
function adopt_series(library::NativeLibrary, pointer::Ptr{Cvoid}, identity::NamedTuple, requested::Symbol)
    handle = NativeHandle(pointer, library)
    lent = Ref{NativeColumns}()
    status = GC.@preserve handle ccall(library.series_columns, Int32, (Ptr{Cvoid}, Ref{NativeColumns}), pointer, lent)
    status == 0 || native_failure(library, status)
    found = lent[]
    has_volume = found.volume != C_NULL
    take(column) = foreign_vector(column, Int(found.len), handle)
    columns = (timestamp=take(found.timestamp), open=take(found.open), high=take(found.high),
        low=take(found.low), close=take(found.close), volume=take(found.volume))
    return assemble(columns, has_volume, identity, requested, handle)
end
