// Test Anything Protocol, as tests/lib/tap.sh speaks it.
let count = 0, failed = 0;

export function ok(good, description, remark) {
	count++;
	if (!good)
		failed++;
	console.log(`${good ? 'ok' : 'not ok'} ${count} - ${description}`);
	if (!good && remark !== undefined)
		console.log(String(remark).replace(/^/gm, '# '));
	return good;
}

export const note = (text) => console.log(`# ${text}`);

export function is(got, wanted, description) {
	return ok(Object.is(got, wanted), description, `got: ${got}\nwanted: ${wanted}`);
}

// A test that waits for something in the page: it fails when that does not come.
export async function comes(promise, description) {
	try {
		await promise;
		return ok(true, description);
	} catch (error) {
		return ok(false, description, error.message);
	}
}

export function done() {
	console.log(`1..${count}`);
	process.exitCode = failed > 0 ? 1 : 0;
}
