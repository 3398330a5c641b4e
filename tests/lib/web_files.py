#!/usr/bin/env python3
"""web_files.py FOLDER: an HTTP server on a free port of 127.0.0.1 that gives the files of FOLDER with ETag and ranges, and behaves
as the first part of the path says. Prints its port. What it was asked is a line each in FOLDER/asked: path, Range, status, bytes
that were sent; it is there before whoever asked can have all of the answer.

    /plain/F        as it should be           /gate/F     the first half, then not before FOLDER/open is there
    /cut/F          half, the first time      /whole/F    likewise, and ranges are not known
    /stubborn/F     likewise, and If-Range is not known
    /busy/F         503 the first time        /named/F?H  with H as its Content-Disposition
    /to/F?URL       a redirect                 /list/         a page that lists a folder
    /login/F        a page that asks for a login, and 200"""
import hashlib
import http.server
import json
import os
import select
import socket
import sys
import time
import urllib.parse

folder = os.path.realpath(sys.argv[1])
seen = set()


class Files(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    sent = 0
    status = 0
    noted = False

    def log_message(self, *args):
        pass

    def do_GET(self):
        path, _, query = self.path.partition("?")
        _, how, name = path.split("/", 2)
        again = (how, name) in seen
        seen.add((how, name))
        self.sent, self.noted = 0, False
        try:
            self.give(how, os.path.join(folder, urllib.parse.unquote(name)), urllib.parse.unquote(query), again)
        except OSError:
            self.close_connection = True
        self.note()

    def note(self):
        if not self.noted:
            self.noted = True
            path = self.path.partition("?")[0]
            with open(f"{folder}/asked", "a", encoding="utf-8") as asked:
                asked.write(json.dumps({"path": path, "range": self.headers.get("Range"), "status": self.status, "sent": self.sent}) + "\n")

    def say(self, status, *headers):
        self.status = status
        self.send_response(status)
        for header in headers:
            self.send_header(*header)
        if ("Content-Length", "0") in headers:
            self.note()
        self.end_headers()

    def give(self, how, file, query, again):
        if how == "to":
            return self.say(302, ("Location", query), ("Content-Length", "0"))
        if how == "busy" and not again:
            return self.say(503, ("Retry-After", "0"), ("Content-Length", "0"))
        if how == "list":
            self.say(200, ("Content-Type", "text/html; charset=utf-8"), ("Content-Length", "9"))
            return self.pour(b"<a>f</a>\n", True)
        if how == "login":
            self.say(200, ("Content-Type", "text/html"), ("Content-Length", "14"))
            return self.pour(b"Please sign in", True)
        if not os.path.isfile(file):
            return self.say(404, ("Content-Length", "0"))
        with open(file, "rb") as f:
            data = f.read()
        etag = f'"{hashlib.md5(data).hexdigest()}"'
        first = self.first(how, etag)
        if first >= len(data) > 0:
            return self.say(416, ("Content-Range", f"bytes */{len(data)}"), ("ETag", etag), ("Content-Length", "0"))
        self.say(206 if first else 200, ("ETag", etag), ("Content-Length", str(len(data) - first)),
                 *([("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")] if first else []),
                 *([("Content-Disposition", query)] if how == "named" else []))
        half = len(data) // 2
        if how == "gate":
            self.pour(data[first:half])
            return self.opened() and self.pour(data[max(first, half):], True)
        if how in ("cut", "whole", "stubborn") and not again:
            self.close_connection = True
            return self.pour(data[first:half])
        return self.pour(data[first:], True)

    def first(self, how, etag):
        said = self.headers.get("Range", "")
        if how == "whole" or not said.startswith("bytes=") or not said.endswith("-"):
            return 0
        return int(said[6:-1]) if how == "stubborn" or self.headers.get("If-Range", etag) == etag else 0

    def pour(self, data, is_last=False):
        for at in range(0, len(data), 1 << 16):
            part = data[at:at + (1 << 16)]
            if is_last and at + len(part) == len(data):
                self.sent += len(part)
                self.note()
                self.connection.sendall(part)
            else:
                self.connection.sendall(part)
                self.sent += len(part)

    def opened(self):
        while not os.path.exists(f"{folder}/open"):
            if select.select([self.connection], [], [], 0)[0] and not self.connection.recv(1, socket.MSG_PEEK):
                return False
            time.sleep(0.02)
        return True


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
print(server.server_port, flush=True)
server.serve_forever()
