"""Insert-only edits of CLASS's sources, each placed by a short anchor line."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from ede_wbins.errors import InstallError


@dataclass(frozen=True)
class Hook:
    """Lines to insert next to an anchor line of one file.

    Attributes
    ----------
    file
        Path inside the CLASS source tree.
    anchor
        A line of that file, compared without the white space around it.
    insert
        The lines to insert.
    before
        Whether they go before the anchor instead of after it.
    within
        A line that stands once in the file: the anchor is then its first match below that line.
    """

    file: str
    anchor: str
    insert: str
    before: bool = False
    within: str | None = None


def read_hooks(path: Path) -> tuple[Hook, ...]:
    """Read a list of ``{file, after | before, insert, [within]}`` from a YAML file.

    Raises
    ------
    InstallError
        If an entry has other keys than these.
    """
    hooks = []
    for number, entry in enumerate(yaml.safe_load(path.read_text()) or [], start=1):
        sides = {"after", "before"} & set(entry)
        if len(sides) != 1 or set(entry) - sides - {"within"} != {"file", "insert"}:
            raise InstallError(
                f"{path}: hook {number} has the keys {sorted(entry)}; "
                "allowed are file, insert, one of after and before, and optionally within"
            )
        (side,) = sides
        hooks.append(
            Hook(entry["file"], entry[side], entry["insert"], side == "before", entry.get("within"))
        )
    return tuple(hooks)


def apply_hooks(hooks: Iterable[Hook], root: Path) -> None:
    """Insert the lines of all hooks into the source tree at ``root``.

    Every anchor is sought in the untouched file, so that no hook can match what another inserted;
    hooks that share an anchor insert in their order in the list.

    Raises
    ------
    InstallError
        If a file or an anchor is missing, or an anchor is not unique: names the file and anchor.
    """
    by_file: dict[str, list[Hook]] = {}
    for hook in hooks:
        by_file.setdefault(hook.file, []).append(hook)
    for name, group in by_file.items():
        path = root / name
        if not path.is_file():
            raise InstallError(f"{name}: a hook names this file, which CLASS's sources do not have")
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        stripped = [line.strip() for line in lines]
        inserts: dict[int, list[str]] = {}
        for hook in group:
            place = _position(hook, stripped) + (not hook.before)
            inserts.setdefault(place, []).append(hook.insert.rstrip("\n") + "\n")
        for place in sorted(inserts, reverse=True):
            lines[place:place] = inserts[place]
        path.write_text("".join(lines), encoding="utf-8")


def _position(hook: Hook, stripped: list[str]) -> int:
    """Index of the hook's anchor among the lines of its file."""
    if hook.within is None:
        return _unique(hook.file, hook.anchor, stripped)
    start = _unique(hook.file, hook.within, stripped) + 1
    try:
        return stripped.index(hook.anchor.strip(), start)
    except ValueError:
        raise InstallError(
            f"{hook.file}: anchor {hook.anchor.strip()!r} not found below {hook.within.strip()!r}"
        ) from None


def _unique(file: str, anchor: str, stripped: list[str]) -> int:
    places = [i for i, line in enumerate(stripped) if line == anchor.strip()]
    if not places:
        raise InstallError(f"{file}: anchor {anchor.strip()!r} not found")
    if len(places) > 1:
        where = ", ".join(str(i + 1) for i in places)
        raise InstallError(f"{file}: anchor {anchor.strip()!r} is not unique (lines {where})")
    return places[0]
