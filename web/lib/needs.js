// What needs somebody: what is not as it should be, jobs that wait for somebody's word, jobs that failed.
import { useData } from './live.js';
import { store, useEffect } from './ui.js';

const SHOWN = 5, LOOKED_AT = 100, SLOWLY_MS = 10000;

// How many things that is, as whoever looked last saw it.
export const needed = store(0);

// Failed jobs of one kind and class are one thing to look at.
function grouped(jobs) {
	const groups = new Map();
	for (const job of jobs) {
		const key = `${job.kind} ${job.class}`;
		groups.set(key, [...(groups.get(key) ?? []), job]);
	}
	return [...groups.values()];
}

const asksSomebody = (job) => /approval/.test(job.waits_for ?? job.reason ?? '');

// closely: as soon as something changes. {status, failed, waiting: as of useData; trouble, approvals, groups: the first of them,
// null until all are known; unshown: how many approvals and groups there are beside these}
export function useNeeds(closely) {
	const ofJobs = closely ? { topics: ['jobs'] } : { every: SLOWLY_MS };
	const status = useData('status', { topics: closely ? ['status', 'queues', 'workers'] : ['status'] });
	const downloads = useData('downloads/health', { topics: ['status'] });
	const failed = useData('jobs', { query: { state: 'failed', limit: LOOKED_AT }, ...ofJobs });
	const waiting = useData('jobs', { query: { state: 'waiting', limit: LOOKED_AT }, ...ofJobs });
	const known = status.data && failed.data && waiting.data;
	const trouble = known ? [...status.data.items, ...(downloads.data?.items ?? [])].filter((s) => s.status !== 'ok') : null;
	const approvals = known ? waiting.data.items.filter(asksSomebody) : [];
	const groups = known ? grouped(failed.data.items) : [];
	const n = known ? trouble.length + approvals.length + groups.length : null;
	const first = (all) => (known ? all.slice(0, SHOWN) : null);
	const unshown = { approvals: Math.max(0, approvals.length - SHOWN), groups: Math.max(0, groups.length - SHOWN) };
	useEffect(() => { if (n !== null) needed.set(n); }, [n, status.data, downloads.data, failed.data, waiting.data]);
	return { status, failed, waiting, trouble, approvals: first(approvals), groups: first(groups), unshown, n };
}
