// What a job finds that somebody waits for: asked for until the job has ended.
import { get } from './api.js';
import { finished } from './states.js';
import { useEffect, useState } from './ui.js';

const LOOK_MS = 1000;

// {found: what the path has, state: of the job, error: how it failed}
export function useOutcome(path, job) {
	const [seen, setSeen] = useState({});
	useEffect(() => {
		let timer = null, wanted = true;
		const look = async () => {
			try {
				const { state, error } = await get(`jobs/${job}`); // first: what it found is there once it has ended
				const { items } = await get(path);
				if (!wanted)
					return;
				setSeen({ found: items, state, error: state === 'failed' ? error : null });
				if (!finished.includes(state))
					timer = setTimeout(look, LOOK_MS);
			} catch (problem) {
				setSeen({ error: problem.message });
			}
		};
		look();
		return () => {
			wanted = false;
			clearTimeout(timer);
		};
	}, [path, job]);
	return seen;
}
