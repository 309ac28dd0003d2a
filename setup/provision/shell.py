"""Run programs and say in one sentence what went wrong."""

import subprocess
import sys
import time


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
