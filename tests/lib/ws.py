"""A WebSocket client in a few lines, for tests: no library, nothing but what RFC 6455 needs."""
import base64
import json
import os
import socket
import ssl
import struct
import time

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Closed(Exception):
    """The server has ended it: code, reason."""

    def __init__(self, code, reason=""):
        super().__init__(code, reason)
        self.code, self.reason = code, reason


class Socket:
    """host:port, token; path: of the WebSocket. early: sent in one piece with the handshake. tls: whoever answers is believed;
    the server is called name."""

    def __init__(self, address, token, path="/api/v1/ws", buffer=0, early=b"", headers="", tls=False, name=None):
        host, port = address.rsplit(":", 1)
        self.sock = socket.socket()
        if buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.sock.settimeout(60)
        self.sock.connect((host, int(port)))
        if tls:
            self.sock = ssl._create_unverified_context().wrap_socket(self.sock)
        self.rest, self.code = b"", None
        bearer = f"Authorization: Bearer {token}\r\n" if token else ""
        key = base64.b64encode(os.urandom(16)).decode()
        self.sock.sendall(
            (
                f"GET {path} HTTP/1.1\r\nHost: {name or address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{bearer}{headers}\r\n"
            ).encode()
            + early
        )
        while b"\r\n\r\n" not in self.rest:
            self._more()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        self.status = int(head.split()[1])
        if self.status != 101:
            raise Closed(self.status, head.decode())

    def _more(self):
        piece = self.sock.recv(65536)
        if not piece:
            raise Closed(1006, "the connection broke")
        self.rest += piece

    def _take(self, n):
        while len(self.rest) < n:
            self._more()
        piece, self.rest = self.rest[:n], self.rest[n:]
        return piece

    def frame(self, opcode, data, masked=True, fin=True):
        """Sends one frame, well made or not."""
        self.sock.sendall(pack(opcode, data, masked, fin))

    def say(self, **message):
        self.frame(TEXT, json.dumps(message).encode())

    def hear(self, seconds=90):
        """The next message; pings are answered. Raises Closed, or TimeoutError."""
        until = time.monotonic() + seconds
        while True:
            self.sock.settimeout(max(0.01, until - time.monotonic()))
            first, second = self._take(2)
            n = second & 127
            if n == 126:
                n = struct.unpack("!H", self._take(2))[0]
            elif n == 127:
                n = struct.unpack("!Q", self._take(8))[0]
            data = self._take(n)
            if first & 15 == TEXT:
                return json.loads(data)
            if first & 15 == PING:
                self.frame(PONG, data)
            if first & 15 == CLOSE:
                raise Closed(struct.unpack("!H", data[:2])[0] if n >= 2 else 1005, data[2:].decode())

    def hear_until(self, wanted, seconds=90):
        """All up to the first that wanted() likes; that one is the last."""
        until, heard = time.monotonic() + seconds, []
        while not heard or not wanted(heard[-1]):
            heard.append(self.hear(until - time.monotonic()))
        return heard

    def subscribe(self, *topics, **more):
        """Says so and returns what came up to the answer."""
        self.say(type="subscribe", topics=list(topics), **more)
        return self.hear_until(lambda m: m["type"] == "subscribed")

    def ended(self, seconds=90):
        """How the server ends it: whatever it says before is thrown away."""
        try:
            self.hear_until(lambda m: False, seconds)
        except Closed as e:
            return e.code
        except OSError:
            return 1006

    def close(self, code=1000):
        try:
            self.frame(CLOSE, struct.pack("!H", code))
        except OSError:
            pass
        self.sock.close()

    def drop(self):
        """Gone without a word."""
        self.sock.close()


def pack(opcode, data, masked=True, fin=True):
    mask = os.urandom(4) if masked else b""
    n, bit = len(data), 128 if masked else 0
    head = bytes([(128 if fin else 0) | opcode])
    if n < 126:
        head += bytes([bit | n])
    elif n < 65536:
        head += bytes([bit | 126]) + struct.pack("!H", n)
    else:
        head += bytes([bit | 127]) + struct.pack("!Q", n)
    if masked:
        data = bytes(b ^ mask[i % 4] for i, b in enumerate(data))
    return head + mask + data
