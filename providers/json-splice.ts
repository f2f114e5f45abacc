/**
 * Edits of JSON request bodies that leave every other byte as it was sent: numbers, escapes, the order of keys and
 * white space, which caches of prompts and signatures depend on.
 */

import type { ByteRange } from "./json-splice-members.ts";
import type { ObjectBody } from "./json-splice-body.ts";
import { spliceObjectBody } from "./json-splice-body.ts";
import { foldCase, readMembers } from "./json-splice-members.ts";
import type { Members, Splice } from "./json-splices.ts";
import { appendMember } from "./json-splices.ts";

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
      readonly body: ObjectBody;
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
export function spliceModel(body: ObjectBody, model: string): EditedBody {
  return editBody(body, { model });
}

/** Sets `stream_options.include_usage` where `stream` is true. */
export function spliceStreamUsage(body: ObjectBody): EditedBody {
  return editBody(body, { streamUsage: true });
}

/** Makes all edits in one pass. The body is borrowed, and may be what comes back. */
export function editBody(body: ObjectBody, { model, streamUsage = false }: BodyEdit): EditedBody {
  const splices: Splice[] = [];
  if (model !== undefined) {
    const replaced = replaceModel(body, model);
    if (replaced.kind === "malformed") return replaced;
    splices.push(...replaced.splices);
  }
  const added = streamUsage ? addStreamUsage(body) : nothing;
  if (added.kind === "malformed") return added;
  splices.push(...added.splices);
  const changed = splices.length > 0;
  return {
    kind: "ok",
    body: changed ? spliceObjectBody(body, splices) : body,
    changed,
    streamUsageAdded: added.splices.length > 0,
  };
}

const nothing: Splices = { kind: "ok", splices: [] };

function replaceModel({ bytes, top }: ObjectBody, model: string): Splices {
  const wanted = JSON.stringify(model);
  const range = top.members.get("model");
  if (range === undefined) return addMember(top, "model", wanted);
  if (bytes[range.start] !== quote) return { kind: "malformed", reason: "model is not a string" };
  return textOf(bytes, range) === wanted ? nothing : splice({ ...range, text: wanted });
}

/** Beside its own name in another case a member would be there twice for parsers that do not tell cases apart. */
function addMember(read: Members, name: string, value: string): Splices {
  if (read.folded.has(foldCase(name))) {
    return { kind: "malformed", reason: `${name} is in another case` };
  }
  return splice(appendMember(read, name, value));
}

/** What is neither an object nor null is left for the provider to judge. */
function addStreamUsage({ bytes, top }: ObjectBody): Splices {
  const stream = top.members.get("stream");
  if (stream === undefined || textOf(bytes, stream) !== "true") return nothing;
  const options = top.members.get("stream_options");
  if (options === undefined) return addMember(top, "stream_options", `{${usageMember}}`);
  if (bytes[options.start] === openBrace) return setUsage(bytes, options);
  if (textOf(bytes, options) !== "null") return nothing;
  return splice({ ...options, text: `{${usageMember}}` });
}

function setUsage(bytes: Buffer, options: ByteRange): Splices {
  const read = readMembers(bytes, options.start);
  if (read.kind === "malformed") return read;
  const usage = read.members.get("include_usage");
  if (usage === undefined) return addMember(read, "include_usage", "true");
  return textOf(bytes, usage) === "true" ? nothing : splice({ ...usage, text: "true" });
}

function splice(one: Splice): Splices {
  return { kind: "ok", splices: [one] };
}

function textOf(bytes: Buffer, { start, end }: ByteRange): string {
  return bytes.toString("utf8", start, end);
}
