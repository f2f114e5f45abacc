import t from "tap";
import { createAzureSite } from "./azure.ts";
import { createRequest, eventsOf, fixedEnvironment, jsonOf } from "./fake-request.ts";

const site = createAzureSite("azure-key", fixedEnvironment);
const headers = { "content-type": "application/json", "api-key": "azure-key" };
const chat = "/openai/deployments/gpt-4.1/chat/completions";
const version = "?api-version=2024-10-21";
const body = { messages: [{ role: "user", content: "Hello" }] };

function ask(path: string, change: object = {}, sent: Record<string, string> = headers) {
  return site.handle(createRequest({ path, headers: sent, body: { ...body, ...change } }));
}

t.test("createAzureSite() answers by deployment, with what its filters say", async (test) => {
  test.match(jsonOf(ask(`${chat}${version}`)), {
    model: "gpt-4.1-2025-04-14",
    choices: [
      {
        message: { content: "You said: Hello" },
        content_filter_results: { hate: { filtered: false } },
      },
    ],
    prompt_filter_results: [{ prompt_index: 0 }],
  });
});

t.test("createAzureSite() begins a stream with a chunk of filters alone", async (test) => {
  const events = eventsOf(ask(`${chat}${version}`, { stream: true }));
  test.match(events[0], { id: "", choices: [], prompt_filter_results: [{}] });
  test.match(events[1], { id: /^chatcmpl-/, choices: [{ delta: { role: "assistant" } }] });
  const cut = ask(`${chat}${version}`, {
    stream: true,
    messages: [{ role: "user", content: "Hello [[cut]]" }],
  });
  test.equal(cut.cutAfterChunks, 5);
});

t.test("createAzureSite() has the v1 paths, by model", async (test) => {
  const bearer = { "content-type": "application/json", authorization: "Bearer azure-key" };
  const change = { model: "gpt-4.1" };
  for (const sent of [headers, bearer]) {
    test.equal(ask("/openai/v1/chat/completions", change, sent).status, 200);
  }
  const responses = { model: "gpt-4.1", messages: undefined, input: "Hello" };
  test.match(jsonOf(ask("/openai/v1/responses", responses)), { object: "response" });
  const vectors = { model: "text-embedding-3-small", messages: undefined, input: "Hello" };
  test.match(jsonOf(ask("/openai/v1/embeddings?api-version=preview", vectors)), { object: "list" });
  test.match(jsonOf(ask("/openai/v1/chat/completions")), { error: { message: /model parameter/ } });
});

const rejected: [string, string, Record<string, string>, number, string][] = [
  ["no api-version", chat, headers, 404, "404"],
  ["an odd api-version", `${chat}?api-version=x`, headers, 404, "404"],
  ["no key", `${chat}${version}`, { "content-type": "application/json" }, 401, "401"],
  ["a wrong key", `${chat}${version}`, { ...headers, "api-key": "x" }, 401, "401"],
  [
    "a leftover token",
    `${chat}${version}`,
    { ...headers, authorization: "Bearer placeholder" },
    401,
    "401",
  ],
  [
    "an unknown deployment",
    `/openai/deployments/x/chat/completions${version}`,
    headers,
    404,
    "DeploymentNotFound",
  ],
];

for (const [name, path, sent, status, code] of rejected) {
  t.test(`createAzureSite() refuses ${name}`, async (test) => {
    const reply = ask(path, {}, sent);
    test.equal(reply.status, status);
    test.match(jsonOf(reply), { error: { code } });
  });
}

t.test("createAzureSite() checks bodies as OpenAI does, and fails when told", async (test) => {
  test.match(jsonOf(ask(`${chat}${version}`, { top_k: 1 })), { error: { message: /top_k/ } });
  const told = (status: number) =>
    ask(`${chat}${version}`, { messages: [{ role: "user", content: `a [[fail ${status} 7]]` }] });
  test.match(told(429), { status: 429, headers: { "retry-after": "7" } });
  test.match(jsonOf(told(429)), { error: { code: "429" } });
  test.match(jsonOf(told(400)), { error: { code: "context_length_exceeded" } });
  test.match(jsonOf(told(503)), { error: { code: "ServiceUnavailable" } });
});
