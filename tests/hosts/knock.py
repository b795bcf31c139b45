"""Runs in a client: connects again and again until its input ends. JSON in, JSON out.

A new connection to every door each ``pause`` seconds, none waits for another: a door that is open
for some milliseconds is seen. Completed handshakes are ``opened``; what was refused, or not
answered within the limit, is ``failed``.
"""

import json
import select
import socket
import sys
import time

Door = tuple[str, int]
request = json.loads(sys.stdin.readline())
limit: float = request["limit"]
doors = [tuple(door) for door in request["doors"]]
opened: list[str] = []
failed: list[str] = []
waiting: dict[int, tuple[socket.socket, Door, float]] = {}
tried = 0
poll = select.poll()
poll.register(0, select.POLLIN)
print("begun", flush=True)


def note(kind: list[str], door: Door, began: float, why: str = "") -> None:
    kind.append(f"{door[0]} {door[1]} {began:.3f} {why}".strip())


def begin(door: Door) -> None:
    family = socket.AF_INET6 if ":" in door[0] else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    try:
        made.connect(door)
    except BlockingIOError:
        pass
    except OSError as error:
        note(failed, door, time.time(), str(error))
        made.close()
        return
    waiting[made.fileno()] = (made, door, time.time())
    poll.register(made, select.POLLOUT)


def settle(descriptor: int, why: str = "") -> None:
    made, door, began = waiting.pop(descriptor)
    poll.unregister(descriptor)
    code = made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if not why and code == 0:
        note(opened, door, began)
    else:
        note(failed, door, began, why or f"error {code}")
    made.close()


ended, following = False, time.time()
while not ended or waiting:
    if not ended and time.time() >= following:
        for door in doors:
            begin(door)
            tried += 1
        following = max(following + request["pause"], time.time())
    for descriptor, _ in poll.poll(2 if not ended else 50):
        if descriptor == 0:
            ended = True
            poll.unregister(0)
        else:
            settle(descriptor)
    for number, waited in list(waiting.items()):
        if time.time() - waited[2] > limit:
            settle(number, "no answer")
print(json.dumps({"tried": tried, "opened": opened[-20000:], "failed": failed[-20000:]}))
