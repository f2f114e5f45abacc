/** A token endpoint for tests, on loopback: whoever writes a test says what it answers, and sees all that it was sent. */
import { generateKeyPairSync, verify } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { Test } from "tap";
import { systemClock } from "../../clock.ts";
import { SecretValue } from "../../secret-value.ts";
import { testCertificatePem, testPrivateKeyPem } from "../../testdata/leaf.ts";
import type { Mint, Minted, MintFailure, MintOutcome } from "../mint-outcome.ts";

/** One request as it arrived. */
export interface EndpointRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly form: URLSearchParams;
}

/** What it answers; JSON unless the headers say otherwise, without a Date unless they have one. */
export interface EndpointReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | object;
}

/** A running endpoint. */
export interface FakeEndpoint {
  /** Without a path */
  readonly origin: string;
  readonly requests: readonly EndpointRequest[];
}

type Answer = (request: EndpointRequest) => EndpointReply | Promise<EndpointReply>;

/** Options of the mints for such an endpoint. */
export const dial = { clock: systemClock, trustPem: "", allowsPlainLoopback: true } as const;

/** Opens an endpoint that ends with the test. */
export async function openEndpoint(
  t: Test,
  answer: Answer,
  scheme: "http" | "https" = "http",
): Promise<FakeEndpoint> {
  const requests: EndpointRequest[] = [];
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    void serve(incoming, outgoing, async (request) => {
      requests.push(request);
      return answer(request);
    });
  };
  const server =
    scheme === "http"
      ? createServer(listener)
      : createSecureServer({ cert: testCertificatePem, key: testPrivateKeyPem }, listener);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("No port was bound");
  return { origin: `${scheme}://127.0.0.1:${address.port}`, requests };
}

async function serve(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  answer: Answer,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString("utf8");
  const { method = "", url = "", headers } = incoming;
  const form = new URLSearchParams(body);
  const reply = await answer({ method, url, headers, body, form });
  const text = typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body ?? {});
  outgoing.sendDate = false;
  outgoing.writeHead(reply.status ?? 200, { "content-type": "application/json", ...reply.headers });
  outgoing.end(text);
}

/** A key pair as the vendors give them: PEM, RSA of 2048 bits. */
export function rsaKeys() {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return { publicKey, pem, privateKey: new SecretValue(pem) };
}

/** Header and claims of an assertion whose RS256 signature is right; throws when it is not. */
export function verifyAssertion(
  token: string,
  publicKey: ReturnType<typeof rsaKeys>["publicKey"],
): { readonly header: unknown; readonly claims: Readonly<Record<string, unknown>> } {
  const [header = "", claims = "", signature = "", ...rest] = token.split(".");
  const input = Buffer.from(`${header}.${claims}`);
  const isRight = verify("RSA-SHA256", input, publicKey, Buffer.from(signature, "base64url"));
  if (!isRight || rest.length > 0) throw new Error("The signature is wrong");
  const decode = (part: string): unknown => JSON.parse(Buffer.from(part, "base64url").toString());
  const decoded = decode(claims);
  return { header: decode(header), claims: Object.fromEntries(Object.entries(Object(decoded))) };
}

/** Runs a mint once, and throws where it fails. */
export async function minted(mint: Mint): Promise<Minted> {
  const outcome = await run(mint);
  if (outcome.kind === "minted") return outcome;
  throw new Error(`It failed: ${outcome.failure}: ${outcome.message}`);
}

/** Runs a mint once, and throws where it does not fail. */
export async function failed(mint: Mint): Promise<MintFailure> {
  const outcome = await run(mint);
  if (outcome.kind === "failed") return outcome;
  throw new Error("It minted");
}

/** The token of an outcome, or its failure, in one word. */
export function wordOf(outcome: MintOutcome): string {
  return outcome.kind === "minted" ? (outcome.parts.get("")?.reveal() ?? "none") : outcome.failure;
}

function run(mint: Mint): Promise<MintOutcome> {
  return mint(new AbortController().signal);
}
