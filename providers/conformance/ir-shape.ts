/** Whether what a codec gives has the shape of the IR: a codec of a plugin may let through whatever a body held. */

import { isFeature } from "../features.ts";
import { isJsonNumber, isJsonObject } from "../json-text.ts";
import type { JsonValue } from "../json-text.ts";
import type { ValueCheck } from "../value-check.ts";
import { isObject, listOf, objectOf, optional, wanted } from "../value-check.ts";

const text = wanted("a text", (value) => typeof value === "string");
const someText = wanted(
  "a text that is not empty",
  (value) => typeof value === "string" && value !== "",
);
const flag = wanted("true or false", (value) => typeof value === "boolean");
// Both predicates only look at what they are given.
const number = wanted("a number", (value) => isJsonNumber(value as JsonValue));
const jsonObject = wanted("a JSON object", (value) => isJsonObject(value as JsonValue));
const count = wanted("a whole number", (value) => Number.isSafeInteger(value));
const status = wanted(
  "a status from 400 to 599",
  (value) => typeof value === "number" && value >= 400 && value <= 599,
);

const source = byKind({
  base64: { mediaType: text, data: text },
  url: { url: someText, mediaType: orNull(text) },
  file: { id: someText },
});

const partFields = {
  text: { text },
  image: { source, detail: orNull(text) },
  document: { source, name: orNull(text) },
  audio: { source },
  "tool-call": { id: someText, name: text, arguments: text, signature: orNull(text) },
  "tool-result": {
    callId: someText,
    name: orNull(text),
    parts: listOf((value, at) => part(value, at)),
    isError: flag,
  },
  reasoning: { text, signature: orNull(text), encrypted: orNull(text), origin: someText },
  refusal: { text },
};

const part: ValueCheck = byKind(partFields);

const output = byKind({
  text: {},
  json: {},
  schema: {
    name: orNull(text),
    description: orNull(text),
    schema: jsonObject,
    strict: orNull(flag),
  },
});

const toolChoice = byKind({ auto: {}, none: {}, required: {}, tool: { name: someText } });

const tool = objectOf({
  name: text,
  description: orNull(text),
  parameters: orNull(jsonObject),
  strict: orNull(flag),
});

const unexpressed = listOf(
  objectOf({
    feature: wanted(
      "a name of features.ts",
      (value) => typeof value === "string" && isFeature(value),
    ),
    at: text,
  }),
);

/** The shape of a `ChatRequest`. */
export const chatRequestShape: ValueCheck = objectOf({
  model: text,
  system: listOf(part),
  messages: listOf(objectOf({ role: oneOf(["user", "assistant", "system"]), parts: listOf(part) })),
  tools: listOf(tool),
  toolChoice: orNull(toolChoice),
  parallelToolCalls: orNull(flag),
  maxOutputTokens: orNull(number),
  temperature: orNull(number),
  topP: orNull(number),
  topK: orNull(number),
  seed: orNull(number),
  frequencyPenalty: orNull(number),
  presencePenalty: orNull(number),
  stop: listOf(text),
  choices: orNull(number),
  logprobs: orNull(objectOf({ top: number })),
  output,
  reasoning: orNull(
    objectOf({
      effort: orNull(oneOf(["none", "minimal", "low", "medium", "high", "xhigh", "max"])),
      budgetTokens: orNull(number),
      visible: orNull(flag),
    }),
  ),
  stream: flag,
  streamUsage: flag,
  endUser: orNull(text),
  unexpressed,
  variant: text,
});

/** The shape of an `EmbeddingsRequest`. */
export const embeddingsRequestShape: ValueCheck = objectOf({
  model: text,
  inputs: listOf(
    (value, at) => (Array.isArray(value) ? listOf(number)(value, at) : text(value, at)),
    { least: 1 },
  ),
  dimensions: orNull(number),
  encoding: oneOf(["float", "base64"]),
  endUser: orNull(text),
  unexpressed,
  variant: text,
});

const usage = objectOf({
  inputTokens: orNull(count),
  outputTokens: orNull(count),
  cachedInputTokens: orNull(count),
  cacheWriteTokens: orNull(count),
  reasoningTokens: orNull(count),
  audioInputTokens: orNull(count),
  audioOutputTokens: orNull(count),
});

const alternative = {
  token: text,
  logprob: number,
  bytes: orNull(listOf(count)),
};

const logprobs = listOf(objectOf({ ...alternative, top: listOf(objectOf(alternative)) }));

const finish = oneOf([
  ...["stop", "stop-text", "length", "tool-calls"],
  ...["content-filter", "refusal", "paused", "error"],
]);

/** The shape of a `ChatResponse`. */
export const chatResponseShape: ValueCheck = objectOf({
  id: text,
  model: text,
  created: orNull(count),
  choices: listOf(
    objectOf({
      parts: listOf(part),
      finish,
      stopText: orNull(text),
      logprobs: orNull(logprobs),
    }),
    { least: 1 },
  ),
  usage: orNull(usage),
});

/** The shape of an `EmbeddingsResponse`. */
export const embeddingsResponseShape: ValueCheck = objectOf({
  model: text,
  vectors: listOf((value, at) =>
    Array.isArray(value) ? listOf(number)(value, at) : text(value, at),
  ),
  usage: orNull(usage),
});

/** The shape of a `TokenCount`. */
export const tokenCountShape: ValueCheck = objectOf({ inputTokens: count });

/** The shape of a `ModelError`. */
export const modelErrorShape: ValueCheck = objectOf({
  status,
  kind: oneOf([
    ...["invalid-request", "authentication", "permission", "not-found", "too-large"],
    ...["rate-limit", "overloaded", "timeout", "server"],
  ]),
  message: text,
  code: orNull(text),
});

/** The shape of a `StreamEvent`. */
export const streamEventShape: ValueCheck = byKind({
  start: { id: text, model: text, created: orNull(count) },
  "part-start": {
    index: count,
    part: byKind({
      text: {},
      refusal: {},
      reasoning: { encrypted: orNull(text), origin: someText },
      "tool-call": { id: someText, name: text },
    }),
  },
  delta: { index: count, text },
  signature: { index: count, signature: text },
  logprobs: { index: count, logprobs },
  "part-end": { index: count },
  usage: { usage },
  finish: { finish, stopText: orNull(text) },
  failed: { error: modelErrorShape },
  end: {},
});

function orNull(check: ValueCheck): ValueCheck {
  return (value, at) => (value === null ? [] : check(value, at));
}

function oneOf(values: readonly string[]): ValueCheck {
  const known = new Set<unknown>(values);
  return wanted(`one of ${values.join(", ")}`, (value) => known.has(value));
}

function byKind(kinds: Readonly<Record<string, Readonly<Record<string, ValueCheck>>>>): ValueCheck {
  const checks = new Map<unknown, ValueCheck>(
    Object.entries(kinds).map(([kind, fields]) => [
      kind,
      objectOf({ kind: optional(text), ...fields }),
    ]),
  );
  const kind = oneOf(Object.keys(kinds));
  return (value, at) => {
    if (!isObject(value)) return [`${at || "it"} is no object`];
    const check = checks.get(value["kind"]);
    return check === undefined
      ? kind(value["kind"], at === "" ? "kind" : `${at}.kind`)
      : check(value, at);
  };
}
