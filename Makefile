# The commands of home-cluster; `make` alone lists them.

PYTHON ?= python3
STACK ?=
SECRET ?=
TO ?=
WHAT ?=
VERSION ?=
FROM ?=
KEY ?=
# The shell has a variable USER of its own, which names nobody in the stack file.
PERSON = $(if $(findstring command,$(origin USER)),$(USER))
# Nor does a shell's PHASE or SERVICE confine an operation: what is assigned here, only the command line changes.
PHASE :=
CHAIN :=
SERVICE :=
DEPENDENTS :=
FAULT :=
KILL :=
CHANGE :=
PART :=
ONLY :=
SECONDS :=
EXAMPLES :=
SEED :=
DISASTER :=
ARGS ?=
YES ?=

PY := .venv/bin/python
# Every operation of the lab is a process of its own; without bytecode each would compile the program anew.
unexport PYTHONDONTWRITEBYTECODE
LOCK := .venv/bin/uv pip compile --universal --generate-hashes --python-version=3.11

.DEFAULT_GOAL := help
.PHONY: help setup demo rehearse new completion bench bench-real test test-engine test-vault test-kubernetes test-edge edge-drill test-dns test-volumes test-browser test-rules test-commands test-databases test-real real-servers assurance fuzz mutants check check-format check-lint check-types check-imports check-generated check-links docs check-workflows
.PHONY: format generate lock recording charts images outdated doctor preview up refresh destroy recreate backup restore restore-drill access invite smoke upgrade-plan rotate secrets status drift graph clean ci-preview ci-plan ci-drift release ci-release
.PHONY: invariants policy test-policy game-day test-game-day
.PHONY: check-secrets secret-scan audit sbom

##@ Begin
help: ## list these commands
	@awk 'BEGIN { FS = ":.*## " } /^[a-z][a-z -]*:.*## / { printf "  make %-26s %s\n", $$1, $$2 } /^##@ / { print "\n" substr($$0, 5) ":" }' Makefile
	@echo
	@echo "  STACK=<name>   the stack: Pulumi.<name>.yaml"
	@echo "  SECRET=<path>  the secret of rotate; docs/secrets.md lists them"
	@echo "  USER=<name>    the person of invite, from identity.users of the stack file"
	@echo "  PHASE=<name>   up and preview: that phase alone, with what it needs"
	@echo "  SERVICE=<name> likewise a service, CHAIN= a chain; DEPENDENTS=yes: and more"
	@echo "  FAULT=<name>   of rehearse: a resource that fails; KILL=<name>: during which"
	@echo "                 the update dies; CHANGE=gitea.host=…: what that would do"
	@echo "  PART=2/8       of assurance and mutants: one part; ONLY=create:gitea-gate:"
	@echo "                 one fault, ONLY=vault: the defects of a component"
	@echo "  DISASTER=<one> of game-day: vault, vault-sealed, databases, mistake, etcd"
	@echo "  WHAT=<name>    of restore: a part, service, volume, all; FROM=latest or a time"
	@echo "  SECONDS=<n>    of fuzz: how long; EXAMPLES=<n> how many; SEED=<n> of a run"
	@echo "  KEY=<file>     private key of age, which opens a backup"
	@echo "  ARGS=<flags>   more flags, such as ARGS=--diff, ARGS=--json or ARGS=--help"
	@echo "  PYTHON=<path>  the Python (3.11 or newer) that makes .venv"

setup: ## make .venv and .tools/pulumi if not current
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "setup: home-cluster needs Python 3.11 or newer, and there is no $(PYTHON): install it (Debian and Ubuntu: apt install python3 python3-venv) or run make setup PYTHON=/path/to/python3." >&2; exit 1; }
	@$(PYTHON) tools/setup.py

demo: setup ## bring up STACK on the embedded lab, in build/
	@$(PY) -m lab demo --stack $(or $(STACK),test-cluster) $(ARGS)

game-day: setup ## stage a DISASTER, which people end by runbooks
	@$(PY) -m tools.game_day --disaster "$(DISASTER)" $(ARGS)

rehearse: setup ## a FAULT, KILL or CHANGE of STACK on the lab
	@$(PY) -m lab rehearse --stack $(or $(STACK),test-cluster) --fault "$(FAULT)" --kill "$(KILL)" --change "$(CHANGE)" $(ARGS)

new: setup ## write the file of a new STACK from a profile
	@$(PY) -m tools.new --stack "$(STACK)" $(ARGS)

completion: setup ## print what completes make in bash and zsh
	@$(PY) -m tools.completion

##@ Change the program
test: setup ## all tests but those of test-…, further down
	@mkdir -p build
	@# Tests of a file stay in one process, as far as that is: what one of them has recorded, the next one asks.
	$(PY) -m pytest -n auto --dist worksteal -m "not real and not engine" --ignore=tests/real --junitxml=build/junit.xml $(ARGS)

test-engine: setup ## bring-ups by the real engine (minutes)
	@mkdir -p build
	$(PY) -m pytest -n auto --dist worksteal -m "engine and not real" --junitxml=build/junit-engine.xml $(ARGS)

test-vault: setup ## on a real Vault (Go, about 15 minutes once)
	@mkdir -p build
	@$(PY) -m tools.real_servers vault
	@$(PY) -m tools.real_servers backup
	$(PY) -m pytest -n auto --junitxml=build/junit-vault.xml tests/real/vault $(ARGS)

test-kubernetes: setup ## on a real Kubernetes API (Go, 6 minutes once)
	@mkdir -p build
	@$(PY) -m tools.real_servers kubernetes
	@# In one process: one server, and each chart is rendered once.
	$(PY) -m pytest --junitxml=build/junit-kubernetes.xml tests/real/kubernetes $(ARGS)

test-edge: setup ## on a real HAProxy and dnsdist (Debian)
	@mkdir -p build
	$(PY) -m pytest -n auto --junitxml=build/junit-edge.xml tests/real/edge $(ARGS)

edge-drill: setup ## lose workers and an edge under load (haproxy)
	@$(PY) -m tools.edge_drill

test-dns: setup ## on a real PowerDNS (Go; Debian: pdns-server)
	@mkdir -p build
	@$(PY) -m tools.real_servers dns
	$(PY) -m pytest --junitxml=build/junit-dns.xml tests/real/dns $(ARGS)

test-volumes: setup ## volumes, by a real restic (Go, 3 minutes once)
	@mkdir -p build
	@$(PY) -m tools.real_servers volumes
	$(PY) -m pytest -n auto --junitxml=build/junit-volumes.xml tests/real/volumes $(ARGS)

test-browser: setup ## the report in a browser (Debian: chromium)
	@mkdir -p build
	$(PY) -m pytest --junitxml=build/junit-browser.xml tests/real/browser $(ARGS)

test-rules: setup ## of alerts, by promtool (Go, 4 minutes once)
	@mkdir -p build
	@$(PY) -m tools.real_servers rules
	$(PY) -m pytest --junitxml=build/junit-rules.xml tests/real/rules $(ARGS)

test-commands: setup ## of runbooks, by the programs that are here
	$(PY) -m pytest -n auto -m real tests/test_runbook_commands.py $(ARGS)

test-real: setup ## on a real control plane (Go, an hour once)
	@mkdir -p build
	@$(PY) -m tools.real_servers real
	@# In one process: one bring-up.
	$(PY) -m pytest --junitxml=build/junit-real.xml tests/real/rig $(ARGS)

real-servers: setup ## build all of these (Go, 90 minutes once)
	@$(PY) -m tools.real_servers all

test-policy: policy ## of the policy pack, under the engine
	@mkdir -p build
	$(PY) -m pytest --junitxml=build/junit-policy.xml tests/real/policy $(ARGS)

test-databases: setup ## on a real Postgres (Debian; Go, 5 minutes)
	@mkdir -p build
	@$(PY) -m tools.real_servers databases
	@$(PY) -m tools.databases.barman
	$(PY) -m pytest --junitxml=build/junit-databases.xml tests/real/databases $(ARGS)

assurance: setup ## strike every resource on the lab (hours)
	@$(PY) -m lab.assurance --stack $(or $(STACK),test-cluster) --part "$(PART)" --only "$(ONLY)" $(ARGS)

test-game-day: setup ## each DISASTER ends by its runbook (see these)
	@mkdir -p build
	@for suite in vault kubernetes backup databases; do $(PY) -m tools.real_servers $$suite || exit 1; done
	@$(PY) -m tools.databases.barman
	$(PY) -m pytest --junitxml=build/junit-game-day.xml tests/real/game_day $(ARGS)

fuzz: setup ## odd stack files (SECONDS=, EXAMPLES=, SEED=)
	@$(PY) -m tests.stack_file.fuzzing --seconds="$(SECONDS)" --examples="$(EXAMPLES)" --seed="$(SEED)" $(ARGS)

mutants: setup ## plant defects, name the tests that see each
	@$(PY) -m tools.mutants --part "$(PART)" --only "$(ONLY)" $(ARGS)

bench: setup ## what it costs (ratios; about 10 minutes)
	@$(PY) -m tools.bench $(ARGS)

bench-real: setup ## with the Kubernetes provider, after test-real
	@$(PY) -m tests.real.rig.bench $(ARGS)

invariants: setup ## ask STACK's program what has to hold of it
	@$(PY) -m tests.invariants --stack $(or $(STACK),test-cluster) $(ARGS)

policy: setup ## make policy/.venv, for the policy pack
	@.venv/bin/uv venv --quiet --clear --python $(PY) policy/.venv
	@.venv/bin/uv pip sync --quiet --require-hashes --python policy/.venv policy/requirements.txt

check: check-format check-lint check-types check-imports check-generated check-links check-workflows check-secrets ## format, lint, types, floors, links …

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
	$(PY) -m tools.alert_listing --check
	$(PY) -m tools.failure_listing --check
	$(PY) -m tools.threat_listing --check
	$(PY) -m tools.invariant_listing --check
check-links: setup
	$(PY) -m tools.check_links
check-workflows: setup
	@$(PY) -m tools.check_workflows
check-secrets: setup
	@$(PY) -m tools.secret_scan --tree --if-built

secret-scan: setup ## find secrets in files and history (Go)
	@$(PY) -m tools.secret_scan $(ARGS)

audit: setup ## ask for vulnerabilities of what is pinned
	@$(PY) -m tools.audit

sbom: setup ## list all that STACK is made of, as CycloneDX
	@$(PY) -m tools.sbom --stack $(or $(STACK),test-cluster) $(ARGS)

format: setup ## format the code and fix what ruff can fix
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

generate: setup ## write what is generated in docs/
	$(PY) -m stack_file.schema
	$(PY) -m stack_file.docs
	$(PY) -m tools.secret_listing
	$(PY) -m tools.alert_listing
	$(PY) -m tools.failure_listing
	$(PY) -m tools.threat_listing
	$(PY) -m tools.invariant_listing

lock: setup ## write the lock files anew (ARGS=--upgrade)
	$(LOCK) $(ARGS) --output-file=requirements.txt requirements.in >/dev/null
	$(LOCK) $(ARGS) --output-file=requirements-dev.txt requirements-dev.in >/dev/null
	$(LOCK) $(ARGS) --output-file=requirements-docs.txt requirements-docs.in >/dev/null
	$(LOCK) $(ARGS) --output-file=requirements-databases.txt requirements-databases.in >/dev/null
	$(LOCK) $(ARGS) --output-file=requirements-audit.txt requirements-audit.in >/dev/null
	for module in pulumi actionlint gitleaks govulncheck vault kubernetes kubernetes_provider external_secrets cert_manager dns rules backup volumes databases; do (cd tools/$$module && GOTOOLCHAIN=auto go mod tidy) || exit 1; done
	$(LOCK) $(ARGS) --output-file=policy/requirements.txt policy/requirements.in >/dev/null
	for module in pulumi actionlint gitleaks govulncheck vault kubernetes kubernetes_provider external_secrets dns rules backup volumes databases; do (cd tools/$$module && GOTOOLCHAIN=auto go mod tidy) || exit 1; done

docs: setup ## build the documentation's site, in build/site
	@$(PY) -m tools.site

recording: setup ## run the demo in a terminal, as docs/demo.svg
	@$(PY) -m tools.recording

charts: setup ## pull the pinned charts into build/charts
	@$(PY) -m tools.charts

outdated: setup ## compare what is pinned with upstream
	@$(PY) -m tools.outdated

release: setup ## check, write the changelog, tag VERSION
	@$(PY) -m tools.releasing --version "$(VERSION)"

clean: ## remove everything that make made here
	rm -rf build .venv .venvs policy/.venv .tools .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

##@ Run a stack
doctor: setup ## ask whether all is there that make up needs
	@$(PY) -m tools.doctor --stack "$(STACK)" $(ARGS)

preview up refresh: setup ## the operation, with the official providers
	@$(PY) -m tools.operate $@ --stack "$(STACK)" --phase "$(PHASE)" --chain "$(CHAIN)" --service "$(SERVICE)" --dependents "$(DEPENDENTS)" $(ARGS)

destroy: setup ## remove it; asks for its name (YES=<stack>)
	@$(PY) -m tools.operate $@ --stack "$(STACK)" --confirm "$(YES)" --phase "$(PHASE)" --chain "$(CHAIN)" --service "$(SERVICE)" --dependents "$(DEPENDENTS)" $(ARGS)

recreate: setup ## destroy and up again, with the same keys (YES)
	@$(PY) -m tools.recreate --stack "$(STACK)" --confirm "$(YES)" --phase "$(PHASE)" --chain "$(CHAIN)" --service "$(SERVICE)" --dependents "$(DEPENDENTS)" $(ARGS)

backup: setup ## its state and stack file (or to TO=<dir>)
	@$(PY) -m tools.backups --stack "$(STACK)" --to "$(TO)" $(ARGS)

restore: setup ## WHAT of it, as it was FROM; plan first (KEY)
	@$(PY) -m tools.backups.restore --stack "$(STACK)" --what "$(WHAT)" --from "$(FROM)" --to "$(TO)" --key "$(KEY)" --confirm "$(YES)" $(ARGS)

restore-drill: setup ## lose and restore each part beside it
	@$(PY) -m tools.backups.drilling --stack "$(STACK)" --what "$(WHAT)" $(ARGS)

access: setup ## write its kubeconfig, talosconfig and CA
	@$(PY) -m tools.access --stack "$(STACK)" $(ARGS)

invite: setup ## make a link with which USER sets a password
	@$(PY) -m tools.invite --stack "$(STACK)" --user "$(PERSON)" $(ARGS)

smoke: setup ## ask its cluster whether it does its work
	@$(PY) -m smoke --stack "$(STACK)" $(ARGS)

upgrade-plan: setup ## what TO='talos=… kubernetes=…' does to nodes
	@$(PY) -m tools.upgrade_plan --stack "$(STACK)" --to "$(TO)" $(ARGS)

rotate: setup ## raise the generation of SECRET
	@$(PY) -m tools.rotate --secret "$(SECRET)" --stack "$(STACK)"

secrets: setup ## its secrets with age and readers, no values
	@$(PY) -m tools.secret_ages --stack "$(STACK)" $(ARGS)

status: setup ## where phases and services stand (ARGS=--watch)
	@$(PY) -m tools.status --stack "$(STACK)" $(ARGS)

images: setup ## its images, charts and files, with readers
	@$(PY) -m tools.images --stack $(or $(STACK),test-cluster) $(ARGS)

drift: setup ## what was changed behind its back, by whom
	@$(PY) -m tools.drift --stack "$(STACK)" $(ARGS)

ci-preview ci-plan ci-drift: setup ## what workflows run: docs/ci.md
	@$(PY) -m tools.ci $(@:ci-%=%) --stack "$(STACK)" $(ARGS)

ci-release: setup ## push that tag, with its page: docs/ci.md
	@$(PY) -m tools.ci.release --version "$(VERSION)"

graph: setup ## draw its plan as build/graph.svg
	@$(PY) -m lab graph --stack $(or $(STACK),test-cluster) --out build/graph.svg
