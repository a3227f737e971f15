# What the tests share: backends under test, errors as values, series to ask, child processes.
# No test is here.

using OmegaJulia, Dates, Libdl, Random, Test

const PACKAGE = dirname(@__DIR__)
const ROOT = dirname(PACKAGE)
const MINUTE_US = 60_000_000

# Why the native backend cannot be tested here; nothing if it can.
function native_missing()
    try
        CandleSeries(Int64[], Float64[], Float64[], Float64[], Float64[]; symbol="", timeframe="M1", backend="native")
        return nothing
    catch error
        return sprint(showerror, error)
    end
end

const NATIVE_MISSING = native_missing()
const BACKENDS = NATIVE_MISSING === nothing ? ["julia", "native"] : ["julia"]

# The error that `f` throws, or what it answered instead.
function thrown(f)
    try
        return f()
    catch error
        error isa OmegaError || rethrow()
        return error
    end
end

# nothing if `outcome` is an OmegaError of this code whose message holds every fragment, else what it is.
function error_mismatch(outcome, code::Int, fragments)
    outcome isa OmegaError || return string("expected error ", code, ", got ", repr(outcome))
    outcome.code == code || return string("expected error ", code, ", got ", sprint(showerror, outcome))
    outcome.name == OmegaJulia.code_name(code) || return string("wrong name ", outcome.name)
    for fragment in fragments
        occursin(fragment, outcome.message) || return string(repr(fragment), " is not in ", repr(outcome.message))
    end
    return nothing
end

# @test that an expression throws code, with fragments in its message.
macro test_error(code, fragments, expression)
    return esc(quote
        @test error_mismatch(thrown(() -> $expression), $code, $fragments) === nothing
    end)
end

same_bits(a::Float64, b::Float64) = reinterpret(UInt64, a) == reinterpret(UInt64, b) || (isnan(a) && isnan(b))
same_bits(a::Integer, b::Integer) = a == b
same_bits(a, b) = size(a) == size(b) && all(pair -> same_bits(pair...), zip(a, b))
same_candle(a, b) = a === nothing || b === nothing ? a === b : all(name -> same_bits(getfield(a, name), getfield(b, name)), fieldnames(Candle))
same_columns(a, b) = all(name -> same_bits(getproperty(a, name), getproperty(b, name)), (:timestamp, :open, :high, :low, :close, :volume))

# Rows of a small series: `minutes` since 1970 as stamps, prices that tell rows apart.
function minute_series(minutes; volume=true, timeframe="M1", keywords...)
    rows = collect(Float64, eachindex(minutes))
    return CandleSeries(collect(Int64, minutes) .* MINUTE_US, rows, rows .+ 0.5, rows .- 0.5, rows .+ 0.25,
        volume ? 10 .* rows : nothing; symbol="TEST", timeframe=timeframe, keywords...)
end

# Ascending stamps with gaps, overlaps and irregular seconds, somewhere in Int64.
function random_stamps(random, rows)
    origin = rand(random, (0, 1_328_054_400_000_000, -5_000_000_000, typemin(Int64), typemax(Int64) - rows * 4_000_000_000))
    steps = [rand(random) < 0.8 ? MINUTE_US : rand(random) < 0.5 ? rand(random, 1:MINUTE_US) : rand(random, MINUTE_US:4_000_000_000) for _ in 1:rows]
    return Int64[origin + step for step in cumsum(steps)]
end

# Times worth asking about: on, just before and just after stamps and close times, far away, at the ends.
function random_times(random, stamps, count)
    ends = (typemin(Int64), typemin(Int64) + 1, -1, 0, 1, typemax(Int64) - 1, typemax(Int64))
    isempty(stamps) && return Int64[rand(random, ends) for _ in 1:count]
    near(_) = widen(rand(random, stamps)) + rand(random, (-1, 0, 1, MINUTE_US, MINUTE_US - 1, MINUTE_US + 1, -3MINUTE_US, 30_000_000))
    pick(i) = rand(random) < 0.15 ? rand(random, ends) : Int64(clamp(near(i), typemin(Int64), typemax(Int64)))
    return Int64[pick(i) for i in 1:count]
end

# A child Julia with the package: (exit code, stdout, stderr). `environment` is added to one without our variables.
function child(code::String; environment=Pair{String,String}[], folder=mktempdir(), flags=``)
    clean = filter(pair -> !startswith(first(pair), "OMEGA_") && !startswith(first(pair), "USE_RUST_"), Dict(ENV))
    haskey(ENV, "OMEGA_VAR_DIR") && (clean["OMEGA_VAR_DIR"] = ENV["OMEGA_VAR_DIR"])
    merge!(clean, Dict(environment))
    out, err = IOBuffer(), IOBuffer()
    command = `$(Base.julia_cmd()) $flags --startup-file=no --project=$PACKAGE -e $code`
    process = run(pipeline(setenv(command, clean; dir=folder), stdin=devnull, stdout=out, stderr=err); wait=false)
    wait(process)
    return process.exitcode, String(take!(out)), String(take!(err))
end

# A child in which the file of extension Omega$(name)Ext runs over a stand-in for the package `name`: Julia 1.5 loads
# no extensions, and this machine may have no such package.
with_stand_in(name, source, code) = mktempdir() do folder
    write(joinpath(folder, "$name.jl"), source)
    file = joinpath(PACKAGE, "ext", "Omega$(name)Ext.jl")
    child("push!(LOAD_PATH, $(repr(folder))); using OmegaJulia, $name; Base.include(Main, $(repr(file)));\n$code";
        environment=["OMEGA_USE_RUST_SLICER" => "false"])
end
