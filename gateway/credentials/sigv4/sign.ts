/**
 * AWS Signature Version 4 over a request as it leaves the proxy: whatever the agent signed with is taken off, and what is
 * on the wire is signed. Does no I/O and has no clock; what cannot be signed is said, never sent unsigned.
 */

import { hash } from "node:crypto";
import type { SecretValue } from "../../secret-value.ts";
import { encodeComponent } from "../uri-encoding.ts";
import type { CanonicalHeaders, HeaderEntry, PathRule } from "./canonical-request.ts";
import {
  canonicalHeaders,
  canonicalPath,
  canonicalQuery,
  canonicalRequest,
} from "./canonical-request.ts";
import { SigningKey } from "./signing-key.ts";

const ALGORITHM = "AWS4-HMAC-SHA256";

/** Longest life of a signed URL in seconds. */
const MAX_EXPIRES_SECONDS = 604_800;

/** Services whose canonical path is the wire's: S3 keeps dots and slashes in the names of objects. */
const objectServices: ReadonlySet<string> = new Set([
  "s3",
  "s3-object-lambda",
  "s3-outposts",
  "s3express",
]);

/** Headers of a signature, which are ours to write; an agent's own are overwritten or removed. */
const signatureHeaders: ReadonlySet<string> = new Set([
  "x-amz-content-sha256",
  "x-amz-date",
  "x-amz-s3session-token",
  "x-amz-security-token",
]);

/** Parameters of a signature, in a query that is canonical: no escape hides a letter. */
const signatureParameters = /(?:^|&)x-amz-(?:signature|algorithm|credential)=/i;

/** Payload hash of a request without a body. */
export const EMPTY_PAYLOAD_HASH =
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** Whose signature, for which service. */
export interface SignerOptions {
  readonly accessKeyId: SecretValue;
  readonly secretAccessKey: SecretValue;
  /** Of temporary credentials */
  readonly sessionToken?: SecretValue;
  readonly region: string;
  /** Signing name of the service, such as `bedrock` or `s3` */
  readonly service: string;
  /** Default what the service does to a path that is final: S3 as it is, all others encoded once more, no dots resolved */
  readonly pathRule?: PathRule;
}

/** A request as it is sent. */
export interface SignableRequest {
  readonly method: string;
  /** Path and query as on the wire, escapes and all */
  readonly path: string;
  /** Value of the Host header, exactly as it is sent, with its port if it has one */
  readonly host: string;
  /** All headers; which are signed is the signer's choice. Names in lower case */
  readonly headers: readonly HeaderEntry[];
  /** `hashPayload()` of the body as it is sent */
  readonly payloadHash: string;
  /** Time of the signature in `ms` since the epoch; services accept some 5 minutes of difference */
  readonly nowMs: number;
}

/** A request of which a URL is made that is good by itself. */
export interface PresignableRequest extends SignableRequest {
  /** 1 to 604,800 */
  readonly expiresSeconds: number;
}

/** Header changes that make the request a signed one, or a clause about why there can be none; it shows no content. */
export type SignOutcome =
  | {
      readonly kind: "signed";
      /** Overwrite whatever the request has under these names */
      readonly set: readonly HeaderEntry[];
      readonly remove: readonly string[];
    }
  | Unsignable;

/** A path and query that hold their signature, or why there is none. */
export type PresignOutcome = { readonly kind: "presigned"; readonly path: string } | Unsignable;

/** Why a request is not signed. */
export interface Unsignable {
  readonly kind: "unsignable";
  /** Clause for "Cannot sign the request: …"; holds nothing of the request */
  readonly reason: string;
}

/** A signer, or a clause about why the credentials or the scope make none; it shows no value. */
export type CreateSignerOutcome =
  | { readonly kind: "signer"; readonly signer: Signer }
  | { readonly kind: "unusable"; readonly reason: string };

/** Makes a signer from credentials, region and service; anything that would break out of a header is refused. */
export function createSigner(options: SignerOptions): CreateSignerOutcome {
  const { accessKeyId, secretAccessKey, sessionToken, region, service } = options;
  const parts: readonly (readonly [name: string, text: string])[] = [
    ["access key id", accessKeyId.reveal()],
    ["secret access key", secretAccessKey.reveal()],
    ["session token", sessionToken?.reveal() ?? "none"],
    ["region", region],
    ["service", service],
  ];
  for (const [name, text] of parts) {
    if (text === "") return { kind: "unusable", reason: `the ${name} is empty` };
    if (!/^[\x21-\x7e]+$/.test(text)) {
      return { kind: "unusable", reason: `the ${name} has a character that cannot be in one` };
    }
  }
  return { kind: "signer", signer: new Signer(options) };
}

/** SHA-256 in lower-case hex, as `payloadHash` wants it. */
export function hashPayload(body: Uint8Array): string {
  return body.length === 0 ? EMPTY_PAYLOAD_HASH : hash("sha256", body, "hex");
}

/** The text that is signed: time (`YYYYMMDDTHHMMSSZ`), scope and the hash of the canonical request. */
export function stringToSign(time: string, scope: string, canonical: string): string {
  return `${ALGORITHM}\n${time}\n${scope}\n${hash("sha256", canonical, "hex")}`;
}

/** Signs requests of one credential, region and service. Made by `createSigner()`; safe to share. */
export class Signer {
  readonly #accessKeyId: string;
  readonly #sessionToken: SecretValue | undefined;
  readonly #key: SigningKey;
  readonly #pathRule: PathRule;
  readonly #remove: readonly string[];
  /** Second that `#time` was written for */
  #second = Number.NaN;
  #time = "";

  constructor(options: SignerOptions) {
    const isObjectService = objectServices.has(options.service);
    this.#accessKeyId = options.accessKeyId.reveal();
    this.#sessionToken = options.sessionToken;
    this.#key = new SigningKey(options);
    this.#pathRule = options.pathRule ?? {
      isNormalized: false,
      isEncodedAgain: !isObjectService,
    };
    this.#remove = options.sessionToken
      ? ["x-amz-s3session-token"]
      : ["x-amz-s3session-token", "x-amz-security-token"];
  }

  /**
   * Signs in the `authorization` header: host, content-type and every `x-amz-*` header, as AWS wants it. Unsignable is a
   * request that carries a signature in its query, or whose body is signed or framed piece by piece.
   */
  sign(request: SignableRequest): SignOutcome {
    const own = canonicalQuery(queryOf(request.path));
    const refusal = refusalOf(request, own);
    if (refusal !== undefined) return refusal;
    const time = this.#timeOf(request.nowMs);
    const day = time.slice(0, 8);
    const scope = this.#key.scope(day);
    const set: HeaderEntry[] = [
      ["x-amz-content-sha256", request.payloadHash],
      ["x-amz-date", time],
    ];
    if (this.#sessionToken !== undefined) {
      set.push(["x-amz-security-token", this.#sessionToken.reveal()]);
    }
    const signed: HeaderEntry[] = [["host", request.host], ...set];
    for (const entry of request.headers) if (isSigned(entry[0])) signed.push(entry);
    const headers = canonicalHeaders(signed);
    const canonical = this.#canonicalRequest(request, headers, own);
    const signature = this.#key.sign(day, stringToSign(time, scope, canonical));
    set.push([
      "authorization",
      `${ALGORITHM} Credential=${this.#accessKeyId}/${scope}, SignedHeaders=${headers.names}, Signature=${signature}`,
    ]);
    return { kind: "signed", set, remove: this.#remove };
  }

  /** Signs in the query: host and all given headers, which must then be sent as they are. Throws RangeError for a life out of range. */
  presign(request: PresignableRequest): PresignOutcome {
    const { expiresSeconds, path } = request;
    if (!(expiresSeconds >= 1 && expiresSeconds <= MAX_EXPIRES_SECONDS)) {
      throw new RangeError(
        `Cannot presign URL: life is ${expiresSeconds} seconds, want 1 to ${MAX_EXPIRES_SECONDS}`,
      );
    }
    const own = queryOf(path);
    const refusal = refusalOf(request, canonicalQuery(own));
    if (refusal !== undefined) return refusal;
    const time = this.#timeOf(request.nowMs);
    const day = time.slice(0, 8);
    const scope = this.#key.scope(day);
    const headers = canonicalHeaders([["host", request.host], ...request.headers]);
    const query = [
      own,
      `X-Amz-Algorithm=${ALGORITHM}`,
      `X-Amz-Credential=${encodeComponent(`${this.#accessKeyId}/${scope}`)}`,
      `X-Amz-Date=${time}`,
      `X-Amz-Expires=${Math.floor(expiresSeconds)}`,
      ...(this.#sessionToken === undefined
        ? []
        : [`X-Amz-Security-Token=${encodeComponent(this.#sessionToken.reveal())}`]),
      `X-Amz-SignedHeaders=${encodeComponent(headers.names)}`,
    ]
      .filter((parameter) => parameter !== "")
      .join("&");
    const canonical = this.#canonicalRequest(request, headers, canonicalQuery(query));
    const signature = this.#key.sign(day, stringToSign(time, scope, canonical));
    return { kind: "presigned", path: `${pathOf(path)}?${query}&X-Amz-Signature=${signature}` };
  }

  #canonicalRequest(
    { method, path, payloadHash }: SignableRequest,
    headers: CanonicalHeaders,
    query: string,
  ): string {
    return canonicalRequest({
      method,
      path: canonicalPath(pathOf(path), this.#pathRule),
      query,
      headers,
      payloadHash,
    });
  }

  /** `YYYYMMDDTHHMMSSZ`; most requests of a second follow one another. */
  #timeOf(nowMs: number): string {
    const second = Math.floor(nowMs / 1_000);
    if (second !== this.#second) {
      const iso = new Date(second * 1_000).toISOString();
      this.#time = `${iso.slice(0, 19).replaceAll("-", "").replaceAll(":", "")}Z`;
      this.#second = second;
    }
    return this.#time;
  }
}

function isSigned(name: string): boolean {
  if (name === "content-type") return true;
  // S3 refuses a request with an `x-amz-*` header that its signature does not cover.
  return name.startsWith("x-amz-") && !signatureHeaders.has(name);
}

function refusalOf(request: SignableRequest, query: string): Unsignable | undefined {
  const { path, host, headers } = request;
  if (host === "") return unsignable("it names no host");
  if (!path.startsWith("/") && path !== "") return unsignable("its target is no path");
  // Two signatures in one request: which of them counts differs between services.
  if (signatureParameters.test(query)) {
    return unsignable("its query carries a signature already");
  }
  for (const [name, value] of headers) {
    // Under a hash of the whole, S3 would take the frames of such a body for content of the object.
    const isChunked =
      (name === "x-amz-content-sha256" && /^\s*streaming-/i.test(value)) ||
      (name === "content-encoding" && /aws-chunked/i.test(value));
    if (isChunked) {
      return unsignable("its body is framed for signed chunks (aws-chunked)");
    }
  }
  return undefined;
}

function unsignable(reason: string): Unsignable {
  return { kind: "unsignable", reason };
}

function pathOf(target: string): string {
  const mark = target.indexOf("?");
  return mark < 0 ? target : target.slice(0, mark);
}

function queryOf(target: string): string {
  const mark = target.indexOf("?");
  return mark < 0 ? "" : target.slice(mark + 1);
}
