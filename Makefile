# Two commands matter: `make demo` and `make test`. Everything is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo demo-killed backfill-killed pictures test check ui dashboard install

demo: install
	$(BIN)/llm-finops demo $(if $(UNTIL),--until $(UNTIL))

demo-killed: install
	$(BIN)/python -m llm_finops_tests.acceptance.killed_demo $(if $(UNTIL),--until $(UNTIL)) $(if $(PLAYED),--played $(PLAYED))

backfill-killed: install
	LLM_FINOPS_KILLS=10 LLM_FINOPS_COMMANDS=10 $(BIN)/pytest -n 2 --dist worksteal llm_finops_tests/acceptance/test_random_kills.py -k killed

test: install
	$(BIN)/pytest -n 2 --dist worksteal

ui: install
	$(BIN)/llm-finops dev

dashboard: install
	$(BIN)/llm-finops dashboard

pictures: demo
	$(BIN)/python -m llm_finops_tests.pictures

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 --dist worksteal

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else "llm_finops needs Python 3.11 to 3.13; $(PYTHON) is " + sys.version.split()[0] + ". Try: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@
