/**
 * Prebuilt HTTP/1.1 answers of the fake model APIs: whole or as server-sent events, in the dialects of OpenAI's chat
 * completions and of Anthropic's messages. What both say is the same text with the same tokens.
 */

/** A streamed answer in pieces, each a chunk of the transfer coding and written by itself. */
export interface StreamedAnswer {
  readonly head: Buffer;
  /** What comes before the first text */
  readonly first: Buffer;
  /** One piece of text; repeated */
  readonly delta: Buffer;
  /** Finish reason, tokens and end marks */
  readonly last: Buffer;
}

/** Answers of one API. */
export interface ModelAnswers {
  /** Path of the only call that is answered */
  readonly path: string;
  /** Without it a call is refused; worthless, and for no real service */
  readonly credential: { readonly header: string; readonly value: string };
  /** One JSON document with its head */
  readonly whole: Buffer;
  readonly streamed: StreamedAnswer;
}

/** Below it every call fails. */
export const brokenPath = "/broken";

/** Text of a whole answer: 1.6 KB. */
export const answerText = "An answer of a usual length. ".repeat(58);
/** Text of one streamed piece. */
export const deltaText = " token";

const streamHead = Buffer.from(
  "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
);
const noMore = Buffer.from("0\r\n\r\n");

const completionCall = {
  id: "chatcmpl-bench-0123456789",
  created: 1_790_000_000,
  model: "gpt-4o-mini",
};
const completionUsage = { prompt_tokens: 512, completion_tokens: 200, total_tokens: 712 };

/** OpenAI's chat completions (https://platform.openai.com/docs/api-reference/chat). */
export const openaiAnswers: ModelAnswers = {
  path: "/v1/chat/completions",
  credential: { header: "authorization", value: "Bearer bench-openai-0123456789abcdef" },
  whole: jsonAnswer({
    ...completionCall,
    object: "chat.completion",
    choices: [
      { index: 0, message: { role: "assistant", content: answerText }, finish_reason: "stop" },
    ],
    usage: completionUsage,
  }),
  streamed: {
    head: streamHead,
    first: httpChunk(completionChunk({ role: "assistant", content: "" }, null)),
    delta: httpChunk(completionChunk({ content: deltaText }, null)),
    last: Buffer.concat([
      httpChunk(
        [
          completionChunk({}, "stop"),
          dataEvent({
            ...completionCall,
            object: "chat.completion.chunk",
            choices: [],
            usage: completionUsage,
          }),
          "data: [DONE]\n\n",
        ].join(""),
      ),
      noMore,
    ]),
  },
};

const messageCall = {
  id: "msg_01BenchBenchBenchBenchBe",
  type: "message",
  role: "assistant",
  model: "claude-sonnet-4-5",
};

/** Anthropic's messages (https://docs.anthropic.com/en/api/messages). */
export const anthropicAnswers: ModelAnswers = {
  path: "/v1/messages",
  credential: { header: "x-api-key", value: "bench-anthropic-0123456789abcdef" },
  whole: jsonAnswer({
    ...messageCall,
    content: [{ type: "text", text: answerText }],
    stop_reason: "end_turn",
    stop_sequence: null,
    usage: { input_tokens: 512, output_tokens: 200 },
  }),
  streamed: {
    head: streamHead,
    first: httpChunk(
      namedEvent("message_start", {
        message: {
          ...messageCall,
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage: { input_tokens: 512, output_tokens: 1 },
        },
      }) +
        namedEvent("content_block_start", { index: 0, content_block: { type: "text", text: "" } }),
    ),
    delta: httpChunk(
      namedEvent("content_block_delta", {
        index: 0,
        delta: { type: "text_delta", text: deltaText },
      }),
    ),
    last: Buffer.concat([
      httpChunk(
        namedEvent("content_block_stop", { index: 0 }) +
          namedEvent("message_delta", {
            delta: { stop_reason: "end_turn", stop_sequence: null },
            usage: { output_tokens: 200 },
          }) +
          namedEvent("message_stop", {}),
      ),
      noMore,
    ]),
  },
};

/** An answer of `status` with a JSON body and its length. */
export function jsonAnswer(content: object, status = "200 OK"): Buffer {
  const body = JSON.stringify(content);
  const head = `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
  return Buffer.from(`${head}\r\n\r\n${body}`);
}

function completionChunk(delta: object, finish: string | null): string {
  return dataEvent({
    ...completionCall,
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
}

function dataEvent(content: object): string {
  return `data: ${JSON.stringify(content)}\n\n`;
}

function namedEvent(type: string, content: object): string {
  return `event: ${type}\n${dataEvent({ type, ...content })}`;
}

function httpChunk(text: string): Buffer {
  return Buffer.from(`${text.length.toString(16)}\r\n${text}\r\n`);
}
