"""Which backend answers: the order of the choices, their words, and until when they hold."""

from __future__ import annotations

from pathlib import Path

import pytest

import omega_slicer as om
from helpers import MINUTE, answer_of, child, series_of


def chosen(source: str = "", cwd: Path | None = None, **environment: str) -> list[str]:
    """Backend and source in a child with these settings."""
    code = source + "\nmodule = om.status().modules['slicer']\nprint(make().backend, module.source)"
    return answer_of(child(code, cwd=cwd, **environment)).split(" ", 1)


def test_each_choice_gives_way_to_the_one_above_it(tmp_path: Path, native: None) -> None:
    config = tmp_path / "omega.toml"
    assert chosen(cwd=tmp_path) == ["native", "default"]
    config.write_text('slicer = "python"\n')
    assert chosen(cwd=tmp_path) == ["python", str(config)]
    assert chosen(cwd=tmp_path, OMEGA_USE_RUST_SLICER="1") == ["native", "OMEGA_USE_RUST_SLICER"]
    over = "om.set_backend('slicer', 'python')"
    assert chosen(over, cwd=tmp_path, USE_RUST_SLICER="1") == ["python", "set_backend"]
    back = over + "\nom.set_backend('slicer', None)"
    assert chosen(back, cwd=tmp_path, USE_RUST_SLICER="1") == ["native", "USE_RUST_SLICER"]
    argument = f"{over}\nprint(make(backend='native').backend)"
    assert answer_of(child(argument, cwd=tmp_path)) == "native"
    other = tmp_path / "other.toml"
    other.write_text('slicer = "native"')
    assert chosen(cwd=tmp_path, OMEGA_CONFIG=str(other)) == ["native", str(other)]


@pytest.mark.parametrize("name", ["USE_RUST_SLICER", "OMEGA_USE_RUST_SLICER"])
@pytest.mark.parametrize(
    ("words", "backend"),
    [
        (["true", "1", "yes", "on", "TRUE", "Yes"], "native"),
        (["false", "0", "no", "off", "OFF"], "python"),
        (["auto"], "native"),
    ],
)
def test_every_word_of_the_environment_is_understood(
    name: str, words: list[str], backend: str, monkeypatch: pytest.MonkeyPatch, native: None
) -> None:
    for word in words:
        monkeypatch.setenv(name, word)
        assert series_of([0]).backend == backend
        module = om.status().modules["slicer"]
        assert (module.backend, module.source) == (backend, name)


@pytest.mark.parametrize("word", ["", "native", "python", "2", "y", "true "])
def test_any_other_word_of_the_environment_is_an_error(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USE_RUST_SLICER", word)
    with pytest.raises(
        om.InvalidArgumentError, match=r"USE_RUST_SLICER is .*true, 1, yes, on, false, 0, no, off, auto"
    ):
        series_of([0])
    module = om.status().modules["slicer"]
    assert module.backend == "none"
    assert "USE_RUST_SLICER" in module.reason
    assert series_of([0], backend="python").backend == "python"


def test_two_spellings_may_agree_but_not_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USE_RUST_SLICER", "no")
    monkeypatch.setenv("OMEGA_USE_RUST_SLICER", "off")
    assert series_of([0]).backend == "python"
    monkeypatch.setenv("OMEGA_USE_RUST_SLICER", "on")
    with pytest.raises(om.InvalidArgumentError, match=r"OMEGA_USE_RUST_SLICER='on' and USE_RUST_SLICER='no'"):
        series_of([0])


@pytest.mark.parametrize(
    ("text", "backend"),
    [
        ("", "native"),
        ("# nothing\n\n", "native"),
        ('slicer="native"', "native"),
        (' slicer\t=  "auto"  # as it comes\r\n', "native"),
        ('slicer = "python"', "python"),
        ('slicer = "julia"', "python"),
        ('slicer = "fallback"', "python"),
    ],
)
def test_omega_toml_is_read(
    text: str, backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, native: None
) -> None:
    (tmp_path / "omega.toml").write_bytes(text.encode())
    monkeypatch.chdir(tmp_path)
    assert series_of([0]).backend == backend


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("\nslicer = native", 1009, "line 2"),
        ("[slicer]", 1009, "line 1"),
        ("slicer = 'native'", 1009, "line 1"),
        ('slicer "native"', 1009, "line 1"),
        ('slicer = "native" x', 1009, "line 1"),
        ('\n\nkernel = "native"', 1001, "line 3: unknown key 'kernel'; known: slicer, kernels"),
        (
            'slicer = "rust"',
            1001,
            "line 1: unknown word 'rust'; allowed: native, auto, python, julia, fallback",
        ),
        ('slicer = "native"\nslicer = "native"', 1001, "line 2"),
    ],
)
def test_mistakes_in_omega_toml_are_named_with_file_and_line(
    text: str, code: int, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text)
    monkeypatch.setenv("OMEGA_CONFIG", str(path))
    with pytest.raises(om.OmegaError) as caught:
        series_of([0])
    assert caught.value.code == code
    assert says in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_configuration_file_that_is_named_must_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMEGA_CONFIG", str(tmp_path / "none.toml"))
    with pytest.raises(om.FileMissingError, match="OMEGA_CONFIG"):
        series_of([0])
    monkeypatch.setenv("OMEGA_CONFIG", str(tmp_path))
    with pytest.raises(om.InputOutputError):
        series_of([0])


def test_unknown_words_and_modules_are_refused() -> None:
    with pytest.raises(om.InvalidArgumentError, match="unknown module 'kernel'; known: slicer, kernels"):
        om.set_backend("kernel", "python")
    with pytest.raises(
        om.InvalidArgumentError, match="unknown backend 'julia'; allowed: auto, native, python"
    ):
        om.set_backend("slicer", "julia")
    for arguments in ((None, "python"), ("slicer", 1)):
        with pytest.raises(om.TypeMismatchError):
            om.set_backend(*arguments)  # type: ignore[arg-type]


def test_a_choice_holds_for_objects_made_after_it(native: None) -> None:
    om.set_backend("slicer", "python")
    python = series_of([0, MINUTE])
    om.set_backend("slicer", "native")
    native_series = series_of([0, MINUTE])
    slicer = om.SymbolDataSlicer(python)
    assert (python.backend, native_series.backend, slicer.backend) == ("python", "native", "python")
    for series in (python, native_series):
        for word in ("native", "python", "auto"):
            chosen = om.SymbolDataSlicer(series, backend=word)
            assert chosen.backend == ("python" if word == "python" else "native")
            assert chosen.get_lookbacks([MINUTE], 2).tolist() == [[0, 2]]


def test_the_environment_counts_from_the_moment_it_changes(
    monkeypatch: pytest.MonkeyPatch, native: None
) -> None:
    assert series_of([0]).backend == "native"
    for word, backend in (("off", "python"), ("on", "native"), ("no", "python")):
        monkeypatch.setenv("USE_RUST_SLICER", word)
        assert series_of([0]).backend == backend
        assert om.status().modules["slicer"].backend == backend
    monkeypatch.delenv("USE_RUST_SLICER")
    assert series_of([0]).backend == "native"


def test_the_file_counts_from_when_it_is_first_needed_until_a_choice_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, native: None
) -> None:
    def answers() -> tuple[str, str]:
        backend = series_of([0]).backend
        assert om.status().modules["slicer"].backend == backend
        return backend, om.status().modules["slicer"].source

    config = tmp_path / "omega.toml"
    monkeypatch.chdir(tmp_path)
    om.set_backend("slicer", None)
    assert answers() == ("native", "default")
    config.write_text('slicer = "python"\n')
    assert answers() == ("native", "default")  # seldom does a file change; never does a call wait for one
    om.set_backend("kernels", None)  # of any module
    assert answers() == ("python", str(config))
    config.unlink()
    monkeypatch.chdir("/")
    assert answers() == ("python", str(config))
    other = tmp_path / "other.toml"
    other.write_text('slicer = "native"\n')
    monkeypatch.setenv("OMEGA_CONFIG", str(other))  # names another file, so it is read
    assert answers() == ("native", str(other))
    monkeypatch.delenv("OMEGA_CONFIG")
    assert answers() == ("native", "default")


def test_a_file_that_cannot_be_read_is_tried_again_by_each_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, native: None
) -> None:
    config = tmp_path / "own.toml"
    monkeypatch.setenv("OMEGA_CONFIG", str(config))
    for _ in range(2):
        with pytest.raises(om.FileMissingError):
            series_of([0])
    config.write_text("slicer: python")
    with pytest.raises(om.InvalidFormatError):
        series_of([0])
    config.write_text('slicer = "python"')
    assert series_of([0]).backend == "python"


def test_one_modules_choice_is_not_anothers(native: None) -> None:
    from omega_slicer import rolling

    def answered() -> str:
        om.reset_counts()
        rolling.mean([1.0], 1)
        counts = om.status().modules["kernels"].counts["mean"]
        return next(kind for kind, number in counts.items() if number)

    for word in ("python", "native", "python"):
        om.set_backend("slicer", word)
        assert (series_of([0]).backend, answered()) == (word, "native")
    om.set_backend("kernels", "python")
    om.set_backend("slicer", None)
    assert (series_of([0]).backend, answered()) == ("native", "fallback")
