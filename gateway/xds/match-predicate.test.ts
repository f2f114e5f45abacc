/** Tests the builders of matcher trees by evaluating what they build. */
import t from "tap";
import { compileChains } from "../replay/chain-choice.ts";
import type { ConnectionFacts } from "../replay/chain-choice.ts";
import type { Predicate } from "./match-predicate.ts";
import {
  allOf,
  anyOf,
  applicationProtocolInput,
  destinationIn,
  filterStateInput,
  firstMatch,
  fitsPattern,
  isExactly,
  not,
  serverNameInput,
  transportProtocolInput,
  useChain,
} from "./match-predicate.ts";

const facts: ConnectionFacts = {
  filterState: { key: "value" },
  tls: true,
  protocols: "'h2','http/1.1'",
  serverName: "a.example.com",
  address: "10.1.2.3",
};

const yes = isExactly(transportProtocolInput(), "tls");
const no = isExactly(transportProtocolInput(), "raw_buffer");

const rows: readonly {
  readonly name: string;
  readonly when: Predicate;
  readonly holds: boolean;
}[] = [
  { name: "filter state", when: isExactly(filterStateInput("key"), "value"), holds: true },
  {
    name: "absent filter state",
    when: isExactly(filterStateInput("other"), "value"),
    holds: false,
  },
  {
    name: "a pattern over the whole text",
    when: fitsPattern(serverNameInput(), "a\\..+"),
    holds: true,
  },
  { name: "a pattern over a part", when: fitsPattern(serverNameInput(), "example"), holds: false },
  {
    name: "protocols",
    when: isExactly(applicationProtocolInput(), "'h2','http/1.1'"),
    holds: true,
  },
  {
    name: "an address in a range",
    when: destinationIn(["192.0.2.0/24", "10.0.0.0/8"]),
    holds: true,
  },
  { name: "an address in no range", when: destinationIn(["192.0.2.0/24", "::/0"]), holds: false },
  { name: "all of one", when: allOf([yes]), holds: true },
  { name: "all of two", when: allOf([yes, no]), holds: false },
  { name: "any of two", when: anyOf([no, yes]), holds: true },
  { name: "any of one", when: anyOf([no]), holds: false },
  { name: "the opposite", when: not(no), holds: true },
  {
    name: "the opposite of an absent input",
    when: not(isExactly(filterStateInput("other"), "x")),
    holds: true,
  },
];

for (const { name, when, holds } of rows) {
  t.test(`${name} ${holds ? "holds" : "does not hold"}`, async (t) => {
    const { matcher } = firstMatch([{ when, use: useChain("yes") }], useChain("no"));
    t.equal(compileChains(matcher ?? {})(facts).names[0], holds ? "yes" : "no");
  });
}

t.test(
  "firstMatch() takes the first that holds, and the rest where there is no case",
  async (t) => {
    const cases = [no, yes, yes].map((when, index) => ({ when, use: useChain(String(index)) }));
    t.equal(compileChains(firstMatch(cases, useChain("rest")).matcher ?? {})(facts).names[0], "1");
    t.same(firstMatch([], useChain("rest")), useChain("rest"));
  },
);

t.test("allOf() and anyOf() of one are that one", async (t) => {
  t.equal(allOf([yes]), yes);
  t.equal(anyOf([yes]), yes);
  t.equal(allOf([yes, no]).andMatcher?.predicate?.length, 2);
});
