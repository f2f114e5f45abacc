/**
 * Reads JSON-RPC messages of MCP clients strictly: whatever two servers could read differently is no message, because
 * the server must not do something else than what was decided about.
 *
 * @see https://www.jsonrpc.org/specification
 */

import { isUtf8 } from "node:buffer";
import type { ByteRange } from "../../providers/json-splice-members.ts";
import { readMembers } from "../../providers/json-splice-members.ts";
import { skipSpace, skipValue } from "../../providers/json-splice-value.ts";
import type { MatchEffort } from "./call-arguments.ts";
import { CallArguments, newEffort } from "./call-arguments.ts";
import type { Members } from "./members.ts";
import { findVariant, readName, readText } from "./members.ts";
import type { McpSubject } from "./subject.ts";
import { readSubjects } from "./subject.ts";

/** One message of a client. */
export interface McpMessage {
  /** `response`: the client's answer to a request of the server */
  readonly kind: "request" | "notification" | "response";
  /** JSON text of the id as it was sent, digits unrounded; null for notifications */
  readonly id: string | null;
  /** Empty for responses */
  readonly method: string;
  /** What it names; empty where there is nothing to name */
  readonly subjects: readonly McpSubject[];
  /** Of `tools/call`; null of all else. They lie in the body */
  readonly arguments: CallArguments | null;
  /** What the id of the request is compared by that it cancels; null where it cancels none */
  readonly cancels: string | null;
  /** Revision that the message says it is of (from 2026-07-28 on); null when it says none */
  readonly revision: string | null;
}

/** A message, or a clause that says why it is none; its id where that could be read. */
export type ReadMessage =
  | { readonly kind: "message"; readonly message: McpMessage }
  | { readonly kind: "malformed"; readonly reason: string; readonly id: string | null };

/** What a whole body holds, or a clause that says why it is no JSON-RPC. */
export type ReadBody =
  | { readonly kind: "single"; readonly read: ReadMessage }
  | { readonly kind: "batch"; readonly reads: readonly ReadMessage[] }
  | { readonly kind: "malformed"; readonly reason: string };

/** Most messages of a batch. */
const maxBatch = 64;
/** Deepest nesting of a body; arguments of tools come nowhere near it. */
const maxDepth = 128;
/** Longest id, in bytes of its JSON text. */
const maxIdBytes = 256;

const openBracket = 0x5b;
const closeBracket = 0x5d;
const comma = 0x2c;

const MESSAGE_KEYS = ["jsonrpc", "id", "method", "params", "result", "error"];
const REVISION_KEY = "io.modelcontextprotocol/protocolVersion";
const integerForm = /^-?(?:0|[1-9]\d*)$/;

/** Reads a body that is UTF-8 and nothing but one message or one batch. */
export function readBody(body: Buffer): ReadBody {
  if (!isUtf8(body)) return { kind: "malformed", reason: "it is not UTF-8" };
  const start = skipSpace(body, 0);
  const end = skipValue(body, start);
  if (end < 0) return { kind: "malformed", reason: "it is not JSON" };
  if (skipSpace(body, end) !== body.length) {
    return { kind: "malformed", reason: "something follows the JSON" };
  }
  if (isDeeper(body, maxDepth)) {
    return { kind: "malformed", reason: `it is nested more than ${maxDepth} levels deep` };
  }
  if (body[start] !== openBracket)
    return { kind: "single", read: readMessage(body, start, newEffort()) };
  return readBatch(body, start);
}

function readBatch(body: Buffer, start: number): ReadBody {
  const reads: ReadMessage[] = [];
  const effort = newEffort();
  let at = skipSpace(body, start + 1);
  while (body[at] !== closeBracket) {
    if (reads.length === maxBatch) {
      return { kind: "malformed", reason: `a batch has more than ${maxBatch} messages` };
    }
    reads.push(readMessage(body, at, effort));
    at = skipSpace(body, skipValue(body, at));
    if (body[at] === comma) at = skipSpace(body, at + 1);
  }
  if (reads.length === 0) return { kind: "malformed", reason: "a batch has no message" };
  const ids = reads.flatMap(requestId);
  if (new Set(ids).size < ids.length) {
    return { kind: "malformed", reason: "two requests of a batch have the same id" };
  }
  return { kind: "batch", reads };
}

function requestId(read: ReadMessage): string[] {
  if (read.kind === "malformed" || read.message.kind !== "request") return [];
  return read.message.id === null ? [] : [idKey(read.message.id)];
}

/** What two ids, as JSON text, are compared by: `"\u0061"` and `"a"` are one id to every reader, `"1"` and `1` are two. */
export function idKey(id: string): string {
  return id.startsWith('"') ? `"${String(JSON.parse(id))}` : String(BigInt(id));
}

function readMessage(body: Buffer, start: number, effort: MatchEffort): ReadMessage {
  const read = readMembers(body, start);
  if (read.kind === "malformed") return malformed(read.reason);
  const { members } = read;
  const variant = findVariant(members, MESSAGE_KEYS);
  if (variant !== undefined) return malformed(`key "${variant}" is written in another case`);
  const id = readId(body, members);
  if (id === undefined) return malformed("id is neither a string nor an integer");
  const clause = findMistake(body, members, id);
  if (clause !== undefined) return malformed(clause, id);
  if (!members.has("method")) {
    return {
      kind: "message",
      message: {
        kind: "response",
        id,
        method: "",
        subjects: [],
        arguments: null,
        cancels: null,
        revision: null,
      },
    };
  }
  return readCall(body, members, { id, effort });
}

function readCall(
  body: Buffer,
  members: Members,
  { id, effort }: { readonly id: string | null; readonly effort: MatchEffort },
): ReadMessage {
  const method = readName(body, members.get("method"));
  if (method === undefined) return malformed("method is no text that names one", id);
  const params = readParams(body, members.get("params"));
  if (params.kind === "malformed") return malformed(params.reason, id);
  const subjects = readSubjects(method, body, params.members);
  if (subjects.kind === "malformed") return malformed(subjects.reason, id);
  const revision = readRevision(body, params.members);
  if (revision === undefined) return malformed(`params._meta names no revision it is of`, id);
  const kind = id === null ? "notification" : "request";
  const called =
    method === "tools/call"
      ? new CallArguments(body, params.members.get("arguments"), effort)
      : null;
  return {
    kind: "message",
    message: {
      kind,
      id,
      method,
      subjects: subjects.subjects,
      arguments: called,
      cancels: readCancelled(method, body, params.members),
      revision,
    },
  };
}

function malformed(reason: string, id: string | null = null): ReadMessage {
  return { kind: "malformed", reason, id };
}

/** What contradicts JSON-RPC 2.0 in the members of a message. */
function findMistake(body: Buffer, members: Members, id: string | null): string | undefined {
  if (readText(body, members.get("jsonrpc")) !== "2.0") return 'jsonrpc is not "2.0"';
  const answers = ["result", "error"].filter((key) => members.has(key));
  if (members.has("method")) {
    return answers.length === 0 ? undefined : "it is both a request and a response";
  }
  if (answers.length !== 1) return "it is neither a request nor a response";
  return id === null ? "a response has no id" : undefined;
}

/** The id's JSON text; null when there is none, undefined when it is no id. */
function readId(body: Buffer, members: Members): string | null | undefined {
  const range = members.get("id");
  if (range === undefined) return null;
  if (range.end - range.start > maxIdBytes) return undefined;
  const text = body.toString("utf8", range.start, range.end);
  // What a client compares with what it sent: 1.0 and 1e0 are no ids of MCP.
  return text.startsWith('"') || integerForm.test(text) ? text : undefined;
}

function readParams(
  body: Buffer,
  range: ByteRange | undefined,
):
  | { readonly kind: "ok"; readonly members: Members }
  | { readonly kind: "malformed"; readonly reason: string } {
  if (range === undefined) return { kind: "ok", members: new Map() };
  const read = readMembers(body, range.start);
  if (read.kind === "malformed") return { kind: "malformed", reason: `params: ${read.reason}` };
  return read;
}

/** By mistake it cancels nothing: what it names is none of the gateway's requests then. */
function readCancelled(method: string, body: Buffer, params: Members): string | null {
  const range = params.get("requestId");
  if (method !== "notifications/cancelled" || range === undefined) return null;
  const id = readId(body, new Map([["id", range]]));
  return id === undefined || id === null ? null : idKey(id);
}

/** Null when the message says none; undefined when what it says cannot be read in one way. */
function readRevision(body: Buffer, params: Members): string | null | undefined {
  if (findVariant(params, ["_meta"]) !== undefined) return undefined;
  const range = params.get("_meta");
  if (range === undefined) return null;
  const read = readMembers(body, range.start);
  if (read.kind === "malformed") return undefined;
  if (findVariant(read.members, [REVISION_KEY]) !== undefined) return undefined;
  const revision = read.members.get(REVISION_KEY);
  return revision === undefined ? null : readName(body, revision);
}

/** Whether lists and objects of valid JSON stand in each other in more than so many levels. */
function isDeeper(body: Buffer, levels: number): boolean {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at];
    if (isText) {
      if (byte === 0x5c) at++;
      else if (byte === 0x22) isText = false;
    } else if (byte === 0x22) isText = true;
    else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > levels) return true;
    } else if (byte === 0x5d || byte === 0x7d) depth--;
  }
  return false;
}
