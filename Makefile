# Two commands on a fresh machine do all set-up: `make bench` and `make test`. They need Python 3.11+, make and git.

PYTHON ?= python3
SPEED  ?= 1
PLAN   ?= breaking4-3-59
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
ESP32  := build/stubs-esp32/esp32.pyi
TYPES  := $(patsubst boards/%.toml,%,$(wildcard boards/*.toml))

.PHONY: bench test lint benchmark firmware picture clean

bench: $(READY)            ## the 3:59 race on 16 simulated boards, live in the browser, or in this terminal where none can open
	$(BIN)/pacerail bench $(PLAN) --speed $(SPEED)

test: $(READY)             ## every test: host, firmware under CPython and MicroPython, whole races
	$(BIN)/pytest -n 2 --ignore=tests/web
	$(BIN)/pytest -n 2 tests/web  # by itself: a browser takes the time from boards that run in real time

lint: $(READY) $(ESP32)    ## ruff, pyright in strict mode, and the firmware against the MicroPython stubs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/pyright -p firmware --pythonpath $(BIN)/python --typeshedpath "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
	$(BIN)/pyright -p firmware/pyrightconfig.esp32.json --pythonpath $(BIN)/python --typeshedpath "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"

benchmark: $(READY)        ## measured figures: clocks beside other estimators, the race, the wire under fire
	for script in tests/benchmark/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

firmware: $(READY)         ## what goes on a board of each type, compiled, into build/firmware
	@for kind in $(TYPES); do $(BIN)/pacerail firmware build --board $$kind --out build/firmware/$$kind || exit 1; done

picture: $(READY)          ## docs/bench.svg, the picture in the README
	$(BIN)/python docs/make_picture.py docs/bench.svg

clean:
	rm -rf $(VENV) build

$(ESP32): | $(READY)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(@D) micropython-esp32-stubs

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "pacerail needs Python 3.11 or newer; say which: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@
