#!/usr/bin/env python3
"""order.sh in Python: durable steps by descriptors 3, 4 and 5. It draws a number once, waits up to a week for
tow.signal(id, 'paid'), and is called again then; it may be killed at any line."""
import json
import os
import sys

args, memory = json.load(sys.stdin), json.load(os.fdopen(5))
to_worker, answers = os.fdopen(3, "w", buffering=1), os.fdopen(4)


def step(name, work):
    """What work() gave, which is done once and for all, however often this program is started."""
    if name not in memory["steps"]:
        memory["steps"][name] = work()
        print("step", name, json.dumps(memory["steps"][name]), file=to_worker)
        if (answer := answers.readline().strip()) != "ok":  # lost: another run has the job by now
            sys.exit(os.EX_TEMPFAIL if answer == "lost" else f"step {name}: {answer}")
    return memory["steps"][name]


def signal(name, seconds):
    """The signal's payload; ends this run until it comes, or the time is over."""
    if name not in memory["signals"]:
        print("wait signal", name, seconds, file=to_worker)
        sys.exit()
    return memory["signals"][name]["payload"]


number = step("number", lambda: {"invoice": f"{args['order']}-{os.getpid()}"})
print("invoice", number["invoice"])
print("result", json.dumps({**number, "paid": signal("paid", 604800)}), file=to_worker)
