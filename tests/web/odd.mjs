// What is odd: names, numbers, sizes; sessions that end, answers that do not come.
import { answers, base, expected, goTo, signIn, sql, visit, walk } from './stage.mjs';
import { comes, is, ok } from './tap.mjs';

const LARGE = '1234567890123456789';
const id = (text) => Number(sql(text));
const argsOfShown = (page) => sql(`select to_jsonb(j) -> 'args' from tow.job(${page.url().split('/').at(-1)}) j`);

// One that an older version has let in.
async function dotsActOnNothing() {
	sql("select tow.set_queue('dots'); select tow.enqueue('noop', queue => 'dots', lane => 'l'), tow.enqueue('noop', queue => 'dots', lane => 'l')");
	sql("update tow_store.job set lane = '..' where lane = 'l'; update tow_store.gate set name = '..' where name = 'l'");
	const page = await visit('operator', '#/queues/dots');
	await page.getByRole('button', { name: 'Pause lane ..' }).click();
	const dialog = page.getByRole('dialog');
	await dialog.getByRole('button', { name: 'Pause' }).click();
	await comes(dialog.getByText('what is called . or .. cannot be shown or changed on this page').waitFor(), 'a lane called .. is not paused from here');
	is(sql("select state from tow.queues where name = 'dots'"), 'open', 'nor is its queue');
	await goTo(page, '#/queues/..');
	await comes(page.getByRole('alert').getByText('what is called . or ..').waitFor(), 'nor is anything else shown in its place');
	await page.context().close();
}

async function largeNumbersStay() {
	const job = id(`select tow.enqueue('noop', '{"id": ${LARGE}, "ids": [${LARGE}0, 7, 1.5]}')`);
	const page = await visit('admin', `#/jobs/${job}`);
	await comes(page.getByRole('group', { name: 'arguments' }).getByText(LARGE, { exact: true }).waitFor(), 'a number that no browser can hold is shown as it is');
	await page.getByRole('button', { name: 'Copy job', exact: true }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Enqueue' }).click();
	await page.getByRole('heading', { level: 1, name: new RegExp(`^Job (?!${job} )`) }).waitFor();
	is(argsOfShown(page), `{"id": ${LARGE}, "ids": [${LARGE}0, 7, 1.5]}`, 'and so it is copied');
	await goTo(page, '#/jobs');
	await page.getByRole('button', { name: 'Enqueue a job' }).click();
	await page.getByLabel('Kind', { exact: true }).fill('noop');
	await page.getByLabel('Arguments').fill(`{"typed": ${LARGE}, "small": 0.10}`);
	await page.getByRole('dialog').getByRole('button', { name: 'Enqueue' }).click();
	await page.getByRole('heading', { level: 1, name: /^Job \d+ noop/ }).waitFor();
	is(argsOfShown(page), `{"small": 0.10, "typed": ${LARGE}}`, 'what is typed is sent as it was typed');
	sql(`select tow.set_daemon('large', 'noop', '{"id": ${LARGE}}', auto_start => false)`);
	await goTo(page, '#/daemons/large');
	await page.getByRole('button', { name: 'Edit' }).click();
	is(await page.getByLabel('Config', { exact: true }).inputValue(), `{"id":${LARGE}}`, 'so is what is edited');
	await page.context().close();
}

async function olderBrowsersRefuse() {
	const job = id(`select tow.enqueue('noop', '{"id": ${LARGE}}')`);
	const page = await visit('operator');
	await page.addInitScript(() => { delete JSON.rawJSON; });
	await page.goto(`${base()}?older#/jobs/${job}`);
	await comes(page.getByText('≈ 1234567890123456800').waitFor(), 'a browser that cannot keep a number says that it is another one');
	await page.getByRole('button', { name: 'Copy job', exact: true }).click();
	await comes(page.getByRole('alert').getByText('this browser cannot keep a number of it').waitFor(), 'and copies none');
	await page.context().close();
}

async function longValuesAreDrawnInParts() {
	const job = id("select tow.enqueue('noop', (select jsonb_build_object('all', jsonb_agg(jsonb_build_object('id', n, 'name', 'n' || n))) from generate_series(1, 15000) n))");
	const page = await visit('operator', `#/jobs/${job}`);
	const args = page.getByRole('group', { name: 'arguments' });
	await args.getByText('15000 ]').click();
	await args.getByRole('button', { name: 'Show 200 more' }).waitFor();
	ok(await args.locator('*').count() < 3000, 'of fifteen thousand objects few are drawn', `${await args.locator('*').count()}`);
	await args.locator('details details details').first().locator('summary').click();
	await comes(args.getByText('"n1"', { exact: true }).waitFor(), 'one that is opened is drawn then');
	await args.getByRole('button', { name: 'Show 200 more' }).click();
	await comes(args.locator('details details > .json-in > details').nth(399).waitFor(), 'more of them are there for who asks');
	await page.context().close();
}

async function filterSaysBlanks() {
	sql("select tow.enqueue('noop', tags => '{on call}'), tow.enqueue('noop', tags => '{on}')");
	const page = await visit('viewer', '#/jobs');
	const box = page.getByRole('searchbox', { name: 'Filter jobs' });
	await box.fill('tag:"on call" noop');
	await box.press('Enter');
	await comes(page.locator('tbody tr').filter({ hasText: 'on call' }).waitFor(), 'a tag with a blank is found within quotes');
	await comes(page.locator('tbody tr').nth(1).waitFor({ state: 'detached' }), 'and it alone');
	await page.reload();
	is(await box.inputValue(), 'noop tag:"on call"', 'and so it is written');
	await box.fill('tag:"on call');
	await box.press('Enter');
	await comes(page.getByText('Not understood: tag:"on').waitFor(), 'quotes that do not end are not understood');
	await page.context().close();
}

async function signingOutIsSure() {
	const page = await signIn('operator');
	await page.route('**/api/v1/session', (route) => route.fulfill({ status: 500, json: { detail: 'the disk is full' } }));
	expected.trouble = true;
	await page.getByRole('button', { name: 'Sign out' }).click();
	await comes(page.getByRole('alert').getByText('you are still signed in: the disk is full').waitFor(), 'who cannot be signed out is told');
	ok(await page.getByRole('button', { name: 'Sign out' }).isVisible(), 'and is where he was');
	await page.unroute('**/api/v1/session');
	expected.trouble = false;
	await page.getByRole('button', { name: 'Sign out' }).click();
	await comes(page.getByLabel('Token').waitFor(), 'once it is done, he is out');
	await page.context().close();
}

async function sessionsEndUnderDialogs() {
	const token = sql("select tow.add_token('someone', 'operator')"), other = sql("select tow.add_token('onlooker', 'viewer')");
	const page = await signIn('operator');
	const type = async (text) => {
		await goTo(page, '#/jobs');
		await page.getByRole('button', { name: 'Enqueue a job' }).click();
		await page.getByLabel('Kind', { exact: true }).fill('noop');
		await page.getByLabel('Arguments').fill(text);
		await page.context().clearCookies();
		await page.getByRole('dialog').getByRole('button', { name: 'Enqueue' }).click({ timeout: 5000 }).catch(() => null); // the page may have asked for something, and know
	};
	const enter = async (secret) => {
		await page.getByLabel('Token').fill(secret);
		await page.getByRole('button', { name: 'Sign in' }).click();
		await page.locator('#main h1').waitFor();
	};
	await type('{"typed": "before"}');
	await comes(enter(token), 'whose session has ended below a dialog can sign in');
	const dialog = page.getByRole('dialog', { name: 'Enqueue a job' });
	await comes(dialog.waitFor(), 'and finds the dialog');
	is(await page.getByLabel('Arguments').inputValue(), '{"typed": "before"}', 'with what was typed');
	await dialog.getByRole('button', { name: 'Enqueue' }).click();
	await comes(page.getByRole('heading', { level: 1, name: /^Job \d+ noop/ }).waitFor(), 'which can be done now');
	await type('{"typed": "again"}');
	await enter(other);
	is(await page.getByRole('dialog').count(), 0, 'who may do other things finds none');
	await page.context().close();
}

async function lateAnswersAreSaid() {
	const page = await visit('viewer', '#/queues');
	expected.trouble = true;
	await page.route(/api\/v1\/jobs\?/, (route) => route.fulfill({ status: 504, contentType: 'application/problem+json',
		json: { status: 504, detail: 'it took longer than ten seconds', hint: 'ask for less', code: '57014' } }));
	await goTo(page, '#/jobs');
	await comes(page.getByRole('alert').getByText('took longer than ten seconds').waitFor(), 'that an answer took too long is said');
	is(await page.getByText('the server does not answer').count(), 0, 'and not that nobody is there');
	await page.route(/api\/v1\/jobs\?/, (route) => route.fulfill({ status: 504, body: 'Gateway Timeout' }));
	await comes(page.getByText('took longer than ten seconds').waitFor({ state: 'detached' }), 'that a proxy has waited in vain is said elsewhere');
	expected.trouble = false;
	await page.context().close();
}

async function downloadsAreNumbers() {
	const page = await visit('viewer', '#/downloads/queue');
	await comes(page.getByText('There is no download queue').waitFor(), 'a download that is no number is none');
	await page.context().close();
}

const putDownloads = (title, state, n) => sql(`insert into haul_store.download (title, state, state_at, type, client, client_name, who, created_at)
	select '${title} ' || n, '${state}', now(), 'torrent', c.id, c.name, 'x', now() from haul_store.client c, generate_series(1, ${n}) n where c.name = 'far'`);

// What a page is told many times a second, it draws a few times.
async function movesAreGathered() {
	putDownloads('moving', 'downloading', 30);
	const page = await visit('viewer');
	let say = null;
	await page.context().routeWebSocket(/\/ws$/, (socket) => { say = (message) => socket.send(JSON.stringify(message)); });
	await page.goto(`${base()}?moves#/downloads`);
	await page.getByText('moving 30', { exact: true }).waitFor();
	const ids = sql('select string_agg(id::text, \',\') from haul_store.download').split(',').map(Number);
	await page.evaluate(() => {
		window.draws = 0;
		window.begun = performance.now();
		new MutationObserver(() => { window.draws++; }).observe(document.querySelector('main .table'), { subtree: true, childList: true, characterData: true, attributes: true });
	});
	for (let n = 0; n < 300; n++)
		say({ topic: 'downloads', type: 'progress', key: ids[n % 30], download_id: ids[n % 30], progress_pct: Math.floor(n / 30) * 10, down_bps: n * 1000, up_bps: 0, eta_s: null, ratio: null, size: 1000000, left_bytes: 900000, transfer: 'downloading', next_try_at: null });
	await comes(page.locator('tbody').getByText(/^90(\.0)? %$/).nth(29).waitFor(), 'the last of three hundred messages is shown');
	const [draws, ms] = await page.evaluate(() => [window.draws, performance.now() - window.begun]);
	ok(draws < Math.max(30, 15 + ms / 125), 'and the list was drawn a few times', `${draws} in ${ms} ms`); // it is drawn each 250 ms, and messages may come slowly
	await page.context().close();
}

const shownIn = (page, selector) => page.locator(selector).evaluateAll((all) => all.map((e) => e.textContent));

// More have come than a page holds, or fewer: between those that were asked for one after the other none is missing.
async function listsHaveNoHoles() {
	sql("select tow.set_queue('holes'); select tow.pause('holes')");
	const put = (n) => sql(`select tow.enqueue('noop', queue => 'holes') from generate_series(1, ${n})`);
	put(120);
	const page = await visit('viewer', '#/jobs?queue=holes');
	await page.getByRole('button', { name: 'Show more' }).click();
	const row = page.locator('tbody tr td:first-child');
	await row.nth(99).waitFor();
	put(20);
	const newest = sql("select max(id) from tow.jobs where queue = 'holes'");
	await comes(row.filter({ hasText: newest }).waitFor(), 'new jobs are shown');
	const wanted = sql("select string_agg(id::text, ' ' order by id desc) from tow.jobs where queue = 'holes'").split(' ');
	const shown = await shownIn(page, 'tbody tr td:first-child');
	is(shown.join(' '), wanted.slice(0, shown.length).join(' '), 'and none is missing before those that were there');
	ok(shown.length >= 100, 'of which none goes', `${shown.length}`);
	const late = wanted[90];
	sql(`select tow.cancel(${late})`);
	await comes(page.locator('tbody tr').filter({ hasText: late }).getByText('cancelled').waitFor({ timeout: 60000 }), 'what becomes of a later one is seen, too');
	sql("select tow.cancel(id) from tow.jobs where queue = 'holes' and state = 'ready'");
	await page.context().close();
}

async function growingListsAreWhole() {
	const say = (from, to) => sql(`select tow_store.note('odd.said', 'n' || n) from generate_series(${from}, ${to}) n`);
	say(1, 250);
	const page = await visit('operator', '#/audit?what=odd');
	await page.getByRole('button', { name: 'Show more' }).click();
	await page.locator('tbody tr').nth(199).waitFor();
	say(251, 490);
	await comes(page.locator('tbody').getByText('n490', { exact: true }).waitFor({ timeout: 60000 }), 'what comes to the audit is shown');
	const shown = (await shownIn(page, 'tbody tr td:nth-child(4)')).map((text) => /n\d+/.exec(text)[0]);
	is(shown.join(' '), Array.from({ length: 440 }, (_, i) => `n${490 - i}`).join(' '), 'and all that was there, and all between');
	await page.context().close();
}

async function longListsGoOn() {
	putDownloads('one of many', 'completed', 1060);
	const page = await visit('viewer');
	// As a thousand do, with fewer clicks.
	await page.route(/downloads\?.*limit=50(&|$)/, (route) => route.continue({ url: route.request().url().replace(/limit=50(?=&|$)/, 'limit=500') }));
	await page.goto(`${base()}?many#/downloads?show=completed`);
	for (const n of [499, 999]) {
		await page.locator('tbody tr').nth(n).waitFor({ timeout: 60000 });
		await page.getByRole('button', { name: 'Show more' }).click({ timeout: 60000 }); // hundreds of rows are being drawn
	}
	await comes(page.locator('tbody tr').nth(1059).waitFor({ timeout: 60000 }), 'downloads go on past a thousand');
	is(await page.getByRole('button', { name: 'Show more' }).count(), 0, 'to the last');
	sql('delete from haul_store.download');
	await page.context().close();
}

async function rowsKeepTheirHeight() {
	const page = await visit('viewer', '', { viewport: { width: 360, height: 800 } });
	let oldest = null;
	await answers(page)(/v1\/queues(\?|$)/, ({ items }) => items.forEach((q) => { q.oldest_ready = oldest; }));
	const heights = async (search) => {
		await page.goto(`${base()}?${search}#/queues`);
		await page.locator('tbody tr').first().waitFor();
		return page.locator('tbody tr').evaluateAll((rows) => rows.map((row) => row.offsetHeight).join(' '));
	};
	const before = await heights('none');
	oldest = new Date(Date.now() - 7000).toISOString();
	const after = await heights('old');
	ok(await page.getByText('the oldest').first().isVisible(), '360 px wide: since when the oldest waits is said');
	is(after, before, 'and no row is higher for it');
	await page.context().close();
}

await walk([dotsActOnNothing, largeNumbersStay, olderBrowsersRefuse, longValuesAreDrawnInParts, filterSaysBlanks, signingOutIsSure, sessionsEndUnderDialogs, lateAnswersAreSaid, downloadsAreNumbers, movesAreGathered, listsHaveNoHoles, growingListsAreWhole, longListsGoOn, rowsKeepTheirHeight], () => null);
