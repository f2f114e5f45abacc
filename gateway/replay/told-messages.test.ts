/** Tests of judging MCP messages by their names. */
import t from "tap";
import type { McpMessageFacts } from "../call-facts.ts";
import type { McpPlan } from "../mcp-plan.ts";
import type { EnginePlan } from "../snapshot.ts";
import type { ToldRequest } from "./told-messages.ts";
import { judgeTold } from "./told-messages.ts";

const none = { globs: [], expressions: [] };
const match = { servers: [], methods: [], conditions: [], resources: [], prompts: [] };
const policy = {
  allowed: none,
  denied: { globs: ["delete_*"], expressions: [] },
  deniedArguments: [],
  confirmed: ["write_*"],
  confirmation: { timeoutMs: 1_000 },
  limits: [],
};
const condition = { path: "path", operator: "In", values: ["/tmp"] } as const;
const mcp: McpPlan = {
  rules: [
    {
      ruleIndex: 0,
      matches: [
        { ...match, tools: { globs: ["read_*"], expressions: [] }, conditions: [condition] },
      ],
      toolPolicies: [],
      limits: [],
    },
    {
      ruleIndex: 1,
      matches: [{ ...match, tools: { globs: ["*_file", "search"], expressions: [] } }],
      toolPolicies: [policy],
      limits: [],
    },
  ],
};
const plan: EnginePlan & { readonly mcp: McpPlan } = {
  id: "plan",
  gateway: "default/egress",
  route: { kind: "MCPRoute", namespace: "default", name: "files" },
  ruleIndex: 0,
  meters: false,
  mcp,
  queryCredentials: [],
  why: ["judges MCP messages"],
};

function call(name: string, more: Partial<McpMessageFacts> = {}): McpMessageFacts {
  const facts = { method: "tools/call", subject: "tool", outcome: "allowed", rule: 0 } as const;
  return { ...facts, name, ...more };
}

function told(messages: readonly McpMessageFacts[], more: Partial<ToldRequest> = {}): ToldRequest {
  const where = { method: "POST", scheme: "https", authority: "mcp.test", path: "/mcp" };
  const mcp = { protocol: "mcp", revision: null, messages } as const;
  return { ...where, header: () => undefined, mcp, ...more };
}

const approved = { confirmation: { outcome: "approved", by: "cli" } } as const;
const refused = { confirmation: { outcome: "denied", by: "cli" } } as const;
const rows = [
  { name: "an allowed tool", messages: [call("search")], kind: "allow" },
  { name: "a denied one", messages: [call("delete_file")], reason: "mcp-denied" },
  { name: "one that no rule is about", messages: [call("other")], reason: "mcp-denied" },
  {
    name: "a base method",
    messages: [{ ...call("x"), method: "ping", subject: null, name: null }],
    kind: "allow",
  },
  { name: "one of several", messages: [call("search"), call("other")], reason: "mcp-denied" },
  { name: "arguments", messages: [call("read_other")], missing: "arguments of tool read_other" },
  {
    name: "a confirmation that nobody was asked for",
    messages: [call("write_file")],
    missing: "whether somebody confirms tool write_file",
  },
  { name: "a confirmed tool", messages: [call("write_file", approved)], kind: "allow" },
  {
    name: "one that was not confirmed",
    messages: [call("write_file", refused)],
    reason: "not-confirmed",
  },
  {
    name: "a confirmation that is asked for no more",
    messages: [call("search", refused)],
    kind: "allow",
  },
  {
    name: "more than are told",
    messages: Array.from({ length: 16 }, () => call("search")),
    missing: "messages of a batch beyond the first 16",
  },
  { name: "a name that was cut", messages: [call("s".repeat(256))], reason: "mcp-denied" },
];

for (const { name, messages, kind, reason, missing } of rows) {
  t.test(`judgeTold() judges ${name}`, async (t) => {
    const outcome = judgeTold(plan, told(messages));
    t.equal(outcome.kind, kind ?? (missing === undefined ? "deny" : "unknown"));
    if (outcome.kind === "deny") t.equal(outcome.reason, reason);
    if (outcome.kind === "unknown") t.equal(outcome.missing, missing);
  });
}

t.test("judgeTold() does not know messages that nobody read", async (t) => {
  const header = (name: string) => (name === "content-type" ? "application/json" : undefined);
  const post = judgeTold(plan, { ...told([]), mcp: undefined, header });
  t.same(post, { kind: "unknown", missing: "messages to the MCP server" });
});

t.test("judgeTold() judges other methods by their heads, as far as they are known", async (t) => {
  const head = { ...told([]), mcp: undefined };
  t.match(judgeTold(plan, { ...head, method: "PUT" }), { kind: "deny", reason: "mcp-denied" });
  const accept = { missing: "header accept" };
  const header = (name: string) => (name === "accept" ? accept : undefined);
  t.match(judgeTold(plan, { ...head, method: "GET", header }), {
    kind: "unknown",
    missing: "header accept",
  });
  t.match(judgeTold(plan, { ...head, method: "DELETE" }), { kind: "allow" });
});
