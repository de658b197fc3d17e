"""Try for long what `make test` tries for seconds, and write down how often it went well.

    python tests/torture/torture.py [-o docs/reliability.md] [--only NAME] [--minutes N]

Each item of items.py is a number of trials, made one after another in a process of its own that is
replaced when it dies or hangs. They are kept below build/torture: a stopped call goes on where it
was. Trials of another patch of CLASS are dropped; others stay, each with the commit that it was
made at, until --anew. So do lines of the table of which no trial is kept here.
"""

import argparse
import subprocess
from pathlib import Path

from items import ITEMS, SECTIONS
from trials import FAILED, Item, Trials

from ede_wbins.boltzmann import patch_id

REPOSITORY = Path(__file__).parent.parent.parent
RECORDS = REPOSITORY / "build" / "torture" / "trials"
MOST = 4
"""Outcomes of an item that its row tells."""


def commit() -> str:
    """What is checked out, with a + where files were changed since."""
    command = ["git", "describe", "--always", "--exclude=*", "--abbrev=7", "--dirty=+"]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True).stdout.strip()


def row(item: Item, trials: Trials) -> str:
    """One line of the table."""
    records = trials.records
    if not records:
        return f"| {item.tried} | 0 | | not run | | |"
    counts = trials.counts().most_common()
    told = [f"{n} {outcome}" for outcome, n in counts[:MOST]]
    if others := sum(n for _, n in counts[MOST:]):
        told.append(f"{others} others")
    verdict = item.verdict(records)
    spent = f"{sum(record.cpu_s for record in records):.0f}" if item.has_cpu_s else ""
    planned = f"{item.cpu_s:.0f} CPU s" if item.cpu_s is not None else f"{item.trials}"
    often = f"{len(records)}" + ("" if trials.complete else f" (of {planned})")
    bad = trials.failures or verdict.startswith(FAILED)
    result = "does not hold" if bad else ("holds" if trials.complete else "holds so far")
    outcome = "; ".join([*told, *([verdict] if verdict else [])]).replace("|", "\\|")
    commits = ", ".join(dict.fromkeys(record.commit for record in records))
    return f"| {item.tried} | {often} | {spent} | {outcome} | {result} | {commits} |"


def table(all_trials: dict[str, Trials], before: str = "") -> str:
    """All sections; what has no trials here stays as on the page as it was `before`."""
    known = {line.split(" | ")[0]: line for line in before.splitlines() if line.startswith("| ")}
    lines = []
    for section, items in SECTIONS.items():
        lines += [
            f"## {section}\n",
            "| tried | trials | CPU s | outcome | | commit |",
            "|---|---|---|---|---|---|",
            *(
                row(item, trials)
                if (trials := all_trials[item.name]).records
                else known.get(f"| {item.tried}", row(item, trials))
                for item in items
            ),
            "",
        ]
    return "\n".join(lines)


def main() -> None:
    """Make trials, print the table, and write it down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--only", action="append", choices=ITEMS, help="can be repeated")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="of each item, at most")
    parser.add_argument("--anew", action="store_true", help="forget the trials of these items")
    args = parser.parse_args()
    if args.anew:
        for name in args.only or ITEMS:
            (RECORDS / f"{name}.jsonl").unlink(missing_ok=True)
    kept = {name: Trials(item, RECORDS, patch_id(), commit()) for name, item in ITEMS.items()}
    for name in args.only or ITEMS:
        kept[name].go_on(60 * args.minutes, show)
        print()
    known = args.output and args.output.exists()
    text = table(kept, args.output.read_text() if known else "")
    print(text)
    if args.output:
        head = (
            "# Reliability\n\nPrinted by `make torture` (`tests/torture`), at the commits in the "
            "last column (+: with changes). Memory is what a process holds after what it has freed "
            "went back to the system."
        )
        args.output.write_text(f"{head}\n\n{text}")


def show(progress: str) -> None:
    """The last line of what is being done."""
    print(f"\r\033[K{progress}", end="", flush=True)


if __name__ == "__main__":
    main()
