// What can be done to many jobs: see bulk.js.
import { finished, live } from './states.js';

const verbs = [
	{ verb: 'retry', title: 'Retry', done: 'tried again', fits: [...finished, 'retrying'], text: ({ state }) => (!state || state === 'completed') && 'Those that are completed run once more.' },
	{ verb: 'run_now', title: 'Run now', done: 'run now', fits: ['scheduled', 'retrying'] },
	{ verb: 'cancel', title: 'Cancel', done: 'cancelled', fits: live, danger: true, action: 'Cancel them', keep: 'Keep them',
		text: 'What runs is asked to stop; the others never start.', fields: [{ name: 'reason', label: 'Reason' }] },
	{ verb: 'forget', title: 'Delete', done: 'deleted', fits: finished, danger: true, action: 'Delete for good',
		text: 'Their history, logs and results are gone for good.' },
];

export const ofJobs = {
	one: 'job', path: 'jobs/bulk', key: 'job', most: 'max_jobs', verbs, whole: ['cancel', 'forget'],
	// Jobs move towards running, which is last, so that none slips by.
	turnsOf: ({ fits }, query) => fits.filter((state) => (query.state ?? state) === state && (!query.class || finished.includes(state))).reverse().map((state) => ({ state })),
	bodyOf: ({ queue, kind, lane, tag, class: failure }, begun) => ({ queue, kind, lane, tag, class: failure,
		older_than: begun === undefined ? undefined : `${((performance.now() - begun) / 1000).toFixed(3)} seconds` }),
	// Of jobs that have finished, a call takes those of one state.
	pickedOf({ verb }, jobs) {
		const groups = ['retry', 'forget'].includes(verb) ? [...new Set(jobs.map((j) => j.state))] : [undefined];
		return groups.map((state) => ({ state, ids: jobs.filter((j) => !state || j.state === state).map((j) => j.id) }));
	},
};
