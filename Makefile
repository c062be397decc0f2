# Everything a developer does, on a machine that has Python 3.11, make and git. `make help` lists it.

PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3; do command -v $$name && break; done)

VENV := .venv
BIN := $(VENV)/bin
STATE := $(VENV)/.state
CONSOLE := graphql_api/static/console/index.html
CONSOLE_SOURCES := $(shell find console/app -type f -not -path '*/node_modules/*' -not -path '*/src/graphql/*' 2>/dev/null)
GRAPHIQL := graphql_api/static/graphiql/index.html
GRAPHIQL_SOURCES := $(shell find console/graphiql -type f -not -path '*/node_modules/*' 2>/dev/null)
# The tests start hundreds of processes: each would compile all of Stepgraph where machines forbid it to keep that.
unexport PYTHONDONTWRITEBYTECODE
CODE := stepgraph graphql_api actors persistence domain example_service tests benchmarks

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup console demo dev test abuse chaos check format bench bench-peers lock clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 13

setup: $(STATE)/project $(CONSOLE) $(GRAPHIQL) ## make the environment in .venv, build the console and the playground

console: $(CONSOLE) $(GRAPHIQL) ## build the web console and the playground

demo: setup ## start everything, execute the example workflow and show it live
	@$(BIN)/stepgraph demo

dev: setup ## start everything and keep it up until Ctrl-C
	@exec $(BIN)/stepgraph dev

test: setup ## run all tests, on up to four cores
	@$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist worksteal

abuse: setup ## send requests that are written to cost much, and show what each kind costs
	@STEPGRAPH_ABUSE_SEED=$${STEPGRAPH_ABUSE_SEED:-$$$$} \
	  STEPGRAPH_ABUSE_REQUESTS=$${STEPGRAPH_ABUSE_REQUESTS:-200} \
	  STEPGRAPH_ABUSE_DIRECTORY=$${STEPGRAPH_ABUSE_DIRECTORY:-.stepgraph/abuse} \
	  $(BIN)/python -m pytest tests/abuse -q -p no:xdist -p no:randomly

chaos: setup ## break a running system on purpose, each fault alone and all at once with ten seeds
	@STEPGRAPH_CHAOS_SEEDS=$${STEPGRAPH_CHAOS_SEEDS:-10} \
	  STEPGRAPH_CHAOS_SECONDS=$${STEPGRAPH_CHAOS_SECONDS:-30} \
	  STEPGRAPH_CHAOS_FAULTS=$${STEPGRAPH_CHAOS_FAULTS:-all} \
	  $(BIN)/python -m pytest tests/chaos -v -rP -p no:xdist -p no:randomly

check: setup $(STATE)/console-checked ## lint, types, import contracts, dead code, generated files
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || { echo "Some files are not formatted: run make format." >&2; exit 1; }
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo > $(STATE)/contracts.log 2>&1 || { cat $(STATE)/contracts.log >&2; exit 1; }
	@$(BIN)/vulture || { echo "Remove what nothing uses; pyproject.toml lists the names that frameworks call." >&2; exit 1; }
	@$(BIN)/python -m graphql_api.export --check
	@$(BIN)/python -m domain.workflows.documents.json_schema | cmp -s - domain/workflows/workflow.schema.json || { \
	  echo "Write it anew: python -m domain.workflows.documents.json_schema > domain/workflows/workflow.schema.json" >&2; exit 1; }
	@$(BIN)/python -m stepgraph.settings.page | cmp -s - docs/settings.md || { \
	  echo "Write it anew: python -m stepgraph.settings.page > docs/settings.md" >&2; exit 1; }
	@$(BIN)/python -m persistence.postgres.check_migrations
	@$(BIN)/python -m persistence.postgres.new_schema | cmp -s - persistence/postgres/schema.sql || { \
	  echo "Write it anew: python -m persistence.postgres.new_schema > persistence/postgres/schema.sql" >&2; exit 1; }
	@scripts/check-file-lengths
	@echo "check: all is well"

format: setup ## put the code into its one format
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

bench: setup ## measure the workloads of docs/performance.md
	@$(BIN)/python -m benchmarks

# PEERS chooses among them; PEERS_OPTIONS are those of `python -m benchmarks.peers`.
PEERS := restate dbos
bench-peers: setup ## measure Stepgraph and its peers in turns: see docs/comparison.md
	@echo "Installing $(PEERS) into .stepgraph/peers ..."
	@scripts/install-peers $(BIN) $(PEERS)
	@exec $(BIN)/python -m benchmarks.peers $(PEERS) $(PEERS_OPTIONS)

lock: $(STATE)/uv ## bring requirements.lock to the newest releases that pyproject.toml allows
	@$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-header --no-annotate \
	  --python-version 3.11 --all-extras --group dev --group console --output-file requirements.lock pyproject.toml

clean: ## remove the environment, what was built and all caches, but not the data in .stepgraph
	@rm -rf $(VENV) graphql_api/static console/*/node_modules console/app/src/graphql dist
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find $(CODE) -name __pycache__ -prune -exec rm -rf {} +

# The environment. uv is part of the lock; its own lines of it, hashes and all, are what pip needs to get it.
$(STATE)/uv: requirements.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and none is on the PATH." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; $(PYTHON) is older. Say which to use: make PYTHON=…" >&2; exit 1; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@mkdir -p $(STATE)
	@awk '/^[a-z]/ { mine = /^uv==/ } mine' requirements.lock > $(STATE)/uv.txt
	@$(BIN)/uv --version 2>/dev/null | cut -d' ' -f2 | grep -qxF "$$(sed -n 's/^uv==\([^ ]*\).*/\1/p' $(STATE)/uv.txt)" || { \
	  $(BIN)/python -m pip --version > /dev/null 2>&1 || $(BIN)/python -m ensurepip > /dev/null; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $(STATE)/uv.txt; }
	@touch $@

$(STATE)/packages: requirements.lock $(STATE)/uv
	@echo "Installing what requirements.lock names into $(VENV) ..."
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	@touch $@

# Without build isolation the project is built by what the lock names, and nothing else is fetched.
$(STATE)/project: pyproject.toml $(STATE)/packages
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# What runs in browsers: by the system's Node.js where that is new enough, else by the one that came with the packages.
# What is installed already, to the letter of the lock, is not installed again when only the lock's time has changed.
$(STATE)/%-packages: console/%/package-lock.json | $(STATE)/packages
	@cmp -s $< console/$*/node_modules/.installed || scripts/npm-in $(BIN) console/$* ci
	@cp $< console/$*/node_modules/.installed
	@touch $@

$(GRAPHIQL): $(GRAPHIQL_SOURCES) $(STATE)/graphiql-packages
	@echo "Building the playground ..."
	@scripts/npm-in $(BIN) console/graphiql run build
	@touch $@

$(CONSOLE): $(CONSOLE_SOURCES) graphql_api/schema.graphql $(STATE)/app-packages
	@echo "Building the console ..."
	@scripts/npm-in $(BIN) console/app run build
	@touch $@

$(STATE)/console-checked: $(CONSOLE_SOURCES) graphql_api/schema.graphql domain/workflows/workflow.schema.json $(STATE)/app-packages
	@scripts/npm-in $(BIN) console/app run check
	@touch $@
