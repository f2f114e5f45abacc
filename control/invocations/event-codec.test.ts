import t from "tap";
import type { InvocationEvent } from "../../gateway/invocation-event.ts";
import { encodeEvent, isInvocationId, maxEventBytes, tryDecodeEvent } from "./event-codec.ts";
import { invocationEvent, invocationId } from "./testdata/invocation-event.ts";

const full = invocationEvent(1, "Failed", {
  audiences: ["a", "b"],
  root: { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" },
  exitCode: -1,
  reason: "ExitCode",
  message: "It said \u{1f600}",
});

const gatewayProcess = { home: "a".repeat(32), boot: "0".repeat(32), process: "17 4711" };

t.test("an event comes back as it was", async (t) => {
  t.strictSame(tryDecodeEvent(encodeEvent(full)), full);
  const timed = invocationEvent(1, "Dispatched", { timeoutMs: 60_000 });
  t.strictSame(tryDecodeEvent(encodeEvent(timed)), timed);
  const signed = invocationEvent(1, "Running", { gatewayProcess, gateways: ["a/b"] });
  t.strictSame(tryDecodeEvent(encodeEvent(signed)), signed);
});

t.test("equal events have equal texts, whatever the order of their members", async (t) => {
  const turned = Object.fromEntries(Object.entries(full).reverse());
  t.equal(encodeEvent({ ...full, ...turned }), encodeEvent(full));
  t.strictSame(tryDecodeEvent(JSON.stringify({ ...turned, more: 1 })), full);
});

t.test("whatever is no event is not taken, and says why when it is to be logged", async (t) => {
  const cases: readonly [Partial<Record<keyof InvocationEvent, unknown>>, RegExp][] = [
    [{ id: "00000000-0000-4000-8000-00000000000A" }, /id is no UUID/],
    [{ id: 7 }, /id is no UUID/],
    [{ phase: "Done" }, /phase is none of Pending/],
    [{ atUnixMs: -1 }, /atUnixMs is no time/],
    [{ atUnixMs: 1.5 }, /atUnixMs is no time/],
    [{ agent: { ...full.agent, kind: "" } }, /agent has no kind/],
    [{ agent: { ...full.agent, name: "" } }, /agent has no kind/],
    [{ agent: { ...full.agent, namespace: "x".repeat(254) } }, /agent has no kind/],
    [{ agent: { ...full.agent, uid: 1 } }, /agent has no kind/],
    [{ trigger: { type: "Mail", source: "" } }, /trigger has no type/],
    [{ trigger: { type: "HTTP" } }, /trigger has no type/],
    [{ audiences: "a" }, /audiences is no list/],
    [{ audiences: Array.from({ length: 65 }, () => "a") }, /audiences is no list/],
    [{ audiences: ["\ud800"] }, /audiences is no list/],
    [{ root: { traceId: "0".repeat(32), spanId: "b7ad6b7169203331" } }, /root holds no ids/],
    [{ root: { traceId: "0af7651916cd43dd8448eb211c80319c" } }, /root holds no ids/],
    [{ exitCode: "1" }, /exitCode is no whole number/],
    [{ reason: "two words" }, /reason is no word/],
    [{ message: "x".repeat(1_025) }, /message is no text/],
    [{ timeoutMs: -1 }, /timeoutMs is no whole number/],
    [{ timeoutMs: "1m" }, /timeoutMs is no whole number/],
    [{ gatewayProcess: {} }, /gatewayProcess has no home/],
    [{ gateways: "default/egress" }, /gateways is no list/],
    [{ gateways: ["egress"] }, /gateways is no list/],
    [{ gateways: Array(9).fill("default/egress") }, /gateways is no list/],
    [{ gatewayProcess: { ...gatewayProcess, home: "a" } }, /gatewayProcess has no home/],
    [{ gatewayProcess: { ...gatewayProcess, boot: 1 } }, /gatewayProcess has no home/],
    [{ gatewayProcess: { ...gatewayProcess, process: "0 1" } }, /gatewayProcess has no home/],
  ];
  for (const [change, problem] of cases) {
    const value = { ...full, ...change };
    t.equal(tryDecodeEvent(JSON.stringify(value)), undefined, JSON.stringify(change));
    t.throws(() => encodeEvent(value as InvocationEvent), {
      code: "CLRK_INVALID_ARGUMENT",
      message: problem,
    });
  }
});

t.test("what is too long or no object is not taken", async (t) => {
  const padded = `${encodeEvent(full).slice(0, -1)},"x":"${"x".repeat(maxEventBytes)}"}`;
  for (const text of ["", "{", "[]", "null", "7", padded]) t.equal(tryDecodeEvent(text), undefined);
});

t.test("isInvocationId() takes one spelling of a UUID", async (t) => {
  t.equal(isInvocationId(invocationId(7)), true);
  t.equal(isInvocationId("0000000000004000800000000000000a"), false);
  t.equal(isInvocationId(""), false);
});
