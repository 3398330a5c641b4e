#!/bin/sh
# bootstrap.sh [run|check|lint]...: install the Debian packages that are missing for running, testing or linting.
#
# Silent and quick when nothing is missing. What is installed this way leaves no system service running, none that
# would start with the machine, and no PostgreSQL cluster: Towpath starts a private one (see `tow db`), and its tests
# what they need. Exit status 69: something is missing and cannot be installed. BOOTSTRAP_ROOT is for its own test.
set -eu

root=${BOOTSTRAP_ROOT:-}
policy=$root/usr/sbin/policy-rc.d
mark='towpath bootstrap: no service starts while packages are installed'

# The newest server that is here already, else Debian 12's.
pg_major() {
	newest=15
	for initdb in /usr/lib/postgresql/*/bin/initdb; do
		[ -x "$initdb" ] || continue
		version=${initdb#/usr/lib/postgresql/}
		version=${version%%/*}
		[ "$version" -gt "$newest" ] && newest=$version
	done
	echo "$newest"
}

# need | package | what for
table() {
	pg=$(pg_major)
	cat <<-TABLE
		run   | gcc                          | compiles the program
		run   | libc6-dev                    | headers of the C library
		run   | pkg-config                   | tells where libraries are
		run   | libpq-dev                    | speaks to PostgreSQL
		run   | libcurl4-openssl-dev         | HTTP, for webhooks and http jobs
		run   | libjansson-dev               | JSON
		run   | libexpat1-dev                | XML
		run   | libxxhash-dev                | hashes of files
		run   | libarchive-dev               | archives in downloads
		run   | libinih-dev                  | reads the worker's configuration file
		run   | libncurses-dev               | the screen of tow top
		run   | libmicrohttpd-dev            | HTTP, for the page and the API
		run   | libwslay-dev                 | frames of WebSockets
		run   | zlib1g-dev                   | compresses what a browser is sent
		run   | postgresql-$pg                | the database
		run   | postgresql-client-$pg         | psql, createdb
		run   | ca-certificates              | known authorities, for https
		run   | npm                          | fetches what the page is made of
		check | check                        | unit tests in C
		check | postgresql-$pg-pgtap          | tests of the SQL functions
		check | postgresql-$pg-plpgsql-check  | finds mistakes in PL/pgSQL before it runs
		check | python3                      | runs example handlers, a model of the watermark
		check | python3-jsonschema           | reads the description of the API
		check | jq                           | reads JSON output in tests
		check | procps                       | looks at processes in tests
		check | pgbouncer                    | a pooler, between database and workers in tests
		check | nginx                        | a proxy with a certificate, before the server in tests
		check | valgrind                     | finds leaks and bad reads
		check | curl                         | asks programs in tests
		check | iproute2                     | a network of its own, in tests
		check | openssl                      | makes certificates for tests
		check | btrfs-progs                  | a file system with a quota, in tests
		check | chromium                     | walks through the page in tests
		check | mpd                          | a media server, told of new files in tests
		check | mktorrent                    | makes torrents for tests
		check | qbittorrent-nox              | a download client, watched in tests
		check | transmission-daemon          | likewise
		check | aria2                        | likewise
		check | deluged                      | likewise
		check | deluge-web                   | its interface
		check | rtorrent                     | a download client, watched in tests
		check | nzbget                       | likewise
		lint  | git                          | says which files are ours
		lint  | clang-format                 | layout of C
		lint  | clang-tidy                   | static analysis of C
		lint  | cppcheck                     | static analysis of C, another view
		lint  | shellcheck                   | static analysis of shell scripts
	TABLE
}

# Linting compiles and tests run, so each need includes run.
wanted() {
	table | awk -v needs=" run $* " -F ' *[|] *' 'index(needs, " " $1 " ") { print $2 "|" $3 }'
}

# Lines "package|what for" in, those that are not installed out.
missing() {
	rows=$(cat)
	# shellcheck disable=SC2046 # one word a package
	installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' $(echo "$rows" | cut -d '|' -f 1) 2>/dev/null || true)
	# Node.js often comes from elsewhere, and Debian's npm would conflict with that one.
	if command -v npm >/dev/null; then
		installed="$installed
npm installed"
	fi
	echo "$rows" | awk -F '|' -v installed="$installed" '
		BEGIN { n = split(installed, line, "\n"); for (i = 1; i <= n; i++) have[line[i]] = 1 }
		!(($1 " installed") in have)'
}

give_up() {
	echo "bootstrap: $1" >&2
	echo "hint: install the packages above by hand, then run the same command again" >&2
	exit 69
}

# Those that start with the machine, by name.
services() {
	for link in "$root"/etc/systemd/system/*.wants/*.service "$root"/etc/rc[2-5].d/S[0-9][0-9]*; do
		[ -L "$link" ] || continue
		name=${link##*/}
		name=${name#S[0-9][0-9]}
		echo "${name%.service}"
	done | sort -u
}

# A package enables its service whatever the policy says. Those that were here before are none of our business.
disable_new_services() { # those before
	services | while read -r name; do
		case " $1 " in
		*" $name "*) continue ;;
		esac
		echo "bootstrap: the service $name, just installed, is stopped and disabled: nothing here needs it"
		invoke-rc.d "$name" stop >/dev/null 2>&1 || true # it runs only where somebody else's policy let it
		DPKG_MAINTSCRIPT_PACKAGE=towpath deb-systemd-helper disable "$name.service" >/dev/null 2>&1 || true
		update-rc.d "$name" disable >/dev/null 2>&1 || true
	done
}

finish() {
	disable_new_services "$before"
	if grep -qs "$mark" "$policy"; then rm -f "$policy"; fi
}

forbid_services() {
	before=$(services | tr '\n' ' ')
	trap finish EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	if [ -e "$policy" ] && ! grep -qs "$mark" "$policy"; then
		return # somebody else's rule stands
	fi
	printf '#!/bin/sh\n# %s\nexit 101\n' "$mark" >"$policy"
	chmod 755 "$policy"
}

forbid_cluster() {
	conf=$root/etc/postgresql-common/createcluster.conf
	[ -e "$conf" ] && return
	mkdir -p "${conf%/*}"
	echo 'create_main_cluster = false' >"$conf"
}

apt() {
	DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 apt-get -o DPkg::Lock::Timeout=300 "$@" </dev/null
}

install() {
	forbid_services
	forbid_cluster
	apt -qq -s install "$@" >/dev/null 2>&1 || apt -qq update || give_up "the package lists cannot be fetched"
	apt -y -qq --no-install-recommends install "$@" && return
	apt -qq update # the lists may be older than the archive
	apt -y -qq --no-install-recommends install "$@" || give_up "apt-get install failed"
}

main() {
	for need; do
		case $need in
		run | check | lint) ;;
		*)
			echo "usage: contrib/bootstrap.sh [run|check|lint]..." >&2
			exit 64
			;;
		esac
	done
	lacking=$(wanted "$@" | missing)
	[ -n "$lacking" ] || exit 0
	echo "bootstrap: these packages are missing:"
	echo "$lacking" | awk -F '|' '{ printf "  %-28s %s\n", $1, $2 }'
	command -v apt-get >/dev/null || give_up "there is no apt-get here"
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null || give_up "installing needs root, and there is no sudo"
		exec sudo "$0" "$@"
	fi
	# shellcheck disable=SC2046 # one word a package
	install $(echo "$lacking" | cut -d '|' -f 1)
}

main "$@"
