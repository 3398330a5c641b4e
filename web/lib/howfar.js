// How far a job is that runs, in lists: between two answers as the server tells it, of those rows that are in sight.
import { useMessages } from './live.js';
import { html, useEffect, useRef, useState } from './ui.js';

function useInSight(box) {
	const [is, setIs] = useState(false);
	useEffect(() => {
		const watcher = new IntersectionObserver((entries) => setIs(entries.at(-1).isIntersecting));
		watcher.observe(box.current);
		return () => watcher.disconnect();
	}, []);
	return is;
}

// show(pct): how that is drawn; null: it has not said; heard: is called when it says something, which may be a note.
export function HowFar({ job, show, heard }) {
	const box = useRef(null);
	const [pct, setPct] = useState(job.pct);
	useEffect(() => setPct(job.pct), [job]);
	useMessages(useInSight(box) ? `job:${job.id}` : null, (message) => {
		setPct(message.progress_pct ?? job.pct);
		if (message.type === 'progress')
			heard?.();
	});
	return html`<div ref=${box}>${show(pct)}</div>`;
}
