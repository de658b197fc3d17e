"""Our CLASS and CAMB in the same universe, at their default accuracy or at a high one."""

from dataclasses import dataclass, replace

import camb
import numpy as np
from lines import Line, worst_lines
from spectra import EDE, LCDM, MULTIPOLES, K, Spectra, Z, bins, compute

from ede_wbins.model import Background, WBins

N_EFF = 3.044
HIGH_L_MAX = 2000
# Lensing moves power over the last multipoles: TT is 2.9e-3 apart at l = 2000 if both end there.
MARGIN = 600
AT_30 = 28
"""First index of l = 30."""
RECOMBINATION = 1090.0
PLANCK_MASS = 2.435323e27
"""Reduced, in eV."""
EACH = 150
"""Up to here CAMB computes each multipole, in a run of its own. Else it does up to 37
only, then every second, fourth and seventh, and draws a spline through the ratio to a LambdaCDM
that it knows: TE of EDE was off by 3e-4 at l = 38, and by 1e-4 at l = 84."""

_RECFAST = camb.recombination.Recfast()
# Both codes with RECFAST as CAMB has tuned it (CLASS's own numbers move x_e by 1e-3, and EE by
# 5e-4), and the same neutrinos: CAMB gives a third of N_eff to each.
MATCHED = {
    "recombination": "RECFAST",
    "recfast_fudge_He": _RECFAST.RECFAST_fudge_He,
    **{
        f"recfast_{kind}Gauss{i}": getattr(_RECFAST, f"{kind}Gauss{i}")
        for kind in "Azw"
        for i in (1, 2)
    },
    "N_ur": N_EFF * 2 / 3,
    "T_ncdm": (4 / 11) ** (1 / 3) * (N_EFF / 3) ** 0.25,
}
HIGH = {
    "l_max_scalars": HIGH_L_MAX + MARGIN,
    "accurate_lensing": 1,
    "delta_l_max": 800,
    "l_logstep": 1.03,
    "l_linstep": 15,
    # TT at l = 50 is off by 4e-4 with CLASS's own steps of the integrals over wavenumbers.
    "q_linstep": 0.2,
    "q_logstep_spline": 20,
    # CLASS's own limits of these integrals cost TE 6e-4 at l = 2000.
    **{f"transfer_neglect_delta_k_S_{source}": 100 for source in ("t0", "t1", "t2", "e")},
    "hyper_sampling_flat": 12,
    "hyper_phi_min_abs": 1e-10,
    "k_step_sub": 0.025,
    "k_step_super": 0.001,
    "perturbations_sampling_stepsize": 0.05,
    "tol_perturbations_integration": 1e-6,
    "radiation_streaming_trigger_tau_over_tau_k": 90,
    "ur_fluid_trigger_tau_over_tau_k": 50,
    "ncdm_fluid_trigger_tau_over_tau_k": 51,
    # With half of these EE and TE are off by 4e-4 and 7e-4 at l = 30 to 50.
    "l_max_g": 30,
    "l_max_pol_g": 30,
    "l_max_ur": 25,
    "l_max_ncdm": 25,
    "tol_ncdm_bg": 1e-10,
    "tol_ncdm_synchronous": 1e-4,
    "start_small_k_at_tau_c_over_tau_h": 1e-4,
    "start_large_k_at_tau_h_over_tau_k": 0.03,
    "tight_coupling_trigger_tau_c_over_tau_h": 0.008,
    "tight_coupling_trigger_tau_c_over_tau_k": 0.005,
    "k_per_decade_for_pk": 30,
    "k_per_decade_for_bao": 140,
}


@dataclass(frozen=True)
class Codes:
    """The two codes at one accuracy, the default one or a high one."""

    classy: object
    high: bool = False

    def ours(self, **parameters) -> Spectra:
        """Spectra of our CLASS."""
        settings = MATCHED | MULTIPOLES | (HIGH if self.high else {})
        return _compared(compute(self.classy, **settings, **parameters))

    def mass_and_decay_constant(self, **parameters) -> dict[str, float]:
        """`m` and `f` of our field, in reduced Planck masses."""
        cosmo = self.classy.Class()
        cosmo.set({**LCDM, **MATCHED, **parameters})
        cosmo.compute(["background"])
        found = cosmo.get_current_derived_parameters(["log10m_ede", "log10f_ede"])
        cosmo.struct_cleanup()
        return {name: 10 ** found[f"log10{name}_ede"] / PLANCK_MASS for name in ("m", "f")}

    def theirs(self, dark_energy=None, h: float = LCDM["h"]) -> Spectra:
        """Spectra of CAMB."""
        inputs = camb.CAMBparams()
        inputs.set_cosmology(
            H0=100 * h,
            ombh2=LCDM["omega_b"],
            omch2=LCDM["omega_cdm"],
            tau=LCDM["tau_reio"],
            mnu=LCDM["m_ncdm"],
            nnu=N_EFF,
            YHe=LCDM["YHe"],
        )
        inputs.InitPower.set_params(As=1e-10 * np.exp(LCDM["ln_A_s_1e10"]), ns=LCDM["n_s"])
        l_max = HIGH_L_MAX + MARGIN if self.high else 1500
        inputs.set_for_lmax(
            l_max, lens_output_margin=600, lens_potential_accuracy=4 if self.high else 1
        )
        if self.high:
            inputs.set_accuracy(
                AccuracyBoost=1.5,
                lSampleBoost=10,
                lAccuracyBoost=1.5,
                DoLateRadTruncation=False,
            )
            # What AccuracyBoost = 3 would better beside them is below 1e-4, at four times the cost.
            for name in ("TimeStepBoost", "SourcekAccuracyBoost", "IntkAccuracyBoost"):
                setattr(inputs.Accuracy, name, 2.0)
        inputs.NonLinear = camb.model.NonLinear_none
        inputs.set_matter_power(redshifts=sorted(Z, reverse=True), kmax=1.5)
        if dark_energy is not None:
            inputs.DarkEnergy = dark_energy
        results = camb.get_results(inputs)
        cl = results.get_lensed_scalar_cls(l_max, raw_cl=True)[2:]
        if self.high:
            unlensed = results.get_unlensed_scalar_cls(EACH, raw_cl=True)[2:]
            cl[: EACH - 1] += each_multipole(inputs) - unlensed
        power = results.get_matter_power_interpolator(
            nonlinear=False, hubble_units=False, k_hunit=False
        )
        return _compared(
            Spectra(
                cl[:, 0],
                cl[:, 1],
                cl[:, 3],
                results.get_lens_potential_cls(l_max, raw_cl=True)[2:, 0],
                np.array([power.P(z, K) for z in Z]),
                results.get_derived_params()["rdrag"],
            )
        )


def each_multipole(inputs: camb.CAMBparams) -> np.ndarray:
    """
    CAMB's unlensed spectra from l = 2 to `EACH`; it leaves `inputs` changed.

    With lensing all the same: without it, a field's EE is off by up to 7e-3 below l = 40.
    """
    inputs.set_for_lmax(EACH + 50, lens_output_margin=0)
    inputs.WantTransfer = False
    inputs.Accuracy.lSampleBoost = 50
    return camb.get_results(inputs).get_unlensed_scalar_cls(EACH, raw_cl=True)[2:]


def _compared(spectra: Spectra) -> Spectra:
    """Without the multipoles beyond the last that is compared."""
    cut = {name: getattr(spectra, name)[: HIGH_L_MAX - 1] for name in ("tt", "ee", "te", "pp")}
    return replace(spectra, **cut)


def fluid_in_camb(fEDE: float, log10z_c: float, thetai_ede: float):
    """CAMB's EDE fluid, n = 3."""
    return camb.dark_energy.AxionEffectiveFluid(
        w_n=0.5, fde_zc=fEDE, zc=10**log10z_c, theta_i=thetai_ede
    )


def field_in_camb(fEDE: float, log10z_c: float, thetai_ede: float, start: dict[str, float]):
    """CAMB's scalar field, n = 3; the search for its `m` and `f` starts from the given ones."""
    field = camb.dark_energy.EarlyQuintessence()
    field.set_params(n=3, theta_i=thetai_ede, zc=10**log10z_c, fde_zc=fEDE, **start)
    return field


def bins_in_camb(w: tuple[float, ...], edges: tuple[float, ...]):
    """CAMB's PPF with a fine table of the same w(a), -1 beyond the last edge.

    CAMB draws a spline through the table. Where nodes lie alike on both sides of a jump it
    overshoots alike, and the density is right: to 1e-8; with others it was off by up to 2e-3.
    """
    step, alike = 5e-4, np.arange(-10, 10) + 0.5
    ln_edges = -np.log1p(np.array(edges))
    ln_a = np.arange(np.log(1e-5), 0, step)
    far = np.all(np.abs(ln_a[:, None] - ln_edges) > 10.5 * step, axis=1)
    near = np.add.outer(ln_edges, step * alike).ravel()
    ln_a = np.concatenate([np.sort(np.concatenate([ln_a[far], near])), [0.0]])
    table = np.array([*w, -1])[np.searchsorted(edges, np.expm1(-ln_a), side="right")]
    ppf = camb.dark_energy.DarkEnergyPPF()
    ppf.set_w_a_table(np.exp(ln_a), table)
    return ppf


def h_at_equal_angle(w: tuple[float, ...], edges: tuple[float, ...]) -> float:
    """h of the universe with these bins whose acoustic peaks lie where LambdaCDM has them."""
    densities = {name: LCDM[name] for name in ("omega_b", "omega_cdm")}
    densities |= {name: MATCHED[name] for name in ("N_ur", "T_ncdm")}
    lcdm = Background(100 * LCDM["h"], **densities)
    angle = 1 / lcdm.comoving_distance(RECOMBINATION)
    binned = Background(lcdm.H0, **densities, late=WBins(edges, w))
    return binned.with_angle(float(angle), 1.0, RECOMBINATION).H0 / 100


# Spread over the priors: (fEDE, log10z_c, thetai_ede), and (w, upper edges).
EDE_POINTS = (
    (0.1, 3.55, 2.83),
    (0.2, 4.0, 2.0),
    (0.1, 3.2, 1.0),
    (0.3, 3.75, 3.0),
    (0.05, 4.3, 0.3),
)
BIN_POINTS = (
    ((-0.9, -1.2, -0.8), (1.0, 2.0, 3.0)),
    ((-1.3, -0.6, -1.1, -0.9, -2.0), (0.6, 1.2, 1.8, 2.4, 3.0)),
    ((-0.8, -1.3, -0.6), (0.7, 1.4, 3.0)),
    ((-2.5, 0.3, -1.5), (1.0, 2.0, 3.0)),
    (
        (-0.9, -1.2, -0.8, -1.1, -1.3, -0.7, -0.9, -1.1, -1.0, -1.5),
        tuple(0.3 * i for i in range(1, 11)),
    ),
)


class Compared:
    """Both codes at one accuracy, with the difference that they show for LambdaCDM."""

    def __init__(self, codes: Codes):
        self.codes = codes
        self.reference = "CAMB"
        self.lcdm = codes.ours().over(codes.theirs())

    def lambda_cdm(self) -> list[Line]:
        """The floor itself, against what two independent codes are known to reach.

        No number is known for TE: it is held to that of EE.
        """
        known = {"tt": 1e-3, "ee": 4e-4, "te": 4e-4, "pp": 1.6e-3, "pk": 1.2e-3}
        return worst_lines("LambdaCDM", self.reference, largest(self.lcdm), known, 1.5)

    def fluid(self, point: tuple[float, float, float]) -> list[Line]:
        """The EDE fluid against `AxionEffectiveFluid`."""
        ours = self.codes.ours(**dict(zip(EDE, point, strict=True)))
        name = "EDE fluid ({:g}, {:g}, {:g})".format(*point)
        return self._lines(name, ours.over(self.codes.theirs(fluid_in_camb(*point))))

    def field(self, point: tuple[float, float, float]) -> list[Line]:
        """
        The scalar field against `EarlyQuintessence`.

        From its own start its search for the peak does not always find one.
        """
        inputs = {"ede_model": "scalar", **dict(zip(EDE, point, strict=True))}
        field = field_in_camb(*point, self.codes.mass_and_decay_constant(**inputs))
        name = "EDE field ({:g}, {:g}, {:g})".format(*point)
        return self._lines(name, self.codes.ours(**inputs).over(self.codes.theirs(field)))

    def bins(self, w: tuple[float, ...], edges: tuple[float, ...]) -> list[Line]:
        """
        Binned w(z) against `DarkEnergyPPF` with a table of w(a); also the response to it.

        At the h that leaves the peaks in their places: with them the codes' differences for
        LambdaCDM would move, and not cancel.
        """
        h = h_at_equal_angle(w, edges)
        theirs = self.codes.theirs(bins_in_camb(w, edges), h)
        differences = self.codes.ours(**bins(*w, edges=edges), h=h).over(theirs)
        name = f"w = {', '.join(f'{x:g}' for x in w)}"
        response = {spectrum: x - self.lcdm[spectrum] for spectrum, x in differences.items()}
        worst, floor = largest(response), largest(self.lcdm)
        # At low l each code has the late ISW effect to 2e-4.
        everywhere = {"tt": worst.pop("tt")}
        high_l = {"tt": float(np.abs(response["tt"][AT_30:]).max())}
        return [
            *self._lines(name, differences),
            *worst_lines(f"response to {name}", self.reference, everywhere, floor, 0.5),
            *worst_lines(f"response to {name}", self.reference, worst, floor, 0.2),
            *worst_lines(f"response to {name}, l > 29", self.reference, high_l, floor, 0.2),
        ]

    def _lines(self, name: str, differences: dict[str, np.ndarray]) -> list[Line]:
        return worst_lines(name, self.reference, largest(differences), largest(self.lcdm), 1.5)


def largest(differences: dict[str, np.ndarray]) -> dict[str, float]:
    """Largest absolute value of each spectrum, of EE and TE from l = 30, below it both are tiny."""
    first = {"ee": AT_30, "te": AT_30}
    return {name: float(np.abs(x[first.get(name, 0) :]).max()) for name, x in differences.items()}
