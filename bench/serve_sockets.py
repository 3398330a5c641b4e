"""So many WebSockets that listen, until standard input ends: serve_sockets.py HOST:PORT TOKEN N. Says N when all are open, and in
the end how many messages came, and how many of the sockets were still there."""
import os
import resource
import selectors
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tests/lib"))
import ws  # noqa: E402


def main(address, token, n):
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    wait = selectors.DefaultSelector()
    for _ in range(n):
        s = ws.Socket(address, token)
        s.frame(ws.TEXT, b'{"type":"subscribe","topics":["jobs","queues","workers","status"]}')
        wait.register(s.sock, selectors.EVENT_READ)
    wait.register(sys.stdin, selectors.EVENT_READ)
    print(n, flush=True)
    messages = alive = 0
    alive = n
    sockets, alive_at = [key.fileobj for key in wait.get_map().values() if key.fileobj is not sys.stdin], time.monotonic()
    while True:
        if time.monotonic() > alive_at + 20:  # whom the server has not heard for long is let go
            alive_at = time.monotonic()
            for sock in sockets:
                sock.sendall(ws.pack(ws.PONG, b""))
        for key, _ in wait.select(20):
            if key.fileobj is sys.stdin:
                print(messages, alive, flush=True)
                return
            data = key.fileobj.recv(65536)
            messages += data.count(b'"seq"')
            if not data:
                alive -= 1
                sockets.remove(key.fileobj)
                wait.unregister(key.fileobj)


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
