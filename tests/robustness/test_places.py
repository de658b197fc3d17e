"""Runs on other machines, disks and clocks, or with another patch, go on to the same posterior."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from cobaya.yaml import yaml_dump, yaml_load
from runs import HERE, RUN, chains, finish, wait_for, whole_lines

pytestmark = pytest.mark.slow


def test_full_disk(run, tmp_path, stopped):
    """The chain hits the end of a small file system, is given room, and goes on."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(small)]
    if not shutil.which("mount") or subprocess.run(mounted, capture_output=True).returncode:
        pytest.skip("mounting a small file system takes root")
    try:
        for path in tmp_path.glob("run.*"):
            shutil.copy(path, small)
        left = shutil.disk_usage(small).free - 60_000
        (small / "ballast").write_bytes(b"0" * left)
        text = (RUN % HERE).replace("output: run", "output: small/run")
        (tmp_path / "run.yaml").write_text(text.replace("stop: 0.002", "stop: 0"))
        assert run(resume=True).wait(120) != 0
        log = (tmp_path / "log").read_text()
        assert "No space left on device" in log
        full = chains(small)
        subprocess.run(["mount", "-o", "remount,size=64m", str(small)], check=True)
        for name, content in full.items():
            assert content.startswith(whole_lines(stopped[name]))
        (tmp_path / "run.yaml").write_text(text)
        finish(run, run(resume=True), full, tmp_path, output=small)
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_newer_patch_is_refused_unless_allowed(run, tmp_path, stopped):
    updated = tmp_path / "run.updated.yaml"
    info = yaml_load(updated.read_text())
    version = info["theory"]["quick.Quick"]["version"]
    info["theory"]["quick.Quick"]["version"] = re.sub("[0-9a-f]{12}$", "0" * 12, version)
    updated.write_text(yaml_dump(info))
    assert run(resume=True).wait(60) != 0
    log = (tmp_path / "log").read_text()
    assert f"this is CLASS {version}: their numbers may differ" in log
    assert "Traceback" not in log
    assert chains(tmp_path) == stopped
    finish(run, run(resume=True, allow=("--allow-changes",)), stopped, tmp_path)


def test_on_a_machine_with_other_paths(run, tmp_path, stopped, classy):
    elsewhere = tmp_path / "another machine"
    elsewhere.mkdir()
    for path in tmp_path.glob("run*"):
        shutil.move(path, elsewhere)
    packages = tmp_path / "other packages"
    build = Path(classy.__file__).parent
    shutil.copytree(build, packages / "code" / build.name)
    process = run(resume=True, folder=elsewhere, COBAYA_PACKAGES_PATH=str(packages))
    finish(run, process, stopped, elsewhere)
    assert f"from {packages}" in (elsewhere / "log").read_text()


def test_packages_that_nobody_can_write(run, tmp_path, stopped, classy):
    shared = tmp_path / "shared"
    shared.mkdir()
    if subprocess.run(["mount", "--bind", packages_of(classy), shared]).returncode:
        pytest.skip("mounting takes root")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", shared], check=True)
        with pytest.raises(OSError, match="Read-only"):
            (shared / "new").touch()
        finish(run, run(resume=True, COBAYA_PACKAGES_PATH=str(shared)), stopped, tmp_path)
    finally:
        subprocess.run(["umount", shared], check=True)


def packages_of(classy) -> str:
    return classy.__file__.split("/code/")[0]


def test_clock_that_jumps(run, tmp_path):
    """A day ahead, then a day back, as a machine's clock that is set while a run goes on."""
    library, jump = tmp_path / "clock.so", tmp_path / "jump"
    subprocess.run(["gcc", "-shared", "-fPIC", HERE / "clock.c", "-o", library], check=True)
    process = run(LD_PRELOAD=str(library), CLOCK_JUMP=str(jump))
    for seconds in ("86400", "-86400"):
        wait_for(tmp_path, 60)
        jump.write_text(seconds)
    wait_for(tmp_path, 60)
    finish(run, process, chains(tmp_path), tmp_path)
    # The log's last line has the shifted date: the jump was seen.
    assert "jumped" in (tmp_path / "log").read_text()
