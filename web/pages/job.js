// One job: where it stands and why, what it was given and gave, each attempt with what it said, and what can be done about it.
import { del, may, post } from '../lib/api.js';
import { Button, Card, count, Facts, Gone, Head, Meter, number, ProblemBox, State } from '../lib/bits.js';
import { ask, confirm } from '../lib/dialog.js';
import { Graph } from '../lib/graph.js';
import { Hidden, hiddenShown, isHidden } from '../lib/hidden.js';
import { Json } from '../lib/json.js';
import { useData } from '../lib/live.js';
import { gist, Long } from '../lib/long.js';
import { go, href } from '../lib/route.js';
import { finished, live } from '../lib/states.js';
import { duration, exact, Lasting, Moment, Said, seconds, Time } from '../lib/time.js';
import { Timeline } from '../lib/timeline.js';
import { act, toast } from '../lib/toast.js';
import { html } from '../lib/ui.js';
import { enqueue } from './enqueue.js';

// Verbs that need to be told something: fields, and what is made of them.
const questions = {
	cancel: { title: 'Cancel', text: 'If it runs, it is asked to stop; if not, it never starts.', action: 'Cancel the job', keep: 'Keep it', danger: true,
		fields: [{ name: 'reason', label: 'Reason' }, { name: 'cascade', label: 'and all that wait for it or were made by it', type: 'check' }],
		body: ({ reason, cascade }) => ({ ...(reason && { reason }), ...(cascade && { cascade }) }) },
	snooze: { title: 'Snooze', action: 'Snooze', fields: [{ name: 'delay', label: 'For how long', value: '10 minutes', required: true, hint: 'for instance 30 seconds, 2 hours, 1 day' }],
		body: ({ delay }) => ({ delay }) },
	reprioritise: { title: 'Priority', action: 'Set', fields: [{ name: 'priority', label: 'Priority', type: 'number', required: true, hint: 'smaller runs first; 100 is usual' }],
		body: ({ priority }) => ({ priority: Number(priority) }) },
	move: { title: 'Move to a queue', action: 'Move', fields: [{ name: 'queue', label: 'Queue', required: true }], body: ({ queue }) => ({ queue }) },
	approve: { title: 'Approve', action: 'Approve', fields: [{ name: 'note', label: 'Note', hint: 'kept with the job' }], body: ({ note }) => (note ? { note } : {}) },
	reject: { title: 'Reject', action: 'Reject', danger: true, fields: [{ name: 'note', label: 'Why' }], body: ({ note }) => (note ? { note } : {}) },
	seal: { title: 'Seal the batch', action: 'Seal', text: 'All members are there: its job runs when they have ended. Only they may add others from now on.', fields: [], body: () => ({}), path: (job) => `batches/${job.id}/seal` },
};

// What the verbs answer that is no state, or is not yet one.
const outcomes = { cancelling: 'is asked to stop' };
const outcome = (job, answer) => `job ${job.id} ${answer?.state ? outcomes[answer.state] ?? `is ${answer.state}` : answer?.jobs !== undefined ? `is sealed: ${count(answer.jobs, 'member')}` : 'is changed'}`;

async function question(verb, job, reload) {
	const { title, fields, body, path = () => `jobs/${job.id}/${verb}`, ...rest } = questions[verb];
	const known = { priority: job.priority, queue: job.queue };
	const done = await ask({
		...rest, title: `${title} – job ${job.id}`, fields: fields.map((f) => ({ value: known[f.name], ...f })),
		run: (values) => post(path(job), body(values)),
	});
	if (done) {
		toast(outcome(job, done));
		reload();
	}
}

async function atOnce(verb, job, reload) {
	await act(() => post(`jobs/${job.id}/${verb}`), (answer) => outcome(job, answer));
	reload();
}

async function drop(job) {
	const title = `Delete job ${job.id}?`;
	if (await confirm({ title, text: 'Its history, log and result are gone for good.', action: 'Delete for good', run: () => del(`jobs/${job.id}`) })) {
		toast(`job ${job.id} is deleted`);
		go('jobs');
	}
}

const asksSomebody = (job) => job.state === 'waiting' && /approval/.test(job.waits_for ?? '');
const isOpenBatch = (job) => job.state === 'waiting' && (job.waits_for ?? '').startsWith('the batch to be sealed');

function actionsOf(job) {
	const waiting = live.includes(job.state) && job.state !== 'running';
	return [
		asksSomebody(job) && ['approve', 'Approve', 'main'], asksSomebody(job) && ['reject', 'Reject', 'danger'],
		isOpenBatch(job) && ['seal', 'Seal', 'main'],
		[...finished, 'retrying'].includes(job.state) && ['retry', job.state === 'completed' ? 'Run again' : 'Retry', job.state === 'failed' ? 'main' : ''],
		job.state === 'scheduled' && ['run_now', 'Run now', ''],
		waiting && job.state !== 'waiting' && ['snooze', 'Snooze', ''], waiting && ['reprioritise', 'Priority', ''], waiting && ['move', 'Move', ''],
		live.includes(job.state) && ['cancel', 'Cancel', 'danger'],
		finished.includes(job.state) && ['delete', 'Delete', 'danger'],
	].filter(Boolean);
}

function Actions({ job, reload }) {
	if (!may('operator'))
		return null;
	return html`<${Button} onClick=${() => enqueue(job)}>Copy job<//>${actionsOf(job).map(([verb, title, look]) => html`<${Button} key=${verb} look=${look}
		onClick=${() => (verb === 'delete' ? drop(job) : questions[verb] ? question(verb, job, reload) : atOnce(verb, job, reload))}>${title}<//>`)}`;
}

// Reasons whose ids are of workers, not of jobs.
const ofWorkers = ['running', 'cancelling', 'silent worker', 'worker gone', 'kind unknown', 'workers full', 'workers stopping'];

function Holders({ of: { reason, ids } }) {
	const isWorker = ofWorkers.includes(reason);
	return html`<div>${ids.slice(0, 20).map((n) => html`<a key=${n} href=${isWorker ? href('workers') : href(`jobs/${n}`)}>${isWorker ? 'worker' : 'job'} ${n}</a> `)}
		${ids.length > 20 && html`<span class="soft">and ${ids.length - 20} more</span>`}</div>`;
}

// What is called otherwise of a job that waits for another try.
const pressed = { run_now: 'retry' };

// What can be pressed on this page, or on another, need not be typed; who may not do it is not told how.
function Hint({ job, hint }) {
	const [, verb, queue] = /^select tow\.(\w+)\((?:'([^']+)')?/.exec(hint) ?? [];
	if (verb === 'resume' && queue)
		return html`<div><a href=${href(`queues/${queue}`)}>queue ${queue}</a></div>`;
	if (verb && (!may('operator') || actionsOf(job).some(([name]) => name === verb || name === pressed[verb])))
		return null;
	return html`<code>${hint}</code>`;
}

// How it failed is said at the head of the page.
const unlessAbove = ({ error }, detail) => (error && detail?.endsWith(`: ${error}`) ? detail.slice(0, -error.length - 2) : detail);

function Why({ job, topic }) {
	const { data } = useData(`jobs/${job.id}/why`, { topics: [topic], deeds: true });
	return html`<${Card} title="Where it stands"><ul class="why">${(data?.items ?? []).map((w) => html`<li>
		<b>${w.reason}</b> <${Said} text=${gist(unlessAbove(job, w.detail))} />${w.until && html`, until <${Moment} at=${w.until} />`}
		${w.ids && html`<${Holders} of=${w} />`}
		${w.hint && html`<${Hint} job=${job} hint=${w.hint} />`}</li>`)}</ul><//>`;
}

function Progress({ job }) {
	const { progress, children } = job;
	if (job.state === 'running' && progress)
		return html`<${Card} title="Progress"><div class="pair wider"><${Meter} value=${progress.pct ?? 0} label="progress" /><b class="num">${Math.round(progress.pct ?? 0)} %</b></div>
			<p class="soft">${progress.note && hiddenShown(progress.note)}${progress.total && ` ${progress.done} of ${progress.total}`}</p><//>`;
	if (children?.total)
		return html`<${Card} title="Its jobs"><div class="pair wider"><${Meter} value=${(100 * (children.total - children.pending)) / children.total} label="its jobs" />
			<b class="num">${children.total - children.pending} / ${children.total}</b></div>
			<p class="soft">${children.failed > 0 && `${count(children.failed, 'job')} failed. `}<a href=${href('jobs', { parent: job.id })}>Show them</a></p><//>`;
	return null;
}

const jobLink = (id) => id && html`<a href=${href(`jobs/${id}`)}>${id}</a>`;

function About({ job }) {
	const lasted = job.finished_at && job.attempts?.at(-1)?.took;
	return html`<${Card} title="Facts"><${Facts} of=${[
		['Queue', html`<a href=${href(`queues/${job.queue}`)}>${job.queue}</a>`], ['Lane', job.lane], ['Priority', job.priority],
		['Attempt', `${job.attempt} of ${job.max_attempts}`], ['Made', html`<${Time} at=${job.created_at} />`], ['Due', job.run_at && html`<${Time} at=${job.run_at} />`],
		['Started', job.started_at && html`<${Time} at=${job.started_at} />`],
		['Runs for', job.state === 'running' && html`<${Lasting} from=${job.started_at} />`],
		['Finished', job.finished_at && html`<${Time} at=${job.finished_at} />`], ['Ran for', lasted && duration(seconds(lasted))],
		['Worker', job.worker], ['Policy', job.policy], ['Time limit', job.timeout && duration(seconds(job.timeout))],
		['Deadline', job.deadline && html`<${Time} at=${job.deadline} />`], ['Key', job.key && html`<code>${job.key}</code>`],
		['Tags', job.tags && job.tags.map((t) => html`<a class="chip" href=${href('jobs', { tag: t })}>${t}</a> `)],
		['Parent', jobLink(job.parent)], ['Waits for', job.waits_for]].filter(([, v]) => v !== false)} /><//>`;
}

function Steps({ steps, all }) {
	return html`<${Card} title="Steps" extra=${all > steps.length && html`<span class="soft">the newest ${number(steps.length)} of ${number(all)}</span>`}><ol class="steps">${steps.map((s) => html`<li key=${s.name}><span>${s.name}</span><time datetime=${s.at} title=${exact(s.at)} class="soft">${isHidden(s.result ?? s.value) ? html`<${Hidden} />` : JSON.stringify(s.result ?? s.value ?? null)}</time></li>`)}</ol><//>`;
}

function NoJob({ id, error }) {
	return html`<${Gone} of="job" name=${id} at="jobs" pageTitle="Jobs" error=${error}>It was never enqueued here, or it has been deleted: queues keep finished jobs for a while.<//>`;
}

// What is tried again, or was called off, is not wrong any more.
function Failed({ job: { state, error } }) {
	if (state === 'cancelled')
		return html`<p class="panel calm">${error}</p>`;
	if (['ready', 'running'].includes(state))
		return html`<div class="panel calm"><span class="soft">The attempt before this one:</span><${Long} text=${error} /></div>`;
	return html`<div class="problem mono"><${Long} text=${error} /></div>`;
}

export function Job({ id }) {
	return /^\d{1,18}$/.test(id) ? html`<${Known} id=${id} />`
		: html`<${Gone} of="job" name=${id} at="jobs" pageTitle="Jobs" error=${{ status: 404 }}>A job is known by its number. Is ${id} a kind? <a href=${href('jobs', { kind: id })}>Its jobs</a>.<//>`;
}

function Known({ id }) {
	const topic = `job:${id}`;
	const { data: job, error, reload } = useData(`jobs/${encodeURIComponent(id)}`, { topics: [topic], deeds: true, every: 10000 });
	if (!job)
		return error ? html`<${NoJob} id=${id} error=${error} />` : html`<${Head} title=${`Job ${id}`} note=${html`<a href=${href('jobs')}>Jobs</a>`} /><div class="panel loading"></div>`;
	return html`<${Head} title=${html`<span class="soft">Job ${job.id}</span> ${job.kind}`} note=${html`<a href=${href('jobs')}>Jobs</a> / <${State} name=${job.state} />`} tab=${`Job ${job.id} ${job.kind}`}><${Actions} job=${job} reload=${reload} /><//>
		${error && html`<${ProblemBox} error=${error} again=${reload} />`}
		${job.error && !isHidden(job.error) && html`<${Failed} job=${job} />`}
		<div class="halves">
			<div class="stack"><${Progress} job=${job} /><${Timeline} job=${job} />${job.steps && html`<${Steps} steps=${job.steps} all=${job.counts.steps} />`}</div>
			<div class="stack"><${Why} job=${job} topic=${topic} /><${About} job=${job} />
				<${Card} title="Arguments"><${Json} value=${job.args} label="arguments" /><//>
				${job.result !== null && html`<${Card} title="Result"><${Json} value=${job.result} label="result" /><//>`}</div>
			<${Graph} id=${job.id} topic=${topic} />
		</div>`;
}
