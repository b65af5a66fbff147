# Everything a newcomer needs: `make demo` and `make test`. Both set up `.venv` first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: setup demo run test lint bench clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt packaging/setup.sh
	PYTHON="$(PYTHON)" bash packaging/setup.sh "$(VENV)"
	touch $(STAMP)

demo: setup
	$(BIN)/python -m fiqa_studio.demo

run: setup
	$(BIN)/python -m fiqa_studio

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	bash packaging/run-tests.sh $(BIN)

bench: setup
	$(BIN)/python -m pytest tests/benchmarks -m benchmark -s

clean:
	rm -rf $(VENV) demo-output
