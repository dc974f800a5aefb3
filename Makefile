# Stallholder. `make run` starts everything, `make test` tests everything; both make the environment first.

# The newest Python that will do; asked only when an environment is to be made.
PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3 python; do \
	command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BOOTSTRAP = python='$(PYTHON)'; \
	test -n "$$python" || { echo "Python 3.11 or later is needed; name one by PYTHON=/path/to/python3" >&2; exit 1; }; \
	$$python .ci/bootstrap.py
BIN := .venv/bin
SOURCES := $(wildcard portal/translations/*/LC_MESSAGES/messages.po)
MESSAGES := $(SOURCES:.po=.mo)
LAN ?= $(or $(PORTAL_LAN),0)
# Many processes are started, the tests start hundreds: none compiles what another one has compiled.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test prove mutants reliability bench check tools seed soak attack fuzz

help:
	@echo "make run          start everything; LAN=1 shows it to phones on your network"
	@echo "make test         run all tests"
	@echo "make prove        run all tests and leave nothing out: every crash point, every cut, long profiles"
	@echo "make mutants      change the rules of money in every small way, to see whether a test notices"
	@echo "make bench        measure pages and payments against their floors; ONLY=history measures one"
	@echo "make soak         load the product and break it every half minute; MINUTES=10"
	@echo "make fuzz         feed the parsers what a fuzzer makes up; MINUTES=2"
	@echo "make attack       turn attackers' tools on a product of its own; MINUTES=8"
	@echo "make check        lint, types, imports, templates"
	@echo "make tools        install what the tests need: Chromium, a Chinese font, HAProxy (Debian)"
	@echo "make seed         fill a believable directory (while make run is running)"

run: .venv/.runtime $(MESSAGES)
	@PORTAL_LAN=$(LAN) exec $(BIN)/python -m portal.cli.run

seed: .venv/.runtime $(MESSAGES)
	@exec $(BIN)/portal seed

PYTEST = $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder
REPORTS := .reports

TESTED_TOOLS = .venv/tools/attack/.ready .venv/tools/fuzz/.ready

test: .venv/.dev $(TESTED_TOOLS) $(MESSAGES)
	$(PYTEST) --junitxml=$(REPORTS)/test.xml $(TESTS)
	$(if $(TESTS),,$(BIN)/python -m tests.support.evidence --check)

# The same tests with nothing left out: every point of the sweep, every cell of the matrix, long profiles.
prove: .venv/.dev $(TESTED_TOOLS) $(MESSAGES)
	PROVE=1 $(PYTEST) --junitxml=$(REPORTS)/prove.xml $(TESTS)

# What the tests of the fault matrix saw, for docs/reliability.md; `make test` says when a row has nothing to show.
reliability: .venv/.dev
	$(BIN)/python -m tests.support.evidence

# mutmut leaves its copies of the code in mutants/; a mutant that no test need notice has its reason in tests/mutation.
mutants: .venv/.dev $(MESSAGES)
	@$(BIN)/python -m tests.mutation

# The first time fills a database with a million payments, which takes some minutes; it is kept in var/bench.
bench: .venv/.dev $(MESSAGES)
	$(BIN)/python -m tests.benchmarks $(ONLY)

# libFuzzer on every parser; an input that one falls over is left in .reports/fuzz and belongs into the fuzzer's seeds.
fuzz: MINUTES ?= 2
fuzz: .venv/tools/fuzz/.ready
	@.venv/tools/fuzz/bin/python .ci/tools/fuzz/run.py $(MINUTES)

# Attackers' tools on a product of its own, on this machine only; what they found lies in .reports/attack.json.
attack: MINUTES ?= 8
attack: .venv/.dev .venv/tools/attack/.ready $(MESSAGES)
	@$(BIN)/python -m tests.attack --minutes $(MINUTES)

# The real product under load with a fault every half minute (what it saw lies in .reports/soak; SEED=… repeats a run),
# then for as long the simulation, with a new seed for every lot of lives.
soak: MINUTES ?= 10
soak: .venv/.dev $(MESSAGES)
	@$(BIN)/python -m tests.soak $(MINUTES) $(if $(SEED),--seed $(SEED))
	@$(BIN)/python -m tests.simulation $(MINUTES)

# The house rules of .ci/semgrep: each says why, and each fires on its own bad example.
SEMGREP = .venv/tools/semgrep/bin/semgrep scan --quiet --metrics off --disable-version-check

# Where no Docker runs, its two files are at least read by those who know them.
CONTAINERS = .venv/tools/containers/bin

check: .venv/.dev .venv/tools/semgrep/.ready .venv/tools/containers/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --check --lint templates
	$(BIN)/bandit --quiet --recursive --severity-level high portal worker # the lesser ones are ruff's S rules
	$(SEMGREP) --test .ci/semgrep
	$(SEMGREP) --error --config .ci/semgrep portal worker templates
	$(BIN)/python .ci/lint_migrations.py
	$(CONTAINERS)/hadolint Dockerfile
	$(CONTAINERS)/check-jsonschema --builtin-schema vendor.compose-spec compose.yaml

tools: .venv/.dev
	@.ci/install-tools

%.mo: %.po | .venv/.runtime
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

# Two stamps, one environment: `make run` installs less than `make test` needs and never takes anything away.
.venv/.runtime: uv.lock pyproject.toml .ci/bootstrap.py
	@$(BOOTSTRAP)
	@touch $@

.venv/.dev: uv.lock pyproject.toml .ci/bootstrap.py
	@$(BOOTSTRAP) --dev
	@touch $@ .venv/.runtime

# A tool whose needs do not go together with the product's has an environment and a lock of its own.
.venv/tools/%/.ready: .ci/tools/%/uv.lock .ci/tools/%/pyproject.toml .ci/bootstrap.py | .venv/.runtime
	@$(BOOTSTRAP) --tool $*
	@touch $@

# Texts are keys: after a change this gives the catalogue the new ones, empty, and drops those that are gone.
POT := .venv/messages.pot
.PHONY: messages
messages: .venv/.runtime
	$(BIN)/pybabel --quiet extract --mapping-file pyproject.toml --keywords "lazy_gettext N_ _" \
		--no-location --sort-output --omit-header --output-file $(POT) .
	$(BIN)/pybabel --quiet update --input-file $(POT) --output-dir portal/translations --locale zh \
		--width 120 --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date
