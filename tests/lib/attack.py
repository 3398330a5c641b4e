"""What strangers do to a server on loopback. attack.py URL idle|slow|nonsense|bodies N [TOKEN]: says what became of it.

idle: N connections that say nothing, kept open until a line comes on standard input.
slow: N requests whose head comes byte by byte, for ever; until the server has ended each of them.
bodies: N requests with nobody's token whose bodies of 8 MB lack the last byte, and one with TOKEN's: how that is answered; then the last
    byte of the others, and how they are.
nonsense: N connections with bytes that are no request, or one that means to confuse.
"""
import random
import resource
import select
import socket
import sys
import time
from urllib.parse import urlsplit


def connect(url):
    at = urlsplit(url)
    s = socket.create_connection((at.hostname, at.port), timeout=30)
    s.setblocking(False)
    return s


def is_over(s):
    try:
        return s.recv(65536) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def idle(url, n):
    open_ones = [connect(url) for _ in range(n)]
    print(len(open_ones), flush=True)
    sys.stdin.readline()


def slow(url, n):
    """One byte each half second; a limit on silence alone would wait for ever."""
    open_ones = [connect(url) for _ in range(n)]
    for s in open_ones:
        s.send(b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
    end = time.monotonic() + 120
    while open_ones and time.monotonic() < end:
        select.select(open_ones, [], [], 0.5)
        for s in list(open_ones):
            try:
                s.send(b"x")
                over = is_over(s)
            except OSError:
                over = True
            if over:
                open_ones.remove(s)
    print(f"{len(open_ones)} left")


def begin_body(url, token):
    size = 8 << 20
    s = connect(url)
    s.setblocking(True)
    bearer = f"Authorization: Bearer {token}\r\n" if token else ""
    s.sendall(f"POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{bearer}Content-Length: {size}\r\n\r\n".encode()
              + b" " * (size - 1))
    return s


def end_body(s):
    s.sendall(b" ")
    return s.recv(12)[9:].decode()


def bodies(url, n, token):
    strangers = [begin_body(url, "tow_wrong" if i % 2 else None) for i in range(n)]
    print(end_body(begin_body(url, token)), sorted({end_body(s) for s in strangers}))


NONSENSE = [
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET  /  HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
    b"POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 50\r\n\r\nhello",
    b"POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\nhello",
    b"POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\nhello",
    b"POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx",
    b"POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    b"GET /api/v1/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x05hello",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20000 + b"\r\n",
    b"GET /%00%ff%fe/../..//.%2e HTTP/1.1\r\nHost: localhost\r\nCookie: tow_session=\x80\x81;;;=\r\nAuthorization: Bearer \x01\r\n\r\n",
    b"HEAD /api/v1/jobs/%2e%2e HTTP/1.0\r\n\r\n",
    b"\x00" * 4096,
]


def talk(url, data):
    s = connect(url)
    s.setblocking(True)
    s.settimeout(5)
    try:
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # it has had enough
    return s


def nonsense(url, n):
    dice = random.Random(7)
    talking = []
    for i in range(n):
        data = bytearray(NONSENSE[i % len(NONSENSE)])
        for _ in range(dice.randrange(8) if i >= len(NONSENSE) else 0):
            data[dice.randrange(len(data))] = dice.randrange(256)
        talking.append(talk(url, data))
        if len(talking) == len(NONSENSE):
            select.select(talking, [], [], 0.2)
            for s in talking:
                s.close()
            talking = []
    print(f"{n} done")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    {"idle": idle, "slow": slow, "nonsense": nonsense, "bodies": bodies}[sys.argv[2]](sys.argv[1], int(sys.argv[3]), *sys.argv[4:])
