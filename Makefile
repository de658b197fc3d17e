# `make run` and `make test` need Python 3.11 or later, a C and C++ compiler, make, and PyPI.

PYTHON   ?= python3
RANKS    ?= 2
PACKAGES := packages
# The public data are below $(DATA)/data.
DATA     ?= $(or $(COBAYA_PACKAGES_PATH),$(PACKAGES))
ENV      := .venv
BIN      := $(ENV)/bin
# As root, Open MPI wants to be asked twice; binding would pin all threads of a rank to one core.
MPIRUN   := $(BIN)/mpirun --allow-run-as-root --oversubscribe --bind-to none -n $(RANKS)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help env install run test test-all smoke best-fits chains validate fluid-map bench bench-precision bench-mpi bench-emulator training-file bench-priors profile-ede docs torture audit lint clean

help:
	@echo "make run       install everything, sample the quickstart, print its table, draw its figures"
	@echo "make test      install everything, run the tests (minutes); make test-all adds the long ones"
	@echo "make validate  compare with closed forms, the released CLASS and CAMB at high precision; one table"
	@echo "make fluid-map compare the EDE fluid with the scalar field over a grid of their parameters"
	@echo "make smoke     evaluate the posterior of each run in yamls/paper and yamls/2026, into docs/smoke.md (an hour; goes on where it stopped)"
	@echo "make best-fits minimise chi2 of public data, into chains/README.md (hours; goes on where it stopped)"
	@echo "make bench     CPU time and accuracy beside the released CLASS and CAMB, into docs/cost.md"
	@echo "make bench-precision   error of chi2 of the precision presets, into docs/precision.md (hours)"
	@echo "make bench-mpi accepted steps of two processes against one"
	@echo "make bench-emulator   a run with the emulator, checked at points of its chains, into docs/emulator.md (RUN=w3)"
	@echo "make chains    sample a run of public data with the emulator, into docs/results.md (RUN=paper/planck_lensing_bao_sn/ede)"
	@echo "make training-file    train the emulator of the quickstart; its points become the package's own"
	@echo "make bench-priors     w(z) under flat and functional priors, into docs/priors.md (minutes)"
	@echo "make profile-ede      profile of fEDE with Planck and BOSS, as in arXiv:2112.12140 (Planck data needed, an hour)"
	@echo "make docs      build the documentation into docs/_build (docs/_build/index.html)"
	@echo "make torture   crash, starve and mislead it for hours; one table (TORTURE='--only NAME --minutes N')"
	@echo "make audit     known vulnerabilities of what is installed, where the package index tells them"
	@echo "make lint      check style"
	@echo "make clean     remove the environment and the compiled CLASS; chains stay"

env: $(ENV)/complete

$(ENV)/complete: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(ENV)
	$(BIN)/python -m pip install --editable '.[mpi,test]'
	@touch $@

install: env
	@$(BIN)/ede-wbins install -p $(PACKAGES)

run: install
	OPENBLAS_NUM_THREADS=1 $(MPIRUN) $(BIN)/cobaya-run yamls/quickstart_emulated.yaml -p $(PACKAGES) --resume
	@$(BIN)/ede-wbins table chains/quickstart_emulated
	@$(BIN)/ede-wbins plot chains/quickstart_emulated

# A process for each core, a thread for each process.
test: lint install
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile

test-all: lint install
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile -m ''

smoke: install
	$(BIN)/python -m pip install --quiet --editable '.[mpi,test,lss,spt]'
	OMP_NUM_THREADS=1 $(BIN)/python yamls/smoke.py -p $(PACKAGES) -d $(DATA) \
		--record chains/smoke.jsonl $(if $(RUNS),$(RUNS),-o docs/smoke.md)

bench: install
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/cost.py -p $(PACKAGES) -d $(DATA)/data -o docs/cost.md
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/steps.py -p $(PACKAGES) >> docs/cost.md
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/nonlinear.py -p $(PACKAGES) >> docs/cost.md

bench-precision: install
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/precision.py -p $(PACKAGES) -d $(DATA)/data -o docs/precision.md

best-fits: install
	OPENBLAS_NUM_THREADS=1 $(MPIRUN) $(BIN)/python benchmarks/best_fits.py -p $(PACKAGES) -d $(DATA) -o chains/README.md

validate: install
	OMP_NUM_THREADS=1 $(BIN)/python tests/physics/validate.py -p $(PACKAGES)

fluid-map: install
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/fluid_vs_field.py -p $(PACKAGES)

bench-mpi: install
	$(BIN)/python benchmarks/mpi.py -p $(PACKAGES)

# RUN: a row of docs/emulator.md, of which all but the quickstart need public data.
bench-emulator: install
	OPENBLAS_NUM_THREADS=1 $(MPIRUN) $(BIN)/python benchmarks/emulator.py $(RUN) -p $(PACKAGES) -o docs/emulator.md

# RUN: a row of docs/results.md; without, its tables are made anew of what is there.
chains: install
	OPENBLAS_NUM_THREADS=1 $(MPIRUN) $(BIN)/python benchmarks/chains.py $(RUN) -p $(PACKAGES) -d $(DATA) -o docs/results.md

training-file: install
	OPENBLAS_NUM_THREADS=1 $(MPIRUN) $(BIN)/python benchmarks/training_file.py yamls/quickstart_emulated.yaml w3 -p $(PACKAGES)

bench-priors: env
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/priors.py -o docs/priors.md

profile-ede: install
	$(BIN)/cobaya-install benchmarks/ede_profile.yaml -p $(PACKAGES)
	OPENBLAS_NUM_THREADS=1 $(MPIRUN) $(BIN)/cobaya-run benchmarks/ede_profile.yaml -p $(PACKAGES) --resume
	OPENBLAS_NUM_THREADS=1 $(MPIRUN) $(BIN)/ede-wbins profile benchmarks/ede_profile.yaml -p $(PACKAGES) \
		--param fEDE --range 0:0.24 --points 13 --resume

docs: env
	$(BIN)/python -m pip install --quiet --editable '.[mpi,test,docs]'
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build
	@echo "docs/_build/index.html"

# Goes on where it was stopped. Some readers that are fuzzed need astropy.
torture: install
	$(BIN)/python -m pip install --quiet --editable '.[mpi,test,lss]'
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python tests/torture/torture.py -o docs/reliability.md $(TORTURE)

# In an environment of its own: its dependencies are none of ours.
audit: env
	$(PYTHON) -m venv build/audit
	build/audit/bin/pip install --quiet pip-audit
	$(BIN)/pip freeze --exclude-editable > build/audit/installed.txt
	build/audit/bin/pip-audit --no-deps --disable-pip -r build/audit/installed.txt

lint: env
	$(BIN)/ruff check
	$(BIN)/ruff format --check

clean:
	rm -rf $(ENV) $(PACKAGES)
