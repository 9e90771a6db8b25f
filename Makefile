# The one list of commands. `make demo` and `make test` do everything on a fresh machine with Python 3.11, make and git.
PYTHON ?= python3
BIN := .venv/bin
UV := $(or $(shell command -v uv),$(BIN)/uv)
# As many as a small machine has cores: more wait for each other until they run into their limits of time.
TEST_PROCESSES ?= 2
# Without bytecode every process compiles some 800 files of Dagster again.
export PYTHONDONTWRITEBYTECODE =

.PHONY: setup demo up test soak chaos check bench lock format
.DEFAULT_GOAL := help

help: ## This list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: .venv/installed ## Make .venv with everything in it, exactly as locked

.venv/installed: requirements/dev.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	test -x "$(UV)" || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	UV_COMPILE_BYTECODE=1 $(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $@

demo: setup ## Dub the sample recording into Brazilian Portuguese: out/demo
	$(BIN)/dubline dub samples/sense_and_sensibility.wav --to pt-BR --out out/demo

up: setup ## Start the database, the API, the Dagster UI and its daemon
	$(BIN)/dubline up

test: setup ## Run every test
	scripts/install-test-tools
	scripts/install-supabase-cli
	$(BIN)/pytest --numprocesses $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

soak: setup ## The largest tests at full scale: an hour of recording, twenty jobs at once
	scripts/install-test-tools
	DUBLINE_TEST_SCALE=full $(BIN)/pytest tests/integration/line/test_long_recording.py tests/e2e/test_cloud.py tests/e2e/test_service.py

chaos: setup ## Kill, starve and break a running stack for minutes, then judge it: out/chaos.json
	$(BIN)/python -m tests.chaos.run $(if $(SEED),--seed $(SEED))

check: setup ## Lint, types, import rule, Dagster's definitions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	home=$$(mktemp -d) && DAGSTER_HOME=$$home $(BIN)/dagster definitions validate --workspace workspace.yaml && rm -r $$home

bench: setup ## Measure: ratios and figures of this machine
	$(BIN)/python -m benchmarks

format: setup ## Put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: setup ## Choose new versions for everything, within pyproject.toml
	$(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url --no-emit-find-links --extra local --extra cloud --extra s3 --extra supabase --extra billing --extra tracing --group dev pyproject.toml -o requirements/dev.txt
