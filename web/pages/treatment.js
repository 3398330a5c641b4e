// How downloads are treated, and who is told: profiles, seeding goals, channels and rules, where they are made and changed.
import { del, get, post, put, step } from '../lib/api.js';
import { ask, confirm } from '../lib/dialog.js';
import { secretField, takenBy, urlField } from '../lib/drivers.js';
import { filled } from '../lib/form.js';
import { jobEnds } from '../lib/live.js';
import { spelled } from '../lib/time.js';
import { toast, toastProblem } from '../lib/toast.js';
import { html } from '../lib/ui.js';

// --- profiles: "reannounce after 30 min, fail after 6 h"

const acts = ['reannounce', 'recheck', 'resume', 'retry', 'fail', 'swap', 'nothing'];

function stepsOf(label, text) {
	return text.split(',').map((s) => s.trim()).filter(Boolean).map((s) => {
		const [, act, after] = /^(\w+) after (.+)$/.exec(s) ?? [];
		if (!acts.includes(act))
			throw Object.assign(new Error(`${label}: not understood: ${s}`), { hint: `for instance reannounce after 30 min, fail after 6 h; there are ${acts.join(', ')}` });
		return { after, do: act };
	});
}

const troubles = [['stalled', 'When it gets nothing'], ['metadata', 'When a magnet finds nothing'], ['error', 'When its client gives it up'], ['local', 'When its disk is in trouble'],
	['missing_files', 'When its files are missing'], ['missing', 'When its client does not hold it any more']];

export const ofProfiles = {
	one: 'profile', path: 'profiles', reset: ['max_active'], gone: 'Who had it goes by the default one.',
	text: 'What is done about a download in trouble, step by step: reannounce after 30 min, fail after 6 h.',
	fields: (p) => [
		...troubles.map(([name, label]) => ({ name, label, value: p[name], words: true, read: (text) => stepsOf(label, text), placeholder: 'nothing' })),
		{ name: 'retries', label: 'Retries by itself', type: 'number', min: 0, value: p.retries ?? 2 },
		{ name: 'max_active', label: 'At once in one client', type: 'number', min: 1, value: p.max_active, placeholder: 'as many as there are' },
		{ name: 'min_free', label: 'Bytes that stay free', type: 'number', min: 0, value: p.min_free ?? 0, hint: 'below that, a client is given nothing' },
	],
};

// --- goals, which have no name, but a tracker and a library

async function goalFields(g) {
	const libraries = g.need ? [] : (await get('libraries')).items.map((l) => l.name);
	const of = [{ name: 'tracker', label: 'Tracker', placeholder: 'any', hint: 'a host, or the end of one: example.org' }, { name: 'library', label: 'Library', options: [['', 'any'], ...libraries] }];
	return [
		...(g.need ? [] : of),
		{ name: 'ratio', label: 'To a ratio of', type: 'number', min: 0, step: 'any', value: g.ratio },
		{ name: 'seed_time', label: 'For', value: g.seed_time, placeholder: '7 days' },
		{ name: 'need', label: 'Needs', value: g.need ?? 'either', options: [['either', 'either of them'], ['both', 'both of them']] },
	];
}

const goalName = (g) => `${g.tracker ?? 'any tracker'}, ${g.library ?? 'any library'}`;
const goalKey = ({ tracker, library }) => ({ ...(tracker && { tracker }), ...(library && { library }) });

async function putGoal(title, g, action) {
	const fields = await goalFields(g);
	const done = await ask({ title, fields, action, text: 'How long torrents seed that are placed, before they are removed.', run: (values) => put('goals', { ...goalKey(g), ...filled(fields, values) }) });
	if (done)
		toast('the goal is saved');
	return done;
}

export const goals = {
	add: () => putGoal('Add a goal', {}, 'Add'),
	edit: (g) => putGoal(`Edit the goal of ${goalName(g)}`, g, 'Save'),
	async drop(g) {
		const sure = await confirm({ title: `Delete the goal of ${goalName(g)}?`, action: 'Delete', text: 'Where no other fits, a torrent goes when its client has stopped it.', run: () => del('goals', goalKey(g)) });
		if (sure)
			toast('the goal is deleted');
		return sure || null;
	},
	nameOf: (g) => `the goal of ${goalName(g)}`,
};

// --- channels

const options = (c) => [
	{ name: 'topic', label: 'Topic', value: c.topic }, { name: 'priority', label: 'Priority', value: c.priority, pattern: '[1-5]', title: '1 to 5', hint: '1 to 5, where what is bad has no priority of its own' },
	{ name: 'tags', label: 'Tags', value: c.tags }, { name: 'from', label: 'From', value: c.from, placeholder: 'towpath@example.org' },
	{ name: 'to', label: 'To', value: c.to, placeholder: 'a@example.org,b@example.org' },
	{ name: 'starttls', label: 'STARTTLS', value: c.starttls ?? '', options: [['', 'where it is not this host'], 'on', 'off'] },
].map((f) => ({ ...f, option: true }));

export const ofChannels = {
	one: 'channel', path: 'channels', driven: true, reset: ['user_name', 'secret', 'topic', 'priority', 'tags', 'from', 'to', 'starttls'], gone: 'Its rules and its messages go, too.',
	fields: (c, driver) => takenBy(driver, [
		urlField(driver, c.url), { name: 'user_name', label: 'User', value: c.user_name }, secretField(c.secret), ...options(c.options ?? {}),
		{ name: 'timeout', label: 'Time limit of a request', value: spelled(c.timeout), placeholder: '30 s' },
		{ name: 'keep', label: 'Messages are shown for', value: spelled(c.keep), placeholder: '14 days' },
		...(c.name ? [{ name: 'enabled', label: 'People are told by it', type: 'check', value: c.enabled }] : []),
	], ['url', 'timeout', 'keep', 'enabled']),
};

// A worker sends a message; whether it has arrived, only whoever gets it knows.
async function sendTest(path, channel) {
	try {
		const { job } = await post(path);
		const { state, error } = await jobEnds(job);
		const { items } = await get('channels');
		const now = items.find((o) => o.name === channel);
		if (state !== 'completed' || now?.error)
			toast(`${channel}: ${now?.error ?? error ?? state}`, { bad: true, hint: now?.hint });
		else
			toast(`${channel} has taken the message`);
	} catch (error) {
		toastProblem(error);
	}
	return true;
}

export const testChannel = (c) => sendTest(`channels/${step(c.name)}/test`, c.name);

// --- rules

export const testRule = (r) => sendTest(`rules/${step(r.name)}/test`, r.channel);

function Occasions({ of }) {
	return html`<details class="rare"><summary>What can be told</summary><dl class="facts">${of.map((o) => html`<div key=${o.event}><dt class="mono">${o.event}</dt><dd>${o.means}</dd></div>`)}</dl></details>`;
}

export const ofRules = {
	one: 'rule', path: 'rules', reset: ['libraries', 'categories', 'below', 'title', 'body'], gone: 'What it has not told yet goes, too.',
	async fields(r) {
		const [channels, occasions] = await Promise.all([get('channels'), get('occasions')]);
		if (channels.items.length === 0)
			throw Object.assign(new Error('there is no channel yet'), { hint: 'add one: Settings, Channels' });
		return [
			{ name: 'channel', label: 'Channel', value: r.channel, options: channels.items.map((c) => c.name) },
			{ name: 'events', label: 'Events', words: true, required: true, value: r.events?.join(', '), placeholder: 'download.failed, client.*', hint: '* stands for anything; job.failed queue=mail for those of one queue', also: () => html`<${Occasions} of=${occasions.items} />` },
			{ name: 'delay', label: 'Gathers for', value: spelled(r.delay), placeholder: '10 s', hint: 'what comes within it is one message' },
			{ name: 'libraries', label: 'Only libraries', words: true, unset: true, value: r.libraries?.join(', '), placeholder: 'all' },
			{ name: 'categories', label: 'Only categories', words: true, unset: true, value: r.categories?.join(', '), placeholder: 'all' },
			{ name: 'below', label: 'A disk is low below', value: r.below, placeholder: '10 GB', hint: 'for events of disks' },
			{ name: 'title', label: 'Title', value: r.title, placeholder: 'as is usual', hint: 'with {title}, {error}, {client}, {count}', rare: true },
			{ name: 'body', label: 'Text', value: r.body, placeholder: 'as is usual', rare: true },
			...(r.name ? [{ name: 'enabled', label: 'People are told', type: 'check', value: r.enabled }] : []),
		];
	},
};
