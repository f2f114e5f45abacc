/**
 * Tools that the model may call, and whether it must (https://ai.google.dev/api/caching#Tool, #ToolConfig), between
 * Gemini's dialect and the IR.
 */

import type { ChatRequest, Tool, ToolChoice } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";
import { toJsonSchema } from "./openapi-schema.ts";
import { fieldsOf, listOf, textOrNull } from "./proto-fields.ts";
import type { RequestNotes } from "./request-notes.ts";

const declarationFields: ReadonlySet<string> = new Set([
  "name",
  "description",
  "parameters",
  "parametersJsonSchema",
]);
const toolFields: ReadonlySet<string> = new Set(["functionDeclarations"]);
const toolConfigFields: ReadonlySet<string> = new Set(["functionCallingConfig"]);
const callingFields: ReadonlySet<string> = new Set(["mode", "allowedFunctionNames"]);

/** The functions of a request; tools that the provider runs itself are noted. */
export function decodeTools(tools: JsonValue | undefined, notes: RequestNotes): Tool[] {
  return listOf(tools).flatMap((tool, index) => {
    const at = `tools[${index}]`;
    const fields = fieldsOf(tool);
    if (fields === undefined) {
      notes.fail(`${at} is not an object`);
      return [];
    }
    notes.leaveUnknown(fields, toolFields, { at: `${at}.`, feature: "server-tool" });
    return listOf(fields["functionDeclarations"]).flatMap((declaration, position) =>
      decodeDeclaration(declaration, `${at}.functionDeclarations[${position}]`, notes),
    );
  });
}

/** Whether a request's functions must be called; null when it does not say. */
export function decodeToolChoice(
  toolConfig: JsonValue | undefined,
  notes: RequestNotes,
): ToolChoice | null {
  const config = fieldsOf(toolConfig);
  if (config === undefined) return null;
  notes.leaveUnknown(config, toolConfigFields, { at: "toolConfig.", feature: "unknown-field" });
  const calling = fieldsOf(config["functionCallingConfig"]);
  if (calling === undefined) return null;
  const at = "toolConfig.functionCallingConfig";
  notes.leaveUnknown(calling, callingFields, { at: `${at}.`, feature: "unknown-field" });
  const names = listOf(calling["allowedFunctionNames"]).filter((name) => typeof name === "string");
  return chooseByMode(textOrNull(calling["mode"]) ?? "", names, { at, notes });
}

/** `tools` of a request; undefined when it has none. */
export function encodeTools(tools: readonly Tool[]): JsonObject[] | undefined {
  if (tools.length === 0) return undefined;
  const functionDeclarations = tools.map(({ name, description, parameters }) => ({
    name,
    description: description ?? undefined,
    parametersJsonSchema: parameters ?? undefined,
  }));
  return [{ functionDeclarations }];
}

/** `toolConfig` of a request; undefined when it says nothing. */
export function encodeToolChoice({ toolChoice }: ChatRequest): JsonObject | undefined {
  if (toolChoice === null) return undefined;
  const mode = modes[toolChoice.kind];
  return {
    functionCallingConfig:
      toolChoice.kind === "tool" ? { mode, allowedFunctionNames: [toolChoice.name] } : { mode },
  };
}

const modes = {
  auto: "AUTO",
  none: "NONE",
  required: "ANY",
  tool: "ANY",
} as const satisfies Readonly<Record<ToolChoice["kind"], string>>;

function decodeDeclaration(value: JsonValue, at: string, notes: RequestNotes): Tool[] {
  const fields = fieldsOf(value);
  const name = textOrNull(fields?.["name"]);
  if (fields === undefined || name === null) {
    notes.fail(`${at}.name is missing`);
    return [];
  }
  notes.leaveUnknown(fields, declarationFields, { at: `${at}.`, feature: "tool-metadata" });
  return [
    {
      name,
      description: textOrNull(fields["description"]),
      parameters: decodeParameters(fields, at, notes),
      strict: null,
    },
  ];
}

function decodeParameters(fields: JsonObject, at: string, notes: RequestNotes): JsonObject | null {
  const { parameters, parametersJsonSchema } = fields;
  if (isJsonObject(parametersJsonSchema)) return parametersJsonSchema;
  if (isJsonObject(parameters)) return toJsonSchema(parameters);
  if ((parametersJsonSchema ?? parameters ?? null) !== null) {
    notes.fail(`${at}.parameters is not an object`);
  }
  return null;
}

function chooseByMode(
  mode: string,
  names: readonly string[],
  { at, notes }: { readonly at: string; readonly notes: RequestNotes },
): ToolChoice | null {
  switch (mode.toUpperCase()) {
    case "":
    case "MODE_UNSPECIFIED":
      return null;
    case "AUTO":
      return { kind: "auto" };
    case "NONE":
      return { kind: "none" };
    case "VALIDATED":
      // Like AUTO, with arguments that are checked against their schema
      notes.leave("tool-metadata", `${at}.mode`);
      if (names.length > 0) notes.leave("tool-choice-subset", `${at}.allowedFunctionNames`);
      return { kind: "auto" };
    case "ANY":
      return chooseAny(names, at, notes);
    default:
      notes.fail(`${at}.mode is unknown`);
      return null;
  }
}

function chooseAny(names: readonly string[], at: string, notes: RequestNotes): ToolChoice {
  const [name, ...others] = names;
  if (name === undefined) return { kind: "required" };
  if (others.length === 0) return { kind: "tool", name };
  notes.leave("tool-choice-subset", `${at}.allowedFunctionNames`);
  return { kind: "required" };
}
