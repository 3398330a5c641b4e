// What pages are made of: Preact's hooks with htm, and a value that components can watch.
import { useEffect, useState } from '../vendor/preact.js';
export {
	html, render, useCallback, useEffect, useErrorBoundary, useLayoutEffect, useMemo, useRef, useState,
} from '../vendor/preact.js';

export function store(value) {
	const watchers = new Set();
	return {
		get: () => value,
		set(next) {
			if (Object.is(next, value))
				return;
			value = next;
			for (const watcher of [...watchers])
				watcher(value);
		},
		watch(watcher) {
			watchers.add(watcher);
			return () => watchers.delete(watcher);
		},
	};
}

export function useStore(source) {
	const [value, setValue] = useState(source.get());
	useEffect(() => {
		setValue(() => source.get());
		return source.watch((next) => setValue(() => next));
	}, [source]);
	return value;
}

// Storage may be forbidden; then what is remembered lasts as long as the page.
export function remember(name, value) {
	try {
		localStorage.setItem(name, value);
	} catch { /* see above */ }
}

export function remembered(name) {
	try {
		return localStorage.getItem(name);
	} catch {
		return null;
	}
}
