// Jobs: how many there are of each state, those that match the filters of the address, and what can be done to many.
import { get, may, post } from '../lib/api.js';
import { Button, compact, count, Empty, Head, Meter, number, ProblemBox, State } from '../lib/bits.js';
import { ask, confirm } from '../lib/dialog.js';
import { useData } from '../lib/live.js';
import { finished, live } from '../lib/states.js';
import { filter, href } from '../lib/route.js';
import { Table } from '../lib/table.js';
import { Lasting, Time } from '../lib/time.js';
import { toast, toastProblem } from '../lib/toast.js';
import { html, useEffect, useRef, useState } from '../lib/ui.js';
import { Job } from './job.js';

const names = ['kind', 'queue', 'lane', 'tag', 'key', 'parent', 'class'];
const PAGE = 50;
// The orders in which jobs of a state can be listed, the usual one first; of the others there is one.
const orders = {
	running: [['-id', 'newest first'], ['started_at', 'longest running first']],
	scheduled: [['run_at', 'soonest first'], ['-id', 'newest first']],
	retrying: [['run_at', 'soonest first'], ['-id', 'newest first']],
};

function Tabs({ query, counts }) {
	const tab = (state, title) => html`<a key=${title} href=${href('jobs', { ...query, sort: null, state })} aria-current=${(query.state ?? null) === state ? 'true' : undefined}>
		${title}${counts?.[state] !== undefined && html`<span class="n soft">${counts[state]}</span>`}</a>`;
	return html`<nav class="tabs" aria-label="States">${tab(null, 'All')}${[...live, ...finished].map((s) => tab(s, s))}</nav>`;
}

// Words of what is written: "queue:mail tag:night thumbnail", where a word alone is a kind.
export function readFilter(text) {
	const given = Object.fromEntries(names.map((name) => [name, null]));
	for (const word of text.split(/\s+/).filter(Boolean)) {
		const [, name, value] = /^(\w+):(.*)$/.exec(word) ?? [];
		if (names.includes(name))
			given[name] = value || null;
		else
			given.kind = word;
	}
	return given;
}

export const writeFilter = (query) =>
	names.filter((name) => query[name]).map((name) => (name === 'kind' ? query[name] : `${name}:${query[name]}`)).join(' ');

function Filter({ query }) {
	const box = useRef(null);
	const written = writeFilter(query);
	// The address may change from elsewhere; what is being typed is not taken away.
	useEffect(() => { if (document.activeElement !== box.current) box.current.value = written; }, [written]);
	const search = (event) => {
		event.preventDefault();
		const text = box.current.value.trim();
		if (/^#?\d+$/.test(text))
			location.hash = href(`jobs/${text.replace('#', '')}`);
		else
			filter(readFilter(text));
	};
	return html`<form class="filters grow" role="search" onSubmit=${search}>
		<input data-filter ref=${box} type="search" defaultValue=${written} aria-label="Filter jobs" aria-describedby="filter-hint" autocomplete="off" spellcheck=${false}
			placeholder="kind, queue:mail, tag:nightly, key:…, lane:… or a number" onChange=${search} />
		<span class="hidden" id="filter-hint">words such as queue:mail or tag:nightly; a word alone is a kind, a number a job</span></form>`;
}

function Progress({ job }) {
	if (job.state === 'running')
		return job.pct !== null ? html`<span class="pair"><${Meter} value=${job.pct} label=${`progress of job ${job.id}`} /><span class="num">${Math.round(job.pct)} %</span></span>`
			: html`<${Lasting} from=${job.started_at} />`;
	if (job.error)
		return html`<span title=${job.error}>${job.class && html`<span class="mono bad-text">${job.class}</span> `}${job.error}</span>`;
	if (job.state === 'waiting')
		return html`<span class="soft" title=${job.waits_for}>${job.waits_for && `for ${job.waits_for}`}</span>`;
	if (job.run_at && ['scheduled', 'retrying'].includes(job.state))
		return html`<span class="soft"><${Time} at=${job.run_at} /></span>`;
	return html`<span class="soft">${job.note ?? ''}</span>`;
}

const columns = [
	{ name: 'id', title: 'Job', width: 9, phone: 7, num: true, cell: (j) => html`<a data-open href=${href(`jobs/${j.id}`)}>${j.id}</a>` },
	{ name: 'state', title: 'State', width: 13, phone: 12, cell: (j) => html`<${State} name=${j.state} />` },
	{ name: 'kind', title: 'Kind', cell: (j) => html`${j.kind}${(j.tags ?? []).map((t) => html` <span class="chip" key=${t}>${t}</span>`)}
		<div class="narrow soft"><${Progress} job=${j} /></div>` },
	{ name: 'what', title: 'Progress, reason', width: 32, wide: true, cell: (j) => html`<${Progress} job=${j} />` },
	{ name: 'queue', title: 'Queue', width: 13, wide: true, cell: (j) => html`${j.queue}${j.lane && html`<span class="soft"> / ${j.lane}</span>`}` },
	{ name: 'attempt', title: 'Attempt', width: 10, num: true, wide: true, cell: (j) => html`${number(j.attempt)}${j.max_attempts && html`<span class="soft"> / ${j.max_attempts}</span>`}` },
	{ name: 'at', title: 'When', width: 13, wide: true, cell: (j) => html`<${Time} at=${j.finished_at ?? j.started_at ?? j.created_at} />` },
];

function Order({ state, sort }) {
	return orders[state] && html`<select class="order" aria-label="Order" onChange=${(e) => filter({ sort: e.target.value })}>
		${orders[state].map(([value, title]) => html`<option key=${value} value=${value} selected=${value === sort}>${title}</option>`)}</select>`;
}

// What may be done to jobs that are in these states.
const verbs = [
	{ verb: 'retry', title: 'Retry', fits: [...finished, 'retrying'] },
	{ verb: 'run_now', title: 'Run now', fits: ['scheduled', 'retrying'] },
	{ verb: 'cancel', title: 'Cancel', fits: live, danger: true },
	{ verb: 'forget', title: 'Delete', fits: finished, danger: true },
];

// Of jobs that have finished, a bulk call takes those of one state.
async function bulk(verb, jobs, more = {}) {
	const groups = ['retry', 'forget'].includes(verb) ? [...new Set(jobs.map((j) => j.state))] : [null];
	const answers = [];
	for (const state of groups) {
		const ids = jobs.filter((j) => !state || j.state === state).map((j) => j.id);
		const { items } = await post('jobs/bulk', { verb, ids, dry_run: false, ...(state && { state }), ...more });
		answers.push(...items.map((row) => row.done));
	}
	return answers;
}

function sayDone(title, answers) {
	const not = answers.filter((text) => text.startsWith('not done'));
	toast(`${title}: ${count(answers.length - not.length, 'job')}${not.length ? `, ${not.length} not: ${not[0].replace('not done: ', '')}` : ''}`,
		{ bad: not.length > 0 });
}

async function doVerb({ verb, title }, jobs, after) {
	const run = async (values) => bulk(verb, jobs, values?.reason ? { reason: values.reason } : {});
	try {
		let answers = null;
		if (verb === 'cancel')
			answers = await ask({ title: `Cancel ${count(jobs.length, 'job')}?`, text: 'What runs is asked to stop; the others never start.', danger: true,
				action: 'Cancel them', fields: [{ name: 'reason', label: 'Reason' }], run });
		else if (verb !== 'forget')
			answers = await run();
		else if (await confirm({ title: `Delete ${count(jobs.length, 'job')}?`, text: 'Their history, logs and results are gone for good.', action: 'Delete for good' }))
			answers = await run();
		if (answers) {
			sayDone(title, answers);
			after();
		}
	} catch (error) {
		toastProblem(error);
	}
}

function Chosen({ jobs, clear, reload }) {
	const after = () => {
		clear();
		reload();
	};
	return html`<div class="chosen panel" role="group" aria-label="What to do with the selected jobs">
		<b class="num">${count(jobs.length, 'job')} selected</b>
		${verbs.map((v) => {
			const fitting = jobs.filter((j) => v.fits.includes(j.state));
			return html`<${Button} key=${v.verb} look=${`small ${v.danger ? 'danger' : ''}`} disabled=${fitting.length === 0}
				onClick=${() => doVerb(v, fitting, after)}>${v.title}${fitting.length !== jobs.length && fitting.length > 0 ? ` ${fitting.length}` : ''}<//>`;
		})}
		<${Button} look="small plain" onClick=${clear}>Clear<//>
	</div>`;
}

// Pages that have been asked for beyond the first, which alone is kept fresh.
function usePages(query, first) {
	const [later, setLater] = useState({ key: null, items: [], next: null });
	const key = JSON.stringify(query);
	const mine = later.key === key ? later : { items: [], next: undefined };
	const next = mine.next === undefined ? first?.next : mine.next;
	const more = async () => {
		try {
			const page = await get('jobs', { ...query, limit: PAGE, after: next });
			setLater({ key, items: [...mine.items, ...page.items], next: page.next });
		} catch (error) {
			toastProblem(error);
		}
	};
	const seen = new Set(first?.items.map((j) => j.id));
	const rows = first && [...first.items, ...mine.items.filter((j) => !seen.has(j.id))];
	return [rows, next ? more : null];
}

function Nothing({ query }) {
	const filtered = writeFilter(query) || query.state;
	return filtered ? html`<${Empty} title="No job matches">${query.state && `None is ${query.state}${writeFilter(query) ? ' and fits the filter' : ''}. `}<a href=${href('jobs')}>Show all</a><//>`
		: html`<${Empty} title="No jobs yet" command=${`tow enqueue echo '{"hello": "world"}'`}>A job is a kind and its arguments; it appears here at once.<//>`;
}

function List({ query }) {
	const sort = query.sort ?? orders[query.state]?.[0][0];
	const asked = { ...Object.fromEntries(['state', ...names].map((name) => [name, query[name]])), sort };
	const { data, error, reload } = useData('jobs', { query: { ...asked, limit: PAGE }, topics: ['jobs'] });
	const counts = useData('jobs/counts', { topics: ['jobs'] });
	const [selected, setSelected] = useState(new Set());
	const [rows, more] = usePages(asked, data);
	const chosen = rows?.filter((j) => selected.has(j.id)) ?? [];
	const reloadAll = () => {
		reload();
		counts.reload();
	};
	const numbers = counts.data && Object.fromEntries(counts.data.items.map((c) => [c.state, `${compact(c.count)}${c.more ? '+' : ''}`]));
	return html`<${Head} title="Jobs"><${Order} state=${query.state} sort=${sort} /><${Filter} query=${query} /><//>
		<${Tabs} query=${query} counts=${numbers} />
		${error && html`<${ProblemBox} error=${error} again=${reload} />`}
		<${Table} label="jobs" columns=${columns} rows=${rows} rowKey=${(j) => j.id} opens more=${more}
			selected=${may('operator') ? selected : undefined} onSelect=${setSelected} empty=${html`<${Nothing} query=${query} />`} />
		${chosen.length > 0 && html`<${Chosen} jobs=${chosen} clear=${() => setSelected(new Set())} reload=${reloadAll} />`}`;
}

export function Jobs({ rest: [id], query }) {
	return id ? html`<${Job} id=${id} />` : html`<${List} query=${query} />`;
}
