/** Checks AWS's signature version 4 of a request as it arrived. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
import { createHash, createHmac } from "node:crypto";
import type { ReceivedRequest } from "./received-request.ts";

/** A key pair, and where it may sign. */
export interface AwsSigner {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly service: string;
}

/** Why a signature does not count, by AWS's own words for it. */
export type SignatureProblem = "missing" | "incomplete" | "unknown" | "mismatch" | "expired";

const form =
  /^AWS4-HMAC-SHA256 Credential=([^/,]+)\/([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;
const mustBeSigned = ["host", "x-amz-date"];
const clockSkewMs = 300_000;

/** What is wrong with the signature of a request; undefined for a valid one. */
export function findSignatureProblem(
  request: ReceivedRequest,
  signer: AwsSigner,
  nowMs: number,
): SignatureProblem | undefined {
  const { authorization, "x-amz-date": date = "" } = request.headers;
  if (authorization === undefined) return "missing";
  const [, keyId, scope = "", signed = "", signature] = form.exec(authorization) ?? [];
  const [day, region, service, end] = scope.split("/");
  const names = signed.split(";");
  const isWhole =
    end === "aws4_request" &&
    service === signer.service &&
    region === regionOf(request.host) &&
    date.startsWith(`${day}T`) &&
    [...mustBeSigned, ...tokenHeaders(request)].every((name) => names.includes(name));
  if (!isWhole) return "incomplete";
  if (keyId !== signer.accessKeyId) return "unknown";
  if (Math.abs(nowMs - timeOf(date)) > clockSkewMs) return "expired";
  const expected = sign(request, { scope, signed, secret: signer.secretAccessKey });
  return signature === expected ? undefined : "mismatch";
}

/** A token of temporary credentials must be signed too. */
function tokenHeaders({ headers }: ReceivedRequest): string[] {
  return headers["x-amz-security-token"] === undefined ? [] : ["x-amz-security-token"];
}

function regionOf(host: string): string | undefined {
  return /\.([a-z]{2}(?:-[a-z]+)+-\d)\./.exec(host)?.[1];
}

function timeOf(date: string): number {
  const iso = date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z");
  return Date.parse(iso);
}

function sign(
  request: ReceivedRequest,
  {
    scope,
    signed,
    secret,
  }: { readonly scope: string; readonly signed: string; readonly secret: string },
): string {
  const { "x-amz-date": date = "" } = request.headers;
  const text = ["AWS4-HMAC-SHA256", date, scope, sha256(canonicalRequest(request, signed))];
  const [day = "", region = "", service = ""] = scope.split("/");
  const dayKey = hmac(`AWS4${secret}`, day);
  const key = hmac(hmac(hmac(dayKey, region), service), "aws4_request");
  return hmac(key, text.join("\n")).toString("hex");
}

function canonicalRequest(request: ReceivedRequest, signed: string): string {
  const [path = "", query = ""] = request.path.split("?", 2);
  const headers = new Map(Object.entries({ ...request.headers, host: request.authority }));
  const lines = signed.split(";").map((name) => {
    const value = headers.get(name)?.trim().replace(/ +/g, " ") ?? "";
    return `${name}:${value}\n`;
  });
  const sorted = [...new URLSearchParams(query)]
    .map(([name, value]) => `${escapeStrictly(name)}=${escapeStrictly(value)}`)
    .sort();
  return [
    request.method,
    path.split("/").map(escapeStrictly).join("/"),
    sorted.join("&"),
    lines.join(""),
    signed,
    request.bodySha256,
  ].join("\n");
}

/** Everything but the unreserved characters is escaped; path segments, which are escaped already, once more. */
function escapeStrictly(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
