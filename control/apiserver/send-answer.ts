/** Sends answers: JSON or YAML, compressed when large, with warnings where kubectl shows them. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { ApiAnswer } from "./api-context.ts";
import type { StatusError } from "./status-error.ts";
import { statusOf } from "./status-error.ts";

/** Smaller answers cost more to compress than to send, as in Kubernetes. */
const compressFromBytes = 128 * 1024;

/** Warnings beyond this length or number are left out: headers are bounded (RFC 9110 §5.4). */
const maxWarningLength = 256;
const maxWarnings = 20;

/** Longer answers are sent as JSON even to who asks for YAML: writing YAML takes long, and nothing else is answered meanwhile. */
const maxYamlLength = 1024 ** 2;

const compress = promisify(gzip);

/** Sends an answer; resolves when it is handed over. A caller that is gone is no error. */
export async function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: ApiAnswer,
): Promise<void> {
  const isYaml = answer.encoding === "yaml" && answer.body.length <= maxYamlLength;
  const text = isYaml ? await toYaml(answer.body) : answer.body;
  let body: Uint8Array = Buffer.from(text);
  response.statusCode = answer.status;
  const ownType = isYaml ? "application/yaml" : "application/json";
  response.setHeader("Content-Type", answer.contentType ?? ownType);
  response.setHeader("Cache-Control", "no-cache, private");
  response.setHeader("Vary", "Accept, Accept-Encoding");
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value);
  const warnings = (answer.warnings ?? []).slice(0, maxWarnings).map(encodeWarning);
  if (warnings.length > 0) response.setHeader("Warning", warnings);
  if (body.length >= compressFromBytes && acceptsGzip(request)) {
    body = await compress(body, { level: 1 });
    response.setHeader("Content-Encoding", "gzip");
  }
  response.setHeader("Content-Length", body.length);
  response.end(request.method === "HEAD" ? undefined : body);
}

/** Sends a refusal as metav1.Status. */
export async function sendStatus(
  request: IncomingMessage,
  response: ServerResponse,
  error: StatusError,
): Promise<void> {
  const retryAfter = error.details?.retryAfterSeconds;
  if (retryAfter !== undefined) response.setHeader("Retry-After", retryAfter);
  await sendAnswer(request, response, {
    status: error.code,
    body: JSON.stringify(statusOf(error)),
  });
}

/** `299 - "text"` (RFC 7234 §5.5), as Kubernetes sends it. */
function encodeWarning(text: string): string {
  const plain = text.replace(/[^\x20-\x7e]/g, "?").slice(0, maxWarningLength);
  return `299 - "${plain.replace(/[\\"]/g, "\\$&")}"`;
}

function acceptsGzip({ headers }: IncomingMessage): boolean {
  const items = String(headers["accept-encoding"] ?? "").split(",");
  return items.some((item) => {
    const [coding = "", weight = "q=1"] = item.split(";").map((part) => part.trim().toLowerCase());
    return coding === "gzip" && Number(weight.replace(/^q=/, "")) > 0;
  });
}

async function toYaml(json: string): Promise<string> {
  const { stringify } = await import("yaml");
  return stringify(JSON.parse(json), { aliasDuplicateObjects: false, lineWidth: 0 });
}
