"""Those who are measured: processes that answer one question at a time, all held to one core.

Each has the series in its memory and waits for its turn; so a kernel here and the same kernel of a peer run
within milliseconds of each other, on the same data, and meet the same noise. A contender that dies, or
says anything but an answer, ends the run: see MissingError.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parent.parent.parent
ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "RAYON_NUM_THREADS",
        "POLARS_MAX_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "JULIA_NUM_THREADS",
    ),
    "1",
)
# Freed memory stays in the process: who allocates his answers pays for no page faults, which those who
# write into a buffer do not pay either. This favours the peers.
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "1073741824", "MALLOC_TRIM_THRESHOLD_": "4294967296"}


class MissingError(Exception):
    """Something that should have been measured was not."""


def one_core() -> int:
    """Hold this process, and the contenders it starts from now on, to one core; its number."""
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


class Contender:
    """A process that answers lines with lines."""

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        settings = {**os.environ, **ONE_THREAD, **KEEP_MEMORY, **(environment or {})}
        self.process = subprocess.Popen(  # noqa: S603 - our own benches
            command, cwd=ROOT, env=settings, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Contender:  # noqa: PYI034 - Self is newer than Python 3.10
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.stdin and not self.process.stdin.closed:
            self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()

    def ask(self, *words: object) -> str:
        """The one line of the answer."""
        question = "\t".join(map(str, words))
        assert self.process.stdin
        assert self.process.stdout
        try:
            print(question, file=self.process.stdin, flush=True)
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer.endswith("\n"):
            self.process.stdout.read()
            ended = self.process.wait()
            raise MissingError(f"{self.name} ended with {ended} instead of answering '{question}'")
        return answer.rstrip("\n")

    def time(self, kernel: str, window: int, who: str, repeats: int) -> float:
        """Nanoseconds per row of the fastest of so many runs."""
        answer = self.ask("time", kernel, window, who, repeats)
        try:
            nanoseconds = float(answer)
        except ValueError:
            nanoseconds = float("nan")
        if not 0.0 < nanoseconds < float("inf"):
            raise MissingError(f"{self.name} says {answer!r} took its {who} for {kernel} of {window} rows")
        return nanoseconds
