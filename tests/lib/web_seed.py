#!/usr/bin/env python3
"""web_seed.py FOLDER [RATE]: an HTTP server on a free port of 127.0.0.1 that serves FOLDER and answers Range with 206, which
is what torrent clients ask of a web seed. Prints its port. RATE: bytes a second, for a download to be watched."""
import http.server
import os
import sys
import time

folder = os.path.realpath(sys.argv[1])
rate = int(sys.argv[2]) if len(sys.argv) > 2 else 0


class Seed(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, *args):
        super().__init__(*args, directory=folder)

    def log_message(self, *args):
        pass

    def span(self, size):
        """The first and last byte asked for; None: all of it."""
        said = self.headers.get("Range", "")
        if not said.startswith("bytes=") or "," in said:
            return None
        first, _, last = said[6:].partition("-")
        if not first:
            return max(0, size - int(last)), size - 1
        return int(first), min(int(last) if last else size - 1, size - 1)

    def do_GET(self):
        path = self.translate_path(self.path)
        if not os.path.isfile(path):
            self.send_error(404)
            return
        size = os.path.getsize(path)
        span = self.span(size)
        first, last = span or (0, size - 1)
        if first > last and size:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{size}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if span else 200)
        if span:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", f'"{size}-{int(os.path.getmtime(path))}"')
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        if self.command == "GET":
            self.pour(path, first, last + 1)

    do_HEAD = do_GET

    def pour(self, path, at, end):
        with open(path, "rb") as file:
            file.seek(at)
            while at < end:
                part = file.read(min(end - at, max(1, rate // 10) if rate else 1 << 16))
                self.wfile.write(part)
                at += len(part)
                if rate:
                    time.sleep(len(part) / rate)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Seed)
print(server.server_port, flush=True)
server.serve_forever()
