// Concurrency and localQueue as in its page on performance; one connection for each job and one to listen.
import { appendFileSync } from "node:fs";
import { run, Logger } from "graphile-worker";
const log = process.env.BENCH_LOG;
const concurrentJobs = process.argv[2] === "best" ? 24 : +process.argv[2];
const local = process.env.BENCH_MODE === "local" &&
	{ localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };
function noop(payload) {
	if (log) appendFileSync(log, `${payload.n} ${((performance.timeOrigin + performance.now()) / 1000).toFixed(6)}\n`);
}
await run({
	preset: { worker: { connectionString: process.env.BENCH_URL, concurrentJobs, maxPoolSize: concurrentJobs + 1, ...local } },
	logger: new Logger(() => () => {}),
	taskList: { noop },
});
