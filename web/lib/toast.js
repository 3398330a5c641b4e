// Outcomes, said in a corner and to screen readers: what went wrong for longer. None goes while it is pointed at or focused.
import { Hint } from './bits.js';
import { Long } from './long.js';
import { html, store, useEffect, useState, useStore } from './ui.js';

const SHOWN_MS = 5000, BAD_MS = 30000;
const toasts = store([]);
let last = 0;

const drop = (id) => toasts.set(toasts.get().filter((t) => t.id !== id));

// What was said already is counted, and not said beside itself.
export function toast(text, { bad = false, hint } = {}) {
	const all = toasts.get();
	const same = all.find((t) => t.text === text && t.hint === hint && t.bad === bad);
	toasts.set(same ? all.map((t) => (t === same ? { ...t, times: t.times + 1 } : t)) : [...all.slice(-3), { id: ++last, text, hint, bad, times: 1 }]);
}

export const putAwayLast = () => drop(toasts.get().at(-1)?.id);

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

function Toast({ one: { id, text, hint, bad, times } }) {
	const [isHeld, setHeld] = useState(false);
	const hold = () => setHeld(true), release = () => setHeld(false);
	const leave = (e) => setHeld(e.currentTarget.contains(document.activeElement));
	useEffect(() => {
		const timer = isHeld ? null : setTimeout(() => drop(id), bad ? BAD_MS : SHOWN_MS);
		return () => clearTimeout(timer);
	}, [isHeld, times]);
	return html`<div class="toast ${bad ? 'bad' : ''}" onMouseEnter=${hold} onMouseLeave=${leave} onFocusIn=${hold} onFocusOut=${release}>
		<div><${Long} text=${text}>${times > 1 && html` <span class="soft">(${times} times)</span>`}<//><${Hint} text=${hint} /></div>
		<button class="plain" aria-label="Put away" title="Put away (Esc)" onClick=${() => drop(id)}>×</button>
	</div>`;
}

export function Toasts() {
	const all = useStore(toasts);
	return html`<div class="toasts">
		<div role="status" aria-live="polite">${all.filter((t) => !t.bad).map((t) => html`<${Toast} key=${t.id} one=${t} />`)}</div>
		<div role="alert">${all.filter((t) => t.bad).map((t) => html`<${Toast} key=${t.id} one=${t} />`)}</div>
	</div>`;
}
