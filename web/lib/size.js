// Bytes, and how fast they come.
const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

// 1234567: 1.2 MB. Three digits at most, so that a number that grows keeps its width.
export function bytes(n) {
	if (n === null || n === undefined)
		return '–';
	let unit = 0, left = Math.abs(n);
	while (left >= 999.5 && unit < units.length - 1) {
		left /= 1000;
		unit++;
	}
	return `${unit === 0 || left >= 99.95 ? Math.round(left) : left.toFixed(1)} ${units[unit]}`;
}

export const speed = (n) => (n ? `${bytes(n)}/s` : '–');
