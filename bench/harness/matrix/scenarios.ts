/** The scenarios of the matrix: what an agent asks for and what it must get, whoever serves it. */
import type { SdkJob, SdkReport, SdkTask, SdkTool } from "../clients/sdk-task.ts";
import { inspectBase64 } from "../fake/media.ts";
import { sampleOf } from "../fake/schema-sample.ts";
import { checkRaised, checkTurns } from "./expectations.ts";
import type { Expected } from "./expectations.ts";
import type { SdkClient } from "./sdk-clients.ts";
import type { Target } from "./targets.ts";

/** Who asks and who serves. */
export interface Pair {
  readonly client: SdkClient;
  readonly target: Target;
}

/** One scenario. */
export interface Scenario {
  readonly name: string;
  /** As a heading */
  readonly title: string;
  /** What is asked; `mark` is a word of its own that the prompt holds */
  readonly job: (client: SdkClient, mark: string) => SdkJob;
  /** A clause about what is wrong; undefined when all is well */
  readonly check: (report: SdkReport, pair: Pair, mark: string) => string | undefined;
}

/** A red dot. */
const png =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const weather: SdkTool = {
  name: "get_weather",
  description: "Tells the weather of a city",
  schema: {
    type: "object",
    properties: {
      city: { type: "string", description: "Name of the city" },
      unit: { type: "string", enum: ["celsius", "fahrenheit"] },
      days: { type: "integer" },
    },
    required: ["city"],
  },
};

const clock: SdkTool = {
  name: "get-time",
  description: "Tells the time of a place",
  schema: {
    type: "object",
    properties: { place: { type: "object", properties: { zone: { type: "string" } } } },
    required: ["place"],
    additionalProperties: false,
  },
};

const form = {
  type: "object",
  properties: {
    city: { type: "string" },
    days: { type: "integer" },
    sky: { type: "string", enum: ["clear", "cloudy"] },
    hours: { type: "array", items: { type: "number" } },
    wind: {
      type: "object",
      properties: { from: { type: "string" }, gusts: { type: "boolean" } },
      required: ["from", "gusts"],
      additionalProperties: false,
    },
  },
  required: ["city", "days", "sky", "hours", "wind"],
  additionalProperties: false,
};

const longText = Array.from({ length: 30 }, (_, index) => `w${index % 10}`).join(" ");

function ask(client: SdkClient, prompt: string, more: Partial<SdkTask> = {}): SdkTask {
  return { kind: "chat", model: client.models.chat, prompt, ...more };
}

const twoTools: Pick<SdkTask, "tools" | "results"> = {
  tools: [weather, clock],
  results: [{ text: "sunny" }, { text: "no clock", failed: true }],
};

const weatherArguments = sampleOf(weather.schema, 0);
const clockArguments = sampleOf(clock.schema, 1);

/** Expectations of a call of one tool, and of the answer to its result. */
function oneCall(mark: string): readonly Expected[] {
  const calls = [{ name: weather.name, arguments: weatherArguments }];
  return [
    { text: "", calls, finish: "tool-calls" },
    { text: `Tools said sunny: Look ${mark}`, finish: "stop" },
  ];
}

/** Expectations of two calls at once, and of the answer to their results. */
function twoCalls({ client, target }: Pair, mark: string): readonly Expected[] {
  const calls = [
    { name: weather.name, arguments: weatherArguments },
    { name: clock.name, arguments: clockArguments },
  ];
  const knows = !client.lacks.includes("failed-tool") && target.tellsFailedTools;
  const failure = knows ? "no clock (failed)" : "no clock";
  return [
    { text: "Let me look", calls, finish: "tool-calls" },
    { text: `Tools said sunny and ${failure}: Look ${mark}`, finish: "stop" },
  ];
}

function reasons({ client, target }: Pair): Pick<Expected, "reasoning"> {
  const shows = client.showsReasoning && target.showsReasoning(client.dialect);
  return { reasoning: shows ? "shown" : "some" };
}

/** Every scenario, in the order of the report. */
export const scenarios: readonly Scenario[] = [
  {
    name: "plain",
    title: "Plain answer, with instructions",
    job: (client, mark) => ask(client, `Hello ${mark}`, { system: "Be kind. [[sign Robin]]" }),
    check: (report, _pair, mark) =>
      checkTurns(report, [{ text: `You said: Hello ${mark}, signed Robin`, finish: "stop" }]),
  },
  {
    name: "stream",
    title: "Streamed answer, with instructions",
    job: (client, mark) =>
      ask(client, `Hello ${mark}`, { system: "Be kind. [[sign Robin]]", stream: true }),
    check: (report, _pair, mark) =>
      checkTurns(report, [
        { text: `You said: Hello ${mark}, signed Robin`, finish: "stop", streamed: true },
      ]),
  },
  {
    name: "limits",
    title: "Most tokens and temperature",
    job: (client, mark) => ask(client, `${longText} ${mark}`, { maxTokens: 16, temperature: 0.5 }),
    check: (report) =>
      checkTurns(report, [{ text: /^You said: w0 w1 w2 w3 w\d?/, finish: "length" }]),
  },
  {
    name: "stop",
    title: "Stop texts",
    job: (client, mark) => ask(client, `${mark} before STOP after`, { stop: ["STOP", "never"] }),
    check: (report, _pair, mark) =>
      checkTurns(report, [{ text: `You said: ${mark} before `, finish: "stop" }]),
  },
  {
    name: "tools",
    title: "A tool, called and answered",
    job: (client, mark) =>
      ask(client, `Look ${mark}`, { tools: [weather], results: [{ text: "sunny" }] }),
    check: (report, _pair, mark) => checkTurns(report, oneCall(mark)),
  },
  {
    name: "tools-stream",
    title: "A tool, called and answered, streamed",
    job: (client, mark) =>
      ask(client, `Look ${mark}`, {
        tools: [weather],
        results: [{ text: "sunny" }],
        stream: true,
      }),
    check: (report, _pair, mark) => checkTurns(report, oneCall(mark)),
  },
  {
    name: "parallel-tools",
    title: "Two tools at once, called with words and answered",
    job: (client, mark) => ask(client, `Look ${mark} [[calls 2]] [[aloud]]`, twoTools),
    check: (report, pair, mark) => checkTurns(report, twoCalls(pair, mark)),
  },
  {
    name: "parallel-tools-stream",
    title: "Two tools at once, streamed",
    job: (client, mark) =>
      ask(client, `Look ${mark} [[calls 2]] [[aloud]]`, { ...twoTools, stream: true }),
    check: (report, pair, mark) => checkTurns(report, twoCalls(pair, mark)),
  },
  {
    name: "image",
    title: "An image",
    job: (client, mark) =>
      ask(client, `See ${mark}`, { image: { mediaType: "image/png", base64: png } }),
    check: (report, _pair, mark) => {
      const found = inspectBase64("image/png", png);
      const words = found.kind === "fine" ? found.words : "";
      return checkTurns(report, [{ text: `You said: See ${mark} with ${words}`, finish: "stop" }]);
    },
  },
  {
    name: "reasoning",
    title: "Reasoning",
    job: (client, mark) =>
      ask(client, `Think ${mark}`, { model: client.models.reasoning, reason: true }),
    check: (report, pair, mark) =>
      checkTurns(report, [{ text: `You said: Think ${mark}`, finish: "stop", ...reasons(pair) }]),
  },
  {
    name: "reasoning-stream",
    title: "Reasoning, streamed",
    job: (client, mark) =>
      ask(client, `Think ${mark}`, {
        model: client.models.reasoning,
        reason: true,
        stream: true,
      }),
    check: (report, pair, mark) =>
      checkTurns(report, [
        { text: `You said: Think ${mark}`, finish: "stop", streamed: true, ...reasons(pair) },
      ]),
  },
  {
    name: "reasoning-tools",
    title: "Reasoning around a tool, streamed",
    job: (client, mark) =>
      ask(client, `Look ${mark}`, {
        model: client.models.reasoning,
        reason: true,
        stream: true,
        tools: [weather],
        results: [{ text: "sunny" }],
      }),
    check: (report, pair, mark) => {
      const [first, second] = oneCall(mark);
      if (first === undefined || second === undefined) return undefined;
      return checkTurns(report, [{ ...first, ...reasons(pair) }, second]);
    },
  },
  {
    name: "structured",
    title: "Structured output",
    job: (client, mark) => ask(client, `As JSON ${mark}`, { schema: form }),
    check: (report) => checkTurns(report, [{ json: sampleOf(form, 0), finish: "stop" }]),
  },
  {
    name: "structured-stream",
    title: "Structured output, streamed",
    job: (client, mark) => ask(client, `As JSON ${mark}`, { schema: form, stream: true }),
    check: (report) =>
      checkTurns(report, [{ json: sampleOf(form, 0), finish: "stop", streamed: true }]),
  },
  {
    name: "bad-request",
    title: "The provider refuses (400)",
    job: (client, mark) => ask(client, `Hello ${mark} [[fail 400]]`),
    check: (report, { client }) =>
      checkRaised(report, { client, statuses: [400], message: /too long|maximum/i }),
  },
  {
    name: "rate-limit",
    title: "The provider limits the rate (429 with `retry-after`)",
    job: (client, mark) => ask(client, `Hello ${mark} [[fail 429 7]]`),
    check: (report, { client }) =>
      checkRaised(report, { client, statuses: [429], message: /./, retryAfter: "7" }),
  },
  {
    name: "overloaded",
    title: "The provider is overloaded (503, Anthropic's 529)",
    job: (client, mark) => ask(client, `Hello ${mark} [[fail 503]]`, { stream: true }),
    check: (report, { client }) =>
      checkRaised(report, { client, statuses: [503, 529], message: /./ }),
  },
  {
    name: "server-error",
    title: "The provider fails (500)",
    job: (client, mark) => ask(client, `Hello ${mark} [[fail 500]]`),
    check: (report, { client }) =>
      checkRaised(report, { client, statuses: [500, 502], message: /./ }),
  },
  {
    name: "stream-error",
    title: "An error in the midst of a stream",
    job: (client, mark) => ask(client, `Hello ${mark} [[break]]`, { stream: true }),
    check: (report) => checkBroken(report, /^You/),
  },
  {
    name: "stream-cut",
    title: "The connection breaks in the midst of a stream",
    job: (client, mark) => ask(client, `Hello ${mark} [[cut]]`, { stream: true }),
    // What was on its way when the connection broke may be lost.
    check: (report) => checkBroken(report, /^(?:You.*)?$/),
  },
  {
    name: "count-tokens",
    title: "Count of tokens",
    job: (client, mark) => ({
      kind: "count",
      model: client.models.chat,
      prompt: `Hello ${mark}`,
    }),
    check: (report) => {
      if (report.kind === "failed") return checkTurns(report, []);
      return (report.tokens ?? 0) > 0 ? undefined : `counted ${report.tokens} tokens`;
    },
  },
  {
    name: "embeddings",
    title: "Embeddings",
    job: (client, mark) => ({
      kind: "embed",
      model: client.models.embedding ?? "",
      texts: [`Hello ${mark}`, "Again"],
    }),
    check: (report) => {
      if (report.kind === "failed") return checkTurns(report, []);
      const lengths = report.vectors ?? [];
      const isWhole = lengths.length === 2 && lengths.every((length) => length >= 1_024);
      return isWhole ? undefined : `got vectors of lengths ${lengths.join(", ")}`;
    },
  },
];

function checkBroken(report: SdkReport, partial: RegExp): string | undefined {
  if (report.kind === "answered") return "a broken stream passed for a whole one";
  if (!partial.test(report.text)) return `the text before the end was "${report.text}"`;
  return report.error.message === "" ? "the error says nothing" : undefined;
}
