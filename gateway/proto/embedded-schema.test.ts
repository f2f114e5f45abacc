/** Tests the schema reader on small made-up binaries; the real one is read by schema.test.ts. */
import descriptor from "protobufjs/ext/descriptor.js";
import t from "tap";
import { readEmbeddedSchema } from "./embedded-schema.ts";

const TYPE = { int32: 5, string: 9, message: 11, bytes: 12, enum: 14 };
const OPTIONAL = 1;
const REPEATED = 3;

/** Bytes of a FileDescriptorProto, as a compiler embeds them. */
function embed(file: Record<string, unknown>): Buffer {
  return Buffer.from(descriptor.FileDescriptorProto.encode(file).finish());
}

const entry = {
  name: "LabelsEntry",
  options: { mapEntry: true },
  field: [
    { name: "key", number: 1, label: OPTIONAL, type: TYPE.string },
    { name: "value", number: 2, label: OPTIONAL, type: TYPE.message, typeName: ".a.b.M.N" },
  ],
};

const file = {
  name: "a/b/m.proto",
  package: "a.b",
  dependency: ["a/c.proto"],
  messageType: [
    {
      name: "M",
      oneofDecl: [{ name: "choice" }, { name: "_maybe" }],
      field: [
        { name: "labels", number: 1, label: REPEATED, type: 11, typeName: ".a.b.M.LabelsEntry" },
        { name: "x", number: 2, label: OPTIONAL, type: TYPE.int32, oneofIndex: 0 },
        { name: "list", number: 3, label: REPEATED, type: TYPE.enum, typeName: ".a.b.E" },
        { name: "maybe", number: 4, label: 1, type: 9, oneofIndex: 1, proto3Optional: true },
        { name: "old", number: 300, label: OPTIONAL, type: 12, options: { deprecated: true } },
      ],
      nestedType: [entry, { name: "N", enumType: [{ name: "Deep", value: [] }] }],
    },
  ],
  enumType: [
    {
      name: "E",
      value: [
        { name: "A", number: 0 },
        { name: "B", number: -1 },
      ],
    },
  ],
  service: [{ name: "S", method: [{ name: "R", inputType: ".a.b.M", outputType: ".a.b.M" }] }],
  options: { javaPackage: "io.example" },
  syntax: "proto3",
};

const plain = { oneof: undefined, deprecated: false };

t.test("readEmbeddedSchema() reads labels, types, oneofs and numbers of every field", async (t) => {
  const { messages } = readEmbeddedSchema(embed(file));
  t.same(Object.fromEntries(messages.get("a.b.M") ?? []), {
    labels: { ...plain, number: 1, type: "map<string, a.b.M.N>", label: "singular" },
    x: { ...plain, number: 2, type: "int32", label: "singular", oneof: "choice" },
    list: { ...plain, number: 3, type: "a.b.E", label: "repeated" },
    maybe: { ...plain, number: 4, type: "string", label: "optional" },
    old: { ...plain, number: 300, type: "bytes", label: "singular", deprecated: true },
  });
});

t.test(
  "readEmbeddedSchema() names nested messages in full and leaves map entries out",
  async (t) => {
    const { messages } = readEmbeddedSchema(embed(file));
    t.same([...messages.keys()].sort(), ["a.b.M", "a.b.M.N"]);
  },
);

t.test("readEmbeddedSchema() reads enums, negative values and methods", async (t) => {
  const { enums, methods } = readEmbeddedSchema(embed(file));
  t.same(Object.fromEntries(enums.get("a.b.E") ?? []), { A: 0, B: -1 });
  t.ok(enums.has("a.b.M.N.Deep"));
  t.same([...methods], ["a.b.S/R"]);
});

const other = { name: "a/c.proto", package: "a.c", messageType: [{ name: "C" }], syntax: "proto3" };
const surroundings: ReadonlyArray<{ name: string; binary: Buffer; messages: string[] }> = [
  {
    name: "zero bytes around",
    binary: Buffer.concat([Buffer.alloc(64), embed(other), Buffer.alloc(64)]),
    messages: ["a.c.C"],
  },
  {
    name: "random bytes around",
    binary: Buffer.concat([Buffer.from("ff0a0b610a", "hex"), embed(other), Buffer.alloc(9, 0xff)]),
    messages: ["a.c.C"],
  },
  {
    name: "the next descriptor right behind",
    binary: Buffer.concat([embed(other), embed(file)]),
    messages: ["a.b.M", "a.b.M.N", "a.c.C"],
  },
  {
    name: "a descriptor without syntax in front of another",
    binary: Buffer.concat([embed({ ...other, syntax: undefined }), embed(file)]),
    messages: ["a.b.M", "a.b.M.N", "a.c.C"],
  },
  {
    name: "a second descriptor for the same path",
    binary: Buffer.concat([embed(other), embed({ ...other, messageType: [{ name: "D" }] })]),
    messages: ["a.c.C"],
  },
  {
    name: "the path used as a dependency first",
    binary: Buffer.concat([Buffer.from("\x1a\x09a/c.proto"), embed(other)]),
    messages: ["a.c.C"],
  },
];

for (const { name, binary, messages } of surroundings) {
  t.test(`readEmbeddedSchema() finds descriptors with ${name}`, async (t) => {
    t.same([...readEmbeddedSchema(binary).messages.keys()].sort(), messages);
  });
}

const rejected: ReadonlyArray<{ name: string; binary: Buffer }> = [
  { name: "no bytes", binary: Buffer.alloc(0) },
  { name: "text that mentions a path", binary: Buffer.from("see a/b/m.proto for more") },
  { name: "a path with the wrong length", binary: Buffer.from("\n\x0aa/b/m.proto\x12\x03a.b") },
  { name: "a path without a package", binary: embed({ name: "a/b/m.proto", syntax: "proto3" }) },
  { name: "a path at the very end", binary: Buffer.from("\n\x0ba/b/m.proto") },
  { name: "a package cut off", binary: Buffer.from("\n\x0ba/b/m.proto\x12\x7fa.b") },
];

for (const { name, binary } of rejected) {
  t.test(`readEmbeddedSchema() finds nothing in ${name}`, async (t) => {
    const { messages, enums, methods } = readEmbeddedSchema(binary);
    t.same([messages.size, enums.size, methods.size], [0, 0, 0]);
  });
}

t.test("readEmbeddedSchema() survives a descriptor cut at any byte", async (t) => {
  const whole = embed(file);
  for (let length = 0; length < whole.length; length += 1) {
    t.doesNotThrow(() => readEmbeddedSchema(whole.subarray(0, length)), `cut at ${length}`);
  }
});

t.test("readEmbeddedSchema() survives any single corrupt byte", async (t) => {
  const whole = embed(file);
  for (let index = 0; index < whole.length; index += 1) {
    const corrupt = Buffer.from(whole);
    corrupt[index] = 0xff;
    t.doesNotThrow(() => readEmbeddedSchema(corrupt), `corrupt at ${index}`);
  }
});
