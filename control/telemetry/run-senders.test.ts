/** Tests that a token lets an agent send as itself while its run lives, and a while longer. */
import t from "tap";
import { ManualClock } from "../../gateway/clock.ts";
import { SecretValue } from "../../gateway/secret-value.ts";
import { mintTelemetryToken, telemetryTokenKey } from "../../gateway/telemetry-token.ts";
import { runSenders } from "./run-senders.ts";

const key = telemetryTokenKey(new Uint8Array(32).fill(3));
const agent = {
  kind: "Process",
  namespace: "default",
  name: "researcher",
  uid: "run-1",
  revision: "",
  invocationId: "00000000-0000-4000-8000-000000000001",
};
const gateway = "default/egress";

t.test("runSenders() gives who the token proves, until it expires", async (t) => {
  const clock = new ManualClock();
  const find = runSenders({ key, clock, findEndMs: () => undefined });
  const expiresMs = clock.now() + 60_000;
  const token = new SecretValue(mintTelemetryToken(key, { agent, gateway, expiresMs }));
  t.same(find(token), { agent, gateway, component: "agent" });
  t.equal(find(new SecretValue("clrk1.a.b")), undefined);
  clock.advance(60_000);
  t.equal(find(token), undefined);
});

t.test("runSenders() refuses a run half a minute after its end", async (t) => {
  const clock = new ManualClock();
  const ends = new Map<string, number>();
  const find = runSenders({ key, clock, findEndMs: (...names) => ends.get(names.join("/")) });
  const expiresMs = clock.now() + 3_600_000;
  const token = new SecretValue(mintTelemetryToken(key, { agent, gateway, expiresMs }));
  ends.set(`default/${agent.invocationId}`, clock.now());
  clock.advance(29_999);
  t.ok(find(token));
  clock.advance(1);
  t.equal(find(token), undefined);
});
