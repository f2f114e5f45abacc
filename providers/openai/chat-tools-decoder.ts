/** Tools of a chat request, and which of them must be called, read into the IR. */

import type { Tool, ToolChoice } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";
import type { BodyReader } from "./body-reader.ts";

/** Words for `tool_choice`; `any` is Mistral's for `required`. */
const choices: ReadonlyMap<string, ToolChoice> = new Map([
  ["auto", { kind: "auto" }],
  ["none", { kind: "none" }],
  ["required", { kind: "required" }],
  ["any", { kind: "required" }],
]);

/** Reads `tools` of a body. */
export function decodeTools(reader: BodyReader, body: JsonObject): Tool[] {
  const tools: Tool[] = [];
  for (const [index, item] of reader.list(body, "tools", "").entries()) {
    const tool = decodeTool(reader, item, `tools[${index}]`);
    if (tool !== null) tools.push(tool);
  }
  return tools;
}

/** Reads `tool_choice` of a body. */
export function decodeToolChoice(reader: BodyReader, body: JsonObject): ToolChoice | null {
  const value = body["tool_choice"];
  if (value === undefined || value === null) return null;
  if (typeof value === "string") return decodeWord(reader, value, "tool_choice");
  if (!isJsonObject(value)) {
    reader.fail("tool_choice is neither a string nor an object");
    return null;
  }
  const type = reader.requiredString(value, "type", "tool_choice");
  if (type === "allowed_tools") return decodeAllowed(reader, value);
  const called = reader.object(value, "function", "tool_choice");
  if (type !== "function" || called === null) {
    reader.note("custom-tool", "tool_choice.type");
    return null;
  }
  const name = reader.requiredString(called, "name", "tool_choice.function");
  return { kind: "tool", name };
}

/** Reads a function such as `tools[].function`, whose place is `at`. */
export function decodeFunction(reader: BodyReader, declared: JsonObject, at: string): Tool {
  return {
    name: reader.requiredString(declared, "name", at),
    description: reader.string(declared, "description", at),
    parameters: reader.object(declared, "parameters", at),
    strict: reader.boolean(declared, "strict", at),
  };
}

function decodeTool(reader: BodyReader, item: JsonValue, at: string): Tool | null {
  if (!isJsonObject(item)) {
    reader.fail(`${at} is not an object`);
    return null;
  }
  const type = reader.requiredString(item, "type", at);
  if (type !== "function") {
    reader.note(type === "custom" ? "custom-tool" : "server-tool", `${at}.type`);
    return null;
  }
  if (Object.hasOwn(item, "cache_control")) reader.note("cache-hint", `${at}.cache_control`);
  const declared = reader.object(item, "function", at);
  if (declared === null) {
    reader.fail(`${at}.function is not an object`);
    return null;
  }
  return decodeFunction(reader, declared, `${at}.function`);
}

function decodeWord(reader: BodyReader, word: string, at: string): ToolChoice | null {
  const choice = choices.get(word);
  if (choice === undefined) reader.fail(`${at} is no choice that is known`);
  return choice ?? null;
}

/** The list of tools stays whole for the sake of prompt caches, but the model may call some of them only. */
function decodeAllowed(reader: BodyReader, choice: JsonObject): ToolChoice | null {
  const at = "tool_choice.allowed_tools";
  reader.note("tool-choice-subset", at);
  const allowed = reader.object(choice, "allowed_tools", "tool_choice") ?? {};
  return decodeWord(reader, reader.requiredString(allowed, "mode", at), `${at}.mode`);
}
