import io
import multiprocessing
import time
import zipfile

import numpy as np
import pytest

from ede_wbins import npz
from ede_wbins.emulator import StoreError, load, save, store

IDENTITY = {"CLASS": "3.4.1", "settings": {"N_ur": 2.0308}, "spectra": [["Cl", "tt", 2507]]}
ARRAYS = {"points": np.arange(6.0).reshape(2, 3), "spectra": np.ones((2, 4))}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "new folder" / "points.npz"
    save(path, IDENTITY, ARRAYS)
    return path


def test_what_was_saved_is_loaded(path):
    found = load(path, IDENTITY)
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "other, named",
    [
        ({**IDENTITY, "CLASS": "3.4.2"}, "CLASS"),
        ({**IDENTITY, "settings": {"N_ur": 3.044}}, "settings: N_ur = 2.0308, this run has 3.044"),
        ({"CLASS": "3.4.1"}, "settings"),
        ({**IDENTITY, "bins": [1.0]}, "bins"),
    ],
)
def test_other_physics_is_refused_with_the_reason(path, other, named):
    with pytest.raises(StoreError, match=named) as error:
        load(path, other)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_failed_write_leaves_the_old_file(path, monkeypatch):
    monkeypatch.setattr(store.np, "savez", lambda *args, **kwargs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save(path, IDENTITY, {"points": np.zeros(1)})
    np.testing.assert_array_equal(load(path, IDENTITY)["points"], ARRAYS["points"])
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_damage_anywhere_gives_our_error_or_the_right_numbers(path):
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    damaged = [whole[:n] for n in range(0, len(whole), 97)]
    for _ in range(300):
        copy = bytearray(whole)
        copy[rng.integers(len(copy))] ^= 1 << rng.integers(8)
        damaged.append(bytes(copy))
    for content in damaged:
        path.write_bytes(content)
        try:
            found = load(path, IDENTITY)
        except StoreError:
            continue
        for name, array in found.items():
            np.testing.assert_array_equal(array, ARRAYS[name])


@pytest.mark.parametrize("value", [np.array([np.nan]), np.array(["text"])])
def test_anything_but_finite_numbers_is_refused(path, value):
    save(path, IDENTITY, {"points": value})
    with pytest.raises(StoreError, match="points"):
        load(path, IDENTITY)


def test_pickles_are_never_opened(path):
    np.savez(path, identity=np.array('{"format": 1}'), points=np.array([{}], dtype=object))
    with pytest.raises(StoreError):
        load(path, {})


def test_file_that_would_fill_the_memory_is_refused_unread(path, monkeypatch):
    monkeypatch.setattr(npz, "MAX_BYTES", 1000)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("points.npy", bytes(10**6))
    path.write_bytes(content.getvalue())
    assert path.stat().st_size < 2000
    with pytest.raises(StoreError, match="1000000 bytes"):
        load(path, IDENTITY)


def test_missing_file_is_our_error(tmp_path):
    with pytest.raises(StoreError, match="absent"):
        load(tmp_path / "absent.npz", IDENTITY)


def _save_for_ever(path):
    n = 0
    while True:
        n += 1
        save(path, IDENTITY, {"points": np.full((200, 50), float(n))})


def test_killed_while_writing_leaves_a_whole_file(path):
    rng = np.random.default_rng(3)
    for _ in range(20):
        process = multiprocessing.get_context("fork").Process(target=_save_for_ever, args=(path,))
        process.start()
        time.sleep(rng.uniform(0.02, 0.1))
        process.kill()
        process.join()
        points = load(path, IDENTITY)["points"]
        assert np.all(points == points.flat[0])
