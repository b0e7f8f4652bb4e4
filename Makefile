# The commands of home-cluster; `make` alone lists them.

PYTHON ?= python3
STACK ?=
SECRET ?=
TO ?=
# The shell has a variable USER of its own, which names nobody in the stack file.
PERSON = $(if $(findstring command,$(origin USER)),$(USER))
ARGS ?=

PY := .venv/bin/python
# Every operation of the lab is a process of its own; without bytecode each would compile the program anew.
unexport PYTHONDONTWRITEBYTECODE
LOCK := .venv/bin/uv pip compile --universal --generate-hashes --python-version=3.11

.DEFAULT_GOAL := help
.PHONY: help setup demo new test test-vault test-kubernetes test-dns check check-format check-lint check-types check-imports check-generated check-links
.PHONY: format generate lock charts images outdated doctor preview up refresh destroy access invite smoke upgrade-plan rotate secrets status graph clean

help: ## list these commands
	@awk 'BEGIN { FS = ":.*## " } /^[a-z][a-z -]*:.*## / { printf "  make %-31s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  STACK=<name>   the stack of preview, up, access, smoke and the like: Pulumi.<name>.yaml"
	@echo "  SECRET=<path>  the secret of rotate; docs/secrets.md lists them"
	@echo "  USER=<name>    the person of invite, from identity.users of the stack file"
	@echo "  ARGS=<flags>   more flags for pulumi, pytest, the demo or the lock, such as ARGS=--diff"
	@echo "  PYTHON=<path>  the Python (3.11 or newer) that makes .venv"

setup: ## make .venv and .tools/pulumi (at once where both are current)
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "setup: home-cluster needs Python 3.11 or newer, and there is no $(PYTHON): install it (Debian and Ubuntu: apt install python3 python3-venv) or run make setup PYTHON=/path/to/python3." >&2; exit 1; }
	@$(PYTHON) tools/setup.py

demo: setup ## bring up test-cluster, or STACK, on the embedded lab: no Proxmox, no cluster, nothing outside build/
	@$(PY) -m lab demo --stack $(or $(STACK),test-cluster) $(ARGS)

new: setup ## write the file of a new STACK, from a profile and a few facts that it asks for (or ARGS='--profile small …')
	@$(PY) -m tools.new --stack "$(STACK)" $(ARGS)

test: setup ## run the tests (results in build/junit.xml)
	@mkdir -p build
	@# Tests of a file stay in one process, as far as that is: what one of them has recorded, the next one asks.
	$(PY) -m pytest -n auto --dist worksteal -m "not real" --junitxml=build/junit.xml $(ARGS)

test-vault: setup ## run Vault's policies and logins on a real Vault, built once with Go (about 15 minutes)
	@mkdir -p build
	@$(PY) -m tools.real_servers vault
	$(PY) -m pytest -n auto --junitxml=build/junit-vault.xml tests/real/vault $(ARGS)

test-kubernetes: setup ## try every object of the program on a real Kubernetes API, built once with Go (about 6 minutes)
	@mkdir -p build
	@$(PY) -m tools.real_servers kubernetes
	@# In one process: one server, and each chart is rendered once.
	$(PY) -m pytest --junitxml=build/junit-kubernetes.xml tests/real/kubernetes $(ARGS)

test-dns: setup ## have a certificate signed through a real PowerDNS (Debian: pdns-server pdns-backend-pgsql postgresql)
	@mkdir -p build
	@$(PY) -m tools.real_servers dns
	$(PY) -m pytest --junitxml=build/junit-dns.xml tests/real/dns $(ARGS)

check: check-format check-lint check-types check-imports check-generated check-links ## format, lint, types, floors, generated files fresh, links

check-format: setup
	$(PY) -m ruff format --check .
check-lint: setup
	$(PY) -m ruff check .
check-types: setup
	$(PY) -m mypy
check-imports: setup
	@.venv/bin/lint-imports --no-logo

check-generated: setup
	$(PY) -m stack_file.schema --check
	$(PY) -m stack_file.docs --check
	$(PY) -m tools.secret_listing --check
check-links: setup
	$(PY) -m tools.check_links

format: setup ## format the code and fix what ruff can fix
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

generate: setup ## write the JSON Schema of the stack file, the configuration reference and the list of secrets
	$(PY) -m stack_file.schema
	$(PY) -m stack_file.docs
	$(PY) -m tools.secret_listing

lock: setup ## write the lock files anew from *.in and go.mod (ARGS=--upgrade for newer versions)
	$(LOCK) $(ARGS) --output-file=requirements.txt requirements.in >/dev/null
	$(LOCK) $(ARGS) --output-file=requirements-dev.txt requirements-dev.in >/dev/null
	for module in pulumi vault kubernetes dns; do (cd tools/$$module && GOTOOLCHAIN=auto go mod tidy) || exit 1; done

charts: setup ## pull the pinned charts into build/charts, for the tests that read their values and definitions
	@$(PY) -m tools.charts

images: setup ## list the images, charts and files of STACK with their readers (ARGS=--digests, ARGS=--json)
	@$(PY) -m tools.images --stack $(or $(STACK),test-cluster) $(ARGS)

outdated: setup ## compare the pinned charts, images and releases with what upstream has
	@$(PY) -m tools.outdated

doctor: setup ## ask whether everything is there that make up needs for STACK, with the fix of what is not
	@$(PY) -m tools.doctor --stack "$(STACK)" $(ARGS)

preview up refresh destroy: setup ## the operation on STACK, with the official providers
	@$(PY) -m tools.operate $@ --stack "$(STACK)" $(ARGS)

access: setup ## write kubeconfig, talosconfig and CA of STACK below build/access, and print the exports for them
	@$(PY) -m tools.access --stack "$(STACK)" $(ARGS)

invite: setup ## make a link with which USER=<name> chooses a password, and print it once
	@$(PY) -m tools.invite --stack "$(STACK)" --user "$(PERSON)" $(ARGS)

smoke: setup ## ask the real cluster of STACK whether it does what it is for (results in build/smoke.json)
	@$(PY) -m smoke --stack "$(STACK)" $(ARGS)

upgrade-plan: setup ## say what another Talos or Kubernetes does to each node of STACK (TO='talos=v1.13.9 kubernetes=1.36.4')
	@$(PY) -m tools.upgrade_plan --stack "$(STACK)" --to "$(TO)" $(ARGS)

rotate: setup ## raise the generation of SECRET=<path> in the file of STACK, and say what that will do
	@$(PY) -m tools.rotate --secret "$(SECRET)" --stack "$(STACK)"

secrets: setup ## list the secrets of STACK with their age and readers, never values (ARGS=--json for programs)
	@$(PY) -m tools.secret_ages --stack "$(STACK)" $(ARGS)

status: setup ## where each phase and service of STACK stands (ARGS=--json, ARGS=--watch); fails when one is not ready
	@$(PY) -m tools.status --stack "$(STACK)" $(ARGS)

graph: setup ## draw the plan of STACK (test-cluster if not given) as build/graph.svg
	@$(PY) -m lab graph --stack $(or $(STACK),test-cluster) --out build/graph.svg

clean: ## remove everything that make made in this checkout
	rm -rf build .venv .venvs .tools .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
