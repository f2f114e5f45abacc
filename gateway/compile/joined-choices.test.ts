/** Rules of one host that the engine chooses among: precedence, entries, ways and who may be let by. */
import t from "tap";
import type { RoutedRule } from "../routing-plan.ts";
import type { DefaultPolicy, HttpRule, PathMatch, RuleBudget } from "../snapshot.ts";
import { forward } from "../testdata/gateway-snapshot.ts";
import type { ResolvedRule } from "./joined-choices.ts";
import { joinChoices } from "./joined-choices.ts";
import type { DenyAction } from "./refusal.ts";

const chat: PathMatch = { kind: "exact", value: "/v1/chat/completions" };
const embeddings: PathMatch = { kind: "exact", value: "/v1/embeddings" };
const refusal: DenyAction = { kind: "deny", status: 403, reason: "deny-policy", message: "No" };

interface Changes {
  readonly path?: PathMatch;
  readonly models?: readonly string[];
  readonly sections?: readonly string[];
  readonly provider?: string;
  readonly isNeeded?: boolean;
  readonly isIdle?: boolean;
  readonly asksUsage?: boolean;
  readonly budget?: RuleBudget;
  readonly deny?: DenyAction;
}

function choosing(name: string, changes: Changes = {}): ResolvedRule {
  const { path = chat, models = [name], sections, provider = "openai", deny } = changes;
  const route = { kind: "AIProviderRoute", namespace: "default", name };
  const { isNeeded = true, isIdle = false, asksUsage = true, budget } = changes;
  const pick = `pick-${name}`;
  const action = forward();
  const candidate = {
    pick,
    backend: null,
    provider,
    basePath: "",
    authority: "",
    tier: 0,
    weight: 1,
    modelRewrites: [],
    streamUsage: true,
    queryCredentials: [],
  };
  const base = {
    ...{ route, ruleIndex: 0, endpoints: [], models, meters: true },
    ...(budget !== undefined && { budget }),
  };
  const routed: RoutedRule =
    deny === undefined
      ? { ...base, candidates: [candidate] }
      : { ...base, candidates: [], refusal: { ...deny } };
  const ways = deny === undefined ? [{ pick, action }] : [];
  return {
    route,
    ruleIndex: 0,
    ...(sections !== undefined && { sections }),
    match: { method: "POST", path },
    action: deny ?? action,
    provider,
    choice: { routed, ways, isNeeded, isIdle, asksUsage, ...(deny !== undefined && { deny }) },
    plan: {
      gateway: "default/egress",
      route,
      ruleIndex: 0,
      provider,
      meters: true,
      queryCredentials: [],
      why: [],
    },
  };
}

function plain(name: string, changes: Partial<HttpRule> = {}): ResolvedRule {
  return {
    route: { kind: "EgressHTTPRoute", namespace: "default", name },
    ruleIndex: 0,
    match: {},
    action: forward(),
    ...changes,
  };
}

/** Rules as text: `name`, `way name`, `entry a+b otherwise`, each with its listeners. */
function texts(rules: readonly HttpRule[]): string[] {
  return rules.map((rule) => {
    const place = rule.sections === undefined ? "" : ` @${rule.sections.join(",")}`;
    return `${textOf(rule)}${place}`;
  });
}

function textOf({ action, pick, engine, route }: HttpRule): string {
  if (pick !== undefined) return `way ${route.name}`;
  if (action.kind !== "choose") return route.name;
  const names = engine?.routing?.rules.map((rule) => rule.route.name) ?? [];
  return `${action.isLate ? "late " : ""}entry ${names.join("+")} ${engine?.routing?.otherwise}`;
}

const joined = (rules: readonly ResolvedRule[], policy: DefaultPolicy = "deny-all") =>
  texts(joinChoices(rules, policy));

t.test("joinChoices() leaves rules without choices as they are", async (t) => {
  const rules = [plain("a", { match: { path: chat } }), plain("b")];
  t.same(joinChoices(rules, "deny-all"), rules);
  t.same(joinChoices([], "allow-all"), []);
});

t.test("joinChoices() has one entry for all rules of a path, in their order", async (t) => {
  t.same(joined([choosing("b"), choosing("a"), choosing("c")]), [
    "way b",
    "way a",
    "way c",
    "entry b+a+c deny",
  ]);
});

t.test("joinChoices() has one entry for each path, and one way for all", async (t) => {
  const rules = [choosing("a"), choosing("b"), choosing("a", { path: embeddings })];
  t.same(joined(rules), ["way a", "way b", "entry a+b deny", "entry a deny"]);
});

t.test("joinChoices() puts ways before all rules, which the request may fit by then", async (t) => {
  const first = plain("first", { match: { path: { kind: "prefix", value: "/v1/messages" } } });
  const rules = joinChoices([first, choosing("a")], "deny-all");
  t.same(texts(rules), ["way a", "first", "entry a deny"]);
  t.match(rules[0], { match: {}, pick: "pick-a" });
});

const goingOn: readonly {
  name: string;
  rest: ResolvedRule[];
  policy: DefaultPolicy;
  want: string;
}[] = [
  { name: "nothing follows", rest: [], policy: "deny-all", want: "deny" },
  { name: "everything is allowed", rest: [], policy: "allow-all", want: "next" },
  { name: "a rule follows", rest: [plain("x")], policy: "deny-all", want: "next" },
  {
    name: "a rule for another path follows",
    rest: [plain("x", { match: { path: embeddings } })],
    policy: "deny-all",
    want: "deny",
  },
  {
    name: "a rule for another method follows",
    rest: [plain("x", { match: { method: "GET" } })],
    policy: "deny-all",
    want: "deny",
  },
  {
    name: "choices of another path follow",
    rest: [choosing("x", { path: embeddings })],
    policy: "deny-all",
    want: "deny",
  },
];
for (const { name, rest, policy, want } of goingOn) {
  t.test(`joinChoices() says ${want} to what no rule is about when ${name}`, async (t) => {
    const rules = joinChoices([choosing("a"), ...rest], policy);
    const entry = rules.find(({ action }) => action.kind === "choose");
    t.equal(entry?.engine?.routing?.otherwise, want);
  });
}

t.test(
  "joinChoices() refuses what a rule behind another one would have to read again",
  async (t) => {
    const rules = joinChoices([choosing("a"), plain("x"), choosing("b")], "allow-all");
    t.same(texts(rules), ["way a", "way b", "entry a next", "x", "late entry b deny"]);
    t.same(rules.at(-1)?.action, { kind: "choose", isLate: true });
  },
);

t.test("joinChoices() reads past rules that cannot be meant", async (t) => {
  const between = [
    plain("get", { match: { method: "GET" } }),
    plain("other", { match: { path: { kind: "prefix", value: "/v1/files" } } }),
    choosing("e", { path: embeddings }),
  ];
  t.same(joined([choosing("a"), ...between, choosing("b")]), [
    "way a",
    "way b",
    "way e",
    "entry a+b deny",
    "get",
    "other",
    "entry e deny",
  ]);
});

t.test("joinChoices() joins for each listener what applies there", async (t) => {
  const rules = [choosing("a"), choosing("b", { sections: ["tls"] })];
  const result = joined(rules);
  t.same(
    result.filter((text) => text.includes("entry")),
    ["entry a+b deny @tls", "entry a deny"],
  );
  t.notOk(result.some((text) => text.startsWith("late")));
});

t.test("joinChoices() joins rules of listeners in both orders", async (t) => {
  const rules = [choosing("a", { sections: ["tls", "http"] }), choosing("b")];
  t.same(
    joined(rules).filter((text) => text.includes("entry")),
    ["entry a+b deny @tls", "entry a+b deny @http", "entry b deny"],
  );
});

t.test("joinChoices() leaves a refusal of everything to Envoy", async (t) => {
  const [rule] = joinChoices([choosing("a", { models: [], deny: refusal })], "allow-all");
  t.same(rule?.action, refusal);
  t.equal(rule?.engine, undefined);
  t.same(
    Object.keys(rule ?? {}).filter((name) => name === "choice" || name === "plan"),
    [],
  );
});

t.test("joinChoices() refuses limited models where they are read", async (t) => {
  const rules = [choosing("a", { deny: refusal }), choosing("b", { models: [], deny: refusal })];
  const [entry, ...rest] = joinChoices(rules, "allow-all");
  t.same(rest, []);
  t.same(
    entry?.engine?.routing?.rules.map((rule) => rule.refusal?.reason),
    ["deny-policy", "deny-policy"],
  );
});

t.test("joinChoices() picks nothing where a rule stands alone and needs no choice", async (t) => {
  const rule = choosing("a", { models: [], isNeeded: false });
  const [alone, ...rest] = joinChoices([rule], "deny-all");
  t.same(rest, []);
  t.same(alone?.action, rule.action);
  t.match(alone?.engine, {
    why: ["asks for token counts of streams"],
    routing: { otherwise: "next", rules: [{ candidates: [{ pick: "" }] }] },
  });
});

const budget = { counts: [{ name: "n", scope: "day", unit: "tokens", limit: 1 }] } as const;
const budgeted = { models: [], isNeeded: false, budget };

t.test(
  "joinChoices() refuses what is none of the calls of a budget that stands alone",
  async (t) => {
    const [alone, ...rest] = joinChoices([choosing("a", budgeted)], "allow-all");
    t.same(rest, []);
    t.equal(alone?.action.kind, "forward");
    t.match(alone?.engine, {
      why: ["asks for token counts of streams"],
      routing: { otherwise: "deny", rules: [{ budget, candidates: [{ pick: "" }] }] },
    });
    const embed = { ...budgeted, path: embeddings, asksUsage: false };
    t.same(joinChoices([choosing("a", embed)], "deny-all")[0]?.engine?.why, []);
  },
);

t.test("joinChoices() leaves no budget alone behind an entry that lets calls by", async (t) => {
  const between = plain("p", { match: { path: chat, headers: [] } });
  const rules = [choosing("a"), between, choosing("b", budgeted)];
  t.same(joined(rules), ["way a", "way b", "entry a next", "p", "late entry b deny"]);
  const other = choosing("b", { ...budgeted, path: embeddings });
  t.same(joined([choosing("a"), between, other]), ["way a", "entry a next", "p", "b"]);
  t.same(joined([choosing("a"), choosing("b", budgeted)]), ["way a", "way b", "entry a+b deny"]);
});

t.test("joinChoices() has such a rule chosen behind one that needs it", async (t) => {
  const rules = [choosing("a"), choosing("b", { models: [], isNeeded: false })];
  t.same(joined(rules), ["way a", "way b", "entry a+b deny"]);
});

t.test("joinChoices() leaves to its other paths what a rule does not need by itself", async (t) => {
  const idle = { models: [], isNeeded: false, isIdle: true };
  t.same(joinChoices([choosing("a", idle)], "deny-all"), []);
  const deny = { kind: "deny", status: 403, reason: "deny-policy", message: "No." } as const;
  t.same(joinChoices([choosing("a", { ...idle, deny })], "deny-all"), []);
  t.same(joined([choosing("a"), choosing("b", idle)]), ["way a", "way b", "entry a+b deny"]);
});

/** Numbers in [0, 1), the same for the same seed. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

interface Call {
  readonly model: string;
  readonly section: string;
  /** Whether rules with a header match it */
  readonly isMarked: boolean;
}

const marked = { headers: [{ kind: "exact", name: "x-mark", value: "1" }] } as const;

function isAbout({ sections, match }: HttpRule, { section, isMarked }: Call): boolean {
  return (sections?.includes(section) ?? true) && (match.headers === undefined || isMarked);
}

/** Who decides about a call, as Envoy and the engine would find it in the joined rules. */
function decide(rules: readonly HttpRule[], call: Call, policy: DefaultPolicy): string {
  const here = rules.filter((rule) => isAbout(rule, call));
  let pick: string | undefined;
  for (let round = 0; round < 2; round++) {
    for (const { action, engine, pick: own, route } of here) {
      if (own !== undefined) {
        if (own === pick) return route.name;
        continue;
      }
      if (action.kind !== "choose") return route.name;
      if (pick !== undefined) {
        if (action.isLate) return "refused";
        continue;
      }
      const found = engine?.routing?.rules.find(({ models }) => models.includes(call.model));
      if (found === undefined && engine?.routing?.otherwise === "deny") return "refused";
      pick = found?.candidates[0]?.pick ?? "none";
      break;
    }
  }
  return policy;
}

/** The same before rules are joined: the first that is about it. */
function decideByOrder(rules: readonly ResolvedRule[], call: Call, policy: DefaultPolicy): string {
  const first = rules
    .filter((rule) => isAbout(rule, call))
    .find(({ choice }) => choice === undefined || choice.routed.models.includes(call.model));
  return first?.route.name ?? policy;
}

const calls: readonly Call[] = ["m1", "m2", "m3"].flatMap((model) =>
  ["tls", "http", "other"].flatMap((section) =>
    [true, false].map((isMarked) => ({ model, section, isMarked })),
  ),
);

t.test("joinChoices() keeps precedence, or refuses, whatever the rules are", async (t) => {
  const random = seededRandom(7);
  const pickOf = <Value>(list: readonly [Value, ...Value[]]): Value =>
    list[Math.floor(random() * list.length)] ?? list[0];
  let refused = 0;
  for (let round = 0; round < 500; round++) {
    const rules = Array.from({ length: 1 + Math.floor(random() * 6) }, (_, index) => {
      const sections = pickOf([undefined, undefined, ["tls"], ["http", "tls"]]);
      const limit = sections === undefined ? {} : { sections };
      if (random() < 0.15) {
        return plain(`p${index}`, { ...limit, ...(random() < 0.5 && { match: marked }) });
      }
      const models = ["m1", "m2", "m3"].filter(() => random() < 0.4);
      return choosing(`c${index}`, { models, ...limit });
    });
    const policy = pickOf(["deny-all", "allow-all"] as const);
    const result = joinChoices(rules, policy);
    for (const call of calls) {
      const found = decide(result, call, policy);
      const want = decideByOrder(rules, call, policy);
      if (found === "refused" && want === "deny-all") continue;
      if (found === "refused") {
        refused++;
        const isBehind = rules.some(({ choice }) => choice === undefined);
        t.ok(isBehind, "only where a rule stands between");
      } else if (found !== want) t.equal(found, want, texts(result).join("; "));
    }
  }
  t.ok(refused > 0 && refused < 900, `${refused} of 9,000 refused`);
});

t.test("joinChoices() gives every pick one way on each listener", async (t) => {
  const rules = [
    choosing("a"),
    choosing("b", { sections: ["tls"] }),
    choosing("a", { path: embeddings }),
  ];
  const ways = joinChoices(rules, "deny-all").filter(({ pick }) => pick !== undefined);
  for (const section of ["tls", "other"]) {
    const picks = ways
      .filter(({ sections }) => sections?.includes(section) ?? true)
      .map(({ pick }) => pick);
    t.same([...new Set(picks)].toSorted(), section === "tls" ? ["pick-a", "pick-b"] : ["pick-a"]);
  }
});
