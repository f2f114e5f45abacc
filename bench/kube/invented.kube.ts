/**
 * Thousands of invented objects, put to the kinds and to a real Kubernetes API server with our CRDs: what the kinds take,
 * Kubernetes takes with the same defaults; what it takes beyond that differs in known ways only.
 */
import t from "tap";
import { fillDefaults } from "../../crds/defaulting.ts";
import type { KindDefinition } from "../../crds/kind-definition.ts";
import { seededRandom } from "../../extproc/testdata/random.ts";
import { inventChoices, readChoices } from "../fuzz/choices.ts";
import { inventObject } from "../fuzz/targets/invented-objects.ts";
import type { KubeApiServer } from "../harness/kubekit.ts";
import { needsKubekit } from "../harness/kubekit.ts";
import {
  createObject,
  crdKinds,
  describeAnswer,
  memberOf,
  startKindServer,
} from "./kind-server.ts";

const objects = 4000;
const atOnce = 3;
const seed = 20261129;

/** Sentences of our kinds about what a plain API server cannot tell, as `known-differences.ts` explains. */
const knownSentences = [
  /: found null, wanted /,
  /, wanted different values: item \d+ has it too$/,
  /, wanted a different name for each: item \d+ has it too$/,
  /: a Secret is only ever read from the namespace of the object that names it$/,
  /, wanted an RE2 regular expression: /,
  /: (?:minute|hour|day of month|month|day of week): "[^"]+" runs backwards$/,
  /: bits after the prefix are set/,
  /: an IPv4-mapped block needs a prefix length of at least 96$/,
  /, wanted each header in one list: it is in \w+ too$/,
];

interface Tally {
  valid: number;
  invalid: number;
  lax: number;
}

const { skip } = await needsKubekit();

t.test(`${objects} invented objects are judged alike`, { skip, timeout: 600_000 }, async (t) => {
  const server = await startKindServer(t);
  const random = seededRandom(seed);
  const tally: Tally = { valid: 0, invalid: 0, lax: 0 };
  let left = objects;
  const judge = async () => {
    while (left > 0) {
      const invented = inventOne(random);
      if (invented === undefined) continue;
      left--;
      const problem = await compare(server, invented, tally);
      if (problem !== undefined) t.fail(problem, { object: JSON.stringify(invented.object) });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, judge));
  t.comment(JSON.stringify(tally));
  t.ok(tally.valid > objects / 20, `${tally.valid} were valid to both`);
  t.ok(tally.invalid > objects / 20, `${tally.invalid} were invalid to both`);
});

interface Invented {
  readonly definition: KindDefinition<unknown>;
  readonly object: unknown;
}

function inventOne(random: Parameters<typeof inventChoices>[0]): Invented | undefined {
  const invented = Object(inventObject(readChoices(inventChoices(random, 900))));
  const definition = crdKinds.find(
    ({ kind, apiVersion }) => kind === invented.kind && apiVersion === invented.apiVersion,
  );
  if (definition === undefined) return undefined;
  // Objects go to one namespace; what holds no JSON never reaches a server.
  const { namespace: _, ...metadata } = invented.metadata;
  return { definition, object: JSON.parse(JSON.stringify({ ...invented, metadata })) };
}

/** What is wrong about how the two judge the object; undefined when nothing is. */
async function compare(
  server: KubeApiServer,
  { definition, object }: Invented,
  tally: Tally,
): Promise<string | undefined> {
  const ours = definition.parse(object);
  const answer = await createObject(server, definition, { body: object, dryRun: true });
  const isTaken = answer.status === 201;
  if (ours.kind === "valid") {
    if (!isTaken) return `${definition.kind}: only Kubernetes refuses: ${describeAnswer(answer)}`;
    tally.valid++;
    const kept = JSON.stringify(sorted(memberOf(answer.body, "spec")));
    const filled = JSON.stringify(sorted(memberOf(fillDefaults(definition, object), "spec")));
    return kept === filled ? undefined : `${definition.kind}: kept ${kept}, wanted ${filled}`;
  }
  if (!isTaken) {
    tally.invalid++;
    return undefined;
  }
  tally.lax++;
  const unknown = ours.problems.find(
    ({ message }) => !knownSentences.some((sentence) => sentence.test(message)),
  );
  return unknown && `${definition.kind}: only the kind refuses: ${unknown.message}`;
}

/** The value with its members in the order of their names. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, sorted(member)]));
}
