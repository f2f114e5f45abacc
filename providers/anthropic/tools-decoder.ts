/** Tools of a request and their choice, read into the IR (https://docs.anthropic.com/en/docs/build-with-claude/tool-use). */

import type { ChatRequest, Tool, ToolChoice } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";
import type { RequestNotes } from "./request-notes.ts";
import { isSaid, memberOf, textOrNull } from "./json-members.ts";

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
    if (toolFields.has(key) || !isSaid(tool[key])) continue;
    if (key === "cache_control") notes.miss("cache-hint", `${at}.${key}`);
    else notes.miss(toolMetadata.has(key) ? "tool-metadata" : "unknown-field", `${at}.${key}`);
  }
  const strict = memberOf(tool, "strict");
  return {
    name: notes.name(tool, "name", at),
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
      return { kind: "tool", name: notes.name(choice, "name", "tool_choice") };
    default:
      notes.fail("tool_choice.type is none of auto, any, tool and none");
      return null;
  }
}
