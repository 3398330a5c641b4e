// Instants as how long ago or ahead, with the exact one on hover; intervals of PostgreSQL as short words.
import { ahead } from './api.js';
import { html, store, useEffect, useState } from './ui.js';

export const now = () => Date.now() + ahead.get();

// One clock for all that is shown.
const tick = store(0);
setInterval(() => { if (!document.hidden) tick.set(Date.now()); }, 1000);

const units = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]];

// 93784 seconds: 1 d 2 h. Two units unless told; fractions only under ten seconds.
export function duration(seconds, parts = 2) {
	if (seconds === null || seconds === undefined || Number.isNaN(seconds))
		return '–';
	const s = Math.abs(seconds);
	if (s === 0)
		return '0 s';
	if (s < 0.001)
		return '< 1 ms';
	if (s < 0.0995)
		return `${Math.round(s * 1000)} ms`;
	if (s < 9.95)
		return `${s.toFixed(1)} s`;
	const whole = Math.round(s);
	const first = units.findIndex(([, size]) => whole >= size);
	const [name, size] = units[first];
	const rest = parts > 1 && units[first + 1];
	const more = rest && Math.floor((whole % size) / rest[1]);
	return `${Math.floor(whole / size)} ${name}${more ? ` ${more} ${rest[0]}` : ''}`;
}

// Steps of an axis of seconds, and what is written at them: the largest unit in which all are whole, the same for each.
export const steps = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

export function ticks(values) {
	const smallest = ['ms', 0.001];
	const fits = (size) => values.some((v) => v >= size) && values.every((v) => Math.abs(v / size - Math.round(v / size)) < 1e-6);
	const [name, size] = [...units, smallest].find(([, s]) => fits(s)) ?? smallest;
	return values.map((v) => `${Number((v / size).toFixed(1))} ${name}`);
}

// '1 day 02:03:04.5' in seconds; months are taken as 30 days.
export function seconds(interval) {
	if (typeof interval !== 'string')
		return interval ?? null;
	const sizes = { year: 365.25 * 86400, mon: 30 * 86400, day: 86400 };
	let total = 0;
	for (const [, n, unit] of interval.matchAll(/([+-]?\d+) (year|mon|day)/g))
		total += n * sizes[unit];
	const clock = /([+-]?)(\d+):(\d+):(\d+(?:\.\d+)?)/.exec(interval);
	if (clock)
		total += (clock[1] === '-' ? -1 : 1) * (clock[2] * 3600 + clock[3] * 60 + Number(clock[4]));
	return total;
}

// The same as people write it, and nothing lost: '00:01:30' is '1 min 30 s'. Months stay, which have no length.
export function spelled(interval) {
	if (typeof interval !== 'string' || /year|mon/.test(interval) || seconds(interval) < 0)
		return interval;
	let rest = Math.round(seconds(interval) * 1e6) / 1e6;
	const parts = units.map(([name, size]) => {
		const n = size === 1 ? Math.round(rest * 1e6) / 1e6 : Math.floor(rest / size);
		rest -= n * size;
		return n ? `${n} ${name}` : '';
	});
	return parts.filter(Boolean).join(' ') || '0 s';
}

// What people write for an instant: 90s, 2h, 3d is so long ago; or a day, with or without the time. undefined: it is none.
export function instant(text) {
	const [, n, unit] = /^(\d+)(s|m|min|h|d)$/.exec(text ?? '') ?? [];
	const at = n ? now() - n * 1000 * units.find(([name]) => name.startsWith(unit))[1] : /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?$/.test(text ?? '') ? Date.parse(text.includes('T') ? text : `${text}T00:00`) : NaN;
	return Math.abs(at) < 8e15 ? new Date(at).toISOString() : undefined;
}

// As exactly as the server knows an instant; a Date knows milliseconds alone.
export const micros = (at) => Date.parse(at) * 1000 + Number((/\.\d{3}(\d{1,3})/.exec(at)?.[1] ?? '').padEnd(3, '0'));

export const since = (at) => (now() - Date.parse(at)) / 1000;

// One unit is enough here: the exact instant is on hover.
function relative(at) {
	const s = since(at), whole = Math.round(Math.abs(s));
	if (whole < 1)
		return 'now';
	const [name, size] = units.find(([, u]) => whole >= (u === 1 ? 1 : u * 1.5)) ?? units.at(-1);
	const text = `${Math.round(whole / size)} ${name}`;
	return s < 0 ? `in ${text}` : `${text} ago`;
}

const exactly = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' });

export const exact = (at) => exactly.format(new Date(at));

export const clock = (at) => new Date(at).toLocaleTimeString(undefined, { hour12: false });

// Within a text: today's by the clock alone.
export function moment(at) {
	const then = new Date(at), today = new Date(now());
	const year = then.getFullYear() === today.getFullYear() ? undefined : 'numeric';
	return then.toDateString() === today.toDateString() ? clock(at) : `${then.toLocaleDateString(undefined, { day: 'numeric', month: 'short', year })} ${clock(at)}`;
}

export function Moment({ at }) {
	return html`<time datetime=${at} title=${exact(at)}>${moment(at)}</time>`;
}

// Instants as PostgreSQL writes them, with their zone: '2026-11-22 14:49:58.1+00'.
const written = /(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d(?::\d\d)?)/;
const instantOf = (text) => text.replace(' ', 'T').replace(/[+-]\d\d$/, '$&:00');

// What the server says, with its instants by the clock of whoever reads.
export const said = (text) => text?.split(written).map((part, i) => (i % 2 ? moment(instantOf(part)) : part)).join('');

export function Said({ text }) {
	return text?.split(written).map((part, i) => (i % 2 ? html`<${Moment} key=${i} at=${instantOf(part)} />` : part));
}

// A text that is made anew each second, and drawn anew only when it is another one.
function useTicking(make, deps) {
	const [, setText] = useState('');
	useEffect(() => tick.watch(() => setText(make())), deps);
	return make();
}

// coming: it is of what is still to come, which is now once its instant is there.
export function Time({ at, none = '–', coming }) {
	const text = useTicking(() => (!at ? none : coming && since(at) > 0 ? 'now' : relative(at)), [at]);
	return at ? html`<time datetime=${at} title=${exact(at)}>${text}</time>` : html`<span class="soft">${none}</span>`;
}

// How long something has lasted that still goes on.
export function Lasting({ from }) {
	const text = useTicking(() => (from ? duration(Math.max(0, Math.round(since(from)))) : '–').replace('.0', ''), [from]);
	return html`<span class="num" title=${from && `since ${exact(from)}`}>${text}</span>`;
}
