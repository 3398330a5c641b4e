// One verb on many things of a sort: on those that were picked, or on all that match filters.
//
// A sort says: {one: what a thing is called; path: of its bulk calls; verbs; key: how an answer names a thing; most: how a call
// names how many at most; whole: the verbs of which one fits each thing; turnsOf(verb, query): what is called one after the other for all that match, each a part of a body,
// none where the verb fits none; bodyOf(query, begun): the filters; pickedOf(verb, rows): the bodies for some}. A verb is {verb,
// title, done: what has become of them, fits: states, danger, action, keep: what the button that does nothing says, text: or what makes one of the query, fields}.
import { post } from './api.js';
import { Button, count, number } from './bits.js';
import { ask } from './dialog.js';
import { toast, toastProblem } from './toast.js';
import { html, useEffect, useRef, useState } from './ui.js';

// TURN: how many are done at a time, so that no call lasts long; COUNTED: up to how many of a turn are counted beforehand.
const TURN = 500, COUNTED = 10000;

const bulk = async (sort, body) => (await post(sort.path, body)).items;

async function countMatching(sort, verb, query, begun) {
	let n = 0, isMore = false;
	for (const turn of sort.turnsOf(verb, query)) {
		const { length } = await bulk(sort, { verb: verb.verb, ...sort.bodyOf(query, begun), ...turn, [sort.most]: COUNTED, dry_run: true });
		n += length;
		isMore ||= length === COUNTED;
	}
	return { n, isMore };
}

const saidMany = (sort, { n, isMore }) => `${isMore ? 'more than ' : ''}${count(n, sort.one)}`;

// How many match, whatever can be done to them: each is fitted by one of the verbs of sort.whole.
function useMany(sort, query) {
	const [many, setMany] = useState(null);
	useEffect(() => {
		let wanted = query !== null;
		setMany(null);
		if (wanted)
			Promise.all(sort.verbs.filter((v) => sort.whole.includes(v.verb)).map((v) => countMatching(sort, v, query)))
				.then((all) => { if (wanted) setMany({ n: all.reduce((sum, one) => sum + one.n, 0), isMore: all.some((one) => one.isMore) }); }, toastProblem);
		return () => { wanted = false; };
	}, [JSON.stringify(query)]);
	return many && saidMany(sort, many);
}

// begun: when they were counted. What has come into a state since then, as what failed again, is left alone. Where a call can do
// nothing that another has not tried before, those behind are left: {answers, left: what is said of how many}.
async function doMatching(sort, verb, query, begun, more) {
	const answers = new Map();
	let isStuck = false;
	for (const turn of sort.turnsOf(verb, query)) {
		let items, before;
		do {
			before = answers.size;
			items = await bulk(sort, { verb: verb.verb, ...sort.bodyOf(query, begun), ...turn, [sort.most]: TURN, dry_run: false, ...more });
			for (const row of items)
				answers.set(row[sort.key], row.done);
		} while (items.length === TURN && answers.size > before);
		isStuck ||= items.length === TURN;
	}
	const left = isStuck ? saidMany(sort, await countMatching(sort, verb, query, begun)) : null;
	return { answers: [...answers.values()], left };
}

async function doPicked(sort, verb, rows, more) {
	const answers = [];
	for (const body of sort.pickedOf(verb, rows))
		answers.push(...await bulk(sort, { verb: verb.verb, ...body, dry_run: false, ...more }));
	return { answers: answers.map((row) => row.done), left: null };
}

function sayDone(sort, { done }, { answers, left }) {
	const not = answers.filter((text) => text.startsWith('not done'));
	toast(`${count(answers.length - not.length, sort.one)} ${done}${not.length ? `, ${number(not.length)} not: ${not[0].replace('not done: ', '')}` : ''}`,
		{ bad: not.length > 0 || left !== null, hint: left && `${left} still match: what comes first of them keeps the others from their turn` });
}

// Resolves to whether something was done.
async function decide(sort, verb, many, doing, isAsked, query = {}) {
	const { title, action = title, keep, danger, text, fields } = verb;
	const run = async (values) => doing(Object.fromEntries(Object.entries(values).filter(([, value]) => value !== '')));
	const outcome = isAsked ? await ask({ title: `${title} ${many}?`, text: typeof text === 'function' ? text(query) : text, danger, action, keep, fields, run }) : await run({});
	if (outcome)
		sayDone(sort, verb, outcome);
	return outcome !== null;
}

async function doToPicked(sort, verb, rows) {
	try {
		return await decide(sort, verb, count(rows.length, sort.one), (more) => doPicked(sort, verb, rows, more), verb.danger);
	} catch (error) {
		toastProblem(error);
		return false;
	}
}

async function doToMatching(sort, verb, query) {
	try {
		const begun = performance.now();
		const { n, isMore } = await countMatching(sort, verb, query);
		if (n > 0)
			return await decide(sort, verb, saidMany(sort, { n, isMore }), (more) => doMatching(sort, verb, query, begun, more), true, query);
		toast(`there is no ${sort.one} to ${verb.title.toLowerCase()}`);
	} catch (error) {
		toastProblem(error);
	}
	return false;
}

// What is selected of the rows that are shown: {rows; query: of which all are selected, those that are not shown, too; offer():
// selects these; select: as setState; clear}. mayMatch: whether the query can be matched as a whole.
export function useChosen(rows, query, { isMore, mayMatch }) {
	const [selected, setSelected] = useState(new Set());
	const [whole, setWhole] = useState(null);
	const key = JSON.stringify(query), isWhole = whole === key;
	const select = (next) => {
		setWhole(null);
		setSelected(next);
	};
	const chosen = rows?.filter((r) => isWhole || selected.has(r.id)) ?? [];
	const mayOffer = !isWhole && isMore && chosen.length === rows?.length && mayMatch;
	return { rows: chosen, ids: new Set(chosen.map((r) => r.id)), query: isWhole ? query : null, offer: mayOffer ? () => setWhole(key) : null, select, clear: () => select(new Set()) };
}

// What can be done to what is selected: the bar at the foot of a list.
export function Chosen({ sort, chosen: { rows, query, offer, clear }, reload }) {
	const isBusy = useRef(false);
	const many = useMany(sort, query);
	if (rows.length === 0)
		return null;
	// Buttons stay as they are meanwhile: the focus comes back to the one that was pressed.
	const act = async (verb, fitting) => {
		if (isBusy.current)
			return;
		isBusy.current = true;
		if (await (query ? doToMatching(sort, verb, query) : doToPicked(sort, verb, fitting))) {
			clear();
			reload();
		}
		isBusy.current = false;
	};
	return html`<div class="chosen panel" role="group" aria-label=${`What to do with the selected ${sort.one}s`}>
		<b class="num">${query ? `All that match are selected${many ? `: ${many}` : ''}` : `${count(rows.length, sort.one)} selected`}</b>
		${offer && html`<${Button} look="small" onClick=${offer}>Select all that match<//>`}
		${sort.verbs.map((v) => {
			const fitting = rows.filter((r) => v.fits.includes(r.state));
			const fits = query ? sort.turnsOf(v, query).length > 0 : fitting.length > 0;
			return html`<${Button} key=${v.verb} look=${`small ${v.danger ? 'danger' : ''}`} disabled=${!fits}
				onClick=${() => act(v, fitting)}>${v.title}${!query && fits && fitting.length !== rows.length ? ` ${fitting.length}` : ''}<//>`;
		})}
		<${Button} look="small plain" onClick=${clear}>Clear<//>
	</div>`;
}
