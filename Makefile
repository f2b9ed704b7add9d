# The only commands a newcomer types. They need Python 3.11 or newer, make, git and a package registry.
UV := .tools/bin/uv
PYTHON := .venv/bin/python
READY := .venv/.ready

.PHONY: run test lint format nlu nlu-report bench clean
.DEFAULT_GOAL := run

$(UV):
	@echo "Fetching uv, which installs everything else ..."
	@for p in python3.13 python3.12 python3.11 python3; do \
	  command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && found=$$p && break; \
	done; \
	[ -n "$$found" ] || { echo "Muster needs Python 3.11 or newer: install it (Debian: apt install python3 python3-venv)."; exit 1; }; \
	$$found -m venv .tools && .tools/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9

$(READY): $(UV) pyproject.toml uv.lock
	@echo "Installing Muster's packages ..."
	@$(UV) sync --frozen --quiet
	@touch $@

run: $(READY)  ## everything on this machine, with the demo scenario
	@$(PYTHON) -m bot run --demo

nlu: $(READY)  ## the NLU server's own environment and a model of the present data
	@$(PYTHON) -m bot.nlu.provision

nlu-report: nlu  ## how well messages are understood, on the evaluation sets
	@$(PYTHON) -m bot nlu-report

test: $(READY)  ## everything that can run here; lists what it left out and why
	@$(PYTHON) -m tests.provide
	@$(PYTHON) -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(TESTS)

lint: $(READY)  ## style, types, the dependency rule, flows and texts
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@$(PYTHON) -m bot check

format: $(READY)
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

bench: $(READY)  ## ratios, each measured in one run beside what it is compared with
	@$(PYTHON) -m tests.benchmarks

clean:  ## what was built, never the data in .muster
	rm -rf .venv .tools .nlu .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
