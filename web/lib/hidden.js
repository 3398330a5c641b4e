// What the server gives in place of what is not for whoever asks: a mark, wherever it stands, of which the foot of the page says
// once what it means. Operators see all: what reads so for them is so.
import { may } from './api.js';
import { html, store, useEffect } from './ui.js';

const words = 'hidden from viewers', mark = '•••';
// Of a text that begins with it, as what is tried again does, or ends with it.
const place = /^\(hidden\)(?=;)|\(hidden\)$/;

// Whether the mark is on the page.
export const isAnyHidden = store(false);
const found = () => isAnyHidden.set(true);

export const isHidden = (value) => value === '(hidden)' && !may('operator');

// In words, as it is said on hover.
export const hiddenSaid = (text) => (may('operator') ? text : text?.replace(place, words));

// With the mark, as it is shown. The foot is drawn after what calls this.
export function hiddenShown(text) {
	const shown = may('operator') ? text : text?.replace(place, mark);
	if (shown !== text)
		queueMicrotask(found);
	return shown;
}

export function Hidden() {
	useEffect(found, []);
	return html`<span class="soft" role="img" title=${words} aria-label=${words}>${mark}</span>`;
}
