// A list that comes page by page.
import { get } from './api.js';
import { useData, useLive } from './live.js';
import { toastProblem } from './toast.js';
import { useEffect, useMemo, useRef, useState } from './ui.js';

// MOST: how many rows the server gives at a time; FAR: so many new ones are looked through for those that are shown.
const MOST = 1000, FAR = 1000, LATER_MS = 10000;

// From a cursor on, until that is enough.
async function fetchFrom(ask, after, isEnough) {
	const items = [];
	let next = after;
	do {
		const page = await ask(next);
		items.push(...page.items);
		next = page.next ?? null;
	} while (next !== null && !isEnough(items));
	return { items, next };
}

// The later pages, where the first one ends elsewhere now: what came in between is fetched, so that there is no hole. Where that is
// far more than is shown, the list begins anew.
async function joined(ask, { items, next }, first, idOf) {
	if (!first.next)
		return { items: [], next: null };
	const known = new Map(items.map((row, i) => [idOf(row), i]));
	const between = await fetchFrom(ask, first.next, (all) => all.some((row) => known.has(idOf(row))) || all.length >= FAR);
	const last = Math.max(...between.items.map((row) => known.get(idOf(row)) ?? -1));
	if (last < 0 && between.next !== null)
		return { items: [], next: first.next };
	return last < 0 || last === items.length - 1 ? between : { items: [...between.items, ...items.slice(last + 1)], next };
}

// Pages that have been asked for beyond the first, which alone is kept fresh; the others are asked for now and then. As useData,
// and {rows; more: asks for the next page; null where there is none; reload: asks for all pages anew, for whoever has changed
// something}. idOf: what tells rows apart; grows: rows are only ever added, and stay as they are.
export function usePages(path, query, { idOf = (r) => r.id, grows = false, ...live } = {}) {
	const data = useData(path, { query, ...live });
	const key = JSON.stringify([path, query]), none = { key, first: data.data, items: [], next: data.data?.next ?? null };
	const [, setShown] = useState(null);
	// What is shown once somebody has asked for more: a first page, and what follows it. It changes by one thing after the other.
	const list = useRef(none), turn = useRef(Promise.resolve()), isAsking = useRef(false), isDue = useRef(false), latest = useRef(null);
	latest.current = { key, none };
	if (list.current.key !== key || list.current.items.length === 0 || !data.data)
		list.current = none;
	const ask = (after, limit) => get(path, { ...query, after, ...(limit && { limit }) });
	const inTurn = (does, failed = () => null) => {
		turn.current = turn.current.then(async () => {
			const next = latest.current.key === key && await does(list.current, latest.current.none.first);
			if (next && latest.current.key === key) {
				list.current = next;
				setShown(next);
			}
		}).catch(failed);
		return turn.current;
	};
	const join = () => inTurn(async (now, first) => now.items.length > 0 && now.first !== first
		&& { ...now, ...(now.first.next === first.next ? {} : await joined(ask, now, first, idOf)), first });
	const refresh = () => {
		if (grows || isDue.current)
			return;
		isDue.current = true;
		turn.current.then(() => { isDue.current = false; });
		inTurn(async (now) => now.items.length > 0
			&& { ...now, ...await fetchFrom((after) => ask(after, Math.min(MOST, now.items.length)), now.first.next, (all) => all.length >= now.items.length) });
	};
	useEffect(() => { join(); }, [data.data]);
	useLive([], refresh, LATER_MS);
	const { first, items, next } = list.current;
	// Until a page that was asked for is there, another click asks for nothing.
	const more = async () => {
		if (isAsking.current)
			return;
		isAsking.current = true;
		await inTurn(async (now) => {
			const page = now.next !== null && await ask(now.next);
			return page && { ...now, items: [...now.items, ...page.items], next: page.next ?? null };
		}, toastProblem);
		isAsking.current = false;
		join();
	};
	const reload = () => {
		data.reload();
		refresh();
	};
	const rows = useMemo(() => {
		const seen = new Set();
		return first && [...first.items, ...items].filter((r) => !seen.has(idOf(r)) && seen.add(idOf(r)));
	}, [first, items]);
	return { ...data, rows, more: next !== null && !data.stale ? more : null, reload };
}
