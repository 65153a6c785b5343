# Segue. `make help` lists what there is; every target sets up what it needs.

PYTHON ?= python3
DIR ?= $(CURDIR)/.segue
PORT ?=
MUSIC ?=
BASE ?= main
# Processes that run tests beside each other; 0 runs them in one, for a debugger and for prints.
WORKERS ?= auto
PARALLEL = -n $(WORKERS)

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export SEGUE_DIR := $(abspath $(DIR))
# Embedded PostgreSQL looks for this folder and warns without it.
export XDG_RUNTIME_DIR ?= /tmp

KILLS = $(addprefix tests/mesh/test_,$(addsuffix .py,playback_survives_kills playlists_survive_kills \
	playback_is_linearizable))

# Tests and services start from bytecode, whatever the surroundings say.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo up down test test-all test-fast prepare test-kills test-browser test-node test-languages test-alerts test-attack test-readme test-players test-spark check bench generate release-artifacts lock clean

help: ## This list
	@echo "Segue: a music streaming backend. Needs Python 3.11 to 3.14 and make; nothing else."
	@echo
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  DIR=$(DIR)  where the mesh lives      PORT=8080  where the edge listens (make up)"
	@echo "  MUSIC=~/Music  what make demo imports; without it an album is synthesised"

setup: $(STAMP) ## Install everything into .venv (fast the second time)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 15) else "Segue needs Python 3.11 to 3.14; this is " + sys.version.split()[0] + ". Say which to use: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "python3-venv is missing; on Debian: apt-get install python3-venv"; exit 1; }
	@echo "installing packages into $(VENV): 1.1 GB on disk"
	@awk '/^[a-z]/ {on = ($$1 ~ /^uv==/)} on' requirements.lock > $(VENV)/uv.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.lock
	@$(BIN)/uv pip sync $$(test -t 2 || echo --quiet) --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m protos.generate --lay-out
	@echo "compiling them"
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null 2>&1 || true
	@touch $@

demo: $(STAMP) ## Import music, search it and play it through a real mesh (MUSIC=folder for your own)
	@$(BIN)/segue demo $(if $(MUSIC),--music "$(MUSIC)")

up: $(STAMP) ## Start the mesh and leave it running; prints the addresses
	@$(BIN)/segue mesh up --detach $(if $(PORT),--port $(PORT))

down: $(STAMP) ## Stop the mesh
	@$(BIN)/segue mesh down

test: $(STAMP) ## Run all tests against real PostgreSQL, Valkey, Envoy, FFmpeg and packager (WORKERS=N)
	@$(BIN)/python -m pytest $(PARALLEL) tests --ignore=tests/alerts --ignore=tests/attack --ignore=tests/browser --ignore=tests/node --ignore=tests/languages --ignore=tests/players --ignore=tests/readme --ignore=tests/spark $(ARGS)

prepare: ## Lay out what browser, Node, other languages and the README need, by npm and Go
	@tests/browser/prepare
	@tests/node/prepare
	@tests/languages/prepare
	@tests/readme/prepare

test-all: $(STAMP) prepare ## Run everything beside each other, also browser, Node and other languages
	@$(BIN)/python -m pytest $(PARALLEL) tests --ignore=tests/players --ignore=tests/spark $(ARGS)

test-fast: $(STAMP) ## Run what a change needs first: rules, contracts, suites in memory (under 90 s)
	@$(BIN)/python -m pytest -n $(WORKERS:auto=logical) tests/unit tests/protos $(ARGS)

test-kills: $(STAMP) ## Kill instances hundreds of times under load (some 20 min) and see that nothing is lost
	@SEGUE_TEST_PROFILE=thorough $(BIN)/python -m pytest -s $(KILLS) $(ARGS)

test-browser: $(STAMP) ## Play in headless Chromium (Debian: apt-get install chromium chromium-driver; needs npm)
	@tests/browser/prepare
	@$(BIN)/python -m pytest tests/browser $(ARGS)

test-node: $(STAMP) ## Hold a device's streams from Node (Debian: apt-get install nodejs npm)
	@tests/node/prepare
	@$(BIN)/python -m pytest tests/node $(ARGS)

test-alerts: $(STAMP) ## Ask promtool when the alerts ring (Debian: apt-get install prometheus)
	@$(BIN)/python -m pytest tests/alerts $(ARGS)

test-attack: $(STAMP) ## Attack a mesh from outside and from beside, at length; prints tables (as root)
	@SEGUE_TEST_PROFILE=$${SEGUE_TEST_PROFILE:-thorough} $(BIN)/python -m pytest tests/attack $(ARGS)

test-languages: $(STAMP) ## Compile the contracts in four languages, call them from clients (see CONTRIBUTING.md)
	@tests/languages/prepare
	@$(BIN)/python -m pytest tests/languages $(ARGS)

test-readme: $(STAMP) ## Type every line of the README, as a new user does (needs Go, npm and curl)
	@tests/readme/prepare
	@$(BIN)/python -m pytest tests/readme $(ARGS)

test-players: $(STAMP) ## Play by mpv, VLC, GStreamer and streamlink, which it says how to install
	@tests/players/prepare
	@$(BIN)/python -m pytest tests/players $(ARGS)

test-spark: $(STAMP) ## Train with Spark beside our own ALS (480 MB more; Debian: apt-get install default-jre-headless)
	@tests/spark/prepare $(abspath $(BIN)) $(abspath $(VENV))/spark
	@PYTHONPATH=$(abspath $(VENV))/spark $(BIN)/python -m pytest -s tests/spark $(ARGS)

check: $(STAMP) ## Format, lint, types, import law, contracts, drift of generated files
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/python -m protos.generate --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m tests.laws
	@$(BIN)/buf lint
	@$(BIN)/buf format --diff --exit-code protos
	@tests/protos/breaking $(BASE)
	@$(BIN)/python -m docs.generate --check

bench: $(STAMP) ## Measure, each figure beside its limit (BENCH=name for one)
	@$(BIN)/python -m bench $(BENCH)

generate: $(STAMP) ## Write gen/ and the generated pages of docs/ anew
	@$(BIN)/buf format --write protos
	@$(BIN)/python -m protos.generate
	@$(BIN)/python -m docs.generate

release-artifacts: $(STAMP) ## Write the contracts for others to dist/: descriptor set, tree, OpenAPI
	@rm -rf dist/contracts dist/segue-contracts.tar.gz
	@mkdir -p dist
	@$(BIN)/segue protos > dist/segue-contracts.binpb
	@$(BIN)/segue protos --out dist/contracts >/dev/null
	@tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C dist -czf dist/segue-contracts.tar.gz contracts
	@rm -r dist/contracts
	@cp gen/segue/openapi.json dist/segue-openapi.json
	@ls dist/segue-*

lock: $(STAMP) ## Resolve the lock files anew
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --extra dev --extra bench --python-version 3.11 --upgrade --output-file requirements.lock pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --python-version 3.11 --upgrade --output-file tests/spark/requirements.lock tests/spark/requirements.in

clean: ## Remove what was installed and generated here, but never DIR
	rm -rf $(VENV) .buf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
