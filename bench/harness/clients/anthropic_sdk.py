"""Drives messages and token counts of the `anthropic` package; see anthropic-sdk.ts for its sibling."""

from anthropic import Anthropic
from anthropic.types import Message

from sdk_child import serve, whole

FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool-calls",
}


def params_of(job, messages):
    """Arguments of one request."""
    params = {
        "model": job["model"],
        "messages": messages,
        "max_tokens": job.get("maxTokens", 4096),
    }
    if "system" in job:
        params["system"] = job["system"]
    if "tools" in job:
        params["tools"] = [
            {
                "name": tool["name"],
                "description": tool["description"],
                "input_schema": tool["schema"],
            }
            for tool in job["tools"]
        ]
    if "schema" in job:
        params["output_config"] = {"format": {"type": "json_schema", "schema": job["schema"]}}
    if job.get("reason"):
        params["thinking"] = {"type": "enabled", "budget_tokens": 1024}
    if "stop" in job:
        params["stop_sequences"] = job["stop"]
    return params


def user_turn(job):
    """The conversation as it begins."""
    if "image" not in job:
        return {"role": "user", "content": job["prompt"]}
    image = job["image"]
    source = {"type": "base64", "media_type": image["mediaType"], "data": image["base64"]}
    return {
        "role": "user",
        "content": [{"type": "text", "text": job["prompt"]}, {"type": "image", "source": source}],
    }


def turn(client, job, messages, notes):
    """Runs one turn, notes it, and returns the answer."""
    notes.text = ""
    params = params_of(job, messages)
    parts = 1
    if job.get("stream"):
        parts = 0
        with client.messages.stream(**params) as events:
            for event in events:
                parts += 1
                if event.type == "text":
                    notes.text += event.text
            answer = events.get_final_message()
    else:
        answer = client.messages.create(**params)
    note(answer, parts, notes)
    return answer


def note(answer, parts, notes):
    """Notes an answer in the words of `SdkTurn`."""
    whole(answer, Message, notes)
    details = getattr(answer.usage, "output_tokens_details", None)
    blocks = answer.content
    notes.turns.append(
        {
            "text": "".join(block.text for block in blocks if block.type == "text"),
            "reasoning": "".join(block.thinking for block in blocks if block.type == "thinking"),
            "calls": [
                {"id": block.id, "name": block.name, "arguments": block.input}
                for block in blocks
                if block.type == "tool_use"
            ],
            "finish": FINISH.get(answer.stop_reason, "other"),
            "usage": {
                "input": answer.usage.input_tokens,
                "output": answer.usage.output_tokens,
                "reasoning": None if details is None else details.thinking_tokens,
            },
            "parts": parts,
        }
    )


def chat(client, job, notes):
    """One turn, or two where tools answer."""
    messages = [user_turn(job)]
    first = turn(client, job, messages, notes)
    if "results" not in job:
        return
    content = [block.model_dump(exclude_none=True) for block in first.content]
    for block in content:
        block.pop("parsed_output", None)
    messages.append({"role": "assistant", "content": content})
    calls = [block for block in first.content if block.type == "tool_use"]
    messages.append(
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": call.id,
                    "content": result["text"],
                    "is_error": result.get("failed", False),
                }
                for call, result in zip(calls, job["results"])
            ],
        }
    )
    turn(client, job, messages, notes)


def count(client, job):
    """Tokens of a prompt."""
    messages = [{"role": "user", "content": job["prompt"]}]
    return {"tokens": client.messages.count_tokens(model=job["model"], messages=messages).input_tokens}


def main():
    client = Anthropic(max_retries=0)

    def act(job, notes):
        if job["kind"] == "count":
            return count(client, job)
        return chat(client, job, notes)

    serve(act)


main()
