// Light, dark, or as the system has it; remembered in this browser.
import { html, remember, remembered, store, useStore } from './ui.js';

const choices = ['auto', 'light', 'dark'];
const names = { auto: 'As the system', light: 'Light', dark: 'Dark' };
const marks = { auto: '◐', light: '○', dark: '●' };

const chosen = store(choices.includes(remembered('theme')) ? remembered('theme') : 'auto');
const system = matchMedia('(prefers-color-scheme: dark)');

// What is shown: light or dark.
export const theme = store('light');

function apply() {
	const shown = chosen.get() === 'auto' ? (system.matches ? 'dark' : 'light') : chosen.get();
	document.documentElement.dataset.theme = shown;
	theme.set(shown);
}
system.addEventListener('change', apply);
chosen.watch((name) => {
	remember('theme', name);
	apply();
});
apply();

export function ThemeButton() {
	const name = useStore(chosen);
	const next = choices[(choices.indexOf(name) + 1) % choices.length];
	return html`<button class="plain" title=${`Colours: ${names[name]}`} aria-label=${`Colours: ${names[name]}. Change to: ${names[next]}`}
		onClick=${() => chosen.set(next)}><span aria-hidden="true">${marks[name]}</span></button>`;
}
