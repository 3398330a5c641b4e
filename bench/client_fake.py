#!/usr/bin/env python3
"""client_fake.py TRANSFERS PERCENT: a qBittorrent on a free port of 127.0.0.1 that holds so many transfers, of which so many
percent get on by two percent from one listing to the next. Prints its port, then the instant at which each listing was
asked for. Texts are made ahead, so that little of the time is its own."""
import http.server
import sys
import time
import urllib.parse

count, share = int(sys.argv[1]), float(sys.argv[2])
changed = max(1, int(count * share / 100))
progress = [0.0] * count
texts = [b""] * count
turn = 0


def name(n):
    return f"{n:040x}"


def write(n):
    done = progress[n]
    texts[n] = (
        f'{{"hash":"{name(n)}","infohash_v1":"{name(n)}","infohash_v2":"","name":"Some release of the year {n} [2160p]","state":"downloading",'
        f'"progress":{done:.3f},"size":4000000000,"total_size":4000000000,"amount_left":{int(4e9 * (1 - done))},"dlspeed":100000,"upspeed":2000,'
        f'"eta":3600,"num_seeds":12,"num_leechs":3,"ratio":0.5,"seeding_time":0,"save_path":"/downloads","content_path":"/downloads/release {n}",'
        f'"category":"tow","tags":"tow-{n}, other","added_on":1700000000,"completion_on":0,"availability":3.5,"tracker":"http://tracker/{n}",'
        f'"magnet_uri":"magnet:?xt=urn:btih:{name(n)}&dn=Some+release","priority":{n},"max_ratio":-1,"time_active":100}}'
    ).encode()


def listing():
    """All of them, the next few of which have got on."""
    global turn
    for n in range(turn * changed, (turn + 1) * changed):
        progress[n % count] = (progress[n % count] + 0.02) % 0.98
        write(n % count)
    turn += 1
    return b"[" + b",".join(texts) + b"]"


class Fake(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def answer(self):
        asked = urllib.parse.urlsplit(self.path)
        if asked.path.endswith("/torrents/info"):
            one = urllib.parse.parse_qs(asked.query).get("hashes")
            if one:
                return b"[" + texts[int(one[0], 16)] + b"]"
            print(time.time(), flush=True)
            return listing()
        return {"version": b"v4.5.2", "webapiVersion": b"2.8.19"}.get(asked.path.rsplit("/", 1)[1], b"Ok.")

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
