#!/usr/bin/env python3
"""torrent_v2.py FILE TORRENT BOTH: writes a torrent of version 2 of a file of 16 KiB at most, BOTH 1: of version 1, too.
Prints its hash of version 2."""
import hashlib
import os
import sys

with open(sys.argv[1], "rb") as file:
    data = file.read()
both = sys.argv[3] == "1"
name = os.path.basename(sys.argv[1]).encode()
named = b"%d:%s" % (len(name), name)
root = hashlib.sha256(data).digest()
info = b"d9:file treed%sd0:d6:lengthi%de11:pieces root32:%seee" % (named, len(data), root)
if both:
    info += b"6:lengthi%de" % len(data)
info += b"12:meta versioni2e4:name%s12:piece lengthi16384e" % named
if both:
    info += b"6:pieces20:" + hashlib.sha1(data).digest()
info += b"e"
with open(sys.argv[2], "wb") as out:
    out.write(b"d8:announce23:http://127.0.0.1:1/none4:info%s12:piece layersdee" % info)
print(hashlib.sha256(info).hexdigest())
