/**
 * Reads the protobuf schema that an Envoy binary carries: each .proto file compiled into it is embedded as a
 * serialized FileDescriptorProto, which begins with its own path and has no length in front.
 */
import protobuf from "protobufjs/minimal.js";

/** Messages, enums and methods of a binary, by full name without a leading dot. */
export interface EmbeddedSchema {
  /** Fields of each message by their name; map entries are not messages here */
  readonly messages: ReadonlyMap<string, ReadonlyMap<string, EmbeddedField>>;
  /** Numbers of each enum by their name */
  readonly enums: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Full names of the RPCs, as in a gRPC path: `package.Service/Method` */
  readonly methods: ReadonlySet<string>;
}

/** One field, written so that two schemas can be compared as text. */
export interface EmbeddedField {
  readonly number: number;
  /** Scalar keyword, full name of a message or enum, or `map<key, value>` */
  readonly type: string;
  readonly label: "singular" | "optional" | "repeated";
  /** Name of the oneof that holds it */
  readonly oneof: string | undefined;
  readonly deprecated: boolean;
}

/** Decoded values of one message by field number: numbers from varints, bytes from everything with a length. */
type Wire = ReadonlyMap<number, ReadonlyArray<number | Uint8Array>>;

interface MutableSchema {
  readonly messages: Map<string, Map<string, EmbeddedField>>;
  readonly enums: Map<string, Map<string, number>>;
  readonly methods: Set<string>;
}

/** Wire types of FileDescriptorProto's fields; anything else is past its end. */
const TOP_LEVEL: ReadonlyMap<number, number> = new Map([
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15].map((number): [number, number] => [number, 2]),
  ...[10, 11, 14].map((number): [number, number] => [number, 0]),
]);

/** FieldDescriptorProto.Type, by number. */
const SCALARS: ReadonlyMap<number, string> = new Map([
  [1, "double"],
  [2, "float"],
  [3, "int64"],
  [4, "uint64"],
  [5, "int32"],
  [6, "fixed64"],
  [7, "fixed32"],
  [8, "bool"],
  [9, "string"],
  [12, "bytes"],
  [13, "uint32"],
  [15, "sfixed32"],
  [16, "sfixed64"],
  [17, "sint32"],
  [18, "sint64"],
]);

const decoder = new TextDecoder();

/**
 * The schema of every .proto file found. Bytes that only look like a descriptor are passed over, so any input is
 * accepted; of two descriptors for one path the first counts.
 *
 * @param binary the whole executable; borrowed, not kept
 * @see https://github.com/protocolbuffers/protobuf/blob/main/src/google/protobuf/descriptor.proto
 */
export function readEmbeddedSchema(binary: Buffer): EmbeddedSchema {
  const schema: MutableSchema = { messages: new Map(), enums: new Map(), methods: new Set() };
  const seen = new Set<string>();
  for (const { path, start } of descriptorStarts(binary)) {
    if (seen.has(path)) {
      continue;
    }
    const file = tryReadWire(binary.subarray(start, descriptorEnd(binary, start)));
    const packageName = file && text(file, 2);
    if (packageName) {
      seen.add(path);
      addFile(schema, file, packageName);
    }
  }
  return schema;
}

/** Places where a path that ends in .proto has field number 1 and its own length in front of it. */
function* descriptorStarts(binary: Buffer): Generator<{ path: string; start: number }> {
  const suffix = Buffer.from(".proto");
  for (let at = binary.indexOf(suffix); at >= 0; at = binary.indexOf(suffix, at + 1)) {
    const end = at + suffix.length;
    // Paths of 128 characters and more, whose length takes two bytes, do not exist in Envoy 1.40.
    for (let length = suffix.length + 1; length < 128; length += 1) {
      const start = end - length - 2;
      if (start >= 0 && binary[start] === 10 && binary[start + 1] === length) {
        yield { path: binary.toString("latin1", end - length, end), start };
      }
    }
  }
}

function descriptorEnd(binary: Buffer, start: number): number {
  const reader = protobuf.Reader.create(binary);
  reader.pos = start;
  let end = start;
  try {
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      const number = tag >>> 3;
      if (TOP_LEVEL.get(number) !== (tag & 7) || (number === 1 && end !== start)) {
        break;
      }
      reader.skipType(tag & 7);
      end = reader.pos;
      if (number === 12) {
        break;
      }
    }
  } catch {
    // Not a tag: the descriptor ended before it.
  }
  return end;
}

function tryReadWire(bytes: Uint8Array): Wire | undefined {
  try {
    return readWire(bytes);
  } catch {
    // Other data that happens to begin like a descriptor.
    return undefined;
  }
}

function readWire(bytes: Uint8Array): Wire {
  const reader = protobuf.Reader.create(bytes);
  const wire = new Map<number, Array<number | Uint8Array>>();
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const values = wire.get(tag >>> 3) ?? [];
    wire.set(tag >>> 3, values);
    if ((tag & 7) === 0) {
      values.push(reader.int32());
    } else if ((tag & 7) === 2) {
      values.push(reader.bytes());
    } else {
      reader.skipType(tag & 7);
    }
  }
  return wire;
}

function addFile(schema: MutableSchema, file: Wire, packageName: string): void {
  for (const message of nested(file, 4)) {
    addMessage(schema, message, packageName);
  }
  for (const item of nested(file, 5)) {
    addEnum(schema, item, packageName);
  }
  for (const service of nested(file, 6)) {
    for (const method of nested(service, 2)) {
      schema.methods.add(`${packageName}.${text(service, 1)}/${text(method, 1)}`);
    }
  }
}

function addMessage(schema: MutableSchema, message: Wire, scope: string): void {
  const fullName = `${scope}.${text(message, 1)}`;
  const oneofs = nested(message, 8).map((oneof) => text(oneof, 1));
  const entries = new Map<string, string>();
  for (const inner of nested(message, 3)) {
    if (isMapEntry(inner)) {
      entries.set(`${fullName}.${text(inner, 1)}`, mapType(inner));
    } else {
      addMessage(schema, inner, fullName);
    }
  }
  const fields = new Map<string, EmbeddedField>();
  for (const field of nested(message, 2)) {
    fields.set(text(field, 1), fieldOf(field, oneofs, entries));
  }
  schema.messages.set(fullName, fields);
  for (const item of nested(message, 4)) {
    addEnum(schema, item, fullName);
  }
}

function addEnum(schema: MutableSchema, item: Wire, scope: string): void {
  const values = nested(item, 2).map((value): [string, number] => [text(value, 1), int(value, 2)]);
  schema.enums.set(`${scope}.${text(item, 1)}`, new Map(values));
}

function fieldOf(
  field: Wire,
  oneofs: readonly string[],
  entries: ReadonlyMap<string, string>,
): EmbeddedField {
  const type = typeOf(field);
  const mapped = entries.get(type);
  const proto3Optional = int(field, 17) === 1;
  return {
    number: int(field, 3),
    type: mapped ?? type,
    label: int(field, 4) === 3 && !mapped ? "repeated" : proto3Optional ? "optional" : "singular",
    oneof: field.has(9) && !proto3Optional ? oneofs[int(field, 9)] : undefined,
    deprecated: nested(field, 8).some((options) => int(options, 3) === 1),
  };
}

function typeOf(field: Wire): string {
  return SCALARS.get(int(field, 5)) ?? text(field, 6).slice(1);
}

function isMapEntry(message: Wire): boolean {
  return nested(message, 7).some((options) => int(options, 7) === 1);
}

function mapType(entry: Wire): string {
  return `map<${nested(entry, 2).map(typeOf).join(", ")}>`;
}

function nested(wire: Wire, number: number): Wire[] {
  return (wire.get(number) ?? []).flatMap((value) => {
    const inner = value instanceof Uint8Array ? tryReadWire(value) : undefined;
    return inner ? [inner] : [];
  });
}

function text(wire: Wire, number: number): string {
  const value = wire.get(number)?.[0];
  return value instanceof Uint8Array ? decoder.decode(value) : "";
}

function int(wire: Wire, number: number): number {
  const value = wire.get(number)?.[0];
  return typeof value === "number" ? value : 0;
}
