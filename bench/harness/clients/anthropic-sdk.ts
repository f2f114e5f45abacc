/** Drives messages and token counts of the `@anthropic-ai/sdk` SDK. */
import type { Anthropic } from "@anthropic-ai/sdk";
import type {
  Message,
  MessageCreateParamsNonStreaming,
  MessageParam,
  RawMessageStreamEvent,
} from "@anthropic-ai/sdk/resources/messages/messages";
import type { FieldRules } from "../fake/json-fields.ts";
import { serveSdk } from "./sdk-child.ts";
import type { SdkNotes } from "./sdk-child.ts";
import { findShapeProblem } from "./sdk-shape.ts";
import type { SdkJob, SdkReport, SdkTask, SdkTurn } from "./sdk-task.ts";

const count = { type: "integer", required: true } as const;
const text = { type: "string", required: true } as const;
const maybeText = { type: "string", required: true, nullable: true } as const;

const messageRules: FieldRules = {
  id: { ...text, pattern: /msg_.+/ },
  type: { ...text, values: ["message"] },
  role: { ...text, values: ["assistant"] },
  model: { ...text, minLength: 1 },
  stop_reason: {
    ...text,
    values: ["end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal"],
  },
  stop_sequence: maybeText,
  usage: {
    type: "object",
    required: true,
    fields: {
      input_tokens: count,
      output_tokens: count,
      cache_creation_input_tokens: { type: "integer", required: true, nullable: true },
      cache_read_input_tokens: { type: "integer", required: true, nullable: true },
    },
  },
  content: {
    type: "array",
    required: true,
    items: {
      type: "object",
      variants: {
        by: "type",
        of: {
          text: { text },
          thinking: { thinking: text, signature: text },
          redacted_thinking: { data: text },
          tool_use: {
            id: { ...text, minLength: 1, pattern: /[a-zA-Z0-9_-]+/ },
            name: text,
            input: { type: "object", required: true },
          },
        },
      },
    },
  },
};

async function act(client: Anthropic, job: SdkJob, notes: SdkNotes): Promise<Partial<SdkReport>> {
  if (job.kind === "embed") throw new TypeError("The Messages API does no embeddings");
  if (job.kind === "count") {
    const messages = [{ role: "user" as const, content: job.prompt }];
    const answer = await client.messages.countTokens({ model: job.model, messages });
    return { tokens: answer.input_tokens };
  }
  const messages: MessageParam[] = [userTurn(job)];
  const first = await turn(client, { job, messages }, notes);
  if (job.results === undefined) return {};
  messages.push({ role: "assistant", content: first.content });
  const calls = first.content.filter((block) => block.type === "tool_use");
  messages.push({
    role: "user",
    content: calls.map(({ id }, index) => ({
      type: "tool_result" as const,
      tool_use_id: id,
      content: job.results?.[index]?.text ?? "",
      ...(job.results?.[index]?.failed && { is_error: true }),
    })),
  });
  await turn(client, { job, messages }, notes);
  return {};
}

function userTurn({ prompt, image }: SdkTask): MessageParam {
  if (image === undefined) return { role: "user", content: prompt };
  const { base64: data } = image;
  return {
    role: "user",
    content: [
      { type: "text", text: prompt },
      { type: "image", source: { type: "base64", media_type: "image/png", data } },
    ],
  };
}

interface Asked {
  readonly job: SdkTask;
  readonly messages: readonly MessageParam[];
}

function paramsOf({ job, messages }: Asked): MessageCreateParamsNonStreaming {
  const { tools, schema } = job;
  return {
    model: job.model,
    messages: [...messages],
    max_tokens: job.maxTokens ?? 4_096,
    ...(job.system !== undefined && { system: job.system }),
    ...(tools !== undefined && {
      tools: tools.map(({ name, description, schema: inputSchema }) => ({
        name,
        description,
        input_schema: { ...inputSchema, type: "object" as const },
      })),
    }),
    ...(schema !== undefined && {
      output_config: { format: { type: "json_schema" as const, schema: { ...schema } } },
    }),
    ...(job.reason && { thinking: { type: "enabled" as const, budget_tokens: 1_024 } }),
    ...(job.stop !== undefined && { stop_sequences: [...job.stop] }),
  };
}

async function turn(client: Anthropic, asked: Asked, notes: SdkNotes): Promise<Message> {
  notes.text = "";
  const params = paramsOf(asked);
  if (!asked.job.stream) {
    const answer = await client.messages.create(params);
    note(answer, 1, notes);
    return answer;
  }
  const stream = client.messages.stream(params);
  const events: RawMessageStreamEvent[] = [];
  for await (const event of stream) {
    events.push(structuredClone(event));
    if (event.type === "content_block_delta" && event.delta.type === "text_delta") {
      notes.text += event.delta.text;
    }
  }
  checkEvents(events, notes);
  const answer = await stream.finalMessage();
  note(answer, events.length, notes);
  return answer;
}

function note(answer: Message, parts: number, notes: SdkNotes): void {
  const problem = findShapeProblem(answer, messageRules, "message");
  notes.check(problem === undefined, String(problem));
  const { usage, content } = answer;
  notes.turns.push({
    text: content.map((block) => (block.type === "text" ? block.text : "")).join(""),
    reasoning: content.map((block) => (block.type === "thinking" ? block.thinking : "")).join(""),
    calls: content.flatMap((block) =>
      block.type === "tool_use" ? [{ id: block.id, name: block.name, arguments: block.input }] : [],
    ),
    finish: finishOf(answer.stop_reason),
    usage: {
      input: usage.input_tokens,
      output: usage.output_tokens,
      reasoning: usage.output_tokens_details?.thinking_tokens,
    },
    parts,
  });
}

function finishOf(reason: Message["stop_reason"]): SdkTurn["finish"] {
  switch (reason) {
    case "end_turn":
    case "stop_sequence":
      return "stop";
    case "max_tokens":
      return "length";
    case "tool_use":
      return "tool-calls";
    default:
      return "other";
  }
}

/** The frame of a message around blocks that come one after another, indexes without a gap. */
function checkEvents(events: readonly RawMessageStreamEvent[], notes: SdkNotes): void {
  const types = events.map(({ type }) => type);
  notes.check(types[0] === "message_start", "the first event is not message_start");
  notes.check(types.at(-1) === "message_stop", "the last event is not message_stop");
  notes.check(types.at(-2) === "message_delta", "message_delta does not come before the end");
  let open: number | undefined;
  let begun = 0;
  for (const event of events) {
    switch (event.type) {
      case "content_block_start":
        notes.check(open === undefined, "a block begins within another");
        notes.check(event.index === begun++, "indexes of blocks have a gap");
        open = event.index;
        break;
      case "content_block_delta":
        notes.check(open === event.index, "a delta is of no open block");
        break;
      case "content_block_stop":
        notes.check(open === event.index, "a block ends that is not open");
        open = undefined;
        break;
      case "message_start":
        notes.check(event.message.content.length === 0, "message_start has content");
        notes.check(event.message.stop_reason === null, "message_start has a stop reason");
        break;
      default:
    }
  }
  notes.check(open === undefined, "a block is not ended");
}

if (import.meta.main) {
  const { Anthropic: Client } = await import("@anthropic-ai/sdk");
  const client = new Client({ maxRetries: 0 });
  await serveSdk((job, notes) => act(client, job, notes));
}
