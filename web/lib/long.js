// What programs say in vain may be a page of theirs, or longer than anybody reads: the gist of it, and all of it behind "more".
// Nothing is ever taken for HTML.
import { hiddenShown } from './hidden.js';
import { Said } from './time.js';
import { html } from './ui.js';

// SHORT: how long a gist may be; ROOM: what is no longer than that is shown whole; MOST: nothing is shown beyond that.
const SHORT = 240, ROOM = 400, MOST = 20000;
const page = /<(?:!doctype|html|head|body|title|h1|\?xml)\b/i;

const plain = (found) => found?.[1].replace(/\s+/g, ' ').trim();
const titleOf = (text) => plain(/<title[^>]*>([^<]+)/i.exec(text)) || plain(/<h1[^>]*>([^<]+)/i.exec(text)) || 'a web page';
const cut = (text, most) => (text.length > most ? `${text.slice(0, most)}…` : text);

// The first line, and of a page that came with it, its title. What failed without a word says nothing.
export function gist(said, room = ROOM) {
	const text = said ?? '';
	const at = text.search(page);
	if (at < 0)
		return text.length <= room ? hiddenShown(text.trim()) : cut(text.trim().split('\n')[0], SHORT);
	return cut([text.slice(0, at).trim().split('\n')[0].replace(/[\s:]+$/, ''), titleOf(text.slice(at))].filter(Boolean).join(': '), SHORT);
}

// children: what is said behind the gist.
export function Long({ text, room, children }) {
	const short = gist(text, room);
	return html`<div class="long"><${Said} text=${short} />${children}${text && short !== hiddenShown(text.trim()) && html`<details><summary>more</summary><pre tabindex="0">${cut(text, MOST)}</pre></details>`}</div>`;
}
