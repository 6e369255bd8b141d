"""What a child process is given to do: in a file of its own, so that the child imports nothing else."""

from __future__ import annotations

import fcntl
import os
import signal


def add(first, second, reporter):
    print("printed")
    os.write(2, b"written by a native library\n")
    reporter.say("adding")
    return first + second


def fail(error, reporter):
    raise error


def end_by(number, reporter):
    os.kill(os.getpid(), number)
    signal.pause()


def leave(reporter):
    os._exit(3)


def hold(lock, reporter):
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        reporter.say("held")
        while True:
            signal.pause()
