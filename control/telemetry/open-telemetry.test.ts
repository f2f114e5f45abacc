/** Tests of telemetry as a whole: records and agents' spans go in, a kill loses none, reads give them back. */
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import t from "tap";
import { systemClock } from "../../gateway/clock.ts";
import { silentLogger } from "../../gateway/log.ts";
import { openTelemetry } from "./open-telemetry.ts";
import type { Telemetry, TelemetryOptions } from "./open-telemetry.ts";
import { findStoreObstacle, temporaryFolder, until } from "./store-rig.ts";
import type { RigScope } from "./store-rig.ts";
import { appendRecords, firstRecordMs } from "./testdata/sample-records.ts";

const obstacle = findStoreObstacle();
const skip = obstacle === undefined ? {} : { skip: obstacle };
const scope = { namespace: "default", kind: "TaskAgent", name: "agent-1" };

async function open(
  t: RigScope,
  directory: string,
  changes: Partial<TelemetryOptions> = {},
): Promise<Telemetry> {
  const telemetry = await openTelemetry({
    directory: join(directory, "telemetry"),
    recordsDirectory: join(directory, "records"),
    clock: systemClock,
    log: silentLogger,
    intervalMs: 50,
    ...changes,
  });
  t.teardown(() => telemetry.close());
  return telemetry;
}

t.test("records are stored once, whoever is killed meanwhile", skip, async (t) => {
  const directory = temporaryFolder(t);
  appendRecords(join(directory, "records"), 0, 6_000);
  const first = await open(t, directory);
  t.equal(first.status.state, "ready");
  const pid = first.status.process?.pid ?? 0;
  await until(() => (first.status.writer?.storedRows ?? 0) > 0, "stored rows");
  appendRecords(join(directory, "records"), 6_000, 12_000);
  process.kill(pid, "SIGKILL");
  appendRecords(join(directory, "records"), 12_000, 15_000);
  await first.flush();
  t.equal(first.status.process?.restarts, 1);
  await first.close();
  const second = await open(t, directory);
  appendRecords(join(directory, "records"), 15_000, 15_001);
  await second.flush();
  const seen = new Map<string, number>();
  let after = 0n;
  for (;;) {
    const batch = await second.queries.followSpans({ scope, after, limit: 1_000 });
    for (const span of batch.items) {
      const id = span.attributes.find(({ key }) => key === "clrk.record.id")?.value;
      const text = id !== undefined && "stringValue" in id ? id.stringValue : "";
      seen.set(text, (seen.get(text) ?? 0) + 1);
    }
    after = batch.last;
    if (!batch.isMore) break;
  }
  t.equal(seen.size, 3_000, "every fifth record is of this agent");
  t.ok(
    [...seen.values()].every((count) => count === 1),
    "and none is there twice",
  );
});

t.test("pages of one snapshot hold every span once while others are stored", skip, async (t) => {
  const directory = temporaryFolder(t);
  appendRecords(join(directory, "records"), 0, 500);
  const telemetry = await open(t, directory);
  await telemetry.flush();
  const { queries } = telemetry;
  const first = await queries.spanPage({ scope, limit: 30 });
  appendRecords(join(directory, "records"), 500, 1_000);
  await telemetry.flush();
  const times = first.items.map(({ timeUnixNs }) => timeUnixNs);
  let token = first.continue;
  while (token !== undefined) {
    const { tryDecodePlace } = await import("./continue-token.ts");
    const place = tryDecodePlace(token);
    if (place === undefined) throw new Error("The token is none");
    const page = await queries.spanPage({ scope, limit: 30, place });
    times.push(...page.items.map(({ timeUnixNs }) => timeUnixNs));
    token = page.continue;
  }
  t.equal(times.length, 100);
  const newest = BigInt(firstRecordMs + 496) * 1_000_000n;
  t.same(
    times,
    Array.from({ length: 100 }, (_, index) => String(newest - BigInt(index * 5) * 1_000_000n)),
    "newest first, nothing of what came later",
  );
  const live = await queries.followSpans({ scope, after: first.highWater, limit: 1_000 });
  t.equal(live.items.length, 100, "what came later is what a follower gets");
});

t.test("agents write only as themselves", skip, async (t) => {
  const directory = temporaryFolder(t);
  const agent = { ...scope, uid: "u1", revision: "1", invocationId: "i1" };
  const telemetry = await open(t, directory, {
    receiver: {
      port: 0,
      authenticate: (credential) =>
        credential.equals("right")
          ? { agent, gateway: "default/egress", component: "agent" }
          : undefined,
    },
  });
  const url = `http://${telemetry.status.receiver?.address}/v1/logs`;
  const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const body = JSON.stringify({
    resourceLogs: [
      {
        resource: { attributes: [attribute("agent.name", "somebody-else")] },
        scopeLogs: [
          {
            logRecords: [
              {
                timeUnixNano: `${firstRecordMs}000000`,
                severityNumber: 9,
                body: { stringValue: "hello" },
                attributes: [attribute("agent.namespace", "other"), attribute("k", "v")],
              },
            ],
          },
        ],
      },
    ],
  });
  const post = (credential: string) =>
    fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${credential}`, "content-type": "application/json" },
      body,
    });
  t.equal((await post("wrong")).status, 401);
  t.equal((await post("right")).status, 200);
  await telemetry.flush();
  const { items } = await telemetry.queries.logPage({ scope, limit: 10 });
  t.equal(items.length, 1);
  t.match(items[0], { source: "agent", body: { stringValue: "hello" }, agent });
  const names = items[0]?.attributes.map(({ key, value }) => [key, Object.values(value)[0]]);
  t.match(names, [
    ["agent.kind", "TaskAgent"],
    ["agent.namespace", "default"],
    ["agent.name", "agent-1"],
  ]);
  t.same(items[0]?.resource, [], "what it said of itself is gone");
  const other = { ...scope, name: "somebody-else" };
  t.same((await telemetry.queries.logPage({ scope: other, limit: 10 })).items, []);
});

t.test("what agents sent while the store is down is stored later", skip, async (t) => {
  const directory = temporaryFolder(t);
  const agent = { ...scope, uid: "", revision: "", invocationId: "" };
  const telemetry = await open(t, directory, {
    receiver: {
      port: 0,
      authenticate: () => ({ agent, gateway: "default/egress", component: "agent" }),
    },
  });
  const span = { traceId: "a".repeat(32), spanId: "b".repeat(16), name: "work" };
  process.kill(telemetry.status.process?.pid ?? 0, "SIGKILL");
  const response = await fetch(`http://${telemetry.status.receiver?.address}/v1/traces`, {
    method: "POST",
    headers: { authorization: "Bearer x", "content-type": "application/json" },
    body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }),
  });
  t.equal(response.status, 200);
  await telemetry.close();
  const again = await open(t, directory);
  await again.flush();
  const spans = await again.queries.traceSpans("default", "a".repeat(32));
  t.match(spans, [{ name: "work", source: "agent", agent: scope }]);
});

t.test(
  "where the receiver's port is taken the rest goes on, and nobody is told of it",
  async (t) => {
    const taken = createServer().listen(0, "127.0.0.1");
    t.teardown(() => taken.close());
    await once(taken, "listening");
    const address = taken.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    const told: number[] = [];
    const telemetry = await open(t, temporaryFolder(t), {
      server: { kind: "server", url: "http://127.0.0.1:1" },
      receiver: { port, onListening: (bound) => told.push(bound), authenticate: () => undefined },
    });
    t.same(told, []);
    t.equal(telemetry.status.receiver?.address, "");
    t.match(telemetry.status.error, /ECONNREFUSED/);
  },
);

t.test("where the engine is not there the rest goes on", async (t) => {
  const directory = temporaryFolder(t);
  const telemetry = await open(t, directory, {
    server: { kind: "server", url: "http://127.0.0.1:1" },
  });
  t.equal(telemetry.status.state, "opening");
  t.match(telemetry.status.error, /ECONNREFUSED/);
  await telemetry.flush();
});
