// Enqueueing a job: from the list of jobs, or as a copy of one that is there.
import { post } from '../lib/api.js';
import { ask } from '../lib/dialog.js';
import { filled } from '../lib/form.js';
import { kindName, known, Unserved, queueName } from '../lib/known.js';
import { go } from '../lib/route.js';
import { toast } from '../lib/toast.js';

const fieldsOf = (j, { kinds, queues }) => [
	{ name: 'kind', label: 'Kind', value: j.kind, required: true, suggest: kinds, ...kindName, hint: 'what is to be done: workers know it by this name',
		also: Unserved },
	{ name: 'args', label: 'Arguments', type: 'area', rows: 4, json: true, value: j.args ?? {}, hint: 'JSON, such as {"to": "somebody", "n": 1}' },
	{ name: 'queue', label: 'Queue', value: j.queue ?? 'default', required: true, suggest: queues, ...queueName },
	{ name: 'run_at', label: 'Not before', type: 'datetime-local', step: 1, hint: 'by the clock of this browser; at once where it is empty', rare: true },
	{ name: 'priority', label: 'Priority', type: 'number', min: 0, max: 1000000, value: j.priority ?? 100, hint: 'smaller runs first', rare: true },
	{ name: 'max_attempts', label: 'Attempts', type: 'number', min: 1, value: j.max_attempts, placeholder: 'as its policy has it', rare: true },
	{ name: 'key', label: 'Key', hint: 'of jobs that live, one has it; that one is shown where there is one', rare: true },
	{ name: 'tags', label: 'Tags', words: true, value: j.tags?.join(', '), placeholder: 'nightly, big', rare: true },
	{ name: 'lane', label: 'Lane', value: j.lane, hint: 'jobs of a lane start one after the other', rare: true },
];

// of: a job whose settings it begins with.
export async function enqueue(of = {}) {
	const fields = fieldsOf(of, await known());
	const done = await ask({ title: of.id ? `A copy of job ${of.id}` : 'Enqueue a job', fields, broad: true, action: 'Enqueue',
		run: async (values) => ({ ...(await post('jobs', filled(fields, values))), key: values.key }) });
	if (done) {
		if (done.warning)
			toast(`job ${done.id} waits: ${done.warning}`, { bad: true });
		toast(done.key ? `job ${done.id} has the key ${done.key}` : `job ${done.id} is enqueued`);
		go(`jobs/${done.id}`);
	}
}
