/**
 * What no single field of a Responses request says: content by role, calls and their results, references to what is
 * not stored, and what a model does not support. https://platform.openai.com/docs/api-reference/responses/create
 */
import { findFieldProblem, isJsonObject } from "./json-fields.ts";
import type { JsonObject } from "./json-fields.ts";
import { inspectBase64, inspectImageUrl, parseDataUrl } from "./media.ts";
import { signatureOf } from "./model-answer.ts";
import { findStrictProblem } from "./openai-chat-problem.ts";
import { openAiError, openAiFieldError } from "./openai-error.ts";
import type { OpenAiModel } from "./openai-model.ts";
import { messageContents, responseRules } from "./openai-responses-rules.ts";
import type { Reply } from "./reply.ts";

/** The answer to a body that the endpoint refuses whatever the model; undefined for a good one. */
export function findResponseProblem(body: JsonObject): Reply | undefined {
  const problem = findFieldProblem(body, responseRules);
  if (problem !== undefined) return openAiFieldError(problem);
  const { previous_response_id: previous } = body;
  if (typeof previous === "string") {
    return openAiError(`Previous response with id '${previous}' not found.`, {
      status: 400,
      param: "previous_response_id",
      code: "previous_response_not_found",
    });
  }
  const items = itemsOf(body);
  return (
    findMessageProblem(items) ??
    findReasoningProblem(items) ??
    findCallProblem(items) ??
    findSchemaProblem(body)
  );
}

/** The answer to a body that this model does not support; undefined when it does. */
export function findResponseModelProblem(body: JsonObject, model: OpenAiModel): Reply | undefined {
  const { reasoning } = body;
  if (!model.reasoning) {
    const given = isJsonObject(reasoning) ? Object.keys(reasoning) : [];
    const [first] = given.filter((name) => isJsonObject(reasoning) && reasoning[name] !== null);
    return first === undefined ? undefined : unsupported(`reasoning.${first}`);
  }
  const name = ["temperature", "top_p"].find(
    (one) => typeof body[one] === "number" && body[one] !== 1,
  );
  return name === undefined ? undefined : unsupported(name);
}

/** Items of `input`; a lone text is one message of the user. */
export function itemsOf(body: JsonObject): readonly JsonObject[] {
  const { input } = body;
  if (typeof input === "string") return [{ type: "message", role: "user", content: input }];
  return Array.isArray(input) ? input.filter(isJsonObject) : [];
}

function unsupported(param: string): Reply {
  return openAiError(`Unsupported parameter: '${param}' is not supported with this model.`, {
    status: 400,
    param,
    code: "unsupported_parameter",
  });
}

function findMessageProblem(items: readonly JsonObject[]): Reply | undefined {
  for (const [index, item] of items.entries()) {
    const { type = "message", role, content, output } = item;
    if (type === "message") {
      const rules = messageContents[String(role)] ?? {};
      const problem = findFieldProblem({ content }, rules, ["input", index]);
      if (problem !== undefined) return openAiFieldError(problem);
    }
    const parts: readonly unknown[] = [content, output].flatMap((one) =>
      Array.isArray(one) ? one : [],
    );
    const reason = parts.filter(isJsonObject).map(brokenMedia).find(Boolean);
    if (reason === undefined) continue;
    const param = `input[${index}].content`;
    return openAiError(`Invalid '${param}': ${reason}.`, {
      status: 400,
      param,
      code: "invalid_value",
    });
  }
  return undefined;
}

function brokenMedia(part: JsonObject): string | undefined {
  const { type, image_url: image, file_id: id, file_data: data, file_url: url } = part;
  if (type === "input_image") {
    if (typeof image !== "string") {
      return typeof id === "string" ? undefined : "expected 'image_url' or 'file_id'";
    }
    const found = inspectImageUrl(image);
    return found.kind === "broken" ? found.reason : undefined;
  }
  if (type !== "input_file" || typeof id === "string" || typeof url === "string") return undefined;
  const parsed = typeof data === "string" ? parseDataUrl(data) : undefined;
  if (parsed === undefined) return "expected 'file_data' as a data URL";
  if (typeof part["filename"] !== "string") return "missing 'filename' for 'file_data'";
  const found = inspectBase64(parsed.mediaType, parsed.data);
  return found.kind === "broken" ? found.reason : undefined;
}

/** What a reasoning item's `encrypted_content` must be for the summary that it has. */
export function encryptedReasoning(summary: string): string {
  return `gAAAA${signatureOf("openai", summary)}`;
}

function findReasoningProblem(items: readonly JsonObject[]): Reply | undefined {
  for (const [index, item] of items.entries()) {
    if (item["type"] !== "reasoning") continue;
    const id = String(item["id"]);
    if (items[index + 1] === undefined) {
      const message = `Item '${id}' of type 'reasoning' was provided without its required following item.`;
      return openAiError(message, { status: 400, param: "input" });
    }
    const { encrypted_content: sealed } = item;
    if (typeof sealed !== "string" || sealed.startsWith("gAAAA")) continue;
    const message = `The encrypted content for item ${id} could not be verified.`;
    return openAiError(message, { status: 400, code: "invalid_encrypted_content" });
  }
  return undefined;
}

/** Every call has its result, and every result a call before it. */
function findCallProblem(items: readonly JsonObject[]): Reply | undefined {
  const open = new Set<string>();
  for (const { type, call_id: callId } of items) {
    const id = String(callId);
    if (type === "function_call") open.add(id);
    if (type !== "function_call_output" || open.delete(id)) continue;
    const message = `No tool call found for function call output with call_id ${id}.`;
    return openAiError(message, { status: 400, param: "input" });
  }
  const [first] = open;
  if (first === undefined) return undefined;
  const message = `No tool output found for function call ${first}.`;
  return openAiError(message, { status: 400, param: "input" });
}

function findSchemaProblem(body: JsonObject): Reply | undefined {
  const { text, tools } = body;
  const format = isJsonObject(text) ? text["format"] : undefined;
  const list: readonly unknown[] = Array.isArray(tools) ? tools : [];
  const wanted = [
    { value: format, what: "response_format", param: "text.format.schema", field: "schema" },
    ...list.map((value, index) => ({
      value,
      what: "function",
      param: `tools[${index}].parameters`,
      field: "parameters",
    })),
  ];
  for (const { value, what, param, field } of wanted) {
    if (!isJsonObject(value)) continue;
    const problem = findStrictProblem(
      { schema: value[field], strict: value["strict"] },
      { what: `${what} '${String(value["name"])}'`, param },
    );
    if (problem !== undefined) return problem;
  }
  return undefined;
}
