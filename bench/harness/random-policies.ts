/** Random policies and requests that meet them: every kind of route, in every mode, with what refuses, counts and injects. */

import { objectManifest } from "./gateway-manifests.ts";
import type { AgentRequest } from "./agent-requests.ts";

/** Names of fake upstreams that the policies and requests are about. */
export const randomHosts = {
  tls: ["a.test", "b.test", "c.test", "x.wild.test", "y.x.wild.test", "wild.test"],
  plain: ["p.test", "q.test"],
  mcp: ["mcp.test", "tools.test"],
} as const;

/** A policy as manifests, and members of the EgressGateway's spec that go with it. */
export interface RandomPolicy {
  readonly text: string;
  readonly spec: object;
}

/** One request of an agent. */
export interface RandomRequest {
  readonly url: string;
  readonly request: AgentRequest;
}

type Random = () => number;

const group = "clrk.apoxy.dev";
const patterns = ["a.test", "b.test", "c.test", "x.wild.test", "*.wild.test", "p.test", "*.test"];
const paths = ["/status", "/status/200", "/files", "/echo", "/bytes/1", "/"];
const globs = ["/files/*/raw", "/*/200", "/ech?"];
const methods = ["GET", "POST", "PUT", "DELETE"];
const models = ["gpt-4o", "gpt-4o-mini", "gpt-5", "o3", "claude-sonnet-4-5"];
const tools = ["search", "read_file", "write_file", "delete_file"];
const secrets = ["one", "two"];

/** A policy of one to four routes of each kind, and what targets them. */
export function randomPolicy(random: Random): RandomPolicy {
  const http = times(random, 1, 4, (at) => httpRoute(random, `http-${at}`));
  const ai = times(random, 0, 2, (at) => modelRoute(random, `ai-${at}`));
  const mcp = times(random, 0, 2, (at) => mcpRoute(random, `mcp-${at}`));
  const l4 = times(random, 0, 1, (at) => connectionRoute(random, `l4-${at}`));
  const routes = [
    ...http.map((_, at) => ({ group, kind: "EgressHTTPRoute", name: `http-${at}` })),
    ...ai.map((_, at) => ({ group, kind: "AIProviderRoute", name: `ai-${at}` })),
    ...mcp.map((_, at) => ({ group, kind: "MCPRoute", name: `mcp-${at}` })),
  ];
  const policies = [
    ...(random() < 0.3
      ? [objectManifest("EgressDenyPolicy", "deny", { targetRefs: [one(random, routes)] })]
      : []),
    ...(random() < 0.5 ? [credential(random, one(random, routes))] : []),
  ];
  return {
    text: [...http, ...ai, ...mcp, ...l4, ...policies, ...fixedObjects].join(""),
    spec: {
      defaultPolicy: random() < 0.75 ? "deny-all" : "allow-all",
      ...(random() < 0.15 && { enforcement: "Audit" }),
      ...(random() < 0.3 && { limits: { maxRequestBytes: 256 } }),
    },
  };
}

/** Requests that such policies may be about, and some that none is. */
export function randomRequests(random: Random, count: number): readonly RandomRequest[] {
  return Array.from({ length: count }, () => {
    const kind = random();
    if (kind < 0.55) return webRequest(random);
    return kind < 0.8 ? modelRequest(random) : mcpRequest(random);
  });
}

const fixedObjects = [
  ...secrets
    .map((name) =>
      JSON.stringify({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name },
        stringData: { token: `value-of-${name}` },
      }),
    )
    .map((text) => `---\n${text}\n`),
  objectManifest("RateLimitPolicy", "many", { requests: 60_000, window: "1s" }),
  objectManifest("LoggingPolicy", "keep", { captureRequest: true }),
  objectManifest("Backend", "claude", {
    schema: { name: "anthropic" },
    upstream: { host: "api.anthropic.com" },
    modelRewrites: [{ from: "*", to: "claude-sonnet-4-5" }],
  }),
  objectManifest("Backend", "openai", {
    schema: { name: "openai" },
    upstream: { host: "api.openai.com" },
  }),
];

function httpRoute(random: Random, name: string): string {
  return objectManifest("EgressHTTPRoute", name, {
    ...(random() < 0.2 && section(random)),
    ...(random() < 0.1 && { enforcement: "Audit" }),
    hostnames: some(random, patterns, 2),
    rules: times(random, 1, 3, () => ({
      ...(random() < 0.8 && { matches: times(random, 1, 2, () => webMatch(random)) }),
      ...(random() < 0.3 && { filters: [filter(random)] }),
    })),
  });
}

function section(random: Random): object {
  const sectionName = one(random, ["tls", "http"]);
  return { parentRefs: [{ group, kind: "EgressGateway", name: "egress", sectionName }] };
}

function webMatch(random: Random): object {
  const kind = one(random, ["Exact", "PathPrefix", "Glob"]);
  const value = one(random, kind === "Glob" ? globs : paths);
  const headers = [
    random() < 0.5
      ? { name: "X-Team", value: "blue" }
      : { name: "X-Team", type: "RegularExpression", value: "re[ds]" },
  ];
  return {
    path: { type: kind, value },
    ...(random() < 0.4 && { method: one(random, methods) }),
    ...(random() < 0.15 && { headers }),
  };
}

function filter(random: Random): object {
  return one(random, [
    {
      type: "RequestHeaderModifier",
      requestHeaderModifier: { set: [{ name: "X-Set", value: "1" }] },
    },
    { type: "RequestSizeLimit", requestSizeLimit: { maxBytes: 32 } },
    { type: "ExtensionRef", extensionRef: { group, kind: "RateLimitPolicy", name: "many" } },
    { type: "ExtensionRef", extensionRef: { group, kind: "LoggingPolicy", name: "keep" } },
  ]);
}

function modelRoute(random: Random, name: string): string {
  const provider = one(random, ["openai", "openai", "anthropic"]);
  return objectManifest("AIProviderRoute", name, {
    ...(random() < 0.15 && { enforcement: "Audit" }),
    rules: times(random, 1, 3, () => ({
      matches: [
        {
          provider,
          ...(random() < 0.4 && {
            endpoints: [one(random, ["/v1/chat/*", "/v1/models", "/v1/*"])],
          }),
          ...(random() < 0.6 && {
            models: [one(random, ["gpt-4o*", "gpt-5", "*-mini", "claude-*"])],
          }),
        },
      ],
      ...(random() < 0.4 && {
        backendRefs: some(random, ["claude", "openai"], 2).map((backend) => ({
          group,
          kind: "Backend",
          name: backend,
        })),
      }),
    })),
  });
}

function mcpRoute(random: Random, name: string): string {
  return objectManifest("MCPRoute", name, {
    ...(random() < 0.15 && { enforcement: "Audit" }),
    hostnames: some(random, randomHosts.mcp, 2),
    rules: times(random, 1, 2, () => ({
      ...(random() < 0.8 && {
        matches: [{ tools: some(random, ["*_file", "search", "read_*"], 2) }],
      }),
      ...(random() < 0.5 && {
        filters: [
          {
            type: "ToolPolicy",
            toolPolicy: { deniedTools: [one(random, ["delete_*", "write_file"])] },
          },
        ],
      }),
    })),
  });
}

function connectionRoute(random: Random, name: string): string {
  return objectManifest("EgressL4Route", name, {
    rules: [{ matches: [{ destinationHostnames: some(random, ["a.test", "*.wild.test"], 2) }] }],
  });
}

function credential(random: Random, target: object): string {
  return objectManifest("CredentialInjectionPolicy", "injected", {
    targetRefs: [target],
    secretRef: { name: one(random, [...secrets, "absent"]) },
    target: "Header",
    headerName: one(random, ["X-Key", "Authorization"]),
  });
}

function webRequest(random: Random): RandomRequest {
  const isPlain = random() < 0.25;
  const host = one(random, isPlain ? randomHosts.plain : [...randomHosts.tls, "other.test"]);
  const path = one(random, [
    ...[
      "/status/200",
      "/status/404",
      "/files/a/b/raw",
      "/files/a/rawer",
      "/echo",
      "/bytes/1?x=/echo",
    ],
    ...["/statusquo", "/status//200", "/status/%2fx", "/a/../echo", "/", "/echo;x=1"],
  ]);
  const method = one(random, [...methods, "PATCH", "OPTIONS", "TRACE"]);
  const hasBody = method === "POST" || method === "PUT";
  return {
    url: `${isPlain ? "http" : "https"}://${host}${path}`,
    request: {
      method,
      ...(hasBody && { body: "b".repeat(one(random, [1, 48, 300])) }),
      headers: random() < 0.3 ? { "x-team": one(random, ["blue", "red", "redder"]) } : {},
    },
  };
}

function modelRequest(random: Random): RandomRequest {
  const isOther = random() < 0.3;
  const host = isOther ? "api.anthropic.com" : "api.openai.com";
  const headers = {
    "content-type": "application/json",
    "x-api-key": "none",
    authorization: "Bearer none",
    "anthropic-version": "2023-06-01",
  };
  if (random() < 0.15) return { url: `https://${host}/v1/models`, request: { headers } };
  const path = isOther
    ? "/v1/messages"
    : one(random, ["/v1/chat/completions", "/v1/embeddings", "/v1/other"]);
  const said =
    path === "/v1/embeddings" ? { input: "x" } : { messages: [{ role: "user", content: "x" }] };
  const body = JSON.stringify({ model: one(random, models), max_tokens: 5, ...said });
  return { url: `https://${host}${path}`, request: { method: "POST", headers, body } };
}

function mcpRequest(random: Random): RandomRequest {
  const url = `https://${one(random, randomHosts.mcp)}/json`;
  // A stream of events stays open as long as its agent does.
  if (random() < 0.1) return { url, request: { deadlineMs: 300 } };
  const call = { method: "tools/call", params: { name: one(random, tools), arguments: {} } };
  const said = one(random, [call, call, { method: "tools/list" }, { method: "prompts/list" }]);
  const headers = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
  };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, ...said });
  return { url, request: { method: "POST", headers, body } };
}

function one<T>(random: Random, list: readonly T[]): T {
  const chosen = list[Math.floor(random() * list.length)];
  if (chosen === undefined) throw new RangeError("Cannot choose: the list is empty");
  return chosen;
}

function some<T>(random: Random, list: readonly T[], most: number): T[] {
  const count = 1 + Math.floor(random() * most);
  return [...new Set(Array.from({ length: count }, () => one(random, list)))];
}

function times<T>(random: Random, least: number, most: number, make: (at: number) => T): T[] {
  const count = least + Math.floor(random() * (most - least + 1));
  return Array.from({ length: count }, (_, at) => make(at));
}
