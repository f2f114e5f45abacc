/**
 * Folds the items of a request's `input` into turns
 * (https://platform.openai.com/docs/api-reference/responses/create, `input`).
 */

import type { Feature } from "../features.ts";
import type { Message, Part, ToolCallPart, ToolResultPart } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";
import type { BodyReader } from "./body-reader.ts";
import { isJsonList } from "./body-reader.ts";
import { decodeContent } from "./responses-content-decoder.ts";
import type { FieldRule, Place } from "./responses-fields.ts";
import { noteFields } from "./responses-fields.ts";
import { decodeReasoningInput, encryptedContent } from "./responses-reasoning.ts";

/** The conversation of a request. */
export interface Conversation {
  /** Messages of the system that stand before all else */
  readonly system: Part[];
  readonly messages: Message[];
}

const messageRule = itemRule([
  ["role", null],
  ["content", null],
]);
const callRule: FieldRule = {
  ...itemRule([
    ["call_id", null],
    ["name", null],
    ["arguments", null],
  ]),
  others: "tool-metadata",
};
const outputRule: FieldRule = {
  ...itemRule([
    ["call_id", null],
    ["name", null],
    ["output", null],
  ]),
  others: "tool-metadata",
};
const reasoningRule = itemRule([
  ["summary", null],
  ["content", null],
  ["encrypted_content", null],
]);

/** Sorts of items that only the provider or tools of other sorts can make something of. */
const otherItems: ReadonlyMap<string, Feature> = new Map<string, Feature>([
  ["item_reference", "stored-conversation"],
  ["compaction", "stored-conversation"],
  ["custom_tool_call", "custom-tool"],
  ["custom_tool_call_output", "custom-tool"],
  ["web_search_call", "server-tool"],
  ["file_search_call", "server-tool"],
  ["computer_call", "server-tool"],
  ["computer_call_output", "server-tool"],
  ["image_generation_call", "server-tool"],
  ["code_interpreter_call", "server-tool"],
  ["local_shell_call", "server-tool"],
  ["local_shell_call_output", "server-tool"],
  ["shell_call", "server-tool"],
  ["shell_call_output", "server-tool"],
  ["apply_patch_call", "server-tool"],
  ["apply_patch_call_output", "server-tool"],
  ["tool_search_call", "server-tool"],
  ["tool_search_output", "server-tool"],
  ["additional_tools", "server-tool"],
  ["mcp_list_tools", "server-tool"],
  ["mcp_approval_request", "server-tool"],
  ["mcp_approval_response", "server-tool"],
  ["mcp_call", "server-tool"],
  ["program", "server-tool"],
  ["program_output", "server-tool"],
]);

/** Reads `input`: a text is one turn of the user. */
export function decodeInput(input: JsonValue | undefined, reader: BodyReader): Conversation {
  const folder: Folder = { system: [], messages: [], last: "none", parts: [] };
  if (typeof input === "string") {
    addUser(folder, decodeContent(input, { reader, at: "input" }), "user");
    return folder;
  }
  if (!isJsonList(input)) {
    reader.fail("input is neither a string nor a list");
    return folder;
  }
  for (let index = 0; index < input.length; index++) {
    const item = input[index];
    const place = { reader, at: `input[${index}]` };
    if (isJsonObject(item)) decodeItem(item, folder, place);
    else reader.fail(`${place.at} is not an object`);
  }
  return folder;
}

interface Folder extends Conversation {
  /** What the last item was */
  last: "none" | "user" | "result" | "assistant" | "system";
  /** Of the last turn */
  parts: Part[];
}

function decodeItem(item: JsonObject, folder: Folder, place: Place): void {
  const type = typeOf(item);
  switch (type) {
    case "message":
      decodeMessage(item, folder, place);
      return;
    case "function_call":
      addAssistant(folder, [decodeCall(item, place)]);
      return;
    case "function_call_output":
      addUser(folder, [decodeOutput(item, place)], "result");
      return;
    case "reasoning":
      noteFields(item, reasoningRule, place);
      decodeReasoningItem(item, folder, place);
      return;
    default:
      place.reader.note(otherItems.get(type) ?? "unknown-content", `${place.at}.type`);
  }
}

/** Items without a type are messages, or references when they have nothing but an id. */
function typeOf(item: JsonObject): string {
  const type = item["type"];
  if (typeof type === "string") return type;
  if (item["role"] !== undefined) return "message";
  return typeof item["id"] === "string" ? "item_reference" : "";
}

function decodeMessage(item: JsonObject, folder: Folder, { reader, at }: Place): void {
  noteFields(item, messageRule, { reader, at });
  const parts = decodeContent(item["content"], { reader, at: `${at}.content` });
  switch (item["role"]) {
    case "user":
      addUser(folder, parts, "user");
      return;
    case "assistant":
      addAssistant(folder, parts);
      return;
    case "system":
    case "developer":
      addSystem(folder, parts);
      return;
    default:
      reader.fail(`${at}.role is none of user, assistant, system and developer`);
  }
}

function decodeCall(item: JsonObject, { reader, at }: Place): ToolCallPart {
  noteFields(item, callRule, { reader, at });
  const id = neededText(item["call_id"], { reader, at: `${at}.call_id` });
  const name = neededText(item["name"], { reader, at: `${at}.name` });
  const args = reader.string(item, "arguments", at) ?? "";
  return { kind: "tool-call", id, name, arguments: args === "" ? "{}" : args, signature: null };
}

function decodeOutput(item: JsonObject, { reader, at }: Place): ToolResultPart {
  noteFields(item, outputRule, { reader, at });
  const callId = neededText(item["call_id"], { reader, at: `${at}.call_id` });
  const parts = decodeContent(item["output"], { reader, at: `${at}.output` });
  const name = item["name"];
  return {
    kind: "tool-result",
    callId,
    name: typeof name === "string" ? name : null,
    parts,
    isError: false,
  };
}

function decodeReasoningItem(item: JsonObject, folder: Folder, { reader, at }: Place): void {
  const part = decodeReasoningInput(item);
  // Without it only the provider's store knows what was thought.
  if (encryptedContent(part) === null) {
    reader.note("foreign-signature", `${at}.encrypted_content`);
  }
  addAssistant(folder, [part]);
}

function neededText(value: JsonValue | undefined, { reader, at }: Place): string {
  if (typeof value === "string" && value !== "") return value;
  reader.fail(`${at} is missing`);
  return "";
}

function addAssistant(folder: Folder, parts: readonly Part[]): void {
  if (folder.last === "assistant") folder.parts.push(...parts);
  else addTurn(folder, "assistant", parts);
}

/** Results fold into one turn with those before them and with a message beside them; messages are turns of their own. */
function addUser(folder: Folder, parts: readonly Part[], sort: "user" | "result"): void {
  const joins = folder.last === "result" || (folder.last === "user" && sort === "result");
  if (joins) folder.parts.push(...parts);
  else addTurn(folder, "user", parts);
  if (parts.length > 0) folder.last = sort;
}

function addSystem(folder: Folder, parts: readonly Part[]): void {
  if (folder.messages.length === 0) folder.system.push(...parts);
  else addTurn(folder, "system", parts);
}

function addTurn(folder: Folder, role: Message["role"], parts: readonly Part[]): void {
  if (parts.length === 0) return;
  folder.parts = [...parts];
  folder.messages.push({ role, parts: folder.parts });
  folder.last = role;
}

function itemRule(own: readonly (readonly [string, Feature | null])[]): FieldRule {
  const fields = new Map<string, Feature | null>([
    ["type", null],
    ["id", null],
    ["status", null],
    ...own,
  ]);
  return { fields, others: "content-metadata" };
}
