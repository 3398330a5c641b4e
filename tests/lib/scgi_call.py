#!/usr/bin/env python3
"""scgi_call.py SOCKET METHOD [ARG]...: one XML-RPC call to an rTorrent, for what no driver does; prints what it says. Digits are a number."""
import socket
import sys
import xmlrpc.client

path, method, *args = sys.argv[1:]
body = xmlrpc.client.dumps(tuple(int(a) if a.isdigit() else a for a in args), method).encode()
head = b"CONTENT_LENGTH\0%d\0SCGI\x001\0" % len(body)
with socket.socket(socket.AF_UNIX) as to:
    to.connect(path)
    to.sendall(b"%d:%s,%s" % (len(head), head, body))
    answer = b"".join(iter(lambda: to.recv(65536), b""))
print(xmlrpc.client.loads(answer.partition(b"\r\n\r\n")[2])[0][0])
