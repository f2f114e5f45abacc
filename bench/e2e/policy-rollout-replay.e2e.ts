/**
 * A rollout beside the replay: random policies are tried on half of the agents, and what the records of those say was
 * decided must be what the replay makes of them by the new policy, of all others by the old one. Only facts that records
 * do not hold may be missing, each by its name.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Rollout } from "../../control/rollout/rollout.ts";
import { isInShare } from "../../gateway/canary-share.ts";
import { seededRandom } from "../../providers/testdata/seeded-random.ts";
import { requestThrough } from "../harness/agent-requests.ts";
import type { AgentAccess } from "../harness/agent-requests.ts";
import { startControlProcess } from "../harness/control-process.ts";
import { startGateway } from "../harness/gateway.ts";
import { allowHosts, gatewayManifest } from "../harness/gateway-manifests.ts";
import { startMcpServer } from "../harness/mcp-server.ts";
import { runProcess, temporaryDirectory, waitUntil } from "../harness/processes.ts";
import { randomHosts, randomPolicy, randomRequests } from "../harness/random-policies.ts";
import { recorded, replayed, replayOf, statedUnknowns } from "../harness/replayed-decision.ts";
import { startUpstreams } from "../harness/upstreams.ts";

const rounds = 2;
const agentsPerSide = 3;
const requestsPerRound = 48;
const atOnce = 6;
const seed = Number(process.env["CLRK_TEST_SEED"] ?? 20_261_130);
const random = seededRandom(seed);
/** Each is allowed by one of the policies alone, and no other rule is about either. */
const marks = { old: "old.mark", new: "new.mark" };

const program = join(import.meta.dirname, "../../control/cli/main.ts");
const upstreams = await startUpstreams(t, {
  tlsHosts: [...randomHosts.tls, ...Object.values(marks)],
  plainHosts: randomHosts.plain,
});
const mcp = await startMcpServer(t, upstreams.authority.issue(randomHosts.mcp));
const aliases = [...upstreams.aliases, { port: mcp.port, hostnames: randomHosts.mcp }];
const folder = temporaryDirectory(t);
const served = join(folder, "served");
const home = join(folder, "clrk");
mkdirSync(served);
writeFileSync(join(served, "gateway.yaml"), gatewayManifest({ ...upstreams, aliases }));
writeFileSync(join(served, "policy.yaml"), policyText(marks.old));
const control = await startControlProcess(t, { home, arguments: ["-f", served] });
const gateway = await startGateway(t, { manifests: {}, feed: control.feed, home });

function policyText(mark: string): string {
  return allowHosts("mark", [mark]) + randomPolicy(random).text;
}

/** Values are the same for all agents, and never tried on some. */
function withoutSecrets(text: string): string {
  return text
    .split(/^---$/m)
    .filter((document) => !document.includes('"kind":"Secret"'))
    .join("---");
}

async function clrk(...words: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runProcess(
    {
      command: process.execPath,
      arguments: ["--disable-warning=ExperimentalWarning", program, "policy", ...words],
      environment: { ...process.env, CLRK_HOME: home },
    },
    60_000,
  );
  if (exitCode !== 0) throw new Error(`Cannot run policy ${words[0]}: ${stderr}`);
  return stdout;
}

async function untilRunning(): Promise<Rollout> {
  return waitUntil(
    async () => {
      const rollout: Rollout = JSON.parse(await clrk("status", "-o", "json"));
      return rollout.phase === "running" ? rollout : undefined;
    },
    { deadlineMs: 30_000, what: "a rollout that runs" },
  );
}

/** Until the agent is decided by that policy, and no more by the other. */
async function untilMarked(access: AgentAccess, side: "old" | "new"): Promise<void> {
  const statusOf = async (host: string) =>
    (await requestThrough(access, `https://${host}/bytes/1`)).status;
  await waitUntil(
    async () => {
      const [old, changed] = [await statusOf(marks.old), await statusOf(marks.new)];
      return (side === "new" ? changed === 200 && old === 403 : old === 200 && changed === 403)
        ? true
        : undefined;
    },
    { deadlineMs: 20_000, what: `the ${side} policy` },
  );
}

interface SidedAgent {
  readonly access: AgentAccess;
  readonly isNew: boolean;
}

/** New agents, so many of each side, whose side is live. */
async function agentsOfBothSides(
  round: number,
  hasNew: (name: string) => boolean,
): Promise<readonly SidedAgent[]> {
  const names = Array.from({ length: 64 }, (_, index) => `agent-${round}-${index}`);
  const chosen = [true, false].flatMap((isNew) =>
    names
      .filter((name) => hasNew(name) === isNew)
      .slice(0, agentsPerSide)
      .map((name) => ({ name, isNew })),
  );
  const agents: SidedAgent[] = [];
  for (const { name, isNew } of chosen) {
    const access = await gateway.registerRun(name);
    await untilMarked(access, isNew ? "new" : "old");
    agents.push({ access, isNew });
  }
  return agents;
}

const oldReplay = replayOf(served);

for (let round = 0; round < rounds; round++) {
  t.test(`round ${round} of seed ${seed}: each side is as its replay`, async (t) => {
    const file = join(folder, `new-${round}.yaml`);
    writeFileSync(file, withoutSecrets(policyText(marks.new)));
    const newReplay = replayOf(served, file);
    await clrk("rollout", "-f", file, "--canary", "50%", "--for", "1h", "--detach");
    const { parts, seed: shares } = await untilRunning();
    const agents = await agentsOfBothSides(round, (name) =>
      isInShare({ kind: "Process", namespace: "default", name }, { parts, seed: shares }),
    );
    const seen = gateway.records.length;
    // The same requests by an agent of each side.
    const requests = randomRequests(random, requestsPerRound / 2);
    const sides = [agents.filter(({ isNew }) => isNew), agents.filter(({ isNew }) => !isNew)];
    for (let at = 0; at < requests.length; at += atOnce / 2) {
      const some = requests.slice(at, at + atOnce / 2);
      await Promise.allSettled(
        some.flatMap(({ url, request }, index) =>
          sides.map((side) => {
            const agent = side[(at + index) % side.length];
            return agent && requestThrough(agent.access, url, request);
          }),
        ),
      );
    }
    const isDone = () => gateway.records.length - seen >= requestsPerRound;
    await waitUntil(isDone, { deadlineMs: 10_000, what: "all records" });
    const unknown = new Map<string, number>();
    let known = 0;
    for (const record of gateway.records.slice(seen)) {
      const isCanary = record.side === "canary";
      const outcome = (isCanary ? newReplay : oldReplay).decide(record);
      if (outcome.kind === "unknown") {
        unknown.set(outcome.missing, (unknown.get(outcome.missing) ?? 0) + 1);
        if (outcome.verdict !== null) t.equal(outcome.verdict, record.decision.verdict);
        continue;
      }
      known++;
      const what = `${isCanary ? "new" : "old"}: ${JSON.stringify(record)}`;
      t.same(replayed(outcome), recorded(record, outcome), what);
    }
    const others = [...unknown.keys()].filter(
      (fact) => !statedUnknowns.some((one) => one.test(fact)),
    );
    t.same(others, [], "what is not known is stated");
    t.ok(known > requestsPerRound / 2, `${known} known`);
    t.comment(`${known} known, unknown: ${JSON.stringify([...unknown])}`);
    const canaries = gateway.records.slice(seen).filter(({ side }) => side === "canary").length;
    t.ok(canaries > requestsPerRound / 4, `${canaries} by the new policy`);
    await clrk("abort");
    for (const { access } of agents) await untilMarked(access, "old");
  });
}
