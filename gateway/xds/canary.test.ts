/** Tests that a real Envoy decides for each agent by its side alone, by the hash that we know beforehand. */
import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import t from "tap";
import type { Test } from "tap";
import type { CanaryShare } from "../canary-share.ts";
import { isInShare } from "../canary-share.ts";
import type { GatewaySnapshot } from "../snapshot.ts";
import { openTransparent, plainRequest, readAll, requestOver } from "../testdata/agent.ts";
import type { EnvoyRig } from "../testdata/envoy-rig.ts";
import { eventually, needsEnvoy, startRig } from "../testdata/envoy-rig.ts";
import { gatewaySnapshot, hostPolicy, httpRule } from "../testdata/gateway-snapshot.ts";
import { proxyUserName } from "../xds.ts";
import type { ProxyCredential } from "../xds.ts";

function saying(message: string): GatewaySnapshot {
  const action = { kind: "deny", status: 403, reason: "deny-policy", message } as const;
  return gatewaySnapshot({ hosts: [hostPolicy("a.example.com", httpRule({ action }))] });
}

const [before, after] = [saying("by the old policy"), saying("by the new policy")];
const names = Array.from({ length: 40 }, (_, index) => `agent-${index}.test`);

function runOf(agent: string): ProxyCredential {
  const root = { traceId: "1".padEnd(32, "0"), spanId: "1".padEnd(16, "0") };
  const passwordHash = `{SHA}${createHash("sha1").update("token").digest("base64")}`;
  return { runId: `run-${agent.replace(/\D/g, "")}`, agent, root, passwordHash };
}

async function sideOfTask(rig: EnvoyRig, name: string): Promise<string> {
  const tlvs = { 224: "TaskAgent", 225: "default", 226: name };
  const socket = await openTransparent(rig, { address: "203.0.113.9", port: 80, tlvs });
  const { text } = await requestOver(socket, "a.example.com");
  socket.destroy();
  return text;
}

async function sideOfRun(rig: EnvoyRig, agent: string): Promise<string> {
  const words = Buffer.from(`${proxyUserName(runOf(agent))}:token`).toString("base64");
  const { text } = await plainRequest(rig, "a.example.com", {
    proxyAuthorization: `Basic ${words}`,
  });
  return text;
}

/** Asks on a connection that stays open. */
async function ask(socket: Socket): Promise<string> {
  const answer = new Promise<string>((resolve, reject) => {
    let text = "";
    const take = (chunk: Buffer) => {
      text += chunk.toString();
      if (!text.endsWith("}\n")) return;
      socket.off("data", take);
      resolve(text);
    };
    socket.on("data", take);
    socket.once("close", () => reject(new Error("The connection was closed")));
  });
  socket.write("GET / HTTP/1.1\r\nhost: a.example.com\r\n\r\n");
  return answer;
}

async function checkSides(t: Test, rig: EnvoyRig, share: CanaryShare | undefined) {
  for (const name of names) {
    const task = { kind: "TaskAgent", namespace: "default", name };
    const run = { ...task, kind: "Process" };
    const want = (agent: typeof task) =>
      share !== undefined && isInShare(agent, share) ? "by the new policy" : "by the old policy";
    t.match(await sideOfTask(rig, name), want(task), `task ${name} of ${share?.parts}`);
    t.match(await sideOfRun(rig, name), want(run), `run ${name} of ${share?.parts}`);
  }
}

t.test("planChains() of two sides decides each agent by its own alone", needsEnvoy, async (t) => {
  const rig = await startRig(t);
  const runs = names.map(runOf);
  for (const parts of [1_000, 5_000, 10_000]) {
    const share = { parts, seed: 4711 };
    const verdict = await rig.publish(before, {
      runs,
      canaries: [{ side: "r1", gateway: after, share }],
    });
    t.match(verdict, { kind: "live" });
    await checkSides(t, rig, share);
  }
  const records = await eventually(() => (rig.records.length < 240 ? undefined : rig.records));
  t.ok(records.some(({ side }) => side === "canary"));
  for (const { side, decision } of records) {
    t.equal(decision.message, side === "canary" ? "by the new policy" : "by the old policy");
  }
  await rig.publish(before, { runs });
  await checkSides(t, rig, undefined);
});

t.test(
  "planChains() of two sides leaves connections of either side open when a rollout begins and ends",
  needsEnvoy,
  async (t) => {
    const rig = await startRig(t);
    await rig.publish(before);
    const target = { address: "203.0.113.9", port: 80 };
    const old = await openTransparent(rig, target);
    t.match(await ask(old), "by the old policy");
    const share = { parts: 10_000, seed: 1 };
    await rig.publish(before, { canaries: [{ side: "r1", gateway: after, share }] });
    const fresh = await openTransparent(rig, target);
    t.match(await ask(fresh), "by the new policy");
    t.match(await ask(old), "by the old policy");
    await rig.publish(before, { canaries: [{ side: "r1", gateway: before }] });
    t.match(await ask(fresh), "by the old policy", "decided by what is served, at once");
    t.match(await ask(old), "by the old policy");
    const later = await openTransparent(rig, target);
    t.match(await ask(later), "by the old policy");
    const next = { side: "r2", gateway: after, share: { parts: 1, seed: 1 } };
    await rig.publish(before, { canaries: [{ side: "r1", gateway: before }, next] });
    t.match(await ask(fresh), "by the old policy", "whoever was in a share is not in the next");
    for (const socket of [old, fresh, later]) socket.destroy();
  },
);

t.test(
  "planChains() of two sides refuses on both who proves no identity",
  needsEnvoy,
  async (t) => {
    const rig = await startRig(t);
    await rig.publish(before, {
      canaries: [{ side: "r1", gateway: after, share: { parts: 10_000, seed: 1 } }],
    });
    const target = { address: "203.0.113.9", port: 80, tlvs: {} };
    const socket = await openTransparent(rig, target);
    socket.write("GET / HTTP/1.1\r\nhost: a.example.com\r\n\r\n");
    t.equal(await readAll(socket), "");
  },
);
