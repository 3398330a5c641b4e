// Which columns of a table there is no room for. It is measured: how wide a window is says little of it, and so does a font.
import { useLayoutEffect, useRef, useState } from './ui.js';

// LEFT: what is left for a column without a width is not nothing (unless it says itself, least), TICK: where rows can be selected.
// In characters.
const LEFT = 14, TICK = 5;

const phone = matchMedia('(max-width: 760px)');
const pen = document.createElement('canvas').getContext('2d');

function charsIn(box) {
	pen.font = getComputedStyle(box).font;
	return box.clientWidth / pen.measureText('0').width;
}

const sum = (columns) => columns.reduce((all, c) => all + (c.width ?? c.least ?? LEFT), 0);

// First what is roomy goes, then what is wide; of each the last first. On a phone all of them.
function goneOf(columns, room) {
	const going = [...columns.filter((c) => c.wide && !c.roomy), ...columns.filter((c) => c.roomy)];
	const gone = new Set();
	for (let need = sum(columns); going.length > 0 && need > room;) {
		const column = going.pop();
		gone.add(column.name);
		need -= sum([column]);
	}
	return gone;
}

// A ref for the box that the table is in; the names of those that have gone; how many characters the others need at least.
export function useGone(columns, isTicked) {
	const box = useRef(null);
	const [room, setRoom] = useState(Infinity);
	useLayoutEffect(() => {
		const look = () => setRoom(phone.matches ? 0 : Math.floor(charsIn(box.current)));
		look();
		const watcher = new ResizeObserver(look);
		watcher.observe(box.current);
		return () => watcher.disconnect();
	}, []);
	const gone = goneOf(columns, room - (isTicked ? TICK : 0));
	return [box, gone, sum(columns.filter((c) => !gone.has(c.name)))];
}
