#!/usr/bin/env python3
"""web_fake.py FOLDER: an HTTP server on a free port of 127.0.0.1 that gives to every GET and POST what the file FOLDER/answer holds: a
line with the status and headers ("409 X-Session: 5"), the rest is the body. What it was asked is a line each in FOLDER/asked.
Prints its port."""
import http.server
import json
import os
import sys

folder = os.path.realpath(sys.argv[1])


class Fake(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with open(f"{folder}/asked", "a", encoding="utf-8") as asked:
            asked.write(json.dumps([self.path, dict(self.headers), body.decode()]) + "\n")
        with open(f"{folder}/answer", "rb") as file:
            first, _, answer = file.read().partition(b"\n")
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
