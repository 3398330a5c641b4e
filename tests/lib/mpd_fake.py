#!/usr/bin/env python3
"""mpd_fake.py FOLDER: speaks like MPD on a free port of 127.0.0.1, and answers what it is told to: to a command what the file
FOLDER/COMMAND holds, else "OK"; it greets with FOLDER/greeting, if there is one, and says nothing while there is FOLDER/deaf.
What it was told is in FOLDER/asked, line by line. Prints its port."""
import os
import socketserver
import sys
import time

folder = os.path.realpath(sys.argv[1])


def held(name, otherwise):
    path = f"{folder}/{name}"
    if not os.path.exists(path):
        return otherwise
    with open(path, "rb") as file:
        return file.read()


class Fake(socketserver.StreamRequestHandler):
    def say(self, what):
        while os.path.exists(f"{folder}/deaf"):
            time.sleep(0.02)
        self.wfile.write(what)

    def handle(self):
        try:
            self.say(held("greeting", b"OK MPD 0.23.5\n"))
            for line in self.rfile:
                with open(f"{folder}/asked", "ab") as asked:
                    asked.write(line)
                name = line.split()[0].decode() if line.split() else "nothing"
                self.say(held(name, b"OK\n"))
        except ConnectionError:
            pass


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


with Server(("127.0.0.1", 0), Fake) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
