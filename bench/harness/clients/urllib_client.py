"""Sends one request with urllib and prints what happened as JSON; see python-client.ts."""

import json
import sys
import urllib.error
import urllib.request


def main():
    ask = json.loads(sys.argv[1])
    body = ask.get("body")
    request = urllib.request.Request(
        ask["url"],
        data=None if body is None else body.encode(),
        headers=ask.get("headers", {}),
        method=ask.get("method", "GET"),
    )
    try:
        with urllib.request.urlopen(request, timeout=15) as response:
            return answered(response)
    except urllib.error.HTTPError as error:
        return answered(error)
    except Exception as error:
        reason = getattr(error, "reason", None)
        causes = [] if reason is None else [f"{type(reason).__name__}: {reason}"]
        name = type(error).__name__
        return {"kind": "failed", "error": {"name": name, "message": str(error), "causes": causes}}


def answered(response):
    headers = {name.lower(): value for name, value in response.headers.items()}
    text = response.read().decode()
    return {"kind": "answered", "value": {"status": response.status, "headers": headers, "text": text}}


print(json.dumps(main()))
