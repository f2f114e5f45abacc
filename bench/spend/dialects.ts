/** The two dialects of the counting provider: how a request reads and counts, and how an answer is written. */
import type { Vocabulary } from "./vocabulary.ts";
import { vocabularies } from "./vocabulary.ts";

/** A request as the provider reads it. */
export interface CountedPrompt {
  readonly tokens: number;
  readonly isStream: boolean;
  /** The stream is to tell usage at its end */
  readonly wantsUsage: boolean;
}

/** Tokens of a call. */
export interface CallCount {
  readonly input: number;
  readonly output: number;
}

/** One dialect. */
export interface Dialect {
  readonly vocabulary: Vocabulary;
  read(body: Buffer): CountedPrompt;
  plain(text: string, count: CallCount): string;
  begin(prompt: CountedPrompt): string;
  delta(text: string): string;
  end(count: CallCount, prompt: CountedPrompt): string;
}

interface AskedBody {
  readonly system?: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly tools?: readonly object[];
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
}

/** The dialect of a path. */
export function dialectOf(path: string): Dialect {
  return path.startsWith("/v1/messages") ? anthropic : openai;
}

/** What providers put around messages: their role and marks, and the start of the answer. */
const tokensOfMessage = 4;
const tokensOfStart = 3;

function readWith(vocabulary: Vocabulary, body: Buffer): CountedPrompt {
  // Written by `breaking-agent.ts`.
  const { system, messages, tools, stream, stream_options } = JSON.parse(
    body.toString("utf8"),
  ) as AskedBody;
  const texts = [...(system === undefined ? [] : [system]), ...messages.map((one) => one.content)];
  const told = texts.reduce((sum, text) => sum + tokensOfMessage + vocabulary.count(text), 0);
  const tooling = tools === undefined ? 0 : vocabulary.count(JSON.stringify(tools));
  return {
    tokens: tokensOfStart + told + tooling,
    isStream: stream === true,
    wantsUsage: stream_options?.include_usage === true,
  };
}

const event = (data: object, name?: string) =>
  `${name === undefined ? "" : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`;

const chunk = (choices: readonly object[], more: object = {}) =>
  event({
    ...{ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "gpt-4.1" },
    choices,
    ...more,
  });

const openAiUsage = ({ input, output }: CallCount) => ({
  prompt_tokens: input,
  completion_tokens: output,
  total_tokens: input + output,
});

const openai: Dialect = {
  vocabulary: vocabularies.o200k,
  read: (body) => readWith(vocabularies.o200k, body),
  plain: (content, count) =>
    JSON.stringify({
      ...{ id: "chatcmpl-1", object: "chat.completion", created: 1, model: "gpt-4.1" },
      choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
      usage: openAiUsage(count),
    }),
  begin: () => chunk([{ index: 0, delta: { role: "assistant", content: "" } }]),
  delta: (content) => chunk([{ index: 0, delta: { content } }]),
  end: (count, { wantsUsage }) =>
    [
      chunk([{ index: 0, delta: {}, finish_reason: "stop" }]),
      wantsUsage ? chunk([], { usage: openAiUsage(count) }) : "",
      "data: [DONE]\n\n",
    ].join(""),
};

const message = { id: "msg_1", type: "message", role: "assistant", model: "claude-sonnet-4-5" };

const anthropic: Dialect = {
  vocabulary: vocabularies.cl100k,
  read: (body) => readWith(vocabularies.cl100k, body),
  plain: (text, { input, output }) =>
    JSON.stringify({
      ...message,
      content: [{ type: "text", text }],
      stop_reason: "end_turn",
      usage: { input_tokens: input, output_tokens: output },
    }),
  begin: ({ tokens }) =>
    event(
      {
        type: "message_start",
        message: { ...message, content: [], usage: { input_tokens: tokens, output_tokens: 1 } },
      },
      "message_start",
    ) +
    event(
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
      "content_block_start",
    ),
  delta: (text) =>
    event(
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text } },
      "content_block_delta",
    ),
  end: ({ output }) =>
    event({ type: "content_block_stop", index: 0 }, "content_block_stop") +
    event(
      {
        type: "message_delta",
        delta: { stop_reason: "end_turn" },
        usage: { output_tokens: output },
      },
      "message_delta",
    ) +
    event({ type: "message_stop" }, "message_stop"),
};
