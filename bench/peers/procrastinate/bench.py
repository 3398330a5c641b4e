"""Create, feed and work for Procrastinate: batch_defer, and one asynchronous worker."""

import asyncio
import os
import sys
import time

import procrastinate

app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=os.environ["BENCH_URL"], max_size=20))
starts = open(os.environ["BENCH_LOG"], "a", buffering=1) if "BENCH_LOG" in os.environ else None


@app.task(name="noop", queue="default")
async def noop(n, fill=""):
    if starts:
        starts.write(f"{n} {time.time():.6f}\n")


async def create():
    async with app.open_async():
        await app.schema_manager.apply_schema_async()


async def feed():
    with open(os.environ["BENCH_FILL"]) as text:
        fill = text.read()
    async with app.open_async():
        for line in sys.stdin:
            await noop.batch_defer_async(*({"n": n, "fill": fill} for n in range(int(line))))
            print(line, end="", flush=True)


async def work(concurrency):
    async with app.open_async():
        await app.run_worker_async(concurrency=concurrency, shutdown_graceful_timeout=5)


verb, *at_once = sys.argv[1:]
asyncio.run(create() if verb == "create" else feed() if verb == "feed" else
            work(100 if at_once == ["best"] else int(at_once[0])))
