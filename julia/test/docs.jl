# Every public name is documented, and every example in a docstring gives what it shows: a small doctest
# runner on the standard library alone. An input's value is shown as the REPL would, and compared as text.

# (name, docstring) for every exported name and the module itself.
function docstrings()
    found = Pair{String,String}[]
    for name in [names(OmegaJulia); :ReadOnlyColumn; :Status; :ModuleStatus; :LibraryStatus; :ERROR_CODES; :KernelStream; :Schema; :SchemaField;
        :Incident; :Report; :Speed; :SpeedLine; :record_baseline; :Reproduced; :Drilled; :ShadowStatus]
        meta = get(Base.Docs.meta(OmegaJulia), Base.Docs.Binding(OmegaJulia, name), nothing)
        text = meta === nothing ? "" : join((join(doc.text) for doc in values(meta.docs)), "\n")
        push!(found, string(name) => text)
    end
    return found
end

is_incomplete(input) = Meta.isexpr(Meta.parse(string("begin\n", input, "\nend"); raise=false), (:incomplete, :error))

# The ```jldoctest blocks of a docstring, as lists of (input, expected output).
function examples(text)
    blocks = Vector{Tuple{String,String}}[]
    for block in eachmatch(r"```jldoctest\n(.*?)```"s, text)
        steps = Tuple{String,String}[]
        for step in split(block[1], "julia> "; keepempty=false)
            lines = split(rstrip(step), '\n')
            inputs = findfirst(last -> !is_incomplete(join(lines[1:last], '\n')), eachindex(lines))
            push!(steps, (join(lines[1:inputs], '\n'), strip(join(lines[inputs+1:end], '\n'))))
        end
        push!(blocks, steps)
    end
    return blocks
end

# What the REPL would show for the last value of `input`.
function shown(space, input)
    value = nothing
    quiet = endswith(rstrip(input), ';')
    value = Base.include_string(space, input)
    return value === nothing || quiet ? "" : sprint((io, x) -> show(io, MIME("text/plain"), x), value; context=:limit => true)
end

@testset "every public name is documented, with an example where it does something" begin
    for (name, text) in docstrings()
        @test !isempty(text)
        name in ("Quality", "PairQuality", "ModuleStatus", "LibraryStatus", "Status", "ERROR_CODES", "Schema", "SchemaField", "Incident",
            "Report", "Speed", "SpeedLine", "record_baseline", "Reproduced", "Drilled", "ShadowStatus") || @test occursin("```jldoctest", text)
        name in ("OmegaJulia", "OmegaError", "Status", "ERROR_CODES") || @test occursin("Source: `src/", text)
    end
end

@testset "every example gives what it shows" begin
    ran = 0
    for (name, text) in docstrings(), (number, block) in enumerate(examples(text))
        space = Module(Symbol("Example_", name, "_", number))
        for (input, expected) in block
            found = shown(space, input)
            found == expected || println(stderr, name, ": ", input, "\n  expected ", expected, "\n  found    ", found)
            @test found == expected
            ran += 1
        end
    end
    @test ran > 60
end
