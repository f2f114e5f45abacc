/** Tests which trace the upstream is told of, whatever an agent sends. */
import t from "tap";
import { enginePlan } from "../testdata/gateway-snapshot.ts";
import { transaction } from "../testdata/transaction.ts";
import { createTraceIds } from "../trace-context.ts";
import { traceContextPolicy } from "./trace-context.ts";

const parentTrace = "0af7651916cd43dd8448eb211c80319c";
const parent = `00-${parentTrace}-b7ad6b7169203331`;
const ones = (size: number) => new Uint8Array(size).fill(0x11);

function evaluate(headers: Readonly<Record<string, string>>) {
  const trace = createTraceIds(headers["traceparent"], ones);
  const decision = traceContextPolicy.evaluate(transaction({ headers, trace }));
  if (decision.kind !== "mutate") throw new TypeError(`Unexpected decision: ${decision.kind}`);
  return { set: decision.set, remove: decision.remove };
}

const ownRoot = `00-${"11".repeat(16)}-${"11".repeat(8)}-01`;

t.test("traceContextPolicy applies to every plan", async (t) => {
  t.ok(traceContextPolicy.applies(enginePlan()));
});

t.test("evaluate() begins a trace that is sampled where the agent sent none", async (t) => {
  t.same(evaluate({}), { set: [["traceparent", ownRoot]], remove: [] });
});

for (const { flags, want } of [
  { flags: "01", want: "01" },
  { flags: "00", want: "00" },
  { flags: "03", want: "01" },
  { flags: "ff", want: "01" },
  { flags: "02", want: "00" },
]) {
  t.test(`evaluate() is a child of the agent's span, sampled as flags ${flags} say`, async (t) => {
    const found = evaluate({ traceparent: `${parent}-${flags}`, tracestate: "vendor=1" });
    t.same(found, {
      set: [["traceparent", `00-${parentTrace}-${"11".repeat(8)}-${want}`]],
      remove: [],
    });
  });
}

const unreadable: readonly { readonly name: string; readonly traceparent: string }[] = [
  { name: "nothing", traceparent: "" },
  { name: "text", traceparent: "not a trace" },
  { name: "ids of zeros", traceparent: `00-${"0".repeat(32)}-b7ad6b7169203331-01` },
  { name: "upper case", traceparent: `${parent.toUpperCase()}-01` },
  { name: "a line break", traceparent: `${parent}-01\r\nx-evil: 1` },
  { name: "more than version 00 has", traceparent: `${parent}-01-more` },
  { name: "the forbidden version", traceparent: `ff${parent.slice(2)}-01` },
  { name: "60 KB", traceparent: parent.padEnd(60_000, "0") },
];

for (const { name, traceparent } of unreadable) {
  t.test(`evaluate() begins anew, without tracestate, for a parent of ${name}`, async (t) => {
    const found = evaluate({ traceparent, tracestate: "vendor=1" });
    t.same(found, { set: [["traceparent", ownRoot]], remove: ["tracestate"] });
  });
}

t.test("evaluate() removes a tracestate that came without a trace", async (t) => {
  t.same(evaluate({ tracestate: "vendor=1" }).remove, ["tracestate"]);
});
