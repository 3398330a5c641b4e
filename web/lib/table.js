// A table: fixed columns, so that nothing jumps when rows change; rows are walked with j and k, opened with Enter.
import { useGone } from './room.js';
import { html, useState } from './ui.js';

// Columns: {name, title, cell(row), num, width (in characters; none: what is left), least (of what is left), phone (its width there; 0: what is left),
// wide (goes where there is no room for all, and on phones), roomy (goes before others), fold(row): what is said of it then
// below what another column says (holds: that one; else the first that has what is left), sort(row), by}.
function useSorted(rows, columns) {
	const [by, setBy] = useState(null);
	const column = by && columns.find((c) => c.name === by.name);
	const compare = (a, b) => {
		const x = column.sort(a) ?? '', y = column.sort(b) ?? '';
		return (x < y ? -1 : x > y ? 1 : 0) * (by.down ? -1 : 1);
	};
	const toggle = (name) => setBy(by?.name !== name ? { name, down: false } : by.down ? null : { name, down: true });
	return [column ? [...rows].sort(compare) : rows, by, toggle];
}

// The server's order of a list that comes page by page: columns say by what it sorts (by), order is {sort, set(sort)}.
function orderOf(rows, columns, { sort, set }) {
	const column = sort && columns.find((c) => c.by === sort.replace(/^-/, ''));
	const by = column && { name: column.name, down: sort.startsWith('-') };
	const toggle = (name) => {
		const wanted = columns.find((c) => c.name === name).by;
		set(by?.name !== name ? wanted : by.down ? null : `-${wanted}`);
	};
	return [rows, by, toggle];
}

function Head({ column, kind, by, toggle }) {
	const sorted = by?.name === column.name;
	return html`<th scope="col" class=${kind} aria-sort=${sorted ? (by.down ? 'descending' : 'ascending') : undefined}>
		${column.sort || column.by ? html`<button class="sort" onClick=${() => toggle(column.name)}>${column.title}<span aria-hidden="true">${sorted ? (by.down ? ' ↓' : ' ↑') : ''}</span></button>`
			: column.title || html`<span class="hidden">${column.label ?? column.name}</span>`}</th>`;
}

const ch = (width) => (width ? `${width}ch` : 'auto');

function toggled(set, key) {
	const next = new Set(set);
	if (!next.delete(key))
		next.add(key);
	return next;
}

const holderOf = (columns) => columns.find((c) => c.holds) ?? columns.find((c) => !c.width && !c.wide) ?? columns[0];

function Folded({ row, columns }) {
	const said = columns.map((c) => [c.name, c.fold?.(row)]).filter(([, what]) => what);
	return said.length > 0 && html`<div class="fold">${said.map(([name, what]) => html`<div key=${name}>${what}</div>`)}</div>`;
}

function Row({ row, columns, gone, kindOf, id, open, selected, onSelect }) {
	// A click anywhere opens the row, except on what is to be clicked itself, or where text is being marked.
	const click = (event) => {
		if (!event.target.closest('a, button, input, label, summary') && String(getSelection()) === '')
			event.currentTarget.querySelector('[data-open]')?.click();
	};
	const holder = holderOf(columns);
	return html`<tr data-row tabindex="-1" class="${selected?.has(id) ? 'selected' : ''} ${open ? 'opens' : ''}" onClick=${open && click}>
		${selected && html`<td class="tick"><input type="checkbox" aria-label=${`select ${id}`} checked=${selected.has(id)}
			onChange=${() => onSelect((before) => toggled(before, id))} /></td>`}
		${columns.map((column) => html`<td key=${column.name} class=${kindOf(column)}>${column.cell(row)}${column === holder && html`<${Folded} row=${row} columns=${columns.filter((c) => gone.has(c.name))} />`}</td>`)}
	</tr>`;
}

// rowKey(row); opens: rows have a link with data-open, to which a click anywhere goes; selected, onSelect: a set of keys, and
// how it is changed (as setState), where rows can be selected; more(): where there is more to fetch; order: where the server
// sorts; empty: what to show instead of nothing; error: why there are no rows yet, which is said above the table.
export function Table({ label, columns, rows, rowKey = (r) => r.name, opens, selected, onSelect, more, order, empty, error }) {
	const here = useSorted(rows ?? [], columns);
	const [sorted, by, toggle] = order ? orderOf(rows ?? [], columns, order) : here;
	if (!rows && error && !error.isAway)
		return null;
	if (!rows)
		return html`<div class="panel loading" aria-busy="true"><span class="hidden">Loading ${label}</span></div>`;
	// A look that ended early found none so far.
	if (rows.length === 0 && empty)
		return more ? html`<div class="panel table"><button class="more" onClick=${more}>None so far: look further</button></div>` : empty;
	return html`<${Shown} label=${label} columns=${columns} rows=${sorted} rowKey=${rowKey} opens=${opens} selected=${selected} onSelect=${onSelect} more=${more} by=${by} toggle=${toggle} />`;
}

function Shown({ label, columns, rows, rowKey, opens, selected, onSelect, more, by, toggle }) {
	const [box, gone, least] = useGone(columns, selected !== undefined);
	const kindOf = (column) => [column.num && 'num', gone.has(column.name) && 'gone'].filter(Boolean).join(' ');
	const all = rows.length > 0 && rows.every((row) => selected?.has(rowKey(row)));
	return html`<div class="panel table" ref=${box}>
		<table aria-label=${label} style=${{ '--least': ch(least) }}>
			<colgroup>${selected && html`<col class="tick" />`}${columns.map((c) => html`<col key=${c.name} class=${kindOf(c)} style=${{ '--width': ch(c.width), '--phone': ch(c.phone ?? c.width) }} />`)}</colgroup>
			<thead><tr>
				${selected && html`<th class="tick"><input type="checkbox" aria-label="select all that are shown" checked=${all}
					onChange=${() => onSelect(all ? new Set() : new Set(rows.map(rowKey)))} /></th>`}
				${columns.map((c) => html`<${Head} key=${c.name} column=${c} kind=${kindOf(c)} by=${by} toggle=${toggle} />`)}
			</tr></thead>
			<tbody>${rows.map((row) => html`<${Row} key=${rowKey(row)} id=${rowKey(row)} row=${row} columns=${columns} gone=${gone} kindOf=${kindOf} open=${opens}
				selected=${selected} onSelect=${onSelect} />`)}</tbody>
		</table>
		${more && html`<button class="more" onClick=${more}>Show more</button>`}
	</div>`;
}
