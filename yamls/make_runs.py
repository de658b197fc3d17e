"""Write the runs of the grids as one file each, below yamls/paper and yamls/2026.

    python yamls/make_runs.py

A run only names blocks, so that none repeats another.
"""

from pathlib import Path

import yaml

FOLDER = Path(__file__).parent


class Grid(yaml.SafeLoader):
    """Reads `!defaults [a, b]` as the list of names."""


Grid.add_constructor("!defaults", lambda loader, node: loader.construct_sequence(node))


def load(name: str) -> dict:
    """A grid, with the names of blocks where Cobaya would put their content."""
    return yaml.load((FOLDER / "grids" / f"{name}.yaml").read_text(), Grid)


def runs(name: str) -> dict[Path, str]:
    """The grid's runs: file, relative to this folder, and its content."""
    grid = load(name)
    found = {}
    for group in grid["groups"].values():
        for data in group["datasets"]:
            for model in group["models"]:
                path = Path(name) / data / f"{model}.yaml"
                parts = [grid["defaults"], grid["models"][model], grid["datasets"][data]]
                found[path] = content(path, parts)
    return found


def content(path: Path, parts: list[dict]) -> str:
    """One run: the lists of blocks of its parts, one after another."""

    def blocks(key: str) -> str:
        names = [name for part in parts for name in part.get(key, ())]
        return f"!defaults [{', '.join(f'../{block}' for block in names)}]"

    return (
        f"output: chains/{path.with_suffix('').as_posix()}\n"
        f"theory: {blocks('theory')}\n"
        f"params: {blocks('params')}\n"
        f"likelihood: {blocks('likelihood')}\n"
        f"sampler: {blocks('sampler')}\n"
    )


def main() -> None:
    for name in ("paper", "2026"):
        for path, text in runs(name).items():
            (FOLDER / path).parent.mkdir(parents=True, exist_ok=True)
            (FOLDER / path).write_text(text)


if __name__ == "__main__":
    main()
