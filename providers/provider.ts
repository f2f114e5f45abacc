/**
 * What a model provider must declare so that the gateway recognises its traffic and answers in its shape.
 * Declarations are plain values without I/O, clock or npm dependency.
 */

import type { Operation } from "./operation.ts";

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
  /** Writes an error body that the provider's own SDK raises as a sensible exception */
  readonly errorBody: (error: ProviderError) => JsonObject;
  /** Response headers that its SDK needs beside the body to classify an error */
  readonly errorHeaders: readonly { readonly name: string; readonly value: string }[];
  /** Model calls of its API that can be read as they pass; without them its traffic is forwarded unread */
  readonly operations?: readonly Operation[];
}

/** A refusal as the provider's SDK should see it. */
export interface ProviderError {
  readonly status: number;
  /** Shown to the agent; may hold Envoy format commands, which stay as they are */
  readonly message: string;
  /** Stable machine-readable word, such as `clrk_default_policy` */
  readonly code: string;
}

/** A JSON object with values of any JSON type. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** Any JSON value. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
