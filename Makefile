# `make help` lists what there is. Nothing here needs more than make and Python 3.11 or newer.

FIT = -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do "$$p" $(FIT) && echo "$$p" && break; done)
VENV := .venv
BIN := $(VENV)/bin
MAISON := $(BIN)/python -m suite.cli

.DEFAULT_GOAL := help
.PHONY: help venv dev up restart down status logs backup restore reset doctor journey openapi facts test faults fuzz fuzz-long bench bench-full check

help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F '\t' '{printf "  make %-9s %s\n", $$1, $$2}'

# The environment is made of a lock file and remembers that file's checksum: another lock, another environment.
PIP = $(BIN)/python -m pip install --disable-pip-version-check --no-deps --require-hashes -r
# What pip says, every tenth line of it; its own end decides, not that of the pipe.
SAID = while read -r word rest; do case "$$word" in \
    Collecting|Processing|Requirement) n=$$((n + 1)); [ $$((n % 10)) -ne 0 ] || echo "  $$n packages fetched" ;; \
    Installing) echo "  $$n packages fetched; installing them" ;; esac; done
AGAIN = echo "The requirements could not be installed: the reason stands above. Then run the same command again." >&2

venv: ## make the environment the suite runs in
	@if [ "$$(cat $(VENV)/run.cksum 2>/dev/null)" != "$$(cksum < requirements.lock)" ]; then \
	  "$(PYTHON)" $(FIT) || { echo "Maison needs Python 3.11 or newer. Try: make PYTHON=/path/to/python3.11" >&2; exit 1; }; \
	  echo "Making the environment (once; a minute or two)"; \
	  "$(PYTHON)" -m venv --clear $(VENV) \
	    || { echo "Python cannot make environments here. On Debian: apt-get install python3-venv" >&2; exit 1; }; \
	  rm -f $(VENV)/installed; { $(PIP) requirements.lock && touch $(VENV)/installed; } | { n=0; $(SAID); }; \
	  [ -e $(VENV)/installed ] || { $(AGAIN); exit 1; }; \
	  cksum < requirements.lock > $(VENV)/run.cksum; \
	fi

# On top of the other, with the same versions: a suite that runs meanwhile does not notice.
dev: venv
	@if [ "$$(cat $(VENV)/dev.cksum 2>/dev/null)" != "$$(cksum < requirements-dev.lock)" ]; then \
	  echo "Adding what tests and checks need (once)"; \
	  rm -f $(VENV)/installed; { $(PIP) requirements-dev.lock && touch $(VENV)/installed; } | { n=0; $(SAID); }; \
	  [ -e $(VENV)/installed ] || { $(AGAIN); exit 1; }; \
	  cksum < requirements-dev.lock > $(VENV)/dev.cksum; \
	fi

up: venv ## start everything; Ctrl-C stops it
	@$(MAISON) up

restart: venv ## replace every process by a new one, one after the other
	@$(MAISON) restart

down: venv ## stop the suite from another terminal
	@$(MAISON) down

status: venv ## show every process; exits 0 when all are ready
	@$(MAISON) status

logs: venv ## show what the processes wrote
	@$(MAISON) logs

backup: venv ## copy all databases at one instant, while the suite runs: make backup TO=/mnt/backups
	@$(MAISON) backup $(if $(TO),--to "$(TO)")

restore: venv ## put the databases of a backup in place (asks): make restore FROM=/mnt/backups/maison-...
	@$(MAISON) restore "$(FROM)" $(if $(KEYS),--keys "$(KEYS)")

reset: venv ## stop the suite and delete its data (asks)
	@$(MAISON) reset

doctor: venv ## check the machine and the configuration
	@$(MAISON) doctor

journey: venv ## walk the main journey through the running suite
	@$(MAISON) journey

openapi: venv ## write gateway/openapi.json anew from the services
	@$(MAISON) openapi

facts: venv ## write docs/facts.md and docs/asyncapi.json anew from the code
	@$(BIN)/python -m infra.eventlog.asyncapi docs tests/contracts/facts services gateway

# Two processes, each with a PostgreSQL of its own; the tests of one file stay together.
test: dev ## the whole test suite, on its own throw-away PostgreSQL
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

faults: dev ## kill everything a thousand times, then replace and kill the suite under load, erase a thousand people, race for appointments; print what is left
	@$(BIN)/python -m tests.faults.main
	@$(BIN)/python -m tests.faults.restarts.main
	@$(BIN)/python -m tests.faults.canaries.main
	@$(BIN)/python -m tests.faults.rivals.main

fuzz: dev ## try every operation with invented requests for ten minutes
	@$(BIN)/python -m tests.fuzz.main --minutes 10

fuzz-long: dev ## the same with 200,000 requests (about half an hour on two cores)
	@$(BIN)/python -m tests.fuzz.main --cases 200000

bench: venv ## measure: a table of ratios, side by side in one run (under ten minutes)
	@$(BIN)/python -m bench

bench-full: venv ## the same at full length
	@$(BIN)/python -m bench --full

check: dev ## format, lint, types, import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
