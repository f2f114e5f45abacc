/** How long the judge of MCP takes for one call of a tool, its body read, by thousands of matches; in this process. */
import type { McpHead } from "../../gateway/mcp-judge.ts";
import { McpJudge } from "../../gateway/mcp-judge.ts";
import type { McpMatch, McpRule } from "../../gateway/mcp-plan.ts";
import { seededRandom } from "../../providers/testdata/seeded-random.ts";
import type { DecisionTimes } from "./decision-times.ts";
import { summariseTimes } from "./decision-times.ts";

/** Most matches of a rule that an MCPRoute may have. */
const matchesOfRule = 64;

/** Judges so many calls by so many matches, of all shapes; the first tenth warms up. */
export function measureMcpDecisions(options: {
  readonly rules: number;
  readonly decisions: number;
  readonly seed: number;
}): DecisionTimes {
  const random = seededRandom(options.seed);
  const route = { kind: "MCPRoute", namespace: "default", name: "tools" };
  const judge = new McpJudge({ rules: rulesOf(options.rules) }, route);
  const bodies = Array.from({ length: options.rules * 2 }, (_, at) => Buffer.from(callOf(at)));
  const warmUp = Math.floor(options.decisions / 10);
  const micros = new Float64Array(options.decisions);
  let found = 0;
  for (let turn = -warmUp; turn < options.decisions; turn++) {
    const at = Math.floor(random() * options.rules * 2);
    const body = bodies[at] ?? noBody;
    const start = process.hrtime.bigint();
    const outcome = judge.judgeBody(head, body);
    const end = process.hrtime.bigint();
    if (turn < 0) continue;
    if (outcome.kind === "allow") found++;
    micros[turn] = Number(end - start) / 1_000;
  }
  return summariseTimes(micros, found);
}

const noBody = Buffer.alloc(0);

const head: McpHead = {
  method: "POST",
  scheme: "https",
  authority: "mcp.test",
  target: "/mcp",
  values: (name) => (name === "accept" ? ["application/json, text/event-stream"] : []),
  hasBody: true,
};

function rulesOf(count: number): McpRule[] {
  return Array.from({ length: Math.ceil(count / matchesOfRule) }, (_, ruleIndex) => ({
    ruleIndex,
    matches: Array.from(
      { length: Math.min(matchesOfRule, count - ruleIndex * matchesOfRule) },
      (_match, at) => matchOf(ruleIndex * matchesOfRule + at),
    ),
    toolPolicies: [],
    limits: [],
  }));
}

/** Whole names, beginnings, endings, and what has both; every eighth asks for an argument as well. */
function matchOf(at: number): McpMatch {
  const isAsking = at % 8 === 0;
  return {
    servers: ["https://mcp.test"],
    methods: [],
    tools: { globs: [globOf(at)], expressions: [] },
    conditions: isAsking ? [{ path: "team.id", operator: "In", values: [String(at)] }] : [],
    resources: [],
    prompts: [],
  };
}

function globOf(at: number): string {
  switch (at % 4) {
    case 0:
      return nameOf(at);
    case 1:
      return `team-${at}-*`;
    case 2:
      return `*-${at}-tool`;
    default:
      return `team-${at}-*-tool`;
  }
}

/** Every second one is of no rule. */
function nameOf(at: number): string {
  return `team-${at}-${at}-tool`;
}

function callOf(at: number): string {
  const call = { name: nameOf(at), arguments: { team: { id: at }, text: "x".repeat(200) } };
  return JSON.stringify({ jsonrpc: "2.0", id: at, method: "tools/call", params: call });
}
