/**
 * Conversations that codecs must carry over: each is small and is about one thing, so that a dialect which lacks that
 * thing misses no other case.
 */

import { blankRequest } from "../blank-request.ts";
import type { ChatRequest, Message, Part, ReasoningPart, Tool } from "../ir.ts";
import { parseJsonText } from "../json-text.ts";
import type { JsonNumber } from "../json-text.ts";
import { jpegBase64, pdfBase64, pngBase64, wavBase64 } from "./sample-files.ts";

/** One conversation. */
export interface RequestCase {
  readonly name: string;
  readonly request: ChatRequest;
  /** Texts stand beside each other, which dialects whose turns are one text must join */
  readonly joinsTexts: boolean;
}

const joinedCases: readonly string[] = ["two turns of one role", "several texts in one turn"];

/** The least conversation; cases differ from it. */
export const plainConversation: ChatRequest = {
  ...blankRequest,
  model: "model-1",
  messages: [userSays("Hello")],
};

/** A tool of cases. */
export const weatherTool: Tool = {
  name: "get_weather",
  description: "Weather of a city",
  parameters: {
    type: "object",
    properties: { city: { type: "string" }, days: { type: "integer" } },
    required: ["city"],
    additionalProperties: false,
  },
  strict: null,
};

const stopTool: Tool = { name: "stop-all", description: null, parameters: null, strict: null };

/** Text with all that escaping and counting can get wrong. */
export const difficultText = 'Grüße 👩‍🚀 "quoted" \\ \n\t\u2028 <b>&amp;</b> \u0001 end\r\n';

/** Every conversation. */
export function requestCases(): readonly RequestCase[] {
  const cases = {
    ...textCases(),
    ...samplingCases(),
    ...toolCases(),
    ...resultCases(),
    ...mediaCases(),
    ...reasoningCases(),
  };
  return Object.entries(cases).map(([name, changes]) => ({
    name,
    request: { ...plainConversation, ...changes },
    joinsTexts: joinedCases.includes(name),
  }));
}

/** Reasoning of an earlier turn in the forms that dialects have; each needs only one of them. */
export function reasoningForms(origin: string): readonly ReasoningPart[] {
  const part = { kind: "reasoning", text: "Weather is asked", origin } as const;
  const form = { ...part, signature: null, encrypted: null };
  return [
    { ...form, signature: "c2lnbmF0dXJlLTE=" },
    { ...form, encrypted: "ZW5jcnlwdGVkLTE=" },
    { ...form, text: "", encrypted: "ZW5jcnlwdGVkLTE=" },
    { ...form, signature: "c2lnbmF0dXJlLTE=", encrypted: "ZW5jcnlwdGVkLTE=" },
    form,
  ];
}

/** A conversation whose answer of before holds reasoning. */
export function conversationWith(reasoning: ReasoningPart): ChatRequest {
  const messages: Message[] = [
    userSays("Weather?"),
    { role: "assistant", parts: [reasoning, text("Where?")] },
    userSays("Bern"),
  ];
  return { ...plainConversation, messages };
}

type Cases = Readonly<Record<string, Partial<ChatRequest>>>;

function textCases(): Cases {
  return {
    "one text": {},
    "difficult text": { messages: [userSays(difficultText)] },
    instructions: { system: [text("Be brief")] },
    "difficult instructions": { system: [text(difficultText)] },
    "several turns": {
      messages: [
        userSays("One"),
        assistantSays("Two"),
        userSays("Three"),
        assistantSays("4"),
        userSays("Five"),
      ],
    },
    "two turns of one role": { messages: [userSays("One"), userSays("Two")] },
    "several texts in one turn": {
      messages: [{ role: "user", parts: [text("One"), text("Two")] }],
    },
    "a refusal of before": {
      messages: [
        userSays("One"),
        { role: "assistant", parts: [{ kind: "refusal", text: "I will not" }] },
        userSays("Two"),
      ],
    },
    "an answer to go on with": { messages: [userSays("Count"), assistantSays("One, two,")] },
    "instructions in mid-conversation": {
      messages: [
        userSays("One"),
        { role: "system", parts: [text("Now in French")] },
        assistantSays("Deux"),
        userSays("Three"),
      ],
    },
    "an end user": { endUser: "user-7" },
    "a stream": { stream: true, streamUsage: true },
  };
}

function samplingCases(): Cases {
  return {
    "most output tokens": { maxOutputTokens: 256 },
    temperature: { temperature: 0.5 },
    "temperature with many digits": { temperature: numberOf("0.30000000000000000001") },
    "temperature of none": { temperature: 0 },
    "top p": { topP: 0.25 },
    "top k": { topK: 40 },
    seed: { seed: 7 },
    "a frequency penalty": { frequencyPenalty: 0.5 },
    "a presence penalty": { presencePenalty: -0.5 },
    "one stop text": { stop: ["END"] },
    "several stop texts": { stop: ["END", "\n\n", difficultText] },
    "two answers": { choices: 2 },
    "log probabilities": { logprobs: { top: 2 } },
    "log probabilities of the chosen tokens": { logprobs: { top: 0 } },
    "any JSON": { output: { kind: "json" } },
    "JSON of a schema": {
      output: {
        kind: "schema",
        name: "forecast",
        description: null,
        schema: {
          type: "object",
          properties: { sky: { type: "string" }, degrees: { type: "number" } },
          required: ["sky", "degrees"],
          additionalProperties: false,
        },
        strict: true,
      },
    },
    "reasoning of medium effort": {
      reasoning: { effort: "medium", budgetTokens: null, visible: null },
    },
    "reasoning of 2,048 tokens": {
      reasoning: { effort: null, budgetTokens: 2_048, visible: null },
    },
    "reasoning to be seen": { reasoning: { effort: "high", budgetTokens: null, visible: true } },
  };
}

function toolCases(): Cases {
  const tools = [weatherTool];
  return {
    "one tool": { tools },
    "several tools": {
      tools: [weatherTool, { ...weatherTool, name: "a_b-3", description: difficultText }],
    },
    "a tool without arguments": { tools: [stopTool] },
    "a tool with strict arguments": { tools: [{ ...weatherTool, strict: true }] },
    "a tool to be chosen freely": { tools, toolChoice: { kind: "auto" } },
    "no tool to be called": { tools, toolChoice: { kind: "none" } },
    "some tool to be called": { tools, toolChoice: { kind: "required" } },
    "a named tool to be called": { tools, toolChoice: { kind: "tool", name: "get_weather" } },
    "one call at a time": { tools, parallelToolCalls: false },
    "one call of a named tool": {
      tools,
      toolChoice: { kind: "tool", name: "get_weather" },
      parallelToolCalls: false,
    },
  };
}

function resultCases(): Cases {
  const tools = [weatherTool, stopTool];
  const bern = '{"city":"Bern","days":12345678901234567890,"factor":1.50}';
  const asked = { role: "assistant", parts: [call("call_1", bern)] } as const;
  const askedTwice = {
    role: "assistant",
    parts: [text("I look"), call("call_1", bern), call("call_2", '{"city":"Zürich \\"HB\\""}')],
  } as const;
  const answered = (parts: readonly Part[]) => ({
    tools,
    messages: [userSays("Weather?"), asked, { role: "user" as const, parts }],
  });
  return {
    "a call and its result": answered([result("call_1", [text("Rain, 7 °C")])]),
    "a result and a question": answered([result("call_1", [text("Rain")]), text("And now?")]),
    "a result without content": answered([result("call_1", [])]),
    "a result that is an error": answered([
      { ...result("call_1", [text("No such city")]), isError: true },
    ]),
    "a result with an image": answered([result("call_1", [text("Map"), image])]),
    "a result with a document": answered([result("call_1", [text("Report"), pdf])]),
    "a call without arguments": {
      tools,
      messages: [
        userSays("Stop"),
        { role: "assistant", parts: [{ ...call("call_1", "{}"), name: "stop-all" }] },
        { role: "user", parts: [result("call_1", [text("Done")])] },
      ],
    },
    "several calls and their results": {
      tools,
      messages: [
        userSays("Weather?"),
        askedTwice,
        {
          role: "user",
          parts: [
            result("call_1", [text("Rain")]),
            result("call_2", [text("Sun")]),
            text("Which is better?"),
          ],
        },
      ],
    },
    "calls of several turns": {
      tools,
      messages: [
        userSays("Weather?"),
        asked,
        { role: "user", parts: [result("call_1", [text("Rain")])] },
        { role: "assistant", parts: [call("call_2", '{"city":"Genf"}')] },
        { role: "user", parts: [result("call_2", [text("Snow")])] },
        assistantSays("Rain and snow"),
        userSays("Thanks"),
      ],
    },
  };
}

function mediaCases(): Cases {
  const asks = (...parts: Part[]) => ({ messages: [{ role: "user" as const, parts }] });
  const photo = {
    kind: "image",
    source: { kind: "url", url: "https://images.example/a%20b.png?x=1&y=2", mediaType: null },
    detail: null,
  } as const;
  return {
    "an image": asks(text("What is it?"), image),
    "two images between texts": asks(
      text("This"),
      image,
      text("or"),
      {
        ...image,
        source: { kind: "base64", mediaType: "image/jpeg", data: jpegBase64 },
      },
      text("?"),
    ),
    "an image by its address": asks(text("What is it?"), photo),
    "an image in detail": asks(text("What is it?"), { ...image, detail: "high" }),
    "an image that was uploaded": asks(text("What is it?"), {
      ...image,
      source: { kind: "file", id: "file-1" },
    }),
    "a document": asks(text("Sum it up"), pdf),
    "a document by its address": asks(text("Sum it up"), {
      ...pdf,
      source: { kind: "url", url: "https://documents.example/a.pdf", mediaType: "application/pdf" },
    }),
    sound: asks(text("What is said?"), {
      kind: "audio",
      source: { kind: "base64", mediaType: "audio/wav", data: wavBase64 },
    }),
  };
}

function reasoningCases(): Cases {
  const [first] = reasoningForms("a codec that nobody has");
  if (first === undefined) return {};
  return { "reasoning of another provider": { messages: conversationWith(first).messages } };
}

const image: Extract<Part, { readonly kind: "image" }> = {
  kind: "image",
  source: { kind: "base64", mediaType: "image/png", data: pngBase64 },
  detail: null,
};

const pdf: Extract<Part, { readonly kind: "document" }> = {
  kind: "document",
  source: { kind: "base64", mediaType: "application/pdf", data: pdfBase64 },
  name: null,
};

function text(value: string): Part {
  return { kind: "text", text: value };
}

function call(id: string, json: string) {
  return {
    kind: "tool-call",
    id,
    name: "get_weather",
    arguments: json,
    signature: null,
  } as const;
}

function result(callId: string, parts: readonly Part[]) {
  return { kind: "tool-result", callId, name: null, parts, isError: false } as const;
}

function userSays(value: string): Message {
  return { role: "user", parts: [text(value)] };
}

function assistantSays(value: string): Message {
  return { role: "assistant", parts: [text(value)] };
}

/** As a decoder reads it: with its digits. */
function numberOf(digits: string): JsonNumber {
  const parsed = parseJsonText(digits);
  if (parsed.kind !== "value") throw new RangeError(`Cannot read the number ${digits}`);
  // The text of a number is read as one.
  return parsed.value as JsonNumber;
}
