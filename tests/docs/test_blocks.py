"""Every code block of the documentation is run, or checked against what would run it."""

import configparser
import os
import re
import shlex
from contextlib import suppress
from importlib.metadata import entry_points
from itertools import groupby
from pathlib import Path

import pytest
from blocks import ROOT, blocks, commands
from cobaya.component import ComponentNotInstalledError
from cobaya.model import get_model
from cobaya.yaml import yaml_load, yaml_load_file

from ede_wbins import cli

# Around a command: `mpirun -n 4 cobaya-run x.yaml`.
LAUNCHERS = ("mpirun", "srun")
# Fast enough to be run as they stand; the others have tests of their own.
RUN = ("table", "yaml", "watch")


@pytest.fixture
def folder(tmp_path, chains, classy, monkeypatch):
    """A folder with a run for each name in the documentation, the YAMLs, and CLASS."""
    names = {name for _, line in commands() for name in re.findall(r"chains/[\w/]+", line)}
    for name in names:
        source = "w5" if name.endswith("w5") else "w3"
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        for path in chains.glob(f"{source}.*"):
            (tmp_path / path.name.replace(source, name)).symlink_to(path)
    (tmp_path / "yamls").symlink_to(ROOT / "yamls")
    (tmp_path / "packages").symlink_to(Path(classy.__file__).parents[2])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_block_says_its_language():
    known = {"sh", "yaml", "python", "text"}
    assert {b.language for b in blocks() if not b.language.startswith("{")} <= known
    # Output, as opposed to what a reader types.
    assert {b.page for b in blocks("text")} <= {"README.md"}


@pytest.mark.parametrize(
    "page", sorted({block.page for block in blocks("python")}), ids=lambda page: Path(page).stem
)
def test_python_runs(page, folder):
    scope = {"__name__": "documentation"}
    for block in blocks("python"):
        if block.page == page:
            exec(compile(block.text, page, "exec"), scope)


@pytest.mark.parametrize("block", blocks("yaml"), ids=lambda block: Path(block.page).stem)
def test_yaml_is_a_run(block, classy, monkeypatch):
    """What it lacks is that of the quickstart."""
    monkeypatch.chdir(ROOT)
    info = yaml_load_file("yamls/quickstart.yaml") | yaml_load(block.text, "here.yaml")
    info["packages_path"] = os.environ.get("COBAYA_PACKAGES_PATH", "packages")
    for name, options in info["theory"].items():
        info["theory"][name] = {**(options or {}), "path": classy.__path__[0]}
    kept = ("theory", "likelihood", "params", "prior", "packages_path")
    try:
        model = get_model({name: info[name] for name in kept if name in info})
    except ComponentNotInstalledError as error:
        pytest.skip(f"needs public data: {str(error).splitlines()[0]}")
    assert model.prior.d() > 5
    model.close()


@pytest.mark.parametrize(("page", "line"), sorted(set(commands())), ids=lambda text: text[:60])
def test_command_is_understood(page, line, folder, capsys, monkeypatch):
    words = _without_launcher(shlex.split(line))
    program, arguments = words[0], words[1:]
    for word in arguments:
        if word.startswith("yamls/"):
            assert (ROOT / word).exists(), word
    match program:
        case "make":
            makefile = (ROOT / "Makefile").read_text()
            for argument in arguments:
                name, is_variable, _ = argument.partition("=")
                # A variable is read, a target has a rule.
                pattern = rf"\$\(.*\b{name}\b.*\)" if is_variable else rf"^{name}:"
                assert re.search(pattern, makefile, re.MULTILINE), argument
        case "ede-wbins":
            cli.parser().parse_args(arguments)
            if arguments[0] in RUN:
                once = ["--once"] if arguments[0] == "watch" else []
                assert cli.main([*arguments, *once]) == 0
        case "pip":
            _check_extras(arguments)
        case "source":
            assert arguments == [".venv/bin/activate"]
        case _:
            monkeypatch.setattr("sys.argv", [program, "--help"])
            (script,) = entry_points(group="console_scripts", name=program)
            with suppress(SystemExit):
                script.load()()
            helped = capsys.readouterr().out
            for option in (word for word in arguments if word.startswith("-")):
                assert re.search(rf"(?<![\w-]){option}(?![\w-])", helped), option


def _without_launcher(words: list[str]) -> list[str]:
    if words[0] not in LAUNCHERS:
        return words
    # Options of a launcher have a number each, but for this flag.
    rest = [word for word in words[1:] if word not in ("--bind-to", "none")]
    while rest[0].startswith("-"):
        rest = rest[2:]
    return rest


def _check_extras(arguments: list[str]) -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    for named in re.findall(r"\[(.*)\]", " ".join(arguments)):
        assert set(named.split(",")) <= set(setup["options.extras_require"])


def test_every_command_is_explained():
    actions = cli.parser()._subparsers._group_actions
    names = set(actions[0].choices)
    explained = {line.split()[1] for _, line in commands() if "ede-wbins" in line.split()[:1]}
    assert names - explained == set()


def test_no_text_stands_twice():
    """A paragraph that two pages need is included, not copied."""
    paragraphs = [
        (" ".join(part.split()), page)
        for page in sorted({block.page for block in blocks()})
        for part in (ROOT / page).read_text().split("\n\n")
        if len(part) > 200 and not part.startswith("```")
    ]
    paragraphs.sort()
    repeated = {
        text: [page for _, page in group] for text, group in groupby(paragraphs, lambda p: p[0])
    }
    assert {text: pages for text, pages in repeated.items() if len(pages) > 1} == {}
