# What every process goes through once: finding the library, checking it, opening it. It runs for a moment and has to be compiled
# first, on Julia 1.5 in every process. So it is compiled quickly rather than well, it is few functions that call what Base has
# compiled already, and whatever is not as usual is left to the rest of the package, where nobody compiles it before it happens.
# A function takes a millisecond to compile however small it is: what is called in one place is inlined there.
module Loading

Base.Experimental.@optlevel 0

import Libdl
import ..OmegaJulia: ABI_VERSION, adopt_known, ALL_MODULES_PASSED, ALLOW_MISSING, breaker_of, Candidate, compared_file, fail_stat, FITS,
    FUNCTION_FIELDS, hash_key, json_text, LAYOUT_NUMBERS, LIBRARY, LIBRARY_FILE, LIBRARY_LOCK, LookupFailure, MOMENTS, MOST_WORDS,
    NativeColumns, NativeKernelOptions, NativeLibrary, NativeOptions, NO_MANIFEST, PASSED_BY_THIS_PACKAGE, QUICK_ALIGN, QUICK_ASOF,
    QUICK_KERNELS, QUICK_LOOKBACKS, QUICK_RESAMPLE, QUICK_SERIES, QUICK_TIMELINE, rarely, refuse_answers, refuse_file, refuse_functions,
    refuse_layout, refuse_library, RESAMPLED, SeenFile, self_tested, SHADOW, STAT_WORDS, STATE_NAME, Subject, SUBJECT, SYSTEM_SONAME,
    SystemFailure, take_shadow

include("loading/files.jl")
include("loading/places.jl")
include("loading/answers.jl")
include("loading/opening.jl")

# Inferred while the package is compiled, each with what it calls.
precompile(located, (Bool,))
precompile(shadow_from_environment, ())
precompile(look_further, (String,))
precompile(find_library, (String, Bool, Bool))

end
