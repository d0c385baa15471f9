# Each target sets up all it needs in .venv; nothing but Python 3.11 or 3.12 and make has to be there.

FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))
PYTHON ?= $(shell for each in python3.12 python3.11 python3 python; do \
	$$each -c '$(FITS)' 2>/dev/null && echo $$each && break; done)
VENV := .venv
LOCK := $(VENV).lock
BIN := $(VENV)/bin
READY := $(VENV)/ready
# The rules of accessibility that pages are tried by, in a browser.
AXE := axe-core@4.14.1
AXE_FOLDER := $(VENV)/axe
CHROMIUM := $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
NPM := $(shell command -v npm)
BROWSER := $(if $(and $(or $(TEST_CHROMIUM),$(CHROMIUM)),$(or $(TEST_AXE),$(NPM))),yes)
JOBS ?= 2

.PHONY: help demo sandbox run test unit axe lint types contract bench mutants soak moodle plugin docs clean

help:
	@echo "make demo     see a day in a course, on simulated systems"
	@echo "make sandbox  serve a simulated Moodle and kuraCloud, to try things on"
	@echo "make run      run the service (kurasync up)"
	@echo "make test     lint, types, import contract and every test; with chromium and npm also those in a browser"
	@echo "make bench    what it costs, each figure beside its limit"
	@echo "make mutants  fifteen seeded bugs, each of which must turn a test red"
	@echo "make soak     the long trials (about an hour)"
	@echo "make moodle   the trials in a real Moodle with the plugin: needs TEST_MOODLE_URL (its address), TEST_MOODLE_DIR"
	@echo "              (the folder of its config.php) and, where php alone will not do, TEST_MOODLE_PHP (the php command)"
	@echo "make plugin   build dist/local_kurasync.zip and dist/block_kurasync.zip, to be installed in Moodle"
	@echo "make docs     write the generated parts of docs/ anew"

$(READY): pyproject.toml constraints.txt
	@"$(PYTHON)" -c '$(FITS)' 2>/dev/null || \
	  { echo "kurasync needs Python 3.11 or 3.12, and $(if $(PYTHON),'$(PYTHON)' is neither,none was found): install one, or say where it is with PYTHON=..."; exit 1; }
	@mkdir $(LOCK) 2>/dev/null || \
	  { echo "Another make is setting up $(VENV): wait for it. If there is none, remove the folder $(LOCK)."; exit 1; }
	@echo "Setting up $(VENV) with $(PYTHON): a minute or two, once."
	@trap 'rmdir $(LOCK)' EXIT; trap 'exit 1' INT TERM; set -e; \
	  $(BIN)/python -c '$(FITS)' 2>/dev/null && $(BIN)/python -m pip --version >/dev/null 2>&1 || \
	    "$(PYTHON)" -m venv --clear $(VENV); \
	  PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev,postgres]"; \
	  touch $(READY)

demo: $(READY)
	$(BIN)/kurasync demo

sandbox: $(READY)
	$(BIN)/kurasync sandbox

run: $(READY)
	$(BIN)/kurasync up

test: lint types contract unit

unit: $(READY) $(if $(BROWSER),axe)
	@command -v php >/dev/null || echo "There is no php here: the syntax of the Moodle plugin's files is not checked."
	@test -n "$(BROWSER)" || echo "There is no chromium or no npm here: the console is not tried in a browser."
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist worksteal \
	  -m "not soak and not moodle$(if $(BROWSER),, and not browser)"

axe: $(READY)
	@test -n "$$TEST_AXE" -o -f $(AXE_FOLDER)/$(AXE) || { \
	  rm -rf $(AXE_FOLDER) && mkdir -p $(AXE_FOLDER) && \
	  npm install --silent --no-save --no-package-lock --no-audit --no-fund --ignore-scripts --prefix $(AXE_FOLDER) $(AXE) && \
	  touch $(AXE_FOLDER)/$(AXE); }

lint: $(READY)
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/mypy

contract: $(READY)
	$(BIN)/lint-imports

bench: $(READY)
	$(BIN)/python -m benchmarks

mutants: $(READY)
	$(BIN)/python -m tests.mutants

soak: $(READY)
	$(BIN)/python -m pytest -m soak --timeout 7200

plugin: $(READY)
	$(BIN)/python plugin/build.py dist

moodle: $(READY)
	@test -n "$$TEST_MOODLE_URL" -a -n "$$TEST_MOODLE_DIR" || \
	  { echo "Which Moodle? Set TEST_MOODLE_URL to its address and TEST_MOODLE_DIR to the folder of its config.php."; exit 1; }
	$(BIN)/python -m pytest -m moodle -rP tests/test_real_moodle.py tests/test_real_moodle_pages.py

docs: $(READY)
	$(BIN)/python -m app.sync.triggers docs/events.md
	$(BIN)/python -m app.cli.reference

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
