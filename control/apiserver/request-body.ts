/** Bodies of requests: bounded while they arrive, then read as JSON, YAML or the little protobuf that is understood. */
import type { IncomingMessage } from "node:http";
import { decodeProtobufBody, readsProtobuf } from "./protobuf-body.ts";
import { badRequest, tooLarge, unsupportedMediaType } from "./status-error.ts";

/** Most bytes of a body, as in Kubernetes. */
export const maxBodyBytes = 3 * 1024 ** 2;

/** Most bytes of a question that everybody who is known may ask. */
const maxQuestionBytes = 64 * 1024;

/** Most bytes of YAML: reading it takes many times as long as JSON, and nothing else is answered meanwhile. */
const maxYamlBytes = 1024 ** 2;

/** Most aliases of a YAML body: each is looked for among all anchors. */
const maxAliases = 1_000;

/** Most values in a body, with aliases written out: a few lines of YAML can stand for any number of them. */
const maxBodyNodes = 1_000_000;

/** Deepest nesting of a body: far above what any kind allows, far below what a stack holds. */
const maxBodyDepth = 100;

const json = "application/json";
const yaml = "application/yaml";
const protobuf = "application/vnd.kubernetes.protobuf";

/** The media type without parameters, in lower case; JSON when there is none. */
export function mediaTypeOf(request: IncomingMessage): string {
  const [type = ""] = (request.headers["content-type"] ?? json).split(";");
  return type.trim().toLowerCase();
}

/** Reads a whole body. Throws a 413 beyond `limit` bytes and a 415 for an encoded one; the rest is not read then. */
export async function readBody(request: IncomingMessage, limit = maxBodyBytes): Promise<Buffer> {
  const { "content-length": length = "0", "content-encoding": encoding = "identity" } =
    request.headers;
  if (encoding !== "identity") throw unsupportedMediaType([json, yaml, protobuf]);
  if (Number(length) > limit) throw tooLarge(limit);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * Reads the body of a question that even a viewer may ask, such as a review: a small one, and no YAML, which takes
 * long to read. Throws a 400, 413 or 415.
 */
export async function readQuestion(request: IncomingMessage, kind: string): Promise<unknown> {
  const mediaType = mediaTypeOf(request);
  if (mediaType !== json && mediaType !== protobuf) throw unsupportedMediaType([json, protobuf]);
  return parseBody(await readBody(request, maxQuestionBytes), mediaType, kind);
}

/** Reads a body as a value; undefined for an empty one. `kind` is what is expected, for protobuf. Throws a 400 or 415. */
export async function parseBody(body: Buffer, mediaType: string, kind: string): Promise<unknown> {
  if (body.length === 0) return undefined;
  switch (mediaType) {
    case json:
      return parseJson(body);
    case yaml:
    case "application/x-yaml":
    case "text/yaml":
      return parseYaml(body);
    case protobuf:
      if (readsProtobuf(kind)) return decodeProtobufBody(body);
      throw unsupportedMediaType([json, yaml]);
    default:
      throw unsupportedMediaType([json, yaml, protobuf]);
  }
}

/** Reads JSON, whatever the media type says. Throws a 400 that shows nothing of the body, which may hold a Secret. */
export function parseJson(body: Buffer): unknown {
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch {
    throw badRequest("the body of the request is no JSON");
  }
  refuseVast(value);
  return value;
}

/** Reads YAML, of which JSON is a part; one document without repeated keys. Throws a 400 that shows nothing of it. */
export async function parseYaml(body: Buffer): Promise<unknown> {
  const text = body.toString("utf8");
  // kubectl sends JSON as YAML: the library is loaded for those who write YAML only.
  if (/^\s*\{/.test(text)) return parseJson(body);
  if (body.length > maxYamlBytes) throw tooLarge(maxYamlBytes);
  const library = await import("yaml");
  let value: unknown;
  try {
    value = readDocument(text, library);
  } catch {
    throw badRequest("the body of the request is no YAML document");
  }
  refuseVast(value);
  return value;
}

function readDocument(text: string, { parseDocument, visit }: typeof import("yaml")): unknown {
  // The library compares each key of a map with all others; a set is as fast for many as for few.
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: false });
  if (document.errors.length > 0) throw new RangeError("Document is malformed");
  let aliases = 0;
  visit(document, {
    Alias: () => {
      if (++aliases > maxAliases) throw new RangeError("Document has too many aliases");
    },
    Map: (_, { items }) => refuseRepeated(items.map(({ key }) => key)),
  });
  return document.toJS({ maxAliasCount: 100 });
}

function refuseRepeated(keys: readonly unknown[]): void {
  const seen = new Set<unknown>();
  for (const key of keys) {
    const name = typeof key === "object" && key !== null ? Reflect.get(key, "value") : undefined;
    if (name === undefined) continue;
    if (seen.has(name)) throw new RangeError("Document has a key twice");
    seen.add(name);
  }
}

/** Refuses what is nested too deep or, with aliases written out, too much; looks at no more than is allowed. */
function refuseVast(value: unknown): void {
  const total = { nodes: 0, textLength: 0 };
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxBodyDepth) {
      throw badRequest(`the body of the request is nested deeper than ${maxBodyDepth} levels`);
    }
    const next: unknown[] = [];
    for (const one of level) pushParts(next, one, total);
    level = next;
  }
}

function pushParts(
  parts: unknown[],
  value: unknown,
  total: { nodes: number; textLength: number },
): void {
  if (typeof value === "string") total.textLength += value.length;
  if (total.textLength > maxBodyBytes) throw tooLarge(maxBodyBytes);
  if (typeof value !== "object" || value === null) return;
  for (const [key, part] of Object.entries(value)) {
    if (++total.nodes > maxBodyNodes) {
      throw badRequest(`the body of the request holds more than ${maxBodyNodes} values`);
    }
    if (!Array.isArray(value)) total.textLength += key.length;
    parts.push(part);
  }
}
