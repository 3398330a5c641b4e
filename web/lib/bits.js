// Small things that many pages show.
import { Long } from './long.js';
import { href } from './route.js';
import { html, useEffect } from './ui.js';

const looks = {
	completed: 'ok', ok: 'ok', open: 'ok', up: 'ok', done: 'ok', reachable: 'ok', enabled: 'ok',
	running: 'run', starting: 'run', downloading: 'run', approved: 'ok',
	ready: 'ready', scheduled: 'wait', retrying: 'warn', waiting: 'wait', snoozed: 'wait', retried: 'warn', waited: 'wait',
	failed: 'bad', fail: 'bad', lost: 'bad', unreachable: 'bad', error: 'bad', crashed: 'bad', rejected: 'bad',
	active: 'ok', imported: 'ok', placed: 'ok', sleeping: 'ok', due: 'ok', downloaded: 'ok', converted: 'ok', seeding: 'run', converting: 'run', importing: 'run', planned: 'run', found: 'ready', queued: 'ready',
	new: 'wait', late: 'warn', missed: 'warn', skipped: 'wait', 'by hand': 'run', failing: 'bad', bad: 'bad', down: 'bad', 'auth failed': 'bad', banned: 'bad', misconfigured: 'bad',
	unwatched: 'warn', suspect: 'warn', 'needs approval': 'warn',
	paused: 'warn', warn: 'warn', warning: 'warn', silent: 'warn', draining: 'warn', stopping: 'warn', 'given back': 'warn',
};

// A state: its word, and a mark whose colour and form say the same.
export function State({ name, look = looks[name] ?? 'mute' }) {
	return html`<span class="state ${look}">${name}</span>`;
}

// row: it is one of a list, which j and k walk through.
export function Card({ title, extra, children, className = '', id, row }) {
	return html`<section class="panel card ${className}" data-row=${row} tabindex=${row ? -1 : undefined} aria-labelledby=${title && (id ?? idOf(title))}>
		${title && html`<header><h2 id=${id ?? idOf(title)}>${title}</h2>${extra && html`<div class="extra">${extra}</div>`}</header>`}
		${children}</section>`;
}

const idOf = (title) => `h-${String(title).toLowerCase().replace(/[^a-z0-9]+/g, '-')}`;

// The head of a page: what it is, and what can be done.
// tab: what the browser's tab is called, where the title is more than a text.
export function Head({ title, note, tab = title, children }) {
	useEffect(() => { document.title = `${tab} – Towpath`; }, [tab]);
	return html`<header class="head"><div><h1 tabindex="-1">${title}</h1>${note && html`<p class="soft">${note}</p>`}</div>
		${children && html`<div class="actions">${children}</div>`}</header>`;
}

export function Button({ onClick, children, look = '', ...more }) {
	return html`<button type="button" class=${look} onClick=${onClick} ...${more}>${children}</button>`;
}

export function Meter({ value, label, look = '' }) {
	const pct = Math.max(0, Math.min(100, value ?? 0));
	return html`<span class="meter ${look}" role="progressbar" aria-label=${label} aria-valuenow=${Math.round(pct)} aria-valuemin="0" aria-valuemax="100">
		<span style=${{ width: `${pct}%` }}></span></span>`;
}

// For what is no table: that there are others, where there are.
export function More({ more }) {
	return more && html`<${Button} onClick=${more}>Show more<//>`;
}

// Nothing here yet: what it would be, and what to type for it; also: what can be pressed instead.
export function Empty({ title, children, command, also, className = '' }) {
	return html`<div class="panel empty ${className}"><h2>${title}</h2>${children && html`<p>${children}</p>`}
		${command && html`<pre><code>${command}</code></pre>`}${also}</div>`;
}

// What can be done about it: what is to be typed, or in words.
const typed = /^(tow|select|alter|create|drop|update|sudo|psql|systemctl)\b/;
export function Hint({ text }) {
	return text && html`<p class="hint ${typed.test(text) ? 'mono' : ''}">${text}</p>`;
}

// What the server would not do. That nobody answers says the frame, for all that is on the page, unless it stands alone.
export function ProblemBox({ error, again, alone }) {
	return (alone || !error.isAway) && html`<div class="problem" role="alert"><${Long} text=${error.message} /><${Hint} text=${error.hint} />
		${again && html`<button type="button" onClick=${again}>Try again</button>`}</div>`;
}

// A page about one thing that is not to be had. of: what it is; at: the page that lists them; pageTitle: as that is called.
export function Gone({ of, name, at, pageTitle, error, again, children }) {
	const back = html`<a href=${href(at)}>${pageTitle}</a>`;
	return html`<${Head} title=${name} tab=${`${of} ${name}`} note=${back} />${error.status === 404
		? html`<${Empty} title=${`There is no ${of} ${name}`}>${children} ${back} has those that there are.<//>` : html`<${ProblemBox} error=${error} again=${again} />`}`;
}

const counted = new Intl.NumberFormat();
const shortly = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });

export const number = (n) => (n === null || n === undefined ? '–' : counted.format(n));
// What a queue or a lane has is counted so far and no further; its more names those of which there are others.
export const orMore = (of, name) => `${number(of[name])}${of.more.includes(name) ? '+' : ''}`;
export const compact = (n) => (n === null || n === undefined ? '–' : Math.abs(n) < 10000 ? counted.format(n) : shortly.format(n));
// Of four places at most, where more would move what stands beside it.
const rounded = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 0 });
export const inShort = (n) => (n < 1000 ? counted : n < 9950 ? shortly : rounded).format(n);
export const count = (n, one, many = `${one}s`) => `${number(n)} ${n === 1 ? one : many}`;

// A facts list: [[name, value]...]; what is null is left out.
export function Facts({ of }) {
	return html`<dl class="facts">${of.filter(([, value]) => value !== null && value !== undefined && value !== '')
		.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}
