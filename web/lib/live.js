// What changes is told by the server over a WebSocket; where that cannot be, pages ask every few seconds.
import { apiUrl, get, heard, me, reachable } from './api.js';
import { finished } from './states.js';
import { store, useCallback, useEffect, useRef, useState } from './ui.js';

// SILENT_MS: who says nothing for that long is asked; who does not answer for as long again is gone, though nobody closed.
const POLL_MS = 3000, SILENT_MS = 10000, STEADY_MS = 5000, GATHER_MS = 250, SPACING_MS = 1500, SPACING_OF_ONE_MS = 500, BACKOFF_MS = [1000, 2000, 5000, 10000, 30000, 60000];

// live, polling or offline. Who tells what changes may have lost the database, and says so: then it is asked.
export const connection = store('polling');

const listeners = new Map(); // topic -> a set of functions
let socket = null, isLost = false, isAsked = false, socketHeard = 0, openedAt = Infinity, failures = 0, timer = null, place = { since: undefined, epoch: undefined };

function judge() {
	connection.set(!reachable.get() ? 'offline' : socket?.readyState === WebSocket.OPEN && !isLost ? 'live' : 'polling');
}
reachable.watch((yes) => {
	judge();
	if (yes && !socket) {
		failures = 0;
		later();
	}
});

function say(message) {
	if (socket?.readyState === WebSocket.OPEN)
		socket.send(JSON.stringify(message));
}

function tell(topics, message) {
	for (const topic of topics)
		for (const listener of listeners.get(topic) ?? [])
			listener(message);
}

// What is said of all things of a sort (jobs) is heard by whoever asked for this one (job:7), too.
function heardBy({ topic, key }) {
	return key !== undefined && topic.endsWith('s') ? [topic, `${topic.slice(0, -1)}:${key}`] : [topic];
}

function hear(message) {
	if (message.epoch !== undefined && message.epoch !== place.epoch)
		place = { epoch: message.epoch, since: message.seq };
	else if (message.seq > place.since && message.type !== 'hello') // what was missed comes after the hello
		place.since = message.seq;
	if (message.type === 'resync' || message.type === 'lost') {
		isLost = message.type === 'lost';
		judge();
		tell([...listeners.keys()], message);
	} else if (message.topic !== undefined) {
		tell(heardBy(message), message);
	}
	// That somebody is there says nothing of what is shown.
	if (message.topic !== undefined)
		heard.at = Date.now();
}

function opened() {
	openedAt = Date.now();
	judge();
	say({ type: 'subscribe', topics: [...listeners.keys()], since: place.since, epoch: place.epoch });
}

// A server that has too many opens each, and closes it at once.
function closed() {
	if (Date.now() - openedAt >= STEADY_MS)
		failures = 0;
	openedAt = Infinity;
	socket = null;
	isLost = false;
	judge();
	later();
}

// The browser knows first that this machine is in no network, or in one again.
for (const event of ['offline', 'online'])
	window.addEventListener(event, () => tell([...listeners.keys()], { type: 'lost' }));

// The handshake of an end is not waited for: nobody would answer it.
function abandon() {
	socket.onopen = socket.onclose = socket.onmessage = null;
	socket.close();
	closed();
}

// A browser tells nobody of the pings that it answers.
setInterval(() => {
	if (!socket || Date.now() - socketHeard < SILENT_MS) {
		isAsked = false;
	} else if (isAsked) {
		isAsked = false;
		abandon();
	} else {
		isAsked = true;
		say({ type: 'subscribe', topics: [] });
	}
}, SILENT_MS);

function open() {
	timer = null;
	if (socket || !me.get())
		return;
	const url = apiUrl('ws');
	url.protocol = url.protocol.replace('http', 'ws');
	socket = new WebSocket(url);
	socket.onopen = opened;
	socket.onclose = closed;
	socket.onmessage = (event) => {
		socketHeard = Date.now();
		isAsked = false;
		hear(JSON.parse(event.data));
	};
	socketHeard = Date.now();
	isAsked = false;
}

function later() {
	clearTimeout(timer);
	timer = setTimeout(open, BACKOFF_MS[Math.min(failures++, BACKOFF_MS.length - 1)] * (0.8 + Math.random() * 0.4));
}

me.watch((who) => {
	if (who)
		open();
	else
		socket?.close();
});

function subscribe(topic, listener) {
	if (!listeners.has(topic)) {
		listeners.set(topic, new Set());
		say({ type: 'subscribe', topics: [topic] });
	}
	listeners.get(topic).add(listener);
	return () => {
		const set = listeners.get(topic);
		set.delete(listener);
		if (set.size === 0) {
			listeners.delete(topic);
			say({ type: 'unsubscribe', topics: [topic] });
		}
	};
}

// Calls act when somebody has done something, to whatever it was, or may have.
function hearsDeeds(act) {
	let last;
	return ({ type, actions }) => {
		if (type === 'resync' || (last !== undefined && actions !== undefined && actions !== last))
			act();
		last = actions ?? last;
	};
}

// Calls refetch when one of the topics has changed (many changes: now and then, those of one thing more often), each few seconds where nobody tells,
// and each `every` milliseconds even so, for what changes without being told. A page that nobody sees asks for nothing.
export function useLive(topics, refetch, every = 15000, deeds = false) {
	const latest = useRef(refetch);
	latest.current = refetch;
	useEffect(() => {
		let gathering = null, last = Date.now();
		const spacing = topics.every((topic) => topic.includes(':')) ? SPACING_OF_ONE_MS : SPACING_MS;
		const fetchNow = () => {
			gathering = null;
			last = Date.now();
			latest.current();
		};
		const gather = () => { gathering ??= setTimeout(fetchNow, Math.max(GATHER_MS, last + spacing - Date.now())); };
		const endings = topics.map((topic) => subscribe(topic, gather));
		if (deeds)
			endings.push(subscribe('jobs', hearsDeeds(gather)));
		const poll = setInterval(() => {
			const wait = connection.get() === 'live' ? every : POLL_MS;
			if (!document.hidden && Date.now() - last >= wait)
				fetchNow();
		}, 500);
		const seen = () => { if (!document.hidden) gather(); };
		document.addEventListener('visibilitychange', seen);
		return () => {
			clearTimeout(gathering);
			clearInterval(poll);
			document.removeEventListener('visibilitychange', seen);
			endings.forEach((end) => end());
		};
	}, [topics.join(' '), every, deeds]);
}

// Calls heard with each message of a topic, and with {type: 'lost'} or {type: 'resync'} when some may be missed, or have been. null for a topic hears nothing.
export function useMessages(topic, heard) {
	const latest = useRef(heard);
	latest.current = heard;
	useEffect(() => (topic === null ? undefined : subscribe(topic, (message) => latest.current(message))), [topic]);
}

// Calls does a moment after it was called itself, however often that was meanwhile.
export function useSoon(does, ms) {
	const latest = useRef(does), timer = useRef(null);
	latest.current = does;
	useEffect(() => () => clearTimeout(timer.current), []);
	return useCallback(() => {
		timer.current ??= setTimeout(() => {
			timer.current = null;
			latest.current();
		}, ms);
	}, []);
}

// A job once it has ended.
const ENDS_MS = 1000;
export async function jobEnds(id) {
	for (;;) {
		const job = await get(`jobs/${id}`);
		if (finished.includes(job.state))
			return job;
		await new Promise((resolve) => { setTimeout(resolve, ENDS_MS); });
	}
}

// What a path answers that is always the same: asked for once. null while it is not known, or where there is none.
const answers = new Map();
export function useAnswer(path, query) {
	const key = JSON.stringify([path, query]);
	const [answer, setAnswer] = useState(null);
	useEffect(() => {
		if (path === null)
			return undefined;
		let wanted = true;
		if (!answers.has(key))
			answers.set(key, get(path, query).catch(() => null));
		answers.get(key).then((data) => { if (wanted) setAnswer(data); });
		return () => { wanted = false; };
	}, [key]);
	return answer;
}

// Whether what useData gave is an answer, if only that there is none.
export const isAnswered = ({ data, error }) => data !== undefined || error !== null;

// What a path answers, kept fresh: {data, error, reload}. While it is asked again, what was there stays.
// null for a path asks for nothing. deeds: it changes by what people do, of which no topic tells.
export function useData(path, { query, topics = [], every, deeds = false } = {}) {
	const [state, setState] = useState({ data: undefined, error: null });
	const asked = useRef(0), told = useRef(0);
	const key = JSON.stringify([path, query]);
	const reload = useCallback(async () => {
		if (path === null)
			return;
		const turn = ++asked.current;
		// An answer that came after that of a later question is old; one that only was asked for again is not, or a slow server
		// would never be heard.
		const isNew = () => {
			const is = turn > told.current;
			told.current = Math.max(told.current, turn);
			return is;
		};
		try {
			const data = await get(path, query);
			if (isNew())
				setState({ data, error: null, key });
		} catch (error) {
			// What has been deleted is not shown as it was, nor an answer to another question below one that has none.
			if (isNew())
				setState((before) => (error.status === 404 || (error.status === 422 && before.key !== key) ? { data: undefined, error, key } : { ...before, error }));
		}
	}, [key]);
	useEffect(() => {
		reload();
		return () => { told.current = ++asked.current; };
	}, [reload]);
	useLive(topics, reload, every, deeds);
	return { ...state, stale: state.key !== key, reload };
}
