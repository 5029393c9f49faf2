# The two commands of a newcomer are `make demo` and `make test`; each installs what it needs into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# Processes of tests start by the dozen: each finds compiled what the first has read, whatever the surroundings say.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-chaos-with-ray test-chaos test-with-ray test-service test-others prometheus check format docs clean

demo: $(INSTALLED)  ## From nothing to a robustness report on real handwritten digits.
	$(BIN)/supsweep demo

test: $(INSTALLED)  ## Every test, the slow ones too: in five parts, the longest first, three at a time: some of them wait.
	$(MAKE) --jobs 3 test-service test-with-ray test-others test-chaos test-chaos-with-ray

# The parts share the cores. Ray starts its workers with niceness 15: beside the processes of the chaos tests they would
# hardly get a turn. Two cores under three parts have none to spare for more threads either.
test-%: export RAY_worker_niceness := 0
test-%: export OMP_NUM_THREADS := 1

test-chaos-with-ray: $(INSTALLED)
	$(BIN)/python -m pytest -m "ray or e2e" tests/chaos

test-chaos: $(INSTALLED)
	$(BIN)/python -m pytest -m "not (ray or e2e)" tests/chaos

test-with-ray: $(INSTALLED)
	$(BIN)/python -m pytest -m "ray or e2e" --ignore tests/chaos

test-service: $(INSTALLED)
	$(BIN)/python -m pytest -m "not (ray or e2e)" tests/service

test-others: $(INSTALLED)
	$(BIN)/python -m pytest -m "not (ray or e2e)" --ignore tests/chaos --ignore tests/service

prometheus: $(INSTALLED)  ## Prometheus and promtool out of Debian's package into .venv, for which nobody need be root.
	cd $(VENV) && apt-get download prometheus
	dpkg-deb --fsys-tarfile $(VENV)/prometheus_*.deb \
		| tar --extract --directory=$(BIN) --strip-components=3 ./usr/bin/prometheus ./usr/bin/promtool
	rm $(VENV)/prometheus_*.deb

check: $(INSTALLED)  ## Formatter, linter, types, import contracts.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(INSTALLED)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(INSTALLED)  ## Writes anew the pages that are made from the code.
	$(BIN)/python -m search_spaces.reference docs/spec.md
	$(BIN)/python -m service.cli.openapi docs/openapi.json
	$(BIN)/python -m service.cli.settings_page docs/settings.md

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "supsweep needs Python 3.11 or newer; name one with: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@
