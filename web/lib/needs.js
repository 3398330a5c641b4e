// What needs somebody: what is not as it should be, jobs that wait for somebody's word, jobs that failed.
import { me } from './api.js';
import { useData } from './live.js';
import { store, useEffect } from './ui.js';

const IDS = 3, SLOWLY_MS = 10000;

// As whoever asked last was told: a page that opens has it at once. Another person is told anew.
let last = {};
me.watch(() => { last = {}; });

// How many things that is, as whoever looked last saw it: {n, more}.
export const needed = store({ n: 0, more: false });

// closely: as soon as something changes. {needs, downloads: as of useData; trouble, approvals, groups: null until they are known}
export function useNeeds(closely) {
	const ofJobs = closely ? { topics: ['status', 'queues', 'workers', 'jobs'] } : { topics: ['status'], every: SLOWLY_MS };
	const needs = useData('needs', { query: { max_ids: IDS }, ...ofJobs });
	const downloads = useData('downloads/health', { topics: ['status'] });
	last.needs = needs.data ?? last.needs;
	last.downloads = downloads.data ?? last.downloads;
	const known = last.needs !== undefined && (last.downloads !== undefined || downloads.error !== null);
	// What works for downloads is said of these.
	const of = (what) => (known ? last.needs.items.filter((o) => o.what === what && o.of === null) : null);
	const approvals = of('approval'), groups = of('failed');
	const trouble = known ? [...of('bad'), ...of('warn')].map((o) => ({ component: o.subject, status: o.what, detail: o.detail, hint: o.hint }))
		.concat((last.downloads?.items ?? []).filter((s) => s.status !== 'ok')) : null;
	const n = known ? trouble.length + approvals.reduce((sum, a) => sum + a.count, 0) + groups.length : null;
	useEffect(() => { if (n !== null) needed.set({ n, more: approvals.some((a) => a.more) }); }, [n, needs.data, downloads.data]);
	return { needs, downloads, trouble, approvals, groups, n };
}
