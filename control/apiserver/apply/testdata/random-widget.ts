/** Random widgets of few enough values that managers get in each other's way. */
import type { JsonMap, JsonValue } from "../../json-tree.ts";
import { widget } from "./widget.ts";

/** Source of random choices; the same seed gives the same ones. */
export interface Random {
  /** Whole number from 0 to `limit - 1` */
  below(limit: number): number;
  /** One of the items, of which there must be one */
  pick<Item>(items: readonly Item[]): Item;
  /** The items in a random order */
  shuffle<Item>(items: readonly Item[]): Item[];
}

/** A linear congruential generator, its upper bits. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  return {
    below,
    pick<Item>(items: readonly Item[]): Item {
      const item = items[below(items.length)];
      if (item === undefined) throw new RangeError("Cannot pick: there are no items");
      return item;
    },
    shuffle(items) {
      return items
        .map((item) => ({ item, order: below(1e9) }))
        .sort((one, other) => one.order - other.order)
        .map(({ item }) => item);
    },
  };
}

/** A widget as one is written, or applied: an applied one leaves out its status half of the time. */
export function randomWidget(random: Random, name: string, isApplied: boolean): JsonMap {
  const labels = some(random, { app: label(random), team: label(random) });
  const metadata = random.below(2) === 0 ? { labels } : {};
  return widget(name, { ...randomParts(random, isApplied) }, metadata);
}

/** The spec of a widget, and mostly a status. */
export function randomParts(random: Random, isApplied: boolean): { spec: JsonMap; status?: JsonMap } {
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
    anything: some(random, {
      list: [1, { a: 1 }],
      map: some(random, { x: 1, y: random.below(2) }),
      z: null,
    }),
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
  const all = [80, 443, 8080].flatMap((number) =>
    ["TCP", "UDP"].map((protocol) => ({ number, protocol })),
  );
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
  return random.pick(["red", "green", '<blue> & "é"']);
}

function label(random: Random): string {
  return random.pick(["red", "green"]);
}

function words(random: Random): string[] {
  return random.shuffle(["red", "green", '<blue> & "é"']).slice(0, random.below(4));
}

function distinct<Item extends JsonValue>(items: readonly Item[]): Item[] {
  return [...new Set(items)];
}
