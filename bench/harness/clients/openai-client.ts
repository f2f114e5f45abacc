/** Runs the `openai` npm SDK as an agent would: a program of its own that knows nothing of a gateway. */
import { reportClient, runNodeClient } from "./child-client.ts";
import type { ClientResult, ClientRun } from "./child-client.ts";

/** What the agent does; the key is `OPENAI_API_KEY` of its environment, as SDK users have it. */
export interface OpenAiClientOptions {
  readonly operation:
    | "chat"
    | "chat-stream"
    | "responses"
    | "responses-stream"
    | "embeddings"
    | "models";
  readonly model?: string;
  readonly prompt?: string;
  /** 0 when absent: tests want to see the first answer */
  readonly maxRetries?: number;
}

/** What the SDK handed out. */
export interface OpenAiClientReport {
  readonly text: string;
  readonly model: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Events or chunks of a stream; 1 otherwise */
  readonly parts: number;
}

/** Runs one operation in a child process. */
export function runOpenAiClient(
  options: OpenAiClientOptions,
  run: ClientRun = {},
): Promise<ClientResult<OpenAiClientReport>> {
  return runNodeClient(import.meta.url, options, run);
}

async function act(options: OpenAiClientOptions): Promise<OpenAiClientReport> {
  const { OpenAI } = await import("openai");
  const client = new OpenAI({ maxRetries: options.maxRetries ?? 0 });
  const model = options.model ?? "gpt-4.1";
  const prompt = options.prompt ?? "Hello";
  switch (options.operation) {
    case "chat": {
      const messages = [{ role: "user" as const, content: prompt }];
      const answer = await client.chat.completions.create({ model, messages });
      return report(answer.model, answer.choices[0]?.message.content ?? "", {
        input: answer.usage?.prompt_tokens,
        output: answer.usage?.completion_tokens,
      });
    }
    case "chat-stream":
      return streamChat(client, model, prompt);
    case "responses": {
      const answer = await client.responses.create({ model, input: prompt });
      const usage = { input: answer.usage?.input_tokens, output: answer.usage?.output_tokens };
      return report(answer.model, answer.output_text, usage);
    }
    case "responses-stream":
      return streamResponse(client, model, prompt);
    case "embeddings": {
      const answer = await client.embeddings.create({ model, input: prompt });
      const length = answer.data[0]?.embedding.length ?? 0;
      return report(answer.model, String(length), { input: answer.usage.prompt_tokens });
    }
    case "models": {
      const page = await client.models.list();
      return report("", page.data.map(({ id }) => id).join(" "));
    }
    default:
      throw new TypeError(
        `Cannot run OpenAI client: unknown operation in ${JSON.stringify(options)}`,
      );
  }
}

type Client = InstanceType<typeof import("openai").OpenAI>;

async function streamChat(
  client: Client,
  model: string,
  prompt: string,
): Promise<OpenAiClientReport> {
  const stream = await client.chat.completions.create({
    model,
    messages: [{ role: "user", content: prompt }],
    stream: true,
    stream_options: { include_usage: true },
  });
  let result = report(model, "");
  let parts = 0;
  for await (const chunk of stream) {
    parts += 1;
    const text = result.text + (chunk.choices[0]?.delta.content ?? "");
    const usage = { input: chunk.usage?.prompt_tokens, output: chunk.usage?.completion_tokens };
    result = { ...report(chunk.model, text, usage), parts };
  }
  return result;
}

async function streamResponse(
  client: Client,
  model: string,
  prompt: string,
): Promise<OpenAiClientReport> {
  const stream = await client.responses.create({ model, input: prompt, stream: true });
  let result = report(model, "");
  let parts = 0;
  for await (const event of stream) {
    parts += 1;
    if (event.type === "response.output_text.delta") {
      result = { ...result, text: result.text + event.delta };
    } else if (event.type === "response.completed") {
      const { usage } = event.response;
      const tokens = { input: usage?.input_tokens, output: usage?.output_tokens };
      result = report(event.response.model, result.text, tokens);
    }
  }
  return { ...result, parts };
}

function report(
  model: string,
  text: string,
  usage: { input?: number | undefined; output?: number | undefined } = {},
): OpenAiClientReport {
  return { model, text, inputTokens: usage.input ?? 0, outputTokens: usage.output ?? 0, parts: 1 };
}

if (import.meta.main) await reportClient(act);
