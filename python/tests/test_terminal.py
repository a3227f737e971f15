"""What people see: colour and bars on a terminal alone, and lines that fit it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import pytest

from helpers import CONFIGURATION, SOURCES
from omega_slicer._guard import terminal
from omega_slicer._guard.drill import Drilled

PLAIN = re.compile(r"\x1b\[\d+m")


def on_terminal(*words: str, columns: int = 80, **environment: str) -> tuple[int, str]:
    """The exit status of a command, and all that it writes on a terminal of so many columns."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    clean = {
        name: text for name, text in os.environ.items() if name not in (*CONFIGURATION, "NO_COLOR", "COLUMNS")
    }
    running = subprocess.Popen(
        [sys.executable, "-m", "omega_slicer", *words],
        env={**clean, "PYTHONPATH": str(SOURCES), "TERM": "xterm", **environment},
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    said: list[bytes] = []

    def read() -> None:
        try:
            while data := os.read(master, 65536):
                said.append(data)
        except OSError:  # what Linux calls the end
            pass

    reader = threading.Thread(target=read)
    reader.start()
    status = running.wait(timeout=120)
    reader.join()
    os.close(master)
    return status, b"".join(said).decode().replace("\r\n", "\n")


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("OMEGA_VAR_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.mark.parametrize("columns", [80, 120])
def test_the_same_text_with_colour_and_without(native: None, state: Path, columns: int) -> None:
    words = ("rollback", "--module", "kernels", "--reason", "a look")
    assert on_terminal(*words, columns=columns)[0] == 0
    on_terminal("status")  # tests the library, which it says
    for command in ("status", "incidents"):
        status, coloured = on_terminal(command, columns=columns)
        assert status == 1
        assert "\x1b[3" in coloured
        for plain in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            assert on_terminal(command, columns=columns, **plain) == (1, PLAIN.sub("", coloured))
    listed = PLAIN.sub("", on_terminal("incidents", columns=columns)[1])
    assert max(map(len, listed.split("\n"))) <= columns


@pytest.mark.parametrize("columns", [80, 120])
def test_help_fits_the_terminal(columns: int) -> None:
    for command in ("status", "verify", "rollback", "reenable", "drill", "incidents"):
        status, said = on_terminal(command, "--help", columns=columns)
        assert status == 0
        assert "exit status: 0 fine, 1 a problem was found, 2 wrong usage" in said
        assert max(map(len, said.split("\n"))) <= columns


@pytest.mark.parametrize("columns", [80, 100, 120])
def test_the_drills_table_fits_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "width", lambda: columns)
    long = Drilled(
        "panic in an export (multi_symbol)", "shadow mode (fraction 0.01, seed 1234567)", 1.2, 0.0003, 0,
        "none: [Errno 28] No space left on device: a folder with a long name", ("it is wrong",),
    )  # fmt: skip
    first, problem = terminal.drilled_line(long).split("\n")
    assert len(terminal.drilled_head()) <= columns
    assert len(first) <= columns
    assert problem == "  PROBLEM: it is wrong"


class Screen:
    """A standard error that says whether it is looked at."""

    def __init__(self, seen: bool) -> None:
        self.seen, self.text = seen, ""

    def isatty(self) -> bool:
        return self.seen

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        pass


def test_a_bar_is_for_terminals_and_for_what_takes_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(terminal.time, "monotonic", lambda: now[0])
    for seen in (True, False):
        screen = Screen(seen)
        monkeypatch.setattr(sys, "stderr", screen)
        bar = terminal.Bar("checks")
        now[0] += 0.9
        bar(1, 10)
        assert screen.text == ""
        now[0] += 0.2
        bar(5, 10)
        assert ("[###############...............] 5 of 10 checks" in screen.text) == seen
        before = screen.text
        bar(6, 10)
        assert screen.text == before, "drawn again within a blink"
        now[0] += 0.2
        bar(12, 10)  # more than was thought
        bar.end()
        assert ("[##############################]" in screen.text) == seen
        assert screen.text.endswith(" \r") == seen


def test_what_takes_as_long_as_it_takes_shows_that_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for seen, after in ((True, 0.0), (True, 60.0), (False, 0.0)):
        screen = Screen(seen)
        monkeypatch.setattr(sys, "stderr", screen)
        with terminal.waiting("looking", after):
            for _ in range(100):
                if "#" in screen.text:
                    break
                time.sleep(0.05 if seen and not after else 0.002)
        assert (re.search(r"\r\[\.*#\.*\] looking, \d+ s", screen.text) is not None) == (seen and not after)
        assert screen.text.endswith(" \r") == (seen and not after)


def test_a_drill_shows_how_far_it_is(faulty: str, state: Path) -> None:
    status, said = on_terminal("drill", "--fault", "library absent", OMEGA_FAULT_LIBRARY=faulty)
    assert status == 0
    assert "[..............................] 0 of 1 faults" in said
