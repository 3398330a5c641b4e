// boss.insert, a thousand a call.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { PgBoss } from "pg-boss";
const boss = new PgBoss({ connectionString: process.env.BENCH_URL, supervise: false, schedule: false, migrate: false });
await boss.start();
const fill = readFileSync(process.env.BENCH_FILL, "utf8");
for await (const line of createInterface({ input: process.stdin })) {
	for (let left = +line; left > 0; left -= 1000)
		await boss.insert("noop", Array.from({ length: Math.min(left, 1000) }, (_, n) => ({ data: { n, fill } })));
	console.log(line);
}
process.exit(0);
