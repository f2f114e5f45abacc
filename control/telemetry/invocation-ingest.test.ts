/** Tests of root spans of invocations: as rows, and as a tree that lacks none in a real store. */
import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { systemClock } from "../../gateway/clock.ts";
import type { InvocationEvent } from "../../gateway/invocation-event.ts";
import { invocationLine } from "../../gateway/invocation-line.ts";
import { silentLogger } from "../../gateway/log.ts";
import { invocationFileKey, tryEncodeInvocation } from "./invocation-ingest.ts";
import { openTelemetry } from "./open-telemetry.ts";
import { findStoreObstacle, temporaryFolder } from "./store-rig.ts";

const obstacle = findStoreObstacle();
const skip = obstacle === undefined ? {} : { skip: obstacle };
const root = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
const nowMs = Date.now();

function eventOf(changes: Partial<InvocationEvent> = {}): InvocationEvent {
  return {
    id: "0197a1c2-0000-7000-8000-000000000001",
    phase: "Succeeded",
    atUnixMs: nowMs,
    agent: { kind: "Process", namespace: "default", name: "writer", uid: "run-1" },
    trigger: { type: "CLI", source: "clrk run" },
    audiences: [],
    root,
    exitCode: 0,
    reason: "",
    message: "",
    ...changes,
  };
}

function endLine(changes: Partial<InvocationEvent> = {}): string {
  const end = eventOf(changes);
  const gateway = { namespace: "default", name: "egress" };
  const counts = { requests: 5, denied: 1 };
  return invocationLine(end, { root, gateway, startUnixMs: nowMs - 3_210, end, ...counts });
}

t.test("invocationFileKey() orders files, and knows no others", async (t) => {
  const names = [
    "invocations.jsonl",
    "invocations-12.jsonl",
    "invocations-20261124T000600000Z.jsonl",
  ];
  const sorted = names.toSorted((a, b) =>
    (invocationFileKey(a) ?? "") < (invocationFileKey(b) ?? "") ? -1 : 1,
  );
  t.same(sorted, [names[2], names[1], names[0]]);
  t.equal(invocationFileKey("records.jsonl"), undefined);
});

t.test("tryEncodeInvocation() makes a row of an end alone", async (t) => {
  t.equal(tryEncodeInvocation(JSON.stringify(eventOf({ phase: "Running" }))), "");
  t.equal(tryEncodeInvocation("{"), undefined);
  t.match(
    tryEncodeInvocation(endLine()),
    `"${root.spanId}","","","invocation","Internal","3210000000","Unset",""`,
  );
  const failed = endLine({
    phase: "Failed",
    exitCode: 3,
    reason: "ExitCode",
    message: "It ended with 3",
  });
  t.match(tryEncodeInvocation(failed), '"Error","It ended with 3"');
});

t.test("a run that is over has its root, once, over a restart", skip, async (t) => {
  const directory = temporaryFolder(t);
  const recordsDirectory = join(directory, "records");
  mkdirSync(recordsDirectory);
  const options = {
    ...{ directory: join(directory, "telemetry"), recordsDirectory },
    ...{ clock: systemClock, log: silentLogger, intervalMs: 50 },
  };
  const file = join(recordsDirectory, "invocations.jsonl");
  appendFileSync(file, `${JSON.stringify(eventOf({ phase: "Running" }))}\n${endLine()}\n`);
  const first = await openTelemetry(options);
  t.teardown(() => first.close());
  await first.flush();
  await first.close();
  const second = await openTelemetry(options);
  t.teardown(() => second.close());
  await second.flush();
  t.equal(second.status.invocations?.malformedLines, 0);
  const { id } = eventOf();
  const spans = await second.queries.invocationSpans("default", id);
  t.equal(spans.length, 1);
  t.match(spans[0], {
    ...root,
    ...{ parentSpanId: "", name: "invocation", kind: "Internal", durationNs: "3210000000" },
    ...{ statusCode: "Unset", gateway: "default/egress", events: [], links: [] },
    agent: { kind: "Process", name: "writer", invocationId: id },
  });
  const attributes = new Map(spans[0]?.attributes.map(({ key, value }) => [key, value]));
  t.same(attributes.get("clrk.invocation.phase"), { stringValue: "Succeeded" });
  t.same(attributes.get("clrk.invocation.requests"), { intValue: "5" });
  t.same(attributes.get("process.exit.code"), { intValue: "0" });
  t.equal(attributes.has("clrk.decision"), false, "it is no record");
  const scope = { namespace: "default", kind: "Process", name: "writer" };
  t.same((await second.queries.logPage({ scope, limit: 10 })).items, [], "and no access line");
});
