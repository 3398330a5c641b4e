// One dialog at a time: ask() with fields, confirm() without.
import { me } from './api.js';
import { Hint } from './bits.js';
import { isSpoilt, spoilt } from './exact.js';
import { Long } from './long.js';
import { toast, toastProblem } from './toast.js';
import { html, store, useEffect, useErrorBoundary, useRef, useState, useStore } from './ui.js';

const asked = store(null);

// {title, text, left, fields: [{name, label, type, value, hint, options, suggest, words, read, unset, json, required, placeholder, also, rare}], body, action, keep, danger, broad, run}
// options: words, or pairs of a value and its label; suggest: what may be chosen, or typed otherwise; also: a component that
// gets {values}, as they are typed, below the field; rare: it stands behind "More"; words, read, unset, json: see form.js. body: what there is to read; action null: there
// is nothing to do but that; keep: what the button says that does nothing, where Cancel would mean two things. run(values) does it; what it throws is shown in the dialog, which stays open, and what its left
// holds is put into fields: what is still to be done, as what the question's own left holds is at first; its each: which of several were refused, and why. Resolves to what run
// returned, or to the values; to null when somebody thought better of it, or went to another page.
export function ask(question) {
	if (question.fields?.some((field) => field.json && isSpoilt(field.value))) {
		toastProblem(spoilt);
		return Promise.resolve(null);
	}
	return new Promise((resolve) => asked.set({ ...question, fields: question.fields ?? [], resolve }));
}

// For what cannot be undone.
export async function confirm(question) {
	return (await ask({ danger: true, ...question })) !== null;
}

// A browser says of what does not fit that it does not, and not what would.
const explain = ({ target }) => target.validity.patternMismatch && target.title && target.setCustomValidity(`Allowed: ${target.title}.`);
const takeBack = ({ target }) => target.setCustomValidity('');

function Field({ field }) {
	const { name, label, type = 'text', value, hint, options, suggest, json, words: listed, read, unset, option, also, rare, ...more } = field;
	const id = `field-${name}`;
	const about = hint ? `${id}-hint` : undefined;
	const text = value !== null && typeof value === 'object' ? JSON.stringify(value) : value ?? '';
	const input = options ? html`<select id=${id} name=${name} aria-describedby=${about}>
			${options.map((o) => (Array.isArray(o) ? o : [o, o])).map(([o, words]) => html`<option value=${o} selected=${o === value}>${words}</option>`)}</select>`
		: type === 'area' ? html`<textarea id=${id} name=${name} rows="5" defaultValue=${text} spellcheck=${false} aria-describedby=${about} ...${more} />`
		: type === 'check' ? html`<input id=${id} name=${name} type="checkbox" defaultChecked=${value} aria-describedby=${about} />`
		: type === 'file' ? html`<input id=${id} name=${name} type="file" aria-describedby=${about} ...${more} />`
		: html`<input id=${id} name=${name} type=${type} defaultValue=${text} autocomplete="off" list=${suggest && `${id}-list`} aria-describedby=${about} onInvalid=${explain} onInput=${takeBack} ...${more} />
			${suggest && html`<datalist id=${`${id}-list`}>${suggest.map((o) => html`<option value=${o} />`)}</datalist>`}`;
	return html`<div class="field ${type === 'check' ? 'check' : ''}">
		<label for=${id}>${label}</label>${input}${hint && html`<p class="hint" id=${about}>${hint}</p>`}</div>`;
}

function putBack(form, left = {}) {
	for (const [name, value] of Object.entries(left)) {
		if (Array.isArray(value)) {
			const files = new DataTransfer();
			value.forEach((file) => files.items.add(file));
			form.elements[name].files = files.files;
		} else if (typeof value === 'boolean') {
			form.elements[name].checked = value;
		} else {
			form.elements[name].value = value;
		}
	}
}

export function valuesOf(form, fields) {
	return Object.fromEntries(fields.map(({ name, type }) =>
		[name, type === 'check' ? form.elements[name].checked : type === 'file' ? [...form.elements[name].files] : form.elements[name].value.trim()]));
}

// What its component makes of what is typed, while it is typed.
function Also({ of: component, form, fields }) {
	const [values, setValues] = useState(null);
	useEffect(() => {
		const read = () => setValues(valuesOf(form.current, fields));
		read();
		form.current.addEventListener('input', read);
		return () => form.current?.removeEventListener('input', read);
	}, []);
	return values && html`<${component} values=${values} />`;
}

const NAMED = 4; // and one more, rather than "1 other"

// What is wrong within is to be seen, and a browser shows nothing that is folded.
function More({ fields, show }) {
	const named = fields.length > NAMED + 1 ? fields.slice(0, NAMED) : fields;
	return html`<details class="rare" onInvalidCapture=${(e) => { e.currentTarget.open = true; }}>
		<summary>More <span class="soft">${named.map((f) => f.label).join(', ')}${fields.length > named.length && ` and ${fields.length - named.length} others`}</span></summary><div class="many">${fields.map(show)}</div></details>`;
}

// each: of what was to be done with several things, those that were refused: [{of, error}].
function Refused({ problem: { message, hint, each } }) {
	return html`<div class="problem"><${Long} text=${message} /><${Hint} text=${hint} />
		${each && html`<ul class="says-all" tabindex="0">${each.map(({ of, error }, i) => html`<li key=${i}><b>${of}</b><${Long} text=${error.message} /><${Hint} text=${error.hint} /></li>`)}</ul>`}</div>`;
}

function Question({ question }) {
	const { title, text, fields, body, action = 'OK', keep = 'Cancel', danger, broad, left, run, resolve } = question;
	const box = useRef(null), form = useRef(null);
	const [problem, setProblem] = useState(null);
	const isBusy = useRef(false);
	const who = useStore(me), asker = useRef(who);
	useEffect(() => putBack(form.current, left), []);
	// Whose session ends meanwhile signs in where it was, and finds what was typed; who may do other things does not.
	useEffect(() => {
		const shown = box.current;
		if (!who)
			return undefined;
		if (who.role !== asker.current.role)
			return end(null);
		setProblem(null);
		shown.showModal();
		// What cannot be undone is not a mere Enter away.
		shown.querySelector(fields.length ? 'input, select, textarea' : danger || action === null ? '.cancel' : '.go')?.focus();
		return () => shown.close(); // which gives the focus back; being taken out of the page does not
	}, [who]);
	const end = (answer) => {
		if (asked.get() === question)
			asked.set(null);
		resolve(answer);
	};
	useEffect(() => {
		const leave = () => end(null);
		window.addEventListener('hashchange', leave);
		return () => window.removeEventListener('hashchange', leave);
	}, []);
	const submit = async (event) => {
		event.preventDefault();
		// Its button stays as it is meanwhile, or the focus would be lost.
		if (isBusy.current)
			return;
		const values = valuesOf(event.target, fields);
		isBusy.current = true;
		try {
			end(run ? (await run(values)) ?? values : values);
		} catch (error) {
			putBack(form.current, error.left);
			setProblem(error);
			isBusy.current = false;
		}
	};
	const show = (field) => html`<${Field} key=${field.name} field=${field} />${field.also && html`<${Also} of=${field.also} form=${form} fields=${fields} />`}`;
	return html`<dialog ref=${box} class=${broad ? 'broad' : ''} aria-labelledby="dialog-title" onCancel=${() => end(null)}>
		<form ref=${form} class=${fields.filter((f) => !f.rare).length > 4 ? 'many' : ''} onSubmit=${submit}>
			<h2 id="dialog-title">${title}</h2>
			${text && html`<p>${text}</p>`}
			${body}
			${fields.filter((f) => !f.rare).map(show)}
			${fields.some((f) => f.rare) && html`<${More} fields=${fields.filter((f) => f.rare)} show=${show} />`}
			<div class="actions">
				<div role="alert">${problem && html`<${Refused} problem=${problem} />`}</div>
				<button type="button" class="cancel" onClick=${() => end(null)}>${action === null ? 'Close' : keep}</button>
				${action !== null && html`<button type="submit" class="go ${danger ? 'danger' : 'main'}">${action}</button>`}
			</div>
		</form>
	</dialog>`;
}

// One that breaks is put away, and takes nothing else with it.
export function Dialogs() {
	const question = useStore(asked);
	const [, reset] = useErrorBoundary((error) => {
		console.error(error);
		toast(`the dialog broke: ${error.message}`, { bad: true });
		asked.get()?.resolve(null);
		asked.set(null);
		reset();
	});
	return question && html`<${Question} key=${question} question=${question} />`;
}
