// The page's frame: who is signed in, where one can go, whether the server is heard.
import { away, heard, me, signOut } from './lib/api.js';
import { Dialogs } from './lib/dialog.js';
import { compact, Empty, Head } from './lib/bits.js';
import { isAnyHidden } from './lib/hidden.js';
import { KeysHelp, showKeys, useKeys } from './lib/keys.js';
import { connection } from './lib/live.js';
import { needed, useNeeds } from './lib/needs.js';
import { go, href, reread, route } from './lib/route.js';
import { enter, Entering, SignIn } from './lib/signin.js';
import { ThemeButton } from './lib/theme.js';
import { Moment } from './lib/time.js';
import { toastProblem, Toasts } from './lib/toast.js';
import { html, render, useEffect, useErrorBoundary, useLayoutEffect, useRef, useState, useStore } from './lib/ui.js';
import { pages } from './pages.js';

const said = {
	live: ['Live', 'changes are shown as they happen'],
	polling: ['Polling', 'the server is asked every few seconds'],
	offline: ['Offline', 'the server does not answer; what is shown is old'],
};

function Connection() {
	const state = useStore(connection);
	const [word, why] = said[state];
	return html`<span class="connection ${state}" role="status" title=${why}>${word}</span>`;
}

function Icon({ path }) {
	return html`<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d=${path} /></svg>`;
}

// In a place of its own, so that nothing jumps when the server goes.
function Away() {
	const state = useStore(connection), why = useStore(away);
	return html`<div class="away" role="status">${state === 'offline' && why && html`<p>${why.message}; it is asked again every few seconds. What is shown is of <${Moment} at=${new Date(heard.at).toISOString()} />. <span class="soft">${why.hint}</span></p>`}</div>`;
}

// How much needs somebody, beside Overview, wherever one is.
function Trouble() {
	useNeeds(false);
	const { n, more } = useStore(needed);
	return n > 0 && html`<span class="badge" title="see Overview">${compact(n)}${more && '+'}<span class="hidden"> need somebody</span></span>`;
}

function Nav({ here, close }) {
	return html`<ul>${pages.filter((p) => p.title).map((p) => html`<li key=${p.name}>
		<a href=${href(p.name)} aria-current=${p.name === here ? 'page' : undefined} onClick=${close}>
			<${Icon} path=${p.icon} />${p.title}${p.name === 'overview' && html`<${Trouble} />`}</a></li>`)}</ul>`;
}

function Side({ here }) {
	const who = useStore(me);
	const [open, setOpen] = useState(false);
	const close = () => setOpen(false);
	return html`<div class="side ${open ? 'open' : ''}" onKeyDown=${(e) => { if (e.key === 'Escape') close(); }}>
		<header class="brand">
			<a href=${href('overview')} onClick=${close}><img src="icon.svg" alt="" width="24" height="24" />Towpath</a>
			<${Connection} />
			<button class="plain menu" aria-expanded=${open} aria-controls="nav" onClick=${() => setOpen(!open)}><span aria-hidden="true">☰</span><span class="hidden">Menu</span></button>
		</header>
		<nav id="nav" aria-label="Pages">
			<${Nav} here=${here} close=${close} />
			<div class="who"><div><b>${who.name}</b><span class="soft">${who.role}</span></div>
				<${ThemeButton} />
				<button class="plain" title="Keys (?)" aria-label="Keys" onClick=${showKeys}><span aria-hidden="true">?</span></button>
				<button class="small" onClick=${() => signOut().catch(toastProblem)}>Sign out</button></div>
		</nav>
	</div>`;
}

// A page that breaks must not take the others with it.
function Guarded({ page, at }) {
	const [error, reset] = useErrorBoundary((e) => console.error(e));
	if (error)
		return html`<${Head} title="This page broke" />
			<div class="problem" role="alert"><p>${String(error)}</p><div class="actions"><button onClick=${reset}>Try again</button><button onClick=${() => location.reload()}>Reload</button></div></div>`;
	return html`<${page.component} rest=${at.rest} query=${at.query} />`;
}

function Missing() {
	return html`<${Empty} title="There is no such page"><a href=${href('overview')}>Overview</a> is where it begins.<//>`;
}

function Foot({ place }) {
	const isAny = useStore(isAnyHidden);
	useLayoutEffect(() => isAnyHidden.set(false), [place]);
	return isAny && html`<p class="foot soft">••• is hidden from viewers: arguments, results, and what jobs say.</p>`;
}

function Shell() {
	const at = useStore(route);
	const page = pages.find((p) => p.name === at.page);
	const main = useRef(null);
	const shown = useRef(null);
	useKeys(pages.filter((p) => p.key), (p) => go(p.name));
	const place = [at.page, ...at.rest].join('/');
	useEffect(() => {
		if (!page)
			document.title = 'Towpath';
		// A screen reader is told of the new page; not of the first one.
		if (shown.current !== null && shown.current !== place) {
			window.scrollTo(0, 0);
			main.current.querySelector('h1')?.focus({ preventScroll: true });
		}
		shown.current = place;
	}, [place]);
	return html`<a class="skip" href="#main" onClick=${(e) => { e.preventDefault(); main.current.focus(); }}>Skip to the page</a>
		<${Side} here=${page?.under ?? at.page} />
		<${Away} />
		<main id="main" ref=${main} tabindex="-1">${page ? html`<${Guarded} key=${place} page=${page} at=${at} />` : html`<${Missing} />`}<${Foot} place=${place} /></main>
		<${KeysHelp} pages=${pages.filter((p) => p.key)} />`;
}

// problem: why nobody could be signed in, or null; undefined while that is not known.
function App({ problem }) {
	const who = useStore(me);
	return html`${problem === undefined ? html`<${Entering} />` : who ? html`<${Shell} />` : html`<${SignIn} problem=${problem} />`}<${Dialogs} /><${Toasts} />`;
}

async function start() {
	const draw = (problem) => render(html`<${App} problem=${problem} />`, document.getElementById('app'));
	draw();
	const problem = await enter();
	reread();
	draw(problem);
}

start();
