/** Runs the `@anthropic-ai/sdk` npm SDK as an agent would: a program of its own that knows nothing of a gateway. */
import { reportClient, runNodeClient } from "./child-client.ts";
import type { ClientResult, ClientRun } from "./child-client.ts";

/** What the agent does; the key is `ANTHROPIC_API_KEY` of its environment, as SDK users have it. */
export interface AnthropicClientOptions {
  readonly operation: "message" | "message-stream" | "count-tokens";
  readonly model?: string;
  readonly prompt?: string;
  /** 0 when absent: tests want to see the first answer */
  readonly maxRetries?: number;
}

/** What the SDK handed out. */
export interface AnthropicClientReport {
  readonly text: string;
  readonly model: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Events of a stream; 1 otherwise */
  readonly parts: number;
}

/** Runs one operation in a child process. */
export function runAnthropicClient(
  options: AnthropicClientOptions,
  run: ClientRun = {},
): Promise<ClientResult<AnthropicClientReport>> {
  return runNodeClient(import.meta.url, options, run);
}

async function act(options: AnthropicClientOptions): Promise<AnthropicClientReport> {
  const { Anthropic } = await import("@anthropic-ai/sdk");
  const client = new Anthropic({ maxRetries: options.maxRetries ?? 0 });
  const model = options.model ?? "claude-sonnet-4-5";
  const messages = [{ role: "user" as const, content: options.prompt ?? "Hello" }];
  if (options.operation === "count-tokens") {
    const count = await client.messages.countTokens({ model, messages });
    return { text: "", model, inputTokens: count.input_tokens, outputTokens: 0, parts: 1 };
  }
  if (options.operation === "message") {
    const message = await client.messages.create({ model, messages, max_tokens: 256 });
    return toReport(message, 1);
  }
  const stream = client.messages.stream({ model, messages, max_tokens: 256 });
  let parts = 0;
  for await (const _event of stream) parts += 1;
  return toReport(await stream.finalMessage(), parts);
}

function toReport(
  message: {
    readonly model: string;
    readonly content: readonly { readonly type: string }[];
    readonly usage: { readonly input_tokens: number; readonly output_tokens: number };
  },
  parts: number,
): AnthropicClientReport {
  const [first] = message.content;
  const text = first !== undefined && "text" in first ? String(first.text) : "";
  const { input_tokens: inputTokens, output_tokens: outputTokens } = message.usage;
  return { text, model: message.model, inputTokens, outputTokens, parts };
}

if (import.meta.main) await reportClient(act);
