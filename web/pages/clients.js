// Clients and targets: who downloads for us and who is told of new files, how each is, and what is wrong with it.
import { may, patch, post, step } from '../lib/api.js';
import { Button, Card, count, Empty, Facts, Head, Hint, More, ProblemBox, State } from '../lib/bits.js';
import { secretField, takenBy, urlField } from '../lib/drivers.js';
import { Long } from '../lib/long.js';
import { usePages } from '../lib/pages.js';
import { add, drop, edit } from '../lib/setup.js';
import { bytes } from '../lib/size.js';
import { duration, seconds, spelled, Time } from '../lib/time.js';
import { act } from '../lib/toast.js';
import { test } from '../lib/trial.js';
import { html } from '../lib/ui.js';
import { href } from '../lib/route.js';

const common = ['url', 'priority', 'timeout', 'delay'];

// Whoever has a category or a tag of ours may let us adopt what is in it.
const always = (driver) => [...common, ...(!driver.takes || ['category', 'tag'].some((name) => driver.takes.includes(name)) ? ['adopt'] : [])];

const sorts = {
	clients: {
		one: 'client', path: 'clients', driven: true, reset: ['user_name', 'secret', 'category', 'tag'],
		isNeeded: true, gone: 'Nothing is changed in the program itself. Its downloads go on when one of that name is there again.',
		fields: (c, driver) => takenBy(driver, [
			urlField(driver, c.url), { name: 'user_name', label: 'User', value: c.user_name }, secretField(c.secret),
			{ name: 'category', label: 'Category', value: c.category, hint: 'what is ours in it, and what is added gets' },
			{ name: 'tag', label: 'Tag', value: c.tag },
			{ name: 'priority', label: 'Priority', type: 'number', value: c.priority ?? 100, hint: 'downloads that name no client go to the smallest' },
			{ name: 'timeout', label: 'Time limit of a request', value: spelled(c.timeout), placeholder: '30 s' },
			{ name: 'paths', label: 'Where its folders are here', type: 'area', rows: 2, json: true, value: c.paths, placeholder: '{"/downloads": "/srv/downloads"}' },
			{ name: 'adopt', label: 'What others put there is ours to import, too', type: 'check', value: c.adopt },
		], always(driver)),
	},
	targets: {
		one: 'target', path: 'targets', driven: true, reset: ['user_name', 'secret', 'section'], gone: 'Nothing is changed in the program itself.',
		fields: (t, driver) => takenBy(driver, [
			urlField(driver, t.url), { name: 'user_name', label: 'User', value: t.user_name }, secretField(t.secret),
			{ name: 'section', label: 'Section', value: t.section, hint: 'its own name of the library, where it needs one' },
			{ name: 'delay', label: 'Changes are gathered for', value: spelled(t.delay), placeholder: '10 s' },
			{ name: 'timeout', label: 'Time limit of a request', value: spelled(t.timeout), placeholder: '30 s' },
		], common),
	},
};

// --- what can be done

async function addOne(path, reload) {
	const done = await add(sorts[path]);
	if (!done)
		return;
	reload();
	if (may('operator'))
		test(path, done);
}

const then = (done, reload) => done.then((is) => is && reload());

async function change(doing, said, reload) {
	await act(doing, said);
	reload();
}

function Verbs({ path, o, reload }) {
	const at = `${path}/${step(o.name)}`;
	const one = (word, doing, look = 'small') => html`<${Button} key=${word} look=${look} aria-label=${`${word} ${o.name}`} onClick=${doing}>${word}<//>`;
	const said = (word) => `${o.name} is ${word}`;
	const enable = path === 'clients' ? may('operator') && (() => post(`${at}/enable`)) : may('admin') && (() => patch(at, { enabled: true }));
	const disable = path === 'clients' ? () => post(`${at}/disable`) : () => patch(at, { enabled: false });
	return may('operator') && html`<div class="actions">${one('Test', () => test(path, o))}
		${path === 'clients' && o.error && o.enabled && one('Ask again', () => change(() => post(`${at}/retry`), `${o.name} is asked again`, reload))}
		${path === 'targets' && o.enabled && one('Scan', () => change(() => post(`${at}/scan`), `${o.name} is told to look at all that it has`, reload))}
		${enable && (o.enabled ? one('Disable', () => change(disable, said('disabled'), reload)) : one('Enable', () => change(enable, said('enabled'), reload)))}
		${may('admin') && html`${one('Edit', () => then(edit(sorts[path], o), reload))}${one('Delete', () => then(drop(sorts[path], o), reload))}`}</div>`;
}

// --- pages

const about = {
	clients: (c) => [['Program', [c.driver, c.version].filter(Boolean).join(' ')], ['Address', c.url && html`<span class="mono">${c.url}</span>`], ['Holds', html`<a href=${href('downloads', { client: c.name })}>${count(c.transfers ?? 0, 'transfer')}</a>`],
		['Free', c.free_bytes && bytes(c.free_bytes)], ['Listed', c.listed_at && html`<${Time} at=${c.listed_at} />`], ['In', c.took && duration(seconds(c.took))], ['Asked next', c.next_at && html`<${Time} coming at=${c.next_at} />`], ['User', c.user_name],
		['Secret', c.secret], ['Category', c.category], ['Tag', c.tag], ['Adopts', c.adopt ? 'yes' : null], ['Priority', c.priority], ['Since', html`<${Time} at=${c.since} />`]],
	targets: (t) => [['Program', t.driver], ['Address', html`<span class="mono">${t.url}</span>`], ['Libraries', t.libraries?.join(', ') ?? html`<span class="soft">none</span>`], ['To be told', t.pending || null],
		['Told', t.scanned_at ? html`<${Time} at=${t.scanned_at} />` : 'never'], ['Failed', t.failed_at && html`<${Time} at=${t.failed_at} />`], ['User', t.user_name], ['Secret', t.secret], ['Section', t.section], ['Gathers for', duration(seconds(t.delay))]],
};

function One({ path, o, reload }) {
	return html`<${Card} title=${o.name} extra=${html`<${State} name=${o.state} />`} className="member" row>
		${o.enabled && o.error && html`<div class="problem" role="status"><${Long} text=${o.error} /><${Hint} text=${o.hint} /></div>`}
		<${Facts} of=${about[path](o)} /><${Verbs} path=${path} o=${o} reload=${reload} /><//>`;
}

function All({ path, of: { rows, more, error, reload }, title, empty }) {
	return html`<header class="head"><div><h2>${title}</h2></div>${may('admin') && html`<div class="actions"><${Button} onClick=${() => addOne(path, reload)}>Add a ${sorts[path].one}<//></div>`}</header>
		${error && html`<${ProblemBox} error=${error} again=${reload} />`}
		${!rows && !error && html`<div class="panel loading" aria-busy="true"></div>`}
		${rows?.length === 0 && empty}
		<div class="columns">${rows?.map((o) => html`<${One} key=${o.name} path=${path} o=${o} reload=${reload} />`)}</div>
		<${More} more=${more} />`;
}

// Where targets begin is known only when the clients are.
export function Clients() {
	const clients = usePages('clients', undefined, { idOf: (c) => c.name, topics: ['clients'], deeds: true, every: 5000 });
	const targets = usePages('targets', undefined, { idOf: (t) => t.name, topics: ['downloads'], deeds: true, every: 5000 });
	return html`<${Head} title="Clients and targets" note="Who downloads for us, and who is told of new files." />
		<${All} path="clients" of=${clients} title="Clients" empty=${html`<${Empty} title="No clients" command="tow client add qb qbittorrent http://127.0.0.1:8080 --user admin --secret secret:qb">Programs that download for us.<//>`} />
		${(clients.data || clients.error) && html`<${All} path="targets" of=${targets} title="Targets" empty=${html`<${Empty} title="No targets yet" command="tow target add films jellyfin http://127.0.0.1:8096 --secret secret:jellyfin">Media servers, and whoever else is told of new files.
			Then say of which library: tow library announce LIBRARY TARGET<//>`} />`}`;
}
