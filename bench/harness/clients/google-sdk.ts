/** Drives content, embeddings and token counts of the `@google/genai` SDK with the Gemini API. */
import type {
  Content,
  FunctionCall,
  GenerateContentConfig,
  GenerateContentResponse,
  GoogleGenAI,
  Part,
} from "@google/genai";
import type { FieldRules } from "../fake/json-fields.ts";
import { serveSdk } from "./sdk-child.ts";
import type { SdkNotes } from "./sdk-child.ts";
import { findShapeProblem } from "./sdk-shape.ts";
import type { SdkJob, SdkReport, SdkTask, SdkTurn } from "./sdk-task.ts";

const count = { type: "integer", required: true } as const;
const text = { type: "string", required: true } as const;

const contentRules: FieldRules = {
  role: { ...text, values: ["model"] },
  parts: {
    type: "array",
    required: true,
    items: {
      type: "object",
      fields: {
        text: { type: "string" },
        thought: { type: "boolean" },
        thoughtSignature: { type: "string" },
        functionCall: { type: "object", fields: { name: text, args: { type: "object" } } },
      },
    },
  },
};

const responseRules: FieldRules = {
  modelVersion: { ...text, minLength: 1 },
  responseId: { ...text, minLength: 1 },
  candidates: {
    type: "array",
    required: true,
    minItems: 1,
    items: {
      type: "object",
      fields: {
        content: { type: "object", required: true, fields: contentRules },
        finishReason: { type: "string", values: ["STOP", "MAX_TOKENS", "SAFETY", "OTHER"] },
        index: { type: "integer" },
      },
    },
  },
};

const usageRules: FieldRules = {
  promptTokenCount: count,
  candidatesTokenCount: { type: "integer" },
  totalTokenCount: count,
};

async function act(client: GoogleGenAI, job: SdkJob, notes: SdkNotes): Promise<Partial<SdkReport>> {
  if (job.kind === "embed") {
    const answer = await client.models.embedContent({
      model: job.model,
      contents: [...job.texts],
    });
    return { vectors: (answer.embeddings ?? []).map(({ values = [] }) => values.length) };
  }
  if (job.kind === "count") {
    const answer = await client.models.countTokens({ model: job.model, contents: job.prompt });
    return answer.totalTokens === undefined ? {} : { tokens: answer.totalTokens };
  }
  const contents: Content[] = [userTurn(job)];
  const first = await turn(client, { job, contents }, notes);
  if (job.results === undefined) return {};
  contents.push({ role: "model", parts: [...first] });
  const calls = first.flatMap(({ functionCall }) => functionCall ?? []);
  contents.push({
    role: "user",
    parts: calls.map((call, index) => ({
      functionResponse: responseTo(call, job.results?.[index]),
    })),
  });
  await turn(client, { job, contents }, notes);
  return {};
}

function responseTo(
  { id, name }: FunctionCall,
  result: NonNullable<SdkTask["results"]>[number] | undefined,
): NonNullable<Part["functionResponse"]> {
  const key = result?.failed ? "error" : "output";
  return {
    ...(id !== undefined && { id }),
    ...(name !== undefined && { name }),
    response: { [key]: result?.text ?? "" },
  };
}

function userTurn({ prompt, image }: SdkTask): Content {
  const parts: Part[] = [{ text: prompt }];
  if (image !== undefined) {
    parts.push({ inlineData: { mimeType: image.mediaType, data: image.base64 } });
  }
  return { role: "user", parts };
}

interface Asked {
  readonly job: SdkTask;
  readonly contents: readonly Content[];
}

function configOf({ tools, schema, ...job }: SdkTask): GenerateContentConfig {
  return {
    ...(job.system !== undefined && { systemInstruction: job.system }),
    ...(tools !== undefined && {
      tools: [
        {
          functionDeclarations: tools.map(({ name, description, schema: parameters }) => ({
            name,
            description,
            parametersJsonSchema: parameters,
          })),
        },
      ],
    }),
    ...(schema !== undefined && {
      responseMimeType: "application/json",
      responseJsonSchema: schema,
    }),
    ...(job.reason && { thinkingConfig: { includeThoughts: true, thinkingBudget: 1_024 } }),
    ...(job.maxTokens !== undefined && { maxOutputTokens: job.maxTokens }),
    ...(job.temperature !== undefined && { temperature: job.temperature }),
    ...(job.stop !== undefined && { stopSequences: [...job.stop] }),
  };
}

/** Runs one turn, notes it, and returns the parts that go into the next one. */
async function turn(
  client: GoogleGenAI,
  { job, contents }: Asked,
  notes: SdkNotes,
): Promise<readonly Part[]> {
  notes.text = "";
  const ask = { model: job.model, contents: [...contents], config: configOf(job) };
  const answers: GenerateContentResponse[] = [];
  if (job.stream) {
    for await (const answer of await client.models.generateContentStream(ask)) {
      answers.push(answer);
      notes.text += textOf(partsOf(answer));
    }
  } else {
    answers.push(await client.models.generateContent(ask));
  }
  return note(answers, notes);
}

function note(answers: readonly GenerateContentResponse[], notes: SdkNotes): readonly Part[] {
  for (const answer of answers) {
    const problem = findShapeProblem(answer, responseRules, "response");
    notes.check(problem === undefined, String(problem));
  }
  const last = answers.at(-1);
  const problem = findShapeProblem(last?.usageMetadata, usageRules, "usageMetadata");
  notes.check(problem === undefined, String(problem));
  const reasons = answers.map(({ candidates }) => candidates?.[0]?.finishReason);
  notes.check(
    reasons.at(-1) !== undefined && reasons.slice(0, -1).every((reason) => reason === undefined),
    "the finish reason is not in the last response alone",
  );
  notes.check(
    new Set(answers.map(({ responseId }) => responseId)).size === 1,
    "responses have different ids",
  );
  const parts = answers.flatMap(partsOf);
  const calls = parts.flatMap(({ functionCall }) => functionCall ?? []);
  const { usageMetadata: usage } = last ?? {};
  const thoughts = usage?.thoughtsTokenCount;
  notes.turns.push({
    text: textOf(parts),
    reasoning: parts.map(({ thought, text: words }) => (thought ? (words ?? "") : "")).join(""),
    calls: calls.map(({ id = "", name = "", args }) => ({ id, name, arguments: args ?? {} })),
    finish: finishOf(reasons.at(-1), calls.length),
    usage: {
      input: usage?.promptTokenCount,
      output: (usage?.candidatesTokenCount ?? 0) + (thoughts ?? 0),
      reasoning: thoughts,
    },
    parts: answers.length,
  });
  return parts;
}

function partsOf({ candidates }: GenerateContentResponse): readonly Part[] {
  return candidates?.[0]?.content?.parts ?? [];
}

function textOf(parts: readonly Part[]): string {
  return parts.map(({ thought, text: words = "" }) => (thought ? "" : words)).join("");
}

function finishOf(reason: string | undefined, calls: number): SdkTurn["finish"] {
  if (reason === "MAX_TOKENS") return "length";
  if (reason !== "STOP") return "other";
  return calls > 0 ? "tool-calls" : "stop";
}

if (import.meta.main) {
  const { GoogleGenAI: Client } = await import("@google/genai");
  const client = new Client({});
  await serveSdk((job, notes) => act(client, job, notes));
}
