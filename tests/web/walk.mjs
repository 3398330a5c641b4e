// Through the page as people go: signing in, every page, acting, being refused, two tabs, the server gone and back.
import { spawn } from 'node:child_process';
import { answers, base, checkAccess, expected, fitsBetween, freeServer, goTo, holdServer, isTold, isTooWide, layoutIsStill, pause, refreshingIsStill, shot, signIn, sql, startServer, stopServer, tab, tow, until, visit, walk } from './stage.mjs';
import { comes, is, ok } from './tap.mjs';

const jobs = JSON.parse(process.env.JOBS); // {failed, echo, waiting, after}

// A page's address, its heading, and something that must be seen on it.
const places = [
	['#/overview', 'Overview', 'Needs somebody'],
	['#/jobs', 'Jobs', 'echo'],
	['#/jobs?state=failed', 'Jobs', 'out of paper'],
	['#/jobs?state=failed%2Cwaiting&since=2h', 'Jobs', 'out of paper'],
	[`#/jobs/${jobs.failed}`, 'fail', 'Timeline'],
	[`#/jobs/${jobs.echo}`, 'echo', 'hello world'],
	[`#/jobs/${jobs.after}`, 'noop', 'Belongs together'],
	['#/queues', 'Queues', 'default'],
	['#/queues/default', 'default', 'Lanes'],
];

async function see(page, [hash, heading, text]) {
	await goTo(page, hash);
	await page.locator('main > :first-child').getByRole('heading', { level: 1, name: heading }).waitFor();
	await page.locator('main').getByText(text).locator('visible=true').first().waitFor();
}

async function walkEverywhere(scheme) {
	const page = await signIn('admin', { colorScheme: scheme });
	is(new URL(page.url()).hash, '', 'the key is taken out of the address');
	for (const place of places) {
		const name = `${scheme} ${place[0]}`;
		await comes(see(page, place), `${name} shows ${place[2]}`);
		await checkAccess(page, name);
		await shot(page, name.replace(/[^a-z0-9]+/gi, '-'));
	}
	await page.context().close();
}

async function walkOnPhone() {
	const page = await visit('operator', '', { viewport: { width: 360, height: 740 } });
	for (const place of places) {
		await see(page, place);
		ok(!await isTooWide(page), `360 px wide: ${place[0]} fits`);
		await checkAccess(page, `360 px wide: ${place[0]}`);
		await shot(page, `phone-${place[0].replace(/[^a-z0-9]+/gi, '-')}`);
	}
	const hidden = await page.evaluate(() => [...document.querySelectorAll('.tabs a, tbody td:first-child a')].filter((e) => e.scrollWidth > e.clientWidth + 1 || e.getBoundingClientRect().right > innerWidth).map((e) => e.textContent));
	is(hidden.join(', '), '', 'names in lists and tabs are whole');
	await page.getByRole('button', { name: 'Menu' }).click();
	await page.getByLabel('Pages').getByRole('link', { name: 'Queues' }).click();
	await comes(page.getByRole('heading', { level: 1, name: 'Queues' }).waitFor(), 'its menu goes places');
	await page.context().close();
}

// A window of the usual width, and one of a small laptop.
async function nothingIsSqueezed() {
	const page = await visit('operator', '#/jobs?state=running');
	await page.locator('.tabs .n').filter({ hasText: /\d/ }).first().waitFor();
	ok(await page.locator('.tabs').evaluate((e) => e.scrollWidth <= e.clientWidth), 'all tabs are seen');
	const middle = async (locator) => (await locator.boundingBox()).y + (await locator.boundingBox()).height / 2;
	ok(Math.abs(await middle(page.getByRole('button', { name: 'Enqueue a job' })) - await middle(page.getByRole('heading', { level: 1 }))) < 12, 'what a page can do is beside its name');
	const last = () => page.locator('.tabs a').last().boundingBox().then(({ x }) => x);
	let n, words;
	await answers(page)('**/jobs/counts', ({ items }) => items.forEach((one) => { one.count = n; }));
	const placed = [];
	for ([n, words] of [[7, '7'], [9876, '9.9K'], [123456, '123K']]) {
		await goTo(page, '#/queues');
		await goTo(page, '#/jobs');
		await page.locator('.tabs .n').getByText(words, { exact: true }).first().waitFor();
		placed.push(await last());
	}
	is(new Set(placed).size, 1, 'however many jobs there are, tabs are where they were', placed.join());
	await page.context().close();
}

const lists = [...places.filter(([hash]) => /^#.(overview|jobs|queues)/.test(hash)), ['#/audit?what=sign_in', 'Audit', 'sign_in']];

// Columns for which there is no room go, and what they say stands below; on no window does one squeeze or hide another.
async function columnsGoWhereThereIsNoRoom() {
	const page = await visit('operator');
	for (const place of lists) {
		await see(page, place);
		await fitsBetween(page, place[0]);
	}
	await goTo(page, '#/jobs?kind=echo');
	const when = page.getByRole('columnheader', { name: 'When' }), folded = page.locator('tbody tr').first().locator('.fold time');
	await page.setViewportSize({ width: 1280, height: 740 });
	await comes(when.waitFor(), 'where there is room a list says when');
	is(await folded.count(), 0, 'in a column of its own');
	await page.setViewportSize({ width: 920, height: 740 });
	await comes(folded.waitFor(), 'where there is less, below another one');
	ok(await when.isHidden(), 'in place of its own');
	await shot(page, 'jobs-920');
	await page.context().close();
}

// A queue that has run for years, on a phone and on a laptop.
async function longNumbersAreWhole() {
	const page = await visit('operator');
	await answers(page)(/api\/v1\/jobs\?/, ({ items }) => items.forEach((job) => { job.id += 9876543000; }));
	for (const width of [1280, 800, 360]) {
		await page.setViewportSize({ width, height: 740 });
		await goTo(page, '#/queues');
		await goTo(page, '#/jobs');
		await page.locator('td.num a', { hasText: '98765' }).first().waitFor();
		is(await page.evaluate(() => [...document.querySelectorAll('td.num:has(> a[data-open])')].filter((e) => e.scrollWidth > e.clientWidth).length), 0, `${width} px wide: numbers of ten digits are whole`);
		ok(!await isTooWide(page), 'and nothing lies beyond the edge');
	}
	await page.context().close();
}

async function strangersAreRefused() {
	const page = await signIn('admin');
	await page.getByRole('button', { name: 'Sign out' }).click();
	await comes(page.getByLabel('Token').waitFor(), 'who signs out is out');
	await page.getByLabel('Token').fill('tow_wrong');
	await page.getByRole('button', { name: 'Sign in' }).click();
	await comes(page.getByRole('alert').filter({ hasText: /\w/ }).first().waitFor(), 'a wrong token is told so');
	await checkAccess(page, 'signing in');
	await page.getByLabel('Token').fill(tow('token', 'add', 'shop', '--role', 'producer'));
	await page.getByRole('button', { name: 'Sign in' }).click();
	await comes(page.getByText('the token shop is for programs: nobody signs in with it').waitFor(), 'a token for programs is told that it is one');
	await shot(page, 'signing-in-refused');
	is(sql("select count(*) from tow.audit where what = 'sign_in.refused'"), '1', 'and the audit says so');
	await page.goto(`${base()}#key=used-up`);
	await page.reload();
	await page.getByLabel('Token').waitFor();
	await page.getByLabel('Token').fill(tow('token', 'add', 'pasted', '--role', 'operator'));
	await page.getByRole('button', { name: 'Sign in' }).click();
	await comes(page.getByText('pasted', { exact: true }).waitFor(), 'a pasted token is in');
	await page.context().close();
	const late = await visitWithOldKey();
	await comes(late.getByText('tow token link prints a new address').waitFor(), 'a key that is used up is told what to type');
	await late.context().close();
	const known = await visit('viewer');
	await known.goto(`${base()}?again#key=0123456789abcdef`);
	await comes(known.getByRole('heading', { level: 1, name: 'Overview' }).waitFor(), 'whoever is signed in stays so, whatever key is in the address');
	await known.context().close();
}

async function visitWithOldKey() {
	const page = await visit('viewer');
	await page.context().clearCookies();
	await page.goto(`${base()}?again#key=0123456789abcdef`);
	return page;
}

async function actOnMany() {
	const page = await visit('operator', '#/jobs?state=failed');
	const other = await tab(page, '#/jobs?state=failed');
	const rows = (p) => p.locator('tbody tr');
	await rows(page).nth(2).waitFor();
	await rows(other).nth(2).waitFor();
	const before = await rows(page).count();
	await page.getByLabel('select all that are shown').check();
	await comes(page.getByText(`${before} jobs selected`).waitFor(), 'all that are shown can be selected');
	sql("select tow.pause('default')"); // or they would fail again before anybody has looked
	await page.getByRole('group', { name: 'selected jobs' }).getByRole('button', { name: 'Retry' }).click();
	await comes(page.getByText(`${before} jobs tried again`).waitFor(), 'they are retried, and it is said');
	await comes(page.getByText('No job matches').waitFor(), 'the list follows');
	await comes(other.getByText('No job matches').waitFor(), 'another tab does, too');
	is(sql("select count(*) from tow.audit where what = 'job.retried' or what = 'bulk.retry'") !== '0', true, 'the audit has it');
	sql("select tow.resume('default')");
	await page.context().close();
}

// Not at a whole minute, which a field writes without its seconds.
const inAnHour = () => {
	const at = new Date(Date.now() + 3600000);
	at.setSeconds(30);
	return new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 19);
};

async function jobsAreEnqueued() {
	const page = await visit('operator', '#/jobs');
	const asked = page.getByRole('dialog', { name: 'Enqueue a job' });
	const fill = async (pairs) => {
		for (const [label, text] of pairs)
			await asked.getByLabel(label, { exact: true }).fill(text);
	};
	await page.getByRole('button', { name: 'Enqueue a job' }).click();
	await fill([['Kind', 'nope'], ['Arguments', '{"n"}']]);
	await comes(asked.getByText("no live worker knows kind 'nope'").waitFor(), 'a kind that nobody knows is said to be');
	await fill([['Kind', 'ecoh']]);
	await comes(asked.getByText("did you mean 'echo'?").waitFor(), 'with the name that may have been meant');
	await shot(page, 'enqueue-unknown');
	for (const [label, text, allowed] of [['Kind', 'two words', 'letters, digits, _ . : / -'], ['Queue', 'a/b', 'letters, digits, _ . : -']]) {
		await fill([['Kind', 'nope'], ['Queue', 'default'], ['Arguments', '{"n": 1}'], [label, text]]);
		await asked.getByRole('button', { name: 'Enqueue' }).click();
		ok((await asked.getByLabel(label, { exact: true }).evaluate((input) => input.validationMessage)).includes(allowed), `what is allowed is said of ${label}`);
	}
	await fill([['Kind', 'nope'], ['Queue', 'default'], ['Arguments', '{"n"}']]);
	await asked.getByText('More', { exact: false }).first().click();
	await checkAccess(page, 'enqueueing');
	await asked.getByRole('button', { name: 'Enqueue' }).click();
	await comes(asked.getByText('Arguments: this is no JSON').waitFor(), 'so is what is no JSON');
	await shot(page, 'enqueue');
	await fill([['Kind', 'echo'], ['Arguments', '{"n": [1, "two"]}'], ['Priority', '7'], ['Attempts', '2'], ['Key', 'only'], ['Tags', 'by hand, night'], ['Lane', 'two'], ['Not before', inAnHour()]]);
	await asked.getByRole('button', { name: 'Enqueue' }).click();
	await comes(page.getByRole('heading', { level: 1, name: /^Job \d+ echo/ }).waitFor(), 'what is enqueued is shown');
	is(sql("select concat_ws(' ', args, queue, priority, max_attempts, key, tags, lane, run_at > now() + interval '50 min', state) from tow.jobs where key = 'only'"),
		'{"n": [1, "two"]} default 7 2 only {"by hand",night} two t scheduled', 'as it was said');
	await page.getByRole('button', { name: 'Copy job', exact: true }).click();
	const copy = page.getByRole('dialog', { name: /^A copy of job/ });
	is(await copy.getByLabel('Arguments').inputValue(), '{"n":[1,"two"]}', 'a copy begins as its job did');
	await copy.getByLabel('Arguments').fill('{"n": 2}');
	await copy.getByRole('button', { name: 'Enqueue' }).click();
	await comes(page.getByText('completed').first().waitFor(), 'and is one of its own, that runs');
	sql("select tow.cancel(id) from tow.jobs where key = 'only'");
	await goTo(page, '#/jobs');
	await page.getByRole('button', { name: 'Enqueue a job' }).click();
	await fill([['Kind', 'ecoh']]);
	await asked.getByRole('button', { name: 'Enqueue' }).click();
	await comes(page.getByRole('alert').getByText("no live worker knows kind 'ecoh', did you mean 'echo'?").waitFor(), 'what waits for a worker is enqueued, and said to wait');
	sql("select tow.cancel(id) from tow.jobs where kind = 'ecoh'");
	await page.context().close();
}

// More than a list shows, and more than are done at a time.
async function actOnAllThatMatch() {
	const many = 620;
	sql(`select count(tow.enqueue('later', run_at => now() + interval '1 day')) from generate_series(1, ${many})`);
	sql("select tow.enqueue('another', run_at => now() + interval '1 day')");
	const page = await visit('operator', '#/jobs?state=scheduled&kind=later');
	const sent = [];
	page.on('request', (request) => { if (request.url().endsWith('/jobs/bulk')) sent.push([request.postDataJSON().dry_run, 'idempotency-key' in request.headers()].join()); });
	const chosen = page.getByRole('group', { name: 'selected jobs' });
	await page.locator('tbody tr').nth(49).waitFor();
	await page.getByLabel('select all that are shown').check();
	await chosen.getByRole('button', { name: 'Cancel' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Keep them' }).click();
	await comes(page.waitForFunction(() => document.activeElement.textContent === 'Cancel'), 'who thinks better of it is where he was');
	await chosen.getByRole('button', { name: 'Select all that match' }).click();
	await comes(chosen.getByText('All that match are selected').waitFor(), 'all that match can be selected, where not all are shown');
	ok(await chosen.getByRole('button', { name: 'Delete' }).isDisabled(), 'what does not fit them is not offered');
	await shot(page, 'all-that-match');
	await chosen.getByRole('button', { name: 'Cancel' }).click();
	await comes(page.getByRole('dialog', { name: `Cancel ${many} jobs?` }).waitFor(), 'how many that is, is said before anything is done');
	await page.getByLabel('Reason').fill('not wanted');
	await page.getByRole('button', { name: 'Cancel them' }).click();
	await comes(page.getByText(`${many} jobs cancelled`).waitFor(), 'then it is done to all of them');
	is([...new Set(sent)].sort().join(' '), 'false,true true,false', 'what is done has a key, so that it is done once; what is only counted has none, and is kept nowhere');
	is(sql("select count(*) from tow.history where kind = 'later' and error = 'not wanted'"), String(many), 'for the reason that was given');
	is(sql("select count(*) from tow.jobs where kind = 'another'"), '1', 'and to no other');
	sql("select tow.cancel(id) from tow.jobs where kind = 'another'");
	await page.context().close();
}

// What tells jobs of a kind apart, and why what is ready stays so, is in the list; of a failed one it is said twice how.
async function rowsTellJobsApart() {
	const id = sql("select tow.enqueue('slepe', '{\"s\": 47}')");
	const page = await visit('operator', '#/jobs?kind=slepe');
	const row = page.locator('tbody tr').first();
	await comes(row.getByText('{"s": 47}').waitFor(), 'how its arguments begin');
	await comes(row.getByText("for a worker: no live worker knows kind 'slepe'").waitFor(), 'and that nobody would run it');
	await shot(page, 'jobs-apart');
	await page.goto(`${base()}#/jobs?state=failed`);
	await page.getByText('out of paper').first().waitFor();
	await shot(page, 'jobs-failed');
	await page.goto(`${base()}#/jobs/${jobs.failed}`);
	await page.locator('.failure').first().waitFor();
	const runs = await page.locator('.failure').count(); // of a run each: another part has it run again
	is(await page.locator('.problem, .failure, .why li').filter({ hasText: 'out of paper' }).count(), runs + 1, 'how it failed is said at the head and at its attempts');
	sql(`select tow.cancel(${id})`);
	await page.goto(`${base()}#/audit`);
	await page.getByLabel('How what was done begins').focus();
	await comes(page.locator('#whats option[value=job]').waitFor({ state: 'attached' }), 'what there is to look for is offered');
	await page.context().close();
}

// Where those that come first cannot be done, the others are not forgotten.
async function whatIsLeftIsSaid() {
	const page = await visit('operator', '#/jobs?state=failed');
	const row = (n) => ({ job: n, done: 'not done: it is held' });
	await answers(page)('**/jobs?*', (json) => { json.next = 'more'; });
	await page.route('**/jobs/bulk', (route) => {
		const { dry_run: isDry } = route.request().postDataJSON();
		return route.fulfill({ json: { items: Array.from({ length: isDry ? 620 : 500 }, (_, n) => row(n + 1)) } });
	});
	await page.reload();
	await page.locator('tbody tr').first().waitFor();
	await page.getByLabel('select all that are shown').check();
	const chosen = page.getByRole('group', { name: 'selected jobs' });
	await chosen.getByRole('button', { name: 'Select all that match' }).click();
	await chosen.getByRole('button', { name: 'Retry' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Retry' }).click();
	await comes(page.getByRole('alert').getByText('500 not: it is held').waitFor(), 'what could not be done is said');
	await comes(page.getByRole('alert').getByText('620 jobs still match').waitFor(), 'and how many are left');
	await page.context().close();
}

async function batchesAreSealed() {
	const id = sql("select tow.batch('noop', name => 'letters')");
	sql(`select tow.enqueue('noop', parent => ${id})`);
	const page = await visit('operator', `#/jobs/${id}`);
	await page.getByRole('button', { name: 'Seal' }).click();
	await comes(page.getByRole('dialog').getByText('All members are there').waitFor(), 'before a batch is sealed, it is asked');
	await shot(page, 'batch-seal');
	await page.getByRole('dialog').getByRole('button', { name: 'Seal' }).click();
	await comes(page.getByText(`job ${id} is sealed: 1 member`).waitFor(), 'one that is open is sealed');
	await comes(page.getByText('completed').first().waitFor(), 'and runs when its members have ended');
	await comes(page.locator('.timeline').getByText('sealed').waitFor(), 'that it was, and by whom, stands there');
	is(sql(`select string_agg(what, ' ' order by n) from tow.audit where job = ${id}`), 'job.sealed', 'and in the audit');
	is(await page.getByRole('button', { name: 'Seal' }).count(), 0, 'nobody is offered to do it again');
	await page.context().close();
}

// Verbs that ask nothing but whether.
async function systemJobsAreHidden() {
	const id = sql("select tow.enqueue('haul.nothing', run_at => now() + interval '1 day')");
	const own = sql("select tow.enqueue('hauling', run_at => now() + interval '1 day')");
	const page = await visit('operator', '#/jobs?state=scheduled');
	const job = (n) => page.locator('tbody').getByRole('link', { name: n, exact: true });
	const count = page.getByLabel('States').getByRole('link', { name: /^scheduled\s*\d/ });
	await comes(job(id).waitFor(), 'jobs of the system are listed');
	await comes(count.waitFor(), 'with how many there are of each state');
	await page.getByLabel('Hide system jobs').check();
	await comes(job(id).waitFor({ state: 'detached' }), 'until they are hidden');
	ok(await job(own).isVisible(), 'others stay');
	is(new URL(page.url()).hash, '#/jobs?state=scheduled&system=false', 'the address says so');
	is(await count.count(), 0, 'and what is counted of all is not said of some');
	await page.reload();
	await comes(job(own).waitFor(), 'it is so when the page comes again');
	is(await job(id).count(), 0, 'and they are still hidden');
	await shot(page, 'jobs-without-system');
	// More than are looked at in one go stand before one's own.
	sql("insert into tow_store.job (id, created_at, priority, kind, queue, args) select nextval('tow_store.job_id'), now(), 100, 'haul.nothing', 'default', '{}' from generate_series(1, 20100)");
	await goTo(page, '#/jobs?system=false');
	await comes(page.getByRole('button', { name: 'look further' }).click(), 'where many are hidden before the first that is not, it is said that there may be more');
	await comes(job(own).waitFor(), 'which are found');
	await goTo(page, '#/jobs?kind=haul.nothing');
	await page.locator('tbody tr').nth(49).waitFor();
	const asked = [];
	page.on('request', (request) => { if (request.url().includes('after=')) asked.push(request.url()); });
	await page.getByRole('button', { name: 'Show more' }).dblclick();
	await comes(page.locator('tbody tr').nth(99).waitFor(), 'there are more for whoever wants them');
	is(asked.length, 1, 'a double click asks for them once');
	await page.getByRole('button', { name: 'Show more' }).click();
	await comes(page.locator('tbody tr').nth(149).waitFor(), 'and another click for the next ones');
	sql("delete from tow_store.job where kind = 'haul.nothing' and run_at is null");
	sql(`select tow.cancel(${id}), tow.cancel(${own})`);
	await page.context().close();
}

async function deleteAndRetryMany() {
	const many = 60;
	sql(`select count(tow.enqueue('fail', '{"times": 99, "final": true}', tags => '{lot}')) from generate_series(1, ${many})`);
	await until(() => sql("select count(*) from tow.history h join tow_store.job j using (id) where j.tags @> '{lot}'") === String(many));
	const page = await visit('operator', '#/jobs?state=failed&tag=lot');
	const chosen = page.getByRole('group', { name: 'selected jobs' });
	await page.locator('tbody tr').nth(49).waitFor();
	sql("select tow.pause('default')");
	for (const n of [0, 1])
		await page.locator('tbody').getByRole('checkbox').nth(n).check();
	await chosen.getByRole('button', { name: 'Delete' }).click();
	await page.getByRole('dialog', { name: 'Delete 2 jobs?' }).getByRole('button', { name: 'Delete for good' }).click();
	await comes(page.getByText('2 jobs deleted').waitFor(), 'two that are picked are deleted');
	is(sql("select count(*) from tow_store.job where tags @> '{lot}'"), String(many - 2), 'and gone');
	await page.getByLabel('select all that are shown').check();
	await chosen.getByRole('button', { name: 'Select all that match' }).click();
	await comes(chosen.getByText(`All that match are selected: ${many - 2} jobs`).waitFor(), 'of all that match it is said how many they are');
	await chosen.getByRole('button', { name: 'Retry' }).click();
	await page.getByRole('dialog', { name: `Retry ${many - 2} jobs?` }).getByRole('button', { name: 'Retry' }).click();
	await comes(page.getByText(`${many - 2} jobs tried again`).waitFor(), 'and all are retried');
	sql("select tow.cancel(id) from tow.jobs where tags @> '{lot}'");
	sql("select tow.resume('default')");
	await page.context().close();
}

// More of each sort than is shown, behind many that wait for something else.
async function needsAreCounted() {
	sql("select count(tow.enqueue('fail', '{\"times\": 99, \"final\": true}', tags => '{odd}')) from generate_series(1, 9)");
	const asking = sql("select min(tow.enqueue('noop', wait_for => 'approval', tags => '{asks}')) from generate_series(1, 7)");
	sql("select count(tow.enqueue('noop', wait_for => 'never', tags => '{idle}')) from generate_series(1, 120)");
	const page = await visit('operator', '#/jobs?state=failed&tag=odd');
	await page.locator('tbody tr').nth(8).waitFor();
	sql(`update tow_store.history h set class = 'odd.' || least(o.n % 9, 7) from (select run, row_number() over (order by run) as n from tow_store.history
		where job_id in (select id from tow_store.job where tags @> '{odd}')) o where h.run = o.run`);
	sql("update tow_store.history set error = 'quite another' where run = (select max(run) from tow_store.history where class = 'odd.7')");
	sql("update tow_store.history set class = null, error = 'of no class' where class = 'odd.6'");
	sql("update tow_store.history set error = null where class = 'odd.5'");
	await goTo(page, '#/overview');
	const needs = page.getByRole('region', { name: 'Needs somebody' });
	await comes(needs.getByRole('button', { name: `Approve job ${asking}` }).waitFor(), 'who waits for a word is seen behind any number of others');
	const more = needs.getByRole('link', { name: `${sql("select count - 3 from tow.needs() where what = 'approval' and kind = 'noop'")} more noop` });
	await comes(more.waitFor(), 'and how many more there are');
	await more.click();
	await comes(page.waitForURL(/state=waiting&kind=noop/), 'which are a click away');
	await goTo(page, '#/overview');
	await needs.getByRole('button', { name: /more kinds? of failure: show all/ }).click();
	const groups = needs.getByRole('link', { name: /^(\d+ × )?fail$/ });
	is(await groups.count(), Number(sql("select count(*) from tow.needs() where what = 'failed'")), 'a flood of one failure hides no other');
	await page.getByRole('link', { name: `Overview ${sql("select sum(coalesce(count, 1)) filter (where what <> 'failed') + count(*) filter (where what = 'failed') from tow.needs()")} need somebody` }).waitFor();
	await shot(page, 'needs');
	sql("select tow.pause('default')");
	await needs.getByRole('button', { name: 'Retry all 2 × fail odd.7' }).click();
	const asked = page.getByRole('dialog', { name: 'Retry 2 jobs?' });
	await comes(asked.getByText('they failed with 2 different messages').waitFor(), 'jobs that failed in different ways are said to have');
	await comes(asked.getByRole('listitem').filter({ hasText: /^quite another$/ }).waitFor(), 'and in which');
	await shot(page, 'needs-retry');
	await asked.getByRole('button', { name: 'Retry' }).click();
	await comes(page.getByText('2 jobs tried again').waitFor(), 'a group is retried, and it is said before how many that is');
	await needs.getByRole('listitem').filter({ hasText: 'of no class' }).getByRole('button', { name: 'Retry fail', exact: true }).click();
	await page.getByRole('dialog', { name: 'Retry 1 job?' }).getByRole('button', { name: 'Retry' }).click();
	await comes(page.getByText('1 job tried again').waitFor(), 'so is one without a class');
	await needs.getByRole('button', { name: 'Retry fail odd.5' }).click();
	await comes(page.getByRole('dialog', { name: 'Retry 1 job?' }).getByRole('listitem').filter({ hasText: /^no message$/ }).waitFor(), 'what failed without a word is asked about like all else');
	await page.keyboard.press('Escape');
	sql("select tow.cancel(id) from tow.jobs where tags && '{odd,asks,idle}'");
	sql("select tow.resume('default')");
	await page.context().close();
}

// Whichever answer is the last one to come.
async function whatWasMissedIsSeen() {
	sql("select tow.schedule('often missed', '0 0 1 1 *', 'noop')");
	sql("insert into tow_store.fire (schedule_id, at, fired_at, how, reason) select id, tow.now(), tow.now(), 'skipped', 'missed' from tow_store.schedule where name = 'often missed'");
	const page = await visit('operator', '#/overview');
	const row = page.getByRole('region', { name: 'Needs somebody' }).getByRole('listitem').filter({ hasText: 'often missed' });
	await comes(row.getByText('missed 1 instant').waitFor(), 'what a schedule missed is there');
	await shot(page, 'missed');
	await row.getByRole('button', { name: 'Seen: schedule often missed' }).click();
	await comes(row.waitFor({ state: 'detached' }), 'until somebody says that he has seen it');
	sql("select tow.unschedule('often missed')");
	await page.context().close();
}

async function overviewKeepsItsOrder() {
	const page = await visit('viewer', '#/jobs');
	const late = ['needs', 'downloads/health', 'stats', 'queues', 'metrics/queues'];
	await page.addInitScript(() => {
		window.orders = new Set();
		const look = () => {
			const parts = [...document.querySelectorAll('main *')];
			const place = (selector) => parts.findIndex((part) => part.matches(selector));
			const found = ['header.head', '.first, .calm, .card:has(.needs)', '.numbers', '.charts, .steps-first', '.panel.table, .loading:not(.first), .empty:not(.steps-first)'].map(place);
			if (found.every((at) => at >= 0))
				window.orders.add(found.every((at, i) => i === 0 || found[i - 1] < at));
		};
		new MutationObserver(look).observe(document, { childList: true, subtree: true });
	});
	// Nothing waits for who was to be answered: what a page that has gone on asked for may never be.
	let slowest;
	for (const path of late)
		await page.route(new RegExp(`api/v1/${path}(\\?|$)`), async (route) => {
			await pause(path === slowest ? 600 : 300);
			await route.continue().catch(() => null);
		});
	for (slowest of late) {
		await page.goto(`${base()}?${slowest}#/overview`);
		await page.locator('main tbody tr, .numbers .num').first().waitFor();
		await page.locator('.panel:is(.first, .loading)').first().waitFor({ state: 'detached' });
		is(await page.evaluate(() => [...window.orders].join()), 'true', `the parts of Overview are in their order whenever they come, ${slowest} last`);
	}
	await page.context().close();
}

// Whoever is answered later than he asks again is answered all the same.
async function slowAnswersAreShown() {
	const page = await visit('viewer');
	await page.context().routeWebSocket(/\/ws$/, (socket) => socket.close());
	const all = [];
	await page.route('**/api/v1/queues', async (route) => {
		all.push(route);
		if (all.length > 1)
			await all.shift().continue().catch(() => null); // the page may have gone on
	});
	await page.goto(`${base()}?slow#/queues`);
	await comes(page.locator('tbody tr').first().waitFor(), 'an answer is shown that came after it was asked for again');
	await page.context().close();
}

async function chartsWaitForTheirAnswer() {
	const page = await visit('viewer', '#/queues');
	const early = page.getByText('There is something to draw after two minutes.');
	let answer;
	const asked = new Promise((resolve) => { answer = resolve; });
	await page.route('**/metrics/queues?*', async (route) => {
		await asked;
		await route.fulfill({ json: { items: [] } });
	});
	await goTo(page, '#/overview');
	await page.locator('.charts .card').first().waitFor();
	is(await early.count(), 0, 'until it is known, nothing is said of what there is to draw');
	answer();
	await comes(early.first().waitFor(), 'then it is');
	await page.context().close();
}

async function timesAreComparable() {
	const page = await visit('viewer', '#/queues');
	const minute = (n) => new Date(Math.floor(Date.now() / 60000) * 60000 - n * 60000).toISOString();
	const row = (n, queue, took) => ({ time: minute(n), seconds: 60, queue, ready: 1, running: 1, completed: 9, failed: 0, retried: 0, wait_p50: took / 4, wait_p95: took, run_p50: took / 8, run_p95: took / 2 });
	await page.route('**/metrics/queues?*', (route) => route.fulfill({ json: { items: [9, 6, 3, 1].flatMap((n) => [row(n, 'quick', 2), row(n, 'large films', 600)]) } }));
	await goTo(page, '#/overview');
	const card = page.getByRole('region', { name: 'Time taken' });
	const slowest = card.locator('option', { hasText: 'the slowest: large films' });
	await comes(slowest.waitFor({ state: 'attached' }), 'of which queue the times are is said: the slowest');
	await comes(card.getByRole('img', { name: 'wait 50 % 2 min 30 s, wait 95 % 10 min' }).waitFor(), 'and how long most took, beside how long half did');
	await shot(page, 'times-taken');
	await card.getByLabel('Of which queue').selectOption('quick');
	await comes(card.getByRole('img', { name: 'wait 50 % 0.5 s, wait 95 % 2.0 s' }).waitFor(), 'another queue can be chosen');
	ok(page.url().endsWith('#/overview?times=quick'), 'which the address keeps', page.url());
	await page.reload();
	await comes(card.getByRole('img', { name: 'wait 95 % 2.0 s' }).waitFor(), 'when the page comes again, too');
	await shot(page, 'times-taken-chosen');
	await card.getByLabel('Of which queue').selectOption('the slowest: large films');
	await comes(card.getByRole('img', { name: 'wait 50 % 2 min 30 s, wait 95 % 10 min' }).waitFor(), 'or the slowest again');
	const marks = await page.evaluate(async () => {
		const { ticks } = await import(new URL('lib/time.js', document.baseURI));
		return [[0, 300, 600], [0, 30, 60], [0, 0.5, 1], [0]].map((values) => ticks(values).join(' ')).join(', ');
	});
	is(marks, '0 min 5 min 10 min, 0 s 30 s 60 s, 0 ms 500 ms 1000 ms, 0 ms', 'an axis has one unit');
	await page.context().close();
}

// What somebody paused by its name has a reason of its own.
async function allArePaused() {
	sql("select tow.enqueue('noop', queue => 'apart'), tow.enqueue('noop', queue => 'together')");
	const page = await visit('operator', '#/queues');
	const state = (name) => page.locator('tbody tr').filter({ hasText: name }).locator('.state').filter({ hasText: /^(open|paused)$/ }).first();
	await state('together').waitFor();
	sql("select tow.pause('apart', 'the relay')");
	const buttons = page.locator('.head .actions'), dialog = page.getByRole('dialog');
	await buttons.getByRole('button', { name: 'Pause all' }).click();
	await dialog.getByLabel('Reason').fill('a new disk');
	await shot(page, 'pause-all');
	await dialog.getByRole('button', { name: 'Pause all' }).click();
	await comes(state('together').and(page.getByText('paused', { exact: true })).waitFor(), 'all queues are paused at once');
	is(sql("select pause_reason from tow.queues where name in ('apart', 'together') order by name"), 'the relay\na new disk', 'each with its reason');
	ok(await buttons.getByRole('button', { name: 'Pause all' }).isDisabled(), 'once');
	await buttons.getByRole('button', { name: 'Resume all' }).click();
	await dialog.getByRole('button', { name: 'Resume all' }).click();
	await comes(page.getByText(/resumed; another stays paused/).waitFor(), 'and resumed, of which it is said what stays paused');
	await comes(state('together').and(page.getByText('open', { exact: true })).waitFor(), 'as the list shows');
	is(sql("select string_agg(name, ' ') from tow.queues where state = 'paused'"), 'apart', 'that one');
	sql("select tow.resume('apart')");
	const viewer = await visit('viewer', '#/queues');
	await viewer.locator('tbody tr').first().waitFor();
	is(await viewer.locator('.head').getByRole('button').count(), 0, 'a viewer is not offered that');
	await viewer.context().close();
	await page.context().close();
}

// A queue that nobody serves is not green: what to type is said, until somebody serves it.
async function unservedQueuesAreTold() {
	sql("select tow.enqueue('noop', queue => 'orphans')");
	const page = await visit('viewer', '#/overview');
	const row = page.locator('tbody tr', { hasText: 'orphans' });
	const said = row.getByText('nobody serves it').locator('visible=true');
	await comes(said.waitFor(), 'Overview says so');
	await goTo(page, '#/queues');
	await comes(row.getByText('tow worker --queue orphans').waitFor(), 'Queues says what to type');
	ok(await row.locator('.state.bad').count() && !await row.locator('.state.ok').count(), 'nothing of it is green');
	await shot(page, 'unserved');
	await goTo(page, '#/queues/orphans');
	await comes(page.getByText('tow worker --queue orphans').waitFor(), 'and so does its own page');
	await goTo(page, '#/queues');
	const worker = spawn(process.env.TOW, ['worker', '--queue', 'orphans:1'], { stdio: 'ignore' });
	try {
		await comes(said.waitFor({ state: 'detached', timeout: 60000 }), 'until a worker comes');
	} finally {
		worker.kill();
	}
	await comes(said.waitFor({ timeout: 60000 }), 'and again when it has gone');
	await page.setViewportSize({ width: 360, height: 740 });
	ok(!await isTooWide(page), '360 px wide: it fits');
	await shot(page, 'phone-unserved');
	await page.context().close();
}

// What runs says so between two answers of the list, and only while somebody looks.
async function progressIsLive() {
	const id = sql("select tow.enqueue('sleep', '{\"s\": 300}')"); // which says itself how far it is
	const page = await visit('viewer', '#/queues');
	const said = [];
	page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => said.push(JSON.parse(payload))));
	await answers(page)(/v1\/jobs\?/, ({ items }) => items.forEach((job) => { job.pct = null; }));
	await page.goto(`${base()}?live#/jobs?state=running`);
	await page.getByRole('link', { name: id, exact: true }).waitFor();
	await comes(page.locator('tbody').getByText(/^\d+ %$/).locator('visible=true').waitFor(), 'a list shows how far a job is as it moves');
	await goTo(page, '#/queues');
	await page.getByRole('heading', { level: 1, name: 'Queues' }).waitFor();
	const told = (type) => said.filter((m) => m.type === type && m.topics.includes(`job:${id}`)).length;
	await until(() => told('unsubscribe') > 0);
	is(`${told('subscribe')} ${told('unsubscribe')}`, '1 1', 'it is asked for once, and not any more when nobody looks');
	sql(`select tow.cancel(${id})`);
	await page.context().close();
}

async function nothingJumps() {
	await layoutIsStill(['#/overview', '#/jobs', '#/workers', '#/downloads', `#/jobs/${jobs.failed}`]);
}

// Jobs start, run and end meanwhile; the list shows those that were there, of which each changes.
async function nothingJumpsWhileJobsRun() {
	const some = (tag) => sql(`select count(tow.enqueue('sleep', '{"s": 0.3}', tags => '{${tag}}')) from generate_series(1, 5)`);
	for (const width of [1280, 360])
		for (const [hash, path] of [['#/jobs?tag=moving', '/jobs'], ['#/queues', '/queues'], ['#/workers', '/workers/jobs']]) {
			some('moving');
			await refreshingIsStill(hash, width, path, () => some('others'));
		}
}

async function beginningsAreShown() {
	const page = await visit('operator');
	await page.route(/\/jobs\?limit=1$/, (route) => route.fulfill({ json: { items: [], next: null } }));
	await page.reload();
	await comes(page.getByText('Nothing has run here yet').waitFor(), 'where nothing has run, the overview says how to begin');
	await shot(page, 'first-steps');
	await page.getByRole('button', { name: 'Enqueue a job' }).click();
	await comes(page.getByRole('dialog', { name: 'Enqueue a job' }).waitFor(), 'and begins there');
	await page.keyboard.press('Escape');
	await page.locator('main').getByRole('link', { name: 'Add a download' }).click();
	await comes(page.getByRole('heading', { level: 1, name: 'Downloads' }).waitFor(), 'or leads there');
	for (const id of ['abc', '999999999']) {
		await goTo(page, `#/jobs/${id}`);
		await comes(page.getByText(`There is no job ${id}`).waitFor(), `there is no job ${id}, and the page says so`);
	}
	await page.context().close();
}

async function clocksAreThoseOfWhoReads() {
	const page = await visit('viewer', `#/jobs/${jobs.echo}`, { timezoneId: 'Asia/Tokyo' });
	const at = sql(`select to_char(finished_at at time zone 'Asia/Tokyo', 'HH24:MI:SS') from tow.history where id = ${jobs.echo}`);
	await comes(page.getByRole('region', { name: 'Where it stands' }).getByText(at).waitFor(), 'an instant that the server names is told by the clock of who reads');
	await page.context().close();
}

// Things that happened within one millisecond stand as they happened, and that a job was enqueued stands there once.
async function timelineIsInOrder() {
	const page = await visit('viewer', '', { viewport: { width: 360, height: 740 } });
	const at = (micros) => `2038-01-01T10:00:00.123${micros}+00:00`;
	await answers(page)(new RegExp(`v1/jobs/${jobs.echo}$`), (job) => Object.assign(job, {
		created_at: at('100'), state: 'retrying', attempts: [{ run: 1, attempt: 1, started_at: at('3'), outcome: 'failed' }],
		audit: [{ n: 1, at: at('9'), who: 'anna', what: 'job.enqueued' }, { n: 2, at: at('2'), who: 'bert', what: 'job.snoozed' }, { n: 3, at: at('300'), who: 'carl', what: 'job.run_now' }],
		log: [{ n: 1, run: 1, at: at('5'), level: 'info', line: 'second' }, { n: 2, run: 1, at: at('4'), level: 'info', line: 'first' }],
	}));
	await goTo(page, `#/jobs/${jobs.echo}`);
	await page.locator('.timeline').waitFor();
	const said = await page.locator('.timeline > li').evaluateAll((all) => all.map((li) => li.querySelector('b').textContent));
	is(said.join(', '), 'attempt 1, carl, bert, anna', 'what happened to a job is told in order, newest first');
	is(await page.locator('.timeline').getByText(/^(enqueued|made)$/).count(), 1, 'that it was enqueued, once');
	is((await page.locator('.log li').allTextContents()).map((text) => text.match(/first|second/)[0]).join(), 'first,second', 'and lines, too, are in order');
	await shot(page, 'timeline-phone');
	await page.context().close();
}

// More than come with a job: that some are left out is said, and they can be had.
async function allLinesCanBeRead() {
	const count = () => Number(sql(`select count(*) from tow.log(${jobs.echo})`));
	const write = (line, n) => sql(`insert into tow_store.log (job_id, run, at, level, line) select ${jobs.echo}, h.run, h.started_at, 'i', '${line}' || n from tow_store.history h, generate_series(1, ${n}) n where h.job_id = ${jobs.echo}`);
	const ring = () => sql(`select tow.enqueue('noop')`);
	write('line no. ', 1200 - count());
	const page = await visit('operator', `#/jobs/${jobs.echo}`);
	const lines = page.locator('.log li:not(.gap)'), said = page.locator('.cut');
	await said.getByRole('button', { name: 'Show earlier ones' }).click();
	await comes(said.waitFor({ state: 'detached' }), 'where those before end with the last ones nothing is left out');
	write('and one ', 1);
	ring();
	await comes(page.locator('.log').getByText('and one 1').waitFor(), 'another one comes');
	is(await lines.count(), count(), 'and they stay');
	write('line no. ', 100);
	await page.reload();
	await comes(said.getByText('the last 200 are shown').waitFor(), 'that a job wrote more lines than are shown is said');
	await comes(page.locator('.log .gap + li').getByText(/^line no\. \d+$/).waitFor(), 'where they are missing, too');
	await shot(page, 'lines-cut');
	await said.getByRole('button', { name: 'Show earlier ones' }).click();
	await comes(said.getByText(`the first ${(1000).toLocaleString()} and the last 200 are shown`).waitFor(), 'those before can be had');
	await said.getByRole('button', { name: 'Show more' }).click();
	await comes(said.waitFor({ state: 'detached' }), 'all of them');
	is(await lines.count(), count(), 'each line once');
	write('and another ', 1);
	ring();
	await comes(page.locator('.log').getByText('and another 1').waitFor(), 'they stay while others come');
	is(await lines.count(), count(), 'and none is missing');
	await page.setViewportSize({ width: 360, height: 740 });
	ok(!await isTooWide(page), '360 px wide: they fit');
	sql(`delete from tow_store.log where job_id = ${jobs.echo} and line ~ '^(line no|and one|and another)'`);
	await page.context().close();
}

// An attempt whose worker died has no beginning; what was called off before it started has no attempt.
async function attemptsWithoutBeginning() {
	const page = await visit('viewer');
	const end = '2038-01-01T10:00:07+00:00';
	await answers(page)(new RegExp(`v1/jobs/${jobs.echo}$`), (job) => Object.assign(job, {
		state: 'running', attempt: 1, error: 'worker 1 ended while it held the job', started_at: end, log: [], attempts: [{ run: 1, attempt: 1, started_at: null, finished_at: end, outcome: 'lost' }, { run: 2, attempt: 0, started_at: null, finished_at: end, outcome: 'cancelled' }],
	}));
	await goTo(page, `#/jobs/${jobs.echo}`);
	await page.locator('.timeline').waitFor();
	is(await page.locator('.timeline .attempt time').evaluateAll((all, at) => all.map((time) => time.dateTime === at).join(), end), 'true,true,true', 'an attempt that was lost is told of when it ended');
	await comes(page.locator('.timeline').getByText('before it had started').waitFor(), 'what never started was no attempt');
	await comes(page.locator('.calm').getByText('worker 1 ended').waitFor(), 'while it is tried again, how it ended before is no alarm');
	await page.context().close();
}

// What another does that no feed of things tells: settings, priorities, that something is deleted.
async function deedsAreFollowed() {
	const page = await visit('admin'), other = await tab(page, '#/settings');
	const job = sql("select tow.enqueue('noop', run_at => now() + '1 hour')");
	await other.getByText('Live', { exact: true }).waitFor();
	const name = (await other.getByRole('button', { name: /^Change / }).first().getAttribute('aria-label')).replace('Change ', '');
	await isTold(other, 'jobs');
	await goTo(page, '#/settings');
	const reset = page.getByRole('button', { name: `Reset ${name}` });
	await page.getByRole('button', { name: `Change ${name}` }).click();
	const value = page.getByRole('dialog').getByLabel('Value');
	await value.fill(await value.evaluate((input) => input.value.replace(/\d+/, (n) => Number(n) + 1)));
	await page.keyboard.press('Enter');
	await reset.waitFor();
	await comes(page.waitForFunction((label) => document.activeElement.ariaLabel === label, `Change ${name}`), 'after a dialog, one is where one was');
	await comes(other.getByRole('button', { name: `Reset ${name}` }).waitFor(), 'a setting that is changed in one tab is seen in the other');
	await reset.click();
	await comes(other.getByRole('button', { name: `Reset ${name}` }).waitFor({ state: 'detached' }), 'and that it was reset');
	await goTo(other, `#/jobs/${job}`);
	await other.getByText('Timeline').waitFor();
	sql(`select tow.reprioritise(${job}, 7)`);
	await comes(other.locator('.timeline').getByText('to 7').waitFor(), 'so is the priority of a job');
	sql(`select tow.cancel(${job}); select tow.forget(${job})`);
	await comes(other.getByText(`There is no job ${job}`).waitFor(), 'and that it was deleted');
	is(await other.getByRole('button', { name: 'Try again' }).count(), 0, 'which is no error');
	await page.context().close();
}

// What a proxy sent for a page of its own is not read as an error, but can be.
async function pagesInErrorsAreFolded() {
	const page = await visit('operator', '', { viewport: { width: 360, height: 740 } });
	const sent = `POST 'http://127.0.0.1:1/' answered 502:\n<html>\n<head><title>502 Bad Gateway</title></head>\n<body><h1 onclick="alert(1)">Bad</h1>${'<hr>'.repeat(8000)}the end</body></html>`;
	await answers(page)(new RegExp(`v1/jobs/${jobs.failed}$`), (job) => {
		Object.assign(job, { error: sent });
		Object.assign(job.attempts[0], { error: 'Traceback:\n  first\n  second', detail: null });
	});
	await page.route('**/retry', (route) => route.fulfill({ status: 403, contentType: 'application/problem+json', body: JSON.stringify({ detail: sent }) }));
	await goTo(page, `#/jobs/${jobs.failed}`);
	const box = page.locator('main > .problem');
	await comes(box.getByText("POST 'http://127.0.0.1:1/' answered 502: 502 Bad Gateway").waitFor(), 'of a page that a server sent, the title is said');
	is(await box.locator('pre').isVisible(), false, 'and not all of it');
	await page.getByRole('button', { name: 'Retry', exact: true }).click();
	await comes(page.getByRole('alert').getByText('answered 502: 502 Bad Gateway').waitFor(), 'so it is where something was refused');
	ok(!await isTooWide(page), 'and it fits');
	await shot(page, 'error-page-phone');
	await box.getByText('more').click();
	await comes(box.locator('pre').getByText('<h1 onclick="alert(1)">').waitFor(), 'the rest is a click away, as text');
	ok((await box.locator('pre').textContent()).length < 21000, 'and ends somewhere');
	await comes(page.locator('.failure').getByText('second').locator('visible=true').waitFor(), 'a few lines are whole');
	await checkAccess(page, 'an error with a page in it');
	await shot(page, 'error-page-more');
	await page.context().close();
}

// Whoever mistypes the address finds back.
async function addressesAreMistyped() {
	const page = await visit('viewer', '', { colorScheme: 'dark', viewport: { width: 360, height: 740 } });
	await goTo(page, '#/jobs/noop');
	await page.getByText('A job is known by its number').waitFor();
	await page.getByRole('link', { name: 'Its jobs' }).click();
	await comes(page.waitForURL(/jobs\?kind=noop$/), 'from a kind in the place of a number there is a way to its jobs');
	await goTo(page, '#/jobs/%');
	await comes(page.getByText('There is no job %').waitFor(), 'what is no address at all is said to be nothing');
	await goTo(page, '#/jobs');
	await page.locator('tbody tr').first().waitFor();
	expected.trouble = true;
	await goTo(page, '#/jobs?sort=nonsense');
	await comes(page.getByText("are not sorted by 'nonsense'").waitFor(), 'a list that cannot be is refused');
	is(await page.locator('main :is(.loading, tbody tr)').count(), 0, 'and stands for nothing else, nor for what is to come');
	await goTo(page, '#/overview'); // it is asked again and again
	await page.locator('.needs').waitFor();
	expected.trouble = false;
	for (const hash of ['#/jobs/%', '#key=%']) {
		const stranger = await page.context().browser().newContext();
		const other = await stranger.newPage();
		await other.goto(base() + hash);
		await comes(other.getByLabel('Token').waitFor(), `who comes by ${hash} can sign in`);
		await stranger.close();
	}
	await page.goto(`${base()}no/such/place`);
	await comes(page.getByRole('heading', { name: 'There is nothing here' }).waitFor(), 'an address of nothing is a page that says so');
	await page.locator('html[data-theme=dark]').waitFor({ state: 'attached' });
	await checkAccess(page, 'a page of nothing');
	await shot(page, 'nothing-here-phone');
	await page.getByRole('link', { name: 'Towpath' }).click();
	await comes(page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor(), 'with the way back');
	await page.context().close();
}

async function whatBreaksStaysAlone() {
	const page = await visit('viewer');
	await page.route(/\/workers$/, (route) => route.fulfill({ json: { items: [{}] } }));
	expected.trouble = true;
	await goTo(page, '#/workers');
	await comes(page.getByText('This page broke').waitFor(), 'a page that breaks says so');
	await comes(page.getByRole('button', { name: 'Reload' }).waitFor(), 'and can be loaded again');
	await page.getByLabel('Pages').getByRole('link', { name: 'Queues' }).click();
	await comes(page.getByRole('heading', { level: 1, name: 'Queues' }).waitFor(), 'the others work');
	expected.trouble = false;
	await page.context().close();
}

async function dialogsLeaveWithTheirPage() {
	const page = await visit('operator', '#/jobs');
	await page.getByRole('heading', { level: 1, name: 'Jobs' }).waitFor();
	await goTo(page, '#/queues/default');
	await page.getByRole('button', { name: 'Pause default' }).click();
	await page.getByRole('dialog').waitFor();
	await page.goBack();
	await comes(page.getByRole('heading', { level: 1, name: 'Jobs' }).waitFor(), 'one goes back from under a dialog');
	is(await page.getByRole('dialog').count(), 0, 'and it is gone');
	await page.context().close();
}

async function messagesGo() {
	const page = await visit('operator', `#/jobs/${jobs.failed}`);
	await page.route('**/retry', (route) => route.fulfill({ status: 403, contentType: 'application/problem+json', body: '{"detail": "not today"}' }));
	await page.clock.install();
	const toast = page.getByRole('alert').filter({ hasText: 'not today' });
	const retry = page.getByRole('button', { name: 'Retry', exact: true });
	const fail = async (times) => {
		for (let n = 0; n < times; n++)
			await retry.click();
		await toast.waitFor();
	};
	await fail(2);
	await comes(page.getByText('not today (2 times)').waitFor(), 'what is said again is counted');
	await page.getByText('not today').hover();
	await page.clock.runFor(90000);
	ok(await toast.isVisible(), 'it stays while it is pointed at');
	await page.mouse.move(0, 0);
	await page.clock.runFor(90000);
	await comes(toast.waitFor({ state: 'detached' }), 'and goes after a while');
	await fail(1);
	await page.keyboard.press('Escape');
	await comes(toast.waitFor({ state: 'detached' }), 'or at a key');
	await page.context().close();
}

async function actOnOne() {
	const page = await visit('operator', `#/jobs/${jobs.waiting}`);
	await page.getByRole('button', { name: 'Approve' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
	await comes(page.getByText('completed').first().waitFor(), 'an approved job runs, and the page shows it');
	await page.getByRole('button', { name: 'Delete' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Delete for good' }).click();
	await comes(page.getByRole('heading', { level: 1, name: 'Jobs' }).waitFor(), 'what is deleted, after a question, is not shown any more');
	is(sql(`select count(*) from tow.history where id = ${jobs.waiting}`), '0', 'and is gone');
	await goTo(page, '#/queues/default');
	await page.getByRole('button', { name: 'Pause default' }).click();
	await page.getByLabel('Reason').fill('tests');
	await page.keyboard.press('Enter');
	await comes(page.getByRole('button', { name: 'Resume default' }).waitFor(), 'a queue is paused by keyboard');
	is(sql("select state || ' ' || pause_reason from tow.queues where name = 'default'"), 'paused tests', 'with its reason');
	await page.getByRole('button', { name: 'Resume default' }).click();
	await page.getByRole('button', { name: 'Pause default' }).waitFor();
	await page.context().close();
}

async function limitsMayStay() {
	const page = await visit('admin', '#/queues/default');
	await page.getByRole('button', { name: 'Limits of one' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
	await comes(page.getByText('saved', { exact: true }).waitFor(), 'who changes nothing is not told that there is nothing to change');
	await page.getByRole('button', { name: 'Limits of one' }).click();
	await page.getByRole('dialog').getByLabel('Starts').fill('100/min');
	await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
	await comes(page.locator('td').getByText('100 a minute').waitFor(), 'a rate is as it was typed');
	await page.getByRole('button', { name: 'Limits of one' }).click();
	is(await page.getByRole('dialog').getByLabel('Starts').inputValue(), '100/min', 'there, too');
	await shot(page, 'limits-of-a-lane');
	await page.getByRole('dialog').getByLabel('Starts').fill('');
	await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
	await page.context().close();
}

async function filterBy(page, text) {
	await page.getByLabel('Filter jobs').fill(text);
	await page.keyboard.press('Enter');
}

async function useKeys() {
	const page = await visit('viewer', '#/queues');
	await page.locator('tbody tr').first().waitFor();
	const jobsPage = page.getByRole('heading', { level: 1, name: 'Jobs' });
	// The second key counts for about a second after the first: where the machine stood still between them, once more.
	for (let n = 0; n < 5 && !await jobsPage.isVisible(); n++) {
		await page.keyboard.press('g');
		await page.keyboard.press('j');
		await jobsPage.waitFor({ timeout: 10000 }).catch(() => null);
	}
	await comes(jobsPage.waitFor(), 'g j goes to the jobs');
	await page.locator('tbody tr').nth(1).waitFor();
	await page.keyboard.press('j');
	await page.keyboard.press('j');
	await page.keyboard.press('Enter');
	await comes(page.getByRole('heading', { level: 1, name: /^Job \d+/ }).waitFor(), 'j j Enter opens the second');
	await page.keyboard.press('?');
	await comes(page.getByRole('dialog', { name: 'Keys' }).waitFor(), '? lists the keys');
	is(await page.getByRole('dialog').getByText('to the filter').count(), 0, 'that go somewhere');
	await page.keyboard.press('Escape');
	await goTo(page, '#/jobs');
	await page.getByRole('heading', { level: 1, name: 'Jobs' }).waitFor();
	await page.keyboard.press('?');
	await comes(page.getByRole('dialog').getByText('to the filter').waitFor(), 'to a filter, where there is one');
	await page.keyboard.press('Escape');
	await page.getByRole('dialog').waitFor({ state: 'detached' });
	await page.keyboard.press('/');
	await page.keyboard.type('echo');
	await page.keyboard.press('Enter');
	await comes(page.waitForURL(/kind=echo/), 'a filter is kept in the address');
	await filterBy(page, 'bogus:1 no route');
	await comes(page.getByRole('alert').filter({ hasText: 'Not understood: bogus:1, route.' }).waitFor(), 'words that no filter has are said to be not understood');
	ok(/kind=echo/.test(page.url()), 'and nothing is filtered by them');
	await filterBy(page, 'state:failed');
	await comes(page.waitForURL(/state=failed/), 'a state can be written, too');
	await comes(page.getByText('Not understood').first().waitFor({ state: 'detached' }), 'and is understood');
	await page.getByLabel('And also those that are').selectOption('completed');
	await comes(page.waitForURL(/state=failed%2Ccompleted/), 'a second state comes to the first');
	await comes(page.locator('tbody').getByText('completed').first().waitFor(), 'whose jobs are shown');
	is(await page.locator('.tabs [aria-current]').allTextContents().then((all) => all.map((t) => t.replace(/\d.*/, '')).join(' ')), 'failed completed', 'as both tabs say');
	await filterBy(page, 'since:lately');
	await comes(page.getByRole('alert').filter({ hasText: 'Not understood: since:lately.' }).waitFor(), 'a time that is none is not understood');
	await filterBy(page, 'until:2h');
	await comes(page.getByText('No job matches').waitFor(), 'none ended two hours ago');
	await goTo(page, '#/workers');
	await page.getByRole('link', { name: /^Jobs of / }).first().click();
	await comes(page.waitForURL(/jobs\?worker=\d+/), 'from a worker there is a way to its jobs');
	await comes(page.locator('tbody tr [data-open]').first().waitFor(), 'that it has run');
	await page.context().close();
}

async function viewersOnlyLook() {
	const page = await visit('viewer', `#/jobs/${jobs.echo}`);
	await page.getByText('Timeline').waitFor();
	is(await page.locator('main').getByRole('button', { name: /Run again|Cancel|Delete|Retry/ }).count(), 0, 'a viewer is offered nothing');
	await comes(page.getByRole('region', { name: 'Arguments' }).getByRole('img', { name: 'hidden from viewers' }).waitFor(), 'is told that arguments are hidden');
	const foot = page.locator('main').getByText('hidden from viewers', { exact: false });
	is(await foot.allTextContents().then((all) => all.join()), '••• is hidden from viewers: arguments, results, and what jobs say.', 'once, whatever else is');
	await shot(page, 'job-hidden');
	await goTo(page, '#/jobs');
	await page.locator('tbody tr').first().waitFor();
	is(await page.getByRole('button', { name: 'Enqueue a job' }).count(), 0, 'enqueues nothing');
	is(await page.locator('table').getByRole('checkbox').count(), 0, 'and selects nothing');
	const raw = () => page.locator('main').evaluate((main) => main.innerText.includes('(hidden)') || main.querySelector('[title*="(hidden)"]') !== null);
	await comes(page.getByTitle('hidden from viewers').locator('visible=true').first().waitFor(), 'a list says, on hover, too, what is hidden');
	is(await raw(), false, 'in words');
	await goTo(page, '#/overview');
	await comes(page.locator('.needs').getByTitle('hidden from viewers').locator('visible=true').first().waitFor(), 'so does the overview');
	is(await raw(), false, 'in words, too');
	await goTo(page, `#/jobs/${jobs.failed}`);
	await page.locator('.why li').first().waitFor();
	await comes(page.locator('.failure').getByText('•••').waitFor(), 'so does a job of its error');
	is(await page.locator('main > .problem').count(), 0, 'which is not made much of');
	is(await foot.count(), 1, 'and what the mark means is said once');
	is(await page.locator('main').getByText('(hidden)').count(), 0, 'in words');
	is(await page.getByText('select tow.').count(), 0, 'is not told what to type that he may not do');
	const status = await page.evaluate(async (id) => (await fetch(`api/v1/jobs/${id}/retry`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' })).status, jobs.echo);
	is(status, 403, 'whoever asks all the same is refused');
	await page.context().close();
}

// Nothing is asked by the clock: what a page knows then, it was told.
async function databaseGoesAndComes() {
	const page = await visit('viewer', '#/jobs?kind=stamp');
	const opening = await tab(page, '#/jobs?kind=stamp');
	await page.addInitScript(() => { window.setInterval = () => 0; });
	await page.reload();
	await comes(page.getByText('Live', { exact: true }).waitFor(), 'a page is told of changes');
	await isTold(page, 'jobs');
	expected.trouble = true;
	tow('db', 'stop');
	await comes(page.getByText('Offline', { exact: true }).waitFor(), 'and that the database has gone');
	await comes(page.getByText('The database cannot answer now').waitFor(), 'which it says');
	await opening.reload();
	await comes(opening.getByText('The database cannot answer now').waitFor(), 'one that is opened meanwhile says so, too');
	await checkAccess(opening, 'waiting for an answer');
	await shot(opening, 'opened-away');
	tow('db', 'start');
	await comes(page.getByText('Live', { exact: true }).waitFor({ timeout: 60000 }), 'a page is told that the database is back');
	await comes(opening.getByRole('heading', { level: 1, name: 'Jobs' }).waitFor({ timeout: 60000 }), 'and one that waited for it opens by itself');
	expected.trouble = false;
	await page.context().close();
}

async function serverGoesAndComes() {
	const page = await visit('viewer', '#/jobs?kind=stamp');
	const list = page.getByText('No job matches');
	const { y } = await list.boundingBox();
	expected.trouble = true;
	await stopServer();
	await comes(page.getByText('Offline', { exact: true }).waitFor(), 'a server that has gone is said to be');
	await comes(page.getByText('What is shown is of').waitFor(), 'and of when what is shown is');
	is((await list.boundingBox()).y, y, 'which moves nothing');
	await shot(page, 'away');
	sql("select tow.enqueue('stamp')");
	await startServer();
	await comes(page.getByText(/^(Live|Polling)$/).waitFor(), 'one that is back, too');
	await comes(page.locator('tbody tr').first().waitFor(), 'and what happened meanwhile is shown');
	expected.trouble = false;
	await page.context().close();
}

// The hub has lost the database, and its listeners stay.
async function whatIsLostIsAskedFor() {
	const page = await visit('viewer');
	let say;
	await page.context().routeWebSocket(/\/ws$/, (socket) => {
		socket.connectToServer();
		say = (type) => socket.send(JSON.stringify({ type }));
	});
	await page.goto(`${base()}?lost#/jobs?kind=stamp`);
	await page.getByText('Live', { exact: true }).waitFor();
	say('lost');
	await comes(page.getByText('Polling', { exact: true }).waitFor(), 'who has lost what it tells is not live');
	say('resync');
	await comes(page.getByText('Live', { exact: true }).waitFor(), 'until it has it again');
	await page.context().close();
}

// By a clock of the test's: each of its intervals the page asks whether anybody is there, as nothing happens.
async function quietIsNotGone() {
	const page = await visit('viewer', '#/jobs?kind=stamp');
	const sockets = [];
	page.on('websocket', (socket) => sockets.push(socket));
	await page.clock.install();
	await page.reload();
	await comes(page.getByText('Live', { exact: true }).waitFor(), 'a page that hears of nothing');
	const answer = () => sockets[0].waitForEvent('framereceived', { predicate: ({ payload }) => JSON.parse(payload).type === 'subscribed', timeout: 60000 }).catch(() => null);
	const first = answer(); // an hour of nothing is asked about, too, and that is answered before the next time
	await page.clock.pauseAt(Date.now() + 3600000);
	await first;
	await page.getByText('Live', { exact: true }).waitFor();
	for (let n = 0; n < 5; n++) {
		const answered = answer();
		await page.clock.runFor(10000);
		ok(await answered, 'asks');
	}
	is(sockets.map((socket) => socket.isClosed()).join(), 'false', 'is answered, and keeps its socket');
	await page.context().close();
}

// A server that has too many takes each socket, and closes it at once. By a clock of the test's.
async function refusedSocketsWait() {
	const page = await visit('viewer');
	let n = 0;
	await page.context().routeWebSocket(/\/ws$/, (socket) => {
		n++;
		socket.onMessage(() => socket.close({ code: 1013, reason: 'too many' })); // once it was open
	});
	await page.clock.install();
	await page.goto(`${base()}?refused#/jobs?kind=stamp`);
	await page.getByText('Polling', { exact: true }).waitFor();
	for (let second = 0; second < 60; second++) {
		await page.clock.runFor(1000);
		await pause(30); // a socket opens and closes by its own clock
	}
	ok(n >= 2 && n <= 9, 'a socket that is refused is tried again, and each time later', `in about a minute: ${n} times`);
	await page.context().close();
}

// A list that comes page by page is sorted by the server, all of it, by a click on a column's head.
async function headsSortWholeLists() {
	sql("select tow.enqueue('noop', queue => 'wide', lane => 'l' || lpad(n::text, 3, '0')) from generate_series(1, 120) n");
	sql("select tow.enqueue('noop', queue => 'wide', lane => 'l117') from generate_series(1, 3)");
	const page = await visit('viewer', '#/queues/wide');
	const lanes = page.getByRole('table', { name: 'lanes' }), first = lanes.locator('tbody tr').first();
	await comes(first.getByText('l001').waitFor(), 'lanes as they are called');
	await lanes.getByRole('button', { name: 'Waiting' }).click();
	await lanes.getByRole('button', { name: 'Waiting' }).click();
	await comes(first.getByText('l117').waitFor(), 'or as many as wait in them, one of a later page first');
	ok(page.url().endsWith('#/queues/wide?sort=-waiting'), 'which the address keeps', page.url());
	is(await lanes.getByRole('columnheader', { name: 'Waiting' }).getAttribute('aria-sort'), 'descending', 'and the head says');
	await page.getByRole('button', { name: 'Show more' }).click();
	await comes(lanes.locator('tbody tr').nth(119).waitFor(), 'with all that come after it');
	await shot(page, 'lanes-sorted');
	await lanes.getByRole('button', { name: 'Waiting' }).click();
	await comes(first.getByText('l001').waitFor(), 'a third click takes the order away');
	await goTo(page, '#/audit?since=all');
	await page.getByRole('button', { name: 'When' }).click();
	await comes(page.locator('.audit tbody tr').first().getByText(sql('select what from tow.audit order by at limit 1')).waitFor(), 'the audit begins with what was first');
	await page.context().close();
}

// As by a machine that hangs, or a network that is away: what is open stays open. How long a page waits, it waits by a clock of
// the test's, which is faster.
async function serverFallsSilent() {
	const page = await visit('viewer');
	await page.clock.install();
	await page.addInitScript(() => {
		AbortSignal.timeout = (ms) => {
			const late = new AbortController();
			setTimeout(() => late.abort(new DOMException('late', 'TimeoutError')), ms);
			return late.signal;
		};
	});
	const says = async (word, description) => {
		let isOver = false;
		const seen = comes(page.getByText(word, { exact: true }).waitFor({ timeout: 120000 }), description).then(() => { isOver = true; });
		while (!isOver) {
			await page.clock.runFor(2500);
			await pause(100); // a server answers by its own clock
		}
		await seen;
	};
	await page.goto(`${base()}?silent#/jobs?kind=stamp`);
	await says('Live', 'a server that tells is live');
	expected.trouble = true;
	holdServer('hub');
	await says('Polling', 'one that tells nothing any more is asked instead');
	freeServer();
	await says('Live', 'until it tells again');
	holdServer();
	await says('Offline', 'one that says nothing at all is away');
	await comes(page.getByText(/What is shown is of \d/).waitFor(), 'and since when nothing is known');
	await shot(page, 'silent');
	freeServer();
	await says('Live', 'it is live when it speaks again');
	expected.trouble = false;
	await page.context().close();
}

const walkInLight = () => walkEverywhere('light'), walkInDark = () => walkEverywhere('dark');

const parts = [walkInLight, walkInDark, walkOnPhone, nothingIsSqueezed, columnsGoWhereThereIsNoRoom, longNumbersAreWhole, strangersAreRefused, viewersOnlyLook, useKeys, jobsAreEnqueued, messagesGo, actOnOne, limitsMayStay, actOnMany, actOnAllThatMatch, rowsTellJobsApart, whatIsLeftIsSaid, batchesAreSealed, systemJobsAreHidden, deleteAndRetryMany, needsAreCounted, whatWasMissedIsSeen, overviewKeepsItsOrder, slowAnswersAreShown, chartsWaitForTheirAnswer, timesAreComparable, allArePaused, unservedQueuesAreTold, progressIsLive, nothingJumps, nothingJumpsWhileJobsRun, beginningsAreShown,
	clocksAreThoseOfWhoReads, timelineIsInOrder, allLinesCanBeRead, pagesInErrorsAreFolded, addressesAreMistyped, whatBreaksStaysAlone, dialogsLeaveWithTheirPage, headsSortWholeLists, attemptsWithoutBeginning, deedsAreFollowed, databaseGoesAndComes, whatIsLostIsAskedFor, serverGoesAndComes, quietIsNotGone, refusedSocketsWait, serverFallsSilent];

await walk(parts, () => sql("select tow.resume('default')"));
