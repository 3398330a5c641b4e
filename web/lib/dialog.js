// One dialog at a time: ask() with fields, confirm() without.
import { html, store, useEffect, useRef, useState, useStore } from './ui.js';

const asked = store(null);

// {title, text, fields: [{name, label, type, value, hint, options, required, placeholder}], action, danger, run}
// run(values) does it; what it throws is shown in the dialog, which stays open. Resolves to what run returned, or to the
// values; to null when somebody thought better of it.
export function ask(question) {
	return new Promise((resolve) => asked.set({ fields: [], ...question, resolve }));
}

// For what cannot be undone.
export async function confirm(question) {
	return (await ask({ danger: true, ...question })) !== null;
}

function Field({ field }) {
	const { name, label, type = 'text', value, hint, options, ...more } = field;
	const id = `field-${name}`;
	const about = hint ? `${id}-hint` : undefined;
	const input = options ? html`<select id=${id} name=${name} aria-describedby=${about}>
			${options.map((o) => html`<option value=${o} selected=${o === value}>${o}</option>`)}</select>`
		: type === 'area' ? html`<textarea id=${id} name=${name} rows="5" aria-describedby=${about} ...${more}>${value ?? ''}</textarea>`
		: type === 'check' ? html`<input id=${id} name=${name} type="checkbox" defaultChecked=${value} aria-describedby=${about} />`
		: html`<input id=${id} name=${name} type=${type} defaultValue=${value ?? ''} autocomplete="off" aria-describedby=${about} ...${more} />`;
	return html`<div class="field ${type === 'check' ? 'check' : ''}">
		<label for=${id}>${label}</label>${input}${hint && html`<p class="hint" id=${about}>${hint}</p>`}</div>`;
}

function valuesOf(form, fields) {
	return Object.fromEntries(fields.map(({ name, type }) =>
		[name, type === 'check' ? form.elements[name].checked : form.elements[name].value.trim()]));
}

function Question({ question }) {
	const { title, text, fields, action = 'OK', danger, run, resolve } = question;
	const box = useRef(null);
	const [problem, setProblem] = useState(null);
	const [busy, setBusy] = useState(false);
	useEffect(() => {
		box.current.showModal();
		// What cannot be undone is not a mere Enter away.
		box.current.querySelector(fields.length ? 'input, select, textarea' : danger ? '.cancel' : '.go')?.focus();
	}, []);
	const end = (answer) => {
		asked.set(null);
		resolve(answer);
	};
	const submit = async (event) => {
		event.preventDefault();
		const values = valuesOf(event.target, fields);
		setBusy(true);
		try {
			end(run ? (await run(values)) ?? values : values);
		} catch (error) {
			setProblem(error);
			setBusy(false);
		}
	};
	return html`<dialog ref=${box} aria-labelledby="dialog-title" onCancel=${() => end(null)}>
		<form class=${fields.length > 4 ? 'many' : ''} onSubmit=${submit}>
			<h2 id="dialog-title">${title}</h2>
			${text && html`<p>${text}</p>`}
			${fields.map((field) => html`<${Field} key=${field.name} field=${field} />`)}
			<div role="alert">${problem && html`<div class="problem"><p>${problem.message}</p>${problem.hint && html`<p class="hint">${problem.hint}</p>`}</div>`}</div>
			<div class="actions">
				<button type="button" class="cancel" onClick=${() => end(null)}>Cancel</button>
				<button type="submit" class="go ${danger ? 'danger' : 'main'}" disabled=${busy}>${action}</button>
			</div>
		</form>
	</dialog>`;
}

export function Dialogs() {
	const question = useStore(asked);
	return question && html`<${Question} key=${question} question=${question} />`;
}
