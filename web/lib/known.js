// What kinds and queues there are, to suggest where somebody writes one.
import { get } from './api.js';
import { html } from './ui.js';

export async function known() {
	const none = { items: [] };
	const [kinds, queues] = await Promise.all([get('kinds').catch(() => none), get('queues').catch(() => none)]);
	return { kinds: kinds.items.map((k) => k.kind), queues: queues.items.map((q) => q.name) };
}

// What is enqueued may come before its workers do; but mostly it is a slip.
export function KnownKind({ kind, kinds }) {
	return kind && !kinds.includes(kind) && html`<p class="hint bad-text" role="status">No worker that lives knows the kind ${kind}: its jobs will wait for one.</p>`;
}
