# make demo         set up, make a demo site if there is none, serve it
# make test         set up, run all tests (PYTEST_ARGS="-k rotation" to choose)
# make check        style, types, import contracts, pinned requirements
# make coverage     branch coverage of the rule engines
# make setup        only the set-up, in .venv
# make screenshots  pictures of the README    make bench     figures against the bare baseline
# make messages     translations              make lock      renew the pinned requirements
#
# ZHIKE_PORT and ZHIKE_HOST say where the demo listens, ZHIKE_HOME where its data is (default var/),
# PYTHON which interpreter makes .venv.

SHELL := /bin/sh
VENV ?= .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
INSTALL := tools/install.sh
MEMBERS := core $(wildcard plugins/*)
PROJECTS := $(wildcard $(addsuffix /pyproject.toml,$(MEMBERS)) $(addsuffix /hatch_build.py,$(MEMBERS)))
CATALOGUES := $(wildcard core/zhike/translations/*/LC_MESSAGES/*.po \
	plugins/*/zhike_*/translations/*/LC_MESSAGES/*.po)
# Packages that are checked out here; a new plugin is found without touching this file.
SOURCES := core/zhike $(wildcard plugins/*/zhike_*)
PYTEST_ARGS ?=

.PHONY: help setup setup-test setup-dev demo test coverage check lint types imports lock-check lock \
	screenshots bench messages clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^# \{0,1\}//p' Makefile | head -10

# --- set-up: a stamp each, so that the second call does nothing --------------------------------------
setup: $(STAMPS)/base $(STAMPS)/editable $(STAMPS)/catalogues
setup-test: $(STAMPS)/test $(STAMPS)/editable $(STAMPS)/catalogues
setup-dev: $(STAMPS)/dev $(STAMPS)/editable $(STAMPS)/catalogues

$(STAMPS)/base $(STAMPS)/test $(STAMPS)/dev: $(STAMPS)/%: requirements/%.txt $(INSTALL)
	@$(INSTALL) $(VENV) $*
	@mkdir -p $(STAMPS) && touch $@

# After the libraries, whichever level of them is being set up.
$(STAMPS)/editable: requirements/build.txt $(PROJECTS) $(INSTALL)
	@$(INSTALL) $(VENV) editable
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/catalogues: $(STAMPS)/editable $(CATALOGUES)
	@$(BIN)/python tools/messages.py compile $(SOURCES)
	@touch $@

# --- use ---------------------------------------------------------------------------------------------
demo: setup
	@exec $(BIN)/zhike demo

test: setup-test
	$(BIN)/python -m pytest $(PYTEST_ARGS)

# Branch coverage of the rule engines, which may not fall below 98 %.
coverage: setup-test
	$(BIN)/python -m pytest -q core/tests/rules core/tests/drills $(wildcard plugins/*/tests/rules) \
		--cov --cov-report=
	$(BIN)/coverage report --include='*/rules/*' --fail-under=98

check: lint types imports lock-check

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup-dev
	$(BIN)/mypy

imports: setup-dev
	$(BIN)/lint-imports

screenshots: setup-test
	$(BIN)/python docs/screenshots.py

bench: setup-test
	$(BIN)/python -m benchmarks

# --- requirements and translations -------------------------------------------------------------------
LOCKS := base build postgresql test dev uv
COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --universal --no-annotate --no-header \
	--no-config --python-version 3.11

# Newer versions where the .in files allow them: make lock UPGRADE=--upgrade
UPGRADE ?=
lock: setup-dev
	@for name in $(LOCKS); do \
		$(COMPILE) $(UPGRADE) requirements/$$name.in -o requirements/$$name.txt || exit 1; \
	done

# Would `make lock` change anything? Works on a copy.
lock-check: setup-dev
	@copy=$$(mktemp -d) && trap 'rm -rf "$$copy"' EXIT && cp requirements/*.in requirements/*.txt "$$copy" && \
	for name in $(LOCKS); do \
		(cd "$$copy" && $(abspath $(BIN))/uv pip compile --quiet --generate-hashes --universal \
			--no-annotate --no-header --no-config --python-version 3.11 $$name.in -o $$name.txt) || exit 1; \
		cmp -s "requirements/$$name.txt" "$$copy/$$name.txt" || \
			{ echo "requirements/$$name.txt is not what its .in file asks for: make lock"; exit 1; }; \
	done && echo "Pinned requirements are up to date."

# Take new message ids out of the sources into the .po files.
messages: setup-test
	@$(BIN)/python tools/messages.py update $(SOURCES)

clean:
	rm -rf $(VENV) build dist .coverage .coverage.* htmlcov .mypy_cache .pytest_cache .ruff_cache \
		.hypothesis .import_linter_cache core/zhike/static/vendor
	find core plugins tests -name __pycache__ -type d -prune -exec rm -rf {} +
	find core plugins -name '*.mo' -delete
