"""Memory of a long run: what an evaluation takes is given back, also where it fails."""

import numpy as np
import pytest


@pytest.mark.slow
def test_the_field_is_freed(classy, resident_set):
    """Backgrounds and thermal histories of 500 random fields, one in ten without a maximum."""
    rng = np.random.default_rng(1)
    failures = 0
    for evaluation in range(550):
        cosmo = classy.Class()
        cosmo.set(
            ede_model="scalar",
            fEDE=rng.uniform(0.001, 0.5),
            log10z_c=rng.uniform(3, 4.3),
            thetai_ede=rng.uniform(0.1, 3.1),
            omega_cdm=rng.uniform(0.1, 0.14),
            n_ede=1.01 if evaluation % 10 == 0 else 3,
        )
        try:
            cosmo.compute(["thermodynamics"])
        except classy.CosmoComputationError:
            failures += 1
        cosmo.struct_cleanup()
        if evaluation == 49:
            start = resident_set()
    assert 55 <= failures < 65
    assert resident_set() - start < 5e6
