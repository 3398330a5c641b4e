// Overview: what needs somebody first; then how it goes; then the queues.
import { may, post, step } from '../lib/api.js';
import { Button, Card, compact, Empty, Head, number, ProblemBox, State } from '../lib/bits.js';
import { doToPicked } from '../lib/bulk.js';
import { Chart } from '../lib/chart.js';
import { ofJobs } from '../lib/jobs.js';
import { useData } from '../lib/live.js';
import { useNeeds } from '../lib/needs.js';
import { href } from '../lib/route.js';
import { Table } from '../lib/table.js';
import { clock, duration, now, Time } from '../lib/time.js';
import { act } from '../lib/toast.js';
import { html, useMemo } from '../lib/ui.js';
import { PauseButton, queueColumns } from './queues.js';

// Where one sees more of what a component of the status names: "queue mail", "kind echo".
const pageOf = {
	queue: (name) => ['Queue', href(`queues/${name}`)], kind: (name) => ['Jobs', href('jobs', { state: 'ready', kind: name })],
	daemon: (name) => ['Daemon', href(`daemons/${name}`)], schedule: (name) => ['Schedule', href(`schedules/${name}`)],
	approval: () => ['Downloads', href('downloads')], worker: () => ['Workers', href('workers')], scheduler: () => ['Workers', href('workers')],
	client: () => ['Clients', href('clients')], target: () => ['Clients', href('clients')], downloads: () => ['Downloads', href('downloads')],
};

function Remedy({ of: { component, detail }, reload }) {
	const [, sort, name] = /^(\S+) ?(.*)$/.exec(component);
	const [title, to] = (pageOf[sort] ?? pageOf[sort.replace(/s$/, '')])?.(name) ?? [];
	return to && html`<div class="actions">${sort === 'queue' && detail.startsWith('paused') && html`<${PauseButton} path=${`queues/${step(name)}`} name=${name} paused reload=${reload} />`}
		<a class="button small" href=${to} aria-label=${`${title}: ${component}`}>${title}</a></div>`;
}

function Trouble({ items, reload }) {
	return items.map((s) => html`<li key=${`${s.component} ${s.detail}`}><${State} name=${s.component} look=${s.status === 'bad' ? 'bad' : 'warn'} />
		<div>${s.detail}${s.hint && html`<code>${s.hint}</code>`}</div><${Remedy} of=${s} reload=${reload} /></li>`);
}

async function decide(verb, job, reload) {
	await act(() => post(`jobs/${job.id}/${verb}`), `job ${job.id} is ${verb === 'approve' ? 'approved' : 'rejected'}`);
	reload();
}

function Approvals({ jobs, reload }) {
	return jobs.map((job) => html`<li key=${job.id}><${State} name="approval" look="warn" />
		<div><a href=${href(`jobs/${job.id}`)}>Job ${job.id}</a> ${job.kind} waits for somebody's word, <${Time} at=${job.created_at} /></div>
		${may('operator') && html`<div class="actions"><${Button} look="small main" aria-label=${`Approve job ${job.id}`} onClick=${() => decide('approve', job, reload)}>Approve<//>
			<${Button} look="small" aria-label=${`Reject job ${job.id}`} onClick=${() => decide('reject', job, reload)}>Reject<//></div>`}</li>`);
}

const again = ofJobs.verbs.find((v) => v.verb === 'retry');

async function retry(jobs, reload) {
	if (await doToPicked(ofJobs, again, jobs))
		reload();
}

function Failures({ groups, more, reload }) {
	return groups.map((jobs) => {
		const [last] = jobs;
		const n = jobs.length === 1 ? '' : `${jobs.length}${more ? '+' : ''} × `;
		const to = jobs.length === 1 ? href(`jobs/${last.id}`) : href('jobs', { state: 'failed', kind: last.kind, class: last.class });
		return html`<li key=${`${last.kind} ${last.class}`}><${State} name="failed" />
			<div class="one-line"><a href=${to}>${n}${last.kind}</a> ${last.class && html`<span class="mono">${last.class}</span> `}<span class="soft"><${Time} at=${last.finished_at} />: <span title=${last.error}>${last.error}</span></span></div>
			${may('operator') && html`<div class="actions"><${Button} look="small" aria-label=${`Retry ${n}${last.kind} ${last.class ?? ''}`} onClick=${() => retry(jobs, reload)}>Retry<//></div>`}</li>`;
	});
}

// What is cut off says so, and where the rest is.
function AndMore({ n, what, state }) {
	return n > 0 && html`<li><span></span><div><a href=${href('jobs', { state })}>and ${n} more ${what}</a></div></li>`;
}

function Needs() {
	const { status, failed, waiting, trouble, approvals, groups, unshown, n } = useNeeds(true);
	const error = status.error ?? failed.error ?? waiting.error;
	if (n === null)
		return error ? html`<${ProblemBox} error=${error} />` : html`<div class="panel loading"></div>`;
	if (n === 0)
		return html`<section class="panel calm" aria-label="What needs somebody"><${State} name="Nothing needs anybody" look="ok" /><span class="soft">${status.data.items.length} things were looked at</span></section>`;
	return html`<${Card} title="Needs somebody" extra=${failed.data.items.length > 0 && html`<a href=${href('jobs', { state: 'failed' })}>All failed jobs</a>`}>
		${error && html`<${ProblemBox} error=${error} />`}
		<ul class="needs"><${Trouble} items=${trouble} reload=${status.reload} /><${Approvals} jobs=${approvals} reload=${waiting.reload} />
			<${AndMore} n=${unshown.approvals} what="that wait for somebody" state="waiting" />
			<${Failures} groups=${groups} more=${failed.data.next !== null} reload=${failed.reload} />
			<${AndMore} n=${unshown.groups} what="sorts of failures" state="failed" /></ul><//>`;
}

// Rows a queue and minute, as one row a minute: sums, or the largest.
function byMinute(rows, series) {
	const minutes = new Map();
	for (const row of rows) {
		const t = Date.parse(row.time) / 1000;
		if (!minutes.has(t))
			minutes.set(t, []);
		minutes.get(t).push(row);
	}
	const times = [...minutes.keys()].sort((a, b) => a - b);
	const pick = ({ of, largest }) => times.map((t) => {
		const values = minutes.get(t).map(of).filter((v) => v !== null && v !== undefined);
		return values.length === 0 ? null : largest ? Math.max(...values) : values.reduce((a, b) => a + b, 0);
	});
	return [times, ...series.map(pick)];
}

const charts = [
	{ title: 'Throughput', note: 'jobs a minute', show: compact, series: [
		{ name: 'completed', of: (r) => r.completed * 60 / r.seconds, colour: 1, fill: true }, { name: 'failed', of: (r) => r.failed * 60 / r.seconds, colour: 2 },
		{ name: 'retried', of: (r) => r.retried * 60 / r.seconds, colour: 3 }] },
	{ title: 'Latency', note: '95 of 100 took less', show: duration, mark: (s) => duration(s, 1), series: [
		{ name: 'run', of: (r) => r.run_p95, colour: 1, largest: true, dots: true }, { name: 'wait', of: (r) => r.wait_p95, colour: 4, largest: true, dots: true }] },
	{ title: 'Depth', note: 'jobs', dated: true, show: compact, series: [
		{ name: 'ready', of: (r) => r.ready, colour: 1, fill: true }, { name: 'running', of: (r) => r.running, colour: 4 }] },
];

function OneChart({ chart, rows }) {
	const data = useMemo(() => byMinute(rows, chart.series), [rows]);
	// What is counted now stands above, and may be another number than that of the last minute.
	const last = chart.dated && data[0].at(-1);
	return html`<${Card} title=${chart.title} extra=${html`<span class="soft">${chart.note}${last && ` at ${clock(last * 1000).slice(0, 5)}`}</span>`}>
		${data[0].length > 1 ? html`<${Chart} label=${chart.title} series=${chart.series} data=${data} show=${chart.show} mark=${chart.mark} />`
			: html`<p class="soft chart-room">There is something to draw after two minutes.</p>`}<//>`;
}

function Charts() {
	const since = useMemo(() => new Date(now() - 3600e3).toISOString(), [Math.floor(now() / 60e3)]);
	const { data, error } = useData('metrics/queues', { query: { since }, every: 30000 });
	if (error && !data)
		return html`<${ProblemBox} error=${error} />`;
	return html`<div class="columns charts">${charts.map((chart) => html`<${OneChart} key=${chart.title} chart=${chart} rows=${data?.items ?? []} />`)}</div>`;
}

function Numbers({ stats }) {
	const sum = (name) => stats?.queues.reduce((n, q) => n + (q[name] ?? 0), 0);
	const busy = stats?.workers.reduce((n, w) => n + w.busy, 0), slots = stats?.workers.reduce((n, w) => n + w.slots, 0);
	const of = [['Running', sum('running'), 'running'], ['Ready', sum('ready'), 'ready'], ['Scheduled', stats?.scheduled, 'scheduled'],
		['Retrying', stats?.retrying, 'retrying'], ['Waiting', stats?.waiting, 'waiting']];
	return html`<div class="numbers">${of.map(([title, n, state]) => html`<a key=${title} class="panel" href=${href('jobs', { state })}><span class="soft">${title}</span><b class="num">${compact(n)}</b></a>`)}
		<div class="panel"><span class="soft">Slots in use</span><b class="num">${number(busy)}<span class="soft"> / ${number(slots)}</span></b></div></div>`;
}

export function Overview() {
	const stats = useData('stats', { topics: ['queues', 'jobs', 'workers'] });
	const queues = useData('queues', { topics: ['queues', 'jobs'] });
	return html`<${Head} title="Overview" /><${Needs} /><${Numbers} stats=${stats.data} /><${Charts} />
		<${Table} label="queues" opens columns=${queueColumns()} rows=${queues.data?.items}
			empty=${html`<${Empty} title="No queues yet" command=${`tow enqueue echo '{"hello": "world"}'`}>A queue is there as soon as a job is put into it.<//>`} />`;
}
