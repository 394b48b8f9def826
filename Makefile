# `make test` and `make demo` are the two commands a newcomer needs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: demo test test-full check bench docs lock clean

$(BIN)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Lightwell needs Python 3.11 or newer; install it and run again, for example: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "The venv module of Python is missing; on Debian or Ubuntu install it with: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[site,postgres,demo,dev]'
	@touch $@

# make demo [DATA=folder] [PORT=8000] [SERVE=0]
demo: $(BIN)/.ready
	@$(BIN)/lightwell demo $(if $(DATA),--data "$(DATA)") $(if $(PORT),--port $(PORT)) $(if $(filter 0,$(SERVE)),--no-serve)

test: $(BIN)/.ready
	$(BIN)/python -m pytest -m "not full"

test-full: $(BIN)/.ready
	$(BIN)/python -m pytest

check: $(BIN)/.ready
	$(BIN)/ruff check src tests docs benchmarks
	$(BIN)/ruff format --check src tests docs benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(BIN)/.ready
	$(BIN)/python docs/make/disclosures.py
	$(BIN)/python docs/make/permissions.py

clean:
	rm -rf $(VENV) build dist

bench: $(BIN)/.ready
	$(BIN)/python benchmarks/seal.py
