/**
 * Protobuf bodies of clients that send nothing else for Kubernetes' own kinds. Only what this server acts on is read;
 * other fields are skipped. Numbers are those of Kubernetes' generated.proto files, release 1.36.
 */
import { isRecord } from "./kube-object.ts";
import { badRequest } from "./status-error.ts";

/** How one field is read: a scalar, a map of text, a list, or a message with fields of its own. */
type FieldShape =
  | { readonly name: string; readonly kind: "text" | "bytes" | "number" | "boolean" }
  | { readonly name: string; readonly kind: "texts" | "text-map" | "bytes-map" }
  | { readonly name: string; readonly kind: "message" | "messages"; readonly fields: Shape };

type Shape = ReadonlyMap<number, FieldShape>;

/** The four bytes before a runtime.Unknown envelope. */
const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

/** A message may hold others to this depth; the deepest kind that is read has four. */
const maxDepth = 8;

const ownerReference = shape([
  [1, "kind", "text"],
  [3, "name", "text"],
  [4, "uid", "text"],
  [5, "apiVersion", "text"],
  [6, "controller", "boolean"],
  [7, "blockOwnerDeletion", "boolean"],
]);

const objectMeta = shape(
  [
    [1, "name", "text"],
    [2, "generateName", "text"],
    [3, "namespace", "text"],
    [5, "uid", "text"],
    [6, "resourceVersion", "text"],
    [11, "labels", "text-map"],
    [12, "annotations", "text-map"],
    [14, "finalizers", "texts"],
  ],
  [[13, { name: "ownerReferences", kind: "messages", fields: ownerReference }]],
);

const metadata: [number, FieldShape] = [
  1,
  { name: "metadata", kind: "message", fields: objectMeta },
];

const resourceAttributes = shape([
  [1, "namespace", "text"],
  [2, "verb", "text"],
  [3, "group", "text"],
  [4, "version", "text"],
  [5, "resource", "text"],
  [6, "subresource", "text"],
  [7, "name", "text"],
]);

const accessSpec = shape(
  [],
  [
    [1, { name: "resourceAttributes", kind: "message", fields: resourceAttributes }],
    [
      2,
      {
        name: "nonResourceAttributes",
        kind: "message",
        fields: shape([
          [1, "path", "text"],
          [2, "verb", "text"],
        ]),
      },
    ],
  ],
);

/** Messages by `apiVersion/kind` of the envelope; DeleteOptions come under several versions. */
const messages: ReadonlyMap<string, Shape> = new Map([
  ["SelfSubjectReview", shape([], [metadata])],
  [
    "SelfSubjectAccessReview",
    shape([], [metadata, [2, { name: "spec", kind: "message", fields: accessSpec }]]),
  ],
  [
    "SelfSubjectRulesReview",
    shape(
      [],
      [metadata, [2, { name: "spec", kind: "message", fields: shape([[1, "namespace", "text"]]) }]],
    ),
  ],
  ["Namespace", shape([], [metadata])],
  [
    "ConfigMap",
    shape(
      [
        [2, "data", "text-map"],
        [3, "binaryData", "bytes-map"],
        [4, "immutable", "boolean"],
      ],
      [metadata],
    ),
  ],
  [
    "Secret",
    shape(
      [
        [2, "data", "bytes-map"],
        [3, "type", "text"],
        [4, "stringData", "text-map"],
        [5, "immutable", "boolean"],
      ],
      [metadata],
    ),
  ],
  [
    "DeleteOptions",
    shape(
      [
        [1, "gracePeriodSeconds", "number"],
        [3, "orphanDependents", "boolean"],
        [4, "propagationPolicy", "text"],
        [5, "dryRun", "texts"],
      ],
      [
        [
          2,
          {
            name: "preconditions",
            kind: "message",
            fields: shape([
              [1, "uid", "text"],
              [2, "resourceVersion", "text"],
            ]),
          },
        ],
      ],
    ),
  ],
]);

const envelope = shape(
  [[2, "raw", "bytes"]],
  [
    [
      1,
      {
        name: "typeMeta",
        kind: "message",
        fields: shape([
          [1, "apiVersion", "text"],
          [2, "kind", "text"],
        ]),
      },
    ],
  ],
);

/** Whether the kind can be read from protobuf: of others the caller is told to send JSON (415). */
export function readsProtobuf(kind: string): boolean {
  return messages.has(kind);
}

/** Reads a body with its envelope into the object that JSON would have given. Throws a 400 when it is malformed. */
export function decodeProtobufBody(body: Uint8Array): Readonly<Record<string, unknown>> {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (!bytes.subarray(0, 4).equals(MAGIC)) throw malformed("the envelope is missing");
  const { typeMeta, raw } = decodeMessage(bytes.subarray(4), envelope, 0);
  const { apiVersion, kind } = isRecord(typeMeta) ? typeMeta : {};
  const fields = typeof kind === "string" ? messages.get(kind) : undefined;
  if (fields === undefined)
    throw malformed(`kind ${JSON.stringify(kind ?? "")} is read as JSON only`);
  const content = typeof raw === "string" ? Buffer.from(raw, "base64") : Buffer.alloc(0);
  return { apiVersion, kind, ...decodeMessage(content, fields, 0) };
}

function shape(
  scalars: readonly (readonly [
    number,
    string,
    Exclude<FieldShape["kind"], "message" | "messages">,
  ])[],
  others: readonly (readonly [number, FieldShape])[] = [],
): Shape {
  return new Map([
    ...scalars.map(([number, name, kind]): [number, FieldShape] => [number, { name, kind }]),
    ...others,
  ]);
}

interface Cursor {
  readonly bytes: Buffer;
  at: number;
}

function decodeMessage(bytes: Buffer, fields: Shape, depth: number): Record<string, unknown> {
  if (depth > maxDepth) throw malformed("messages are nested too deep");
  const message: Record<string, unknown> = {};
  const cursor: Cursor = { bytes, at: 0 };
  while (cursor.at < bytes.length) {
    const tag = readVarint(cursor);
    const value = readValue(cursor, tag & 7);
    const field = fields.get(Math.floor(tag / 8));
    if (field !== undefined) addField(message, field, { value, depth });
  }
  return message;
}

function addField(
  message: Record<string, unknown>,
  field: FieldShape,
  { value, depth }: { value: number | Buffer; depth: number },
): void {
  const { name } = field;
  if (field.kind === "number" || field.kind === "boolean") {
    if (typeof value !== "number") throw malformed(`field "${name}" is no number`);
    message[name] = field.kind === "boolean" ? value !== 0 : value;
    return;
  }
  if (typeof value === "number") throw malformed(`field "${name}" is a number`);
  switch (field.kind) {
    case "text":
      // Go writes empty text where nothing was given.
      if (value.length > 0) message[name] = value.toString("utf8");
      return;
    case "bytes":
      message[name] = value.toString("base64");
      return;
    case "texts":
      listIn(message, name).push(value.toString("utf8"));
      return;
    case "text-map":
    case "bytes-map":
      addEntry(mapIn(message, name), value, field.kind);
      return;
    case "message":
      message[name] = decodeMessage(value, field.fields, depth + 1);
      return;
    case "messages":
      listIn(message, name).push(decodeMessage(value, field.fields, depth + 1));
  }
}

const entryShapes = {
  "text-map": shape([
    [1, "key", "text"],
    [2, "value", "text"],
  ]),
  "bytes-map": shape([
    [1, "key", "text"],
    [2, "value", "bytes"],
  ]),
} as const;

function addEntry(
  map: Record<string, unknown>,
  bytes: Buffer,
  kind: "text-map" | "bytes-map",
): void {
  const entry = decodeMessage(bytes, entryShapes[kind], maxDepth);
  map[String(entry["key"] ?? "")] = entry["value"] ?? "";
}

/** Grows in place: a copy for each item would make a body of a few megabytes take hours. */
function listIn(message: Record<string, unknown>, name: string): unknown[] {
  const found = message[name];
  if (Array.isArray(found)) return found;
  const list: unknown[] = [];
  message[name] = list;
  return list;
}

/** Grows in place, as lists do; without prototype, so that `__proto__` is a key like any other. */
function mapIn(message: Record<string, unknown>, name: string): Record<string, unknown> {
  const found = message[name];
  if (isMap(found)) return found;
  const map: Record<string, unknown> = Object.create(null);
  message[name] = map;
  return map;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return isRecord(value);
}

function readValue(cursor: Cursor, wireType: number): number | Buffer {
  switch (wireType) {
    case 0:
      return readVarint(cursor);
    case 1:
      return take(cursor, 8);
    case 2:
      return take(cursor, readVarint(cursor));
    case 5:
      return take(cursor, 4);
    default:
      throw malformed(`wire type ${wireType}`);
  }
}

/** Numbers beyond 2^53 lose their last bits; none that is read here may be so large. */
function readVarint(cursor: Cursor): number {
  let value = 0;
  for (let shift = 0; shift < 70; shift += 7) {
    const byte = cursor.bytes[cursor.at];
    if (byte === undefined) throw malformed("cut short");
    cursor.at++;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return value;
  }
  throw malformed("a number of more than ten bytes");
}

function take(cursor: Cursor, length: number): Buffer {
  const end = cursor.at + length;
  if (end > cursor.bytes.length) throw malformed("cut short");
  const part = cursor.bytes.subarray(cursor.at, end);
  cursor.at = end;
  return part;
}

function malformed(detail: string) {
  return badRequest(`the protobuf body cannot be read: ${detail}`);
}
