/** Tools and their choice between Anthropic's requests and the IR (https://docs.anthropic.com/en/docs/build-with-claude/tool-use). */

import type { ChatRequest, Tool, ToolChoice } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";
import type { RequestNotes } from "./request-notes.ts";
import { memberOf, textOrNull } from "./request-notes.ts";

const toolFields = new Set(["type", "name", "description", "input_schema", "strict"]);
const toolMetadata: ReadonlySet<string> = new Set([
  "allowed_callers",
  "defer_loading",
  "eager_input_streaming",
  "input_examples",
]);

/** What a request says of the choice of tools. */
export type Choice = Pick<ChatRequest, "toolChoice" | "parallelToolCalls">;

/** Reads `tools`; those that Anthropic runs or defines are noted. */
export function decodeTools(value: JsonValue | undefined, notes: RequestNotes): Tool[] {
  const tools: Tool[] = [];
  for (const [index, tool] of notes.list(value, "tools").entries()) {
    const at = `tools[${index}]`;
    if (!isJsonObject(tool)) notes.fail(`${at} is not an object`);
    else if (isCustom(tool)) tools.push(decodeTool(tool, at, notes));
    else notes.miss("server-tool", `${at}.type`);
  }
  return tools;
}

/** Reads `tool_choice`. */
export function decodeToolChoice(value: JsonValue | undefined, notes: RequestNotes): Choice {
  if (value === undefined || value === null) return { toolChoice: null, parallelToolCalls: null };
  if (!isJsonObject(value)) {
    notes.fail("tool_choice is not an object");
    return { toolChoice: null, parallelToolCalls: null };
  }
  const isOff = memberOf(value, "disable_parallel_tool_use");
  return {
    toolChoice: decodeChoice(value, notes),
    parallelToolCalls: typeof isOff === "boolean" ? !isOff : null,
  };
}

/** The `tools` of a request. */
export function encodeTools(tools: readonly Tool[]): JsonObject[] {
  return tools.map(({ name, description, parameters, strict }) => ({
    name,
    ...(description !== null && { description }),
    input_schema: encodeSchema(parameters),
    ...(strict === true && { strict }),
  }));
}

/** The `tool_choice` of a request that has tools; undefined: the provider's default. */
export function encodeToolChoice({
  toolChoice,
  parallelToolCalls,
}: Choice): JsonObject | undefined {
  if (toolChoice === null && parallelToolCalls !== false) return undefined;
  const choice = encodeChoice(toolChoice ?? { kind: "auto" });
  const hasParallel = parallelToolCalls !== null && choice["type"] !== "none";
  return { ...choice, ...(hasParallel && { disable_parallel_tool_use: !parallelToolCalls }) };
}

function isCustom(tool: JsonObject): boolean {
  const type = memberOf(tool, "type");
  return type === undefined || type === null || type === "custom";
}

function decodeTool(tool: JsonObject, at: string, notes: RequestNotes): Tool {
  const schema = memberOf(tool, "input_schema");
  if (schema !== undefined && !isJsonObject(schema)) {
    notes.fail(`${at}.input_schema is not an object`);
  }
  for (const key of Object.keys(tool)) {
    if (toolFields.has(key) || tool[key] === null) continue;
    if (key === "cache_control") notes.miss("cache-hint", `${at}.${key}`);
    else notes.miss(toolMetadata.has(key) ? "tool-metadata" : "unknown-field", `${at}.${key}`);
  }
  const strict = memberOf(tool, "strict");
  return {
    name: notes.text(tool, "name", at),
    description: textOrNull(memberOf(tool, "description")),
    parameters: isJsonObject(schema) ? schema : null,
    strict: typeof strict === "boolean" ? strict : null,
  };
}

function decodeChoice(choice: JsonObject, notes: RequestNotes): ToolChoice | null {
  switch (choice["type"]) {
    case "auto":
      return { kind: "auto" };
    case "any":
      return { kind: "required" };
    case "none":
      return { kind: "none" };
    case "tool":
      return { kind: "tool", name: notes.text(choice, "name", "tool_choice") };
    default:
      notes.fail("tool_choice.type is none of auto, any, tool and none");
      return null;
  }
}

function encodeChoice(choice: ToolChoice): JsonObject {
  switch (choice.kind) {
    case "auto":
      return { type: "auto" };
    case "none":
      return { type: "none" };
    case "required":
      return { type: "any" };
    case "tool":
      return { type: "tool", name: choice.name };
  }
}

/** The API wants a type at the top; other dialects let it be absent. */
function encodeSchema(parameters: JsonObject | null): JsonObject {
  if (parameters === null) return { type: "object", properties: {} };
  return memberOf(parameters, "type") === undefined
    ? { type: "object", ...parameters }
    : parameters;
}
