import t from "tap";
import {
  compatibleEmbeddingModel,
  compatibleModel,
  compatibleReasoningModel,
  createCompatibleSite,
} from "./compatible.ts";
import { createRequest, eventsOf, fixedEnvironment, jsonOf } from "./fake-request.ts";

const site = createCompatibleSite("local-key", fixedEnvironment);
const headers = { "content-type": "application/json", authorization: "Bearer local-key" };
const body = { model: compatibleModel, messages: [{ role: "user", content: "Hello" }] };

function ask(change: object, path = "/v1/chat/completions") {
  return site.handle(createRequest({ path, headers, body: { ...body, ...change } }));
}

t.test("createCompatibleSite() answers, without OpenAI's own fields", async (test) => {
  const answer = jsonOf(ask({ max_tokens: 3, top_k: 5 }));
  test.match(answer, {
    model: compatibleModel,
    choices: [{ message: { content: "You said:" }, finish_reason: "length", stop_reason: null }],
  });
  test.notOk("system_fingerprint" in answer);
});

t.test("createCompatibleSite() shows the reasoning of models that have it", async (test) => {
  const change = { model: compatibleReasoningModel, reasoning_effort: "low" };
  test.match(jsonOf(ask(change)), {
    choices: [{ message: { content: "You said: Hello", reasoning: "Thinking about: Hello" } }],
  });
  const events = eventsOf(ask({ ...change, stream: true }));
  test.match(events[1], { choices: [{ delta: { reasoning: "Thinki" } }] });
});

t.test("createCompatibleSite() makes vectors", async (test) => {
  const change = { model: compatibleEmbeddingModel, messages: undefined, input: ["a", "b"] };
  const { data } = Object(jsonOf(ask(change, "/v1/embeddings")));
  test.same(
    data.map(({ embedding }: { embedding: number[] }) => embedding.length),
    [1_024, 1_024],
  );
});

const rejected: [string, object, number, RegExp][] = [
  ["a field that only OpenAI has", { store: true }, 400, /'store'/],
  [
    "a role that only OpenAI has",
    { messages: [{ role: "developer", content: "a" }] },
    400,
    /'developer'/,
  ],
  [
    "a part that only OpenAI has",
    { messages: [{ role: "user", content: [{ type: "file" }] }] },
    400,
    /'file'/,
  ],
  ["another model", { model: "gpt-4.1" }, 404, /`gpt-4.1` does not exist/],
  ["effort for a model without it", { reasoning_effort: "low" }, 400, /reasoning_effort/],
  [
    "a lone result",
    { messages: [{ role: "tool", tool_call_id: "a", content: "b" }] },
    400,
    /'tool'/,
  ],
  [
    "a request when told",
    { messages: [{ role: "user", content: "[[fail 400]]" }] },
    400,
    /maximum/,
  ],
];

for (const [name, change, status, message] of rejected) {
  t.test(`createCompatibleSite() refuses ${name}`, async (test) => {
    const reply = ask(change);
    test.equal(reply.status, status);
    test.match(jsonOf(reply), { error: { message, code: status } });
  });
}

t.test("createCompatibleSite() refuses a wrong key and another path", async (test) => {
  const request = { path: "/v1/chat/completions", body, headers: { authorization: "Bearer x" } };
  test.equal(site.handle(createRequest(request)).status, 401);
  test.equal(ask({}, "/v1/responses").status, 404);
});
