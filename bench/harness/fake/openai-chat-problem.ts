/**
 * What no single field of a chat request says: fields that need each other, calls and their results, and what a model
 * does not support. Wording as the API's. https://platform.openai.com/docs/api-reference/chat/create
 */
import { findFieldProblem, isJsonObject } from "./json-fields.ts";
import type { JsonObject } from "./json-fields.ts";
import { inspectBase64, inspectImageUrl, parseDataUrl } from "./media.ts";
import { chatRules } from "./openai-chat-rules.ts";
import { openAiError, openAiFieldError } from "./openai-error.ts";
import type { OpenAiModel } from "./openai-model.ts";
import type { Reply } from "./reply.ts";
import { findSchemaProblem, openAiSchemas } from "./strict-schema.ts";

/** The answer to a body that the endpoint refuses whatever the model; undefined for a good one. */
export function findChatProblem(body: JsonObject): Reply | undefined {
  const problem = findFieldProblem(body, chatRules);
  if (problem?.kind === "unknown" && problem.path.length === 1) {
    // The chat endpoint words this differently from the newer ones.
    const message = `Unrecognized request argument supplied: ${problem.path.join(".")}`;
    return openAiError(message, { status: 400 });
  }
  if (problem?.kind === "short" && problem.of === "array") return emptyArray(problem.path);
  if (problem !== undefined) return openAiFieldError(problem);
  return (
    findNeedProblem(body) ??
    findMessagesProblem(body) ??
    findToolSchemaProblem(body["tools"]) ??
    findFormatProblem(body, messagesOf(body))
  );
}

/** The answer to messages whose fields are in order and which are refused all the same; undefined for good ones. */
export function findMessagesProblem(body: JsonObject): Reply | undefined {
  const messages = messagesOf(body);
  if (messages.length === 0) return emptyArray(["messages"]);
  return findContentProblem(messages) ?? findToolTurnProblem(messages);
}

/** The answer to a body that this model does not support; undefined when it does. */
export function findModelProblem(body: JsonObject, model: OpenAiModel): Reply | undefined {
  if (!model.reasoning) {
    if (typeof body["reasoning_effort"] !== "string") return undefined;
    const message = "Unrecognized request argument supplied: reasoning_effort";
    return openAiError(message, { status: 400 });
  }
  if (typeof body["max_tokens"] === "number") {
    return unsupportedParameter("max_tokens", "Use 'max_completion_tokens' instead.");
  }
  for (const name of ["stop", "logprobs", "top_logprobs", "logit_bias", "prediction"]) {
    const value = body[name];
    if (value !== undefined && value !== null && value !== false) return unsupportedParameter(name);
  }
  return findSamplingProblem(body);
}

/** The messages of a body that passed `findChatProblem`. */
export function messagesOf(body: JsonObject): readonly JsonObject[] {
  const { messages } = body;
  return Array.isArray(messages) ? messages.filter(isJsonObject) : [];
}

function findSamplingProblem(body: JsonObject): Reply | undefined {
  const defaults = { temperature: 1, top_p: 1, presence_penalty: 0, frequency_penalty: 0 };
  for (const [name, standard] of Object.entries(defaults)) {
    const value = body[name];
    if (typeof value !== "number" || value === standard) continue;
    return openAiError(
      `Unsupported value: '${name}' does not support ${value} with this model. Only the default (${standard}) value is supported.`,
      { status: 400, code: "unsupported_value", param: name },
    );
  }
  return undefined;
}

function unsupportedParameter(name: string, hint?: string): Reply {
  return openAiError(
    `Unsupported parameter: '${name}' is not supported with this model.${hint === undefined ? "" : ` ${hint}`}`,
    { status: 400, code: "unsupported_parameter", param: name },
  );
}

function emptyArray(path: readonly (string | number)[]): Reply {
  const place = path.map((step, at) => (at > 0 && typeof step === "number" ? `[${step}]` : step));
  const param = place.join(".").replaceAll(".[", "[");
  return openAiError(
    `Invalid '${param}': empty array. Expected an array with minimum length 1, but got an empty array instead.`,
    { status: 400, param, code: "empty_array" },
  );
}

function findNeedProblem(body: JsonObject): Reply | undefined {
  const needs = [
    { name: "stream_options", other: "stream", met: body["stream"] === true },
    { name: "tool_choice", other: "tools", met: body["tools"] !== undefined },
    { name: "parallel_tool_calls", other: "tools", met: body["tools"] !== undefined },
  ];
  for (const { name, other, met } of needs) {
    if (met || body[name] === undefined || body[name] === null) continue;
    const message =
      other === "stream"
        ? "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        : `Invalid value for '${name}': '${name}' is only allowed when 'tools' are specified.`;
    return openAiError(message, { status: 400, param: name });
  }
  if (typeof body["top_logprobs"] !== "number" || body["logprobs"] === true) return undefined;
  const message = "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.";
  return openAiError(message, { status: 400, param: "top_logprobs" });
}

function findContentProblem(messages: readonly JsonObject[]): Reply | undefined {
  for (const [index, message] of messages.entries()) {
    const { role, content } = message;
    const isEmpty = content === undefined || content === null;
    const hasOther = message["tool_calls"] !== undefined || typeof message["refusal"] === "string";
    if (role === "assistant" && isEmpty && !hasOther && message["function_call"] === undefined) {
      const param = `messages[${index}].content`;
      return openAiError(`Invalid value for 'content': expected a string, got null.`, {
        status: 400,
        param,
        code: "invalid_type",
      });
    }
    const problem = Array.isArray(content) ? findPartProblem(content, index) : undefined;
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function findPartProblem(parts: readonly unknown[], message: number): Reply | undefined {
  for (const [index, part] of parts.entries()) {
    if (!isJsonObject(part)) continue;
    const reason = brokenMedia(part);
    if (reason === undefined) continue;
    const param = `messages[${message}].content[${index}].${String(part["type"])}`;
    return openAiError(`Invalid '${param}': ${reason}.`, {
      status: 400,
      param,
      code: "invalid_value",
    });
  }
  return undefined;
}

function brokenMedia(part: JsonObject): string | undefined {
  const { image_url: image, file } = part;
  if (isJsonObject(image)) {
    const found = inspectImageUrl(String(image["url"]));
    return found.kind === "broken" ? found.reason : undefined;
  }
  if (!isJsonObject(file)) return undefined;
  const { file_data: data, file_id: id, filename } = file;
  if (typeof id === "string") return undefined;
  const parsed = typeof data === "string" ? parseDataUrl(data) : undefined;
  if (parsed === undefined) return "expected 'file_id', or 'file_data' as a data URL";
  if (typeof filename !== "string") return "missing 'filename' for 'file_data'";
  const found = inspectBase64(parsed.mediaType, parsed.data);
  return found.kind === "broken" ? found.reason : undefined;
}

/** Every call has its result before anyone else speaks, and every result a call. */
function findToolTurnProblem(messages: readonly JsonObject[]): Reply | undefined {
  let open: string[] = [];
  let asked = false;
  for (const [index, message] of messages.entries()) {
    if (message["role"] === "tool") {
      const id = String(message["tool_call_id"]);
      if (!asked) return strayResult(index);
      if (!open.includes(id)) {
        const text = `Invalid parameter: 'tool_call_id' of '${id}' not found in 'tool_calls' of previous message.`;
        return openAiError(text, { status: 400, param: `messages.[${index}].tool_call_id` });
      }
      open = open.filter((one) => one !== id);
      continue;
    }
    if (open.length > 0) return unanswered(open);
    open = callIdsOf(message);
    asked = open.length > 0;
  }
  return open.length > 0 ? unanswered(open) : undefined;
}

function callIdsOf({ tool_calls: calls }: JsonObject): string[] {
  const list: readonly unknown[] = Array.isArray(calls) ? calls : [];
  return list.filter(isJsonObject).map(({ id }) => String(id));
}

function strayResult(index: number): Reply {
  return openAiError(
    "Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls'.",
    { status: 400, param: `messages.[${index}].role` },
  );
}

function unanswered(ids: readonly string[]): Reply {
  return openAiError(
    `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${ids.join(", ")}`,
    { status: 400, param: "messages" },
  );
}

function findFormatProblem(body: JsonObject, messages: readonly JsonObject[]): Reply | undefined {
  const { response_format: format } = body;
  if (!isJsonObject(format)) return undefined;
  if (format["type"] === "json_object" && !/json/i.test(JSON.stringify(messages))) {
    const message =
      "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.";
    return openAiError(message, { status: 400, param: "messages" });
  }
  const { json_schema: wanted } = format;
  if (!isJsonObject(wanted)) return undefined;
  return findStrictProblem(wanted, {
    what: `response_format '${String(wanted["name"])}'`,
    param: "response_format",
  });
}

function findToolSchemaProblem(tools: unknown): Reply | undefined {
  const list: readonly unknown[] = Array.isArray(tools) ? tools : [];
  for (const [index, tool] of list.entries()) {
    const declared = isJsonObject(tool) ? tool["function"] : undefined;
    if (!isJsonObject(declared)) continue;
    const { name, parameters, strict } = declared;
    const problem = findStrictProblem(
      { schema: parameters, strict },
      { what: `function '${String(name)}'`, param: `tools[${index}].function.parameters` },
    );
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** What a strict schema must not be; `wanted` has the fields `schema` and `strict`. */
export function findStrictProblem(
  wanted: JsonObject,
  place: { readonly what: string; readonly param: string },
): Reply | undefined {
  const { schema, strict } = wanted;
  if (strict !== true || !isJsonObject(schema)) return undefined;
  const problem = findSchemaProblem(schema, openAiSchemas);
  if (problem === undefined) return undefined;
  const message = `Invalid schema for ${place.what}: In context=(${problem.place}), ${problem.reason}.`;
  return openAiError(message, { status: 400, param: place.param, code: "invalid_json_schema" });
}
