/** Rollouts with a real control process, gateway, Envoy and command line: each agent by its side alone, whoever is killed. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { bothSides } from "../../control/rollout/rollout-keeper.ts";
import type { Rollout } from "../../control/rollout/rollout.ts";
import { isInShare } from "../../gateway/canary-share.ts";
import { requestThrough } from "../harness/agent-requests.ts";
import type { AgentAccess } from "../harness/agent-requests.ts";
import { startControlProcess } from "../harness/control-process.ts";
import type { ControlProcess } from "../harness/control-process.ts";
import { startGateway } from "../harness/gateway.ts";
import type { RunningGateway } from "../harness/gateway.ts";
import { allowHosts, gatewayManifest, objectManifest } from "../harness/gateway-manifests.ts";
import { runProcess, temporaryDirectory, waitUntil } from "../harness/processes.ts";
import { startUpstreams } from "../harness/upstreams.ts";

const program = join(import.meta.dirname, "../../control/cli/main.ts");
const upstreams = await startUpstreams(t, { tlsHosts: ["one.test", "two.test"] });
const folder = temporaryDirectory(t);
const served = join(folder, "served");
mkdirSync(served);
writeFileSync(join(served, "gateway.yaml"), gatewayManifest(upstreams));
writeFileSync(join(served, "web.yaml"), allowHosts("web", ["one.test"]));
const [one, two] = ["https://one.test/bytes/2", "https://two.test/bytes/2"];
const names = Array.from({ length: 40 }, (_, index) => `agent-${index}`);
const home = join(temporaryDirectory(t), "clrk");

interface Parts {
  control: ControlProcess;
  gateway: RunningGateway;
  runs: ReadonlyMap<string, AgentAccess>;
}

const startControl = () => startControlProcess(t, { home, arguments: ["-f", served] });

async function startServing(control: ControlProcess): Promise<Omit<Parts, "control">> {
  const gateway = await startGateway(t, { manifests: {}, feed: control.feed, home });
  const runs = new Map<string, AgentAccess>();
  for (const name of names) runs.set(name, await gateway.registerRun(name));
  return { gateway, runs };
}

const control = await startControl();
const parts: Parts = { control, ...(await startServing(control)) };

async function killControl(): Promise<void> {
  const { child } = parts.control;
  child.signal("SIGKILL");
  await child.exited;
}

function changed(name: string, text: string): string {
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, text);
  return file;
}

async function clrk(...words: readonly string[]) {
  return runProcess(
    {
      command: process.execPath,
      arguments: ["--disable-warning=ExperimentalWarning", program, "policy", ...words],
      environment: { ...process.env, CLRK_HOME: home },
    },
    60_000,
  );
}

async function newest(): Promise<Rollout> {
  const { stdout, stderr } = await clrk("status", "-o", "json");
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout);
}

async function untilPhase(phase: Rollout["phase"]): Promise<Rollout> {
  return waitUntil(
    async () => {
      const rollout = await newest();
      return rollout.phase === phase ? rollout : undefined;
    },
    { deadlineMs: 20_000, what: `a rollout that is ${phase}` },
  );
}

async function statusesOf(access: AgentAccess) {
  const [first, second] = [await requestThrough(access, one), await requestThrough(access, two)];
  return [first.status, second.status];
}

/** Whether an agent has the new policy of a rollout. */
function hasNew({ parts: share, seed }: Rollout, name: string): boolean {
  return isInShare({ kind: "Process", namespace: "default", name }, { parts: share, seed });
}

async function untilDecided(name: string, want: readonly number[]): Promise<void> {
  const access = parts.runs.get(name);
  if (access === undefined) throw new Error(`No run of ${name}`);
  await waitUntil(
    async () => ((await statusesOf(access)).join() === want.join() ? true : undefined),
    { deadlineMs: 10_000, what: `${want.join()} for ${name}` },
  );
}

/** Every agent gets exactly what its side says, once the last change of shares is live. */
async function checkAll(test: Test, want: (name: string) => readonly number[]): Promise<void> {
  for (const name of names) await untilDecided(name, want(name));
  for (const [name, access] of parts.runs) {
    test.same(await statusesOf(access), want(name), name);
  }
}

const [oldPolicy, newPolicy, bothHosts] = [
  [200, 403],
  [403, 200],
  [200, 200],
];

t.test("what cannot be tried is refused before anything happens", async (test) => {
  const refused = [
    { words: ["-f", changed("broken", "kind: EgressHTTPRoute\n")], code: 1, says: /broken\.yaml/ },
    {
      words: [
        "-f",
        changed("no-match", objectManifest("EgressHTTPRoute", "web", { hostnames: 7 })),
      ],
      ...{ code: 1, says: /hostnames/ },
    },
    {
      words: ["-f", changed("gateway", gatewayManifest({ ...upstreams, name: "another" }))],
      ...{ code: 1, says: /another/ },
    },
    { words: ["-f", join(served, "web.yaml")], code: 1, says: /change nothing/ },
    {
      words: ["-f", join(served, "web.yaml"), "--abort-on", "denied>1"],
      code: 2,
      says: /denied>1%/,
    },
  ];
  for (const { words, code, says } of refused) {
    const outcome = await clrk("rollout", "--canary", "10%", "--for", "1m", ...words);
    test.match(outcome, { exitCode: code, stderr: says });
  }
  test.match(await clrk("rollout", "--canary", "0%", "--for", "1m"), { exitCode: 2 });
  test.match(await clrk("status"), { exitCode: 1, stderr: /Nothing was rolled out/ });
  await checkAll(test, () => oldPolicy);
});

t.test("each agent is decided by its side alone, and a larger share only adds", async (test) => {
  const file = changed("other", allowHosts("web", ["two.test"]));
  const begun = await clrk(
    ...["rollout", "-f", file, "--canary", "10%", "--for", "1h", "--detach", "-o", "json"],
  );
  test.equal(begun.exitCode, 0, begun.stderr);
  const small = await untilPhase("running");
  await checkAll(test, (name) => (hasNew(small, name) ? newPolicy : oldPolicy));
  test.match(await clrk("rollout", "-f", file, "--canary", "10%", "--for", "1h"), {
    exitCode: 1,
    stderr: /one is at a time/,
  });
  test.match(await clrk("promote", "--canary", "5%"), { exitCode: 1, stderr: /none is taken out/ });
  test.match(await clrk("promote", "--canary", "50%"), { exitCode: 0 });
  const large = await newest();
  test.equal(large.seed, small.seed);
  test.ok(names.every((name) => hasNew(large, name) || !hasNew(small, name)));
  await checkAll(test, (name) => (hasNew(large, name) ? newPolicy : oldPolicy));
  await waitUntil(async () => bothSides(await newest()).new.denied > 0, {
    ...{ deadlineMs: 20_000, what: "counts" },
  });
  const sides = bothSides(await newest());
  test.ok(sides.old.requests > 0 && sides.new.requests > 0);
  const records = parts.gateway.records.filter(({ side }) => side === "canary");
  test.ok(records.length > 0);
  test.ok(records.every(({ agent }) => hasNew(large, agent?.name ?? "")));
  test.match(await clrk("abort"), { exitCode: 0 });
  await checkAll(test, () => oldPolicy);
});

t.test("a condition takes it back by itself, within seconds", async (test) => {
  const words = ["--abort-on", "denied>1%", "--min-requests", "5", "--for", "1h"];
  const file = changed("other", allowHosts("web", ["two.test"]));
  const waiting = clrk("rollout", "-f", file, "--canary", "50%", ...words);
  await untilPhase("running");
  const begunMs = performance.now();
  while ((await newest()).phase === "running") {
    for (const access of parts.runs.values()) await requestThrough(access, one);
  }
  const { exitCode, stderr } = await waiting;
  test.comment(`aborted ${Math.round(performance.now() - begunMs)} ms after it was live`);
  test.ok(performance.now() - begunMs < 10_000);
  test.equal(exitCode, 3);
  test.match(stderr, /denied>1%: [\d.]+ % denied with the new policy, 0\.0 % denied with the old/);
  await checkAll(test, () => oldPolicy);
});

t.test("a share without requests is not good", async (test) => {
  const file = changed("more", allowHosts("web", ["one.test", "two.test"]));
  const outcome = await clrk("rollout", "-f", file, "--canary", "50%", "--for", "1s");
  test.match(outcome, { exitCode: 3, stderr: /the new policy decided 0 requests, of 20 wanted/ });
});

t.test("what keeps its conditions becomes what all have, and survives a kill", async (test) => {
  const file = changed("more", allowHosts("web", ["one.test", "two.test"]));
  const words = ["--abort-on", "denied>1%", "--min-requests", "5", "--for", "3s"];
  const waiting = clrk("rollout", "-f", file, "--canary", "50%", ...words);
  await untilPhase("running");
  while ((await newest()).phase === "running") {
    for (const access of parts.runs.values()) await requestThrough(access, one);
  }
  test.match(await waiting, { exitCode: 0, stderr: /kept all conditions/ });
  await checkAll(test, () => bothHosts);
  await killControl();
  parts.control = await startControl();
  await checkAll(test, () => bothHosts);
  test.match(await clrk("undo"), {
    exitCode: 0,
    stdout: /taken back: EgressHTTPRoute default\/web/,
  });
  await checkAll(test, () => oldPolicy);
  test.match(readFileSync(join(served, "web.yaml"), "utf8"), "one.test");
  test.match(await clrk("undo"), { exitCode: 1, stderr: /Nothing was promoted/ });
  test.match((await clrk("history")).stdout, /undone .*\n.*aborted/s);
});

t.test("undo leaves what others changed meanwhile, and says so", async (test) => {
  const file = changed("extra", allowHosts("extra", ["two.test"]));
  const begun = await clrk("rollout", "-f", file, "--canary", "50%", "--for", "1h", "--detach");
  test.equal(begun.exitCode, 0, begun.stderr);
  await untilPhase("running");
  test.match(await clrk("promote"), { exitCode: 0 });
  await checkAll(test, () => bothHosts);
  const path = "/apis/clrk.apoxy.dev/v1alpha1/namespaces/default/egresshttproutes/extra";
  const patched = await parts.control.request("PATCH", path, {
    body: { spec: { hostnames: ["two.test", "three.test"] } },
    type: "application/merge-patch+json",
  });
  test.equal(patched.status, 200);
  test.match(await clrk("undo"), { exitCode: 1, stderr: /EgressHTTPRoute default\/extra/ });
  test.equal((await parts.control.request("GET", path)).status, 200);
  await parts.control.request("DELETE", path);
  await checkAll(test, () => oldPolicy);
});

t.test("a kill of either process leaves every agent on its side", async (test) => {
  const file = changed("other", allowHosts("web", ["two.test"]));
  const begun = await clrk("rollout", "-f", file, "--canary", "50%", "--for", "1h", "--detach");
  test.equal(begun.exitCode, 0, begun.stderr);
  const rollout = await untilPhase("running");
  const want = (name: string) => (hasNew(rollout, name) ? newPolicy : oldPolicy);
  await checkAll(test, want);
  await killControl();
  await checkAll(test, want);
  parts.control = await startControl();
  test.match(await newest(), { id: rollout.id, phase: "running" });
  await checkAll(test, want);
  parts.gateway.child.kill("SIGKILL");
  Object.assign(parts, await startServing(parts.control));
  await checkAll(test, want);
  test.match(await newest(), { id: rollout.id, phase: "running" });
  test.match(await clrk("abort"), { exitCode: 0 });
  await checkAll(test, () => oldPolicy);
});
