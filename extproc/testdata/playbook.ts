/**
 * Sessions as a conversation: what Envoy says goes in, what the session asks for comes out as plain values, with the
 * messages to Envoy decoded by protobufjs, so that the codec under test has no part in judging itself.
 */
import type { CallFacts } from "../../gateway/call-facts.ts";
import type { WorkOutcome } from "../../gateway/decision.ts";
import { envoy } from "../../gateway/proto/gen/extproc.js";
import type { EnginePlan } from "../../gateway/snapshot.ts";
import type { SessionCommand } from "../commands.ts";
import type { PlanUpdate } from "../plan-update.ts";
import type { HeaderView, Phase, TransactionMessage } from "../transaction-message.ts";

/** Headers as Envoy would show them. */
export function headerView(fields: Readonly<Record<string, string>>): HeaderView {
  const entries = Object.entries(fields);
  return { entries: () => entries, find: (name) => new Map(entries).get(name) };
}

const noHeaders = headerView({});

/** One message; `body` is text or bytes. */
export function message(
  phase: Phase,
  parts: {
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string | Buffer;
    readonly endOfStream?: boolean;
  } = {},
): TransactionMessage {
  const { headers, body = "", endOfStream = false } = parts;
  return {
    phase,
    endOfStream,
    headers: headers === undefined ? noHeaders : headerView(headers),
    body: Buffer.from(body),
  };
}

/** Headers of a POST to api.openai.com, changed as told. */
export function requestHeaders(
  headers: Readonly<Record<string, string>> = {},
  endOfStream = false,
): TransactionMessage {
  return message("request-headers", {
    headers: {
      ":method": "POST",
      ":path": "/v1/chat/completions",
      ":authority": "api.openai.com",
      ":scheme": "https",
      "content-type": "application/json",
      ...headers,
    },
    endOfStream,
  });
}

/** Headers of an answer in JSON, changed as told. */
export function responseHeaders(
  headers: Readonly<Record<string, string>> = {},
  endOfStream = false,
): TransactionMessage {
  return message("response-headers", {
    headers: { ":status": "200", "content-type": "application/json", ...headers },
    endOfStream,
  });
}

/** A message to Envoy, as protobufjs reads it. */
export function readReply(bytes: Uint8Array) {
  return envoy.service.ext_proc.v3.ProcessingResponse.decode(bytes);
}

/** What one answer to Envoy does, in short. */
export interface ShortReply {
  /** Name of the member of the message's oneof, such as `requestHeaders` or `immediateResponse` */
  readonly reply: string;
  readonly set?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
  readonly hasMode?: boolean;
  /** What becomes of the answer's body: BodySendMode */
  readonly responseMode?: number;
  /** Body in the place of the one that passed */
  readonly text?: string;
  /** Dynamic metadata, `{namespace: {key: value}}`, without the transaction's id */
  readonly metadata?: object;
  readonly status?: number;
  readonly details?: string;
  /** Seconds that Envoy is to wait longer */
  readonly wait?: number;
  readonly body?: unknown;
}

/** A command in short: replies decoded, all else as it is. */
export type ShortCommand =
  | ShortReply
  | Exclude<SessionCommand, { readonly kind: "send" }>;

/** Makes commands comparable. */
export function short(commands: readonly SessionCommand[]): ShortCommand[] {
  return commands.map((command) =>
    command.kind === "send" ? shortReply(command.bytes) : command,
  );
}

function shortReply(bytes: Uint8Array): ShortReply {
  const decoded = readReply(bytes);
  const reply = decoded.response ?? "none";
  const { immediateResponse } = decoded;
  if (immediateResponse !== null) {
    const text = Buffer.from(immediateResponse.body).toString();
    return {
      reply,
      status: immediateResponse.status?.code ?? 0,
      details: immediateResponse.details,
      body: text === "" ? "" : JSON.parse(text),
    };
  }
  const common =
    decoded.requestHeaders?.response ??
    decoded.responseHeaders?.response ??
    decoded.requestBody?.response ??
    decoded.responseBody?.response;
  const mutation = common?.headerMutation;
  const set = Object.fromEntries(
    (mutation?.setHeaders ?? []).map(({ header }) => [
      header?.key ?? "",
      Buffer.from(header?.rawValue ?? []).toString(),
    ]),
  );
  const wait = decoded.overrideMessageTimeout;
  return {
    reply,
    ...(wait && { wait: Number(wait.seconds) }),
    ...(Object.keys(set).length > 0 && { set }),
    ...(mutation && mutation.removeHeaders.length > 0 && { remove: mutation.removeHeaders }),
    ...(decoded.modeOverride !== null && {
      hasMode: true,
      responseMode: decoded.modeOverride.responseBodyMode,
    }),
    ...(common?.bodyMutation?.body && {
      text: Buffer.from(common.bodyMutation.body).toString(),
    }),
    ...(common?.clearRouteCache === true && { metadata: plainStruct(decoded.dynamicMetadata) }),
  };
}

type Struct = ReturnType<typeof readReply>["dynamicMetadata"];

/** A `google.protobuf.Struct` as the object that it stands for. */
function plainStruct(struct: Struct): Record<string, unknown> {
  const entries = Object.entries(struct?.fields ?? {});
  return Object.fromEntries(entries.map(([key, value]) => [key, plainValue(value)]));
}

type Value = NonNullable<Struct>["fields"][string];

function plainValue({ structValue, listValue, stringValue }: Value): unknown {
  if (structValue) return plainStruct(structValue);
  if (listValue) return listValue.values.map(plainValue);
  return stringValue;
}

/** Any session, as far as a conversation needs it. */
export interface PlayedSession {
  onMessage(message: TransactionMessage): readonly SessionCommand[];
  onOutcome?(outcome: WorkOutcome): readonly SessionCommand[];
  onFault(): readonly SessionCommand[];
  onClose(): readonly SessionCommand[];
  onSettled?(): readonly SessionCommand[];
}

/** A conversation with a session. */
export interface Playbook {
  in(message: TransactionMessage): Playbook;
  outcome(outcome: WorkOutcome): Playbook;
  fault(): Playbook;
  close(): Playbook;
  settled(): Playbook;
  /** Exactly what the last step asked for, each command as far as it is given here */
  out(...wanted: readonly object[]): Playbook;
  /** Everything that was asked for so far, in short */
  readonly said: readonly ShortCommand[];
  /** The records so far */
  readonly records: readonly CallFacts[];
}

/** Begins a conversation; `check` is to fail where what was found does not match the pattern. */
export function play(
  session: PlayedSession,
  check: (found: object, pattern: object) => void,
): Playbook {
  const said: ShortCommand[] = [];
  let last: readonly ShortCommand[] = [];
  const take = (commands: readonly SessionCommand[]) => {
    last = short(commands);
    said.push(...last);
    return book;
  };
  const book: Playbook = {
    in: (next) => take(session.onMessage(next)),
    outcome: (outcome) => take(session.onOutcome?.(outcome) ?? []),
    fault: () => take(session.onFault()),
    close: () => take(session.onClose()),
    settled: () => take(session.onSettled?.() ?? []),
    out: (...wanted) => {
      // A pattern of fewer commands would fit: more than was wanted is a fault, too.
      check({ count: last.length, commands: last }, { count: wanted.length, commands: wanted });
      return book;
    },
    said,
    get records() {
      return said.flatMap((one) => ("kind" in one && one.kind === "record" ? [one.facts] : []));
    },
  };
  return book;
}

/** A plan for OpenAI's API that neither reads nor changes anything, changed as told. */
export function plan(changes: Partial<EnginePlan> = {}): EnginePlan {
  return {
    id: "00000000000000ee",
    gateway: "default/egress",
    route: { kind: "AIProviderRoute", namespace: "default", name: "openai" },
    ruleIndex: 0,
    provider: "openai",
    meters: false,
    queryCredentials: [],
    why: ["a test asks for it"],
    ...changes,
  };
}

/** What a thread is told, with these plans. */
export function update(plans: readonly EnginePlan[], changes: Partial<PlanUpdate> = {}): PlanUpdate {
  return {
    revision: 1,
    plans,
    attempts: [],
    connections: [],
    swaps: [],
    credentials: [],
    ...changes,
  };
}
