/** Tests which agents a share has. */
import t from "tap";
import { agentKey, isInShare, shareParts, shareThreshold } from "./canary-share.ts";

const agents = Array.from({ length: 2_000 }, (_, index) => ({
  ...{ kind: "Process", namespace: "default", name: `agent-${index}` },
}));

t.test("isInShare() is the same whenever it is asked", async (t) => {
  const share = { parts: 1_000, seed: 4711 };
  const chosen = agents.filter((agent) => isInShare(agent, share)).map(({ name }) => name);
  t.same(
    chosen.slice(0, 3),
    agents
      .filter((agent) => isInShare({ ...agent }, share))
      .slice(0, 3)
      .map(({ name }) => name),
  );
  t.ok(chosen.length > 0);
});

t.test("isInShare() has all agents of a smaller share in a larger one", async (t) => {
  for (const seed of [0, 1, 0xffff_ffff]) {
    let before = new Set<string>();
    for (let parts = 1; parts <= shareParts; parts += 333) {
      const now = agents.filter((agent) => isInShare(agent, { parts, seed }));
      const names = new Set(now.map(agentKey));
      t.ok(
        [...before].every((name) => names.has(name)),
        `${parts} of seed ${seed}`,
      );
      before = names;
    }
  }
});

t.test("isInShare() has about as many agents as it says, others by another seed", async (t) => {
  const of = (parts: number, seed: number) =>
    agents.filter((agent) => isInShare(agent, { parts, seed })).length / agents.length;
  for (const parts of [100, 1_000, 5_000, 9_000]) {
    for (const seed of [1, 2, 3]) {
      // Four standard deviations of as many draws.
      const share = parts / shareParts;
      const spread = 4 * Math.sqrt((share * (1 - share)) / agents.length);
      t.ok(Math.abs(of(parts, seed) - share) < spread, `${of(parts, seed)} of ${share}`);
    }
  }
  const both = agents.filter(
    (agent) =>
      isInShare(agent, { parts: 5_000, seed: 1 }) === isInShare(agent, { parts: 5_000, seed: 2 }),
  );
  t.ok(Math.abs(both.length / agents.length - 0.5) < 0.06, String(both.length));
});

t.test("isInShare() has everybody in the whole", async (t) => {
  t.ok(agents.every((agent) => isInShare(agent, { parts: shareParts, seed: 7 })));
  t.equal(shareThreshold({ parts: shareParts }), 0);
  t.equal(shareThreshold({ parts: 1 }), 9_999);
});
