// The statement of boss.send, as the installed version writes it, as a script for pgbench.
import { pathToFileURL } from "node:url";
const plans = await import(pathToFileURL("node_modules/pg-boss/dist/plans.js"));
const sql = plans.insertJobs("pgboss", { table: "job_common", name: "noop", returnId: true, notify: true });
console.log(`\\set n :n + 1\n${sql.trim().replace("$1", `('[{"data":{"n":' || :n::int || '}}]')`)};`);
