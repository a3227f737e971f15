# What a first program always needs and no loop ever calls, inferred while the package is compiled instead of
# at its first use. The questions are left out on purpose: on Julia 1.5 a method that was inferred here is
# later called where it would have been inlined, and then allocates.

const Identity = NamedTuple{(:symbol, :timeframe, :price_type),Tuple{String,Timeframe,String}}
precompile(library_for, (Choice, String))
precompile(resolve_choice, (String, String))
precompile(resolve_choice, (Nothing, String))
precompile(native_read_csv, (NativeLibrary, Symbol, String, Int, Identity, Int, Bool))
precompile(parse_csv, (Vector{UInt8}, Int))
