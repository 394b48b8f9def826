# `make test` and `make demo` are the two commands a newcomer needs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: demo test test-full check bench docs lock clean

# requirements.lock pins every version by hash; `make lock` writes it anew from pyproject.toml (needs uv).
$(BIN)/.ready: pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Lightwell needs Python 3.11 or newer; install it and run again, for example: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "The venv module of Python is missing; on Debian or Ubuntu install it with: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

# make demo [DATA=folder] [PORT=8000] [SERVE=0]
demo: $(BIN)/.ready
	@$(BIN)/lightwell demo $(if $(DATA),--data "$(DATA)") $(if $(PORT),--port $(PORT)) $(if $(filter 0,$(SERVE)),--no-serve)

test: $(BIN)/.ready
	$(BIN)/python -m pytest -m "not full"

test-full: $(BIN)/.ready
	$(BIN)/python -m pytest -p tests.full_report --report docs/test-full.md

check: $(BIN)/.ready
	$(BIN)/ruff check src tests docs benchmarks
	$(BIN)/ruff format --check src tests docs benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(BIN)/.ready
	$(BIN)/python docs/make/disclosures.py
	$(BIN)/python docs/make/permissions.py

lock:
	uv pip compile pyproject.toml --extra site --extra postgres --extra demo --extra dev --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --python-version 3.11 --universal --quiet --output-file requirements.lock

clean:
	rm -rf $(VENV) build dist

bench: $(BIN)/.ready
	$(BIN)/python benchmarks/seal.py
