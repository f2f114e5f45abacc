/** Drives chat completions and embeddings of the `openai` SDK, for OpenAI and as AzureOpenAI for a resource of Azure. */
import type { AzureOpenAI, OpenAI } from "openai";
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionCreateParamsNonStreaming,
  ChatCompletionMessageParam,
} from "openai/resources/chat/completions";
import type { FieldRules } from "../fake/json-fields.ts";
import { serveSdk } from "./sdk-child.ts";
import type { SdkNotes } from "./sdk-child.ts";
import { findShapeProblem } from "./sdk-shape.ts";
import type { SdkEmbedTask, SdkJob, SdkReport, SdkTask, SdkTurn } from "./sdk-task.ts";

const count = { type: "integer", required: true } as const;
const text = { type: "string", required: true } as const;
const maybeText = { type: "string", required: true, nullable: true } as const;
const finishReasons = ["stop", "length", "tool_calls", "content_filter", "function_call"];

const usageRules: FieldRules = {
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count,
};

const completionRules: FieldRules = {
  id: { ...text, pattern: /chatcmpl-.+/ },
  object: { ...text, values: ["chat.completion"] },
  created: count,
  model: { ...text, minLength: 1 },
  usage: { type: "object", required: true, fields: usageRules },
  choices: {
    type: "array",
    required: true,
    minItems: 1,
    items: {
      type: "object",
      fields: {
        index: count,
        finish_reason: { ...text, values: finishReasons },
        logprobs: { type: "object", required: true, nullable: true },
        message: {
          type: "object",
          required: true,
          fields: {
            role: { ...text, values: ["assistant"] },
            content: maybeText,
            refusal: maybeText,
            tool_calls: {
              type: "array",
              items: {
                type: "object",
                variants: {
                  by: "type",
                  of: {
                    function: {
                      id: { ...text, minLength: 1 },
                      function: {
                        type: "object",
                        required: true,
                        fields: { name: text, arguments: text },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};

const chunkRules: FieldRules = {
  id: { ...text, pattern: /chatcmpl-.+/ },
  object: { ...text, values: ["chat.completion.chunk"] },
  created: count,
  model: { ...text, minLength: 1 },
  usage: { type: "object", nullable: true, fields: usageRules },
  choices: {
    type: "array",
    required: true,
    items: {
      type: "object",
      fields: {
        index: count,
        delta: { type: "object", required: true },
        finish_reason: { ...maybeText, values: finishReasons },
      },
    },
  },
};

/** Settings of the child, from its command line. */
interface Settings {
  /** AzureOpenAI with deployments; endpoint and key come from the environment */
  readonly azure?: true;
}

async function createClient({ azure }: Settings): Promise<OpenAI | AzureOpenAI> {
  const { AzureOpenAI: Azure, OpenAI: Client } = await import("openai");
  const options = { maxRetries: 0 };
  return azure ? new Azure({ ...options, apiVersion: "2024-10-21" }) : new Client(options);
}

async function act(client: OpenAI, job: SdkJob, notes: SdkNotes): Promise<Partial<SdkReport>> {
  if (job.kind === "embed") return embed(client, job, notes);
  if (job.kind === "count") throw new TypeError("Chat completions count no tokens");
  const messages = messagesOf(job);
  const first = await turn(client, { job, messages }, notes);
  if (job.results === undefined) return {};
  const { content, refusal, tool_calls: calls = [] } = first;
  // The stream helper's `parsed` and `parsed_arguments` are its own and must not go back.
  const toolCalls = calls.flatMap((call) =>
    call.type === "function"
      ? [{ ...call, function: { name: call.function.name, arguments: call.function.arguments } }]
      : [],
  );
  messages.push({ role: "assistant", content, refusal, tool_calls: toolCalls });
  for (const [index, { id }] of toolCalls.entries()) {
    messages.push({ role: "tool", tool_call_id: id, content: job.results[index]?.text ?? "" });
  }
  await turn(client, { job, messages }, notes);
  return {};
}

function messagesOf({ system, prompt, image }: SdkTask): ChatCompletionMessageParam[] {
  const url = image === undefined ? "" : `data:${image.mediaType};base64,${image.base64}`;
  const content =
    image === undefined
      ? prompt
      : [
          { type: "text" as const, text: prompt },
          { type: "image_url" as const, image_url: { url } },
        ];
  const user = { role: "user" as const, content };
  return system === undefined ? [user] : [{ role: "system", content: system }, user];
}

interface Asked {
  readonly job: SdkTask;
  readonly messages: readonly ChatCompletionMessageParam[];
}

function paramsOf({ job, messages }: Asked): ChatCompletionCreateParamsNonStreaming {
  const { tools, schema } = job;
  return {
    model: job.model,
    messages: [...messages],
    ...(tools !== undefined && {
      tools: tools.map(({ name, description, schema: parameters }) => ({
        type: "function" as const,
        function: { name, description, parameters },
      })),
    }),
    ...(schema !== undefined && {
      response_format: {
        type: "json_schema" as const,
        json_schema: { name: "answer", strict: true, schema },
      },
    }),
    ...(job.reason && { reasoning_effort: "low" as const }),
    ...(job.maxTokens !== undefined && { max_completion_tokens: job.maxTokens }),
    ...(job.temperature !== undefined && { temperature: job.temperature }),
    ...(job.stop !== undefined && { stop: [...job.stop] }),
  };
}

/** Runs one turn, notes it, and returns the message that goes into the next one. */
async function turn(
  client: OpenAI,
  asked: Asked,
  notes: SdkNotes,
): Promise<ChatCompletion["choices"][number]["message"]> {
  notes.text = "";
  const params = paramsOf(asked);
  if (!asked.job.stream) {
    const answer = await client.chat.completions.create(params);
    note(answer, { parts: 1, reasoning: reasoningOf(messageOf(answer)) }, notes);
    return messageOf(answer);
  }
  const stream = client.chat.completions.stream({
    ...params,
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks: ChatCompletionChunk[] = [];
  for await (const chunk of stream) {
    chunks.push(chunk);
    notes.text += chunk.choices[0]?.delta.content ?? "";
  }
  checkChunks(chunks, notes);
  const answer = await stream.finalChatCompletion();
  // The helper keeps only the last piece of fields that it does not know.
  const reasoning = chunks.map(({ choices }) => reasoningOf(choices[0]?.delta)).join("");
  note(answer, { parts: chunks.length, reasoning }, notes);
  return messageOf(answer);
}

function messageOf(answer: ChatCompletion): ChatCompletion["choices"][number]["message"] {
  const [choice] = answer.choices;
  if (choice === undefined) throw new TypeError("The completion has no choice");
  return choice.message;
}

/** Reasoning that servers of open models show in a field of their own. */
function reasoningOf(message: object | undefined): string {
  const { reasoning, reasoning_content: content } = Object(message);
  const shown: unknown = reasoning ?? content;
  return typeof shown === "string" ? shown : "";
}

function note(
  answer: ChatCompletion,
  { parts, reasoning }: Pick<SdkTurn, "parts" | "reasoning">,
  notes: SdkNotes,
): void {
  const problem = findShapeProblem(answer, completionRules, "completion");
  notes.check(problem === undefined, String(problem));
  const { content, tool_calls: calls = [] } = messageOf(answer);
  const { usage } = answer;
  notes.turns.push({
    text: content ?? "",
    reasoning,
    calls: calls.flatMap((call) =>
      call.type === "function"
        ? [
            {
              id: call.id,
              name: call.function.name,
              arguments: JSON.parse(call.function.arguments) as unknown,
            },
          ]
        : [],
    ),
    finish: finishOf(answer.choices[0]?.finish_reason),
    usage: {
      input: usage?.prompt_tokens,
      output: usage?.completion_tokens,
      reasoning: usage?.completion_tokens_details?.reasoning_tokens,
    },
    parts,
  });
}

function finishOf(reason: string | undefined): SdkTurn["finish"] {
  if (reason === "tool_calls") return "tool-calls";
  return reason === "stop" || reason === "length" ? reason : "other";
}

/** One id, the role first, one finish and nothing but usage after it. */
function checkChunks(chunks: readonly ChatCompletionChunk[], notes: SdkNotes): void {
  // Azure begins with a chunk that tells of its filters and of nothing else.
  const own = chunks.filter(({ id, choices }) => !(id === "" && choices.length === 0));
  for (const chunk of own) {
    const problem = findShapeProblem(chunk, chunkRules, "chunk");
    notes.check(problem === undefined, String(problem));
  }
  notes.check(new Set(own.map(({ id }) => id)).size === 1, "chunks have different ids");
  const [first] = own.filter(({ choices }) => choices.length > 0);
  notes.check(first?.choices[0]?.delta.role === "assistant", "the first chunk has no role");
  const ends = own.findIndex(({ choices }) => typeof choices[0]?.finish_reason === "string");
  const rest = own.slice(ends + 1);
  notes.check(ends >= 0, "no chunk has a finish reason");
  notes.check(
    rest.every(({ choices }) => choices.length === 0),
    "a choice goes on after its end",
  );
  notes.check(rest.length === 1 && rest[0]?.usage != null, "usage is not the one last chunk");
}

async function embed(
  client: OpenAI,
  job: SdkEmbedTask,
  notes: SdkNotes,
): Promise<Partial<SdkReport>> {
  const answer = await client.embeddings.create({ model: job.model, input: [...job.texts] });
  const problem = findShapeProblem(
    answer,
    {
      object: { ...text, values: ["list"] },
      model: text,
      usage: {
        type: "object",
        required: true,
        fields: { prompt_tokens: count, total_tokens: count },
      },
      data: {
        type: "array",
        required: true,
        items: {
          type: "object",
          fields: {
            object: { ...text, values: ["embedding"] },
            index: count,
            embedding: { type: "array", required: true, items: { type: "number" } },
          },
        },
      },
    },
    "embeddings",
  );
  notes.check(problem === undefined, String(problem));
  notes.check(
    answer.data.every(({ index }, at) => index === at),
    "vectors are out of order",
  );
  return { vectors: answer.data.map(({ embedding }) => embedding.length) };
}

if (import.meta.main) {
  // Written by the parent.
  const settings = JSON.parse(process.argv[2] ?? "{}") as Settings;
  const client = await createClient(settings);
  await serveSdk((job, notes) => act(client, job, notes));
}
