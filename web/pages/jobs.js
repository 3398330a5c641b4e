// Jobs: how many there are of each state, those that match the filters of the address, and what can be done to many.
import { may } from '../lib/api.js';
import { Button, compact, Empty, Head, Meter, number, ProblemBox, State } from '../lib/bits.js';
import { Chosen, useChosen } from '../lib/bulk.js';
import { ofJobs } from '../lib/jobs.js';
import { useData } from '../lib/live.js';
import { gist } from '../lib/long.js';
import { usePages } from '../lib/pages.js';
import { finished, live } from '../lib/states.js';
import { filter, href } from '../lib/route.js';
import { Table } from '../lib/table.js';
import { Lasting, Time } from '../lib/time.js';
import { html, useEffect, useRef, useState } from '../lib/ui.js';
import { enqueue } from './enqueue.js';
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

// Bulk calls cannot find jobs by these.
const canMatch = (query) => !query.key && !query.parent && !query.system;

// What is written, as filters: "queue:mail tag:night thumbnail", where a word alone is a kind. odd: the words that are none.
export function readFilter(text) {
	const given = Object.fromEntries(names.map((name) => [name, null])), odd = [];
	for (const word of text.split(/\s+/).filter(Boolean)) {
		const [, name = 'kind', value = word] = /^(\w+):(.*)$/.exec(word) ?? [];
		const isState = name === 'state' && [...live, ...finished].includes(value);
		if ((names.includes(name) || isState) && !given[name])
			given[name] = value || null;
		else
			odd.push(word);
	}
	return { given, odd };
}

export const writeFilter = (query) =>
	names.filter((name) => query[name]).map((name) => (name === 'kind' && !query[name].includes(':') ? query[name] : `${name}:${query[name]}`)).join(' ');

function NotUnderstood({ odd }) {
	return html`<p class="bad-text" role="alert">Not understood: ${odd.join(', ')}. <span class="soft">There are
		${' '}${names.map((n) => `${n}:…`).join(', ')} and state:…; one word alone is a kind.</span></p>`;
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
		<span class="hidden" id="filter-hint">words such as queue:mail or tag:nightly; a word alone is a kind, a number a job</span>
		${odd.length > 0 && html`<${NotUnderstood} odd=${odd} />`}</form>`;
}

function Progress({ job }) {
	if (job.state === 'running')
		return job.pct !== null ? html`<span class="pair"><${Meter} value=${job.pct} label=${`progress of job ${job.id}`} /><span class="num">${Math.round(job.pct)} %</span></span>`
			: html`<${Lasting} from=${job.started_at} />`;
	if (job.error)
		return html`<span title=${job.error}>${job.class && job.state !== 'cancelled' && html`<span class="mono bad-text">${job.class}</span> `}${gist(job.error)}</span>`;
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
		<div class="narrow soft"><${Progress} job=${j} /></div><div class="narrow soft"><${Time} at=${j.finished_at ?? j.started_at ?? j.created_at} />, ${j.queue}</div>` },
	{ name: 'what', title: 'Progress, reason', width: 32, wide: true, cell: (j) => html`<${Progress} job=${j} />` },
	{ name: 'queue', title: 'Queue', width: 13, wide: true, cell: (j) => html`${j.queue}${j.lane && html`<span class="soft"> / ${j.lane}</span>`}` },
	{ name: 'attempt', title: 'Attempt', width: 10, num: true, wide: true, cell: (j) => html`${number(j.attempt)}${j.max_attempts && html`<span class="soft"> / ${j.max_attempts}</span>`}` },
	{ name: 'at', title: 'When', width: 13, wide: true, cell: (j) => html`<${Time} at=${j.finished_at ?? j.started_at ?? j.created_at} />` },
];

function HideSystem({ isHidden }) {
	return html`<label class="tickable" title="what downloads and schedules do for themselves: haul.…, tow.…"><input type="checkbox" checked=${isHidden}
		onChange=${(e) => filter({ system: e.target.checked ? 'false' : null })} /> Hide system jobs</label>`;
}

function Order({ state, sort }) {
	return orders[state] && html`<select class="order" aria-label="Order" onChange=${(e) => filter({ sort: e.target.value })}>
		${orders[state].map(([value, title]) => html`<option key=${value} value=${value} selected=${value === sort}>${title}</option>`)}</select>`;
}

function Nothing({ query }) {
	const filtered = writeFilter(query) || query.state || query.system;
	return filtered ? html`<${Empty} title="No job matches">${query.state && `None is ${query.state}${writeFilter(query) || query.system ? ' and fits the filter' : ''}. `}<a href=${href('jobs')}>Show all</a><//>`
		: html`<${Empty} title="No jobs yet" command=${`tow enqueue echo '{"hello": "world"}'`}>A job is a kind and its arguments; it appears here at once.<//>`;
}

function List({ query }) {
	const order = query.sort ?? orders[query.state]?.[0][0];
	const asked = { ...Object.fromEntries(['state', 'system', ...names].map((name) => [name, query[name]])), sort: order };
	const { rows, more, error, reload } = usePages('jobs', { ...asked, limit: PAGE }, { topics: ['jobs'] });
	const counts = useData('jobs/counts', { topics: ['jobs'] });
	const chosen = useChosen(rows, asked, { isMore: more !== null, mayMatch: canMatch(asked) });
	const reloadAll = () => {
		reload();
		counts.reload();
	};
	// They are of all jobs.
	const isAll = !writeFilter(query) && !query.system;
	const numbers = isAll && counts.data && Object.fromEntries(counts.data.items.map((c) => [c.state, `${compact(c.count)}${c.more ? '+' : ''}`]));
	return html`<${Head} title="Jobs"><${HideSystem} isHidden=${query.system === 'false'} /><${Order} state=${query.state} sort=${order} /><${Filter} query=${query} />
			${may('operator') && html`<${Button} look="main" onClick=${() => enqueue()}>Enqueue a job<//>`}<//>
		<${Tabs} query=${query} counts=${numbers} />
		${error && html`<${ProblemBox} error=${error} again=${reload} />`}
		<${Table} label="jobs" columns=${columns} rows=${rows} rowKey=${(j) => j.id} opens more=${more}
			selected=${may('operator') ? chosen.ids : undefined} onSelect=${chosen.select} empty=${html`<${Nothing} query=${query} />`} />
		<${Chosen} sort=${ofJobs} chosen=${chosen} reload=${reloadAll} />`;
}

export function Jobs({ rest: [id], query }) {
	return id ? html`<${Job} id=${id} />` : html`<${List} query=${query} />`;
}
