/** Placeholders in heads of requests: each part by its own rule. */
import t from "tap";
import { swapHead } from "./swap-request.ts";
import {
  foreign,
  placeholder,
  placeholderUse,
  swapEntry,
  swapPlan,
  value,
} from "./testdata/swaps.ts";

type Entries = readonly (readonly [string, string])[];

function swap(entries: Entries, places?: Parameters<typeof placeholderUse>[0]) {
  const { requests } = swapEntry(swapPlan({ placeholders: [placeholderUse(places)] }));
  if (requests === undefined) throw new Error("Cannot swap: nothing is looked for");
  return swapHead(entries, requests);
}

const swapped: readonly { name: string; entries: Entries; set: Entries }[] = [
  {
    name: "nothing",
    entries: [
      [":path", "/a?b=c"],
      ["x", "y"],
    ],
    set: [],
  },
  {
    name: "a header, in any scheme",
    entries: [["authorization", `Bearer ${placeholder}`]],
    set: [["authorization", `Bearer ${value}`]],
  },
  {
    name: "basic authentication, as user or password",
    entries: [["authorization", `basic ${btoa(`${placeholder}:${placeholder}`)}`]],
    set: [["authorization", `basic ${btoa(`${value}:${value}`)}`]],
  },
  {
    name: "path and query",
    entries: [[":path", `/${placeholder}/x?k=${placeholder}`]],
    set: [[":path", `/${value}/x?k=${value}`]],
  },
  {
    name: "the other values of a name with it",
    entries: [
      ["x-key", "one"],
      ["x-key", placeholder],
    ],
    set: [["x-key", `one, ${value}`]],
  },
  {
    name: "cookies",
    entries: [
      ["cookie", "a=1"],
      ["cookie", `b=${placeholder}`],
    ],
    set: [["cookie", `a=1; b=${value}`]],
  },
  {
    name: "text beyond ASCII around it",
    entries: [["x-key", `é ${placeholder} €`]],
    set: [["x-key", `é ${value} €`]],
  },
];

for (const { name, entries, set } of swapped) {
  t.test(`swapHead() swaps ${name}`, async (t) => {
    t.same(swap(entries), { kind: "swapped", set });
  });
}

const misdirected: readonly { name: string; entries: Entries; places?: "Header" | "Path" }[] = [
  { name: "a foreign one in a header", entries: [["x", foreign]] },
  {
    name: "a foreign one in basic authentication",
    entries: [["x", `Basic ${btoa(`a:${foreign}`)}`]],
  },
  { name: "a foreign one in the query", entries: [[":path", `/?${foreign}`]] },
  { name: "one in a host", entries: [[":authority", `${placeholder}.evil.test`]] },
  { name: "one in a name", entries: [[`x-${placeholder.toLowerCase()}`, "1"]] },
  { name: "one in Base64", entries: [["x", btoa(`xyz ${placeholder}`)]] },
  {
    name: "one in a header where only the path takes it",
    entries: [["x", placeholder]],
    places: "Path",
  },
  {
    name: "one in basic authentication where only headers take it",
    entries: [["authorization", `Basic ${btoa(`a:${placeholder}`)}`]],
    places: "Header",
  },
  {
    name: "one in the query where only the path takes it",
    entries: [[":path", `/?${placeholder}`]],
    places: "Path",
  },
];

for (const { name, entries, places } of misdirected) {
  t.test(`swapHead() tells of ${name}`, async (t) => {
    t.same(swap(entries, places && [places]), { kind: "misdirected" });
  });
}
