/**
 * What no single field of a Converse request says: turns, blank text, calls and their results, and what Claude itself
 * does not take. Wording as the service's. https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference.html
 */
import { findMeaningProblem } from "./anthropic-problem.ts";
import type { AnthropicModel } from "./anthropic-model.ts";
import { validationError } from "./bedrock-error.ts";
import { objectsOf, toClaude } from "./bedrock-claude.ts";
import { isJsonObject } from "./json-fields.ts";
import type { JsonObject } from "./json-fields.ts";
import type { Reply } from "./reply.ts";

/** Fields of Claude's own that may come beside the common ones. */
const claudeFields = ["anthropic_beta", "output_config", "reasoning_config", "thinking", "top_k"];

/** The answer to a body whose fields are in order and which is refused all the same; undefined for a good one. */
export function findConverseProblem(body: JsonObject, model: AnthropicModel): Reply | undefined {
  const messages = objectsOf(body["messages"]);
  const message =
    findTurnsProblem(messages) ??
    findTextProblem(messages) ??
    findToolProblem(messages, body["toolConfig"]) ??
    findDocumentProblem(messages) ??
    findClaudeField(body["additionalModelRequestFields"]) ??
    findSchemaText(body["outputConfig"]);
  if (message !== undefined) return validationError(message);
  const refusal = findMeaningProblem(toClaude(body), model, { version: "2023-06-01", beta: false });
  return refusal === undefined
    ? undefined
    : validationError(`The model returned the following errors: ${wordsOf(refusal)}`);
}

/** The message of an Anthropic error. */
export function wordsOf({ body }: Reply): string {
  const parsed: unknown = JSON.parse(typeof body === "string" ? body : "null");
  return String(Object(Object(parsed).error).message);
}

function findTurnsProblem(messages: readonly JsonObject[]): string | undefined {
  if (messages.length === 0) return "The messages field is required.";
  if (messages[0]?.["role"] !== "user") {
    return "A conversation must start with a user message. Try again with a conversation that starts with a user message.";
  }
  for (const [index, message] of messages.entries()) {
    if (objectsOf(message["content"]).length === 0) {
      return `The content field in the Message object at messages.${index} is empty. Add a ContentBlock object to the content field and try again.`;
    }
    if (index > 0 && messages[index - 1]?.["role"] === message["role"]) {
      return "A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.";
    }
  }
  return undefined;
}

function findTextProblem(messages: readonly JsonObject[]): string | undefined {
  for (const [index, { content }] of messages.entries()) {
    const at = objectsOf(content).findIndex(
      ({ text }) => typeof text === "string" && text.trim() === "",
    );
    if (at < 0) continue;
    return `The text field in the ContentBlock object at messages.${index}.content.${at} is blank. Add text to the text field, and try again.`;
  }
  return undefined;
}

function findToolProblem(messages: readonly JsonObject[], config: unknown): string | undefined {
  let called: readonly string[] = [];
  for (const [index, { content }] of messages.entries()) {
    const blocks = objectsOf(content);
    const results = idsOf(blocks, "toolResult");
    const uses = idsOf(blocks, "toolUse");
    if (results.length + uses.length > 0 && config === undefined) {
      return "The toolConfig field must be defined when using toolUse and toolResult content blocks.";
    }
    if (results.some((id) => !called.includes(id))) {
      return `The number of toolResult blocks at messages.${index}.content exceeds the number of toolUse blocks of previous turn.`;
    }
    const open = called.filter((id) => !results.includes(id));
    if (open.length > 0) {
      return `Expected toolResult blocks at messages.${index}.content for the following Ids: ${open.join(", ")}`;
    }
    const empty = blocks.findIndex(isEmptyError);
    if (empty >= 0) {
      return `The content field at messages.${index}.content.${empty}.toolResult cannot be empty when status value is error.`;
    }
    called = uses;
  }
  return undefined;
}

function idsOf(blocks: readonly JsonObject[], member: string): string[] {
  return blocks
    .map((block) => block[member])
    .filter(isJsonObject)
    .map(({ toolUseId }) => String(toolUseId));
}

function isEmptyError({ toolResult: result }: JsonObject): boolean {
  if (!isJsonObject(result)) return false;
  return result["status"] === "error" && objectsOf(result["content"]).length === 0;
}

function findDocumentProblem(messages: readonly JsonObject[]): string | undefined {
  const at = messages.findIndex(({ content }) => {
    const blocks = objectsOf(content);
    const hasDocument = blocks.some(({ document }) => document !== undefined);
    return hasDocument && !blocks.some(({ text }) => text !== undefined);
  });
  return at < 0
    ? undefined
    : `The content field at messages.${at} must include a text block when it includes a document block.`;
}

function findClaudeField(fields: unknown): string | undefined {
  const names = isJsonObject(fields) ? Object.keys(fields) : [];
  const unknown = names.find((name) => !claudeFields.includes(name));
  return unknown === undefined
    ? undefined
    : `Malformed input request: #: extraneous key [${unknown}] is not permitted, please reformat your input and try again.`;
}

/** The schema of an output comes as text. */
function findSchemaText(config: unknown): string | undefined {
  const schema = schemaTextOf(config);
  if (schema === undefined) return undefined;
  try {
    return isJsonObject(JSON.parse(schema)) ? undefined : "The JSON schema must be an object.";
  } catch {
    return "The JSON schema is not valid JSON."; // the parser's own words would quote it
  }
}

function schemaTextOf(config: unknown): string | undefined {
  const format = isJsonObject(config) ? config["textFormat"] : undefined;
  const structure = isJsonObject(format) ? format["structure"] : undefined;
  const wanted = isJsonObject(structure) ? structure["jsonSchema"] : undefined;
  const schema = isJsonObject(wanted) ? wanted["schema"] : undefined;
  return typeof schema === "string" ? schema : undefined;
}
