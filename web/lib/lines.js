// Lines that a job wrote: the last ones come with it; those before them are fetched for whoever asks, from the first on.
import { get } from './api.js';
import { toastProblem } from './toast.js';
import { useEffect, useRef, useState } from './ui.js';

// How many come with a job, and how many are fetched at a time.
export const LAST = 200;
const PAGE = 1000;

// {lines: in their order; gap: the n of the line before which some are left out, or null; early: how many there are before the
// gap; more: fetches the next ones of those that are left out}
export function useLines(job) {
	const last = job.log ?? [];
	const [early, setEarly] = useState([]);
	const isAsking = useRef(false);
	const upTo = early.at(-1)?.n ?? 0;
	const later = last.filter((l) => l.n > upTo);
	const isCut = last.length >= LAST && later.length === last.length && job.counts.log > early.length + last.length;
	// What is whole stays so while the last ones move on.
	useEffect(() => {
		if (early.length > 0 && !isCut && later.length > 0)
			setEarly([...early, ...later]);
	}, [job.log, early]);
	const more = async () => {
		if (isAsking.current)
			return;
		isAsking.current = true;
		try {
			const { items } = await get(`jobs/${job.id}/log`, { after: upTo || undefined, limit: PAGE });
			setEarly((before) => [...before, ...items.filter((l) => l.n > (before.at(-1)?.n ?? 0))]);
		} catch (error) {
			toastProblem(error);
		}
		isAsking.current = false;
	};
	return { lines: [...early, ...later], gap: isCut ? later[0].n : null, early: early.length, more };
}
