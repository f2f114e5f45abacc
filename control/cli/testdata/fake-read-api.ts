/**
 * A read API for tests, over real HTTPS: it keeps to the contract strictly (unknown parameters are refused, positions
 * are exact), and breaks its streams anywhere, as often as the test says.
 */
import { createServer } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Test } from "tap";
import { createServingCertificate } from "../../apiserver/serving-certificate.ts";
import { writeOwnKubeconfig } from "./api-target.ts";
import type { FakeContext } from "./fake-context.ts";

type Json = Record<string, unknown>;

export interface FakeReadApi {
  readonly port: number;
  /** Paths with their queries, in order */
  readonly asked: string[];
  /** Bodies and headers of calls of agents */
  readonly invoked: { readonly headers: IncomingMessage["headers"]; readonly body: string }[];
  /** Stores items and hands them to whoever follows */
  store(...items: readonly Json[]): void;
  /** Objects that are there: `taskagents/researcher` */
  readonly objects: Set<string>;
  /** Statuses to answer with, by the end of the path, as long as they are there */
  readonly failures: Map<string, { readonly status: number; readonly reason?: string }>;
  /** How many streams are cut at a random byte before one is not */
  cuts: number;
  /** Positions before this one are forgotten */
  oldest: number;
  /** What calls of agents do; the default says yes and succeeds */
  onInvoke: (id: string, response: ServerResponse) => void;
  setInvocation(id: string, phase: string, message?: string): void;
  /** Breaks every stream */
  cutAll(): void;
  close(): Promise<void>;
}

const members = { logs: ["resourceLogs"], traces: ["resourceSpans"] } as const;
const known = {
  get: ["invocation", "component", "since", "until", "limit", "continue", "follow", "after"],
  invocations: ["fieldSelector", "watch", "resourceVersion"],
};

/** A span as the API sends it. */
export function spanDocument(index: number, changes: Json = {}, attributes: Json = {}): Json {
  const start = 1_790_000_000_000_000_000n + BigInt(index) * 1_000_000_000n;
  return {
    resource: { attributes: [text("clrk.component", "egress-extproc")] },
    scopeSpans: [
      {
        scope: { name: "clrk/gateway" },
        spans: [
          {
            traceId: "0af7651916cd43dd8448eb211c80319c",
            spanId: index.toString(16).padStart(16, "0"),
            name: `GET host${index}.example`,
            kind: 2,
            startTimeUnixNano: String(start),
            endTimeUnixNano: String(start + 45_000_000n),
            status: {},
            attributes: Object.entries(attributes).map(([key, value]) =>
              typeof value === "string" ? text(key, value) : { key, value },
            ),
            ...changes,
          },
        ],
      },
    ],
  };
}

export function logDocument(body: string, attributes: Json = {}, changes: Json = {}): Json {
  return {
    resource: { attributes: [text("clrk.component", "worker")] },
    scopeLogs: [
      {
        logRecords: [
          {
            timeUnixNano: "1790000000000000000",
            body: { stringValue: body },
            attributes: Object.entries(attributes).map(([key, value]) => text(key, String(value))),
            ...changes,
          },
        ],
      },
    ],
  };
}

function text(key: string, value: string) {
  return { key, value: { stringValue: value } };
}

/** Opens it, and writes the kubeconfig that leads to it. */
export async function openReadApi(
  t: Test,
  context: Pick<FakeContext, "home">,
  options: { readonly port?: number; readonly random?: () => number } = {},
): Promise<FakeReadApi> {
  const { random = Math.random } = options;
  const stored: Json[] = [];
  const followers = new Set<() => void>();
  const invocations = new Map<string, Json>();
  const watchers = new Set<() => void>();
  const { authorityPem, chainPem, keyPem } = createServingCertificate(Date.now());
  const listener = createServer({ cert: chainPem, key: keyPem }, (request, response) => {
    void answer(request, response);
  });
  await new Promise<void>((resolve) => listener.listen(options.port ?? 0, "127.0.0.1", resolve));
  const address = listener.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const close = () =>
    new Promise<void>((resolve) => {
      listener.close(() => resolve());
      listener.closeAllConnections();
    });
  t.teardown(() => (listener.listening ? close() : undefined));
  const api: FakeReadApi = {
    port,
    asked: [],
    invoked: [],
    objects: new Set(),
    failures: new Map(),
    cuts: 0,
    oldest: 0,
    store: (...items) => {
      stored.push(...items);
      for (const wake of [...followers]) wake();
    },
    onInvoke: (id, response) => {
      response.end("done");
      api.setInvocation(id, "Succeeded");
    },
    setInvocation: (id, phase, message = "") => {
      invocations.set(id, {
        metadata: { name: id },
        status: { phase, conditions: [{ type: "Complete", status: "True", message }] },
      });
      for (const wake of [...watchers]) wake();
    },
    cutAll: () => listener.closeAllConnections(),
    close,
  };
  await writeOwnKubeconfig(context, { authorityPem, server: { port } });
  return api;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "https://x");
    api.asked.push(`${url.pathname}${url.search}`);
    const parts = url.pathname.split("/").slice(1);
    if (request.headers.authorization !== "Bearer admin-token") return refuse(response, 401);
    const failure = [...api.failures].find(([end]) => url.pathname.endsWith(end))?.[1];
    if (failure !== undefined) return refuse(response, failure.status, failure.reason);
    const [, , , , , plural = "", name, below] = parts;
    if (below === "invoke") return await invoke(request, response);
    if (plural === "invocations") return listInvocations(url, response);
    if (plural !== "processes" && !api.objects.has(`${plural}/${name}`)) {
      return refuse(response, 404, "NotFound");
    }
    if (below === undefined) return json(response, { kind: "Object" });
    if (below !== "logs" && below !== "traces") return refuse(response, 404);
    const allowed = [...known.get, ...(below === "logs" ? ["iostream"] : [])];
    const wrong = [...url.searchParams.keys()].find((key) => !allowed.includes(key));
    if (wrong !== undefined) return refuse(response, 400, `unknown parameter ${wrong}`);
    if (url.searchParams.get("follow") === "true") return followItems(url, response, below);
    page(url, response, below);
  }

  function page(url: URL, response: ServerResponse, signal: "logs" | "traces"): void {
    const limit = Number(url.searchParams.get("limit") ?? 100);
    if (!(limit >= 1 && limit <= 1_000)) return refuse(response, 400, "limit");
    const [pinned = stored.length, from = pinned] = (url.searchParams.get("continue") ?? "")
      .split(".")
      .filter(Boolean)
      .map(Number);
    const items = stored.slice(Math.max(0, from - limit), from).reverse();
    const rest = from - items.length;
    json(response, { [members[signal][0]]: items }, {
      "x-clrk-position": String(pinned),
      ...(rest > 0 && { "x-clrk-continue": `${pinned}.${rest}` }),
    });
  }

  function followItems(url: URL, response: ServerResponse, signal: "logs" | "traces"): void {
    const after = url.searchParams.get("after");
    if (after !== null && url.searchParams.has("since")) return refuse(response, 400, "since");
    let position = after === null ? stored.length : Number(after);
    if (after !== null && position < api.oldest) return refuse(response, 410, "Expired");
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    response.write(`${JSON.stringify({ position: String(position) })}\n`);
    const isCut = api.cuts > 0;
    if (isCut) api.cuts--;
    let budget = isCut ? Math.floor(random() * 1_500) : Number.POSITIVE_INFINITY;
    const wake = () => {
      while (position < stored.length && !response.destroyed) {
        const items = stored.slice(position, position + 1 + Math.floor(random() * 3));
        position += items.length;
        const line = `${JSON.stringify({ position: String(position), [members[signal][0]]: items })}\n`;
        if (line.length > budget) {
          response.write(line.slice(0, budget), () => response.destroy());
          followers.delete(wake);
          return;
        }
        budget -= line.length;
        response.write(line);
      }
    };
    followers.add(wake);
    response.on("close", () => followers.delete(wake));
    wake();
  }

  function listInvocations(url: URL, response: ServerResponse): void {
    const wrong = [...url.searchParams.keys()].find((key) => !known.invocations.includes(key));
    if (wrong !== undefined) return refuse(response, 400, `unknown parameter ${wrong}`);
    const id = (url.searchParams.get("fieldSelector") ?? "").replace("metadata.name=", "");
    const found = () => [invocations.get(id)].filter((one) => one !== undefined);
    if (url.searchParams.get("watch") !== "true") {
      return json(response, { metadata: { resourceVersion: "7" }, items: found() });
    }
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    const wake = () => {
      for (const object of found()) {
        response.write(`${JSON.stringify({ type: "MODIFIED", object })}\n`);
      }
    };
    watchers.add(wake);
    response.on("close", () => watchers.delete(wake));
    wake();
  }

  async function invoke(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    api.invoked.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
    const id = String(request.headers["x-clrk-invocation-id"]);
    response.setHeader("x-clrk-invocation-id", id);
    if (request.headers["prefer"] === "respond-async") {
      response.writeHead(202).end();
      return;
    }
    api.onInvoke(id, response);
  }
}

export function refuse(response: ServerResponse, status: number, reason = ""): void {
  const message = `refused with ${status}${reason === "" ? "" : `: ${reason}`}`;
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ kind: "Status", status: "Failure", code: status, reason, message }));
}

function json(response: ServerResponse, body: Json, headers: Record<string, string> = {}): void {
  response.writeHead(200, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}
