/**
 * One test for each weakness of the translation that this one replaces (numbers of the list in the specification), through
 * what the engine does with the real codecs: the request that a candidate gets, and the answer that the agent gets.
 */
import { gzipSync } from "node:zlib";
import t from "tap";
import { compile } from "../gateway/compile.ts";
import { parseManifests } from "../gateway/manifests.ts";
import type { Candidate, RoutingPlan } from "../gateway/routing-plan.ts";
import type { JsonValue } from "../providers/json-text.ts";
import { AnswerChanger } from "./answer-changer.ts";
import { chooseCall } from "./call-choice.ts";
import type { CandidateRequest } from "./candidate-request.ts";
import { requestFor } from "./candidate-request.ts";
import { headerView } from "./testdata/playbook.ts";
import type { SentParts } from "./testdata/routing.ts";
import { routingTools } from "./testdata/routing-tools.ts";
import {
  askedCall,
  backendOf,
  candidate,
  chat,
  claude,
  claudeAnswer,
  fallback,
  routedRule,
  routingPlan,
} from "./testdata/routing.ts";

type Fields = Readonly<Record<string, JsonValue>>;

const askFor = (model: string) => ({ modelRewrites: [{ from: "*", to: model }] });
const openai = (model = "gpt-4.1") => backendOf("openai", "openai", askFor(model));
const gemini = backendOf("gemini", "google_genai", askFor("gemini-2.5-pro"));
const nova = backendOf("nova", "aws_bedrock", askFor("amazon.nova-pro-v1:0"));
const claudeOnBedrock = backendOf(
  "bedrock",
  "aws_bedrock",
  askFor("anthropic.claude-sonnet-4-20250514-v1:0"),
);

const messages = (changes: object = {}): SentParts => ({
  path: "/v1/messages",
  body: {
    model: "claude-x",
    max_tokens: 2_000,
    messages: [{ role: "user", content: "Hi" }],
    ...changes,
  },
});

function made(provider: string, parts: SentParts, target: Candidate): CandidateRequest {
  const outcome = requestFor(askedCall(provider, parts), target);
  if (outcome.kind !== "ok") throw new TypeError(`Cannot make request: ${outcome.reason}`);
  return outcome.request;
}

function bodyOf({ body }: CandidateRequest): Fields {
  return JSON.parse(body?.toString() ?? "{}");
}

function refusal(provider: string, parts: SentParts, target: Candidate): string {
  const outcome = requestFor(askedCall(provider, parts), target);
  return outcome.kind === "ok" ? "ok" : outcome.reason;
}

/** The whole answer that an agent gets for what a candidate answered. */
function answer(
  request: CandidateRequest,
  body: object | string | Buffer,
  headers: Readonly<Record<string, string>> = {},
) {
  const changer = new AnswerChanger(request.answer);
  const all = { ":status": "200", "content-type": "application/json", ...headers };
  changer.onHeaders(headerView(all), false);
  const bytes = typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const told = changer.onWhole(Buffer.from(bytes));
  return { status: told?.status, body: JSON.parse(told?.body.toString() ?? "null") };
}

/** The stream that an agent gets. */
function stream(request: CandidateRequest, text: string): string {
  const changer = new AnswerChanger(request.answer);
  changer.onHeaders(headerView({ ":status": "200", "content-type": "text/event-stream" }), false);
  return changer.onPiece(Buffer.from(text), true).toString();
}

t.test(
  "9: several results of tools in one turn survive, each with its id, and the text after them",
  async (t) => {
    const turns = [
      { role: "user", content: "Weather?" },
      {
        role: "assistant",
        content: [
          { type: "tool_use", id: "toolu_1", name: "f", input: { at: "Oslo" } },
          { type: "tool_use", id: "toolu_2", name: "f", input: { at: "Rome" } },
        ],
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "toolu_1", content: "cold" },
          {
            type: "tool_result",
            tool_use_id: "toolu_2",
            content: [{ type: "text", text: "warm" }],
          },
          { type: "text", text: "And now?" },
        ],
      },
    ];
    const tools = [{ name: "f", input_schema: { type: "object" } }];
    t.match(bodyOf(made("anthropic", messages({ messages: turns, tools }), openai())), {
      messages: [
        { role: "user" },
        { role: "assistant", tool_calls: [{ id: "toolu_1" }, { id: "toolu_2" }] },
        { role: "tool", tool_call_id: "toolu_1", content: "cold" },
        { role: "tool", tool_call_id: "toolu_2", content: "warm" },
        { role: "user", content: "And now?" },
      ],
    });
  },
);

t.test("10: answers keep the form of OpenAI's, and requests what each model takes", async (t) => {
  const told = answer(made("openai", { body: chat() }, claude()), {
    ...JSON.parse(claudeAnswer),
    content: [
      { type: "thinking", thinking: "Hm", signature: "sig" },
      { type: "text", text: "Hi" },
    ],
  });
  t.match(told.body, { created: Number, choices: [{ message: { content: "Hi" } }] });
  const refused = answer(made("openai", { body: chat() }, claude()), {
    ...JSON.parse(claudeAnswer),
    content: [],
    stop_reason: "refusal",
  });
  t.match(refused.body, { choices: [{ finish_reason: "content_filter" }] });
  for (const model of ["o3", "gpt-5"]) {
    const sent = bodyOf(made("anthropic", messages(), openai(model)));
    t.match(sent, { max_completion_tokens: 2_000 });
    t.notOk(Object.hasOwn(sent, "max_tokens"), model);
  }
  t.match(bodyOf(made("openai", { body: chat({ temperature: 1.8 }) }, claude())), {
    temperature: 1,
  });
  t.match(bodyOf(made("openai", { body: chat() }, claude())), { max_tokens: Number });
  const five = messages({ stop_sequences: ["a", "b", "c", "d", "e"] });
  t.match(
    bodyOf(made("anthropic", five, openai())),
    { stop: ["a", "b", "c", "d", "e"] },
    "none is lost in silence: OpenAI itself says that it takes four",
  );
});

t.test(
  "11: what would change the answer is translated or refused, the rest named in the record",
  async (t) => {
    const schema = {
      type: "object",
      properties: { a: { type: "string" } },
      required: ["a"],
      additionalProperties: false,
    };
    const tools = [{ type: "function", function: { name: "f", parameters: schema } }];
    const wanted = {
      response_format: { type: "json_schema", json_schema: { name: "s", schema, strict: true } },
      parallel_tool_calls: false,
      tools,
      seed: 7,
    };
    const request = made("openai", { body: chat(wanted) }, claude());
    const sent = JSON.stringify(bodyOf(request));
    t.match(sent, /"schema":\{"type":"object","properties":\{"a"/);
    t.match(sent, /"disable_parallel_tool_use":true/);
    t.ok(request.dropped.some(({ feature }) => feature === "seed"));
    const effort = chat({ reasoning_effort: "high" });
    t.match(JSON.stringify(bodyOf(made("openai", { body: effort }, gemini))), /thinking/);
    t.match(refusal("openai", { body: chat({ n: 2 }) }, claude()), /choices \(n\)/);
    t.match(refusal("openai", { body: chat({ logit_bias: { 1: 2 } }) }, claude()), /logit-bias/);
  },
);

t.test("12: every dialect gets turns, tools and schemas in the form that it takes", async (t) => {
  const call = (id: string) => ({ id, type: "function", function: { name: "f", arguments: "{}" } });
  const history = [
    { role: "user", content: "Hi" },
    { role: "assistant", tool_calls: [call("call_1"), call("call_2")] },
    { role: "tool", tool_call_id: "call_1", content: "one" },
    { role: "tool", tool_call_id: "call_2", content: "two" },
    { role: "user", content: "Go on" },
  ];
  const converse = bodyOf(made("openai", { body: chat({ messages: history }) }, nova));
  t.match(converse, {
    messages: [
      { role: "user" },
      { role: "assistant", content: [{ toolUse: {} }, { toolUse: {} }] },
      { role: "user", content: [{ toolResult: {} }, { toolResult: {} }, { text: "Go on" }] },
    ],
    toolConfig: { tools: [{ toolSpec: { name: "f" } }] },
  });
  const parameters = {
    $schema: "http://json-schema.org/draft-07/schema#",
    type: "object",
    properties: { a: { type: "string" } },
    additionalProperties: false,
  };
  const tools = [{ type: "function", function: { name: "f", parameters } }];
  const generate = JSON.stringify(bodyOf(made("openai", { body: chat({ tools }) }, gemini)));
  t.match(generate, /"parametersJsonSchema":\{/);
  t.notMatch(generate, /"parameters":\{[^}]*additionalProperties/);
});

t.test(
  "13: nobody is asked to compress what is translated, and who does all the same is understood",
  async (t) => {
    const headers = [["accept-encoding", "gzip, br"]] as const;
    const request = made("openai", { headers, body: chat() }, claude());
    t.ok(request.remove.includes("accept-encoding"));
    const told = answer(request, gzipSync(claudeAnswer), { "content-encoding": "gzip" });
    t.match(told, { status: 200, body: { choices: [{ message: { content: "Hi" } }] } });
  },
);

t.test("14: results of tools go to Gemini, and those of Gemini's agents to others", async (t) => {
  const contents = [
    { role: "user", parts: [{ text: "Hi" }] },
    { role: "model", parts: [{ functionCall: { name: "f", args: { a: 1 } } }] },
    { role: "user", parts: [{ functionResponse: { name: "f", response: { output: "one" } } }] },
  ];
  const tools = [{ functionDeclarations: [{ name: "f" }] }];
  const path = "/v1beta/models/gemini-x:generateContent";
  t.match(bodyOf(made("google_genai", { path, body: { contents, tools } }, claude())), {
    messages: [
      {},
      { content: [{ type: "tool_use", name: "f" }] },
      { content: [{ type: "tool_result" }] },
    ],
  });
  const history = [
    { role: "user", content: "Hi" },
    {
      role: "assistant",
      tool_calls: [{ id: "call_1", type: "function", function: { name: "f", arguments: "{}" } }],
    },
    { role: "tool", tool_call_id: "call_1", content: "one" },
  ];
  t.match(bodyOf(made("openai", { body: chat({ messages: history }) }, gemini)), {
    contents: [
      {},
      { parts: [{ functionCall: { name: "f" } }] },
      { parts: [{ functionResponse: { name: "f" } }] },
    ],
  });
});

t.test("14: Bedrock streams", async (t) => {
  const request = made("openai", { body: chat({ stream: true }) }, nova);
  t.match(request, { path: "/model/amazon.nova-pro-v1%3A0/converse-stream" });
});

t.test("14: the Responses API is served by another provider", async (t) => {
  const body = { model: "gpt-x", input: "Hi", instructions: "Be kind", store: false };
  const request = made("openai", { path: "/v1/responses", body }, claude());
  t.match(bodyOf(request), { system: /Be kind/, messages: [{ role: "user" }] });
  t.match(answer(request, claudeAnswer).body, {
    object: "response",
    output: [{ type: "message", content: [{ type: "output_text", text: "Hi" }] }],
  });
});

t.test(
  "14: signatures of thinking survive on streams and come back to who made them",
  async (t) => {
    const events = [
      {
        type: "message_start",
        message: { id: "msg_1", model: "c", usage: { input_tokens: 1, output_tokens: 1 } },
      },
      { type: "content_block_start", index: 0, content_block: { type: "thinking", thinking: "" } },
      { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "Hm" } },
      {
        type: "content_block_delta",
        index: 0,
        delta: { type: "signature_delta", signature: "c2ln" },
      },
      { type: "content_block_stop", index: 0 },
      {
        type: "content_block_start",
        index: 1,
        content_block: { type: "redacted_thinking", data: "ZGF0YQ==" },
      },
      { type: "content_block_stop", index: 1 },
      { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 2 } },
      { type: "message_stop" },
    ];
    const text = events
      .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
      .join("");
    const body = {
      model: "gpt-x",
      input: "Hi",
      stream: true,
      include: ["reasoning.encrypted_content"],
      store: false,
    };
    const told = stream(made("openai", { path: "/v1/responses", body }, claude()), text);
    t.match(told, /"type":"reasoning"/);
    t.match(told, /response\.completed/);
  },
);

t.test("14: documents and redacted thinking of Anthropic's dialect are understood", async (t) => {
  const source = { type: "base64", media_type: "application/pdf", data: "JVBERg==" };
  const content = [
    { type: "document", source, title: "a.pdf" },
    { type: "text", text: "Read" },
  ];
  const turns = [
    { role: "user", content },
    {
      role: "assistant",
      content: [
        { type: "redacted_thinking", data: "ZGF0YQ==" },
        { type: "text", text: "Yes" },
      ],
    },
    { role: "user", content: "Go on" },
  ];
  const request = made("anthropic", messages({ messages: turns }), openai());
  t.match(JSON.stringify(bodyOf(request)), /data:application\/pdf;base64,JVBERg==/);
  t.match(bodyOf(request), { messages: [{}, { role: "assistant", content: "Yes" }, {}] });
  t.match(
    JSON.stringify(bodyOf(made("anthropic", messages({ messages: turns }), claudeOnBedrock))),
    /JVBERg==/,
  );
});

t.test("14: errors are translated", async (t) => {
  const error = { error: { message: "Slow down", type: "requests", code: "rate_limit_exceeded" } };
  t.match(answer(made("anthropic", messages(), openai()), error, { ":status": "429" }), {
    status: 429,
    body: { type: "error", error: { type: "rate_limit_error", message: "Slow down" } },
  });
});

t.test("15: rules and rewrites know the models of paths", async (t) => {
  const paths = [
    {
      provider: "google_genai",
      path: "/v1beta/models/m-1:generateContent",
      wanted: "/v1beta/models/m-2:generateContent",
    },
    { provider: "aws_bedrock", path: "/model/m-1/converse", wanted: "/model/m-2/converse" },
    {
      provider: "azure_openai",
      path: "/openai/deployments/m-1/chat/completions?api-version=1",
      wanted: "/openai/deployments/m-2/chat/completions?api-version=1",
    },
  ];
  for (const { provider, path, wanted } of paths) {
    const rule = routedRule([candidate(askFor("m-2"))], { models: ["m-1"] });
    const call = askedCall(provider, { path, body: { contents: [], messages: [] } });
    const choice = chooseCall(routingPlan(rule), call, routingTools());
    t.match(choice, { kind: "single", request: { path: wanted, body: undefined, model: "m-2" } });
  }
});

t.test("16: what is not changed keeps its bytes, and numbers their digits", async (t) => {
  const body = '{"seed":9007199254740993,"b":1.0,"a":"<&>\\u00e9","model":"gpt-4o","messages":[]}';
  const spliced = made("openai", { body }, openai("gpt-5"));
  t.equal(spliced.body?.toString(), body.replace('"gpt-4o"', '"gpt-5"'));
  const exact = '{"n":9007199254740993,"f":1.10}';
  const history = [
    { role: "user", content: "Hi" },
    {
      role: "assistant",
      tool_calls: [{ id: "call_1", type: "function", function: { name: "f", arguments: exact } }],
    },
    { role: "tool", tool_call_id: "call_1", content: "one" },
  ];
  for (const target of [claude(), gemini, nova]) {
    const sent = made("openai", { body: chat({ messages: history }) }, target).body?.toString();
    t.match(sent, /"n":9007199254740993/);
  }
});

t.test("17: who cannot serve a request is left out, and all others are still walked", async (t) => {
  const candidates = [
    claude({ pick: "c1", tier: 0 }),
    backendOf("o1", "openai", { tier: 1 }),
    backendOf("none", "openai", { tier: 2, weight: 0 }),
    backendOf("o2", "openai", { tier: 3 }),
    claude({ pick: "c2", tier: 4 }),
  ];
  const plan = routingPlan(routedRule(candidates, { fallback }));
  const choice = chooseCall(plan, askedCall("openai", { body: chat({ n: 2 }) }), routingTools());
  t.same(choice.kind === "walk" && choice.ways.map((way) => way.candidate.pick), ["o1", "o2"]);
});

const manifest = (kind: string, name: string, spec: object) =>
  `---\n${JSON.stringify({ apiVersion: "clrk.apoxy.dev/v1alpha1", kind, metadata: { name }, spec })}\n`;
const reference = (kind: string, name: string, more: object = {}) => ({
  group: "clrk.apoxy.dev",
  kind,
  name,
  ...more,
});

/** What the engine is told for chats of OpenAI's API by these rules of a route, which falls back or not. */
function routingOf(rules: readonly object[], fallsBack: "falls back" | "does not"): RoutingPlan {
  const text = [
    manifest("EgressGateway", "egress", {
      listeners: [{ name: "tls", protocol: "TLS", tls: { mode: "Terminate" } }],
    }),
    ...["one", "two"].map((name) =>
      manifest("Backend", name, {
        schema: { name: "openai" },
        upstream: { host: `${name}.example.com` },
      }),
    ),
    manifest("AIProviderRoute", "models", {
      parentRefs: [reference("EgressGateway", "egress")],
      rules,
    }),
    ...(fallsBack === "falls back"
      ? [
          manifest("FallbackRoutingPolicy", "models", {
            targetRefs: [reference("AIProviderRoute", "models")],
          }),
        ]
      : []),
  ].join("");
  const { objects, problems } = parseManifests("policy.yaml", text);
  if (problems.length > 0) throw new TypeError(`Cannot compile: ${JSON.stringify(problems)}`);
  const { snapshot } = compile({
    objects: objects.map(({ object }) => object),
    revision: 1,
    environment: { ownAddresses: [] },
  });
  const found = snapshot.gateways
    .flatMap(({ hosts }) => hosts.filter(({ host }) => host.value === "api.openai.com"))
    .flatMap((host) => host.rules)
    .filter(({ match }) => match.path?.value === "/v1/chat/completions")
    .flatMap(({ engine }) => engine?.routing ?? []);
  const [first] = found;
  if (first === undefined) throw new TypeError("Cannot find routing: nothing is chosen");
  return first;
}

const toOne = (more: object = {}) => reference("Backend", "one", more);

t.test(
  "18: what providers answer when they cannot serve now is tried elsewhere, by weights",
  async (t) => {
    const refs = [
      toOne({ weight: 3, priority: 0 }),
      reference("Backend", "two", { weight: 1, priority: 0 }),
    ];
    const rules = [{ matches: [{ provider: "openai" }], backendRefs: refs }];
    const [rule] = routingOf(rules, "falls back").rules;
    t.match(rule?.fallback, { statuses: [429, 500, 502, 503, 504, 529] });
    t.same(
      rule?.candidates.map(({ tier, weight }) => [tier, weight]),
      [
        [0, 3],
        [0, 1],
      ],
    );
  },
);

t.test(
  "20: a rule without backends is chosen by the same entry as one with some, for its own models",
  async (t) => {
    const rules = [
      { matches: [{ provider: "openai", models: ["gpt-4*"] }], backendRefs: [toOne()] },
      { matches: [{ provider: "openai", models: ["gpt-5*"] }] },
    ];
    const routing = routingOf(rules, "does not");
    const served = (model: string) => {
      const call = askedCall("openai", { body: chat({ model }) });
      const choice = chooseCall(routing, call, routingTools());
      return choice.kind === "single"
        ? (choice.candidate.backend?.name ?? "the host itself")
        : choice.kind;
    };
    t.equal(served("gpt-4o"), "one");
    t.equal(served("gpt-5"), "the host itself");
    t.equal(served("o3"), "refuse");
  },
);
