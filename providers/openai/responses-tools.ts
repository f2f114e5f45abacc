/** Tools and the choice among them (https://platform.openai.com/docs/api-reference/responses/create, `tools`). */

import type { Feature } from "../features.ts";
import type { ChatRequest, Tool, ToolChoice } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";
import type { BodyReader } from "./body-reader.ts";
import type { FieldRule, Place } from "./responses-fields.ts";
import { noteFields } from "./responses-fields.ts";

const functionRule: FieldRule = {
  fields: new Map<string, Feature | null>([
    ["type", null],
    ["name", null],
    ["description", null],
    ["parameters", null],
    ["strict", null],
  ]),
  others: "tool-metadata",
};

const choiceWords: ReadonlyMap<string, ToolChoice> = new Map([
  ["auto", { kind: "auto" }],
  ["none", { kind: "none" }],
  ["required", { kind: "required" }],
]);

/** Sorts of tools whose calls are no functions; all that are not listed run at the provider. */
const ownSorts: ReadonlySet<string> = new Set(["custom", "namespace"]);

/** Functions of a request; other tools are noted. */
export function decodeTools(body: JsonObject, reader: BodyReader): Tool[] {
  const tools = reader.list(body, "tools", "");
  const decoded: Tool[] = [];
  for (let index = 0; index < tools.length; index++) {
    const tool = tools[index];
    const at = `tools[${index}]`;
    if (!isJsonObject(tool)) {
      reader.fail(`${at} is not an object`);
    } else if (tool["type"] === "function") {
      decoded.push(decodeFunction(tool, { reader, at }));
    } else {
      reader.note(toolFeature(tool["type"]), `${at}.type`);
    }
  }
  return decoded;
}

/** The choice that a request makes; choices of tools that are no functions are noted. */
export function decodeToolChoice(body: JsonObject, reader: BodyReader): ToolChoice | null {
  const { tool_choice: choice } = body;
  if (choice === undefined || choice === null) return null;
  if (typeof choice === "string") {
    const word = choiceWords.get(choice);
    if (word === undefined) reader.fail("tool_choice is none of auto, none and required");
    return word ?? null;
  }
  if (!isJsonObject(choice)) {
    reader.fail("tool_choice is neither a string nor an object");
    return null;
  }
  return decodeChoice(choice, reader);
}

/** Functions as the API and its answers write them. */
export function encodeTools({ tools }: ChatRequest): JsonObject[] {
  return tools.map(({ name, description, parameters, strict }) => ({
    type: "function",
    name,
    description: description ?? undefined,
    parameters,
    // The default makes optional arguments required, which is not what other dialects mean by saying nothing.
    strict: strict ?? false,
  }));
}

/** The choice as the API and its answers write it; undefined for its default. */
export function encodeToolChoice({ toolChoice, tools }: ChatRequest): JsonValue | undefined {
  if (toolChoice === null || tools.length === 0) return undefined;
  if (toolChoice.kind === "tool") return { type: "function", name: toolChoice.name };
  return toolChoice.kind;
}

function decodeFunction(tool: JsonObject, { reader, at }: Place): Tool {
  noteFields(tool, functionRule, { reader, at });
  return {
    name: reader.requiredString(tool, "name", at),
    description: reader.string(tool, "description", at),
    parameters: reader.object(tool, "parameters", at),
    // False is what other dialects mean by saying nothing.
    strict: reader.boolean(tool, "strict", at) || null,
  };
}

function decodeChoice(choice: JsonObject, reader: BodyReader): ToolChoice | null {
  const { type, name, mode } = choice;
  switch (type) {
    case "function":
      if (typeof name === "string" && name !== "") return { kind: "tool", name };
      reader.fail("tool_choice.name is missing");
      return null;
    case "allowed_tools":
      reader.note("tool-choice-subset", "tool_choice.tools");
      return typeof mode === "string" ? (choiceWords.get(mode) ?? null) : null;
    default:
      reader.note(toolFeature(type), "tool_choice.type");
      return null;
  }
}

function toolFeature(type: JsonValue | undefined): Feature {
  return typeof type === "string" && ownSorts.has(type) ? "custom-tool" : "server-tool";
}
