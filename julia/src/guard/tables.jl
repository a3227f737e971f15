# The tables that both languages carry: known answers, severities, triggers. Read while the package is compiled, so
# that a process that starts reads none of them; decides nothing.

# The rows of a tab-separated table of this package, by column.
function read_table(name::String)
    path = joinpath(@__DIR__, name)
    include_dependency(path)
    rows = [split(line, '\t') for line in split(read(path, String), '\n') if !isempty(line) && !startswith(line, '#')]
    return [Dict{String,String}(String(key) => String(cell) for (key, cell) in zip(rows[1], row)) for row in rows[2:end]]
end

# How bad an incident is, and what that asks for.
struct Severity
    name::String
    time_allowed::String
    action::String
end

# Worst first.
const SEVERITIES = [Severity(row["severity"], row["time_allowed"], row["action"]) for row in read_table("severities.tsv")]
const TRIGGERS = Dict(row["trigger"] => row["severity"] for row in read_table("triggers.tsv"))

function severity_named(name::AbstractString)
    found = findfirst(one -> one.name == name, SEVERITIES)
    found === nothing &&
        fail(INVALID_ARGUMENT, "unknown severity ", quoted(name), "; known: ", join((one.name for one in SEVERITIES), ", "))
    return SEVERITIES[found]
end

# What a trigger weighs.
severity_of(trigger::String) = severity_named(TRIGGERS[trigger])
