"""
Candle series and the four questions a backtest asks of them at every bar: which rows so far, which
candle now, the latest one by now, the last `n`; and rolling kernels that are right to the last bit.

Everything has two complete implementations behind one function: the native library and plain
Julia. Which one answers is chosen by [`set_backend`](@ref) and shown by [`status`](@ref).

```jldoctest
julia> using OmegaJulia

julia> minute = 60_000_000;

julia> series = CandleSeries([0, 1, 2] .* minute, [1.0, 1.1, 1.2], [1.2, 1.3, 1.4],
                             [0.9, 1.0, 1.1], [1.1, 1.2, 1.3]; symbol="EURUSD", timeframe="M1");

julia> slicer = SymbolDataSlicer(series);

julia> sum(get_lookback(slicer, 2minute, 2).close)
2.5

julia> get_candle_at(slicer, 90_000_000) === nothing
true
```
"""
module OmegaJulia

# This file names the parts and the public words; nothing is computed here. Loading does no work:
# the native library is looked for when the first series that may use it is made.

import Dates, Libdl, Logging, Random, Serialization, SHA

export CandleSeries, SymbolDataSlicer, Candles, Candle, Timeframe, OmegaError
export read_ipc, write_ipc, to_ipc, refresh, schemas
export ArrowSchema, ArrowArray, ArrowArrayStream, import_arrow, export_arrow, export_arrow_stream, release_arrow
export read_csv, columns, datetime, parse_timestamp
export get_slice, get_candle_at, get_candle_asof, get_lookback
export get_lookbacks, get_candles_at, get_candles_asof, gather_lookback
export resample, align
export SymbolDataSlice, latest, history, history_view, history_matrix, series_ref, set_index!, walk
export MultiSymbolSlice, get_candle, get_price, get_spread, snapshot
export Quality, PairQuality, quality
export set_backend, status, reset_counts
export verify, rollback, reenable, drill, incidents, reproduce, set_shadow

include("errors.jl")
include("timeframe.jl")
include("time.jl")
include("time_text.jl")
include("candle.jl")
include("columns.jl")
include("counts.jl")
include("config.jl")
include("guard/state.jl")
include("guard/tables.jl")
include("guard/incidents.jl")
include("guard/breaker.jl")
include("guard/manifest.jl")
include("arrow_structs.jl")
include("layout.jl")
include("library.jl")
include("backend.jl")
include("time_index.jl")
include("series_check.jl")
include("series.jl")
include("series_native.jl")
include("candles.jl")
include("slicer.jl")
include("copies.jl")
include("quality.jl")
include("guard/shadow.jl")
include("guard/text.jl")
include("guard/engine.jl")
include("questions.jl")
include("batch.jl")
include("csv_cells.jl")
include("csv_records.jl")
include("csv.jl")
include("schemas.jl")
include("arrow_source.jl")
include("arrow_values.jl")
include("tables.jl")
include("arrow_callbacks.jl")
include("arrow_export.jl")
include("arrow_vectors.jl")
include("arrow_import.jl")
include("arrow_ipc.jl")
include("arrow_native.jl")
include("kernels/rounding.jl")
include("kernels/windows.jl")
include("kernels/fixed.jl")
include("kernels/wide.jl")
include("kernels/int256.jl")
include("kernels/chunks.jl")
include("kernels/long.jl")
include("kernels/sliding.jl")
include("kernels/moments.jl")
include("kernels/extrema.jl")
include("kernels/speculation.jl")
include("kernels/recurrences.jl")
include("kernels/logarithm.jl")
include("kernels/differences.jl")
include("kernels/arguments.jl")
include("kernels/running.jl")
include("kernels/rolling.jl")
include("kernels/indicators.jl")
include("kernels/twins.jl")
include("kernels/streams.jl")
include("guard/stream.jl")
include("timeframes.jl")
include("symbol_slice.jl")
include("multi_symbol.jl")
include("guard/known.jl")
include("guard/quick.jl")
include("guard/selftest.jl")
include("guard/gate.jl")
include("guard/differential.jl")
include("loading.jl")
using .Loading: checked_file, file_numbers, find_library, has_passed, hash_path, knows_first_answers, library_places, located,
    number_words, open_library, pass_path, plain_text, remembered_hash, results_folder, shadow_from_environment, state_folder, text_of
include("guard/speed.jl")
include("guard/timing.jl")
include("guard/verify.jl")
include("guard/reproduce.jl")
include("guard/commands.jl")
include("guard/schema.jl")
include("guard/drill.jl")
include("guard/drilled.jl")
include("status.jl")
include("warmup.jl")

function __init__()
    size_counts()
    return nothing
end

end
