"""The README's chart: speed upwards, right digits to the right, one dot per library, as a few lines of SVG.

A filled dot is ordinary prices, the ring on the same height what is left of the digits after one wild tick.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from typing import Any

from .plan import PEERS

WIDTH, HEIGHT = 920, 466
LEFT, TOP, PLOT_WIDTH, PLOT_HEIGHT, GAP = 58, 92, 390, 268, 50
EXACT, DIGITS = 19.5, 22.0
"""Where in digits the exact ones are drawn, a place beyond the 16 that a double has; and the axis' length."""
FAST, SLOW = 0.6, 80.0
OURS = "omega-slicer"
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #59636e }
  .title { font-size: 14px; font-weight: 600; fill: #1f2328 }
  .name { font-size: 12.5px; fill: #1f2328 }
  .ours, .ours.name { fill: #0969da; font-weight: 600 }
  .small { font-size: 11px }
  .grid { stroke: #d1d9e0; stroke-width: 1; opacity: 0.7 }
  .dot { fill: #59636e }
  .dot.ours { fill: #0969da }
  .lost { stroke: #59636e; stroke-width: 1.2; stroke-dasharray: 2 3 }
  .ring { fill: none; stroke: #59636e; stroke-width: 1.6 }
  .exact { fill: #0969da; opacity: 0.08 }
  @media (prefers-color-scheme: dark) {
    text { fill: #9198a1 }
    .title, .name { fill: #f0f6fc }
    .ours, .ours.name, .dot.ours { fill: #4493f8 }
    .grid { stroke: #3d444d }
    .dot { fill: #9198a1 }
    .lost, .ring { stroke: #9198a1 }
    .exact { fill: #4493f8; opacity: 0.14 }
  }
"""


def digits(error: float) -> float:
    """How many digits a relative error leaves; all of them if there is none."""
    return EXACT if error == 0 else min(16.0, max(0.0, -math.log10(error)))


def across(value: float) -> float:
    """Digits to pixels."""
    return PLOT_WIDTH * value / DIGITS


def down(nanoseconds: float) -> float:
    """Time to pixels, the fast above."""
    return PLOT_HEIGHT * math.log(nanoseconds / FAST) / math.log(SLOW / FAST)


def words(text: str, x: float, y: float) -> str:
    """Small text, centred."""
    return f'<text class="small" x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{text}</text>'


def labels(dots: list[tuple[float, float, str]]) -> list[float]:
    """The heights of centred labels for dots (x, y, text): above, or below where another is in the way."""
    taken: list[tuple[float, float, float]] = []
    for x, y, text in dots:
        half = 3.7 * len(text)

        def free(height: float, x: float = x, half: float = half, own: float = y) -> bool:
            clear = all(abs(x - at) > half + wide or abs(height - level) > 13 for at, level, wide in taken)
            return clear and all(
                abs(x - at) > half + 6 or abs(height - 4 - level) > 10 or level == own
                for at, level, _ in dots
            )

        height = next((height for height in (y - 9, y + 19, y - 22, y + 32) if free(height)), y - 9)
        taken.append((x, height, half))
    return [height for _, height, _ in taken]


def panel(result: Mapping[str, Any], kernel: str, left: float) -> list[str]:
    """One kernel at windows of 20 rows."""
    parts = [
        f'<g transform="translate({left:g} {TOP})">',
        f'<text class="title" x="0" y="-14">rolling {kernel}, 20 rows</text>',
        f'<rect class="exact" x="{across(17):.1f}" y="0" width="{across(5):.1f}" height="{PLOT_HEIGHT}"/>',
        words("every bit", across(EXACT), PLOT_HEIGHT + 18),
    ]
    for value in (0, 4, 8, 12, 16):
        x = across(value)
        parts.append(f'<line class="grid" x1="{x:.1f}" y1="0" x2="{x:.1f}" y2="{PLOT_HEIGHT}"/>')
        parts.append(
            f'<text class="small" x="{x:.1f}" y="{PLOT_HEIGHT + 18}" text-anchor="middle">{value}</text>'
        )
    for value in (1, 2, 5, 10, 20, 50):
        y = down(value)
        parts.append(f'<line class="grid" x1="0" y1="{y:.1f}" x2="{PLOT_WIDTH}" y2="{y:.1f}"/>')
        parts.append(f'<text class="small" x="-8" y="{y + 4:.1f}" text-anchor="end">{value}</text>')
    found = []
    for who in ("Python native", *PEERS[kernel]):
        cell = (kernel, 20, who)
        name = OURS if who == "Python native" else who
        errors = result["errors"][cell]
        time = statistics.median(result["times"][cell])
        found.append((down(time), digits(errors["plain"]), digits(errors["tick"]), name, time))
    found.sort()
    for y, plain, tick, name, _ in found:
        own = " ours" if name == OURS else ""
        if plain - tick > 0.5:
            start, end = across(tick) + 4, across(plain) - 5
            parts.append(f'<line class="lost" x1="{start:.1f}" y1="{y:.1f}" x2="{end:.1f}" y2="{y:.1f}"/>')
            parts.append(f'<circle class="ring" cx="{across(tick):.1f}" cy="{y:.1f}" r="4"/>')
        parts.append(
            f'<circle class="dot{own}" cx="{across(plain):.1f}" cy="{y:.1f}" r="{6 if own else 5}"/>'
        )
    texts = [(across(plain), y, f"{name} {time:.1f}") for y, plain, _, name, time in found]
    for (_, plain, _, name, time), height in zip(found, labels(texts), strict=True):
        own = "ours " if name == OURS else ""
        parts.append(
            f'<text class="{own}name" x="{across(plain):.1f}" y="{height:.1f}" text-anchor="middle">{name} '
            f'<tspan class="{own}small">{time:.1f}</tspan></text>'
        )
    return [*parts, "</g>"]


def chart(result: Mapping[str, Any]) -> str:
    """The whole picture."""
    second = LEFT + PLOT_WIDTH + GAP
    below = TOP + PLOT_HEIGHT
    versions = ", ".join(result["versions"][:6])
    where = f"{result['date']}, {result['machine']}, one core, {result['rows']:,} rows"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="Six libraries: nanoseconds per row '
        'and correct digits of rolling std and mean">',
        f"<style>{STYLE}</style>",
        '<text class="title" x="16" y="24">Fast and right: up is faster, right is more correct digits</text>',
        '<text x="16" y="43">Dot: on ordinary prices. '
        "Ring: with one tick of 1e9 that enters and leaves the window.</text>",
        f'<text class="small" transform="translate(20 {TOP + PLOT_HEIGHT / 2:g}) rotate(-90)" '
        'text-anchor="middle">nanoseconds per row</text>',
        *panel(result, "std", LEFT),
        *panel(result, "mean", second),
        words("correct digits, at worst", LEFT + across(8), below + 38),
        words("correct digits, at worst", second + across(8), below + 38),
        f'<text class="small" x="16" y="{HEIGHT - 28}">{where}, everyone called from Python.</text>',
        f'<text class="small" x="16" y="{HEIGHT - 12}">{versions}</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"
