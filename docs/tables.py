"""Sphinx directives that print options as they are in the code, so that no list goes stale."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from cobaya.yaml import yaml_dump, yaml_load_file
from docutils.nodes import Node, literal_block
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from ede_wbins.cli import parser

ROOT = Path(__file__).parent.parent


def options(path: Path) -> Iterator[tuple[str, object, str]]:
    """Name, default, and the comment above, of each option in a defaults YAML."""
    values = {k: x for k, x in yaml_load_file(str(path)).items() if k not in ("params", "prior")}
    comment: list[str] = []
    for line in path.read_text().splitlines():
        if line.startswith("#"):
            comment.append(line.lstrip("# "))
        elif (found := re.match(r"(\w+):", line)) and found[1] in values:
            yield found[1], values[found[1]], " ".join(comment)
            comment = []


def parameters(params: dict) -> Iterator[tuple[str, str, str]]:
    """Name, prior or value, and label, of each parameter that a component offers."""
    for name, given in params.items():
        info = given if isinstance(given, dict) else {"value": given}
        said = "derived" if info.get("derived") else info.get("prior", info.get("value"))
        yield name, _flow(said), f"${info['latex']}$" if "latex" in info else ""


def commands(of: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The sub-commands of a command line."""
    (found,) = (a for a in of._actions if isinstance(a, argparse._SubParsersAction))
    return found.choices


def _flow(value: object) -> str:
    text = yaml_dump(value, default_flow_style=True) if isinstance(value, dict) else str(value)
    return " ".join(text.split()).replace("None", "null")


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    cells = (" | ".join(cell.replace("|", r"\|") for cell in line) for line in lines)
    return "\n".join(f"| {line} |" for line in cells)


class Defaults(SphinxDirective):
    """Tables of the options and the parameters of a defaults YAML, relative to the repository."""

    required_arguments = 1

    def run(self) -> list[Node]:
        path = ROOT / self.arguments[0]
        self.env.note_dependency(str(path))
        rows = ((f"`{name}`", f"`{_flow(x)}`", text) for name, x, text in options(path))
        tables = [_table(("option", "default", "meaning"), rows)]
        if params := yaml_load_file(str(path)).get("params"):
            tables.append(_parameter_table(params))
        return self.parse_text_to_nodes("\n\n".join(tables))


class Offered(SphinxDirective):
    """Table of one group of parameters of the theory component."""

    required_arguments = 1

    def run(self) -> list[Node]:
        path = ROOT / "ede_wbins/theory/parameters.yaml"
        self.env.note_dependency(str(path))
        return self.parse_text_to_nodes(
            _parameter_table(yaml_load_file(str(path))[self.arguments[0]])
        )


class Commands(SphinxDirective):
    """What each sub-command of ede-wbins says of itself."""

    def run(self) -> list[Node]:
        text = "\n".join(each.format_help() for each in commands(parser()).values())
        return [literal_block(text, text, language="text")]


def _parameter_table(params: dict) -> str:
    rows = ((f"`{name}`", f"`{said}`", label) for name, said, label in parameters(params))
    return _table(("parameter", "prior or value", "label"), rows)


def without_citations(_app, _what, _name, _object, _options, lines: list[str]) -> None:
    """Docstrings cite, and write formulas, for `cobaya-bib`: here the keys say nothing."""
    text = re.sub(r"\s*\\cite\{[^}]*\}", "", "\n".join(lines))
    lines[:] = re.sub(r"\$([^$\n]+)\$", r":math:`\1`", text).split("\n")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives."""
    for name, directive in (("defaults", Defaults), ("offered", Offered), ("commands", Commands)):
        app.add_directive(name, directive)
    app.connect("autodoc-process-docstring", without_citations)
    return {"parallel_read_safe": True}
