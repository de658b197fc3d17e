# `make run` and `make test` need Python 3.11 or later, a C and C++ compiler, make, and PyPI.

PYTHON   ?= python3
RANKS    ?= 2
PACKAGES := packages
ENV      := .venv
BIN      := $(ENV)/bin
# As root, Open MPI wants to be asked twice; binding would pin all threads of a rank to one core.
MPIRUN   := $(BIN)/mpirun --allow-run-as-root --oversubscribe --bind-to none -n $(RANKS)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help env install run test test-all validate fluid-map bench-emulator lint clean

help:
	@echo "make run       install everything, sample the quickstart, print its table, draw its figures"
	@echo "make test      install everything, run the tests (minutes); make test-all adds the long ones"
	@echo "make validate  compare with closed forms, the released CLASS and CAMB at high precision; one table"
	@echo "make fluid-map compare the EDE fluid with the scalar field over a grid of their parameters"
	@echo "make bench-emulator   train the emulator on the quickstart from nothing, check it at blind points"
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
	$(MPIRUN) $(BIN)/cobaya-run yamls/quickstart.yaml -p $(PACKAGES) --resume
	@$(BIN)/ede-wbins table chains/quickstart
	@$(BIN)/ede-wbins plot chains/quickstart

test: lint install
	$(BIN)/python -m pytest

test-all: lint install
	$(BIN)/python -m pytest -m ''

validate: install
	OMP_NUM_THREADS=1 $(BIN)/python tests/physics/validate.py -p $(PACKAGES)

fluid-map: install
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/fluid_vs_field.py -p $(PACKAGES)

bench-emulator: install
	OMP_NUM_THREADS=1 $(MPIRUN) $(BIN)/python benchmarks/emulator.py -p $(PACKAGES)

lint: env
	$(BIN)/ruff check
	$(BIN)/ruff format --check

clean:
	rm -rf $(ENV) $(PACKAGES)
