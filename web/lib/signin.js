// Signing in: by a key in the address, which tow token link and make run print, or by a pasted token.
import { away, get, me, signIn } from './api.js';
import { Hint, ProblemBox } from './bits.js';
import { decoded } from './route.js';
import { toast } from './toast.js';
import { html, useState, useStore } from './ui.js';

// The key is taken out of the address before anything else, so that it is neither kept nor sent on.
function takeKey() {
	const key = /^#key=(.+)$/.exec(location.hash)?.[1];
	if (key)
		history.replaceState(null, '', location.pathname + location.search);
	return key && decoded(key);
}

const AGAIN_MS = 3000;

const USED = 'the key in this address has been used, or is too old';

// By a key, or by the cookie that there is. Null, or why not.
async function enterBy(key) {
	try {
		if (key) {
			await signIn(key);
		} else {
			me.set(await get('me'));
		}
		return null;
	} catch (error) {
		const isRefused = error.status === 401 || error.status === 403;
		if (key && isRefused && await isInAlready()) {
			toast(`${USED}: you are signed in as you were`);
			return null;
		}
		if (error.isAway)
			return error;
		me.set(null);
		if (key && isRefused)
			return Object.assign(error, { message: USED, hint: 'tow token link prints a new address' });
		return error.status === 401 ? null : error;
	}
}

// While nobody answers, nobody knows who is signed in: it is tried again.
export async function enter() {
	const key = takeKey();
	for (;;) {
		const problem = await enterBy(key);
		if (!problem?.isAway)
			return problem;
		await new Promise((resolve) => { setTimeout(resolve, AGAIN_MS); });
	}
}

// What is seen until somebody has answered; of an answer that comes soon, nothing.
export function Entering() {
	const why = useStore(away);
	return html`<main class="signin">${why && html`<div class="panel"><img src="icon.svg" alt="" width="40" height="40" /><h1>Towpath</h1>
		<div role="alert"><p class="sentence">${why.message}.</p><${Hint} text=${why.hint} /></div>
		<p class="soft">It is asked again every few seconds, and the page opens by itself.</p></div>`}</main>`;
}

// By the cookie of an earlier time.
async function isInAlready() {
	const who = await get('me').catch(() => null);
	me.set(who);
	return who !== null;
}

export function SignIn({ problem: first }) {
	const [problem, setProblem] = useState(first);
	const submit = async (event) => {
		event.preventDefault();
		const token = event.target.elements.token.value.trim();
		try {
			await signIn(token);
		} catch (error) {
			setProblem(error);
		}
	};
	return html`<main class="signin"><form class="panel" onSubmit=${submit}>
		<img src="icon.svg" alt="" width="40" height="40" /><h1>Towpath</h1>
		${problem && html`<${ProblemBox} error=${problem} alone />`}
		<p>The quickest way in is an address that carries a key. It is printed by:</p>
		<pre><code>tow token link</code></pre>
		<p>Or paste a token, made by <code>tow token add NAME</code>:</p>
		<label for="token">Token</label>
		<input id="token" name="token" type="password" autocomplete="current-password" required />
		<button class="main">Sign in</button>
	</form></main>`;
}
