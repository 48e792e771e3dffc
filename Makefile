# Everything from a bare clone with python3 (>= 3.11), make and git. `make TORCH='torch==2.12.*' run` takes another torch.
PYTHON ?= python3
TORCH ?= torch==2.13.0
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint deploy/constraints.txt

.PHONY: help run test check format pins docs clean

help: ## these lines
	@sed -n 's/^\([a-z]*\):.*## /  make \1  /p' Makefile

run: .venv/.run ## the studio on http://127.0.0.1:8420, and Telegram and Discord if their tokens are set
	@$(BIN)/ghostnote run

test: .venv/.dev ## the whole test suite
	GOMP_SPINCOUNT=1000 $(BIN)/python -m pytest -n 2 --dist loadfile --durations=25  # two workers share the cores, see deploy/cli.py

check: .venv/.dev ## style, types, import contracts, docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m deploy.docs --check

format: .venv/.dev ## put the source into the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: .venv/.dev ## write the parts of docs/ that are made from tables
	$(BIN)/python -m deploy.docs

pins: .venv/.dev ## pin what is installed now
	$(BIN)/python -m pip freeze --exclude-editable --exclude torch --exclude ghostnote > deploy/constraints.txt

clean: ## remove the environment and caches, never what Ghostnote wrote
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

.venv/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Ghostnote needs Python 3.11 or newer; say make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/.torch: .venv/.python
	@echo "Installing $(TORCH) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check '$(TORCH)'
	@touch $@

.venv/.run: .venv/.torch pyproject.toml deploy/constraints.txt
	@echo "Installing Ghostnote ..."
	@$(PIP) --editable .
	@touch $@

.venv/.dev: .venv/.run
	@echo "Installing what the tests need ..."
	@$(PIP) --editable '.[dev]'
	@touch $@
