// What happened to a job, in order: attempts, the lines they wrote, what people did.
import { Button, Card, count, number, State } from './bits.js';
import { hiddenShown } from './hidden.js';
import { LAST, useLines } from './lines.js';
import { Long } from './long.js';
import { clock, duration, exact, micros, Moment, seconds } from './time.js';
import { html } from './ui.js';

// What a program says of where it broke is read here.
const ROOM = 4000;

function Failure({ one: { class: kind, error, detail } }) {
	const more = detail && (typeof detail === 'string' ? detail : JSON.stringify(detail, null, 2));
	return html`<div class="failure">${kind && html`<b>${kind}</b>`}<${Long} text=${more ? `${error}\n${more}` : error} room=${ROOM} /></div>`;
}

function Line({ line: { at, level, line } }) {
	return html`<li class=${level}><time title=${exact(at)}>${clock(at)}</time><span class="level">${level}</span><span>${hiddenShown(line)}</span></li>`;
}

// Of one that was lost, or that never started, is known only when it ended.
const beginning = (one) => one.started_at ?? one.finished_at;

function Attempt({ one, lines, gap }) {
	const at = beginning(one);
	return html`<li class="attempt"><div class="line"><${State} name=${one.outcome ?? 'running'} />${one.attempt > 0 ? html`<b>attempt ${one.attempt}</b>` : html`<span class="soft">before it had started</span>`}
			<span class="soft">${[one.took && `ran ${duration(seconds(one.took))}`, one.worker && `worker ${one.worker}`, one.delay && `again after ${duration(seconds(one.delay))}`].filter(Boolean).join(', ')}</span>
			<${Moment} at=${at} /></div>
		${one.error && (one.outcome === 'cancelled' ? html`<p class="soft">${one.error}</p>` : html`<${Failure} one=${one} />`)}
		${lines.length > 0 && html`<ol class="log" tabindex="0" aria-label=${`lines of attempt ${one.attempt}`}>
			${lines.map((l) => html`${l.n === gap && html`<li key="gap" class="gap">lines before this one are left out</li>`}<${Line} key=${l.n} line=${l} />`)}</ol>`}
	</li>`;
}

// What the audit calls something, where its last word alone would not do; and what it has to say of it.
const deeds = { cancelling: 'asked to stop', run_now: 'made to run now', reprioritised: 'priority changed', depends: 'made to wait' };
const told = {
	was: (state) => `it was ${state}`, members: (n) => count(n, 'member'), reason: String, note: String, run_at: (at) => `until ${exact(at)}`, priority: (n) => `to ${n}`,
	from: (queue) => `from ${queue}`, to: (queue) => `to ${queue}`, after: (ids) => `after ${[ids].flat().map((id) => `job ${id}`).join(', ')}`,
};

const nameOf = (what) => what.replace(/^job\./, '');
const saidOf = (detail) => Object.entries(detail ?? {}).filter(([name, v]) => v !== null && told[name]).map(([name, v]) => told[name](v)).join(', ');

function Deed({ deed }) {
	return html`<li class="deed"><div class="line"><span class="state mute">${deeds[nameOf(deed.what)] ?? nameOf(deed.what)}</span><span class="soft">by</span> <b>${deed.who}</b>
		<span class="soft">${saidOf(deed.detail)}</span>
		<${Moment} at=${deed.at} /></div></li>`;
}

// That a person enqueued it is written down only when it is there already, and may run: it is said where it was made.
const isMaking = (deed) => nameOf(deed.what) === 'enqueued';

function Made({ job }) {
	const by = job.audit?.find(isMaking);
	return html`<li class="deed"><div class="line"><span class="state mute">enqueued</span>${by && html`<span class="soft">by</span> <b>${by.who}</b>`}
		<span class="soft">priority ${job.priority}, queue ${job.queue}</span>
		<${Moment} at=${job.created_at} /></div></li>`;
}

// Newest first. Of one instant: what somebody did came before what was then tried, and each in the order it was written down.
const later = (a, b) => micros(b.at) - micros(a.at) || b.rank - a.rank || b.n - a.n;

const linesOf = (lines, run) => lines.filter((l) => l.run === run).sort((a, b) => micros(a.at) - micros(b.at) || a.n - b.n);

function entries(job, { lines, gap }) {
	const attempts = [...(job.attempts ?? [])];
	if (job.state === 'running')
		attempts.push({ run: job.run, attempt: job.attempt, started_at: job.started_at, worker: job.worker });
	return [
		...attempts.map((a) => ({ at: beginning(a), rank: 1, n: a.run, node: html`<${Attempt} key=${`run-${a.run}`} one=${a} lines=${linesOf(lines, a.run)} gap=${gap} />` })),
		...(job.audit ?? []).filter((d) => !isMaking(d)).map((d) => ({ at: d.at, rank: 0, n: d.n, node: html`<${Deed} key=${`deed-${d.n}`} deed=${d} />` })),
	].sort(later);
}

// Of a job that goes on for weeks the server gives the newest.
function LeftOut({ job: { attempts, audit, counts } }) {
	const left = counts.attempts + counts.audit - (attempts?.length ?? 0) - (audit?.length ?? 0);
	return left > 0 && html`<li class="deed"><p class="soft">${count(left, 'older entry is', 'older entries are')} not shown (${count(counts.attempts, 'attempt')} in all)</p></li>`;
}

function Cut({ early, more }) {
	return html`<div class="cut"><span class="soft">Of the lines it wrote, ${early > 0 && `the first ${number(early)} and `}the last ${LAST} are shown.</span>
		<${Button} look="small" onClick=${more}>${early > 0 ? 'Show more' : 'Show earlier ones'}<//></div>`;
}

export function Timeline({ job }) {
	const lines = useLines(job);
	return html`<${Card} title="Timeline">${lines.gap !== null && html`<${Cut} early=${lines.early} more=${lines.more} />`}<ol class="timeline">${entries(job, lines).map((e) => e.node)}<${LeftOut} job=${job} /><${Made} job=${job} /></ol><//>`;
}
