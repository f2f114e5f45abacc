/**
 * The replay beside the real Envoy: random policies and random requests go through a gateway, and what its records say was
 * decided must be what the replay makes of the same records by the same manifests. Only facts that records do not hold may
 * be missing, each by its name.
 */
import t from "tap";
import { seededRandom } from "../../providers/testdata/seeded-random.ts";
import { requestThrough } from "../harness/agent-requests.ts";
import { startGateway } from "../harness/gateway.ts";
import { gatewayManifest } from "../harness/gateway-manifests.ts";
import { startMcpServer } from "../harness/mcp-server.ts";
import { waitUntil } from "../harness/processes.ts";
import { randomHosts, randomPolicy, randomRequests } from "../harness/random-policies.ts";
import { recorded, replayed, replayOf, statedUnknowns } from "../harness/replayed-decision.ts";
import { startUpstreams } from "../harness/upstreams.ts";

const rounds = Number(process.env["CLRK_TEST_ROUNDS"] ?? 12);
const requestsPerRound = 40;
const atOnce = 8;
const seed = Number(process.env["CLRK_TEST_SEED"] ?? 20_261_129);

/** So much of all may be unknown for want of what records do not hold. */
const mostUnknown = 0.25;

const random = seededRandom(seed);
const upstreams = await startUpstreams(t, {
  tlsHosts: randomHosts.tls,
  plainHosts: randomHosts.plain,
});
const mcp = await startMcpServer(t, upstreams.authority.issue(randomHosts.mcp));
const aliases = [...upstreams.aliases, { port: mcp.port, hostnames: randomHosts.mcp }];

function nextManifests(): string {
  const { text, spec } = randomPolicy(random);
  return gatewayManifest({ ...upstreams, aliases, spec }) + text;
}

const gateway = await startGateway(t, { manifests: { "policy.yaml": nextManifests() } });
const unknown = new Map<string, number>();
let compared = 0;

for (let round = 0; round < rounds; round++) {
  t.test(`round ${round} of seed ${seed}: replay and records say the same`, async (t) => {
    const { revision } = await gateway.status();
    gateway.writeManifest("policy.yaml", nextManifests());
    const replay = replayOf(gateway.directory);
    await gateway.waitForRevision(revision);
    // One of its own: requests in plain text may ride on connections inside Envoy that began by earlier rules.
    const run = await gateway.registerRun("replayed");
    const seen = gateway.records.length;
    const requests = randomRequests(random, requestsPerRound);
    for (let at = 0; at < requests.length; at += atOnce) {
      const some = requests.slice(at, at + atOnce);
      await Promise.allSettled(some.map(({ url, request }) => requestThrough(run, url, request)));
    }
    const isDone = () => gateway.records.length - seen >= requestsPerRound;
    await waitUntil(isDone, { deadlineMs: 10_000, what: "all records" });
    for (const record of gateway.records.slice(seen)) {
      const outcome = replay.decide(record);
      compared++;
      if (outcome.kind === "unknown") {
        unknown.set(outcome.missing, (unknown.get(outcome.missing) ?? 0) + 1);
        if (outcome.verdict !== null) t.equal(outcome.verdict, record.decision.verdict);
        continue;
      }
      t.same(replayed(outcome), recorded(record, outcome), JSON.stringify(record));
    }
  });
}

t.test("what is not known is little, and stated", async (t) => {
  const others = [...unknown.keys()].filter(
    (fact) => !statedUnknowns.some((one) => one.test(fact)),
  );
  t.same(others, []);
  const all = [...unknown.values()].reduce((sum, count) => sum + count, 0);
  t.ok(compared >= rounds * requestsPerRound, `${compared} compared`);
  t.ok(
    all / compared <= mostUnknown,
    `${all} of ${compared} unknown: ${JSON.stringify([...unknown])}`,
  );
  t.comment(`${compared} compared, ${all} unknown: ${JSON.stringify([...unknown])}`);
});
