# `make run` and `make test` create what they need; nothing has to be installed before but Python 3.11+, git and make.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test check bench bench-checks bench-logs soak long-runs lock clean

run: .venv/ready
	$(BIN)/ndesbot play

test: .venv/ready
	@sh tests/packages.sh
	$(BIN)/pytest -n auto

check: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/ndesbot knowledge check

bench: .venv/ready
	@sh tests/packages.sh bench
	$(BIN)/python -m tests.bench

bench-checks: .venv/ready
	@sh tests/packages.sh bench
	$(BIN)/python -m tests.bench_checks

# ripgrep is measured beside it where there is one; RG=... names it.
bench-logs: .venv/ready
	$(BIN)/python -m tests.bench_logs

# MINUTES=60 make soak
soak: .venv/ready
	$(BIN)/python -m tests.soak $(or $(MINUTES),10)

# The full counts of what the tests run a sample of; an hour or so. WHAT="slots kills" for some.
long-runs: .venv/ready
	$(BIN)/python -m tests.long_runs $(WHAT)

.venv/ready: requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ndesbot needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# Needs uv. Locks for Python 3.11 to 3.13 on every system, hashed, naming no index: one for development, of whose
# versions those of a server and of its build are a part.
LOCK = uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
lock:
	$(LOCK) --group dev pyproject.toml -o requirements.txt
	$(LOCK) --extra agents -c requirements.txt pyproject.toml -o requirements-serve.txt
	grep -o '"hatchling[^"]*"' pyproject.toml | head -1 | tr -d '"' | $(LOCK) -c requirements.txt - -o requirements-build.txt

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
