/** Tests of who is chosen to serve a model call. */
import t from "tap";
import { chooseCall } from "./call-choice.ts";
import type { CallChoice } from "./call-choice.ts";
import { seededRandom } from "./testdata/random.ts";
import type { SentParts } from "./testdata/routing.ts";
import { routingTools } from "./testdata/routing-tools.ts";
import {
  askedCall,
  backendOf,
  candidate,
  chat,
  claude,
  fallback,
  routedRule,
  routingPlan,
} from "./testdata/routing.ts";

const tools = routingTools();

/** Names of those that are asked, in their order; else what is said. */
function chosen(choice: CallChoice): readonly string[] | string {
  switch (choice.kind) {
    case "single":
      return [choice.candidate.pick];
    case "walk":
      return choice.ways.map((way) => way.candidate.pick);
    case "refuse":
      return `${choice.refusal.status} ${choice.refusal.message}`;
    case "next":
      return "next";
  }
}

const ask = (parts: SentParts = { body: chat() }, provider = "openai") =>
  askedCall(provider, parts);
const named = (model: string) => ask({ body: chat({ model }) });

const rules = [
  routedRule([candidate({ pick: "first" })], { models: ["gpt-4*", "o?"] }),
  routedRule([candidate({ pick: "second" })], { models: ["gpt-*"], endpoints: ["/v1/chat/*"] }),
  routedRule([candidate({ pick: "third" })], { endpoints: ["/v1/embeddings"] }),
];

const matched: readonly (readonly [string, SentParts, readonly string[]])[] = [
  ["the first rule of two that match", { body: chat({ model: "gpt-4o" }) }, ["first"]],
  ["the one whose models match", { body: chat({ model: "gpt-5" }) }, ["second"]],
  [
    "the one whose endpoints match, without the query",
    { path: "/v1/embeddings?a=/v1/chat/x", body: { model: "e", input: "" } },
    ["third"],
  ],
  ["a rule for any model where none is named", { path: "/v1/embeddings", body: {} }, ["third"]],
  ["an escaped name", { body: '{"model":"\\u006f3"}' }, ["first"]],
];
for (const [name, parts, picks] of matched) {
  t.test(`chooseCall() takes ${name}`, async (t) => {
    t.same(chosen(chooseCall(routingPlan(...rules), ask(parts), tools)), picks);
  });
}

t.test(
  "chooseCall() refuses by name what no rule allows, or leaves it to the next one",
  async (t) => {
    const plan = routingPlan(...rules);
    t.equal(
      chosen(chooseCall(plan, named("GPT-4o"), tools)),
      '403 No rule for openai allows model "GPT-4o"',
    );
    t.equal(
      chosen(chooseCall(plan, ask({ body: { messages: [] } }), tools)),
      "403 No rule for openai allows a call that names no model",
    );
    t.equal(chosen(chooseCall({ ...plan, otherwise: "next" }, named("x"), tools)), "next");
    const long = chosen(chooseCall(plan, named("x".repeat(2_000)), tools));
    t.ok(long.length < 300, "and says no more of a name than is needed");
  },
);

const malformed: readonly (readonly [string, string | Buffer, RegExp])[] = [
  ["two models", '{"model":"gpt-4o","model":"o3"}', /a key comes twice/],
  ["two models by an escape", '{"model":"gpt-4o","m\\u006fdel":"o3"}', /a key comes twice/],
  ["a model in two cases", '{"model":"gpt-4o","MODEL":"o3"}', /a key comes twice/],
  ["any key twice", '{"model":"gpt-4o","stream":true,"stream":false}', /a key comes twice/],
  ["a byte that is no UTF-8", Buffer.from('{"model":"gpt-4o\xff"}', "latin1"), /not UTF-8/],
  ["no JSON", "model=gpt-4o", /not JSON/],
  ["no object", '["gpt-4o"]', /not a JSON object/],
  ["something after it", '{"model":"gpt-4o"}{"model":"o3"}', /not JSON/],
  ["a byte order mark", '\ufeff{"model":"gpt-4o"}', /not JSON/],
  ["a model that is no text", '{"model":["gpt-4o"]}', /model is not a string/],
  ["a model of null", '{"model":null}', /model is not a string/],
  ["a model that is too long", `{"model":"${"x".repeat(2_049)}"}`, /longer than 2048/],
  [
    "10,000 levels",
    `{"model":"gpt-4o","a":${"[".repeat(10_000)}${"]".repeat(10_000)}}`,
    /not JSON/,
  ],
  ["nothing", "", /not JSON/],
];
for (const [name, body, reason] of malformed) {
  t.test(`chooseCall() refuses a body with ${name}`, async (t) => {
    const choice = chosen(chooseCall(routingPlan(...rules), ask({ body }), tools));
    t.match(choice, /^400 Refused because the body cannot be read/);
    t.match(choice, reason);
  });
}

t.test("chooseCall() does not look for a model deeper in the body", async (t) => {
  const body = { model: "gpt-5", metadata: { model: "gpt-4o" }, messages: [] };
  t.same(chosen(chooseCall(routingPlan(...rules), ask({ body }), tools)), ["second"]);
});

const pathBorne = [
  { provider: "google_genai", path: "/v1beta/models/gemini-x:generateContent" },
  { provider: "aws_bedrock", path: "/model/gemini-x/converse" },
  { provider: "azure_openai", path: "/openai/deployments/gemini-x/chat/completions?api-version=1" },
];
for (const { provider, path } of pathBorne) {
  t.test(`chooseCall() heeds the path of ${provider}, whatever its body names`, async (t) => {
    const plan = routingPlan(
      routedRule([candidate({ pick: "lure" })], { models: ["lure"] }),
      routedRule([candidate({ pick: "right" })], { models: ["gemini-x"] }),
    );
    for (const body of ['{"model":"lure"}', '{"model":"lure","MODEL":"lure"}', '{"model":1}']) {
      t.same(chosen(chooseCall(plan, ask({ path, body }, provider), tools)), ["right"]);
    }
  });
}

t.test(
  "chooseCall() heeds endpoints as the server reads the path, whatever its escapes",
  async (t) => {
    const denied = { status: 403, reason: "deny-policy", message: "Denied" } as const;
    const plan = routingPlan(
      routedRule([], { endpoints: ["/v1beta/models/gemini-x:*"], refusal: denied }),
      routedRule([candidate({ pick: "all" })]),
    );
    for (const model of ["gemini-x", "gemini%2Dx", "%67emini-x", "gemini%2dx"]) {
      const path = `/v1beta/models/${model}:generateContent`;
      t.equal(chosen(chooseCall(plan, ask({ path }, "google_genai"), tools)), "403 Denied", model);
    }
    const broken = ask({ path: "/v1beta/models/a%zz:generateContent" }, "google_genai");
    t.same(chosen(chooseCall(plan, broken, tools)), ["all"]);
    const spelled = routingPlan(
      routedRule([candidate()], { endpoints: ["/model/a%3Ab/converse"] }),
    );
    const path = "/model/a%3Ab/converse";
    t.same(chosen(chooseCall(spelled, ask({ path }, "aws_bedrock"), tools)), ["own"]);
  },
);

const unknownCalls = [
  { provider: "google_genai", path: "/v1beta/models/imagen-4:predict" },
  { provider: "google_genai", path: `/v1beta/models/${"x".repeat(1_025)}:generateContent` },
  { provider: "azure_openai", path: "/openai/deployments/x/images/generations" },
  { provider: "openai", path: "/v1/chat/completions/" },
];
for (const { provider, path } of unknownCalls) {
  t.test(
    `chooseCall() believes no body of ${path.slice(0, 40)}, which may name another model`,
    async (t) => {
      const call = ask({ path, body: { model: "gpt-4o" } }, provider);
      t.match(
        chosen(chooseCall(routingPlan(...rules), call, tools)),
        /^400 .*it is no model call of/,
      );
    },
  );
}

t.test("chooseCall() asks the tiers in their order, whatever the list's", async (t) => {
  const rule = routedRule(
    [3, 1, 2].map((tier) => backendOf(`t${tier}`, "openai", { tier })),
    { fallback },
  );
  t.same(chosen(chooseCall(routingPlan(rule), ask(), tools)), ["t1", "t2", "t3"]);
});

const weighted = [
  { name: "three of a tier", weights: [1, 2, 7], tolerance: 0.02 },
  { name: "one with weight 0", weights: [1, 0, 3], tolerance: 0.02 },
  { name: "equal ones", weights: [5, 5], tolerance: 0.02 },
];
for (const { name, weights, tolerance } of weighted) {
  t.test(`chooseCall() draws ${name} by their shares`, async (t) => {
    const random = seededRandom(11);
    const drawn = routingTools({ random: () => random.below(1_000_000) / 1_000_000 });
    const candidates = weights.map((weight, index) => backendOf(`b${index}`, "openai", { weight }));
    const plans = [
      routingPlan(routedRule(candidates)),
      routingPlan(routedRule(candidates, { fallback })),
    ];
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (const plan of plans) {
      const counts = new Map<string, number>();
      const draws = 10_000;
      for (let round = 0; round < draws; round++) {
        const picks = chosen(chooseCall(plan, ask(), drawn));
        const first = picks[0] ?? "none";
        counts.set(first, (counts.get(first) ?? 0) + 1);
        if (picks.includes("b1") && weights[1] === 0)
          t.fail("weight 0 takes nothing, not even last");
      }
      for (const [index, weight] of weights.entries()) {
        const share = (counts.get(`b${index}`) ?? 0) / draws;
        t.ok(Math.abs(share - weight / total) <= tolerance, `b${index}: ${share}`);
      }
    }
  });
}

t.test("chooseCall() gives a walk every candidate once, for any chance", async (t) => {
  const candidates = [1, 2, 3, 4].map((weight) => backendOf(`b${weight}`, "openai", { weight }));
  const plan = routingPlan(routedRule(candidates, { fallback }));
  for (const random of [0, 0.1, 0.3, 0.6, 0.999_999_999, 1 - 2 ** -53]) {
    const picks = chosen(chooseCall(plan, ask(), routingTools({ random: () => random })));
    t.equal(new Set(picks).size, 4);
    t.equal(picks.length, 4);
  }
});

t.test("chooseCall() refuses when all weights are 0, also of a single one", async (t) => {
  for (const count of [1, 2]) {
    const candidates = Array.from({ length: count }, () => backendOf("b", "openai", { weight: 0 }));
    t.match(
      chosen(chooseCall(routingPlan(routedRule(candidates)), ask(), tools)),
      /^400 .*default\/models can serve this request: all of its backends have weight 0/,
    );
  }
});

t.test("chooseCall() asks those that are left out last, and still asks them", async (t) => {
  const candidates = [0, 0, 1].map((tier, index) => backendOf(`b${index}`, "openai", { tier }));
  const plan = routingPlan(routedRule(candidates, { fallback }));
  const without = (...picks: string[]) =>
    routingTools({ isEjected: (pick) => picks.includes(pick) });
  t.same(chosen(chooseCall(plan, ask(), without("b0"))), ["b1", "b2", "b0"]);
  t.same(chosen(chooseCall(plan, ask(), without("b0", "b1"))), ["b2", "b0", "b1"]);
  t.same(chosen(chooseCall(plan, ask(), without("b0", "b1", "b2"))), ["b0", "b1", "b2"]);
});

const pool = {
  status: 501,
  reason: "not-enforced",
  message: "InferencePool default/pool is not served",
} as const;

function poolOf() {
  const backend = { kind: "InferencePool", namespace: "default", name: "pool" };
  return backendOf("pool", "", { backend, refusal: pool });
}

t.test(
  "chooseCall() answers 501 for a pool alone, and goes on where there is another",
  async (t) => {
    const refusing = poolOf();
    t.equal(
      chosen(chooseCall(routingPlan(routedRule([refusing])), ask(), tools)),
      `501 ${pool.message}`,
    );
    const both = routedRule([refusing, backendOf("able", "openai")]);
    t.same(chosen(chooseCall(routingPlan(both), ask(), tools)), ["able"]);
  },
);

t.test(
  "chooseCall() leaves out who cannot serve the request, and keeps the rest of a walk",
  async (t) => {
    const body = chat({ n: 3 });
    const candidates = [
      claude(),
      backendOf("a", "openai"),
      claude({ pick: "c2" }),
      backendOf("b", "mistral"),
    ];
    const walk = chooseCall(
      routingPlan(routedRule(candidates, { fallback })),
      ask({ body }),
      tools,
    );
    t.same(chosen(walk), ["a", "b"], "more than one is left, unlike weakness 17");
    const single = routedRule([claude(), backendOf("a", "openai")]);
    t.same(chosen(chooseCall(routingPlan(single), ask({ body }), tools)), ["a"]);
  },
);

t.test("chooseCall() says of each candidate why it cannot serve the request", async (t) => {
  const plan = routingPlan(routedRule([claude(), poolOf()]));
  t.equal(
    chosen(chooseCall(plan, ask({ body: chat({ n: 3 }) }), tools)),
    "400 Refused because no backend of AIProviderRoute default/models can serve this request: Backend default/claude (anthropic): it cannot express choices (n); InferencePool default/pool: InferencePool default/pool is not served",
  );
});

t.test("chooseCall() says no more of an agent's own words than is needed", async (t) => {
  const tools_ = Array.from({ length: 40 }, (_, at) => ({ type: `${at}`.repeat(5_000) }));
  const choice = chooseCall(
    routingPlan(routedRule([claude()])),
    ask({ body: chat({ tools: tools_ }) }),
    tools,
  );
  t.ok(chosen(choice).length < 3_000, `${chosen(choice).length} characters`);
});
