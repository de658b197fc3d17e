"""Write a run: a complete, commented YAML from the blocks that the package carries."""

from collections.abc import Sequence
from difflib import get_close_matches
from importlib import resources
from textwrap import indent

from ede_wbins.errors import EDEWBinsError
from ede_wbins.model.late import default_edges

DATA = {
    "embedded": "data_embedded",
    "planck_lite": "data_planck",
    "planck_lite_tt650teee": "data_planck_tt650teee",
    "planck_lite_tt650": "data_planck_tt650",
    "act_dr4": "data_act",
    "spt3g_2018": "data_spt3g",
    "planck_lensing": "data_lensing",
    "bao_sdss": "data_bao",
    "desi_dr2": "data_desi_dr2",
    "pantheon": "data_pantheon",
    "pantheonplus": "data_pantheonplus",
    "union3": "data_union3",
    "desy5": "data_desy5",
    "des_y1": "data_des_y1",
    "sh0es": "prior_sh0es",
    "sh0es_mb": "prior_sh0es_mb",
    "s8_des_y3": "prior_s8_des_y3",
    "s8_kids1000": "prior_s8_kids1000",
}
"""Names of data sets and external priors: the block of each."""

# Of each of these, one: they hold the same measurements, or share objects.
EXCLUSIVE = (
    ("embedded", "planck_lite", "planck_lite_tt650teee", "planck_lite_tt650"),
    ("embedded", "act_dr4"),
    ("embedded", "bao_sdss", "desi_dr2"),
    ("embedded", "pantheon", "pantheonplus", "union3", "desy5"),
    ("sh0es", "sh0es_mb"),
    ("des_y1", "s8_des_y3"),
)


def run_file(
    data: Sequence[str],
    n_bins: int | None = None,
    ede: str | None = None,
    masses: bool = False,
    output: str | None = None,
) -> str:
    """The YAML of a run.

    Parameters
    ----------
    data
        Names of `DATA`.
    n_bins
        Bins of w(z); None for a cosmological constant.
    ede
        One of `ede_models.EDE_MODELS`, or None for no early dark energy.
    masses
        Whether to sample the sum of the neutrino masses.
    output
        Prefix of the chains; None for one made of the model's and the data's names.

    Raises
    ------
    EDEWBinsError
        If a name is unknown, data sets do not go together, or the number of bins makes no sense.
    """
    names = _check_data(data)
    if n_bins is not None:
        default_edges(n_bins)
    model = "_".join(["ede"] * bool(ede) + [f"w{n_bins}"] * bool(n_bins) + ["mnu"] * masses)
    model = model or "lcdm"
    output = output or f"chains/{model}_{'_'.join(data)}"
    theory = [f"n_bins: {n_bins}"] if n_bins else []
    theory.append(f"ede: {ede or 'none'}")
    # The block of this prior names those supernovae, with its option.
    included = {"pantheonplus"} if "sh0es_mb" in names else set()
    params = ["lcdm", *(["mnu"] if masses else [])]
    return (
        "\n".join(
            [
                f"# {_describe(n_bins, ede, masses)}; data: {', '.join(names)}.",
                "# Install data and CLASS, then run (again to resume), with",
                "#     cobaya-install THIS_FILE -p packages",
                "#     mpirun -n 4 cobaya-run THIS_FILE -p packages --resume",
                f"output: {output}",
                "theory:",
                "  ede_wbins.EDEWBins:",
                *("    " + line for line in theory),
                "# Those of bins and early dark energy come with the theory, flat priors too:",
                "# give one here to change it. Those of the data come with the likelihoods.",
                "params:",
                *map(_block, params),
                "likelihood:",
                *(_block(DATA[name]) for name in names if name not in included),
                "sampler:",
                _block("mcmc"),
                "    # The best match among the matrices that Cobaya has for these data",
                "    covmat: auto",
            ]
        )
        + "\n"
    )


def _check_data(data: Sequence[str]) -> list[str]:
    """The names, Planck cut where ACT is there too."""
    for name in data:
        if name not in DATA:
            near = get_close_matches(name, DATA, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise EDEWBinsError(f"data = {name!r}: known are {', '.join(DATA)}{hint}")
    if not data:
        raise EDEWBinsError(f"no data: give some of {', '.join(DATA)}")
    # ACT's TT begins at l = 576: Planck's ends at 650, as in 2109.04451.
    cut = {"planck_lite": "planck_lite_tt650teee"} if "act_dr4" in data else {}
    names = list(dict.fromkeys(cut.get(name, name) for name in data))
    for group in EXCLUSIVE:
        if len(both := [name for name in group if name in names]) > 1:
            raise EDEWBinsError(f"data: {' and '.join(both)} share measurements, give one of them")
    if "sh0es_mb" in names and "pantheonplus" not in names:
        raise EDEWBinsError("data: sh0es_mb is the magnitude of pantheonplus, which is not given")
    if "spt3g_2018" in names and any(name.startswith("planck_lite") for name in names):
        raise EDEWBinsError("data: planck_lite and spt3g_2018 both bring Planck's low-l EE")
    return names


def _describe(n_bins: int | None, ede: str | None, masses: bool) -> str:
    parts = [f"Early dark energy ({ede})"] if ede else []
    parts += [f"w(z) in {n_bins} bin{'s' * (n_bins > 1)}"] if n_bins else []
    parts += ["neutrino masses"] if masses else []
    return ", ".join(parts) or "LambdaCDM"


def _text(name: str) -> str:
    return resources.files("ede_wbins.blocks").joinpath(f"{name}.yaml").read_text().rstrip()


def _block(name: str) -> str:
    return indent(_text(name), "  ")
