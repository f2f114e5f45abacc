import t from "tap";
import { hiddenValue, hideSensitive } from "./hide-sensitive.ts";
import { valid } from "./reading.ts";
import { findKindByAnyName, parseAnyObject } from "./kinds.ts";
import { array, emptyIfAbsent, ignored, map, object, optional, string } from "./schema.ts";
import type { StringFormat } from "./schema.ts";

const open = string({ description: "Open", maxLength: 99 });
const closed = string({ description: "Closed", maxLength: 99, sensitive: true, minLength: 0 });
const keys: StringFormat = { name: "key", wanted: "a key", read: valid };
const schema = object({
  description: "All sorts of fields",
  fields: {
    name: open,
    token: closed,
    more: optional(closed),
    list: emptyIfAbsent(array({ description: "List", items: closed, maxItems: 9 })),
    values: emptyIfAbsent(
      map({ description: "Values", keys, values: open, maxProperties: 9, sensitive: true }),
    ),
    labels: emptyIfAbsent(map({ description: "Labels", keys, values: open, maxProperties: 9 })),
    status: ignored("Nothing"),
  },
});

t.test("hideSensitive() hides what may be secret and shows the rest", async (test) => {
  const value = {
    name: "shown",
    token: "hidden",
    more: "hidden",
    list: ["hidden", ""],
    values: { constructor: "hidden", b: "hidden" },
    labels: { a: "shown" },
    status: { any: "shown" },
    unknown: "shown",
  };
  test.strictSame(JSON.parse(JSON.stringify(hideSensitive(schema, value))), {
    name: "shown",
    token: hiddenValue,
    more: hiddenValue,
    list: [hiddenValue, ""],
    values: { constructor: hiddenValue, b: hiddenValue },
    labels: { a: "shown" },
    status: { any: "shown" },
    unknown: "shown",
  });
  test.equal(value.token, "hidden", "the value itself is left alone");
});

t.test(
  "hideSensitive() leaves values of another form than the schema's as they are",
  async (test) => {
    for (const value of [undefined, null, 1, "text", ["a"]]) {
      test.strictSame(hideSensitive(schema, value), value);
    }
    test.equal(hideSensitive(array({ description: "List", items: closed, maxItems: 1 }), "x"), "x");
  },
);

t.test("hideSensitive() hides the keys that an EgressGateway gives its receiver", async (test) => {
  const parsed = parseAnyObject({
    apiVersion: "clrk.apoxy.dev/v1alpha1",
    kind: "EgressGateway",
    metadata: { name: "egress" },
    spec: {
      listeners: [{ name: "http", protocol: "HTTP" }],
      otlp: { endpoint: "https://receiver.test/key", headers: { "x-key": "hidden" } },
    },
  });
  const definition = findKindByAnyName("EgressGateway");
  if (parsed.kind !== "valid" || definition === undefined) throw new Error("Cannot parse gateway");
  const shown = JSON.stringify(hideSensitive(definition.schema, parsed.object));
  test.match(JSON.parse(shown).spec.otlp, {
    endpoint: hiddenValue,
    headers: { "x-key": hiddenValue },
  });
  test.match(JSON.parse(shown).spec.listeners, [{ name: "http", protocol: "HTTP" }]);
});
