# The structs of the C header as Julia sees them, and the comparison with how the library was built.
# Order and types follow include/omega_slicer.h; a library whose numbers differ is never called.

struct RowRange
    start::Int64
    len::Int64
end

struct NativeColumns
    timestamp::Ptr{Int64}
    open::Ptr{Float64}
    high::Ptr{Float64}
    low::Ptr{Float64}
    close::Ptr{Float64}
    volume::Ptr{Float64}
    len::Csize_t
end

struct NativeOptions
    symbol::Ptr{UInt8}
    timeframe_us::Int64
    price_type::Int32
    check::Int32
    flags::UInt32
    reserved::UInt32
end

struct NativeInfo
    symbol::Ptr{UInt8}
    timeframe_us::Int64
    price_type::Int32
    reserved::UInt32
    len::Csize_t
end

struct NativeQuality
    rows::Int64
    gaps::Int64
    overlaps::Int64
    high_below_low::Int64
    outside_high_low::Int64
    nonpositive_prices::Int64
    negative_volumes::Int64
    missing_prices::Int64
    missing_volumes::Int64
end

struct NativeGap
    step_us::Int64
    count::Int64
end

struct NativePairQuality
    matched::Int64
    crossed::Int64
    locked::Int64
    bid_only::Int64
    ask_only::Int64
end

struct NativeKernelOptions
    window::Csize_t
    min_periods::Csize_t
    ddof::Csize_t
    nan::Int32
    reserved::UInt32
    slow::Csize_t
    signal::Csize_t
    width::Float64
end

const ABI_VERSION = 0x00010004
const EXCLUDE_CURRENT = UInt32(1)
const CLOSED_ONLY = UInt32(2)
const PARTIAL = UInt32(4)
const ALLOW_MISSING = UInt32(1)

# The structs in the order of OmegaAbiLayout, under its names. Reserved fields are not reported.
const LAYOUT_STRUCTS = (
    "columns" => NativeColumns, "range" => RowRange, "candle" => Candle, "options" => NativeOptions,
    "info" => NativeInfo, "quality" => NativeQuality, "gap" => NativeGap, "pair_quality" => NativePairQuality,
    "kernel_options" => NativeKernelOptions,
    "arrow_schema" => ArrowSchema, "arrow_array" => ArrowArray, "arrow_stream" => ArrowArrayStream,
)

# (name, number) for everything OmegaAbiLayout holds, as this package was written.
function expected_layout()
    numbers = Tuple{String,UInt32}[]
    for (name, type) in LAYOUT_STRUCTS
        push!(numbers, (string(name, "_size"), sizeof(type)))
        for i in 1:fieldcount(type)
            fieldname(type, i) === :reserved && continue
            push!(numbers, (string(name, "_", fieldname(type, i)), fieldoffset(type, i)))
        end
    end
    return pushfirst!(numbers, ("layout_size", UInt32(4 * (length(numbers) + 1))))
end

const LAYOUT_NUMBERS = map(last, expected_layout())

# nothing, or why the library behind these two functions must not be called.
function layout_mismatch(abi_version::Ptr{Cvoid}, abi_layout::Ptr{Cvoid})
    version = ccall(abi_version, UInt32, ())
    version >> 16 == ABI_VERSION >> 16 && version >= ABI_VERSION ||
        return string("ABI version ", version_text(version), " does not fit ", version_text(ABI_VERSION))
    layout = ccall(abi_layout, Ptr{UInt32}, ())
    layout == C_NULL && return "reports no layout"
    without_arrow = !has_arrow(abi_layout)
    for (i, (name, expected)) in enumerate(expected_layout())
        found = unsafe_load(layout, i)
        without_arrow && startswith(name, "arrow_") && (expected = 0)
        found == expected || return string("layout: ", name, " is ", found, ", expected ", expected)
    end
    return nothing
end

# Whether the library behind this function was built with the feature arrow: without it, it reports zeros.
function has_arrow(abi_layout::Ptr{Cvoid})
    layout = ccall(abi_layout, Ptr{UInt32}, ())
    at = findfirst(entry -> first(entry) == "arrow_schema_size", expected_layout())
    return unsafe_load(layout, 1) >= 4at && unsafe_load(layout, at) != 0
end

version_text(version::Integer) = string(version >> 16, ".", version & 0xffff)
