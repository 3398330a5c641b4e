// Downloads: what is under way, how fast, and what is wrong with it. One of them: pages/download.js.
import { get, may, post } from '../lib/api.js';
import { Button, Empty, Head, Meter, number, ProblemBox, State } from '../lib/bits.js';
import { Chosen, useChosen } from '../lib/bulk.js';
import { ask, confirm, valuesOf } from '../lib/dialog.js';
import { base64, filled, folded } from '../lib/form.js';
import { hiddenSaid } from '../lib/hidden.js';
import { isAnswered, useData, useMessages, useSoon } from '../lib/live.js';
import { gist } from '../lib/long.js';
import { usePages } from '../lib/pages.js';
import { filter, href } from '../lib/route.js';
import { bytes, speed } from '../lib/size.js';
import { Table } from '../lib/table.js';
import { duration, said, seconds, Time } from '../lib/time.js';
import { act, toast, toastProblem } from '../lib/toast.js';
import { html, useEffect, useRef, useState } from '../lib/ui.js';
import { Download } from './download.js';
import { addLibrary, chooseLibrary } from './libraries.js';

const groups = {
	'': { title: 'All', states: null },
	active: { title: 'Under way', states: ['queued', 'searching', 'matching', 'approved', 'downloading', 'downloaded', 'converting', 'converted', 'importing'] },
	attention: { title: 'Needs somebody', states: ['needs_approval', 'failed'] },
	paused: { title: 'Paused', states: ['paused'] },
	completed: { title: 'Completed', states: ['completed'] },
	given_up: { title: 'Given up', states: ['cancelled', 'rejected'] },
};

const sorts = [['-id', 'Newest first'], ['title', 'Title'], ['-percent', 'Furthest first'], ['-size', 'Largest first'], ['priority', 'Priority'], ['-completed_at', 'Completed last']];

const removes = [['no', 'keeps it as it is'], ['transfer', 'forgets it, and keeps the files'], ['data', 'forgets it, and deletes its files (aria2 and rTorrent leave them)']];
const askRemove = { name: 'remove', label: 'What its client does with it', value: 'no', options: removes };
const ended = ['completed', 'failed', 'cancelled', 'rejected'];
const deleteText = 'What is deleted is in no list any more; files in a library stay.';
const askAsUsual = { ...askRemove, value: '', options: [['', 'keeps it; what Towpath fetched itself is deleted'], ...removes.slice(1)] };
const askFetched = { name: 'remove', label: 'What was fetched so far', value: 'no', options: [['no', 'stays, for another try'], ['data', 'is deleted']] };

const verbs = [
	{ verb: 'pause', title: 'Pause', done: 'paused', fits: ['queued', 'approved', 'downloading'] },
	{ verb: 'resume', title: 'Resume', done: 'resumed', fits: ['paused'] },
	{ verb: 'retry', title: 'Retry', done: 'tried again', fits: ['failed', 'cancelled', 'rejected'] },
	{ verb: 'cancel', title: 'Cancel', done: 'cancelled', danger: true, action: 'Cancel them', keep: 'Keep them', text: 'They can be tried again later.', fields: [askRemove],
		fits: [...groups.active.states, 'needs_approval', 'paused'] },
	{ verb: 'forget', title: 'Delete', done: 'deleted', danger: true, action: 'Delete', text: deleteText, fields: [askAsUsual], fits: ended },
];

const sort = {
	one: 'download', path: 'downloads/bulk', key: 'download', most: 'max_rows', verbs, whole: ['cancel', 'forget'],
	turnsOf({ fits }, { states }) {
		const state = fits.filter((s) => !states || states.includes(s));
		return state.length > 0 ? [{ state }] : [];
	},
	bodyOf: ({ client, library, title }) => ({ client, library, title }),
	pickedOf: (verb, rows) => [{ ids: rows.map((d) => d.id), max_rows: Math.max(rows.length, 1) }],
};

const SETTLE_MS = 300, DRAWN_MS = 250;

// Rows that were asked for, with what the server tells of them between two answers: how far each is comes several times a second.
// topic: of all of them, or of one.
export function useMoving(rows, reload, topic = 'downloads') {
	const [moved, setMoved] = useState({});
	const soon = useSoon(reload, SETTLE_MS);
	const tries = useRef({}), come = useRef({});
	// All that came meanwhile is drawn at once.
	const draw = useSoon(() => {
		const news = come.current;
		come.current = {};
		setMoved((before) => ({ ...before, ...news }));
	}, DRAWN_MS);
	// What has been asked for anew is as the answer says.
	const answered = useRef(new Set());
	useEffect(() => {
		const anew = new Set(rows?.filter((d) => !answered.current.has(d)).map((d) => String(d.id)));
		const others = (moves) => Object.fromEntries(Object.entries(moves).filter(([id]) => !anew.has(id)));
		answered.current = new Set(rows);
		come.current = others(come.current);
		setMoved(others);
	}, [rows]);
	useMessages(topic, (message) => {
		if (message.type === 'progress') {
			come.current[message.download_id] = message;
			draw();
			if ((tries.current[message.download_id] ?? null) === message.next_try_at)
				return;
			tries.current[message.download_id] = message.next_try_at; // what is wrong has other words now
		}
		soon();
	});
	return (d) => withMoves(d, moved[d.id]);
}

function withMoves(d, m) {
	const base = { ...d, eta_s: seconds(d.eta) };
	return m ? { ...base, percent: m.progress_pct, down: m.down_bps, up: m.up_bps, eta_s: m.eta_s, ratio: m.ratio ?? d.ratio, size: m.size, transfer: m.transfer,
		downloaded: m.size === null ? d.downloaded : m.size - m.left_bytes } : base;
}

// What is here, and goes no further until somebody says where to.
const isLost = (d) => d.state === 'downloaded' && !d.library;

// What its client would have to go on with, and cannot.
const underClient = ['queued', 'approved', 'downloading'], wellClient = ['ok', 'new', 'suspect'];
const isHeld = (d) => underClient.includes(d.state) && d.error?.startsWith(`client ${d.client} is `) && !d.error.endsWith(' suspect');

// What to do about it, as a page says it: what a button does is called as the button is; whoever has no buttons is told nothing
// of them.
const commands = /\btow haul (retry|recheck|cancel)\b( (\d+|ID)\b)?/g;
export function hintOf(d) {
	const parts = (d.hint ?? '').split('; ').filter((part) => may('operator') || part.search(commands) === -1);
	return parts.join('; ').replace(commands, (_, verb) => verb[0].toUpperCase() + verb.slice(1));
}

// By somebody in its client, not here.
const isPausedThere = (d) => d.state === 'downloading' && d.transfer === 'paused';

// What jobs of ours do, and do again.
const tried = ['approved', 'downloading', 'downloaded', 'importing'];
const isStuck = (d) => isLost(d) || isHeld(d) || d.failing;

export const troubleOf = (d) => (isLost(d) ? 'It is here, and no library takes it yet: choose one.' : said(d.trouble));

// In a list there is room for why, not for since when as well.
const sinceWhen = / since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?[+-]\d\d(:\d\d)?(?=:)/;
const reasonOf = (d) => gist(troubleOf({ ...d, trouble: d.trouble.replace(sinceWhen, '') }));

// One name for a state wherever the page tells it.
export const stateWords = (state) => state.replaceAll('_', ' ');
const lookOf = (d) => (isHeld(d) ? 'bad' : d.trouble && !isOver(d) ? 'warn' : undefined);
export const DownloadState = ({ d }) => (isLost(d) ? html`<${State} name="no library" look="bad" />` : html`<${State} name=${stateWords(d.doing)} look=${lookOf(d)} />`);

// A question is no failure, and does not look like one.
export const asksOf = (d) => (holds.approve(d) ? 'asks' : '');

export const isOver = (d) => ended.includes(d.state);
const holds = {
	pause: (d) => ['queued', 'approved', 'downloading'].includes(d.state) && !isPausedThere(d),
	resume: (d) => d.state === 'paused' || isPausedThere(d),
	choose: isLost,
	approve: (d) => d.state === 'needs_approval',
	reject: (d) => d.state === 'needs_approval',
	retry: (d) => ['failed', 'cancelled', 'rejected'].includes(d.state) || (d.trouble && !isLost(d) && !isPausedThere(d) && ['approved', 'downloaded', 'importing', 'downloading'].includes(d.state)),
	relink: (d) => isOurs(d) && d.state === 'failed',
	cancel: (d) => !isOver(d),
	delete: isOver,
};

export async function cancel(d, done) {
	const answer = await ask({
		title: `Cancel ${d.title}?`, action: 'Cancel the download', keep: 'Keep it', danger: true, text: 'It can be tried again later.',
		fields: [isOurs(d) ? askFetched : askRemove],
		run: ({ remove }) => post(`downloads/${d.id}/cancel`, { remove }),
	});
	if (answer) {
		toast(`${d.title} is cancelled`);
		done();
	}
}

// What our own workers fetched, and which no client looks after.
const isOurs = (d) => d.driver === 'web';

async function relink(d, done) {
	const answer = await ask({ title: `Another link for ${d.title}`, action: 'Fetch from there', text: 'What came by the first one is deleted.',
		fields: [{ name: 'link', label: 'Link', required: true, placeholder: 'https://…', hint: 'to the file itself' }],
		run: ({ link }) => post(`downloads/${d.id}/relink`, { link }) });
	if (answer) {
		toast(`${d.title} is fetched from there`);
		done();
	}
}

// What goes with it, of what our own workers fetched.
function fetchedText(d) {
	if (!d.folder)
		return 'Nothing of it was fetched.';
	return d.removes === 'data' ? `What was fetched of it (in ${d.folder}) is deleted, too; files in a library stay.`
		: `What was fetched of it stays in ${d.folder}: not all of it is in a library, or a library links to it.`;
}

async function drop(d, done) {
	const answer = await ask({ title: `Delete ${d.title}?`, action: 'Delete', danger: true, text: isOurs(d) ? `It is in no list any more. ${fetchedText(d)}` : deleteText, fields: isOurs(d) ? [] : [askRemove],
		run: (values) => post(`downloads/${d.id}/forget`, values) });
	if (answer) {
		toast(`${d.title} is deleted`);
		done(true);
	}
}

export async function undo(d, done) {
	const sure = await confirm({ title: `Take back ${d.title}?`, action: 'Take back', text: 'The files that its import placed are removed from the library, where nobody has changed them since and no other download has them, too. What the client holds stays.',
		run: () => post(`downloads/${d.id}/undo`) });
	if (sure) {
		toast('the files are being taken back');
		done();
	}
}

// Where it would go, for whoever is asked.
const whereTo = (d) => [d.client ? `The client ${d.client} downloads it` : 'It is downloaded', d.library && `it goes into the library ${d.library}`].filter(Boolean).join(', and ');

const questions = {
	approve: { verb: 'approve', title: 'Approve', said: 'is approved', text: (d) => `${whereTo(d)}.`, fields: [{ name: 'note', label: 'Note', hint: 'kept among what happened to it' }] },
	reject: { verb: 'reject', title: 'Reject', said: 'is rejected', danger: true, text: () => 'It is not downloaded. Retry thinks better of it.', fields: [{ name: 'reason', label: 'Why', hint: 'kept, and shown with it' }] },
};

// The word that a download waits for.
async function answer(d, { verb, title, said: done, text, danger, fields }, reload) {
	const given = await ask({ title: `${title} ${d.title}?`, action: title, text: text(d), danger, fields, run: (values) => post(`downloads/${d.id}/${verb}`, filled(fields, values)) });
	if (given) {
		toast(`${d.title} ${done}`);
		reload();
	}
}

async function choose(d, done) {
	try {
		if (await chooseLibrary(`Where shall ${d.title} go?`, (library) => post(`downloads/${d.id}/retry`, { library })))
			toast(`${d.title} goes into its library`);
	} catch (error) {
		toastProblem(error);
	}
	done();
}

async function verb(d, name, said, done) {
	await act(() => post(`downloads/${d.id}/${name}`), `${d.title} ${said}`);
	done();
}

const icons = { approve: 'M3 8.5l3.5 3.5L13 4.5', reject: 'M8 2a6 6 0 1 0 0 12A6 6 0 1 0 8 2M3.8 3.8l8.4 8.4', choose: 'M2 4h4l1.5 2H14v7H2zM8 8v3.5M6.2 9.8h3.6', pause: 'M5 3v10M11 3v10', resume: 'M4 3l9 5-9 5z', retry: 'M13 8a5 5 0 1 1-1.5-3.6M13 2v3.2H9.8', cancel: 'M4 4l8 8M12 4l-8 8',
	delete: 'M3 4.5h10M6.5 4.5V2.5h3v2M4.5 4.5l.6 9h5.8l.6-9' };

function Icon({ name }) {
	return html`<svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d=${icons[name]} /></svg>`;
}

// What can be done with a download as it is now. Where it is small, each is a sign with a name.
export function Verbs({ d, done, small }) {
	if (!may('operator'))
		return null;
	const one = (name, word, doing) => holds[name](d) && html`<${Button} key=${name} look=${small ? 'plain' : name === 'approve' ? 'main' : ['cancel', 'delete', 'reject'].includes(name) ? 'danger' : ''} title=${small && word}
		aria-label=${`${word} ${d.title}`} onClick=${doing}>${small ? html`<${Icon} name=${name} />` : word}<//>`;
	return html`<div class="actions">
		${one('pause', 'Pause', () => verb(d, 'pause', 'is paused', done))}
		${one('resume', 'Resume', () => verb(d, 'resume', 'goes on', done))}
		${one('approve', 'Approve', () => answer(d, questions.approve, done))}
		${one('reject', 'Reject', () => answer(d, questions.reject, done))}
		${one('choose', 'Choose a library', () => choose(d, done))}
		${one('retry', 'Retry', () => verb(d, 'retry', 'is tried again', done))}
		${!small && one('relink', 'Another link', () => relink(d, done))}
		${one('cancel', 'Cancel', () => cancel(d, done))}
		${one('delete', 'Delete', () => drop(d, done))}</div>`;
}

export function Progress({ d }) {
	const look = d.state === 'failed' || isLost(d) ? 'bad' : d.state === 'completed' ? 'ok' : d.state === 'paused' || d.trouble ? 'warn' : '';
	return html`<${Meter} value=${d.percent} look=${look} label=${`how far ${d.title} is`} />`;
}

export const percent = (d) => `${d.percent >= 99.95 || d.percent === 0 ? Math.round(d.percent) : d.percent.toFixed(1)} %`;

export const amount = (d) => (d.size === null ? '–' : d.downloaded !== null && d.downloaded < d.size ? `${bytes(d.downloaded)} of ${bytes(d.size)}` : bytes(d.size));

function Speed({ of, sign, word }) {
	return of ? html`<span><span aria-hidden="true">${sign} </span><span class="hidden">${word} </span>${speed(of)}</span>` : html`<span class="soft">–</span>`;
}

// When it ended, when it will be tried again, or how long it takes still.
function Until({ d }) {
	if (isOver(d))
		return html`<${Time} at=${d.completed_at ?? d.state_at} />`;
	if (d.tries)
		return html`try ${Math.min(d.tries + 1, d.max_tries)} of ${d.max_tries} <span class="soft"><${Time} coming at=${d.next_try_at} none="now" /></span>`;
	return d.eta_s === null ? html`<span class="soft">–</span>` : duration(Math.round(d.eta_s));
}

const isAwaited = (d) => d.eta_s !== null || d.tries || isOver(d);

const columns = (now, reload) => [
	{ name: 'title', title: 'Title', least: 24, cell: (r) => {
		const d = now(r);
		return html`<div class="two"><a data-open href=${href(`downloads/${d.id}`)} title=${d.title}>${d.title}</a>
			<span class="wide ${d.trouble ? `bad-text ${asksOf(d)}` : 'soft'}" title=${hiddenSaid(troubleOf(d))}>${(d.trouble && reasonOf(d)) ?? [d.client, d.library].filter(Boolean).join(' → ')}</span>
			${d.trouble && html`<span class="narrow bad-text ${asksOf(d)} clamped">${reasonOf(d)}</span>`}</div>`;
	} },
	{ name: 'status', title: 'Status', width: 15, wide: true, cell: (r) => html`<${DownloadState} d=${r} />`, fold: (r) => html`<${DownloadState} d=${r} />` },
	{ name: 'progress', title: 'Progress', width: 22, cell: (r) => {
		const d = now(r);
		return html`<div class="far"><${Progress} d=${d} /><span class="num">${percent(d)}</span><span class="soft">${amount(d)}</span></div>`;
	} },
	{ name: 'speed', title: 'Speed', width: 12, num: true, wide: true, cell: (r) => {
		const d = now(r);
		return html`<div class="speeds">${(d.down > 0 || !(d.up > 0)) && html`<${Speed} of=${d.down} sign="↓" word="down" />`}${d.up > 0 && html`<${Speed} of=${d.up} sign="↑" word="up" />`}</div>`;
	}, fold: (r) => now(r).down > 0 && html`<${Speed} of=${now(r).down} sign="↓" word="down" />` },
	{ name: 'eta', title: 'Left, or ended', width: 14, num: true, wide: true, cell: (r) => html`<div class="until"><${Until} d=${now(r)} /></div>`,
		fold: (r) => isAwaited(now(r)) && html`<span class="soft"><${Until} d=${now(r)} /></span>` },
	{ name: 'ratio', title: 'Ratio', width: 7, num: true, wide: true, cell: (r) => now(r).ratio?.toFixed(2) ?? html`<span class="soft">–</span>` },
	...(may('operator') ? [{ name: 'do', title: '', label: 'Actions', width: 14, cell: (r) => html`<${Verbs} small d=${r} done=${reload} />` }] : []),
];

// --- adding

const isNzb = (file) => /\.nzb$/i.test(file.name);

async function addFile(file, more) {
	return post('downloads', { ...more, type: isNzb(file) ? 'nzb' : 'torrent', data: await base64(file) });
}

// Kilobytes a second, for people.
const thousands = (text) => Number(text) * 1000;

const addFields = (libraries, clients, profiles) => [
	{ name: 'links', label: 'Links', type: 'area', rows: 3, placeholder: 'https://… or magnet:?xt=…', hint: 'http, https or magnet; one a line' },
	{ name: 'type', label: 'They are', options: [['', 'what each link says'], ['http', 'files'], ['torrent', '.torrent files'], ['nzb', '.nzb files']], hint: 'where a link does not say what it leads to' },
	{ name: 'files', label: 'Or files', type: 'file', multiple: true, accept: '.torrent,.nzb', hint: '.torrent or .nzb; they can also be dropped on the page' },
	{ name: 'library', label: 'Library', options: [['', libraries.length ? `the first (${libraries[0].name})` : 'none yet'], ...libraries.map((l) => [l.name, l.name])] },
	{ name: 'client', label: 'Client', options: [['', 'the first that takes it'], ...clients.filter((c) => c.enabled).map((c) => [c.name, `${c.name} (${c.driver})`])] },
	{ name: 'title', label: 'Title', placeholder: 'as the link says', hint: 'of one download' },
	{ name: 'down_limit', label: 'At most, kB a second', type: 'number', min: 1, step: 1, option: true, read: thousands, placeholder: 'as fast as it comes' },
	{ name: 'meta', label: 'What its name is made of', type: 'area', rows: 2, read: valuesOfLines, placeholder: 'year: 1999\nartist: Somebody', hint: 'one a line: {year} in a library\'s names of files', rare: true },
	{ name: 'checksum', label: 'Checksum', option: true, placeholder: 'sha256:9f86d081…', hint: 'of one file, as its publisher says: sha256:, sha1:, md5: or xxh128:, and its digits', rare: true,
		pattern: '(sha256:[0-9a-fA-F]{64}|sha1:[0-9a-fA-F]{40}|(md5|xxh128):[0-9a-fA-F]{32})', title: 'sha256:, sha1:, md5: or xxh128:, and all of its digits' },
	{ name: 'category', label: 'Category', placeholder: 'films', hint: 'its client puts it there', rare: true },
	{ name: 'profile', label: 'Trouble is treated by profile', value: '', options: [['', 'as its library has it'], ...profiles.map((p) => p.name)], rare: true },
	{ name: 'priority', label: 'Priority', type: 'number', step: 1, placeholder: '100', hint: 'where not all may be under way at once: smaller comes first', rare: true },
	{ name: 'folder', label: 'Folder of its client', option: true, placeholder: '/downloads/films', hint: 'where it is fetched to; as its client names it', rare: true },
	{ name: 'up_limit', label: 'Gives at most, kB a second', type: 'number', min: 1, step: 1, option: true, read: thousands, placeholder: 'as its client has it', rare: true },
	{ name: 'ratio_limit', label: 'Seeds to a ratio of', type: 'number', min: 0, step: 'any', option: true, placeholder: 'as its client has it', rare: true },
	{ name: 'seed_limit', label: 'Seeds for, hours', type: 'number', min: 0, step: 'any', option: true, read: (text) => Number(text) * 3600, placeholder: 'as its client has it', rare: true },
	{ name: 'paused', label: 'Waits until somebody resumes it', type: 'check', option: true, rare: true },
	{ name: 'sequential', label: 'From its beginning on, in order', type: 'check', option: true, rare: true },
];

// "year: 1999", one a line.
function valuesOfLines(text) {
	return Object.fromEntries(text.split('\n').map((line) => line.trim()).filter(Boolean).map((line) => {
		const [, name, value] = /^([a-z_]+)\s*[:=]\s*(.+)$/.exec(line) ?? [];
		if (!name)
			throw Object.assign(new Error(`What its name is made of: not understood: ${line}`), { hint: 'a name of small letters, a colon and what it is: year: 1999' });
		return [name, value];
	}));
}

// Does it with each, and gives back those that failed, each with why.
async function withEach(all, does) {
	const left = [];
	for (const one of all) {
		try {
			await does(one);
		} catch (error) {
			left.push({ one, error });
		}
	}
	return left;
}

// What was refused stays in the dialog, and only that: the rest is not to be added twice.
async function addAll(fields, { links, files, ...values }) {
	const more = folded(fields, filled(fields.filter((f) => f.name in values), values));
	const all = links.split('\n').map((line) => line.trim()).filter(Boolean);
	const n = all.length + files.length;
	if (n === 0)
		throw Object.assign(new Error('nothing was given'), { hint: 'a link, or a file' });
	if (values.checksum && n > 1)
		throw Object.assign(new Error('a checksum is of one file'), { hint: 'add that one alone' });
	const ofLinks = await withEach(all, (link) => post('downloads', { link, ...more }));
	const ofFiles = await withEach(files, (file) => addFile(file, more));
	const each = [...ofLinks.map(({ one, error }) => ({ of: one, error })), ...ofFiles.map(({ one, error }) => ({ of: one.name, error }))];
	if (each.length > 0) {
		const left = { links: ofLinks.map(({ one }) => one).join('\n'), files: ofFiles.map(({ one }) => one) };
		const [{ error }] = each;
		throw n === 1 ? Object.assign(new Error(error.message), { hint: error.hint, left })
			: Object.assign(new Error(`${n - each.length} of ${n} were added; what was not stays here:`), { each, left });
	}
	return { n };
}

// No library is no reason not to download; but what comes would wait for one. What was typed meanwhile is there again.
function NoLibrary({ fields, then }) {
	const first = async (event) => {
		const typed = valuesOf(event.currentTarget.form, fields);
		await addLibrary();
		then(typed);
	};
	return html`<div class="lead offer"><p class="soft">There is no library yet: what comes waits for one.${!may('admin') && ' An admin adds it: Settings, Libraries.'}</p>
		${may('admin') && html`<${Button} onClick=${first}>Add a library<//>`}</div>`;
}

async function add(done, left) {
	try {
		const [libraries, clients, profiles] = await Promise.all(['libraries', 'clients', 'profiles'].map((path) => get(path)));
		const fields = addFields(libraries.items, clients.items, profiles.items);
		const body = libraries.items.length === 0 && html`<${NoLibrary} fields=${fields} then=${(typed) => add(done, typed)} />`;
		const answer = await ask({ title: 'Add downloads', action: 'Add', body, fields, left, run: (values) => addAll(fields, values) });
		if (answer)
			toast(answer.n === 1 ? 'the download is added' : `${answer.n} downloads are added`);
	} catch (error) {
		toastProblem(error);
	}
	done();
}

async function dropped(files, done) {
	const known = files.filter((f) => /\.(torrent|nzb)$/i.test(f.name));
	if (known.length < files.length)
		toast('only .torrent and .nzb files can be dropped', { bad: true });
	for (const file of known)
		await act(() => addFile(file, {}), `${file.name} is added`);
	done();
}

// Files may be dropped anywhere on the page; it says so while something hangs over it.
function useDrop(take) {
	const [over, setOver] = useState(false);
	useEffect(() => {
		if (!may('operator'))
			return undefined;
		const hang = (event) => {
			if (event.dataTransfer?.types.includes('Files')) {
				event.preventDefault();
				setOver(true);
			}
		};
		const leave = (event) => { if (!event.relatedTarget) setOver(false); };
		const drop = (event) => {
			event.preventDefault();
			setOver(false);
			take([...event.dataTransfer.files]);
		};
		const all = { dragover: hang, dragleave: leave, drop };
		Object.entries(all).forEach(([name, does]) => window.addEventListener(name, does));
		return () => Object.entries(all).forEach(([name, does]) => window.removeEventListener(name, does));
	}, []);
	return over;
}

// --- the page

function Tabs({ chosen, counts, stuck }) {
	const inStates = (states) => counts.filter((c) => !states || states.includes(c.state)).reduce((n, c) => n + c.count, 0);
	const moved = { active: -stuck, attention: stuck };
	return html`<nav class="tabs" aria-label="Which downloads">${Object.entries(groups).map(([name, g]) => html`<a key=${name}
		href=${href('downloads', { show: name })} aria-current=${name === chosen ? 'true' : undefined}>${g.title}<span class="n">${counts ? number(inStates(g.states) + (moved[name] ?? 0)) : ''}</span></a>`)}</nav>`;
}

function Filters({ query }) {
	const clients = useData('clients', { topics: ['clients'], every: 60000 }).data?.items ?? [];
	const libraries = useData('libraries', { every: 60000 }).data?.items ?? [];
	const choice = (name, label, all) => html`<select aria-label=${label} value=${query[name] ?? ''} onChange=${(e) => filter({ [name]: e.target.value })}>
		<option value="">${label}: any</option>${all.map((o) => html`<option value=${o.name} selected=${o.name === query[name]}>${o.name}</option>`)}</select>`;
	return html`<div class="filters" role="search">
		<input data-filter type="search" aria-label="Part of the title" placeholder="Title  ( / )" value=${query.title ?? ''} onInput=${(e) => filter({ title: e.target.value }, { typing: true })} />
		${choice('client', 'Client', clients)}${choice('library', 'Library', libraries)}
		<select aria-label="Order" value=${query.sort ?? '-id'} onChange=${(e) => filter({ sort: e.target.value === '-id' ? '' : e.target.value })}>
			${sorts.map(([value, words]) => html`<option value=${value} selected=${value === (query.sort ?? '-id')}>${words}</option>`)}</select></div>`;
}

// Without whom nobody looks, whatever is to be watched: as the status calls them, and as people do.
const watchers = { workers: 'worker', scheduler: 'scheduler' };

// Whether clients are watched at all.
function Service() {
	const { data, reload } = useData('downloads/status', { topics: ['clients', 'status'] });
	const status = useData('status', { topics: ['status', 'workers'] });
	const start = async () => {
		await act(() => post('downloads/service/start'), 'clients are watched');
		reload();
	};
	const stop = async () => {
		if (await confirm({ title: 'Stop watching clients?', action: 'Stop', text: 'What they do goes on, but nothing of it is seen here until watching is started again.', run: () => post('downloads/service/stop') }))
			toast('clients are not watched any more');
		reload();
	};
	if (!data || !isAnswered(status))
		return html`<span class="service"></span>`;
	const missing = status.data?.items.filter((o) => o.status === 'bad' && watchers[o.component]).map((o) => watchers[o.component]) ?? [];
	const isWatched = data.running && missing.length === 0;
	return html`<span class="service" title=${data.reason}><${State} name=${isWatched ? 'Clients are watched' : 'Clients are not watched'} look=${isWatched ? 'ok' : 'warn'} />
		${may('operator') && (data.running ? html`<${Button} look="small" aria-label="Stop watching clients" onClick=${stop}>Stop<//>`
			: html`<${Button} look="small" aria-label="Start watching clients" onClick=${start}>Start<//>`)}
		<span class="soft wide">${data.running && !isWatched ? html`Nobody is there to look: no ${missing.join(', no ')} is running. <code>tow up</code> starts what is missing.` : data.running ? html`All are asked what they do. <a href=${href('daemons')}>Daemons</a> are stopped on their own page.` : 'What they do goes on, and is seen when they are watched again.'}</span></span>`;
}

const PAGE = 50, MANY = 1000;

function Nothing({ query }) {
	const libraries = useData('libraries', { every: 60000 });
	return query.show || query.title || query.client || query.library
		? html`<${Empty} title="Nothing fits"><a href=${href('downloads')}>Show all downloads</a><//>`
		: html`<${Empty} title="No downloads yet" command=${`${libraries.data?.items.length === 0 ? 'tow library add films /srv/films\n' : ''}tow haul add 'https://example.org/film.mkv'`} also=${libraries.data?.items.length === 0 && html`<${NoLibrary} then=${libraries.reload} />`}>Give it a link, a magnet or a .torrent or .nzb file: it is fetched, checked and put into a library.<//>`;
}

// What is here and has no library, what its client keeps from going on, and what is tried again and again in vain stands with
// what needs somebody, not with what is under way. These may be long lists, and what is asked for before changes with each byte.
const STUCK_MS = 5000;

function useStuck(data) {
	const clients = useData('clients', { topics: ['clients'], every: 60000 });
	const down = clients.data?.items.filter((c) => !wellClient.includes(c.state)).map((c) => c.name) ?? [];
	const isKnown = data !== undefined && isAnswered(clients), who = down.join(' ');
	const [stuck, setStuck] = useState([]);
	const last = useRef({ at: -Infinity, who: null }), turn = useRef(0), told = useRef(0);
	const ask = () => {
		last.current = { at: Date.now(), who };
		const mine = ++turn.current;
		const asked = [{ state: 'downloaded' }, { state: tried.join(','), failing: true }, ...down.map((client) => ({ client, state: underClient.join(',') }))];
		Promise.all(asked.map((query) => get('downloads', { ...query, limit: MANY }))).then((all) => {
			if (mine < told.current)
				return;
			told.current = mine;
			setStuck([...new Map(all.flatMap(({ items }) => items).filter(isStuck).map((d) => [d.id, d])).values()]);
		}, () => null); // the list itself says what is wrong
	};
	useEffect(() => {
		if (!isKnown)
			return undefined;
		const timer = setTimeout(ask, last.current.who === who ? Math.max(0, last.current.at + STUCK_MS - Date.now()) : 0);
		return () => clearTimeout(timer);
	}, [data, isKnown, who]);
	useEffect(() => () => { told.current = Infinity; }, []);
	return stuck;
}

const fits = (query) => (d) => (!query.library || d.library === query.library) && (!query.client || d.client === query.client) && (!query.title || d.title.toLowerCase().includes(query.title.toLowerCase()));

function rowsOf(chosen, rows, stuck, query) {
	if (!rows || !['attention', 'active'].includes(chosen))
		return rows;
	const others = rows.filter((d) => !isStuck(d));
	return chosen === 'attention' ? [...stuck.filter(fits(query)), ...others] : others;
}

function All({ query }) {
	const chosen = groups[query.show] ? query.show : '';
	const asked = { title: query.title, client: query.client, library: query.library };
	const { data, rows: all, more, error, reload } = usePages('downloads', { state: groups[chosen].states?.join(','), ...asked, sort: query.sort, limit: PAGE });
	const now = useMoving(all, reload);
	const counts = useData('downloads/counts', {});
	const stuck = useStuck(data);
	const rows = rowsOf(chosen, all, stuck, query);
	// What stands elsewhere than its state says would not be matched where it is seen.
	const picked = useChosen(rows, { ...asked, states: groups[chosen].states }, { isMore: more !== null, mayMatch: stuck.length === 0 });
	const again = () => {
		reload();
		counts.reload();
	};
	useEffect(() => { counts.reload(); }, [data]);
	const over = useDrop((files) => dropped(files, again));
	return html`<${Head} title="Downloads" note=${html`<${Service} />`}>
			${may('operator') && html`<${Button} look="main" onClick=${() => add(again)}>Add downloads<//>`}<//>
		<${Tabs} chosen=${chosen} counts=${counts.data?.items} stuck=${stuck.length} />
		<${Filters} query=${query} />
		${error && html`<${ProblemBox} error=${error} again=${reload} />`}
		<div class="downloads"><${Table} label="downloads" opens columns=${columns(now, again)} rows=${rows} error=${error} rowKey=${(d) => d.id} selected=${may('operator') ? picked.ids : undefined} onSelect=${picked.select}
			more=${more} empty=${html`<${Nothing} query=${query} />`} /></div>
		<${Chosen} sort=${sort} chosen=${picked} reload=${again} />
		${over && html`<div class="drop" aria-hidden="true"><p>Drop .torrent or .nzb files to add them</p></div>`}`;
}

export function Downloads({ rest: [id], query }) {
	return id ? html`<${Download} id=${id} />` : html`<${All} query=${query} />`;
}
