/**
 * The quick part of the attack corpus, and that its judge can tell: something that gets through, a secret in an answer and
 * an allowed variant that does not pass must each be seen. `npm run attacks` tries the whole corpus.
 */
import t from "tap";
import { createAttackRig } from "../attacks/attack-rig.ts";
import { textOf } from "../attacks/attack-bytes.ts";
import { injectedCredentials } from "../attacks/canaries.ts";
import { auditTechniques, corpus } from "../attacks/corpus.ts";
import { isClean, judge } from "../attacks/judge.ts";
import { searchOutputs } from "../attacks/observed-outputs.ts";
import { attempt } from "../attacks/technique.ts";
import type { PreparedTechnique, Technique } from "../attacks/technique.ts";
import { requestThrough } from "../harness/agent-requests.ts";

/** Slow because most of their attempts end by time running out, or are many: left to `npm run attacks`. */
const slow: ReadonlySet<string> = new Set([
  "inside-address",
  "inside-captured",
  "path-denial",
  "path-prefix",
  "raw-protocol",
  "reflected-credential",
  "request-smuggling",
  "websocket-upgrade",
]);

const rig = await createAttackRig(t);
const auditing = await createAttackRig(t, { audits: true });
const { run } = await rig.gateway("open");

function techniqueOf(prepared: PreparedTechnique): Technique {
  return { name: "made-up", about: "", prepare: async () => prepared };
}

const good = async () => (await requestThrough(run, "http://plain.test/bytes/10")).status === 200;

t.test("what gets through is counted as that, and named", async (test) => {
  const outcome = await judge(
    rig,
    techniqueOf({
      control: good,
      attempts: [
        attempt("nothing", async () => ""),
        attempt("an unlisted host", async () =>
          textOf(await requestThrough(run, "https://unlisted.test/bytes/10")),
        ),
      ],
    }),
  );
  test.match(outcome, { tried: 2, refused: 1, problems: [/^"an unlisted host" got through: 200/] });
  test.notOk(isClean(outcome));
});

t.test("a request that an allowed host should not have got is counted, too", async (test) => {
  const attempts = [
    attempt("a path", async () =>
      textOf(await requestThrough(run, "https://allowed.test/status/204")),
    ),
  ];
  const isForbidden = ({ path }: { readonly path: string }) => path.startsWith("/status");
  const outcome = await judge(rig, techniqueOf({ control: good, attempts, isForbidden }));
  test.match(outcome, { tried: 1, refused: 0 });
});

t.test("a secret in an answer is a leak, told without its value", async (test) => {
  const { upstream } = injectedCredentials;
  const attempts = [attempt("an answer", async () => `x ${btoa(`user:${upstream} and more`)}`)];
  const outcome = await judge(rig, techniqueOf({ control: good, attempts }));
  test.match(outcome, { tried: 1, refused: 1, leaked: 1, problems: [/got "upstream" by/] });
  test.notMatch(JSON.stringify(outcome), upstream);
  test.notOk(isClean(outcome));
});

t.test("nothing is tried where the allowed variant does not pass", async (test) => {
  const attempts = [attempt("nothing", async () => "")];
  const outcome = await judge(rig, techniqueOf({ control: async () => false, attempts }));
  test.match(outcome, { tried: 0, problems: [/allowed variant/] });
  test.notOk(isClean(outcome));
});

t.test("an attempt that does not reach the gateway is not counted as refused", async (test) => {
  const attempts = [
    attempt("nobody listens", async () => {
      throw new Error("connect ECONNREFUSED");
    }),
  ];
  const outcome = await judge(rig, techniqueOf({ control: good, attempts }));
  test.match(outcome, { tried: 0, refused: 0, problems: [/did not reach the gateway/] });
  test.notOk(isClean(outcome));
});

for (const technique of corpus.filter(({ name, ownNetwork }) => !slow.has(name) && !ownNetwork)) {
  t.test(`${technique.name}: ${technique.about}: everything is refused`, async (test) => {
    const outcome = await judge(rig, technique);
    test.same(outcome.problems, []);
    test.ok(isClean(outcome), `${outcome.refused} of ${outcome.tried} refused`);
  });
}

t.test("no output of any gateway holds a canary after that", async (test) => {
  const outcome = await searchOutputs(rig);
  test.same(outcome.problems, []);
  test.ok(isClean(outcome));
});

t.test(
  "a gateway that audits lets by what no rule is about, so that only credentials count",
  async (test) => {
    const { run: audited } = await auditing.gateway("strict");
    const unlisted = await requestThrough(audited, "https://unlisted.test/bytes/10");
    test.equal(unlisted.status, 200);
  },
);

for (const technique of auditTechniques.filter(
  ({ name, ownNetwork }) => !slow.has(name) && !ownNetwork,
)) {
  t.test(`${technique.name} in audit mode: no credential is given away`, async (test) => {
    const outcome = await judge(auditing, technique);
    test.same(outcome.problems, []);
    test.ok(isClean(outcome), `${outcome.refused} of ${outcome.tried} refused`);
  });
}

t.test("no output of a gateway that audits holds a canary after that", async (test) => {
  const outcome = await searchOutputs(auditing);
  test.same(outcome.problems, []);
  test.ok(isClean(outcome));
});
