// "Did you mean ...?": the name that differs from a word by the fewest letters, at most two; null: none does.
const FAR = 3;

function distance(a, b) {
	let row = [...Array(b.length + 1).keys()];
	for (let i = 1; i <= a.length; i++) {
		const next = [i];
		for (let j = 1; j <= b.length; j++)
			next[j] = Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
		row = next;
	}
	return row[b.length];
}

export function nearest(word, names) {
	const all = names.map((name) => ({ name, far: distance(word, name) })).filter(({ far }) => far < Math.min(FAR, word.length));
	return all.reduce((best, one) => (!best || one.far < best.far ? one : best), null)?.name ?? null;
}
