/** A whole API server for tests: real store, real TLS, requests over HTTPS as a client would send them. */
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import type { Test } from "tap";
import { systemClock } from "../../../gateway/clock.ts";
import type { Clock } from "../../../gateway/clock.ts";
import { silentLogger } from "../../../gateway/log.ts";
import { allResources } from "../all-resources.ts";
import { openApiServer } from "../api-server.ts";
import type { ApiServer, ApiServerOptions } from "../api-server.ts";
import { openObjectStore } from "../object-store.ts";
import type { ObjectStore, ObjectStoreOptions } from "../object-store.ts";
import type { ServedResource } from "../served-resource.ts";
import { createServingCertificate } from "../serving-certificate.ts";
import type { ApiUser } from "../token-file.ts";

/** An answer, its JSON read. */
export interface RigAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever JSON comes
  readonly body: any;
  readonly text: string;
}

/** What a request is sent with; the admin's token when none is given, none at all for null. */
export interface RigRequest {
  readonly body?: unknown;
  /** Sent as it is instead of `body` */
  readonly raw?: Buffer | string;
  readonly type?: string;
  readonly accept?: string;
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A watch that is read as it comes. */
export interface RigWatch {
  /** The next event; rejects when the watch ends first */
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever JSON comes
  next(): Promise<any>;
  /** Resolves when the server has ended it */
  readonly ended: Promise<void>;
  /** Stops reading, so that the server's buffers fill up */
  pause(): void;
  resume(): void;
  close(): void;
}

/** The server and how to talk to it. */
export interface ApiRig {
  readonly store: ObjectStore;
  readonly server: ApiServer;
  readonly authorityPem: string;
  send(method: string, path: string, request?: RigRequest): Promise<RigAnswer>;
  watch(path: string, request?: RigRequest): Promise<RigWatch>;
}

const users = new Map<string, ApiUser>([
  ["admin-token", { name: "admin", role: "admin" }],
  ["other-token", { name: "other", role: "admin" }],
  ["viewer-token", { name: "viewer", role: "viewer" }],
]);

/** Path of the RateLimitPolicies of a namespace: the kind that tests use where any will do. */
export const policies = "/apis/clrk.apoxy.dev/v1alpha1/namespaces/default/ratelimitpolicies";

/** A RateLimitPolicy as a user writes it. */
export function policy(name: string, change: Record<string, unknown> = {}): Record<string, unknown> {
  const { metadata = {}, spec = {}, ...rest } = change as Record<string, object>;
  return {
    apiVersion: "clrk.apoxy.dev/v1alpha1",
    kind: "RateLimitPolicy",
    metadata: { name, ...metadata },
    spec: { requests: 5, window: "1m", ...spec },
    ...rest,
  };
}

/** Starts one; it ends with the test. */
export async function startApi(
  t: Pick<Test, "testdir" | "teardown">,
  options: {
    readonly clock?: Clock;
    readonly store?: Partial<ObjectStoreOptions>;
    readonly connected?: ApiServerOptions["connected"];
    readonly pages?: ApiServerOptions["pages"];
    /** Besides those that every server has */
    readonly resources?: readonly ServedResource[];
  } = {},
): Promise<ApiRig> {
  const store = openObjectStore({ file: join(t.testdir(), "objects.db"), ...options.store });
  const certificate = createServingCertificate(Date.now());
  const server = await openApiServer({
    store,
    certificate,
    clock: options.clock ?? systemClock,
    log: silentLogger,
    resources: [...allResources(), ...(options.resources ?? [])],
    ...(options.connected && { connected: options.connected }),
    ...(options.pages && { pages: options.pages }),
    authenticate: (token) => users.get(token),
    address: "127.0.0.1",
    port: 0,
    version: "0.0.0-test",
  });
  t.teardown(async () => {
    await server.close();
    store.close();
  });
  const ca = certificate.authorityPem;
  const open = (method: string, path: string, request: RigRequest = {}) => {
    const { body, raw, type = "application/json", accept, token = "admin-token", headers } = request;
    const content = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const call = httpsRequest({
      host: "127.0.0.1",
      port: server.port,
      method,
      path,
      ca,
      agent: false,
      servername: "localhost",
      headers: {
        ...(token !== null && { authorization: `Bearer ${token}` }),
        ...(content !== undefined && {
          "content-type": type,
          "content-length": Buffer.byteLength(content),
        }),
        ...(accept !== undefined && { accept }),
        ...headers,
      },
    });
    call.end(content);
    return call;
  };
  return {
    store,
    server,
    authorityPem: ca,
    send: (method, path, request) =>
      new Promise((resolve, reject) => {
        const call = open(method, path, request);
        call.once("error", reject);
        call.once("response", async (response) => {
          const chunks: Buffer[] = [];
          try {
            for await (const chunk of response) chunks.push(chunk);
          } catch (error) {
            reject(error);
            return;
          }
          const text = Buffer.concat(chunks).toString();
          const { statusCode = 0, headers } = response;
          resolve({ status: statusCode, headers, text, body: tryJson(text) });
        });
      }),
    watch: (path, request) =>
      new Promise((resolve, reject) => {
        const call = open("GET", path, request);
        call.once("error", reject);
        call.once("response", (response) => {
          const lines: string[] = [];
          const waiting: { resolve(line: string): void; reject(error: Error): void }[] = [];
          let rest = "";
          let isOver = false;
          response.setEncoding("utf8");
          response.on("data", (chunk: string) => {
            const parts = (rest + chunk).split("\n");
            rest = parts.pop() ?? "";
            for (const line of parts) {
              const reader = waiting.shift();
              if (reader === undefined) lines.push(line);
              else reader.resolve(line);
            }
          });
          response.on("error", () => {});
          const ended = new Promise<void>((settle) => {
            response.once("close", () => {
              isOver = true;
              for (const reader of waiting) reader.reject(new Error("Watch has ended"));
              settle();
            });
          });
          t.teardown(() => response.destroy());
          resolve({
            ended,
            next: async () => {
              const line = lines.shift();
              if (line !== undefined) return JSON.parse(line);
              if (isOver) throw new Error("Watch has ended");
              const text = await new Promise<string>((settle, fail) => {
                waiting.push({ resolve: settle, reject: fail });
              });
              return JSON.parse(text);
            },
            pause: () => response.pause(),
            resume: () => response.resume(),
            close: () => response.destroy(),
          });
        });
      }),
  };
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
