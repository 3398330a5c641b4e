// Schedules: when each comes next, in its own zone, and what became of it. And one: its next runs, its history, its settings.
import { del, get, may, patch, post, step } from '../lib/api.js';
import { Button, Card, Empty, Facts, Gone, Head, Hint, ProblemBox, State } from '../lib/bits.js';
import { ask, confirm } from '../lib/dialog.js';
import { changed, filled, localInstant } from '../lib/form.js';
import { Json } from '../lib/json.js';
import { known, policyField, Unserved } from '../lib/known.js';
import { useAnswer, useData } from '../lib/live.js';
import { usePages } from '../lib/pages.js';
import { go, href } from '../lib/route.js';
import { mustBeNew } from '../lib/setup.js';
import { Table } from '../lib/table.js';
import { duration, seconds, spelled, Time } from '../lib/time.js';
import { act, toast } from '../lib/toast.js';
import { useTyped } from '../lib/typed.js';
import { html, useEffect, useState } from '../lib/ui.js';

const topics = ['schedules'];
const pathOf = (s) => `schedules/${step(s.name)}`;

// '2026-11-23 09:00:00+01' as people say it: Mon, 23 Nov 09:00.
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'short', timeZone: 'UTC' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });

// exactly: with seconds, even where they are none.
function LocalTime({ of, exactly }) {
	const [, date, minutes, secs] = /^(\S+) (\d\d:\d\d)(:\d\d)?/.exec(of);
	const at = new Date(`${date}T00:00Z`);
	const year = date.startsWith(String(new Date().getFullYear())) ? '' : ` ${date.slice(0, 4)}`;
	return html`<span title=${of}><span class="wide">${weekday.format(at)}, </span>${day.format(at)}${year} ${minutes}${secs === ':00' && !exactly ? '' : secs}</span>`;
}

// --- outcomes

const outcomeLook = (o) => (o.how === 'failed' || o.state === 'failed' ? 'bad' : o.how === 'skipped' || o.state === 'cancelled' ? 'mute' : o.state === 'completed' ? 'ok'
	: ['late', 'missed'].includes(o.how) ? 'warn' : 'run');

const outcomeWords = (o) => [o.local, o.how, o.state, o.reason].filter(Boolean).join(', ');

// The latest at the right, each a bar whose colour and height say how it went. They are too thin to be pressed: the history
// of the schedule has the jobs.
function Strip({ of }) {
	return html`<span class="strip">${[...of].reverse().map((o) => html`<span key=${o.at} class=${outcomeLook(o)} role="img" title=${outcomeWords(o)} aria-label=${outcomeWords(o)}></span>`)}</span>`;
}

const SHOWN = 12, MANY = 40;

function LatestStrip({ s }) {
	const { data, reload } = useData(`${pathOf(s)}/history`, { query: { n: SHOWN }, every: 60000 });
	useEffect(() => { reload(); }, [s.last_at, s.last_state]);
	return html`<${Strip} of=${data?.items ?? []} />`;
}

// --- adding and changing

const zones = Intl.supportedValuesOf ? ['UTC', ...Intl.supportedValuesOf('timeZone')] : ['UTC'];

// What a setting is called, and what it may be: the same words where it is set and where it is shown.
const called = { overlap: 'When the last one has not ended', missed: 'What was missed', missed_within: 'Missed no longer ago than', missed_most: 'Of missed ones, at most', grace: 'Late, not missed, up to', jitter: 'Starts up to so much later', start_within: 'Must start within',
	dst_gap: 'An hour that is left out in spring', dst_overlap: 'An hour that comes twice in autumn' };

const choices = {
	overlap: { allow: 'run beside it', skip: 'skip this one', queue: 'wait behind it', replace: 'cancel it' },
	missed: { last: 'run the last one', skip: 'skip all', all: 'run all' },
	dst_gap: { after: 'run when it is over', skip: 'skip' },
	dst_overlap: { once: 'run once', twice: 'run twice' },
};

const fieldsOf = (s, { kinds, queues }, policy) => [
	{ name: 'spec', label: 'When', value: s.spec, required: true, placeholder: '0 3 * * *', hint: 'minute hour day month weekday; or @daily, @hourly, @every 90s' },
	{ name: 'tz', label: 'Time zone', value: s.tz, suggest: zones, also: Preview },
	{ name: 'kind', label: 'Kind of job', value: s.kind, required: true, suggest: kinds, also: Unserved },
	{ name: 'queue', label: 'Queue', value: s.queue, suggest: queues },
	{ name: 'args', label: 'Arguments', type: 'area', rows: 2, json: true, value: s.args },
	{ name: 'overlap', label: called.overlap, value: s.overlap, options: Object.entries(choices.overlap) },
	{ name: 'missed', label: called.missed, value: s.missed, options: Object.entries(choices.missed) },
	{ name: 'grace', label: called.grace, value: spelled(s.grace), placeholder: '1 min', rare: true },
	{ name: 'missed_within', label: called.missed_within, value: spelled(s.missed_within), placeholder: '1 day', hint: 'what is older is skipped', rare: true },
	{ name: 'missed_most', label: called.missed_most, type: 'number', min: 1, max: 1000, value: s.missed_most, placeholder: '100', hint: 'the latest of them, where all are run', rare: true },
	{ name: 'jitter', label: called.jitter, value: spelled(s.jitter), placeholder: '5 minutes' },
	{ name: 'max_attempts', label: 'Attempts', type: 'number', min: 1, value: s.max_attempts },
	{ name: 'timeout', label: 'Time limit of a run', value: spelled(s.timeout), placeholder: '1 hour' },
	{ name: 'start_within', label: called.start_within, value: spelled(s.start_within), placeholder: '30 min', hint: 'after its instant, or it fails', rare: true },
	{ name: 'lane', label: 'Lane', value: s.lane, hint: 'jobs of a lane start one after the other', rare: true },
	{ name: 'priority', label: 'Priority', type: 'number', min: 0, max: 1000000, value: s.priority, placeholder: '100', hint: 'smaller runs first', rare: true },
	{ ...policy, rare: true },
	{ name: 'tags', label: 'Tags', words: true, unset: true, value: s.tags?.join(', '), placeholder: 'nightly, big', rare: true },
	{ name: 'starts_at', label: 'Comes from', type: 'datetime-local', step: 1, value: localInstant(s.starts_at), hint: 'by the clock of this browser', rare: true },
	{ name: 'ends_at', label: 'Comes until', type: 'datetime-local', step: 1, value: localInstant(s.ends_at), hint: 'by the clock of this browser', rare: true },
	{ name: 'dst_gap', label: called.dst_gap, value: s.dst_gap, options: Object.entries(choices.dst_gap), rare: true },
	{ name: 'dst_overlap', label: called.dst_overlap, value: s.dst_overlap, options: Object.entries(choices.dst_overlap), rare: true },
	{ name: 'description', label: 'What it is for', value: s.description },
];

function NextRuns({ rows }) {
	const exactly = rows.some((r) => !/^\S+ \d\d:\d\d:00/.test(r.local));
	return html`<ol class="next">${rows.map((r) => html`<li key=${r.run_at}><${LocalTime} of=${r.local} exactly=${exactly} /> <${Time} coming at=${r.run_at} /></li>`)}</ol>`;
}

// The next runs of what is typed, while it is typed.
function Preview({ values: { spec, tz } }) {
	const { data: [{ words }, { items: rows }] = [{}, {}], error } = useTyped(spec && ((signal) =>
		Promise.all([get('cron/words', { spec }, signal), get('cron/next', { spec, tz: tz || 'UTC', n: 5 }, signal)])), [spec, tz]);
	return html`<section class="preview" aria-live="polite" aria-label="Next runs">
		${!spec ? html`<p class="soft">When it would run next is shown here.</p>` : error ? html`<p class="bad-text">${error.message}</p><${Hint} text=${error.hint} />`
			: rows && html`<h3>${words}</h3>${rows.length ? html`<${NextRuns} rows=${rows} /><p class="hint">${tz || 'UTC'}</p>` : html`<p class="bad-text">It never comes: there is no such day.</p>`}`}</section>`;
}

const askFor = async (s) => fieldsOf(s, ...await Promise.all([known(), policyField(s.policy, 'What fails is tried again', 'as its queue has it')]));

async function edit(s, reload) {
	const fields = await askFor(s);
	const done = await ask({
		title: `Edit ${s.name}`, fields, broad: true, action: 'Save',
		run: (values) => {
			const what = changed(fields, values);
			return Object.keys(what).length ? patch(pathOf(s), what) : {};
		},
	});
	if (done) {
		toast(`${s.name} is saved`);
		reload();
	}
}

async function add(reload) {
	const fields = [{ name: 'name', label: 'Name', required: true, placeholder: 'nightly-report' }, ...await askFor({ tz: 'UTC', overlap: 'allow', missed: 'last', dst_gap: 'after', dst_overlap: 'once', queue: 'default', args: {} })];
	const done = await ask({ title: 'Add a schedule', fields, broad: true, action: 'Add', run: async (values) => {
		await mustBeNew({ one: 'schedule', path: 'schedules' }, values.name);
		await post('schedules', filled(fields, values));
		return values;
	} });
	if (done) {
		toast(`${done.name} is added`);
		reload();
	}
}

async function drop(s, reload) {
	if (await confirm({ title: `Delete ${s.name}?`, action: 'Delete', text: 'It and its history go; jobs that it made stay.', run: () => del(pathOf(s)) })) {
		toast(`${s.name} is deleted`);
		go('schedules');
		reload();
	}
}

async function verb(s, name, said, reload) {
	await act(() => post(`${pathOf(s)}/${name}`), said);
	reload();
}

const runNow = (s, reload) => verb(s, 'run', (answer) => (answer.job ? `job ${answer.job} is enqueued` : `${s.name} was skipped: its last job has not ended`), reload);

function Verbs({ s, reload, look = '' }) {
	const second = look && `${look} wide`;
	return may('operator') && html`<${Button} look=${look} aria-label=${`Run now: ${s.name}`} onClick=${() => runNow(s, reload)}>Run now<//>
		${s.state === 'paused' ? html`<${Button} look=${second} aria-label=${`Resume ${s.name}`} onClick=${() => verb(s, 'resume', `${s.name} goes on`, reload)}>Resume<//>`
			: html`<${Button} look=${second} aria-label=${`Pause ${s.name}`} onClick=${() => verb(s, 'pause', `${s.name} is paused`, reload)}>Pause<//>`}`;
}

// --- pages

const columns = (reload, few) => [
	{ name: 'name', title: 'Schedule', least: 18, sort: (s) => s.name, cell: (s) => html`<div class="two"><a data-open href=${href(`schedules/${s.name}`)} title=${s.name}>${s.name}</a><span class="soft" title=${s.description}>${s.description ?? s.kind}</span></div>` },
	{ name: 'spec', title: 'When', width: 18, wide: true, cell: (s) => html`<div class="two"><span class="mono">${s.spec}</span><span class="soft">${s.tz}</span></div>` },
	{ name: 'state', title: 'State', width: 11, wide: true, sort: (s) => s.state, cell: (s) => html`<${State} name=${s.state} />` },
	{ name: 'next', title: 'Next', width: 20, sort: (s) => s.next_at, cell: (s) => html`<div class="two">${s.next_at ? html`<${LocalTime} of=${s.next_local} /><span class="soft"><${Time} coming at=${s.next_at} />, ${s.tz}</span>` : html`<span class="soft">${s.state}</span>`}</div>` },
	{ name: 'last', title: few ? 'Lately' : 'Last', width: 15, wide: true, roomy: true, cell: (s) => (few ? html`<${LatestStrip} s=${s} />` : s.last_how && html`<${State} name=${s.last_state ?? s.last_how} />`),
		fold: (s) => [s.last_state, s.last_how].includes('failed') && html`<${State} name="failed" />` },
	...(may('operator') ? [{ name: 'do', title: '', label: 'Actions', width: 21, cell: (s) => html`<div class="actions"><${Verbs} look="small" s=${s} reload=${reload} /></div>` }] : []),
];

function All() {
	const { rows, more, error, reload } = usePages('schedules', undefined, { idOf: (s) => s.name, topics, deeds: true });
	return html`<${Head} title="Schedules" note="Jobs that come by the clock.">${may('admin') && html`<${Button} look="main" onClick=${() => add(reload)}>Add a schedule<//>`}<//>
		${error && html`<${ProblemBox} error=${error} again=${reload} />`}
		<div class="schedules"><${Table} label="schedules" opens columns=${columns(reload, rows?.length <= MANY)} rows=${rows} error=${error} more=${more}
			empty=${html`<${Empty} title="No schedules yet" command="tow schedule add nightly '0 3 * * *' echo '{}' --tz Europe/Berlin">A schedule enqueues a job at each instant of a cron line, in a time zone of its own.<//>`} /></div>`;
}

const historyColumns = (tz) => [
	{ name: 'at', title: `Instant (${tz})`, width: 25, phone: 0, cell: (o) => html`<${LocalTime} of=${o.local} exactly />` },
	{ name: 'how', title: 'How', width: 12, phone: 11, cell: (o) => html`<${State} name=${o.how} />` },
	{ name: 'job', title: 'Job', width: 10, phone: 8, num: true, cell: (o) => o.job && html`<a data-open href=${href(`jobs/${o.job}`)}>${o.job}</a>` },
	{ name: 'state', title: 'Its state', width: 13, wide: true, cell: (o) => o.state && html`<${State} name=${o.state} />` },
	{ name: 'reason', title: 'Why', wide: true, cell: (o) => html`<span title=${o.reason}>${o.reason}</span>` },
];

const HISTORY = 60, MOST = 10000;

function One({ name }) {
	const path = `schedules/${step(name)}`;
	const { data: s, error, reload } = useData(path, { topics, deeds: true });
	const next = useData(`${path}/next`, { query: { n: 8 }, every: 30000 });
	const [most, setMost] = useState(HISTORY);
	const history = useData(`${path}/history`, { query: { n: most }, every: 15000 });
	const words = useAnswer(s ? 'cron/words' : null, { spec: s?.spec })?.words;
	useEffect(() => {
		next.reload();
		history.reload();
	}, [s?.next_at, s?.last_at, s?.last_state]);
	if (!s)
		return error ? html`<${Gone} of="schedule" name=${name} at="schedules" pageTitle="Schedules" error=${error} again=${reload} />` : html`<${Head} title=${name} /><div class="panel loading" aria-busy="true"></div>`;
	return html`<${Head} title=${s.name} note=${html`<a href=${href('schedules')}>Schedules</a>${s.description && ` / ${s.description}`}`} tab=${`Schedule ${s.name}`}>
			${may('admin') && html`<${Button} onClick=${() => edit(s, reload)}>Edit<//>`}<${Verbs} s=${s} reload=${reload} />
			${may('admin') && html`<${Button} look="danger" onClick=${() => drop(s, reload)}>Delete<//>`}<//>
		${error && html`<${ProblemBox} error=${error} again=${reload} />`}
		<div class="columns">
			<${Card} title="Next runs" extra=${html`<${State} name=${s.state} />`}><p class="status"><b>${words ?? ' '}</b></p>
				<div class=${s.state === 'active' ? 'next-room' : ''}>${next.data && (s.state === 'active' ? html`<${NextRuns} rows=${next.data.items} /><p class="hint">clocks of ${s.tz}${s.jitter ? `; each up to ${duration(seconds(s.jitter))} later` : ''}</p>`
					: html`<p class="soft">None: it ${s.state === 'paused' ? 'is paused' : 'has ended'}.</p>`)}</div><//>
			<${Card} title="What"><${Facts} of=${[['Line', html`<span class="mono">${s.spec}</span>`], ['Kind', html`<a href=${href('jobs', { kind: s.kind })}>${s.kind}</a>`], ['Queue', html`<a href=${href(`queues/${s.queue}`)}>${s.queue}</a>`],
				['Lane', s.lane], ['Priority', s.priority], [called.overlap, choices.overlap[s.overlap]], [called.missed, choices.missed[s.missed]], [called.missed_within, spelled(s.missed_within)], [called.missed_most, s.missed === 'all' && s.missed_most], [called.grace, spelled(s.grace)], [called.jitter, s.jitter && spelled(s.jitter)], [called.start_within, spelled(s.start_within)], ['Attempts', s.max_attempts], ['Time limit', s.timeout && duration(seconds(s.timeout))],
				['Policy', s.policy], ['Tags', s.tags?.join(', ')], ['Comes from', s.starts_at && html`<${Time} at=${s.starts_at} />`], ['Comes until', s.ends_at && html`<${Time} at=${s.ends_at} />`],
				[called.dst_gap, choices.dst_gap[s.dst_gap]], [called.dst_overlap, choices.dst_overlap[s.dst_overlap]]]} /><h3>Arguments</h3><${Json} value=${s.args} label="arguments" /><//>
		</div>
		${s.last_at && html`<${Card} title="Lately"><${Strip} of=${history.data?.items.slice(0, HISTORY) ?? []} /><//>`}
		<h2>History</h2>
		<${Table} label="history" columns=${historyColumns(s.tz)} rows=${history.data?.items} rowKey=${(o) => o.at} more=${history.data?.items.length >= most && most < MOST && (() => setMost(Math.min(MOST, most + HISTORY)))}
			empty=${html`<${Empty} title="It has not come yet" command=${`tow schedule run ${s.name}`} />`} />`;
}

export function Schedules({ rest: [name] }) {
	return name ? html`<${One} name=${name} />` : html`<${All} />`;
}
