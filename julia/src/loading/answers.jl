# Asking the first known answers, which guard/quick.jl has ready: bare calls and loops in one function, since each one more would
# take a millisecond to compile. What is wrong is put into words by guard/known.jl.

function knows_first_answers(library::NativeLibrary)
    # `columns` are the words of a NativeColumns. No Ptr may be known while the package is compiled: it would be kept as C_NULL.
    out, columns, options = Vector{Int64}(undef, MOST_WORDS), Vector{UInt}(undef, 7), Vector{NativeOptions}(undef, 1)
    # C_NULL, which the library refuses, where it made nothing.
    handles, pair, count = Vector{Ptr{Cvoid}}(undef, MOMENTS), Vector{Ptr{Cvoid}}(undef, 2), Vector{Csize_t}(undef, 1)
    right, i, words = true, 1, pointer(out)
    GC.@preserve out columns handles @inbounds begin
        for one in QUICK_KERNELS
            right &= ccall(library.kernel_columns, Int32, (Int32, Ptr{NativeKernelOptions}, Ptr{Int64}, Csize_t, Csize_t, Ptr{Int64}),
                one.kernel, one.options, one.x, one.rows, 1, words) == 0 && are_known(words, one.expected, true)
        end
        while i <= MOMENTS
            handles[i] = C_NULL
            i < RESAMPLED && lend!(handles, i, library, columns, options)
            i += 1
        end
        a, b, c, d, e = QUICK_LOOKBACKS, QUICK_ASOF, QUICK_ALIGN, QUICK_RESAMPLE, QUICK_TIMELINE
        right &= ccall(library.slicer_get_lookbacks, Int32, (Ptr{Cvoid}, Ptr{Int64}, Csize_t, Csize_t, UInt32, Ptr{Int64}),
            handles[a.series], a.times, a.count, a.n, a.flags, words) == 0 && are_known(words, a.expected, false)
        right &= ccall(library.slicer_get_candles_asof, Int32, (Ptr{Cvoid}, Ptr{Int64}, Csize_t, UInt32, Ptr{Int64}),
            handles[b.series], b.times, b.count, b.flags, words) == 0 && are_known(words, b.expected, false)
        right &= ccall(library.align, Int32, (Ptr{Cvoid}, Ptr{Cvoid}, Int32, Int32, Int64, Ptr{Int64}, Csize_t),
            handles[c.series], handles[c.higher], c.at_close, c.stamped, c.limit, words, c.count) == 0 && are_known(words, c.expected, false)
        right &= ccall(library.series_resample, Int32, (Ptr{Cvoid}, Int64, Int64, UInt32, Ptr{Ptr{Cvoid}}),
            handles[d.series], d.duration, d.origin, d.flags, pointer(handles, RESAMPLED)) == 0 &&
            ccall(library.series_columns, Int32, (Ptr{Cvoid}, Ptr{UInt}), handles[RESAMPLED], columns) == 0 &&
            columns[7] == d.count
        i = 1
        while right & (i <= 6)
            right = are_known(Ptr{Int64}(columns[i]), d.expected[i], i > 1)
            i += 1
        end
        pair[1], pair[2] = handles[e.bid], handles[e.ask]
        right &= ccall(library.multi_symbol_new, Int32, (Ptr{Ptr{Cvoid}}, Csize_t, Int32, UInt32, Int64, Ptr{Ptr{Cvoid}}),
            pair, 2, e.union, e.flags, e.limit, pointer(handles, MOMENTS)) == 0 &&
            ccall(library.multi_symbol_timeline, Int32, (Ptr{Cvoid}, Ptr{UInt}, Ptr{Csize_t}), handles[MOMENTS], columns, count) == 0 &&
            count[1] == e.count && are_known(Ptr{Int64}(columns[1]), e.expected, false)
        ccall(library.multi_symbol_free, Int32, (Ptr{Cvoid},), handles[MOMENTS])
        i = 1
        while i <= RESAMPLED
            ccall(library.series_free, Int32, (Ptr{Cvoid},), handles[i])
            i += 1
        end
    end
    return right
end

# Makes a series of the table, over its columns.
@inline function lend!(handles::Vector{Ptr{Cvoid}}, i::Int, library::NativeLibrary, columns::Vector{UInt}, options::Vector{NativeOptions})
    series, k = QUICK_SERIES[i], 1
    while k <= 6
        columns[k] = UInt(pointer(series.columns[k]))
        k += 1
    end
    columns[7] = series.rows
    options[1] = NativeOptions(pointer(series.symbol), series.duration, series.side, 0, ALLOW_MISSING, 0)
    ccall(library.series_new_borrowed, Int32, (Ptr{UInt}, Ptr{NativeOptions}, Ptr{Cvoid}, Ptr{Cvoid}, Ptr{Ptr{Cvoid}}),
        columns, options, C_NULL, C_NULL, pointer(handles, i))
end

# Whether these are the words that were expected; where they are the bits of floats, any NaN is any other.
@noinline function are_known(found::Ptr{Int64}, expected::Vector{Int64}, are_floats::Bool)
    found == C_NULL && return false
    i = 1
    while i <= length(expected)
        a, b = unsafe_load(found, i), @inbounds expected[i]
        a == b || (are_floats && isnan(reinterpret(Float64, a)) && isnan(reinterpret(Float64, b))) || return false
        i += 1
    end
    return true
end
