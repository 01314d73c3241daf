# make run    the demo column, with a worker, at http://127.0.0.1:8000
# make test   everything the tests need, then the tests
# make check  ruff and mypy
# make bench  the benchmark tables; ONLY="desk nearness" some of them (bench/__main__.py)
#
# PORT=8001 another port; DEMO=ru the Russian demo column; PYTHON=python3.12 another Python.

PORT ?= 8000
DEMO ?= en
WORKERS ?= 2
FLASK = .venv/bin/flask --app wsgi
WASTE := $(or $(TMPDIR),/tmp)
CATALOGUE = app/translations/ru/LC_MESSAGES/messages

SHELL := /bin/sh
.PHONY: run test check bench translations lock
.DELETE_ON_ERROR:

# The newest Python there is, or the one that was asked for.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)

run: .venv/installed $(CATALOGUE).mo
	@$(FLASK) db upgrade
	@$(FLASK) demo --language $(DEMO)
	@exec $(FLASK) serve --port $(PORT) --workers $(WORKERS)

test: .venv/installed-dev $(CATALOGUE).mo
	@sh tests/browser/chromium.sh
	@sh tests/browser/webtools.sh
	@.venv/bin/python -m pytest --numprocesses 2 --dist worksteal $(ARGS)

check: .venv/installed-dev
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy

bench: .venv/installed-dev $(CATALOGUE).mo
	@.venv/bin/python -m bench $(ONLY)

.venv/bin/pip:
	@test -n "$(PYTHON)" || { echo "Dear Friday needs Python 3.11 or newer with venv (Debian: apt-get install python3-venv)." >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "Dear Friday could not make .venv with $(PYTHON)." >&2; exit 1; }

.venv/installed: requirements.lock | .venv/bin/pip
	@echo "Installing the packages that Dear Friday runs on (once) ..."
	@.venv/bin/pip install --quiet --disable-pip-version-check -r requirements.lock || { echo "Dear Friday could not install its packages: is the package index reached?" >&2; exit 1; }
	@touch $@

.venv/installed-dev: requirements-dev.lock | .venv/bin/pip
	@echo "Installing the packages that the tests need (once) ..."
	@.venv/bin/pip install --quiet --disable-pip-version-check -r requirements-dev.lock || { echo "Dear Friday could not install its packages: is the package index reached?" >&2; exit 1; }
	@touch $@ .venv/installed

%.mo: %.po | .venv/bin/pip
	@.venv/bin/pybabel --quiet compile --input-file $< --output-file $@ --locale ru

# Texts of templates and code into the Russian catalogue, under the head that it has; what is new waits there for its
# translation.
translations: .venv/installed-dev
	@.venv/bin/python -m babel.messages.frontend --quiet extract --mapping babel.cfg --output $(WASTE)/messages.pot --no-location --omit-header -k lazy_gettext .
	@sed '/^$$/q' $(CATALOGUE).po > $(WASTE)/messages.head
	@.venv/bin/pybabel --quiet update --input-file $(WASTE)/messages.pot --output-file $(CATALOGUE).po --locale ru --no-fuzzy-matching --ignore-obsolete --omit-header --ignore-pot-creation-date --no-wrap
	@cat $(WASTE)/messages.head $(CATALOGUE).po > $(WASTE)/messages.po && mv $(WASTE)/messages.po $(CATALOGUE).po

# Exact versions, without the address of any index.
lock: | .venv/bin/pip
	@.venv/bin/pip install --quiet uv
	@.venv/bin/uv pip compile --quiet pyproject.toml --output-file requirements.lock --no-emit-index-url --no-annotate --no-header --universal --python-version 3.11
	@.venv/bin/uv pip compile --quiet pyproject.toml --group dev --output-file requirements-dev.lock --no-emit-index-url --no-annotate --no-header --universal --python-version 3.11
