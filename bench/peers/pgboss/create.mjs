import { PgBoss } from "pg-boss";
const boss = new PgBoss({ connectionString: process.env.BENCH_URL });
await boss.start();
await boss.createQueue("noop", { notify: true });
await boss.stop();
process.exit(0);
