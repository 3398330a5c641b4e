// The pages, in the order of the navigation. A page is one file in pages/ that exports one component; its name is the first
// step of the address (#/NAME/...), of which the component gets the rest and the query; g and its key open it. A page without
// a title is not in the navigation; role: the least that is of use there; icon: a path in a square of 16.
import { Overview } from './pages/overview.js';
import { Jobs } from './pages/jobs.js';
import { Queues } from './pages/queues.js';

export const pages = [
	{ name: 'overview', title: 'Overview', key: 'o', component: Overview, icon: 'M2 9h4v5H2zM6 2h4v12H6zM10 6h4v8h-4z' },
	{ name: 'jobs', title: 'Jobs', key: 'j', component: Jobs, icon: 'M2 3h12v4H2zM2 9h12v4H2zM5 5h0M5 11h0' },
	{ name: 'queues', title: 'Queues', key: 'q', component: Queues, icon: 'M2 4h12M2 8h12M2 12h7' },
];
