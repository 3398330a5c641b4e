#!/usr/bin/env python3
"""target_fake.py FOLDER: on a free port of 127.0.0.1 a Stash, Jellyfin, Emby, Plex, Audiobookshelf, Navidrome, Kodi and a webhook
in one, with answers of the shapes that those give. Prints its port. The key is sesame/9+, the user ann.

FOLDER/state	what they are at, JSON; changed by what they are asked, and by the test
FOLDER/fault	PART STATUS BODY: what a request is answered whose path, query or body has that part in it; STATUS hang: nothing,
		while the file is there
FOLDER/asked	a line of JSON for each request
"""
import base64
import hashlib
import http.server
import json
import os
import re
import sys
import threading
import time
import urllib.parse

folder = os.path.realpath(sys.argv[1])
KEY, USER = "sesame/9+", "ann"
lock = threading.Lock()

# What a Stash of 0.27 knows: anything else in a query is an error.
STASH_WORDS = set("""query mutation version configuration general stashes path defaults scan input settings __type name
    inputFields fields ScanMetadataInput ScanMetadataOptions rescan scanGenerateCovers scanGeneratePreviews metadataScan id ID
    findJob status progress subTasks error stopJob job_id""".split())


def load():
    with open(f"{folder}/state", encoding="utf-8") as file:
        return json.load(file)


def save(state):
    with open(f"{folder}/state.new", "w", encoding="utf-8") as file:
        json.dump(state, file)
    os.replace(f"{folder}/state.new", f"{folder}/state")


def fault(text):
    if not os.path.exists(f"{folder}/fault"):
        return None
    with open(f"{folder}/fault", encoding="utf-8") as file:
        part, status, body = (file.read().rstrip("\n").split(" ", 2) + ["", ""])[:3]
    return (status, body) if part in text else None


class Answer(Exception):
    """Ends a request with a status and a body."""


def stash(ask):
    if ask.headers.get("ApiKey") != KEY:
        raise Answer(401, "")
    said = json.loads(ask.body)
    query, given = said["query"], said["variables"]
    strange = set(re.findall(r"[A-Za-z_]+", re.sub(r'"|\$|!', " ", query))) - STASH_WORDS
    if strange:
        message = f'Cannot query field "{min(strange)}" on type "Query".'
        raise Answer(422, {"errors": [{"message": message, "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}}], "data": None})
    state = load()
    if "__type" in query:
        names = [{"name": name} for name in ("rescan", "scanGenerateCovers", "scanGeneratePreviews")]
        return {"data": {"input": {"inputFields": [{"name": "paths"}, {"name": "filter"}] + names}, "settings": {"fields": names}}}
    if "metadataScan" in query:
        return {"data": {"metadataScan": "7"}}
    if "stopJob" in query:
        return {"data": {"stopJob": True}}
    if "findJob" in query:
        return {"data": {"findJob": state["stash_job"] if given["id"] == "7" else None}}
    configuration = {"general": {"stashes": [{"path": "/data/films"}, {"path": "/data/more/"}]}}
    if "defaults" in query:
        configuration["defaults"] = {"scan": state["stash_scan"]}
    answer = {"configuration": configuration}
    if "version{" in query:
        answer["version"] = {"version": "v0.27.2"}
    return {"data": answer}


def jellyfin(ask):
    state = load()
    emby = state["emby"]
    key = ask.headers.get("X-Emby-Token") if emby else ask.headers.get("Authorization")
    if key != (KEY if emby else f'MediaBrowser Token="{KEY}"'):
        raise Answer(401, "")
    task = state["task"]
    path = ask.path.strip("/")
    if path == "System/Info":
        info = {"ServerName": "box", "Version": "4.8.10.0" if emby else "10.10.3", "Id": "a1"}
        return info if emby else {"ProductName": "Jellyfin Server", **info}
    if path == "Library/PhysicalPaths":
        return ["/media/films", "/media/shows"]
    if path == "Library/Media/Updated" and ask.command == "POST":
        if not all(set(one) == {"Path", "UpdateType"} for one in json.loads(ask.body)["Updates"]):
            raise Answer(400, "")
        raise Answer(204, "")
    if path == "Library/Refresh" and ask.command == "POST":
        task["State"] = "Running"
        save(state)
        raise Answer(204, "")
    if path == "ScheduledTasks":
        return [{"Name": "Clean", "Key": "DeleteLogFiles", "Id": "00ff", "State": "Idle"}, task]
    if path == "ScheduledTasks/" + task["Id"]:
        return task
    if path == "ScheduledTasks/Running/" + task["Id"] and ask.command == "DELETE":
        raise Answer(204, "")
    raise Answer(404, "")


def plex(ask):
    if ask.headers.get("X-Plex-Token") != KEY:
        raise Answer(401, "<html><head><title>Unauthorized</title></head></html>")
    state = load()
    if ask.path == "/":
        return {"MediaContainer": {"size": 2, "friendlyName": "box", "version": "1.40.4.8679-424562606"}}
    found = re.fullmatch("/library/sections/([0-9]+)/refresh", ask.path)
    if found:
        if ask.command == "GET":
            state["refreshing"].append(found[1])
        elif found[1] in state["refreshing"]:
            state["refreshing"].remove(found[1])
        save(state)
        raise Answer(200, "")
    if ask.path != "/library/sections":
        raise Answer(404, "<html><head><title>Not Found</title></head></html>")
    sections = [("1", "Films", ["/media/films", "/media/more films"]), ("2", "Shows", ["/media/shows"]), ("3", "All", ["/media"])]
    return {"MediaContainer": {"size": 3, "allowSync": False, "title1": "Plex Library", "Directory": [
        {"key": key, "type": "movie", "title": title, "refreshing": key in state["refreshing"],
         "Location": [{"id": i, "path": path} for i, path in enumerate(paths)]} for key, title, paths in sections]}}


def audiobookshelf(ask):
    if ask.headers.get("Authorization") != "Bearer " + KEY:
        raise Answer(401, "Unauthorized")
    state = load()
    if ask.path == "/api/authorize" and ask.command == "POST":
        return {"user": {"id": "u1", "username": "root", "type": state["abs_type"]}, "serverSettings": {"version": "2.17.5"}}
    if ask.path == "/api/libraries":
        return {"libraries": [{"id": f"lib-{n}", "name": name, "folders": [{"id": f"fol-{n}", "fullPath": path}], "mediaType": "book"}
                              for n, name, path in ((1, "Books", "/books"), (2, "Talks", "/talks"))]}
    if ask.path == "/api/tasks":
        return {"tasks": state["tasks"]}
    if re.fullmatch("/api/libraries/lib-[12]/scan", ask.path) and ask.command == "POST":
        raise Answer(200, "OK")
    raise Answer(404, "Not Found")


def subsonic(ask):
    state = load()
    said = dict(urllib.parse.parse_qsl(ask.body, keep_blank_values=True))
    answer = {"version": state["subsonic_version"], "type": "navidrome", "serverVersion": "0.59.0", "openSubsonic": True}

    def failed(code, message):
        return {"subsonic-response": {"status": "failed", **answer, "error": {"code": code, "message": message}}}

    if ask.query or ask.command != "POST" or said.get("f") != "json" or not said.get("c"):
        return failed(10, "missing parameter")
    if "u" in said and (said["u"] != USER or said["t"] != hashlib.md5((KEY + said["s"]).encode()).hexdigest()):
        return failed(40, "Wrong username or password")
    if "u" not in said and said.get("apiKey") != KEY:
        return failed(44, "Invalid API key: " + said.get("apiKey", ""))
    verb = ask.path.rsplit("/", 1)[1]
    if verb == "startScan":
        if not state["subsonic_admin"]:
            return failed(50, "User is not authorized for the given operation")
        state["scanning"] = True
        save(state)
    elif verb not in ("ping", "getScanStatus"):
        return failed(0, "unknown")
    if verb != "ping":
        answer["scanStatus"] = {"scanning": state["scanning"], "count": 42, "folderCount": 3, "error": state["scan_error"]}
    return {"subsonic-response": {"status": "ok", **answer}}


def kodi(ask):
    if ask.headers.get("Authorization") != "Basic " + base64.b64encode(f"{USER}:{KEY}".encode()).decode():
        raise Answer(401, "")
    state = load()
    said = json.loads(ask.body)
    method, given = said["method"], said["params"]
    sources = {
        "video": [{"file": "/media/films/", "label": "Films"}, {"file": "multipath://%2fmedia%2fshows%2f/%2fmnt%2fa%20b%2f/", "label": "Shows"}],
        "music": [{"file": "/media/music/", "label": "Music"}]}
    if method == "Application.GetProperties":
        result = {"version": {"major": 20, "minor": 1, "revision": "x", "tag": "stable"}}
    elif method == "Files.GetSources":
        result = {"limits": {"end": 2, "start": 0, "total": 2}, "sources": sources[given["media"]]}
    elif method == "XBMC.GetInfoBooleans":
        result = {name: name in state["kodi"] for name in given["booleans"]}
    elif method in ("VideoLibrary.Scan", "AudioLibrary.Scan") and given.get("showdialogs") is False:
        name = "Library.IsScanning" + {"V": "Video", "A": "Music"}[method[0]]
        state["kodi"] = [one for one in state["kodi"] if one != name] if name in state["kodi"] else state["kodi"] + [name]
        save(state)
        result = "OK"
    else:
        return {"error": {"code": -32601, "message": "Method not found."}, "id": 1, "jsonrpc": "2.0"}
    return {"id": said["id"], "jsonrpc": "2.0", "result": result}


ROUTES = (("/graphql", stash), ("/library/", plex), ("/api/", audiobookshelf), ("/rest/", subsonic), ("/jsonrpc", kodi), ("/hook", lambda ask: {}),
          ("/System/", jellyfin), ("/Library/", jellyfin), ("/ScheduledTasks", jellyfin))


class Fake(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def note(self):
        with lock, open(f"{folder}/asked", "a", encoding="utf-8") as asked:
            json.dump({"method": self.command, "path": self.path, "query": self.query, "body": self.body,
                       "headers": {name.lower(): value for name, value in self.headers.items()}}, asked)
            asked.write("\n")

    def answer(self):
        wrong = fault(f"{self.path} {self.query} {self.body}")
        if wrong and wrong[0] == "hang":
            while os.path.exists(f"{folder}/fault"):
                time.sleep(0.02)
            wrong = None
        if wrong:
            raise Answer(int(wrong[0]), wrong[1])
        for prefix, serve in ROUTES:
            if self.path.startswith(prefix):
                return serve(self)
        if self.path == "/":
            return plex(self)
        raise Answer(404, "")

    def serve(self):
        whole = urllib.parse.urlsplit(self.path)
        self.path, self.query = whole.path, whole.query
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.note()
        status, body = 200, None
        try:
            body = self.answer()
        except Answer as said:
            status, body = said.args
        text = (body if isinstance(body, str) else json.dumps(body)).encode()
        try:
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "https://elsewhere/")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
        except ConnectionError:
            pass

    do_GET = do_POST = do_DELETE = serve


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Fake)
server.daemon_threads = True
print(server.server_port, flush=True)
server.serve_forever()
