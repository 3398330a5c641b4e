#!/usr/bin/env python3
"""sabnzbd_replay.py KEY: what SABnzbd 4 answers at /api, for a program that cannot run here, with a queue and a history that
are kept. Listens on a free port of 127.0.0.1, and prints it.

POST /replay with an object does to it what time and people do to the real one:
    {"set": {...}}                  the queue's own members, and "warnings" (whether a refusal says why), "categories"
    {"slot": ID, "with": {...}}     a job of the queue, changed
    {"past": ID, "with": {...}}     a job leaves the queue for the history, or is changed there
    {"row": {...}}                  one row more at the top of the history
    {"restart": true}               it is started anew: changes of the history are counted from 1
    {"say": TEXT, "status": N}      to all that is asked; {"say": null} ends that
GET /replay tells what it was asked: a list of forms."""
import email.parser
import email.policy
import http.server
import json
import sys
import time
import urllib.parse

key = sys.argv[1]
jobs = 0
queue, history, asked = [], [], []
changes = 1
state = {"version": "4.5.2", "paused": False, "status": "Idle", "kbpersec": "0.00", "diskspace1": "161.16", "diskspace2": "12.00"}
manners = {"warnings": True, "categories": ["*", "films", "tv"], "say": None, "status": 200}


def updated():
    global changes
    changes += 1


def find(rows, nzo_id):
    return next((row for row in rows if row["nzo_id"] == nzo_id), None)


def new_id():
    global jobs
    jobs += 1
    return f"SABnzbd_nzo_{jobs:06x}"


def enqueue(form, name, size):
    """A category that it does not have is dropped, without a word."""
    cat = form.get("cat", "*")
    job = {
        "index": len(queue), "nzo_id": new_id(), "unpackopts": "3", "priority": "Normal", "script": "None", "filename": name,
        "labels": [], "password": "", "cat": cat if cat in manners["categories"] else "*", "mbleft": "%.2f" % size,
        "mb": "%.2f" % size, "size": "%.1f MB" % size, "sizeleft": "%.1f MB" % size, "percentage": "0", "mbmissing": "0.00",
        "direct_unpack": None, "status": "Paused" if form.get("priority") == "-2" else "Downloading", "timeleft": "0:00:00",
        "avg_age": "2895d", "time_added": int(time.time()),
    }  # fmt: skip
    queue.append(job)
    return job


def past(job):
    """The row of a job that waits to be unpacked."""
    return {
        "completed": int(time.time()), "name": job["filename"], "nzb_name": job["filename"] + ".nzb", "category": job["cat"],
        "pp": "D", "script": "None", "report": "", "url": "", "status": "Queued", "nzo_id": job["nzo_id"], "storage": "",
        "path": "/incomplete/" + job["filename"], "script_line": "", "download_time": 64, "postproc_time": 0, "stage_log": [],
        "downloaded": int(float(job["mb"]) * 1048576), "completeness": None, "fail_message": "", "url_info": "",
        "bytes": int(float(job["mb"]) * 1048576), "meta": None, "series": "", "md5sum": "", "password": None, "action_line": "",
        "size": job["size"], "loaded": False, "retry": False, "archive": False, "time_added": job["time_added"],
    }  # fmt: skip


def narrowed(rows, form, member):
    cats = form.get("cat", form.get("category", ""))
    ids = form.get("nzo_ids", "")
    return [r for r in rows if (not cats or r.get(member) in cats.split(",")) and (not ids or r.get("nzo_id") in ids.split(","))]


def do_queue(form):
    name, value = form.get("name", ""), form.get("value", "")
    if name == "":
        slots = narrowed(queue, form, "cat")
        return {"queue": dict(state, slots=slots, noofslots=len(slots), noofslots_total=len(queue), limit=0, start=0)}
    handled = [job["nzo_id"] for job in queue if value == "all" or job["nzo_id"] in value.split(",")]
    for job in [job for job in queue if job["nzo_id"] in handled]:
        if name == "delete":
            queue.remove(job)
        else:
            job["status"] = {"pause": "Paused", "resume": "Downloading"}[name]
    return {"status": bool(handled), "nzo_ids": handled}


def do_history(form):
    if form.get("name") == "delete":
        history[:] = [row for row in history if row["nzo_id"] not in form.get("value", "").split(",")]
        updated()
        return {"status": True}
    if form.get("last_history_update", "0") == str(changes):
        return {"history": False}
    rows = narrowed(history, form, "category")
    slots = rows[: int(form.get("limit", "0")) or 10]
    return {"history": {"total_size": "14.8 T", "month_size": "412.8 G", "week_size": "40.9 G", "day_size": "14.9 G",
                        "slots": slots, "ppslots": 0, "noofslots": manners.get("noofslots", len(rows)),
                        "last_history_update": changes, "version": state["version"]}}  # fmt: skip


def do_addfile(form):
    filename, data = form.get("name", ("", ""))
    if not filename.endswith(".nzb") or "<nzb" not in data:
        return {"status": False, "nzo_ids": []}
    if any(job.get("data") == data for job in queue):
        return {"status": True, "nzo_ids": []}
    job = enqueue(form, form.get("nzbname", filename[:-4]), 1277.65)
    job["data"] = data
    return {"status": True, "nzo_ids": [job["nzo_id"]]}


def do_addurl(form):
    job = enqueue(form, form.get("nzbname") or "Trying to fetch NZB from " + form["name"], 0)
    job["status"] = "Grabbing"
    return {"status": True, "nzo_ids": [job["nzo_id"]]}


modes = {
    "version": lambda form: {"version": state["version"]},
    "get_cats": lambda form: {"categories": manners["categories"]},
    "queue": do_queue,
    "history": do_history,
    "addfile": do_addfile,
    "addurl": do_addurl,
}


def replay(order):
    global changes
    for name, value in order.get("set", {}).items():
        (manners if name in ("warnings", "categories", "noofslots") else state)[name] = value
    if "slot" in order:
        find(queue, order["slot"]).update(order["with"])
    if "past" in order:
        job = find(queue, order["past"])
        if job:
            queue.remove(job)
            history.insert(0, past(job))
        find(history, order["past"]).update(order["with"])
        updated()
    if "row" in order:
        history.insert(0, order["row"])
        updated()
    if "restart" in order:
        changes = 1
    if "say" in order:
        manners.update(say=order["say"], status=order.get("status", 200))


class Api(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, text, kind="application/json"):
        body = text.encode("utf-8", "surrogateescape")
        self.send_response(status)
        self.send_header("Content-Type", kind + ";charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def form(self, body):
        kind = self.headers.get("Content-Type", "")
        fields = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        if not kind.startswith("multipart/"):
            return dict(fields, **dict(urllib.parse.parse_qsl(body.decode())))
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
        for part in message.iter_parts():
            text = part.get_payload(decode=True).decode("utf-8", "replace")
            name = part.get_param("name", header="content-disposition")
            fields[name] = (part.get_filename(), text) if part.get_filename() else text
        return fields

    def api(self, body):
        form = self.form(body)
        asked.append(dict(form, query=urllib.parse.urlsplit(self.path).query))
        if manners["say"] is not None:
            return self.answer(manners["status"], manners["say"], "text/plain")
        mode = form.get("mode", "")
        if mode != "version" and form.get("apikey") != key:
            text = "API Key Incorrect" if form.get("apikey") else "API Key Required"
            return self.answer(403, text if manners["warnings"] else "", "text/plain")
        if mode not in modes:
            return self.answer(200, json.dumps({"status": False, "error": "not implemented"}))
        return self.answer(200, json.dumps(modes[mode](form)))

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urllib.parse.urlsplit(self.path).path
        if path == "/replay":
            replay(json.loads(body))
            return self.answer(200, "{}")
        if path in ("/api", "/sabnzbd/api"):
            return self.api(body)
        return self.answer(404, "<html>not found</html>", "text/html")

    def do_GET(self):
        if self.path == "/replay":
            return self.answer(200, json.dumps(asked))
        return self.do_POST()


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
print(server.server_port, flush=True)
server.serve_forever()
