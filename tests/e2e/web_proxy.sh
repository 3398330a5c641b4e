#!/usr/bin/env bash
# The page in a real browser, through nginx with a certificate, under a path of its own.
. tests/lib/tap.sh
. tests/lib/instance.sh
. tests/lib/serve.sh
. tests/lib/tls.sh
. tests/lib/page.sh

PATH=$PATH:/usr/sbin # where Debian has it, and users do not look
for program in nginx openssl python3; do
	command -v $program >/dev/null || skip_all "there is no $program here: contrib/bootstrap.sh check"
done
page_ready
instance_start
tls_start || diag "$(cat "$SERVE_LOG")"
link=$("$TOW" token link --role operator --address "$TLS_URL")
export ADDRESS=$TLS_URL/ KEY=${link#*#key=}
# shellcheck disable=SC2154 # of page_ready
node "$walks/proxy.mjs"
