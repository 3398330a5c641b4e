#!/usr/bin/env python3
"""client_fake.py TRANSFERS PERCENT: a qBittorrent on a free port of 127.0.0.1 that holds so many transfers, of which so many
percent get on by two percent from one listing to the next. It tells everything to who asks first, and then what has changed.
Prints its port, then the instant at which each listing was asked for. Texts are made ahead, so that little of the time is its
own."""
import http.server
import sys
import time
import urllib.parse

count, share = int(sys.argv[1]), float(sys.argv[2])
changed = max(1, int(count * share / 100))
progress = [0.0] * count
texts = [b""] * count
rid = 0


def name(n):
    return f"{n:040x}"


def moving(n):
    """What changes while it gets on, as members of an object."""
    return f'"progress":{progress[n]:.3f},"amount_left":{int(4e9 * (1 - progress[n]))}'


def write(n):
    texts[n] = (
        f'"infohash_v1":"{name(n)}","infohash_v2":"","name":"Some release of the year {n} [2160p]","state":"downloading",'
        f'{moving(n)},"size":4000000000,"total_size":4000000000,"dlspeed":100000,"upspeed":2000,'
        f'"eta":3600,"num_seeds":12,"num_leechs":3,"ratio":0.5,"seeding_time":0,"save_path":"/downloads","content_path":"/downloads/release {n}",'
        f'"category":"tow","tags":"tow-{n}, other","added_on":1700000000,"completion_on":0,"availability":3.5,"tracker":"http://tracker/{n}",'
        f'"magnet_uri":"magnet:?xt=urn:btih:{name(n)}&dn=Some+release","priority":{n},"max_ratio":-1,"time_active":100'
    ).encode()


def one(n):
    return b'[{"hash":"%s",%s}]' % (name(n).encode(), texts[n])


def listing(known):
    """The next few get on. Who knows the last answer is told of those alone."""
    global rid
    moved = [n % count for n in range(rid * changed, (rid + 1) * changed)]
    for n in moved:
        progress[n] = (progress[n] + 0.02) % 0.98
        write(n)
    full = known == 0 or known != rid
    rid += 1
    told = (b'"%s":{%s}' % (name(n).encode(), texts[n] if full else moving(n).encode()) for n in (range(count) if full else moved))
    return b'{"rid":%d,%s"server_state":{"free_space_on_disk":1000000000000,"use_subcategories":false},"torrents":{%s}}' % (
        rid,
        b'"full_update":true,' if full else b"",
        b",".join(told),
    )


class Fake(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def answer(self):
        asked = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(asked.query)
        if asked.path.endswith("/sync/maindata"):
            print(time.time(), flush=True)
            return listing(int(query.get("rid", ["0"])[0]))
        if asked.path.endswith("/torrents/info"):
            return one(int(query["hashes"][0], 16))
        return {"version": b"v5.0.1", "webapiVersion": b"2.11.2"}.get(asked.path.rsplit("/", 1)[1], b"Ok.")

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = self.answer()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET


for at in range(count):
    write(at)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Fake)
print(server.server_port, flush=True)
server.serve_forever()
