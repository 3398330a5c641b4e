// The pages, in the order of the navigation. A page is one file in pages/ that exports one component; its name is the first
// step of the address (#/NAME/...), of which the component gets the rest and the query; g and its key open it. A page without
// a title is not in the navigation; role: the least that is of use there; icon: a path in a square of 16.
import { Audit } from './pages/audit.js';
import { Clients } from './pages/clients.js';
import { Daemons } from './pages/daemons.js';
import { Downloads } from './pages/downloads.js';
import { Jobs } from './pages/jobs.js';
import { Overview } from './pages/overview.js';
import { Queues } from './pages/queues.js';
import { Schedules } from './pages/schedules.js';
import { Settings } from './pages/settings.js';
import { Workers } from './pages/workers.js';

export const pages = [
	{ name: 'overview', title: 'Overview', key: 'o', component: Overview, icon: 'M2 9h4v5H2zM6 2h4v12H6zM10 6h4v8h-4z' },
	{ name: 'jobs', title: 'Jobs', key: 'j', component: Jobs, icon: 'M2 3h12v4H2zM2 9h12v4H2zM5 5h0M5 11h0' },
	{ name: 'queues', title: 'Queues', key: 'q', component: Queues, icon: 'M2 4h12M2 8h12M2 12h7' },
	{ name: 'schedules', title: 'Schedules', key: 's', component: Schedules, icon: 'M2.5 3.5h11v10h-11zM2.5 6.5h11M5.5 2v3M10.5 2v3' },
	{ name: 'workers', title: 'Workers', key: 'w', component: Workers, icon: 'M8 2a3 3 0 1 0 0 6a3 3 0 1 0 0-6M2.5 14c0-3 2.5-4 5.5-4s5.5 1 5.5 4' },
	{ name: 'downloads', title: 'Downloads', key: 'd', component: Downloads, icon: 'M8 2v8M4.5 7L8 10.5 11.5 7M2 13.5h12' },
	{ name: 'daemons', title: 'Daemons', key: 'n', component: Daemons, icon: 'M13.5 8a5.5 5.5 0 1 1-2-4.2M13.5 1.5v3h-3M8 5.5v3l2 1.2' },
	{ name: 'clients', title: 'Clients', key: 'c', component: Clients, icon: 'M5 2.5h6v4H5zM1.5 10h5v3.5h-5zM9.5 10h5v3.5h-5zM8 6.5v2M4 10V8.5h8V10' },
	{ name: 'audit', title: 'Audit', key: 'u', component: Audit, icon: 'M3 2h7l3 3v9H3zM5.5 7h5M5.5 10h5' },
	{ name: 'settings', title: 'Settings', key: 't', component: Settings, icon: 'M2 4.5h7M13 4.5h1M2 11.5h1M7 11.5h7M11 2.5v4M5 9.5v4' },
];
