# Whether a record is what incident.schema.json says: the keywords that file uses, and no others.

const SCHEMA_KEYWORDS = ("type", "const", "enum", "pattern", "minLength", "minimum", "description")

# The schema's properties with their rules, read while compiling: nested, so not flat JSON.
const INCIDENT_RULES = let path = joinpath(@__DIR__, "incident.schema.json")
    include_dependency(path)
    tokens, at = json_tokens(read(path, String)), Ref(0)
    function value()
        token = tokens[at[] += 1]
        token == "{" || token == "[" || return json_value(token)
        stop = token == "{" ? "}" : "]"
        found = Any[]
        while tokens[at[]+1] != stop
            tokens[at[]+1] == "," && (at[] += 1)
            if stop == "}"
                key = json_string(tokens[at[]+1])
                at[] += 2
                push!(found, key => value())
            else
                push!(found, value())
            end
        end
        at[] += 1
        return stop == "}" ? Dict{String,Any}(found) : found
    end
    schema = value()
    (required=Vector{String}(schema["required"]), properties=schema["properties"])
end

# What is wrong with an incident's record; nothing if it is valid.
function record_problems(record::Flat)
    names = first.(record)
    found = [string(name, " is missing") for name in INCIDENT_RULES.required if !(name in names)]
    for (name, value) in record
        haskey(INCIDENT_RULES.properties, name) || (push!(found, string(name, " is not known")); continue)
        append!(found, [string(name, ": ", what) for what in against(INCIDENT_RULES.properties[name], value)])
    end
    return found
end

is_json_type(value, type::String) = type == "string" ? value isa String : type == "null" ? value === nothing :
    type == "integer" ? value isa Int : type == "number" ? value isa Union{Int,Float64} && !(value isa Bool) : false

function against(rule::Dict{String,Any}, value)
    all(key -> key in SCHEMA_KEYWORDS, keys(rule)) || error("the schema uses a keyword that is not checked here: ", join(keys(rule), ", "))
    found = String[]
    haskey(rule, "const") && value !== rule["const"] && value != rule["const"] && push!(found, string(repr(value), " is not ", repr(rule["const"])))
    haskey(rule, "enum") && !(value in rule["enum"]) && push!(found, string(repr(value), " is none of ", join(rule["enum"], ", ")))
    types = get(rule, "type", String[])
    types = types isa String ? [types] : types
    isempty(types) || any(type -> is_json_type(value, type), types) ||
        return push!(found, string(repr(value), " is not of type ", join(types, " or ")))
    haskey(rule, "pattern") && value isa String && !occursin(Regex(rule["pattern"]), value) &&
        push!(found, string(repr(value), " does not match ", rule["pattern"]))
    haskey(rule, "minLength") && value isa String && length(value) < rule["minLength"] && push!(found, "is empty")
    haskey(rule, "minimum") && value isa Real && value < rule["minimum"] && push!(found, string(value, " is less than ", rule["minimum"]))
    return found
end
