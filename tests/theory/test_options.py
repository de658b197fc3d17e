"""Options of the component, and the CLASS that it accepts."""

import pytest
from cobaya.bib import get_bib_info, pretty_repr_bib
from cobaya.component import ComponentNotInstalledError
from cobaya.doc import doc_script
from cobaya.log import LoggedError
from stand_in import EDE, component, sent

from ede_wbins import EDEWBins, boltzmann
from ede_wbins.errors import NotInstalledError
from ede_wbins.theory.options import precision_settings


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_bins": 3, "z_edges": [1, 2]}, r"n_bins = 3 and z_edges = \[1, 2\]"),
        ({"n_bins": 0}, "n_bins = 0"),
        ({"n_bins": "three"}, "n_bins = 'three'"),
        ({"z_edges": [1, 0.5]}, r"z_edges = \[1, 0.5\]"),
        ({"z_edges": 2}, "z_edges = 2"),
        ({"n_bins": 1, "w_beyond": 0.1}, "w_beyond = 0.1"),
        ({"ede": "axion"}, "ede = 'axion': must be one of fluid, fluid_matched, scalar, none"),
        ({"precision": "high"}, "precision = 'high': must be one of default, planck, act, ref"),
        (
            {"n_bins": 1, "extra_args": {"non linear": "HMcode", "hmcode_version": "2020_baryon"}},
            "hmcode_version = '2020_baryon': baryonic feedback is not supported",
        ),
        ({"n_bins": 1, "extra_args": {"Omega_Lambda": 0.7}}, "set by the bins .*Omega_Lambda"),
        ({"extra_args": {"non linear": "halofit", "non_linear": "hmcode"}}, "give one of them"),
    ],
)
def test_wrong_option_is_one_line(build, options, message):
    with pytest.raises(LoggedError, match=message) as error:
        build(**options)
    assert "\n" not in str(error.value)


def test_default_edges(build):
    assert sent(build(EDE, n_bins=5))["wbins_z"] == "0.6,1.2,1.8,2.4,3.0"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"n_bins": 1}, "halofit"),
        ({}, "halofit"),
        ({"extra_args": {"non linear": "hmcode"}}, "hmcode"),
        ({"n_bins": 1, "extra_args": {"non_linear": None}}, "none"),
    ],
)
def test_nonlinear_code(build, options, expected):
    assert sent(build(EDE, **options))["non_linear"] == expected


def test_precision_is_what_the_preset_says(build):
    for name in ("default", "planck", "act", "reference"):
        chosen = sent(build(EDE, precision=name))
        settings = precision_settings(name)
        assert settings.items() <= chosen.items()
        assert all(isinstance(value, int | float) for value in settings.values())
    assert not settings.keys() & sent(build(EDE, precision=None)).keys()


def test_own_settings_win_over_the_preset(build):
    args = {"k_step_sub": 0.011, "delta_l_max": None}
    chosen = sent(build(EDE, precision="planck", extra_args=args))
    assert chosen["k_step_sub"] == 0.011
    assert "delta_l_max" not in chosen
    assert chosen["k_step_super"] == precision_settings("planck")["k_step_super"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"n_bins": 1}, ("hmcode", "yes")),
        ({"extra_args": {"non_linear": "halofit"}}, ("halofit", "yes")),
        ({"extra_args": {"nonlinear_to_z_max_pk": "no"}}, ("hmcode", "no")),
    ],
)
def test_nonlinear_code_for_the_matter_power(build, options, expected):
    model = build(EDE, **options)
    grid = {"z": [0, 1], "k_max": 15, "vars_pairs": [("delta_tot", "delta_tot")]}
    model.add_requirements({"Pk_grid": {**grid, "nonlinear": False}})
    assert "nonlinear_to_z_max_pk" not in component(model).extra_args or "no" in expected
    model.add_requirements({"Pk_grid": {**grid, "nonlinear": True}})
    args = component(model).extra_args
    assert (args["non_linear"], args["nonlinear_to_z_max_pk"]) == expected


def test_missing_build_is_one_line(monkeypatch, build):
    def load(path=None):
        raise NotInstalledError(f"no patched CLASS in {path}; run `ede-wbins install`")

    monkeypatch.setattr(boltzmann, "load", load)
    with pytest.raises(ComponentNotInstalledError, match="no patched CLASS in /nowhere"):
        build(path="/nowhere")


def test_stock_class_is_refused(monkeypatch, tmp_path, build):
    # With the real loader: a `classy` that Python can import must not do.
    monkeypatch.undo()
    (tmp_path / "classy").mkdir()
    (tmp_path / "classy" / "__init__.py").write_text("class Class: pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ComponentNotInstalledError, match="no patched CLASS") as error:
        build(path=str(tmp_path / "classy"))
    assert "\n" not in str(error.value)


def test_build_is_named_in_log_and_version(build, caplog):
    caplog.set_level("INFO")
    model = build(EDE)
    assert "patch 0123456789ab" in caplog.text
    assert "/packages/code/classy_ede_wbins" in caplog.text
    assert model.info()["theory"]["ede_wbins.EDEWBins"]["version"].endswith("0123456789ab")


def test_component_under_another_name(stand_in):
    from cobaya.model import get_model
    from stand_in import LCDM

    theory = {"late": {"class": "ede_wbins.EDEWBins", "n_bins": 2, "ede": "none"}}
    model = get_model({"theory": theory, "likelihood": {"one": None}, "params": LCDM})
    assert "w2" in model.prior.params
    assert "wbins_w" in sent(model)


def test_updated_info_builds_the_same_model(build):
    from cobaya.model import get_model

    model = build({"w1": -0.9}, n_bins=2, extra_args={"N_ur": 2.0}, renames={"wtwo": "w2"})
    again = get_model(model.info())
    assert again.prior.params == model.prior.params
    assert sent(again) == sent(model)
    assert again.info() == model.info()


def test_install_goes_through_the_boltzmann_package(monkeypatch, tmp_path):
    installed = []

    class Sub(EDEWBins):
        pass

    monkeypatch.setattr(boltzmann, "install", lambda path: installed.append(str(path)))
    monkeypatch.setattr(boltzmann, "is_installed", lambda path: str(path) in installed)
    for cls in (EDEWBins, Sub):
        path = cls.get_path(str(tmp_path))
        assert path == str(tmp_path / "code" / "classy_ede_wbins")
        assert cls.is_installed(path="global", code=True, data=True, reload=True) is False
    assert EDEWBins.is_installed(path=path, code=False)
    assert not EDEWBins.is_installed(path=path, code=True, force=False, reload=True)
    assert EDEWBins.install(path=str(tmp_path), code=True, data=True, no_progress_bars=True)
    assert installed == [str(tmp_path)]
    assert Sub.is_installed(path=path, code=True)


def test_failed_install_is_one_line(monkeypatch, tmp_path, caplog):
    def install(path):
        raise NotInstalledError("no compiler")

    monkeypatch.setattr(boltzmann, "install", install)
    assert EDEWBins.install(path=str(tmp_path)) is False
    assert [record.getMessage() for record in caplog.records] == ["no compiler"]


def test_bibliography(capsys):
    text = pretty_repr_bib(*get_bib_info("ede_wbins.EDEWBins"))
    for paper in ("1104.2933", "1806.10608", "1811.04083", "0801.2433", "0808.3125", "2302.07333"):
        assert f'eprint = "{paper}"' in text
    for paper in ("1908.06995", "2003.07355"):
        assert f'eprint = "{paper}"' in text


def test_documentation(capsys):
    doc_script(["ede_wbins.EDEWBins"])
    text = capsys.readouterr().out
    for option in ("n_bins:", "z_edges:", "w_beyond: -1", "ede: fluid", "path:", "extra_args:"):
        line = next(i for i, line in enumerate(text.splitlines()) if option in line)
        assert text.splitlines()[line - 1].strip().startswith("#"), f"{option} is documented"


def test_close_frees_class(build):
    model = build(EDE)
    sent(model)
    theory = component(model)
    model.close()
    assert theory.classy.pars == {}
