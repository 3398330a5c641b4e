#!/usr/bin/env python3
"""smtp_sink.py FOLDER: an SMTP server on a free port of 127.0.0.1 that keeps what it is given: a line of JSON each in FOLDER/mails
with the login, the envelope, and the text as it came over the wire. FOLDER/fault: VERB ANSWER, what a command is answered
that begins so, while the file is there. Prints its port."""
import asyncio
import base64
import json
import os
import sys

folder = os.path.realpath(sys.argv[1])


def fault(line):
    if os.path.exists(f"{folder}/fault"):
        with open(f"{folder}/fault", encoding="utf-8") as file:
            verb, _, answer = file.read().strip().partition(" ")
        return answer if line.upper().startswith(verb) else None


async def serve(reader, writer):
    def say(line):
        writer.write(line.encode() + b"\r\n")

    mail = {"login": None, "to": []}
    say("220 sink")
    while raw := await reader.readline():
        line = raw.decode().rstrip("\r\n")
        verb = line.split(" ")[0].upper()
        if answer := fault(line):
            say(answer)
        elif verb == "EHLO":
            say("250-sink\r\n250 AUTH PLAIN")
        elif verb == "AUTH":
            text = line.split(" ")[2:] or None
            if not text:
                say("334 ")
                text = [(await reader.readline()).decode().strip()]
            mail["login"] = base64.b64decode(text[0]).decode().replace("\0", "/")
            say("235 yes")
        elif verb == "MAIL":
            mail["from"] = line
            say("250 yes")
        elif verb == "RCPT":
            mail["to"].append(line)
            say("250 yes")
        elif verb == "DATA":
            say("354 go on")
            mail["wire"] = (await reader.readuntil(b"\r\n.\r\n")).decode("latin-1")
            with open(f"{folder}/mails", "a", encoding="utf-8") as file:
                file.write(json.dumps(mail) + "\n")
            say("250 taken")
        elif verb == "QUIT":
            say("221 bye")
            break
        else:
            say("502 what")
        await writer.drain()
    writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
