# What a first program always needs and no loop ever calls, inferred while the package is compiled instead of
# at its first use. The questions are left out on purpose: on Julia 1.5 a method that was inferred here is
# later called where it would have been inlined, and then allocates.

const Identity = NamedTuple{(:symbol, :timeframe, :price_type),Tuple{String,Timeframe,String}}
precompile(find_library, (String,))
precompile(library_for, (Choice, String))
precompile(resolve_choice, (String, String))
precompile(resolve_choice, (Nothing, String))
precompile(parse_config, (String, String))
precompile(native_read_csv, (NativeLibrary, Symbol, String, Int, Identity, Int, Bool))
precompile(parse_csv, (Vector{UInt8}, Int))

# What every load of the library goes through, and what follows a failure: nothing here is asked by a loop.
precompile(located, ())
precompile(located_now, (Bool,))
precompile(found_now, (String, Bool))
precompile(shadow_from_environment, ())
precompile(library_places, (String,))
precompile(is_checkout, (String,))
precompile(looked_at, (String,))
precompile(checked_file, (String,))
precompile(identity_text, (String,))
precompile(remembered_hash, (String,))
precompile(parse_flat, (String,))
precompile(every_incident, ())
precompile(read_incident, (String, String, String))
precompile(honour, (Candidate,))
precompile(passed_before, (String, String))
precompile(admitted, (Candidate, String))
precompile(open_library, (String,))
precompile(quick_findings, (NativeLibrary,))
precompile(quick_answers, (NativeLibrary,))
precompile(switch_off!, (Breaker,))
precompile(recorded, (Incident, String))
