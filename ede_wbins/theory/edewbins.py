"""The Cobaya theory component: CLASS with early dark energy and piecewise-constant w(z)."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import suppress
from pathlib import Path

from cobaya.log import LoggedError, always_stop_exceptions, get_logger
from cobaya.theories.classy.classy import classy
from cobaya.typing import empty_dict
from cobaya.yaml import yaml_load_file

from ede_wbins.ede_models import FIELD_DERIVED, FIELD_MODELS
from ede_wbins.errors import EDEWBinsError
from ede_wbins.model.late import check_w_beyond
from ede_wbins.theory.allowed import check_names, check_prior, meant, outside
from ede_wbins.theory.options import (
    bin_edges,
    check_mapping,
    check_path,
    has_ede,
    precision_settings,
)
from ede_wbins.theory.patched import PatchedCLASS
from ede_wbins.theory.perturbations import PRODUCT, Perturbations
from ede_wbins.theory.rejected import RejectedPoints, output_of_run, root_cause
from ede_wbins.theory.resumption import mend
from ede_wbins.theory.threads import check_launcher, share_cores

_EDE_INPUTS = ("fEDE", "log10z_c", "thetai_ede", "n_ede")
_EDE_REQUIRED = _EDE_INPUTS[:3]
_EDE_DERIVED = ("f_ede_max", "z_ede_max", "Omega_ede0")

# Inputs of CLASS that reach it even when a likelihood requires them too. Any other input does as
# well, as long as nothing else claims it.
_CLASS_INPUTS = (
    *("H0", "h", "theta_s_100", "omega_b", "Omega_b", "omega_cdm", "Omega_cdm", "omega_m"),
    *("Omega_m", "Omega_k", "A_s", "ln_A_s_1e10", "n_s", "alpha_s", "beta_s", "r", "n_t"),
    *("tau_reio", "z_reio", "YHe", "T_cmb", "N_ur", "Neff", "m_ncdm", "omega_ncdm", "Omega_ncdm"),
)
_K_MAX = 2.0
"""1/Mpc. CLASS refuses sigma(R, z) where h is above it, and bins alone can take H0 to 150."""
_MORE_K = 1.5
"""Of what is asked of interpolated P(k)."""
# Derived parameters that the general getter of CLASS does not know.
_GETTERS = {"rs_drag", "Omega_nu", "T_cmb", "S8"}


class EDEWBins(PatchedCLASS, classy):
    r"""
    CLASS \cite{Blas:2011rf} with early dark energy as the effective fluid of an oscillating
    axion-like field \cite{Poulin:2018dzj,Poulin:2018cxd} or as that field itself
    \cite{Smith:2019ihp,Hill:2020osr}, and late dark energy whose equation of state is constant in
    redshift bins \cite{Reboucas:2023rjm}, with perturbations in the parametrized post-Friedmann
    approach \cite{Hu:2008zd,Fang:2008sn}.

    With `ede: scalar`, fEDE and log10z_c are the largest fraction of the field and its redshift,
    and its mass and decay constant, log10m_ede and log10f_ede (of eV), are derived. So it is with
    `ede: fluid_matched`, where a fluid goes on for its perturbations once it oscillates.

    It takes all that Cobaya's `classy` takes. Its parameters (fEDE, log10z_c, thetai_ede, n_ede,
    w1, w2, ...) have default priors, and H0, Omega_m, sigma8, S8, rs_drag, age, f_ede_max and
    z_ede_max are derived: a run's own `params` win over these, and `{derived: false}` drops one
    (without sigma8, S8 and CMB spectra no perturbations are computed).

    Nonlinear spectra are Halofit's for the CMB alone, and those of HMcode 2020 once nonlinear P(k)
    is asked for, unless `non_linear` says otherwise. Either takes bins through the constant w with
    the same distance to last scattering at each redshift \cite{Casarini:2008np,Casarini:2016ysv};
    early dark energy enters through the linear spectrum.
    """

    n_bins: int | None
    z_edges: Sequence[float] | None
    w_beyond: float
    ede: str | None
    precision: str | None

    # Defaults

    @classmethod
    def get_modified_defaults(cls, defaults, input_options=empty_dict):
        """Offer the parameters, and add the user's dictionaries to ours instead of replacing."""
        for name in ("extra_args", "renames"):
            # In place, since Cobaya puts the user's options over the defaults after this.
            if name in input_options:
                given = check_mapping(name, input_options[name])
                input_options[name] = {**defaults[name], **given}
        options = {**defaults, **input_options}
        offered = yaml_load_file(str(Path(__file__).with_name("parameters.yaml")))
        params = offered["early"] if has_ede(options["ede"]) else {}
        ((name, info),) = offered["bin"].items()
        for i in range(1, 1 + len(bin_edges(options["n_bins"], options["z_edges"]))):
            params[name % i] = info | {"latex": info["latex"] % i}
        params |= offered["derived"]
        if has_ede(options["ede"]):
            params |= offered["early_derived"]
        if options["ede"] in FIELD_MODELS:
            params |= offered["scalar_derived"]
        return {**defaults, "params": params}

    # Set-up

    def validate_info(self, name, value, annotations):
        """Refuse a switch that is neither on nor off in a line of ours; Cobaya's is a traceback."""
        if annotations.get(name) is bool and not isinstance(value, bool | int | None):
            raise LoggedError(get_logger(self._name), "%s = %r: must be true or false", name, value)
        super().validate_info(name, value, annotations)

    def initialize(self):
        """
        Check the options and load the patched CLASS.

        Raises
        ------
        LoggedError
            If an option is wrong, or the patched CLASS is not there.
        """
        # The defaults are in the run's own parameters by now. Kept here too, they would tell
        # Cobaya that this component takes no others.
        self.params = {}
        try:
            self.edges = bin_edges(self.n_bins, self.z_edges)
            self.w_beyond = check_w_beyond(self.w_beyond)
            self.has_ede = has_ede(self.ede)
            check_path(self.path)
            settings = precision_settings(self.precision)
            check_launcher()
        except EDEWBinsError as error:
            raise LoggedError(self.log, "%s", error) from None
        self._load()
        # Past `classy`, whose own version imports whatever is called `classy`.
        super(classy, self).initialize()
        self.extra_args = {**settings, **self.extra_args}
        self._set_extra_args()
        self.derived_extra = []
        share_cores(self.mpi_info)
        output = output_of_run()
        mend(output, self.log)
        self.rejected = RejectedPoints(self.log, output)
        # A severe error is a mistake in the input, until one point has shown that it is good.
        self._has_computed = False

    def _set_extra_args(self):
        args = self.extra_args
        if "non linear" in args:
            if "non_linear" in args:
                raise LoggedError(
                    self.log, "extra_args has both 'non linear' and 'non_linear': give one of them"
                )
            args["non_linear"] = args.pop("non linear")
        given = args.get("non_linear", True)
        self._nonlinear_is_chosen = given is not True
        args["non_linear"] = {True: "halofit", False: "none", None: "none"}.get(given, given)
        for name in [name for name, value in args.items() if value is None]:
            del args[name]
        if "sBBN file" in args:
            # CLASS looks for it below its own folder.
            args["sBBN file"] = "/external/bbn/" + os.path.basename(args["sBBN file"])
        args.setdefault("output", "")
        if self.ede in FIELD_MODELS:
            args["ede_model"] = self.ede
        if self.edges:
            self._set_bins(args)

    def _set_bins(self, args):
        version = str(args.get("hmcode_version", ""))
        if "hmcode" in args["non_linear"].lower() and "baryon" in version:
            raise LoggedError(
                self.log,
                "hmcode_version = %r: baryonic feedback is not supported with bins of w(z); "
                "take '2020' or '2016'",
                version,
            )
        own = {
            "fluid_equation_of_state": "wbins",
            "Omega_Lambda": 0,
            "wbins_z": _comma_list(self.edges),
            "wbins_w_beyond": self.w_beyond,
        }
        if clash := sorted(own.keys() & args.keys()):
            raise LoggedError(
                self.log, "in extra_args, but set by the bins of w(z): %s", ", ".join(clash)
            )
        args.update(own)

    def initialize_with_params(self):
        """
        Check that CLASS will get the parameters of the model, and no others of its kind.

        Raises
        ------
        LoggedError
            If one is missing, or does not fit the options.
        """
        inputs = [self.translate_param(name) for name in self.input_params]
        if twice := sorted({name for name in inputs if inputs.count(name) > 1}):
            raise LoggedError(
                self.log,
                "parameter(s) given under two names: %s (`{derived: false}` drops one)",
                ", ".join(twice),
            )
        defaults = self.get_defaults()["extra_args"]
        for name in set(inputs).intersection(defaults):
            # A neutrino parameter of the run's own takes the place of the default.
            if self.extra_args.get(name) == defaults[name]:
                del self.extra_args[name]
        given = {*inputs, *self.extra_args}
        try:
            check_names(given)
        except EDEWBinsError as error:
            raise LoggedError(self.log, "%s", error) from None
        missing = [name for name in self._w_names() if name not in inputs]
        if self.has_ede:
            missing += [name for name in _EDE_REQUIRED if name not in given]
        if missing:
            raise LoggedError(
                self.log, "missing parameter(s): %s (give a prior or a value)", ", ".join(missing)
            )
        numbered = {name for name in given if re.fullmatch(r"w[1-9]\d*", name)}
        if extra := sorted(numbered.difference(self._w_names())):
            raise LoggedError(
                self.log,
                "parameter(s) without a bin: %s (%d bin(s); set n_bins or z_edges)",
                ", ".join(extra),
                len(self.edges),
            )
        if not self.has_ede and (extra := [name for name in _EDE_INPUTS if name in given]):
            raise LoggedError(
                self.log,
                "parameter(s) of early dark energy with ede = %r: %s (set ede: fluid or scalar)",
                self.ede,
                ", ".join(extra),
            )
        super().initialize_with_params()

    def initialize_with_provider(self, provider):
        """
        Check that parameters are, and priors lie, where they mean something.

        Raises
        ------
        LoggedError
            If one is or does not.
        """
        super().initialize_with_provider(provider)
        model = provider.model
        constants = model.parameterization.constant_params()
        values = {
            self.translate_param(k): constants[k] for k in self.input_params if k in constants
        }
        supports = zip(model.prior.params, model.prior.bounds(), strict=True)
        try:
            for line in outside({**self.extra_args, **values}):
                raise EDEWBinsError(line)
            for name, (low, high) in supports:
                if name in self.input_params:
                    check_prior(self.translate_param(name), low, high)
        except EDEWBinsError as error:
            raise LoggedError(self.log, "%s", error) from None

    def get_helper_theories(self):
        """The slow part of the computation, in Cobaya's eyes a theory of its own."""
        name = f"{self.get_name()}.perturbations"
        return {name: Perturbations(self, name, timing=self.timer)}

    def update_for_helper_theories(self, helpers):
        """Keep all parameters here too: a point is checked as a whole."""
        self._helpers = helpers

    def get_attr_list_with_helpers(self, attr):
        """Names of parameters, which include the helper's."""
        return list(getattr(self, attr))

    def get_requirements(self):
        """The helper's result, if there is one."""
        return {PRODUCT: {}} if self._helpers else {}

    def must_provide(self, **requirements):
        """Note what is needed; S8 needs what sigma8 needs, nonlinear P(k) all its redshifts."""
        if "S8" in requirements:
            requirements["sigma8"] = None
        provided = super().must_provide(**requirements)
        if "P_k_max_1/Mpc" in self.extra_args:
            self.add_P_k_max(_K_MAX, units="1/Mpc")
        for key, wanted in self._must_provide.items():
            if key[0] == "sigma_R":
                # Cobaya takes it out, and misses it when the next likelihood tells what it needs.
                wanted["k_max"] = self.extra_args["P_k_max_1/Mpc"]
        grids = [key for key in self._must_provide if key[0] == "Pk_grid"]
        if any(nonlinear for _, nonlinear, *_pair in grids):
            if not self._nonlinear_is_chosen:
                self.extra_args["non_linear"] = "hmcode"
            # CLASS's own limit is where the nonlinear scale is beyond the largest wavenumber.
            self.extra_args.setdefault("nonlinear_to_z_max_pk", "yes")
        return provided

    def get_can_provide_params(self):
        """Names of the parameters that this component can derive."""
        names = [*super().get_can_provide_params(), "S8", *_EDE_DERIVED]
        return [*names, *FIELD_DERIVED] if self.ede in FIELD_MODELS else names

    def get_can_support_params(self):
        """Names of inputs that reach CLASS even if a likelihood requires them too."""
        inputs = {*_CLASS_INPUTS, *_EDE_INPUTS, *self._w_names()}
        return [*inputs, *(name for name, renamed in self.renames.items() if renamed in inputs)]

    # Computation

    def set(self, params_values_dict):
        """Hand the parameters to CLASS, with w1, w2, ... as one list."""
        params = {self.translate_param(name): x for name, x in params_values_dict.items()}
        if self.edges:
            params["wbins_w"] = _comma_list(params.pop(name) for name in self._w_names())
        super().set(params)

    def perturb(self, params_values_dict):
        """Compute what A_s and n_s do not change, ahead of `calculate`, which finds the errors."""
        if next(self._out_of_range(params_values_dict), None):
            return
        self.set(params_values_dict)
        errors = self.classy_module.CosmoComputationError, self.classy_module.CosmoSevereError
        with suppress(*errors):
            self.classy.perturb()

    def calculate(self, state, want_derived=True, **params_values_dict):
        """
        Compute what is needed at one point; False if CLASS cannot.

        Raises
        ------
        LoggedError
            If CLASS does not accept its input, at this or any point.
        """
        severe = self.classy_module.CosmoSevereError
        computation = self.classy_module.CosmoComputationError
        try:
            for line in self._out_of_range(params_values_dict):
                raise computation(line)
            self.set(params_values_dict)
            self.classy.compute()
        except (severe, computation) as error:
            if not (isinstance(error, computation) or self._has_computed):
                self._stop("CLASS does not accept its input", error)
            if self.stop_at_error:
                self._stop("CLASS cannot compute this point", error)
            self.rejected.add(error)
            return False
        try:
            # Finds CLASS computed, and collects.
            super().calculate(state, want_derived, **params_values_dict)
        except always_stop_exceptions:
            raise
        except Exception as error:
            if isinstance(error, severe) and not self._has_computed:
                self._stop("CLASS cannot give what is asked of it", error)
            self.rejected.add(error)
            raise
        self._has_computed = True

    def get_Pk_interpolator(
        self,
        var_pair=("delta_tot", "delta_tot"),
        nonlinear=True,
        extrap_kmin=None,
        extrap_kmax=None,
    ):
        """P(z, k) as Cobaya interpolates it, from 1/Mpc to Mpc^3; see its `BoltzmannBase`."""
        # A likelihood asks for a fixed wavenumber, but looks at k = l/distance, which grows with
        # H0: des_y1 would end the run where H0 > 92.
        most = extrap_kmax and _MORE_K * extrap_kmax
        return super().get_Pk_interpolator(var_pair, nonlinear, extrap_kmin, most)

    def _get_derived_all(self, derived_requested=True):
        """Derived parameters as Python floats: those asked for by the run, and by components."""
        outputs = self.output_params if derived_requested else []
        names = {*map(self.translate_param, outputs), *self.derived_extra}
        values = self._ask_class(names)
        derived = {name: values[self.translate_param(name)] for name in outputs}
        return derived, {name: values[name] for name in self.derived_extra}

    def _ask_class(self, names: Set[str]) -> dict[str, float]:
        """Derived parameters of the point that CLASS has just computed, by CLASS's names."""
        found = {name: getattr(self.classy, name) for name in _GETTERS & names}
        found |= self.classy.get_current_derived_parameters(sorted(names - _GETTERS))
        return {name: float(x() if callable(x) else x) for name, x in found.items()}

    def close(self):
        """Log the rejected points, and free CLASS."""
        self.log.info("In all: %s", self.rejected.summary())
        super().close()

    def _out_of_range(self, params: Mapping[str, float]) -> Iterator[str]:
        return outside({self.translate_param(name): x for name, x in params.items()})

    def _w_names(self) -> list[str]:
        return [f"w{i}" for i in range(1, 1 + len(self.edges))]

    def _stop(self, what: str, error: Exception):
        cause = root_cause(error)
        known = {*self.get_can_support_params(), *self.get_can_provide_params()}
        unread = re.search(r"did not read input parameter\(s\): (.+)", cause)
        hints = [meant(name, known) for name in unread[1].split(", ")] if unread else []
        raise LoggedError(self.log, "%s: %s%s", what, cause, "".join(hints)) from None


def _comma_list(values) -> str:
    # repr of a float gives back the same float.
    return ",".join(repr(float(value)) for value in values)
