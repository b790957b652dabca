# The commands of this repository; `make` lists them.
PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
SBINDIR    ?= $(PREFIX)/sbin
BINDIR     ?= $(PREFIX)/bin
LIBEXECDIR ?= $(PREFIX)/libexec/agentd
DATADIR    ?= $(PREFIX)/share
# systemd reads units, users and temporary files below /usr/lib and /usr/local/lib alike.
SYSTEMDDIR ?= $(PREFIX)/lib
DESTDIR    ?=

RELEASE  := .build/release
PROGRAMS := agentd agentd-shepherd agent-register
# While one listener takes over from another, both are told of a new connection and one of them finds that the other took
# it. SwiftNIO copes, but first asserts that this never happens; without assertions tests see what a release does.
TEST_FLAGS := -Xswiftc -assert-config -Xswiftc Release
SHELL_SCRIPTS = $(shell grep -lE '^\#!.*/(env )?(ba)?sh$$' -r scripts) .ci/run

.PHONY: help demo test build bench lint format install uninstall clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## show agentd at work in a scratch folder: import, listen, run a job, refuse strangers
	@scripts/bootstrap demo
	@$(MAKE) --no-print-directory build
	@scripts/demo $(RELEASE)

test: ## build everything for debugging and run all tests
	@scripts/bootstrap test
	swift build --build-tests $(TEST_FLAGS)
	@# All at once, hundreds of tests with real processes would wait for each other and miss their deadlines.
	SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=$$((4 * $$(nproc))) swift test --skip-build --disable-xctest

build: ## build the programs for release, in .build/release
	@scripts/bootstrap build
	@# Linked by gold, the toolchain's default: lld takes a function of FoundationEssentials from Foundation, and with it
	@# 45 MB of ICU. Gold warns of mktemp, which is in the same library and is not called.
	@for program in $(PROGRAMS); do \
	  swift build -c release --static-swift-stdlib --product $$program || exit; \
	done

bench: ## measure start-up, memory, sizes, and TLS against nginx; the figures of BENCHMARKS.md
	@scripts/bootstrap bench
	@$(MAKE) --no-print-directory build PROGRAMS="$(PROGRAMS) tls-load"
	@scripts/bench/footprint $(RELEASE)
	@scripts/bench/tls $(RELEASE)

lint: ## check the format of all Swift code and the shell scripts
	@scripts/bootstrap lint
	swift format lint --recursive --strict --parallel Package.swift Sources Tests
	shellcheck $(SHELL_SCRIPTS)

format: ## rewrite the Swift code in the format that lint wants
	swift format --recursive --in-place --parallel Package.swift Sources Tests

install: ## install what `make build` built, below DESTDIR and PREFIX (/usr/local)
	@for program in $(PROGRAMS); do \
	  test -x $(RELEASE)/$$program || { echo "make: $$program is not built: run 'make build' first" >&2; exit 1; }; \
	done
	install -d $(DESTDIR)$(SBINDIR) $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBEXECDIR)
	install -s -m 0755 $(RELEASE)/agentd $(DESTDIR)$(SBINDIR)/agentd
	install -s -m 0755 $(RELEASE)/agent-register $(DESTDIR)$(BINDIR)/agent-register
	install -s -m 0755 $(RELEASE)/agentd-shepherd $(DESTDIR)$(LIBEXECDIR)/agentd-shepherd
	ln -sfn agentd $(DESTDIR)$(SBINDIR)/jams-agentd
	ln -sfn agent-register $(DESTDIR)$(BINDIR)/jams-register
	install -d $(DESTDIR)$(DATADIR)/doc/agentd
	install -m 0644 README.md CHANGELOG.md SECURITY.md LICENSE etc/agentd.toml $(DESTDIR)$(DATADIR)/doc/agentd/
	install -d $(DESTDIR)$(SYSTEMDDIR)/systemd/system $(DESTDIR)$(SYSTEMDDIR)/sysusers.d $(DESTDIR)$(SYSTEMDDIR)/tmpfiles.d
	sed 's|/usr/sbin/agentd|$(SBINDIR)/agentd|' etc/systemd/agentd.service \
	  > $(DESTDIR)$(SYSTEMDDIR)/systemd/system/agentd.service
	install -m 0644 etc/sysusers.d/agentd.conf $(DESTDIR)$(SYSTEMDDIR)/sysusers.d/agentd.conf
	install -m 0644 etc/tmpfiles.d/agentd.conf $(DESTDIR)$(SYSTEMDDIR)/tmpfiles.d/agentd.conf
	install -d -m 0755 $(DESTDIR)$(SYSCONFDIR)/agentd
	@# The administrator's own file is never replaced.
	test -e $(DESTDIR)$(SYSCONFDIR)/agentd/agentd.toml || \
	  install -m 0644 etc/agentd.toml $(DESTDIR)$(SYSCONFDIR)/agentd/agentd.toml

uninstall: ## remove what install installed; configuration, certificates and job records stay
	rm -f $(addprefix $(DESTDIR)$(SBINDIR)/,agentd jams-agentd)
	rm -f $(addprefix $(DESTDIR)$(BINDIR)/,agent-register jams-register)
	rm -rf $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(DATADIR)/doc/agentd
	rm -f $(DESTDIR)$(SYSTEMDDIR)/systemd/system/agentd.service
	rm -f $(DESTDIR)$(SYSTEMDDIR)/sysusers.d/agentd.conf $(DESTDIR)$(SYSTEMDDIR)/tmpfiles.d/agentd.conf

clean: ## remove everything built
	rm -rf .build
