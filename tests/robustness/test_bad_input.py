"""Wrong input and the one line that each gets: what is wrong, its value, what is allowed."""

import pytest
from cobaya.log import LoggedError

from ede_wbins.cli import main

NAN = float("nan")
EDGES = "give the upper edges of the bins, positive and increasing"

OPTIONS = [
    ({"n_bin": 3}, "'n_bin' (did you mean 'n_bins'?)"),
    ({"zedges": [1, 2]}, "'zedges' (did you mean 'z_edges'"),
    ({"n_bins": 0}, "n_bins = 0: give a whole number of bins, from 1 to 100"),
    ({"n_bins": 796825}, "n_bins = 796825: give a whole number of bins, from 1 to 100"),
    ({"n_bins": None, "z_edges": [*range(1, 102)]}, "z_edges has 101 edges: give at most 100"),
    ({"stop_at_error": "0"}, "stop_at_error = '0': must be true or false"),
    ({"w_beyond": -(10**400)}, "must be a number below 0"),
    ({"extra_args": {"N_ur": 10**400}}, "must be in [0, inf)"),
    ({"n_bins": -1}, "n_bins = -1: give a whole number"),
    ({"n_bins": 2.5}, "n_bins = 2.5: give a whole number"),
    ({"n_bins": True}, "n_bins = True: give a whole number"),
    ({"n_bins": "three"}, "n_bins = 'three': give a whole number"),
    ({"n_bins": [3]}, "n_bins = [3]: give a whole number"),
    ({"z_edges": [1, 2]}, "n_bins = 3 and z_edges = [1, 2]: give only one of them"),
    ({"n_bins": None, "z_edges": []}, f"z_edges = []: {EDGES}"),
    ({"n_bins": None, "z_edges": [2, 1]}, f"z_edges = [2, 1]: {EDGES}"),
    ({"n_bins": None, "z_edges": [1, 1]}, f"z_edges = [1, 1]: {EDGES}"),
    ({"n_bins": None, "z_edges": [-1, 1]}, f"z_edges = [-1, 1]: {EDGES}"),
    ({"n_bins": None, "z_edges": [0, 1]}, f"z_edges = [0, 1]: {EDGES}"),
    ({"n_bins": None, "z_edges": [1, NAN]}, f"z_edges = [1, nan]: {EDGES}"),
    ({"n_bins": None, "z_edges": [1, float("inf")]}, f"z_edges = [1, inf]: {EDGES}"),
    ({"n_bins": None, "z_edges": ["a"]}, f"z_edges = ['a']: {EDGES}"),
    ({"n_bins": None, "z_edges": "12"}, f"z_edges = '12': {EDGES}"),
    ({"n_bins": None, "z_edges": {1: 2}}, f"z_edges = {{1: 2}}: {EDGES}"),
    ({"n_bins": None, "z_edges": [[1, 2]]}, f"z_edges = [[1, 2]]: {EDGES}"),
    ({"n_bins": None, "z_edges": 3}, f"z_edges = 3: {EDGES}"),
    ({"w_beyond": 0}, "w_beyond = 0: must be a number below 0"),
    ({"w_beyond": "dust"}, "w_beyond = 'dust': must be a number below 0"),
    ({"w_beyond": NAN}, "w_beyond = nan: must be a number below 0"),
    ({"ede": "fluids"}, "ede = 'fluids': must be one of fluid, "),
    ({"ede": ["fluid"]}, "ede = ['fluid']: must be one of"),
    ({"ede": True}, "ede = True: must be one of"),
    ({"path": "nowhere"}, "no patched CLASS in nowhere; run `ede-wbins install -p "),
    ({"path": 3}, "path = 3: must be a packages path or the folder of a build"),
    ({"extra_args": ["N_ur"]}, "extra_args = ['N_ur']: must be a mapping"),
    ({"extra_args": {"N_urr": 2}}, "input parameter(s): N_urr (did you mean N_ur?)"),
    ({"extra_args": {"N_ur": -1}}, "N_ur = -1: must be in [0, inf)"),
    ({"extra_args": {"fEDE": 0.1}}, "fEDE"),
    ({"extra_args": {"Omega_Lambda": 0.7}}, "set by the bins of w(z): Omega_Lambda"),
    ({"extra_args": {"w0_fld": -0.9}}, "'w0_fld' = -0.9 is given beside 'wbins_w'"),
    ({"extra_args": {"use_ppf": "no"}}, "needs 'use_ppf = yes'"),
    ({"extra_args": {"ede_definition": "pek"}}, "'pek', it must be 'at_zc' or 'peak'"),
    ({"extra_args": {"varpi_ede": "fast"}}, "'varpi_ede' is 'fast', it must be 'radiation'"),
    ({"extra_args": {"tol_background_integration": "x"}}, "'tol_background_integration=x'"),
    ({"renames": {"w1": None}}, "renames = {'w1': None}: must be a mapping of names"),
    ({"renames": {"w1": "w2"}}, "given under two names: w2"),
]

PARAMS = [
    ({"fEDE": -0.1}, "fEDE = -0.1: must be in [0, 1)"),
    ({"fEDE": 1}, "fEDE = 1: must be in [0, 1)"),
    ({"fEDE": 1.5}, "fEDE = 1.5: must be in [0, 1)"),
    ({"fEDE": NAN}, "fEDE = nan: must be in [0, 1)"),
    ({"fEDE": {"prior": [0, 1.5]}}, "prior of fEDE = [0, 1.5]: reaches beyond"),
    ({"fEDE": {"prior": [-0.2, 0.3]}}, "prior of fEDE = [-0.2, 0.3]: reaches beyond"),
    ({"fEDE": {"derived": False}}, "missing parameter(s): fEDE"),
    ({"thetai_ede": 0}, "thetai_ede = 0: must be in (0, 3.14159)"),
    ({"thetai_ede": 3.14159265358979}, "thetai_ede = 3.14159: must be in (0, 3.14159)"),
    ({"thetai_ede": -1}, "thetai_ede = -1: must be in"),
    ({"thetai_ede": {"prior": [0, 4]}}, "prior of thetai_ede = [0, 4]: reaches beyond"),
    ({"log10z_c": 3546}, "log10z_c = 3546: must be in (1, 8)"),
    ({"log10z_c": {"prior": [-3, 4]}}, "prior of log10z_c = [-3, 4]: reaches beyond"),
    ({"n_ede": 1}, "n_ede = 1: must be in (1, 1e+06)"),
    ({"n_ede": {"prior": [0.5, 4]}}, "prior of n_ede = [0.5, 4]: reaches beyond"),
    ({"w4": -1}, "parameter(s) without a bin: w4 (3 bin(s); set n_bins or z_edges)"),
    ({"w1": {"derived": False}}, "missing parameter(s): w1"),
    ({"w2": {"latex": "w"}}, "missing parameter(s): w2"),
    ({"w2": float("inf")}, "w2 = inf: must be in"),
    ({"w1": {"prior": [1, -3]}}, "parameter 'w1'"),
    ({"w1": "a third"}, "a third"),
    ({"w": [-1, -1, -1]}, "Parameter info length not valid: 3"),
    ({"fede": 0.1}, "input parameter(s): fede (did you mean fEDE?)"),
    ({"log10zc": 3.5}, "input parameter(s): log10zc (did you mean log10z_c?)"),
    ({"omega_bb": 0.02}, "input parameter(s): omega_bb (did you mean omega_b?)"),
    ({"rs_drag": {"prior": [140, 150]}}, "input parameter(s): rs_drag"),
    ({"theta_s_100": 1.04}, "H0 and theta_s_100 are given together: give one of H0, h, theta"),
    ({"h": 0.7}, "H0 and h are given together"),
    ({"Omega_b": 0.05}, "omega_b and Omega_b are given together"),
    ({"H0": 0}, "H0 = 0: must be in (0, inf)"),
    ({"H0": -67}, "H0 = -67: must be in (0, inf)"),
    ({"omega_b": -0.02}, "omega_b = -0.02: must be in (0, inf)"),
    ({"omega_cdm": {"prior": [-0.1, 0.2]}}, "prior of omega_cdm = [-0.1, 0.2]: reaches beyond"),
    ({"tau_reio": -0.05}, "tau_reio = -0.05: must be in [0, inf)"),
    ({"A_s": -2e-9}, "A_s = -2e-09: must be in (0, inf)"),
    ({"YHe": 1.2}, "YHe = 1.2: must be in [0, 1)"),
]

SECTIONS = [
    ({"theory": {"ede_wbins.EDEWBin": None}}, "'ede_wbins.EDEWBin' could not be found"),
    (
        {"theory": {"ede_wbins.EDEWBins": None, "other": {"class": "ede_wbins.EDEWBins"}}},
        "More than one parameter-agnostic likelihood/theory",
    ),
    (
        {"likelihood": {"ede_wbins.likelihoods.bao_compresed.BAOCompressed": None}},
        "'ede_wbins.likelihoods.bao_compresed.BAOCompressed' could not be found",
    ),
    ({"sampler": {"mcmcc": None}}, "'mcmcc' could not be found"),
    ({"sampler": {"mcmc": {"covmat": "nowhere.covmat"}}}, "nowhere.covmat"),
]

LIKELIHOODS = [
    ("act_dr4.ACTDR4", {"spectra": ["tb"]}, "spectra = 'tb'; must be of tt, te, ee"),
    ("act_dr4.ACTDR4", {"windows": "flat"}, "windows = 'flat'; must be of released"),
    ("act_dr4.ACTDR4", {"path": "nowhere"}, "nowhere/data/act_dr4/Binning.dat is not there"),
    ("planck_lite.PlanckLite", {"path": "nowhere"}, "install it with `cobaya-install"),
    ("planck_compressed.PlanckCompressed", {"tau": 0.05}, "'tau' is 0.05; it must be [mean"),
    ("cmb_forecast.CMBForecast", {"experiment": "plank"}, "(did you mean planck?)"),
    ("cmb_forecast.CMBForecast", {"fiducial": ""}, "no fiducial: name a file"),
]

COMMANDS = [
    ("table nowhere/run", "nowhere/run: no run there"),
    ("plot nowhere/run", "nowhere/run: no run there"),
    ("tension nowhere/run", "nowhere/run: no run there"),
    ("report nowhere/run", "nowhere/run: no run there"),
    ("watch nowhere/run --once", "nowhere/run: no run there"),
    ("table .", "run = '.': give the output prefix"),
    ("prior nowhere.yaml", "nowhere.yaml: No such file"),
    ("prior bad.yaml", "bad.yaml: not YAML"),
    ("prior bytes.yaml", "bytes.yaml: not YAML"),
    ("prior list.yaml", "list.yaml: not a Cobaya run's (it is no mapping)"),
    ("prior itself.yaml", "itself.yaml: not YAML"),
    ("doctor bad.yaml -p here", "bad.yaml: not YAML"),
    ("doctor bytes.yaml -p here", "bytes.yaml: not YAML"),
    ("doctor list.yaml -p here", "list.yaml: not a Cobaya run's (it is no mapping)"),
    ("doctor params.yaml -p here", "params.yaml: not a Cobaya run's (it lacks likelihood)"),
    ("profile list.yaml --param fEDE --range 0:1", "list.yaml: not a Cobaya run's"),
    ("profile list.yaml --param fEDE --range 0-1", "range = '0-1': must be LOW:HIGH"),
    ("profile list.yaml --param fEDE --range 1:0", "range = 1:0: must increase"),
    ("profile list.yaml --param fEDE --range 0:1 --points 2", "points = 2, starts = 2: at least 5"),
    ("yaml --data plank_lite", "(did you mean planck_lite?)"),
    ("yaml --data ,", "no data: give some of"),
    ("yaml --data embedded,planck_lite", "embedded and planck_lite share measurements"),
    ("yaml --data embedded --bins 0", "n_bins = 0: give a whole number"),
    ("yaml --data embedded -o bad.yaml", "bad.yaml: File exists"),
    ("yaml --data embedded -o no/x.yaml", "no/x.yaml: No such file"),
    ("install -p bad.yaml", "could not install in"),
]

FILES = {
    "bad.yaml": b"params: [",
    "bytes.yaml": b"\xff\xfe\0",
    "list.yaml": b"[1, 2]",
    "itself.yaml": b"params: !defaults [itself]",
    "params.yaml": b"params: {a: 1}",
}


def one_line(error: LoggedError, message: str) -> None:
    assert message in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize(("options", "message"), OPTIONS)
def test_option(start, options, message):
    with pytest.raises(LoggedError) as error:
        start(options)
    one_line(error.value, message)


@pytest.mark.parametrize(("params", "message"), PARAMS)
def test_parameter(start, params, message):
    with pytest.raises(LoggedError) as error:
        start(params=params)
    one_line(error.value, message)


@pytest.mark.parametrize(("sections", "message"), SECTIONS)
def test_section(start, sections, message):
    with pytest.raises(LoggedError) as error:
        start(**sections)
    one_line(error.value, message)


@pytest.mark.parametrize(("name", "options", "message"), LIKELIHOODS)
def test_likelihood(start, name, options, message):
    with pytest.raises(LoggedError) as error:
        start(likelihood={f"ede_wbins.likelihoods.{name}": options})
    one_line(error.value, message)


@pytest.mark.parametrize(("command", "message"), COMMANDS)
def test_command(tmp_path, monkeypatch, capsys, command, message):
    monkeypatch.chdir(tmp_path)
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    assert main(command.split()) == 1
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.err.count("\n") == 1


def test_processes_that_do_not_see_each_other(start, monkeypatch):
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "4")
    with pytest.raises(LoggedError) as error:
        start()
    one_line(error.value, "4 processes were started, and each sees only itself: mpi4py is missing")


def test_the_run_that_they_spoil_is_good(start):
    _, sampler = start()
    assert len(sampler.products()["sample"]) == 1


def test_chain_of_another_model_is_kept(start, tmp_path):
    mcmc = {"output": str(tmp_path / "run"), "sampler": {"mcmc": {"max_samples": 2}}}
    start(**mcmc)
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.txt")}
    for options in ({"n_bins": 2}, {"ede": "none"}):
        with pytest.raises(LoggedError, match="Old and new run information not compatible"):
            start(options, **mcmc, resume=True)
    with pytest.raises(LoggedError, match="Delete the previous output manually"):
        start(**mcmc)
    for name, content in before.items():
        assert (tmp_path / name).read_bytes() == content


def test_output_that_cannot_be_written(start, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LoggedError, match=str(tmp_path / "file" / "run")):
        start(output=str(tmp_path / "file" / "run"))
