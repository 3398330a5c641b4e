// Programs that can be clients, targets and channels, and what each must be told.
import { get } from './api.js';
import { ask } from './dialog.js';

let asked = null;

async function all(what) {
	asked ??= get('drivers').catch((error) => {
		asked = null;
		throw error;
	});
	return (await asked).items.filter((d) => d.what === what);
}

// What is known of a driver; of one that is not, that it takes all.
export async function driverOf(what, name) {
	return (await all(what)).find((d) => d.name === name) ?? { name, title: name, help: null, url: null, takes: null, needs: [] };
}

// Resolves to a driver; to null when somebody thought better of it.
export async function chooseDriver(what, title) {
	const known = await all(what);
	const done = await ask({ title, action: 'Next', fields: [{ name: 'driver', label: 'Program', options: known.map((d) => [d.name, d.title]) }] });
	return done && known.find((d) => d.name === done.driver);
}

// Of fields that are named as settings those that the driver takes; always: the names of those that all do.
export function takenBy(driver, fields, always) {
	return fields.filter((f) => always.includes(f.name) || !driver.takes || driver.takes.includes(f.name))
		.map((f) => ({ ...f, required: f.required || driver.needs.includes(f.name) }));
}

export const urlField = (driver, value) => ({ name: 'url', label: 'Address', value, placeholder: driver.url ?? 'file:///srv/downloads' });

// A secret stays on the workers' hosts: here it has a name.
export const secretField = (value) => ({ name: 'secret', label: 'Secret', value, placeholder: 'secret:NAME', pattern: 'secret:[a-zA-Z0-9_.\\-]+', title: 'secret: and its name',
	hint: 'its name only; what it is says the workers\' host: tow secret set NAME' });
