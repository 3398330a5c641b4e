// JSON whose numbers stay as they were written: a browser's own are exact up to 2^53 only.

// What somebody typed, which is sent as it stands.
export class Typed {
	constructor(text) {
		this.text = text;
	}
}

export const written = (body) => `{${Object.entries(body).filter(([, value]) => value !== undefined)
	.map(([name, value]) => `${JSON.stringify(name)}:${value instanceof Typed ? value.text : JSON.stringify(value)}`).join(',')}}`;

// Older browsers cannot keep what they cannot hold.
const keeps = JSON.rawJSON !== undefined;

// These members have what programs put there; numbers elsewhere are reckoned with.
const kept = ['args', 'result', 'config'];

const faithful = (_, value, { source }) => (typeof value === 'number' && String(value) !== source ? JSON.rawJSON(source) : value);

export const isKept = (value) => keeps && JSON.isRawJSON(value);

function reckoned(value) {
	if (isKept(value))
		return Number(value.rawJSON);
	if (value !== null && typeof value === 'object')
		for (const [name, member] of Object.entries(value))
			if (!kept.includes(name))
				value[name] = reckoned(member);
	return value;
}

// Shorter ones are exact.
export const parse = (text) => (keeps && /\d{16}/.test(text) ? reckoned(JSON.parse(text, faithful)) : JSON.parse(text));

// Whether a number of it is not the one that was written.
export function isSpoilt(value) {
	if (keeps)
		return false;
	return typeof value === 'number' ? Math.abs(value) > Number.MAX_SAFE_INTEGER : value !== null && typeof value === 'object' && Object.values(value).some(isSpoilt);
}

export const spoilt = { message: 'this browser cannot keep a number of it as it is: it is above 2^53', hint: 'use a newer browser, or tow on the command line' };
