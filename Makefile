# make app    set everything up and start the app
# make test   set everything up and run all checks and tests
# make screenshots   take the pictures of all pages in docs/screens

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: app test lint browser screenshots clean

app: $(VENV)/.app
	$(BIN)/python -m ris serve

test: $(VENV)/.test browser lint
	$(BIN)/python -m pytest

lint: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

screenshots: $(VENV)/.test browser
	$(BIN)/python tests/browser/screenshots.py

# A browser for the tests in tests/browser; they are skipped where there is none.
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || \
	  command -v google-chrome >/dev/null || ! command -v apt-get >/dev/null || \
	  { echo "Installing Chromium for the browser tests"; sudo=$$(command -v sudo || true); \
	    $$sudo apt-get update -qq && $$sudo apt-get install -y -qq chromium >/dev/null; } || \
	  echo "Chromium could not be installed: the browser tests will be skipped."

# The stamps make both idempotent: nothing is installed twice until the pins change.
$(VENV)/.app: requirements.txt .setup/check.py
	@$(PYTHON) .setup/check.py
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what ris needs into $(VENV) (a few minutes the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.test: $(VENV)/.app tests/requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $@

clean:
	rm -rf $(VENV)
