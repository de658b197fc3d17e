"""Cluster jobs: what Cobaya's grid tools make of the templates and of the grids."""

import re
import subprocess
from pathlib import Path

import pytest
from cobaya.grid_tools.gridconfig import makeGrid
from cobaya.grid_tools.jobqueue import submitJob
from cobaya.yaml import yaml_load_file

YAMLS = Path(__file__).parent.parent / "yamls"
EXPECTED = {
    "slurm": [
        "#SBATCH --nodes=2",
        "#SBATCH --ntasks-per-node=4",
        "#SBATCH --cpus-per-task=12",
        "#SBATCH --mem=64000",
        "#SBATCH --time=48:00:00",
        "srun --ntasks=8 --cpus-per-task=12 cobaya-run --resume 'runs/ede_w3.yaml'",
    ],
    "pbs": [
        "#PBS -l select=2:ncpus=48:mpiprocs=4:ompthreads=12:mem=64000mb",
        "#PBS -l walltime=48:00:00",
        "mpirun -np 8 cobaya-run --resume 'runs/ede_w3.yaml'",
    ],
}


@pytest.mark.parametrize("engine", EXPECTED)
def test_script_of_a_job(engine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    submitJob(
        "ede_w3",
        "runs/ede_w3.yaml",
        job_template=str(YAMLS / "jobs" / engine),
        nodes=2,
        cores_per_node=48,
        walltime="48:00:00",
        no_sub=True,
        batchPath=str(tmp_path),
    )
    (script,) = tmp_path.rglob("*ede_w3*")
    text = script.read_text()
    lines = text.splitlines()
    assert lines[0] == "#!/bin/bash"
    for line in EXPECTED[engine]:
        assert line in lines
    assert f"cd '{tmp_path}'" in lines and "export OMP_NUM_THREADS=12" in lines
    # No placeholder and no definition is left, and the shell accepts it.
    assert not re.search(r"\{[A-Z]", text) and "##" not in text
    subprocess.run(["bash", "-n", script], check=True)


def test_grid_makes_a_run_of_each_model_and_data_set(tmp_path, monkeypatch):
    monkeypatch.chdir(YAMLS.parent)
    makeGrid(str(tmp_path / "grid"), str(YAMLS / "grids" / "paper.yaml"))
    files = [
        path
        for path in (tmp_path / "grid").rglob("*.yaml")
        if "minimize" not in path.name and path.parent.name == "input_files"
    ]
    runs = list(YAMLS.glob("paper/*/*.yaml"))
    assert len(files) == len(runs) == 83
    (one,) = [p for p in files if p.stem == "base_ede_w3_act_lensing_bao"]
    made, run = (
        yaml_load_file(str(one)),
        yaml_load_file(str(YAMLS / "paper/act_lensing_bao/ede_w3.yaml")),
    )
    for part in ("theory", "likelihood", "sampler"):
        assert made[part] == run[part]
    # Cobaya adds `derived: true` to the parameters that are functions of others.
    for name, given in run["params"].items():
        assert given.items() <= made["params"].pop(name).items()
    assert made["params"] == {}
