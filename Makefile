# `make` alone prints what there is. Every target makes .venv by itself when it is missing or the lock has changed.
PYTHON ?= python3
DATASET ?= sample
BUDGET ?= auto
JOBS ?= 0
FRESH ?= 0
MINUTES ?= 40
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

.PHONY: help setup figures report check test lab lint bench soak lock clean
.DEFAULT_GOAL := help

help: ## Show this list
	@echo "Targets (DATASET=$(DATASET) BUDGET=$(BUDGET) JOBS=$(JOBS) FRESH=$(FRESH), to be set on the command line):"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: $(READY) ## Make .venv with the locked packages

# Compiled at once: where PYTHONDONTWRITEBYTECODE is set, every import of TensorFlow would compile it again, for 20 seconds.
$(READY): requirements.txt pyproject.toml
	@echo "Setting up $(VENV) (Python 3.11 to 3.13; about 2.5 GB, once)"
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else "Python 3.11, 3.12 or 3.13 is needed, this is %d.%d: call make PYTHON=python3.12" % v)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --requirements requirements.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

# FRESH=1 trains every network again, although its published record would serve.
figures: $(READY) ## Run every notebook, write all figures and tables below outputs/, and a report of them
	$(BIN)/fer run --dataset "$(DATASET)" --budget $(BUDGET) --jobs $(JOBS) --html $(if $(filter 1,$(FRESH)),--fresh)

report: $(READY) ## Make the report again from notebooks that have run
	$(BIN)/fer report --dataset "$(DATASET)"

check: $(READY) ## Report which committed figures, tables and README numbers are stale
	$(BIN)/fer check

test: $(READY) ## Check the style and run the tests
	@$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

lab: $(READY) ## Open JupyterLab on the notebooks
	$(BIN)/jupyter lab notebooks

lint: $(READY) ## Check style, formatting and which room imports from which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache --no-logo

bench: $(READY) ## Measure the training engine (half an hour on an idle machine); PyTorch too where it is installed
	$(BIN)/python -m benchmarks.bench

soak: $(READY) ## Hunt for MINUTES (40) for results that are lost or silently wrong: kills, damage, full disks, hostile names
	$(BIN)/python -m benchmarks.soak --minutes $(MINUTES)

# `fewest` takes one version of a package for all Pythons, where the default would take the newest for each. What
# requirements.txt names already stays at its version: to move a package, change or delete its line first.
lock: $(READY) ## Compile requirements.txt from pyproject.toml again
	$(BIN)/uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --extra development --no-annotate \
		--custom-compile-command "make lock" pyproject.toml --output-file requirements.txt

clean: ## Remove .venv, kept runs, executed notebooks and reports; committed results and data stay
	rm -rf $(VENV) outputs/*/runs outputs/*/notebooks outputs/*/report .pytest_cache .ruff_cache
