// Calls of the API. What the server refuses becomes a Problem, with its hint; what does not reach it does, too.
import { parse, written } from './exact.js';
import { store } from './ui.js';

// How long an answer may take. What changes something may be at it for longer, or has a file to send.
const READ_MS = 15000, CHANGE_MS = 60000;

// Relative to the page, which may lie under a prefix.
const base = new URL('api/v1/', document.baseURI);

// Who is signed in ({name, role}); null: nobody; undefined: not yet known.
export const me = store(undefined);
// Whether the last call reached the server.
export const reachable = store(true);
// The Problem with which it last did not.
export const away = store(null);
// When anything was last heard of it.
export const heard = { at: Date.now() };
// How far the server's clock is ahead of this one's, in milliseconds.
export const ahead = store(0);

class Problem extends Error {
	constructor(status, { detail, title, hint, code } = {}) {
		super(detail || title || `the server answered ${status}`);
		// A proxy says so when the server behind it is gone; one that ended what took too long (57014) is there.
		Object.assign(this, { status, hint, code, isAway: [0, 502, 503, 504].includes(status) && code !== '57014' });
	}
}

// Of an address browsers take these, however they are written, for the place itself and the one above: what was meant is not what
// would be called.
const isDots = (one) => /^(\.|%2e){1,2}$/i.test(one);

export function apiUrl(path, query) {
	if (path.split('/').some(isDots))
		throw new Problem(422, { detail: 'what is called . or .. cannot be shown or changed on this page: in an address it is another place', hint: 'tow on the command line can' });
	const url = new URL(path, base);
	for (const [name, value] of Object.entries(query ?? {}))
		for (const one of Array.isArray(value) ? value : [value])
			if (one !== undefined && one !== null && one !== '')
				url.searchParams.append(name, one);
	return url;
}

// A name as one step of a path.
export const step = (name) => encodeURIComponent(name);

// Not crypto.randomUUID, which plain HTTP on another host does not have.
function newKey() {
	return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('');
}

function noteClock(response) {
	const there = Date.parse(response.headers.get('Date'));
	const off = there - Date.now();
	// The header knows whole seconds only.
	if (there)
		ahead.set(Math.abs(off) > 2000 ? off : 0);
}

async function problemOf(response) {
	const body = await response.json().catch(() => ({}));
	return new Problem(response.status, body);
}

function noteAway(problem) {
	if (problem.status === 0 || problem.isAway) {
		reachable.set(false);
		away.set(problem);
	} else {
		noteThere();
	}
	return problem;
}

function noteThere() {
	heard.at = Date.now();
	reachable.set(true);
}

// What fetch throws when nobody answers. isLate: it was waited for in vain, and is not asked again.
function unanswered(error) {
	if (error.name === 'AbortError')
		return error;
	const isLate = error.name === 'TimeoutError';
	return noteAway(Object.assign(new Problem(0, { detail: 'the server does not answer', hint: isLate ? 'is it overloaded? tow status' : 'is it running? tow serve' }), { isLate, isAway: !isLate }));
}

async function send(url, options) {
	const late = AbortSignal.timeout(options.method === 'GET' ? READ_MS : CHANGE_MS);
	const signal = options.signal ? AbortSignal.any([options.signal, late]) : late;
	try {
		const response = await fetch(url, { ...options, signal });
		noteClock(response);
		return response;
	} catch (error) {
		throw unanswered(error);
	}
}

// Null where there is nothing to read. The time limit holds for this part, too.
async function read(response) {
	const text = await response.text().catch((error) => { throw unanswered(error); });
	return text === '' ? null : parse(text);
}

async function call(method, path, { query, body, signal } = {}) {
	const headers = { Accept: 'application/json' };
	const options = { method, headers, signal, credentials: 'same-origin' };
	if (method !== 'GET')
		headers['Content-Type'] = 'application/json';
	if (body !== undefined)
		options.body = written(body);
	// The answer to what has a key is kept for a day: not of what is only tried.
	if (method === 'POST' && !body?.dry_run)
		headers['Idempotency-Key'] = newKey();
	const url = apiUrl(path, query);
	let response = await send(url, options).catch((error) => {
		// Its key, or that it changes nothing, makes it safe to ask again, when nobody knows whether the first call arrived.
		if (method !== 'POST' || error.status !== 0 || error.isLate)
			throw error;
		return send(url, options);
	});
	if (response.status === 401 && path !== 'session')
		me.set(null);
	if (!response.ok)
		throw noteAway(await problemOf(response));
	noteThere();
	return response.status === 204 ? null : read(response);
}

// The browser keeps what has an ETag, and asks only whether it has changed.
export const get = (path, query, signal) => call('GET', path, { query, signal });
export const post = (path, body = {}) => call('POST', path, { body });
export const put = (path, body = {}) => call('PUT', path, { body });
export const patch = (path, body = {}) => call('PATCH', path, { body });
export const del = (path, query) => call('DELETE', path, { query });

export async function signIn(token) {
	await call('POST', 'session', { body: { token } });
	me.set(await get('me'));
}

export async function signOut() {
	await del('session').catch((error) => {
		if (error.status !== 401)
			throw Object.assign(error, { message: `you are still signed in: ${error.message}` });
	});
	me.set(null);
}

const roles = ['viewer', 'operator', 'admin'];

// Whether who is signed in may do what needs this role. The server and the database judge anyhow.
export function may(role) {
	return roles.indexOf(me.get()?.role) >= roles.indexOf(role);
}
