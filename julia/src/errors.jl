# The one exception type of this package, its codes, and the words its messages share.
# Rows and elements in messages are one-based here; the native library counts from zero, so no text of
# its that names a row is passed on unchanged (see series_native.jl and batch.jl).

"""
    OmegaError

What every function of this package throws: `code` (an `Int`, the same number in every language),
`name` (the code's name) and `message` (what, where and which value; rows are one-based).

| codes | whose |
|---|---|
| 1001 to 1011 | arguments and data of the caller |
| 2008 | fewer rows exist than were asked for |
| 3000 to 3004 | files |
| 4000, 5000 to 5005 | a fault of the native library or of its boundary |
| 6001 to 6005 | limits, and parts that are not built in |

```jldoctest
julia> using OmegaJulia

julia> try Timeframe("M7x") catch e; (e.code, e.name) end
(1009, "INVALID_FORMAT")
```
"""
struct OmegaError <: Exception
    code::Int
    name::String
    message::String
end

OmegaError(code::Integer, message::AbstractString) = OmegaError(Int(code), code_name(code), String(message))

Base.showerror(io::IO, error::OmegaError) = print(io, "OmegaError ", error.code, " ", error.name, ": ", error.message)

const INVALID_ARGUMENT = 1001
const NULL_POINTER = 1002
const OUT_OF_BOUNDS = 1003
const TYPE_MISMATCH = 1004
const SCHEMA_VIOLATION = 1005
const CONSTRAINT_VIOLATION = 1006
const INVALID_STATE = 1007
const INVALID_FORMAT = 1009
const EMPTY_INPUT = 1010
const SIZE_MISMATCH = 1011
const INSUFFICIENT_DATA = 2008
const IO_ERROR = 3000
const FILE_NOT_FOUND = 3001
const PERMISSION_DENIED = 3002
const DESERIALIZATION_FAILED = 3004
const FFI_ERROR = 5000
const FFI_SCHEMA_MISMATCH = 5004
const OUT_OF_MEMORY = 6001
const RESOURCE_LIMIT = 6004
const NOT_BUILT_IN = 6005

"""
    OmegaJulia.ERROR_CODES

Every code with its name, ascending, as `code => name` pairs; 0 (`"OK"`) is not among them, since
success throws nothing.
"""
const ERROR_CODES = (
    1001 => "INVALID_ARGUMENT", 1002 => "NULL_POINTER", 1003 => "OUT_OF_BOUNDS", 1004 => "TYPE_MISMATCH",
    1005 => "SCHEMA_VIOLATION", 1006 => "CONSTRAINT_VIOLATION", 1007 => "INVALID_STATE",
    1009 => "INVALID_FORMAT", 1010 => "EMPTY_INPUT", 1011 => "SIZE_MISMATCH", 2008 => "INSUFFICIENT_DATA",
    3000 => "IO_ERROR", 3001 => "FILE_NOT_FOUND", 3002 => "PERMISSION_DENIED",
    3003 => "SERIALIZATION_FAILED", 3004 => "DESERIALIZATION_FAILED", 4000 => "INTERNAL_ERROR",
    5000 => "FFI_ERROR", 5004 => "FFI_SCHEMA_MISMATCH", 5005 => "FFI_PANIC_CAUGHT",
    6001 => "OUT_OF_MEMORY", 6004 => "RESOURCE_LIMIT_EXCEEDED", 6005 => "NOT_BUILT_IN",
)

function code_name(code::Integer)
    for (number, name) in ERROR_CODES
        number == code && return name
    end
    return "UNKNOWN"
end

# Never inlined: the text of an error must not weigh on the path that has none.
@noinline fail(code::Integer, parts...) = throw(OmegaError(code, string(parts...)))

# A call that hardly ever happens, which a caller's compilation need not follow: Julia compiles whatever it can see.
@noinline rarely(f, given...) = Base.invokelatest(f, given...)

# What `make` returns; memory running out in it is error 6001, worded by `parts`.
function within_memory(make::F, parts...) where {F}
    try
        return make()
    catch error
        error isa OutOfMemoryError || rethrow()
        fail(OUT_OF_MEMORY, parts...)
    end
end

# A failure of the system with a file, as the error that fits.
@noinline function fail_system(path::String, error::Union{SystemError,Base.IOError})
    errno = error isa SystemError ? Int(error.errnum) : -Int(error.code)
    code = errno == Libc.ENOENT ? FILE_NOT_FOUND :
           errno in (Libc.EACCES, Libc.EPERM) ? PERMISSION_DENIED : IO_ERROR
    fail(code, path, ": ", Libc.strerror(errno), " (os error ", errno, ")")
end

# Text from outside, quoted so that blanks and control characters in it can be seen.
quoted(text) = string('"', escape_string(string(text)), '"')

# A float as the native library writes it.
function number_text(value::Float64)
    isnan(value) && return "NaN"
    isinf(value) && return value > 0 ? "inf" : "-inf"
    return string(value)
end
