// Outcomes, said in a corner and to screen readers. What went wrong stays until it is put away.
import { html, store, useStore } from './ui.js';

const SHOWN_MS = 5000;
const toasts = store([]);
let last = 0;

const drop = (id) => toasts.set(toasts.get().filter((t) => t.id !== id));

export function toast(text, { bad = false, hint } = {}) {
	const id = ++last;
	toasts.set([...toasts.get().slice(-3), { id, text, hint, bad }]);
	if (!bad)
		setTimeout(() => drop(id), SHOWN_MS);
}

export function toastProblem(error) {
	toast(error.message, { bad: true, hint: error.hint });
}

// Do something and say what came of it: done is a text, or makes one of the answer. True when it was done.
export async function act(doing, done) {
	try {
		const answer = await doing();
		toast(typeof done === 'function' ? done(answer) : done);
		return true;
	} catch (error) {
		toastProblem(error);
		return false;
	}
}

function Toast({ one }) {
	return html`<div class="toast ${one.bad ? 'bad' : ''}">
		<div><p>${one.text}</p>${one.hint && html`<p class="hint">${one.hint}</p>`}</div>
		<button class="plain" aria-label="Put away" onClick=${() => drop(one.id)}>×</button>
	</div>`;
}

export function Toasts() {
	const all = useStore(toasts);
	return html`<div class="toasts">
		<div role="status" aria-live="polite">${all.filter((t) => !t.bad).map((t) => html`<${Toast} key=${t.id} one=${t} />`)}</div>
		<div role="alert">${all.filter((t) => t.bad).map((t) => html`<${Toast} key=${t.id} one=${t} />`)}</div>
	</div>`;
}
