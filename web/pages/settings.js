// Settings: of the instance, who may ask the server, and how downloads are treated.
import { del, may, post, put, step } from '../lib/api.js';
import { Button, Empty, Head, Hint, number, ProblemBox, State } from '../lib/bits.js';
import { ask, confirm } from '../lib/dialog.js';
import { filled } from '../lib/form.js';
import { useData } from '../lib/live.js';
import { Long } from '../lib/long.js';
import { usePages } from '../lib/pages.js';
import { href } from '../lib/route.js';
import { Secret } from '../lib/secret.js';
import { add, drop, edit } from '../lib/setup.js';
import { bytes } from '../lib/size.js';
import { Table } from '../lib/table.js';
import { duration, seconds, Time } from '../lib/time.js';
import { act, toast } from '../lib/toast.js';
import { test } from '../lib/trial.js';
import { html } from '../lib/ui.js';
import { addLibrary, editLibrary, ofLibraries } from './libraries.js';
import { delayWords, Kinds, ofPolicies } from './retrying.js';
import { goals, ofChannels, ofProfiles, ofRules, testChannel, testRule } from './treatment.js';

// --- of the instance

async function change(s, reload) {
	const done = await ask({ title: s.name, text: s.description, action: 'Save', fields: [{ name: 'value', label: 'Value', value: s.value, required: true, hint: `the standard is ${s.standard ?? 'none'}` }],
		run: ({ value }) => put(`config/${step(s.name)}`, { value }) });
	if (done) {
		toast(`${s.name} is saved`);
		reload();
	}
}

async function reset(s, reload) {
	await act(() => del(`config/${step(s.name)}`), `${s.name} is ${s.standard} again`);
	reload();
}

const settingColumns = (reload) => [
	{ name: 'name', title: 'Setting', cell: (s) => html`<div class="two"><b>${s.name.split('_').map((part, i) => (i ? html`_<wbr />${part}` : part))}</b><span class="soft" title=${s.description}>${s.description}</span></div>` },
	{ name: 'value', title: 'Value', width: 18, cell: (s) => html`<div class="two"><span class="mono" title=${s.value}>${s.value === '' ? '–' : s.value}</span>${s.value !== s.standard && s.standard !== null && html`<span class="soft">standard: ${s.standard}</span>`}</div>` },
	{ name: 'do', title: '', label: 'Actions', width: 19, cell: (s) => s.name !== 'test' && html`<div class="actions">${s.value !== s.standard && s.standard !== null && html`<${Button} look="small wide" aria-label=${`Reset ${s.name}`} onClick=${() => reset(s, reload)}>Reset<//>`}
		<${Button} look="small" aria-label=${`Change ${s.name}`} onClick=${() => change(s, reload)}>Change<//></div>` },
];

function Instance() {
	const { data, error, reload } = useData('config', { deeds: true, every: 60000 });
	return html`${error && html`<${ProblemBox} error=${error} again=${reload} />`}
		<div class="settings whole"><${Table} label="settings" columns=${settingColumns(reload)} rows=${data?.items} error=${error} /></div>`;
}

// --- tokens

async function addToken(reload) {
	const fields = [
		{ name: 'name', label: 'Name', required: true, placeholder: 'who, or which program', pattern: '[a-zA-Z0-9_.@\\-]{1,50}', title: 'up to 50 letters, digits, _ . @ -' },
		{ name: 'role', label: 'Role', value: 'viewer', options: [['viewer', 'viewer: looks'], ['operator', 'operator: also starts, stops, retries'], ['admin', 'admin: also changes settings'], ['producer', 'producer: a program that only makes jobs']] },
		{ name: 'queues', label: 'Queues', words: true, placeholder: 'all', hint: 'for a producer: the only ones that it may use, with commas between them' },
		{ name: 'lasts', label: 'Good for', placeholder: 'ever', hint: 'for instance 90 days' },
	];
	const done = await ask({ title: 'Add a token', fields, action: 'Add', run: (values) => post('tokens', filled(fields, values)) });
	if (!done)
		return;
	reload();
	await ask({ title: 'The new token', action: null, text: 'It is shown this once, and kept nowhere.', body: html`<${Secret} value=${done.token} label="secret of the new token" />` });
}

async function dropToken(t, reload) {
	if (await confirm({ title: `Delete ${t.name}?`, action: 'Delete', text: 'Whoever uses it is refused at once; browsers that signed in with it are signed out.', run: () => del(`tokens/${step(t.name)}`) })) {
		toast(`${t.name} is deleted`);
		reload();
	}
}

const tokenColumns = (reload) => [
	{ name: 'name', title: 'Token', cell: (t) => html`<b>${t.name}</b>` },
	{ name: 'role', title: 'Role', width: 14, sort: (t) => t.role, cell: (t) => (t.queues ? html`<div class="two">${t.role}<span class="soft" title=${t.queues.join(', ')}>${t.queues.join(', ')}</span></div>` : t.role) },
	{ name: 'used', title: 'Used last', width: 16, wide: true, cell: (t) => html`<${Time} at=${t.used_at} none="never" />` },
	{ name: 'sessions', title: 'Browsers', width: 11, num: true, wide: true, roomy: true, cell: (t) => number(t.sessions) },
	{ name: 'expires', title: 'Ends', width: 14, wide: true, cell: (t) => html`<${Time} at=${t.expires_at} none="never" />` },
	{ name: 'by', title: 'Made by', width: 16, wide: true, roomy: true, cell: (t) => t.made_by },
	{ name: 'do', title: '', label: 'Actions', width: 10, cell: (t) => html`<div class="actions"><${Button} look="small" aria-label=${`Delete ${t.name}`} onClick=${() => dropToken(t, reload)}>Delete<//></div>` },
];

function Tokens() {
	const { rows, more, error, reload } = usePages('tokens', undefined, { idOf: (t) => t.name, deeds: true, every: 30000 });
	return html`<div class="lead"><p class="soft">Who may ask the server, as whom. What they know is shown once, when they are made.</p><${Button} look="main" onClick=${() => addToken(reload)}>Add a token<//></div>
		${error && html`<${ProblemBox} error=${error} again=${reload} />`}
		<${Table} label="tokens" columns=${tokenColumns(reload)} rows=${rows} more=${more} error=${error} empty=${html`<${Empty} title="No tokens" command="tow token add laptop --role operator" />`} />`;
}

// --- of downloads

// What can be done with what has a name.
const byName = (sort, more) => ({ one: sort.one, add: () => add(sort), edit: (o) => edit(sort, o), drop: (o) => drop(sort, o), nameOf: (o) => o.name, ...more });

// What its last message met, as long as none has got through since.
function Wrong({ of: { error, hint } }) {
	return error && html`<div class="bad-text"><${Long} text=${error} /></div><${Hint} text=${hint} />`;
}

const list = (words) => words?.join(', ') || html`<span class="soft">–</span>`;

const read = {
	policies: {
		title: 'Retries', role: 'viewer', path: 'policies', command: "tow policy set patient --shape exponential --base '1 min' --max-attempts 20", say: 'When a job that failed is tried again, and how often.', ...byName(ofPolicies, { keeps: (p) => ['default', 'never'].includes(p.name) }),
		columns: [
			{ name: 'name', title: 'Policy', width: 20, phone: 14, cell: (p) => html`<div class="two"><b>${p.name}</b><span class="soft wide" title=${p.description}>${p.description}</span></div>` },
			{ name: 'delays', title: 'Delays', cell: (p) => html`<span title=${delayWords(p)}>${delayWords(p)}</span>` }, { name: 'attempts', title: 'Attempts', width: 11, num: true, wide: true, cell: (p) => number(p.max_attempts) }],
	},
	kinds: { title: 'Kinds', role: 'viewer', component: Kinds },
	libraries: {
		title: 'Libraries', role: 'viewer', path: 'libraries', command: "tow library add films /srv/films --template '{title}/{name}'", say: 'Where files go, and how they are called there.',
		...byName(ofLibraries, { add: addLibrary, edit: editLibrary, test: (l) => test('libraries', l) }),
		columns: [
			{ name: 'name', title: 'Library', width: 14, phone: 12, cell: (l) => html`<a href=${href('downloads', { library: l.name })}>${l.name}</a>` }, { name: 'root', title: 'Folder', cell: (l) => html`<span class="mono" title=${l.root}>${l.root}</span>` },
			{ name: 'template', title: 'Names', wide: true, cell: (l) => html`<span class="mono" title=${l.template}>${l.template}</span>` },
			{ name: 'profile', title: 'Profile', width: 10, wide: true, cell: (l) => l.profile }, { name: 'targets', title: 'Told', width: 10, wide: true, cell: (l) => list(l.targets) },
			{ name: 'downloads', title: 'Downloads', width: 12, num: true, wide: true, roomy: true, cell: (l) => number(l.downloads) }, { name: 'free', title: 'Free', width: 11, num: true, wide: true, cell: (l) => bytes(l.free_bytes) }],
	},
	profiles: {
		title: 'Profiles', role: 'viewer', path: 'profiles', command: "tow profile add patient --stalled 'fail after 2 days'", say: 'What is done about downloads in trouble.', ...byName(ofProfiles, { keeps: (p) => p.name === 'default' }),
		columns: [
			{ name: 'name', title: 'Profile', width: 14, phone: 11, cell: (p) => html`<b>${p.name}</b>` }, { name: 'stalled', title: 'When it gets nothing', cell: (p) => html`<span title=${p.stalled}>${p.stalled}</span>` },
			{ name: 'error', title: 'When its client fails', wide: true, cell: (p) => html`<span title=${p.error}>${p.error}</span>` }, { name: 'retries', title: 'Retries', width: 9, num: true, wide: true, cell: (p) => number(p.retries) },
			{ name: 'active', title: 'At once', width: 9, num: true, wide: true, cell: (p) => number(p.max_active) }, { name: 'libraries', title: 'Libraries', width: 18, wide: true, cell: (p) => list(p.libraries) }],
	},
	goals: {
		title: 'Seeding goals', role: 'viewer', path: 'goals', command: "tow goal set --ratio 1 --seed-time '7 days'", say: 'How long torrents seed that are placed, before they are removed.', one: 'goal', ...goals,
		columns: [
			{ name: 'tracker', title: 'Tracker', cell: (g) => g.tracker || 'any' }, { name: 'library', title: 'Library', cell: (g) => g.library ?? 'any' }, { name: 'ratio', title: 'Ratio', width: 10, phone: 7, num: true, cell: (g) => g.ratio ?? '–' },
			{ name: 'time', title: 'For', width: 12, phone: 7, num: true, cell: (g) => (g.seed_time ? duration(seconds(g.seed_time)) : '–') }, { name: 'need', title: 'Needs', width: 10, wide: true, cell: (g) => g.need }],
	},
	channels: {
		title: 'Channels', role: 'viewer', path: 'channels', command: 'tow channel add phone ntfy https://ntfy.sh --topic mine', say: 'Ways to tell people something.', ...byName(ofChannels, { test: testChannel }),
		columns: [
			{ name: 'name', title: 'Channel', width: 14, phone: 0, cell: (c) => html`<b>${c.name}</b>` }, { name: 'driver', title: 'By', width: 8, wide: true, roomy: true, cell: (c) => c.driver },
			{ name: 'state', title: 'State', width: 12, wide: true, cell: (c) => html`<${State} name=${c.state} />`, fold: (c) => html`<${State} name=${c.state} />` },
			{ name: 'error', title: 'What is wrong', wide: true, cell: (c) => html`<${Wrong} of=${c} />`, fold: (c) => c.error && html`<${Wrong} of=${c} />` },
			{ name: 'rules', title: 'Rules', width: 14, wide: true, cell: (c) => list(c.rules) }, { name: 'sent', title: 'Sent last', width: 13, wide: true, cell: (c) => html`<${Time} at=${c.sent_at} none="never" />` }],
	},
	rules: {
		title: 'Rules', role: 'viewer', path: 'rules', command: "tow notify add failures phone download.failed,job.failed", say: 'What is told to whom.', ...byName(ofRules, { test: testRule }),
		columns: [
			{ name: 'name', title: 'Rule', width: 18, phone: 9, cell: (r) => html`<b>${r.name}</b>` }, { name: 'channel', title: 'Channel', width: 16, wide: true, cell: (r) => r.channel }, { name: 'events', title: 'Events', cell: (r) => html`<span title=${r.events?.join(', ')}>${list(r.events)}</span>` },
			{ name: 'libraries', title: 'Libraries', width: 16, wide: true, roomy: true, cell: (r) => list(r.libraries) }, { name: 'delay', title: 'Gathers', width: 10, num: true, wide: true, cell: (r) => duration(seconds(r.delay)) }, { name: 'enabled', title: 'On', width: 7, wide: true, cell: (r) => (r.enabled ? 'yes' : 'no'), fold: (r) => !r.enabled && html`<${State} name="off" />` }],
	},
};

// Whoever may only test is offered that alone; keeps: what cannot be deleted.
function doColumn(of, then) {
	const one = (word, row, does) => html`<${Button} key=${word} look="small" aria-label=${`${word} ${of.nameOf(row)}`} onClick=${() => then(() => does(row))}>${word}<//>`;
	return { name: 'do', title: '', label: 'Actions', width: of.test ? 26 : 19, phone: 11, cell: (r) => html`<div class="actions">${of.test && one('Test', r, of.test)}
		${may('admin') && one('Edit', r, of.edit)}${may('admin') && !of.keeps?.(r) && one('Delete', r, of.drop)}</div>` };
}

function Read({ of }) {
	const { rows, more, error, reload } = usePages(of.path, undefined, { idOf: of.nameOf, deeds: true, every: 30000 });
	const then = async (does) => {
		if (await does())
			reload();
	};
	const does = may('admin') || (of.test && may('operator'));
	return html`<div class="lead"><p class="soft">${of.say}</p>${may('admin') && html`<${Button} look="main" onClick=${() => then(of.add)}>Add a ${of.one}<//>`}</div>
		${error && html`<${ProblemBox} error=${error} again=${reload} />`}
		<div class="treatment whole"><${Table} label=${of.title} columns=${does ? [...of.columns, doColumn(of, then)] : of.columns} rows=${rows} rowKey=${(r) => of.nameOf(r)} more=${more} error=${error} empty=${html`<${Empty} title=${`No ${of.title.toLowerCase()} yet`} command=${of.command}>${of.say}<//>`} /></div>`;
}

const tabs = {
	instance: { title: 'Instance', role: 'admin', component: Instance },
	tokens: { title: 'Tokens', role: 'admin', component: Tokens },
	...read,
};

function NoTab({ name }) {
	return Object.hasOwn(tabs, name) ? html`<${Empty} title=${`${tabs[name].title}: for admins alone`}>Choose another tab.<//>` : html`<${Empty} title="There is no such tab">Choose one of those above.<//>`;
}

export function Settings({ rest: [name] }) {
	const mine = Object.entries(tabs).filter(([, tab]) => may(tab.role));
	const [chosen, tab] = !name ? mine[0] : mine.find(([key]) => key === name) ?? [name];
	return html`<${Head} title="Settings" />
		<nav class="tabs" aria-label="Settings of what">${mine.map(([key, t]) => html`<a key=${key} href=${href(`settings/${key}`)} aria-current=${key === chosen ? 'true' : undefined}>${t.title}</a>`)}</nav>
		${!tab ? html`<${NoTab} name=${name} />` : tab.component ? html`<${tab.component} key=${chosen} />` : html`<${Read} key=${chosen} of=${tab} />`}`;
}
