"""Tables and figures of a real, if fast, Cobaya run."""

import numpy as np
import pytest
from cobaya.run import run as cobaya_run
from cobaya.yaml import yaml_dump_file, yaml_load_file

from ede_wbins.analysis import load_run, save_figures, summary
from ede_wbins.errors import EDEWBinsError

# Mean and width of each parameter; fEDE piles up at its lower end.
POSTERIOR = {
    "fEDE": (0.0, 0.05, (0.001, 0.5)),
    "w1": (-0.95, 0.05, (-3, 1)),
    "w2": (-1.2, 0.2, (-3, 1)),
    "H0": (68.0, 1.0, (50, 90)),
}


RECORD = "likelihood: {one: null}\nparams: {a: {prior: [0, 1]}}"


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """Output of a chain on a Gaussian, whose YAML says that it had two bins of w(z)."""

    def loglike(fEDE, w1, w2, H0):
        values = dict(fEDE=fEDE, w1=w1, w2=w2, H0=H0)
        return -0.5 * sum(((values[p] - m) / s) ** 2 for p, (m, s, _) in POSTERIOR.items())

    prefix = tmp_path_factory.mktemp("chains") / "toy"
    cobaya_run(
        {
            "likelihood": {"gaussian": loglike},
            "params": {
                name: {"prior": list(ends), "ref": mean + sd / 10, "proposal": sd}
                for name, (mean, sd, ends) in POSTERIOR.items()
            },
            "sampler": {"mcmc": {"max_samples": 3000, "seed": 1}},
            "output": str(prefix),
            "stop_at_error": True,
        }
    )
    path = f"{prefix}.updated.yaml"
    info = yaml_load_file(path)
    info["theory"] = {"ede_wbins.EDEWBins": {"n_bins": 2}}
    yaml_dump_file(path, info, error_if_exists=False)
    return prefix


@pytest.fixture
def run(prefix):
    return load_run(prefix)


def test_knows_its_bins_and_parameters(run):
    assert run.z_edges == (1.5, 3.0)
    assert run.has("fEDE", "w2")
    assert not run.has("w3")


def test_convergence_is_getdists_between_chains(w3):
    parts = w3.samples.getSeparateChains()
    theirs = max(w3.samples.getGelmanRubinEigenvalues(w3.n_sampled, parts))
    assert w3.R_minus_1 == pytest.approx(theirs, rel=0.02)


def test_convergence_is_judged_on_a_single_chain_too(run):
    assert run.n_chains == 1
    assert 0 < run.R_minus_1 < 0.3
    assert 50 < run.effective_samples < run.samples.numrows


def test_a_chain_that_moved_on_has_not_converged(prefix, tmp_path):
    """R-1 is large where the second half of a chain is elsewhere than the first."""
    chain = prefix.with_name("toy.1.txt")
    rows = np.loadtxt(chain)
    rows[len(rows) // 2 :, 3] += 0.5
    header = chain.read_text().splitlines()[0]
    moved = tmp_path / "moved"
    np.savetxt(f"{moved}.1.txt", rows, header=header[2:])
    yaml_dump_file(f"{moved}.updated.yaml", yaml_load_file(f"{prefix}.updated.yaml"))
    run = load_run(moved)
    assert run.R_minus_1 > 1
    assert run.effective_samples < 10
    assert "NOT CONVERGED" in summary(run)


def test_table_says_what_the_chain_says(run):
    lines = summary(run).splitlines()
    assert lines[0].startswith("toy: 1 chain(s)")
    assert "effective samples" in lines[1]
    rows = {line.split()[0]: line for line in lines[3:] if line}
    assert list(rows)[1:4] == ["fEDE", "w1", "w2"]
    assert " < " in rows["fEDE"]
    mean = float(rows["H0"].split()[1])
    assert mean == pytest.approx(run.samples.mean("H0"), abs=0.06)
    assert mean == pytest.approx(68, abs=0.4)


def test_figures_are_written(run, tmp_path):
    written = save_figures(run, tmp_path / "new", formats=["png"])
    assert [path.name for path in written] == ["toy_triangle.png", "toy_w.png", "toy_trace.png"]
    assert all(path.stat().st_size > 10_000 for path in written)


@pytest.mark.parametrize(
    ("chain", "record", "reason"),
    [
        (None, None, "no run there"),
        ("", "{}", "not a Cobaya run"),
        ("", RECORD, "x.1.txt is empty"),
        ("# weight  minuslogpost  a\n", RECORD, "x.1.txt is empty"),
        ("1 1 1 2 3 4 5\n1 2 3 4 5 6 7\n1 3 2 6 5 4 3\n", RECORD, "steps after a burn-in"),
    ],
)
def test_a_run_that_is_not_there_is_one_clear_line(tmp_path, chain, record, reason):
    if record:
        (tmp_path / "x.1.txt").write_text(chain)
        (tmp_path / "x.updated.yaml").write_text(record)
    with pytest.raises(EDEWBinsError, match=reason) as error:
        load_run(tmp_path / "x")
    assert "\n" not in str(error.value)


@pytest.fixture
def copy(chains, tmp_path):
    """A copy of a synthetic run, to be spoiled: its prefix."""
    for path in chains.glob("w3.*"):
        (tmp_path / path.name).write_text(path.read_text())
    return tmp_path / "w3"


def spoil_other_model(prefix, chains):
    prefix.with_name("w3.2.txt").write_text((chains / "w5.1.txt").read_text())


def spoil_record(prefix, chains):
    prefix.with_name("w3.updated.yaml").write_text((chains / "w5.updated.yaml").read_text())


def spoil_order(prefix, chains):
    for i in (1, 2):
        path = prefix.with_name(f"w3.{i}.txt")
        path.write_text(
            path.read_text().replace(" fEDE ", " kept ", 1).replace(" n_s ", " fEDE ", 1)
        )
        path.write_text(path.read_text().replace(" kept ", " n_s ", 1))


def spoil_values(prefix, chains):
    path = prefix.with_name("w3.1.txt")
    lines = path.read_text().splitlines()
    lines[900] = lines[900].replace(lines[900].split()[5], "nan")
    path.write_text("\n".join(lines))


def spoil_line(prefix, chains):
    with open(prefix.with_name("w3.1.txt"), "a") as file:
        file.write("1.0 2.0 what is this")


def spoil_yaml(prefix, chains):
    prefix.with_name("w3.updated.yaml").write_text("params: [")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (spoil_other_model, "w3.2.txt has other columns than w3.1.txt"),
        (spoil_record, "w3.1.txt lacks .*w4.*: they are of different models"),
        (spoil_order, "in another order"),
        (spoil_values, "values that are no numbers"),
        (spoil_line, "cannot be read"),
        (spoil_yaml, "not YAML"),
    ],
)
def test_a_run_whose_files_do_not_fit_is_one_clear_line(copy, chains, spoil, reason):
    spoil(copy, chains)
    with pytest.raises(EDEWBinsError, match=reason) as error:
        load_run(copy)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("burn_in", "reason"),
    [(5000, "burn-in = 5000 rows: w3.1.txt has only 1500"), (-1, "burn-in = -1")],
)
def test_a_burn_in_that_leaves_nothing_is_one_clear_line(chains, burn_in, reason):
    with pytest.raises(EDEWBinsError, match=reason):
        load_run(chains / "w3", burn_in)


def test_a_burn_in_can_be_in_rows(chains):
    assert load_run(chains / "w3", 500).samples.numrows == pytest.approx(2 * 1000, abs=2)


def test_a_parameter_that_is_not_there_is_named(w3):
    with pytest.raises(EDEWBinsError, match=r"no parameter w7 in the chains \(there are logA, n_s"):
        w3.require("H0", "w7")
