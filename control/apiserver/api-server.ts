/**
 * The API server: HTTPS on a loopback address, a bearer token for whoever wants more than health and version, bounds on
 * everything that callers can multiply. Invariant: whatever a handler throws becomes a metav1.Status without internals.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { Clock } from "../../gateway/clock.ts";
import { ClrkError, describeError } from "../../gateway/errors.ts";
import type { Logger } from "../../gateway/log.ts";
import type { ApiContext, ApiPage, ConnectedResource } from "./api-context.ts";
import { answerRequest, refuseHost, versionDocument } from "./api-handler.ts";
import type { Authorizer } from "./authorizer.ts";
import { createRoleAuthorizer } from "./authorizer.ts";
import { FairTurns } from "./fair-turns.ts";
import { GarbageCollector } from "./garbage-collector.ts";
import { ensureNamespaces } from "./initial-objects.ts";
import { ObjectDeleter } from "./object-deleter.ts";
import type { ObjectStore } from "./object-store.ts";
import { ObjectWriter } from "./object-writer.ts";
import { createOpenApiDocuments } from "./open-api-document.ts";
import { RequestCounts } from "./request-counts.ts";
import { readTarget } from "./request-target.ts";
import { createResourceRegistry } from "./resource-registry.ts";
import { sendAnswer, sendStatus } from "./send-answer.ts";
import type { ServedResource } from "./served-resource.ts";
import { sourceListBounds } from "./source-handler.ts";
import {
  StatusError,
  internalError,
  storageFull,
  tooManyRequests,
  unauthorized,
} from "./status-error.ts";
import { namedResources } from "./subresources.ts";
import type { ApiUser } from "./token-file.ts";
import { readBearer } from "./token-file.ts";
import { WatchHub } from "./watch-hub.ts";

/** What a server is made of. */
export interface ApiServerOptions {
  /** Not the server's: close it afterwards */
  readonly store: ObjectStore;
  readonly resources: readonly ServedResource[];
  /** Paths that other parts answer; none when absent */
  readonly connected?: readonly ConnectedResource[];
  /** Pages besides objects; none when absent */
  readonly pages?: readonly ApiPage[];
  /** Finds a caller by its token; undefined for a token that nobody has */
  readonly authenticate: (token: string) => ApiUser | undefined;
  /** Roles decide when absent */
  readonly authorizer?: Authorizer;
  /** Certificate chain and key in PEM */
  readonly certificate: { readonly chainPem: string; readonly keyPem: string };
  /** A loopback address; others are refused, since a token alone should not face a network */
  readonly address: string;
  /** 0 for a free one */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: string;
}

/** Requests that are worked on at once, watches and calls of agents not counted; as many wait for nobody. */
const maxInFlight = 400;
const maxConnections = 4_096;
const headersTimeoutMs = 15_000;
/** A body of 3 MiB over a slow line; watches are no requests that are still being received. */
const requestTimeoutMs = 60_000;
/** Longer than clients in Go keep idle connections (90 s): they, not we, close them, and no request meets a closing one. */
const keepAliveTimeoutMs = 120_000;

/** Counts a caller that had gone before its answer, as proxies do. */
const goneCode = 499;

const openPaths: ReadonlySet<string> = new Set(["/livez", "/readyz", "/healthz", "/version"]);

/** Starts a server; resolves when it listens. Raises CLRK_INVALID_ARGUMENT for an address that is not loopback. */
export async function openApiServer(options: ApiServerOptions): Promise<ApiServer> {
  if (!/^(?:127\.\d+\.\d+\.\d+|::1)$/.test(options.address)) {
    const message = `Cannot serve on ${JSON.stringify(options.address)}: wanted a loopback address such as 127.0.0.1`;
    throw new ClrkError("CLRK_INVALID_ARGUMENT", message, { expose: message });
  }
  const server = new ApiServer(options);
  await server.listen();
  return server;
}

/** See `openApiServer`. */
export class ApiServer {
  readonly #options: ApiServerOptions;
  readonly #context: ApiContext;
  readonly #collector: GarbageCollector;
  readonly #server: Server;
  readonly #requests = new RequestCounts();
  #inFlight = 0;
  #port = 0;
  #closing: Promise<void> | undefined;

  /** Use `openApiServer`. */
  constructor(options: ApiServerOptions) {
    this.#options = options;
    const { store, clock, log, version, connected = [] } = options;
    const resources = createResourceRegistry(options.resources);
    const deleter = new ObjectDeleter(store, clock);
    const watches = new WatchHub(store, clock);
    this.#context = {
      store,
      clock,
      version,
      resources,
      deleter,
      writer: new ObjectWriter(store, clock),
      documents: createOpenApiDocuments({ resources, connected }, version),
      authorizer:
        options.authorizer ?? createRoleAuthorizer(namedResources({ resources, connected })),
      watches,
      connected,
      pages: options.pages ?? [],
      figures: { watches, requests: this.#requests, objects: () => store.reader.counts() },
      sourceLists: new FairTurns(sourceListBounds),
      open: new Set(),
    };
    this.#collector = new GarbageCollector({ store, deleter, resources, clock, log });
    this.#server = this.#createServer();
  }

  /** Port that it listens on */
  get port(): number {
    return this.#port;
  }

  /** What is there to be seen of it: watches that run, and how others ended. */
  get watches(): Pick<WatchHub, "running" | "ended"> {
    return this.#context.watches;
  }

  /** Resolves when nothing is left to collect. */
  idle(): Promise<void> {
    return this.#collector.idle();
  }

  /** Listens; `openApiServer` has done so. */
  async listen(): Promise<void> {
    await ensureNamespaces(this.#context.writer);
    const { address, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host: address, port }, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
    const bound = this.#server.address();
    this.#port = isAddress(bound) ? bound.port : port;
    // A failed accept (no more descriptors) concerns one caller.
    this.#server.on("error", (error) => this.#warn("Connection was not accepted", error));
  }

  /** Ends watches, lets requests in flight end, stops listening; safe to call again. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#context.watches.close();
    for (const end of [...this.#context.open]) end();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const { clock } = this.#options;
    const timer = clock.setTimeout(() => this.#server.closeAllConnections(), 2_000);
    await closed;
    clock.clearTimeout(timer);
    await this.#collector.close();
  }

  #createServer(): Server {
    const { chainPem, keyPem } = this.#options.certificate;
    const server = createServer(
      {
        cert: chainPem,
        key: keyPem,
        minVersion: "TLSv1.2",
        headersTimeout: headersTimeoutMs,
        requestTimeout: requestTimeoutMs,
        keepAliveTimeout: keepAliveTimeoutMs,
        maxHeaderSize: 32_768,
      },
      (request, response) => void this.#onRequest(request, response),
    );
    server.maxConnections = maxConnections;
    // Node drops what is beyond its number, unseen: of two headers of one name the second, which a proxy added.
    server.maxHeadersCount = 0;
    server.on("tlsClientError", (_error, socket) => socket.destroy());
    server.on("clientError", (_error, socket) => socket.destroy());
    return server;
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Whoever goes away in the middle of an answer is no failure of ours.
    response.on("error", () => {});
    this.#inFlight++;
    let isCounted = true;
    const leaveFlight = () => {
      if (isCounted) this.#inFlight--;
      isCounted = false;
    };
    try {
      await this.#answer(request, response, leaveFlight);
    } catch (error) {
      await this.#refuse(request, response, error);
    } finally {
      leaveFlight();
      this.#requests.add(request, response.headersSent ? response.statusCode : goneCode);
      // A body that was not read to its end would keep the connection waiting.
      if (!request.complete) request.resume();
    }
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    leaveFlight: () => void,
  ): Promise<void> {
    if (this.#inFlight > maxInFlight)
      throw tooManyRequests("too many requests in flight, try again later");
    if (!this.#isOwnHost(request.headers.host)) throw refuseHost(request.headers.host);
    const target = readTarget(request.method ?? "", request.url ?? "");
    if (target.kind === "path" && openPaths.has(target.path)) {
      const body =
        target.path === "/version" ? JSON.stringify(versionDocument(this.#options.version)) : "ok";
      const contentType =
        target.path === "/version" ? "application/json" : "text/plain; charset=utf-8";
      return sendAnswer(request, response, { status: 200, body, contentType });
    }
    const user = this.#authenticate(request);
    const call = { request, response, user, leaveFlight };
    const answer = await answerRequest(this.#context, call, target);
    if (answer !== undefined) await sendAnswer(request, response, answer);
  }

  #authenticate(request: IncomingMessage): ApiUser {
    const token = readBearer(request.headers.authorization);
    const user = token === undefined ? undefined : this.#options.authenticate(token);
    if (user === undefined) throw unauthorized();
    return user;
  }

  async #refuse(request: IncomingMessage, response: ServerResponse, error: unknown): Promise<void> {
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    // What follows on the connection may be the rest of a body that was refused.
    if (!request.complete) response.setHeader("Connection", "close");
    await sendStatus(request, response, this.#toStatus(error)).catch((failure: unknown) => {
      this.#warn("Cannot answer a request", failure);
      response.destroy();
    });
  }

  #toStatus(error: unknown): StatusError {
    if (error instanceof StatusError) return error;
    if (error instanceof ClrkError && error.code === "CLRK_STORAGE_FAILED") {
      this.#warn("Object was not stored", error);
      return storageFull();
    }
    this.#warn("Request failed", error);
    return internalError("the server failed, see its log");
  }

  #isOwnHost(host: string | undefined): boolean {
    const match = /^(127\.0\.0\.1|localhost|\[::1\]|127\.\d+\.\d+\.\d+):(\d+)$/i.exec(host ?? "");
    return match !== null && Number(match[2]) === this.#port;
  }

  #warn(message: string, error: unknown): void {
    this.#options.log.warn(message, { error: describeError(error) });
  }
}

function isAddress(value: string | AddressInfo | null): value is AddressInfo {
  return typeof value === "object" && value !== null;
}
