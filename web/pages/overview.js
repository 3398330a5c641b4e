// Overview: what needs somebody first; then how it goes; then the queues.
import { may, post, step } from '../lib/api.js';
import { Button, Card, compact, count, Empty, Head, Hint, number, ProblemBox, State } from '../lib/bits.js';
import { Chart } from '../lib/chart.js';
import { ask } from '../lib/dialog.js';
import { filled } from '../lib/form.js';
import { hiddenSaid } from '../lib/hidden.js';
import { isAnswered, useData } from '../lib/live.js';
import { gist, Long } from '../lib/long.js';
import { useNeeds } from '../lib/needs.js';
import { usePages } from '../lib/pages.js';
import { filter, href } from '../lib/route.js';
import { Table } from '../lib/table.js';
import { clock, duration, Lasting, now, steps, ticks, Time } from '../lib/time.js';
import { act, toast } from '../lib/toast.js';
import { html, useMemo, useState } from '../lib/ui.js';
import { enqueue } from './enqueue.js';
import { PauseButton, queueColumns } from './queues.js';

// Where one sees more of what a component of the status names: "queue mail", "kind echo".
const pageOf = {
	queue: (name) => ['Queue', href(`queues/${name}`)], kind: (name) => ['Jobs', href('jobs', { state: 'ready', kind: name })],
	daemon: (name) => ['Daemon', href(`daemons/${name}`)], schedule: (name) => ['Schedule', href(`schedules/${name}`)],
	approval: () => ['Downloads', href('downloads', { show: 'attention' })], worker: () => ['Workers', href('workers')], scheduler: () => ['Workers', href('workers')],
	channel: () => ['Channels', href('settings/channels')], client: () => ['Clients', href('clients')], target: () => ['Clients', href('clients')], downloads: () => ['Downloads', href('downloads', { show: 'attention' })],
};

function Remedy({ of: { component, detail }, reload }) {
	const [, sort, name] = /^(\S+) ?(.*)$/.exec(component);
	const [title, to] = (pageOf[sort] ?? pageOf[sort.replace(/s$/, '')])?.(name) ?? [];
	const isPast = sort === 'schedule' && /^(missed|could not enqueue)\b/.test(detail);
	return to && html`<div class="actions">${isPast && may('operator') && html`<${Button} look="small" aria-label=${`Seen: ${component}`} onClick=${() => seen(name, reload)}>Seen<//>`}${sort === 'queue' && detail.startsWith('paused') && html`<${PauseButton} path=${`queues/${step(name)}`} name=${name} paused reload=${reload} />`}
		<a class="button small" href=${to} aria-label=${`${title}: ${component}`}>${title}</a></div>`;
}

// A schedule that missed something is a warning until somebody knows.
async function seen(name, reload) {
	await act(() => post(`schedules/${step(name)}/seen`), `what ${name} missed was seen`);
	reload();
}

// What the buttons beside it do need not be typed.
const isPressed = (hint) => /^(tow queue resume|tow haul ls)\b/.test(hint);

function Trouble({ of: one, reload }) {
	const { component, status, detail, hint } = one;
	return html`<li><${State} name=${component} look=${status === 'bad' ? 'bad' : 'warn'} />
		<div><${Long} text=${detail} />${hint && !isPressed(hint) && html`<${Hint} text=${hint.replace(/; once that is (known|done): .*$/, '')} />`}</div><${Remedy} of=${one} reload=${reload} /></li>`;
}

async function approve(id, reload) {
	await act(() => post(`jobs/${id}/approve`), `job ${id} is approved`);
	reload();
}

// It may end there: why is asked.
async function reject(id, reload) {
	const fields = [{ name: 'note', label: 'Why', hint: 'kept with the job' }];
	if (await ask({ title: `Reject job ${id}?`, action: 'Reject', danger: true, fields, run: (values) => post(`jobs/${id}/reject`, filled(fields, values)) })) {
		toast(`job ${id} is rejected`);
		reload();
	}
}

function Approval({ id, kind, since, reload }) {
	return html`<li><${State} name="approval" look="warn" />
		<div><a href=${href(`jobs/${id}`)}>Job ${id}</a> ${kind} waits for somebody's word${since && html`, for <${Lasting} from=${since} />`}</div>
		${may('operator') && html`<div class="actions"><${Button} look="small main" aria-label=${`Approve job ${id}`} onClick=${() => approve(id, reload)}>Approve<//>
			<${Button} look="small" aria-label=${`Reject job ${id}`} onClick=${() => reject(id, reload)}>Reject<//></div>`}</li>`;
}

// Of each kind those that wait longest, and how many there are besides.
const approvalRows = (approvals, reload) => approvals.flatMap(({ kind, count: n, more, jobs, since }) => [
	...jobs.map((id, i) => html`<${Approval} key=${id} id=${id} kind=${kind} since=${i === 0 && since} reload=${reload} />`),
	...(n > jobs.length ? [html`<li key=${`more ${kind}`}><${State} name="approval" look="warn" /><div>and <a href=${href('jobs', { state: 'waiting', kind })}>${number(n - jobs.length)}${more && '+'} more ${kind}</a></div></li>`] : []),
]);

// What is different in them is seen before anything is done.
const Says = ({ says, messages }) => html`<ul class="says-all">${says.map((text) => html`<li key=${text}><${Long} text=${text ?? 'no message'} /></li>`)}
	${messages > says.length && html`<li class="soft">and ${count(messages - says.length, 'other message')}</li>`}</ul>`;

// TURN: how many are put back at a time, so that no call lasts long.
const TURN = 1000;

// What fails again meanwhile is not tried again: no more are than there were.
async function putBack({ kind, class: failure, count: n }) {
	let retried = 0, answer;
	do {
		answer = await post('jobs/retry', { kind, class: failure ?? '', max_jobs: Math.min(TURN, n - retried) });
		retried += answer.retried;
	} while (answer.retried > 0 && retried < n);
	return { retried, refused: answer.refused };
}

// Of many only the last ones were read.
const ofLast = ({ count: n, read }) => (read < n ? `the last ${number(read)}` : null);

async function retry(group, reload) {
	const { kind, class: failure, count: n, messages, says } = group;
	const who = ofLast(group) ?? 'they';
	const done = await ask({
		title: `Retry ${count(n, 'job')}?`, text: `${kind}${failure ? `, ${failure}` : ''}: ${n === 1 ? 'it failed' : messages === 1 ? `${who} failed alike` : `${who} failed with ${messages} different messages`}.`,
		body: html`<${Says} says=${says} messages=${messages} />`, action: 'Retry', run: () => putBack(group),
	});
	if (done) {
		toast(`${count(done.retried, 'job')} tried again${done.refused ? `, ${number(done.refused)} could not be` : ''}`, { bad: done.refused > 0 });
		reload();
	}
}

// Of several messages the last one is not what all of them say.
function What({ of: group }) {
	const { messages, says, detail, last_at: last } = group;
	const who = ofLast(group);
	return messages > 1
		? html`<details class="folded soft"><summary><${Time} at=${last} />: ${who && `of ${who} `}${number(messages)} different messages, the last one: ${gist(detail)}</summary><${Says} says=${says} messages=${messages} /></details>`
		: html`<span class="soft"><${Time} at=${last} />: <span title=${hiddenSaid(detail)}>${gist(detail)}</span></span>`;
}

// What a group is without, cannot be filtered by.
function Failure({ of: group, reload }) {
	const { kind, class: failure, count: n, more, jobs } = group;
	const many = n === 1 ? '' : `${number(n)}${more ? '+' : ''} × `;
	const to = n === 1 ? href(`jobs/${jobs[0]}`) : href('jobs', { state: 'failed', kind, class: failure });
	return html`<li><${State} name="failed" />
		<div class=${group.messages > 1 ? '' : 'one-line'}><a href=${to}>${many}${kind}</a> ${failure && html`<span class="mono">${failure}</span> `}<${What} of=${group} /></div>
		${may('operator') && html`<div class="actions"><${Button} look="small" aria-label=${`Retry${n > 1 ? ' all' : ''} ${many}${kind} ${failure ?? ''}`.trim()} onClick=${() => retry(group, reload)}>Retry${n > 1 && ' all'}<//></div>`}</li>`;
}

const SHOWN = 5;

function Needs() {
	const { needs, downloads, trouble, approvals, groups, n } = useNeeds(true);
	const { error } = needs;
	const [isOpen, setOpen] = useState(false);
	const reload = () => {
		needs.reload();
		downloads.reload();
	};
	if (n === null)
		return error ? html`<${ProblemBox} error=${error} />` : html`<div class="panel loading first" aria-busy="true"></div>`;
	if (n === 0)
		return html`<section class="panel calm" aria-label="What needs somebody"><${State} name="Nothing needs anybody" look="ok" /></section>`;
	return html`<${Card} title="Needs somebody" extra=${groups.length > 0 && html`<a href=${href('jobs', { state: 'failed' })}>All failed jobs</a>`}>
		${error && html`<${ProblemBox} error=${error} />`}
		<ul class="needs">${[
			...trouble.map((s) => html`<${Trouble} key=${`${s.component} ${s.hint}`} of=${s} reload=${reload} />`), ...approvalRows(approvals, reload),
			...groups.slice(0, isOpen ? groups.length : SHOWN).map((g) => html`<${Failure} key=${`failed ${g.kind} ${g.class}`} of=${g} reload=${reload} />`)]}</ul>
		${groups.length > SHOWN && !isOpen && html`<button class="more" onClick=${() => setOpen(true)}>and ${count(groups.length - SHOWN, 'more kind')} of failure: show all</button>`}<//>`;
}

// Rows a queue and minute, as one row a minute: sums.
function byMinute(rows, series) {
	const minutes = new Map();
	for (const row of rows) {
		const t = Date.parse(row.time) / 1000;
		if (!minutes.has(t))
			minutes.set(t, []);
		minutes.get(t).push(row);
	}
	const times = [...minutes.keys()].sort((a, b) => a - b);
	const pick = ({ of }) => times.map((t) => {
		const values = minutes.get(t).map(of).filter((v) => v !== null && v !== undefined);
		return values.length === 0 ? null : values.reduce((a, b) => a + b, 0);
	});
	return [times, ...series.map(pick)];
}

// The queue of that minute in which jobs took longest.
const tookOf = (r) => Math.max(r.run_p95 ?? 0, r.wait_p95 ?? 0);
const slowest = (rows) => rows.reduce((one, r) => (one && tookOf(one) >= tookOf(r) ? one : r), null)?.queue;

const charts = [
	{ title: 'Throughput', note: 'jobs a minute', show: compact, series: [
		{ name: 'completed', of: (r) => r.completed * 60 / r.seconds, colour: 1, fill: true }, { name: 'failed', of: (r) => r.failed * 60 / r.seconds, colour: 2 },
		{ name: 'retried', of: (r) => r.retried * 60 / r.seconds, colour: 3 }] },
	{ title: 'Time taken', ofOne: true, about: '50 % of its jobs ran, and waited for their start, at most so long; 95 % at most as long as the dashed lines say', show: duration, marks: ticks, steps, series: [
		{ name: 'run 50 %', of: (r) => r.run_p50, colour: 1, dots: true }, { name: 'run 95 %', of: (r) => r.run_p95, colour: 1, dashed: true, dots: true },
		{ name: 'wait 50 %', of: (r) => r.wait_p50, colour: 4, dots: true }, { name: 'wait 95 %', of: (r) => r.wait_p95, colour: 4, dashed: true, dots: true }] },
	// In line is what is ready, and what waits for its turn in a lane.
	{ title: 'Jobs in line', dated: true, show: compact, series: [
		{ name: 'in line', of: (r) => r.ready, colour: 1, fill: true }, { name: 'running', of: (r) => r.running, colour: 4 }] },
];

// Of which queue: the slowest one, which is named, or one that was chosen.
function Which({ rows, chosen, about }) {
	const names = [...new Set(rows.map((r) => r.queue).concat(chosen ?? []))].sort();
	return names.length > 0 && html`<select aria-label="Of which queue" title=${about} value=${chosen ?? ''} onChange=${(e) => filter({ times: e.target.value })}>
			<option value="" selected=${!chosen}>the slowest: ${slowest(rows)}</option>${names.map((name) => html`<option key=${name} value=${name} selected=${name === chosen}>${name}</option>`)}</select>`;
}

function OneChart({ chart, rows, chosen }) {
	const queue = rows && chart.ofOne && (chosen ?? slowest(rows));
	const data = useMemo(() => byMinute((rows ?? []).filter((r) => !queue || r.queue === queue), chart.series), [rows, queue]);
	// What is counted now stands above, and may be another number than that of the last minute.
	const last = chart.dated && data[0].at(-1);
	const note = chart.ofOne ? rows && html`<${Which} rows=${rows} chosen=${chosen} about=${chart.about} />` : html`<span class="soft">${chart.note}${last && `at ${clock(last * 1000).slice(0, 5)}`}</span>`;
	return html`<${Card} title=${chart.title} extra=${note}>
		${data[0].length > 1 ? html`<${Chart} label=${chart.title} series=${chart.series} data=${data} show=${chart.show} marks=${chart.marks} steps=${chart.steps} />`
			: html`<p class="soft chart-room">${rows && (rows.length > 0 && data[0].length === 0 ? `Nothing was measured of queue ${queue} in the last hour.` : 'There is something to draw after two minutes.')}</p>`}<//>`;
}

function Charts({ chosen }) {
	const since = useMemo(() => new Date(now() - 3600e3).toISOString(), [Math.floor(now() / 60e3)]);
	const { data, error } = useData('metrics/queues', { query: { since }, every: 30000 });
	if (error && !data)
		return html`<${ProblemBox} error=${error} />`;
	return html`<div class="columns charts">${charts.map((chart) => html`<${OneChart} key=${chart.title} chart=${chart} rows=${data?.items} chosen=${chosen} />`)}</div>`;
}

function Numbers({ stats }) {
	const sum = (name) => stats?.queues.reduce((n, q) => n + (q[name] ?? 0), 0);
	const heard = stats?.workers.filter((w) => w.state !== 'silent');
	const busy = heard?.reduce((n, w) => n + w.busy, 0), slots = heard?.reduce((n, w) => n + w.slots, 0);
	const of = [['Running', sum('running'), 'running'], ['Ready', sum('ready'), 'ready'], ['Scheduled', stats?.scheduled, 'scheduled'],
		['Retrying', stats?.retrying, 'retrying'], ['Waiting', stats?.waiting, 'waiting']];
	return html`<div class="numbers">${of.map(([title, n, state]) => html`<a key=${title} class="panel" href=${href('jobs', { state })}><span class="soft">${title}</span><b class="num">${compact(n)}${stats?.more.includes(state) && '+'}</b></a>`)}
		<div class="panel"><span class="soft">Slots in use</span><b class="num">${number(busy)}<span class="soft"> / ${number(slots)}</span></b></div></div>`;
}

// Until something has run, there is nothing to draw.
function FirstSteps() {
	return html`<${Empty} title="Nothing has run here yet" className="steps-first" command=${`tow enqueue echo '{"hello": "world"}'`}
		also=${may('operator') && html`<div class="actions"><${Button} look="main" onClick=${() => enqueue()}>Enqueue a job<//><a class="button" href=${href('downloads')}>Add a download</a></div>`}>
		A job is a kind of work and what it is told; a worker takes it, and the page follows it. Type the first one:<//>`;
}

export function Overview({ query }) {
	const any = useData('jobs', { query: { limit: 1 }, topics: ['jobs'], every: 60000 });
	const stats = useData('stats', { topics: ['queues', 'jobs', 'workers'] });
	const queues = usePages('queues', undefined, { idOf: (q) => q.name, topics: ['queues', 'jobs', 'workers'] });
	// What changes its outermost element has one around it that stays: siblings that change theirs at once would lose their order.
	return html`<${Head} title="Overview" /><div class="part"><${Needs} /></div><${Numbers} stats=${stats.data} />
		<div class="part">${any.data?.items.length === 0 ? html`<${FirstSteps} />` : html`<div class=${isAnswered(any) ? '' : 'first'}><${Charts} chosen=${query.times} /></div>`}</div>
		<div class="part queues"><${Table} label="queues" opens columns=${queueColumns()} rows=${queues.rows} more=${queues.more}
			empty=${html`<${Empty} title="No queues yet" command=${`tow enqueue echo '{"hello": "world"}'`}>A queue is there as soon as a job is put into it.<//>`} /></div>`;
}
