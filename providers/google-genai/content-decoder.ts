/** Turns of a conversation from `Content` messages (https://ai.google.dev/api/caching#Content). */

import type { Message, Part, ToolCallPart, ToolResultPart } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject, writeJson } from "../json-text.ts";
import { CallIds } from "./call-ids.ts";
import { decodeSignature, dialectName } from "./thought-signatures.ts";
import { fromResponse } from "./function-responses.ts";
import type { MediaPart } from "./media.ts";
import { fromBlob, fromFile, withResolution } from "./media.ts";
import { fieldsOf, listOf, textOrNull } from "./proto-fields.ts";
import type { RequestNotes } from "./request-notes.ts";

const serverParts = ["executableCode", "codeExecutionResult", "toolCall", "toolResponse"];
const otherParts = ["inlineData", "fileData", ...serverParts];
const roles: ReadonlyMap<string, "user" | "assistant"> = new Map([
  ["user", "user"],
  ["function", "user"],
  ["tool", "user"],
  ["model", "assistant"],
]);
const partFields: ReadonlySet<string> = new Set([
  "text",
  "thought",
  "thoughtSignature",
  "inlineData",
  "fileData",
  "functionCall",
  "functionResponse",
  "mediaResolution",
  ...serverParts,
]);

/** The turns of a request; what is wrong or has no place is noted. */
export function decodeContents(contents: JsonValue | undefined, notes: RequestNotes): Message[] {
  const ids = new CallIds();
  return listOf(contents).map((content, index) => {
    ids.beginTurn(index);
    return decodeContent(content, { at: `contents[${index}]`, ids, notes });
  });
}

/** The parts of an instruction; text may stand for it. */
export function decodeInstruction(content: JsonValue | undefined, notes: RequestNotes): Part[] {
  if (content === undefined || content === null) return [];
  if (typeof content === "string") return [{ kind: "text", text: content }];
  const at = "systemInstruction";
  const fields = fieldsOf(content);
  if (fields === undefined) notes.fail(`${at} is not an object`);
  return decodeParts(fields?.["parts"], { at, ids: new CallIds(), notes });
}

/** What a content is read with. */
interface Place {
  readonly at: string;
  readonly ids: CallIds;
  readonly notes: RequestNotes;
}

function decodeContent(content: JsonValue, place: Place): Message {
  const fields = fieldsOf(content);
  if (fields === undefined) {
    place.notes.fail(`${place.at} is not an object`);
    return { role: "user", parts: [] };
  }
  return { role: decodeRole(fields["role"], place), parts: decodeParts(fields["parts"], place) };
}

function decodeRole(role: JsonValue | undefined, { at, notes }: Place): "user" | "assistant" {
  if (role === undefined || role === null || role === "") return "user";
  const known = typeof role === "string" ? roles.get(role.toLowerCase()) : undefined;
  if (known === undefined) notes.fail(`${at}.role is neither user nor model`);
  return known ?? "user";
}

function decodeParts(parts: JsonValue | undefined, { at, ids, notes }: Place): Part[] {
  const decoded: Part[] = [];
  for (const [index, part] of listOf(parts).entries()) {
    const place = { at: `${at}.parts[${index}]`, ids, notes };
    const fields = typeof part === "string" ? { text: part } : fieldsOf(part);
    if (fields === undefined) notes.fail(`${place.at} is not an object`);
    else decodePart(fields, place, decoded);
  }
  return decoded;
}

function decodePart(part: JsonObject, place: Place, into: Part[]): void {
  const { text, thoughtSignature, functionCall, functionResponse } = part;
  place.notes.leaveUnknown(part, partFields, { at: `${place.at}.`, feature: "content-metadata" });
  if (isJsonObject(functionCall)) decodeCall(part, functionCall, { place, into });
  else if (isJsonObject(functionResponse)) decodeResponse(functionResponse, place, into);
  else if (typeof text === "string") decodeText(part, into);
  else if (otherParts.some((key) => isJsonObject(part[key]))) decodeMedia(part, place, into);
  else if (typeof thoughtSignature === "string") decodeText(part, into);
  else place.notes.leave("unknown-content", place.at);
}

/** A signature on text is of the reasoning before it; one without text is of reasoning that nobody sees. */
function decodeText(part: JsonObject, into: Part[]): void {
  const text = typeof part["text"] === "string" ? part["text"] : "";
  const signature = decodeSignature(part["thoughtSignature"]);
  const isThought = part["thought"] === true;
  if (isThought || signature !== null) {
    const thought = isThought ? text : "";
    into.push({
      kind: "reasoning",
      text: thought,
      signature,
      encrypted: null,
      origin: dialectName,
    });
  }
  if (!isThought && (text !== "" || signature === null)) into.push({ kind: "text", text });
}

function decodeMedia(part: JsonObject, place: Place, into: Part[]): void {
  const { at, notes } = place;
  if (part["thoughtSignature"] !== undefined) {
    notes.leave("content-metadata", `${at}.thoughtSignature`);
  }
  const blob = fieldsOf(part["inlineData"]);
  const file = fieldsOf(part["fileData"]);
  if (blob !== undefined || file !== undefined) {
    const media = blob === undefined ? file && fromFile(file) : fromBlob(blob);
    const level = textOrNull(fieldsOf(part["mediaResolution"])?.["level"]);
    pushMedia(media, place, (one) => into.push(withResolution(one, level)));
    return;
  }
  const server = serverParts.find((key) => isJsonObject(part[key]));
  notes.leave("server-tool", `${at}.${server}`);
}

function pushMedia(
  media: MediaPart | "video" | undefined,
  { at, notes }: Place,
  push: (part: MediaPart) => void,
): void {
  if (media === undefined) notes.fail(`${at} has neither data with a type nor a file`);
  else if (media === "video") notes.leave("video", at);
  else push(media);
}

function decodeCall(
  part: JsonObject,
  call: JsonObject,
  { place, into }: { readonly place: Place; readonly into: Part[] },
): void {
  const { at, ids, notes } = place;
  const fields = fieldsOf(call) ?? call;
  const { name, args, id } = fields;
  if (typeof name !== "string" || name === "") {
    notes.fail(`${at}.functionCall.name is missing`);
    return;
  }
  if (args !== undefined && args !== null && !isJsonObject(args)) {
    notes.fail(`${at}.functionCall.args is not an object`);
  }
  notes.leaveUnknown(fields, callFields, { at: `${at}.functionCall.`, feature: "unknown-content" });
  into.push({
    kind: "tool-call",
    id: ids.idOfCall(name, textOrNull(id)),
    name,
    arguments: isJsonObject(args) ? writeJson(args) : "{}",
    signature: decodeSignature(part["thoughtSignature"]),
  } satisfies ToolCallPart);
}

const callFields: ReadonlySet<string> = new Set(["id", "name", "args"]);
const responseFields: ReadonlySet<string> = new Set(["id", "name", "response", "parts"]);

function decodeResponse(functionResponse: JsonObject, place: Place, into: Part[]): void {
  const { ids, notes } = place;
  const at = `${place.at}.functionResponse`;
  const fields = fieldsOf(functionResponse) ?? functionResponse;
  const { name, response, id } = fields;
  if (typeof name !== "string" || name === "") {
    notes.fail(`${at}.name is missing`);
    return;
  }
  if (response !== undefined && response !== null && !isJsonObject(response)) {
    notes.fail(`${at}.response is not an object`);
  }
  notes.leaveUnknown(fields, responseFields, { at: `${at}.`, feature: "tool-metadata" });
  const output = isJsonObject(response) ? fromResponse(response) : { text: "", isError: false };
  const media = decodeResponseMedia(fields["parts"], { at, ids, notes });
  const hasText = output.text !== "" && !(output.text === "{}" && media.length > 0);
  into.push({
    kind: "tool-result",
    callId: ids.idOfResponse(name, textOrNull(id), at.replaceAll(/\D+/g, "_").slice(1, -1)),
    name,
    parts: [...(hasText ? [{ kind: "text", text: output.text } as const] : []), ...media],
    isError: output.isError,
  } satisfies ToolResultPart);
}

function decodeResponseMedia(parts: JsonValue | undefined, place: Place): MediaPart[] {
  const media: MediaPart[] = [];
  for (const [index, part] of listOf(parts).entries()) {
    const at = `${place.at}.parts[${index}]`;
    const fields = fieldsOf(part);
    const blob = fieldsOf(fields?.["inlineData"]);
    const file = fieldsOf(fields?.["fileData"]);
    const decoded = blob === undefined ? file && fromFile(file) : fromBlob(blob);
    pushMedia(decoded, { ...place, at }, (one) => media.push(one));
  }
  return media;
}
