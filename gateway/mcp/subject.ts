/** What a message of MCP names: the tools, resources and prompts that a rule may be about. */

import { foldCase, readMembers } from "../../providers/json-splice-members.ts";
import { skipSpace, skipValue } from "../../providers/json-splice-value.ts";
import type { Members } from "./members.ts";
import { findVariant, readName } from "./members.ts";

/** What rules tell apart. */
export type McpSubjectKind = "tool" | "resource" | "prompt";

/** One thing that a message names. */
export interface McpSubject {
  readonly kind: McpSubjectKind;
  /** Name of a tool or prompt, URI of a resource */
  readonly name: string;
}

/** The things, or a clause that says why they cannot be told. */
export type ReadSubjects =
  | { readonly kind: "ok"; readonly subjects: readonly McpSubject[] }
  | { readonly kind: "malformed"; readonly reason: string };

/** Methods that name one thing, and the member of their params that does. */
const naming = new Map<string, { readonly kind: McpSubjectKind; readonly key: "name" | "uri" }>([
  ["tools/call", { kind: "tool", key: "name" }],
  ["prompts/get", { kind: "prompt", key: "name" }],
  ["resources/read", { kind: "resource", key: "uri" }],
  ["resources/subscribe", { kind: "resource", key: "uri" }],
  ["resources/unsubscribe", { kind: "resource", key: "uri" }],
]);

/** Most resources of one subscription. */
const maxSubscriptions = 256;

const openBracket = 0x5b;
const closeBracket = 0x5d;
const comma = 0x2c;

const nothing: ReadSubjects = { kind: "ok", subjects: [] };

/** Reads what a message of the method names in its params. */
export function readSubjects(method: string, body: Buffer, params: Members): ReadSubjects {
  const usual = foldCase(method).trim();
  if (usual !== method && isNaming(usual)) {
    return malformed(`method ${usual} is written in another way`);
  }
  const known = naming.get(method);
  if (known !== undefined) return readNamed(body, params, { ...known, where: "params" });
  if (method === "completion/complete") return readReference(body, params);
  if (method === "subscriptions/listen") return readSubscriptions(body, params);
  return nothing;
}

/** A server that does not tell cases apart would take the method for one that names something. */
function isNaming(method: string): boolean {
  return (
    naming.has(method) || method === "completion/complete" || method === "subscriptions/listen"
  );
}

function readNamed(
  body: Buffer,
  members: Members,
  {
    kind,
    key,
    where,
  }: { readonly kind: McpSubjectKind; readonly key: "name" | "uri"; readonly where: string },
): ReadSubjects {
  if (findVariant(members, ["name", "uri", "ref", "arguments"]) !== undefined) {
    return malformed(`a key of ${where} is written in another case`);
  }
  const name = readName(body, members.get(key));
  if (name === undefined) return malformed(`${where}.${key} is no text that names one`);
  return { kind: "ok", subjects: [{ kind, name }] };
}

/** Completions tell what a prompt or resource has: whoever may not have it may not ask. */
function readReference(body: Buffer, params: Members): ReadSubjects {
  const range = params.get("ref");
  if (range === undefined || findVariant(params, ["ref"]) !== undefined) {
    return malformed("params.ref is no object");
  }
  const read = readMembers(body, range.start);
  if (read.kind === "malformed") return malformed(`params.ref: ${read.reason}`);
  if (findVariant(read.members, ["type"]) !== undefined) {
    return malformed("a key of params.ref is written in another case");
  }
  switch (readName(body, read.members.get("type"))) {
    case "ref/prompt":
      return readNamed(body, read.members, { kind: "prompt", key: "name", where: "params.ref" });
    case "ref/resource":
      return readNamed(body, read.members, { kind: "resource", key: "uri", where: "params.ref" });
    default:
      return malformed("params.ref.type is not known");
  }
}

/** From 2026-07-28 on one message subscribes to several resources. */
function readSubscriptions(body: Buffer, params: Members): ReadSubjects {
  const range = params.get("notifications");
  if (range === undefined || findVariant(params, ["notifications"]) !== undefined) {
    return malformed("params.notifications is no object");
  }
  const read = readMembers(body, range.start);
  if (read.kind === "malformed") return malformed(`params.notifications: ${read.reason}`);
  if (findVariant(read.members, ["resourceSubscriptions"]) !== undefined) {
    return malformed("a key of params.notifications is written in another case");
  }
  const list = read.members.get("resourceSubscriptions");
  return list === undefined ? nothing : readUris(body, list.start);
}

function readUris(body: Buffer, start: number): ReadSubjects {
  const reason = "params.notifications.resourceSubscriptions is no list of URIs";
  if (body[start] !== openBracket) return malformed(reason);
  const subjects: McpSubject[] = [];
  let at = skipSpace(body, start + 1);
  while (body[at] !== closeBracket) {
    const end = skipValue(body, at);
    const name = readName(body, { start: at, end });
    if (name === undefined || subjects.length === maxSubscriptions) return malformed(reason);
    subjects.push({ kind: "resource", name });
    at = skipSpace(body, end);
    if (body[at] === comma) at = skipSpace(body, at + 1);
  }
  return { kind: "ok", subjects };
}

function malformed(reason: string): ReadSubjects {
  return { kind: "malformed", reason };
}
