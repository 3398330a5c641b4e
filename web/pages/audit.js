// The audit: what people did, and what the system did about trouble.
import { get } from '../lib/api.js';
import { Empty, Head, ProblemBox } from '../lib/bits.js';
import { hiddenSaid, hiddenShown } from '../lib/hidden.js';
import { usePages } from '../lib/pages.js';
import { filter, href } from '../lib/route.js';
import { Table } from '../lib/table.js';
import { Moment } from '../lib/time.js';
import { html, useState } from '../lib/ui.js';

// READ: of how many entries the words are offered.
const PAGE = 100, READ = 1000;

const spans = [['', 'Last day', '1 day'], ['7d', 'Last week', '7 days'], ['30d', 'Last month', '30 days'], ['all', 'All that is kept', '100 years']];

// What the first step of the word is about has a page of its own, mostly.
const pageOf = { queue: 'queues', schedule: 'schedules', daemon: 'daemons', client: 'clients', target: 'clients', token: 'settings', setting: 'settings' };

function Subject({ row }) {
	const page = pageOf[row.what.split('.')[0]];
	if (row.job)
		return html`<a data-open href=${href(`jobs/${row.job}`)}>job ${row.job}</a>${row.subject && ` ${row.subject}`}`;
	return page && row.subject ? html`<a data-open href=${href(['queues', 'schedules', 'daemons'].includes(page) ? `${page}/${row.subject}` : page)}>${row.subject}</a>` : row.subject;
}

const word = (v) => (v === null ? 'none' : typeof v === 'object' ? JSON.stringify(v) : v);
const isChange = (v) => typeof v === 'object' && 'was' in v && 'is' in v;

const words = (detail) => (detail === null ? '' : typeof detail === 'object' ? Object.entries(detail).filter(([, v]) => v !== null)
	.map(([k, v]) => `${k}: ${isChange(v) ? `${word(v.was)} → ${word(v.is)}` : word(v)}`).join(', ') : String(detail));

const SHORT = 60;

// A long one is opened by who wants it.
function Folded({ text }) {
	return text.length <= SHORT ? html`<span class="soft">${text}</span>` : html`<details class="folded soft"><summary>${text.slice(0, SHORT)}…</summary>${text}</details>`;
}

const columns = [
	{ name: 'at', by: 'at', title: 'When', width: 17, cell: (r) => html`<${Moment} at=${r.at} />` },
	{ name: 'who', by: 'who', title: 'Who', width: 14, wide: true, cell: (r) => html`<a href=${href('audit', { who: r.who })}>${r.who}</a>`, fold: (r) => html`<span class="soft">by ${r.who}</span>` },
	{ name: 'what', by: 'what', title: 'What', width: 18, cell: (r) => r.what },
	{ name: 'subject', by: 'subject', title: 'To', width: 26, phone: 0, holds: true, cell: (r) => html`<${Subject} row=${r} />` },
	{ name: 'detail', title: 'Detail', least: 18, wide: true, cell: (r) => html`<span class="soft" title=${hiddenSaid(words(r.detail))}>${hiddenShown(words(r.detail))}</span>`, fold: (r) => words(r.detail) && html`<${Folded} text=${hiddenShown(words(r.detail))} />` },
];

const beginnings = (whats) => [...new Set(whats.flatMap((what) => [what.split('.')[0], what]))].sort();

// What there is to look for is asked for when somebody looks.
function useWhats(since) {
	const [whats, setWhats] = useState(null);
	const learn = () => whats ?? get('audit', { limit: READ, since }).then(({ items }) => setWhats(beginnings(items.map((r) => r.what))), () => {});
	return [whats ?? [], learn];
}

export function Audit({ query }) {
	const span = spans.find(([name]) => name === (query.since ?? '')) ?? spans[0];
	const { rows, error, reload, more } = usePages('audit', { limit: PAGE, what: query.what, who: query.who, job: query.job, since: span[2], sort: query.sort },
		{ idOf: (r) => r.n, grows: !query.sort, topics: ['jobs', 'daemons', 'schedules', 'queues'], every: 10000 });
	const [whats, learn] = useWhats(span[2]);
	const text = (name, label, placeholder) => html`<input data-filter=${name === 'what' ? '' : undefined} list=${name === 'what' ? 'whats' : undefined} onFocus=${name === 'what' ? learn : undefined} type=${name === 'job' ? 'number' : 'search'} aria-label=${label} placeholder=${placeholder}
		value=${query[name] ?? ''} onInput=${(e) => filter({ [name]: e.target.value }, { typing: true })} />`;
	return html`<${Head} title="Audit" note="What people did, and what the system did about trouble." />
		<div class="filters" role="search">${text('what', 'How what was done begins', 'What: queue…')}<datalist id="whats">${whats.map((what) => html`<option key=${what} value=${what} />`)}</datalist>${text('who', 'Who did it', 'Who')}${text('job', 'Of which job', 'Job')}
			<select aria-label="Since" value=${span[0]} onChange=${(e) => filter({ since: e.target.value })}>${spans.map(([name, label]) => html`<option value=${name} selected=${name === span[0]}>${label}</option>`)}</select></div>
		${error && html`<${ProblemBox} error=${error} again=${reload} />`}
		<div class="audit"><${Table} label="audit" columns=${columns} rows=${rows} error=${error} rowKey=${(r) => r.n} more=${more} order=${{ sort: query.sort, set: (to) => filter({ sort: to }) }}
			empty=${query.what || query.who || query.job ? html`<${Empty} title="Nothing fits"><a href=${href('audit')}>Show all</a><//>`
				: html`<${Empty} title="Nothing yet" command="tow queue pause default --reason 'to see it here'">Whatever somebody changes is written down here, with who it was.<//>`} /></div>`;
}
