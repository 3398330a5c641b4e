// Workers: who does the work, in how many slots, and what each does now. Who minds the clock, and how that goes.
import { may, post, step } from '../lib/api.js';
import { Button, Card, compact, count, Empty, Facts, Head, Meter, More, number, ProblemBox, State } from '../lib/bits.js';
import { confirm } from '../lib/dialog.js';
import { hiddenSaid, hiddenShown } from '../lib/hidden.js';
import { HowFar } from '../lib/howfar.js';
import { isAnswered, useData, useSoon } from '../lib/live.js';
import { usePages } from '../lib/pages.js';
import { href } from '../lib/route.js';
import { bytes } from '../lib/size.js';
import { Table } from '../lib/table.js';
import { duration, Lasting, seconds, Time } from '../lib/time.js';
import { html, useLayoutEffect, useRef, useState } from '../lib/ui.js';

// RESERVED: so many jobs a worker has room for from the beginning.
const DRAWN = 64, SHOWN = 8, RESERVED = 3, MANY = 10000, NOTES_MS = 500;

// Each slot is a square: full while it works.
function Slots({ busy, slots }) {
	if (slots > DRAWN)
		return html`<${Meter} value=${(100 * busy) / slots} label="busy slots" />`;
	return html`<span class="slots" role="img" aria-label=${`${busy} of ${slots} slots are busy`}>${Array.from({ length: slots }, (_, i) => html`<i key=${i} class=${i < busy ? 'full' : ''}></i>`)}</span>`;
}

// A ref for a box that keeps the room that it once needed: what stands below it stays there while jobs come and go.
function useKeptRoom() {
	const box = useRef(null), width = useRef(0);
	useLayoutEffect(() => {
		const { style, offsetWidth } = box.current;
		if (width.current !== offsetWidth)
			style.minHeight = '';
		width.current = offsetWidth;
		style.minHeight = `${box.current.offsetHeight}px`;
	});
	return box;
}

function Running({ slots, ...doing }) {
	const box = useKeptRoom();
	return html`<div class="running" ref=${box} style=${{ '--rows': Math.min(slots, RESERVED) }}><${Jobs} ...${doing} /></div>`;
}

function Jobs({ jobs, more, all, heard }) {
	if (!jobs)
		return null;
	if (jobs.length === 0)
		return html`<p class="soft idle">Nothing at the moment.</p>`;
	return html`<ul class="doing">${jobs.map((j) => html`<li key=${j.id} data-row tabindex="-1">
		<a data-open href=${href(`jobs/${j.id}`)}>${j.kind} <span class="soft">${j.id}</span></a>
		<span class="soft note" title=${hiddenSaid(j.note)}>${hiddenShown(j.note) ?? ''}</span>
		<${HowFar} job=${j} heard=${heard} show=${(pct) => pct !== null && html`<${Meter} value=${pct} label=${`how far job ${j.id} is`} />`} />
		<${Lasting} from=${j.started_at} /></li>`)}</ul>${more > 0 && html`<p class="soft idle">and ${count(more, 'more job')} <${Button} look="small" onClick=${all}>Show all<//></p>`}`;
}

async function drain(w, reload) {
	const sure = await confirm({ title: `Have ${w.name} ${w.id} leave?`, action: 'Drain', text: `It starts no more jobs${w.busy > 0 ? `, ends the ${w.busy} that it has, however long they take,` : ''} and goes. If tow up or systemd looks after it, another comes in its place; otherwise start one.`,
		run: () => post(`workers/${step(w.id)}/drain`) });
	if (sure)
		reload();
}

function Worker({ worker: w, jobs, all, heard, reload }) {
	return html`<${Card} title=${`${w.name} ${w.id}`} extra=${html`<${State} name=${w.state} />`}>
		<div class="busyness"><${Slots} busy=${w.busy} slots=${w.slots} /><b class="num">${w.busy} / ${w.slots}</b></div>
		<${Running} slots=${w.slots} jobs=${jobs} more=${jobs && w.busy - jobs.length} all=${all} heard=${heard} />
		<${Facts} of=${[['Host', w.host], ['Process', w.pid], ['Version', w.version], ['Memory', w.memory !== null && bytes(w.memory)], ['Started', html`<${Time} at=${w.attached_at} />`], ['Heard', html`<${Time} at=${w.seen_at} />`],
			['Lease', duration(seconds(w.lease))], ['Missing', w.missing_since && html`<${Time} at=${w.missing_since} />`]]} />
		<div class="actions own"><a class="button small" href=${href('jobs', { worker: w.id })} aria-label=${`Jobs of ${w.name} ${w.id}`}>Jobs</a>
			${may('operator') && w.state === 'running' && html`<${Button} look="small" aria-label=${`Drain ${w.name} ${w.id}`} onClick=${() => drain(w, reload)}>Drain<//>`}</div>
		<details class="serves"><summary>Serves <span class="soft">${w.queues}</span></summary><p>${w.kinds.map((k) => html`<span key=${k} class="chip">${k}</span> `)}</p></details><//>`;
}

const schedulerColumns = [
	{ name: 'name', title: 'Scheduler', cell: (s) => `${s.name} ${s.id}` },
	{ name: 'state', title: 'State', width: 12, cell: (s) => html`<${State} name=${s.state} />` },
	{ name: 'process', title: 'Process', width: 10, num: true, wide: true, cell: (s) => s.pid },
	{ name: 'version', title: 'Version', width: 10, wide: true, cell: (s) => s.version },
	{ name: 'since', title: 'Started', width: 16, cell: (s) => html`<${Time} at=${s.attached_at} />` },
];

// What has turns so often has them only while there is something to do; so when its last one was says little.
const isAsNeeded = (d) => seconds(d.every) < 10;

const dutyColumns = [
	{ name: 'name', title: 'Duty', width: 14, phone: 0, cell: (d) => d.name },
	{ name: 'what', title: 'What it does', wide: true, cell: (d) => html`<span class=${d.last_error ? 'bad-text' : 'soft'} title=${d.last_error ?? d.description}>${d.last_error ?? d.description}</span>` },
	{ name: 'every', title: 'Every', width: 12, phone: 11, num: true, cell: (d) => (isAsNeeded(d) ? html`<span title=${`Looked at at least every ${duration(seconds(d.every))} while there is something to do`}>as needed</span>` : duration(seconds(d.every))) },
	{ name: 'last', title: 'Last', width: 17, phone: 13, cell: (d) => html`<span title="Noted every ten seconds at most"><${Time} at=${d.last_at} none=${isAsNeeded(d) ? 'not needed yet' : 'never'} /></span>` },
	{ name: 'took', title: 'Took', width: 10, num: true, wide: true, cell: (d) => (d.last_ms === null ? '–' : `${d.last_ms} ms`) },
	{ name: 'did', title: 'Did', width: 8, num: true, wide: true, cell: (d) => compact(d.last_count) },
];

// Of those that are not shown, nothing is counted.
const saidOf = (all, more) => `${more ? 'the first ' : ''}${count(all.length, 'worker')}${more ? ' of more: ' : ', '}${count(all.reduce((n, w) => n + w.slots, 0), 'slot')}, ${number(all.reduce((n, w) => n + w.busy, 0))} busy`;

export function Workers() {
	const { data, rows: all, more, error, reload } = usePages('workers', undefined, { topics: ['workers', 'jobs'], every: 10000 });
	const [most, setMost] = useState(SHOWN);
	const running = useData('workers/jobs', { query: { per_worker: most }, topics: ['workers', 'jobs'], every: 5000 });
	// What a job says is told to those alone who may read it, and they ask: it comes with how far it is.
	const heard = useSoon(running.reload, NOTES_MS);
	const schedulers = useData('schedulers', { topics: ['workers'] });
	const duties = useData('duties');
	const doing = (w) => running.data?.items.filter((j) => j.worker === w.id);
	const isKnown = [{ data, error }, running, schedulers, duties].every(isAnswered);
	return html`<${Head} title="Workers" note=${all ? saidOf(all, more) : '\u00a0'} />
		<div class="stack ${isKnown ? '' : 'first'}" aria-busy=${!isKnown}>${error && html`<${ProblemBox} error=${error} again=${reload} />`}
		${all?.length === 0 && html`<${Empty} title="No worker" command="tow worker --queue default:4">Nothing runs until somebody works. tow up starts a worker, too.<//>`}
		<div class="columns">${all?.map((w) => html`<${Worker} key=${w.id} worker=${w} jobs=${doing(w)} all=${() => setMost(MANY)} heard=${heard} reload=${reload} />`)}</div><${More} more=${more} />
		<h2>Schedulers</h2>
		<${Table} label="schedulers" columns=${schedulerColumns} rows=${schedulers.data?.items} rowKey=${(s) => s.id}
			empty=${html`<${Empty} title="No scheduler" command="tow scheduler">What is scheduled, retried or lost waits until there is one.<//>`} />
		<h2>What it minds</h2>
		<div class="duties"><${Table} label="duties" columns=${dutyColumns} rows=${duties.data?.items} /></div></div>`;
}
