# Towpath: the whole build. `make help` lists the targets.
#
#   B=build               where everything goes; SAN builds go to $(B)-san
#   DEV=1                 warnings are errors (also when CI is set)
#   SAN=address,undefined build with sanitizers
#   PREFIX=/usr/local DESTDIR=   for install

B ?= build
PREFIX ?= /usr/local
DESTDIR ?=
SAN ?=
out := $(B)$(if $(SAN),-san)
VERSION := $(shell cat VERSION)

CC ?= gcc
PKG_CONFIG ?= pkg-config
INSTALL ?= install

# Asked once, and only when something is compiled: `make bootstrap` must work before pkg-config is there. It does not
# know wslay.
packages := libpq libcurl jansson expat inih libxxhash libarchive ncursesw libmicrohttpd zlib
lib_cflags = $(eval lib_cflags := $(shell $(PKG_CONFIG) --cflags $(packages)))$(lib_cflags)
lib_libs = $(eval lib_libs := $(shell $(PKG_CONFIG) --libs $(packages)) -lwslay)$(lib_libs)
check_cflags = $(eval check_cflags := $(shell $(PKG_CONFIG) --cflags check))$(check_cflags)
check_libs = $(eval check_libs := $(shell $(PKG_CONFIG) --libs check))$(check_libs)

warnings := -Wall -Wextra -Wshadow -Wvla -Wformat=2 -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes \
	-Wswitch-enum -Wnull-dereference $(if $(DEV)$(CI),-Werror)
hardening := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer,-D_FORTIFY_SOURCE=3) \
	-fstack-protector-strong -fPIE
CFLAGS ?= -O2 -g
all_cflags = -std=gnu17 $(warnings) $(CFLAGS) $(hardening) -Iinclude -D_GNU_SOURCE= -DTOW_VERSION='"$(VERSION)"' \
	$(lib_cflags)
all_ldflags = -pie -Wl,-z,relro,-z,now $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)

# One program; everything but main.o is an archive, so that tests link what they use.
core := $(wildcard src/core/*.c)
commands := $(wildcard src/cli/*.c) $(wildcard workers/worker.c scheduler/scheduler.c src/serve/serve.c)
kinds := $(wildcard workers/kinds/*.c workers/haul/*.c)
sources := $(sort $(core) $(commands) $(kinds) $(wildcard src/cli/lib/*.c workers/*.c workers/haul/clients/*.c \
	workers/haul/targets/*.c workers/haul/channels/*.c scheduler/*.c src/serve/*.c))
sql := $(wildcard sql/*/schema/*.sql sql/*/code/*.sql)
clients := $(wildcard workers/haul/clients/*.c)
targets := $(wildcard workers/haul/targets/*.c)
channels := $(wildcard workers/haul/channels/*.c)
page := $(shell find web -type f)
generated := $(out)/gen/commands.c $(out)/gen/kinds.c $(out)/gen/clients.c $(out)/gen/targets.c $(out)/gen/channels.c \
	$(out)/gen/sql.c
objects := $(sources:%.c=$(out)/obj/%.o) $(generated:$(out)/%.c=$(out)/obj/%.o)
unit := $(patsubst %.c,$(out)/%,$(wildcard tests/unit/test_*.c))
drivers := $(out)/tests/lib/client_drive $(out)/tests/lib/target_drive
shims := $(out)/tests/lib/faulty.so
fuzzers := $(patsubst %.c,$(out)/%,$(wildcard tests/fuzz/fuzz_*.c))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all run check lint bench bench-peers bench-quick help install man reference clean check-unit check-sql check-e2e check-faults chaos \
	fuzz bootstrap format tests FORCE

all: $(out)/tow $(out)/web/index.html ## build the program and its page (default)

$(out)/web/index.html: $(page) contrib/gen/page.sh
	@contrib/gen/page.sh $(out)

$(out)/tow: $(out)/obj/src/main.o $(out)/libtow.a
	@echo "  link    $@"
	@$(CC) $(all_ldflags) -o $@ $^ $(lib_libs)

# Made anew each time, so that a member whose source is gone does not stay; q keeps two members of one name (db.o).
$(out)/libtow.a: $(objects)
	@rm -f $@ && $(AR) qcs $@ $^

$(out)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  cc      $<"
	@$(CC) $(all_cflags) -MMD -MP -c -o $@ $<

$(patsubst %.c,$(out)/obj/%.o,$(shell grep -rl TOW_VERSION src workers scheduler)): VERSION

$(out)/obj/gen/%.o: $(out)/gen/%.c
	@mkdir -p $(@D)
	@$(CC) $(all_cflags) -MMD -MP -c -o $@ $<

# Generated tables change only when the set of files does; the scripts leave an unchanged file alone.
$(out)/gen/commands.c: FORCE
	@contrib/gen/commands.sh $@ $(commands)
$(out)/gen/kinds.c: FORCE
	@contrib/gen/kinds.sh $@ $(kinds)
$(out)/gen/clients.c: FORCE
	@contrib/gen/clients.sh $@ $(clients)
$(out)/gen/targets.c: FORCE
	@contrib/gen/targets.sh $@ $(targets)
$(out)/gen/channels.c: FORCE
	@contrib/gen/channels.sh $@ $(channels)
$(out)/gen/sql.c: FORCE
	@contrib/gen/sql.sh $@ $(sql)
$(out)/obj/gen/sql.o: $(sql)

$(out)/tests/%: tests/%.c $(out)/libtow.a
	@mkdir -p $(@D)
	@echo "  cc      $<"
	@$(CC) $(all_cflags) $(check_cflags) -I. -MMD -MP -MF $@.d $(all_ldflags) -o $@ $< $(out)/libtow.a \
		$(check_libs) $(lib_libs)

$(out)/tests/lib/%.so: tests/lib/%.c
	@mkdir -p $(@D)
	@echo "  cc      $<"
	@$(CC) -std=gnu17 $(warnings) $(CFLAGS) -D_GNU_SOURCE= -fPIC -shared -o $@ $<

-include $(objects:.o=.d) $(out)/obj/src/main.d $(unit:=.d) $(fuzzers:=.d) $(drivers:=.d)

# A make of its own, because what is missing when this one starts is there after bootstrap.
submake = $(MAKE) --no-print-directory $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))
suites = TOW_BUILD=$(out) tests/run

run: ## install what is missing, build, start everything here: database, scheduler, worker
	@contrib/bootstrap.sh run
	@$(submake) all
	@exec $(out)/tow up

check: ## install what is missing, build, run all tests
	@contrib/bootstrap.sh check
	@$(submake) all tests
	@$(suites)

tests: $(unit) $(fuzzers) $(drivers) $(shims) ## build the test programs

check-unit: all tests ## unit tests only
	@$(suites) unit
check-sql: all ## SQL tests only (pgTAP)
	@$(suites) sql
check-e2e: all ## end-to-end tests only
	@$(suites) e2e
check-faults: all ## the quick fault tests only
	@$(suites) faults
chaos: all ## all fault tests, the long ones too
	@TOW_TEST_LIMIT=$${TOW_TEST_LIMIT:-3600} $(suites) chaos
fuzz: all tests ## fuzz tests (FUZZ_SECONDS each; best with SAN=address,undefined)
	@$(suites) fuzz

lint: ## layout, static analysis, house rules
	@contrib/bootstrap.sh lint
	@$(submake) all
	@contrib/lint/run $(out)

format: ## let clang-format lay out the C files
	@git ls-files '*.c' '*.h' | xargs clang-format -i

bench: all ## measure ours beside the limit, into bench/RESULTS.md (some 50 minutes)
	@TOW=$(abspath $(out)/tow) bench/run
bench-peers: all ## measure ours beside the peers, into bench/RESULTS.md (hours; see bench/peers/run)
	@TOW=$(abspath $(out)/tow) bench/peers/run
bench-quick: all ## the main ratios in under 5 minutes, printed only
	@TOW=$(abspath $(out)/tow) bench/run --quick

bootstrap: ## install the Debian packages that running, testing and linting need
	@contrib/bootstrap.sh run check lint

man: all ## manual pages from the commands' own help
	@contrib/gen/man.sh $(out)/tow $(out)/man

reference: all ## write the tables of contrib/docs/reference.md anew
	@contrib/gen/reference.sh $(out)/tow contrib/docs/reference.md >$(out)/reference.md
	@cp $(out)/reference.md contrib/docs/reference.md

install: man ## install into $(DESTDIR)$(PREFIX)
	$(INSTALL) -D -m 755 $(out)/tow $(DESTDIR)$(PREFIX)/bin/tow
	@if [ -f $(out)/web/index.html ]; then (cd $(out) && find web -type f) | while read -r file; do \
		$(INSTALL) -D -m 644 "$(out)/$$file" "$(DESTDIR)$(PREFIX)/share/towpath/$$file"; done; fi
	@if [ -f contrib/psql/towrc ]; then \
		$(INSTALL) -D -m 644 contrib/psql/towrc $(DESTDIR)$(PREFIX)/share/towpath/towrc; fi
	@if [ -f contrib/completion/tow.bash ]; then $(INSTALL) -D -m 644 contrib/completion/tow.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/tow; fi
	@for page in $(out)/man/*.[15]; do \
		$(INSTALL) -D -m 644 "$$page" "$(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}"; done
	@for file in README.md CHANGES $$(find contrib/docs contrib/examples contrib/grafana contrib/systemd -type f); do \
		$(INSTALL) -D -m 644 "$$file" "$(DESTDIR)$(PREFIX)/share/doc/towpath/$$file"; done

clean: ## remove what was built
	rm -rf $(B) $(B)-san

help: ## this list
	@echo "make TARGET   [B=build] [DEV=1] [SAN=address,undefined] [PREFIX=/usr/local] [DESTDIR=]"
	@sed -n 's/^\([a-z][a-z0-9-]*\):[^#]*## \(.*\)/\1\t\2/p' Makefile | \
		while IFS="$$(printf '\t')" read -r name text; do printf '  %-13s %s\n' "$$name" "$$text"; done
