"""The child's side of a driver in Python: reads jobs as lines of JSON and prints a report for each; see sdk-child.ts."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Lock


class Notes:
    """What a job brings to light while it runs, so that a failure in the midst of a stream loses nothing."""

    def __init__(self):
        self.turns = []
        self.problems = []
        self.text = ""

    def check(self, is_fine, problem):
        if not is_fine and problem not in self.problems:
            self.problems.append(problem)


def error_of(error):
    """What is worth knowing of an exception, as `SdkError` has it."""
    described = {"name": type(error).__name__, "message": str(error), "causes": []}
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        described["status"] = status
    response = getattr(error, "response", None)
    retry_after = None if response is None else response.headers.get("retry-after")
    if retry_after is not None:
        described["retryAfter"] = retry_after
    return described


def serve(act):
    """Does jobs until the input ends; several at once. `act(job, notes)` may raise what the SDK raises."""
    lock = Lock()

    def report(number, job):
        notes = Notes()
        try:
            more = act(job, notes) or {}
            value = {"kind": "answered", "turns": notes.turns, "problems": notes.problems, **more}
        except Exception as error:  # pylint: disable=broad-except
            value = {"kind": "failed", "error": error_of(error), "text": notes.text}
        with lock:
            print(json.dumps({"id": number, "report": value}), flush=True)

    with ThreadPoolExecutor(max_workers=8) as pool:
        for line in sys.stdin:
            task = json.loads(line)
            pool.submit(report, task["id"], task["job"])


def whole(value, kind, notes):
    """Checks an object of an SDK against its own pydantic model, strictly: types as declared, nothing missing."""
    from pydantic import ValidationError

    try:
        kind.model_validate_json(value.model_dump_json(), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        notes.check(False, f"{kind.__name__}: {place}: {first['msg']}")
