# Two commands matter: `make demo` and `make test`. Both set up everything they need.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PORT ?= 8000
ARGS ?=
python := .venv/bin/python
retailvista := .venv/bin/retailvista

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## the environment of the product alone (.venv from requirements.lock)
	@sh scripts/setup base

.PHONY: setup-test
setup-test: ## the environment with everything the tests need
	@sh scripts/setup test

.PHONY: demo
demo: setup ## the main job end to end for three companies (PORT=8000, ARGS=--exit)
	@$(retailvista) demo --port $(PORT) $(ARGS)

.PHONY: run
run: setup ## serve your own installation (PORT=8000, ARGS=)
	@$(retailvista) serve --port $(PORT) $(ARGS)

.PHONY: test
test: ## every test, with PostgreSQL and Chromium (ARGS="-k export")
	@sh scripts/test-services
	@sh scripts/setup test
	@sh scripts/test-services $(python) -m pytest -n 3 --dist worksteal $(ARGS)

.PHONY: check
check: setup-test ## formatting, lint, types, import contracts, tidy rules
	@$(python) scripts/check.py

.PHONY: fix
fix: setup-test ## format, and repair what lint can repair
	$(python) -m ruff check --fix .
	$(python) -m ruff format .

.PHONY: snowflake
snowflake: setup-test ## a load into Snowflake against an emulator, with packages of its own
	@sh scripts/snowflake $(ARGS)

.PHONY: feed-proofs
feed-proofs: setup-test ## feeds at length: 20,000 requests from the metadata, 20,000 random filters
	@RV_TEST_FUZZ=20000 RV_TEST_FILTERS=20000 sh scripts/test-services $(python) -m pytest -q -s \
		-p no:cacheprovider tests/feed/test_published_schemas.py tests/feed/test_agreement.py \
		tests/feed/test_replica_agreement.py tests/feed/test_exact_dialect.py \
		tests/feed/test_hostile.py $(ARGS)

.PHONY: bench
bench: setup-test ## measure import, build, posting, feeds; see docs/performance.md (ARGS=)
	@sh scripts/test-services $(python) -m bench $(ARGS)

.PHONY: schema
schema: setup-test ## tell whether the migrations make the declared tables
	@sh scripts/test-services $(python) -m pytest -q tests/test_schema.py $(ARGS)

.PHONY: checklist
checklist: setup-test ## write the tests marked with a statement into docs/checklist.md
	@$(python) scripts/checklist.py

.PHONY: locks
locks: setup-test ## write the lock files again from setup.cfg (ARGS=--upgrade)
	@sh scripts/locks $(ARGS)

.PHONY: clean
clean: ## remove the environment, caches and build results; instance/ stays
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	rm -rf .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
