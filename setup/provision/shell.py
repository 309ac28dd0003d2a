"""Run programs and say in one sentence what went wrong."""

import contextlib
import fcntl
import subprocess
import sys
import time

from . import settings


class SetupError(Exception):
    """What is wrong and what to do about it, in words for the person who runs setup."""


def say(text):
    """Print one line of progress at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def run(command, *, hint="", quiet=True, **options):
    """Run a program and return its standard output as text.

    :param command: the program and its arguments
    :param hint: what the person can do when it fails
    :param quiet: keep its output back unless it fails
    :raise SetupError: when the program is missing or fails
    """
    command = [str(part) for part in command]
    try:
        done = subprocess.run(
            command,
            check=False,
            text=True,
            stdout=subprocess.PIPE if quiet else None,
            stderr=subprocess.STDOUT if quiet else None,
            **options,
        )
    except FileNotFoundError as error:
        raise SetupError(f"{command[0]} is not installed. {hint}".strip()) from error
    if done.returncode:
        shown = " ".join(command[:6])
        tail = "\n".join((done.stdout or "").splitlines()[-30:])
        text = f"«{shown} …» failed with code {done.returncode}.\n{tail}\n{hint}"
        raise SetupError(text.strip())
    return done.stdout or ""


class Step:
    """A named piece of work whose duration is printed when it ends."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        self.started = time.monotonic()
        say(f"· {self.name}")
        return self

    def __exit__(self, kind, value, trace):
        took = time.monotonic() - self.started
        if kind is None and took >= 1:
            say(f"  done in {took:.0f} s")


@contextlib.contextmanager
def lock(name):
    """Hold a lock against other setups that share the state folder."""
    settings.STATE.mkdir(parents=True, exist_ok=True)
    with open(settings.STATE / f"{name}.lock", "w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("· waiting for another setup to finish")
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def main(function):
    """Run a command of ours; what is wrong becomes one message and exit code 1."""
    try:
        return function()
    except SetupError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
        return 130
