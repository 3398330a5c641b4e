// The keyboard: j k through whatever list is shown, / to its filter, g and a letter to a page, ? for this list.
import { putAwayLast } from './toast.js';
import { html, store, useEffect, useRef, useStore } from './ui.js';

const helpShown = store(false);
const SEQUENCE_MS = 1200;

export const showKeys = () => helpShown.set(true);

function isTyping(target) {
	return target.isContentEditable || (target.matches('input, textarea, select') && !target.matches('[type=checkbox], [type=radio]'));
}

function move(by) {
	const rows = [...document.querySelectorAll('main [data-row]')];
	const here = rows.indexOf(document.activeElement?.closest('[data-row]'));
	const to = rows[here < 0 ? (by > 0 ? 0 : rows.length - 1) : here + by];
	to?.focus();
	to?.scrollIntoView({ block: 'nearest' });
}

function onRow(selector) {
	const row = document.activeElement?.closest('[data-row]');
	(row?.querySelector(selector))?.click();
}

const filterBox = () => document.querySelector('main [data-filter]');

const plain = {
	j: () => move(1),
	k: () => move(-1),
	x: () => onRow('input[type=checkbox]'),
	'?': showKeys,
	Escape: putAwayLast,
	'/': () => filterBox()?.focus(),
};

function onKey(pages, open, state, event) {
	if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]'))
		return;
	if (isTyping(event.target)) {
		if (event.key === 'Escape')
			event.target.blur();
		return;
	}
	const isSecond = Date.now() - state.g < SEQUENCE_MS;
	state.g = event.key === 'g' && !isSecond ? Date.now() : 0;
	const page = isSecond && pages.find((p) => p.key === event.key);
	if (page) {
		open(page);
	} else if (event.key === 'Enter' && event.target.matches('[data-row]')) {
		onRow('[data-open]');
	} else if (plain[event.key]) {
		plain[event.key]();
	} else {
		return;
	}
	event.preventDefault();
}

export function useKeys(pages, open) {
	useEffect(() => {
		const state = { g: 0 };
		const listener = (event) => onKey(pages, open, state, event);
		document.addEventListener('keydown', listener);
		return () => document.removeEventListener('keydown', listener);
	}, [pages]);
}

const general = [['j', 'next row'], ['k', 'row before'], ['Enter', 'open it'], ['x', 'select it'], ['/', 'to the filter'],
	['Esc', 'leave the filter, a dialog; put a message away'], ['?', 'this list']];

export function KeysHelp({ pages }) {
	const shown = useStore(helpShown);
	const box = useRef(null);
	const close = () => helpShown.set(false);
	useEffect(() => {
		if (shown)
			box.current.showModal();
		window.addEventListener('hashchange', close);
		return () => window.removeEventListener('hashchange', close);
	}, [shown]);
	// Only where there is one can a filter be gone to.
	const here = general.filter(([key]) => key !== '/' || (shown && filterBox()));
	return shown && html`<dialog ref=${box} class="keys" aria-labelledby="keys-title" onCancel=${close} onClick=${(e) => { if (e.target === box.current) close(); }}>
		<h2 id="keys-title">Keys</h2>
		<dl>${here.map(([key, what]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${what}</dd></div>`)}
		${pages.map((p) => html`<div><dt><kbd>g</kbd> <kbd>${p.key}</kbd></dt><dd>${p.title}</dd></div>`)}</dl>
		<div class="actions"><button onClick=${close}>Close</button></div>
	</dialog>`;
}
