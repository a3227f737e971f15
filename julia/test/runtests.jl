# All tests of OmegaJulia: `julia --project=julia julia/test/runtests.jl` from the project's root.
# Standard library alone. The native half fails loudly where the library is missing, unless
# OMEGA_ALLOW_NO_NATIVE=1 asks for it to be skipped; OMEGA_ALLOW_NO_FAULTS=1 does so for the fault build.

# Before anything looks for the library, here and in children: incidents and passes of tests are nobody else's.
ENV["OMEGA_VAR_DIR"] = mktempdir()

include("support.jl")

const PARTS = [
    "vectors.jl", "surface.jl", "differential.jl", "lookahead.jl", "bad_input.jl", "csv_reading.jl",
    "memory.jl", "timeframe_vectors.jl", "walk.jl", "copies.jl", "kernel_vectors.jl", "kernels.jl", "logarithm.jl",
    "arrow_tables.jl", "arrow_c.jl", "arrow_ipc.jl", "choice.jl", "fault.jl",
    "guard.jl", "guard_shadow.jl", "guard_faults.jl", "guard_speed.jl", "guard_reproduce.jl", "threads.jl", "docs.jl",
]

if NATIVE_MISSING !== nothing
    println(stderr, "\nThe native backend is not available:\n", NATIVE_MISSING, "\n")
    if get(ENV, "OMEGA_ALLOW_NO_NATIVE", "") == "1"
        println(stderr, "SKIPPED: every test of the native backend (OMEGA_ALLOW_NO_NATIVE=1)\n")
    end
end

function run_all()
    @testset "OmegaJulia" begin
        if get(ENV, "OMEGA_ALLOW_NO_NATIVE", "") != "1"
            @testset "the native library is there to be tested" begin
                @test NATIVE_MISSING === nothing
            end
        end
        for part in PARTS
            @testset "$part" begin
                include(part)
            end
        end
    end
end

# Counts of a finished set, by hand: Test's own helper differs from release to release.
passes(set::Test.DefaultTestSet) = set.n_passed + sum(Int[passes(result) for result in set.results])
passes(other) = 0

try
    set = run_all()
    println("julia: ", passes(set), " passed, 0 failed")
catch error
    error isa Test.TestSetException || rethrow()
    println("julia: ", error.pass, " passed, ", error.fail + error.error, " failed")
    exit(1)
end
