#!/bin/sh
# A handler in durable steps: charges once, waits up to a week for tow.signal(id, 'shipped', ...), then says goodbye. It
# may be killed at any line: what has been kept is not done again.
set -eu
# shellcheck source=contrib/examples/steps.sh
. "$(dirname "$0")/steps.sh"

charge() {
	echo "charging for order $order"
}

thank() {
	echo "thank you for order $order"
}

order=$(jq -r '.order')
tow_step charged charge
tow_signal shipped 604800 || exit 0
tow_step thanked thank
echo "result {\"order\": \"$order\", \"shipped\": $(tow_memory '.signals.shipped.timed_out | not')}" >&3
