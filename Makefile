# The commands of this repository; `make` lists them.
PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
SBINDIR    ?= $(PREFIX)/sbin
BINDIR     ?= $(PREFIX)/bin
LIBEXECDIR ?= $(PREFIX)/libexec/agentd
DATADIR    ?= $(PREFIX)/share
MANDIR     ?= $(DATADIR)/man
# systemd reads units, users and temporary files from both /usr/lib and /usr/local/lib.
SYSTEMDDIR ?= $(PREFIX)/lib
DESTDIR    ?=
# The version of systemd for which the unit is installed: this host's, or the newest if there is none.
SYSTEMD    ?= $(or $(shell systemctl --version 2>/dev/null | awk 'NR == 1 { print $$2 }'),999)
RELOADS    ?= 1000
SEED       ?=

RELEASE  := .build/release
OLD_SYSTEMD = $(if $(shell test $(SYSTEMD) -ge 254 || echo old),-f etc/systemd/before-254.sed)
PROGRAMS := agentd agentd-network agentd-shepherd agent-register agentctl scheduler-register
# While one listener takes over from another, both are woken for a new connection, and one of them finds that the other has
# accepted it. SwiftNIO copes, but asserts that this never happens; without assertions, tests see the behaviour of a release.
TEST_FLAGS := -Xswiftc -assert-config -Xswiftc Release
# Everything except the system's libraries reports its coverage to libFuzzer and is checked by AddressSanitizer.
FUZZ_FLAGS := -Xswiftc -enable-testing -Xswiftc -sanitize=fuzzer,address \
  -Xcc -fsanitize=fuzzer-no-link,address -Xcxx -fsanitize=fuzzer-no-link,address
# The documents to install, and everything that they link to.
DOCUMENTS = $(wildcard *.md docs/*.md docs/console/*.png integrations/*/*.md integrations/*/docs/*.md integrations/*/docs/*.png) LICENSE docs/openapi.yaml docs/bench/soak.png etc/agentd.toml \
  packaging/prometheus/agentd.rules.yml packaging/grafana/agentd.json
SHELL_SCRIPTS = $(shell grep -lE '^\#!.*/(env )?(ba)?sh$$' -r scripts) .ci/run

.PHONY: help demo test interop api-test fuzz power-cut failing-writes million soak reloads drill build bench airflow-check airflow-test airflow-demo console-pictures docs lint format install uninstall deb deb-test tgz clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## show all of it in a scratch folder: CA, import, listen, run jobs, standby scheduler, strangers refused
	@scripts/bootstrap demo
	@$(MAKE) --no-print-directory build
	@scripts/demo $(RELEASE)

test: ## build everything for debugging and run all tests
	@scripts/bootstrap test
	swift build --build-tests $(TEST_FLAGS)
	@scripts/test

interop: ## run the tests with clients in Go and Java, TLS scanners and a certificate linter (installs 700 MB)
	@scripts/bootstrap interop
	swift build --build-tests $(TEST_FLAGS)
	test -x .build/pkilint/bin/lint_pkix_cert || \
	  { python3 -m venv .build/pkilint && .build/pkilint/bin/pip --quiet install 'pkilint>=0.12'; }
	PATH="$$PATH:$$PWD/.build/pkilint/bin" AGENTD_INTEROP=1 \
	  swift test --skip-build --disable-xctest --filter 'Interoperation'

api-test: ## check a running agentd against docs/openapi.yaml with generated requests: EXAMPLES=30, SEED=1
	@scripts/bootstrap api
	swift build --build-tests $(TEST_FLAGS)
	test -x .build/schemathesis/bin/schemathesis || \
	  { python3 -m venv .build/schemathesis && .build/schemathesis/bin/pip --quiet install 'schemathesis>=4.32,<5'; }
	EXAMPLES=$(or $(EXAMPLES),30) SEED=$(or $(SEED),1) scripts/api/test .build/schemathesis/bin/schemathesis .build/debug

fuzz: ## try random inputs on every decoder of outside input: SECONDS=20 each, SEED=1, TARGETS="http1 gate"
	@scripts/bootstrap fuzz
	AGENTD_FUZZ=1 swift build -c release --scratch-path .build/fuzz --product agentd-fuzz $(FUZZ_FLAGS)
	scripts/fuzz .build/fuzz/release/agentd-fuzz $(or $(SECONDS),20) $(or $(SEED),1) $(TARGETS)

ROUNDS ?= 20
power-cut: ## cut the power of a machine under load, ROUNDS times: no job is lost, none started twice
	@scripts/bootstrap test
	swift build --build-tests $(TEST_FLAGS)
	AGENTD_POWER_CUTS=$(ROUNDS) swift test --skip-build --disable-xctest --filter PowerCutLosesNothing

failing-writes: ## fail each write for a job in turn, or kill the process there: no job is lost, none started twice
	@scripts/bootstrap test
	swift build --build-tests $(TEST_FLAGS)
	AGENTD_FAILING_WRITES=1 swift test --skip-build --disable-xctest --filter FailingWritesLoseNothing

million: ## time the ledger with a million jobs, compared with a small one
	@scripts/bootstrap test
	swift build --build-tests $(TEST_FLAGS)
	AGENTD_MILLION=1 swift test --skip-build --disable-xctest --filter MillionJobsAreTimed

soak: ## run agentd under load for SECONDS=600; .build/soak.png shows memory, descriptors and latency over time
	@scripts/bootstrap soak
	@$(MAKE) --no-print-directory build
	test -x .build/matplotlib/bin/python || \
	  { python3 -m venv .build/matplotlib && .build/matplotlib/bin/pip --quiet install 'matplotlib>=3.6'; }
	.build/matplotlib/bin/python scripts/soak $(or $(SECONDS),600) $(RELEASE) .build

reloads: ## reload under load, RELOADS times (1000), with the seed SEED (random); takes minutes
	@scripts/bootstrap test
	swift build --build-tests $(TEST_FLAGS)
	AGENTD_RELOADS=$(RELOADS) AGENTD_SEED=$(SEED) swift test --skip-build --disable-xctest --filter ReloadsUnderLoad

build: ## build the programs for release, in .build/release
	@scripts/bootstrap build
	@# Linked with gold, the toolchain's default: lld takes a function of FoundationEssentials from Foundation, and with it
	@# 45 MB of ICU. Gold warns about mktemp, which is in the same library but not called.
	@for program in $(PROGRAMS); do \
	  swift build -c release --static-swift-stdlib --product $$program || exit; \
	done

drill: ## kill, pause and starve everything under a load of jobs, then audit; SECONDS=60, SEED= repeats a run
	@scripts/bootstrap drill
	@$(MAKE) --no-print-directory build PROGRAMS="$(PROGRAMS) agentd-drill"
	@# As root, it gets its own disk to fill, which disappears with its name space, as does what killed programs with a fake
	@# clock leave in /dev/shm, and its own processes: jobs kill all those of their user.
	$$(test $$(id -u) -ne 0 || echo 'unshare --mount --pid --fork --mount-proc scripts/with-own-shm') $(RELEASE)/agentd-drill --programs $(RELEASE) \
	  --seconds $(or $(SECONDS),60) $(if $(SEED),--seed $(SEED))

bench: ## measure start-up, memory, sizes, TLS against nginx, held connections, jobs against ssh and NRPE
	@scripts/bootstrap bench
	@$(MAKE) --no-print-directory build PROGRAMS="$(PROGRAMS) tls-load"
	@scripts/bench/footprint $(RELEASE)
	@scripts/bench/tls $(RELEASE)
	@scripts/bench/hold $(RELEASE)
	@scripts/bench/jobs $(RELEASE)
	@scripts/bench/fleet $(RELEASE)
	@scripts/bench/revocation $(RELEASE)

docs: ## write the generated documents: etc/agentd.toml, and the keys in docs/man/agentd.toml.5
	swift build --build-tests $(TEST_FLAGS)
	AGENTD_WRITE_DOCUMENTS=1 swift test --skip-build --disable-xctest --filter theDocumentsAreUpToDate

airflow-check: ## hold the provider for Apache Airflow against real agents and a real Airflow; quick (installs 350 MB with pip)
	@scripts/bootstrap airflow
	@$(MAKE) --no-print-directory build
	@scripts/airflow check $(RELEASE)

airflow-test: ## kill Airflow's workers and triggerers, and agents, under load; an hour: DRILLS="killed_workers output"
	@scripts/bootstrap airflow-test
	@$(MAKE) --no-print-directory build
	@scripts/airflow test $(RELEASE) $(DRILLS)

airflow-demo: ## show Airflow with two agents: an example Dag from trigger to logs; takes the screenshots of the documentation
	@scripts/bootstrap airflow-demo
	@$(MAKE) --no-print-directory build
	@scripts/airflow demo $(RELEASE)

console-pictures: ## take the pictures of docs/console.md, of made-up agents in headless Chromium (as root)
	@scripts/bootstrap console
	@$(MAKE) --no-print-directory build
	@scripts/console-pictures $(RELEASE)

bench-signer: ## measure what a key in another process costs a handshake, against a build whose listener has the key
	@scripts/bootstrap bench
	@$(MAKE) --no-print-directory build PROGRAMS="agentd agentd-network agentd-shepherd agent-register tls-load"
	@# A patched copy of the tree: no flag in the product gives the key to the listener.
	rm -rf .build/bench-signer/tree
	mkdir -p .build/bench-signer/tree
	cp -a Package.swift $(wildcard Package.resolved) Sources Tests Tools .build/bench-signer/tree/
	patch --batch --fuzz=0 -p1 -d .build/bench-signer/tree < scripts/bench/signer.patch
	@for program in agentd agentd-network; do \
	  swift build -c release --static-swift-stdlib --package-path .build/bench-signer/tree --scratch-path .build/bench-signer/build \
	    --product $$program || exit; \
	done
	@scripts/bench/signer $(RELEASE) .build/bench-signer/build/release

lint: ## check the format of all Swift code, its docstrings, the arrows between the wings, the words and the shell scripts
	@scripts/bootstrap lint
	scripts/lint-wings
	scripts/lint-docs
	scripts/lint-bytes
	@# The patch of `make bench-signer` must still apply.
	patch --dry-run --silent --batch --fuzz=0 -p1 < scripts/bench/signer.patch
	scripts/lint-words
	swift format lint --recursive --strict --parallel Package.swift Sources Tests Tools
	shellcheck $(SHELL_SCRIPTS)

format: ## rewrite the Swift code in the format that lint wants
	swift format --recursive --in-place --parallel Package.swift Sources Tests Tools

install: ## install the programs of `make build` below DESTDIR and PREFIX (/usr/local)
	@for program in $(PROGRAMS); do \
	  test -x $(RELEASE)/$$program || { echo "make: $$program is not built: run 'make build' first" >&2; exit 1; }; \
	done
	install -d $(DESTDIR)$(SBINDIR) $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBEXECDIR)
	install -s -m 0755 $(RELEASE)/agentd $(DESTDIR)$(SBINDIR)/agentd
	install -s -m 0755 $(RELEASE)/agent-register $(DESTDIR)$(BINDIR)/agent-register
	install -s -m 0755 $(RELEASE)/agentctl $(DESTDIR)$(BINDIR)/agentctl
	install -s -m 0755 $(RELEASE)/scheduler-register $(DESTDIR)$(BINDIR)/scheduler-register
	install -s -m 0755 $(RELEASE)/agentd-network $(DESTDIR)$(LIBEXECDIR)/agentd-network
	install -s -m 0755 $(RELEASE)/agentd-shepherd $(DESTDIR)$(LIBEXECDIR)/agentd-shepherd
	scripts/completions $(RELEASE) $(DESTDIR)$(DATADIR)
	install -d $(addprefix $(DESTDIR)$(MANDIR)/,man1 man5 man8)
	install -m 0644 docs/man/*.1 $(DESTDIR)$(MANDIR)/man1/
	install -m 0644 docs/man/*.5 $(DESTDIR)$(MANDIR)/man5/
	install -m 0644 docs/man/*.8 $(DESTDIR)$(MANDIR)/man8/
	ln -sfn agentd.8 $(DESTDIR)$(MANDIR)/man8/jams-agentd.8
	ln -sfn agent-register.8 $(DESTDIR)$(MANDIR)/man8/jams-register.8
	ln -sfn agentd $(DESTDIR)$(SBINDIR)/jams-agentd
	ln -sfn agent-register $(DESTDIR)$(BINDIR)/jams-register
	@# In the same folders as here, so that their links work.
	for file in $(DOCUMENTS); do install -D -m 0644 $$file $(DESTDIR)$(DATADIR)/doc/agentd/$$file || exit; done
	install -d $(DESTDIR)$(SYSTEMDDIR)/systemd/system $(DESTDIR)$(SYSTEMDDIR)/sysusers.d $(DESTDIR)$(SYSTEMDDIR)/tmpfiles.d
	sed -e 's|/usr/sbin/agentd|$(SBINDIR)/agentd|' $(OLD_SYSTEMD) etc/systemd/agentd.service \
	  > $(DESTDIR)$(SYSTEMDDIR)/systemd/system/agentd.service
	install -m 0644 etc/systemd/agentd.socket $(DESTDIR)$(SYSTEMDDIR)/systemd/system/agentd.socket
	sed 's|/usr/bin/scheduler-register|$(BINDIR)/scheduler-register|' etc/systemd/agentd-enrolment.service \
	  > $(DESTDIR)$(SYSTEMDDIR)/systemd/system/agentd-enrolment.service
	install -m 0644 etc/sysusers.d/agentd.conf $(DESTDIR)$(SYSTEMDDIR)/sysusers.d/agentd.conf
	install -m 0644 etc/tmpfiles.d/agentd.conf $(DESTDIR)$(SYSTEMDDIR)/tmpfiles.d/agentd.conf
	install -d -m 0755 $(DESTDIR)$(SYSCONFDIR)/agentd
	@# Never replace the administrator's own file.
	test -e $(DESTDIR)$(SYSCONFDIR)/agentd/agentd.toml || \
	  install -m 0644 etc/agentd.toml $(DESTDIR)$(SYSCONFDIR)/agentd/agentd.toml
	@# A package adds the users when it is installed.
	@test -n "$(DESTDIR)" || test $$(id -u) -ne 0 || scripts/add-users $(SYSTEMDDIR)/sysusers.d/agentd.conf

uninstall: ## undo `make install`; configuration, certificates, job records and the users stay
	rm -f $(addprefix $(DESTDIR)$(SBINDIR)/,agentd jams-agentd)
	rm -f $(addprefix $(DESTDIR)$(BINDIR)/,agent-register jams-register agentctl scheduler-register)
	rm -rf $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(DATADIR)/doc/agentd
	rm -f $(foreach program,agentctl agentd jams-agentd agent-register jams-register scheduler-register,\
	  $(DESTDIR)$(DATADIR)/bash-completion/completions/$(program) $(DESTDIR)$(DATADIR)/zsh/site-functions/_$(program) \
	  $(DESTDIR)$(DATADIR)/fish/vendor_completions.d/$(program).fish)
	rm -f $(foreach page,$(notdir $(wildcard docs/man/*)) jams-agentd.8 jams-register.8,\
	  $(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(page))
	rm -f $(addprefix $(DESTDIR)$(SYSTEMDDIR)/systemd/system/,agentd.service agentd.socket agentd-enrolment.service)
	rm -f $(DESTDIR)$(SYSTEMDDIR)/sysusers.d/agentd.conf $(DESTDIR)$(SYSTEMDDIR)/tmpfiles.d/agentd.conf

deb: ## build the Debian packages agentd and agentd-scheduler, in .build/deb
	@scripts/bootstrap deb
	@$(MAKE) --no-print-directory build
	@scripts/build-deb

deb-test: ## install, upgrade, downgrade, remove and purge the packages in a fresh Debian 12, while jobs run (as root)
	@scripts/bootstrap deb-test
	@test -e .build/deb/agentd.changes || $(MAKE) --no-print-directory deb
	@scripts/check-deb

tgz: ## build an archive in .build that any user can run from any folder, and test it
	@scripts/bootstrap demo
	@$(MAKE) --no-print-directory build
	@scripts/build-tgz
	@scripts/check-tgz

clean: ## remove everything built
	rm -rf .build
