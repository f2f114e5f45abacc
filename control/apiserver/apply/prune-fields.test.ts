import t from "tap";
import type { JsonMap } from "../json-tree.ts";
import type { Manager } from "./managers.ts";
import { fieldsOf } from "./owned-fields.ts";
import { pruneFields } from "./prune-fields.ts";
import { widget, widgetSchema } from "./testdata/widget.ts";

function manager(name: string, spec: JsonMap): [string, Manager] {
  const fields = fieldsOf({ spec }, widgetSchema);
  return [
    name,
    { name, operation: "Apply", apiVersion: "v1", subresource: "", time: undefined, fields },
  ];
}

for (const { name, live, last, wanted, other, pruned } of [
  {
    name: "removes what is no longer applied",
    live: { size: 1, name: "a" },
    last: { size: 1, name: "a" },
    wanted: { size: 1 },
    other: {},
    pruned: { size: 1 },
  },
  {
    name: "keeps what another manager owns",
    live: { size: 1, name: "a" },
    last: { size: 1, name: "a" },
    wanted: { size: 1 },
    other: { name: "a" },
    pruned: { size: 1, name: "a" },
  },
  {
    name: "keeps what was never applied",
    live: { size: 1, name: "a" },
    last: { size: 1 },
    wanted: {},
    other: {},
    pruned: { name: "a" },
  },
  {
    name: "keeps an item of which another manager owns a part",
    live: { ports: [{ number: 1, note: "a" }, { number: 2 }] },
    last: { ports: [{ number: 1 }, { number: 2 }] },
    wanted: { size: 1 },
    other: { ports: [{ number: 1, note: "a" }] },
    pruned: { size: 1, ports: [{ number: 1, note: "a" }] },
  },
] satisfies {
  name: string;
  live: JsonMap;
  last: JsonMap;
  wanted: JsonMap;
  other: JsonMap;
  pruned: JsonMap;
}[]) {
  t.test(`pruneFields() ${name}`, (t) => {
    const object = pruneFields({
      base: widget("a", { spec: live }),
      wanted: { spec: wanted },
      last: fieldsOf({ spec: last }, widgetSchema),
      managers: new Map([manager("anna", wanted), manager("bert", other)]),
      schema: widgetSchema,
    });
    t.same(object, widget("a", { spec: pruned }));
    t.end();
  });
}

t.test("pruneFields() removes nothing at a first apply", (t) => {
  const base = widget("a", { spec: { size: 1 } });
  const options = { base, wanted: {}, last: undefined, managers: new Map(), schema: widgetSchema };
  t.same(pruneFields(options), base);
  t.end();
});
