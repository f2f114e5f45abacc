"""Drives chat completions and embeddings of the `openai` package; see openai-chat-sdk.ts for its sibling."""

import json

from openai import OpenAI
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from sdk_child import serve, whole

FINISH = {"stop": "stop", "length": "length", "tool_calls": "tool-calls"}


def params_of(job, messages):
    """Arguments of one request."""
    params = {"model": job["model"], "messages": messages}
    if "tools" in job:
        params["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": tool["name"],
                    "description": tool["description"],
                    "parameters": tool["schema"],
                },
            }
            for tool in job["tools"]
        ]
    if "schema" in job:
        schema = {"name": "answer", "strict": True, "schema": job["schema"]}
        params["response_format"] = {"type": "json_schema", "json_schema": schema}
    if job.get("reason"):
        params["reasoning_effort"] = "low"
    for name, key in (("maxTokens", "max_completion_tokens"), ("temperature", "temperature"), ("stop", "stop")):
        if name in job:
            params[key] = job[name]
    return params


def messages_of(job):
    """The conversation as it begins."""
    content = job["prompt"]
    if "image" in job:
        url = f"data:{job['image']['mediaType']};base64,{job['image']['base64']}"
        content = [{"type": "text", "text": content}, {"type": "image_url", "image_url": {"url": url}}]
    user = {"role": "user", "content": content}
    return [{"role": "system", "content": job["system"]}, user] if "system" in job else [user]


def turn(client, job, messages, notes):
    """Runs one turn, notes it, and returns the message that goes into the next one."""
    notes.text = ""
    params = params_of(job, messages)
    parts = 1
    if job.get("stream"):
        answer, parts = stream(client, params, notes)
    else:
        answer = client.chat.completions.create(**params)
    whole(answer, ChatCompletion, notes)
    note(answer, parts, notes)
    return answer.choices[0].message


def stream(client, params, notes):
    """A streamed turn: the SDK's own accumulation of the chunks, and their number."""
    chunks = []
    options = {"include_usage": True}
    with client.chat.completions.stream(**params, stream_options=options) as events:
        for event in events:
            if event.type == "chunk":
                chunks.append(event.chunk)
            if event.type == "content.delta":
                notes.text += event.delta
        answer = events.get_final_completion()
    own = [chunk for chunk in chunks if chunk.id != "" or chunk.choices]
    for chunk in own:
        whole(chunk, ChatCompletionChunk, notes)
    notes.check(len({chunk.id for chunk in own}) == 1, "chunks have different ids")
    return answer, len(chunks)


def note(answer, parts, notes):
    """Notes an answer in the words of `SdkTurn`."""
    choice = answer.choices[0]
    message = choice.message
    usage = answer.usage
    details = usage.completion_tokens_details
    shown = getattr(message, "reasoning", None) or getattr(message, "reasoning_content", None)
    notes.turns.append(
        {
            "text": message.content or "",
            "reasoning": shown or "",
            "calls": [
                {
                    "id": call.id,
                    "name": call.function.name,
                    "arguments": json.loads(call.function.arguments),
                }
                for call in message.tool_calls or []
            ],
            "finish": FINISH.get(choice.finish_reason, "other"),
            "usage": {
                "input": usage.prompt_tokens,
                "output": usage.completion_tokens,
                "reasoning": None if details is None else details.reasoning_tokens,
            },
            "parts": parts,
        }
    )


def chat(client, job, notes):
    """One turn, or two where tools answer."""
    messages = messages_of(job)
    first = turn(client, job, messages, notes)
    if "results" not in job:
        return
    calls = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.function.name, "arguments": call.function.arguments},
        }
        for call in first.tool_calls or []
    ]
    messages.append({"role": "assistant", "content": first.content, "tool_calls": calls})
    for call, result in zip(calls, job["results"]):
        messages.append({"role": "tool", "tool_call_id": call["id"], "content": result["text"]})
    turn(client, job, messages, notes)


def embed(client, job):
    """Lengths of vectors."""
    answer = client.embeddings.create(model=job["model"], input=job["texts"])
    return {"vectors": [len(item.embedding) for item in answer.data]}


def main():
    client = OpenAI(max_retries=0)

    def act(job, notes):
        if job["kind"] == "embed":
            return embed(client, job)
        return chat(client, job, notes)

    serve(act)


main()
