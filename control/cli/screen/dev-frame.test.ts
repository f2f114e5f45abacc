import t from "tap";
import type { ActivityReport, AgentActivity } from "../../../gateway/activity-report.ts";
import { createPalette } from "../colour.ts";
import { displayWidth } from "../table.ts";
import { gatewayWith, recordWith, statusWith } from "../testdata/fake-control.ts";
import { controlReport } from "../../testdata/control-report.ts";
import { devFrame } from "./dev-frame.ts";
import { DevState } from "./dev-state.ts";

const nowMs = Date.UTC(2026, 10, 29);
const context = {
  palette: createPalette({ isTerminal: false, environment: {} }),
  workingDirectory: "/w",
  kubeconfig: "kubeconfig",
  nowMs,
};
const none = {
  requests: 0,
  denied: 0,
  audited: 0,
  failed: 0,
  inputTokens: 0,
  outputTokens: 0,
  microDollars: 0,
  unpriced: 0,
};
const size = { columns: 100, rows: 30 };

function agentOf(
  name: string,
  requests: number,
  changes: Partial<AgentActivity> = {},
): AgentActivity {
  return {
    agent: `Process/default/${name}`,
    total: { ...none, requests },
    lastMinute: { ...none, requests },
    p50Ms: 10,
    p95Ms: 20,
    runs: 0,
    lastUnixMs: nowMs - 20_000,
    models: [],
    hosts: [],
    reasons: [],
    ...changes,
  };
}

function reportOf(changes: Partial<ActivityReport> = {}): ActivityReport {
  const total = { ...none, requests: 1 };
  return { total, lastMinute: total, agents: [], lines: [], skipped: 0, ...changes };
}

function create(): DevState {
  const state = new DevState();
  state.onStatus(statusWith({ gateways: [gatewayWith()], revision: 6 }));
  return state;
}

t.test("devFrame() never has more lines than there are rows", async (t) => {
  const state = create();
  const agents = Array.from({ length: 257 }, (_, at) => agentOf(`agent-${at}`, at));
  const lines = Array.from({ length: 600 }, () => ({ record: recordWith(), microDollars: 12_100 }));
  state.onReport(reportOf({ agents, lines, skipped: 9_000 }));
  state.onEvent(
    {
      kind: "problems",
      revision: 6,
      problems: Array.from({ length: 50 }, (_, line) => ({
        file: "/w/a.yaml",
        line,
        field: "spec",
        message: "is wrong",
      })),
    },
    nowMs,
  );
  for (const view of ["overview", "agent", "help"] as const) {
    state.view = view;
    for (let rows = 1; rows < 60; rows++) {
      const frame = devFrame(state, { columns: 80, rows }, context);
      t.ok(frame.length <= rows, `${view} ${rows}`);
      t.match(frame[0], /^CLRK/);
    }
  }
  t.equal(state.tail.length, 500, "the tail is bounded");
});

t.test("devFrame() shows text from outside with its controls written out", async (t) => {
  const state = create();
  const evil = "x\u001b]0;own\u0007\u202e\n";
  const { request } = recordWith();
  const share = { name: evil, requests: 1, denied: 1, tokens: 1, microDollars: 1 };
  const agent = agentOf(evil, 1, { models: [share], hosts: [share], reasons: [share] });
  const record = recordWith({
    request: { ...request, host: evil, path: evil, method: evil },
    decision: { verdict: "deny", reason: evil, message: evil, route: null },
  });
  state.onReport(reportOf({ agents: [agent], lines: [{ record, microDollars: null }] }));
  state.onEvent({ kind: "gateway", gateway: gatewayWith({ name: evil, audits: [evil] }) }, nowMs);
  state.onEvent(
    {
      kind: "problems",
      revision: 1,
      problems: [{ file: evil, line: 1, field: evil, message: evil }],
    },
    nowMs,
  );
  for (const view of ["overview", "agent"] as const) {
    state.view = view;
    const text = devFrame(state, size, { ...context, kubeconfig: evil }).join("|");
    t.notMatch(text, /[\p{Cc}\p{Cf}]/u, view);
    t.match(text, /\\x1b/);
  }
});

t.test(
  "devFrame() tells how many lines are not shown, and shows denials alone where asked",
  async (t) => {
    const state = create();
    const denied = recordWith({
      decision: { verdict: "deny", reason: "no-rule", message: "No", route: null },
    });
    state.onReport(
      reportOf({
        lines: [
          { record: recordWith(), microDollars: 12_100 },
          { record: denied, microDollars: null },
        ],
        skipped: 9_970,
      }),
    );
    const all = devFrame(state, size, context).join("\n");
    t.match(
      all,
      /… 9,970 more, counted and not shown\nresearcher {2}✔ .* {2}\$0\.0121\nresearcher {2}✘ .*denied: No/,
    );
    state.onKey("d");
    const some = devFrame(state, size, context).join("\n");
    t.notMatch(some, /✔|more, counted/);
    t.match(some, /✘[\s\S]*only denials/);
  },
);

t.test(
  "devFrame() keeps columns below their headings, and the selected row in sight",
  async (t) => {
    const state = create();
    const agents = Array.from({ length: 40 }, (_, at) => agentOf(`agent-${at}`, 40 - at));
    state.onReport(reportOf({ agents }));
    for (let press = 0; press < 30; press++) state.onKey("tab");
    const frame = devFrame(state, size, context);
    t.ok(frame.some((line) => line.startsWith("› agent-29 ")));
    const heading = frame.find((line) => line.includes("REQUESTS")) ?? "";
    const row = frame.find((line) => line.startsWith("›")) ?? "";
    const end = heading.indexOf("REQUESTS") + "REQUESTS".length;
    t.equal(row.slice(0, end).trimEnd().length, end);
    for (const columns of [80, 90, 100, 120]) {
      const lines = devFrame(state, { columns, rows: 30 }, context);
      const table = lines.filter((line) => /^[ ›] (?:agent-|AGENT)/.test(line));
      t.ok(table.length > 5);
      t.ok(
        table.every((line) => displayWidth(line) <= columns),
        `${columns}`,
      );
    }
  },
);

t.test("onReport() takes counts as they are: a report that comes again adds nothing", async (t) => {
  const state = create();
  const report = reportOf({ agents: [agentOf("a", 5)] });
  state.onReport(report);
  state.onReport(report);
  t.equal(state.total?.requests, 1);
  t.equal(state.agents.get("Process/default/a")?.total.requests, 5);
});

t.test(
  "a mistake stays until a later revision is live, also where an earlier one becomes live after it",
  async (t) => {
    const state = create();
    const problem = { file: "/w/a.yaml", line: 3, field: "spec", message: "is wrong" };
    const shows = () =>
      devFrame(state, size, context).some((line) => line.includes("a.yaml:3: spec"));
    const live = (revision: number) =>
      state.onEvent({ kind: "revision", revision, inMs: 1, changes: [] }, nowMs);
    state.onEvent({ kind: "problems", revision: 6, problems: [problem] }, nowMs);
    live(6);
    t.ok(shows());
    live(7);
    t.notOk(shows());
  },
);

t.test(
  "devFrame() shows the whole of a mistake on 80 columns, and how many more there are",
  async (t) => {
    const state = create();
    const message = `"opnai" is not a provider, did you mean "openai"? Known: ${"anthropic, ".repeat(4)}openai`;
    const field = "spec.rules[0].matches[0].provider";
    const problems = [1, 2, 3, 4, 5, 6].map((line) => ({
      file: "/w/policy/route.yaml",
      line,
      field,
      message,
    }));
    state.onEvent({ kind: "problems", revision: 6, problems }, nowMs);
    const frame = devFrame(state, { columns: 80, rows: 24 }, context);
    t.strictSame(frame.slice(2, 8), [
      `policy/route.yaml:1: ${field}: "opnai" is not a`,
      `  provider, did you mean "openai"? Known: anthropic, anthropic, anthropic,`,
      "  anthropic, openai",
      `policy/route.yaml:2: ${field}: "opnai" is not a`,
      `  provider, did you mean "openai"? Known: anthropic, anthropic, anthropic,`,
      "  anthropic, openai",
    ]);
    t.equal(frame[8], "… and 4 more problems");
    for (const line of frame.slice(2)) t.ok(displayWidth(line) <= 80, line);
  },
);

t.test("devFrame() cuts a sentence of more than three lines, and says so", async (t) => {
  const state = create();
  state.note(`Secret default/a ${"is not there ".repeat(40)}`);
  const frame = devFrame(state, { columns: 80, rows: 24 }, context);
  t.equal(frame.filter((line) => line.includes("is not there")).length, 3);
  t.match(frame.at(-2), /…$/);
});

t.test("a gateway that audits, or is not ready, cannot be overlooked", async (t) => {
  const state = create();
  state.onEvent(
    {
      kind: "gateway",
      gateway: gatewayWith({ ready: false, audits: ["EgressGateway default/default"] }),
    },
    nowMs,
  );
  const text = devFrame(state, size, context).join("\n");
  t.match(text, /AUDIT: nothing is refused by EgressGateway default\/default/);
  t.match(text, /default\/default 127\.0\.0\.1:4100 not ready/);
});

t.test("onKey() asks for the end, and for nothing at keys that mean nothing", async (t) => {
  const state = create();
  for (const key of ["x", "enter", "tab", "up", "escape", "ctrl-z", ""])
    t.equal(state.onKey(key), undefined, key);
  t.equal(state.view, "overview", "there is no agent to enter");
  t.equal(state.onKey("ctrl-c"), "quit");
  t.match(devFrame(state, size, context).at(-1), /Stopping …/);
});

t.test("devFrame() shows the control process, and what is kept", async (t) => {
  const state = create();
  const wide = { columns: 120, rows: 30 };
  const report = controlReport();
  state.onControl({ state: "running", pid: 7, sinceMs: nowMs, restarts: 0, report });
  const [head = "", , telemetry = ""] = devFrame(state, wide, context);
  t.match(head, /engine|no engine/);
  t.match(head, / · control up$/);
  t.equal(
    telemetry,
    "OTLP http://127.0.0.1:4318 · 12,345 kept · 64 MiB of 5 GiB · memory 350 MiB of 600 MiB",
  );
  const down = { state: "starting", pid: 7, sinceMs: nowMs - 2_000, restarts: 1, report } as const;
  state.onControl({ ...down, problem: "it was ended by SIGKILL" });
  const lines = devFrame(state, wide, context);
  t.match(lines[0], / · control down, 1 restart$/);
  t.equal(
    lines[2],
    "Control process down for 2 s: it was ended by SIGKILL; it is started again, traffic goes on",
  );
  t.notMatch(lines.join("\n"), /kept/, "what it said is not so any more");
  state.onControl({ ...down, state: "silent" });
  t.match(devFrame(state, wide, context)[2], /^Control process 7 does not answer; traffic goes on/);
  const problem = "Nothing is stored: full; free space";
  const failing = controlReport({ state: "failing", problem });
  state.onControl({ ...down, state: "running", report: failing });
  const seen = devFrame(state, wide, context);
  t.match(seen[0], / · control up, 1 restart$/);
  t.match(seen[3], `Telemetry: ${problem}`);
});

t.test("devFrame() cuts none of its facts at 80 columns", async (t) => {
  const state = create();
  const report = controlReport();
  state.onControl({ state: "running", pid: 7, sinceMs: nowMs, restarts: 12, report });
  const lines = devFrame(state, { columns: 80, rows: 24 }, context);
  t.same(lines.slice(0, 5), [
    "CLRK default/default 127.0.0.1:4100 · revision 1 live · Envoy up · no engine",
    "  control up, 12 restarts",
    "kubectl --kubeconfig kubeconfig get clrk",
    "OTLP http://127.0.0.1:4318 · 12,345 kept · 64 MiB of 5 GiB",
    "  memory 350 MiB of 600 MiB",
  ]);
  t.ok(lines.every((line) => displayWidth(line) <= 80));
});
