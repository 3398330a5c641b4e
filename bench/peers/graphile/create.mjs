import { runMigrations } from "graphile-worker";
await runMigrations({ connectionString: process.env.BENCH_URL });
process.exit(0);
