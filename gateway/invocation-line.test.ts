/** Tests of lines about invocations. */
import t from "tap";
import type { InvocationEvent } from "./invocation-event.ts";
import { invocationLine, tryParseEndedInvocation } from "./invocation-line.ts";

const event: InvocationEvent = {
  id: "0197a1c2-0000-7000-8000-000000000001",
  phase: "Failed",
  atUnixMs: 1_790_000_001_000,
  agent: { kind: "Process", namespace: "default", name: "writer", uid: "run-1" },
  trigger: { type: "CLI", source: "clrk run" },
  audiences: [],
  root: { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" },
  exitCode: 3,
  reason: "ExitCode",
  message: "The command ended with exit code 3",
};
const ended = {
  root: { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" },
  gateway: { namespace: "default", name: "egress" },
  startUnixMs: 1_790_000_000_000,
  end: event,
  requests: 5,
  denied: 1,
};

t.test("tryParseEndedInvocation() gives what was written", async (t) => {
  t.same(tryParseEndedInvocation(invocationLine(event, ended)), ended);
});

t.test("tryParseEndedInvocation() tells an invocation that goes on", async (t) => {
  t.equal(tryParseEndedInvocation(invocationLine(event)), "goes-on", "nobody saw its begin");
  t.equal(tryParseEndedInvocation(invocationLine({ ...event, phase: "Running" })), "goes-on");
  t.equal(tryParseEndedInvocation(invocationLine({ ...event, root: null }, ended)), "goes-on");
  const odd = JSON.stringify({ ...event, span: { startUnixMs: -1, gateway: "a/b" } });
  t.equal(tryParseEndedInvocation(odd), "goes-on");
});

t.test("tryParseEndedInvocation() takes nothing else", async (t) => {
  const whole = invocationLine(event, ended);
  for (const text of ["", "null", "3", "{}", whole.slice(0, 100), '{"id":"x","phase":"Failed"}']) {
    t.equal(tryParseEndedInvocation(text), undefined, text);
  }
});
