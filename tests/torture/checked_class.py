"""CLASS and our C files, watched by sanitizers, by valgrind, and with memory that runs out.

`c/whole_run.c` does all that the package asks of CLASS. What is found counts if the first source
file in its stack is one of ours, or if a value is read that nobody set: CLASS reads what we leave.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from trials import FAILED, Item

from ede_wbins.boltzmann.command import run
from ede_wbins.boltzmann.compile import compile_library
from ede_wbins.boltzmann.installer import our_patch, patch_id
from ede_wbins.boltzmann.progress import Progress
from ede_wbins.boltzmann.sdist import CLASSY, fetch, unpack
from ede_wbins.theory.options import precision_settings

HERE = Path(__file__).parent
BUILDS = HERE.parent.parent / "build" / "torture"
SANITIZED = ("-O1", "-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined")
PLAIN = ("-O1", "-g")

SMALL = {
    **{"omega_b": 0.0224, "omega_cdm": 0.12, "ln_A_s_1e10": 3.05, "n_s": 0.96},
    **{"tau_reio": 0.055, "N_ncdm": 1, "m_ncdm": 0.06, "N_ur": 2.0308},
    **{"output": "tCl,pCl,lCl,mPk", "lensing": "yes", "l_max_scalars": 100},
    **{"P_k_max_1/Mpc": 0.1, "z_max_pk": 2.0, "nonlinear_to_z_max_pk": "yes"},
    # CLASS reads beyond an array of its own where so few multipoles meet this scheme.
    "want_lcmb_full_limber": "no",
}
EDE = {"fEDE": 0.1, "log10z_c": 3.55, "thetai_ede": 2.8}
W10 = {
    **{"Omega_Lambda": 0, "fluid_equation_of_state": "wbins"},
    **{"wbins_z": "0.3,0.6,0.9,1.2,1.5,1.8,2.1,2.4,2.7,3.0"},
    **{"wbins_w": "-0.9,-1.2,-0.8,-1.1,-1.3,-0.7,-0.9,-1.1,-1.0,-1.5"},
}
HMCODE = {"non_linear": "hmcode", "hmcode_version": "2020"}
CASES = {
    f"{model}, {gauge}, {name}": EDE | W10 | {"ede_model": model, "gauge": gauge} | more
    for model in ("fluid", "scalar")
    for gauge in ("synchronous", "newtonian")
    for name, more in {
        "halofit": {"non_linear": "halofit", "H0": 67.5},
        "hmcode, theta_s": HMCODE | {"theta_s_100": 1.0418},
    }.items()
}
CASES["fluid, hmcode that begins after the last edge"] = (
    EDE
    | W10
    | HMCODE
    | {"ede_model": "fluid", "gauge": "synchronous", "z_max_pk": 3.0, "nonlinear_to_z_max_pk": "no"}
    | {"ln_A_s_1e10": 2.0, "hmcode_min_k_max": 0.7}
)
"""EDE + 10 bins in both models, both gauges, with either nonlinear power; and one that cannot be
computed at early times, at which none is asked for."""


def build(name: str, flags: tuple[str, ...]) -> Path:
    """The program, compiled with these flags once for each patch."""
    folder = BUILDS / f"{name}-{patch_id()}"
    program = folder / "whole_run"
    if program.exists():
        return program
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    patch = our_patch()
    source = unpack(fetch(CLASSY, BUILDS, folder), folder)
    patch.apply(source, patch_id())
    compile_library(source, patch.objects, flags, folder / "log", Progress(total=1))
    objects = source / "build"
    renamed = [f"--redefine-sym={name}=failing_{name}" for name in ("malloc", "calloc", "realloc")]
    for ours in patch.objects:
        _do(["objcopy", *renamed, objects / ours], folder)
    includes = [f"-I{path}" for path in {header.parent for header in source.rglob("*.h")}]
    g = ["g++", "-std=c++11", "-fpermissive", "-w", "-pthread", *flags]
    _do([*g, *includes, "-x", "c++", "-c", HERE / "c" / "whole_run.c", "-o", "whole_run.o"], folder)
    _do(["gcc", *flags, "-c", HERE / "c" / "failing_memory.c", "-o", "failing_memory.o"], folder)
    inputs = ["whole_run.o", "failing_memory.o", *sorted(objects.glob("*.o*"))]
    _do([*g, *inputs, "-lm", "-o", "linked"], folder)
    os.replace(folder / "linked", program)
    return program


def _do(command: list, folder: Path) -> None:
    code, lines = run(command, folder)
    if code:
        raise RuntimeError("\n".join(lines[-20:]))


def compute(program: Path, case: dict, before: tuple = (), limit_s: float = 900, **environment):
    """What the program printed and its exit status, at one of `CASES`."""
    # CLASS finds its tables of the BBN, compiled in as a relative path, below its own sources.
    source = next(program.parent.glob("classy-*"))
    ini = program.parent / f"{os.getpid()}.ini"
    inputs = SMALL | precision_settings("default") | case
    ini.write_text("".join(f"{name} = {value}\n" for name, value in inputs.items()))
    done = subprocess.run(
        [*before, program, ini],
        cwd=source,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=limit_s,
    )
    ini.unlink()
    return done.stdout + done.stderr, done.returncode


def findings(text: str) -> list[tuple[str, str]]:
    """What sanitizers or valgrind found: source file, and what."""
    # The undefined behaviour sanitizer: FILE:LINE:COLUMN: runtime error: ...
    found = [
        (Path(path).name, what)
        for path, what in re.findall(r"^(\S+?):\d+:\d+: runtime error: (.*)$", text, re.MULTILINE)
    ]
    # Others: a title, then a stack; a line without words ends it.
    for block in re.split(r"^(?:==\d+==)?\s*$", text, flags=re.MULTILINE):
        frames = re.search(r"(?:#\d+|\bat|\bby) .*?([\w.]+\.(?:c|h)):\d+", block)
        valgrind = r"==\d+== +(?!Thread )\w.*"
        title = re.search(rf"ERROR: AddressSanitizer: .*|\w+ leak of .*|{valgrind}", block)
        if frames and title:
            found.append((frames[1], title[0]))
    return found


def judge(text: str, code: int) -> str:
    """The outcome of a trial from what was printed."""
    ours = {path.name for path in our_patch().sources}
    found = findings(text)
    for file, what in found:
        if file in ours or "uninitialised value" in what:
            return f"{FAILED}: {file}: {what}"[:200]
    others = ", ".join(sorted({file for file, _ in found}))
    clean = f"nothing in our files (in CLASS's: {others})" if others else "nothing found"
    if re.search(r"^computed$", text, re.MULTILINE):
        return f"computed, {clean}"
    if re.search(r"^error: ", text, re.MULTILINE):
        return f"one of CLASS's errors, {clean}"
    return f"{FAILED}: exit status {code}: {' '.join(text.split())[-160:]}"


class Sanitized(Item):
    """Every case under the address and undefined behaviour sanitizers, leaks included."""

    name = "sanitizers"
    tried = (
        "our C under ASan and UBSan, leaks included: fluid, scalar; both gauges; Halofit, HMcode"
    )
    trials = len(CASES)
    limit_s = 1800

    def start(self) -> None:
        """Compile."""
        self.program = build("sanitized", SANITIZED)

    def trial(self, number: int) -> str:
        """One case."""
        return judge(*compute(self.program, list(CASES.values())[number]))


class Valgrind(Item):
    """Every case under valgrind."""

    name = "valgrind"
    tried = "our C under valgrind: the same cases"
    trials = len(CASES)
    limit_s = 3600

    def start(self) -> None:
        """Compile."""
        self.program = build("plain", PLAIN)

    def trial(self, number: int) -> str:
        """One case."""
        if shutil.which("valgrind") is None:
            return "skipped: no valgrind here"
        watched = ("valgrind", "--leak-check=full", "--error-limit=no", "--num-callers=20")
        return judge(*compute(self.program, list(CASES.values())[number], watched, 3600))


class FailingMemory(Item):
    """Each of our own allocations fails, one a run, watched by the sanitizers."""

    name = "failing_memory"
    tried = "allocations of our C that fail, one a run, under ASan and UBSan: fluid, scalar"
    limit_s = 600
    cases = ("fluid, synchronous, hmcode, theta_s", "scalar, synchronous, halofit")
    each = 15
    """Allocations of each case, spread evenly over all of its allocations."""
    trials = each * len(cases)

    def start(self) -> None:
        """Compile, and count the allocations."""
        self.program = build("sanitized", SANITIZED)
        self.allocations = []
        for name in self.cases:
            text, code = compute(self.program, CASES[name])
            if not judge(text, code).startswith("computed"):
                raise RuntimeError(judge(text, code))
            self.allocations.append(int(re.search(r"allocations: (\d+)", text)[1]))

    def trial(self, number: int) -> str:
        """One allocation of one case."""
        which, step = number % len(self.cases), number // len(self.cases)
        of = self.allocations[which]
        fail_at = 1 + step * max(of - 1, 1) // max(self.each - 1, 1)
        text, code = compute(self.program, CASES[self.cases[which]], FAIL_AT=str(fail_at))
        return judge(text, code)
