# Asking again what an incident was opened for, of library and fallback, from its saved arguments. Both languages read those, and
# say the same of them: rows and values count from zero here, as in the file.

"""
    OmegaJulia.Reproduced

What [`reproduce`](@ref) found, by property: `agree` (whether library and fallback say the same now) and `said` (a line or two).
Source: `src/guard/reproduce.jl`.
"""
struct Reproduced
    agree::Bool
    said::Vector{String}
end
Base.show(io::IO, found::Reproduced) = print(io, join(found.said, '\n'))

"""
    reproduce(rollback_id) -> OmegaJulia.Reproduced

Asks the call that an incident was opened for again, of the library and of Julia, from the arguments that were saved with it,
whichever language wrote it. The library is the one that is installed now: see whether it still fails. Runs in this process, past
every choice and incident; nothing changes. O(the call), some seconds to compile. A stream of a recurrence is asked without the rows
before the one that failed, which Julia does not keep.

Errors: 1001 for an unknown incident, 1007 for one without arguments or whose call cannot be asked alone ([`verify`](@ref) asks
everything), 1009 where they were too long to be kept, 6005 without a library. Source: `src/guard/reproduce.jl`.

```jldoctest
julia> using OmegaJulia

julia> try reproduce("RB-none") catch error; error.code end
1001
```
"""
function reproduce(rollback_id)
    incident = find_incident(rollback_id)
    call, given = arguments_of(saved_arguments(incident))
    question = question_again(call, given)
    theirs = said_again(question, nothing)
    candidate = located(true)
    if candidate === nothing
        failure = lookup_failure("")
        fail(failure.code, "there is no library to ask; looked at:\n", failure.text)
    end
    ours = said_again(question, open_library(candidate.path))
    return Reproduced(ours == theirs, side_by_side(call, ours, theirs))
end

function saved_arguments(incident::Incident)
    isempty(incident.arguments_file) && fail(INVALID_STATE, incident.rollback_id, ": no arguments were saved; verify asks everything")
    path = joinpath(results_folder(), incident.arguments_file)
    try
        return read(path, String)
    catch error
        error isa SystemFailure || rethrow()
        fail(INVALID_STATE, path, ": ", failure_text(error))
    end
end

# Both answers as people read them: the first value in which they differ, if they do.
function side_by_side(call::String, ours::String, theirs::String)
    mine, others = split(ours, r"; |,"), split(theirs, r"; |,")
    ours == theirs && return [string(call, ": the library and the fallback say ", length(mine) > 1 ? "the same $(length(mine)) values" : ours)]
    length(mine) == length(others) || return [string(call, ": the library says ", first(ours, 200)), string(call, ": the fallback says ", first(theirs, 200))]
    at = findfirst(k -> mine[k] != others[k], eachindex(mine))
    where = length(mine) > 1 ? string(call, ", value ", at - 1, " (from 0) of ", length(mine)) : call
    return [string(where, ": the ", who, " says ", readable(value[at])) for (who, value) in (("library", mine), ("fallback", others))]
end

# Bits with the number that they are.
readable(value::AbstractString) = occursin(r"^[0-9a-f]{16}$", value) ? string(read_bits(value)[1], " (", value, ")") : String(value)

# The answer as text: bits, so that equal texts are equal answers.
function said_again(question, library::Union{Nothing,NativeLibrary})
    try
        return answer_text(question(library))
    catch error
        error isa OmegaError || rethrow()
        return string(error.name, " (", error.code, ")")
    end
end

answer_text(answer::String) = answer
answer_text(answer::Integer) = string(answer)
answer_text(answer::Float64) = hexadecimal(isnan(answer) ? NaN : answer)
answer_text(answer::AbstractVector{<:Union{Float64,Integer}}) = join(map(answer_text, answer), ',')
answer_text(answer) = join(map(answer_text, collect(Any, answer)), "; ")

# Questions of one bar are kept as batches of one.
is_asked_again(call::String) = call in ONE_BAR || haskey(ASKED_AGAIN, Symbol(call)) || Symbol(call) in KERNELS

# What asks a backend, the library or nothing, neither counted nor guarded; answers are those that Python's backends give.
function question_again(call::String, given::Vector{Any})
    kernel = Symbol(replace(call, r"^push " => ""))
    kernel in KERNELS || haskey(ASKED_AGAIN, kernel) || fail(INVALID_STATE, call, ": cannot be asked again alone; verify asks everything")
    ask = !(kernel in KERNELS) ? ASKED_AGAIN[kernel] : startswith(call, "push ") ? pushed_again : kernel_again
    words = kernel in KERNELS ? (calls_again(kernel, last(given)), given[1:end-1]...) : Tuple(given)
    applicable(ask, nothing, words...) || fail(INVALID_FORMAT, "these are not the arguments of ", call)
    if kernel in KERNELS
        pushed = startswith(call, "push ")
        check_series(call, words[1][1], pushed ? words[2:end-1] : words[2], pushed ? last(words) : nothing)
    end
    return library -> ask(library, words...)
end

# A kernel with its numbers: one call, or of ema one for each of several periods.
function calls_again(kernel::Symbol, numbers)
    fields = number_fields(kernel)
    kernel === :ema && numbers isa Tuple && length(numbers) > 2 && return [calls_again(kernel, (period, numbers[end]))[1] for period in numbers[1:end-1]]
    numbers isa Tuple && length(fields) == length(numbers) || fail(INVALID_FORMAT, kernel, " has the numbers ", join(fields, ", "), ", not ", numbers)
    number(field) = (at = findfirst(==(field), fields); at === nothing ? 0 : numbers[at])
    return [KernelCall(kernel_number(kernel), number(:window), number(:min_periods), number(:ddof), number(:skip) == 1, number(:slow),
        number(:signal), number(:width))]
end

# Files can be edited, and native code trusts what it is given: series of one length, as many as the kernel takes, or
# of a call several times as many.
function check_series(call::String, kernel::KernelCall, series, row)
    takes, lengths = inputs_of(kernel), map(one -> one isa Vector{Float64} ? length(one) : -1, collect(Any, series))
    count = row === nothing ? length(lengths) % takes == 0 : row isa Tuple && length(lengths) == length(row) == takes
    count && length(unique(lengths)) <= 1 && !(-1 in lengths) && return nothing
    fail(INVALID_FORMAT, "these are not the arguments of ", call, ", which takes ", takes, " series of one length (or those of several columns);",
        " the record has series of ", lengths, " rows")
end

# More series than the kernel takes are columns of tables; no series is a new stream.
function kernel_again(library, calls::Vector{KernelCall}, series::Tuple)
    isempty(series) && return (new_twin(library, calls[1]); "accepted")
    found = Vector{Float64}[]
    for ins in map(collect, Iterators.partition(series, inputs_of(calls[1]))), call in calls
        outs = [similar(ins[1]) for _ in 1:outputs_of(call)]
        run_lines!(library, outs, ins, call)
        append!(found, outs)
    end
    return found
end

new_twin(library, call::KernelCall) = library === nothing ? julia_twin(call) : native_twin(library, call)

# The rows before, by column, and then the row.
function pushed_again(library, calls::Vector{KernelCall}, given...)
    twin = new_twin(library, calls[1])
    foreach(earlier -> take_row!(twin, earlier), zip(given[1:end-1]...))
    return take_row!(twin, last(given))
end

function series_again(library, options::SavedOptions, saved::SavedColumns)
    unchecked = check_number("none")
    library === nothing && return assemble(saved.columns, saved.has_volume, options.identity, :julia, NO_HANDLE)
    return assemble(saved.columns, saved.has_volume, options.identity, :native,
        borrow_columns(library, saved.columns, saved.has_volume, options.identity, unchecked, options.allow_missing))
end
series_again(library, series::SavedSeries) = series_again(library, series.options, series.saved)
slicer_again(library, series::SavedSeries) = SymbolDataSlicer(series_again(library, series), library)

columns_again(series::CandleSeries) = map(name -> getfield(series, name), series.has_volume ? COLUMN_NAMES : COLUMN_NAMES[1:5])
quality_again(library, series::SavedSeries) = (one = series_again(library, series); library === nothing ? julia_quality(one) : native_quality(one, library))

# By name: (library or nothing, the arguments as they were saved) to the answer.
const ASKED_AGAIN = (
    accept=(library, saved::SavedColumns, options::SavedOptions) -> (series_again(library, options, saved); "accepted"),
    read_csv=(library, path::String, unit::String, options::SavedOptions) -> columns_again(csv_again(library, path, unit, options)),
    quality=(library, series::SavedSeries) -> map(name -> getfield(quality_again(library, series), name), fieldnames(Quality)[1:9]),
    gaps=(library, series::SavedSeries, most::Int) -> Iterators.take(quality_again(library, series).steps, most),
    pair_quality=(library, bid::SavedSeries, ask::SavedSeries) -> begin
        both = series_again(library, bid), series_again(library, ask)
        found = library === nothing ? julia_pair_quality(both...) : native_pair_quality(both..., library)
        map(name -> getfield(found, name), fieldnames(PairQuality))
    end,
    get_lookbacks=(library, series::SavedSeries, times::Vector{Int64}, n::Int, admits::Admits) ->
        vec(permutedims(lookback_ranges(slicer_again(library, series), times, n, flags(admits)...) .- [1 0])),
    get_candles_at=(library, series::SavedSeries, times::Vector{Int64}) -> rows_at(slicer_again(library, series), times) .- 1,
    get_candles_asof=(library, series::SavedSeries, times::Vector{Int64}, closed::Bool) ->
        rows_asof(slicer_again(library, series), times, closed) .- 1,
    gather_lookback=(library, series::SavedSeries, times::Vector{Int64}, n::Int, field::String, admits::Admits) ->
        vec(parent(gathered(slicer_again(library, series), times, n, field_number(field), flags(admits)...))),
    get_slice=(library, series::SavedSeries, start::Int, stop::Int, current::Bool) -> begin
        found = one_slice(slicer_again(library, series), start, stop, current)
        (getfield(found, :offset), length(found))
    end,
    resample=(library, series::SavedSeries, duration::Int, origin::Int, partial::Bool) ->
        columns_again(resampled(library, series_again(library, series), Timeframe(duration), origin, partial, :native)),
    align=(library, primary::SavedSeries, higher::SavedSeries, at_close::Bool, stamped::Bool, limit) ->
        aligned(library, series_again(library, primary), series_again(library, higher), Int(at_close), Int(stamped), something(limit, -1)) .- 1,
    moments=(library, series::Tuple, union::Bool, asof::Bool, limit) -> begin
        given = CandleSeries[series_again(library, one) for one in series]
        stamps, rows = moments_of(library, given, union, asof, Int64(something(limit, -1)))
        (stamps, map(row -> row .- 1, rows))
    end,
)

flags(admits::Admits) = (admits.include_current, admits.closed_only, admits.partial)

function csv_again(library, path::String, unit::String, options::SavedOptions)
    unchecked = check_number("none")
    library === nothing || return native_read_csv(library, :native, path, unit_number(unit), options.identity, unchecked, options.allow_missing)
    columns, has_volume = parse_file(path, unit_number(unit))
    return assemble(columns, has_volume, options.identity, :julia, NO_HANDLE)
end
