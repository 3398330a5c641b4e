#!/usr/bin/env python3
"""leading.py FOLDER: an HTTP server on a free port of every address that gives the files of FOLDER, and leads elsewhere. Prints its
port. What it was asked is a line each in FOLDER/asked: the path, and the bytes of an answer that were sent.

    /to/ANY?URL     a redirect
    /wordy/ANY?URL  likewise, with a page that does not end
    /endless/ANY    likewise, and no redirect
    /coded/FILE     the file in gzip, whatever whoever asks can read"""
import gzip
import http.server
import os
import sys
import urllib.parse

folder = os.path.realpath(sys.argv[1])


class Leading(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *args):
        super().__init__(*args, directory=folder)

    def log_message(self, *args):
        pass

    def note(self, how, sent):
        with open(f"{folder}/asked", "a", encoding="utf-8") as asked:
            asked.write(f"{how} {sent}\n")

    def do_GET(self):
        path, _, query = self.path.partition("?")
        how, sent = path.split("/")[1], 0
        if how in ("to", "wordy", "endless"):
            self.send_response(200 if how == "endless" else 302)
            if query:
                self.send_header("Location", urllib.parse.unquote(query))
            if how == "to":
                self.send_header("Content-Length", "0")
                self.note(how, 0)  # before whoever asked can go on
            self.end_headers()
            sent = self.pour() if how != "to" else 0
        elif how == "coded":
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            with open(f"{folder}/{os.path.basename(path)}", "rb") as file:
                sent = self.wfile.write(gzip.compress(file.read()))
        else:
            super().do_GET()
        if how != "to":
            self.note(how, sent)

    def pour(self):
        """Until whoever asked has had enough, or it is far too much."""
        sent, part = 0, bytes(1 << 16)
        try:
            while sent < 256 << 20:
                self.connection.sendall(part)
                sent += len(part)
        except OSError:
            self.close_connection = True
        return sent


server = http.server.ThreadingHTTPServer(("", 0), Leading)
print(server.server_port, flush=True)
server.serve_forever()
