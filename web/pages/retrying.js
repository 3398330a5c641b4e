// How often what fails is tried again, and how many of a kind run at a time: policies and kinds, where they are seen and changed.
import { may, put, step } from '../lib/api.js';
import { Button, Empty, number, ProblemBox, State } from '../lib/bits.js';
import { ask } from '../lib/dialog.js';
import { changed } from '../lib/form.js';
import { usePages } from '../lib/pages.js';
import { href } from '../lib/route.js';
import { mustBeNew } from '../lib/setup.js';
import { Table } from '../lib/table.js';
import { spelled } from '../lib/time.js';
import { toast } from '../lib/toast.js';
import { html } from '../lib/ui.js';
import { PauseButton } from './queues.js';

// --- policies

const shapes = {
	fixed: 'the same each time', linear: 'as much longer each time', exponential: 'so many times longer each time', polynomial: 'longer by a power of how often it was tried', list: 'as listed',
	function: 'a function of the database decides',
};

const delays = {
	fixed: (p) => spelled(p.base),
	linear: (p) => `${spelled(p.base)} more each time`,
	exponential: (p) => `${spelled(p.base)}, then ${p.factor} times longer each time`,
	polynomial: (p) => `${spelled(p.base)}, times n to the power of ${p.factor}`,
	list: (p) => p.delays.map(spelled).join(', '),
	function: (p) => p.fn,
};

export const delayWords = (p) => delays[p.shape](p) + (p.cap && p.shape !== 'function' ? `, at most ${spelled(p.cap)}` : '');

// A PUT would change one that is there.
async function make({ name, ...rest }) {
	await mustBeNew({ one: 'policy', path: 'policies' }, name);
	return put(`policies/${step(name)}`, rest);
}

export const ofPolicies = {
	one: 'policy', path: 'policies', reset: [], gone: 'Jobs that name it go by the default one.', pattern: '[a-z0-9_.\\-]{1,64}', title: 'up to 64 small letters, digits, _ . -',
	text: 'When a job that failed is tried again, and how often. What waits for its next attempt already stays as it is.',
	send: make,
	// A function is made in the database, and so is a policy that asks one.
	fields: (p) => [
		{ name: 'shape', label: 'Delays', value: p.shape ?? 'exponential', options: Object.entries(shapes).filter(([shape]) => shape !== 'function' || p.shape === shape) },
		{ name: 'base', label: 'First delay', value: spelled(p.base), placeholder: '5 s' },
		{ name: 'factor', label: 'Factor', type: 'number', min: 0.01, max: 100, step: 'any', value: p.factor, placeholder: '2' },
		{ name: 'cap', label: 'At most', value: spelled(p.cap), placeholder: 'a year' },
		{ name: 'max_attempts', label: 'Attempts', type: 'number', min: 1, value: p.max_attempts, placeholder: '12' },
		{ name: 'jitter', label: 'Spread', type: 'number', min: 0, max: 1, step: 'any', value: p.jitter, placeholder: '0.1', hint: '0.1: each delay up to a tenth shorter or longer', rare: true },
		{ name: 'delays', label: 'Listed delays', words: true, unset: true, value: p.delays?.map(spelled).join(', '), placeholder: '1 min, 10 min, 1 h', hint: 'the last one goes on' },
		{ name: 'classes', label: 'Errors that go by another policy', json: true, value: p.classes, placeholder: '{"http.4": "never"}', hint: 'how the class of an error begins, and the policy', rare: true },
		{ name: 'description', label: 'What it is for', value: p.description },
	],
};

// --- kinds

async function limit(k, reload) {
	const fields = [{ name: 'max_running', label: 'Running at a time', type: 'number', min: 1, value: k.max_running, placeholder: 'any number' }];
	const done = await ask({ title: `Limit ${k.kind}`, fields, action: 'Save', text: 'Over all queues, at once; empty means no limit.', run: (values) => {
		const what = changed(fields, values);
		return Object.keys(what).length ? put(`kinds/${step(k.kind)}`, what) : {};
	} });
	if (done) {
		toast(`${k.kind} is saved`);
		reload();
	}
}

const kindColumns = (reload) => [
	{ name: 'kind', title: 'Kind', cell: (k) => html`<a href=${href('jobs', { kind: k.kind })}>${k.kind}</a>` },
	{ name: 'state', title: 'State', width: 13, wide: true, cell: (k) => html`<span title=${k.pause_reason}><${State} name=${k.paused_at ? 'paused' : 'active'} /></span>`,
		fold: (k) => k.paused_at && html`<${State} name="paused" />` },
	{ name: 'most', title: 'At a time', width: 11, phone: 9, num: true, cell: (k) => (k.max_running === null ? 'any' : number(k.max_running)) },
	{ name: 'workers', title: 'Workers', width: 10, num: true, wide: true, cell: (k) => number(k.workers) },
	{ name: 'queues', title: 'In queues', wide: true, cell: (k) => html`<span class="soft" title=${k.queues.join(', ')}>${k.queues.join(', ')}</span>` },
	...(may('operator') ? [{ name: 'do', title: '', label: 'Actions', width: 20, phone: 11, cell: (k) => html`<div class="actions">${may('admin') && html`<${Button} look="small" aria-label=${`Limit ${k.kind}`} onClick=${() => limit(k, reload)}>Limit<//>`}
		<${PauseButton} path=${`kinds/${step(k.kind)}`} name=${k.kind} paused=${Boolean(k.paused_at)} reload=${reload} /></div>` }] : []),
];

export function Kinds() {
	const { rows, more, error, reload } = usePages('kinds', undefined, { idOf: (k) => k.kind, deeds: true, every: 30000 });
	return html`<div class="lead"><p class="soft">What workers can do, how many of each run at a time over all queues, and which are paused.</p></div>
		${error && html`<${ProblemBox} error=${error} again=${reload} />`}
		<div class="treatment whole"><${Table} label="kinds" columns=${kindColumns(reload)} rows=${rows} more=${more} error=${error} rowKey=${(k) => k.kind}
			empty=${html`<${Empty} title="No kinds" command="tow worker --queue default:4">A worker that lives knows some.<//>`} /></div>`;
}
