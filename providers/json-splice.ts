/**
 * Edits of JSON request bodies that leave every other byte as it was sent: numbers, escapes, the order of keys and
 * white space, which caches of prompts and signatures depend on.
 */

import type { ByteRange } from "./json-splice-members.ts";
import { foldCase, readMembers, readTopLevel } from "./json-splice-members.ts";
import type { Members, Splice } from "./json-splices.ts";
import { appendMember, applySplices } from "./json-splices.ts";

/** What is to be changed. */
export interface BodyEdit {
  /** The model to ask for; a body that names none gets the member */
  readonly model?: string;
  /** A stream is to tell its usage at the end: `stream_options.include_usage` of OpenAI's chat completions */
  readonly streamUsage?: boolean;
}

/** The edited body, or a clause about what is wrong with it. */
export type EditedBody =
  | {
      readonly kind: "ok";
      /** The body that was given where nothing had to be changed */
      readonly body: Buffer;
      readonly changed: boolean;
      /** The stream would not have told its usage, and now does */
      readonly streamUsageAdded: boolean;
    }
  | { readonly kind: "malformed"; readonly reason: string };

const quote = 0x22;
const openBrace = 0x7b;
const usageMember = '"include_usage":true';

type Splices =
  | { readonly kind: "ok"; readonly splices: readonly Splice[] }
  | { readonly kind: "malformed"; readonly reason: string };

/** Replaces the value of `model`. */
export function spliceModel(body: Buffer, model: string): EditedBody {
  return editBody(body, { model });
}

/** Sets `stream_options.include_usage` where `stream` is true. */
export function spliceStreamUsage(body: Buffer): EditedBody {
  return editBody(body, { streamUsage: true });
}

/** Makes all edits in one pass. The body is borrowed, and may be what comes back. */
export function editBody(body: Buffer, { model, streamUsage = false }: BodyEdit): EditedBody {
  const read = readTopLevel(body);
  if (read.kind === "malformed") return read;
  const splices: Splice[] = [];
  if (model !== undefined) {
    const replaced = replaceModel(body, read, model);
    if (replaced.kind === "malformed") return replaced;
    splices.push(...replaced.splices);
  }
  const added = streamUsage ? addStreamUsage(body, read) : nothing;
  if (added.kind === "malformed") return added;
  splices.push(...added.splices);
  return {
    kind: "ok",
    body: splices.length === 0 ? body : applySplices(body, splices),
    changed: splices.length > 0,
    streamUsageAdded: added.splices.length > 0,
  };
}

const nothing: Splices = { kind: "ok", splices: [] };

function replaceModel(body: Buffer, read: Members, model: string): Splices {
  const wanted = JSON.stringify(model);
  const range = read.members.get("model");
  if (range === undefined) return addMember(read, "model", wanted);
  if (body[range.start] !== quote) return { kind: "malformed", reason: "model is not a string" };
  return textOf(body, range) === wanted ? nothing : splice({ ...range, text: wanted });
}

/** Beside its own name in another case a member would be there twice for parsers that do not tell cases apart. */
function addMember(read: Members, name: string, value: string): Splices {
  for (const key of read.members.keys()) {
    if (foldCase(key) === name) return { kind: "malformed", reason: `${name} is in another case` };
  }
  return splice(appendMember(read, `"${name}":${value}`));
}

/** What is neither an object nor null is left for the provider to judge. */
function addStreamUsage(body: Buffer, read: Members): Splices {
  const stream = read.members.get("stream");
  if (stream === undefined || textOf(body, stream) !== "true") return nothing;
  const options = read.members.get("stream_options");
  if (options === undefined) return addMember(read, "stream_options", `{${usageMember}}`);
  if (body[options.start] === openBrace) return setUsage(body, options);
  if (textOf(body, options) !== "null") return nothing;
  return splice({ ...options, text: `{${usageMember}}` });
}

function setUsage(body: Buffer, options: ByteRange): Splices {
  const read = readMembers(body, options.start);
  if (read.kind === "malformed") return read;
  const usage = read.members.get("include_usage");
  if (usage === undefined) return addMember(read, "include_usage", "true");
  return textOf(body, usage) === "true" ? nothing : splice({ ...usage, text: "true" });
}

function splice(one: Splice): Splices {
  return { kind: "ok", splices: [one] };
}

function textOf(body: Buffer, { start, end }: ByteRange): string {
  return body.toString("utf8", start, end);
}
