# Whether a library file is the one its manifest describes, told without loading it: a library cut short can kill the
# process inside the loader. The hash is remembered by the file's identity, so an unchanged file is not read again.

const HASH_CHUNK = 1 << 20

# A file that is not what its manifest says; `build_id` is that of the manifest.
struct Damaged <: Exception
    message::String
    build_id::String
    sha256::String
end

# What is known of a library before it is loaded. Without a manifest `build_id` is empty.
struct SeenFile
    sha256::String
    build_id::String
    manifest::String # for people: what was compared, or why nothing was
end

const FITS = "size and hash are those of the manifest"
const NO_MANIFEST = "no manifest beside it: size and hash not checked"

# checked_file for a file that is not known, or not known to fit.
function compared_file(file::String, manifest::String)
    ispath(manifest) || return SeenFile(file_hash(file), "", NO_MANIFEST)
    size, sha256, build_id = try
        said = parse_flat(read(manifest, String))
        flat_get(said, "size")::Int, flat_get(said, "sha256")::String, flat_get(said, "build_id")::String
    catch error
        error isa Union{ArgumentError,TypeError,SystemFailure} || rethrow()
        throw(Damaged(string("its manifest ", manifest, " cannot be read: ", failure_text(error)), "", ""))
    end
    found = filesize(file)
    found == size || throw(Damaged("it has $found bytes, its manifest says $size", build_id, ""))
    digest = file_hash(file)
    digest == sha256 || throw(Damaged("its SHA-256 is $digest, its manifest says $sha256", build_id, digest))
    return SeenFile(digest, build_id, FITS)
end

# SHA-256 of a file, links followed, from memory if it is the file it was. Remembered for both languages.
function file_hash(file::String)
    numbers = file_numbers(file)
    known = remembered_hash(file, numbers)
    isempty(known) || return known
    digest = open(hash_stream, file)
    record = string("{\"path\": ", json_text(file), ", ", number_words(numbers), ", \"sha256\": \"", digest, "\"}\n")
    try
        write_whole(hash_path(numbers), record)
    catch error
        error isa Union{SystemFailure,ErrorException} || rethrow() # it is only read again next time
    end
    return digest
end

function hash_stream(file::IO)
    context, chunk = SHA.SHA256_CTX(), Vector{UInt8}(undef, HASH_CHUNK)
    while !eof(file)
        count = readbytes!(file, chunk)
        SHA.update!(context, count == length(chunk) ? chunk : chunk[1:count])
    end
    return bytes2hex(SHA.digest!(context))
end

@noinline fail_stat(file::String, status::Int32) = throw(Base.IOError(string("stat ", file), status))

# Words of a uv_stat_t, which has 20, and room to spare.
const STAT_WORDS = 64
