/** POST /v1/messages, plain and streamed, and its token count. https://docs.anthropic.com/en/api/messages */
import { anthropicError, anthropicFieldError } from "./anthropic-error.ts";
import { findFieldProblem, isJsonObject, jsonTypeOf } from "./json-fields.ts";
import type { FieldProblem, FieldRules, JsonObject } from "./json-fields.ts";
import { eventReply, jsonReply } from "./reply.ts";
import type { Reply, ServerSentEvent } from "./reply.ts";
import type { SiteEnvironment } from "./site.ts";
import { countTokens, toTokens } from "./tokens.ts";

/** Models known, with the dated name that answers carry. */
export const anthropicModels: ReadonlyMap<string, string> = new Map([
  ["claude-opus-5-5", "claude-opus-5-5"],
  ["claude-sonnet-5-5", "claude-sonnet-5-5"],
  ["claude-haiku-5-5", "claude-haiku-5-5"],
  ["claude-opus-4-5", "claude-opus-4-5-20251101"],
  ["claude-sonnet-4-5", "claude-sonnet-4-5-20250929"],
  ["claude-haiku-4-5", "claude-haiku-4-5-20251001"],
]);

const countRules: FieldRules = {
  model: { type: "string", required: true },
  messages: { type: "array", required: true },
  cache_control: { type: "object", nullable: true },
  output_config: { type: "object" },
  system: { type: ["string", "array"] },
  thinking: { type: "object" },
  tool_choice: { type: "object" },
  tools: { type: "array" },
};

const messageRules: FieldRules = {
  ...countRules,
  max_tokens: { type: "integer", required: true, minimum: 1 },
  container: { type: ["string", "object"], nullable: true },
  inference_geo: { type: "string", nullable: true },
  metadata: { type: "object" },
  service_tier: { type: "string", values: ["auto", "standard_only"] },
  stop_sequences: { type: "array" },
  stream: { type: "boolean" },
};

// Version 2026-10-21 refuses them even at their defaults.
const samplingRules: FieldRules = {
  temperature: { type: "number", minimum: 0, maximum: 1 },
  top_k: { type: "integer", minimum: 0 },
  top_p: { type: "number", minimum: 0, maximum: 1 },
};

// Taken only with an `anthropic-beta` header, as the real API does.
const betaRules: FieldRules = {
  context_management: { type: "object", nullable: true },
  mcp_servers: { type: "array" },
  speed: { type: "string", values: ["standard", "fast"] },
};

const turnRules: FieldRules = {
  role: { type: "string", required: true, values: ["user", "assistant"] },
  content: { type: ["string", "array"], required: true },
};

const blockTypes = [
  "document",
  "image",
  "redacted_thinking",
  "search_result",
  "server_tool_use",
  "text",
  "thinking",
  "tool_result",
  "tool_use",
  "web_search_tool_result",
];

const tokensPerTurn = 4;
const tokensPerRequest = 3;

/** What the headers of a request settle. */
export interface AnthropicContract {
  /** `anthropic-version`, one of the known ones */
  readonly version: string;
  /** True with an `anthropic-beta` header */
  readonly beta: boolean;
}

interface Message {
  readonly id: string;
  readonly model: string;
  readonly tokens: readonly string[];
  readonly stopReason: "end_turn" | "max_tokens";
  readonly inputTokens: number;
}

/** Answers a decoded Messages request: the text repeats the last user text, usage is counted from the texts. */
export function answerMessages(
  body: JsonObject,
  environment: SiteEnvironment,
  contract: AnthropicContract,
): Reply {
  const rules = {
    ...messageRules,
    ...(isStrictVersion(contract) ? {} : samplingRules),
    ...(contract.beta ? betaRules : {}),
  };
  const refusal = findProblem(body, rules, contract);
  if (refusal !== undefined) return refusal;
  const message = compose(body, environment);
  return body["stream"] === true
    ? eventReply(renderEvents(message))
    : jsonReply(200, renderMessage(message, "final"));
}

/** Answers a decoded count_tokens request with the count that a message of the same content would be charged. */
export function answerCountTokens(body: JsonObject, contract: AnthropicContract): Reply {
  const refusal = findProblem(body, countRules, contract);
  return refusal ?? jsonReply(200, { input_tokens: countInput(body) });
}

function isStrictVersion(contract: AnthropicContract): boolean {
  return contract.version >= "2026-10-21";
}

function findProblem(
  body: JsonObject,
  rules: FieldRules,
  contract: AnthropicContract,
): Reply | undefined {
  const problem = findFieldProblem(body, rules);
  if (problem !== undefined) return anthropicFieldError(problem);
  const messages: readonly unknown[] = Array.isArray(body["messages"]) ? body["messages"] : [];
  if (messages.length === 0) {
    return anthropicError(400, "messages: at least one message is required");
  }
  for (const [index, message] of messages.entries()) {
    const refusal = findTurnProblem(message, index) ?? findStrictProblem(message, index, contract);
    if (refusal !== undefined) return refusal;
  }
  const model = String(body["model"]);
  const known = anthropicModels.has(model) || [...anthropicModels.values()].includes(model);
  return known ? undefined : anthropicError(404, `model: ${model}`);
}

function findTurnProblem(message: unknown, index: number): Reply | undefined {
  const path = ["messages", index];
  if (!isJsonObject(message)) {
    return anthropicFieldError({
      kind: "type",
      path,
      wanted: "object",
      received: jsonTypeOf(message),
    });
  }
  const problem =
    findFieldProblem(message, turnRules, path) ?? findBlockProblem(message["content"], path);
  if (problem !== undefined) return anthropicFieldError(problem);
  if (hasEmptyText(message["content"])) {
    return anthropicError(400, "messages: text content blocks must be non-empty");
  }
  return undefined;
}

/** The two content rules that version 2026-10-21 added. https://platform.claude.com/docs/en/api/versioning */
function findStrictProblem(
  message: unknown,
  index: number,
  contract: AnthropicContract,
): Reply | undefined {
  if (!isStrictVersion(contract) || !isJsonObject(message)) return undefined;
  const { role, content } = message;
  const blocks = Array.isArray(content) ? content.filter(isJsonObject) : [];
  const cites = ({ citations }: JsonObject): boolean =>
    Array.isArray(citations) && citations.length > 0;
  if (role === "assistant" && blocks.some(({ type }) => type === "document")) {
    return anthropicError(
      400,
      `messages.${index}.content: document blocks are not permitted in assistant messages`,
    );
  }
  if (role === "user" && blocks.some((block) => block["type"] === "text" && cites(block))) {
    return anthropicError(
      400,
      `messages.${index}.content: citations are not permitted in user messages`,
    );
  }
  return undefined;
}

function findBlockProblem(content: unknown, path: (string | number)[]): FieldProblem | undefined {
  if (!Array.isArray(content)) return undefined;
  for (const [index, block] of content.entries()) {
    const at = [...path, "content", index];
    if (!isJsonObject(block))
      return { kind: "type", path: at, wanted: "object", received: jsonTypeOf(block) };
    const { type } = block;
    if (typeof type !== "string") return { kind: "missing", path: [...at, "type"] };
    if (!blockTypes.includes(type)) {
      return { kind: "value", path: [...at, "type"], received: type, allowed: blockTypes };
    }
    if (type === "text" && typeof block["text"] !== "string") {
      return { kind: "missing", path: [...at, "text", "text"] };
    }
  }
  return undefined;
}

function hasEmptyText(content: unknown): boolean {
  if (content === "") return true;
  if (!Array.isArray(content)) return false;
  return content.some(
    (block) => isJsonObject(block) && block["type"] === "text" && block["text"] === "",
  );
}

function compose(body: JsonObject, environment: SiteEnvironment): Message {
  const messages: readonly unknown[] = Array.isArray(body["messages"]) ? body["messages"] : [];
  const lastUser = messages.findLast((turn) => isJsonObject(turn) && turn["role"] === "user");
  const said = isJsonObject(lastUser) ? textOf(lastUser["content"]) : "";
  const full = toTokens(`You said: ${said}`);
  const limit = Number(body["max_tokens"]);
  const model = String(body["model"]);
  return {
    id: `msg_01${environment.randomHex(22)}`,
    model: anthropicModels.get(model) ?? model,
    tokens: full.slice(0, limit),
    stopReason: full.length > limit ? "max_tokens" : "end_turn",
    inputTokens: countInput(body),
  };
}

function countInput(body: JsonObject): number {
  const messages: readonly unknown[] = Array.isArray(body["messages"]) ? body["messages"] : [];
  const system = countTokens(textOf(body["system"]));
  return messages.reduce<number>((sum, turn) => {
    const text = isJsonObject(turn) ? textOf(turn["content"]) : "";
    return sum + countTokens(text) + tokensPerTurn;
  }, system + tokensPerRequest);
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((block) => (isJsonObject(block) && typeof block["text"] === "string" ? block["text"] : ""))
    .join("");
}

function renderMessage(message: Message, phase: "started" | "final"): object {
  const final = phase === "final";
  return {
    id: message.id,
    type: "message",
    role: "assistant",
    model: message.model,
    content: final ? [{ type: "text", text: message.tokens.join("") }] : [],
    stop_reason: final ? message.stopReason : null,
    stop_sequence: null,
    usage: {
      input_tokens: message.inputTokens,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
      output_tokens: final ? message.tokens.length : 1,
      service_tier: "standard",
    },
  };
}

function renderEvents(message: Message): ServerSentEvent[] {
  const events: ServerSentEvent[] = [];
  const push = (type: string, fields: object): void => {
    events.push({ event: type, data: { type, ...fields } });
  };
  push("message_start", { message: renderMessage(message, "started") });
  push("content_block_start", { index: 0, content_block: { type: "text", text: "" } });
  push("ping", {});
  for (const text of message.tokens) {
    push("content_block_delta", { index: 0, delta: { type: "text_delta", text } });
  }
  push("content_block_stop", { index: 0 });
  push("message_delta", {
    delta: { stop_reason: message.stopReason, stop_sequence: null },
    usage: {
      input_tokens: message.inputTokens,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      output_tokens: message.tokens.length,
    },
  });
  push("message_stop", {});
  return events;
}
