// What a dialog's fields say, as the arguments of a call.
import { Typed } from './exact.js';

const textOf = (value) => (value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value));

function parsed(label, text) {
	try {
		JSON.parse(text);
		return new Typed(text);
	} catch (error) {
		throw Object.assign(new Error(`${label}: this is no JSON`), { hint: `${error.message}. It looks like {"name": "value", "n": 1}` });
	}
}

// An instant as its field has it, by this browser's clock: what is no whole minute has its seconds.
export function localInstant(at) {
	if (!at)
		return at;
	const then = new Date(at);
	return new Date(then - then.getTimezoneOffset() * 60000).toISOString().slice(0, 19).replace(/:00$/, '');
}

// read: what makes a value of it; words: some, with commas between them. An instant is of this browser's time zone.
function typed({ type, json, words, label, read }, text) {
	if (read)
		return read(text);
	if (json)
		return parsed(label, text);
	if (words)
		return text.split(',').map((w) => w.trim()).filter(Boolean);
	return type === 'number' ? Number(text) : type === 'datetime-local' ? new Date(text).toISOString() : text;
}

// Of a new thing: what was filled in.
export function filled(fields, values) {
	return Object.fromEntries(fields.filter(({ name }) => values[name] !== '' && values[name] !== false)
		.map((field) => [field.name, field.type === 'check' ? true : typed(field, values[field.name])]));
}

// What options are to a function is one argument; in a dialog each is a field.
export function folded(fields, given) {
	const names = fields.filter((f) => f.option).map((f) => f.name);
	const options = Object.fromEntries(Object.entries(given).filter(([name]) => names.includes(name)));
	const rest = Object.fromEntries(Object.entries(given).filter(([name]) => !names.includes(name)));
	return Object.keys(options).length ? { ...rest, options } : rest;
}

// Of one that is there: what was changed, and in reset what was emptied; a list of words that is may be empty, mostly.
export function changed(fields, values) {
	const given = {}, reset = [];
	for (const field of fields) {
		const { name, type, value } = field;
		if (type === 'check') {
			if (values[name] !== Boolean(value))
				given[name] = values[name];
		} else if (values[name] !== textOf(value)) {
			if (values[name] === '' && (!field.words || field.unset))
				reset.push(name);
			else
				given[name] = typed(field, values[name]);
		}
	}
	return reset.length ? { ...given, reset } : given;
}

// Empty for what has a standard of its own means that nothing is to change.
export function onlyResettable({ reset: emptied, ...given }, reset) {
	const names = emptied?.filter((name) => reset.includes(name));
	return names?.length ? { ...given, reset: names } : given;
}

export function base64(file) {
	return new Promise((resolve, reject) => {
		const reader = new FileReader();
		reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(',') + 1));
		reader.onerror = () => reject(reader.error);
		reader.readAsDataURL(file);
	});
}
