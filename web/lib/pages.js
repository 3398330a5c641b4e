// A list that comes page by page.
import { get } from './api.js';
import { useData } from './live.js';
import { toastProblem } from './toast.js';
import { useEffect, useRef, useState } from './ui.js';

// Pages that have been asked for beyond the first, which alone is kept fresh: as useData, and {rows; more: asks for the next
// page; null where there is none; reload: asks for all pages anew, for whoever has changed something}. idOf: what tells rows
// apart; grows: rows are only ever added, so that those which newer ones have pushed off the first page are kept.
export function usePages(path, query, { idOf = (r) => r.id, grows = false, ...live } = {}) {
	const first = useData(path, { query, ...live });
	const [later, setLater] = useState({ key: null });
	const key = JSON.stringify([path, query]);
	const mine = later.key === key ? later : { items: [], next: undefined, asked: [] };
	const next = mine.next === undefined ? first.data?.next : mine.next;
	// Until a page that was asked for is there, another click asks for nothing.
	const asking = useRef(null), asked = `${key} ${next}`;
	useEffect(() => { asking.current = null; }, [later]);
	const more = async () => {
		if (asking.current === asked)
			return;
		asking.current = asked;
		try {
			const page = await get(path, { ...query, after: next });
			const before = grows && mine.next === undefined ? first.data.items : mine.items;
			setLater({ key, items: [...before, ...page.items], next: page.next, asked: [...mine.asked, next] });
		} catch (error) {
			asking.current = null;
			toastProblem(error);
		}
	};
	const reload = async () => {
		first.reload();
		if (grows || mine.asked.length === 0)
			return;
		try {
			const pages = await Promise.all(mine.asked.map((after) => get(path, { ...query, after })));
			setLater((now) => (now === mine ? { ...mine, items: pages.flatMap((page) => page.items) } : now));
		} catch (error) {
			toastProblem(error);
		}
	};
	const seen = new Set(first.data?.items.map(idOf));
	const rows = first.data && [...first.data.items, ...mine.items.filter((r) => !seen.has(idOf(r)))];
	return { ...first, rows, more: next ? more : null, reload };
}
