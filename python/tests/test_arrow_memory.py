"""Who keeps Arrow memory, until when: nothing is freed twice, early or never, whatever happens meanwhile."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from arrow_tables import HOW, STAMPS, Counted, prices, same, series, table

import omega_slicer as om
from helpers import FIELDS, answer_of, run_python
from omega_slicer import _arrow_ipc, _arrow_leases
from omega_slicer._arrow_c import ARRAY, SCHEMA, STREAM, ArrowArray, address_in


@pytest.fixture(params=["native", "ctypes"])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Structs of the library's, and the fallback's own."""
    if request.param == "native":
        request.getfixturevalue("native")
        return "native"
    monkeypatch.setattr(_arrow_ipc, "carrier", lambda: None)
    return "python"


class Memory:
    """An owner of a column that can be asked whether it is still there."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values
        self.__array_interface__ = values.__array_interface__


def watched(backend: str) -> tuple[om.CandleSeries, weakref.ref[Memory]]:
    owner = Memory(prices()["close"])
    made = series(backend, close=np.asarray(owner))
    assert np.shares_memory(made.close, owner.values)
    return made, weakref.ref(owner)


def gone(memory: weakref.ref[Any]) -> bool:
    gc.collect()
    return memory() is None


@pytest.mark.parametrize("column", ["timestamp", *FIELDS])
def test_a_foreign_array_is_released_once_when_its_last_view_goes(column: str, backend: str) -> None:
    batch = table().to_batches()[0]
    memory = weakref.ref(batch)
    counted = Counted(batch)
    del batch
    taken = om.CandleSeries.from_arrow(counted, **HOW, backend=backend)
    view = getattr(taken, column)[2:]
    before = view.tobytes()
    assert counted.released.count("arrow_array") == 0
    del taken
    gc.collect()
    assert counted.released.count("arrow_array") == 0
    assert view.tobytes() == before
    del view
    gc.collect()
    assert sorted(counted.released) == ["arrow_array", "arrow_schema"]
    counted.capsules = None
    gc.collect()
    assert sorted(counted.released) == ["arrow_array", "arrow_schema"]
    assert gone(memory)


def test_an_array_of_which_nothing_is_shared_is_released_at_once(backend: str) -> None:
    floats = {name: pa.array(column, pa.float32()) for name, column in prices().items()}
    stamps = pa.array(STAMPS // 1_000_000, pa.timestamp("s"))
    counted = Counted(table(timestamp=stamps, **floats).to_batches()[0])
    taken = om.CandleSeries.from_arrow(counted, **HOW, backend=backend)
    gc.collect()
    assert sorted(counted.released) == ["arrow_array", "arrow_schema"]
    assert taken.close.tolist() == prices()["close"].astype(np.float32).tolist()


def test_a_refused_array_is_released_once_too(backend: str) -> None:
    counted = Counted(table(high=pa.array([1.0, None, 3, 4, 5, 6, 7])).to_batches()[0])
    with pytest.raises(om.ConstraintViolationError, match="row 1: high is null"):
        om.CandleSeries.from_arrow(counted, **HOW, backend=backend)
    counted.capsules = None
    gc.collect()
    assert sorted(counted.released) == ["arrow_array", "arrow_schema"]


def test_capsules_are_consumed_by_the_first(backend: str) -> None:
    counted = Counted(table().to_batches()[0])
    first = om.CandleSeries.from_arrow(counted, **HOW, backend=backend)
    with pytest.raises(om.InvalidStateError, match="released"):
        om.CandleSeries.from_arrow(counted, **HOW, backend=backend)
    assert same(first, series())


def test_capsules_have_the_names_of_the_interface(backend: str) -> None:
    made = series(backend)
    schema, array = made.__arrow_c_array__()
    for capsule, name in (
        (schema, SCHEMA),
        (array, ARRAY),
        (made.__arrow_c_stream__(), STREAM),
        (made.__arrow_c_schema__(), SCHEMA),
    ):
        assert f'"{name.decode()}"' in repr(capsule)
        with pytest.raises(om.TypeMismatchError, match="capsule"):
            address_in(capsule, b"dltensor")


def test_what_nobody_consumed_is_released_with_its_capsule(backend: str) -> None:
    for ask in ("__arrow_c_array__", "__arrow_c_stream__"):
        made, memory = watched(backend)
        capsule = getattr(made[1:], ask)()
        del made
        assert not gone(memory)
        del capsule
        assert gone(memory), ask
    assert _arrow_leases.settle() == 0


def test_what_was_consumed_is_the_consumers(backend: str) -> None:
    made, memory = watched(backend)
    taken = pa.table(made)
    closes = taken["close"].to_pylist()
    del made
    assert not gone(memory)
    assert _arrow_leases.settle() == 0
    column = taken["close"]
    del taken
    assert not gone(memory)
    assert column.to_pylist() == closes
    del column
    assert gone(memory)


def test_a_child_moved_out_outlives_its_array(backend: str) -> None:
    import ctypes

    from omega_slicer._arrow_c import take

    made, memory = watched(backend)
    _, capsule = made.__arrow_c_array__()
    array = take(ArrowArray, address_in(capsule, ARRAY))
    pointers = (ctypes.c_void_p * array.n_children).from_address(array.children)
    child = take(ArrowArray, pointers[4])
    from omega_slicer._arrow_c import release

    release(array)
    del made, capsule
    assert not gone(memory)
    (_, values) = (ctypes.c_void_p * 2).from_address(child.buffers)
    assert (ctypes.c_double * 7).from_address(values)[:] == prices()["close"].tolist()
    release(child)
    assert gone(memory)


def test_held_capsules_stay_good_however_many_follow(backend: str) -> None:
    made = series(backend)
    held = [made[i % 5 :].__arrow_c_array__() for i in range(300)]
    for _ in range(300):
        made.__arrow_c_stream__()
    for i, (schema, array) in enumerate(held):
        assert len(pa.RecordBatch._import_from_c_capsule(schema, array)) == 7 - i % 5
    del held, schema, array
    assert _arrow_leases.settle() == 0


def test_threads_may_export_import_and_drop_at_once(backend: str) -> None:
    made, errors = series(backend), list[BaseException]()

    def work(seed: int) -> None:
        try:
            for i in range(150):
                start = (seed + i) % 7
                back = om.CandleSeries.from_arrow(made[start:], **HOW, backend=backend)
                assert same(back, made[start:])
                made.__arrow_c_stream__()
        except BaseException as error:  # told to the main thread
            errors.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    gc.collect()
    assert _arrow_leases.settle() == 0


def test_a_producer_that_fails_is_heard(backend: str) -> None:
    def batches() -> Any:
        yield table().to_batches()[0]
        raise OSError("the disk is on fire")

    reader = pa.RecordBatchReader.from_batches(table().schema, batches())
    with pytest.raises(om.InputOutputError, match="the disk is on fire"):
        om.CandleSeries.from_arrow(reader, **HOW, backend=backend)


def test_what_is_no_table_is_refused(backend: str) -> None:
    class Liar:
        def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
            return "no capsule"

    class Half:
        def __arrow_c_array__(self, requested_schema: Any = None) -> Any:
            return (1, 2, 3)

    for wrong in (None, 1, "text", [1, 2], {"open": [1.0]}, np.arange(3), pa.Table, Liar(), Half()):
        with pytest.raises(om.TypeMismatchError):
            om.CandleSeries.from_arrow(wrong, **HOW, backend=backend)
    for column in (pa.array([1.0]), pa.array(["a"]), pa.array(["a"]).dictionary_encode()):
        with pytest.raises(om.SchemaViolationError, match="not a struct of columns"):
            om.CandleSeries.from_arrow(column, **HOW, backend=backend)


_CHILD = """
import gc, os, sys
import numpy as np, omega_slicer as om, pyarrow as pa
from omega_slicer import _arrow_ipc
carrier = sys.argv[1:]
column = np.arange(5.0) + 1
def make():
    return om.CandleSeries.from_columns(np.arange(5) * 60_000_000, column, column, column, column,
        symbol='X', timeframe='M1', price_type='bid', backend=BACKEND)
def fail(*things): raise KeyError('what was raised')
def raised(act):
    try: act()
    except KeyError as error: return error.args[0]
    except AttributeError as error: return 'attribute'
    except ZeroDivisionError: return 'division'
"""


@pytest.mark.parametrize("word", ["native", "python"])
def test_an_exception_on_its_way_survives_a_release(word: str, native: None) -> None:
    code = """
series = make()
found = []
for i in range(50):
    found += [raised(lambda: fail(series.__arrow_c_stream__(), *series.__arrow_c_array__(), 1 / 0)),
              raised(lambda: pa.table(series).nothing_of_the_kind), raised(lambda: (pa.table(make()), 1 / 0)),
              raised(lambda: (make().__arrow_c_array__(), {}['what was raised']))]
print(found == ['division', 'attribute', 'division', 'what was raised'] * 50)
"""
    assert answer_of(run_python(_CHILD.replace("BACKEND", repr(word)) + code)) == "True"


@pytest.mark.parametrize("carried", [True, False])
@pytest.mark.parametrize("word", ["native", "python"])
def test_the_end_of_the_process_is_quiet_whatever_is_still_held(
    word: str, carried: bool, native: None
) -> None:
    code = f"""
if not {carried}:
    _arrow_ipc.carrier = lambda: None
series = make()
held = [series.__arrow_c_stream__(), series.__arrow_c_array__(), pa.table(series),
        pa.RecordBatchReader.from_stream(series),
        om.CandleSeries.from_arrow(pa.table(series), backend={word!r})]
import builtins
builtins.held = held  # outlives every module
class Late:
    def __del__(self, held=held):
        held[2].num_rows
late = Late()
late.itself = late
print(om.CandleSeries.from_arrow(held[2]).close.tolist())
"""
    done = run_python(_CHILD.replace("BACKEND", repr(word)) + code)
    assert answer_of(done) == "[1.0, 2.0, 3.0, 4.0, 5.0]"
    assert done.stderr == ""


@pytest.mark.parametrize("word", ["native", "python"])
def test_a_fork_releases_nothing_of_its_parents(word: str, native: None) -> None:
    code = f"""
source = pa.table({{'timestamp': pa.array(np.arange(5) * 60_000_000, pa.timestamp('us')),
                   **{{name: column for name in ('open', 'high', 'low', 'close')}}}})
series = make()
taken = om.CandleSeries.from_arrow(source, timeframe='M1', price_type='bid', backend={word!r})
held, closes = series.__arrow_c_array__(), taken.close
child = os.fork()
if child == 0:
    fine = pa.table(series)['close'].to_pylist() == closes.tolist() == [1, 2, 3, 4, 5]
    del series, taken, held, closes
    gc.collect()
    os._exit(0 if fine else 1)
assert os.waitpid(child, 0)[1] == 0
print(closes.tolist(), len(pa.RecordBatch._import_from_c_capsule(*held)))
"""
    done = run_python(
        "import warnings; warnings.simplefilter('ignore')\n" + _CHILD.replace("BACKEND", repr(word)) + code
    )
    assert answer_of(done) == "[1.0, 2.0, 3.0, 4.0, 5.0] 5"
