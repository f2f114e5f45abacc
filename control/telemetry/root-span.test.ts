/** Tests of root spans that no gateway tells: as messages, and in a real store. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { systemClock } from "../../gateway/clock.ts";
import type { InvocationOutcome } from "../../gateway/invocation-span.ts";
import { silentLogger } from "../../gateway/log.ts";
import { openTelemetry } from "./open-telemetry.ts";
import { decodeTraces } from "./otlp-protobuf.ts";
import { encodeRootMessage, encodeRootRow } from "./root-span.ts";
import { findStoreObstacle, temporaryFolder } from "./store-rig.ts";

const obstacle = findStoreObstacle();
const skip = obstacle === undefined ? {} : { skip: obstacle };
const root = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
const nowMs = Date.now();
const id = "0197a1c2-0000-4000-8000-000000000001";

const call: InvocationOutcome = {
  root,
  startUnixMs: nowMs - 2_000,
  end: {
    ...{ id, phase: "Timeout", atUnixMs: nowMs, audiences: [], root, exitCode: null },
    agent: { kind: "TaskAgent", namespace: "default", name: "writer", uid: "uid-1" },
    trigger: { type: "HTTP", source: "admin" },
    ...{ reason: "DeadlineExceeded", message: "It was not over in time" },
    gateways: ["default/egress", "default/second"],
  },
};

t.test("encodeRootMessage() tells the span as a gateway does", async (t) => {
  const [group] = decodeTraces(encodeRootMessage(call, "default/second"));
  t.match(group?.items, [{ ...root, parentSpanId: "", name: "invocation", status: { code: 2 } }]);
  const attributes = new Map(group?.items[0]?.attributes.map(({ key, value }) => [key, value]));
  t.match(attributes.get("clrk.invocation.phase"), { stringValue: "Timeout" });
  t.match(attributes.get("agent.name"), { stringValue: "writer" });
  t.notOk(attributes.has("clrk.invocation.requests"), "nobody counted them");
  t.match(group?.resource.find(({ key }) => key === "clrk.egress_gateway")?.value, {
    stringValue: "default/second",
  });
});

t.test("encodeRootRow() takes a clock that was set back", async (t) => {
  const back = { ...call, startUnixMs: nowMs + 5_000 };
  t.match(encodeRootRow(back, ""), `"invocation","Internal","0000000","Error"`);
});

t.test("a call has its root in the store, once, over a restart", skip, async (t) => {
  const directory = temporaryFolder(t);
  const recordsDirectory = join(directory, "records");
  mkdirSync(recordsDirectory);
  const options = {
    ...{ directory: join(directory, "telemetry"), recordsDirectory },
    ...{ clock: systemClock, log: silentLogger, intervalMs: 50 },
  };
  const first = await openTelemetry(options);
  t.teardown(() => first.close());
  t.equal(await first.takeRoots([call]), "taken");
  await first.close();
  t.equal(await first.takeRoots([call]), "later", "it is closed");
  const second = await openTelemetry(options);
  t.teardown(() => second.close());
  await second.flush();
  const spans = await second.queries.invocationSpans("default", id);
  t.match(spans, [
    {
      ...{ ...root, parentSpanId: "", name: "invocation", statusCode: "Error" },
      ...{ gateway: "default/egress", durationNs: "2000000000" },
      agent: { kind: "TaskAgent", name: "writer", uid: "uid-1", invocationId: id },
    },
  ]);
  t.equal(spans.length, 1);
});
