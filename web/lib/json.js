// JSON to read: objects fold, nothing is ever taken for HTML.
import { Hidden, isHidden } from './hidden.js';
import { toast } from './toast.js';
import { html } from './ui.js';

const OPEN_DEPTH = 2, MANY = 20;

function Leaf({ value }) {
	if (isHidden(value))
		return html`<${Hidden} />`;
	const type = value === null ? 'null' : typeof value;
	return html`<span class="json-${type}">${type === 'string' ? JSON.stringify(value) : String(value)}</span>`;
}

function Node({ name, value, depth }) {
	const label = name !== undefined && html`<span class="json-name">${name}</span>: `;
	if (value === null || typeof value !== 'object')
		return html`<div class="json-line">${label}<${Leaf} value=${value} /></div>`;
	const entries = Object.entries(value);
	const [begin, end] = Array.isArray(value) ? '[]' : '{}';
	if (entries.length === 0)
		return html`<div class="json-line">${label}${begin}${end}</div>`;
	return html`<details open=${depth < OPEN_DEPTH && entries.length <= MANY}>
		<summary>${label}${begin}<span class="soft"> ${entries.length} ${end}</span></summary>
		<div class="json-in">${entries.map(([k, v]) => html`<${Node} key=${k} name=${Array.isArray(value) ? undefined : k} value=${v} depth=${depth + 1} />`)}</div>
	</details>`;
}

async function copy(value) {
	await navigator.clipboard.writeText(JSON.stringify(value, null, 2));
	toast('copied');
}

export function Json({ value, label }) {
	if (isHidden(value))
		return html`<p><${Hidden} /></p>`;
	// Only where the page is served safely does a browser let it write to the clipboard.
	return html`<div class="json" role="group" aria-label=${label}>
		${navigator.clipboard && html`<button class="copy small" onClick=${() => copy(value)}>Copy</button>`}
		<${Node} value=${value} depth=${0} /></div>`;
}
