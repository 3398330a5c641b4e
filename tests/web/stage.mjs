// What a walk needs: a server that can be stopped and started, browsers that are signed in, pictures, axe.
import { spawn, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { done, is, ok } from './tap.mjs';

const { TOW, TOW_PAGE, SHOTS, CHROMIUM = '/usr/bin/chromium' } = process.env;
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let server = null, port = 0;

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

function listen(page) {
	page.on('pageerror', (error) => complaints.push(String(error)));
	page.on('console', (message) => {
		if (message.type() === 'error' && !expected.trouble && !/status of (401|403|404)/.test(message.text()))
			complaints.push(message.text());
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

// A browser of its own, signed in by an address with a key, at a page.
export async function visit(role, hash = '', options = {}) {
	const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
	context.setDefaultTimeout(15000);
	const page = await context.newPage();
	listen(page);
	await page.goto(`${base()}#key=${sql(`select tow.add_key('${role}')`)}`);
	await page.locator('#main h1').first().waitFor();
	if (hash)
		await goTo(page, hash);
	return page;
}

export async function tab(page, hash) {
	const another = await page.context().newPage();
	listen(another);
	await another.goto(base() + hash);
	return another;
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
		if (!page.isClosed())
			throw e;
	}
});

// Answers come one after the other, so that each may move what is there.
async function answerSlowly(page) {
	let asked = 0;
	await page.route(/api\/v1\//, async (route) => {
		await new Promise((resolve) => { setTimeout(resolve, 60 * ++asked); });
		await route.continue().catch(() => null); // the page may have gone on
	});
}

// What is seen is not moved by what comes later: how far it was, as browsers count it, on a wide window and on a phone.
export async function layoutIsStill(places) {
	for (const width of [1280, 360]) {
		const page = await visit('operator', '', { viewport: { width, height: 800 } });
		await page.addInitScript(() => {
			window.shifts = [];
			const add = (list) => window.shifts.push(...list.getEntries().filter((e) => !e.hadRecentInput));
			new PerformanceObserver(add).observe({ type: 'layout-shift', buffered: true });
		});
		for (const hash of places) {
			await page.unrouteAll({ behavior: 'wait' });
			await answerSlowly(page);
			await page.goto(`${base()}?${encodeURIComponent(hash)}${hash}`);
			await page.locator('#main h1').waitFor();
			await page.waitForLoadState('networkidle');
			await page.locator('main [aria-busy=true]').first().waitFor({ state: 'detached' });
			const { score, moved } = await page.evaluate(() => ({
				score: window.shifts.reduce((sum, { value }) => sum + value, 0),
				moved: window.shifts.flatMap(({ value, sources }) => sources.map(({ node, previousRect: a, currentRect: b }) => `${value.toFixed(4)} ${node?.nodeName} ${node?.className} ${a.x},${a.y} ${b.x},${b.y}`)).join('\n'),
			}));
			ok(score < 0.1, `${width} px wide: nothing jumps while ${hash} loads`, `${score}\n${moved}`);
		}
		await page.context().close();
	}
}

// Whether the page is wider than its window.
export const isTooWide = (page) => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);

// Texts in lists that can be read only in part.
export const cutOff = (page) => page.evaluate(() => [...document.querySelectorAll('main td, main td *')]
	.filter((e) => e.clientWidth > 0 && !e.closest('.hidden') && getComputedStyle(e).overflowX !== 'visible' && (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1))
	.map((e) => e.textContent.slice(0, 60)).join(' | '));

// All parts, each to its end; one that breaks stops no other. ONLY=NAME,... of the environment: just those parts.
export async function walk(all) {
	const parts = process.env.ONLY ? all.filter((part) => process.env.ONLY.split(',').includes(part.name)) : all;
	await startServer();
	await openBrowser();
	try {
		for (const part of parts)
			await part().catch((error) => ok(false, `${part.name || 'a walk'} goes to its end`, error.stack));
		is(complaints.join('\n'), '', 'no page complained');
	} finally {
		await closeBrowser();
		await stopServer();
		done();
	}
}
