/** What the kit finds of the mirror provider when something of it is broken. */
import type { ChatCodec, CountCodec, EmbeddingsCodec } from "../../codec.ts";
import type { ChatRequest, ChatResponse, StreamEvent } from "../../ir.ts";
import { CheckBook } from "../check-book.ts";
import type { CodecUse } from "../codec-use.ts";
import { codecUses } from "../codec-use.ts";
import type { MirrorParts } from "./mirror-provider.ts";
import { mirrorChat, mirrorProvider } from "./mirror-provider.ts";

/** Problems without the codec's name, as one check of chats finds them. */
export function chatProblems(
  parts: MirrorParts,
  check: (use: CodecUse<ChatCodec>, book: CheckBook) => void,
): string[] {
  const book = new CheckBook("x");
  for (const use of codecUses(mirrorProvider(parts))) {
    const { codec } = use;
    if (codec.operation === "chat") check({ ...use, codec }, book);
  }
  return problemsOf(book);
}

export function countProblems(
  parts: MirrorParts,
  check: (use: CodecUse<CountCodec>, book: CheckBook) => void,
): string[] {
  const book = new CheckBook("x");
  for (const use of codecUses(mirrorProvider(parts))) {
    const { codec } = use;
    if (codec.operation === "count_tokens") check({ ...use, codec }, book);
  }
  return problemsOf(book);
}

export function embeddingsProblems(
  parts: MirrorParts,
  check: (use: CodecUse<EmbeddingsCodec>, book: CheckBook) => void,
): string[] {
  const book = new CheckBook("x");
  for (const use of codecUses(mirrorProvider(parts))) {
    const { codec } = use;
    if (codec.operation === "embeddings") check({ ...use, codec }, book);
  }
  return problemsOf(book);
}

/** A codec that writes another request than it is given. */
export function writing(change: (request: ChatRequest) => object): Partial<ChatCodec> {
  return {
    encodeRequest: (request) =>
      mirrorChat.encodeRequest({ ...request, ...change(request) } as ChatRequest),
  };
}

/** A codec that writes another answer than it is given. */
export function answering(change: (response: ChatResponse) => object): Partial<ChatCodec> {
  return {
    encodeResponse: (response, request) =>
      mirrorChat.encodeResponse({ ...response, ...change(response) } as ChatResponse, request),
  };
}

/** A codec whose encoder writes other events than it is given. */
export function streaming(
  change: (event: StreamEvent) => readonly StreamEvent[],
): Partial<ChatCodec> {
  return {
    createStreamEncoder: (request) => {
      const encoder = mirrorChat.createStreamEncoder(request);
      return { ...encoder, write: (events) => encoder.write(events.flatMap(change)) };
    },
  };
}

/** A codec whose decoder tells other events than it reads. */
export function telling(
  change: (event: StreamEvent) => readonly StreamEvent[],
): Partial<ChatCodec> {
  return {
    createStreamDecoder: () => {
      const decoder = mirrorChat.createStreamDecoder();
      return {
        write: (chunk) => decoder.write(chunk).flatMap(change),
        end: () => decoder.end().flatMap(change),
      };
    },
  };
}

function problemsOf(book: CheckBook): string[] {
  return book.findings().problems.map((problem) => problem.replace(/^x: /, ""));
}
