"""Runs the same backtest in four languages and on every backend, and holds the results against each other.

    examples/run.py [--bid BID.csv [--ask ASK.csv]] [--symbol S] [--timeframe TF]
    examples/run.py --check

Without files it takes the hourly EURUSD candles inside the PyPI package `backtesting`. It fails unless
trades, net result and fingerprint are equal to the bit everywhere, and draws `out/backtest.png`. `--check`
does the same on small generated files and more (harness/check.py). `make run` sets up what this needs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from harness.market import Market
from harness.programs import ROOT, Outcome, RunError, build, differences, progress, run

from omega_slicer import OmegaError

PICTURE = ROOT / "out" / "backtest.png"


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


def compare(market: Market) -> None:
    """Build and run everything on `market`, print the table, draw the picture."""
    programs = build()
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory() as folder:
        trades = Path(folder) / "trades.tsv"
        for program in programs:
            with progress(f"running {program.name}"):
                outcomes.append(run(program, market, None if outcomes else trades))
        print(f"\n{market.symbol} {market.timeframe}: {', '.join(path.name for path in market.files)}\n")
        print(table(outcomes), end="\n\n", flush=True)
        found = differences(outcomes)
        if found:
            raise RunError("\n  ".join(["the results differ", *found]))
        print(f"all {len(outcomes)} agree to the bit", flush=True)
        with progress(f"drawing {PICTURE.relative_to(ROOT)}"):
            from harness import picture  # noqa: PLC0415 - matplotlib takes its time

            picture.draw(PICTURE, *market.read(), picture.Trades(trades))


def arguments() -> argparse.Namespace:
    """What the user asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bid", type=Path, metavar="FILE", help="bid candles, or one series for both sides")
    parser.add_argument("--ask", type=Path, metavar="FILE", help="ask candles")
    parser.add_argument("--symbol", help="default: the leading letters of the bid file's name")
    parser.add_argument("--timeframe", help="default: the most frequent step from candle to candle")
    parser.add_argument("--check", action="store_true", help="test the programs on small generated files")
    given = parser.parse_args()
    if given.ask and not given.bid:
        parser.error("--ask needs --bid")
    return given


def main() -> int:
    """0 if everything agrees."""
    given = arguments()
    if given.check:
        from harness import check  # noqa: PLC0415 - of no use to a run

        return check.main()
    compare(Market.of(given.bid, given.ask, given.symbol, given.timeframe))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (RunError, OmegaError) as error:
        sys.exit(f"run.py: {error}")
