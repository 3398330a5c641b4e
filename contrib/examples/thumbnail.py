#!/usr/bin/env python3
"""A handler in Python: pretends to make thumbnails of {"files": [...]}, and shows how far it is."""
import json
import os
import signal
import sys

control = os.fdopen(3, "w", buffering=1)


def say(*words):
    print(*words, file=control)


def stop(*_):
    """The job was cancelled or the worker is stopping: end, and be tried again."""
    sys.exit(75)


signal.signal(signal.SIGTERM, stop)
files = json.load(sys.stdin).get("files")
if not isinstance(files, list):
    say("fail", "files must be a list")
    sys.exit(65)
for done, name in enumerate(files):
    say("count", done, len(files), name)
    print("thumbnail of", name)
    if not name:
        say("log", "warn", "a file without a name was left out")
say("count", len(files), len(files))
say("result", json.dumps({"made": [name for name in files if name]}))
