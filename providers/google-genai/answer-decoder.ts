/** Whole answers (https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse), read into the IR. */

import type { Decoded } from "../codec.ts";
import type { ChatResponse, Choice, Part } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject, parseJson, writeJson } from "../json-text.ts";
import { answeredCallId } from "./call-ids.ts";
import { decodeSignature, dialectName } from "./thought-signatures.ts";
import { decodeFinish } from "./finish-reasons.ts";
import { decodeLogprobs } from "./logprobs-result.ts";
import { fromBlob } from "./media.ts";
import { countOf, fieldsOf, listOf, textOrNull } from "./proto-fields.ts";
import { decodeUsage } from "./usage-metadata.ts";

/** Reads the body of a successful answer. */
export function decodeAnswer(body: Buffer): Decoded<ChatResponse> {
  const parsed = parseJson(body);
  if (parsed.kind === "malformed") return parsed;
  const fields = fieldsOf(parsed.value);
  if (fields === undefined) return { kind: "malformed", reason: "it is not an object" };
  const id = textOrNull(fields["responseId"]) ?? "";
  const choices = decodeCandidates(fields, id);
  if (choices.length === 0) return { kind: "malformed", reason: "it has no candidates" };
  return {
    kind: "ok",
    value: {
      id,
      model: textOrNull(fields["modelVersion"]) ?? "",
      created: decodeTime(fields["createTime"]),
      choices,
      usage: decodeUsage(fields["usageMetadata"]),
    },
  };
}

/** Unix seconds of a timestamp; null when it is none. */
export function decodeTime(value: JsonValue | undefined): number | null {
  const milliseconds = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(milliseconds) ? null : Math.floor(milliseconds / 1_000);
}

/** Whether an answer's prompt was blocked, so that there are no candidates. */
export function isBlocked(fields: JsonObject): boolean {
  return textOrNull(fieldsOf(fields["promptFeedback"])?.["blockReason"]) !== null;
}

const blocked: Choice = { parts: [], finish: "content-filter", stopText: null, logprobs: null };

function decodeCandidates(fields: JsonObject, id: string): Choice[] {
  const candidates = listOf(fields["candidates"])
    .map(fieldsOf)
    .filter((one) => one !== undefined);
  if (candidates.length === 0) return isBlocked(fields) ? [blocked] : [];
  const order = (candidate: JsonObject) => countOf(candidate["index"]) ?? 0;
  const sorted = candidates.toSorted((first, second) => order(first) - order(second));
  let calls = 0;
  return sorted.map((candidate) => {
    const content = fieldsOf(candidate["content"]);
    const parts: Part[] = [];
    for (const part of listOf(content?.["parts"])) {
      const fieldsOfPart = fieldsOf(part);
      if (fieldsOfPart === undefined) continue;
      if (isJsonObject(fieldsOfPart["functionCall"])) {
        parts.push(decodeCall(fieldsOfPart, id, calls));
        calls++;
      } else decodePart(fieldsOfPart, parts);
    }
    const hasCalls = parts.some(({ kind }) => kind === "tool-call");
    const reason = textOrNull(candidate["finishReason"]) ?? "STOP";
    return {
      parts,
      finish: decodeFinish(reason, hasCalls ? "calls" : "no-calls"),
      stopText: null,
      logprobs: decodeLogprobs(candidate["logprobsResult"]),
    };
  });
}

function decodeCall(part: JsonObject, id: string, index: number): Part {
  const call = fieldsOf(part["functionCall"]) ?? {};
  return {
    kind: "tool-call",
    id: textOrNull(call["id"]) ?? answeredCallId(id, index),
    name: textOrNull(call["name"]) ?? "",
    arguments: isJsonObject(call["args"]) ? writeJson(call["args"]) : "{}",
    signature: decodeSignature(part["thoughtSignature"]),
  };
}

/** What only tools of the provider's own write, such as code that it ran, is no part of the answer. */
function decodePart(part: JsonObject, into: Part[]): void {
  const { text, thought, thoughtSignature } = part;
  const signature = decodeSignature(thoughtSignature);
  const words = typeof text === "string" ? text : "";
  if (thought === true || signature !== null) {
    into.push({
      kind: "reasoning",
      text: thought === true ? words : "",
      signature,
      encrypted: null,
      origin: dialectName,
    });
  }
  if (thought !== true && words !== "") into.push({ kind: "text", text: words });
  const blob = fieldsOf(part["inlineData"]);
  const media = blob && fromBlob(blob);
  if (media !== undefined && media !== "video") into.push(media);
}
