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

# Beside the file itself, whatever links lead to it.
manifest_path(library::String) = string(realpath(library), ".manifest")

# Size and hash against the manifest; throws Damaged where they differ, what the system says where it cannot be read.
function checked_file(library::String)
    path = manifest_path(library)
    ispath(path) || return SeenFile(rarely(file_hash, library)::String, "", "no manifest beside it: size and hash not checked")
    # Nearly always the file is what it was, and its manifest in our own words says so.
    said, remembered = text_of(path), remembered_hash(library)
    if !isempty(remembered) && plain_text(said, "sha256") == remembered && occursin(string("\"size\": ", filesize(library), ","), said)
        return SeenFile(remembered, plain_text(said, "build_id"), FITS)
    end
    return rarely(compared_file, library, path)::SeenFile
end

const FITS = "size and hash are those of the manifest"

function compared_file(library::String, path::String)
    size, sha256, build_id = try
        said = parse_flat(read(path, String))
        flat_get(said, "size")::Int, flat_get(said, "sha256")::String, flat_get(said, "build_id")::String
    catch error
        error isa Union{ArgumentError,TypeError,SystemFailure} || rethrow()
        throw(Damaged(string("its manifest ", path, " cannot be read: ", failure_text(error)), "", ""))
    end
    found = filesize(library)
    found == size || throw(Damaged("it has $found bytes, its manifest says $size", build_id, ""))
    digest = file_hash(library)
    digest == sha256 || throw(Damaged("its SHA-256 is $digest, its manifest says $sha256", build_id, digest))
    return SeenFile(digest, build_id, FITS)
end

# SHA-256 of the file, from memory if it is the file it was.
function file_hash(library::String)
    known = remembered_hash(library)
    isempty(known) || return known
    identity = identity_text(library)
    digest = open(hash_stream, library)
    try
        write_whole(hash_path(library), string("{", identity, ", \"sha256\": \"", digest, "\"}\n"))
    catch error
        error isa Union{SystemFailure,ErrorException} || rethrow() # it is only read again next time
    end
    return digest
end

# The name that Python gives it, too.
hash_path(library::String) = joinpath(results_folder(), string("hash-", bytes2hex(SHA.sha256(realpath(library)))[1:16], ".json"))

# The hash that was remembered of exactly this file, else the empty text.
function remembered_hash(library::String)
    text = text_of(hash_path(library))
    isempty(text) || startswith(text, string("{", identity_text(library), ", ")) || return ""
    return plain_text(text, "sha256")
end

function hash_stream(file::IO)
    context, chunk = SHA.SHA256_CTX(), Vector{UInt8}(undef, HASH_CHUNK)
    while !eof(file)
        count = readbytes!(file, chunk)
        SHA.update!(context, count == length(chunk) ? chunk : chunk[1:count])
    end
    return bytes2hex(SHA.digest!(context))
end

# Path, size, times in nanoseconds and inode as Python writes them, without the braces: Julia's own stat has no nanoseconds.
function identity_text(library::String)
    path = realpath(library)
    # The buffer of a uv_stat_t: 64-bit numbers, and times that are pairs of them:
    # dev mode nlink uid gid rdev ino size blksize blocks flags gen atime mtime ctime birthtime
    buffer = zeros(UInt64, max(Int(ccall(:jl_sizeof_stat, Int32, ())), 160) ÷ 8)
    status = ccall(:jl_stat, Int32, (Cstring, Ptr{UInt64}), path, buffer)
    status == 0 || throw(Base.IOError(string("stat ", path), status))
    nanoseconds(at) = repr(Int(buffer[at]) * 1_000_000_000 + Int(buffer[at+1]))
    return join(["\"path\": " * json_text(path), "\"size\": " * repr(Int(buffer[8])), "\"modified_ns\": " * nanoseconds(15),
        "\"changed_ns\": " * nanoseconds(17), "\"inode\": " * repr(Int(buffer[7]))], ", ")
end
