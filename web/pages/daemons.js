// Daemons: what works in turns until somebody stops it, each with what it says now. And one: its log.
import { may, post, put, step } from '../lib/api.js';
import { Button, Card, Empty, Facts, Gone, Head, ProblemBox, State } from '../lib/bits.js';
import { confirm } from '../lib/dialog.js';
import { hiddenSaid, hiddenShown } from '../lib/hidden.js';
import { Json } from '../lib/json.js';
import { known, policyField, Unserved } from '../lib/known.js';
import { useData } from '../lib/live.js';
import { Long } from '../lib/long.js';
import { usePages } from '../lib/pages.js';
import { go, href } from '../lib/route.js';
import { add, drop, edit, mustBeNew } from '../lib/setup.js';
import { Table } from '../lib/table.js';
import { clock, duration, exact, now, seconds, spelled, Time } from '../lib/time.js';
import { act, toast } from '../lib/toast.js';
import { html, useEffect, useRef, useState } from '../lib/ui.js';

const pathOf = (d) => `daemons/${step(d.name)}`;

// --- adding and changing

// Putting one changes another of its name.
async function make(body, name) {
	await mustBeNew(sort, name);
	return put(`daemons/${step(name)}`, body);
}

async function fieldsOf(d) {
	const [{ kinds, queues }, policy] = await Promise.all([known(), policyField(d.policy, 'A turn that fails is tried again', 'as is usual')]);
	return [
		{ name: 'kind', label: 'Kind of job', value: d.kind, required: true, suggest: kinds, hint: 'what does a turn', also: Unserved },
		{ name: 'every', label: 'Sleeps between turns', value: spelled(d.every), placeholder: '1 minute', hint: 'unless a turn says how long itself' },
		{ name: 'config', label: 'Config', type: 'area', rows: 3, json: true, value: d.config ?? {}, hint: 'what each turn gets as its arguments' },
		{ name: 'description', label: 'What it is for', value: d.description },
		{ name: 'queue', label: 'Queue', value: d.queue ?? 'default', suggest: queues, rare: true },
		{ name: 'priority', label: 'Priority', type: 'number', min: 0, value: d.priority ?? 100, hint: 'smaller runs first', rare: true },
		{ name: 'timeout', label: 'Time limit of a turn', value: spelled(d.timeout), placeholder: 'none', rare: true },
		{ ...policy, rare: true },
		{ name: 'auto_start', label: 'Starts by itself', type: 'check', value: d.auto_start },
	];
}

const sort = {
	one: 'daemon', path: 'daemons', fields: fieldsOf, send: make, reset: ['timeout', 'policy', 'description'], gone: 'What is known of its turns goes, too; its jobs stay in history.',
	pattern: '[a-zA-Z0-9_.\\-]([a-zA-Z0-9_. \\-]{0,62}[a-zA-Z0-9_.\\-])?', title: 'up to 64 letters, digits, _ . -, and blanks between them',
};

const isStarted = (d) => !['stopped', 'disabled', 'failed', 'stopping'].includes(d.state);

// What ends a turn is asked before.
const ends = {
	stop: 'Its turn is cancelled, and no other one begins until it is started again. Jobs that its turns made go on.',
	disable: 'Its turn is cancelled, and it cannot be started until it is enabled. Jobs that its turns made go on.',
};

async function verb(d, name, word, said, done) {
	const doing = () => post(`${pathOf(d)}/${name}`);
	if (!ends[name] || !isStarted(d))
		await act(doing, `${d.name} ${said}`);
	else if (await confirm({ title: `${word} ${d.name}?`, text: ends[name], action: word, run: doing }))
		toast(`${d.name} ${said}`);
	done();
}

function Verbs({ d, done, look = '', less = '' }) {
	if (!may('operator'))
		return null;
	const one = (name, word, said, more = '') => html`<${Button} key=${name} look="${look} ${more}" aria-label=${`${word} ${d.name}`} onClick=${() => verb(d, name, word, said, done)}>${word}<//>`;
	return html`<div class="actions">${!d.enabled ? one('enable', 'Enable', 'may be started')
		: html`${one('disable', 'Disable', 'is disabled', less)}${isStarted(d) ? one('stop', 'Stop', 'is stopped') : one('start', 'Start', 'is started')}`}</div>`;
}

const jobOf = (d) => d.status_job ?? d.job;

// What it says, and the job that it says it of, or its own. What no turn says now is said to be of its last turn; of one that says
// with each turn that it sleeps, only when it said so first is known, and nobody wants to know that.
function Says({ d }) {
	const at = d.heartbeat_at ?? (d.state === 'sleeping' ? null : d.status_at);
	const isOld = d.status && at && !['running', 'starting'].includes(d.state);
	const look = ['failing', 'failed'].includes(d.state) ? 'bad-text' : isOld ? 'soft' : '';
	return html`<span class="says">${isOld && html`<span class="soft"><${Time} at=${at} />: </span>`}<span class=${look} title=${hiddenSaid(d.status)}>${hiddenShown(d.status) ?? html`<span class="soft">–</span>`}</span></span>
		${jobOf(d) && html` <a href=${href(`jobs/${jobOf(d)}`)}>View Job ${jobOf(d)}</a>`}`;
}

const columns = (reload) => [
	{ name: 'name', title: 'Daemon', least: 18, cell: (d) => html`<div class="two"><a data-open href=${href(`daemons/${d.name}`)}>${d.name}</a><span class="soft wide" title=${d.description}>${d.description ?? d.kind}</span></div>` },
	{ name: 'state', title: 'State', width: 13, sort: (d) => d.state, cell: (d) => html`<${State} name=${d.state} />` },
	{ name: 'says', title: 'Status', least: 20, wide: true, cell: (d) => html`<${Says} d=${d} />`, fold: (d) => html`<${Says} d=${d} />` },
	{ name: 'next', title: 'Next turn', width: 14, wide: true, cell: (d) => html`<${Time} coming at=${d.next_at} />` },
	...(may('operator') ? [{ name: 'do', title: '', label: 'Actions', width: 20, cell: (d) => html`<${Verbs} look="small" less="wide" d=${d} done=${reload} />` }] : []),
];

const topics = ['daemons'];

function All() {
	const { rows, more, error, reload } = usePages('daemons', undefined, { idOf: (d) => d.name, topics, deeds: true, every: 5000 });
	return html`<${Head} title="Daemons" note=${html`What works in turns, until somebody stops it. What watches download clients is not here but under <a href=${href('downloads')}>Downloads</a>.`}>
			${may('admin') && html`<${Button} look="main" onClick=${() => add(sort).then((done) => done && go(`daemons/${done.name}`))}>Add a daemon<//>`}<//>
		${error && html`<${ProblemBox} error=${error} again=${reload} />`}
		<div class="daemons"><${Table} label="daemons" opens columns=${columns(reload)} rows=${rows} error=${error} more=${more}
			empty=${html`<${Empty} title="No daemons" command="tow daemon add tidy my.kind '{}' --every 5min">A daemon does one turn of work, sleeps, and does the next one.<//>`} /></div>`;
}

// How many lines are asked for at first, and with each click; the server gives no more than MOST.
const KEPT = 300, MOST = 10000;

const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const dayOf = (at) => day.format(new Date(at));

// The newest line is at the foot, and stays in sight unless somebody has scrolled up. Lines have the clock, and a day its name.
function Log({ lines }) {
	const box = useRef(null), atFoot = useRef(true);
	useEffect(() => {
		if (atFoot.current)
			box.current.scrollTop = box.current.scrollHeight;
	}, [lines]);
	const scrolled = () => { atFoot.current = box.current.scrollHeight - box.current.scrollTop - box.current.clientHeight < 30; };
	return html`<div class="panel said" ref=${box} onScroll=${scrolled} tabindex="0" role="log" aria-label="log">${lines.map((l, i) => html`${dayOf(l.at) !== dayOf(lines[i - 1]?.at ?? now()) && html`<h3 key=${`day ${dayOf(l.at)}`}>${dayOf(l.at)}</h3>`}
		<p key=${`${l.job} ${l.what} ${l.n}`} class=${/^[A-Z]/.test(l.what) ? 'action' : l.what}>
		<time datetime=${l.at} title=${exact(l.at)}>${clock(l.at)}</time><span class="what">${l.what}</span>
		<span class="line">${l.line}${l.job && html` <a href=${href(`jobs/${l.job}`)}>job ${l.job}</a>`}</span></p>`)}</div>`;
}

function One({ name }) {
	const path = `daemons/${step(name)}`;
	const { data: d, error, reload } = useData(path, { topics, deeds: true, every: 3000 });
	const [most, setMost] = useState(KEPT);
	const log = useData(`${path}/log`, { query: { max_lines: most }, topics, every: 3000 });
	if (!d)
		return error ? html`<${Gone} of="daemon" name=${name} at="daemons" pageTitle="Daemons" error=${error} again=${reload} />` : html`<${Head} title=${name} /><div class="panel loading" aria-busy="true"></div>`;
	return html`<${Head} title=${d.name} note=${html`<a href=${href('daemons')}>Daemons</a>${d.description && ` / ${d.description}`}`} tab=${`Daemon ${d.name}`}>
			${may('admin') && html`<${Button} onClick=${() => edit(sort, d).then((done) => done && reload())}>Edit<//>`}<${Verbs} d=${d} done=${reload} />
			${may('admin') && !isStarted(d) && html`<${Button} look="danger" onClick=${() => drop(sort, d).then((done) => done && go('daemons'))}>Delete<//>`}<//>
		${error && html`<${ProblemBox} error=${error} again=${reload} />`}
		<div class="columns">
			<${Card} title="Now" extra=${html`<${State} name=${d.state} />`}><p class="status"><${Says} d=${d} /></p>
				<${Facts} of=${[['Said first', d.status_at && html`<${Time} at=${d.status_at} />`], ['Next turn', d.next_at && html`<${Time} coming at=${d.next_at} />`], ['Heard of', d.heartbeat_at && html`<${Time} at=${d.heartbeat_at} />`],
					['Its job', d.job && d.job !== jobOf(d) && html`<a href=${href(`jobs/${d.job}`)}>View Job ${d.job}</a>`], ['Failed in a row', d.failures || null], ['Error', d.error && html`<${Long} text=${d.error} />`]]} /><//>
			<${Card} title="Rules"><${Facts} of=${[['Kind', d.kind], ['Type', d.type === d.kind ? null : d.type], ['Every', duration(seconds(d.every))], ['Queue', html`<a href=${href(`queues/${d.queue}`)}>${d.queue}</a>`],
				['Priority', d.priority], ['Time limit', d.timeout && duration(seconds(d.timeout))], ['Policy', d.policy], ['Starts by itself', d.auto_start ? 'yes' : 'no'], ['Enabled', d.enabled ? 'yes' : 'no']]} />
				<h3>Config</h3><${Json} value=${d.config} label="config" /><//>
		</div>
		<div class="lead"><h2>Log</h2>${log.data?.items.length >= most && most < MOST && html`<${Button} look="small" onClick=${() => setMost(Math.min(MOST, most + KEPT))}>Show older<//>`}</div>
		${log.error && html`<${ProblemBox} error=${log.error} again=${log.reload} />`}
		${log.data?.items.length === 0 ? html`<${Empty} title="Nothing was said yet" command=${`tow daemon start ${/^[\w.-]+$/.test(name) ? name : `'${name}'`}`} />` : html`<${Log} lines=${log.data?.items ?? []} />`}`;
}

export function Daemons({ rest: [name] }) {
	return name ? html`<${One} name=${name} />` : html`<${All} />`;
}
