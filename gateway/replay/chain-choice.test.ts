/** Tests of the choice of chains where facts are missing; `xds/chain-matcher.test.ts` tests it where all is known. */
import t from "tap";
import {
  allOf,
  destinationIn,
  filterStateInput,
  firstMatch,
  fitsPattern,
  isExactly,
  not,
  serverNameInput,
  useChain,
} from "../xds/match-predicate.ts";
import type { ConnectionFacts } from "./chain-choice.ts";
import { compileChains } from "./chain-choice.ts";

const port = { missing: "port" };
const name = { missing: "name" };

const { matcher = {} } = firstMatch(
  [
    { when: isExactly(filterStateInput("port"), "443"), use: useChain("secure") },
    {
      when: allOf([not(destinationIn(["10.0.0.0/8"])), fitsPattern(serverNameInput(), ".+")]),
      use: useChain("named"),
    },
  ],
  useChain("rest"),
);
const chains = compileChains(matcher ?? {});

const rows: readonly {
  readonly name: string;
  readonly facts: ConnectionFacts;
  readonly names: readonly string[];
  readonly missing?: string;
}[] = [
  { name: "what is known", facts: { filterState: { port: "443" } }, names: ["secure"] },
  {
    name: "a missing fact that decides",
    facts: { filterState: { port }, serverName: "a.test" },
    names: ["secure", "named"],
    missing: "port",
  },
  {
    name: "a missing fact behind one that decides",
    facts: { filterState: { port: "443" }, serverName: name },
    names: ["secure"],
  },
  {
    name: "a missing fact that another one makes useless",
    facts: { filterState: { port: "80" }, serverName: name, address: "10.1.2.3" },
    names: ["rest"],
  },
  {
    name: "several missing facts",
    facts: { filterState: { port }, serverName: name },
    names: ["secure", "named", "rest"],
    missing: "port",
  },
];

for (const row of rows) {
  t.test(`compileChains() finds all chains for ${row.name}`, async (t) => {
    const found = chains(row.facts);
    t.same(found.names, row.names);
    t.equal(found.missing?.missing, row.missing);
  });
}

t.test("compileChains() refuses what it does not know", async (t) => {
  const strange = { matcherList: { matchers: [{ predicate: {}, onMatch: useChain("x") }] } };
  t.throws(() => compileChains(strange), {
    message: "Cannot evaluate predicate: it is empty",
  });
});
