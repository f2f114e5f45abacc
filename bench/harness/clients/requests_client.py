"""Sends one request with the requests package and prints what happened as JSON; see python-client.ts."""

import json
import sys

import requests


def main():
    ask = json.loads(sys.argv[1])
    body = ask.get("body")
    try:
        response = requests.request(
            ask.get("method", "GET"),
            ask["url"],
            data=None if body is None else body.encode(),
            headers=ask.get("headers", {}),
            timeout=15,
        )
    except requests.RequestException as error:
        name = type(error).__name__
        causes = [type(item).__name__ for item in error.args if isinstance(item, Exception)]
        return {"kind": "failed", "error": {"name": name, "message": str(error), "causes": causes}}
    headers = {name.lower(): value for name, value in response.headers.items()}
    value = {"status": response.status_code, "headers": headers, "text": response.text}
    return {"kind": "answered", "value": value}


print(json.dumps(main()))
