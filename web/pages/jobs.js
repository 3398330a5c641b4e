// Jobs: how many there are of each state, those that match the filters of the address, and what can be done to many.
import { may } from '../lib/api.js';
import { Button, Empty, inShort, Head, Meter, number, ProblemBox, State } from '../lib/bits.js';
import { Chosen, useChosen } from '../lib/bulk.js';
import { hiddenSaid, hiddenShown } from '../lib/hidden.js';
import { HowFar } from '../lib/howfar.js';
import { ofJobs } from '../lib/jobs.js';
import { useData } from '../lib/live.js';
import { gist } from '../lib/long.js';
import { usePages } from '../lib/pages.js';
import { finished, live } from '../lib/states.js';
import { filter, href } from '../lib/route.js';
import { Table } from '../lib/table.js';
import { instant, Lasting, Time } from '../lib/time.js';
import { html, useEffect, useMemo, useRef, useState } from '../lib/ui.js';
import { enqueue } from './enqueue.js';
import { Job } from './job.js';

const names = ['kind', 'queue', 'lane', 'tag', 'key', 'parent', 'class', 'worker', 'since', 'until'];
// ARGS: how much of the arguments the server gives.
const PAGE = 50, ARGS = 80;
// The orders in which jobs of a state can be listed, the usual one first; of the others there is one.
const orders = {
	running: [['-id', 'newest first'], ['started_at', 'longest running first']],
	scheduled: [['run_at', 'soonest first'], ['-id', 'newest first']],
	retrying: [['run_at', 'soonest first'], ['-id', 'newest first']],
};

const statesOf = (query) => query.state?.split(',') ?? [];
const areStates = (text) => text.split(',').every((state) => [...live, ...finished].includes(state));

// Of several states there are the jobs of each.
function AndAlso({ query }) {
	const chosen = statesOf(query);
	return chosen.length > 0 && html`<select class="also" aria-label="And also those that are" value="" onChange=${(e) => filter({ sort: null, state: [...chosen, e.target.value].join(',') })}>
		<option value="">and also…</option>${[...live, ...finished].filter((s) => !chosen.includes(s)).map((s) => html`<option key=${s} value=${s}>${s}</option>`)}</select>`;
}

function Tabs({ query, counts }) {
	const chosen = statesOf(query);
	const tab = (state, title) => html`<a key=${title} href=${href('jobs', { ...query, sort: null, state })} aria-current=${(state ? chosen.includes(state) : chosen.length === 0) ? 'true' : undefined}>
		${title}${state && html`<span class="n soft">${counts?.[state] ?? ''}</span>`}</a>`;
	return html`<nav class="tabs" aria-label="States">${tab(null, 'All')}${[...live, ...finished].map((s) => tab(s, s))}<${AndAlso} query=${query} /></nav>`;
}

// Bulk calls cannot find jobs by these.
const canMatch = (query) => !query.key && !query.parent && !query.system && !query.worker && !query.since && !query.until && statesOf(query).length < 2;

// What a word can say, where it is not just anything.
const checks = { state: areStates, since: instant, until: instant };
const fits = (name, value) => !checks[name] || Boolean(checks[name](value));

// What has a blank, or a quote, stands within quotes.
const inQuotes = /"((?:[^"\\]|\\.)*)"/g;
const quoted = (value) => (/[\s"]/.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : value);
const unquoted = (word) => word.replace(inQuotes, (_, within) => within.replace(/\\(.)/g, '$1'));
const isOpen = (word) => word.replace(inQuotes, '').includes('"');
const wordsOf = (text) => text.match(/(?:[^\s"]|"(?:[^"\\]|\\.)*"|")+/g) ?? [];

// What is written, as filters: "queue:mail tag:night thumbnail", where a word alone is a kind. odd: the words that are none.
function readFilter(text) {
	const given = Object.fromEntries(names.map((name) => [name, null])), odd = [];
	for (const word of wordsOf(text)) {
		const [, name = 'kind', written = word] = /^(\w+):(.*)$/.exec(word) ?? [], value = unquoted(written);
		if ([...names, 'state'].includes(name) && !given[name] && !isOpen(word) && (!value || fits(name, value)))
			given[name] = value || null;
		else
			odd.push(word);
	}
	return { given, odd };
}

const writeFilter = (query) =>
	names.filter((name) => query[name]).map((name) => (name === 'kind' && !query[name].includes(':') ? quoted(query[name]) : `${name}:${quoted(query[name])}`)).join(' ');

function NotUnderstood({ odd }) {
	return html`<p class="bad-text" role="alert">Not understood: ${odd.join(', ')}. <span class="soft">There are
		${' '}${names.map((n) => `${n}:…`).join(', ')} and state:…; one word alone is a kind. What has a blank stands within quotes: tag:"on call". Times are written as 2h (so long ago), 3d or 2030-01-31T18:00.</span></p>`;
}

function Filter({ query }) {
	const box = useRef(null);
	const [odd, setOdd] = useState([]);
	const written = writeFilter(query);
	// The address may change from elsewhere; what is being typed is not taken away.
	useEffect(() => { if (document.activeElement !== box.current) box.current.value = written; }, [written]);
	const search = (event) => {
		event.preventDefault();
		const text = box.current.value.trim();
		const read = /^#?\d+$/.test(text) ? null : readFilter(text);
		setOdd(read?.odd ?? []);
		if (!read)
			location.hash = href(`jobs/${text.replace('#', '')}`);
		else if (read.odd.length === 0)
			filter({ ...(read.given.state && { sort: null }), ...read.given });
	};
	return html`<form class="filters grow" role="search" onSubmit=${search}>
		<input data-filter ref=${box} type="search" defaultValue=${written} aria-label="Filter jobs" aria-describedby="filter-hint" autocomplete="off" spellcheck=${false}
			placeholder="kind, queue:mail, tag:nightly, key:…, lane:… or a number" onChange=${search} />
		<span class="hidden" id="filter-hint">words such as queue:mail, tag:nightly, worker:7 or since:2h; a word alone is a kind, a number a job</span>
		${odd.length > 0 && html`<${NotUnderstood} odd=${odd} />`}</form>`;
}

const isToCome = (job) => job.run_at && ['scheduled', 'retrying'].includes(job.state);

function Progress({ job }) {
	if (job.state === 'running')
		return html`<${HowFar} job=${job} show=${(pct) => (pct !== null ? html`<span class="pair"><${Meter} value=${pct} label=${`progress of job ${job.id}`} /><span class="num">${Math.round(pct)} %</span></span>`
			: html`<${Lasting} from=${job.started_at} />`)} />`;
	if (job.error)
		return html`<span title=${hiddenSaid(job.error)}>${job.class && job.state !== 'cancelled' && html`<span class="mono bad-text">${job.class}</span> `}${gist(job.error)}</span>`;
	if (job.waits_for)
		return html`<span class="soft" title=${job.waits_for}>for ${job.waits_for}</span>`;
	if (isToCome(job))
		return html`<span class="soft"><${Time} coming at=${job.run_at} /></span>`;
	return html`<span class="soft">${hiddenShown(job.note) ?? ''}</span>`;
}

const saysMore = (job) => job.state === 'running' || isToCome(job) || job.error || job.waits_for || job.note;

const isBegun = (text) => text?.length === ARGS;

// What tells jobs of a kind apart.
function Args({ job: { args_start: text } }) {
	return text && html`<span class="soft" title=${hiddenSaid(text)}>${hiddenShown(text)}${isBegun(text) && '…'}</span>`;
}

// With nothing else to say there is one line.
function What({ job }) {
	return saysMore(job) ? html`<div class="two"><div><${Progress} job=${job} /></div><div><${Args} job=${job} /></div></div>` : html`<${Args} job=${job} />`;
}

const When = ({ job }) => html`<${Time} at=${job.finished_at ?? job.started_at ?? job.created_at} />`;

const KIND = { least: 9, most: 24 };
const kindWidth = (rows) => Math.min(KIND.most, Math.max(KIND.least, ...rows.map((j) => [j.kind, ...(j.tags ?? [])].reduce((all, word) => all + word.length + 3, 0))));

// digits: of the longest number; one that opens something is bold, and a tenth wider than others.
const columns = ({ digits, kind }) => [
	{ name: 'id', title: 'Job', width: Math.max(9, 1.1 * digits + 3), phone: Math.max(7, 1.1 * digits + 2), num: true, cell: (j) => html`<a data-open href=${href(`jobs/${j.id}`)}>${j.id}</a>` },
	{ name: 'state', title: 'State', width: 13, phone: 12, cell: (j) => html`<${State} name=${j.state} />` },
	{ name: 'kind', title: 'Kind', width: kind, phone: 0, holds: true, cell: (j) => html`<span title=${[j.kind, ...(j.tags ?? [])].join(', ')}>${j.kind}${(j.tags ?? []).map((t) => html` <span class="chip" key=${t}>${t}</span>`)}</span>` },
	{ name: 'what', title: 'Progress, reason, arguments', least: 20, wide: true, cell: (j) => html`<${What} job=${j} />`, fold: (j) => (saysMore(j) || j.args_start) && html`<${What} job=${j} />` },
	{ name: 'queue', title: 'Queue', width: 13, wide: true, cell: (j) => html`<span title=${[j.queue, j.lane].filter(Boolean).join(' / ')}>${j.queue}${j.lane && html`<span class="soft"> / ${j.lane}</span>`}</span>`, fold: (j) => html`<span class="soft">${j.queue}</span>` },
	{ name: 'attempt', title: 'Attempt', width: 10, num: true, wide: true, roomy: true, cell: (j) => html`${number(j.attempt)}${j.max_attempts && html`<span class="soft"> / ${j.max_attempts}</span>`}` },
	{ name: 'at', title: 'When', width: 13, wide: true, cell: (j) => html`<${When} job=${j} />`, fold: (j) => html`<span class="soft"><${When} job=${j} /></span>` },
];

function HideSystem({ isHidden }) {
	return html`<label class="tickable" title="what downloads and schedules do for themselves (haul.…, tow.…), and the turns of daemons"><input type="checkbox" checked=${isHidden}
		onChange=${(e) => filter({ system: e.target.checked ? 'false' : null })} /> Hide system jobs</label>`;
}

function Order({ state, sort }) {
	return orders[state] && html`<select class="order" aria-label="Order" onChange=${(e) => filter({ sort: e.target.value })}>
		${orders[state].map(([value, title]) => html`<option key=${value} value=${value} selected=${value === sort}>${title}</option>`)}</select>`;
}

function Nothing({ query }) {
	const filtered = writeFilter(query) || query.state || query.system;
	return filtered ? html`<${Empty} title="No job matches">${query.state && `None is ${statesOf(query).join(' or ')}${writeFilter(query) || query.system ? ' and fits the filter' : ''}. `}<a href=${href('jobs')}>Show all</a><//>`
		: html`<${Empty} title="No jobs yet" command=${`tow enqueue echo '{"hello": "world"}'`}>A job is a kind and its arguments; it appears here at once.<//>`;
}

function List({ query }) {
	const order = query.sort ?? orders[query.state]?.[0][0];
	const from = useMemo(() => instant(query.since) ?? query.since, [query.since]), to = useMemo(() => instant(query.until) ?? query.until, [query.until]);
	const asked = { ...Object.fromEntries(['state', 'system', ...names].map((name) => [name, query[name]])), since: from, until: to, sort: order };
	const { rows, more, error, reload } = usePages('jobs', { ...asked, limit: PAGE }, { topics: ['jobs'] });
	const counts = useData('jobs/counts', { topics: ['jobs'] });
	const widths = useMemo(() => ({ digits: Math.max(0, ...(rows ?? []).map((j) => `${j.id}`.length)), kind: kindWidth(rows ?? []) }), [rows]);
	const chosen = useChosen(rows, asked, { isMore: more !== null, mayMatch: canMatch(asked) });
	const reloadAll = () => {
		reload();
		counts.reload();
	};
	// They are of all jobs.
	const isAll = !writeFilter(query) && !query.system;
	const numbers = isAll && counts.data && Object.fromEntries(counts.data.items.map((c) => [c.state, `${inShort(c.count)}${c.more ? '+' : ''}`]));
	return html`<${Head} title="Jobs"><${HideSystem} isHidden=${query.system === 'false'} /><${Order} state=${query.state} sort=${order} /><${Filter} query=${query} />
			${may('operator') && html`<${Button} look="main" onClick=${() => enqueue()}>Enqueue a job<//>`}<//>
		<${Tabs} query=${query} counts=${numbers} />
		${error && html`<${ProblemBox} error=${error} again=${reload} />`}
		<div class="jobs"><${Table} label="jobs" columns=${columns(widths)} rows=${rows} error=${error} rowKey=${(j) => j.id} opens more=${more}
			selected=${may('operator') ? chosen.ids : undefined} onSelect=${chosen.select} empty=${html`<${Nothing} query=${query} />`} /></div>
		<${Chosen} sort=${ofJobs} chosen=${chosen} reload=${reloadAll} />`;
}

export function Jobs({ rest: [id], query }) {
	return id ? html`<${Job} id=${id} />` : html`<${List} query=${query} />`;
}
