/** Tests that the comparison of schemas sees every kind of difference, so that silence means sameness. */
import protobuf from "protobufjs";
import t from "tap";
import type { EmbeddedField, EmbeddedSchema } from "./embedded-schema.ts";
import { schemaDifferences } from "./schema-differences.ts";

function field(number: number, type: string, more: Partial<EmbeddedField> = {}): EmbeddedField {
  return { number, type, label: "singular", oneof: undefined, deprecated: false, ...more };
}

const envoy: EmbeddedSchema = {
  messages: new Map([
    [
      "a.b.M",
      new Map([
        ["first_name", field(1, "string")],
        ["list", field(2, "a.b.M.N", { label: "repeated" })],
        ["choice_x", field(3, "int32", { oneof: "choice" })],
        ["labels", field(4, "map<string, a.b.M.N>")],
        ["maybe", field(5, "bool", { label: "optional" })],
        ["kind", field(6, "a.b.E")],
        ["old", field(7, "bytes", { deprecated: true })],
      ]),
    ],
    ["a.b.M.N", new Map()],
  ]),
  enums: new Map([
    [
      "a.b.E",
      new Map([
        ["ZERO", 0],
        ["ONE", 1],
      ]),
    ],
  ]),
  methods: new Set(),
};

function differences(body: string): string[] {
  const text = `syntax = "proto3"; package a.b; ${body}`;
  return schemaDifferences(protobuf.parse(text, { keepCase: true }).root, envoy);
}

const inner = "message N {}";
const cases: ReadonlyArray<{ name: string; body: string; expected: string[] }> = [
  { name: "no message at all", body: "", expected: [] },
  { name: "a part of the fields", body: "message M { string first_name = 1; }", expected: [] },
  {
    name: "every field in Envoy's form",
    body: `enum E { ZERO = 0; } message M { ${inner} string first_name = 1; repeated N list = 2;
      oneof choice { int32 choice_x = 3; } map<string, N> labels = 4; optional bool maybe = 5;
      E kind = 6; }`,
    expected: [],
  },
  {
    name: "an unknown message",
    body: "message Other { string first_name = 1; }",
    expected: ["a.b.Other: Envoy has no such message"],
  },
  {
    name: "an unknown nested message",
    body: "message M { message Other {} }",
    expected: ["a.b.M.Other: Envoy has no such message"],
  },
  {
    name: "an unknown field",
    body: "message M { string last_name = 1; }",
    expected: ["a.b.M.last_name: Envoy has no such field"],
  },
  {
    name: "another number",
    body: "message M { string first_name = 9; }",
    expected: [`a.b.M.first_name: ours is "singular string = 9", Envoy's is "singular string = 1"`],
  },
  {
    name: "another scalar type",
    body: "message M { bytes first_name = 1; }",
    expected: [`a.b.M.first_name: ours is "singular bytes = 1", Envoy's is "singular string = 1"`],
  },
  {
    name: "another message type",
    body: "message M { repeated M list = 2; }",
    expected: [`a.b.M.list: ours is "repeated a.b.M = 2", Envoy's is "repeated a.b.M.N = 2"`],
  },
  {
    name: "another label",
    body: `message M { ${inner} N list = 2; }`,
    expected: [`a.b.M.list: ours is "singular a.b.M.N = 2", Envoy's is "repeated a.b.M.N = 2"`],
  },
  {
    name: "a field outside its oneof",
    body: "message M { int32 choice_x = 3; }",
    expected: [
      `a.b.M.choice_x: ours is "singular int32 = 3", Envoy's is "singular int32 = 3 in oneof choice"`,
    ],
  },
  {
    name: "a oneof of another name",
    body: "message M { oneof pick { int32 choice_x = 3; } }",
    expected: [
      `a.b.M.choice_x: ours is "singular int32 = 3 in oneof pick", ` +
        `Envoy's is "singular int32 = 3 in oneof choice"`,
    ],
  },
  {
    name: "a map with another key",
    body: `message M { ${inner} map<int32, N> labels = 4; }`,
    expected: [
      `a.b.M.labels: ours is "singular map<int32, a.b.M.N> = 4", ` +
        `Envoy's is "singular map<string, a.b.M.N> = 4"`,
    ],
  },
  {
    name: "presence left out",
    body: "message M { bool maybe = 5; }",
    expected: [`a.b.M.maybe: ours is "singular bool = 5", Envoy's is "optional bool = 5"`],
  },
  {
    name: "a deprecated field",
    body: "message M { bytes old = 7; }",
    expected: ["a.b.M.old: deprecated by Envoy"],
  },
  {
    name: "an unknown enum",
    body: "enum F { ZERO = 0; }",
    expected: ["a.b.F: Envoy has no such enum"],
  },
  {
    name: "an enum value with another number",
    body: "enum E { ZERO = 0; ONE = 2; }",
    expected: ["a.b.E.ONE: ours is 2, Envoy's is 1"],
  },
  {
    name: "an unknown enum value",
    body: "enum E { ZERO = 0; TWO = 2; }",
    expected: ["a.b.E.TWO: ours is 2, Envoy's is undefined"],
  },
];

for (const { name, body, expected } of cases) {
  t.test(`schemaDifferences() reports ${expected.length} for ${name}`, async (t) => {
    t.same(differences(body), expected);
  });
}
