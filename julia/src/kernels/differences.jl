# Kernels of single rows and an earlier one: no state, so no NaN policy.

@inline difference_of(now::Float64, before::Float64) = now - before
@inline return_of(now::Float64, before::Float64) = (now / before) - 1.0
@inline log_return_of(now::Float64, before::Float64) = natural_log(now / before)
@inline earlier_of(::Float64, before::Float64) = before

function julia_lagged!(kernel::F, out::Vector{Float64}, x::Vector{Float64}, period::Int) where {F}
    rows = length(x)
    @inbounds for i in 1:min(period, rows)
        out[i] = NaN
    end
    period < rows || return out
    @inbounds for i in period+1:rows
        out[i] = kernel(x[i], x[i-period])
    end
    return out
end
