# SymbolDataSlicer: who is asked, and with which backend. The questions are in questions.jl and batch.jl.
# Making one decides the backend and builds what it needs; afterwards nothing in it ever changes.

const INDEX_LOCK = ReentrantLock()

"""
    SymbolDataSlicer(series; backend=nothing)

Time-addressed questions on one [`CandleSeries`](@ref): [`get_slice`](@ref), [`get_candle_at`](@ref),
[`get_candle_asof`](@ref), [`get_lookback`](@ref) and their batch forms [`get_lookbacks`](@ref),
[`get_candles_at`](@ref), [`get_candles_asof`](@ref), [`gather_lookback`](@ref).

Every question addresses candles by **stamp**, their open time: a candle stamped `now` is still forming at
`now`. `closed_only=true` admits only candles whose close time is `<= now`.

`backend` is `"native"`, `"julia"` or `"auto"`; by default the one its series has. Times are integers of
microseconds since 1970-01-01 UTC, `DateTime` or `Date` (UTC); floats and booleans are refused (1004).
Any number of threads may ask one slicer. Errors: 1004 if `series` is none, 6005 if the native backend is
demanded but not there. O(1), on the Julia backend a table of at most 16,384 entries is built once per
series. Copied and serialized as its series is. Source: `src/slicer.jl`.

```jldoctest
julia> using OmegaJulia

julia> series = CandleSeries([0], [1.0], [1.2], [0.9], [1.1]; symbol="EURUSD", timeframe="M1");

julia> get_candle_at(SymbolDataSlicer(series), 0).close
1.1
```
"""
mutable struct SymbolDataSlicer
    series::CandleSeries
    timestamp::Vector{Int64}
    duration::Int64
    index::TimeIndex       # Julia backend
    native::NativeHandle   # native backend; keeps the native series alive
    library::NativeLibrary
    handle::Ptr{Cvoid}     # native.pointer, or C_NULL on the Julia backend
    requested::Symbol      # :native, :julia or :auto: what its maker asked for, or :series for its series' backend
    instead::Union{Nothing,SymbolDataSlicer} # who answers once the library may not: see guard/engine.jl

    function SymbolDataSlicer(series::CandleSeries; backend=nothing)
        choice = backend === nothing ? Choice(:series, "series") : resolve_choice(backend)
        return SymbolDataSlicer(series, choice)
    end

    function SymbolDataSlicer(series::CandleSeries, choice::Choice)
        library = choice.requested === :series ? native_of(series) : library_for(choice)
        auto = choice.requested === :auto || (choice.requested === :series && is_auto(series))
        return SymbolDataSlicer(series, library, choice.requested, auto)
    end

    # Over a backend that is settled.
    function SymbolDataSlicer(series::CandleSeries, library::Union{Nothing,NativeLibrary}, requested::Symbol=:series, auto::Bool=false)
        timestamp, duration = getfield(series, :timestamp), series.timeframe.duration
        native = library === nothing ? NO_HANDLE : lent_handle(series, library, auto)
        is_native(native) || return new(series, timestamp, duration, shared_index(series), NO_HANDLE, NO_LIBRARY, C_NULL,
            requested, nothing)
        return new(series, timestamp, duration, NO_INDEX, native, library, native.pointer, requested, nothing)
    end
end

SymbolDataSlicer(other; backend=nothing) =
    fail(TYPE_MISMATCH, "a slicer needs a CandleSeries, got ", repr(other), " (", typeof(other), ")")

function native_of(series::CandleSeries)
    handle = getfield(series, :native)
    return is_native(handle) && !(SLICER.off && is_auto(series)) ? handle.library : nothing
end

# The index of a series, built by whoever needs it first.
function shared_index(series::CandleSeries)
    return lock(INDEX_LOCK) do
        is_built(getfield(series, :index)) || setfield!(series, :index, TimeIndex(getfield(series, :timestamp)))
        return getfield(series, :index)
    end
end

@inline function Base.getproperty(slicer::SymbolDataSlicer, name::Symbol)
    name === :backend && return asks_library(slicer) ? "native" : "julia"
    return getfield(slicer, name)
end
Base.propertynames(::SymbolDataSlicer, private::Bool=false) = (:series, :backend)
@noinline Base.setproperty!(::SymbolDataSlicer, name::Symbol, value) =
    fail(INVALID_STATE, "a SymbolDataSlicer never changes; make another one")
Base.broadcastable(slicer::SymbolDataSlicer) = Ref(slicer)

Base.show(io::IO, slicer::SymbolDataSlicer) =
    print(io, "SymbolDataSlicer(", slicer.series, ", answers: ", slicer.backend, ")")
