# One virtual environment for each Python: .venv for python3, .venv-3.13 for PYTHON=python3.13.
PYTHON ?= python3
VENV ?= $(if $(filter python3,$(PYTHON)),.venv,.venv-$(patsubst python%,%,$(notdir $(PYTHON))))
BIN := $(VENV)/bin
SETUP := @PYTHON="$(PYTHON)" VENV="$(VENV)" scripts/setup
ARGS ?=

# Run a command in its own foreground process group: Ctrl-C then ends the command cleanly, and make,
# which would report an error, does not get the signal. The command ends with the shell that started it.
IN_FRONT := bash -c '[ ! -t 0 ] || set -m; "$$0" "$$@"; exit $$?' setpriv --pdeathsig TERM

# Debian has mosquitto in /usr/sbin, which is not in a user's PATH.
export PATH := $(PATH):/usr/sbin:/sbin
# Blinka must not look for packages, nor ask to install any.
export BLINKA_SKIP_DEPENDENCY_CHECK := 1
# Some machines forbid storing compiled modules; programs that are started hundreds of times would be compiled each time.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup run test check bench bench-fleet test-slow soak install install-hub lock clean
.DEFAULT_GOAL := help

help: ## this list
	@echo "Minshan 岷山: the software of a weather station in a mountain orchard"
	@echo
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'
	@echo
	@echo "Another Python: make test PYTHON=python3.13. More words for the command: make run ARGS=\"--speed 60\"."

setup: ## .venv with the locked dependencies and the `minshan` command
	$(SETUP) run

run: ## a whole station on simulated devices, live; Ctrl-C ends it
	$(SETUP) run
	@$(IN_FRONT) $(BIN)/minshan demo $(ARGS) $(if $(findstring --for,$(ARGS))$(findstring --capture,$(ARGS))$(findstring --until-sent,$(ARGS)),,|| [ $$? = 130 ])

test: ## all tests but the slow ones
	$(SETUP) test
	$(BIN)/python -m pytest -n 3 $(ARGS)

test-slow: ## the tests that take minutes
	$(SETUP) test
	$(BIN)/python -m pytest -n 4 -m slow --timeout 1800 $(ARGS)

soak: ## 200 simulated station-days under all faults, on two cores (an hour); ARGS="--year": one box for a year
	$(SETUP) test
	$(BIN)/python -m tests.soak $(ARGS)

check: ## linters, types, the rules of the code, the documents
	$(SETUP) test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_house.py tests/test_encodings.py tests/test_wire_bounds.py tests/unit/test_docs.py tests/unit/edge/wire/test_schemas.py

bench: ## measure this machine, each figure beside a reference
	$(SETUP) test
	$(BIN)/python -m tests.bench $(ARGS)

bench-fleet: ## 1,000 stations with a day each into a broker, two hubs and PostgreSQL, all of which are killed (an hour)
	$(SETUP) test
	$(BIN)/python -m tests.fleet $(ARGS)

install: ## as root on a Pi: /opt/minshan, /etc/minshan, /var/lib/minshan, the units
	$(SETUP) install
	@PYTHON="$(PYTHON)" DESTDIR="$(DESTDIR)" CONFIG="$(CONFIG)" scripts/install station $(ARGS)

install-hub: ## as root in an office: /opt/minshan, /etc/minshan-hub, /var/lib/minshan-hub, the unit
	$(SETUP) install
	@PYTHON="$(PYTHON)" DESTDIR="$(DESTDIR)" CONFIG="$(CONFIG)" scripts/install hub $(ARGS)

lock: ## regenerate requirements/*.lock from pyproject.toml
	$(SETUP) run
	@VENV="$(VENV)" scripts/lock $(ARGS)

clean: ## remove what make created; stations' data are kept
	rm -rf .venv .venv-* build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
