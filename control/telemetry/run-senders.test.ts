/** Tests that a token lets an agent send as itself while its run lives, and a while longer. */
import t from "tap";
import { ManualClock } from "../../gateway/clock.ts";
import { processIdentity } from "../../gateway/process-identity.ts";
import { SecretValue } from "../../gateway/secret-value.ts";
import { mintTelemetryToken, telemetryTokenKey } from "../../gateway/telemetry-token.ts";
import { runSenders } from "./run-senders.ts";
import type { RunProgress } from "./run-senders.ts";

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
const gatewayUid = "uid-of-egress";

const hourMs = 3_600_000;

function tokenAt(issuedMs: number, issuer = processIdentity(process.pid)): SecretValue {
  return new SecretValue(mintTelemetryToken(key, { agent, gateway, gatewayUid, issuedMs, issuer }));
}

t.test("runSenders() gives who the token proves, for as long as its gateway lives", async (t) => {
  const clock = new ManualClock();
  const find = runSenders({ key, clock, findRun: () => ({ kind: "running" }) });
  const issuedMs = clock.now();
  const token = tokenAt(issuedMs);
  t.same(find(token), { agent, gateway, gatewayUid, component: "agent", issuedMs });
  t.equal(find(new SecretValue("clrk3.a.b")), undefined);
  clock.advance(10 * hourMs);
  t.same(find(token), { agent, gateway, gatewayUid, component: "agent", issuedMs });
});

t.test("runSenders() knows no uid of a gateway whose object has none", async (t) => {
  const clock = new ManualClock();
  const find = runSenders({ key, clock, findRun: () => ({ kind: "running" }) });
  const issuer = processIdentity(process.pid);
  const facts = { agent, gateway, gatewayUid: "", issuedMs: clock.now(), issuer };
  t.notHas(find(new SecretValue(mintTelemetryToken(key, facts))), { gatewayUid: "" });
});

t.test("runSenders() refuses a run of a gateway that was killed, after an hour", async (t) => {
  const clock = new ManualClock();
  const find = runSenders({ key, clock, findRun: () => ({ kind: "running" }) });
  const token = tokenAt(clock.now(), `${process.pid} 1`);
  clock.advance(hourMs - 1);
  t.ok(find(token), "its last batches");
  clock.advance(1);
  t.equal(find(token), undefined);
});

t.test("runSenders() refuses a run half a minute after its end", async (t) => {
  const clock = new ManualClock();
  const ends = new Map<string, number>();
  const findRun = (...names: string[]): RunProgress => {
    const endMs = ends.get(names.join("/"));
    return endMs === undefined ? { kind: "running" } : { kind: "ended", endMs };
  };
  const find = runSenders({ key, clock, findRun });
  const token = tokenAt(clock.now());
  ends.set(`default/${agent.invocationId}`, clock.now());
  clock.advance(29_999);
  t.ok(find(token));
  clock.advance(1);
  t.equal(find(token), undefined);
});

t.test("runSenders() refuses a run that nobody knows of any more, after an hour", async (t) => {
  const clock = new ManualClock();
  let run: RunProgress = { kind: "unknown" };
  const find = runSenders({ key, clock, findRun: () => run });
  const token = tokenAt(clock.now());
  t.ok(find(token), "its begin was not read yet");
  run = { kind: "ended", endMs: clock.now() };
  clock.advance(hourMs - 1);
  t.equal(find(token), undefined);
  run = { kind: "unknown" };
  clock.advance(1);
  t.equal(find(token), undefined, "its end was removed, and its gateway lives");
});

t.test("runSenders() asks to come again where runs cannot be looked up now", async (t) => {
  const clock = new ManualClock();
  const find = runSenders({ key, clock, findRun: () => ({ kind: "unknown", why: "no log" }) });
  const token = tokenAt(clock.now());
  t.ok(find(token));
  clock.advance(hourMs);
  const message = "Cannot take telemetry now: no log";
  t.throws(() => find(token), { code: "CLRK_UNAVAILABLE", message, expose: message });
});
