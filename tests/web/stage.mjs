// What a walk needs: a server that can be stopped and started, browsers that are signed in, pictures, axe.
import { spawn, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { done, is, note, ok } from './tap.mjs';

const { TOW, TOW_PAGE, SHOTS, CHROMIUM = '/usr/bin/chromium' } = process.env;
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let server = null, port = 0;

export const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

// Until that is so; no longer than a wait for something in the page.
export async function until(isSo) {
	for (const end = Date.now() + 60000; !isSo() && Date.now() < end;)
		await pause(50);
}

export const base = () => `http://127.0.0.1:${port}/`;

// On the port that it had, when it is started again.
export async function startServer() {
	server = spawn(TOW, ['serve', '--listen', `127.0.0.1:${port}`, '--page', TOW_PAGE], { stdio: ['ignore', 'ignore', 'pipe'] });
	for await (const line of createInterface({ input: server.stderr })) {
		const started = /serve\.started port=(\d+)/.exec(line);
		if (started) {
			port = Number(started[1]);
			break;
		}
	}
	server.stderr.resume();
}

export async function stopServer() {
	if (!server)
		return;
	const ended = once(server, 'exit');
	server.kill('SIGTERM');
	await ended;
	server = null;
}

// It and all that it started, or those of these whose name has a word.
function signal(name, word) {
	const started = readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8').split(' ').filter(Boolean);
	for (const pid of [String(server.pid), ...started].filter((one) => readFileSync(`/proc/${one}/comm`, 'utf8').includes(word)))
		process.kill(Number(pid), name);
}

export const holdServer = (word = '') => signal('SIGSTOP', word);
export const freeServer = () => signal('SIGCONT', '');

export const tow = (...args) => execFileSync(TOW, args, { encoding: 'utf8' }).trim();
export const sql = (text) => execFileSync('psql', ['-XqAtc', text, process.env.DATABASE], { encoding: 'utf8' }).trim();

let browser = null;
// What a page complained of that nobody expected.
const complaints = [];
// While the server is away, a browser complains of that.
export const expected = { trouble: false };

// What each page was told of over its WebSocket, and when it last asked for anything.
const told = new WeakMap(), asked = new WeakMap();

function listen(page) {
	told.set(page, new Set());
	page.on('request', () => asked.set(page, Date.now()));
	page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => told.get(page).add(JSON.parse(payload).topic)));
	page.on('pageerror', (error) => complaints.push(String(error)));
	page.on('console', (message) => {
		if (message.type() === 'error' && !expected.trouble && !/status of (401|403|404)/.test(message.text()))
			complaints.push(`${message.text()} ${message.location().url}`);
	});
}

async function openBrowser() {
	mkdirSync(SHOTS, { recursive: true });
	browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--disable-quic',
		'--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
}

async function closeBrowser() {
	await browser?.close();
}

async function open(address, options) {
	const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
	context.setDefaultTimeout(60000); // a machine may be slow, or stand still for a while
	const page = await context.newPage();
	listen(page);
	await page.goto(address);
	await page.locator('#main h1').first().waitFor();
	return page;
}

// A browser of its own, signed in by an address with a key.
export const signIn = (role, options) => open(`${base()}#key=${sql(`select tow.add_key('${role}')`)}`, options);

// What a browser keeps that has signed in, for each role.
const signedIn = new Map();

async function signInOnce(role) {
	const page = await signIn(role);
	const kept = await page.context().storageState();
	await page.context().close();
	return kept;
}

// A browser of its own at a page, signed in as one was before: who signs out signs in himself.
export async function visit(role, hash = '', options = {}) {
	if (!signedIn.has(role))
		signedIn.set(role, signInOnce(role).catch((e) => { signedIn.delete(role); throw e; }));
	return open(base() + hash, { storageState: await signedIn.get(role), ...options });
}

export async function tab(page, hash) {
	const another = await page.context().newPage();
	listen(another);
	await another.goto(base() + hash);
	return another;
}

// Until it has heard of a topic, and has asked for what it was told of: nothing for longer than it gathers what it hears.
const GATHERS_MS = 2000;
export async function isTold(page, topic) {
	while (!page.isClosed() && (!told.get(page).has(topic) || Date.now() - asked.get(page) < GATHERS_MS))
		await pause(100);
}

export async function goTo(page, hash) {
	await page.evaluate((to) => { location.hash = to; }, hash);
}

export const shot = (page, name) => page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true });

export async function checkAccess(page, name) {
	await page.evaluate(axeSource);
	const { violations } = await page.evaluate((tags) => window.axe.run({ runOnly: tags }), ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']);
	const grave = violations.filter((v) => ['moderate', 'serious', 'critical'].includes(v.impact));
	ok(grave.length === 0, `${name}: axe finds nothing grave`,
		grave.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).slice(0, 3).join(' | ')}`).join('\n'));
}

// The server's answer, changed: what would take long to come about. A page that is closed asks nothing any more.
export const answers = (page) => (path, change) => page.route(path, async (route) => {
	try {
		const response = await route.fetch();
		const json = await response.json();
		change(json);
		await route.fulfill({ response, json });
	} catch (e) {
		if (!page.isClosed() && !/has been (closed|disposed)/.test(e.message)) // the one may be said before the other
			throw e;
	}
});

// Answers come one after the other, so that each may move what is there; from the first one again when it is called.
async function answerSlowly(page) {
	let n = 0;
	await page.route(/api\/v1\//, async (route) => {
		await pause(40 * ++n);
		await route.continue().catch(() => null); // the page may have gone on
	});
	return () => { n = 0; };
}

// What moves on a page without anybody's doing, as browsers count it.
const watchShifts = (page) => page.addInitScript(() => {
	window.shifts = [];
	const add = (list) => window.shifts.push(...list.getEntries().filter((e) => !e.hadRecentInput));
	new PerformanceObserver(add).observe({ type: 'layout-shift', buffered: true });
});

// {score, moved: what did, from where to where}
const shiftsOf = (page) => page.evaluate(() => ({
	score: window.shifts.reduce((sum, { value }) => sum + value, 0),
	moved: window.shifts.flatMap(({ value, sources }) => sources.map(({ node, previousRect: a, currentRect: b }) => `${value.toFixed(4)} ${node?.nodeName} ${node?.className} ${a.x},${a.y} ${b.x},${b.y}`)).join('\n'),
}));

const isLoaded = async (page) => {
	await page.locator('#main h1').waitFor();
	await page.waitForLoadState('networkidle', { timeout: 5000 }).catch(() => null); // one that asks each second may never rest
	await page.locator('main [aria-busy=true]').first().waitFor({ state: 'detached' });
};

// What is seen is not moved by what comes later.
async function windowIsStill(width, places) {
	const page = await visit('operator', '', { viewport: { width, height: 800 } });
	await watchShifts(page);
	const again = await answerSlowly(page);
	for (const hash of places) {
		again();
		await page.goto(`${base()}?${encodeURIComponent(hash)}${hash}`);
		await isLoaded(page);
		const { score, moved } = await shiftsOf(page);
		ok(score < 0.1, `${width} px wide: nothing jumps while ${hash} loads`, `${score}\n${moved}`);
	}
	await page.context().close();
}

// On a wide window and on a phone, at once: they mostly wait.
export const layoutIsStill = (places) => Promise.all([1280, 360].map((width) => windowIsStill(width, places)));

// What moves on a page while it is asked for again and again.
async function shiftsWhile(page, path, happens) {
	await page.evaluate(() => { window.shifts.length = 0; });
	for (let n = 0; n < 5; n++) {
		const answered = page.waitForResponse((response) => new URL(response.url()).pathname.endsWith(path));
		happens();
		await answered;
	}
	return shiftsOf(page);
}

// What stands there stays where it is while it is asked for again and again: happens() does something of which the page is told.
// What came late, on a machine that stood still for a while, is not there to come once more; what jumps does so each time.
export async function refreshingIsStill(hash, width, path, happens) {
	const page = await visit('operator', '', { viewport: { width, height: 800 } });
	await watchShifts(page);
	await page.goto(`${base()}?still${hash}`);
	await isLoaded(page);
	let seen = await shiftsWhile(page, path, happens);
	for (let n = 0; n < 2 && seen.score >= 0.02; n++)
		seen = await shiftsWhile(page, path, happens);
	ok(seen.score < 0.02, `${width} px wide: nothing jumps on ${hash} while jobs run`, `${seen.score}\n${seen.moved}`);
	await page.context().close();
}

// Whether the page is wider than its window.
export const isTooWide = (page) => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);

// What of lists cannot be seen: columns that are squeezed to nothing, and what lies beyond an edge.
const squeezed = (page) => page.evaluate(() => [
	...[...document.querySelectorAll('main th:not(.tick)')].filter((th) => th.offsetWidth > 0 && th.clientWidth < 60).map((th) => th.textContent),
	...[...document.querySelectorAll('.table, .tabs')].filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => `beyond ${e.querySelector('table')?.ariaLabel ?? e.ariaLabel}`),
].join(', '));

// How a page fits windows between a phone's and a laptop's.
export async function fitsBetween(page, name) {
	for (const width of [1024, 920, 800, 765]) {
		await page.setViewportSize({ width, height: 740 });
		await page.evaluate(() => new Promise((drawn) => { requestAnimationFrame(() => requestAnimationFrame(drawn)); }));
		is(await squeezed(page), '', `${width} px wide: each column of ${name} is seen`);
		ok(!await isTooWide(page), 'and nothing lies beyond the edge');
	}
}

// Texts in lists that can be read only in part.
export const cutOff = (page) => page.evaluate(() => [...document.querySelectorAll('main td, main td *')]
	.filter((e) => e.clientWidth > 0 && !e.closest('.hidden') && getComputedStyle(e).overflowX !== 'visible' && (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1))
	.map((e) => e.textContent.slice(0, 60)).join(' | '));

// What a part that broke has left behind: nothing that the next one would stumble over.
async function cleanUp(more) {
	expected.trouble = false;
	await Promise.all(browser.contexts().map((context) => context.close().catch(() => null)));
	tow('db', 'start');
	if (server)
		freeServer();
	else
		await startServer();
	more();
}

// How long a part may take, however busy the machine is.
const PART_MS = 300000;
const late = () => new Promise((_, reject) => { setTimeout(() => reject(new Error('it has not ended')), PART_MS).unref(); });

async function goThrough(part, more) {
	const begun = Date.now();
	try {
		await Promise.race([part(), late()]);
	} catch (error) {
		ok(false, `${part.name} goes to its end`, error.stack);
		await cleanUp(more);
	}
	note(`${part.name} took ${((Date.now() - begun) / 1000).toFixed(1)} s`);
}

// All parts, each to its end; one that breaks stops no other: more() puts right what else it may have left. ONLY=NAME,... of the
// environment: just those parts.
export async function walk(all, more) {
	const parts = process.env.ONLY ? all.filter((part) => process.env.ONLY.split(',').includes(part.name)) : all;
	// What fails that nobody waits for would end them all.
	process.on('unhandledRejection', (error) => ok(false, 'nothing breaks beside the parts', error.stack));
	await startServer();
	await openBrowser();
	try {
		for (const part of parts)
			await goThrough(part, more);
		is(complaints.join('\n'), '', 'no page complained');
	} finally {
		await closeBrowser();
		await stopServer();
		done();
	}
}
