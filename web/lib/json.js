// JSON to read: objects fold, nothing is ever taken for HTML. What is folded is drawn when it is opened, and what is long in parts.
import { isKept, isSpoilt, spoilt } from './exact.js';
import { Hidden, isHidden } from './hidden.js';
import { toast, toastProblem } from './toast.js';
import { html, useState } from './ui.js';

const OPEN_DEPTH = 2, MANY = 20, PART = 200;

const textOf = (value) => (isKept(value) ? value.rawJSON : typeof value === 'string' ? JSON.stringify(value) : `${isSpoilt(value) ? '≈ ' : ''}${value}`);

function Leaf({ value }) {
	if (isHidden(value))
		return html`<${Hidden} />`;
	const type = value === null ? 'null' : isKept(value) ? 'number' : typeof value;
	return html`<span class="json-${type}">${textOf(value)}</span>`;
}

function Members({ of, depth }) {
	const [shown, setShown] = useState(PART);
	const entries = Object.entries(of), left = entries.length - shown;
	return html`<div class="json-in">${entries.slice(0, shown).map(([k, v]) => html`<${Node} key=${k} name=${Array.isArray(of) ? undefined : k} value=${v} depth=${depth} />`)}
		${left > 0 && html`<button type="button" class="small" onClick=${() => setShown(shown + PART)}>Show ${Math.min(left, PART)} more</button>`}</div>`;
}

function Branch({ label, value, depth }) {
	const { length } = Object.keys(value);
	const isOpen = depth < OPEN_DEPTH && length <= MANY;
	const [isDrawn, setDrawn] = useState(isOpen);
	const [begin, end] = Array.isArray(value) ? '[]' : '{}';
	return length === 0 ? html`<div class="json-line">${label}${begin}${end}</div>`
		: html`<details open=${isOpen} onToggle=${(e) => { if (e.currentTarget.open) setDrawn(true); }}>
			<summary>${label}${begin}<span class="soft"> ${length} ${end}</span></summary>
			${isDrawn && html`<${Members} of=${value} depth=${depth + 1} />`}
		</details>`;
}

function Node({ name, value, depth }) {
	const label = name !== undefined && html`<span class="json-name">${name}</span>: `;
	return value === null || typeof value !== 'object' || isKept(value) ? html`<div class="json-line">${label}<${Leaf} value=${value} /></div>`
		: html`<${Branch} label=${label} value=${value} depth=${depth} />`;
}

async function copy(value) {
	if (isSpoilt(value))
		return toastProblem(spoilt);
	await navigator.clipboard.writeText(JSON.stringify(value, null, 2));
	return toast('copied');
}

export function Json({ value, label }) {
	if (isHidden(value))
		return html`<p><${Hidden} /></p>`;
	// Only where the page is served safely does a browser let it write to the clipboard.
	return html`<div class="json" role="group" aria-label=${label}>
		${navigator.clipboard && html`<button class="copy small" onClick=${() => copy(value)}>Copy</button>`}
		<${Node} value=${value} depth=${0} /></div>`;
}
