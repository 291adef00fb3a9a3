"""A peer of the bench as a process: one request a line on standard input, one answer a line on standard output, both JSON.

Libraries print what they like: their standard output is turned to standard error before they are imported, and answers go
out by the descriptor that was standard output at the start.
"""

import json
import os
import sys
import traceback

_answers = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)


def answer(content):
    _answers.write(json.dumps(content) + "\n")
    _answers.flush()


def requests():
    """Every request until standard input ends."""
    for line in sys.stdin:
        if line.strip():
            yield json.loads(line)


def serve(handle):
    """Answers every request by `handle`; an exception becomes an answer with `error`, and the end."""
    for request in requests():
        try:
            answer(handle(request))
        except Exception:
            answer({"error": traceback.format_exc(limit=8)})
            return


def fail_with_answer(run):
    """Runs `run`; an exception becomes an answer with `error`."""
    try:
        run()
    except Exception:
        answer({"error": traceback.format_exc(limit=8)})
