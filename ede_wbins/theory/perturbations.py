"""The part of the component that a step in A_s and n_s leaves alone, as a theory of its own."""

from cobaya.theory import HelperTheory

from ede_wbins.theory.cosmologies import FAST

PRODUCT = "perturbations_at_hand"


class Perturbations(HelperTheory):
    """
    Has CLASS compute perturbations and transfer functions ahead of the component that owns it.

    It takes the slow parameters, so that Cobaya times them apart from A_s and n_s, and puts these
    into a faster block. Whatever is wrong with a point is left for the owner to find.
    """

    def __init__(self, owner, name: str, timing=None):
        super().__init__({"stop_at_error": False}, name, timing=timing)
        self.owner = owner

    def get_can_support_params(self):
        """Names of the inputs that CLASS needs for the perturbations."""
        names = self.owner.get_can_support_params()
        return [name for name in names if self.owner.translate_param(name) not in FAST]

    def get_can_provide(self):
        """What the owner asks for."""
        return [PRODUCT]

    def calculate(self, state, want_derived=True, **params_values_dict):
        """Compute perturbations, unless the owner has slow parameters that this does not know."""
        state[PRODUCT] = None
        slow = {n for n in self.owner.input_params if self.owner.translate_param(n) not in FAST}
        if slow == set(params_values_dict):
            self.owner.perturb(params_values_dict)
