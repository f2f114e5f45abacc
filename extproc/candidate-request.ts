/**
 * The request that one candidate gets: the agent's own bytes, but for what a rule changes, where both speak one dialect;
 * translated where they do not. What the candidate cannot express is said before anything is sent.
 */

import type { HeaderPair } from "../gateway/decision.ts";
import { rewriteModel } from "../gateway/model-match.ts";
import type { Candidate } from "../gateway/routing-plan.ts";
import type { Codec } from "../providers/codec.ts";
import { editBody } from "../providers/json-splice.ts";
import type { ObjectBody } from "../providers/json-splice-body.ts";
import type { Provider, ServedApi } from "../providers/provider.ts";
import { findProviderByName } from "../providers/registry.ts";
import type { FeatureUse } from "../providers/request-features.ts";
import type { DecodedCall } from "../providers/translation.ts";
import { encodeCall, findServedApi, judgeCall } from "../providers/translation.ts";
import type { AskedCall } from "./asked-call.ts";
import type { CallDemand } from "./call-demand.ts";
import { foreignHeaders } from "./foreign-headers.ts";

/** What becomes of the answer. */
export type AnswerChange =
  | { readonly kind: "none" }
  /** A stream that was made to tell its usage, which the agent did not ask for */
  | { readonly kind: "filter" }
  | { readonly kind: "translate"; readonly call: DecodedCall; readonly served: Codec };

/** What a candidate is sent, and what becomes of its answer. */
export interface CandidateRequest {
  /** Whose API answers */
  readonly provider: Provider;
  /** Null where the request names none */
  readonly model: string | null;
  readonly path: string;
  /** The same where its provider has it, whatever base path the backend has: by it the call is known */
  readonly usualPath: string;
  /** Undefined: the body as it was sent */
  readonly body: Buffer | undefined;
  /** `:path` is not among them */
  readonly set: readonly HeaderPair[];
  readonly remove: readonly string[];
  readonly answer: AnswerChange;
  /** The most that the call may use; absent: nobody asked */
  readonly demand?: CallDemand;
  /** Features that were left out */
  readonly dropped: readonly FeatureUse[];
}

/** The request, or why the candidate cannot serve it. */
export type CandidateOutcome =
  | {
      readonly kind: "ok";
      readonly request: CandidateRequest;
      /** The request's body as far as it was read; absent: it was not */
      readonly object?: ObjectBody;
    }
  /** A clause about the candidate */
  | { readonly kind: "unable"; readonly reason: string }
  /** A clause about the request, which nobody could serve */
  | { readonly kind: "malformed"; readonly reason: string };

const none: readonly never[] = [];

/** Makes the request of a candidate. May throw what a codec throws. */
export function requestFor(call: AskedCall, candidate: Candidate): CandidateOutcome {
  const asked = call.model;
  if (asked.kind === "malformed") return asked;
  const provider =
    candidate.provider === "" ? call.provider : findProviderByName(candidate.provider);
  if (provider === undefined) {
    return { kind: "unable", reason: `nobody knows provider "${candidate.provider}"` };
  }
  const model = asked.model === null ? null : rewriteModel(candidate.modelRewrites, asked.model);
  const target = { provider, model, candidate };
  if (provider.name === call.provider.name && candidate.basePath === "") {
    return ownRequest(call, target);
  }
  const source = call.operation?.codec;
  const api = source && findServedApi(provider.served ?? none, source, model ?? "");
  if (source === undefined || api === undefined || model === null) {
    const name = call.operation?.name ?? "this request";
    return { kind: "unable", reason: `it does not serve ${name} of ${call.provider.name}` };
  }
  return api.codec === source
    ? sameDialect(call, { ...target, model, api })
    : translated(call, { ...target, model, api });
}

interface Target {
  readonly provider: Provider;
  readonly model: string | null;
  readonly candidate: Candidate;
}

interface ServedTarget extends Target {
  readonly model: string;
  readonly api: ServedApi;
}

/** To another host of the same API: nothing changes but the model and the wish for usage. */
function ownRequest(call: AskedCall, { provider, model, candidate }: Target): CandidateOutcome {
  const { path } = call.request;
  const asked = call.model.kind === "ok" ? call.model.model : null;
  const isRewritten = model !== null && model !== asked;
  const inPath = isRewritten && call.pathModel !== null;
  const edited = editCall(call, {
    model: isRewritten && !inPath ? model : undefined,
    streamUsage: candidate.streamUsage && call.operation?.streamUsage !== undefined,
  });
  if (edited.kind === "malformed") return edited;
  const modelPath = inPath ? replaceModel(call, model) : path;
  return {
    kind: "ok",
    ...readIn(edited),
    request: {
      provider,
      model,
      path: modelPath,
      usualPath: modelPath,
      body: edited.body?.bytes,
      set: none,
      remove: codingsOf(edited.answer),
      answer: edited.answer,
      dropped: none,
    },
  };
}

/** To another provider that speaks the same dialect: the same bytes under another path. */
function sameDialect(call: AskedCall, target: ServedTarget): CandidateOutcome {
  const { api, model, candidate, provider } = target;
  const edited = editCall(call, {
    model: api.modelIn === "body" ? model : undefined,
    streamUsage: candidate.streamUsage && api.streamUsage !== undefined,
  });
  if (edited.kind === "malformed") return edited;
  // Where the body asks for it, no path of the dialect depends on it.
  const stream = call.operation?.isStream === true;
  return {
    kind: "ok",
    ...readIn(edited),
    request: {
      provider,
      model,
      ...pathsOf(target, stream),
      body: edited.body?.bytes,
      set: headersOf(api),
      remove: [...foreignHeaders(call, provider), ...codingsOf(edited.answer)],
      answer: edited.answer,
      dropped: none,
    },
  };
}

function translated(call: AskedCall, target: ServedTarget): CandidateOutcome {
  const { api, model, provider } = target;
  const decoded = call.decoded;
  if (decoded === undefined) return { kind: "unable", reason: "the dialect is not known" };
  if (decoded.kind === "malformed") return decoded;
  const { refused, dropped } = judgeCall(decoded.call, api);
  if (refused.length > 0) return { kind: "unable", reason: describe(refused) };
  const body = encodeCall(decoded.call, api, model);
  const stream = decoded.call.operation === "chat" && decoded.call.request.stream;
  return {
    kind: "ok",
    request: {
      provider,
      model,
      ...pathsOf(target, stream),
      body: typeof body === "string" ? Buffer.from(body, "utf8") : body,
      set: [["content-type", "application/json"], ...headersOf(api)],
      remove: [...foreignHeaders(call, provider), ...readCodings],
      answer: { kind: "translate", call: withoutTurns(decoded.call), served: api.codec },
      dropped,
    },
  };
}

/** What an answer is written by: of the request all but its turns, which are long and said nothing of it. */
function withoutTurns(call: DecodedCall): DecodedCall {
  if (call.operation === "embeddings") return call;
  return { ...call, request: { ...call.request, messages: [] } };
}

/** What comes back is read here: it must not be compressed on the way. */
const readCodings: readonly string[] = ["accept-encoding"];

function codingsOf({ kind }: AnswerChange): readonly string[] {
  return kind === "none" ? none : readCodings;
}

function pathsOf({ api, model, candidate }: ServedTarget, stream: boolean) {
  return {
    path: api.path({ model, stream, basePath: candidate.basePath }),
    usualPath: api.path({ model, stream, basePath: "" }),
  };
}

/** Places are names that the agent wrote, as many and as long as it likes. */
function describe(refused: readonly FeatureUse[]): string {
  const places = refused.map(({ feature, at }) => `${feature} (${clip(at, longestPlace)})`);
  const names = [...new Set(places)];
  const more = names.length - mostNamed;
  const rest = more > 0 ? ` and ${more} more` : "";
  return `it cannot express ${names.slice(0, mostNamed).join(", ")}${rest}`;
}

const longestPlace = 100;
const mostNamed = 8;

function clip(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest)}…`;
}

function headersOf({ headers }: ServedApi): HeaderPair[] {
  return headers.map(({ name, value }): HeaderPair => [name, value]);
}

interface Edit {
  readonly model: string | undefined;
  readonly streamUsage: boolean;
}

type EditedCall =
  | {
      readonly kind: "ok";
      /** Undefined: nothing was changed */
      readonly body: ObjectBody | undefined;
      readonly answer: AnswerChange;
    }
  | { readonly kind: "malformed"; readonly reason: string };

function editCall(call: AskedCall, { model, streamUsage }: Edit): EditedCall {
  if (model === undefined && !streamUsage) return unchanged;
  const read = call.object;
  if (read.kind === "malformed") return read;
  const edited = editBody(read.object, {
    ...(model !== undefined && { model }),
    streamUsage,
  });
  if (edited.kind === "malformed") return edited;
  return {
    kind: "ok",
    body: edited.changed ? edited.body : undefined,
    answer: { kind: edited.streamUsageAdded ? "filter" : "none" },
  };
}

const unchanged: EditedCall = { kind: "ok", body: undefined, answer: { kind: "none" } };

function readIn({ body }: Extract<EditedCall, { readonly kind: "ok" }>) {
  return body === undefined ? {} : { object: body };
}

/** The path with another model in the place of the one that it names. */
function replaceModel({ request, modelRange }: AskedCall, model: string): string {
  const { path } = request;
  if (modelRange === null) return path;
  return `${path.slice(0, modelRange.start)}${encodeURIComponent(model)}${path.slice(modelRange.end)}`;
}
