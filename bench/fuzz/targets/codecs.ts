/**
 * Codecs of every dialect, both ways: what agents and providers may send is read as the IR or refused in words, what was
 * read is written so that the same codec reads it again, and so does every other dialect that can express it.
 */

import type { ChatCodec, Codec } from "../../../providers/codec.ts";
import type { CodecUse } from "../../../providers/conformance/codec-use.ts";
import {
  codecUse,
  codecUses,
  wireRequest,
  wireResponse,
} from "../../../providers/conformance/codec-use.ts";
import { firstDifference as irDifference } from "../../../providers/conformance/first-difference.ts";
import {
  chatRequestShape,
  chatResponseShape,
  embeddingsRequestShape,
  embeddingsResponseShape,
  modelErrorShape,
  tokenCountShape,
} from "../../../providers/conformance/ir-shape.ts";
import {
  chatSamples,
  countSamples,
  embeddingsSamples,
} from "../../../providers/conformance/malformed-samples.ts";
import { plainRequest } from "../../../providers/conformance/plain-request.ts";
import { sampleModels } from "../../../providers/conformance/sample-models.ts";
import {
  readStream,
  streamsFor,
  writeStream,
} from "../../../providers/conformance/stream-checks.ts";
import { streamOrderProblem } from "../../../providers/conformance/stream-order.ts";
import type { Part } from "../../../providers/ir.ts";
import { parseJson } from "../../../providers/json-text.ts";
import type { ServedApi } from "../../../providers/provider.ts";
import { providers } from "../../../providers/registry.ts";
import type { DecodedCall } from "../../../providers/translation.ts";
import {
  decodeCall,
  encodeCall,
  judgeCall,
  translateAnswer,
} from "../../../providers/translation.ts";
import type { ValueCheck } from "../../../providers/value-check.ts";
import type { Random } from "../../../extproc/testdata/random.ts";
import type { Finding, FuzzTarget } from "../fuzz-target.ts";
import { differenceByCut } from "../input-cuts.ts";
import { mutateValue, writeOddly } from "../json-mutations.ts";

const modes = ["request", "answer", "stream", "error"] as const;
type Mode = (typeof modes)[number];

/** Of errors; those of success are never read as one. */
const statuses = [400, 401, 403, 404, 413, 429, 500, 503, 529] as const;

/** Before the body: which use of a codec, what the body is, and what else is chosen. */
const headBytes = 3;

const uses: readonly CodecUse[] = distinct(
  providers.flatMap((provider) =>
    codecUses(provider).flatMap(({ codec }) =>
      sampleModels(provider, codec).map((model) => codecUse(provider, codec, model)),
    ),
  ),
);

/** Targets that share the work: a family of dialects each. */
export const codecTargets: readonly FuzzTarget[] = [
  familyTarget("openai", (path) => /^(?:openai|azure|mistral)/.test(path), [
    "openai",
    "mistral",
    "azure-openai",
  ]),
  familyTarget("anthropic", (path) => path.startsWith("anthropic"), ["anthropic"]),
  familyTarget("google", (path) => path.startsWith("google"), ["google-genai", "google-vertex"]),
  familyTarget("bedrock", (path) => path.startsWith("aws"), ["aws-bedrock"]),
];

/** One use of each codec and model is enough: providers share codecs. */
function distinct(all: readonly CodecUse[]): readonly CodecUse[] {
  const seen = new Set<string>();
  return all.filter(({ codec, model }) => {
    const key = `${codec.name} ${model}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function familyTarget(
  name: string,
  isOwn: (provider: string) => boolean,
  folders: readonly string[],
): FuzzTarget {
  const own = uses.filter(({ provider }) => isOwn(provider.name));
  return {
    name: `codecs-${name}`,
    promise: "the IR or a reason; decode(encode(x)) = x; streams the same however cut",
    covers: folders.map((folder) => `/providers/${folder}/`),
    maxInputBytes: 16_384,
    words: ['{"type":"', '"role":"user"', '"content":[', "data: ", "\n\n", "event: ", "[DONE]"],
    seeds: () => own.flatMap((use, index) => seedsOf(use, index)),
    invent: (random) =>
      Buffer.from([random.below(own.length), random.below(modes.length), 0, 0x7b, 0x7d]),
    mutate: mutateBody,
    open: () => ({
      check(input) {
        const use = own[(input[0] ?? 0) % own.length];
        const mode = modes[(input[1] ?? 0) % modes.length];
        if (use === undefined || mode === undefined) return undefined;
        const finding = checkBody(use, mode, input.subarray(headBytes), input[2] ?? 0);
        return finding === undefined
          ? undefined
          : `${use.codec.name} (${use.model}), ${mode}: ${finding}`;
      },
    }),
  };
}

function seedsOf(use: CodecUse, index: number): Buffer[] {
  const { requests, answers } = samplesOf(use);
  const streams =
    isChat(use) && use.codec.expresses.has("stream")
      ? streamsFor(use)
          .slice(0, 6)
          .map((one) => writeStream(use, one))
      : [];
  const error = use.codec.encodeError({
    status: 429,
    kind: "rate-limit",
    message: "Slow",
    code: null,
  });
  const seed = (mode: Mode, body: string | Buffer) =>
    Buffer.concat([Buffer.of(index, modes.indexOf(mode), 0), Buffer.from(body)]);
  return [
    ...requests.map((body) => seed("request", body)),
    ...answers.map((body) => seed("answer", body)),
    ...streams.map((body) => seed("stream", body)),
    seed("error", error.body),
  ].filter(({ length }) => length < 16_384);
}

function samplesOf(use: CodecUse) {
  const { codec } = use;
  switch (codec.operation) {
    case "chat":
      return chatSamples({ ...use, codec });
    case "count_tokens":
      return countSamples({ ...use, codec });
    case "embeddings":
      return embeddingsSamples({ ...use, codec });
  }
}

function isChat(use: CodecUse): use is CodecUse<ChatCodec> {
  return use.codec.operation === "chat";
}

/** JSON bodies by their values, event streams by the JSON of one event, and now and then the choices before them. */
function mutateBody(input: Buffer, random: Random): Buffer | undefined {
  const head = Buffer.from(input.subarray(0, headBytes));
  if (random.below(4) === 0) head[2] = random.below(256);
  const body = input.subarray(headBytes);
  const parsed = parseValue(body.toString("utf8"));
  if (parsed !== undefined) {
    return Buffer.concat([head, writeOddly(mutateValue(parsed, parsed, random), random)]);
  }
  const lines = body.toString("utf8").split("\n");
  const at = random.below(lines.length);
  const line = lines[at] ?? "";
  const start = line.indexOf("{");
  const event = start < 0 ? undefined : parseValue(line.slice(start));
  if (event === undefined) return undefined;
  const changed = `${line.slice(0, start)}${JSON.stringify(mutateValue(event, event, random))}`;
  const replaced = random.below(4) === 0 ? [line, "", changed] : [changed];
  return Buffer.concat([head, Buffer.from(lines.toSpliced(at, 1, ...replaced).join("\n"))]);
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Only bytes can be changed of it.
    return undefined;
  }
}

function checkBody(use: CodecUse, mode: Mode, body: Buffer, choice: number): Finding {
  switch (mode) {
    case "request":
      return checkRequest(use, body, choice);
    case "answer":
      return checkAnswer(use, body, choice);
    case "stream":
      return isChat(use) ? checkStream(use, body, choice) : undefined;
    case "error":
      return checkError(use, body, choice);
  }
}

function checkRequest(use: CodecUse, body: Buffer, choice: number): Finding {
  const { codec, model } = use;
  const wire = wireRequest(use, { model, stream: (choice & 1) === 1 }, body);
  const decoded = decodeCall(codec, wire);
  wire.body.fill(0x21);
  if (decoded.kind === "malformed") return reasonProblem(decoded.reason, body);
  const { call } = decoded;
  const shape: ValueCheck =
    call.operation === "embeddings" ? embeddingsRequestShape : chatRequestShape;
  const [problem] = shape(call.request, "");
  // Agents that send calls without an id are not ours to mend: whoever serves them says what it thinks of it.
  if (/(?:id|callId) is ""/.test(problem ?? "")) return undefined;
  if (problem !== undefined) return `it is read as no request: ${problem}`;
  return carryOwn(use, call) ?? carryTo(targetApi(call, choice), call);
}

/**
 * Written by the codec that read it, and read again, it is a request; from then on it stays the same. The first time it
 * may become another: a dialect bounds what it takes, and models differ.
 */
function carryOwn(use: CodecUse, call: DecodedCall): Finding {
  const { api } = use;
  if (api === undefined || saysNothing(call)) return undefined;
  if (judgeCall(call, api).refused.length > 0) return undefined;
  const once = carry(use, api, call);
  if (typeof once === "string") return once;
  if (judgeCall(once, api).refused.length > 0) return "its own writing is refused";
  const twice = carry(use, api, once);
  if (typeof twice === "string") return `the second time ${twice}`;
  if (twice.operation === "embeddings" || once.operation === "embeddings") return undefined;
  const options = { keeps: () => true, joinsTexts: true, isWanted: true };
  const difference = irDifference(
    plainRequest(twice.request, options),
    plainRequest(once.request, options),
  );
  // Bounds on schemas are told in their description, whose place among the members is not kept; a limit of output
  // that leaves no room for the reasoning that is asked for is raised each time.
  const isFree = /^(?:output\.schema|maxOutputTokens)/.test(difference ?? "");
  return difference === undefined || isFree ? undefined : `read again ${difference}`;
}

/** Turns and names of nothing are left out by some and refused by every API: who reads them need not write them. */
function saysNothing(call: DecodedCall): boolean {
  if (call.operation === "embeddings") return false;
  const { messages, tools, toolChoice } = call.request;
  if (tools.some(({ name }) => name === "")) return true;
  if (toolChoice?.kind === "tool" && toolChoice.name === "") return true;
  const isEmpty = (part: Part) => part.kind === "text" && part.text === "";
  const isNameless = (part: Part) => part.kind === "tool-call" && part.name === "";
  return (
    messages.length === 0 ||
    messages.some(({ parts }) => parts.every(isEmpty) || parts.some(isNameless))
  );
}

/** The API of any dialect that the choice names, for calls of this operation. */
function targetApi(call: DecodedCall, choice: number): CodecUse | undefined {
  const able = uses.filter(
    ({ codec, api }) => codec.operation === call.operation && api !== undefined,
  );
  return able[choice % Math.max(1, able.length)];
}

function carryTo(use: CodecUse | undefined, call: DecodedCall): Finding {
  if (use?.api === undefined || saysNothing(call)) return undefined;
  if (judgeCall(call, use.api).refused.length > 0) return undefined;
  const again = carry(use, use.api, call);
  return typeof again === "string" ? `served in ${use.codec.name}: ${again}` : undefined;
}

/** The call after it was written for an API and read by its codec. */
function carry(use: CodecUse, api: ServedApi, call: DecodedCall): DecodedCall | string {
  const written = encodeCall(call, api, use.model);
  const isStream = call.operation !== "embeddings" && call.request.stream;
  const wire = wireRequest(use, { model: use.model, stream: isStream }, written);
  const decoded = decodeCall(use.codec, wire);
  return decoded.kind === "ok" ? decoded.call : `its own writing is malformed: ${decoded.reason}`;
}

/** Whoever is told the reason may be another than who wrote the body. */
function reasonProblem(reason: string, body: Buffer): Finding {
  if (reason === "") return "it is malformed without a reason";
  const parsed = parseJson(body);
  if (parsed.kind === "malformed") return undefined;
  const quoted = textsOf(parsed.value).find((text) => text.length >= 24 && reason.includes(text));
  return quoted === undefined ? undefined : "the reason quotes the body";
}

function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

function checkAnswer(use: CodecUse, body: Buffer, choice: number): Finding {
  const { codec } = use;
  const wire = wireResponse({ contentType: "application/json", body });
  const decoded = (codec satisfies Codec).decodeResponse(wire);
  if (decoded.kind === "malformed") return decoded.reason === "" ? "no reason is given" : undefined;
  const [problem] = answerShape(codec)(decoded.value, "");
  if (problem !== undefined) return `it is read as no answer: ${problem}`;
  const callers = callersOf(codec.operation);
  const call = callers[choice % Math.max(1, callers.length)];
  if (call === undefined) return undefined;
  if (isNamelessAnswer(decoded.value)) return undefined;
  const answer = translateAnswer(
    call,
    codec,
    wireResponse({ contentType: "application/json", body }),
  );
  if (answer.kind === "malformed") return `it is malformed the second time: ${answer.reason}`;
  const again = call.codec.decodeResponse(wireResponse(answer.answer));
  return again.kind === "ok"
    ? undefined
    : `told in ${call.codec.name} its own writing is malformed: ${again.reason}`;
}

/** Calls without a name cannot be made: some dialects read them, others refuse them. */
function isNamelessAnswer(value: object): boolean {
  if (!("choices" in value) || !Array.isArray(value.choices)) return false;
  return JSON.stringify(value.choices).includes('"name":""');
}

function answerShape(codec: Codec): ValueCheck {
  switch (codec.operation) {
    case "chat":
      return chatResponseShape;
    case "count_tokens":
      return tokenCountShape;
    case "embeddings":
      return embeddingsResponseShape;
  }
}

const knownCallers = new Map<string, readonly DecodedCall[]>();

/** A call in each dialect of the operation, whose answer is told in it. */
function callersOf(operation: Codec["operation"]): readonly DecodedCall[] {
  let calls = knownCallers.get(operation);
  if (calls === undefined) {
    calls = uses.flatMap((use) => {
      const [first] = use.codec.operation === operation ? samplesOf(use).requests : [];
      if (first === undefined) return [];
      const outcome = decodeCall(
        use.codec,
        wireRequest(use, { model: use.model, stream: false }, first),
      );
      return outcome.kind === "ok" ? [outcome.call] : [];
    });
    knownCallers.set(operation, calls);
  }
  return calls;
}

function checkStream(use: CodecUse<ChatCodec>, body: Buffer, choice: number): Finding {
  const { codec } = use;
  const difference = differenceByCut(body, (pieces) =>
    JSON.stringify(readStream(codec.createStreamDecoder(), lend(pieces))),
  );
  if (difference !== undefined) return difference;
  const events = readStream(codec.createStreamDecoder(), [body]);
  const order = streamOrderProblem(events);
  if (order !== undefined) return order;
  const callers = callersOf("chat");
  const call = callers[choice % Math.max(1, callers.length)];
  if (call === undefined || call.codec.operation !== "chat" || call.operation === "embeddings") {
    return undefined;
  }
  if (!call.codec.expresses.has("stream")) return undefined;
  const encoder = call.codec.createStreamEncoder({ ...call.request, stream: true });
  const written = Buffer.concat(events.map((event) => Buffer.from(encoder.write([event]))));
  const again = streamOrderProblem(readStream(call.codec.createStreamDecoder(), [written]));
  return again === undefined ? undefined : `told in ${call.codec.name}: ${again}`;
}

/** Pieces whose bytes are gone when the next one is asked for. */
function* lend(pieces: readonly Buffer[]): Generator<Buffer> {
  for (const piece of pieces) {
    const lent = Buffer.from(piece);
    yield lent;
    lent.fill(0x21);
  }
}

function checkError(use: CodecUse, body: Buffer, choice: number): Finding {
  const status = statuses[choice % statuses.length] ?? 500;
  const error = use.codec.decodeError(
    wireResponse({ contentType: "application/json", body }, status),
  );
  const [problem] = modelErrorShape(error, "");
  if (problem !== undefined) return `it is read as no error: ${problem}`;
  for (const { codec } of uses) {
    const written = codec.encodeError(error);
    const isRead = parseJson(Buffer.from(written.body)).kind === "value";
    if (!isRead) return `told in ${codec.name} it is no JSON`;
    if (written.status < 400) return `told in ${codec.name} it has status ${written.status}`;
  }
  return undefined;
}
