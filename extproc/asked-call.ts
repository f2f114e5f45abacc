/** A model call as the agent asks for it, read no further than somebody wants to know. */

import { findOperation } from "../providers/operation-layout.ts";
import type { PathRange } from "../providers/operation-layout.ts";
import type { Operation } from "../providers/operation.ts";
import type { Provider } from "../providers/provider.ts";
import type { ReadObjectBody } from "../providers/json-splice-body.ts";
import { readObjectBody } from "../providers/json-splice-body.ts";
import type { PromptMeasure } from "../providers/prompt-weight.ts";
import { measurePrompt, PromptReader } from "../providers/prompt-weight.ts";
import type { DecodeOutcome } from "../providers/translation.ts";
import { decodeCall } from "../providers/translation.ts";

/** The parts of a request. */
export interface AskedRequest {
  readonly method: string;
  /** With its query */
  readonly path: string;
  /** First value of a header by its lower-case name */
  readonly header: (name: string) => string | undefined;
  /** Names of all headers, lower case; may repeat */
  readonly headerNames: () => readonly string[];
  /** Whole, and decoded from its content coding */
  readonly body: Buffer;
}

/** What a request says about its model. */
export type AskedModel =
  | { readonly kind: "ok"; readonly model: string | null }
  | { readonly kind: "malformed"; readonly reason: string };

/** Longest name of a model in UTF-16 units; ARNs of AWS are the longest that are known, up to 2,048. */
const longestModel = 2_048;

const json = /^\s*(?:application|text)\/(?:[\w.!#$&^-]+\+)?json\s*(?:;|$)/i;
const utf8 = /^charset\s*=\s*"?(?:utf-?8|us-ascii)"?$/i;

/**
 * Why a server could read a body as other characters, or as no JSON, and so find another model in it than we do: some
 * decode what `charset` says (UTF-7 hides quotes), or forms.
 */
function contentTypeDoubt({ header, headerNames }: AskedRequest): string | undefined {
  const value = header("content-type");
  if (value === undefined) return undefined;
  if (headerNames().filter((name) => name === "content-type").length > 1) {
    return "it has several content-type headers";
  }
  if (!json.test(value)) return "its content-type is not that of JSON";
  const charsets = value.split(";").filter((parameter) => /charset/i.test(parameter));
  const isUtf8 = charsets.every((parameter) => utf8.test(parameter.trim()));
  return isUtf8 ? undefined : "the charset of its content-type is not UTF-8";
}

/** One call to a provider. */
export class AskedCall {
  readonly provider: Provider;
  readonly request: AskedRequest;
  /** Undefined: no call that the provider declares */
  readonly operation: Operation | undefined;
  /** The model that the path names */
  readonly pathModel: string | null;
  /** Where the path names it; null where it does not */
  readonly modelRange: PathRange | null;
  #model: AskedModel | undefined;
  #object: ReadObjectBody | undefined;
  /** Present where the prompt is measured when the body is read */
  readonly #promptReader: PromptReader | undefined;
  #decoded: DecodeOutcome | undefined;

  /** `measures`: its prompt will probably be asked for, and is measured on the way */
  constructor(
    provider: Provider,
    request: AskedRequest,
    { measures }: { readonly measures: boolean } = { measures: false },
  ) {
    this.#promptReader = measures ? new PromptReader() : undefined;
    const found = findOperation(provider, request.method, request.path);
    this.provider = provider;
    this.request = request;
    this.operation = found?.layout.operation;
    this.pathModel = found?.pathModel ?? null;
    this.modelRange = found?.modelRange ?? null;
  }

  /** The model that is asked for; null when the request names none. A body that cannot be trusted is malformed. */
  get model(): AskedModel {
    this.#model ??= this.#findModel();
    return this.#model;
  }

  /** The body's object, read once; what may be read differently by different servers is malformed. */
  get object(): ReadObjectBody {
    this.#object ??= readObjectBody(this.request.body, this.#promptReader);
    return this.#object;
  }

  /** What its body says of the prompt. */
  get prompt(): PromptMeasure {
    const isRead = this.#promptReader !== undefined && this.object.kind === "ok";
    return isRead ? this.#promptReader.measure : measurePrompt(this.request.body);
  }

  /** The whole call, decoded once; undefined when its dialect is not known. May throw what a codec throws. */
  get decoded(): DecodeOutcome | undefined {
    const codec = this.operation?.codec;
    if (codec === undefined) return undefined;
    const { path, header, body } = this.request;
    this.#decoded ??= decodeCall(codec, { path, pathModel: this.pathModel, header, body });
    return this.#decoded;
  }

  #findModel(): AskedModel {
    // Of an unknown call nobody knows where it names its model: its body may name another one than its path.
    if (this.operation === undefined) {
      return { kind: "malformed", reason: `it is no model call of ${this.provider.name}` };
    }
    return this.pathModel === null ? this.#bodyModel() : { kind: "ok", model: this.pathModel };
  }

  #bodyModel(): AskedModel {
    const { body } = this.request;
    const doubt = contentTypeDoubt(this.request);
    if (doubt !== undefined) return { kind: "malformed", reason: doubt };
    const read = this.object;
    if (read.kind === "malformed") return read;
    const { members } = read.object.top;
    const other = this.operation?.otherModels?.find((name) => members.has(name));
    if (other !== undefined) {
      return { kind: "malformed", reason: `${other} may name other models than model does` };
    }
    const range = members.get("model");
    if (range === undefined) return { kind: "ok", model: null };
    const value: unknown = JSON.parse(body.toString("utf8", range.start, range.end));
    if (typeof value !== "string") return { kind: "malformed", reason: "model is not a string" };
    if (value.length > longestModel) {
      return { kind: "malformed", reason: `model is longer than ${longestModel} characters` };
    }
    return { kind: "ok", model: value };
  }
}
