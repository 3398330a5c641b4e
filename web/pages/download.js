// One download: how far it is, what is wrong, its files, and all that ever happened to it.
import { may, post } from '../lib/api.js';
import { Button, Card, count, Empty, Facts, Gone, Head, Hint, ProblemBox, State } from '../lib/bits.js';
import { ask } from '../lib/dialog.js';
import { hiddenSaid } from '../lib/hidden.js';
import { isAnswered, useData } from '../lib/live.js';
import { gist, Long } from '../lib/long.js';
import { useOutcome } from '../lib/outcome.js';
import { usePages } from '../lib/pages.js';
import { go, href } from '../lib/route.js';
import { bytes, speed } from '../lib/size.js';
import { Table } from '../lib/table.js';
import { duration, exact, Lasting, Moment, Time } from '../lib/time.js';
import { act, toastProblem } from '../lib/toast.js';
import { Json } from '../lib/json.js';
import { html, useEffect, useMemo } from '../lib/ui.js';
import { amount, asksOf, DownloadState, hintOf, isOver, percent, Progress, stateWords, troubleOf, undo, useMoving, Verbs } from './downloads.js';

// How long it was in which state, one after the other; begun: whether what is known begins with it.
function Timeline({ events, begun }) {
	const steps = events.filter((e) => e.to_state);
	return html`<ol class="stages" aria-label="States">${!begun && html`<li><span class="soft">…</span></li>`}${steps.map((e, i) => html`<li key=${e.n} title=${exact(e.at)}><${State} name=${stateWords(e.to_state)} />
		<span class="soft num">${steps[i + 1] ? duration((Date.parse(steps[i + 1].at) - Date.parse(e.at)) / 1000) : html`<${Lasting} from=${e.at} />`}</span></li>`)}</ol>`;
}

const fileColumns = [
	{ name: 'source', title: 'File', cell: (f) => html`<div class="two"><span title=${f.path ?? f.source}>${f.source}</span>
		<span class=${f.error ? 'bad-text' : 'soft'} title=${hiddenSaid(f.error ?? f.why ?? f.path)}>${gist(f.error ?? f.why ?? f.path)}</span></div>` },
	{ name: 'state', title: 'State', width: 13, sort: (f) => f.state, cell: (f) => html`<${State} name=${f.state} />` },
	{ name: 'size', title: 'Size', width: 11, num: true, wide: true, sort: (f) => f.size, cell: (f) => bytes(f.size) },
	{ name: 'mode', title: 'How', width: 10, wide: true, cell: (f) => f.mode ?? html`<span class="soft">–</span>` },
	{ name: 'placed', title: 'Placed', width: 14, wide: true, cell: (f) => html`<${Time} at=${f.placed_at} />` },
];

// On a phone the detail has the room of both.
const eventColumns = [
	{ name: 'at', title: 'When', width: 17, phone: 10, cell: (e) => html`<${Moment} at=${e.at} />` },
	{ name: 'what', title: 'What', width: 17, wide: true, cell: (e) => stateWords(e.what) },
	{ name: 'detail', title: 'Detail', cell: (e) => html`<b class="narrow">${stateWords(e.what)}</b><${Long} text=${e.detail} />` },
	{ name: 'who', title: 'Who', width: 16, wide: true, cell: (e) => e.who },
];

function Now({ d }) {
	return html`<${Card} title="Now" extra=${html`<${DownloadState} d=${d} />`}>
		<div class="large"><${Progress} d=${d} /><b class="num">${percent(d)}</b></div>
		<${Facts} of=${[['Downloaded', amount(d)], ['Down', speed(d.down)], ['Up', speed(d.up)], ['Left', d.eta_s === null ? '–' : duration(Math.round(d.eta_s))],
			['Ratio', d.ratio?.toFixed(2)], ['Seeders', d.seeders], ['Leechers', d.leechers], ['In its client', d.transfer], ['In this state', html`<${Lasting} from=${d.state_at} />`],
			['Tried in vain', d.tries && `${d.tries} of ${count(d.max_tries, 'time')}`], ['Next try', d.tries && html`<${Time} coming at=${d.next_try_at} none="now" />`]]} /><//>`;
}

function About({ d }) {
	return html`<${Card} title="About"><${Facts} of=${[
		['Client', html`<a href=${href('clients')}>${d.client}</a>`], ['Library', d.library], ['Type', d.type], ['Profile', d.profile], ['Priority', d.priority], ['Category', d.category],
		['Added', html`<${Time} at=${d.created_at} />`], ['By', d.who], ['Completed', d.completed_at && html`<${Time} at=${d.completed_at} />`], ['Tracker', d.tracker_host],
		['Says', d.tracker], ['Tags', d.tags?.join(', ')], ['Folder', d.folder && html`<span class="mono">${d.folder}</span>`],
		['From', d.source && html`<span class="mono">${d.source}</span>`], ['Job', d.job && html`<a href=${href(`jobs/${d.job}`)}>${d.job}</a>`]]} />
		${Object.keys(d.meta).length > 0 && html`<h3>Named by</h3><${Json} value=${d.meta} label="what its name is made of" />`}
		${Object.keys(d.options).length > 0 && html`<h3>Options</h3><${Json} value=${d.options} label="options" />`}<//>`;
}

function ClientVerbs({ d }) {
	if (!may('operator') || d.type !== 'torrent')
		return null;
	return ['recheck', 'reannounce'].map((what) => html`<${Button} key=${what} onClick=${() => act(() => post(`downloads/${d.id}/act`, { what }), `${d.client} is asked to ${what}`)}>
		${what[0].toUpperCase()}${what.slice(1)}<//>`);
}

const FILES = 200, EVENTS = 100;

const plannedColumns = [
	{ name: 'source', title: 'File', cell: (f) => html`<div class="two"><span title=${f.source}>${f.source}</span><span class="soft" title=${f.target ?? f.why}>${f.target ?? f.why ?? ''}</span></div>` },
	{ name: 'state', title: 'What becomes of it', width: 18, phone: 12, cell: (f) => html`<${State} name=${f.state} />` },
	{ name: 'size', title: 'Size', width: 11, num: true, wide: true, cell: (f) => bytes(f.size) },
];

function Plan({ job }) {
	const { found, state, error } = useOutcome(`downloads/previews/${job}`, job);
	return html`<div class="findings" aria-live="polite">${error ? html`<div class="bad-text"><${Long} text=${error} /></div>` : state !== 'completed' ? html`<p><${State} name="a worker looks" look="run" /></p>`
		: found.length === 0 ? html`<p class="soft">There are no files.</p>` : html`<${Table} label="planned files" columns=${plannedColumns} rows=${found} rowKey=${(f) => f.source} />`}</div>`;
}

async function preview(d) {
	try {
		const { job } = await post(`downloads/${d.id}/preview`);
		await ask({ title: `What an import of ${d.title} would do`, broad: true, action: null, body: html`<${Plan} job=${job} />` });
	} catch (error) {
		toastProblem(error);
	}
}

// Of what has ended, none will come. What an import would do can be asked once all is here, and before it is done.
function Files({ d, files }) {
	const none = files.rows?.length === 0;
	const offer = may('operator') && d.library && d.percent >= 99.95 && d.state !== 'completed';
	if (none && isOver(d) && !offer)
		return null;
	return html`<section class="stack"><div class="lead"><h2>${none || !files.rows ? 'Files' : `${files.more ? 'More than ' : ''}${count(files.rows.length, 'file')}`}</h2>${offer && html`<${Button} onClick=${() => preview(d)}>Preview<//>`}</div>
		${!(none && isOver(d)) && html`<${Table} label="files" columns=${fileColumns} rows=${files.rows} rowKey=${(f) => f.id} more=${files.more}
			empty=${html`<${Empty} title="No files yet">They are known once it is here.<//>`} />`}</section>`;
}

export function Download({ id }) {
	return /^\d{1,18}$/.test(id) ? html`<${Known} id=${id} />`
		: html`<${Gone} of="download" name=${id} at="downloads" pageTitle="Downloads" error=${{ status: 404 }}>A download is known by its number.<//>`;
}

function Known({ id }) {
	const one = useData(`downloads/${id}`);
	const now = useMoving(useMemo(() => one.data && [one.data], [one.data]), one.reload, Number(id) > 0 ? `download:${id}` : null);
	const files = usePages(`downloads/${id}/files`, { limit: FILES });
	const events = usePages(`downloads/${id}/events`, { limit: EVENTS }, { idOf: (e) => e.n, grows: true });
	useEffect(() => {
		files.reload();
		events.reload();
	}, [one.data?.state, one.data?.state_at]);
	const back = html`<a href=${href('downloads')}>Downloads</a>`;
	if (![one, files, events].every(isAnswered))
		return html`<${Head} title=${`Download ${id}`} note=${back} /><div class="panel loading" aria-busy="true"></div>`;
	if (!one.data)
		return html`<${Gone} of="download" name=${id} at="downloads" pageTitle="Downloads" error=${one.error} again=${one.reload}>It was never added here, or it has been deleted.<//>`;
	const d = now(one.data);
	const again = (isGone) => {
		if (isGone)
			return go('downloads');
		one.reload();
		files.reload();
		return events.reload();
	};
	const placed = files.rows?.some((f) => f.state === 'placed');
	return html`<${Head} title=${d.title} note=${html`${back} / ${d.id}`}>
			<${ClientVerbs} d=${d} />
			${may('operator') && placed && ['completed', 'failed', 'cancelled'].includes(d.state) && html`<${Button} onClick=${() => undo(d, again)}>Undo import<//>`}
			<${Verbs} d=${d} done=${again} /><//>
		${one.error && html`<${ProblemBox} error=${one.error} again=${one.reload} />`}
		${d.trouble && html`<div class="problem ${asksOf(d)}" role="status"><${Long} text=${troubleOf(d)} /><${Hint} text=${hintOf(d)} /></div>`}
		<div class="columns"><${Now} d=${d} /><${About} d=${d} /></div>
		${events.rows && html`<${Card} title="States"><${Timeline} events=${[...events.rows].reverse()} begun=${!events.more} /><//>`}
		<${Files} d=${d} files=${files} />
		<h2>What happened</h2>
		<div class="whole events"><${Table} label="events" columns=${eventColumns} rows=${events.rows} rowKey=${(e) => e.n} more=${events.more} /></div>`;
}
