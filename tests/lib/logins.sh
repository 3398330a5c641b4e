# shellcheck shell=bash
# Logins of one's own on a private server, for what depends on who somebody is. Source after instance.sh.
#
#	logins_open			lets every role log in over the socket
#	psql_as ROLE args...		psql as that role, rows only

logins_open() {
	sed -i '1i local all all trust' "$TOW_HOME/pg/pg_hba.conf"
	instance_psql -c 'select pg_reload_conf()' >/dev/null
}

psql_as() {
	local role=$1
	shift
	psql -X -A -t -q -v ON_ERROR_STOP=1 -d "$(instance_url | sed "s/user=[^&]*/user=$role/")" "$@"
}
