// What is tested: a worker tries it, and says what it found.
import { post, step } from './api.js';
import { Hint, State } from './bits.js';
import { ask } from './dialog.js';
import { Long } from './long.js';
import { useOutcome } from './outcome.js';
import { toastProblem } from './toast.js';
import { html } from './ui.js';

function Findings({ job }) {
	const { found, state, error } = useOutcome(`downloads/tests/${job}`, job);
	return html`<div class="findings" aria-live="polite">${error ? html`<div class="bad-text"><${Long} text=${error} /></div>` : !found?.length
		? html`<p><${State} name=${state === 'completed' ? 'nothing was found' : 'a worker tries it'} look=${state === 'completed' ? 'mute' : 'run'} /></p>`
		: html`<ul>${found.map((f) => html`<li key=${f.component + f.detail}><${State} name=${f.component} look=${f.status} /><${Long} text=${f.detail} /><${Hint} text=${f.hint} /></li>`)}</ul>`}</div>`;
}

// Shows what is wrong with the client, target or library that o names.
export async function test(path, o) {
	try {
		const { job } = await post(`${path}/${step(o.name)}/test`);
		await ask({ title: `Test of ${o.name}`, broad: true, action: null, body: html`<${Findings} job=${job} />` });
	} catch (error) {
		toastProblem(error);
	}
}
