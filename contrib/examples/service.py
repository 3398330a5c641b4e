#!/usr/bin/env python3
"""A service for the kind notify of worker.ini: python3 contrib/examples/service.py [PORT].

Answers a job with what it was sent. Is busy at the first attempt of {"busy": true}: 503, with Retry-After."""
import http.server
import json
import sys


class Service(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        job = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        busy = job["args"].get("busy") and job["attempt"] == 1
        body = json.dumps({"notified": job["args"]}).encode()
        self.send_response(503 if busy else 200)
        self.send_header("Retry-After" if busy else "X-Job", "1" if busy else str(job["job"]))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


port = int(sys.argv[1]) if len(sys.argv) > 1 else 8099
with http.server.HTTPServer(("127.0.0.1", port), Service) as server:
    print("listening on port", server.server_address[1], flush=True)
    server.serve_forever()
