/** Tests which names lead to which alias, and which of them a rule covers. */
import t from "tap";
import type { HostMatch } from "../snapshot.ts";
import { hostPolicy } from "../testdata/gateway-snapshot.ts";
import { aliasNames, aliasText, coveredAliases } from "./alias-names.ts";

const first = { address: "10.0.0.9" };
const second = { address: "10.0.0.9", port: 8443 };
const exact = (value: string): HostMatch => ({ kind: "exact", value });

t.test("aliasNames() gathers the exact names of each alias", async (t) => {
  const hosts = [
    { ...hostPolicy("a.test"), alias: first },
    { ...hostPolicy("b.test"), alias: { ...first } },
    { ...hostPolicy("c.test"), alias: second },
    { ...hostPolicy("*.d.test"), alias: second },
    hostPolicy("e.test"),
  ];
  t.same(aliasNames({ hosts }), [
    { alias: first, names: [exact("a.test"), exact("b.test")] },
    { alias: second, names: [exact("c.test")] },
  ]);
  t.same(aliasNames({ hosts: [] }), []);
});

t.test("aliasText() writes the port of the alias, or the one that is given", async (t) => {
  t.equal(aliasText(first), "10.0.0.9:*");
  t.equal(aliasText(first, "443"), "10.0.0.9:443");
  t.equal(aliasText(second, "443"), "10.0.0.9:8443");
  t.equal(aliasText({ address: "fd00::1", port: 1 }), "[fd00::1]:1");
});

const rows: readonly {
  readonly name: string;
  readonly hosts: readonly HostMatch[];
  readonly want: readonly string[];
}[] = [
  { name: "no hosts", hosts: [], want: ["a.test", "b.a.test", "c.b.a.test", "a"] },
  {
    name: "any host",
    hosts: [{ kind: "any", value: "" }],
    want: ["a.test", "b.a.test", "c.b.a.test", "a"],
  },
  { name: "a name", hosts: [exact("a.test")], want: ["a.test"] },
  { name: "a wildcard", hosts: [{ kind: "wildcard", value: "a.test" }], want: ["b.a.test"] },
  { name: "another wildcard", hosts: [{ kind: "wildcard", value: "test" }], want: ["a.test"] },
  { name: "a wildcard like a name", hosts: [{ kind: "wildcard", value: "a" }], want: [] },
  { name: "an address", hosts: [{ kind: "ip", value: "10.0.0.9" }], want: [] },
  { name: "two", hosts: [exact("a"), exact("a.test")], want: ["a.test", "a"] },
];

for (const { name, hosts, want } of rows) {
  t.test(`coveredAliases() of a rule with ${name}`, async (t) => {
    const names = ["a.test", "b.a.test", "c.b.a.test", "a"].map(exact);
    const covered = coveredAliases([{ alias: first, names }], hosts);
    t.same(
      covered.flatMap((group) => group.names.map(({ value }) => value)),
      want,
    );
  });
}
