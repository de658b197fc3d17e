"""Code blocks of the documentation."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "chains/README.md",
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts),
]
_BLOCK = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A block, where it is, and what it is written in."""

    page: str
    language: str
    text: str


def blocks(language: str | None = None) -> list[Block]:
    """All blocks, or those of a language."""
    found = [
        Block(str(page.relative_to(ROOT)), *match.groups())
        for page in PAGES
        for match in _BLOCK.finditer(page.read_text())
    ]
    return [block for block in found if language in (None, block.language)]


def commands() -> list[tuple[str, str]]:
    """Page and text of each command line."""
    return [
        (block.page, line)
        for block in blocks("sh")
        for line in block.text.splitlines()
        if line and not line.startswith("#")
    ]
