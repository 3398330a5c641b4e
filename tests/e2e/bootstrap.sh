#!/usr/bin/env bash
# contrib/bootstrap.sh on a pretended machine: what is missing is installed once, and whatever services packages bring
# are held back, but not those that were here before.
. tests/lib/tap.sh

top=$PWD
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
export BOOTSTRAP_ROOT=$room/root CALLS=$room/calls
wants=$BOOTSTRAP_ROOT/etc/systemd/system/multi-user.target.wants
policy=$BOOTSTRAP_ROOT/usr/sbin/policy-rc.d
mkdir -p "$room/bin" "$BOOTSTRAP_ROOT/usr/sbin" "$wants" "$BOOTSTRAP_ROOT/etc/rc2.d"
export PATH=$room/bin:$PATH

stub() { # name, the script on standard input
	{ printf '#!/bin/sh\n' && cat; } >"$room/bin/$1"
	chmod 755 "$room/bin/$1"
}
stub id <<<'echo 0'
for name in update-rc.d invoke-rc.d; do
	stub "$name" <<<'echo "${0##*/} $*" >>"$CALLS"'
done
stub deb-systemd-helper <<<'[ "$DPKG_MAINTSCRIPT_PACKAGE" ] && echo "${0##*/} $*" >>"$CALLS"' # as it refuses others
stub dpkg-query <<-'END'
	shift 3
	for package; do [ ! -e "$BOOTSTRAP_ROOT/$package" ] || echo "$package installed"; done
END
# As packages do it: a unit for systemd, a link for other inits, both for some.
stub apt-get <<-'END'
	case $* in *" -s "* | *update*) exit ;; esac
	echo "apt-get${*##*recommends}" >>"$CALLS"
	"$BOOTSTRAP_ROOT/usr/sbin/policy-rc.d" pgbouncer start && echo "pgbouncer was started" >>"$CALLS"
	ln -sf unit "$BOOTSTRAP_ROOT/etc/systemd/system/multi-user.target.wants/pgbouncer.service"
	ln -sf script "$BOOTSTRAP_ROOT/etc/rc2.d/S01pgbouncer"
	ln -sf script "$BOOTSTRAP_ROOT/etc/rc2.d/S19mpd"
	exit "${APT_STATUS:-0}"
END
here() { # packages that are installed
	for package; do touch "$BOOTSTRAP_ROOT/$package"; done
}
bootstrap() {
	: >"$CALLS"
	"$top/contrib/bootstrap.sh" check >"$room/out" 2>&1
}

mapfile -t all < <(sed -n 's/^\t\t\(run\|check\)  *| \([a-z][^ ]*\) .*/\2/p' contrib/bootstrap.sh | sed 's/\$pg/15/')
pg=15
for initdb in /usr/lib/postgresql/*/bin/initdb; do
	version=${initdb#/usr/lib/postgresql/} version=${version%%/*}
	[[ $version =~ ^[0-9]+$ ]] && [ "$version" -gt "$pg" ] && pg=$version
done
all=("${all[@]/postgresql-15/postgresql-$pg}")
all=("${all[@]/postgresql-client-15/postgresql-client-$pg}")
ok "the packages are known" test ${#all[@]} -gt 10
here "${all[@]}"
ln -s unit "$wants/ssh.service"
ok "where nothing is missing" bootstrap
is "$(cat "$CALLS" "$room/out")" "" "nothing is done or said"

rm "$BOOTSTRAP_ROOT/npm"
stub npm <<<'exit 0'
ok "with an npm from elsewhere" bootstrap
is "$(cat "$CALLS" "$room/out")" "" "Debian's is not installed"
rm "$room/bin/npm"
mkdir "$room/only"
for name in sh awk cat cut sed tr sort grep mkdir rm chmod ln; do ln -s "$(command -v "$name")" "$room/only/$name"; done
ok "without any" env PATH="$room/bin:$room/only" "$top/contrib/bootstrap.sh" run
like "$(cat "$CALLS")" "^apt-get install npm" "it is"
here npm

rm "$BOOTSTRAP_ROOT/pgbouncer"
rm -f "$BOOTSTRAP_ROOT"/etc/rc2.d/* "$wants/pgbouncer.service"
ok "what is missing" bootstrap
like "$(cat "$CALLS")" "^apt-get install pgbouncer" "is installed"
like "$(cat "$room/out")" "pgbouncer +a pooler" "and named"
unlike "$(cat "$CALLS")" "started" "its service does not start"
not_ok "the policy for that is gone afterwards" test -e "$policy"
for name in pgbouncer mpd; do
	like "$(cat "$CALLS")" "deb-systemd-helper disable $name.service" "the service $name will not start with the machine"
	like "$(cat "$CALLS")" "update-rc.d $name disable" "nor by another init"
	like "$(cat "$room/out")" "service $name, just installed" "which is said"
done
unlike "$(cat "$CALLS" "$room/out")" "ssh" "what was here before is left alone"
is "$(cat "$BOOTSTRAP_ROOT/etc/postgresql-common/createcluster.conf")" "create_main_cluster = false" "no cluster is made"

ok "one that was enabled before" bootstrap
unlike "$(cat "$CALLS")" "disable" "stays so"

rm "$BOOTSTRAP_ROOT"/etc/rc2.d/* "$wants/pgbouncer.service"
APT_STATUS=100 exits 69 "an installation that fails" bootstrap
like "$(cat "$CALLS")" "deb-systemd-helper disable pgbouncer.service" "leaves no service either"
not_ok "nor the policy" test -e "$policy"

rm "$BOOTSTRAP_ROOT"/etc/rc2.d/* "$wants/pgbouncer.service"
printf '#!/bin/sh\nexit 0\n' >"$policy"
chmod 755 "$policy"
ok "somebody else's policy" bootstrap
ok "stands" test -x "$policy"
like "$(cat "$CALLS")" "was started.*invoke-rc.d pgbouncer stop" "what it let start is stopped"
done_testing
