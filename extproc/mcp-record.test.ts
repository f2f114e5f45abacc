/** What of a request to an MCP server is kept, where its rules differ in that. */
import t from "tap";
import { McpJudge } from "../gateway/mcp-judge.ts";
import type { McpPlan, McpRule } from "../gateway/mcp-plan.ts";
import type { CapturePlan } from "../gateway/snapshot.ts";
import { McpRecord } from "./mcp-record.ts";
import { PlanBook } from "./plan-book.ts";
import { headerView, plan, update } from "./testdata/playbook.ts";
import { sessionTools } from "./testdata/session-tools.ts";
import { capturePlan } from "./testdata/snapshots.ts";

const nothing = { globs: [], expressions: [] };
const everything = {
  servers: [],
  methods: [],
  tools: nothing,
  conditions: [],
  resources: [],
  prompts: [],
};
const rule = (ruleIndex: number, capture?: CapturePlan): McpRule => ({
  ruleIndex,
  matches: [everything],
  toolPolicies: [],
  limits: [],
  ...(capture !== undefined && { capture }),
});
const keeps = capturePlan({ request: true, response: true });
const head = headerView({
  ":method": "POST",
  ":path": "/mcp",
  "content-type": "application/json",
  "x-one": "1",
});
const json = headerView({ ":status": "200", "content-type": "application/json" });

function recordOf(rules: readonly McpRule[], isKeptByRule = true) {
  const mcp: McpPlan = { rules, ...(isKeptByRule && { isKeptByRule }) };
  const book = new PlanBook([]);
  const asked = plan({ mcp });
  book.publish(update([asked]));
  const entry = book.find(asked.id);
  if (entry === undefined) throw new Error("Cannot find plan: it was published");
  const judge = new McpJudge(mcp, asked.route);
  const settler = { onSettled: () => {} };
  return new McpRecord({ entry, judge, tools: sessionTools(book), settler });
}

const texts = (record: McpRecord) => {
  record.close();
  const { capture } = record.take([], undefined);
  const read = (base64 = "") => Buffer.from(base64, "base64").toString();
  return (
    capture && [
      read(capture.requestBody?.base64),
      read(capture.responseBody?.base64),
      capture.requestHeaders.some(([name, value]) => name === "x-one" && value === "1"),
    ]
  );
};

const cases: readonly (readonly [string, readonly (number | null)[], unknown])[] = [
  ["a rule that keeps everything", [0], ["{}", "[]", true]],
  ["a rule that keeps nothing", [1], null],
  ["both", [0, 1], null],
  ["a rule that keeps requests", [2], ["{}", "", true]],
  ["two that keep requests in common", [0, 2], ["{}", "", true]],
  ["no rule", [null], null],
  ["no message", [], null],
];
for (const [name, rules, wanted] of cases) {
  t.test(`a record holds what it should of a body decided by ${name}`, async (t) => {
    const asks = capturePlan({ request: true });
    const record = recordOf([rule(0, keeps), rule(1), rule(2, asks)]);
    record.begin(head, false);
    record.requestBody(Buffer.from("{}"), rules);
    record.responseHeaders(json, false);
    record.responseBody(Buffer.from("[]"), true);
    t.same(texts(record), wanted);
  });
}

t.test("a record holds of what no rule decides what all rules keep", async (t) => {
  const redacting = { ...keeps, redactHeaders: ["x-one"] };
  const stream = recordOf([rule(0, keeps), rule(1, redacting)]);
  stream.begin(head, true);
  stream.responseHeaders(json, false);
  stream.responseBody(Buffer.from("[1]"), true);
  t.same(texts(stream), ["", "[1]", false]);
  const refused = recordOf([rule(0, keeps), rule(1, redacting)]);
  refused.begin(head, false);
  refused.noteDenial({ reason: "body-malformed", message: "No" });
  t.same(texts(refused), ["", "", false], "headers of one that was refused by them");
  const unjudged = recordOf([rule(0, keeps), rule(1, redacting)]);
  unjudged.begin(head, false);
  unjudged.unjudgedBody(Buffer.from("{}"), true);
  t.same(texts(unjudged), ["{}", "", false]);
});

t.test("take() tells who serves, and the target that the agent sent", async (t) => {
  const record = recordOf([rule(0)], false);
  record.begin(head, true);
  const backend = { namespace: "default", name: "b" };
  const routing = { backend, provider: "", model: null, translation: null, dropped: [] };
  record.noteRouting(routing, "/mcp?a=1", true);
  t.match(record.take([], undefined), { routing, target: { path: "/mcp", query: "a=1" } });
});
