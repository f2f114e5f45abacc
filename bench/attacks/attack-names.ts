/** Names that lead inside, in every way in which a name server can say so. */
import type { NameAnswer } from "../harness/fake-dns-server.ts";

/** A public address of the network of our own. */
const outside = "203.0.113.20";

const insideAddresses: readonly string[] = [
  ...["127.0.0.1", "127.9.9.9", "10.0.0.5", "172.16.0.1", "192.168.1.1", "169.254.169.254"],
  ...["100.64.0.1", "100.100.100.200", "0.0.0.0", "192.0.0.192", "198.18.0.1"],
  ...["::1", "::", "::ffff:127.0.0.1", "::ffff:10.0.0.5", "fd00:ec2::254", "fe80::1"],
  ...["64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a00:5::"],
];

const fixed: ReadonlyMap<string, NameAnswer> = new Map<string, NameAnswer>([
  ["public.test", { addresses: [outside], ttlSeconds: 60 }],
  ["mixed.test", { addresses: [outside, "127.0.0.1"] }],
  ["mixed-first.test", { addresses: ["127.0.0.1", outside] }],
  ["both-families.test", { addresses: [outside, "::1"] }],
  ["alias.test", { addresses: ["127.0.0.1"], canonicalName: "localhost" }],
  ["alias-inside.test", { addresses: ["10.0.0.5"], canonicalName: "db.internal" }],
  ["metadata.google.internal", { addresses: ["169.254.169.254"] }],
  ["metadata.test", { addresses: ["169.254.169.254"], canonicalName: "metadata.google.internal" }],
  ...insideAddresses.map((address, index): [string, NameAnswer] => [
    `inside-${index}.test`,
    { addresses: [address] },
  ]),
  ...insideAddresses.map((address, index): [string, NameAnswer] => [
    `alias-${index}.test`,
    { addresses: [address], canonicalName: "elsewhere.test" },
  ]),
]);

/** Names with the same answer every time, none of which may be dialled but at a public address. */
export const fixedNames: readonly string[] = [...fixed.keys()].filter((it) => it !== "public.test");

/** Names below which every one is public at first and inside from the second answer on: `any.rebind.test`. */
export const rebindingDomain = "rebind.test";

/** Names below which answers alternate. */
export const alternatingDomain = "alternate.test";

/** What the name server of the network of our own says. */
export function answerAttackName(name: string, count: number): NameAnswer | undefined {
  if (name.endsWith(`.${rebindingDomain}`)) {
    return { addresses: [count === 1 ? outside : "127.0.0.1"] };
  }
  if (name.endsWith(`.${alternatingDomain}`)) {
    return { addresses: [count % 2 === 1 ? outside : "169.254.169.254"] };
  }
  return fixed.get(name);
}
