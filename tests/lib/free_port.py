#!/usr/bin/env python3
"""A port of 127.0.0.1 that nobody listens at: none of those that the kernel gives to whoever asks for any, or another had it by the
time it is used. Nor one that browsers refuse."""
import random
import socket

while True:
    port = random.randrange(11000, 32768)
    try:
        with socket.socket() as s:
            s.bind(("127.0.0.1", port))
        break
    except OSError:
        continue
print(port)
