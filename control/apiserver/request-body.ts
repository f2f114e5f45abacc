/** Bodies of requests: bounded while they arrive, then read as JSON, YAML or the little protobuf that is understood. */
import type { IncomingMessage } from "node:http";
import { decodeProtobufBody, readsProtobuf } from "./protobuf-body.ts";
import { badRequest, tooLarge, unsupportedMediaType } from "./status-error.ts";

/** Most bytes of a body, as in Kubernetes. */
export const maxBodyBytes = 3 * 1024 ** 2;

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

/** Reads a whole body. Throws a 413 beyond `maxBodyBytes` and a 415 for an encoded one; the rest is not read then. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const { "content-length": length = "0", "content-encoding": encoding = "identity" } =
    request.headers;
  if (encoding !== "identity") throw unsupportedMediaType([json, yaml, protobuf]);
  if (Number(length) > maxBodyBytes) throw tooLarge(maxBodyBytes);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw tooLarge(maxBodyBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
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
  refuseDeep(value);
  return value;
}

/** Reads YAML, of which JSON is a part; one document without repeated keys. Throws a 400 that shows nothing of it. */
export async function parseYaml(body: Buffer): Promise<unknown> {
  const text = body.toString("utf8");
  // kubectl sends JSON as YAML: the library is loaded for those who write YAML only.
  if (/^\s*\{/.test(text)) return parseJson(body);
  const { parse } = await import("yaml");
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 100, prettyErrors: false });
  } catch {
    throw badRequest("the body of the request is no YAML document");
  }
  refuseDeep(value);
  return value;
}

function refuseDeep(value: unknown): void {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxBodyDepth) {
      throw badRequest(`the body of the request is nested deeper than ${maxBodyDepth} levels`);
    }
    level = level.flatMap((one) =>
      typeof one === "object" && one !== null ? Object.values(one) : [],
    );
  }
}
