# `make test` and `make demo` are the two commands a newcomer needs; `make` alone says what there is.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install -qq --disable-pip-version-check --retries 2

.PHONY: help demo test test-full check bench docs lock clean sbom audit

help:
	@echo "make demo                 show the whole way on invented documents, then serve the site"
	@echo "make demo DATA=folder     the same with a folder of your own documents, without private questions"
	@echo "make demo PORT=8080 SERVE=0 PLACE=/path   another port; end after the verdict; keep it elsewhere"
	@echo "make test                 run the tests; make test-full runs the long ones whole"
	@echo "make check                linters, types, imports; make bench measures; make clean removes .venv"
	@echo "make sbom                 bill of materials; make audit looks for known weaknesses of what is locked"
	@echo "README.md says what this is."

# requirements.lock pins every version by hash; `make lock` writes it anew from pyproject.toml (needs uv).
# Each step that a bare machine can fail at ends in one sentence that mends it. pip's warnings about its own
# settings are not for newcomers; its errors are shown.
$(BIN)/.ready: pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "Lightwell needs Python 3.11 or newer; install it and run again, for example: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "The venv module of Python is missing; on Debian or Ubuntu install it with: apt-get install python3-venv"; exit 1; }
	@echo "Installing what Lightwell needs into $(VENV), once; this takes about a minute."
	@$(PYTHON) -m venv $(VENV) || { echo "The folder $(VENV) cannot be made here; see above, make room or move this folder, and run again: make $(MAKECMDGOALS)"; exit 1; }
	@$(PIP) --require-hashes -r requirements.lock || { echo "The packages were not installed; see above. Connect this machine to the network, or name a mirror with PIP_INDEX_URL, make room if the disk is full, and run again: make $(MAKECMDGOALS)"; exit 1; }
	@$(PIP) --no-deps -e . || { echo "Lightwell itself was not installed; see above, then run again: make $(MAKECMDGOALS)"; exit 1; }
	@touch $@

# make demo [DATA=folder] [PORT=8000] [SERVE=0] [PLACE=var/demo]
# The values reach the shell as they are, whatever blanks and quotation marks are in them.
export DATA PLACE
demo: $(BIN)/.ready
	@$(BIN)/lightwell demo $(if $(DATA),--data "$$DATA") $(if $(PLACE),--home "$$PLACE") $(if $(PORT),--port $(PORT)) $(if $(filter 0,$(SERVE)),--no-serve)

# make test [JOBS=2]: JOBS runs that many files of tests at a time
test: $(BIN)/.ready
	$(BIN)/python -m pytest -m "not full" $(if $(JOBS),-n $(JOBS) --dist loadfile)

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
	$(BIN)/python docs/make/private_attacks.py
	$(BIN)/python docs/make/sql.py
	$(BIN)/python docs/make/epsilon.py

LOCKING := --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --python-version 3.11 --universal --quiet
lock:
	uv pip compile pyproject.toml --extra site --extra postgres --extra s3 --extra query --extra demo --extra dev $(LOCKING) --output-file requirements.lock
	uv pip compile pyproject.toml --extra query --extra spark $(LOCKING) --constraints requirements.lock --output-file requirements-spark.lock

# The bill of materials (CycloneDX) in build/; known vulnerabilities of what is locked, which takes the network.
sbom: $(BIN)/.ready
	$(BIN)/python docs/make/sbom.py

audit: $(BIN)/.ready
	@$(BIN)/python docs/make/audit.py

clean:
	rm -rf $(VENV) build dist

# make bench [SHORT=1]: every benchmark, written to docs/benchmarks.md; SHORT=1 only tries them
bench: $(BIN)/.ready
	@command -v pdftotext >/dev/null || { echo "The peer pdftotext is missing; on Debian or Ubuntu install it with: apt-get install poppler-utils"; exit 1; }
	$(BIN)/python benchmarks/run.py $(if $(SHORT),--short)
