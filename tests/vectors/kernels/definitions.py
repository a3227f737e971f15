"""What every kernel means: its definition in Python's fractions, decimals and floats.

Row by row over the whole window, from the values alone. Nothing here knows how any kernel is computed, and
nothing here is fast.
"""

import itertools
import math
import sys
from decimal import Context, Decimal
from fractions import Fraction
from math import isnan

NAN, INF = math.nan, math.inf
LARGEST = Fraction(sys.float_info.max)


def nearest(value):
    """A fraction as the nearest double, ties to even."""
    try:
        return value.numerator / value.denominator  # CPython rounds the quotient of integers correctly
    except OverflowError:
        return INF if value > 0 else -INF


# Windows: the values that count, then the statistic.


def windows(columns, window, min_periods, skip):
    """For each row the counted values of each column, or none where the answer is NaN."""
    for i in range(len(columns[0])):
        rows = list(zip(*(column[max(0, i - window + 1) : i + 1] for column in columns), strict=True))
        there = [row for row in rows if not any(isnan(v) for v in row)]
        bad = (len(there) < len(rows) and not skip) or len(there) < min_periods
        yield None if bad else list(zip(*there, strict=True))


def of_infinities(values):
    found = {v for v in values if math.isinf(v)}
    return None if not found else found.pop() if len(found) == 1 else NAN


def total(values):
    infinite = of_infinities(values)
    return infinite if infinite is not None else nearest(sum(map(Fraction, values), Fraction(0)))


def mean(values):
    infinite = of_infinities(values)
    return (
        infinite if infinite is not None else nearest(sum(map(Fraction, values), Fraction(0)) / len(values))
    )


def cov(xs, ys, ddof):
    m = len(xs)
    if m <= ddof or any(map(math.isinf, xs + ys)):
        return NAN
    x, y = [Fraction(v) for v in xs], [Fraction(v) for v in ys]
    spread = m * sum(a * b for a, b in zip(x, y, strict=True)) - sum(x) * sum(y)
    return nearest(spread / (m * (m - ddof)))


def root(value):
    return value if isnan(value) else math.sqrt(value)


def quotient(a, b):
    """IEEE division by a positive number or infinity."""
    return NAN if math.isinf(a) and math.isinf(b) else a / b


def correlation(xs, ys, ddof):
    spread, x, y = cov(xs, ys, ddof), root(cov(xs, xs, ddof)), root(cov(ys, ys, ddof))
    if isnan(spread) or isnan(x) or isnan(y) or x == 0 or y == 0:
        return NAN
    product = x * y
    if product == 0:
        return NAN if spread == 0 else math.copysign(1.0, spread)
    value = quotient(spread, product)
    return value if isnan(value) else max(-1.0, min(1.0, value))


def extremes(column, window, min_periods, skip, largest, where):
    for i in range(len(column)):
        rows = column[max(0, i - window + 1) : i + 1]
        there = [v for v in rows if not isnan(v)]
        if (len(there) < len(rows) and not skip) or len(there) < min_periods:
            yield NAN
            continue
        best = None
        for back in range(len(rows)):
            value = rows[-1 - back]
            if not isnan(value) and (
                best is None or (value > rows[-1 - best] if largest else value < rows[-1 - best])
            ):
                best = back
        assert best is not None
        yield float(best) if where else rows[-1 - best]


def windowed(kernel, columns, window, min_periods, ddof, skip):
    if kernel in ("min", "max", "argmin", "argmax"):
        return list(
            extremes(columns[0], window, min_periods, skip, kernel.endswith("max"), kernel.startswith("arg"))
        )
    answer = []
    for i, counted in enumerate(windows(columns, window, min_periods, skip)):
        if counted is None:
            answer.append(NAN)
            continue
        values = counted[0]
        if kernel == "sum":
            answer.append(total(values))
        elif kernel == "mean":
            answer.append(mean(values))
        elif kernel == "var":
            answer.append(cov(values, values, ddof))
        elif kernel == "std":
            answer.append(root(cov(values, values, ddof)))
        elif kernel == "zscore":
            std, x = root(cov(values, values, ddof)), columns[0][i]
            answer.append(NAN if isnan(std) or std == 0 or isnan(x) else quotient(x - mean(values), std))
        elif kernel == "cov":
            answer.append(cov(counted[0], counted[1], ddof))
        elif kernel == "corr":
            answer.append(correlation(counted[0], counted[1], ddof))
    return answer


# Recurrences: floats, one operation at a time. Python never fuses.


def remaining(rows, skip, kernel, nothing):
    """Under skip the kernel of the rows that remain, those left out repeating the last answer."""
    if not skip:
        return kernel(rows)
    answers = iter(kernel([row for row in rows if not any(isnan(v) for v in row)]))
    made, last = [], nothing
    for row in rows:
        last = last if any(isnan(v) for v in row) else next(answers)
        made.append(last)
    return made


def ema(values, period):
    a = 2.0 / (period + 1.0)
    b, answer = 1.0 - a, []
    for x in values:
        answer.append((b * answer[-1]) + (a * x) if answer else x)
    return answer


def wilder(values, period):
    a = 1.0 / period
    b, answer = 1.0 - a, [NAN] * min(period - 1, len(values))
    for i in range(period - 1, len(values)):
        if i == period - 1:
            seeds = values[:period]
            answer.append(NAN if any(isnan(v) for v in seeds) else mean(seeds))
        else:
            answer.append((b * answer[-1]) + (a * values[i]))
    return answer


def rsi(values, period):
    changes = [b - a for a, b in itertools.pairwise(values)]
    gains = wilder([c if isnan(c) else max(c, 0.0) for c in changes], period)
    losses = wilder([c if isnan(c) else max(-c, 0.0) for c in changes], period)
    answer = [NAN] * min(1, len(values))
    for gain, loss in zip(gains, losses, strict=True):
        if isnan(gain) or isnan(loss):
            answer.append(NAN)
        elif loss == 0:
            answer.append(50.0 if gain == 0 else 100.0)
        else:
            answer.append(100.0 * quotient(gain, gain + loss))
    return answer


def true_range(rows):
    answer = []
    for i, (high, low, _) in enumerate(rows):
        parts = [high - low]
        if i:
            parts += [abs(high - rows[i - 1][2]), abs(low - rows[i - 1][2])]
        answer.append(NAN if any(isnan(p) for p in parts) else max(parts))
    return answer


def macd(values, fast, slow, signal):
    line = [a - b for a, b in zip(ema(values, fast), ema(values, slow), strict=True)]
    averaged = ema(line, signal)
    return [line, averaged, [a - b for a, b in zip(line, averaged, strict=True)]]


def logarithm(value):
    if isnan(value) or value < 0:
        return NAN
    if value == 0:
        return -INF
    if math.isinf(value):
        return INF
    return float(Decimal(value).ln(Context(prec=80)))


def divide(a, b):
    if isnan(a) or isnan(b) or (math.isinf(a) and math.isinf(b)) or (a == 0 and b == 0):
        return NAN
    if b == 0:
        return math.copysign(INF, a) * math.copysign(1.0, b)
    try:
        return a / b
    except OverflowError:
        return math.copysign(INF, a) * math.copysign(1.0, b)


def lagged(values, period, kernel):
    return [kernel(x, values[i - period]) if i >= period else NAN for i, x in enumerate(values)]
