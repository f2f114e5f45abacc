/** Random widgets and random requests for them, of few enough values that managers get in each other's way. */
import type { Random } from "../../extproc/testdata/random.ts";
import type { JsonMap, JsonValue } from "../../control/apiserver/json-tree.ts";
import type { OracleStep } from "./ownership-oracle.ts";

/** One request for the widget of that name. */
export function randomStep(random: Random, name: string, live: JsonMap | undefined): OracleStep {
  const manager = random.pick(["anna", "bert", "cleo"]);
  const isStatus = live !== undefined && random.below(6) === 0;
  const place = isStatus ? { subresource: "status" as const } : {};
  if (live === undefined && random.below(2) === 0) {
    return { way: "create", name, manager, body: randomWidget(random, name, false) };
  }
  if (live !== undefined && random.below(4) === 0) {
    const body = randomWidget(random, name, false);
    return { way: "merge", name, manager, ...place, body: { spec: body["spec"] ?? {}, status: body["status"] ?? {} } };
  }
  if (live !== undefined && random.below(5) === 0) {
    const body = { ...live, ...randomParts(random, false) };
    return { way: "replace", name, manager, ...place, body };
  }
  const force = random.below(2) === 0;
  return { way: "apply", name, manager, force, ...place, body: randomWidget(random, name, true) };
}

function randomWidget(random: Random, name: string, isApplied: boolean): JsonMap {
  const labels = some(random, { app: label(random), team: label(random) });
  return {
    apiVersion: "bench.clrk.dev/v1",
    kind: "Widget",
    metadata: { name, namespace: "default", ...(random.below(2) === 0 && { labels }) },
    ...randomParts(random, isApplied),
  };
}

function randomParts(random: Random, isApplied: boolean): { spec: JsonMap; status?: JsonMap } {
  const spec = some(random, {
    size: random.below(3),
    name: word(random),
    on: random.below(2) === 0,
    either: random.pick<JsonValue>([1, "one"]),
    replicas: random.below(3),
    plain: words(random),
    tags: distinct(words(random)),
    numbers: distinct([random.below(3), random.below(3)]),
    ports: ports(random),
    inner: some(random, {
      first: word(random),
      second: word(random),
      deep: some(random, { third: word(random), fourth: word(random) }),
    }),
    whole: some(random, { first: word(random), second: word(random) }),
    free: some(random, { a: word(random), b: word(random), "x.y/z": word(random) }),
    groups: some(random, {
      a: some(random, { first: word(random), second: word(random) }),
      b: some(random, { first: word(random) }),
    }),
    anything: some(random, { list: [1, { a: 1 }], map: some(random, { x: 1, y: random.below(2) }), z: null }),
  });
  if (isApplied && random.below(2) === 0) return { spec };
  const conditions = ["Ready", "Known"].filter(() => random.below(2) === 0);
  return {
    spec,
    status: some(random, {
      phase: word(random),
      conditions: conditions.map((type) => ({ type, status: word(random) })),
    }),
  };
}

function ports(random: Random): JsonValue {
  const all = [80, 443, 8080].flatMap((number) => ["TCP", "UDP"].map((protocol) => ({ number, protocol })));
  const chosen = random.shuffle(all).slice(0, random.below(4));
  return chosen.map(({ number, protocol }) => ({
    number,
    ...((protocol === "UDP" || random.below(2) === 0) && { protocol }),
    ...some(random, {
      note: word(random),
      labels: some(random, { a: word(random), b: word(random) }),
      tags: distinct(words(random)),
    }),
  }));
}

function some(random: Random, fields: JsonMap): JsonMap {
  return Object.fromEntries(Object.entries(fields).filter(() => random.below(2) === 0));
}

function word(random: Random): string {
  return random.pick(["red", "green", "<blue> & \"é\""]);
}

function label(random: Random): string {
  return random.pick(["red", "green"]);
}

function words(random: Random): string[] {
  return random.shuffle(["red", "green", "<blue> & \"é\""]).slice(0, random.below(4));
}

function distinct<Item extends JsonValue>(items: readonly Item[]): Item[] {
  return [...new Set(items)];
}
