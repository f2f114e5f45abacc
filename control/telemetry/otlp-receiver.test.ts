/** Tests of the receiver over real HTTP: forms, codings, bounds, credentials, and what a full spool means. */
import { promisify } from "node:util";
import { gzipSync, zstdCompressSync } from "node:zlib";
import t from "tap";
import { systemClock } from "../../gateway/clock.ts";
import { silentLogger } from "../../gateway/log.ts";
import { opentelemetry } from "../../gateway/proto/gen/otlp.js";
import { OtlpReceiver } from "./otlp-receiver.ts";
import type { OtlpReceiverOptions } from "./otlp-receiver.ts";
import type { RigScope } from "./store-rig.ts";

const { ExportTraceServiceRequest, ExportTraceServiceResponse } =
  opentelemetry.proto.collector.trace.v1;
const { ExportLogsServiceRequest } = opentelemetry.proto.collector.logs.v1;

const agent = {
  namespace: "default",
  kind: "TaskAgent",
  name: "a",
  uid: "",
  revision: "",
  invocationId: "i",
};
const good = { traceId: "a".repeat(32), spanId: "b".repeat(16), name: "ok" };
const bad = { traceId: "00", spanId: "b".repeat(16), name: "bad" };

function traces(...spans: readonly object[]): string {
  return JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
}

async function listen(scope: RigScope, changes: Partial<OtlpReceiverOptions> = {}) {
  const rows: string[] = [];
  const spool = {
    append: async (more: readonly string[]) => {
      rows.push(...more);
      return "written" as const;
    },
  };
  const receiver = new OtlpReceiver({
    authenticate: (credential) =>
      credential.equals("right")
        ? { agent, gateway: "default/egress", component: "agent" }
        : undefined,
    spools: { traces: spool, logs: spool },
    clock: systemClock,
    log: silentLogger,
    maxBytes: 10_000,
    maxInflatedBytes: 20_000,
    ...changes,
  });
  scope.teardown(() => receiver.close());
  const port = await receiver.listen("127.0.0.1", 0);
  const post = (
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string> = {},
    path = "/v1/traces",
  ) =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      method: "POST",
      headers: { authorization: "Bearer right", "content-type": "application/json", ...headers },
      body,
    });
  return { receiver, rows, post };
}

t.test("JSON and protobuf, plain, gzip and zstd", async (t) => {
  const { rows, post, receiver } = await listen(t);
  const plain = await post(traces(good));
  t.equal(plain.status, 200);
  t.same(await plain.json(), {});
  const gzip = new Uint8Array(gzipSync(traces(good)));
  t.equal((await post(gzip, { "content-encoding": "gzip" })).status, 200);
  const bytes = ExportTraceServiceRequest.encode({
    resourceSpans: [
      { scopeSpans: [{ spans: [{ traceId: Buffer.alloc(16, 1), spanId: Buffer.alloc(8, 1) }] }] },
    ],
  }).finish();
  const zstd = new Uint8Array(zstdCompressSync(bytes));
  const answer = await post(zstd, {
    "content-encoding": "zstd",
    "content-type": "application/x-protobuf",
  });
  t.equal(answer.status, 200);
  t.equal(answer.headers.get("content-type"), "application/x-protobuf");
  t.equal(rows.length, 3);
  t.match(JSON.parse(`[${rows[0]}`), { 1: "agent", 2: "default", 3: "TaskAgent", 4: "a", 7: "i" });
  t.equal(receiver.status.takenRows, 3);
});

t.test("a part that cannot be taken is told, the rest is taken", async (t) => {
  const { rows, post } = await listen(t);
  const answer = await (await post(traces(good, bad))).json();
  t.match(answer, { partialSuccess: { rejectedSpans: "1", errorMessage: /trace id/ } });
  t.equal(rows.length, 1);
  const bytes = ExportTraceServiceRequest.encode({
    resourceSpans: [{ scopeSpans: [{ spans: [{ name: "no ids" }] }] }],
  }).finish();
  const response = await post(new Uint8Array(bytes), { "content-type": "application/x-protobuf" });
  const decoded = ExportTraceServiceResponse.decode(new Uint8Array(await response.arrayBuffer()));
  t.equal(decoded.partialSuccess?.rejectedSpans, 1);
});

t.test("spans of another invocation's trace are rejected", async (t) => {
  const foreign = { ...good, traceId: "F".repeat(32) };
  const { rows, post, receiver } = await listen(t, {
    isForeignTrace: (traceId, { agent }) =>
      traceId === "f".repeat(32) && agent.invocationId === "i",
  });
  const answer = await (await post(traces(good, foreign, foreign))).json();
  t.match(answer, {
    partialSuccess: { rejectedSpans: "2", errorMessage: /trace of another invocation/ },
  });
  t.equal(rows.length, 1);
  t.equal(receiver.status.rejectedItems, 2);
});

t.test("refusals have their status and a Status as body", async (t) => {
  const { post, rows, receiver } = await listen(t);
  const inflated = new Uint8Array(gzipSync(Buffer.alloc(1_000_000)));
  const cases: ReadonlyArray<readonly [number, string, Promise<Response>]> = [
    [401, "nobody's credential", post(traces(good), { authorization: "Bearer wrong" })],
    [401, "no credential", post(traces(good), { authorization: "Basic eDp5" })],
    [404, "metrics", post("{}", {}, "/v1/metrics")],
    [415, "another form", post("{}", { "content-type": "text/plain" })],
    [415, "another coding", post("{}", { "content-encoding": "snappy" })],
    [400, "half JSON", post('{"resourceSpans":[')],
    [400, "what does not inflate", post("{}", { "content-encoding": "gzip" })],
    [413, "too much on the wire", post("x".repeat(10_001))],
    [413, "too much once inflated", post(inflated, { "content-encoding": "gzip" })],
  ];
  for (const [status, name, answer] of cases) {
    const response = await answer;
    t.equal(response.status, status, name);
    t.match(await response.json(), { message: /^Cannot / }, name);
  }
  t.same(rows, []);
  t.equal(receiver.status.refused[413], 2);
});

t.test("a small request that would become a large one is refused", async (t) => {
  const { post, rows, receiver } = await listen(t, {
    maxInflatedBytes: 100_000,
    maxItems: 1_000,
    maxRowBytes: 1_000_000,
  });
  const long = { key: "long", value: { stringValue: "x".repeat(9_000) } };
  const spans = Array.from({ length: 200 }, () => good);
  const wide = JSON.stringify({
    resourceSpans: [{ resource: { attributes: [long] }, scopeSpans: [{ spans }] }],
  });
  const scopeLogs = [{ logRecords: Array.from({ length: 2_000 }, () => ({})) }];
  const bytes = ExportLogsServiceRequest.encode({ resourceLogs: [{ scopeLogs }] }).finish();
  const gzip = { "content-encoding": "gzip" };
  const protobuf = { "content-type": "application/x-protobuf" };
  const answers = await Promise.all([
    post(new Uint8Array(gzipSync(wide)), gzip),
    post(JSON.stringify({ resourceLogs: [{ scopeLogs }] }), {}, "/v1/logs"),
    post(new Uint8Array(bytes), protobuf, "/v1/logs"),
  ]);
  t.same(
    answers.map(({ status }) => status),
    [413, 413, 413],
  );
  t.match(await answers[0].json(), { code: 8, message: /more than 1000000 bytes of rows/ });
  t.match(await answers[1].json(), {
    code: 8,
    message: /^Cannot take a request of more than 1000 items/,
  });
  t.match(await answers[2].text(), /Cannot take a request of more than 1000 items/);
  t.same(rows, []);
  t.equal(receiver.status.refused[413], 3);
});

t.test("a full spool and too much work ask for patience", async (t) => {
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const spool = {
    append: async () => {
      await held;
      return "full" as const;
    },
  };
  const { post } = await listen(t, { spools: { traces: spool, logs: spool }, maxConcurrent: 1 });
  const first = post(traces(good));
  const busy = await untilBusy(() => post(traces(good)), first);
  t.equal(busy.status, 429);
  t.equal(busy.headers.get("retry-after"), "1");
  release();
  const full = await first;
  t.equal(full.status, 503);
  t.equal(full.headers.get("retry-after"), "5");
});

/** Asks until the first request is under way. */
async function untilBusy(
  ask: () => Promise<Response>,
  first: Promise<Response>,
): Promise<Response> {
  for (;;) {
    const answer = await Promise.race([ask(), first]);
    if (answer.status === 429) return answer;
    await promisify(setImmediate)();
  }
}

t.test("onTaken is told what became rows, and of a full spool nothing", async (t) => {
  const told: unknown[] = [];
  const onTaken: OtlpReceiverOptions["onTaken"] = async ({ signal, groups }, { gateway }) => {
    const items = groups.flatMap((group) => [...group.items]);
    told.push([signal, gateway, items.map((item) => ("name" in item ? item.name : item.body))]);
  };
  const { post } = await listen(t, { onTaken });
  await post(traces(good, bad));
  await post(traces(bad));
  const log = { body: { stringValue: "said" } };
  const logs = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [log] }] }] });
  await post(logs, {}, "/v1/logs");
  const full = { append: async () => "full" as const };
  const refused = await listen(t, { onTaken, spools: { traces: full, logs: full } });
  t.equal((await refused.post(traces(good))).status, 503);
  t.same(told, [
    ["traces", "default/egress", ["ok"]],
    ["logs", "default/egress", [{ stringValue: "said" }]],
  ]);
});

t.test(
  "a sender is answered when onTaken is done, and others have its place meanwhile",
  async (t) => {
    const held = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    const onTaken = () => {
      reached.resolve();
      return held.promise;
    };
    const { post } = await listen(t, { onTaken, maxConcurrent: 1 });
    let answered = false;
    const first = post(traces(good)).then((answer) => {
      answered = true;
      return answer;
    });
    await reached.promise;
    t.equal((await post(traces(bad))).status, 200, "it has nothing to be told of");
    t.notOk(answered);
    held.resolve();
    t.equal((await first).status, 200);
  },
);

t.test(
  "requests that wait for onTaken are bounded, those of one gateway more than all",
  async (t) => {
    const held = Promise.withResolvers<void>();
    let waiting = 0;
    const onTaken = () => {
      waiting++;
      return held.promise;
    };
    const { post } = await listen(t, { onTaken, maxWaiting: 3, maxWaitingOfGateway: 2 });
    const first = [post(traces(good)), post(traces(good))];
    while (waiting < 2) await promisify(setImmediate)();
    const refused = await post(traces(good));
    t.equal(refused.status, 429);
    t.equal(refused.headers.get("retry-after"), "1");
    held.resolve();
    t.same(
      (await Promise.all(first)).map(({ status }) => status),
      [200, 200],
    );
    t.equal((await post(traces(good))).status, 200, "there is room again");
  },
);
