# `make demo` and `make test` set up what they need: Debian packages if some are missing (as root),
# and a virtual environment in .venv, which is brought up to date when pyproject.toml or a file in
# requirements/ has changed. What is installed there has the versions and the hashes of requirements/.

# The distribution's own Python, if it will do: it is the one that routers run, and is built for speed.
PYTHON ?= $(shell for python in /usr/bin/python3 python3; do \
    $$python -I -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
        && break; done; echo $$python)
VENV := .venv
BIN := $(VENV)/bin
FUZZ_TARGETS := policy_text http_answers icmp_packets netlink_datagrams
FUZZ_SECONDS ?= 60
SEARCH_SECONDS ?= 600
MUTANTS ?= --seed 1 --seconds 600
# Four more than there are processors, for the tests on a kernel mostly wait.
TEST_PROCESSES ?= $(shell expr $$(nproc 2>/dev/null || echo 1) + 4)
IN_PARALLEL := -n $(TEST_PROCESSES) --dist worksteal
# In the table that is printed only rows that were alone count: with several the machine is busy.
FAULT_PROCESSES ?= 0
PROGRAMS := dnsmasq:dnsmasq-base udhcpc:udhcpc dhclient:isc-dhcp-client dhcpcd:dhcpcd-base \
    NetworkManager:network-manager dbus-daemon:dbus-daemon iptables-nft:iptables \
    keepalived:keepalived ifup:ifupdown shellcheck:shellcheck curl:curl msmtp:msmtp openssl:openssl \
    conntrack:conntrack wg:wireguard-tools wireguard-go:wireguard-go pkcheck:polkitd \
    chromium-headless-shell:chromium-headless-shell nginx:nginx-light \
    /lib/systemd/systemd-networkd:systemd
PIP := $(BIN)/python -P -m pip --quiet --disable-pip-version-check
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --custom-compile-command "make lock" $(UPGRADE)

PACKAGED := engine schemas policies examples docs pyproject.toml README.md CHANGELOG.md LICENSE

# Where Debian keeps `nft` and others; an ordinary user's PATH lacks it.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin

.PHONY: help demo test test-fast test-oldest lock deb deb-test search mutants faults programs compose-test bench lint reference figures fuzz clean
.DELETE_ON_ERROR:

help:  ## show this list
	@sed -n 's/^\([a-z-]*\):.*##/  make \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 22

demo: $(VENV)/.run-ready  ## watch a failover and a fail-back in a private network
	@$(BIN)/route-switcher demo

test: $(VENV)/.dev-ready  ## run every test, those on a real kernel in a private network
	@$(call require_packages,dnsmasq:dnsmasq-base udhcpc:udhcpc)
	@$(BIN)/python -P -m pytest $(IN_PARALLEL)

test-fast: $(VENV)/.dev-ready  ## run the quick tests of the core, the policy and scenarios
	@$(BIN)/python -P -m pytest -n auto --dist worksteal -m "not hypothesis" \
	    tests/core tests/policy tests/scenarios

search: $(VENV)/.dev-ready  ## let the property tests try new examples, ten minutes
	@end=$$(( $$(date +%s) + $(SEARCH_SECONDS) )); \
	while test $$(date +%s) -lt $$end; do \
	    $(BIN)/python -P -m pytest $(IN_PARALLEL) -q -m "hypothesis and not compose and not programs" \
	        --hypothesis-profile=search || exit; \
	done

mutants: $(VENV)/.dev-ready  ## change core and policy at random, ten minutes: do the tests notice?
	@PYTHONPATH=tests $(BIN)/python -P -m mutants $(MUTANTS)

faults: $(VENV)/.dev-ready  ## break all that can break, about twelve minutes, and print what it cost
	@$(call require_packages,faketime:faketime dnsmasq:dnsmasq-base udhcpc:udhcpc \
	    /lib/systemd/systemd-networkd:systemd)
	@$(BIN)/python -P -m pytest -n $(FAULT_PROCESSES) --dist worksteal tests/faults --every-fault

programs: $(VENV)/.dev-ready $(VENV)/.wheels-ready $(VENV)/bin/promtool  ## drive real programs beside the engine, about five minutes (as root)
	@$(call leave_asleep,NetworkManager,NetworkManager)
	@$(call leave_asleep,ifup,networking)
	@$(call leave_asleep,keepalived,keepalived)
	@$(call leave_asleep,nginx,nginx)
	@$(call require_packages,$(PROGRAMS))
	@$(BIN)/python -P -m pytest $(IN_PARALLEL) -m programs tests/route_writers tests/recipes tests/pages \
	    tests/monitoring tests/e2e/test_nginx.py

compose-test: $(VENV)/.dev-ready $(VENV)/.wheels-ready  ## drive compose/ and the service with podman (as root)
	@$(BIN)/python -P -m pytest -m compose tests/compose

bench: $(VENV)/.run-ready  ## measure speed and cost beside fping, about ten minutes
	@$(call require_packages,fping:fping)
	@PYTHONPATH=tests $(BIN)/python -P -m bench.run

lint: $(VENV)/.dev-ready  ## check style, types and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

reference: $(VENV)/.dev-ready  ## write the pages in docs/reference again
	@PYTHONPATH=tests $(BIN)/python -P -m support.reference

figures: $(VENV)/.dev-ready  ## hold what validate computes against 200 policies played, ten minutes
	@$(BIN)/python -P -m pytest tests/analysis/test_random_policies.py --policies 200

fuzz: $(VENV)/.fuzz-ready  ## attack all that takes bytes from outside, a minute each
	@for target in $(FUZZ_TARGETS); do \
	    $(BIN)/python tests/fuzz $$target -max_total_time=$(FUZZ_SECONDS) || exit; \
	done

test-oldest: $(VENV)-oldest/.ready  ## run tests with the oldest packages that pyproject.toml allows
	@$(VENV)-oldest/bin/python -P -m pytest -q tests/policy tests/probes tests/kernel tests/daemon tests/cli

lock:  ## write requirements/ again, for pyproject.toml; UPGRADE=--upgrade takes the newest versions
	@$(require_python)
	@$(make_environment)
	@$(PIP) install 'uv>=0.9'
	@$(LOCK) --output-file requirements/run.txt pyproject.toml
	@$(LOCK) --output-file requirements/build.txt --constraint requirements/run.txt --group build
	@$(LOCK) --output-file requirements/dev.txt --constraint requirements/run.txt \
	    --constraint requirements/build.txt pyproject.toml --group dev

deb-test: $(VENV)/.dev-ready $(VENV)/.debian-13-ready  ## build and install the Debian package in a bare Debian 13 (as root)
	@$(BIN)/python -P -m pytest -m debian tests/debian

deb:  ## build a Debian package in dist/deb (on Debian 13)
	@command -v dpkg-buildpackage >/dev/null || { \
	    echo "dpkg-buildpackage is missing (package dpkg-dev)" >&2; exit 1; }
	@rm -rf dist/deb && mkdir -p dist/deb/route-switcher
	@cp -r $(PACKAGED) dist/deb/route-switcher/ && cp -r examples/debian dist/deb/route-switcher/debian
	@find dist/deb -name __pycache__ -prune -exec rm -rf {} +
	@cd dist/deb/route-switcher && dpkg-buildpackage --build=binary --no-sign

clean:  ## remove what make and the tools have made
	rm -rf $(VENV) $(VENV)-oldest dist .coverage .fuzz .hypothesis .import_linter_cache .*_cache
	find engine tests -name __pycache__ -prune -exec rm -rf {} +

# What it takes to run the engine; then, on top of that, what it takes to work on it.

$(VENV)/.run-ready: pyproject.toml requirements/build.txt requirements/run.txt
	@$(require_python)
	@$(require_packages)
	@echo "setting up $(VENV): once, about half a minute"
	@$(make_environment)
	@$(PIP) install --require-hashes --requirement requirements/build.txt \
	    --requirement requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev-ready: $(VENV)/.run-ready requirements/dev.txt
	@echo "adding the development tools to $(VENV): once, about half a minute"
	@$(PIP) install --require-hashes --requirement requirements/dev.txt
	@touch $@

# What the image of compose-test is built from, and the environment of our pre-commit hooks; for the
# Python that this Debian has.

$(VENV)/.wheels-ready: requirements/build.txt requirements/run.txt | $(VENV)/.dev-ready
	@rm -rf $(VENV)/wheels
	@/usr/bin/python3 -P -m pip wheel --quiet --disable-pip-version-check --require-hashes \
	    --wheel-dir $(VENV)/wheels --requirement requirements/build.txt \
	    --requirement requirements/run.txt && touch $@ \
	    || { rm -rf $(VENV)/wheels; echo "no wheels: the tests of compose/ and of the hooks will be skipped" >&2; }

# A bare Debian 13 as a folder: 700 MB, a minute or more.

$(VENV)/.debian-13-ready: tests/debian/make-root examples/debian/control | $(VENV)/.dev-ready
	@$(call require_packages,mmdebstrap:mmdebstrap podman:podman runc:runc)
	@echo "making a bare Debian 13 in $(VENV)/debian-13: once, a minute or more"
	@tests/debian/make-root $(VENV)/debian-13 && touch $@ \
	    || echo "no Debian 13: the tests of the package will be skipped" >&2

# The lowest version of each dependency, with the tools of the tests.

$(VENV)-oldest/.ready: pyproject.toml
	@$(require_python)
	@$(PYTHON) -P -m venv --clear $(VENV)-oldest
	@$(VENV)-oldest/bin/python -P -m pip --quiet --disable-pip-version-check install \
	    $$($(PYTHON) -I -c 'import tomllib; p = tomllib.load(open("pyproject.toml", "rb")); \
	        print(*(d.partition(",")[0].replace(">=", "==") for d in p["project"]["dependencies"]))') \
	    pytest pytest-trio pytest-xdist hypothesis rich hatchling prometheus-client
	@$(VENV)-oldest/bin/python -P -m pip --quiet --disable-pip-version-check install --no-deps --editable .
	@touch $@

$(VENV)/.fuzz-ready: $(VENV)/.dev-ready
	@$(PIP) install 'pip>=25.1'
	@$(PIP) install --group fuzz
	@touch $@

# Only this program of Debian's package: the rest is a service with a user of its own, and 100 MB.

$(VENV)/bin/promtool: | $(VENV)/.dev-ready
	@echo "fetching promtool from Debian's package prometheus: once, 20 MB"
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && chmod 755 "$$folder" && cd "$$folder" && \
	    { apt-get download --quiet=2 prometheus || { apt-get update --quiet=2 && \
	      apt-get download --quiet=2 prometheus; }; } && \
	    dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool && \
	    mv usr/bin/promtool "$(CURDIR)/$@" && touch "$(CURDIR)/$@"

define require_python
! command -v $(PYTHON) >/dev/null || \
$(PYTHON) -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
    echo "$(PYTHON) is not Python 3.11 or newer. If you have one, name it:" \
        "make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; \
    exit 1; \
}
endef

define make_environment
$(PIP) --version >/dev/null 2>&1 || $(PYTHON) -P -m venv --clear $(VENV)
endef

define require_packages
missing=; \
for need in ip:iproute2 nft:nftables nsenter:util-linux setpriv:util-linux $(1); do \
    command -v $${need%:*} >/dev/null || missing="$$missing $${need#*:}"; \
done; \
$(PYTHON) -I -c 'import ensurepip, venv' 2>/dev/null || missing="$$missing $(notdir $(PYTHON))-venv"; \
test -n "$$missing" || exit 0; \
install="apt-get install --yes --no-install-recommends$$missing"; \
if test "$$(id -u)" != 0 || ! command -v apt-get >/dev/null; then \
    echo "Missing (names of Debian packages):$$missing. As root: $$install" >&2; \
    exit 1; \
fi; \
echo "installing Debian packages:$$missing"; \
export DEBIAN_FRONTEND=noninteractive; \
apt-get update --quiet=2 && $$install --quiet=2 >/dev/null
endef

# A package that is installed for the tests must not start its service on this machine.
define leave_asleep
command -v $(1) >/dev/null || test "$$(id -u)" != 0 || { \
    echo "masking $(2).service, which is needed for the tests only"; \
    ln -sf /dev/null /etc/systemd/system/$(2).service; \
}
endef
