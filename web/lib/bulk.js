// One verb on many jobs: on those that were picked, or on all that match filters.
import { post } from './api.js';
import { count, number } from './bits.js';
import { ask } from './dialog.js';
import { finished, live } from './states.js';
import { toast, toastProblem } from './toast.js';

// What may be done to jobs that are in these states.
export const verbs = [
	{ verb: 'retry', title: 'Retry', done: 'tried again', fits: [...finished, 'retrying'], text: 'Those that are completed run once more.' },
	{ verb: 'run_now', title: 'Run now', done: 'run now', fits: ['scheduled', 'retrying'] },
	{ verb: 'cancel', title: 'Cancel', done: 'cancelled', fits: live, danger: true, action: 'Cancel them',
		text: 'What runs is asked to stop; the others never start.', fields: [{ name: 'reason', label: 'Reason' }] },
	{ verb: 'forget', title: 'Delete', done: 'deleted', fits: finished, danger: true, action: 'Delete for good',
		text: 'Their history, logs and results are gone for good.' },
];

// TURN: how many are done at a time, so that no call lasts long; COUNTED: up to how many of a state are counted beforehand.
const TURN = 500, COUNTED = 10000;

const bulk = async (body) => (await post('jobs/bulk', body)).items;

// Bulk calls cannot find jobs by these.
export const canMatch = (query) => !query.key && !query.parent;

// The states of what matches that the verb fits. Jobs move towards running, which is last, so that none slips by.
export function statesOf({ fits }, query) {
	return fits.filter((state) => (query.state ?? state) === state && (!query.class || finished.includes(state))).reverse();
}

const filtersOf = ({ queue, kind, lane, tag, class: failure }) => ({ queue, kind, lane, tag, class: failure });

async function countMatching({ verb, ...of }, query) {
	let n = 0, isMore = false;
	for (const state of statesOf(of, query)) {
		const { length } = await bulk({ verb, state, ...filtersOf(query), max_jobs: COUNTED, dry_run: true });
		n += length;
		isMore ||= length === COUNTED;
	}
	return { n, isMore };
}

// begun: when they were counted. What has come into a state since then, as what failed again, is left alone.
async function doMatching({ verb, ...of }, query, begun, reason) {
	const answers = new Map();
	for (const state of statesOf(of, query)) {
		let items, before;
		do {
			before = answers.size;
			const older_than = `${((performance.now() - begun) / 1000).toFixed(3)} seconds`;
			items = await bulk({ verb, state, ...filtersOf(query), older_than, max_jobs: TURN, dry_run: false, reason });
			for (const { job, done } of items)
				answers.set(job, done);
		} while (items.length === TURN && answers.size > before);
	}
	return [...answers.values()];
}

// Of jobs that have finished, a call takes those of one state.
async function doPicked({ verb }, jobs, reason) {
	const groups = ['retry', 'forget'].includes(verb) ? [...new Set(jobs.map((j) => j.state))] : [undefined];
	const answers = [];
	for (const state of groups) {
		const ids = jobs.filter((j) => !state || j.state === state).map((j) => j.id);
		answers.push(...await bulk({ verb, ids, state, dry_run: false, reason }));
	}
	return answers.map((row) => row.done);
}

function sayDone({ done }, answers) {
	const not = answers.filter((text) => text.startsWith('not done'));
	toast(`${count(answers.length - not.length, 'job')} ${done}${not.length ? `, ${number(not.length)} not: ${not[0].replace('not done: ', '')}` : ''}`,
		{ bad: not.length > 0 });
}

// Resolves to whether something was done.
async function decide(verb, many, doing, isAsked) {
	const { title, action = title, danger, text, fields } = verb;
	const run = async (values) => doing(values.reason || undefined);
	const answers = isAsked ? await ask({ title: `${title} ${many}?`, text, danger, action, fields, run }) : await run({});
	if (answers)
		sayDone(verb, answers);
	return answers !== null;
}

export async function doToPicked(verb, jobs) {
	try {
		return await decide(verb, count(jobs.length, 'job'), (reason) => doPicked(verb, jobs, reason), verb.danger);
	} catch (error) {
		toastProblem(error);
		return false;
	}
}

export async function doToMatching(verb, query) {
	try {
		const begun = performance.now();
		const { n, isMore } = await countMatching(verb, query);
		if (n > 0)
			return await decide(verb, isMore ? `more than ${number(n)} jobs` : count(n, 'job'), (reason) => doMatching(verb, query, begun, reason), true);
		toast(`there is no job to ${verb.title.toLowerCase()}`);
	} catch (error) {
		toastProblem(error);
	}
	return false;
}
