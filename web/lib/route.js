// The address: #/PAGE/REST?FILTERS. It holds what is shown, so that it can be kept, sent and gone back from.
import { store } from './ui.js';

// Of what somebody mistyped, as it stands there.
export function decoded(text) {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}

function read() {
	const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?');
	const [page, ...rest] = path.split('/').map(decoded);
	return { page: page || 'overview', rest, query: Object.fromEntries(new URLSearchParams(query)) };
}

export const route = store(read());
export const reread = () => route.set(read());
window.addEventListener('hashchange', reread);

export function href(page, query = {}) {
	const wanted = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '');
	const text = new URLSearchParams(wanted).toString();
	return `#/${page.split('/').map(encodeURIComponent).join('/')}${text ? `?${text}` : ''}`;
}

export function go(page, query) {
	location.hash = href(page, query);
}

// Change filters of the page that is shown; null or '' takes one away. While somebody types, nothing is left in the history.
export function filter(changes, { typing = false } = {}) {
	// Not as the page has it: that follows a moment later.
	const { page, rest, query } = read();
	const to = href([page, ...rest].join('/'), { ...query, ...changes });
	if (to === location.hash)
		return;
	history[typing ? 'replaceState' : 'pushState'](null, '', to);
	reread();
}
