// What is shown once: a secret with a button that copies it.
import { html } from './ui.js';
import { toast } from './toast.js';

async function copy(box, text) {
	if (navigator.clipboard) {
		await navigator.clipboard.writeText(text);
	} else {
		// Where the page is not served safely the browser copies only what is selected.
		box.select();
		document.execCommand('copy');
	}
	toast('copied');
}

export function Secret({ value, label }) {
	return html`<div class="secret"><textarea class="mono" readonly rows=${Math.ceil(value.length / 34)} value=${value} aria-label=${label} onFocus=${(e) => e.target.select()}></textarea>
		<button type="button" onClick=${(e) => copy(e.target.previousElementSibling, value)}>Copy</button></div>`;
}
