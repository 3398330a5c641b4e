// addJobs, as its page on performance fills a queue.
import { createInterface } from "node:readline";
import { makeWorkerUtils } from "graphile-worker";
const utils = await makeWorkerUtils({ connectionString: process.env.BENCH_URL });
const fill = "x".repeat(Math.max(process.argv[2] - 28, 0));
for await (const line of createInterface({ input: process.stdin })) {
	await utils.addJobs(Array.from({ length: +line }, (_, n) => ({ identifier: "noop", payload: { n, fill } })));
	console.log(line);
}
await utils.release();
