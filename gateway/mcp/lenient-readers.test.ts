/**
 * Property: whatever lenient reader a server has, it reads in a body that is a message to us what we read in it. Bodies
 * are made of the ways in which readers are known to differ.
 */
import t from "tap";
import { readBody } from "./message.ts";

type Entry = readonly [key: string, value: Tree];
type Tree = string | readonly Entry[];

/** A small generator that gives the same numbers every time (mulberry32). */
function createRandom(seed: number) {
  let state = seed;
  return (count: number) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % count;
  };
}

const keys = {
  jsonrpc: ["jsonrpc", "jsonRpc", "j\\u0073onrpc"],
  id: ["id", "ID"],
  method: ["method", "Method", "m\\u0065thod"],
  params: ["params", "PARAMS", "param\u017f"],
  name: ["name", "Name", "n\\u0061me", "NAME"],
};
const names = ["good", "evil", "ev\\u0069l", ""];

function randomTree(random: (count: number) => number): Tree {
  const pick = (list: readonly string[]) =>
    (random(4) === 0 ? list[random(list.length)] : list[0]) ?? "";
  const some = (entry: () => Entry): Entry[] =>
    Array.from({ length: [1, 1, 1, 1, 1, 1, 2, 0][random(8)] ?? 1 }, entry);
  const params = () => [
    ...some(() => [pick(keys.name), `"${pick(names)}"`]),
    ["arguments", [["name", '"x"']]] as const,
  ];
  const entries: Entry[] = [
    ...some(() => [pick(keys.jsonrpc), '"2.0"']),
    ...some(() => [pick(keys.id), pick(["1", "1.0", "null"])]),
    ...some(() => [pick(keys.method), pick(['"tools/call"', '"ping"', '"Tools/Call"'])]),
    ...some(() => [pick(keys.params), params()]),
  ];
  return random(2) === 0 ? entries : entries.toReversed();
}

function write(tree: Tree): string {
  if (typeof tree === "string") return tree;
  return `{${tree.map(([key, value]) => `"${key}":${write(value)}`).join(",")}}`;
}

/** A value as a reader finds it: the first or last member of the key, cases told apart or not. */
function find(tree: Tree, path: readonly string[], reader: Reader): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return typeof tree === "string" ? JSON.parse(tree) : tree;
  if (typeof tree === "string") return undefined;
  const fold = (text: string) => (reader.foldsCase ? text.toUpperCase().toLowerCase() : text);
  const found = tree.filter(([name]) => fold(JSON.parse(`"${name}"`)) === fold(key));
  const entry = reader.takes === "first" ? found[0] : found.at(-1);
  return entry === undefined ? undefined : find(entry[1], rest, reader);
}

interface Reader {
  readonly takes: "first" | "last";
  readonly foldsCase: boolean;
}

const readers: readonly Reader[] = [
  { takes: "first", foldsCase: false },
  { takes: "last", foldsCase: false },
  { takes: "first", foldsCase: true },
  { takes: "last", foldsCase: true },
];

t.test("readBody() reads what every lenient reader reads, or refuses", async (test) => {
  const random = createRandom(20_261_128);
  let taken = 0;
  let refused = 0;
  for (let round = 0; round < 20_000; round++) {
    const tree = randomTree(random);
    const body = readBody(Buffer.from(write(tree)));
    if (body.kind !== "single" || body.read.kind === "malformed") {
      refused++;
      continue;
    }
    taken++;
    const { method, subjects } = body.read.message;
    for (const reader of readers) {
      if (find(tree, ["method"], reader) !== method) test.fail(write(tree));
      if (method !== "tools/call") continue;
      if (find(tree, ["params", "name"], reader) !== subjects[0]?.name) test.fail(write(tree));
    }
  }
  test.ok(taken > 1_000 && refused > 1_000, `${taken} taken, ${refused} refused`);
});
