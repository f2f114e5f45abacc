/** Unit tests of the probe: a contender that answers wrongly is found out, and says how. */
import t from "tap";
import { anthropicAnswers, openaiAnswers } from "./llm-answers.ts";
import type { ModelAnswers } from "./llm-answers.ts";
import { findMistake, judgeStream, judgeWhole } from "./llm-probe.ts";
import { createModelUpstream } from "./llm-upstream.ts";
import { listen } from "./testdata/listen.ts";

const events = 5;

function wholeOf({ whole }: ModelAnswers): string {
  return whole.toString().split("\r\n\r\n")[1] ?? "";
}

function streamOf({ streamed: { delta, first, last } }: ModelAnswers, deltas = events - 2): string {
  const parts = [first, ...Array.from({ length: deltas }, () => delta), last];
  // Without the lines of the transfer coding.
  return Buffer.concat(parts)
    .toString()
    .replaceAll(/^[0-9a-f]+\r\n/gm, "");
}

t.test("judgeWhole() takes the fake model's answer and nothing else", async (t) => {
  const body = wholeOf(openaiAnswers);
  t.equal(judgeWhole({ status: 200, body }), undefined);
  const rows = [
    {
      name: "refused",
      status: 403,
      body: '{"error":\n"no"}',
      mistake: /^a call was answered 403: {"error": "no"}$/,
    },
    {
      name: "no JSON",
      status: 200,
      body: "<html>",
      mistake: /^the answer does not hold the model's text: <html>$/,
    },
    {
      name: "the other dialect",
      status: 200,
      body: wholeOf(anthropicAnswers),
      mistake: /does not hold the model's text/,
    },
    {
      name: "another kind",
      status: 200,
      body: body.replace("chat.completion", "list"),
      mistake: /^the answer is no chat completion$/,
    },
    {
      name: "no tokens",
      status: 200,
      body: body.replace('"completion_tokens":200', '"completion_tokens":0'),
      mistake: /^the answer has lost its tokens$/,
    },
  ];
  for (const { body: text, mistake, name, status } of rows) {
    t.match(judgeWhole({ status, body: text }), mistake, name);
  }
});

t.test("judgeStream() takes the fake model's stream and nothing else", async (t) => {
  const body = streamOf(openaiAnswers);
  t.equal(judgeStream({ status: 200, body }, events), undefined);
  const rows = [
    { name: "refused", status: 500, body: "{}", mistake: /^a streamed call was answered 500: {}$/ },
    {
      name: "a piece missing",
      status: 200,
      body: streamOf(openaiAnswers, 2),
      mistake: /model's text$/,
    },
    {
      name: "the other dialect",
      status: 200,
      body: streamOf(anthropicAnswers),
      mistake: /model's text$/,
    },
    {
      name: "no tokens",
      status: 200,
      body: body.replace('"completion_tokens":200', '"completion_tokens":1'),
      mistake: /^the stream has lost its tokens$/,
    },
    {
      name: "no end",
      status: 200,
      body: body.replace("data: [DONE]\n\n", ""),
      mistake: /^the stream has no end mark$/,
    },
  ];
  for (const { body: text, mistake, name, status } of rows) {
    t.match(judgeStream({ status, body: text }, events), mistake, name);
  }
});

t.test("findMistake() asks for a whole answer and a stream", async (t) => {
  const { counts, server } = createModelUpstream({ events });
  const port = await listen(t, server);
  const { header, value } = openaiAnswers.credential;
  const running = (headers: readonly string[]) => ({
    target: { host: "127.0.0.1", port },
    host: "api.openai.com",
    headers,
    pids: {},
    stop: async () => {},
  });
  t.equal(await findMistake(running([`${header}: ${value}`]), events), undefined);
  t.equal(counts().requests, 2);
  t.match(await findMistake(running([]), events), /^a call was answered 401: /);
  t.match(
    await findMistake(running([`${header}: ${value}`]), events + 1),
    "the stream does not hold the model's text",
  );
});
