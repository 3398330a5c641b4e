"""What tests/e2e/ws.sh tries: ws_cases.py CASE ADDRESS TOKEN DATABASE. A case that fails says where."""
import subprocess
import sys
import time

from ws import BINARY, TEXT, Closed, Socket, pack

address = token = database = None
DOWNLOADS = ("downloads",)


def sql(text):
    """What it gives, as text; functions of the queue and of downloads do what people would."""
    done = subprocess.run(
        ["psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", text], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def guest(*topics, **more):
    secret = more.pop("token", token)
    for _ in range(100):
        try:
            s = Socket(address, secret, **more)
            break
        except Closed as e:  # who speaks HTTP has just found out that its database has gone
            assert e.code == 503, e
            time.sleep(0.1)
    s.hello = s.hear()
    assert s.hello["type"] == "hello", s.hello
    if topics:
        s.subscribe(*topics)
    return s


def is_of(download, state):
    return lambda m: m["type"] == "state_change" and str(m["download_id"]) == str(download) and m["new_state"] == state


def asks(job):
    return lambda m: m["type"] == "needs_approval" and str(m["job_id"]) == str(job)


def grab():
    return sql("select haul.grab('magnet:?xt=urn:btih:' || md5(random()::text) || '00000000', library => 'main')")


def refused():
    try:
        Socket(address, "tow_nonsense")
        raise AssertionError("a stranger came in")
    except Closed as e:
        assert e.code == 401, e.code


def nonsense():
    s = guest()
    for said, code in [
        (b"{", "bad_json"),
        (b"[]", "bad_type"),
        (b'{"type": "shout"}', "bad_type"),
        (b'{"type": "subscribe"}', "bad_topics"),
        (b'{"type": "subscribe", "topics": [1]}', "bad_topics"),
        (b'{"type": "subscribe", "topics": [""]}', "bad_topics"),
        (b'{"type": "subscribe", "topics": ["a\\u0000b"]}', "bad_json"),
        (b'{"type": "unsubscribe", "topics": "all"}', "bad_topics"),
    ]:
        s.frame(TEXT, said)
        answer = s.hear()
        assert (answer["type"], answer["code"]) == ("error", code), (said, answer)
    s.frame(TEXT, b"x")
    s.hear()
    for _ in range(3):
        s.frame(TEXT, b"x")
    assert s.ended() == 1008, "whoever says nothing else is let go"
    s = guest()
    for _ in range(12):
        s.frame(TEXT, b"x")
        assert s.hear()["code"] == "bad_json"
        s.subscribe("jobs")
    s.close()
    s = guest()
    for since, epoch in [("x", "y"), (1, 3), (-1, "y")]:
        s.say(type="subscribe", topics=["jobs"], since=since, epoch=epoch)
        assert s.hear()["code"] == "bad_type", "a place that is none"
    s.say(type="subscribe", topics=[f"job:{i}" for i in range(1, 502)])
    assert s.hear()["code"] == "too_many_topics"
    s.subscribe(*[f"job:{i}" for i in range(1, 501)])
    s.say(type="subscribe", topics=["job:501"])
    last = s.hear_until(lambda m: m["type"] != "gone")[-1]
    assert last["code"] == "too_many_topics", "nor little by little"
    s.close()


def share():
    """One token, and who signed in with it, may have so much; another has its own; who is gone leaves room."""
    other = sql("select tow.add_token('neighbour')")
    session = sql(f"select secret from tow.sign_in(encode(sha256('{token}'), 'hex'))")
    guests = [guest(), guest(token=session), guest(), guest(token=other)]
    heard = []
    for i, s in enumerate(guests):
        s.say(type="subscribe", topics=[f"job:{1000 * i + n}" for n in range(1, 401)])
        heard.append(s.hear())
    assert [m["type"] for m in heard] == ["subscribed", "subscribed", "error", "subscribed"], heard
    assert heard[2]["code"] == "too_many_topics" and guests[2].hear()["topics"] == 200
    for s in guests:
        s.drop()
    for i in range(12):  # what lingers of those who have gone keeps nobody out
        s = guest()
        s.say(type="subscribe", topics=[f"job:{10000 * i + n}" for n in range(1, 501)])
        s.hear_until(lambda m: m["type"] == "subscribed" and m["topics"] == 500)
        s.drop()
    sql("select tow.drop_token('neighbour')")


def crowd_from_here():
    """One address may have five; one that goes leaves room."""
    guests = [guest("queues") for _ in range(5)]
    many = Socket(address, token)
    assert many.ended() == 1013
    guests.pop().close()
    for _ in range(600):
        s = Socket(address, token)
        try:
            s.hear()
            return
        except Closed as e:
            assert e.code == 1013, e
        time.sleep(0.1)
    raise AssertionError("there is no room again")


def unknown():
    """A topic that is none is named, with those that there are: of these each feed says something."""
    s = guest()
    for topic in ("nonsense", "queue", "queue:", "statu:x", "status:x", "job;1", "jobs:1", "job:abc", "download:0"):
        s.say(type="subscribe", topics=["queues", topic])
        answer = s.hear()
        assert answer["code"] == "unknown_topic" and f"'{topic}'" in answer["error"], (topic, answer)
    known = answer["error"].split("there are ")[1].split(", ")
    with open("contrib/docs/websocket.md", encoding="utf-8") as page:
        told = [w.strip("`") for line in page if line.startswith("| `") for w in line.split("|")[1].strip().split(", ") if w.startswith("`") and "{" not in w]
    assert set(known) <= set(told), (known, told)
    sure = [t.replace("NAME", "x").replace("ID", "1") for t in known]
    assert s.subscribe(*sure)[-1]["topics"] == len(sure)
    for topic in ("job:99999999", "queue:nope", "download:99999999"):
        s.subscribe(topic)
        s.hear_until(lambda m, topic=topic: m["type"] == "gone" and m["key"] == topic.split(":")[1])
    sql("select tow.set_queue('nope')")
    s.hear_until(lambda m: m.get("key") == "nope" and m["type"] == "change")
    sql("select tow.drop_queue('nope')")
    s.hear_until(lambda m: m.get("key") == "nope" and m["type"] == "gone")
    every = sql("select string_agg(f.name, ' ') from tow_store.feed f where f.name not in (select c.feed from tow.changes('{}', '{%s}') c)" % ",".join(t for t in known if ":" not in t))
    assert every == "", every
    s.close()


def frames():
    for why, code, bytes_sent in [
        ("binary", 1003, pack(BINARY, b"x")),
        ("unmasked", 1002, pack(TEXT, b"{}", masked=False)),
        ("too long", 1009, pack(TEXT, b" " * 65537)),
        ("too long in pieces", 1009, pack(TEXT, b" " * 40000, fin=False) + pack(0, b" " * 40000)),
        ("no UTF-8", 1007, pack(TEXT, b"\xff\xfe")),
        ("an unknown opcode", 1002, pack(3, b"")),
        ("a piece of nothing", 1002, pack(0, b"x")),
    ]:
        s = guest()
        s.sock.sendall(bytes_sent)
        got = s.ended()
        assert got == code, (why, got, code)
    s = guest()
    s.frame(TEXT, b'{"type":"subscribe",', fin=False)
    s.frame(9, b"ping")
    s.frame(0, b'"topics":["queues"]}')
    assert s.hear()["type"] == "subscribed", "a message in pieces, with a ping between"
    s.close()


def early():
    s = Socket(address, token, early=pack(TEXT, b'{"type":"subscribe","topics":["queues"]}'))
    assert s.hear()["type"] == "hello"
    assert s.hear()["type"] == "subscribed"
    s.hear_until(lambda m: m.get("topic") == "queues" and m["key"] == "default")
    s.close()


def jobs():
    job = sql("select tow.enqueue('noop', run_at => now() + interval '1 hour')")
    s = guest("jobs", f"job:{job}", "queue:default")
    now = s.hear_until(lambda m: m.get("topic") == f"job:{job}")[-1]
    assert (now["state"], now["attempt"]) == ("scheduled", 0), now
    assert not {"args", "error", "result", "note"} & set(now), now
    sql(f"select tow.cancel({job})")
    s.hear_until(lambda m: m.get("topic") == f"job:{job}" and m["state"] == "cancelled")
    sql("select tow.enqueue('noop')")
    s.hear_until(lambda m: m.get("topic") == "jobs")
    sql("select tow.pause('default')")
    s.hear_until(lambda m: m.get("topic") == "queues" and m["state"] == "paused")
    late = Socket(address, token)
    late.hear()
    late.subscribe("queues")
    assert late.hear()["state"] == "paused", "who comes later is told how things are"
    sql("select tow.set_queue('brief')")
    late.hear_until(lambda m: m["key"] == "brief")
    sql("select tow.drop_queue('brief')")
    late.hear_until(lambda m: m["key"] == "brief" and m["type"] == "gone")
    sql("select tow.resume('default')")
    s.close()
    late.close()


def approvals():
    early = sql("select tow.enqueue('noop', wait_for => 'approval')")
    everything = guest("jobs")
    assert everything.hear_until(asks(early))[-1]["queue"] == "default", "who waits already is told"
    later = sql("select tow.enqueue('noop', '{\"secret\": 1}', key => 'album:7', wait_for => 'approval')")
    one = guest(f"job:{later}")
    told = everything.hear_until(asks(later))[-1]
    assert (told["kind"], told["title"]) == ("noop", "noop album:7") and "args" not in told, told
    heard = one.hear_until(asks(later))
    assert all(m["key"] == later for m in heard if "key" in m), heard
    sql(f"select tow.cancel({early}), tow.cancel({later})")
    heard = one.hear_until(lambda m: m["type"] == "change" and m["state"] == "cancelled")
    assert not any(m["type"] == "gone" for m in heard), heard
    everything.close()
    one.close()


def once():
    """A state is told when it is another one, and not before."""
    job = sql("select tow.enqueue('noop', run_at => now() + interval '1 hour')")
    s = guest("jobs", f"job:{job}", "queues", "daemons", "clients", "status")
    heard = []
    for priority in (1, 2, 3):
        sql(f"select tow.reprioritise({job}, {priority})")
        heard += s.hear_until(lambda m: m.get("topic") == "jobs")
    sql(f"select tow.cancel({job})")
    heard += s.hear_until(lambda m: m.get("topic") == f"job:{job}" and m["state"] == "cancelled")
    was = {}
    for m in heard:
        thing = (m.pop("seq"), m.get("topic"), m.get("key"))[1:]
        assert was.get(thing) != m, m
        was[thing] = m
    s.close()


def quiet():
    """Whoever listens to nothing costs a word on the token now and then."""
    s, other = guest("queues", "jobs"), guest("workers", "daemons")
    s.hear_until(lambda m: m.get("topic") == "queues")
    other.close()
    s.say(type="unsubscribe", topics=["queues", "jobs"])
    s.hear_until(lambda m: m["type"] == "subscribed")
    calls = """select coalesce(sum(calls) filter (where funcname = 'changes'), 0) || ' ' || coalesce(sum(calls) filter (where funcname = 'vouch'), 0)
        from pg_stat_user_functions"""
    until, asked, vouched = time.monotonic() + 40, -1, 0  # less than a topic lingers
    while True:
        changes, vouches = map(int, sql(calls).split())
        if changes != asked:
            asked, vouched = changes, vouches
        elif vouches >= vouched + 2:
            break
        assert time.monotonic() < until, "it goes on asking"
        time.sleep(0.1)
    s.close()


def downloads():
    mine, other = grab(), grab()
    everything, one = guest(*DOWNLOADS), guest(f"download:{mine}")
    sql(f"select haul.pause({other})")
    sql(f"select haul.pause({mine})")
    sql(f"select haul.cancel({mine})")
    heard = everything.hear_until(is_of(mine, "cancelled"))
    assert any(is_of(other, "paused")(m) for m in heard)
    told = [m["new_state"] for m in heard if m.get("key") == mine and m["type"] == "state_change"]
    assert told == ["paused", "cancelled"], told
    assert heard[-1]["old_state"] == "paused" and heard[-1]["details"]["title"], heard[-1]
    heard = one.hear_until(is_of(mine, "cancelled"))
    assert all(m["key"] == mine for m in heard), heard
    one.say(type="unsubscribe", topics=[f"download:{mine}"])
    assert one.hear_until(lambda m: m["type"] == "subscribed")[-1]["topics"] == 0
    everything.close()
    one.close()


def resume():
    mine = grab()
    s = guest(*DOWNLOADS)
    stays = guest(*DOWNLOADS)
    sql(f"select haul.pause({mine})")
    since = s.hear_until(is_of(mine, "paused"))[-1]["seq"]
    s.drop()
    sql(f"select haul.resume({mine})")
    was = stays.hear_until(lambda m: m["seq"] > since)[-1]
    stays.drop()
    sql(f"select haul.cancel({mine})")
    back = guest()
    answer = back.subscribe(*DOWNLOADS, since=since, epoch=back.hello["epoch"])
    assert [m["type"] for m in answer] == ["subscribed"] and answer[0]["seq"] == since, answer
    heard = back.hear_until(is_of(mine, "cancelled"))
    assert heard[0] == was, ("from where it was, the same again", heard[0], was)
    assert len([m for m in heard if is_of(mine, "cancelled")(m)]) == 1
    seqs = [m["seq"] for m in heard]
    assert seqs == sorted(set(seqs)), seqs
    for why, topics, more in [
        ("another hub's numbers", DOWNLOADS, {"since": since, "epoch": "0"}),
        ("a number that was not given yet", DOWNLOADS, {"since": since + 1000000, "epoch": back.hello["epoch"]}),
        ("what nobody looked at meanwhile", ("workers",), {"since": since, "epoch": back.hello["epoch"]}),
    ]:
        s = guest()
        assert s.subscribe(*topics, **more)[0]["type"] == "resync", why
        s.close()
    back.close()


def many_downloads(n):
    sql(
        f"""with c as (select id from haul_store.client where name = 'c'), d as (
            insert into haul_store.download (title, state, state_at, client, client_name, created_at, who, type)
            select 't', 'downloading', now(), c.id, 'c', now(), 'x', 'torrent' from c, generate_series(1, {n}) i returning id, client)
            insert into haul_store.transfer (client, key, download, name, state, first_at, changed_at, pulse_at, moved)
            select d.client, 'many-' || d.id, d.id, 'n', 'downloading', now(), now(), now(), '0' from d"""
    )


def slow():
    many_downloads(1000)
    fast, slow_one = guest(*DOWNLOADS), guest(*DOWNLOADS, buffer=4096)
    until = fast.hello["seq"] + 6500
    seq = 0
    while seq < until:
        sql("update haul_store.transfer set percent = random() * 100 where key like 'many-%'")
        seq = fast.hear_until(lambda m: m["type"] == "progress" and m["seq"] % 500 == 0)[-1]["seq"]
    sql("delete from haul_store.transfer where key like 'many-%'")
    got = slow_one.ended()
    assert got == 1013, got
    sql("select tow.pause('default'), tow.resume('default')")
    fast.subscribe("queues")
    fast.hear_until(lambda m: m.get("topic") == "queues")
    fast.close()


def greedy():
    """Who asks for everything again and again in one breath is let go before much is kept for it."""
    many_downloads(1000)
    s, g = guest(*DOWNLOADS), guest(buffer=4096)
    for _ in range(1000):
        s.hear_until(lambda m: m["type"] == "progress")
    again = pack(TEXT, b'{"type":"subscribe","topics":["downloads"]}') + pack(TEXT, b'{"type":"unsubscribe","topics":["downloads"]}')
    g.sock.sendall(again * (16384 // len(again)))
    sql("delete from haul_store.transfer where key like 'many-%'")
    got = g.ended()
    assert got == 1013, got
    s.close()


def pace():
    """However often somebody subscribes to something, others are told four times a second at most."""
    many_downloads(1)
    mine = int(sql("select max(download) from haul_store.transfer where key like 'many-%'"))  # what went before may still be told of others
    s, eager = guest(*DOWNLOADS), guest()
    moving = "do $$ begin for i in 1 .. 200 loop update haul_store.transfer set percent = i % 100 where key like 'many-%'; commit; perform pg_sleep(0.02); end loop; end $$"
    began = time.monotonic()
    moves = subprocess.Popen(["psql", "-X", "-q", "-d", database, "-c", moving])
    while moves.poll() is None:
        eager.subscribe("queues")
        eager.say(type="unsubscribe", topics=["queues"])
        eager.hear_until(lambda m: m["type"] == "subscribed")
        time.sleep(0.005)
    s.say(type="subscribe", topics=[])
    told = [m for m in s.hear_until(lambda m: m["type"] == "subscribed") if m["type"] == "progress" and m["download_id"] == mine]
    seconds = time.monotonic() - began
    assert 2 <= len(told) <= 4 * seconds + 2, (len(told), seconds)
    sql("delete from haul_store.transfer where key like 'many-%'")
    s.close()
    eager.close()


def hung():
    """The database does not answer the hub: who listens is told so, of what was asked nothing is left there, and all look anew in the end."""
    s = guest("queues")
    s.hear_until(lambda m: m.get("topic") == "queues")
    lock = subprocess.Popen(["psql", "-X", "-q", "-d", database], stdin=subprocess.PIPE, text=True)
    lock.stdin.write("begin; lock table tow_store.queue;\n")
    lock.stdin.flush()
    s.hear_until(lambda m: m["type"] == "lost", 60)
    waits = "select count(*) from pg_stat_activity where query ~ 'tow.changes' and wait_event_type = 'Lock' and pid <> pg_backend_pid()"
    until = time.monotonic() + 90
    while sql(waits) == "0":
        assert time.monotonic() < until, "it asks again"
    assert sql(waits) == "1"
    late = guest()
    assert late.hear()["type"] == "lost", "and so is who comes meanwhile"
    lock.communicate("rollback;\n")
    for g in (s, late):
        g.hear_until(lambda m: m["type"] == "resync", 60)
    s.hear_until(lambda m: m.get("topic") == "queues")
    s.close()
    late.close()


def let_go():
    other = sql("select tow.add_token('leaver')")
    stays, goes = guest("queues"), guest("queues", token=other)
    sql("select tow.drop_token('leaver')")
    assert goes.ended() == 4401
    sql("select tow.pause('default')")
    stays.hear_until(lambda m: m.get("topic") == "queues" and m["state"] == "paused")
    sql("select tow.resume('default')")
    stays.close()


def crowd():
    guests = [guest("queues") for _ in range(200)]
    sql("select tow.pause('default')")
    for s in guests:
        s.hear_until(lambda m: m.get("topic") == "queues" and m["state"] == "paused")
    sql("select tow.resume('default')")
    for s in guests:
        s.hear_until(lambda m: m.get("topic") == "queues" and m["state"] == "open")
    for s in guests[::2]:
        s.close()
    for s in guests[1::2]:
        s.drop()


def restart():
    """The database goes and comes back; the guests stay. Says when it may go, and is told when it has gone, and when it is back."""
    s = guest("queues", *DOWNLOADS)
    s.hear_until(lambda m: m.get("topic") == "queues")
    print("ready", flush=True)
    s.hear_until(lambda m: m["type"] == "lost", 60)
    s.hear_until(lambda m: m["type"] == "resync", 100)
    s.hear_until(lambda m: m.get("topic") == "queues", 60)
    sql("select tow.pause('default')")
    s.hear_until(lambda m: m.get("topic") == "queues" and m["state"] == "paused")
    sql("select tow.resume('default')")
    mine = grab()
    s.hear_until(is_of(mine, "approved"))
    s.close()


def reborn():
    """The hub dies; another takes its place, and knows that its numbers are others."""
    s = guest("queues")
    epoch = s.hello["epoch"]
    print("ready", flush=True)
    assert s.ended() in (1006, 1001)
    s = guest()
    assert s.hello["epoch"] != epoch
    assert s.subscribe("queues", since=1, epoch=epoch)[0]["type"] == "resync"
    s.hear_until(lambda m: m.get("topic") == "queues")
    s.close()


if __name__ == "__main__":
    address, token, database = sys.argv[2:5]
    globals()[sys.argv[1]]()
