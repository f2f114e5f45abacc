/**
 * A provider whose dialects are the IR itself in JSON: the least that keeps every promise. Tests break one thing of it
 * at a time, to see that the kit finds it.
 */
import type {
  ChatCodec,
  CountCodec,
  Decoded,
  EmbeddingsCodec,
  WireBody,
  WireResponse,
} from "../../codec.ts";
import { EventDataReader } from "../../event-data.ts";
import type { Feature } from "../../features.ts";
import type {
  ChatRequest,
  ChatResponse,
  EmbeddingsRequest,
  EmbeddingsResponse,
  ErrorKind,
  ModelError,
  StreamEvent,
  TokenCount,
} from "../../ir.ts";
import { isJsonObject, parseJson, parseJsonText, writeJson } from "../../json-text.ts";
import type { JsonValue } from "../../json-text.ts";
import type { Operation } from "../../operation.ts";
import type { Provider } from "../../provider.ts";
import type { ValueCheck } from "../../value-check.ts";
import { embeddingFeatures } from "../embeddings-checks.ts";
import {
  chatRequestShape,
  chatResponseShape,
  embeddingsRequestShape,
  embeddingsResponseShape,
  modelErrorShape,
  streamEventShape,
  tokenCountShape,
} from "../ir-shape.ts";
import { conversationFeatures } from "../request-checks.ts";
import { StreamOrder } from "../stream-order.ts";

export interface MirrorParts {
  readonly chat?: Partial<ChatCodec>;
  readonly count?: Partial<CountCodec>;
  readonly embeddings?: Partial<EmbeddingsCodec>;
  readonly operation?: Partial<Operation>;
}

export const mirrorChat: ChatCodec = {
  name: "mirror-chat",
  operation: "chat",
  expresses: conversationFeatures(),
  ...errorCodec(),
  decodeRequest: ({ body }) => read(body, chatRequestShape) as Decoded<ChatRequest>,
  encodeRequest: (request) => write(withoutForeign(request)),
  decodeResponse: ({ body }) => read(body, chatResponseShape) as Decoded<ChatResponse>,
  encodeResponse: (response) => json(response),
  createStreamDecoder: () => {
    const order = new StreamOrder();
    let events: StreamEvent[] = [];
    const tell = (event: StreamEvent) => {
      if (order.isOver) return;
      const problem = order.take(event);
      events.push(problem === undefined ? event : failed(problem));
      if (problem !== undefined) order.take(failed(problem));
    };
    const reader = new EventDataReader((data) => {
      const parsed = parseJsonText(data);
      const isEvent = parsed.kind === "value" && streamEventShape(parsed.value, "").length === 0;
      tell(isEvent ? (parsed.value as unknown as StreamEvent) : failed("It is no event"));
    });
    const take = () => {
      const taken = events;
      events = [];
      return taken;
    };
    return {
      write: (chunk) => {
        reader.write(chunk);
        return take();
      },
      end: () => {
        tell(failed("The stream ended early"));
        return take();
      },
    };
  },
  createStreamEncoder: () => {
    let isOver = false;
    return {
      contentType: "text/event-stream",
      write: (events) => {
        let text = "";
        for (const event of events) {
          if (isOver) break;
          text += `data: ${write(event)}\n\n`;
          isOver = event.kind === "end" || event.kind === "failed";
        }
        return text;
      },
    };
  },
};

export const mirrorCount: CountCodec = {
  name: "mirror-count",
  operation: "count_tokens",
  expresses: conversationFeatures(),
  ...errorCodec(),
  decodeRequest: mirrorChat.decodeRequest,
  encodeRequest: mirrorChat.encodeRequest,
  decodeResponse: ({ body }) => read(body, tokenCountShape) as Decoded<TokenCount>,
  encodeResponse: (count) => json(count),
};

export const mirrorEmbeddings: EmbeddingsCodec = {
  name: "mirror-embeddings",
  operation: "embeddings",
  expresses: embeddingFeatures(),
  ...errorCodec(),
  decodeRequest: ({ body }) => read(body, embeddingsRequestShape) as Decoded<EmbeddingsRequest>,
  encodeRequest: (request) => write(request),
  decodeResponse: ({ body }) => read(body, embeddingsResponseShape) as Decoded<EmbeddingsResponse>,
  encodeResponse: (response, { encoding }) => {
    const vectors = response.vectors.map((vector) => writeVector(vector, encoding));
    return json({ ...response, vectors });
  },
};

/** The provider, its parts replaced as told. */
export function mirrorProvider(parts: MirrorParts = {}): Provider {
  const operation = {
    finalStatuses: [],
    inputTokens: "with-cache",
    answer: {},
    event: {},
  } as const;
  const codecs = {
    chat: { ...mirrorChat, ...parts.chat },
    count: { ...mirrorCount, ...parts.count },
    embeddings: { ...mirrorEmbeddings, ...parts.embeddings },
  };
  return {
    name: "mirror",
    aliases: [],
    hosts: ["api.mirror.test"],
    credentialHeaders: ["authorization"],
    errorBody: ({ message }) => ({ message }),
    errorHeaders: [],
    operations: [
      {
        ...operation,
        name: "chat",
        paths: ["/chat", "/models/{model}/chat"],
        answer: {
          id: ["id"],
          model: ["model"],
          inputTokens: ["usage.inputTokens"],
          outputTokens: ["usage.outputTokens"],
        },
        event: {
          id: ["id"],
          model: ["model"],
          content: ["text"],
          finishReason: ["finish"],
          inputTokens: ["usage.inputTokens"],
          outputTokens: ["usage.outputTokens"],
        },
        codec: codecs.chat,
        ...parts.operation,
      },
    ],
    served: Object.values(codecs).map((codec) => ({
      codec,
      modelIn: "body",
      path: ({ basePath }) => `${basePath}/${codec.operation === "chat" ? "chat" : codec.operation}`,
      headers: [],
    })),
  };
}

/** Reads the body as the IR of a shape. */
function read(body: Buffer, shape: ValueCheck): Decoded<unknown> {
  const parsed = parseJson(body);
  if (parsed.kind === "malformed") return parsed;
  const [problem] = shape(parsed.value, "");
  if (problem === undefined) return { kind: "ok", value: parsed.value };
  return { kind: "malformed", reason: problem.replace(/"(?:[^"\\]|\\.)*"/g, "a text") };
}

function write(value: object): string {
  return writeJson(value as JsonValue);
}

function json(value: object): WireBody {
  return { contentType: "application/json", body: write(value) };
}

function withoutForeign(request: ChatRequest): ChatRequest {
  const messages = request.messages.map(({ role, parts }) => ({
    role,
    parts: parts.filter((part) => part.kind !== "reasoning" || part.origin.startsWith("mirror")),
  }));
  return { ...request, messages };
}

function failed(message: string): StreamEvent {
  return { kind: "failed", error: { status: 500, kind: "server", message, code: null } };
}

const kinds: readonly (readonly [number, ErrorKind])[] = [
  [400, "invalid-request"],
  [401, "authentication"],
  [403, "permission"],
  [404, "not-found"],
  [408, "timeout"],
  [413, "too-large"],
  [429, "rate-limit"],
  [503, "overloaded"],
  [504, "timeout"],
  [529, "overloaded"],
];

function errorCodec() {
  return {
    decodeError: ({ status, body }: WireResponse): ModelError => {
      const parsed = parseJson(body);
      const value = parsed.kind === "value" && isJsonObject(parsed.value) ? parsed.value : {};
      if (modelErrorShape(value, "").length === 0) return value as unknown as ModelError;
      const kind = new Map(kinds).get(status) ?? "server";
      const message = `The provider answered with status ${status} and a body that is not an error of its API`;
      return { status, kind, message, code: null };
    },
    encodeError: (error: ModelError) => ({ ...json(error), status: error.status }),
  };
}

/** The features of conversations without some. */
export function allBut(...features: readonly Feature[]): ReadonlySet<Feature> {
  return conversationFeatures().difference(new Set(features));
}

function writeVector(
  vector: EmbeddingsResponse["vectors"][number],
  encoding: EmbeddingsRequest["encoding"],
): EmbeddingsResponse["vectors"][number] {
  if ((typeof vector === "string") === (encoding === "base64")) return vector;
  if (typeof vector !== "string") {
    const floats = Float32Array.from(vector, (one) => Number(writeJson(one)));
    return Buffer.from(floats.buffer).toString("base64");
  }
  const bytes = Buffer.from(vector, "base64");
  return Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4));
}
