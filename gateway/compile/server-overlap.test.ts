/** Globs of MCP servers, two lists at a time, held against servers that are made from them. */
import t from "tap";
import { matchGlob } from "../../crds/glob.ts";
import { serversMayMeet } from "./server-overlap.ts";

const cases: readonly (readonly [string, readonly string[], readonly string[], boolean])[] = [
  ["no globs mean every server", [], ["a.test"], true],
  ["the same host", ["a.test"], ["a.test"], true],
  ["two hosts", ["a.test"], ["b.test"], false],
  ["a host and a URL of it", ["a.test"], ["https://a.test/mcp"], true],
  ["a host and a URL of it with a port", ["a.test"], ["https://a.test:8443/mcp"], true],
  ["a host and a URL of another", ["a.test"], ["https://b.test/mcp"], false],
  ["two paths", ["https://a.test/one"], ["https://a.test/two"], false],
  ["a path and all of them", ["https://a.test/one"], ["https://a.test"], true],
  ["a path and a glob of it", ["https://a.test/one"], ["https://a.test/o*"], true],
  ["globs that meet", ["https://*.test/a*"], ["https://b.*/*b"], true],
  ["globs that do not", ["https://*.test/a*"], ["https://b.*/b*"], false],
  ["two schemes", ["http://a.test"], ["https://a.test"], false],
  ["one of several", ["a.test", "b.test"], ["c.test", "b.*"], true],
  ["one character", ["a?.test"], ["a*1.test"], true],
  ["one character too few", ["a?.test"], ["a??.test"], false],
];
for (const [name, left, right, wanted] of cases) {
  t.test(`serversMayMeet() tells ${name}`, async (t) => {
    t.equal(serversMayMeet(left, right), wanted);
    t.equal(serversMayMeet(right, left), wanted);
  });
}

t.test("serversMayMeet() agrees with all short hosts on random globs", async (t) => {
  const texts = [""];
  for (const text of texts) if (text.length < 6) texts.push(`${text}a`, `${text}b`);
  let seed = 7;
  const next = (most: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 16) % most;
  };
  const glob = () => Array.from({ length: 1 + next(4) }, () => "ab*?"[next(4)]).join("");
  for (let round = 0; round < 2_000; round++) {
    const [left, right] = [glob(), glob()];
    const meet = texts.some((text) => matchGlob(left, text) && matchGlob(right, text));
    const told = serversMayMeet([`https://h/${left}`], [`https://h/${right}`]);
    if (meet !== told) t.equal(told, meet, `${left} and ${right}`);
  }
});

t.test("serversMayMeet() takes long lists for lists that meet", async (t) => {
  const many = (suffix: string) => Array.from({ length: 65 }, (_, it) => `${it}.${suffix}`);
  t.equal(serversMayMeet(many("a"), many("b")), true);
});
