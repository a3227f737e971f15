"""The fast ways of the Python kernels end where the slow ones do: chains in segments, sums in parts."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal

import numpy as np
import pytest

from helpers import same_bits
from kernels import MAKERS, exactly
from omega_slicer import rolling
from omega_slicer._kernels import chains, logarithm, moments, sums

N = 60_000


def plain(x: np.ndarray, a: float, e: float) -> np.ndarray:
    """The chain by its definition."""
    b, out = 1.0 - a, [e]
    for value in x[1:].tolist():
        e = (b * e) + (a * value)
        out.append(e)
    return np.array(out)


def walk() -> np.ndarray:
    return MAKERS["walk near 1.1"](np.random.default_rng(8), N)


def still(x: np.ndarray, start: int) -> np.ndarray:
    """From a row on nothing moves."""
    return np.where(np.arange(N) < start, x, x[start])


CHAINS: dict[str, Callable[[], np.ndarray]] = {
    "walk": walk,
    "decimals": lambda: np.round(walk(), 5),
    "at rest from the start": lambda: np.full(N, 1.1),
    "at rest in the end": lambda: still(walk(), N // 3),
    "at rest at zero": lambda: np.where(np.arange(N) < 999, walk(), 0.0),
    "at rest below zero": lambda: np.where(np.arange(N) < 999, walk(), -0.0),
    "steps": lambda: np.repeat(np.random.default_rng(9).normal(0, 1, N // 500), 500),
    "mixed magnitudes": lambda: MAKERS["mixed magnitudes"](np.random.default_rng(9), N),
    "subnormals": lambda: MAKERS["subnormals"](np.random.default_rng(9), N),
    "an infinity": lambda: np.where(np.arange(N) == N // 2, np.inf, walk()),
    "two infinities": lambda: (
        np.where(np.arange(N) % 20_000 == 19_999, np.inf, walk()) * np.where(np.arange(N) > 30_000, -1.0, 1.0)
    ),
    "a NaN": lambda: np.where(np.arange(N) == N // 2, np.nan, walk()),
    "near the largest": lambda: MAKERS["near the largest"](np.random.default_rng(9), N),
}


@pytest.mark.parametrize("name", CHAINS)
def test_a_chain_in_segments_has_the_bits_of_the_loop(name: str) -> None:
    x = CHAINS[name]()
    with np.errstate(all="ignore"):
        for a in (1.0, 0.5, 2 / 15, 1 / 14, 2 / 201, 1 / 700):
            for n in (N, N - 1, 4_999, 2, 1):
                for seed in (float(x[0]), -3e5, 5e-324):
                    assert same_bits(chains.chain(x[:n], a, seed), plain(x[:n], a, seed)), (a, n, seed)


@pytest.fixture
def segments(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many segments each run of them had."""
    seen: list[int] = []
    run = chains._side_by_side

    def watched(rows: np.ndarray, *more: object) -> None:
        seen.append(len(rows))
        run(rows, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(chains, "_side_by_side", watched)
    return seen


def test_a_guess_that_was_wrong_is_found_and_mended(
    segments: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    x, a = walk(), 2 / 15
    chains.chain(x, a, 1.0)
    assert segments[0] > 100
    assert len(segments) == 1  # every guess was right
    monkeypatch.setattr(chains, "_FORGOTTEN", 0.5)  # no time to forget them
    segments.clear()
    for rows in (x, CHAINS["at rest in the end"]()):
        assert same_bits(chains.chain(rows, a, 1.0), plain(rows, a, 1.0))
    assert max(segments) > 1000
    assert len(segments) > 2  # and some were begun anew


@pytest.mark.parametrize("kernel", ["sum", "mean", "var", "cov"])
@pytest.mark.parametrize(
    "name", ["noise", "noise and a tick", "noise with holes", "tiny noise", "far from zero"]
)
def test_numbers_that_no_grid_holds_are_exact_without_loops(
    kernel: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(10)
    n = 20_000
    x, y = random.normal(0, 1, (2, n))
    if name == "noise and a tick":
        x[n // 2] = 1e12
    elif name == "noise with holes":
        x[random.random(n) < 0.01] = np.nan
    elif name == "tiny noise":
        x *= 1e-130
    elif name == "far from zero":
        x += 1000.0 + x**7
    looped: list[int] = []
    answered = 0
    for module, rows in ((sums, sums.slide), (moments, moments.slide)):

        def watched(length: int, window: int, quick: object, careful: object, rows: object = rows) -> None:
            def counted(start: int, stop: int) -> None:
                looped.append(stop - start)
                careful(start, stop)  # type: ignore[operator]

            rows(length, window, quick, counted)  # type: ignore[operator]

        monkeypatch.setattr(module, "slide", watched)
    for window in (1, 2, 20, 200):
        for ddof in (1, 0) if kernel in ("var", "cov") else (1,):
            for skip in (False, True):
                given = {"ddof": ddof} if kernel in ("var", "cov") else {}
                inputs = (x, y) if kernel == "cov" else (x,)
                nan, least = ("skip", max(1, window // 2)) if skip else ("propagate", window)
                got = getattr(rolling, kernel)(*inputs, window, least, nan=nan, **given, backend="python")
                around = np.arange(n // 2 - 5, n // 2 + window + 5, max(1, window // 8))
                rows = np.concatenate([random.integers(0, n, 60), around]).tolist()
                answered += n
                right = exactly(kernel, x, y if kernel == "cov" else x, window, least, ddof, skip, rows)
                assert same_bits(got[rows], np.array(right)), (window, ddof, skip)
    assert sum(looped) < answered // 25


@pytest.mark.parametrize("kernel", ["var", "cov"])
def test_a_quiet_window_in_a_block_with_a_tick_is_rounded_once(kernel: str) -> None:
    # Its squares take fewer bits than the double that holds their sum has to spare for r*s/m.
    random = np.random.default_rng(11)
    n = 20_000
    x = random.integers(-30_000, 30_000, n).astype(np.float64)
    x[::4000] = 2.0**51
    y = np.roll(x, 1)
    for window in (3, 7):
        rows = np.arange(window, 3_000)
        ask = getattr(rolling, kernel)
        inputs = (x, y) if kernel == "cov" else (x,)
        got = ask(*inputs, window, backend="python")[rows]
        second = y if kernel == "cov" else x
        assert same_bits(got, np.array(exactly(kernel, x, second, window, window, 1, False, rows.tolist())))


@pytest.mark.parametrize("window", [1, 3])
def test_small_numbers_among_larger_ones_keep_their_variance(window: int) -> None:
    random = np.random.default_rng(5)
    n = 3_000
    x = np.ldexp(random.integers(-99, 99, n).astype(float), random.integers(-80, 0, n))
    rows = list(range(window, n))
    got = rolling.var(x, window, ddof=0, backend="python")[rows]
    assert same_bits(got, np.array(exactly("var", x, x, window, window, 0, False, rows)))


@pytest.mark.parametrize("size", [2.0**-8, 2.0**-9, 1e-4, 1e-9])
def test_logarithms_near_one_are_rounded_once(size: float) -> None:
    ratios = 1.0 + np.random.default_rng(12).uniform(-size, size, 4_000)
    got = logarithm.log(ratios)
    context = Context(prec=60)
    assert same_bits(got, np.array([float(Decimal(ratio).ln(context)) for ratio in ratios.tolist()]))
    assert same_bits(logarithm.log(np.append(ratios, 2.0))[:-1], got)  # one that is far takes all along


def test_no_change_has_the_logarithm_zero() -> None:
    got = rolling.log_returns(np.full(9, 1.1), backend="python")[1:]
    assert same_bits(got, np.zeros(8))
