# Two commands on a fresh machine with Python 3.11, pip and make: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test check bench format clean

help: ## say what each target does
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## ?/\1\t/' | expand -t 12

# The demo needs the base install alone.
$(VENV)-demo/.done: pyproject.toml
	$(PYTHON) -m venv $(VENV)-demo
	$(VENV)-demo/bin/pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.done: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

$(VENV)-bench/.done: pyproject.toml
	$(PYTHON) -m venv $(VENV)-bench
	@# pip 23 stops at the two spellings of an extra of lxml that the extractors ask for.
	$(VENV)-bench/bin/pip install --quiet --disable-pip-version-check --upgrade pip
	$(VENV)-bench/bin/pip install --quiet --disable-pip-version-check -e '.[bench]'
	@touch $@

demo: $(VENV)-demo/.done ## refine the example pages, show what was struck out, score it against gold
	$(VENV)-demo/bin/bluepencil refine examples/pages.jsonl -o demo-out --text-field raw --fresh
	$(VENV)-demo/bin/bluepencil show demo-out --sample 3 --lines 40 --color
	@echo "Scores against gold. The tagger was trained on these pages too; docs/tagger.md has figures on unseen sites."
	$(VENV)-demo/bin/bluepencil evaluate edits demo-out --gold examples/pages.jsonl --by lang

test: check ## run every check and every test
	$(BIN)/python -m pytest

check: $(VENV)/.done ## style, types, import contract, sizes
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tests/sizes.py

bench: $(VENV)-bench/.done ## run every benchmark, quickly
	@for name in $$(grep -l '^if __name__' bench/*.py | xargs -n1 basename | sed 's/\.py$$//'); do \
	  echo "== bench.$$name"; $(VENV)-bench/bin/python -m bench.$$name --quick || exit 1; done

format: $(VENV)/.done ## bring the code into the house style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## remove what the targets made
	rm -rf $(VENV) $(VENV)-demo $(VENV)-bench demo-out
