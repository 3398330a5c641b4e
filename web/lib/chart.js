// Lines over time: uPlot, which follows the page's colours and width.
import uPlot from '../vendor/uplot.js';
import { clock } from './time.js';
import { theme } from './theme.js';
import { html, useEffect, useRef, useState, useStore } from './ui.js';

// MINUTES: how far apart the labels may be.
const HEIGHT = 150, MINUTES = [1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 360, 720, 1440];

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function axis(more) {
	return { stroke: colour('--soft'), font: '11px system-ui, sans-serif', grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false }, ...more };
}

// series: {name, colour (1 to 4), fill, dashed, dots: what there is now and then is seen, too}.
function options(series, width, { marks, steps }, onPoint) {
	return {
		width, height: HEIGHT, legend: { show: false }, padding: [8, 18, 0, 0],
		cursor: { drag: { x: false, y: false }, points: { size: 6 } },
		scales: { y: { range: (_, min, max) => [Math.min(0, min ?? 0), (max || 1) * 1.08] } },
		axes: [axis({ space: 70, size: 26, incrs: MINUTES.map((n) => n * 60), values: (_, at) => at.map((t) => clock(t * 1000).slice(0, 5)) }), axis({ size: 52, space: 34, ...(steps && { incrs: steps }), values: (_, values) => marks(values) })],
		series: [{}, ...series.map((s) => ({
			label: s.name, stroke: colour(`--c${s.colour}`), width: 1.75, points: { show: Boolean(s.dots), size: 4, fill: colour(`--c${s.colour}`) },
			dash: s.dashed ? [5, 4] : undefined,
			fill: s.fill ? `${colour(`--c${s.colour}`)}22` : undefined,
		}))],
		hooks: { setCursor: [(plot) => onPoint(plot.cursor.idx ?? null)] },
	};
}

const lastOf = (values) => values.findLastIndex((v) => v !== null && v !== undefined);

function Legend({ series, data, at, show }) {
	return html`<div class="legend">${series.map((s, i) => {
		const values = data[i + 1], index = at ?? lastOf(values);
		return html`<span key=${s.name}><i class=${`c${s.colour} ${s.dashed ? 'dashed' : ''}`}></i>${s.name}<b>${index >= 0 && values[index] !== null ? show(values[index]) : '–'}</b></span>`;
	})}${at !== null && html`<span>${clock(data[0][at] * 1000).slice(0, 5)}</span>`}</div>`;
}

// data: [instants in seconds, values of the first series, ...]; show(value): how one is written; marks(values), steps: at the axis, and how far
// apart these may be.
export function Chart({ label, series, data, show, marks = (values) => values.map(show), steps }) {
	const box = useRef(null), plot = useRef(null);
	const [at, setAt] = useState(null);
	const look = useStore(theme);
	useEffect(() => {
		plot.current = new uPlot(options(series, box.current.clientWidth, { marks, steps }, setAt), data, box.current);
		const watcher = new ResizeObserver(() => plot.current.setSize({ width: box.current.clientWidth, height: HEIGHT }));
		watcher.observe(box.current);
		return () => {
			watcher.disconnect();
			plot.current.destroy();
		};
	}, [look]);
	useEffect(() => plot.current.setData(data), [data]);
	const words = series.map((s, i) => `${s.name} ${lastOf(data[i + 1]) >= 0 ? show(data[i + 1][lastOf(data[i + 1])]) : 'unknown'}`).join(', ');
	return html`<div class="chart"><${Legend} series=${series} data=${data} at=${at !== null && at < data[0].length ? at : null} show=${show} />
		<div class="draw" ref=${box} role="img" aria-label=${`${label}, last: ${words}`}></div></div>`;
}
