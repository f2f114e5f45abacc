/** Tools and the choice among them (https://platform.openai.com/docs/api-reference/responses/create, `tools`). */

import type { Feature } from "../features.ts";
import type { ChatRequest, Tool, ToolChoice } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";
import type { FieldRule, RequestNotes } from "./responses-notes.ts";
import { note, noteFields, reject } from "./responses-notes.ts";

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
export function decodeTools(tools: JsonValue | undefined, notes: RequestNotes): Tool[] {
  if (tools === undefined || tools === null) return [];
  if (!Array.isArray(tools)) {
    reject(notes, "tools is no list");
    return [];
  }
  const decoded: Tool[] = [];
  for (let index = 0; index < tools.length; index++) {
    const tool = tools[index];
    const at = `tools[${index}]`;
    if (!isJsonObject(tool)) {
      reject(notes, `${at} is no object`);
    } else if (tool["type"] === "function") {
      decoded.push(decodeFunction(tool, { notes, at }));
    } else {
      note(notes, toolFeature(tool["type"]), `${at}.type`);
    }
  }
  return decoded;
}

/** The choice that a request makes; choices of tools that are no functions are noted. */
export function decodeToolChoice(
  choice: JsonValue | undefined,
  notes: RequestNotes,
): ToolChoice | null {
  if (choice === undefined || choice === null) return null;
  if (typeof choice === "string") {
    const word = choiceWords.get(choice);
    if (word === undefined) reject(notes, "tool_choice is none of auto, none and required");
    return word ?? null;
  }
  if (!isJsonObject(choice)) {
    reject(notes, "tool_choice is neither a string nor an object");
    return null;
  }
  return decodeChoice(choice, notes);
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

function decodeFunction(
  tool: JsonObject,
  { notes, at }: { readonly notes: RequestNotes; readonly at: string },
): Tool {
  noteFields(notes, tool, { rule: functionRule, at });
  const { name, description, parameters, strict } = tool;
  if (typeof name !== "string" || name === "") reject(notes, `${at}.name is missing`);
  const isSchema = isJsonObject(parameters);
  if (!isSchema && parameters !== undefined && parameters !== null) {
    reject(notes, `${at}.parameters is no object`);
  }
  return {
    name: typeof name === "string" ? name : "",
    description: typeof description === "string" ? description : null,
    parameters: isSchema ? parameters : null,
    // False is what other dialects mean by saying nothing.
    strict: strict === true ? true : null,
  };
}

function decodeChoice(choice: JsonObject, notes: RequestNotes): ToolChoice | null {
  const { type, name, mode } = choice;
  switch (type) {
    case "function":
      if (typeof name === "string" && name !== "") return { kind: "tool", name };
      reject(notes, "tool_choice.name is missing");
      return null;
    case "allowed_tools":
      note(notes, "tool-choice-subset", "tool_choice.tools");
      return typeof mode === "string" ? (choiceWords.get(mode) ?? null) : null;
    default:
      note(notes, toolFeature(type), "tool_choice.type");
      return null;
  }
}

function toolFeature(type: JsonValue | undefined): Feature {
  return typeof type === "string" && ownSorts.has(type) ? "custom-tool" : "server-tool";
}
