#!/usr/bin/env python3
"""A model of tow.floor: every order in which producers and a dispatcher can take their steps is tried.

Producers take an xid, then positions, then commit or abort. The dispatcher notes its low, takes a snapshot, reads
the next xid, lowers its low, reads the last position given out, and claims. A job that was committed must be claimed
once everybody is quiet. The real protocol must never lose one; each broken variant below must, or this proves nothing.
The page that goes with it is contrib/docs/floor.md. Prints TAP.
"""
import sys
from collections import namedtuple

VARIANTS = {
    "the protocol": set(),
    "broken: the low is noted after the next xid is read": {"late note"},
    "broken: a snapshot's xmax stands for the next xid": {"xmax"},
    "broken: a position is taken before the xid": {"position first"},
    "broken: unfinished xids are not remembered": {"forget"},
    "broken: the sweep starts from the new window": {"new window"},
}

# A producer's program; each holds one or two positions. W stands for a transaction that ends without having enqueued.
PROGRAMS = [("xppc", "xpc"), ("xpc", "xpa", "xc")]
LOOKS = 2

State = namedtuple("State", "producers next_xid next_pos ended rows low phase noted snap x memory top looks")
Producer = namedtuple("Producer", "at xid held")
Memory = namedtuple("Memory", "x low open")  # open: frozenset of (xid, low)


def start(programs):
    return State(tuple(Producer(0, None, ()) for _ in programs), 1, 1, frozenset(), frozenset(), 0, "idle", 0, None, 0, None, 0, 0)


def step_producer(s, i, program):
    p = s.producers[i]
    op = program[p.at]
    p = p._replace(at=p.at + 1)
    if op == "x":
        p, s = p._replace(xid=s.next_xid), s._replace(next_xid=s.next_xid + 1)
    elif op == "p":
        p, s = p._replace(held=p.held + (s.next_pos,)), s._replace(next_pos=s.next_pos + 1)
    else:
        rows = s.rows | {(pos, False) for pos in p.held} if op == "c" else s.rows
        s = s._replace(ended=s.ended | {p.xid}, rows=frozenset(rows))
    return s._replace(producers=s.producers[:i] + (p,) + s.producers[i + 1:])


def snapshot(s):
    """(xmax, unfinished below xmax): xmax is one past the latest xid that has *ended*."""
    xmax = max(s.ended, default=0) + 1
    return xmax, frozenset(x for x in range(1, xmax) if x not in s.ended)


def finished(xid, snap):
    return xid < snap[0] and xid not in snap[1]


def look(s, broken):
    """What tow.floor computes from the noted low, the snapshot and its memory."""
    x = s.snap[0] if "xmax" in broken else s.x
    noted = s.low if "late note" in broken else s.noted
    old = s.memory or Memory(0, 0, frozenset())
    before = noted if "new window" in broken else old.low
    lows = [noted, before] + [low for xid, low in old.open if finished(xid, s.snap)]
    fresh = {(xid, before) for xid in range(max(old.x, 1), x) if not finished(xid, s.snap)}
    open_ = frozenset() if "forget" in broken else frozenset({o for o in old.open if not finished(o[0], s.snap)} | fresh)
    low = 0 if s.memory is None else min(lows)
    return s._replace(low=low, memory=Memory(x, noted, open_), phase="ready", snap=None, x=0)


def claim(s):
    """One job above the low, or none: then everything up to the position that was read before has been seen."""
    waiting = [pos for pos, claimed in s.rows if not claimed and pos > s.low]
    if not waiting:
        return s._replace(low=max(s.low, s.top), phase="idle")
    pos = min(waiting)
    return s._replace(rows=s.rows - {(pos, False)} | {(pos, True)}, low=pos, phase="ready")


def other_line(s):
    """Meanwhile a claim on the dispatcher's other connection raises the low; the look's answer will replace it."""
    return claim(s._replace(top=s.next_pos - 1))._replace(phase=s.phase, top=s.top)


def step_dispatcher(s, broken):
    if s.phase == "idle":
        return [s._replace(phase="noted", noted=s.low, looks=s.looks + 1)] if s.looks < LOOKS else []
    if s.phase == "noted":
        return [s._replace(phase="seen", snap=snapshot(s)), other_line(s)]
    if s.phase == "seen":
        return [s._replace(phase="read", x=s.next_xid), other_line(s)]
    if s.phase == "read":
        return [look(s, broken), other_line(s)] if "late note" in broken else [look(s, broken)]
    if s.phase == "ready":
        again = [s._replace(phase="noted", noted=s.low, looks=s.looks + 1)] if s.looks < LOOKS else []
        return again + [s._replace(phase="top", top=s.next_pos - 1)]
    return [claim(s)]


def settle(s, broken):
    """Everybody is quiet: two more looks, each with claims until nothing is found."""
    for _ in range(2):
        s = look(s._replace(noted=s.low, snap=snapshot(s), x=s.next_xid), broken)
        while s.phase != "idle":
            s = claim(s._replace(top=s.next_pos - 1))
    return s


def loses(programs, broken):
    """The number of states seen, and one in which a committed job is never claimed (or None)."""
    if "position first" in broken:
        programs = tuple(p.replace("xpp", "ppx").replace("xp", "px") for p in programs)
    seen, todo = set(), [start(programs)]
    while todo:
        s = todo.pop()
        if s in seen:
            continue
        seen.add(s)
        after = [step_producer(s, i, p) for i, p in enumerate(programs) if s.producers[i].at < len(p)]
        if not after and any(not claimed for _, claimed in settle(s, broken).rows):
            return len(seen), s
        todo += after + step_dispatcher(s, broken)
    return len(seen), None


def main():
    failed = 0
    print(f"1..{len(VARIANTS)}")
    for n, (name, broken) in enumerate(VARIANTS.items(), 1):
        results = [loses(p, broken) for p in PROGRAMS]
        lost = any(s for _, s in results)
        good = lost == bool(broken)
        failed += not good
        print(f"{'ok' if good else 'not ok'} {n} - {name}: {'loses a job' if lost else 'loses nothing'}"
              f" ({sum(count for count, _ in results)} states)")
    sys.exit(failed > 0)


main()
