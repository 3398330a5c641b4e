// Queues: how deep, how busy, held by whom. And one queue: its limits, its lanes.
import { may, post, put, step } from '../lib/api.js';
import { Button, Card, count, Empty, Facts, Gone, Head, Meter, number, orMore, ProblemBox, State } from '../lib/bits.js';
import { ask } from '../lib/dialog.js';
import { changed, filled } from '../lib/form.js';
import { policyField } from '../lib/known.js';
import { useData } from '../lib/live.js';
import { usePages } from '../lib/pages.js';
import { filter, href } from '../lib/route.js';
import { Table } from '../lib/table.js';
import { duration, seconds, spelled, Time } from '../lib/time.js';
import { act, toast } from '../lib/toast.js';
import { html } from '../lib/ui.js';

const LANES = 100, topics = ['queues', 'jobs', 'workers'];

// In the time of which it is a whole number, or is at least one.
const paces = [[1, 'a second', ''], [60, 'a minute', '/min'], [3600, 'an hour', '/h']];
const isWhole = (n) => n > 0.5 && Math.abs(n - Math.round(n)) < 1e-6 * n;
const wholePace = (rate) => paces.find(([s]) => isWhole(rate * s));

function perSecond(rate) {
	if (rate === null)
		return null;
	const [s, words] = wholePace(rate) ?? paces.find((p) => rate * p[0] >= 1) ?? paces[2];
	return `${Number((rate * s).toPrecision(isWhole(rate * s) ? 7 : 3))} ${words}`;
}

// As one types it.
function asTyped(rate) {
	const whole = rate !== null && wholePace(rate);
	return whole ? `${Math.round(rate * whole[0])}${whole[2]}` : rate;
}

const reasonField = { name: 'reason', label: 'Reason', placeholder: 'why, for whoever finds it paused' };

async function pause(path, name, reload) {
	const done = await ask({
		title: `Pause ${name}`, text: 'Nothing more of it starts until it is resumed; what runs goes on.', action: 'Pause',
		fields: [reasonField], run: (values) => post(`${path}/pause`, filled([reasonField], values)),
	});
	if (done) {
		toast(`${name} is paused`);
		reload();
	}
}

async function resume(path, name, reload) {
	await act(() => post(`${path}/resume`), `${name} goes on`);
	reload();
}

// A maintenance window: what was paused by its name stays so, before and after.
const countOf = ({ items }, state) => items.filter((q) => q.state === state).length;
const others = (n) => (n ? `; ${n === 1 ? 'another stays' : `${number(n)} others stay`} paused` : '');

async function pauseAll(reload) {
	const done = await ask({
		title: 'Pause all queues?', text: 'Nothing more of them starts until they are resumed; what runs goes on. A queue that is made later is open.', action: 'Pause all',
		fields: [reasonField], run: (values) => post('queues/pause', filled([reasonField], values)),
	});
	if (done) {
		toast(`${count(countOf(done, 'paused'), 'queue')} paused`);
		reload();
	}
}

async function resumeAll(reload) {
	const done = await ask({
		title: 'Resume all queues?', text: 'Those go on that were paused all at once. One that somebody paused by its name stays so: resume it there.', action: 'Resume all',
		run: () => post('queues/resume'),
	});
	if (done) {
		toast(`${count(countOf(done, 'resumed'), 'queue')} resumed${others(countOf(done, 'stays paused'))}`);
		reload();
	}
}

function AllButtons({ rows = [], more, reload }) {
	const isPaused = (q) => q.state === 'paused';
	return html`<${Button} disabled=${!more && rows.every(isPaused)} onClick=${() => pauseAll(reload)}>Pause all<//>
		<${Button} disabled=${!more && !rows.some(isPaused)} onClick=${() => resumeAll(reload)}>Resume all<//>`;
}

export function PauseButton({ path, name, paused, reload, look = 'small' }) {
	return may('operator') && html`<${Button} look=${look} aria-label=${`${paused ? 'Resume' : 'Pause'} ${name}`}
		onClick=${() => (paused ? resume : pause)(path, name, reload)}>${paused ? 'Resume' : 'Pause'}<//>`;
}

async function edit(title, fields, path, reload, broad) {
	const done = await ask({
		title, fields, broad, action: 'Save', text: 'It holds at once. Empty means no limit of its own.',
		run: (values) => {
			const what = changed(fields, values);
			return Object.keys(what).length ? put(path, what) : {};
		},
	});
	if (done) {
		toast('saved');
		reload();
	}
}

const positive = { type: 'number', min: 1, step: 1 };
const rated = { type: 'number', min: 0, step: 'any' };
const paced = { placeholder: '100/min', hint: 'how many: 5 (a second), 100/min, 3/10s' };

const queueFields = (q, policy) => [
	{ name: 'max_running', label: 'Running at a time', value: q.max_running, ...positive },
	{ name: 'rate', label: 'Starts', value: asTyped(q.rate), ...paced },
	{ name: 'burst', label: 'Burst', value: q.burst, hint: 'how many may start at once after a pause', ...positive },
	{ name: 'lane_limit', label: 'Running at a time in a lane', value: q.lane_limit, hint: '0: any number', ...positive, min: 0 },
	{ name: 'lane_rate', label: 'Starts in a lane', value: asTyped(q.lane_rate), ...paced },
	{ name: 'lane_burst', label: 'Burst in a lane', value: q.lane_burst, ...positive },
	policy,
	{ name: 'max_attempts', label: 'Attempts', value: q.max_attempts, ...positive },
	{ name: 'timeout', label: 'Time limit of a run', value: spelled(q.timeout), placeholder: '10 minutes' },
	{ name: 'retention', label: 'Finished jobs are kept for', value: spelled(q.retention), placeholder: '30 days' },
	{ name: 'expire_after', label: 'Jobs expire after', value: spelled(q.expire_after), placeholder: 'never', hint: 'what has been ready for longer is cancelled' },
	{ name: 'max_args_bytes', label: 'Bytes of arguments', value: q.max_args_bytes, hint: 'a job may have so many', rare: true, ...positive },
	{ name: 'description', label: 'What it is for', value: q.description, rare: true },
];

async function editQueue(q, path, reload) {
	edit(`Limits of ${q.name}`, queueFields(q, await policyField(q.policy, 'What fails is tried again', 'as is usual')), path, reload, true);
}

const laneFields = (lane) => [
	{ name: 'max_running', label: 'Running at a time', value: lane.own ? lane.max_running : null, ...positive },
	{ name: 'rate', label: 'Starts', value: lane.own ? asTyped(lane.rate) : null, ...paced },
	{ name: 'burst', label: 'Burst', value: lane.own ? lane.burst : null, ...positive },
	{ name: 'weight', label: 'Weight', value: lane.weight, hint: 'its share among lanes: 2 gets twice that of 1', ...rated },
];

function Busy({ queue }) {
	const most = queue.max_running ?? queue.slots;
	return html`<span class="busy"><span>${number(queue.running)}<span class="soft"> / ${number(most)}</span></span>
		<${Meter} value=${most ? (100 * queue.running) / most : 0} label=${`how busy ${queue.name} is`} /></span>`;
}

// That nobody takes jobs from it, and what to type. It is bad as soon as some wait there.
function Trouble({ queue }) {
	return queue.trouble && html`<div class="unserved"><${State} name=${queue.trouble} look=${queue.ready + queue.waiting > 0 ? 'bad' : 'mute'} /> <code>${queue.hint}</code></div>`;
}

const QueueState = ({ queue }) => html`<${State} name=${queue.state} look=${queue.trouble && queue.state === 'open' ? 'mute' : undefined} />`;

export const queueColumns = (reload) => [
	{ name: 'name', title: 'Queue', least: 20, sort: (q) => q.name, cell: (q) => html`<a data-open href=${href(`queues/${q.name}`)} title=${q.name}>${q.name}</a>
		<${Trouble} queue=${q} />` },
	{ name: 'state', title: 'State', width: 11, wide: true, sort: (q) => q.state, cell: (q) => html`<span title=${q.pause_reason}><${QueueState} queue=${q} /></span>`, fold: (q) => html`<${QueueState} queue=${q} />` },
	{ name: 'ready', title: 'Ready', width: 11, phone: 10, num: true, sort: (q) => q.ready, cell: (q) => orMore(q, 'ready') },
	{ name: 'waiting', title: 'In lanes', width: 11, num: true, wide: true, roomy: true, sort: (q) => q.waiting, cell: (q) => orMore(q, 'waiting'),
		fold: (q) => q.waiting > 0 && html`<span class="soft">${orMore(q, 'waiting')} in lanes</span>` },
	{ name: 'running', title: 'Running', width: 16, wide: true, sort: (q) => q.running, cell: (q) => html`<${Busy} queue=${q} />`, fold: (q) => html`<span class="soft">${number(q.running)} running</span>` },
	{ name: 'oldest', title: 'Oldest', width: 12, wide: true, sort: (q) => q.oldest_ready, cell: (q) => html`<${Time} at=${q.oldest_ready} />`,
		fold: (q) => q.oldest_ready && html`<span class="soft">the oldest <${Time} at=${q.oldest_ready} /></span>` },
	{ name: 'workers', title: 'Workers', width: 10, num: true, wide: true, sort: (q) => q.workers, cell: (q) => number(q.workers) },
	{ name: 'rate', title: 'Rate', width: 14, wide: true, roomy: true, cell: (q) => perSecond(q.rate) ?? html`<span class="soft">–</span>` },
	...(reload && may('operator') ? [{
		name: 'do', title: '', label: 'Actions', width: 11,
		cell: (q) => html`<div class="actions"><${PauseButton} path=${`queues/${step(q.name)}`} name=${q.name} paused=${q.state === 'paused'} reload=${reload} /></div>`,
	}] : []),
];

function All() {
	const { rows, more, error, reload } = usePages('queues', undefined, { idOf: (q) => q.name, topics });
	return html`<${Head} title="Queues" note="Where jobs wait for workers, each with limits of its own.">${may('operator') && html`<${AllButtons} rows=${rows} more=${more} reload=${reload} />`}<//>
		${error && html`<${ProblemBox} error=${error} again=${reload} />`}
		<div class="queues"><${Table} label="queues" opens columns=${queueColumns(reload)} rows=${rows} error=${error} more=${more}
			empty=${html`<${Empty} title="No queues yet" command="tow enqueue echo '{}' --queue mail">A queue is there as soon as a job is put into it.<//>`} /></div>`;
}

const laneColumns = (queue, reload) => [
	{ name: 'lane', title: 'Lane', least: 18, by: 'lane', cell: (l) => html`<a data-open href=${href('jobs', { queue, lane: l.lane })} title=${l.lane}>${l.lane}</a>` },
	{ name: 'state', title: 'State', width: 12, wide: true, by: 'state', cell: (l) => html`<span title=${l.pause_reason}><${State} name=${l.state} /></span>`, fold: (l) => html`<${State} name=${l.state} />` },
	{ name: 'waiting', title: 'Waiting', width: 10, phone: 9, num: true, by: 'waiting', cell: (l) => orMore(l, 'waiting') },
	{ name: 'running', title: 'Running', width: 12, num: true, wide: true, by: 'running', cell: (l) => html`${number(l.running)}<span class="soft"> / ${number(l.max_running)}</span>`,
		fold: (l) => html`<span class="soft">${number(l.running)} running</span>` },
	{ name: 'rate', title: 'Rate', width: 15, wide: true, roomy: true, cell: (l) => perSecond(l.rate) ?? html`<span class="soft">–</span>` },
	{ name: 'weight', title: 'Weight', width: 9, num: true, wide: true, by: 'weight', cell: (l) => number(l.weight) },
	{ name: 'next', title: 'Next', width: 12, num: true, wide: true, roomy: true, cell: (l) => l.next_job && html`<a href=${href(`jobs/${l.next_job}`)}>${l.next_job}</a>` },
	...(may('operator') ? [{
		name: 'do', title: '', label: 'Actions', width: may('admin') ? 21 : 13, phone: 11,
		cell: (l) => {
			const path = `queues/${step(queue)}/lanes/${step(l.lane)}`;
			return html`<div class="actions">${may('admin') && html`<${Button} look="small" aria-label=${`Limits of ${l.lane}`}
				onClick=${() => edit(`Limits of lane ${l.lane}`, laneFields(l), path, reload)}>Limits<//>`}
				<${PauseButton} path=${path} name=${`lane ${l.lane}`} paused=${l.paused_at !== null} reload=${reload} /></div>`;
		},
	}] : []),
];

function Lanes({ queue, sort }) {
	const { rows, more, error, reload } = usePages('lanes', { queue, sort, limit: LANES }, { idOf: (l) => l.lane, topics: ['queues', 'jobs'] });
	return html`<h2>Lanes</h2>${error && html`<${ProblemBox} error=${error} again=${reload} />`}
		<${Table} label="lanes" columns=${laneColumns(queue, reload)} rows=${rows} error=${error} rowKey=${(l) => l.lane} more=${more} order=${{ sort, set: (to) => filter({ sort: to }) }}
			empty=${html`<${Empty} title="No lanes" command=${`tow enqueue echo '{}' --queue ${queue} --lane customer-7`}>
				Jobs of one lane run one after the other (or as many at a time as its limit says), beside those of other lanes.<//>`} />`;
}

function One({ name, sort }) {
	const path = `queues/${step(name)}`;
	const { data: q, error, reload } = useData(path, { topics });
	if (!q)
		return error ? html`<${Gone} of="queue" name=${name} at="queues" pageTitle="Queues" error=${error} again=${reload} />` : html`<${Head} title=${name} /><div class="panel loading" aria-busy="true"></div>`;
	return html`<${Head} title=${name} note=${html`<a href=${href('queues')}>Queues</a>${q.description && ` / ${q.description}`}`} tab=${`Queue ${name}`}>
			<a class="button" href=${href('jobs', { queue: name })}>Jobs</a>
			${may('admin') && html`<${Button} onClick=${() => editQueue(q, path, reload)}>Limits<//>`}
			<${PauseButton} look="" path=${path} name=${name} paused=${q.state === 'paused'} reload=${reload} />
		<//>
		${error && html`<${ProblemBox} error=${error} again=${reload} />`}
		<div class="columns">
			<${Card} title="Now"><${Facts} of=${[
				['State', html`<${QueueState} queue=${q} />`], ['Paused', q.paused_at && html`<${Time} at=${q.paused_at} />`], ['Why', q.pause_reason],
				['Ready', orMore(q, 'ready')], ['In lanes', orMore(q, 'waiting')], ['Running', html`<${Busy} queue=${q} />`],
				['Oldest', html`<${Time} at=${q.oldest_ready} />`], ['Workers', q.trouble ? html`<${Trouble} queue=${q} />` : number(q.workers)], ['Slots', number(q.slots)]]} /><//>
			<${Card} title="Rules"><${Facts} of=${[
				['Running at a time', q.max_running ?? 'as many as there are slots'], ['Starts', perSecond(q.rate) ?? 'at any rate'], ['Burst', q.burst],
				['Running in a lane', q.lane_limit === 0 ? 'any number' : q.lane_limit], ['Starts in a lane', perSecond(q.lane_rate)], ['Burst in a lane', q.lane_burst], ['Policy', q.policy], ['Attempts', q.max_attempts],
				['Time limit', q.timeout && duration(seconds(q.timeout))], ['Finished jobs are kept', q.retention && duration(seconds(q.retention))],
				['Jobs expire after', q.expire_after && duration(seconds(q.expire_after))], ['Bytes of arguments', q.max_args_bytes && number(q.max_args_bytes)]]} /><//>
		</div>
		<${Lanes} queue=${name} sort=${sort} />`;
}

export function Queues({ rest: [name], query }) {
	return name ? html`<${One} name=${name} sort=${query.sort} />` : html`<${All} />`;
}
