import json
import shutil
import sys
import types

import pytest

from ede_wbins.boltzmann import load, loader
from ede_wbins.boltzmann.paths import MODULE, build_folder
from ede_wbins.errors import NotInstalledError

pytestmark = pytest.mark.usefixtures("hide_class")


def mark(build):
    return json.loads((build / "build.json").read_text())["patch"]


@pytest.fixture
def put(builds, tmp_path, monkeypatch):
    """Put one of the builds into the packages path; the one called ours is asked for."""
    monkeypatch.setattr(loader, "patch_id", lambda: mark(builds / "ours"))
    return lambda name: shutil.copytree(builds / name, build_folder(tmp_path))


def extension(folder):
    (path,) = folder.glob("_classy*")
    return path


def refusal(path):
    with pytest.raises(NotInstalledError) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert MODULE not in sys.modules
    assert f"{MODULE}._classy" not in sys.modules
    return str(caught.value)


def test_loads_from_a_packages_path_and_from_the_folder_itself(put, tmp_path):
    folder = put("ours")
    module = load(tmp_path)
    assert module.Class().omega() == 0.5
    assert module.ede_wbins_patch == mark(folder)
    assert load(folder) is module


def test_loads_from_the_configured_packages_path(put, tmp_path, monkeypatch):
    monkeypatch.setenv("COBAYA_PACKAGES_PATH", str(tmp_path))
    folder = put("ours")
    assert load().__file__ == str(folder / "__init__.py")


def test_loads_where_it_was_moved(put, tmp_path):
    moved = put("ours").rename(tmp_path / "elsewhere")
    assert load(moved).Class().omega() == 0.5


def test_leaves_a_stock_classy_alone(put, monkeypatch):
    stock = types.ModuleType("classy")
    monkeypatch.setitem(sys.modules, "classy", stock)
    assert load(put("ours")) is not stock
    assert sys.modules["classy"] is stock


def test_an_empty_packages_path(tmp_path):
    assert refusal(tmp_path) == (
        f"no patched CLASS in {tmp_path}; run `ede-wbins install -p {tmp_path}`"
    )


def test_no_packages_path(monkeypatch):
    monkeypatch.setattr(loader, "default_packages_path", lambda: None)
    assert refusal(None).startswith("no packages path: set COBAYA_PACKAGES_PATH")


def test_refuses_an_unpatched_class(put, builds, tmp_path):
    folder = put("stock")
    assert refusal(folder) == (
        f"found an unpatched CLASS v1.0 in {extension(folder)}, "
        f"where patch {mark(builds / 'ours')} is needed; run `ede-wbins install -p {tmp_path}`"
    )


def test_refuses_another_patch(put):
    folder = put("other")
    assert refusal(folder).startswith(f"found patch {mark(folder)} in {extension(folder)}, where")


def test_reads_the_mark_from_the_extension_not_from_files_beside_it(put, builds):
    folder = put("stock")
    shutil.copy(builds / "ours" / "build.json", folder)
    with (folder / "__init__.py").open("a") as file:
        file.write(f"ede_wbins_patch = {mark(folder)!r}\n")
    assert "unpatched" in refusal(folder)


def test_loads_the_right_one_after_it_refused_a_wrong_one(put, builds):
    refusal(put("stock"))
    assert load(builds / "ours").ede_wbins_patch == mark(builds / "ours")


def test_refuses_when_another_patch_is_loaded(put, monkeypatch):
    folder = put("ours")
    load(folder)
    monkeypatch.setattr(loader, "patch_id", lambda: "0" * 12)
    with pytest.raises(NotInstalledError, match=r"^found patch .* where patch 000000000000 is"):
        load(folder)


def test_an_extension_that_cannot_be_imported(put):
    folder = put("ours")
    extension(folder).write_bytes(b"")
    assert refusal(folder).startswith(f"the CLASS in {folder} cannot be imported (")


def test_a_build_for_another_processor(put):
    folder = put("ours")
    record = json.loads((folder / "build.json").read_text())
    (folder / "build.json").write_text(json.dumps(record | {"processor": ["avx9"]}))
    assert (
        f"the CLASS in {folder} cannot run here: it was compiled for a processor with avx9"
        in refusal(folder)
    )
