# Copies of what never changes, and its way to other processes. No pointer ever travels: columns, identity and
# the choice of backend are written, and reading makes the object anew, with a native series or index of its own.

Base.deepcopy_internal(series::CandleSeries, ::IdDict) = series
Base.deepcopy_internal(slicer::SymbolDataSlicer, ::IdDict) = slicer
# What frees memory must stay one object.
Base.deepcopy_internal(handle::NativeHandle, ::IdDict) = handle

function Serialization.serialize(stream::Serialization.AbstractSerializer, series::CandleSeries)
    Serialization.serialize_cycle_header(stream, series) && return nothing
    columns = map(name -> getfield(series, name), COLUMN_NAMES)
    # One that fell back to Julia stays there: only a native one has something to ask for.
    requested = is_native(getfield(series, :native)) ? getfield(series, :requested) : :julia
    Serialization.serialize(stream, (columns, series.has_volume, series.symbol, series.timeframe.duration,
        series.price_type, requested))
    return nothing
end

function Serialization.deserialize(stream::Serialization.AbstractSerializer, ::Type{CandleSeries})
    values, has_volume, symbol, duration, price_type, requested = Serialization.deserialize(stream)
    series = rebuild_series(NamedTuple{COLUMN_NAMES}(values), has_volume, series_identity(symbol, duration, price_type), requested)
    Serialization.deserialize_cycle(stream, series)
    return series
end

# Checked when it was made, as far as its maker wanted; lengths again, since memory hangs on them.
function rebuild_series(columns::NamedTuple, has_volume::Bool, identity::NamedTuple, requested::Symbol)
    check_lengths(columns, has_volume)
    library = library_for(Choice(requested, "a serialized series"))
    in_julia() = assemble(columns, has_volume, identity, requested, NO_HANDLE)
    library === nothing && return in_julia()
    natively() = assemble(columns, has_volume, identity, requested, borrow_columns(library, columns, has_volume, identity, 2, true))
    return guarded(natively, in_julia, SLICER, SLOT_SERIES, "accept", library, requested === :auto,
        (SavedColumns(columns, has_volume), SavedOptions(identity, true)))
end

function Serialization.serialize(stream::Serialization.AbstractSerializer, slicer::SymbolDataSlicer)
    Serialization.serialize_cycle_header(stream, slicer) && return nothing
    requested = slicer.requested
    (requested === :series) | (slicer.handle != C_NULL) || (requested = :julia)
    Serialization.serialize(stream, (slicer.series, requested))
    return nothing
end

function Serialization.deserialize(stream::Serialization.AbstractSerializer, ::Type{SymbolDataSlicer})
    series, requested = Serialization.deserialize(stream)
    slicer = SymbolDataSlicer(series, Choice(requested, "a serialized slicer"))
    Serialization.deserialize_cycle(stream, slicer)
    return slicer
end
