/** What a stream came to, and a stream that an answer could come as. */

import type {
  ChatResponse,
  Choice,
  FinishReason,
  ModelError,
  Part,
  PartStart,
  StreamEvent,
  TokenLogprob,
  Usage,
} from "../ir.ts";

/** A stream put together; what did not come is null. */
export interface CollectedStream {
  readonly id: string | null;
  readonly model: string | null;
  readonly parts: readonly Part[];
  readonly logprobs: readonly TokenLogprob[];
  readonly finish: FinishReason | null;
  readonly stopText: string | null;
  readonly usage: Usage | null;
  readonly failed: ModelError | null;
}

interface OpenPart {
  readonly start: PartStart;
  text: string;
  signature: string | null;
}

/** Puts the events of a stream together; usage is the last that was told. */
export function collectStream(events: readonly StreamEvent[]): CollectedStream {
  const open: OpenPart[] = [];
  const logprobs: TokenLogprob[] = [];
  const find = <Kind extends StreamEvent["kind"]>(kind: Kind) =>
    events.findLast((event) => event.kind === kind) as
      | Extract<StreamEvent, { readonly kind: Kind }>
      | undefined;
  for (const event of events) {
    if (event.kind === "part-start") open.push({ start: event.part, text: "", signature: null });
    if (event.kind === "logprobs") logprobs.push(...event.logprobs);
    const part = "index" in event ? open[event.index] : undefined;
    if (part === undefined) continue;
    if (event.kind === "delta") part.text += event.text;
    if (event.kind === "signature") part.signature = event.signature;
  }
  return {
    id: find("start")?.id ?? null,
    model: find("start")?.model ?? null,
    parts: open.map(closePart),
    logprobs,
    finish: find("finish")?.finish ?? null,
    stopText: find("finish")?.stopText ?? null,
    usage: find("usage")?.usage ?? null,
    failed: find("failed")?.error ?? null,
  };
}

/** The answer that a stream came to; its finish is `error` where none came. */
export function answerOf(stream: CollectedStream): ChatResponse {
  const { id, model, parts, finish, stopText, logprobs, usage } = stream;
  const choice = {
    parts,
    finish: finish ?? "error",
    stopText,
    logprobs: logprobs.length === 0 ? null : logprobs,
  };
  return { id: id ?? "", model: model ?? "", created: null, choices: [choice], usage };
}

/** The events of an answer's first choice, text in pieces of a few characters. */
export function streamOf({ id, model, created, choices, usage }: ChatResponse): StreamEvent[] {
  const [choice] = choices;
  if (choice === undefined) return [];
  return [
    { kind: "start", id, model, created },
    ...choice.parts.flatMap((part, index) => partEvents(part, index, choice)),
    ...(usage === null ? [] : [{ kind: "usage", usage } as const]),
    { kind: "finish", finish: choice.finish, stopText: choice.stopText },
    { kind: "end" },
  ];
}

function partEvents(part: Part, index: number, { logprobs }: Choice): StreamEvent[] {
  const start = startOf(part);
  if (start === undefined) return [];
  const text = textOfPart(part);
  const signature = "signature" in part ? part.signature : null;
  const isFirst = index === 0 && logprobs !== null;
  return [
    { kind: "part-start", index, part: start },
    ...piecesOf(text).map((piece): StreamEvent => ({ kind: "delta", index, text: piece })),
    ...(signature === null ? [] : [{ kind: "signature", index, signature } as const]),
    ...(isFirst ? [{ kind: "logprobs", index, logprobs } as const] : []),
    { kind: "part-end", index },
  ];
}

function startOf(part: Part): PartStart | undefined {
  switch (part.kind) {
    case "text":
    case "refusal":
      return { kind: part.kind };
    case "reasoning":
      return { kind: "reasoning", encrypted: part.encrypted, origin: part.origin };
    case "tool-call":
      return { kind: "tool-call", id: part.id, name: part.name };
    default:
      return undefined;
  }
}

function textOfPart(part: Part): string {
  if (part.kind === "tool-call") return part.arguments;
  return "text" in part ? part.text : "";
}

/** Whole characters, so that no piece ends in the middle of one. */
function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  let piece = "";
  for (const character of text) {
    piece += character;
    if (piece.length < 5) continue;
    pieces.push(piece);
    piece = "";
  }
  return piece === "" ? pieces : [...pieces, piece];
}

function closePart({ start, text, signature }: OpenPart): Part {
  switch (start.kind) {
    case "text":
    case "refusal":
      return { kind: start.kind, text };
    case "reasoning":
      return { ...start, text, signature };
    case "tool-call":
      return { ...start, arguments: text, signature };
  }
}
