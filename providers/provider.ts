/**
 * What a model provider must declare so that the gateway recognises its traffic, answers in its shape, and has agents
 * served by it that speak another's dialect. Declarations are plain values without I/O, clock or npm dependency.
 */

import type { Codec } from "./codec.ts";
import type { Feature } from "./features.ts";
import type { ChatRequest } from "./ir.ts";
import type { JsonObject } from "./json-text.ts";
import type { Operation } from "./operation.ts";

/** Version of this interface; a plugin names the one that it was written for. */
export const providerInterfaceVersion = 1;

/** One model provider. */
export interface Provider {
  /** Canonical name, also `gen_ai.provider.name` in records, such as `openai` */
  readonly name: string;
  /** Other spellings accepted in objects; compared in lower case */
  readonly aliases: readonly string[];
  /** Hosts of its API: exact names, or `*.suffix` for any number of labels; lower case */
  readonly hosts: readonly string[];
  /** Request headers that carry a caller's credential; removed wherever the gateway injects one. Lower case */
  readonly credentialHeaders: readonly string[];
  /**
   * Other request headers that only this provider understands, lower case; `x-name-*` for all that begin so. Removed
   * from requests that another provider serves
   */
  readonly ownHeaders?: readonly string[];
  /** Writes an error body that the provider's own SDK raises as a sensible exception */
  readonly errorBody: (error: ProviderError) => JsonObject;
  /** Response headers that its SDK needs beside the body to classify an error */
  readonly errorHeaders: readonly { readonly name: string; readonly value: string }[];
  /** Model calls of its API that can be read as they pass; without them its traffic is forwarded unread */
  readonly operations?: readonly Operation[];
  /** How it serves calls that agents made to another provider, the preferred way first; without: it serves none */
  readonly served?: readonly ServedApi[];
}

/** One way in which a provider serves calls. */
export interface ServedApi {
  readonly codec: Codec;
  /** Where a model is named */
  readonly modelIn: "body" | "path";
  /** Path with its query of a call; the model is not escaped yet */
  readonly path: (call: ServedCall) => string;
  /** Headers that the API wants beside credentials */
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  /** Models that it serves; absent: all */
  readonly serves?: (model: string) => boolean;
  /** What its codec expresses and this API does not */
  readonly lacks?: ReadonlySet<Feature>;
  /** Writes a conversation in place of its codec, where the API spells parts of the dialect its own way */
  readonly encodeChat?: (request: ChatRequest) => string | Buffer;
  /** How the usage of a stream is told, see `Operation` */
  readonly streamUsage?: "on-request";
}

/** A call as far as its path depends on it. */
export interface ServedCall {
  readonly model: string;
  readonly stream: boolean;
  /** `Backend.spec.schema.basePath`, without a slash at its end; empty: the provider's own */
  readonly basePath: string;
}

/** A refusal as the provider's SDK should see it. */
export interface ProviderError {
  readonly status: number;
  /** Shown to the agent; may hold Envoy format commands, which stay as they are */
  readonly message: string;
  /** Stable machine-readable word, such as `clrk_default_policy` */
  readonly code: string;
}
