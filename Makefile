# `make demo` and `make test` need Python 3.11 to 3.13 and make, nothing else: everything goes into .venv.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

# where this is set, each of the hundreds of processes that tests start would compile the same files again
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-slow test-pi check bench clean

demo: $(READY)
	rm -rf demo-out
	$(BIN)/edge-sort demo --out demo-out

test: $(READY)
	$(BIN)/python -m pytest -n auto --dist worksteal

# property tests once more, with more examples. Two at a time: TensorFlow takes a gigabyte and a half in each; a file
# stays in one, what it has trained once serves it all
test-slow: $(READY)
	$(BIN)/python -m pytest -m "slow or property" --hypothesis-profile=thorough -n 2 --dist loadfile

test-pi: $(READY)
	$(BIN)/python -m pytest -m emulated_pi

check: $(READY)
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy

bench: $(READY)
	$(BIN)/python benchmarks/frame_to_decision.py
	$(BIN)/python benchmarks/gate_lateness.py
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/kills.py --kills 20 --terms 5
	$(BIN)/python benchmarks/head_training.py
	$(BIN)/python benchmarks/journal_rows.py
	$(BIN)/python benchmarks/line_states.py
	$(BIN)/python benchmarks/web_cost.py
	$(BIN)/python benchmarks/web_page.py

$(READY): setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	  { echo "expected Python 3.11 to 3.13, found $$($(PYTHON) --version); run: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv .venv || \
	  { rm -rf .venv; echo "Python could not make a virtual environment; on Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[desktop,dev]'
	touch $(READY)

clean:
	rm -rf .venv .cache demo-out build dist *.egg-info
