// What kinds and queues there are, to suggest where somebody writes one.
import { get } from './api.js';
import { nearest } from './near.js';
import { html } from './ui.js';

export async function known() {
	const none = { items: [] };
	const [kinds, queues] = await Promise.all([get('kinds').catch(() => none), get('queues').catch(() => none)]);
	return { kinds: kinds.items.filter((k) => k.workers > 0).map((k) => k.kind), queues: queues.items.map((q) => q.name) };
}

// What is enqueued may come before its workers do; but mostly it is a slip.
export function KnownKind({ kind, kinds }) {
	const meant = kind && nearest(kind, kinds);
	return kind && !kinds.includes(kind) && html`<p class="warned" role="status">No worker that lives knows the kind ${kind}: its jobs will wait for one.${meant && html` Did you mean <b>${meant}</b>?`}</p>`;
}

// How names are written.
export const kindName = { pattern: '[a-zA-Z0-9_.:\\/\\-]{1,100}', title: 'up to 100 letters, digits, _ . : / -, and no blanks' };
export const queueName = { pattern: '[a-zA-Z0-9_.:\\-]{1,64}', title: 'up to 64 letters, digits, _ . : -, and no blanks' };
