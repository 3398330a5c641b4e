import { Head } from '../lib/bits.js';
import { html } from '../lib/ui.js';

export function Overview() {
	return html`<${Head} title="Overview" />`;
}
