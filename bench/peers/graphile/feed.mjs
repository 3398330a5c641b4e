// addJobs, as its page on performance fills a queue.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { makeWorkerUtils } from "graphile-worker";
const utils = await makeWorkerUtils({ connectionString: process.env.BENCH_URL });
const fill = readFileSync(process.env.BENCH_FILL, "utf8");
for await (const line of createInterface({ input: process.stdin })) {
	await utils.addJobs(Array.from({ length: +line }, (_, n) => ({ identifier: "noop", payload: { n, fill } })));
	console.log(line);
}
await utils.release();
