/** Tests where records go: the file always, and each gateway's receiver with its own records and headers. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import type { Test } from "tap";
import { CapturedJson } from "./captured-json.ts";
import { systemClock } from "./clock.ts";
import { lastLineNumber, lineNumber } from "./line-number.ts";
import { silentLogger } from "./log.ts";
import { endedInvocation } from "./invocation-span.ts";
import { runEndEvent, runEvent } from "./run-event.ts";
import { registeredRun } from "./testdata/run.ts";
import { RecordOutputs } from "./record-outputs.ts";
import { SecretValue } from "./secret-value.ts";
import { capturedExchange } from "./testdata/call-facts.ts";
import { httpRecord } from "./testdata/egress-record.ts";
import { gatewaySnapshot } from "./testdata/gateway-snapshot.ts";
import { startCollector } from "./testdata/otlp-collector.ts";
import { freePort } from "./testdata/envoy-rig.ts";
import { temporaryDirectory } from "./testdata/processes.ts";

async function openOutputs(t: Test) {
  const directory = await temporaryDirectory(t);
  const outputs = new RecordOutputs({ directory, clock: systemClock, log: silentLogger });
  t.teardown(() => outputs.close());
  return outputs;
}

async function collector(t: Test) {
  const started = await startCollector();
  t.teardown(() => started.close());
  return started;
}

function exporting(name: string, endpoint: string, headerNames: string[] = []) {
  return gatewaySnapshot({ name, otlp: { endpoint, headerNames } });
}

const route = { kind: "EgressHTTPRoute", namespace: "default", name: "r" };

function ruled(ruleIndex: number, query = "") {
  const plain = recordOf("a");
  return {
    ...plain,
    id: `rule-${ruleIndex}`,
    request: { ...plain.request, query },
    decision: { ...plain.decision, route: { ...route, rule: ruleIndex } },
  };
}

async function idsIn(file: string): Promise<string[]> {
  const text = await readFile(file, "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).id);
}

function recordOf(name: string) {
  return httpRecord({ gateway: { namespace: "default", name } });
}

t.test("add() writes every record to the file", async (t) => {
  const outputs = await openOutputs(t);
  outputs.add(httpRecord({ id: "one" }));
  outputs.add(httpRecord({ id: "two" }));
  await outputs.close();
  const { file, published, dropped, failure } = outputs.status({ unread: 0, incomplete: 0 });
  const lines = (await readFile(file, "utf8")).trim().split("\n");
  t.same(
    lines.map((line) => JSON.parse(line).id),
    ["one", "two"],
  );
  t.same([published, dropped, failure], [2, 0, ""]);
});

t.test("add() sends each receiver the records of its gateway, with its headers", async (t) => {
  const outputs = await openOutputs(t);
  const [a, b] = [await collector(t), await collector(t)];
  const credentials = new Map([["otlp/default/a/x-key", new SecretValue("key-a")]]);
  outputs.setTargets(
    [exporting("a", a.endpoint, ["x-key", "x-absent"]), exporting("b", b.endpoint)],
    credentials,
  );
  outputs.add(recordOf("a"));
  outputs.add(recordOf("b"));
  outputs.add(recordOf("b"));
  outputs.add(recordOf("other"));
  await outputs.close();
  t.same([a.spans().length, b.spans().length], [1, 2]);
  t.equal(a.requests[0]?.headers["x-key"], "key-a");
  t.notOk("x-absent" in (a.requests[0]?.headers ?? {}));
  t.notOk("x-key" in (b.requests[0]?.headers ?? {}));
});

t.test(
  "addInvocation() writes each phase, and sends the root to receivers of its gateway",
  async (t) => {
    const outputs = await openOutputs(t);
    const [own, other] = [await collector(t), await collector(t)];
    outputs.setTargets(
      [exporting("egress", own.endpoint), exporting("b", other.endpoint)],
      new Map(),
    );
    const run = registeredRun();
    const event = runEndEvent(run, { kind: "exited", exitCode: 0 }, Date.parse(run.since) + 5);
    outputs.addInvocation(runEvent(run, "Running", 7));
    outputs.addInvocation(event, endedInvocation({ run, event, requests: 1, denied: 0 }));
    await outputs.close();
    t.same(
      own.spans().map(({ name }) => name),
      ["invocation"],
    );
    t.same([own.logs().length, other.spans().length], [0, 0]);
    const { file } = outputs.status({ unread: 0, incomplete: 0 });
    const lines = (await readFile(file.replace("records.jsonl", "invocations.jsonl"), "utf8"))
      .trim()
      .split("\n");
    t.same(
      lines.map((line) => [JSON.parse(line).phase, lineNumber(line)]),
      [
        ["Running", 1],
        ["Succeeded", 2],
      ],
    );
    const next = new RecordOutputs({
      ...{ directory: path.dirname(file), clock: systemClock, log: silentLogger },
    });
    next.addInvocation(runEvent(run, "Running", 9));
    await next.close();
    t.equal(lastLineNumber(path.dirname(file), "invocations"), 3, "counted on by the next process");
  },
);

t.test("setTargets() keeps, replaces and ends receivers", async (t) => {
  const outputs = await openOutputs(t);
  const [first, second] = [await collector(t), await collector(t)];
  outputs.setTargets([exporting("a", first.endpoint)], new Map());
  outputs.add(recordOf("a"));
  outputs.setTargets([exporting("a", first.endpoint)], new Map());
  outputs.add(recordOf("a"));
  outputs.setTargets([exporting("a", second.endpoint)], new Map());
  outputs.add(recordOf("a"));
  await first.received(1);
  outputs.setTargets([gatewaySnapshot({ name: "a" })], new Map());
  outputs.add(recordOf("a"));
  await second.received(1);
  await outputs.close();
  t.equal(first.spans().length, 2, "what was queued for the old one is sent");
  t.equal(second.spans().length, 1);
});

t.test("setTargets() follows a header whose value changes", async (t) => {
  const outputs = await openOutputs(t);
  const target = await collector(t);
  for (const value of ["one", "two"]) {
    const credentials = new Map([["otlp/default/a/x-key", new SecretValue(value)]]);
    outputs.setTargets([exporting("a", target.endpoint, ["x-key"])], credentials);
    outputs.add(recordOf("a"));
  }
  await outputs.close();
  t.ok(target.requests.some(({ headers }) => headers["x-key"] === "two"));
});

t.test("status() names a failing receiver and counts what was lost", async (t) => {
  const outputs = await openOutputs(t);
  const endpoint = `http://127.0.0.1:${await freePort()}`;
  const credentials = new Map([["otlp/default/a/x-key", new SecretValue("canary")]]);
  outputs.setTargets([exporting("a", endpoint, ["x-key"])], credentials);
  outputs.add(recordOf("a"));
  await outputs.close();
  const { failure, dropped, incomplete } = outputs.status({ unread: 5, incomplete: 3 });
  t.match(failure, /^OTLP of default\/a: /);
  t.notMatch(failure, /canary/);
  t.ok(dropped > 5, `${dropped} dropped`);
  t.equal(incomplete, 3);
});

t.test("add() gives records of a sink to the sink in place of the receiver", async (t) => {
  const outputs = await openOutputs(t);
  const [general, siem] = [await collector(t), await collector(t)];
  const gateway = gatewaySnapshot({
    name: "a",
    otlp: { endpoint: general.endpoint, headerNames: [] },
    sinks: [
      { kind: "file", name: "audit" },
      { kind: "otlp", name: "siem", endpoint: siem.endpoint, headerNames: ["x-key"] },
    ],
    recordRules: [
      { route, ruleIndex: 1, redactQuery: [], sink: "audit" },
      { route, ruleIndex: 2, redactQuery: [], sink: "siem" },
      { route, ruleIndex: 3, redactQuery: [], sink: "gone" },
    ],
  });
  outputs.setTargets([gateway], new Map([["sink/default/a/siem/x-key", new SecretValue("k")]]));
  for (const ruleIndex of [0, 1, 2, 3]) outputs.add(ruled(ruleIndex));
  await outputs.close();
  const { file, published, dropped } = outputs.status({ unread: 0, incomplete: 0 });
  t.same(await idsIn(file), ["rule-0", "rule-2", "rule-3"]);
  t.same(await idsIn(file.replace(".jsonl", ".default.a.audit.jsonl")), ["rule-1"]);
  t.same([general.spans().length, siem.spans().length], [1, 1]);
  t.equal(siem.requests[0]?.headers["x-key"], "k");
  t.same([published, dropped], [4, 0]);
});

t.test(
  "add() writes a lent capture into every line as it was, whoever reads it before",
  async (t) => {
    const outputs = await openOutputs(t);
    const siem = await collector(t);
    const sink = { kind: "otlp", name: "siem", endpoint: siem.endpoint, headerNames: [] } as const;
    const rule = { route, ruleIndex: 1, redactQuery: [], sink: "siem" };
    outputs.setTargets(
      [gatewaySnapshot({ name: "a", sinks: [sink], recordRules: [rule] })],
      new Map(),
    );
    const exchange = capturedExchange();
    const bytes = Buffer.from(CapturedJson.of(exchange).text);
    const lent = { bytes, start: 0, end: bytes.length };
    // As the thread that lent them does with those of another agent.
    const capture = new CapturedJson({ ...lent, giveBack: () => void bytes.fill("x") });
    const record = { ...ruled(1), capture };
    const [head = "", tail = ""] = JSON.stringify({ ...record, capture: "here" }).split('"here"');
    outputs.add(record, { head, middle: lent, tail });
    capture.release();
    await outputs.close();
    const { file } = outputs.status({ unread: 0, incomplete: 0 });
    t.same(JSON.parse(await readFile(file, "utf8")).capture, exchange);
    t.equal(siem.spans()[0]?.events?.length, 4);
  },
);

t.test("add() takes out the parameters that a rule names, wherever the record goes", async (t) => {
  const outputs = await openOutputs(t);
  const rule = { route, ruleIndex: 1, redactQuery: ["user"] };
  outputs.setTargets([gatewaySnapshot({ name: "a", recordRules: [rule] })], new Map());
  const record = ruled(1, "user=canary&x=1");
  const shown = outputs.add(record, JSON.stringify(record));
  t.equal(shown.request.query, "user=[redacted]&x=1");
  await outputs.close();
  const { file } = outputs.status({ unread: 0, incomplete: 0 });
  t.notMatch(await readFile(file, "utf8"), /canary/);
});
