/** How a provider uses a codec: which paths calls have, so that codecs see requests as they see them from agents. */

import type { Codec, WireBody, WireRequest, WireResponse } from "../codec.ts";
import type { Feature } from "../features.ts";
import type { Operation } from "../operation.ts";
import { findOperation } from "../operation-layout.ts";
import { codecsOf } from "../provider-codecs.ts";
import type { Provider, ServedApi } from "../provider.ts";
import type { FeatureUse } from "../request-features.ts";
import { judge } from "../request-features.ts";
import { sampleModels } from "./sample-models.ts";

/** A codec with all that its provider declares of it. */
export interface CodecUse<Of extends Codec = Codec> {
  readonly provider: Provider;
  readonly codec: Of;
  readonly operations: readonly Operation[];
  /** The model that is asked for */
  readonly model: string;
  /** The first API in it that serves the model */
  readonly api: ServedApi | undefined;
}

/** A call as far as its path depends on it. */
export interface WireCall {
  readonly model: string;
  readonly stream: boolean;
}

/** Every codec of a provider for one model: the one that is given, else the first of its samples. */
export function codecUses(provider: Provider, model?: string): CodecUse[] {
  return codecsOf(provider).map((codec) =>
    codecUse(provider, codec, model ?? sampleModels(provider, codec)[0]),
  );
}

/** A codec of a provider for a model. */
export function codecUse(provider: Provider, codec: Codec, model: string): CodecUse {
  const { operations = [], served = [] } = provider;
  return {
    provider,
    codec,
    operations: operations.filter((operation) => operation.codec === codec),
    model,
    api: served.find((api) => api.codec === codec && api.serves?.(model) !== false),
  };
}

/** A request as the gateway would show it; the body is a copy. */
export function wireRequest(use: CodecUse, call: WireCall, body: string | Buffer): WireRequest {
  const path = pathOf(use, call);
  const found = findOperation(use.provider, "POST", path);
  const isInPath = use.api?.modelIn === "path";
  return {
    path,
    pathModel: found === undefined ? (isInPath ? call.model : null) : found.pathModel,
    header: (name) => (name === "content-type" ? "application/json" : undefined),
    body: Buffer.from(body),
  };
}

/** An answer as the gateway would show it; the body is a copy. */
export function wireResponse(answer: WireBody, status = 200): WireResponse {
  const more = "headers" in answer && Array.isArray(answer.headers) ? answer.headers : [];
  const headers = new Map<string, string>([
    ["content-type", answer.contentType],
    ...more.map(({ name, value }): [string, string] => [name, value]),
  ]);
  return {
    status,
    header: (name) => headers.get(name),
    body: Buffer.from(answer.body),
  };
}

/** Whether calls with these features go to the API, and whether it must carry a feature. */
export function judgeUses(
  { codec, api }: CodecUse,
  uses: readonly FeatureUse[],
): { readonly isRefused: boolean; readonly keeps: (feature: Feature) => boolean } {
  const keeps = (feature: Feature) =>
    codec.expresses.has(feature) && api?.lacks?.has(feature) !== true;
  return { isRefused: judge(uses, keeps).refused.length > 0, keeps };
}

/** Freezes a value and all that is in it, so that a codec which changes what it is given throws. */
export function frozen<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) frozen(inner);
  }
  return value;
}

/** The path of a call: as served, else one of those that agents call, for streams the one that says so. */
export function pathOf({ api, operations }: CodecUse, call: WireCall): string {
  if (api !== undefined) return api.path({ ...call, basePath: "" });
  const paths = operations.flatMap((operation) => operation.paths);
  const streaming = paths.find((path) => /stream/i.test(path));
  const plain = paths.find((path) => path !== streaming) ?? streaming ?? "/";
  const path = call.stream ? (streaming ?? plain) : plain;
  return path.replace("{model}", encodeURIComponent(call.model));
}
