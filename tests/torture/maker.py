"""Make the trials of an item: ``python maker.py ITEM FIRST``; one JSON line each."""

import json
import os
import resource
import sys
import threading
from pathlib import Path

from items import ITEMS
from trials import FAILED


def cpu_s() -> float:
    """CPU time of this process and of those that it has waited for."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in spent)


def state() -> dict[str, int]:
    """What a process that forgets to give back would take more and more of."""
    if not Path("/proc/self/statm").exists():
        return {"rss": 0, "descriptors": 0, "threads": threading.active_count()}
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "rss": pages * os.sysconf("SC_PAGE_SIZE"),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "threads": len(os.listdir("/proc/self/task")),
    }


def main(name: str, first: int) -> None:
    """Make trials until killed."""
    item = ITEMS[name]
    # Whatever else writes to standard output must not come between the lines.
    lines = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    item.start()
    print("ready", file=lines, flush=True)
    number = first
    while True:
        before = cpu_s()
        try:
            outcome = item.trial(number)
        except Exception as error:
            outcome = f"{FAILED}: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
        found = {"outcome": outcome, "cpu_s": cpu_s() - before, "process": os.getpid(), **state()}
        print(json.dumps(found), file=lines, flush=True)
        number += 1


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
