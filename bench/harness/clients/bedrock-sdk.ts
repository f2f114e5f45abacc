/**
 * Drives Converse, ConverseStream and CountTokens of the `@aws-sdk/client-bedrock-runtime` SDK. By itself it speaks
 * HTTP/2 and heeds no proxy: AWS's documented way through one is a request handler with an agent.
 */
import { globalAgent } from "node:https";
import type {
  BedrockRuntimeClient,
  ContentBlock,
  ConverseCommandInput,
  ConverseResponse,
  ConverseStreamOutput,
  Message,
  TokenUsage,
} from "@aws-sdk/client-bedrock-runtime";
import type { FieldRules } from "../fake/json-fields.ts";
import { serveSdk } from "./sdk-child.ts";
import type { SdkNotes } from "./sdk-child.ts";
import { findShapeProblem } from "./sdk-shape.ts";
import type { SdkJob, SdkReport, SdkTask, SdkTurn } from "./sdk-task.ts";

type Sdk = typeof import("@aws-sdk/client-bedrock-runtime");

const count = { type: "integer", required: true } as const;
const text = { type: "string", required: true } as const;

const usageRules: FieldRules = { inputTokens: count, outputTokens: count, totalTokens: count };
const metricsRules: FieldRules = { latencyMs: count };

const responseRules: FieldRules = {
  stopReason: { ...text, values: ["end_turn", "tool_use", "max_tokens", "stop_sequence"] },
  usage: { type: "object", required: true, fields: usageRules },
  metrics: { type: "object", required: true, fields: metricsRules },
  output: {
    type: "object",
    required: true,
    fields: {
      message: {
        type: "object",
        required: true,
        fields: {
          role: { ...text, values: ["assistant"] },
          content: {
            type: "array",
            required: true,
            items: {
              type: "object",
              fields: {
                text: { type: "string" },
                toolUse: {
                  type: "object",
                  fields: {
                    toolUseId: { ...text, pattern: /[a-zA-Z0-9_-]+/, maxLength: 64 },
                    name: text,
                    input: { type: "object", required: true },
                  },
                },
                reasoningContent: { type: "object" },
              },
            },
          },
        },
      },
    },
  },
};

interface Service {
  readonly sdk: Sdk;
  readonly client: BedrockRuntimeClient;
}

async function act(service: Service, job: SdkJob, notes: SdkNotes): Promise<Partial<SdkReport>> {
  const { sdk, client } = service;
  if (job.kind === "embed") throw new TypeError("Converse does no embeddings");
  if (job.kind === "count") {
    const messages = [{ role: "user" as const, content: [{ text: job.prompt }] }];
    const command = new sdk.CountTokensCommand({
      modelId: job.model,
      input: { converse: { messages } },
    });
    const { inputTokens } = await client.send(command);
    return inputTokens === undefined ? {} : { tokens: inputTokens };
  }
  const messages: Message[] = [userTurn(job)];
  const first = await turn(service, { job, messages }, notes);
  if (job.results === undefined) return {};
  messages.push({ role: "assistant", content: [...first] });
  const ids = first.flatMap(({ toolUse }) => toolUse?.toolUseId ?? []);
  messages.push({
    role: "user",
    content: ids.map((toolUseId, index) => {
      const result = job.results?.[index];
      const status = result?.failed ? ("error" as const) : ("success" as const);
      return { toolResult: { toolUseId, status, content: [{ text: result?.text ?? "" }] } };
    }),
  });
  await turn(service, { job, messages }, notes);
  return {};
}

function userTurn({ prompt, image }: SdkTask): Message {
  const content: ContentBlock[] = [{ text: prompt }];
  if (image !== undefined) {
    const bytes = Buffer.from(image.base64, "base64");
    content.push({ image: { format: "png", source: { bytes } } });
  }
  return { role: "user", content };
}

interface Asked {
  readonly job: SdkTask;
  readonly messages: readonly Message[];
}

function inputOf({ job, messages }: Asked): ConverseCommandInput {
  const { tools, schema } = job;
  return {
    modelId: job.model,
    messages: [...messages],
    ...(job.system !== undefined && { system: [{ text: job.system }] }),
    inferenceConfig: {
      maxTokens: job.maxTokens ?? 4_096,
      ...(job.temperature !== undefined && { temperature: job.temperature }),
      ...(job.stop !== undefined && { stopSequences: [...job.stop] }),
    },
    ...(tools !== undefined && {
      toolConfig: {
        tools: tools.map(({ name, description, schema: json }) => ({
          // Any JSON is a document; the SDK's type for one is recursive.
          toolSpec: { name, description, inputSchema: { json: JSON.parse(JSON.stringify(json)) } },
        })),
      },
    }),
    ...(schema !== undefined && {
      outputConfig: {
        textFormat: {
          type: "json_schema" as const,
          structure: { jsonSchema: { name: "answer", schema: JSON.stringify(schema) } },
        },
      },
    }),
    ...(job.reason && {
      additionalModelRequestFields: { thinking: { type: "enabled", budget_tokens: 1_024 } },
    }),
  };
}

/** Runs one turn, notes it, and returns the blocks that go into the next one. */
async function turn(
  { sdk, client }: Service,
  asked: Asked,
  notes: SdkNotes,
): Promise<readonly ContentBlock[]> {
  notes.text = "";
  const input = inputOf(asked);
  if (!asked.job.stream) {
    const answer = await client.send(new sdk.ConverseCommand(input));
    return note(answer, 1, notes);
  }
  const { stream } = await client.send(new sdk.ConverseStreamCommand(input));
  const events: ConverseStreamOutput[] = [];
  for await (const event of stream ?? []) {
    events.push(event);
    notes.text += event.contentBlockDelta?.delta?.text ?? "";
  }
  return note(gather(events, notes), events.length, notes);
}

function note(
  answer: Pick<ConverseResponse, "output" | "stopReason" | "usage" | "metrics">,
  parts: number,
  notes: SdkNotes,
): readonly ContentBlock[] {
  const { output, stopReason, usage, metrics } = answer;
  const problem = findShapeProblem(
    { output, stopReason, usage, metrics },
    responseRules,
    "response",
  );
  notes.check(problem === undefined, String(problem));
  const content = output?.message?.content ?? [];
  notes.turns.push({
    text: content.map((block) => block.text ?? "").join(""),
    reasoning: content.map(({ reasoningContent: one }) => one?.reasoningText?.text ?? "").join(""),
    calls: content.flatMap(({ toolUse }) =>
      toolUse === undefined
        ? []
        : [{ id: toolUse.toolUseId ?? "", name: toolUse.name ?? "", arguments: toolUse.input }],
    ),
    finish: finishOf(stopReason),
    usage: usageOf(usage),
    parts,
  });
  return content;
}

function usageOf(usage: TokenUsage | undefined): SdkTurn["usage"] {
  return { input: usage?.inputTokens, output: usage?.outputTokens, reasoning: undefined };
}

function finishOf(reason: ConverseResponse["stopReason"]): SdkTurn["finish"] {
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

interface OpenBlock {
  text: string;
  reasoning: string;
  signature: string;
  input: string;
  toolUse: { toolUseId: string; name: string } | undefined;
}

/** The whole answer of a stream, as users of the SDK put it together; notes what is out of order. */
function gather(
  events: readonly ConverseStreamOutput[],
  notes: SdkNotes,
): Pick<ConverseResponse, "output" | "stopReason" | "usage" | "metrics"> {
  const kinds = events.map((event) => Object.keys(event)[0]);
  notes.check(kinds[0] === "messageStart", "the first event is not messageStart");
  notes.check(kinds.at(-2) === "messageStop", "messageStop is not the last event but one");
  notes.check(kinds.at(-1) === "metadata", "the last event is not metadata");
  const content: ContentBlock[] = [];
  let open: OpenBlock | undefined;
  for (const event of events) {
    const { contentBlockStart: start, contentBlockDelta: delta, contentBlockStop: stop } = event;
    const index = (start ?? delta ?? stop)?.contentBlockIndex;
    if (index === undefined) continue;
    notes.check(index === content.length, "indexes of blocks have a gap");
    open ??= { text: "", reasoning: "", signature: "", input: "", toolUse: undefined };
    if (start?.start?.toolUse !== undefined) {
      const { toolUseId = "", name = "" } = start.start.toolUse;
      open.toolUse = { toolUseId, name };
    }
    open.text += delta?.delta?.text ?? "";
    open.input += delta?.delta?.toolUse?.input ?? "";
    open.reasoning += delta?.delta?.reasoningContent?.text ?? "";
    open.signature += delta?.delta?.reasoningContent?.signature ?? "";
    if (stop === undefined) continue;
    content.push(closeBlock(open));
    open = undefined;
  }
  notes.check(open === undefined, "a block is not ended");
  const stopReason = events.find(({ messageStop }) => messageStop)?.messageStop?.stopReason;
  const metadata = events.find((event) => event.metadata)?.metadata;
  return {
    output: { message: { role: "assistant", content } },
    stopReason,
    usage: metadata?.usage,
    metrics: metadata?.metrics,
  };
}

function closeBlock({
  toolUse,
  input,
  reasoning,
  signature,
  text: words,
}: OpenBlock): ContentBlock {
  if (toolUse !== undefined) {
    return { toolUse: { ...toolUse, input: JSON.parse(input === "" ? "{}" : input) } };
  }
  if (reasoning === "" && signature === "") return { text: words };
  const sealed = signature === "" ? {} : { signature };
  return { reasoningContent: { reasoningText: { text: reasoning, ...sealed } } };
}

if (import.meta.main) {
  const sdk = await import("@aws-sdk/client-bedrock-runtime");
  const { NodeHttpHandler } = await import("@smithy/node-http-handler");
  const client = new sdk.BedrockRuntimeClient({
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({ httpsAgent: globalAgent }),
  });
  await serveSdk((job, notes) => act({ sdk, client }, job, notes));
}
