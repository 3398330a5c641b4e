#!/usr/bin/env python3
"""web_fake.py FOLDER: an HTTP server on a free port of 127.0.0.1 that gives to every GET and POST what the file FOLDER/answer holds: a
line with the status and headers ("409 X-Session: 5"), the rest is the body. What it was asked is a line each in FOLDER/asked.
The first request with the word of FOLDER/hold in its body makes that FOLDER/held, and waits for what FOLDER/late will hold.
Prints its port."""
import http.server
import json
import os
import sys
import time

folder = os.path.realpath(sys.argv[1])


def read(name):
    with open(f"{folder}/{name}", "rb") as file:
        return file.read()


def read_written(name):
    """One that a test may be writing this moment: it is never empty."""
    while not (data := read(name)):
        time.sleep(0.02)
    return data


def answer_to(body):
    hold = f"{folder}/hold"
    if not os.path.exists(hold) or read_written("hold") not in body:
        return read_written("answer")
    os.rename(hold, f"{folder}/held")
    while not os.path.exists(f"{folder}/late"):
        time.sleep(0.02)
    return read_written("late")


class Fake(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with open(f"{folder}/asked", "a", encoding="utf-8") as asked:
            asked.write(json.dumps([self.path, dict(self.headers), body.decode()]) + "\n")
        first, _, answer = answer_to(body).partition(b"\n")
        status, _, header = first.decode().partition(" ")
        self.send_response(int(status))
        if header:
            self.send_header(*header.split(": ", 1))
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Fake)
print(server.server_port, flush=True)
server.serve_forever()
