# What is done here most often. On a fresh machine python3 and make are enough; everything lands in .venv.
#
#   make run PROTECT="army.mil mod.gov.uk"   install what is needed and start watching, API on 127.0.0.1:8080
#   make demo                                the whole story on this machine, without a network (ONCE=1: then end)
#   make check                               format, lint, types, import contracts, tests that need no server
#   make test                                everything, real servers included (Debian's nsd, unbound and postfix)
#   make soak                                what takes longer than `make test` may, and part of it on other Pythons
#   make mutants | fuzz                      whether the tests notice changes | whether bytes from outside break a parser
#   make image                               the container image, by docker, podman or buildah (BASE: what it stands on)
#   make dist                                wheel and source distribution, the same bytes each time, and their checksums
#   make trust                               bill of materials and licences of the locks, and the audit for known faults
#   make lock | clean                        pin the dependencies | remove what was built

PYTHON ?= python3
PROTECT ?=
ONCE ?=
PYTEST_ARGS ?=
JOBS ?= 2
IMAGE ?=
FUZZ ?= dns_reply rdap whois name names_list settings policy_request mail_log taxii_query rpz_request
FUZZ_SECONDS ?= 3600
# The time of the newest commit; in an unpacked source distribution a fixed one.
EPOCH := $(shell git log -1 --format=%ct 2>/dev/null || echo 1700000000)

VENV := .venv
BIN := $(VENV)/bin
LOCKS := requirements/runtime.txt requirements/build.txt
export PYTHONDONTWRITEBYTECODE ?= 1

.DEFAULT_GOAL := help
.PHONY: help venv dev static check test soak run demo lock image dist wheel trust mutants fuzz clean

help:
	@sed -n 's/^#   //p' Makefile

# A .venv whose interpreter is gone or broken (a half-made one, or after an upgrade of Python) is made anew.
ifneq ($(wildcard $(VENV)),)
ifneq ($(shell $(BIN)/python -c 'print(1)' 2>/dev/null),1)
$(shell rm -f $(VENV)/.runtime $(VENV)/.dev)
endif
endif

venv: $(VENV)/.runtime
dev: $(VENV)/.dev

$(VENV)/.runtime: $(LOCKS) pyproject.toml tools/make_venv
	@PYTHON="$(PYTHON)" tools/make_venv runtime
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.txt
	@PYTHON="$(PYTHON)" tools/make_venv dev
	@touch $@

# Every step runs, so that one run shows all there is to mend.
static: dev
	@failed=0; \
	for step in "ruff format --check ." "ruff check ." mypy lint-imports; do \
	  echo "$$step"; $(BIN)/$$step || failed=1; \
	done; \
	exit $$failed

check: static
	$(BIN)/pytest -n $(JOBS) --dist loadscope -m "not lab and not soak and not perf" $(PYTEST_ARGS)

# The tests run even when a static check failed, so that one run shows everything; the exit status counts both, and
# the last line is always pytest's own.
test: dev
	@tools/lab_packages
	@tools/lab_image
	@note=; failed=0; \
	$(MAKE) --no-print-directory static || { note="static checks FAILED, see above"; failed=1; }; \
	TEST_NOTE="$$note" tools/in_lab $(BIN)/pytest -n $(JOBS) --dist loadscope -o faulthandler_timeout=300 \
	  -m "not soak and not perf" $(PYTEST_ARGS) || failed=1; \
	exit $$failed

soak: dev
	@tools/lab_packages
	@tools/lab_image
	@tools/in_lab $(BIN)/pytest -m soak $(PYTEST_ARGS)
	@tools/try_pythons

# What the tests notice of small changes in the code, and what of hostile bytes: figures for measurements.md.
mutants: dev
	$(BIN)/python tools/mutants.py

fuzz: dev
	@for target in $(FUZZ); do $(BIN)/python tools/fuzz.py $$target --seconds $(FUZZ_SECONDS) || exit 1; done

run: venv
	@if [ -n "$(strip $(PROTECT))" ]; then $(BIN)/watcher protect add $(PROTECT); fi
	@exec $(BIN)/watcher serve

# aiosmtpd, the demo's mailbox, is among the development dependencies.
demo: dev
	@exec $(BIN)/python -m tools.demo $(if $(ONCE),--once)

lock: dev
	tools/lock

image:
	tools/build_image $(IMAGE)

# Modes and times come from the builder (SOURCE_DATE_EPOCH), never from this machine: two builds are the same bytes.
dist wheel: dev
	@rm -rf dist
	SOURCE_DATE_EPOCH=$(EPOCH) $(BIN)/hatchling build -d dist
	@cp requirements/bom.cdx.json dist/mx-watcher.cdx.json
	@cd dist && sha256sum * >SHA256SUMS && cat SHA256SUMS

trust: dev
	$(BIN)/python tools/generate_bom.py
	$(BIN)/python tools/audit_locks.py

clean:
	rm -rf dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf $(VENV)
