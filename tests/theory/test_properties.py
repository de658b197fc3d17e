"""Whatever stands in a YAML file or on the command line: a model or one line, never a traceback."""

import math
import os

import pytest
from cobaya.log import LoggedError
from cobaya.model import get_model
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stand_in import EDE, LCDM

from ede_wbins.cli import main

# What a YAML file can hold.
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just(10**400)
)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=2)
    ),
    max_leaves=5,
)
OPTIONS = ("n_bins", "z_edges", "w_beyond", "ede", "path", "extra_args", "renames", "stop_at_error")
KINDS = {
    **{name: (int, float) for name in ("tolerance", "blind")},
    **{name: (int,) for name in ("n_max", "check")},
    **{name: (str, type(None)) for name in ("training", "start")},
}
PARAMS = ("fEDE", "log10z_c", "thetai_ede", "n_ede", "w1", "w2", "w", "H0", "h", "omega_b", "N_ur")

# As many as wanted by the long tests, which also start elsewhere each time (`make torture`).
examples = int(os.environ.get("PROPERTY_EXAMPLES", "80"))
lenient = settings(
    max_examples=examples,
    deadline=None,
    derandomize="PROPERTY_EXAMPLES" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def attempt(info) -> None:
    """Build the model and evaluate it once: both work, or one of Cobaya's errors in one line."""
    try:
        model = get_model(info)
        prior = model.prior
        centre = prior.bounds().mean(axis=1)
        model.logposterior(dict(zip(prior.params, centre, strict=True)))
    except LoggedError as error:
        assert "\n" not in str(error).strip()


@lenient
@given(options=st.dictionaries(st.sampled_from(OPTIONS), anything, min_size=1, max_size=3))
def test_options(stand_in, options):
    theory = {"ede_wbins.EDEWBins": options}
    attempt({"theory": theory, "likelihood": {"one": None}, "params": {**LCDM, **EDE}})


@lenient
@given(options=st.dictionaries(st.sampled_from([*KINDS]), anything, min_size=1, max_size=3))
def test_options_of_the_emulator(stand_in, options):
    params = {**LCDM, **EDE, "H0": {"prior": [60, 80]}}
    theory = {"ede_wbins.EmulatedEDEWBins": options}
    try:
        get_model({"theory": theory, "likelihood": {"one": None}, "params": params})
    except LoggedError as error:
        assert "\n" not in str(error).strip()
    else:
        # What is taken has its kind and its range: training cannot stumble over it.
        assert all(type(value) in KINDS[name] for name, value in options.items())


values = st.one_of(
    st.none(),
    st.floats(),
    st.integers(),
    st.fixed_dictionaries({"prior": st.lists(st.floats() | st.integers(), min_size=2, max_size=2)}),
)


@lenient
@given(params=st.dictionaries(st.sampled_from(PARAMS), values, min_size=1, max_size=3))
def test_parameters(stand_in, params):
    theory = {"ede_wbins.EDEWBins": {"n_bins": 2}}
    params = {**LCDM, **EDE, "w1": -1, "w2": -1, **params}
    attempt({"theory": theory, "likelihood": {"one": None}, "params": params})


words = st.sampled_from(["table", "plot", "tension", "prior", "-o", "--help", "-p"]) | st.text(
    st.characters(blacklist_characters="\0/", blacklist_categories=("Cs",)), max_size=6
)


@lenient
@given(command=st.lists(words, max_size=4))
def test_command_line(monkeypatch, tmp_path, capsys, command):
    monkeypatch.chdir(tmp_path)
    try:
        status = main(command)
    except SystemExit as exit:
        # argparse's way to explain usage.
        assert exit.code in (0, 2)
    else:
        assert status == 1
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("x", [math.nan, math.inf, 1e308, -1e308, 5e-324])
def test_numbers_at_the_edge_of_floats(stand_in, x):
    for name in PARAMS:
        test_parameters.hypothesis.inner_test(stand_in, {name: x})
