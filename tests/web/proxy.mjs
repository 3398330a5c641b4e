// The page through a proxy that has the certificate: at ADDRESS, with a KEY to sign in with.
import { chromium } from 'playwright-core';
import { comes, done, is, ok } from './tap.mjs';

const { ADDRESS, KEY, CHROMIUM } = process.env;
const { host, hostname, port, pathname } = new URL(ADDRESS);

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--disable-quic',
	`--host-resolver-rules=MAP ${hostname}:${port} 127.0.0.1:${port}`] });
const context = await browser.newContext({ ignoreHTTPSErrors: true });
context.setDefaultTimeout(60000); // a machine may be slow
const page = await context.newPage();
const complaints = [];
page.on('pageerror', (error) => complaints.push(String(error)));
const told = page.waitForEvent('websocket').then((socket) =>
	socket.waitForEvent('framereceived', { predicate: ({ payload }) => JSON.parse(payload).type === 'subscribed' }).then(() => new URL(socket.url())));

await page.goto(`${ADDRESS}#key=${KEY}`);
await comes(page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor(), 'an address signs a browser in');
const url = await told;
is(`${url.protocol}//${url.host}${url.pathname}`, `wss://${host}${pathname}api/v1/ws`, 'whose WebSocket comes through');
const [cookie] = await context.cookies();
is(JSON.stringify([cookie.domain, cookie.path, cookie.secure, cookie.httpOnly, cookie.sameSite]), JSON.stringify([hostname, pathname, true, true, 'Strict']), 'with a cookie for TLS and for that path alone');
is(await page.evaluate(() => document.cookie), '', 'that scripts do not see');
await page.evaluate(() => { location.hash = '#/queues/default'; });
await page.getByRole('button', { name: 'Pause' }).first().click();
await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
await comes(page.getByRole('button', { name: 'Resume' }).first().waitFor(), 'what the page does is accepted');
ok(complaints.length === 0, 'nothing complains', complaints.join('\n'));
await browser.close();
done();
