// Libraries, where they are made and changed: in Settings, and from Downloads while there is none.
import { get, may, patch, post, step } from '../lib/api.js';
import { ask } from '../lib/dialog.js';
import { add, edit } from '../lib/setup.js';
import { test } from '../lib/trial.js';

const ways = [['reflink, link, copy', 'shares bytes, else copies'], ['link, copy', 'links, else copies'], ['copy', 'copies'], ['move', 'moves (ends seeding)'], ['symlink', 'points to them']];

// An order of somebody's own is kept as it is.
const waysWith = (own) => (ways.some(([value]) => value === own) ? ways : [[own, own], ...ways]);

async function fieldsOf(l) {
	const modes = l.modes?.join(', ') ?? ways[0][0];
	const profiles = (await get('profiles')).items.map((p) => p.name);
	return [
		{ name: 'root', label: 'Folder', value: l.root, required: true, placeholder: '/srv/films', pattern: '/.+', title: 'a folder, from / on', hint: 'on the workers\' host' },
		{ name: 'template', label: 'Names of files', value: l.template ?? '{path}', required: true, hint: 'of {title} {name} {ext} {path} {category}; {path}: as they come' },
		{ name: 'modes', label: 'How files get there', words: true, value: modes, options: waysWith(modes) },
		{ name: 'categories', label: 'Categories', words: true, value: l.categories?.join(', '), placeholder: 'films, series', hint: 'what clients have in these goes here' },
		{ name: 'done_tag', label: 'Tag, once it is here', value: l.done_tag, pattern: '[^,]+', title: 'a word without commas', hint: 'its transfer gets it in its client' },
		{ name: 'done_category', label: 'Category, once it is here', value: l.done_category, hint: 'its transfer is put into it' },
		{ name: 'done_remove', label: 'Once its seeding goal is met, its client', value: l.done_remove ?? 'no',
			options: [['no', 'keeps it'], ['transfer', 'forgets it, and keeps the files'], ['data', 'forgets it, and deletes its files (aria2 and rTorrent leave them)']] },
		{ name: 'profile', label: 'Trouble is treated by profile', value: l.profile ?? 'default', options: profiles },
		{ name: 'taken', label: 'When a name is another file\'s', value: l.taken ?? 'suffix', rare: true,
			options: [['suffix', 'the new one gets a number'], ['skip', 'the new one stays out'], ['replace', 'the new one takes its place'], ['better', 'the better one stays'], ['fail', 'the import fails']] },
		{ name: 'recycle_days', label: 'Days in its recycle bin', type: 'number', min: 0, value: l.recycle_days, placeholder: '30', hint: 'of what was replaced or taken back; 0: for ever', rare: true },
		{ name: 'extensions', label: 'Only files that end in', words: true, unset: true, value: l.extensions?.join(', '), placeholder: 'all but some', rare: true },
	];
}

// What can be said of a library only when it is there, and what is usual.
const usual = { done_remove: 'no', profile: 'default', taken: 'suffix' };

async function make({ done_tag, done_remove, profile, taken, recycle_days, extensions, ...first }, name) {
	await post('libraries', first);
	const rest = Object.entries({ done_tag, done_remove, profile, taken, recycle_days, extensions }).filter(([key, value]) => value !== undefined && value !== usual[key]);
	if (rest.length)
		await patch(`libraries/${step(name)}`, Object.fromEntries(rest));
}

export const ofLibraries = {
	one: 'library', path: 'libraries', fields: fieldsOf, send: make, reset: ['done_tag', 'done_category', 'extensions'], text: 'A folder that downloads are put into when they are here.',
	isNeeded: true, gone: 'Its files stay where they are, and cannot be taken back (undo) any more. What is still to come into it waits for another one.', pattern: '[a-zA-Z0-9_.\\-]{1,64}', title: 'up to 64 letters, digits, _ . -',
};

// Whether its folder takes files only a worker's host knows: one looks, where it is new.
export async function addLibrary() {
	const added = await add(ofLibraries);
	if (added)
		await test('libraries', added);
	return added;
}

export async function editLibrary(l) {
	const saved = await edit(ofLibraries, l);
	if (saved && (saved.root ?? l.root) !== l.root)
		await test('libraries', l);
	return saved;
}

// Into which library? Where there is none, the first is made, which takes all that waits. run(name) does it; resolves to null
// when nobody chose.
export async function chooseLibrary(title, run) {
	const { items } = await get('libraries');
	if (items.length === 0 && may('admin'))
		return add({ ...ofLibraries, text: `${ofLibraries.text} This is the first: it takes all downloads that wait for one, not this one alone.` });
	if (items.length === 0)
		return ask({ title, action: null, text: 'There is no library yet. An admin adds one: Settings, Libraries.' }).then(() => null);
	return ask({ title, action: 'Put it there', fields: [{ name: 'library', label: 'Library', value: items[0].name, options: items.map((l) => [l.name, `${l.name} (${l.root})`]) }],
		run: ({ library }) => run(library) });
}
