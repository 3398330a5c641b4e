// Through the pages about downloads and what minds them, as people go.
import { existsSync, writeFileSync } from 'node:fs';
import { answers, base, checkAccess, cutOff, expected, fitsBetween, goTo, isTold, isTooWide, layoutIsStill, pause, shot, sql, tab, tow, visit, walk } from './stage.mjs';
import { comes, is, ok } from './tap.mjs';

const { SRC, FILES, LIBRARY } = process.env;

const places = [
	['#/downloads', 'Downloads', 'lighthouse.mkv'],
	['#/downloads/2', 'lighthouse.mkv', 'What happened'],
	['#/schedules', 'Schedules', 'nightly'],
	['#/schedules/often', 'often', 'every second'],
	['#/workers', 'Workers', 'Serves'],
	['#/daemons', 'Daemons', 'Download Processor Daemon'],
	['#/daemons/sweeper', 'sweeper', 'STARTED'],
	['#/clients', 'Clients and targets', 'http://127.0.0.1:1'],
	['#/audit?what=sign_in', 'Audit', 'sign_in'],
	['#/settings/libraries', 'Settings', 'main'],
	['#/settings/policies', 'Settings', 'quick'],
	['#/settings/kinds', 'Settings', 'What workers can do'],
	['#/settings/profiles', 'Settings', 'reannounce'],
];
const forAdmins = [['#/settings/instance', 'Settings', 'audit_retention'], ['#/settings/tokens', 'Settings', 'Add a token']];

async function see(page, [hash, heading, text]) {
	await goTo(page, hash);
	await page.locator('main > :first-child').getByRole('heading', { level: 1, name: heading }).waitFor();
	await page.locator('main').getByText(text).locator('visible=true').first().waitFor();
}

const pictureOf = (name) => name.replace(/[^a-z0-9]+/gi, '-');

async function walkEverywhere(scheme) {
	const page = await visit('admin', '', { colorScheme: scheme });
	for (const place of [...places, ...forAdmins]) {
		const name = `${scheme} ${place[0]}`;
		await comes(see(page, place), `${name} shows ${place[2]}`);
		await checkAccess(page, name);
		await shot(page, pictureOf(name));
	}
	await page.context().close();
}

async function walkOnPhone() {
	const page = await visit('viewer', '', { viewport: { width: 360, height: 740 } });
	for (const place of places) {
		await see(page, place);
		ok(!await isTooWide(page), `360 px wide: ${place[0]} fits`);
		await shot(page, pictureOf(`phone ${place[0]}`));
	}
	await page.context().close();
	const admin = await visit('admin', '', { viewport: { width: 360, height: 740 }, colorScheme: 'dark' });
	for (const place of [...places, ...forAdmins]) {
		await see(admin, place);
		await checkAccess(admin, `360 px wide: ${place[0]}`);
		await shot(admin, pictureOf(`phone admin ${place[0]}`));
	}
	await admin.context().close();
}

// Where nothing is yet, a page says what would be there, and what to type for it.
async function emptyPagesSayHow() {
	const nothing = [['queues', 'No queues yet', 'tow enqueue echo'], ['schedules', 'No schedules yet', 'tow schedule add'], ['workers', 'No worker', 'tow worker --queue'],
		['daemons', 'No daemons', 'tow daemon add'], ['clients', 'No clients', 'tow client add'], ['clients', 'No targets yet', 'tow target add']];
	for (const [width, colorScheme] of [[1280, 'light'], [360, 'dark']]) {
		const page = await visit('admin', '', { viewport: { width, height: 740 }, colorScheme });
		await page.route(/v1\/(queues|schedules|workers|daemons|clients|targets)(\?|$)/, (route) => route.fulfill({ json: { items: [], next: null } }));
		for (const [name, title, command] of nothing) {
			await goTo(page, `#/${name}`);
			const empty = page.locator('.empty').filter({ has: page.getByRole('heading', { name: title, exact: true }) });
			await comes(empty.locator('code').getByText(command).waitFor(), `${width} px wide: where there are no ${title.split(' ')[1]}, ${name} says how there are some`);
			ok(!await isTooWide(page), 'and it fits');
			await checkAccess(page, `${width} px wide: ${name} without any`);
			await shot(page, `none-${width}-${name}`);
		}
		await page.context().close();
	}
}

// A magnet's name is known before its client has anything of it.
async function magnetsAreAdded() {
	const page = await visit('operator', '#/downloads');
	await addLinks(page, 'magnet:?xt=urn:btih:dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c&dn=Big%20Buck%20Bunny');
	await comes(row(page, 'Big Buck Bunny').waitFor(), 'a magnet is added, by the name that it has');
	const id = sql("select id from haul.downloads where title = 'Big Buck Bunny'");
	is(sql(`select concat_ws(' ', type, client, source) from haul.downloads where id = ${id}`), 'torrent seedbox magnet:?xt=urn:btih:dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c&dn=Big%20Buck%20Bunny', 'to a client that takes torrents');
	sql(`select haul.cancel(${id}); select haul.forget(${id})`);
	await page.context().close();
}

// How it went the last times is a bar each, the latest at the right.
async function outcomesAreAStrip() {
	sql("insert into tow_store.fire (schedule_id, at, fired_at, how, reason) select id, tow.now(), tow.now(), 'skipped', 'the last one still ran' from tow_store.schedule where name = 'often'");
	const n = Number(sql("select least(count(*), 12) from tow.fires where schedule = 'often'"));
	const page = await visit('viewer', '#/schedules');
	const bars = row(page, 'often').locator('.strip span');
	await comes(bars.nth(n - 1).waitFor(), 'a schedule has a bar for each of its last times');
	is(await bars.count(), n, 'and no more');
	is(await bars.first().getAttribute('class'), 'ok', 'that went well looks so');
	is(await bars.last().getAttribute('class'), 'mute', 'that was skipped does not');
	ok((await bars.last().getAttribute('aria-label')).endsWith('skipped, the last one still ran'), 'and says why', await bars.last().getAttribute('aria-label'));
	await goTo(page, '#/schedules/often');
	const own = page.getByRole('region', { name: 'Lately' }).locator('.strip span');
	await comes(own.last().and(page.locator('.mute')).waitFor(), 'its own page has them, too');
	ok(await own.evaluateAll((all) => all.every((bar) => bar.offsetWidth >= 2 && bar.offsetHeight >= 3)), 'as bars that can be seen');
	await shot(page, 'schedule-strip');
	sql("delete from tow_store.fire where reason = 'the last one still ran'");
	await page.context().close();
}

async function nothingJumps() {
	await layoutIsStill(['#/overview', '#/downloads', '#/downloads/2', '#/workers', '#/daemons', '#/schedules']);
}

// What is tried again and again says so wherever it is shown, on a phone, too.
async function triesAreTold() {
	const page = await visit('viewer', '', { viewport: { width: 360, height: 740 } });
	const tried = { state: 'downloading', doing: 'waiting', error: 'nobody answers', trouble: 'nobody answers; tried 3 of 12 times, and now again', hint: 'start it; tow haul retry 2 has it begun anew',
		tries: 3, max_tries: 12, next_try_at: '2039-01-01T00:00:00Z', failing: true };
	const say = answers(page);
	await say(/v1\/downloads\/2$/, (d) => Object.assign(d, tried));
	await say(/v1\/downloads\?.*failing=true/, ({ items }) => items.push({ ...JSON.parse(sql('select to_jsonb(d) from haul.downloads d where id = 2')), ...tried }));
	await goTo(page, '#/downloads?show=attention');
	await comes(row(page, 'lighthouse').getByText('nobody answers').filter({ visible: true }).waitFor(), 'what fails again and again needs somebody, and says why');
	await comes(row(page, 'lighthouse').getByText('waiting', { exact: true }).filter({ visible: true }).waitFor(), 'that it waits meanwhile');
	await comes(row(page, 'lighthouse').getByText('try 4 of 12').filter({ visible: true }).waitFor(), 'and how often it is tried');
	await goTo(page, '#/downloads/2');
	await comes(page.getByText('3 of 12 times', { exact: true }).waitFor(), 'so does its own page');
	is(await page.locator('.problem .hint').textContent(), 'start it', 'without what a viewer cannot do');
	await shot(page, 'download-tried-phone');
	tried.trouble = tried.trouble.replace('nobody answers', '(hidden)');
	await goTo(page, '#/downloads?show=attention');
	await comes(row(page, 'lighthouse').getByText('•••; tried 3 of 12 times').filter({ visible: true }).waitFor(), 'where that is not for whoever looks, there is a mark');
	is(await page.locator('main [title*="(hidden)"]').count(), 0, 'in what is said on hover, too');
	await goTo(page, '#/downloads/2');
	await comes(page.locator('.problem').getByText('•••; tried 3 of 12 times').waitFor(), 'and on its own page');
	await comes(page.getByText('••• is hidden from viewers').waitFor(), 'with what it means at the foot');
	await page.context().close();
}

// What is here and still given to others is not as done as what is only here.
async function seedingIsSaid() {
	const page = await visit('viewer', '#/downloads');
	const say = answers(page);
	await say(/v1\/downloads(\?|\/2$)/, (json) => (json.items ?? [json]).filter((d) => d.id === 2).forEach((d) => Object.assign(d, { state: 'completed', doing: 'seeding', up: 120000, ratio: 0.4, error: null, trouble: null })));
	await page.reload();
	await comes(row(page, 'lighthouse').getByText('seeding', { exact: true }).locator('visible=true').first().waitFor(), 'the list says of what is given to others that it seeds');
	await shot(page, 'downloads-seeding');
	await goTo(page, '#/downloads/2');
	await comes(page.getByRole('region', { name: 'Now' }).getByText('seeding', { exact: true }).first().waitFor(), 'and so does its page');
	await page.context().close();
}

// What servers say may be long, and without a place to break it.
async function longTextsFit() {
	const page = await visit('viewer', '', { viewport: { width: 360, height: 740 } });
	const long = `GET 'http://${'x'.repeat(200)}': Couldn't connect to server`;
	const say = answers(page);
	await say(/v1\/clients$/, ({ items }) => Object.assign(items[0], { enabled: true, error: long, hint: long, url: long }));
	await say(/v1\/downloads\/2$/, (d) => Object.assign(d, { trouble: long, hint: long }));
	await say(/v1\/needs/, (all) => all.items.push({ what: 'bad', subject: 'client seedbox', of: null, detail: long, hint: long }));
	for (const hash of ['#/clients', '#/downloads/2', '#/overview']) {
		await goTo(page, hash);
		await page.getByText('xxxxxx').first().waitFor();
		ok(!await isTooWide(page), `360 px wide: ${hash} fits, however long what it says is`);
		await shot(page, pictureOf(`long ${hash}`));
	}
	await page.context().close();
}

const toRead = [['instance', 'audit_retention'], ['tokens', 'Add a token'], ['policies', 'quick'], ['kinds', 'echo'], ['libraries', 'Where files go'], ['profiles', 'default'],
	['channels', 'Could not connect'], ['rules', 'client.*']].map(([name, text]) => [`#/settings/${name}`, 'Settings', text]);

// Settings are read, and so is what happened to a download: nothing of them is cut off.
// Wherever there is room for it: how long it takes still, why it does not go on, what something is for.
async function listsAreReadable() {
	for (const width of [360, 1280]) {
		const page = await visit('operator', '', { viewport: { width, height: 740 } });
		const say = answers(page);
		const cut = (where) => page.locator(where).evaluateAll((all) => all.filter((e) => e.clientWidth > 0 && !e.matches('.hidden') && e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent).join(' | '));
		await say(/v1\/downloads\?/, ({ items }) => items.forEach((d) => Object.assign(d, { state: 'downloading', percent: 41.2, eta: '1 day 02:03:04', down: 12345678, error: null,
			trouble: 'client qb is misconfigured since 2038-01-01 10:00:00.5+00: it wants a password; the download is left as it is' })));
		await say(/v1\/daemons$/, ({ items }) => Object.assign(items[0], { description: 'looks after what others leave behind, and tells of it '.repeat(3) }));
		await goTo(page, '#/downloads');
		await page.locator('tbody tr').first().waitFor();
		is(await cut('.downloads :is(.narrow, .fold), .downloads :is(.narrow, .fold) *'), '', `${width} px wide: how far a download is can be read`);
		await comes(page.locator('tbody').getByText('1 d 2 h').locator('visible=true').first().waitFor(), 'when it ends, too');
		await comes(page.locator('tbody').getByText(/^(↓ down )?12(\.\d)? MB\/s$/).locator('visible=true').first().waitFor(), 'and how fast it is');
		await comes(page.locator('tbody').getByText(/^client qb is misconfigured: it wants a password/).locator('visible=true').first().waitFor(), 'why comes before since when');
		await shot(page, `downloads-moving-${width}`);
		await goTo(page, '#/workers');
		await page.locator('.duties tbody tr').first().waitFor();
		is(await cut('.duties td, .duties td *'), '', `${width} px wide: what duties do can be read`);
		await shot(page, `workers-duties-${width}`);
		await goTo(page, '#/daemons');
		await page.locator('.daemons tbody tr').first().waitFor();
		is(await cut('.daemons td:first-child .wide'), '', `${width} px wide: and what daemons are for`);
		await shot(page, `daemons-described-${width}`);
		await page.context().close();
	}
}

async function textsAreWhole() {
	const id = sql(`select haul.add_channel('pager', 'ntfy', 'http://127.0.0.1:1', options => '{"topic": "mine"}');
		select haul.add_rule('all', 'pager', '{download.failed,download.completed,client.*,target.failing}'); select haul.grab('http://127.0.0.1:9/told.bin')`).split('\n').at(-1);
	sql(`select haul.cancel(${id})`);
	for (const [width, scheme] of [[360, 'light'], [1280, 'dark']]) {
		const page = await visit('admin', '', { viewport: { width, height: 740 }, colorScheme: scheme });
		const say = answers(page);
		await say(/v1\/channels$/, ({ items }) => Object.assign(items[0], { state: 'failing', error: `POST 'http://127.0.0.1:1/': Could not connect to server (${'x'.repeat(60)})`, hint: 'is its address right?' }));
		await say(/v1\/downloads\/\d+\/events/, ({ items }) => items.forEach((e) => Object.assign(e, { detail: `${e.detail}: ${'as its client says '.repeat(8)}` })));
		for (const place of [...toRead, [`#/downloads/${id}`, 'told.bin', 'as its client says']]) {
			const name = place[0].replace(id, 'one');
			await see(page, place);
			is(await cutOff(page), '', `${width} px wide: all texts of ${name} are whole`);
			ok(!await isTooWide(page), `${width} px wide: ${name} fits`);
			await shot(page, pictureOf(`whole ${width} ${name}`));
		}
		await goTo(page, '#/settings/channels');
		await comes(row(page, 'pager').getByText('is its address right?').locator('visible=true').waitFor(), `${width} px wide: why a channel fails is said`);
		await page.context().close();
	}
	sql(`select haul.drop_channel('pager'); select haul.forget(${id})`);
}

const row = (page, text) => page.locator('tbody tr').filter({ hasText: text });
const status = (page, text) => row(page, text).getByRole('cell').nth(2);
const dialog = (page) => page.getByRole('dialog');

async function addLinks(page, ...links) {
	await page.getByRole('button', { name: 'Add downloads' }).click();
	await dialog(page).getByLabel('Links').fill(links.join('\n'));
	await dialog(page).getByRole('button', { name: 'Add', exact: true }).click();
}

// While nobody imports it.
async function previewIsShown(page) {
	await goTo(page, '#/downloads');
	await page.getByRole('link', { name: 'early.bin' }).click();
	await page.getByRole('button', { name: 'Preview' }).click();
	sql("select tow.resume('haul')");
	await comes(dialog(page).locator('tbody tr').filter({ hasText: `${LIBRARY}/early.bin` }).waitFor(), 'what an import would do can be seen before');
	await shot(page, 'download-preview');
	await dialog(page).getByRole('button', { name: 'Close' }).click();
}

// Whoever has only the page begins here: no library, a link that is none.
async function whereNothingIs() {
	const page = await visit('admin', '#/downloads');
	await comes(page.getByText('No downloads yet').waitFor(), 'an empty list says what to do');
	await comes(page.getByRole('button', { name: 'Add a library' }).waitFor(), 'and offers to add a library');
	await comes(page.getByText('tow library add films').and(page.getByText('tow haul add')).waitFor(), 'and what to type');
	await shot(page, 'downloads-none');
	expected.trouble = true;
	await addLinks(page, `${FILES}/plain/early.bin`, 'ftp://somewhere/else', 'magnet:?xt=a b');
	await comes(dialog(page).getByText('1 of 3 were added').waitFor(), 'what is no link is refused, in the dialog');
	expected.trouble = false;
	is(await dialog(page).getByLabel('Links').inputValue(), 'ftp://somewhere/else\nmagnet:?xt=a b', 'which keeps that, line by line, and not what is added');
	const refused = (link) => dialog(page).locator('.problem li').filter({ hasText: link });
	await comes(refused('ftp://somewhere/else').getByText(/\w/).nth(1).waitFor(), 'why is said of each of them');
	await comes(refused('magnet:?xt=a b').getByText(/\w/).nth(1).waitFor(), 'not of the first alone');
	await shot(page, 'downloads-refused');
	await page.setViewportSize({ width: 360, height: 740 });
	await checkAccess(page, 'links that are refused');
	await shot(page, 'downloads-refused-phone');
	await page.setViewportSize({ width: 1280, height: 800 });
	await dialog(page).getByLabel('Or files').setInputFiles({ name: 'kept.torrent', mimeType: 'application/x-bittorrent', buffer: Buffer.from('d4:infod4:name1:xee') });
	await dialog(page).getByLabel('They are').selectOption('http');
	await dialog(page).getByRole('button', { name: 'Add a library' }).click();
	await dialog(page).getByRole('heading', { name: 'Add a library' }).waitFor();
	await dialog(page).getByRole('button', { name: 'Cancel' }).click();
	await comes(dialog(page).getByRole('heading', { name: 'Add downloads' }).waitFor(), 'it offers a library, too, and comes back from there');
	is(await dialog(page).getByLabel('Links').inputValue(), 'ftp://somewhere/else\nmagnet:?xt=a b', 'with the links that were typed');
	is(await dialog(page).getByLabel('They are').inputValue(), 'http', 'what was chosen');
	is(await dialog(page).getByLabel('Or files').evaluate((input) => [...input.files].map((f) => f.name).join()), 'kept.torrent', 'and the files');
	await dialog(page).getByRole('button', { name: 'Cancel' }).click();
	await comes(status(page, 'early.bin').getByText('no library', { exact: true }).waitFor(), 'what is here and has no library says so');
	await comes(page.getByRole('link', { name: /^Needs somebody\s*1$/ }).waitFor(), 'and counts as what needs somebody');
	await comes(page.getByRole('link', { name: /^Under way\s*0$/ }).waitFor(), 'not as under way');
	await page.getByRole('link', { name: /^Needs somebody/ }).click();
	await comes(row(page, 'early.bin').waitFor(), 'where it stands');
	await shot(page, 'downloads-lost');
	await goTo(page, '#/overview');
	await comes(page.getByText('no library to go to').waitFor(), 'and the overview says so');
	await goTo(page, '#/downloads');
	await page.getByRole('link', { name: /^Needs somebody/ }).click();
	sql("select tow.pause('haul')");
	await page.getByRole('button', { name: 'Choose a library early.bin' }).click();
	await comes(dialog(page).getByText('all downloads that wait for one').waitFor(), 'that the first library takes the others, too, is said before it is added');
	for (const [label, text] of [['Name', 'main'], ['Folder', LIBRARY]])
		await dialog(page).getByLabel(label, { exact: true }).fill(text);
	await shot(page, 'library-add');
	await dialog(page).getByRole('button', { name: 'Add', exact: true }).click();
	await comes(page.getByText('Nothing fits').waitFor(), 'one is added, and it goes there');
	await previewIsShown(page);
	await goTo(page, '#/downloads');
	await comes(status(page, 'early.bin').getByText('completed').waitFor(), 'and is imported');
	ok(existsSync(`${LIBRARY}/early.bin`), 'into the folder that was named');
	await page.context().close();
}

async function librariesAreChanged() {
	const page = await visit('admin', '#/settings/libraries');
	await page.getByRole('button', { name: 'Edit main' }).click();
	await dialog(page).getByLabel('Categories').fill('films, series');
	await dialog(page).getByLabel('Tag, once it is here').fill('done');
	await dialog(page).getByRole('button', { name: 'Save' }).click();
	await comes(page.getByText('main is saved').waitFor(), 'a library is changed');
	const said = () => sql("select concat_ws(' ', categories, done_tag, modes) from haul.libraries where name = 'main'");
	is(said(), '{films,series} done {reflink,link,copy}', 'as it was said, and nothing else');
	await page.reload(); // its list may come later than that it is saved
	await page.getByRole('button', { name: 'Edit main' }).click();
	await dialog(page).getByLabel('Categories').fill('');
	await dialog(page).getByLabel('Tag, once it is here').fill('');
	await dialog(page).getByRole('button', { name: 'Save' }).click();
	await dialog(page).waitFor({ state: 'detached' });
	is(said(), '{} {reflink,link,copy}', 'and what is emptied is empty');
	await page.getByRole('button', { name: 'Add a library' }).click();
	for (const [label, text] of [['Name', 'films'], ['Folder', `${LIBRARY}/films`], ['Tag, once it is here', 'placed']])
		await dialog(page).getByLabel(label, { exact: true }).fill(text);
	await dialog(page).getByLabel('How files get there').selectOption('copy');
	await dialog(page).getByLabel('Once its seeding goal').selectOption('transfer');
	await dialog(page).getByRole('button', { name: 'Add', exact: true }).click();
	await comes(dialog(page).getByText(`${LIBRARY}/films is not on this host`).waitFor(), 'another one is added, and a worker says at once that its folder is not there');
	await shot(page, 'library-test');
	await dialog(page).getByRole('button', { name: 'Close' }).click();
	await page.getByRole('button', { name: 'Edit films' }).waitFor();
	await page.getByRole('button', { name: 'Test main' }).click();
	await comes(dialog(page).getByText(`${LIBRARY} is here, and can be written`).waitFor(), 'the first one is well');
	await dialog(page).getByRole('button', { name: 'Close' }).click();
	is(sql("select concat_ws(' ', root, modes, done_tag, done_remove) from haul.libraries where name = 'films'"), `${LIBRARY}/films {copy} placed transfer`, 'with all that was said of it');
	await page.getByRole('button', { name: 'Edit films' }).click();
	await dialog(page).getByLabel('Folder', { exact: true }).fill(`${LIBRARY}/elsewhere`);
	await page.route(/v1\/libraries$/, (route) => route.fulfill({ status: 403, contentType: 'application/problem+json', body: '{"detail": "no list now"}' }));
	await dialog(page).getByRole('button', { name: 'Save' }).click();
	await comes(page.getByText('films is saved').waitFor(), 'that a library is saved is said');
	await comes(dialog(page).getByText(`${LIBRARY}/elsewhere is not on this host`).waitFor(), 'and its new folder is looked at, though no list can be had');
	is(await page.locator('.toasts').getByText('no list now').count(), 0, 'which is not told as if it had not been saved');
	sql(`select haul.set_library('films', root => '${LIBRARY}/films')`);
	await page.context().close();
}

// The server of files gives half, and the rest once it is let.
async function fromLinkToLibrary() {
	const page = await visit('operator', '#/downloads');
	const other = await tab(page, '#/downloads');
	await addLinks(page, `${FILES}/gate/lighthouse.mkv`, `${FILES}/gate/second.iso`);
	await comes(row(page, 'lighthouse.mkv').getByText('50.0 %').waitFor(), 'a link is added, and moves');
	await comes(row(page, 'lighthouse.mkv').getByText('2.0 MB of 4.0 MB').waitFor(), 'how much is here is said');
	await comes(row(other, 'lighthouse.mkv').getByText('50.0 %').waitFor(), 'another tab sees it');
	await page.getByRole('button', { name: 'Pause second.iso' }).click();
	await comes(status(other, 'second.iso').getByText('paused').waitFor(), 'one is paused, and the other tab sees it');
	await page.getByRole('button', { name: 'Resume second.iso' }).click();
	await comes(status(other, 'second.iso').getByText('downloading').waitFor(), 'and goes on');
	await page.getByRole('button', { name: 'Cancel second.iso' }).click();
	await dialog(page).getByLabel('What was fetched so far').selectOption('data');
	await dialog(page).getByRole('button', { name: 'Cancel the download' }).click();
	await comes(status(page, 'second.iso').getByText('cancelled').waitFor(), 'and is cancelled');
	await shot(page, 'downloads-moving');
	writeFileSync(`${SRC}/open`, '');
	await comes(status(page, 'lighthouse.mkv').getByText('completed').waitFor(), 'what the server gives is fetched and imported, as one watches');
	ok(existsSync(`${LIBRARY}/lighthouse.mkv`), 'it is in the library');
	await page.getByRole('link', { name: /^Needs somebody/ }).click();
	await comes(page.getByText('Nothing fits').waitFor(), 'a tab filters');
	await page.getByRole('link', { name: /^Completed/ }).click();
	await page.getByLabel('Part of the title').fill('light');
	await comes(page.waitForURL(/show=completed&title=light/), 'filters are in the address');
	await page.getByRole('link', { name: 'lighthouse.mkv' }).click();
	await comes(page.getByRole('list', { name: 'States' }).getByText('completed').waitFor(), 'its states are a line');
	await page.getByRole('button', { name: 'Undo import' }).click();
	await dialog(page).getByRole('button', { name: 'Take back' }).click();
	await comes(row(page, 'lighthouse.mkv').getByText('undone').first().waitFor(), 'an import is undone');
	ok(!existsSync(`${LIBRARY}/lighthouse.mkv`), 'and the file is gone');
	await page.context().close();
}

const torrent = (name) => Buffer.from(`d4:infod6:lengthi5e4:name${name.length}:${name}12:piece lengthi16384e6:pieces20:${'a'.repeat(20)}ee`);

async function filesAndDrops() {
	const page = await visit('operator', '#/downloads');
	await page.getByRole('button', { name: 'Add downloads' }).click();
	await dialog(page).getByLabel('Or files').setInputFiles({ name: 'chosen.torrent', mimeType: 'application/x-bittorrent', buffer: torrent('Chosen') });
	await dialog(page).getByRole('button', { name: 'Add', exact: true }).click();
	await comes(row(page, 'Chosen').waitFor(), 'a chosen file is added');
	const data = await page.evaluateHandle((text) => {
		const transfer = new DataTransfer();
		transfer.items.add(new File([text], 'dropped.torrent'));
		return transfer;
	}, torrent('Dropped').toString());
	await page.dispatchEvent('main', 'dragover', { dataTransfer: data });
	await comes(page.getByText('Drop .torrent or .nzb files').waitFor(), 'the page says that files may be dropped');
	await page.dispatchEvent('main', 'drop', { dataTransfer: data });
	await comes(row(page, 'Dropped').waitFor(), 'a dropped one is added');
	await comes(page.getByRole('link', { name: /^Needs somebody\s*2$/ }).waitFor(), 'what its client keeps from going on counts as what needs somebody');
	await page.getByRole('link', { name: /^Needs somebody/ }).click();
	await comes(row(page, 'Chosen').locator('.state.bad').locator('visible=true').first().waitFor(), 'and looks so');
	await shot(page, 'downloads-held');
	await goTo(page, '#/daemons/client-seedbox');
	await comes(page.getByText('Sees nothing of it: ').waitFor(), 'the daemon of a client that is down says that it sees nothing');
	await page.context().close();
}

// What has ended leaves the list, one and many; a pause, too, may be of many.
async function manyAtOnce() {
	for (const name of ['ta', 'tb', 'tc'])
		sql(`select haul.grab('http://127.0.0.1:9/${name}.bin')`);
	const page = await visit('operator', '#/downloads?title=.bin&show=active');
	const chosen = page.getByRole('group', { name: 'selected downloads' });
	const press = (name) => chosen.getByRole('button', { name }).click();
	await row(page, 'tc.bin').waitFor();
	await page.getByLabel('select all that are shown').check();
	await comes(chosen.getByText('3 downloads selected').waitFor(), 'some downloads are selected');
	await checkAccess(page, 'selected downloads');
	await press(/^Pause/);
	await comes(page.getByText('3 downloads paused').waitFor(), 'and paused at once');
	await page.getByRole('link', { name: /^Paused/ }).click();
	await row(page, 'tc.bin').waitFor();
	await page.getByLabel('select all that are shown').check();
	await press(/^Cancel/);
	await checkAccess(page, 'cancelling many downloads');
	await dialog(page).getByRole('button', { name: 'Cancel them' }).click();
	await comes(page.getByText('3 downloads cancelled').waitFor(), 'and cancelled, after a question');
	await page.getByRole('link', { name: /^Given up/ }).click();
	await page.getByRole('button', { name: 'Delete ta.bin' }).click();
	await comes(dialog(page).getByText(/Nothing of it was fetched|is deleted, too/).waitFor(), 'what goes with it is said');
	await shot(page, 'download-delete');
	await dialog(page).getByRole('button', { name: 'Delete' }).click();
	await comes(row(page, 'ta.bin').waitFor({ state: 'detached' }), 'one is deleted');
	await row(page, 'tb.bin').getByRole('checkbox').check();
	await press(/^Retry/);
	await comes(page.getByText('1 download tried again').waitFor(), 'one is tried again');
	sql("select haul.cancel(id) from haul.downloads where title = 'tb.bin'");
	await goTo(page, '#/downloads?show=given_up&title=.bin');
	await page.reload(); // what was asked for before that would still come
	await status(page, 'tb.bin').getByText('cancelled').waitFor();
	await page.getByLabel('select all that are shown').check();
	await press(/^Delete/);
	await comes(page.getByRole('dialog', { name: 'Delete 2 downloads?' }).waitFor(), 'how many are deleted is asked');
	await dialog(page).getByLabel('What its client does with it').selectOption('data');
	await dialog(page).getByRole('button', { name: 'Delete', exact: true }).click();
	await comes(page.getByText('2 downloads deleted').waitFor(), 'and they are');
	is(sql("select count(*) from haul.downloads where title like 't_.bin'"), '0', 'in no list any more');
	await page.context().close();
}

// A file that is not what its publisher says is refused; where it was to come from, and who fetched it, stands there.
async function checksumIsSaid() {
	const page = await visit('operator', '#/downloads');
	await page.getByRole('button', { name: 'Add downloads' }).click();
	await dialog(page).getByText('More', { exact: false }).first().click();
	await fillAndPress(page, [['Links', `${FILES}/plain/lighthouse.mkv?key=secret\n${FILES}/plain/second.iso`], ['Checksum', `md5:${'0'.repeat(32)}`], ['Title', 'summed']], [], 'Add');
	await comes(dialog(page).getByText('a checksum is of one file').waitFor(), 'a checksum is of one file');
	await fillAndPress(page, [['Links', `${FILES}/plain/lighthouse.mkv?key=secret`]], [], 'Add');
	await comes(row(page, 'summed').getByText(/its checksum is [0-9a-f]{32}, and should be 0{32}/).first().waitFor(), 'a file of another checksum is refused');
	is(await row(page, 'summed').getByText('0 %', { exact: true }).count(), 1, 'and nothing of it is here');
	await page.getByRole('link', { name: 'summed' }).click();
	await comes(page.getByText(`${FILES}/plain/lighthouse.mkv?…`).waitFor(), 'where it is from is said, without what may be a secret');
	await shot(page, 'download-checksum');
	const id = page.url().split('/').at(-1);
	await page.getByRole('button', { name: /^Another link/ }).click();
	await shot(page, 'download-relink');
	await fillAndPress(page, [['Link', `${FILES}/plain/lighthouse.mkv?key=other#2 of 2`]], [], 'Fetch from there');
	await comes(page.getByText('summed is fetched from there').waitFor(), 'its link can be corrected');
	is(sql(`select link from haul_store.download where id = ${id}`), `${FILES}/plain/lighthouse.mkv?key=other#2%20of%202`, 'by another, and blanks in it are as browsers take them');
	await page.getByRole('link', { name: sql(`select job from haul.downloads where id = ${id}`), exact: true }).click();
	await comes(page.getByText('haul.fetch').first().waitFor(), 'and the job that fetched it is a click away');
	sql(`select haul.forget(${id})`);
	await page.context().close();
}

// What is rarely said is folded away.
async function moreCanBeSaid() {
	const page = await visit('operator', '#/downloads');
	await page.getByRole('button', { name: 'Add downloads' }).click();
	ok(await dialog(page).getByLabel('What its name is made of').isHidden(), 'what is rarely said is folded away');
	await dialog(page).getByText('More', { exact: false }).first().click();
	await dialog(page).getByLabel('Waits until somebody resumes it').check();
	await fillAndPress(page, [['Links', 'http://127.0.0.1:9/told.bin'], ['What its name is made of', '1999'], ['Category', 'films'], ['Priority', '7'], ['At most, kB a second', '50'], ['Seeds for, hours', '2']], [['Trouble is treated by profile', 'default']], 'Add');
	await comes(dialog(page).getByText('not understood: 1999').waitFor(), 'what is no name and value is said to be');
	await shot(page, 'download-add-more');
	await fillAndPress(page, [['What its name is made of', 'year: 1999\nartist: Some: body']], [], 'Add');
	await row(page, 'told.bin').waitFor();
	is(sql("select concat_ws(' ', meta, category, priority, profile, options) from haul.downloads where title = 'told.bin'"),
		'{"year": "1999", "artist": "Some: body"} films 7 default {"paused": true, "down_limit": 50000, "seed_limit": 7200}', 'all that was said is kept');
	sql("select haul.cancel(id), haul.forget(id) from haul.downloads where title = 'told.bin'");
	await page.context().close();
}

// Who says no is asked why, and the answer is there to be read.
async function wordIsGiven() {
	const id = sql(`select haul.grab('http://127.0.0.1:9/album.bin', options => '{"paused": true}')`);
	const asks = () => sql(`update haul_store.download set state = 'needs_approval' where id = ${id}`);
	asks();
	const page = await visit('operator', `#/downloads/${id}`);
	await page.getByRole('button', { name: 'Reject album.bin' }).click();
	await shot(page, 'download-reject');
	await fillAndPress(page, [['Why', 'the wrong album']], [], 'Reject');
	await comes(page.getByText('rejected: the wrong album').waitFor(), 'a download is rejected, and it says why');
	asks();
	await goTo(page, '#/downloads?show=attention');
	await page.getByRole('button', { name: 'Approve album.bin' }).click();
	await fillAndPress(page, [['Note', 'it is right']], [], 'Approve');
	await comes(page.getByText('album.bin is approved').waitFor(), 'another one is approved');
	is(sql(`select detail from haul.events where download = ${id} and what = 'approved' order by n desc limit 1`), 'somebody approved it: it is right', 'with a note');
	sql(`select haul.cancel(${id}); select haul.forget(${id})`);
	await page.context().close();
}

// What is doubtful, as somebody finds it, and what becomes of it.
const asksOf = (name, why) => {
	writeFileSync(`${SRC}/${name}`, name);
	return sql(`create temporary table one as select haul.grab('${FILES}/plain/${name}', options => '{"paused": true}', meta => '{"year": 1999}') as id;
		update haul_store.download set state = 'needs_approval' where id = (select id from one); select haul_store.note_event(id, 'needs_approval', '${why}', 'matching', 'needs_approval') from one; select id from one`).trim().split('\n').at(-1);
};

async function doubtIsSettled() {
	const right = asksOf('matched.bin', 'two albums of that name: 1999 and 2004'), wrong = asksOf('doubted.bin', 'its length is that of another one');
	const page = await visit('operator', '#/downloads?show=attention');
	await comes(row(page, 'matched.bin').getByText('two albums of that name').filter({ visible: true }).waitFor(), 'why a download waits for a word is said in the list');
	for (const [width, colorScheme] of [[1280, 'light'], [1280, 'dark'], [360, 'light']]) {
		const one = await visit('operator', `#/downloads/${right}`, { viewport: { width, height: 800 }, colorScheme });
		await comes(one.locator('.problem').getByText('two albums of that name: 1999 and 2004').waitFor(), `${width} ${colorScheme}: and on its own page`);
		ok(!await isTooWide(one), `${width} ${colorScheme}: which fits`);
		await checkAccess(one, `what waits for a word, ${width} ${colorScheme}`);
		await shot(one, `doubt-${width}-${colorScheme}`);
		await one.getByRole('button', { name: 'Approve matched.bin' }).click();
		await comes(dialog(one).getByText('The client web downloads it, and it goes into the library main').waitFor(), 'what would become of it is said to whoever approves');
		await shot(one, `doubt-approve-${width}-${colorScheme}`);
		await goTo(one, '#/downloads?show=attention');
		await row(one, 'doubted.bin').waitFor();
		await shot(one, `doubts-${width}-${colorScheme}`);
		await one.context().close();
	}
	await page.getByRole('link', { name: 'matched.bin' }).click();
	await page.getByRole('button', { name: 'Approve matched.bin' }).click();
	await dialog(page).getByRole('button', { name: 'Approve', exact: true }).click();
	await comes(page.getByRole('list', { name: 'States' }).getByText('completed').waitFor(), 'what is approved is downloaded, and imported');
	ok(existsSync(sql(`select path from haul.files where download = ${right}`)), 'into the library');
	is(await page.getByRole('button', { name: /^(Approve|Reject)/ }).count(), 0, 'and nobody is asked again');
	await goTo(page, '#/downloads?show=attention');
	await page.getByRole('button', { name: 'Reject doubted.bin' }).click();
	await dialog(page).getByLabel('Why').fill('the wrong one');
	await dialog(page).getByRole('button', { name: 'Reject', exact: true }).click();
	await comes(row(page, 'doubted.bin').waitFor({ state: 'detached' }), 'what is rejected needs nobody any more');
	await goTo(page, `#/downloads/${wrong}`);
	await comes(page.locator('.problem').getByText('rejected: the wrong one').waitFor(), 'it says by which word');
	await shot(page, 'doubt-rejected');
	is(sql(`select count(*) from haul_store.transfer where download = ${wrong}`) + sql(`select count(*) from haul.files where download = ${wrong}`), '00', 'and nothing of it was fetched');
	sql(`select haul.forget(${right}), haul.forget(${wrong})`);
	await page.context().close();
}

// More than a page of it holds.
async function historyGoesOn() {
	const id = sql(`select haul.grab('http://127.0.0.1:9/chatty.bin', options => '{"paused": true}')`);
	sql(`select haul.cancel(${id}); insert into haul_store.event (at, download, what, who, detail) select now(), ${id}, 'told', 'tests', 'word ' || n from generate_series(1, 230) n;
		insert into haul_store.file (download, source, size, state) select ${id}, 'f' || n, 1, 'skipped' from generate_series(1000, 1249) n`);
	const page = await visit('viewer', `#/downloads/${id}`);
	const events = page.getByRole('table', { name: 'events' });
	await comes(events.getByText('word 230', { exact: true }).waitFor(), 'what happened last comes first');
	is(await events.getByText('word 1', { exact: true }).count(), 0, 'and not all at once');
	const more = page.locator('.panel').filter({ has: events }).getByRole('button', { name: 'Show more' });
	await more.click();
	await events.getByText('word 100', { exact: true }).waitFor();
	await more.click();
	await comes(events.getByText('word 1', { exact: true }).waitFor(), 'the rest is shown when it is asked for');
	is(await events.locator('tbody tr').count(), Number(sql(`select count(*) from haul.events where download = ${id}`)), 'each once');
	await comes(page.getByRole('heading', { name: 'More than 200 files' }).waitFor(), 'so are files');
	await page.locator('.panel').filter({ has: page.getByRole('table', { name: 'files' }) }).getByRole('button', { name: 'Show more' }).click();
	await comes(page.getByRole('heading', { name: '250 files' }).waitFor(), 'to the last');
	sql(`select haul.forget(${id})`);
	await page.context().close();
}

async function daemonsInTwoTabs() {
	const page = await visit('operator', '#/daemons');
	// What has no WebSocket asks, and sees the same.
	await page.context().routeWebSocket(/\/ws$/, (socket) => socket.close());
	const other = await tab(page, '#/daemons/sweeper');
	await comes(other.getByText('Polling', { exact: true }).waitFor(), 'one tab has no WebSocket');
	await page.getByRole('button', { name: 'Start sweeper' }).click();
	await comes(other.getByRole('button', { name: 'Stop sweeper' }).waitFor(), 'a daemon that is started is so in the other tab');
	await comes(other.getByRole('link', { name: /^View Job/ }).waitFor(), 'with its job');
	await comes(other.getByRole('log').getByText('STARTED').waitFor(), 'and in its log');
	await other.getByRole('button', { name: 'Stop sweeper' }).click();
	await shot(other, 'daemon-stop');
	await dialog(other).getByRole('button', { name: 'Cancel', exact: true }).click();
	is(sql("select state in ('stopped', 'stopping') from tow.daemons where name = 'sweeper'"), 'f', 'before one is stopped, it is asked');
	await other.getByRole('button', { name: 'Stop sweeper' }).click();
	await dialog(other).getByRole('button', { name: 'Stop', exact: true }).click();
	await comes(page.getByRole('button', { name: 'Start sweeper' }).waitFor(), 'one that is stopped there, here');
	await page.context().close();
}

// What a daemon said in a turn that is over is not of now.
async function oldWordsAreDated() {
	for (const width of [1280, 360]) {
		const page = await visit('viewer', '', { viewport: { width, height: 740 } });
		const at = new Date(Date.now() - 2 * 3600000).toISOString();
		await answers(page)(/v1\/daemons$/, ({ items }) => {
			const [one] = items;
			items.push({ ...one, name: 'still', state: 'sleeping', status: 'Swept three rooms', status_at: at, heartbeat_at: at },
				{ ...one, name: 'turning', state: 'sleeping', status: 'Sleeping for 60 seconds', status_at: at, heartbeat_at: new Date().toISOString(), status_job: null, job: 4711 }, { ...one, name: 'busy', state: 'running', status: 'Sweeps a room, of which there are nine, and looks under each carpet', status_at: at });
		});
		await goTo(page, '#/daemons');
		await comes(row(page, 'still').getByText('2 h ago: Swept three rooms').locator('visible=true').waitFor(), `${width} px wide: what a daemon said that sleeps has its age`);
		is(await row(page, 'turning').getByText(/2 h ago/).count(), 0, 'of one that goes on turning that is the age of its last turn');
		await comes(row(page, 'turning').getByRole('link', { name: 'View Job 4711' }).locator('visible=true').waitFor(), 'whose job is a click away');
		is(await row(page, 'busy').getByText(/ago/).locator('visible=true').count(), 0, 'what one says that runs is of now');
		ok(await row(page, 'busy').locator('.says').evaluateAll((all) => all.filter((e) => e.offsetWidth > 0).every((e) => e.scrollWidth <= e.clientWidth && e.scrollHeight <= e.clientHeight)), 'and can be read to its end');
		ok(!await isTooWide(page), 'and it fits');
		await shot(page, `daemons-said-${width}`);
		await page.context().close();
	}
}

async function watchingStops() {
	const page = await visit('operator', '#/downloads');
	const service = page.locator('.service');
	await comes(service.getByText('All are asked what they do.').waitFor(), 'it is said that clients are watched');
	await answers(page)(/v1\/status$/, ({ items }) => Object.assign(items.find((o) => o.component === 'workers'), { status: 'bad' }));
	await page.reload();
	await comes(service.getByText('Nobody is there to look: no worker is running.').waitFor(), 'unless there is nobody who could');
	await comes(service.locator('.warn').getByText('Clients are not watched').waitFor(), 'and that is not said to be well');
	await shot(page, 'watching-nobody');
	await page.unrouteAll({ behavior: 'ignoreErrors' });
	await page.reload();
	await service.getByRole('button', { name: 'Stop watching clients' }).click();
	await comes(dialog(page).getByText('nothing of it is seen here').waitFor(), 'before that ends, it is asked');
	await shot(page, 'watching-stop');
	await dialog(page).getByRole('button', { name: 'Stop', exact: true }).click();
	await comes(service.getByText('Clients are not watched').waitFor(), 'then they are not watched');
	is(await service.getByText('All are asked').count(), 0, 'and not said to be asked');
	await shot(page, 'watching-stopped');
	await service.getByRole('button', { name: 'Start watching clients' }).click();
	await comes(service.getByText('All are asked what they do.').waitFor(), 'until they are watched again');
	await page.context().close();
}

async function cardsAreWalked() {
	const page = await visit('viewer', '#/clients');
	await page.locator('.member').nth(1).waitFor();
	const here = () => page.evaluate(() => document.activeElement.querySelector('h2')?.textContent);
	await page.keyboard.press('j');
	const first = await here();
	await page.keyboard.press('j');
	const second = await here();
	await page.keyboard.press('k');
	is([first, second, await here()].join(), await page.locator('.member h2').allTextContents().then(([a, b]) => [a, b, a].join()), 'j and k walk through clients and targets');
	await page.context().close();
}

async function whatComesIsNotPast() {
	const page = await visit('viewer');
	await answers(page)(/v1\/schedules$/, ({ items }) => items.forEach((s) => Object.assign(s, { state: 'active', next_at: new Date(Date.now() - 5000).toISOString(), next_local: '2038-01-01 10:00:00+00' })));
	await goTo(page, '#/schedules');
	await comes(row(page, 'often').getByText(/^now,/).waitFor(), 'a schedule whose instant is there comes now');
	is(await row(page, 'often').getByText(/ago/).count(), 0, 'not some time ago');
	await page.context().close();
}

async function schedulesWithPreview() {
	sql("select tow.set_schedule('nightly', jitter => '90 s')");
	const page = await visit('admin', '#/schedules/nightly');
	await page.getByRole('button', { name: 'Edit' }).click();
	const preview = dialog(page).getByRole('region', { name: 'Next runs' });
	await comes(preview.getByText('at 03:00 every day').waitFor(), 'a line is in words before it is changed');
	expected.trouble = true;
	await dialog(page).getByLabel('When', { exact: true }).fill('0 9 * * 1-99');
	await comes(preview.getByText('is not within').waitFor(), 'a bad one is said to be');
	expected.trouble = false;
	await dialog(page).getByLabel('When', { exact: true }).fill('0 0 31 2 *');
	await comes(preview.getByText('It never comes').waitFor(), 'so is a day that there is none');
	is(await dialog(page).getByLabel('Starts up to so much later').inputValue(), '1 min 30 s', 'spans are written as people write them');
	await dialog(page).getByLabel('When', { exact: true }).fill('30 9 * * 1-5');
	await comes(preview.getByText('at 09:30 on Monday to Friday').waitFor(), 'a good one is in words at once');
	is(await preview.getByRole('listitem').filter({ hasText: '09:30' }).count(), 5, 'with its next five runs');
	await shot(page, 'schedule-edit');
	await dialog(page).getByRole('button', { name: 'Save' }).click();
	await comes(page.locator('main').getByText('30 9 * * 1-5').waitFor(), 'it is saved');
	is(sql("select args ->> 'report' || ' ' || tz || ' ' || jitter from tow.schedules where name = 'nightly'"), 'sales Europe/Berlin 00:01:30', 'and what was not changed stays');
	await page.getByRole('button', { name: 'Run now: nightly' }).click();
	await comes(row(page, 'by hand').getByText('completed').waitFor(), 'it runs now, and its history has that');
	await page.getByRole('button', { name: 'Pause nightly' }).click();
	await comes(page.getByText('it is paused').waitFor(), 'it is paused');
	await goTo(page, '#/schedules');
	await page.getByRole('button', { name: 'Add a schedule' }).click();
	for (const [label, text] of [['Name', 'short-lived'], ['When', '@daily'], ['Kind of job', 'nope'], ['Arguments', '{"n"}']])
		await dialog(page).getByLabel(label, { exact: true }).fill(text);
	await comes(dialog(page).getByText("knows kind 'nope'").waitFor(), 'a kind that no worker knows is said to be');
	await dialog(page).getByRole('button', { name: 'Add', exact: true }).click();
	await comes(dialog(page).getByText('Arguments: this is no JSON').waitFor(), 'and so is what is no JSON');
	await shot(page, 'schedule-add');
	await dialog(page).getByLabel('Arguments').fill('{}');
	await dialog(page).getByLabel('Kind of job').fill('noop');
	await dialog(page).getByLabel('Name', { exact: true }).fill('nightly');
	await dialog(page).getByRole('button', { name: 'Add', exact: true }).click();
	await comes(dialog(page).getByText('there is a schedule nightly already').waitFor(), 'and a name that is taken');
	is(sql("select spec from tow.schedules where name = 'nightly'"), '30 9 * * 1-5', 'whose schedule stays as it is');
	await comes(page.waitForFunction(() => document.activeElement.textContent === 'Add'), 'who is refused is where he was');
	await dialog(page).getByLabel('Name', { exact: true }).fill('short-lived');
	await dialog(page).getByRole('button', { name: 'Add', exact: true }).click();
	await page.getByRole('link', { name: 'short-lived' }).click();
	await page.getByRole('button', { name: 'Delete' }).click();
	await dialog(page).getByRole('button', { name: 'Delete' }).click();
	await comes(page.getByRole('heading', { level: 1, name: 'Schedules' }).waitFor(), 'one is added and deleted');
	is(sql("select count(*) from tow.schedules where name = 'short-lived'"), '0', 'and gone');
	await page.context().close();
}

async function clientsAreTested() {
	const page = await visit('operator', '#/clients');
	await page.getByRole('button', { name: 'Test seedbox' }).click();
	await comes(dialog(page).locator('.findings li').first().waitFor(), 'a client is tested, and the page says what was found');
	await dialog(page).getByRole('button', { name: 'Close' }).click();
	await page.getByRole('button', { name: 'Test media' }).click();
	await comes(page.getByRole('dialog', { name: /media/ }).locator('.findings li').first().waitFor(), 'so is a target');
	await shot(page, 'target-test');
	await dialog(page).getByRole('button', { name: 'Close' }).click();
	await page.getByRole('button', { name: 'Disable seedbox' }).click();
	await comes(page.getByRole('button', { name: 'Enable seedbox' }).waitFor(), 'and is disabled');
	is(await page.getByRole('button', { name: 'Add a client' }).count(), 0, 'an operator is not offered to add one');
	await page.context().close();
}

// Columns for which there is no room go, and nothing is squeezed.
async function columnsGoWhereThereIsNoRoom() {
	const page = await visit('admin');
	for (const place of [...places, ...forAdmins]) {
		await see(page, place);
		await fitsBetween(page, place[0]);
		await shot(page, pictureOf(`765 ${place[0]}`));
	}
	await page.context().close();
}

// More than a card shows at first: what each worker does is asked for, not what runs lately.
async function workersShowWhatTheyDo() {
	sql("select count(tow.enqueue('sleep', '{\"s\": 600}', queue => 'crowd')) from generate_series(1, 12)");
	const page = await visit('viewer', '#/workers');
	const card = page.locator('section.card').filter({ hasText: 'crowd:12' });
	await comes(card.locator('.facts').getByText(/^[\d.]+ MB$/).waitFor(), 'how much memory a worker takes is said');
	await comes(card.getByText('and 4 more jobs').waitFor(), 'and how many jobs more than are shown');
	await shot(page, 'workers-crowd');
	await card.getByRole('button', { name: 'Show all' }).click();
	await comes(card.locator('.doing li').nth(11).waitFor(), 'all can be shown');
	await page.context().close();
	await notesAreFollowed();
	sql("select count(tow.cancel(id)) from tow.jobs where queue = 'crowd'");
}

// What a job says is not told by the WebSocket, only that it says something. Nothing is asked by the clock.
async function notesAreFollowed() {
	const page = await visit('operator');
	let n = 0;
	await answers(page)(/workers\/jobs/, ({ items }) => {
		n++;
		items.forEach((job) => { job.note = `word ${n}`; });
	});
	await page.addInitScript(() => { window.setInterval = () => 0; });
	await page.goto(`${base()}?notes#/workers`);
	await comes(page.getByText(/^word ([6-9]|\d{2,})$/).first().waitFor(), 'what a job says is said on Workers as soon as it says it');
	await page.context().close();
}

// In a dialog: what is filled in, and what is chosen; then the button that does it.
async function fillAndPress(page, filled, chosen, button) {
	for (const [label, text] of filled)
		await dialog(page).getByLabel(label, { exact: true }).fill(text);
	for (const [label, option] of chosen)
		await dialog(page).getByLabel(label, { exact: true }).selectOption(option);
	await checkAccess(page, await dialog(page).getByRole('heading').first().textContent());
	await dialog(page).getByRole('button', { name: button, exact: true }).click();
}

async function clientsAreSetUp() {
	const page = await visit('admin', '#/clients');
	await page.getByRole('button', { name: 'Add a client' }).click();
	await fillAndPress(page, [], [['Program', 'deluge']], 'Next');
	await dialog(page).getByText('the password of deluge-web, no user').waitFor();
	is(await dialog(page).getByLabel('User', { exact: true }).count(), 0, 'what a program does not take is not asked for');
	is(await dialog(page).getByLabel('Address').getAttribute('placeholder'), 'http://127.0.0.1:8112', 'what its address looks like is said');
	await shot(page, 'client-add');
	await fillAndPress(page, [['Name', 'deluge'], ['Address', 'http://127.0.0.1:1'], ['Secret', 'secret:deluge'], ['Category', 'tow']], [], 'Add');
	await dialog(page).getByRole('button', { name: 'Close' }).click();
	is(sql("select concat_ws(' ', driver, url, secret, category, priority) from haul.clients where name = 'deluge'"), 'deluge http://127.0.0.1:1 secret:deluge tow 100', 'a client is added');
	await page.getByRole('button', { name: 'Edit deluge' }).click();
	await fillAndPress(page, [['Category', '']], [], 'Save');
	await comes(page.getByText('deluge is saved').waitFor(), 'and changed');
	is(sql("select category is null and secret = 'secret:deluge' from haul.clients where name = 'deluge'"), 't', 'as it was said');
	await page.getByRole('button', { name: 'Delete deluge' }).click();
	await dialog(page).getByRole('button', { name: 'Delete' }).click();
	await comes(page.getByRole('heading', { name: 'deluge', exact: true }).waitFor({ state: 'detached' }), 'and deleted');
	await page.getByRole('button', { name: 'Add a target' }).click();
	await fillAndPress(page, [], [['Program', 'mpd']], 'Next');
	await fillAndPress(page, [['Name', 'music'], ['Address', 'mpd://127.0.0.1:1']], [], 'Add');
	await dialog(page).getByRole('button', { name: 'Close' }).click();
	is(sql("select driver from haul.targets where name = 'music'"), 'mpd', 'so is a target');
	await page.context().close();
}

async function treatmentIsSetUp() {
	const page = await visit('admin', '#/settings/profiles');
	await page.getByRole('button', { name: 'Add a profile' }).click();
	await fillAndPress(page, [['Name', 'patient'], ['When it gets nothing', 'wait 3 days']], [], 'Add');
	await comes(dialog(page).getByText('When it gets nothing: not understood: wait 3 days').waitFor(), 'steps that are none are said to be');
	await fillAndPress(page, [['When it gets nothing', 'recheck after 2 h, fail after 2 days'], ['At once in one client', '3']], [], 'Add');
	await comes(row(page, 'patient').getByText('recheck after').waitFor(), 'a profile is added');
	await page.getByRole('button', { name: 'Edit patient' }).click();
	await fillAndPress(page, [['Retries by itself', '7'], ['At once in one client', '']], [], 'Save');
	await comes(row(page, 'patient').getByText('7', { exact: true }).waitFor(), 'and changed');
	is(sql("select concat_ws(', ', stalled, max_active, retries) from haul.profiles where name = 'patient'"), 'recheck after 2 h, fail after 2 days, 7', 'as it was said');
	is(await page.getByRole('button', { name: 'Delete default' }).count(), 0, 'the default one stays');
	await goTo(page, '#/settings/goals');
	await page.getByRole('button', { name: 'Add a goal' }).click();
	await fillAndPress(page, [['Tracker', 'example.org'], ['To a ratio of', '1.5'], ['For', '3 days']], [['Library', 'main']], 'Add');
	await page.getByRole('button', { name: 'Edit the goal of example.org, main' }).click();
	await fillAndPress(page, [['To a ratio of', '2']], [], 'Save');
	await comes(row(page, 'example.org').getByText('2', { exact: true }).waitFor(), 'a goal is added and changed');
	is(sql("select concat_ws(' ', tracker, library, ratio, seed_time) from haul.goals"), 'example.org main 2 3 days', 'and is one still');
	await page.getByRole('button', { name: 'Delete the goal of example.org, main' }).click();
	await dialog(page).getByRole('button', { name: 'Delete' }).click();
	await comes(page.getByText('No seeding goals yet').waitFor(), 'and deleted');
	await page.context().close();
}

async function policiesAndKinds() {
	const page = await visit('admin', '#/settings/policies');
	await page.getByRole('button', { name: 'Add a policy' }).click();
	expected.trouble = true;
	await fillAndPress(page, [['Name', 'quick'], ['First delay', 'soon']], [], 'Add');
	await comes(dialog(page).getByText('there is a policy quick already').waitFor(), 'one that is there is not made anew');
	await fillAndPress(page, [['Name', 'sturdy']], [], 'Add');
	await comes(dialog(page).getByText('for instance 90 s').waitFor(), 'a delay that is none is said to be, with an example');
	expected.trouble = false;
	await fillAndPress(page, [['First delay', '90 s'], ['Attempts', '20']], [], 'Add');
	await comes(row(page, 'sturdy').getByText('1 min 30 s, then 2 times longer each time').waitFor(), 'a policy is added');
	await page.getByRole('button', { name: 'Edit sturdy' }).click();
	await fillAndPress(page, [['At most', '1 h']], [], 'Save');
	await comes(row(page, 'sturdy').getByText('at most 1 h').waitFor(), 'and changed');
	is(sql("select concat_ws(' ', shape, base, cap, max_attempts) from tow.policies where name = 'sturdy'"), 'exponential 00:01:30 01:00:00 20', 'as it was said');
	is(await page.getByRole('button', { name: 'Delete never' }).count(), 0, 'what is needed stays');
	await page.getByRole('button', { name: 'Delete sturdy' }).click();
	await dialog(page).getByRole('button', { name: 'Delete' }).click();
	await comes(row(page, 'sturdy').waitFor({ state: 'detached' }), 'another one goes');
	await goTo(page, '#/settings/kinds');
	await page.getByRole('button', { name: 'Limit spin' }).click();
	await fillAndPress(page, [['Running at a time', '2']], [], 'Save');
	await comes(row(page, 'spin').getByText('any', { exact: true }).waitFor({ state: 'detached' }), 'a kind is limited');
	await page.getByRole('button', { name: 'Limit spin' }).click();
	await fillAndPress(page, [['Running at a time', '']], [], 'Save');
	await comes(row(page, 'spin').getByText('any', { exact: true }).waitFor(), 'and is no more');
	await page.context().close();
}

async function peopleAreTold() {
	const page = await visit('admin', '#/settings/channels');
	await page.getByRole('button', { name: 'Add a channel' }).click();
	await fillAndPress(page, [], [['Program', 'ntfy']], 'Next');
	await fillAndPress(page, [['Name', 'phone'], ['Address', 'http://127.0.0.1:1'], ['Topic', 'mine'], ['Priority', '2']], [], 'Add');
	await row(page, 'phone').waitFor();
	await page.getByRole('button', { name: 'Edit phone' }).click();
	await fillAndPress(page, [['Priority', ''], ['Topic', 'ours']], [], 'Save');
	await comes(page.getByText('phone is saved').waitFor(), 'a channel is added and changed');
	is(sql("select options from haul.channels where name = 'phone'"), '{"topic": "ours"}', 'with its options');
	await page.getByRole('button', { name: 'Test phone' }).click();
	await comes(page.getByRole('alert').getByText(/^phone: /).waitFor(), 'it is tested, and what is wrong is said');
	await goTo(page, '#/settings/rules');
	await page.getByRole('button', { name: 'Add a rule' }).click();
	await dialog(page).getByText('What can be told').click();
	await comes(dialog(page).getByText('client.disk_low').waitFor(), 'what can be told is listed');
	await shot(page, 'rule-add');
	await fillAndPress(page, [['Name', 'failures'], ['Events', 'download.failed, client.*'], ['Only libraries', 'main']], [], 'Add');
	await page.getByRole('button', { name: 'Edit failures' }).click();
	await fillAndPress(page, [['Only libraries', ''], ['Gathers for', '5 min']], [], 'Save');
	await comes(page.getByText('failures is saved').waitFor(), 'a rule is added and changed');
	is(sql("select concat_ws(' ', channel, events, libraries, delay) from haul.rules where name = 'failures'"), 'phone {download.failed,client.*} 00:05:00', 'as it was said');
	await page.getByRole('button', { name: 'Delete failures' }).click();
	await dialog(page).getByRole('button', { name: 'Delete' }).click();
	await comes(page.getByText('No rules yet').waitFor(), 'and deleted');
	await goTo(page, '#/settings/channels');
	await page.getByRole('button', { name: 'Delete phone' }).click();
	await dialog(page).getByRole('button', { name: 'Delete' }).click();
	await comes(page.getByText('No channels yet').waitFor(), 'and so is its channel');
	await page.context().close();
	const operator = await visit('operator', '#/settings/profiles');
	await row(operator, 'patient').waitFor();
	is(await operator.locator('main').getByRole('button', { name: /Add|Edit|Delete/ }).count(), 0, 'an operator sets nothing up');
	await operator.context().close();
}

async function daemonsAreSetUp() {
	const page = await visit('admin', '#/daemons');
	await page.getByRole('button', { name: 'Add a daemon' }).click();
	await fillAndPress(page, [['Name', 'sweeper'], ['Kind of job', 'noop']], [], 'Add');
	await comes(dialog(page).getByText('there is a daemon sweeper already').waitFor(), 'a name that is taken is said to be');
	await dialog(page).getByText('More', { exact: false }).first().click();
	await shot(page, 'daemon-add');
	await fillAndPress(page, [['Name', 'my own'], ['Sleeps between turns', '5 minutes'], ['Config', '{"n": 1}'], ['Time limit of a turn', '1 minute']], [], 'Add');
	await comes(page.getByRole('heading', { level: 1, name: 'my own' }).waitFor(), 'a daemon is added');
	await page.getByRole('button', { name: 'Edit', exact: true }).click();
	await dialog(page).getByLabel('Starts by itself').check();
	await fillAndPress(page, [['Config', '{"n": 2}']], [], 'Save');
	await comes(page.getByText('my own is saved').waitFor(), 'and changed');
	is(sql("select concat_ws(' ', kind, config, every, timeout, auto_start) from tow.daemons where name = 'my own'"), 'noop {"n": 2} 00:05:00 00:01:00 t', 'as it was said');
	await page.getByRole('button', { name: 'Stop my own' }).waitFor(); // it starts by itself
	await page.getByRole('button', { name: 'Disable my own' }).click();
	await dialog(page).getByRole('button', { name: 'Disable' }).click();
	await page.getByRole('button', { name: 'Delete', exact: true }).click();
	await dialog(page).getByRole('button', { name: 'Delete' }).click();
	await comes(page.getByRole('heading', { level: 1, name: 'Daemons' }).waitFor(), 'and deleted');
	is(sql("select count(*) from tow.daemons where name = 'my own'"), '0', 'for good');
	await page.context().close();
}

async function whoIs(secret) {
	const answer = await fetch(`${base()}api/v1/me`, { headers: { Authorization: `Bearer ${secret}` } });
	return answer.ok ? (await answer.json()).name : answer.status;
}

async function tabsThatAreNotThere() {
	const page = await visit('operator', '#/settings/nope', { viewport: { width: 360, height: 740 } });
	await comes(page.getByText('There is no such tab').waitFor(), 'that there is no such tab of settings is said');
	is(await page.locator('.tabs [aria-current]').count(), 0, 'and none is shown for it');
	await shot(page, 'settings-nope-phone');
	await goTo(page, '#/settings/tokens');
	await comes(page.getByText('Tokens: for admins alone').waitFor(), 'one that is for others is said to be');
	await page.getByRole('link', { name: 'Retries' }).click();
	await comes(row(page, 'quick').waitFor(), 'the others are there');
	await goTo(page, '#/settings');
	await comes(page.locator('.tabs [aria-current]').getByText('Retries').waitFor(), 'and the first, where none is named');
	await page.context().close();
}

async function tokensAreAdded() {
	const page = await visit('admin', '#/settings/tokens');
	await page.getByRole('button', { name: 'Add a token' }).click();
	await dialog(page).getByLabel('Name').fill('laptop');
	await dialog(page).getByRole('button', { name: 'Add', exact: true }).click();
	const secret = await dialog(page).getByLabel('secret of the new token').inputValue();
	is(await whoIs(secret), 'laptop', 'a token that the page makes is one');
	await dialog(page).getByRole('button', { name: 'Close' }).click();
	await page.getByRole('button', { name: 'Add a token' }).click();
	await dialog(page).getByLabel('Name').fill('shop');
	await dialog(page).getByLabel('Role').selectOption('producer');
	await dialog(page).getByLabel('Queues').fill('default, haul');
	await shot(page, 'token-dialog');
	await dialog(page).getByRole('button', { name: 'Add', exact: true }).click();
	await dialog(page).getByLabel('secret of the new token').waitFor();
	await dialog(page).getByRole('button', { name: 'Close' }).click();
	await comes(row(page, 'shop').getByText('default, haul').waitFor(), 'one that only makes jobs, and in these queues');
	await shot(page, 'tokens');
	await page.getByRole('button', { name: 'Delete laptop' }).click();
	await dialog(page).getByRole('button', { name: 'Delete' }).click();
	await comes(page.getByText('laptop is deleted').waitFor(), 'and is deleted');
	is(await whoIs(secret), 401, 'and good for nothing any more');
	await goTo(page, '#/settings/instance');
	await page.getByRole('button', { name: 'Change max_losses' }).click();
	await dialog(page).getByLabel('Value').fill('7');
	await dialog(page).getByRole('button', { name: 'Save' }).click();
	await comes(page.getByRole('button', { name: 'Reset max_losses' }).waitFor(), 'a setting is changed, and may be reset');
	await goTo(page, '#/audit?what=token');
	await comes(row(page, 'token.drop').getByText('laptop').waitFor(), 'the audit says so');
	is(await row(page, 'sign_in').count(), 0, 'and nothing else, where it is filtered');
	await page.context().close();
}

// What happens to one download is nothing to who looks at another; and where much happens, long lists are not asked for each
// time. By a clock of the test's, which goes on when the page has heard.
async function othersAreNotAskedFor() {
	const [mine, other] = [1, 2].map((n) => sql(`select haul.grab('http://127.0.0.1:9/asked${n}.bin', options => '{"paused": true}')`));
	const happens = (id) => sql(`select haul_store.note_event(${id}, 'paused', 'as before', 'paused', 'paused')`);
	const page = await visit('viewer');
	let heard = 0;
	page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => { heard += JSON.parse(payload).topic === 'downloads' ? 1 : 0; }));
	const asked = [];
	page.on('request', (request) => asked.push(request.url()));
	const times = (what) => asked.filter((url) => what.test(url)).length;
	const goesOn = async (isThere) => {
		while (!isThere()) {
			await page.clock.runFor(10);
			await pause(30);
		}
	};
	const hears = async (id) => {
		const before = heard;
		happens(id);
		while (heard === before)
			await pause(50);
		await page.clock.runFor(1000);
	};
	await page.clock.install();
	await page.goto(`${base()}?asked#/downloads/${mine}`);
	await page.getByRole('heading', { level: 1, name: 'asked1.bin' }).waitFor();
	await page.getByText('Live', { exact: true }).waitFor();
	await page.clock.pauseAt(Date.now() + 3600000);
	const own = new RegExp(`/downloads/${mine}$`), list = /downloads\?.*limit=50/, stuck = /downloads\?.*failing=true/;
	await goesOn(() => times(own) > 1);
	asked.length = 0;
	await hears(mine);
	await goesOn(() => times(own) > 0);
	const witness = await visit('viewer', '#/downloads');
	await witness.getByText('Live', { exact: true }).waitFor();
	await page.clock.runFor(3000); // what it was told of before is asked for
	const before = times(own);
	happens(other);
	await isTold(witness, 'downloads');
	await page.clock.runFor(1000);
	is(times(own), before, 'of what happens to another download its page asks nothing');
	await witness.context().close();
	await goTo(page, '#/downloads');
	await goesOn(() => times(stuck) > 0);
	asked.length = 0;
	for (let n = 1; n <= 6; n++) {
		await hears(mine);
		await goesOn(() => times(list) >= n);
	}
	ok(times(stuck) <= times(list) / 2, 'long lists are asked for now and then', `${times(stuck)} times, the list ${times(list)} times`);
	sql(`select haul.cancel(${mine}), haul.forget(${mine}), haul.cancel(${other}), haul.forget(${other})`);
	await page.context().close();
}

// What a page shows can be set there, too, and taken back.
async function allCanBeSet() {
	const page = await visit('admin', '#/schedules/nightly');
	const edit = async () => {
		await page.getByRole('button', { name: 'Edit', exact: true }).click();
		await dialog(page).getByText('More', { exact: false }).first().click();
	};
	const saved = () => comes(dialog(page).waitFor({ state: 'detached' }), 'which is saved');
	const isNow = (wanted, description) => is(sql("select concat_ws(' ', lane, priority, policy, tags, starts_at at time zone 'UTC', ends_at at time zone 'UTC', missed_within, nullif(missed_most, 100), start_within) from tow.schedules where name = 'nightly'"), wanted, description);
	await edit();
	const zone = await page.evaluate(() => new Date('2038-01-01T10:00:30').getTimezoneOffset());
	const utc = (text) => new Date(Date.parse(`${text}Z`) + zone * 60000).toISOString().slice(0, 19).replace('T', ' ');
	await fillAndPress(page, [['Lane', 'reports'], ['Priority', '7'], ['Tags', 'night, sales'], ['Comes from', '2037-01-01T10:00:30'], ['Comes until', '2038-01-01T10:00'], ['Missed no longer ago than', '2 days'], ['Of missed ones, at most', '40'], ['Must start within', '1 hour']], [['What was missed', 'all'], ['What fails is tried again', 'quick']], 'Save');
	await saved();
	const all = `reports 7 quick {night,sales} ${utc('2037-01-01T10:00:30')} ${utc('2038-01-01T10:00:00')} 2 days 40 01:00:00`;
	isNow(all, 'a schedule has a lane, a priority, a policy, tags, a beginning and an end, and limits of what is late');
	await comes(page.getByRole('region', { name: 'What' }).getByText('Must start within').waitFor(), 'and says so');
	const sent = [];
	page.on('request', (request) => { if (request.method() === 'PATCH') sent.push(request.postData()); });
	await edit();
	await shot(page, 'schedule-edit-more');
	await fillAndPress(page, [], [], 'Save');
	await saved();
	is(sent.join(), '', 'who changes nothing sends nothing');
	await edit();
	await fillAndPress(page, [['Lane', ''], ['Priority', ''], ['Tags', ''], ['Comes from', ''], ['Comes until', ''], ['Missed no longer ago than', ''], ['Of missed ones, at most', ''], ['Must start within', '']], [['What was missed', 'last'], ['What fails is tried again', '']], 'Save');
	await saved();
	isNow('100', 'and what is emptied is as it was');
	await goTo(page, '#/queues/crowd');
	const limits = async () => {
		await page.getByRole('button', { name: 'Limits', exact: true }).click();
		await dialog(page).getByText('More', { exact: false }).first().click();
	};
	const isSet = (wanted, description) => is(sql("select concat_ws(' ', policy, lane_rate, lane_burst, expire_after, max_args_bytes, description) from tow.queues where name = 'crowd'"), wanted, description);
	await limits();
	await fillAndPress(page, [['Starts in a lane', '5'], ['Burst in a lane', '20'], ['Jobs expire after', '2 days'], ['Bytes of arguments', '5000'], ['What it is for', 'many']], [['What fails is tried again', 'quick']], 'Save');
	await saved();
	isSet('quick 5 20 2 days 5000 many', 'a queue has a policy, a burst in its lanes, and jobs that expire');
	await comes(page.getByRole('region', { name: 'Rules' }).getByText('2 d', { exact: true }).waitFor(), 'and says so');
	await limits();
	await shot(page, 'queue-limits-more');
	await fillAndPress(page, [['Starts in a lane', ''], ['Burst in a lane', ''], ['Jobs expire after', ''], ['Bytes of arguments', ''], ['What it is for', '']], [['What fails is tried again', '']], 'Save');
	await saved();
	isSet('', 'which can be taken back');
	await page.context().close();
}

// However many there are: the server is asked for one at a time.
async function listsGoOn() {
	const page = await visit('admin', '#/jobs');
	await page.route(/v1\/(queues|workers|schedules|daemons|clients|targets|tokens|policies|kinds|profiles)(\?|$)/, (route) => {
		const url = new URL(route.request().url());
		url.searchParams.set('limit', '1');
		return route.continue({ url: url.href });
	});
	for (const name of ['one', 'another'])
		tow('token', 'add', name, '--role', 'viewer');
	const rows = { queues: 'tbody tr', schedules: 'tbody tr', daemons: '.daemons tbody tr', workers: '.columns .card', clients: '.columns .card', 'settings/tokens': 'tbody tr', 'settings/policies': 'tbody tr', 'settings/kinds': 'tbody tr' };
	for (const [name, one] of Object.entries(rows)) {
		await goTo(page, `#/${name}`);
		const more = page.getByRole('button', { name: 'Show more' }).first();
		await comes(more.waitFor(), `where there are more ${name} than fit a page, it is said`);
		const before = await page.locator(one).count();
		if (name === 'workers')
			await comes(page.getByText(/^the first 1 worker of more: /).waitFor(), 'and what is counted is said to be of some');
		await more.click();
		await comes(page.locator(one).nth(before).waitFor(), 'and they can be had');
	}
	await goTo(page, '#/schedules');
	await page.getByRole('button', { name: 'Show more' }).click();
	await page.getByRole('button', { name: 'Resume often' }).click();
	await comes(page.getByRole('button', { name: 'Pause often' }).waitFor(), 'what is changed of them is seen');
	await page.getByRole('button', { name: 'Pause often' }).click();
	await page.getByRole('button', { name: 'Resume often' }).waitFor();
	await goTo(page, '#/queues/haul.watch');
	await comes(page.getByRole('heading', { level: 1, name: 'haul.watch' }).waitFor(), 'a queue that no list has room for has its page');
	await goTo(page, '#/queues/nowhere');
	await comes(page.getByText('There is no queue nowhere').waitFor(), 'one that is not there has none');
	await page.context().close();
}

async function viewersOnlyLook() {
	const page = await visit('viewer');
	for (const place of places) {
		await see(page, place);
		const offered = await page.locator('main button').evaluateAll((all) => all.filter((b) => !b.closest('th') && !/^(Copy|Show more|Show all)/.test(b.textContent)).map((b) => b.textContent));
		is(offered.join(', '), '', `a viewer is offered nothing at ${place[0]}`);
	}
	const status = await page.evaluate(async () => (await fetch('api/v1/downloads/1/retry', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' })).status);
	is(status, 403, 'whoever asks all the same is refused');
	await page.context().close();
}

const walkInLight = () => walkEverywhere('light'), walkInDark = () => walkEverywhere('dark');

const parts = [whereNothingIs, workersShowWhatTheyDo, librariesAreChanged, fromLinkToLibrary, filesAndDrops, magnetsAreAdded, manyAtOnce, moreCanBeSaid, checksumIsSaid, wordIsGiven, doubtIsSettled, historyGoesOn, daemonsInTwoTabs, oldWordsAreDated, watchingStops, daemonsAreSetUp, cardsAreWalked, whatComesIsNotPast, outcomesAreAStrip, schedulesWithPreview, clientsAreTested, clientsAreSetUp, treatmentIsSetUp, policiesAndKinds, peopleAreTold, tabsThatAreNotThere, tokensAreAdded, walkInLight, walkInDark, columnsGoWhereThereIsNoRoom,
	walkOnPhone, nothingJumps, allCanBeSet, emptyPagesSayHow, listsGoOn, othersAreNotAskedFor, triesAreTold, seedingIsSaid, longTextsFit, listsAreReadable, textsAreWhole, viewersOnlyLook];

await walk(parts, () => sql("select tow.resume('haul')"));
