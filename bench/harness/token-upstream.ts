/**
 * One HTTPS server that is a token endpoint (OAuth 2.0, Google, GitHub, STS) and the upstreams behind it: these answer
 * 200 only to what the endpoint gave out, while it is valid, and 401 to all else.
 */
import { createPublicKey, verify } from "node:crypto";
import { createServer } from "node:https";
import type { ServerResponse } from "node:http";
import { findSignatureProblem } from "./fake/aws-signature.ts";
import { describeRequest, receiveBody } from "./fake/received-request.ts";
import type { ReceivedRequest } from "./fake/received-request.ts";
import type { UpstreamCertificate } from "./upstream-authority.ts";

/** What differs between servers. */
export interface TokenUpstreamOptions {
  readonly certificate: UpstreamCertificate;
  /** Client secrets by client id */
  readonly clients: Readonly<Record<string, string>>;
  /** PEM of the key by which assertions of service accounts and Apps are checked */
  readonly assertionKeyPem: string;
}

/** How the endpoint treats one client. */
export interface ClientTerms {
  /** Of tokens in seconds; 3600 when absent */
  readonly lifeSeconds?: number;
  /** It answers 503 */
  readonly isDown?: boolean;
}

/** A running server. */
export interface TokenUpstream {
  readonly port: number;
  /** Requests for tokens by client id, account, App or key id */
  readonly asked: ReadonlyMap<string, number>;
  /** Requests that upstreams got, with what they answered; the oldest are dropped beyond 20,000 */
  readonly answered: readonly { readonly host: string; readonly status: number }[];
  /** Everything secret that it gave out */
  readonly given: readonly string[];
  setTerms(client: string, terms: ClientTerms): void;
  /** Ends all tokens of a client at once, as an operator of the upstream does. */
  revoke(client: string): void;
  close(): Promise<void>;
}

interface Token {
  readonly client: string;
  readonly untilMs: number;
}

const session = { secretAccessKey: "session/secret+key", sessionToken: "FwoGZXIvYXdzE/session==" };
const keptAnswers = 20_000;

/** Starts the server on loopback; resolves when it listens. */
export async function createTokenUpstream(options: TokenUpstreamOptions): Promise<TokenUpstream> {
  const upstream = new TokenServer(options);
  await upstream.open();
  return upstream;
}

class TokenServer implements TokenUpstream {
  readonly asked = new Map<string, number>();
  readonly answered: { host: string; status: number }[] = [];
  readonly given: string[] = [session.secretAccessKey, session.sessionToken];
  readonly #options: TokenUpstreamOptions;
  readonly #server;
  readonly #terms = new Map<string, ClientTerms>();
  readonly #tokens = new Map<string, Token>();
  /** The one refresh token that each client may use */
  readonly #refreshTokens = new Map<string, string>();
  /** Key id of the session credentials that were given last */
  #sessionId = "";
  #count = 0;

  constructor(options: TokenUpstreamOptions) {
    this.#options = options;
    const { certificatePem: cert, privateKeyPem: key } = options.certificate;
    this.#server = createServer({ cert, key }, (incoming, outgoing) => {
      const request = describeRequest(incoming);
      receiveBody(incoming, request).then(
        () => this.#answer(request, outgoing),
        () => outgoing.destroy(),
      );
    });
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("It does not listen");
    return address.port;
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => void this.#server.listen(0, "127.0.0.1", resolve));
  }

  setTerms(client: string, terms: ClientTerms): void {
    this.#terms.set(client, terms);
  }

  revoke(client: string): void {
    for (const [token, { client: owner }] of this.#tokens) {
      if (owner === client) this.#tokens.delete(token);
    }
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: ReceivedRequest, outgoing: ServerResponse): void {
    if (request.host === "localhost") {
      this.#answerEndpoint(request, outgoing);
      return;
    }
    const status = this.#isGood(request) ? 200 : 401;
    this.answered.push({ host: request.host, status });
    if (this.answered.length > keptAnswers) this.answered.shift();
    outgoing.writeHead(status, { "content-type": "text/plain" }).end(`${status}\n`);
  }

  #isGood(request: ReceivedRequest): boolean {
    const { authorization = "", "x-amz-security-token": sessionToken } = request.headers;
    if (sessionToken !== undefined) {
      const signer = { ...session, accessKeyId: this.#sessionId, service: "storage" };
      const problem = findSignatureProblem(request, signer, Date.now());
      return problem === undefined && sessionToken === session.sessionToken;
    }
    const query = new URLSearchParams(request.path.split("?", 2)[1]).get("access_token");
    const token = this.#tokens.get(query ?? tokenOf(authorization));
    return token !== undefined && Date.now() < token.untilMs;
  }

  #answerEndpoint(request: ReceivedRequest, outgoing: ServerResponse): void {
    const form = new URLSearchParams(request.body.toString("utf8"));
    if (request.pathname.startsWith("/api/v3/")) this.#answerGitHub(request, outgoing);
    else if (form.get("Action") === "AssumeRole") this.#answerSts(request, outgoing);
    else if (form.get("assertion") !== null) this.#answerGoogle(form, outgoing);
    else this.#answerOAuth2(request, form, outgoing);
  }

  #answerOAuth2(request: ReceivedRequest, form: URLSearchParams, outgoing: ServerResponse): void {
    const basic = Buffer.from(request.headers["authorization"]?.slice(6) ?? "", "base64");
    const [client = "", secret] = basic.toString("utf8").split(":").map(decodeURIComponent);
    if (!this.#admit(client, outgoing)) return;
    if (this.#options.clients[client] !== secret) {
      json(outgoing, 401, { error: "invalid_client" });
      return;
    }
    const token = this.#issue(client);
    if (form.get("grant_type") === "client_credentials") {
      json(outgoing, 200, token);
      return;
    }
    const known = this.#refreshTokens.get(client) ?? "refresh-0000000000-first";
    if (form.get("refresh_token") !== known) {
      // As servers do that see a token for the second time: the grant has ended.
      this.#refreshTokens.set(client, "none");
      json(outgoing, 400, { error: "invalid_grant" });
      return;
    }
    const next = this.#secret("refresh");
    this.#refreshTokens.set(client, next);
    json(outgoing, 200, { ...token, refresh_token: next });
  }

  #answerGoogle(form: URLSearchParams, outgoing: ServerResponse): void {
    const claims = this.#readAssertion(form.get("assertion") ?? "");
    const client = String(claims?.["iss"]);
    if (!this.#admit(client, outgoing)) return;
    if (claims === undefined) json(outgoing, 400, { error: "invalid_grant" });
    else json(outgoing, 200, this.#issue(client));
  }

  #answerGitHub(request: ReceivedRequest, outgoing: ServerResponse): void {
    const claims = this.#readAssertion(request.headers["authorization"]?.slice(7) ?? "");
    const client = String(claims?.["iss"]);
    if (!this.#admit(client, outgoing)) return;
    if (claims === undefined || request.pathname !== "/api/v3/app/installations/34/access_tokens") {
      json(outgoing, 401, { message: "Bad credentials" });
      return;
    }
    const { access_token: token, expires_in: seconds } = this.#issue(client);
    const expires_at = new Date(Date.now() + seconds * 1000).toISOString();
    json(outgoing, 201, { token, expires_at });
  }

  #answerSts(request: ReceivedRequest, outgoing: ServerResponse): void {
    const [, keyId = ""] =
      /Credential=([^/]+)\//.exec(request.headers["authorization"] ?? "") ?? [];
    if (!this.#admit(keyId, outgoing)) return;
    this.#count++;
    this.#sessionId = `ASIASESSION${this.#count}`;
    const until = new Date(Date.now() + 900_000).toISOString();
    const parts = [
      `<AccessKeyId>${this.#sessionId}</AccessKeyId>`,
      `<SecretAccessKey>${session.secretAccessKey}</SecretAccessKey>`,
      `<SessionToken>${session.sessionToken}</SessionToken><Expiration>${until}</Expiration>`,
    ];
    outgoing.writeHead(200, { "content-type": "text/xml" });
    outgoing.end(`<R><Credentials>${parts.join("")}</Credentials></R>`);
  }

  /** Counts the request, and answers it where the endpoint is down for the client. */
  #admit(client: string, outgoing: ServerResponse): boolean {
    this.asked.set(client, (this.asked.get(client) ?? 0) + 1);
    if (this.#terms.get(client)?.isDown !== true) return true;
    json(outgoing, 503, { error: "temporarily_unavailable" });
    return false;
  }

  #issue(client: string) {
    const { lifeSeconds: expires_in = 3600 } = this.#terms.get(client) ?? {};
    const access_token = this.#secret("access");
    this.#tokens.set(access_token, { client, untilMs: Date.now() + expires_in * 1000 });
    return { access_token, token_type: "Bearer", expires_in };
  }

  #secret(kind: string): string {
    this.#count++;
    const secret = `${kind}-${String(this.#count).padStart(10, "0")}-given`;
    this.given.push(secret);
    return secret;
  }

  #readAssertion(token: string): Readonly<Record<string, unknown>> | undefined {
    const [header = "", claims = "", signature = ""] = token.split(".");
    const input = Buffer.from(`${header}.${claims}`);
    const key = createPublicKey(this.#options.assertionKeyPem);
    if (!verify("RSA-SHA256", input, key, Buffer.from(signature, "base64url"))) return undefined;
    return Object.fromEntries(
      Object.entries(Object(JSON.parse(Buffer.from(claims, "base64url").toString("utf8")))),
    );
  }
}

/** Also as git sends it, as the password of a user. */
function tokenOf(authorization: string): string {
  const [scheme, value = ""] = authorization.split(" ");
  if (scheme !== "Basic") return value;
  return Buffer.from(value, "base64")
    .toString("utf8")
    .replace(/^x-access-token:/, "");
}

function json(outgoing: ServerResponse, status: number, body: object): void {
  outgoing.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
