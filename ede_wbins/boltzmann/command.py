"""Run a program to its end, whatever happens to us meanwhile."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

# Inherited from a `make` that called us, these would reach into CLASS's own make.
_NOT_INHERITED = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES"}


def run(
    command: Sequence[str | Path],
    cwd: Path,
    tick: Callable[[list[str]], None] = lambda lines: None,
    **variables: str,
) -> tuple[int, list[str]]:
    """Run a command and collect its output.

    The output is kept in memory, since on a full disk it is what tells the reason. Temporary files
    go to ``cwd``, so that they are cleaned away with it.

    Parameters
    ----------
    command
        Program and arguments.
    cwd
        Folder to run it in.
    tick
        Called twice a second with the lines so far.
    **variables
        Environment variables to set.

    Returns
    -------
    code
        Exit status; negative where a signal ended it.
    lines
        Standard output and standard error, line by line.
    """
    inherited = {key: value for key, value in os.environ.items() if key not in _NOT_INHERITED}
    lines: list[str] = []
    # In a process group of its own, so that its children end with it.
    with subprocess.Popen(
        command,
        cwd=cwd,
        env=inherited | {"LC_ALL": "C", "TMPDIR": str(cwd)} | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        process_group=0,
    ) as process:
        reader = threading.Thread(target=_collect, args=(process.stdout, lines), daemon=True)
        reader.start()
        try:
            while process.poll() is None:
                tick(lines)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(0.5)
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            reader.join()
    return process.returncode, lines


def _collect(stream, lines: list[str]) -> None:
    for line in stream:
        lines.append(line.rstrip("\n"))
