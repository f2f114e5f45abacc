/** Tests of which traces an agent may send spans of. */
import t from "tap";
import { InvocationTraces } from "../../gateway/invocation-trace.ts";
import { foreignTraces } from "./foreign-trace.ts";

const traces = new InvocationTraces(new Uint8Array(32));
const isForeign = foreignTraces(traces);

function sender(invocationId: string) {
  const agent = { namespace: "n", kind: "TaskAgent", name: "a", uid: "", revision: "" };
  return { agent: { ...agent, invocationId }, gateway: "n/g", component: "agent" };
}

t.test("only traces of other invocations are foreign", async (t) => {
  const traceId = traces.rootOf("mine")?.traceId ?? "";
  t.equal(isForeign(traceId, sender("mine")), false);
  t.equal(isForeign(traceId, sender("other")), true);
  t.equal(isForeign(traceId, sender("")), true, "whoever has no invocation has no trace of one");
  t.equal(isForeign("0af7651916cd43dd8448eb211c80319c", sender("mine")), false, "its own making");
});
