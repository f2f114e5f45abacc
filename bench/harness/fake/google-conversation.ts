/** Reads a Gemini request that is in order into a conversation. */
import { countTurns } from "./conversation.ts";
import type { Conversation, OfferedTool } from "./conversation.ts";
import type { GoogleModel } from "./google-model.ts";
import { objectsOf } from "./google-problem.ts";
import { isJsonObject } from "./json-fields.ts";
import type { JsonObject } from "./json-fields.ts";
import { inspectBase64 } from "./media.ts";
import { countTokens } from "./tokens.ts";

const overhead = { turn: 4, request: 0 };

/** The conversation of a body. */
export function readGenerate(body: JsonObject, model: GoogleModel): Conversation {
  const contents = objectsOf(body["contents"]);
  const asked = contents.findLast(
    (content) => content["role"] !== "model" && textOf(content) !== "",
  );
  const config: JsonObject = isJsonObject(body["generationConfig"]) ? body["generationConfig"] : {};
  const { stopSequences: stops, maxOutputTokens: limit } = config;
  return {
    system: textOf(body["systemInstruction"]),
    said: textOf(asked),
    attached: attachedOf(objectsOf(asked?.["parts"])),
    results: resultsOf(contents),
    tools: toolsOf(body["tools"]),
    choice: choiceOf(body["toolConfig"]),
    parallel: true,
    form: formOf(config),
    thinks: thinksOf(config["thinkingConfig"], model),
    stops: Array.isArray(stops) ? stops.map(String) : [],
    limit: Number(limit ?? Number.POSITIVE_INFINITY),
    inputTokens: countInput(body),
  };
}

/** Tokens of a request's contents, instructions and tools. */
export function countInput(body: JsonObject): number {
  const texts = objectsOf(body["contents"]).map(textOf);
  const tools = toolsOf(body["tools"]);
  return (
    countTurns(texts, overhead) +
    countTokens(textOf(body["systemInstruction"])) +
    tools.reduce((sum, tool) => sum + countTokens(JSON.stringify(tool)), 0)
  );
}

/** Text of a turn, thoughts aside. */
export function textOf(content: unknown): string {
  const parts = isJsonObject(content) ? objectsOf(content["parts"]) : [];
  return parts
    .filter(({ thought }) => thought !== true)
    .map(({ text }) => (typeof text === "string" ? text : ""))
    .join("");
}

function attachedOf(parts: readonly JsonObject[]): string[] {
  return parts.flatMap(({ inlineData: blob, fileData: file }) => {
    if (isJsonObject(file)) return [`file ${String(file["fileUri"])}`];
    if (!isJsonObject(blob)) return [];
    const found = inspectBase64(String(blob["mimeType"]), String(blob["data"]));
    return found.kind === "fine" ? [found.words] : [];
  });
}

function resultsOf(contents: readonly JsonObject[]): Conversation["results"] {
  const turn = contents.findLastIndex(({ role }) => role === "model");
  return contents
    .slice(turn + 1)
    .flatMap(({ parts }) => objectsOf(parts))
    .map(({ functionResponse: response }) => response)
    .filter(isJsonObject)
    .map(({ response, parts }) => {
      const { text, failed } = outcomeOf(isJsonObject(response) ? response : {});
      return { text: [text, ...attachedOf(objectsOf(parts))].join(" with "), failed };
    });
}

/** `output` and `error` are the documented keys; anything else is the output as a whole. */
function outcomeOf(response: JsonObject): { text: string; failed: boolean } {
  const { output, error } = response;
  const failed = error !== undefined;
  const value = error ?? output ?? response;
  return { text: typeof value === "string" ? value : JSON.stringify(value), failed };
}

function toolsOf(tools: unknown): OfferedTool[] {
  return objectsOf(tools)
    .flatMap(({ functionDeclarations: list }) => objectsOf(list))
    .map(({ name, parameters, parametersJsonSchema: schema }) => ({
      name: String(name),
      parameters: parameters ?? schema,
    }));
}

function choiceOf(config: unknown): Conversation["choice"] {
  const calling = isJsonObject(config) ? config["functionCallingConfig"] : undefined;
  if (!isJsonObject(calling)) return "auto";
  const { mode, allowedFunctionNames: names } = calling;
  if (mode === "NONE") return "none";
  if (mode !== "ANY") return "auto";
  const only: unknown = Array.isArray(names) && names.length === 1 ? names[0] : undefined;
  return typeof only === "string" ? { name: only } : "required";
}

function formOf(config: JsonObject): Conversation["form"] {
  const schema = config["responseSchema"] ?? config["responseJsonSchema"];
  if (isJsonObject(schema)) return { schema };
  return config["responseMimeType"] === "application/json" ? "json" : "text";
}

/** These models think unless their budget is 0. */
function thinksOf(config: unknown, model: GoogleModel): Conversation["thinks"] {
  const wanted: JsonObject = isJsonObject(config) ? config : {};
  if (wanted["thinkingBudget"] === 0 && model.budget.least === 0) return "no";
  return wanted["includeThoughts"] === true ? "shown" : "hidden";
}
