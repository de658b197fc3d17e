"""The sampler options that run files share, on a fast toy."""

import logging
from pathlib import Path

import numpy as np
from cobaya.run import run
from cobaya.yaml import yaml_load_file

BLOCKS = Path(__file__).parent.parent / "yamls" / "blocks"


def test_each_accepted_point_is_logged_and_written_at_once(tmp_path, caplog):
    ((sampler, options),) = yaml_load_file(str(BLOCKS / "mcmc.yaml")).items()
    options |= {"callback_every": 1, "max_samples": 8, "seed": 1}
    prefix = tmp_path / "toy"
    chain = tmp_path / "toy.1.txt"
    written = []

    def loglike(x):
        written.append(len(chain.read_text().splitlines()) if chain.exists() else 0)
        return -0.5 * x**2

    with caplog.at_level(logging.INFO):
        run(
            {
                "likelihood": {"toy": loglike},
                "params": {"x": {"prior": [-5, 5], "ref": 0, "proposal": 1}},
                "sampler": {sampler: options},
                "output": str(prefix),
            }
        )
    assert "8 accepted" in caplog.text
    # Header and points: the file grows while the chain runs, not only at its end.
    assert len(set(written)) >= 7
    assert len(np.loadtxt(chain)) == 8
