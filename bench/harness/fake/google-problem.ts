/**
 * What no single field of a Gemini request says: roles, parts, calls and their responses with signatures, and what a
 * model does not take. Wording as the API's. https://ai.google.dev/api/generate-content
 */
import { googleError, googleFieldError, googleRuleError } from "./google-error.ts";
import type { GoogleModel } from "./google-model.ts";
import { partMembers } from "./google-rules.ts";
import { findOpenApiProblem } from "./google-schema.ts";
import { findFunctionTurnProblem } from "./google-turns.ts";
import { isJsonObject } from "./json-fields.ts";
import type { FieldPath, JsonObject } from "./json-fields.ts";
import { inspectBase64 } from "./media.ts";
import type { Reply } from "./reply.ts";

const mediaTypes =
  /^(?:image\/(?:png|jpeg|webp|heic|heif)|application\/pdf|text\/.+|audio\/.+|video\/.+)$/;

/** Objects of a list; none when it is no list. */
export function objectsOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

/** The answer to a body whose fields are in order and which is refused all the same; undefined for a good one. */
export function findMeaningProblem(body: JsonObject, model: GoogleModel): Reply | undefined {
  const contents = objectsOf(body["contents"]);
  if (contents.length === 0) {
    return googleError(400, "* GenerateContentRequest.contents: contents is not specified\n");
  }
  return (
    findContentsProblem(contents) ??
    findInstructionProblem(body["systemInstruction"]) ??
    findFunctionTurnProblem(contents, model) ??
    findToolsProblem(body) ??
    findConfigProblem(body, model)
  );
}

/** The answer to turns whose parts are wrong; undefined for good ones. */
export function findContentsProblem(contents: readonly JsonObject[]): Reply | undefined {
  for (const [index, { role = "user", parts }] of contents.entries()) {
    if (!["user", "model", "function"].includes(String(role))) {
      return googleError(400, "Please use a valid role: user, model.");
    }
    const list = objectsOf(parts);
    const path = ["contents", index, "parts"];
    if (list.length === 0) return googleRuleError(path, "contents.parts must not be empty.");
    const problem = findPartsProblem(list, path);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function findPartsProblem(parts: readonly JsonObject[], path: FieldPath): Reply | undefined {
  for (const [index, part] of parts.entries()) {
    const at = [...path, index];
    const received = Object.keys(part).filter((name) => Object.hasOwn(partMembers, name));
    if (received.length !== 1) {
      const allowed = Object.keys(partMembers);
      return googleFieldError({ kind: "members", path: at, received, allowed });
    }
    const { inlineData, functionResponse: response } = part;
    const nested = isJsonObject(response) ? objectsOf(response["parts"]) : [];
    for (const blob of [inlineData, ...nested.map((one) => one["inlineData"])]) {
      const problem = isJsonObject(blob) ? findBlobProblem(blob, at) : undefined;
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

function findBlobProblem(blob: JsonObject, path: FieldPath): Reply | undefined {
  const mimeType = String(blob["mimeType"]);
  if (!mediaTypes.test(mimeType)) return googleError(400, `Unsupported MIME type: ${mimeType}`);
  const found = inspectBase64(mimeType, String(blob["data"]));
  if (found.kind === "fine") return undefined;
  return googleRuleError([...path, "inlineData", "data"], `${found.reason}.`);
}

function findInstructionProblem(instruction: unknown): Reply | undefined {
  if (!isJsonObject(instruction)) return undefined;
  const parts = objectsOf(instruction["parts"]);
  const isText = parts.length > 0 && parts.every(({ text }) => typeof text === "string");
  return isText ? undefined : googleError(400, "System instruction must have text parts only.");
}

function findToolsProblem(body: JsonObject): Reply | undefined {
  const declared = objectsOf(body["tools"]).map(({ functionDeclarations: list }) =>
    objectsOf(list),
  );
  for (const [tool, declarations] of declared.entries()) {
    for (const [index, declaration] of declarations.entries()) {
      const path = ["tools", tool, "functionDeclarations", index];
      const { parameters, parametersJsonSchema: schema } = declaration;
      if (parameters !== undefined && schema !== undefined) {
        return googleRuleError(
          path,
          "only one of parameters and parameters_json_schema may be set",
        );
      }
      const problem = isJsonObject(parameters)
        ? findOpenApiProblem(parameters, [...path, "parameters"])
        : findJsonSchemaProblem(schema, [...path, "parametersJsonSchema"]);
      if (problem !== undefined) return problem;
    }
  }
  const names = declared.flat().map(({ name }) => String(name));
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined)
    return googleError(400, `Duplicate function declaration found: ${twice}`);
  return findToolConfigProblem(body["toolConfig"], names);
}

function findJsonSchemaProblem(schema: unknown, path: FieldPath): Reply | undefined {
  if (!isJsonObject(schema)) return undefined;
  return schema["type"] === "object" ? undefined : googleRuleError(path, "must be of type object");
}

function findToolConfigProblem(config: unknown, names: readonly string[]): Reply | undefined {
  const calling = isJsonObject(config) ? config["functionCallingConfig"] : undefined;
  if (!isJsonObject(calling)) return undefined;
  const { mode, allowedFunctionNames: allowed } = calling;
  if (names.length === 0) {
    return googleError(400, "Function calling config is set without function_declarations.");
  }
  if (!Array.isArray(allowed) || allowed.length === 0) return undefined;
  if (mode !== "ANY" && mode !== "VALIDATED") {
    return googleError(
      400,
      "Allowed function names should only be set when function calling mode is ANY or VALIDATED.",
    );
  }
  const unknown = allowed.map(String).find((name) => !names.includes(name));
  return unknown === undefined
    ? undefined
    : googleError(400, `Allowed function name ${unknown} is not declared.`);
}

function findConfigProblem(body: JsonObject, model: GoogleModel): Reply | undefined {
  const { generationConfig: config } = body;
  if (!isJsonObject(config)) return undefined;
  const { responseMimeType: mime, responseSchema: schema, responseJsonSchema: json } = config;
  const path = ["generationConfig", schema === undefined ? "responseJsonSchema" : "responseSchema"];
  if (schema !== undefined && json !== undefined) {
    return googleRuleError(path, "must not be set together with response_json_schema");
  }
  if ((schema ?? json) !== undefined && mime !== "application/json") {
    return googleRuleError(path, "only allowed when response_mime_type is 'application/json'");
  }
  const problem = isJsonObject(schema) ? findOpenApiProblem(schema, path) : undefined;
  if (problem !== undefined) return problem;
  if (model.generation < 3 && mime === "application/json" && objectsOf(body["tools"]).length > 0) {
    return googleError(
      400,
      "Function calling with a response mime type: 'application/json' is unsupported",
    );
  }
  if (config["logprobs"] !== undefined && config["responseLogprobs"] !== true) {
    return googleError(400, "Logprobs can only be set when response_logprobs is true.");
  }
  return findThinkingProblem(config["thinkingConfig"], model);
}

/** https://ai.google.dev/gemini-api/docs/thinking */
function findThinkingProblem(
  config: unknown,
  { generation, budget }: GoogleModel,
): Reply | undefined {
  if (!isJsonObject(config)) return undefined;
  const { thinkingBudget: tokens, thinkingLevel: level } = config;
  if (tokens !== undefined && level !== undefined) {
    return googleError(400, "You can only set only one of thinking budget and thinking level.");
  }
  if (level !== undefined && generation < 3) {
    return googleError(400, "Thinking level is not supported for this model.");
  }
  if (typeof tokens !== "number" || tokens === -1) return undefined;
  if (tokens === 0 && budget.least > 0) {
    return googleError(400, "Budget 0 is invalid. This model only works in thinking mode.");
  }
  if (tokens >= budget.least && tokens <= budget.most) return undefined;
  return googleError(
    400,
    `The thinking budget ${tokens} is invalid. Please choose a value between ${budget.least} and ${budget.most}.`,
  );
}
