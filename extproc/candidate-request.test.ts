/** Tests of the request that one candidate gets. */
import t from "tap";
import type { Candidate } from "../gateway/routing-plan.ts";
import { requestFor } from "./candidate-request.ts";
import type { CandidateRequest } from "./candidate-request.ts";
import type { SentParts } from "./testdata/routing.ts";
import { askedCall, backendOf, candidate, chat, claude } from "./testdata/routing.ts";

function made(provider: string, parts: SentParts, target: Candidate): CandidateRequest {
  const outcome = requestFor(askedCall(provider, parts), target);
  if (outcome.kind !== "ok") throw new TypeError(`Cannot make request: ${outcome.reason}`);
  return outcome.request;
}

function refused(provider: string, parts: SentParts, target: Candidate): string {
  const outcome = requestFor(askedCall(provider, parts), target);
  return outcome.kind === "ok" ? "ok" : `${outcome.kind}: ${outcome.reason}`;
}

const to = (model: string) => ({ modelRewrites: [{ from: "*", to: model }] });

t.test("requestFor() changes nothing for the host that was asked", async (t) => {
  const path = "/v1/chat/completions?api-version=1&a=%2F";
  const request = made("openai", { path, body: chat() }, candidate());
  t.match(request, { path, usualPath: path, model: "gpt-4o", set: [], remove: [] });
  t.match(request, { body: undefined, answer: { kind: "none" }, dropped: [] });
});

t.test("requestFor() splices another model into a body, and leaves every other byte", async (t) => {
  const body = '{"seed":18446744073709551615, "a":"<&\\u00e9>","model" : "gpt-4o","b":1.0}';
  const request = made("openai", { body }, candidate(to('x"é')));
  t.equal(request.body?.toString(), body.replace('"gpt-4o"', '"x\\"é"'));
  t.equal(request.model, 'x"é');
});

t.test(
  "requestFor() changes nothing where a rewrite gives the model that was asked for",
  async (t) => {
    t.equal(made("openai", { body: chat() }, candidate(to("gpt-4o"))).body, undefined);
  },
);

t.test("requestFor() keeps a call that names no model as it is", async (t) => {
  const request = made("openai", { body: { messages: [] } }, candidate(to("x")));
  t.match(request, { model: null, body: undefined });
});

const paths = [
  {
    name: "an escaped slash",
    provider: "google_genai",
    path: "/v1beta/models/a%2Fb:generateContent?alt=sse&x=/a%2Fb",
    wanted: "/v1beta/models/n%2Fw:generateContent?alt=sse&x=/a%2Fb",
  },
  {
    name: "an escape in lower case",
    provider: "google_genai",
    path: "/v1beta/models/a%2fb:streamGenerateContent?alt=sse",
    wanted: "/v1beta/models/n%2Fw:streamGenerateContent?alt=sse",
  },
  {
    name: "a model that is called as its path begins",
    provider: "google_genai",
    path: "/v1beta/models/v1beta:generateContent",
    wanted: "/v1beta/models/n%2Fw:generateContent",
  },
  {
    name: "an ARN",
    provider: "aws_bedrock",
    path: "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fp/converse",
    wanted: "/model/n%2Fw/converse",
  },
  {
    name: "a deployment that is called as its path begins",
    provider: "azure_openai",
    path: "/openai/deployments/openai/chat/completions?api-version=2024-10-21",
    wanted: "/openai/deployments/n%2Fw/chat/completions?api-version=2024-10-21",
  },
];
for (const { name, provider, path, wanted } of paths) {
  t.test(`requestFor() puts another model into a path with ${name}`, async (t) => {
    const body = { model: "ignored", contents: [], messages: [] };
    const request = made(provider, { path, body }, candidate(to("n/w")));
    t.match(request, { path: wanted, usualPath: wanted, body: undefined, model: "n/w" });
  });
}

t.test("requestFor() gives a backend of the same API under a base path its own path", async (t) => {
  const target = backendOf("proxy", "openai", { basePath: "/proxy/v1" });
  const request = made("openai", { path: "/v1/chat/completions?a=1", body: chat() }, target);
  t.match(request, { path: "/proxy/v1/chat/completions", usualPath: "/v1/chat/completions" });
  t.match(request, { body: undefined, remove: [], set: [] });
});

t.test(
  "requestFor() sends one dialect's bytes to another provider without what is the first's",
  async (t) => {
    const headers = [
      ["authorization", "Bearer of-the-agent"],
      ["openai-organization", "org"],
      ["user-agent", "sdk"],
    ] as const;
    const body = '{"model":"gpt-4o","messages":[],"seed":9007199254740993}';
    const target = backendOf("vllm", "openai_compatible", to("llama"));
    const request = made("openai", { headers, body }, target);
    t.equal(request.body?.toString(), body.replace("gpt-4o", "llama"));
    t.match(request, { path: "/v1/chat/completions", answer: { kind: "none" } });
    t.same(request.remove, ["authorization", "openai-organization"]);
  },
);

t.test("requestFor() names the deployment where Azure's path has it", async (t) => {
  const target = backendOf("azure", "azure_openai", { basePath: "/openai", ...to("my gpt") });
  const request = made("openai", { body: chat() }, target);
  t.match(request.path, "/openai/deployments/my%20gpt/chat/completions?api-version=");
});

t.test("requestFor() translates for another dialect", async (t) => {
  const headers = [
    ["authorization", "Bearer of-the-agent"],
    ["x-stainless-os", "Linux"],
  ] as const;
  const body = chat({ max_tokens: 9, stream: true, user: "u1", logit_bias: {} });
  const request = made("openai", { headers, body }, claude({ basePath: "/v9" }));
  t.match(request, {
    path: "/v9/messages",
    usualPath: "/v1/messages",
    model: "claude-sonnet-4-5",
    answer: { kind: "translate", served: { name: "anthropic-messages" } },
  });
  t.match(JSON.parse(request.body?.toString() ?? ""), {
    model: "claude-sonnet-4-5",
    max_tokens: 9,
    stream: true,
    messages: [{ role: "user" }],
  });
  t.same(request.set, [
    ["content-type", "application/json"],
    ["anthropic-version", "2023-06-01"],
  ]);
  t.same(request.remove, ["authorization", "x-stainless-os", "accept-encoding"]);
});

t.test(
  "requestFor() asks path-borne dialects by the path, and for a stream by another one",
  async (t) => {
    const gemini = backendOf("gemini", "google_genai", to("gemini-2.5-pro"));
    t.match(made("openai", { body: chat() }, gemini), {
      path: "/v1beta/models/gemini-2.5-pro:generateContent",
    });
    t.match(made("openai", { body: chat({ stream: true }) }, gemini), {
      path: "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
    });
    const bedrock = backendOf("bedrock", "aws_bedrock", to("amazon.nova-pro-v1:0"));
    t.match(made("openai", { body: chat({ stream: true }) }, bedrock), {
      path: "/model/amazon.nova-pro-v1%3A0/converse-stream",
    });
    const vertex = backendOf("vertex", "google_vertex", {
      basePath: "/v1/projects/p/locations/l/publishers/google",
      ...to("gemini-2.5-pro"),
    });
    const path = "/v1beta/models/gemini-x:streamGenerateContent?alt=sse";
    const body = { contents: [{ role: "user", parts: [{ text: "Hi" }] }] };
    t.match(made("google_genai", { path, body }, vertex), {
      path: "/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
      answer: { kind: "none" },
    });
  },
);

t.test(
  "requestFor() asks for usage only where it is not asked for, and the dialect tells it so",
  async (t) => {
    const target = candidate({ streamUsage: true });
    const asking = made("openai", { body: chat({ stream: true }) }, target);
    t.match(JSON.parse(asking.body?.toString() ?? ""), { stream_options: { include_usage: true } });
    t.match(asking, { answer: { kind: "filter" }, remove: ["accept-encoding"] });
    for (const body of [chat(), chat({ stream: true, stream_options: { include_usage: true } })]) {
      t.match(made("openai", { body }, target), { body: undefined, answer: { kind: "none" } });
    }
    const messages = { path: "/v1/messages", body: chat({ stream: true }) };
    t.match(made("anthropic", messages, target), { body: undefined, answer: { kind: "none" } });
  },
);

t.test(
  "requestFor() asks for a stream by the path of the call, whatever its body is",
  async (t) => {
    const vertex = backendOf("vertex", "google_vertex");
    const path = "/v1beta/models/gemini-x:streamGenerateContent?alt=sse";
    for (const body of ["{", { contents: 1 }]) {
      t.match(
        made("google_genai", { path, body }, vertex).path,
        /:streamGenerateContent\?alt=sse$/,
      );
    }
  },
);

const unable = [
  {
    name: "a call that its provider has no API for",
    provider: "openai",
    parts: { path: "/v1/completions", body: { model: "m", prompt: "" } },
    target: claude(),
    reason: "unable: it does not serve text_completion of openai",
  },
  {
    name: "a call without a model",
    provider: "openai",
    parts: { body: { messages: [] } },
    target: claude(),
    reason: "unable: it does not serve chat of openai",
  },
  {
    name: "a provider that nobody knows",
    provider: "openai",
    parts: { body: chat() },
    target: backendOf("x", "nobody"),
    reason: 'unable: nobody knows provider "nobody"',
  },
  {
    name: "what its dialect cannot express",
    provider: "openai",
    parts: { body: chat({ n: 2, logprobs: true }) },
    target: claude(),
    reason: "unable: it cannot express choices (n), logprobs (logprobs)",
  },
];
for (const { name, provider, parts, target, reason } of unable) {
  t.test(`requestFor() says that a candidate cannot serve ${name}`, async (t) => {
    t.equal(refused(provider, parts, target), reason);
  });
}

t.test("requestFor() takes a body of the wrong shape for the request's fault", async (t) => {
  t.match(refused("openai", { body: chat({ messages: 1 }) }, claude()), /^malformed: messages/);
  t.match(
    refused("openai", { body: '{"model":"a","model":"b"}' }, candidate()),
    /^malformed: a key/,
  );
});

t.test("requestFor() survives keys of prototypes and depth beyond reason", async (t) => {
  const gemini = { path: "/v1beta/models/g:generateContent" };
  const deep = `{"contents":${"[".repeat(10_000)}${"]".repeat(10_000)}}`;
  const schema = `{"contents":[{"role":"user","parts":[{"text":"Hi"}]}],"generationConfig":{"responseMimeType":"application/json","responseJsonSchema":${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}}}`;
  for (const body of [deep, schema]) {
    let outcome: string;
    try {
      outcome = refused("google_genai", { ...gemini, body }, claude());
    } catch (error) {
      outcome = error instanceof RangeError ? "unable: thrown" : "another throw";
    }
    t.match(outcome, /^(?:malformed|unable|ok)/);
  }
  const body =
    '{"model":"gpt-4o","messages":[{"role":"user","content":"Hi","__proto__":{"a":1}}],"constructor":1,"__proto__":{"n":3}}';
  t.equal(refused("openai", { body }, claude()), "ok");
  t.equal(Object.hasOwn(Object.prototype, "n"), false);
});
