"""Runs the same two backtests in four languages and on every backend, and holds the results together.

    examples/run.py [--bid BID.csv [--ask ASK.csv]] [--bid2 BID.csv [--ask2 ASK.csv]] [--symbol A[,B]]
                    [--timeframe TF]
    examples/run.py --check

Without files it takes the hourly EURUSD candles inside the PyPI package `backtesting`. `backtest` takes the
first symbol, `trend` both. It fails unless trades, net result and fingerprint are equal to the bit
everywhere, and draws `out/backtest.png` and `out/trend.png`. `--check` does the same on small generated
files and more (harness/check.py). `make run` sets up what this needs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from harness.market import Market
from harness.programs import ROOT, Outcome, Program, RunError, build, differences, progress, run

from omega_slicer import OmegaError

PICTURES = ROOT / "out"


def table(outcomes: list[Outcome]) -> str:
    """One line for each program."""
    header = ("language", "backend", "bars", "trades", "net", "fingerprint", "bars per second")
    rows = [
        (
            outcome.program.language,
            outcome.program.backend,
            f"{int(outcome.printed['bars']):,}",
            f"{int(outcome.printed['trades']):,}",
            outcome.printed["net"],
            outcome.printed["fingerprint"][:12],
            f"{outcome.bars_per_second:,.0f}",
        )
        for outcome in outcomes
    ]
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    left = {0, 1, 5}  # words and fingerprints; numbers stand right

    def line(cells: tuple[str, ...]) -> str:
        aligned = (
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join(aligned).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([line(header), rule, *map(line, rows)])


def compare(example: str, programs: Sequence[Program], markets: Sequence[Market]) -> None:
    """Run everything on the markets, print the table, draw the picture."""
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory() as folder:
        trades = Path(folder) / "trades.tsv"
        for program in programs:
            with progress(f"running {example}: {program.name}"):
                outcomes.append(run(program, markets, None if outcomes else trades))
        print(f"\n{example}: {'; '.join(map(described, markets))}\n")
        print(table(outcomes), end="\n\n", flush=True)
        found = differences(outcomes)
        if found:
            raise RunError("\n  ".join(["the results differ", *found]))
        print(f"all {len(outcomes)} agree to the bit", flush=True)
        path = PICTURES / f"{example}.png"
        with progress(f"drawing {path.relative_to(ROOT)}"):
            from harness import picture, studies  # noqa: PLC0415 - matplotlib takes its time

            picture.draw(path, studies.of(example, markets, trades))
    print(flush=True)


def described(market: Market) -> str:
    """The symbol, its timeframe and its files."""
    return f"{market.symbol} {market.timeframe}, {', '.join(path.name for path in market.files)}"


def arguments() -> argparse.Namespace:
    """What the user asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bid", type=Path, metavar="FILE", help="bid candles, or one series for both sides")
    parser.add_argument("--ask", type=Path, metavar="FILE", help="ask candles")
    parser.add_argument(
        "--bid2", type=Path, metavar="FILE", help="a second symbol's bid candles, for `trend`"
    )
    parser.add_argument("--ask2", type=Path, metavar="FILE", help="its ask candles")
    parser.add_argument("--symbol", help="default: the leading letters of the bid file's name; A,B for two")
    parser.add_argument("--timeframe", help="default: the most frequent step from candle to candle")
    parser.add_argument("--check", action="store_true", help="test the programs on small generated files")
    given = parser.parse_args()
    for option, needed in (("ask", "bid"), ("bid2", "bid"), ("ask2", "bid2")):
        if getattr(given, option) and not getattr(given, needed):
            parser.error(f"--{option} needs --{needed}")
    return given


def main() -> int:
    """0 if everything agrees."""
    given = arguments()
    if given.check:
        from harness import check  # noqa: PLC0415 - of no use to a run

        return check.main()
    files = [(given.bid, given.ask), (given.bid2, given.ask2)][: 2 if given.bid2 else 1]
    markets = Market.of_all(files, given.symbol, given.timeframe)
    for example, programs in build().items():
        compare(example, programs, markets if example == "trend" else markets[:1])
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (RunError, OmegaError) as error:
        sys.exit(f"run.py: {error}")
