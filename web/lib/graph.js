// What a job belongs to, drawn: what runs after what, parents above their children, in layers from left to right.
import { Card } from './bits.js';
import { useData } from './live.js';
import { href } from './route.js';
import { html, useEffect, useRef, useState } from './ui.js';

const WIDTH = 118, HEIGHT = 38, ACROSS = 150, DOWN = 48, MOST = 60;

// The layer of a node is one more than the deepest that it hangs on; ties that would lead round are left out by the limit.
function layersOf(nodes, ties) {
	const layer = new Map(nodes.map((n) => [n.id, 0]));
	for (let round = 0, moved = true; moved && round < nodes.length; round++) {
		moved = false;
		for (const { above, below } of ties)
			if (layer.get(below) <= layer.get(above)) {
				layer.set(below, layer.get(above) + 1);
				moved = true;
			}
	}
	return layer;
}

function place(nodes, ties) {
	const layer = layersOf(nodes, ties);
	const filled = [];
	return new Map([...nodes].sort((a, b) => a.id - b.id).map((n) => {
		const x = layer.get(n.id), y = filled[x] ?? 0;
		filled[x] = y + 1;
		return [n.id, { x: 4 + x * ACROSS, y: 4 + y * DOWN }];
	}));
}

function Tie({ from, to, how }) {
	const x = from.x + WIDTH, y = from.y + HEIGHT / 2, to_y = to.y + HEIGHT / 2;
	return html`<path class=${`tie ${how}`} d=${`M${x} ${y}C${x + 18} ${y} ${to.x - 18} ${to_y} ${to.x} ${to_y}`} />`;
}

function Node({ node, at, here }) {
	return html`<a href=${href(`jobs/${node.id}`)} aria-current=${here ? 'true' : undefined}>
		<g class=${`node ${node.state} ${here ? 'here' : ''}`} transform=${`translate(${at.x} ${at.y})`}>
			<rect width=${WIDTH} height=${HEIGHT} rx="6" /><circle cx="12" cy="13" r="4" />
			<text x="21" y="17">${node.id} ${node.kind.length > 9 ? `${node.kind.slice(0, 8)}…` : node.kind}</text><text class="under" x="21" y="31">${node.state}</text>
		</g></a>`;
}

// Within the box alone: the page stays where it is.
function centre(box) {
	const node = box?.querySelector('.here')?.getBoundingClientRect();
	if (!node)
		return;
	const seen = box.getBoundingClientRect();
	box.scrollLeft += node.left + node.width / 2 - seen.left - seen.width / 2;
	box.scrollTop += node.top + node.height / 2 - seen.top - seen.height / 2;
}

export function Graph({ id, topic }) {
	const { data } = useData(`jobs/${id}/graph`, { topics: [topic] });
	const box = useRef(null);
	// Whether there is more to the right than is seen: it fades out there.
	const [more, setMore] = useState(false);
	const look = () => setMore(box.current !== null && box.current.scrollWidth - box.current.clientWidth - box.current.scrollLeft > 4);
	// The job itself is in sight, however deep it hangs.
	useEffect(() => { centre(box.current); }, [id, !data]);
	useEffect(() => {
		look();
		window.addEventListener('resize', look);
		return () => window.removeEventListener('resize', look);
	}, [data]);
	if (!data || data.nodes.length < 2)
		return null;
	// The nearest come first, so that what is left out is what is farthest.
	const nodes = data.nodes.slice(0, MOST);
	const spots = place(nodes, data.ties);
	const ties = data.ties.filter((t) => spots.has(t.above) && spots.has(t.below));
	const all = [...spots.values()];
	const width = Math.max(...all.map((s) => s.x)) + WIDTH + 4, height = Math.max(...all.map((s) => s.y)) + HEIGHT + 4;
	return html`<${Card} title="Belongs together" className="graph"><div class="scroll ${more ? 'beyond' : ''}" ref=${box} onScroll=${look} tabindex="0" role="group" aria-label="jobs that belong together">
		<svg width=${width} height=${height} viewBox=${`0 0 ${width} ${height}`}>
			${ties.map((t) => html`<${Tie} key=${`${t.above}-${t.below}`} from=${spots.get(t.above)} to=${spots.get(t.below)} how=${t.how} />`)}
			${nodes.map((n) => html`<${Node} key=${n.id} node=${n} at=${spots.get(n.id)} here=${n.id === id} />`)}</svg></div>
		${(data.more || data.nodes.length > MOST) && html`<p class="soft">The nearest ${nodes.length}; there are more.</p>`}<//>`;
}
