# RepairHub. `make run` and `make test` need Python 3.11 or newer, and bring everything else.

PORT ?= 8000
JOBS ?= 2
PYTHON ?= python3
VENV_PYTHON := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help run test check bench messages

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /  make \1	/' | expand -t 18

run: ## the whole product with demo data on http://127.0.0.1:8000 (PORT= changes it); Ctrl-C stops it
	@$(PYTHON) repairhub/ops/start/bootstrap.py run --port $(PORT)

test: ## every test, on a real PostgreSQL, Valkey and Chromium
	@$(PYTHON) repairhub/ops/start/bootstrap.py tests
	@$(VENV_PYTHON) -m tests.chromium
	@$(VENV_PYTHON) -m pytest -n $(JOBS) --dist worksteal

check: ## format, lint, types, layers, templates, migrations, production settings
	@$(PYTHON) repairhub/ops/start/bootstrap.py tests
	$(VENV_PYTHON) -m ruff format --check .
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m mypy
	.venv/bin/lint-imports
	$(VENV_PYTHON) -m djlint --lint --quiet templates
	$(VENV_PYTHON) -W ignore manage.py makemigrations --check --dry-run
	$(VENV_PYTHON) -m tests.deploy_check

bench: ## the figures that issues ask for, measured (ONLY=start, dispatch, simulation, board, desk, scale)
	@$(PYTHON) repairhub/ops/start/bootstrap.py tests
	@$(VENV_PYTHON) -m bench $(ONLY)

messages: ## collect the texts to translate and compile the catalogues (needs gettext)
	@$(PYTHON) repairhub/ops/start/bootstrap.py tests
	@$(VENV_PYTHON) manage.py makemessages --locale zh_Hans --no-obsolete --add-location file \
		--ignore '.venv/*' --ignore 'var/*' --ignore 'tests/*' --ignore 'bench/*'
	@$(VENV_PYTHON) manage.py compilemessages --locale zh_Hans --ignore '.venv/*' --ignore 'var/*'
