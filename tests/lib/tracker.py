#!/usr/bin/env python3
"""tracker.py [SECONDS]: an HTTP tracker on a free port of 127.0.0.1. Prints its port, then "HASH PORT EVENT" for each announcement.
Whoever announces is told of all others that have; who stops waits for that so long."""
import http.server
import struct
import sys
import time
import urllib.parse

goodbye = float(sys.argv[1]) if len(sys.argv) > 1 else 0
peers = {}


class Tracker(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        asked = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query, encoding="latin-1")
        info_hash = asked.get("info_hash", [""])[0].encode("latin-1").hex()
        port = int(asked.get("port", ["0"])[0])
        event = asked.get("event", ["-"])[0]
        known = peers.setdefault(info_hash, set())
        if event == "stopped":
            time.sleep(goodbye)
            known.discard(port)
        else:
            known.add(port)
        others = b"".join(b"\x7f\x00\x00\x01" + struct.pack(">H", p) for p in sorted(known - {port}))
        body = b"d8:intervali2e12:min intervali1e5:peers%d:%se" % (len(others), others)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        print(info_hash, port, event, flush=True)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tracker)
print(server.server_port, flush=True)
server.serve_forever()
