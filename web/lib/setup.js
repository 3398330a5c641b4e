// What an admin sets up by name: added, changed and deleted in dialogs.
//
// A sort says: {one: what a thing is called; path; fields(o, driver): of one that is there, or {} for a new one (may be a
// promise); driven: each has a driver, which is chosen first; reset: settings that are taken back when they are emptied;
// gone: what deleting one means; isNeeded: by downloads, and kept for them unless
// somebody says so; pattern, title: of names; send(body, name): where it is more than posting it}.
import { del, get, patch, post, step } from './api.js';
import { ask, confirm } from './dialog.js';
import { chooseDriver, driverOf } from './drivers.js';
import { changed, filled, folded, onlyResettable } from './form.js';
import { toast, toastProblem } from './toast.js';

const article = (one) => `Add a ${one}`;

async function isThere(path) {
	try {
		await get(path);
		return true;
	} catch (error) {
		if (error.status !== 404)
			throw error;
		return false;
	}
}

// Where the same name sets it anew, as programs mean it: who types one that is taken has mostly not thought of the other.
export async function mustBeNew(sort, name) {
	if (await isThere(`${sort.path}/${step(name)}`))
		throw Object.assign(new Error(`there is a ${sort.one} ${name} already`), { hint: 'edit it, or choose another name' });
}

async function askNew(sort) {
	const driver = sort.driven ? await chooseDriver(sort.one, article(sort.one)) : undefined;
	if (driver === null)
		return null;
	const name = { name: 'name', label: 'Name', required: true, pattern: sort.pattern ?? '[a-zA-Z0-9_.\\-]{1,57}', title: sort.title ?? 'up to 57 letters, digits, _ . -' };
	const fields = [name, ...await sort.fields({}, driver)];
	const title = driver ? `${article(sort.one)}: ${driver.title}` : article(sort.one);
	return ask({ title, text: driver?.help ?? sort.text, fields, broad: true, action: 'Add', run: async (values) => {
		const body = { ...folded(fields, filled(fields, values)), driver: driver?.name };
		await (sort.send ? sort.send(body, body.name) : post(sort.path, body));
		return values;
	} });
}

async function askChanges(sort, o) {
	const driver = sort.driven ? await driverOf(sort.one, o.driver) : undefined;
	const fields = await sort.fields(o, driver);
	return ask({ title: `Edit ${o.name}`, text: driver?.help ?? sort.text, fields, broad: true, action: 'Save', run: (values) => {
		const what = folded(fields, onlyResettable(changed(fields, values), sort.reset));
		return Object.keys(what).length ? patch(`${sort.path}/${step(o.name)}`, what) : {};
	} });
}

async function said(asking, words) {
	try {
		const done = await asking;
		if (done)
			toast(words(done));
		return done;
	} catch (error) {
		toastProblem(error);
		return null;
	}
}

// Each resolves to something if it was done, to null otherwise.
export const add = (sort) => said(askNew(sort), ({ name }) => `${name} is added`);

export const edit = (sort, o) => said(askChanges(sort, o), () => `${o.name} is saved`);

export async function drop(sort, o) {
	const sure = await confirm({ title: `Delete ${o.name}?`, action: 'Delete', text: sort.gone,
		fields: sort.isNeeded ? [{ name: 'force', label: 'Also while downloads need it', type: 'check' }] : [],
		run: ({ force }) => del(`${sort.path}/${step(o.name)}`, force ? { force: true } : {}) });
	if (sure)
		toast(`${o.name} is deleted`);
	return sure || null;
}
