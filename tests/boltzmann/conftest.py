"""A toy that has CLASS's layout and compiles in a second, and ways to build it."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from ede_wbins.boltzmann import installer
from ede_wbins.boltzmann.build import Patch
from ede_wbins.boltzmann.hooks import Hook
from ede_wbins.boltzmann.paths import MODULE
from ede_wbins.boltzmann.sdist import Sdist, sha256

# Compiling waits as long as the file that TOY_WAIT names exists, after leaving a sign of itself.
MAKEFILE = """\
MDIR := $(shell pwd)
SOURCE = input.o
vpath %.c source
%.o: %.c
\tmkdir -p $(MDIR)/build; cd $(MDIR)/build; gcc $(OPTFLAG) -fPIC -I../include -c ../$< -o $*.o
libclass.a: wait $(SOURCE)
\tar rc $@ $(addprefix build/, $(SOURCE))
wait:
\ttouch compiling; while [ -e "$(TOY_WAIT)" ]; do sleep 0.05; done
"""
PYX = """\
cdef extern from "input.h":
    double omega()
__version__ = "v1.0"
class Class:
    def omega(self):
        return omega()
class CosmoSevereError(Exception):
    pass
class CosmoComputationError(Exception):
    pass
"""
FILES = {
    "Makefile": MAKEFILE,
    "include/input.h": 'extern "C" double omega(void);\n',
    "source/input.c": "double omega(void) {\n  double result = 0.5;\n  return result;\n}\n",
    "python/classy.pyx": PYX,
    "__init__.py": "from ._classy import *\nfrom ._classy import __version__\n",
    "external/bbn/table.dat": "1 2 3\n",
}
SELF_TEST = """\
import importlib, pathlib, sys
folder = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(folder.parent))
module = importlib.import_module(folder.name)
if sys.argv[2] and module.ede_wbins_patch != sys.argv[2]:
    sys.exit("wrong mark")
if module.Class().omega() > 1:
    sys.exit("too much matter")
"""
# The mark that `load` looks for, as our hooks put it into CLASS.
PATCH = Patch(
    (
        Hook(
            "python/classy.pyx",
            '__version__ = "v1.0"',
            'cdef extern from "ede_wbins_patch.h":\n    const char* EDE_WBINS_PATCH\n'
            "ede_wbins_patch = EDE_WBINS_PATCH.decode()",
        ),
    )
)
DRIVER = """\
import signal
import sys
from pathlib import Path
from ede_wbins.boltzmann import installer
from ede_wbins.boltzmann.build import Patch
from ede_wbins.boltzmann.hooks import Hook
from ede_wbins.boltzmann.sdist import Sdist
from ede_wbins.errors import InstallError
installer.SELF_TEST = Path({self_test!r})
# A background job inherits that SIGINT is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    installer.place(Path({target!r}), {sdist!r}, {patch!r})
except InstallError as error:
    sys.exit(f"InstallError: {{error}}")
except KeyboardInterrupt:
    sys.exit("interrupted")
"""


class Toy:
    """A packages path for the toy, whose source archive is there already."""

    patch = PATCH

    def __init__(self, folder: Path, **files: str | bytes) -> None:
        self.target = folder / "code" / MODULE
        self.workshop = self.target.with_name(f".{MODULE}")
        self.workshop.mkdir(parents=True)
        archive = self.workshop / "toy-1.0.tar.gz"
        tree = folder / "toy-1.0"
        for name, content in (FILES | files).items():
            path = tree / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(tree, tree.name)
        self.sdist = Sdist("toy", "1.0", sha256(archive))
        self.self_test = folder / "selftest.py"
        self.self_test.write_text(SELF_TEST)

    def place(self, patch: Patch = PATCH) -> Path:
        installer.place(self.target, self.sdist, patch)
        return self.target

    def start(self, patch: Patch = PATCH, **options) -> subprocess.Popen:
        """The same in a process of its own; options are those of Popen."""
        program = DRIVER.format(
            self_test=str(self.self_test), target=str(self.target), sdist=self.sdist, patch=patch
        )
        command = [sys.executable, "-c", program]
        return subprocess.Popen(command, text=True, **{"stderr": subprocess.PIPE} | options)

    def with_hook(self, *args, **options) -> Patch:
        """The patch with one hook more."""
        return Patch((*PATCH.hooks, Hook(*args, **options)))

    def leftovers(self) -> list[str]:
        """What is in the packages path beyond the archive, the lock, and a log."""
        kept = {"lock", "toy-1.0.tar.gz", "failed.log"}
        return [path.name for path in self.workshop.iterdir() if path.name not in kept]


@pytest.fixture
def make_toy(tmp_path, monkeypatch):
    """Make a toy of given files below a folder of one's choice."""

    def make(folder: Path = tmp_path / "packages", **files: str | bytes) -> Toy:
        toy = Toy(folder, **files)
        monkeypatch.setattr(installer, "SELF_TEST", toy.self_test)
        return toy

    return make


@pytest.fixture
def toy(make_toy):
    """The toy as it is."""
    return make_toy()


@pytest.fixture(scope="session")
def builds(tmp_path_factory):
    """Builds of the toy, by name: with the patch, with one hook more, and with nothing."""
    folder = tmp_path_factory.mktemp("builds")
    toy = Toy(folder / "packages")
    other = toy.with_hook("source/input.c", "double result = 0.5;", "result = 0.25;")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(installer, "SELF_TEST", toy.self_test)
        for name, patch in {"ours": toy.patch, "other": other, "stock": Patch()}.items():
            toy.place(patch).rename(folder / name)
    return folder


@pytest.fixture
def tmpfs(tmp_path):
    """Mount a file system of a few MB, where we may."""
    folder = tmp_path / "tmpfs"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder]
    if os.geteuid() or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("mounting a small file system is not allowed here")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def hide_class():
    """Take the loaded CLASS out of the interpreter's sight for one test."""
    names = (MODULE, f"{MODULE}._classy")
    hidden = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    yield
    for name in names:
        sys.modules.pop(name, None)
    sys.modules.update(hidden)
