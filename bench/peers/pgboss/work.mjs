// In batches where throughput counts; so many jobs at once, one a fetch, where latency does.
import { appendFileSync } from "node:fs";
import { PgBoss } from "pg-boss";
const log = process.env.BENCH_LOG;
const best = process.argv[2] === "best";
const boss = new PgBoss({ connectionString: process.env.BENCH_URL, useListenNotify: true, migrate: false });
boss.on("error", console.error);
await boss.start();
await boss.work("noop", best ? { batchSize: 1000, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 } :
	{ batchSize: 1, localConcurrency: +process.argv[2], pollingIntervalSeconds: 0.5 }, async (jobs) => {
	if (log)
		for (const job of jobs)
			appendFileSync(log, `${job.data.n} ${((performance.timeOrigin + performance.now()) / 1000).toFixed(6)}\n`);
});
process.on("SIGTERM", async () => {
	await boss.stop({ timeout: 5000 });
	process.exit(0);
});
