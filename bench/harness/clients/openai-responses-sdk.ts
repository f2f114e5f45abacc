/** Drives the Responses API of the `openai` SDK. The base URL comes from the environment, as for Azure's v1 paths. */
import type { OpenAI } from "openai";
import type {
  Response,
  ResponseCreateParamsNonStreaming,
  ResponseInputItem,
  ResponseStreamEvent,
} from "openai/resources/responses/responses";
import type { FieldRules } from "../fake/json-fields.ts";
import { serveSdk } from "./sdk-child.ts";
import type { SdkNotes } from "./sdk-child.ts";
import { findShapeProblem } from "./sdk-shape.ts";
import type { SdkJob, SdkReport, SdkTask, SdkTurn } from "./sdk-task.ts";

const count = { type: "integer", required: true } as const;
const text = { type: "string", required: true } as const;
const status = { ...text, values: ["completed", "incomplete"] } as const;

const outputRules: Readonly<Record<string, FieldRules>> = {
  message: {
    id: { ...text, pattern: /msg_.+/ },
    role: { ...text, values: ["assistant"] },
    status,
    content: {
      type: "array",
      required: true,
      items: {
        type: "object",
        variants: {
          by: "type",
          of: {
            output_text: { text, annotations: { type: "array", required: true } },
            refusal: { refusal: text },
          },
        },
      },
    },
  },
  function_call: {
    id: { type: "string", pattern: /fc_.+/ },
    call_id: { ...text, minLength: 1 },
    name: text,
    arguments: text,
    status,
  },
  reasoning: {
    id: { ...text, pattern: /rs_.+/ },
    summary: {
      type: "array",
      required: true,
      items: { type: "object", variants: { by: "type", of: { summary_text: { text } } } },
    },
  },
};

const responseRules: FieldRules = {
  id: { ...text, pattern: /resp_.+/ },
  object: { ...text, values: ["response"] },
  created_at: { type: "number", required: true },
  status,
  error: { type: "object", required: true, nullable: true },
  incomplete_details: { type: "object", required: true, nullable: true },
  instructions: { type: ["string", "array"], required: true, nullable: true },
  metadata: { type: "object", required: true, nullable: true },
  model: { ...text, minLength: 1 },
  parallel_tool_calls: { type: "boolean", required: true },
  temperature: { type: "number", required: true, nullable: true },
  tool_choice: { type: ["string", "object"], required: true },
  tools: { type: "array", required: true },
  top_p: { type: "number", required: true, nullable: true },
  usage: {
    type: "object",
    required: true,
    fields: {
      input_tokens: count,
      input_tokens_details: { type: "object", required: true, fields: { cached_tokens: count } },
      output_tokens: count,
      output_tokens_details: {
        type: "object",
        required: true,
        fields: { reasoning_tokens: count },
      },
      total_tokens: count,
    },
  },
  output: {
    type: "array",
    required: true,
    items: { type: "object", variants: { by: "type", of: outputRules } },
  },
};

async function act(client: OpenAI, job: SdkJob, notes: SdkNotes): Promise<Partial<SdkReport>> {
  if (job.kind !== "chat") throw new TypeError(`The Responses API does no ${job.kind}`);
  const input: ResponseInputItem[] = [userItem(job)];
  const first = await turn(client, { job, input }, notes);
  if (job.results === undefined) return {};
  let index = 0;
  // What the SDK read is what its users send back, but for what its stream helper added.
  input.push(...(JSON.parse(JSON.stringify(first.output, withoutParsed)) as ResponseInputItem[]));
  for (const item of first.output) {
    if (item.type !== "function_call") continue;
    const output = job.results[index++]?.text ?? "";
    input.push({ type: "function_call_output", call_id: item.call_id, output });
  }
  await turn(client, { job, input }, notes);
  return {};
}

function withoutParsed(key: string, value: unknown): unknown {
  return key === "parsed" || key === "parsed_arguments" ? undefined : value;
}

function userItem({ prompt, image }: SdkTask): ResponseInputItem {
  if (image === undefined) return { role: "user", content: prompt };
  const url = `data:${image.mediaType};base64,${image.base64}`;
  return {
    role: "user",
    content: [
      { type: "input_text", text: prompt },
      { type: "input_image", image_url: url, detail: "auto" },
    ],
  };
}

interface Asked {
  readonly job: SdkTask;
  readonly input: readonly ResponseInputItem[];
}

function paramsOf({ job, input }: Asked): ResponseCreateParamsNonStreaming {
  const { tools, schema } = job;
  return {
    model: job.model,
    input: [...input],
    store: false,
    ...(job.system !== undefined && { instructions: job.system }),
    ...(tools !== undefined && {
      tools: tools.map(({ name, description, schema: parameters }) => ({
        type: "function" as const,
        name,
        description,
        parameters,
        strict: false,
      })),
    }),
    ...(schema !== undefined && {
      text: { format: { type: "json_schema" as const, name: "answer", strict: true, schema } },
    }),
    ...(job.reason && {
      reasoning: { effort: "low" as const, summary: "auto" as const },
      include: ["reasoning.encrypted_content" as const],
    }),
    ...(job.maxTokens !== undefined && { max_output_tokens: job.maxTokens }),
    ...(job.temperature !== undefined && { temperature: job.temperature }),
  };
}

async function turn(client: OpenAI, asked: Asked, notes: SdkNotes): Promise<Response> {
  notes.text = "";
  const params = paramsOf(asked);
  if (!asked.job.stream) {
    const answer = await client.responses.create(params);
    note(answer, 1, notes);
    return answer;
  }
  const stream = client.responses.stream({ ...params, stream: true });
  const events: ResponseStreamEvent[] = [];
  for await (const event of stream) {
    events.push(event);
    if (event.type === "response.output_text.delta") notes.text += event.delta;
  }
  checkEvents(events, notes);
  const answer = await stream.finalResponse();
  note(answer, events.length, notes);
  return answer;
}

function note(answer: Response, parts: number, notes: SdkNotes): void {
  const problem = findShapeProblem(answer, responseRules, "response");
  notes.check(problem === undefined, String(problem));
  const { usage } = answer;
  const calls = answer.output.flatMap((item) =>
    item.type === "function_call"
      ? [{ id: item.call_id, name: item.name, arguments: JSON.parse(item.arguments) as unknown }]
      : [],
  );
  const summaries = answer.output.flatMap((item) =>
    item.type === "reasoning" ? item.summary.map((part) => part.text) : [],
  );
  notes.turns.push({
    text: answer.output_text,
    reasoning: summaries.join(""),
    calls,
    finish: finishOf(answer, calls.length),
    usage: {
      input: usage?.input_tokens,
      output: usage?.output_tokens,
      reasoning: usage?.output_tokens_details.reasoning_tokens,
    },
    parts,
  });
}

function finishOf(answer: Response, calls: number): SdkTurn["finish"] {
  if (answer.incomplete_details?.reason === "max_output_tokens") return "length";
  if (answer.status !== "completed") return "other";
  return calls > 0 ? "tool-calls" : "stop";
}

/** Numbers without a gap, the frame around the items, and each item begun before it is added to and ended. */
function checkEvents(events: readonly ResponseStreamEvent[], notes: SdkNotes): void {
  notes.check(
    events.every((event, index) => Object(event).sequence_number === index),
    "sequence numbers have a gap",
  );
  const types = events.map(({ type }) => type);
  notes.check(types[0] === "response.created", "the first event is not response.created");
  notes.check(types[1] === "response.in_progress", "the second event is not in_progress");
  const last = types.at(-1) ?? "";
  notes.check(/^response\.(?:completed|incomplete)$/.test(last), `the last event is ${last}`);
  const open = new Map<number, string>();
  let begun = 0;
  for (const event of events) {
    if (event.type === "response.output_item.added") {
      notes.check(event.output_index === begun++, "output indexes have a gap");
      open.set(event.output_index, idOf(event.item));
      continue;
    }
    const { output_index: index, item_id: id } = Object(event);
    if (typeof index !== "number") continue;
    notes.check(open.has(index), `${event.type} comes before its item`);
    if (event.type === "response.output_item.done") {
      notes.check(open.get(index) === idOf(event.item), "an item changes its id");
      open.delete(index);
    } else {
      notes.check(open.get(index) === id, `${event.type} has another item's id`);
    }
  }
  notes.check(open.size === 0, "an item is not ended");
}

function idOf(item: object): string {
  return String(Object(item).id);
}

if (import.meta.main) {
  const { OpenAI: Client } = await import("openai");
  const client = new Client({ maxRetries: 0 });
  await serveSdk((job, notes) => act(client, job, notes));
}
