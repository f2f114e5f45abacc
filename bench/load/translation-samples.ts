/**
 * What the benchmark `translation` translates, as the IR says it: conversations with a tool, answers and streams of any
 * size. Texts hold quotes and line ends, as code and documents do.
 */
import type {
  ChatRequest,
  ChatResponse,
  Message,
  PartStart,
  StreamEvent,
  Tool,
  Usage,
} from "../../providers/ir.ts";

/** The sizes that are measured, in `bytes`. */
export const sampleBytes = { small: 2_048, large: 1_048_576 } as const;

/** Pieces of text of a streamed answer. */
export const sampleDeltas = 200;

const phrase = 'He said: "the gate is open"\nand went on, as all of them did that day. ';
const perTurn = 8_192;

const tool: Tool = {
  name: "read_file",
  description: "Reads a file of the project and gives its lines",
  parameters: {
    type: "object",
    properties: {
      path: { type: "string", description: "Path from the root" },
      lines: { type: "integer", minimum: 1 },
    },
    required: ["path"],
  },
  strict: null,
};

const usage: Usage = {
  inputTokens: 512,
  outputTokens: 200,
  cachedInputTokens: null,
  cacheWriteTokens: null,
  reasoningTokens: null,
  audioInputTokens: null,
  audioOutputTokens: null,
};

/** A conversation of at most `bytes` in the texts of all its turns together: a tool call for every 8 KB, and a question. */
export function sampleRequest(model: string, options: SampleOptions): ChatRequest {
  const { stream, textBytes } = options;
  const rounds = Math.max(1, Math.floor(textBytes / perTurn));
  return {
    model,
    system: [{ kind: "text", text: "You are a careful engineer. Answer in one paragraph." }],
    messages: Array.from({ length: rounds }, (_, index) =>
      toolRound(index, sampleText(Math.floor(textBytes / rounds))),
    ).flat(),
    tools: [tool],
    toolChoice: null,
    parallelToolCalls: null,
    maxOutputTokens: 512,
    temperature: 0.2,
    topP: null,
    topK: null,
    seed: null,
    frequencyPenalty: null,
    presencePenalty: null,
    stop: [],
    choices: null,
    logprobs: null,
    output: { kind: "text" },
    reasoning: null,
    stream,
    streamUsage: stream,
    endUser: null,
    unexpressed: [],
    variant: "",
  };
}

/** What a conversation is to be like. */
export interface SampleOptions {
  readonly textBytes: number;
  readonly stream: boolean;
}

/** An answer with so much text. */
export function sampleResponse(model: string, textBytes: number): ChatResponse {
  return {
    id: "bench0123456789",
    model,
    created: 1_790_000_000,
    choices: [
      {
        parts: [{ kind: "text", text: sampleText(textBytes) }],
        finish: "stop",
        stopText: null,
        logprobs: null,
      },
    ],
    usage,
  };
}

/** The events of a streamed answer, each to be encoded by itself. */
export function sampleEvents(model: string): StreamEvent[] {
  return [
    { kind: "start", id: "bench0123456789", model, created: 1_790_000_000 },
    { kind: "part-start", index: 0, part: { kind: "text" } },
    ...Array.from({ length: sampleDeltas }, (_, index): StreamEvent => {
      const text = index % 8 === 7 ? ',\n"quoted"' : ` token ${index}`;
      return { kind: "delta", index: 0, text };
    }),
    { kind: "part-end", index: 0 },
    { kind: "usage", usage },
    { kind: "finish", finish: "stop", stopText: null },
    { kind: "end" },
  ];
}

/** The events of a short answer with reasoning, text beyond ASCII and two tool calls; `origin` is the codec's name. */
export function variedEvents(model: string, origin: string): StreamEvent[] {
  const part = (index: number, start: PartStart, texts: readonly string[]): StreamEvent[] => [
    { kind: "part-start", index, part: start },
    ...texts.map((text): StreamEvent => ({ kind: "delta", index, text })),
    { kind: "part-end", index },
  ];
  const call = (id: string): PartStart => ({ kind: "tool-call", id, name: tool.name });
  return [
    { kind: "start", id: "bench0123456789", model, created: 1_790_000_000 },
    ...part(0, { kind: "reasoning", encrypted: null, origin }, ["First ", "the file, ", "then…"]),
    ...part(1, { kind: "text" }, [
      "Grüße 👋🏽",
      " from\r\nthe ",
      '"gate"',
      "\\ \u2028日本",
      "語\n\n",
    ]),
    ...part(2, call("call_00000001"), ['{"path":', '"src/ü.ts",', '"lines":4', "0}"]),
    ...part(3, call("call_00000002"), ['{"path":"b","lines":12345678901234567890}']),
    { kind: "usage", usage },
    { kind: "finish", finish: "tool-calls", stopText: null },
    { kind: "end" },
  ];
}

/** So many characters, all of them ASCII. */
export function sampleText(bytes: number): string {
  return phrase.repeat(Math.ceil(bytes / phrase.length)).slice(0, bytes);
}

function toolRound(index: number, text: string): Message[] {
  const id = `call_${String(index).padStart(8, "0")}`;
  const call = { id, name: tool.name, arguments: `{"path":"src/part-${index}.ts","lines":40}` };
  const half = Math.floor(text.length / 2);
  return [
    { role: "user", parts: [{ kind: "text", text: text.slice(0, half) }] },
    { role: "assistant", parts: [{ kind: "tool-call", ...call, signature: null }] },
    {
      role: "user",
      parts: [
        {
          kind: "tool-result",
          callId: id,
          name: tool.name,
          parts: [{ kind: "text", text: text.slice(half) }],
          isError: false,
        },
        { kind: "text", text: "And now?" },
      ],
    },
  ];
}
