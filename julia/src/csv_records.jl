# Splitting CSV bytes into records and fields: commas, RFC 4180 quotes, LF or CRLF (a CR that ends the file is
# a CRLF cut off), fully empty lines skipped. Fields are ranges of the bytes; quoted text is unescaped in place. Knows nothing about candles.

# A walk over the records of a file. Fields of the current record: bytes[starts[i]:stops[i]], trimmed.
mutable struct Records
    bytes::Vector{UInt8}
    at::Int     # the next byte to read
    begun::Int  # where the current record begins
    fields::Int
    starts::Vector{Int}
    stops::Vector{Int}
end

function Records(bytes::Vector{UInt8})
    bom = length(bytes) >= 3 && bytes[1] == 0xef && bytes[2] == 0xbb && bytes[3] == 0xbf
    return Records(bytes, bom ? 4 : 1, 1, 0, Int[], Int[])
end

# The one-based physical line that the current record begins on. Only errors ask.
line_number(records::Records) = 1 + count(==(UInt8('\n')), view(records.bytes, 1:records.begun-1))

field_text(records::Records, i::Int) = String(records.bytes[records.starts[i]:records.stops[i]])

# Moves on to the next record; false at the end of the file.
function next_record!(records::Records)
    bytes, last = records.bytes, length(records.bytes)
    at = skip_empty_lines(bytes, records.at)
    records.at, records.begun, records.fields = at, at, 0
    at > last && return false
    while true
        ended, at = @inbounds(at <= last && bytes[at] == UInt8('"')) ? quoted_field!(records, at) : plain_field!(records, at)
        ended && break
    end
    records.at = at
    return true
end

function skip_empty_lines(bytes::Vector{UInt8}, at::Int)
    last = length(bytes)
    @inbounds while at <= last
        if bytes[at] == UInt8('\n')
            at += 1
        elseif bytes[at] == UInt8('\r') && (at == last || bytes[at+1] == UInt8('\n'))
            at += 2
        else
            break
        end
    end
    return at
end

# The field that begins at `start` and holds no quotes of its own: (was it the last?, where to go on).
@inline function plain_field!(records::Records, start::Int)
    bytes, last = records.bytes, length(records.bytes)
    at = start
    @inbounds while at <= last && (bytes[at] != UInt8(',')) & (bytes[at] != UInt8('\n'))
        at += 1
    end
    ended = at > last || @inbounds(bytes[at]) == UInt8('\n')
    stop = at - 1
    # The CR of a CRLF, or of one cut off by the end of the file; anywhere else it is text.
    ended && stop >= start && @inbounds(bytes[stop]) == UInt8('\r') && (stop -= 1)
    add_field!(records, start, stop)
    return ended, at + 1
end

# The same for one that begins with a quote. Its text moves to the left over the quotes taken out, and
# quotes fill the room, so that the line feeds before any later record stay as many as they were.
@noinline function quoted_field!(records::Records, start::Int)
    bytes, last = records.bytes, length(records.bytes)
    read, write = start + 1, start + 1
    while true
        read > last && fail(INVALID_FORMAT, "line ", line_number(records), ": a quote is never closed")
        byte = bytes[read]
        read += 1
        if byte == UInt8('"')
            (read <= last && bytes[read] == UInt8('"')) || break
            read += 1
        end
        bytes[write] = byte
        write += 1
    end
    # Text after the closing quote belongs to the field.
    while read <= last && bytes[read] != UInt8(',') && bytes[read] != UInt8('\n')
        cr_of_crlf = bytes[read] == UInt8('\r') && (read == last || bytes[read+1] == UInt8('\n'))
        if !cr_of_crlf
            bytes[write] = bytes[read]
            write += 1
        end
        read += 1
    end
    ended = read > last || bytes[read] == UInt8('\n')
    fill!(view(bytes, write:read-1), UInt8('"'))
    add_field!(records, start + 1, write - 1)
    return ended, read + 1
end

@inline function add_field!(records::Records, start::Int, stop::Int)
    bytes = records.bytes
    @inbounds while start <= stop && is_blank(bytes[start])
        start += 1
    end
    @inbounds while stop >= start && is_blank(bytes[stop])
        stop -= 1
    end
    records.fields += 1
    if records.fields > length(records.starts)
        push!(records.starts, start)
        push!(records.stops, stop)
    else
        @inbounds records.starts[records.fields] = start
        @inbounds records.stops[records.fields] = stop
    end
    return nothing
end

is_blank(byte::UInt8) = (byte == UInt8(' ')) | (byte == UInt8('\t'))
