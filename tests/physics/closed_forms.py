"""The patched CLASS's background against the closed forms of `ede_wbins.model`."""

import numpy as np

from ede_wbins.model import Background, EDEFluid, WBins, default_edges

# CLASS integrates the neutrinos' momenta to 1e-5 by default; 1e-10 leaves 2e-7 at z = 2000.
NEUTRINOS = {"N_ncdm": 1, "m_ncdm": 0.06, "N_ur": 2.0308, "tol_ncdm_bg": 1e-14}
ALLOWED = {
    "H(z)": 1e-8,
    "D_M(z)": 1e-7,
    "rho(z), late": 1e-8,
    "rho(z), early": 1e-8,
    "w(z), late": 1e-8,
    "w(z), early": 1e-8,
    "f_EDE(z)": 1e-7,
    "f_EDE: maximum, its redshift, today": 1e-7,
}


def random_universe(seed: int) -> Background:
    """A universe from the default priors, with 1, 3, 5 or 10 bins, at default or other edges."""
    rng = np.random.default_rng(seed)
    n_bins = int(rng.choice([1, 3, 5, 10]))
    edges = default_edges(n_bins)
    if seed % 2:
        edges = np.sort(rng.uniform(0.05, 4, n_bins))
    ede = None
    if seed % 5:
        ede = EDEFluid(
            fEDE=rng.uniform(0.001, 0.5),
            log10z_c=rng.uniform(3, 4.3),
            thetai_ede=rng.uniform(0.1, 3.1),
            n_ede=float(rng.choice([2, 3, 4])),
        )
    return Background(
        H0=rng.uniform(60, 75),
        omega_b=rng.uniform(0.021, 0.024),
        omega_cdm=rng.uniform(0.1, 0.14),
        late=WBins(edges, rng.uniform(-3, 1, n_bins), w_beyond=rng.choice([-1, -0.7])),
        ede=ede,
    )


def worst_of(classy, universe: Background) -> dict[str, float]:
    """Largest difference of each quantity: relative, for w(z) absolute."""
    cosmo = computed(classy, universe)
    z, early = redshifts(universe), np.geomspace(10, 1e6, 40)
    hubble = np.array([cosmo.Hubble(x) for x in [*z, *early]])
    distance = np.array([cosmo.comoving_distance(x) for x in z])
    worst = {
        "H(z)": relative(hubble, universe.hubble(np.concatenate([z, early]))),
        "D_M(z)": relative(distance, universe.comoving_distance(z)),
    }
    table = {name: column[::40] for name, column in cosmo.get_background().items()}
    rho = universe.densities(table["z"])
    if "(.)rho_fld" in table:
        worst["rho(z), late"] = relative(table["(.)rho_fld"], rho["late"])
        worst["w(z), late"] = absolute(table["(.)w_fld"], universe.late.w_at(table["z"]))
    if universe.ede:
        ede = universe.ede
        worst["rho(z), early"] = relative(table["(.)rho_ede"], rho["ede"])
        worst["w(z), early"] = absolute(table["(.)w_ede"], ede.w_at(table["z"]))
        worst["f_EDE(z)"] = relative(table["f_ede"], universe.f_ede(table["z"]))
        derived = cosmo.get_current_derived_parameters(["f_ede_max", "z_ede_max", "Omega_ede0"])
        worst["f_EDE: maximum, its redshift, today"] = relative(
            np.array(list(derived.values())), np.array([*universe.ede_peak(), universe.f_ede(0.0)])
        )
    cosmo.struct_cleanup()
    return worst


def computed(classy, universe: Background):
    """The same universe's background as CLASS computes it."""
    late = universe.late
    cosmo = classy.Class()
    cosmo.set(
        **NEUTRINOS,
        H0=universe.H0,
        omega_b=universe.omega_b,
        omega_cdm=universe.omega_cdm,
        Omega_Lambda=0,
        fluid_equation_of_state="wbins",
        wbins_z=",".join(map(repr, map(float, late.z_edges))),
        wbins_w=",".join(map(repr, map(float, late.w))),
        wbins_w_beyond=float(late.w_beyond),
        wbins_width=late.width,
    )
    if universe.ede:
        ede = universe.ede
        cosmo.set(fEDE=ede.fEDE, log10z_c=ede.log10z_c, thetai_ede=ede.thetai_ede, n_ede=ede.n_ede)
    cosmo.compute(["background"])
    return cosmo


def redshifts(universe: Background) -> np.ndarray:
    """Redshifts in [0, 10], with the bin edges and their close neighbours on both sides."""
    edges = np.asarray(universe.late.z_edges)
    near = [edges * (1 + shift) for shift in (-1e-8, 0, 1e-8)]
    return np.sort(np.concatenate([np.linspace(0.01, 10, 40), *near]))


def relative(value: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(value / expected - 1).max())


def absolute(value: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(value - expected).max())
