import t from "tap";
import { endedInvocation, invocationSpan } from "./invocation-span.ts";
import type { RunEnd } from "./run-event.ts";
import { runEndEvent } from "./run-event.ts";
import { registeredRun } from "./testdata/run.ts";

const run = registeredRun();
const startMs = Date.parse(run.since);
const spanOf = (end: RunEnd, afterMs = 1_500) =>
  invocationSpan(
    endedInvocation({
      run,
      event: runEndEvent(run, end, startMs + afterMs),
      requests: 3,
      denied: 1,
    }),
  );
const valuesOf = (span: ReturnType<typeof spanOf>) =>
  new Map((span.attributes ?? []).map(({ key, value }) => [key, value]));

t.test("the root span has the ids that everybody derives, and no parent", async (t) => {
  const span = spanOf({ kind: "exited", exitCode: 0 });
  t.equal(Buffer.from(span.traceId ?? []).toString("hex"), run.root.traceId);
  t.equal(Buffer.from(span.spanId ?? []).toString("hex"), run.root.spanId);
  t.notOk("parentSpanId" in span);
  t.notOk("status" in span, "healthy spans are unset");
  t.equal(span.name, "invocation");
  t.equal(span.startTimeUnixNano, BigInt(startMs) * 1_000_000n);
  t.equal(span.endTimeUnixNano, BigInt(startMs + 1_500) * 1_000_000n);
});

t.test("the root span says who ran, how it ended and how much it asked for", async (t) => {
  const span = spanOf({ kind: "exited", exitCode: 3 });
  t.match(span.status, { code: 2, message: "The command ended with exit code 3" });
  const values = valuesOf(span);
  t.strictSame(values.get("agent.name"), { stringValue: "researcher" });
  t.strictSame(values.get("invocation.id"), { stringValue: run.invocationId });
  t.strictSame(values.get("clrk.invocation.phase"), { stringValue: "Failed" });
  t.strictSame(values.get("clrk.invocation.requests"), { intValue: 3 });
  t.strictSame(values.get("clrk.invocation.denied"), { intValue: 1 });
  t.strictSame(values.get("process.exit.code"), { intValue: 3 });
  t.strictSame(values.get("error.type"), { stringValue: "ExitCode" });
});

t.test("the root span never ends before it began", async (t) => {
  const span = spanOf({ kind: "unknown" }, -5_000);
  t.equal(span.endTimeUnixNano, span.startTimeUnixNano);
  t.notOk(valuesOf(span).has("process.exit.code"));
});
