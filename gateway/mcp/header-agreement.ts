/**
 * Headers that repeat what a message says (from revision 2026-07-28 on): who only reads them must see what the body
 * says, so that disagreement is refused whatever the revision is.
 *
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http
 */

import type { McpMessage } from "./message.ts";

/** All values of a header by its lower-case name. */
export type HeaderValues = (name: string) => readonly string[];

/** First revision that asks for the headers. */
const mirroring = "2026-07-28";
/** Last revision that has batches. */
const batching = "2025-03-26";

const revisionForm = /^\d{4}-\d{2}-\d{2}$/;
/** How values are written that no header can hold as they are. */
const encodedForm = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/i;

/** A clause that says which header disagrees with the message; undefined where all agree. */
export function findDisagreement(message: McpMessage, values: HeaderValues): string | undefined {
  const revisions = values("mcp-protocol-version");
  const methods = values("mcp-method");
  const names = values("mcp-name");
  if (revisions.length > 1 || methods.length > 1 || names.length > 1) {
    return "a header that may come once comes twice";
  }
  const [revision] = revisions;
  if (message.revision !== null && revision !== undefined && revision !== message.revision) {
    return "header mcp-protocol-version is not what params._meta says";
  }
  const mirrors = isFrom(revision, mirroring) || isFrom(message.revision ?? undefined, mirroring);
  if (message.kind === "response") {
    return methods.length + names.length === 0 ? undefined : "a response has a header of requests";
  }
  if (mirrors && revision === undefined) return "header mcp-protocol-version is missing";
  return methodMistake(message, methods[0], mirrors) ?? nameMistake(message, names[0], mirrors);
}

/** Whether batches are of the revision that the header names; without it they may be. */
export function hasBatches(values: HeaderValues): boolean {
  return values("mcp-protocol-version").every((revision) => revision <= batching);
}

/** Whether the header names a revision, or is not there. */
export function isRevisionKnown(values: HeaderValues): boolean {
  return values("mcp-protocol-version").every((revision) => revisionForm.test(revision));
}

function isFrom(revision: string | undefined, first: string): boolean {
  return revision !== undefined && revisionForm.test(revision) && revision >= first;
}

function methodMistake(
  { method }: McpMessage,
  header: string | undefined,
  isWanted: boolean,
): string | undefined {
  if (header === undefined) return isWanted ? "header mcp-method is missing" : undefined;
  return header === method ? undefined : "header mcp-method is not the method of the body";
}

/** The header says what `tools/call`, `prompts/get` and `resources/read` name. */
function nameMistake(
  { method, subjects }: McpMessage,
  header: string | undefined,
  isWanted: boolean,
): string | undefined {
  const [subject, ...more] = subjects;
  const isNaming = ["tools/call", "prompts/get", "resources/read"].includes(method);
  if (header === undefined) {
    return isWanted && isNaming ? "header mcp-name is missing" : undefined;
  }
  const isSame = subject !== undefined && more.length === 0 && decode(header) === subject.name;
  return isSame ? undefined : "header mcp-name is not what the body names";
}

function decode(header: string): string | undefined {
  const encoded = encodedForm.exec(header)?.[1];
  if (encoded === undefined) return header;
  const bytes = Buffer.from(encoded, "base64");
  return bytes.toString("base64") === encoded ? bytes.toString("utf8") : undefined;
}
