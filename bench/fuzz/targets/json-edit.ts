/**
 * Edits of JSON bodies: what is edited was JSON that every parser reads alike, all else stays byte for byte, and an edit
 * made twice changes nothing the second time.
 */

import { isUtf8 } from "node:buffer";
import { isDeepStrictEqual } from "node:util";
import { editBody } from "../../../providers/json-splice.ts";
import { readObjectBody } from "../../../providers/json-splice-body.ts";
import type { ObjectBody } from "../../../providers/json-splice-body.ts";
import { foldCase, readTopLevel } from "../../../providers/json-splice-members.ts";
import type { Random } from "../../../extproc/testdata/random.ts";
import type { Finding, FuzzTarget } from "../fuzz-target.ts";
import { mutateJson } from "../json-mutations.ts";

const model = 'new "model" ä';
const notJson = "it is not JSON";
const maxNesting = 1_000;

const seeds = [
  '{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"hi"}]}',
  ' { "stream" : true , "stream_options" : null , "MODEL" : 1 } ',
  '{"stream":true,"stream_options":{"include_usage":false,"x":1e9},"m\\u006fdel":"a"}',
  "{}",
];

/** The splicer against JSON.parse. */
export const jsonEditTarget: FuzzTarget = {
  name: "json-edit",
  promise: "refuses what is ambiguous or no JSON, changes nothing else",
  covers: ["/providers/json-splice"],
  maxInputBytes: 6_000,
  words: [
    '"model":',
    '"stream":true',
    '"stream_options":{',
    '"include_usage":',
    "\\u006d",
    "ſ",
    "1e5",
    "-0",
  ],
  seeds: () => seeds.map((text) => Buffer.from(text)),
  invent: (random: Random) => Buffer.from(random.pick(seeds)),
  mutate: mutateJson,
  open: () => ({ check }),
};

function check(input: Buffer): Finding {
  const before = parse(input);
  const read = readObjectBody(Buffer.from(input));
  const edited =
    read.kind === "malformed" ? read : editBody(read.object, { model, streamUsage: true });
  if (edited.kind === "malformed") return checkRefusal(input, before, edited.reason);
  if (before === undefined) return "what is no JSON object is edited";
  const after = parse(edited.body.bytes);
  if (after === undefined) return "what was edited is no JSON object any more";
  return (
    checkMembers(input, before) ??
    checkEdit(before, after, edited.streamUsageAdded) ??
    checkMoved(edited.body) ??
    checkSecond(edited.body, edited.changed, input)
  );
}

function checkRefusal(input: Buffer, before: object | undefined, reason: string): Finding {
  if (reason !== notJson || before === undefined || !isUtf8(input)) return undefined;
  const brackets = (input.toString("latin1").match(/[[{]/g) ?? []).length;
  return brackets > maxNesting ? undefined : "JSON is refused as none";
}

function checkMembers(input: Buffer, before: object): Finding {
  const read = readTopLevel(input);
  if (read.kind === "malformed") return `members are refused and edits are not: ${read.reason}`;
  const keys = [...read.members.keys()].sort();
  if (!isDeepStrictEqual(keys, Object.keys(before).sort()))
    return "members are not those of JSON.parse";
  if (new Set(keys.map(foldCase)).size !== keys.length) return "two members differ in case only";
  for (const [key, { start, end }] of read.members) {
    const value: unknown = JSON.parse(input.toString("utf8", start, end));
    if (!isDeepStrictEqual(value, Reflect.get(before, key))) return "a member's range is wrong";
  }
  return undefined;
}

function checkEdit(before: object, after: object, isUsageAdded: boolean): Finding {
  const wanted: Record<string, unknown> = { ...before };
  wanted["model"] = model;
  const options: unknown = wanted["stream_options"];
  const isObject = typeof options === "object" && options !== null && !Array.isArray(options);
  if (wanted["stream"] === true && (isObject || options === null || options === undefined)) {
    wanted["stream_options"] = { ...(isObject ? options : {}), include_usage: true };
  }
  const hadUsage = isDeepStrictEqual(options, wanted["stream_options"]);
  if (isUsageAdded === hadUsage) return "it is told wrongly whether usage was added";
  return isDeepStrictEqual(after, wanted) ? undefined : "the edit is not what was asked for";
}

/** Who goes on with what was edited must find its members where one finds them who reads it again. */
function checkMoved({ bytes, top }: ObjectBody): Finding {
  const read = readTopLevel(bytes);
  // One member more than anybody has may have been added.
  if (read.kind === "malformed") return top.members.size > 1_024 ? undefined : read.reason;
  return isDeepStrictEqual(top, read) ? undefined : "the members of what was edited are elsewhere";
}

function checkSecond(body: ObjectBody, isChanged: boolean, input: Buffer): Finding {
  if (!isChanged && !body.bytes.equals(input)) return "a body that was not changed differs";
  const again = editBody(body, { model, streamUsage: true });
  return again.kind === "ok" && !again.changed ? undefined : "the edited body is edited again";
}

/** As the most usual parser reads it; undefined for what is no object. */
function parse(bytes: Buffer): object | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? value : undefined;
  } catch {
    // What is no JSON is no object.
    return undefined;
  }
}
