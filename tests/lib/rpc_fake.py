#!/usr/bin/env python3
"""rpc_fake.py FOLDER: a JSON-RPC server on a free port of 127.0.0.1 that answers what it is told to: to a method what the file
FOLDER/METHOD holds, else FOLDER/answer, as it is. What it was asked is a line each in FOLDER/asked. Prints its port."""
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
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        with open(f"{folder}/asked", "a", encoding="utf-8") as asked:
            asked.write(body + "\n")
        path = f"{folder}/{json.loads(body)['method']}"
        with open(path if os.path.exists(path) else f"{folder}/answer", "rb") as file:
            answer = file.read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Fake)
print(server.server_port, flush=True)
server.serve_forever()
