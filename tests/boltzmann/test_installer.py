import contextlib
import json
import os
import re
import resource
import shutil
import signal
import time
from pathlib import Path

import pytest

from ede_wbins.boltzmann import installer
from ede_wbins.boltzmann.build import Patch
from ede_wbins.boltzmann.record import intact
from ede_wbins.errors import InstallError

BODY = "double result = 0.5;"
# A few lines of source that compile to 8 MB.
BIG = '__asm__(".data\\n.rept 1000000\\n.quad 0x0123456789abcdef\\n.endr\\n");\n'


def marker(toy, patch=None):
    return (patch or toy.patch).identify(toy.sdist.sha256)


def snapshot(folder):
    return {path: path.stat().st_mtime_ns for path in [folder, *folder.rglob("*")]}


def wait_for(condition, what):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"no {what}"
        time.sleep(0.02)


@pytest.fixture
def old(toy, builds):
    """A build with another patch, in the toy's place."""
    return shutil.copytree(builds / "other", toy.target)


@pytest.fixture
def waiting(toy, tmp_path, monkeypatch):
    """A process that has come as far as compiling, and the file whose removal lets it go on."""
    hold = tmp_path / "hold"
    hold.touch()
    monkeypatch.setenv("TOY_WAIT", str(hold))
    process = toy.start()
    wait_for(lambda: list(toy.workshop.glob("build-*/toy-1.0/compiling")), "compilation")
    with process:
        yield process, hold
        hold.unlink(missing_ok=True)
        process.kill()


def test_places_a_package_and_nothing_else(toy, capsys):
    package = toy.place()
    steps = [line.split("]")[0] for line in capsys.readouterr().err.splitlines()]
    assert steps == ["[1/5", "[2/5", "[3/5", "[4/5", "[5/5"]
    assert intact(package, marker(toy))
    assert (package / "external/bbn/table.dat").read_text() == "1 2 3\n"
    record = json.loads((package / "build.json").read_text())
    assert record["patch"] == marker(toy)
    assert record["source"] == "toy-1.0.tar.gz"
    assert "-O3" in record["flags"]
    assert toy.leftovers() == []


def test_a_second_call_touches_nothing(toy):
    toy.place()
    before = snapshot(toy.target.parent)
    toy.place()
    assert snapshot(toy.target.parent) == before


def test_neither_white_space_nor_a_make_that_called_us_gets_in(make_toy, tmp_path, monkeypatch):
    monkeypatch.setenv("MAKEFLAGS", "n")
    monkeypatch.setenv("MAKELEVEL", "1")
    toy = make_toy(tmp_path / "my packages")
    assert intact(toy.place(), marker(toy))


def test_another_patch_replaces_the_build(toy, old):
    assert not intact(old, marker(toy))
    assert intact(toy.place(), marker(toy))
    assert toy.leftovers() == []


def test_our_own_sources_are_compiled_in(toy, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    (own / "ours.c").write_text('#include "ours.h"\ndouble ours(void) { return OURS; }\n')
    (own / "ours.h").write_text("#define OURS 0.125\n")
    (own / "hooks.yaml").write_text(
        "- {file: Makefile, after: SOURCE = input.o, insert: SOURCE += $(EDE_WBINS)}\n"
        "- {file: source/input.c, before: 'double omega(void) {', insert: double ours(void);}\n"
        f"- {{file: source/input.c, after: '{BODY}', insert: '  result = ours() * 16;'}}\n"
    )
    patch = Patch.read(own)
    with pytest.raises(InstallError, match="self-test: too much matter"):
        toy.place(Patch((*toy.patch.hooks, *patch.hooks), patch.sources))


def test_a_change_of_hooks_or_sources_changes_the_mark(toy, tmp_path):
    source = tmp_path / "ours.c"
    marks = {marker(toy), marker(toy, Patch())}
    for text in ("int a;", "int b;"):
        source.write_text(text)
        marks.add(Patch(toy.patch.hooks, (source,)).identify(toy.sdist.sha256))
    assert len(marks) == 4


def test_a_damaged_build_is_made_again(toy):
    toy.place()
    (extension,) = toy.target.glob("_classy*")
    extension.write_bytes(extension.read_bytes()[:-1])
    (toy.target / "external/bbn/table.dat").unlink()
    assert not intact(toy.target, marker(toy))
    toy.place()
    assert intact(toy.target, marker(toy))


@pytest.mark.parametrize(
    ("name", "value"), [("python", ".cpython-39.so"), ("numpy", "1"), ("processor", ["avx9"])]
)
def test_a_build_for_another_machine_is_not_taken_for_ours(builds, tmp_path, name, value):
    package = shutil.copytree(builds / "ours", tmp_path / "package")
    path = package / "build.json"
    record = json.loads(path.read_text())
    assert intact(package, record["patch"])
    path.write_text(json.dumps(record | {name: value}))
    assert not intact(package, record["patch"])


def test_a_rename_that_fails_puts_the_old_build_back(tmp_path):
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(FileNotFoundError):
        installer._swap(tmp_path / "gone", target, tmp_path / "old")
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


def test_a_folder_that_is_not_ours_is_left_alone(toy):
    toy.target.mkdir()
    (toy.target / "mine.txt").touch()
    with pytest.raises(InstallError, match="is in the way"):
        toy.place()
    assert (toy.target / "mine.txt").exists()


def test_no_compiler(toy, tmp_path, monkeypatch):
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "make").symlink_to(shutil.which("make"))
    monkeypatch.setenv("PATH", str(tools))
    with pytest.raises(InstallError, match=r"^gcc, g\+\+ not found in PATH"):
        toy.place()


def test_a_compiler_without_march_native(toy, tmp_path, monkeypatch):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("gcc", "g++"):
        wrapper = tools / name
        wrapper.write_text(
            f'#!/bin/sh\ncase "$*" in *-march=*) exit 1;; esac\nexec {shutil.which(name)} "$@"\n'
        )
        wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", str(tools), prepend=os.pathsep)
    record = json.loads((toy.place() / "build.json").read_text())
    assert record["flags"] == ["-O3"]
    assert record["processor"] == []


@pytest.mark.parametrize(
    ("hook", "message"),
    [
        (("source/input.c", "nowhere();", ""), r"source/input\.c: anchor 'nowhere\(\);' not found"),
        (("source/input.c", BODY, "oops"), r"compiling CLASS failed: .*input\.c:\d+:.* error: "),
        (("python/classy.pyx", "class Class:", "oops("), r"compiling CLASS failed: .*\("),
        (("source/input.c", BODY, "result = 2;"), "failed its self-test: too much matter$"),
    ],
)
def test_a_build_that_fails_leaves_the_old_one(toy, old, hook, message):
    before = snapshot(old)
    with pytest.raises(InstallError, match=message) as caught:
        toy.place(toy.with_hook(*hook))
    assert "\n" not in str(caught.value)
    assert snapshot(old) == before
    assert toy.leftovers() == []


def test_the_log_of_a_failed_compiler_is_kept_until_the_next_build(toy):
    with pytest.raises(InstallError) as caught:
        toy.place(toy.with_hook("source/input.c", BODY, "oops"))
    log = toy.workshop / "failed.log"
    assert str(log) in str(caught.value)
    assert "oops" in log.read_text()
    toy.place()
    assert not log.exists()


def test_a_build_that_crashes_python_is_refused(toy):
    toy.self_test.write_text("import os\nos.abort()\n")
    with pytest.raises(InstallError, match=r"self-test: exit status -6"):
        toy.place()
    assert not toy.target.exists()


@pytest.mark.parametrize(
    "files",
    [{"external/bbn/big.dat": os.urandom(2_000_000)}, {"source/input.c": BIG}],
    ids=["our own writing", "the compiler's"],
)
def test_a_limit_on_file_size(make_toy, files):
    toy = make_toy(**files)
    process = toy.start(
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
    )
    error = process.communicate()[1].splitlines()[-1]
    assert process.returncode == 1
    assert error.startswith("InstallError: ")
    assert f"no space left on the disk of {toy.target.parent}" in error
    assert toy.leftovers() == []


@pytest.mark.parametrize(
    "files",
    [{"external/bbn/big.dat": b"0" * 8_000_000}, {"source/input.c": BIG}],
    ids=["our own writing", "the compiler's"],
)
def test_a_full_disk(make_toy, tmpfs, tmp_path, files):
    toy = make_toy(**files)
    shutil.copytree(toy.workshop, tmpfs / "code" / toy.workshop.name)
    target = tmpfs / "code" / toy.target.name
    with pytest.raises(InstallError, match=f"no space left on the disk of {target.parent}"):
        installer.place(target, toy.sdist, toy.patch)
    left = {path.name for path in tmpfs.rglob("*")}
    assert left == {"code", toy.workshop.name, "lock", toy.sdist.filename}


def test_a_folder_that_cannot_be_written():
    if not Path("/sys").is_dir():
        pytest.skip("needs a folder that not even root can write, such as /sys")
    with pytest.raises(InstallError, match=r"^/sys/code cannot be written: "):
        installer.install("/sys")


def test_a_packages_path_that_is_a_file(tmp_path):
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(InstallError, match=f"could not install in {path}/code: .*Not a directory"):
        installer.install(path)


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (signal.SIGTERM, "InstallError: the installation was stopped by SIGTERM"),
        (signal.SIGINT, "interrupted"),
    ],
)
def test_an_interrupted_build_cleans_up(toy, waiting, number, message):
    process, hold = waiting
    process.send_signal(number)
    assert process.communicate(timeout=10)[1].splitlines()[-1].startswith(message)
    assert hold.exists()  # so make has not ended of itself
    assert toy.leftovers() == []
    assert not toy.target.exists()


def test_the_next_install_cleans_up_after_kill_9(toy, waiting, monkeypatch):
    process, _ = waiting
    process.kill()
    process.wait()
    assert len(toy.leftovers()) == 1
    assert not intact(toy.target, marker(toy))
    monkeypatch.delenv("TOY_WAIT")
    toy.place()
    assert intact(toy.target, marker(toy))
    assert toy.leftovers() == []


def test_a_second_process_waits_for_the_first(toy, waiting):
    first, hold = waiting
    second = toy.start()
    assert second.stderr.readline() == f"Waiting for another installation in {toy.target.parent}\n"
    hold.unlink()
    assert first.wait(timeout=60) == 0
    assert second.communicate(timeout=60)[1] == ""
    assert second.returncode == 0


def test_processes_that_start_together_build_once(toy):
    processes = [toy.start() for _ in range(4)]
    errors = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    assert sum("[3/5]" in error for error in errors) == 1
    assert intact(toy.target, marker(toy))


def test_a_live_line_on_a_terminal(toy):
    ours, theirs = os.openpty()
    process = toy.start(stderr=theirs)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # how a terminal says that the other side has closed
        while data := os.read(ours, 4096):
            shown += data
    os.close(ours)
    assert process.wait() == 0
    assert b"\r\033[K[3/5] Compiling CLASS (1 files, gcc -O3" in shown
    assert re.search(rb": file [01] of 1, \d+ s", shown)
