// Libraries, where they are made and changed: in Settings, and from Downloads while there is none.
import { get, may, patch, post, step } from '../lib/api.js';
import { ask } from '../lib/dialog.js';
import { changed, filled, onlyResettable } from '../lib/form.js';
import { toast } from '../lib/toast.js';

const ways = [['reflink, link, copy', 'shares their bytes where it can, else copies'], ['link, copy', 'links, else copies'], ['copy', 'copies'], ['move', 'moves (ends seeding)'], ['symlink', 'points to them']];

// An order of somebody's own is kept as it is.
const waysWith = (own) => (ways.some(([value]) => value === own) ? ways : [[own, own], ...ways]);

function fieldsOf(l) {
	const modes = l.modes?.join(', ') ?? ways[0][0];
	return [
		{ name: 'root', label: 'Folder', value: l.root, required: true, placeholder: '/srv/films', pattern: '/.+', title: 'a folder, from / on', hint: 'on the workers\' host' },
		{ name: 'template', label: 'Names of files', value: l.template ?? '{path}', required: true, hint: 'of {title} {name} {ext} {path} {category}; {path}: as they come' },
		{ name: 'modes', label: 'How files get there', words: true, value: modes, options: waysWith(modes) },
		{ name: 'categories', label: 'Categories', words: true, value: l.categories?.join(', '), placeholder: 'films, series', hint: 'what clients have in these goes here' },
		{ name: 'done_tag', label: 'Tag, once it is here', value: l.done_tag, pattern: '[^,]+', title: 'a word without commas', hint: 'its transfer gets it in its client' },
		{ name: 'done_category', label: 'Category, once it is here', value: l.done_category, hint: 'its transfer is put into it' },
		{ name: 'done_remove', label: 'Once its seeding goal is met, its client', value: l.done_remove ?? 'no',
			options: [['no', 'keeps it'], ['transfer', 'forgets it, and keeps the files'], ['data', 'forgets it, and deletes its files']] },
	];
}

// Some can be said of a library only when it is there.
async function make(values) {
	const { done_tag, done_remove, ...first } = values;
	await post('libraries', first);
	if (done_tag || done_remove !== 'no')
		await patch(`libraries/${step(first.name)}`, { done_tag, done_remove });
	return first;
}

// Resolves to its name; to null when somebody thought better of it.
export async function addLibrary() {
	const fields = [{ name: 'name', label: 'Name', required: true, placeholder: 'films', pattern: '[a-zA-Z0-9_.\\-]{1,64}', title: 'up to 64 letters, digits, _ . -' }, ...fieldsOf({})];
	const added = await ask({ title: 'Add a library', text: 'A folder that downloads are put into when they are here.', fields, broad: true, action: 'Add', run: (values) => make(filled(fields, values)) });
	if (added)
		toast(`library ${added.name} is added`);
	return added?.name ?? null;
}

export async function editLibrary(l) {
	const fields = fieldsOf(l);
	const done = await ask({ title: `Edit ${l.name}`, fields, broad: true, action: 'Save', run: (values) => {
		const what = onlyResettable(changed(fields, values), ['done_tag', 'done_category']);
		return Object.keys(what).length ? patch(`libraries/${step(l.name)}`, what) : {};
	} });
	if (done)
		toast(`library ${l.name} is saved`);
	return done;
}

// Into which library? Where there is none, the first is made. run(name) does it; resolves to null when nobody chose.
export async function chooseLibrary(title, run) {
	const { items } = await get('libraries');
	if (items.length === 0 && may('admin')) {
		const name = await addLibrary();
		return name && run(name);
	}
	if (items.length === 0)
		return ask({ title, action: null, text: 'There is no library yet. An admin adds one: Settings, Libraries.' }).then(() => null);
	return ask({ title, action: 'Put it there', fields: [{ name: 'library', label: 'Library', value: items[0].name, options: items.map((l) => [l.name, `${l.name} (${l.root})`]) }],
		run: ({ library }) => run(library) });
}
