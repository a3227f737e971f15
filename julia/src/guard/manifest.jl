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
    ispath(path) || return SeenFile(file_hash(library), "", "no manifest beside it: size and hash not checked")
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
    return SeenFile(digest, build_id, "size and hash are those of the manifest")
end

# SHA-256 of the file, from memory if it is the file it was.
function file_hash(library::String)
    identity = file_identity(library)
    key = bytes2hex(SHA.sha256(last(identity[1])::String))[1:16]
    remembered = joinpath(results_folder(), string("hash-", key, ".json"))
    try
        if isfile(remembered)
            known = parse_flat(read(remembered, String))
            digest = flat_get(known, "sha256")
            digest isa String && filter(pair -> first(pair) != "sha256", known) == identity && return digest
        end
    catch error
        error isa Union{ArgumentError,SystemFailure,ErrorException} || rethrow()
    end
    digest = open(hash_stream, library)
    try
        write_whole(remembered, string(flat_json(push!(identity, Pair{String,Plain}("sha256", digest))), '\n'))
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

# Path, size, times in nanoseconds and inode, as Python's os.stat says them: Julia's own has no nanoseconds.
function file_identity(library::String)
    path = realpath(library)
    # The buffer of a uv_stat_t: 64-bit numbers, three of them before the kinds of time, which are pairs.
    buffer = zeros(UInt64, max(Int(ccall(:jl_sizeof_stat, Int32, ())), 160) ÷ 8)
    status = ccall(:jl_stat, Int32, (Cstring, Ptr{UInt64}), path, buffer)
    status == 0 || throw(Base.IOError(string("stat ", path), status))
    # dev mode nlink uid gid rdev ino size blksize blocks flags gen atime mtime ctime birthtime
    nanoseconds(at) = Int(buffer[at]) * 1_000_000_000 + Int(buffer[at+1])
    return Flat([Pair{String,Plain}("path", path), Pair{String,Plain}("size", Int(buffer[8])),
        Pair{String,Plain}("modified_ns", nanoseconds(15)), Pair{String,Plain}("changed_ns", nanoseconds(17)),
        Pair{String,Plain}("inode", Int(buffer[7]))])
end
