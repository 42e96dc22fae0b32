# RepairHub. `make run` and `make test` need Python 3.11 or newer, and bring everything else.

PORT ?= 8000
JOBS ?= 2
PYTHON ?= python3
VENV := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help run test check messages

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /  make \1	/' | expand -t 18

run: ## the whole product with demo data on http://127.0.0.1:8000 (PORT= changes it); Ctrl-C stops it
	@PORT=$(PORT) $(PYTHON) repairhub/ops/run.py

test: ## every test, on a real PostgreSQL, Valkey and Chromium
	@$(PYTHON) repairhub/ops/install.py tests chromium
	@$(VENV)/pytest -n $(JOBS) --dist worksteal

check: ## format, lint, types, layers, templates, migrations, production settings
	@$(PYTHON) repairhub/ops/install.py tests
	@$(VENV)/python -m repairhub.ops.check

messages: ## collect the texts to translate and compile the catalogues (needs gettext)
	@$(PYTHON) repairhub/ops/install.py tests
	@$(VENV)/python manage.py makemessages --locale zh_Hans --ignore '.venv/*' --ignore 'var/*' --no-obsolete
	@$(VENV)/python manage.py compilemessages --locale zh_Hans --ignore '.venv/*' --ignore 'var/*'
