// What kinds and queues there are, to suggest where somebody writes one.
import { get } from './api.js';
import { useTyped } from './typed.js';
import { html } from './ui.js';

export async function known() {
	const none = { items: [] };
	const [kinds, queues] = await Promise.all([get('kinds').catch(() => none), get('queues').catch(() => none)]);
	return { kinds: kinds.items.filter((k) => k.workers > 0).map((k) => k.kind), queues: queues.items.map((q) => q.name) };
}

// A choice of the policies that there are; none: what it means that none is chosen.
export async function policyField(value, label, none) {
	const { items } = await get('policies').catch(() => ({ items: [] }));
	return { name: 'policy', label, value: value ?? '', options: [['', none], ...new Set([...items.map((p) => p.name), ...(value ? [value] : [])])] };
}

// What is enqueued may come before its workers do; but mostly it is a slip, of which the server knows which name is near.
export function Unserved({ values: { kind, queue } }) {
	const { data } = useTyped(kind && ((signal) => get('unserved', { kind, queue }, signal)), [kind, queue]);
	return kind && data?.warning && html`<p class="warned" role="status">Such a job will wait: ${data.warning}</p>`;
}

// How names are written.
export const kindName = { pattern: '[a-zA-Z0-9_.:\\/\\-]{1,100}', title: 'up to 100 letters, digits, _ . : / -, and no blanks' };
export const queueName = { pattern: '[a-zA-Z0-9_.:\\-]{1,64}', title: 'up to 64 letters, digits, _ . : -, and no blanks' };
