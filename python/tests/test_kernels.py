"""The kernels obey the law: the vectors, an oracle in fractions, both backends, streams, any start."""

from __future__ import annotations

import math
from decimal import Context, Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kernels
from helpers import same_bits
from kernels import (
    EVERY,
    MAKERS,
    any_length,
    arguments_of,
    call,
    inputs_of,
    streamed,
    vector_cases,
    visited,
)
from omega_slicer import rolling


def made(name: str, n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return MAKERS[name](random, n), MAKERS["walk near 40,000"](random, n)


def assert_same(got: list[np.ndarray], expected: list[np.ndarray], about: object) -> None:
    assert len(got) == len(expected), about
    for line, (left, right) in enumerate(zip(got, expected, strict=True)):
        if not same_bits(left, right):
            differ = (left.view(np.int64) != right.view(np.int64)) & ~(np.isnan(left) & np.isnan(right))
            row = int(differ.argmax())
            raise AssertionError(
                f"{about}, line {line}, row {row}: {left[row]!r} is not {right[row]!r}, {differ.sum()} differ"
            )


@pytest.mark.parametrize("kernel", EVERY)
def test_every_vector_has_its_bits_in_batch_and_stream(kernel: str, backend: str) -> None:
    tried = 0
    for name, inputs, given_, expected, label in vector_cases():
        if name != kernel:
            continue
        tried += 1
        assert_same(call(kernel, inputs, given_, backend), expected, label)
        assert_same(streamed(kernel, inputs, given_, backend), expected, f"stream of {label}")
    assert tried


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("kernel", ["sum", "mean", "var", "cov"])
def test_every_statistic_is_the_exact_one_rounded_once(kernel: str, name: str, backend: str) -> None:
    n = 700
    x, y = made(name, n)
    for window in (1, 2, 3, 20, 200, 4096, n):
        skip = window == 20
        least = max(1, min(window, n) // 3)
        rows = list(range(0, n, 1 if window < 30 else 23 if window < 300 else 97))
        given_ = arguments_of(kernel, window, min_periods=least, nan="skip" if skip else "propagate")
        (got,) = call(kernel, inputs_of(kernel, x, y), given_, backend)
        second = y if kernel == "cov" else x
        expected = kernels.exactly(kernel, x, second, window, least, 1, skip, rows)
        assert_same([got[rows]], [np.array(expected)], (name, window))


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("kernel", EVERY)
def test_native_and_python_give_the_same_bits(kernel: str, name: str, native: None) -> None:
    n = 9_001  # more than a block
    x, y = made(name, n, seed=2)
    for window, nan, least, ddof in (
        (1, "propagate", 1, 0),
        (2, "skip", 1, 1),
        (20, "propagate", 20, 1),
        (21, "skip", 3, 0),
        (200, "propagate", 100, 1),
        (4096, "propagate", 4096, 2),
        (10_000, "skip", 50, 1),
    ):
        given_ = arguments_of(kernel, window, min_periods=least, ddof=ddof, nan=nan)
        inputs = inputs_of(kernel, x, y)
        native_, python = (call(kernel, inputs, given_, word) for word in ("native", "python"))
        assert_same(python, native_, (name, given_))


_doubles = st.one_of(
    st.floats(),
    st.floats(0.5, 2.0),
    st.floats(-5e-324 * 2**30, 5e-324 * 2**30),
    st.sampled_from(
        [0.0, -0.0, 1.0, 1e300, -1e300, 1.7e308, -1.7e308, math.inf, -math.inf, math.nan, 5e-324]
    ),
    st.integers(-9, 9).map(float),
    st.integers(-(2**53), 2**53).map(float),
)


@settings(max_examples=150)
@given(data=st.data(), kernel=st.sampled_from(EVERY))
def test_any_doubles_at_all_give_the_same_bits_in_both_backends_and_in_streams(
    data: st.DataObject, kernel: str, native: None
) -> None:
    pairs = data.draw(st.lists(st.tuples(_doubles, _doubles), max_size=40))
    x, y = (np.array([pair[i] for pair in pairs], np.float64) for i in (0, 1))
    window = data.draw(st.integers(1, 12))
    given_ = arguments_of(
        kernel,
        window,
        min_periods=data.draw(st.integers(1, window)),
        ddof=data.draw(st.integers(0, 3)),
        nan=data.draw(st.sampled_from(["propagate", "skip"])),
    )
    inputs = inputs_of(kernel, x, y)
    expected = call(kernel, inputs, given_, "native")
    assert_same(call(kernel, inputs, given_, "python"), expected, given_)
    for word in ("native", "python"):
        assert_same(streamed(kernel, inputs, given_, word), expected, f"{word} stream, {given_}")


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32))
@pytest.mark.parametrize("kernel", EVERY)
def test_whatever_comes_and_goes_both_backends_give_the_same_bits(
    kernel: str, seed: int, native: None
) -> None:
    random = np.random.default_rng(seed)
    least, most = random.choice([(1, 50), (50, 1500), (1500, 4000)])
    n, length = int(random.integers(least, most)), any_length(random)
    given_ = arguments_of(
        kernel,
        length,
        min_periods=int(random.choice([length, random.integers(1, length + 1)])),
        ddof=int(random.integers(0, 3)),
        nan=str(random.choice(["propagate", "skip"])),
    )
    inputs = inputs_of(kernel, visited(random, n), visited(random, n))
    assert_same(call(kernel, inputs, given_, "python"), call(kernel, inputs, given_, "native"), (n, given_))


@pytest.mark.parametrize("backend", ["native", "python"])
@settings(max_examples=60)
@given(seed=st.integers(0, 2**32))
def test_one_series_a_table_and_several_periods_agree_whatever_was_asked_before(
    seed: int, backend: str, native: None
) -> None:
    random = np.random.default_rng(seed)
    rows, columns = int(random.integers(1, 60)), int(random.integers(1, 4))
    x, y = (
        np.asfortranarray(np.column_stack([visited(random, rows) for _ in range(columns)])) for _ in range(2)
    )
    # Few parameters: what a call prepares for others with the same is met by another kind of call.
    for _ in range(12):
        kernel, length = str(random.choice(["ema", random.choice(EVERY)])), int(random.choice([2, 3, 20]))
        given_ = arguments_of(kernel, length, min_periods=1, ddof=0)
        alone = [call(kernel, inputs_of(kernel, x[:, i], y[:, i]), given_, "python") for i in range(columns)]
        form = random.choice(["series", "table", "periods"] if kernel == "ema" else ["series", "table"])
        if form == "series":
            assert_same(call(kernel, inputs_of(kernel, x[:, 0], y[:, 0]), given_, backend), alone[0], given_)
        elif form == "table":
            lines = call(kernel, inputs_of(kernel, x, y), given_, backend)
            for i in range(columns):
                assert_same([line[:, i] for line in lines], alone[i], (kernel, given_, i))
        else:
            periods = [length, 5, 7][: int(random.integers(1, 4))]
            several = rolling.ema(x[:, 0], periods, backend=backend)
            for i, period in enumerate(periods):
                assert_same([several[:, i]], [rolling.ema(x[:, 0], period, backend="python")], periods)


def test_a_width_of_either_zero_is_its_own(backend: str) -> None:
    x = np.array([-5e-324, 0.0])  # the mean rounds to -0.0
    for width in (0.0, -0.0, 0.0):
        alone = rolling.bollinger(x, 2, width, backend=backend).upper
        table = rolling.bollinger(np.column_stack([x, x]), 2, width, backend=backend).upper
        for upper in (alone[1], *table[1]):
            assert math.copysign(1.0, upper) == math.copysign(1.0, width), width


@pytest.mark.parametrize("kernel", ["sum", "mean", "var", "std", "cov", "corr", "zscore", "min", "argmax"])
def test_where_a_series_starts_does_not_matter(kernel: str, backend: str) -> None:
    window = 20
    for name in ("walk near 1.1", "a tick of 1e300", "mixed magnitudes", "infinities"):
        x, y = made(name, 300, seed=3)
        inputs, given_ = inputs_of(kernel, x, y), arguments_of(kernel, window)
        whole = call(kernel, inputs, given_, backend)
        for start in range(2 * window + 1):
            later = call(kernel, tuple(column[start:] for column in inputs), given_, backend)
            assert_same(
                [line[window - 1 :] for line in later],
                [line[start + window - 1 :] for line in whole],
                (name, start),
            )
            stream = kernels.stream_class(kernel)(**given_, backend=backend)
            for row in zip(*(column[start : start + window].tolist() for column in inputs), strict=True):
                stream.push(*row)
            assert_same([np.array([stream.value()])], [whole[0][[start + window - 1]]], (name, start))


def test_what_has_left_a_window_leaves_no_trace(backend: str) -> None:
    x, _ = made("walk near 1.1", 20_000)
    for tick in (1e9, 1e300, -1e300, math.inf, math.nan):
        spoilt = x.copy()
        spoilt[10_000] = tick
        for kernel in ("sum", "mean", "std", "zscore", "min"):
            clean, after = (getattr(rolling, kernel)(v, 20, backend=backend) for v in (x, spoilt))
            assert_same([after[10_020:]], [clean[10_020:]], (tick, kernel))


def test_a_mean_does_not_overflow_with_its_sum(backend: str) -> None:
    assert rolling.mean([1e308] * 3, 3, backend=backend)[2] == 1e308
    assert rolling.sum([1e308] * 3, 3, backend=backend)[2] == math.inf
    assert rolling.sum([1.7e308, 1.7e308, -1.7e308], 3, backend=backend)[2] == 1.7e308


@pytest.mark.parametrize("name", ["walk near 1.1", "returns", "mixed magnitudes", "subnormals", "volumes"])
def test_logarithms_are_rounded_once(name: str, backend: str) -> None:
    x = np.abs(made(name, 400)[0])
    got = rolling.log_returns(x, 1, backend=backend)[1:]
    with np.errstate(all="ignore"):
        ratios = (x[1:] / x[:-1]).tolist()
    for ratio, value in zip(ratios, got.tolist(), strict=True):
        if 0 < ratio < math.inf:
            assert value == float(Decimal(ratio).ln(Context(prec=80))), ratio


def test_extremes_of_equal_values_are_the_newest(backend: str) -> None:
    x = [0.0, -0.0, 0.0, 1.0, -0.0, 1.0]
    assert np.signbit(rolling.min(x, 2, backend=backend)[1:]).tolist() == [True, False, False, True, True]
    assert np.signbit(rolling.max(x, 2, 1, backend=backend)).tolist() == [False, True] + [False] * 4
    assert rolling.argmax(x, 3, 1, backend=backend).tolist() == [0, 0, 0, 0, 1, 0]


def test_pandas_agrees_as_far_as_it_can() -> None:
    import pandas as pd

    x, y = made("walk near 1.1", 3_000)
    series, other = pd.Series(x), pd.Series(y)
    for ours, theirs in (
        (rolling.sum(x, 20), series.rolling(20).sum()),
        (rolling.mean(x, 20, 5), series.rolling(20, min_periods=5).mean()),
        (rolling.std(x, 20), series.rolling(20).std()),
        (rolling.var(x, 20, ddof=0), series.rolling(20).var(ddof=0)),
        (rolling.cov(x, y, 20), series.rolling(20).cov(other)),
        (rolling.corr(x, y, 20), series.rolling(20).corr(other)),
        (rolling.min(x, 20), series.rolling(20).min()),
        (rolling.max(x, 20), series.rolling(20).max()),
        (rolling.ema(x, 20), series.ewm(span=20, adjust=False).mean()),
        (rolling.diff(x, 3), series.diff(3)),
        (rolling.returns(x), series.pct_change()),
        (rolling.shift(x, 2), series.shift(2)),
    ):
        np.testing.assert_allclose(ours, theirs.to_numpy(), rtol=1e-5, atol=1e-6)
