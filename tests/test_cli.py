import pytest

from ede_wbins import boltzmann
from ede_wbins.boltzmann import paths
from ede_wbins.cli import main
from ede_wbins.errors import InstallError


@pytest.fixture
def installed(monkeypatch):
    """Note the packages path that `install` gets."""
    calls = []

    def install(packages_path):
        calls.append(packages_path)
        return f"{packages_path}/code/x"

    monkeypatch.setattr(boltzmann, "install", install)
    return calls


def test_install_takes_the_path_given(installed, capsys):
    assert main(["install", "-p", "here"]) == 0
    assert installed == ["here"]
    assert capsys.readouterr().out == "The patched CLASS is in here/code/x\n"


def test_install_takes_cobayas_path(installed, monkeypatch):
    monkeypatch.setenv("COBAYA_PACKAGES_PATH", "configured")
    assert main(["install"]) == 0
    assert installed == ["configured"]


def test_install_asks_for_a_path(installed, monkeypatch, capsys):
    monkeypatch.setattr(paths, "default_packages_path", lambda: None)
    assert main(["install"]) == 1
    assert capsys.readouterr().err.startswith("ede-wbins: no packages path: give one with -p")
    assert installed == []


@pytest.mark.parametrize(
    ("error", "line"), [(InstallError("no gcc"), "no gcc"), (KeyboardInterrupt(), "interrupted")]
)
def test_an_error_is_one_line(monkeypatch, capsys, error, line):
    def install(packages_path):
        raise error

    monkeypatch.setattr(boltzmann, "install", install)
    assert main(["install", "-p", "here"]) == 1
    assert capsys.readouterr().err == f"ede-wbins: {line}\n"


def test_a_command_is_needed(capsys):
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 2
    assert "command" in capsys.readouterr().err
