/**
 * Which edits of manifests leave the filter chains alone, so that they cut nothing, and which replace some: Envoy keeps a chain
 * whose bytes are the same, and closes the connections of others a second later.
 */
import t from "tap";
import type { ParsedObject } from "../../crds/kinds.ts";
import { compile } from "../compile.ts";
import {
  aiRoute,
  backend,
  backendRef,
  gateway,
  gatewayOf,
  headerCredential,
  httpRoute,
  l4Route,
  loggedBy,
  logging,
  object,
  parent,
  secret,
  target,
  usualListeners,
} from "../compile/testdata/objects.ts";
import { envoy } from "../proto/gen/xds.js";
import { transparentListener, tunnelListener } from "./listener.ts";

const before = [
  gateway(),
  httpRoute("kept", ["kept.test"]),
  aiRoute("models", "openai"),
  l4Route("raw", { destinationHostnames: ["raw.test"], ports: [{ port: 6_000 }] }),
];
const [unedited, ...routes] = before;
const [kept, models, raw] = routes;
const extension = (kind: string, name: string) => ({
  type: "ExtensionRef",
  extensionRef: target(kind, name),
});
const limit = object("RateLimitPolicy", "limit", { requests: 1, window: "1h" });
const body = (maxBytes: number) => ({
  type: "RequestSizeLimit",
  requestSizeLimit: { maxBytes },
});
const mcp = object("MCPRoute", "mcp", {
  parentRefs: [parent()],
  hostnames: ["mcp.test"],
  rules: [{ matches: [{ tools: ["*"] }] }],
});
const key = secret("key", { token: "mk-7Hd8sK2lQ9pZ4xV6bN1mC3wE5rT0yU" });
const placeholder = object("CredentialInjectionPolicy", "swap", {
  targetRefs: [target("EgressHTTPRoute", "kept")],
  secretRef: { name: "key" },
  target: "Placeholder",
  placeholder: {},
});

const keeping: Readonly<Record<string, readonly (ParsedObject | undefined)[]>> = {
  "a route is added": [...before, httpRoute("more", ["more.test"])],
  "a route goes": [unedited, models, raw],
  "a host is added": [unedited, httpRoute("kept", ["kept.test", "more.test"]), models, raw],
  "a host that is an address is added": [...before, httpRoute("more", ["10.0.0.5"])],
  "a route names a listener": [
    ...before,
    httpRoute("more", ["more.test"], { parentRefs: [parent("egress", { sectionName: "tls" })] }),
  ],
  "a credential is injected": [
    ...before,
    key,
    headerCredential("inject", [target("EgressHTTPRoute", "kept")]),
  ],
  "a placeholder is given": [...before, key, placeholder],
  "a route is denied": [
    ...before,
    object("EgressDenyPolicy", "deny", { targetRefs: [target("EgressHTTPRoute", "kept")] }),
  ],
  "requests are limited": [
    ...before,
    limit,
    httpRoute("kept", ["kept.test"], {
      rules: [{ filters: [extension("RateLimitPolicy", "limit")] }],
    }),
  ],
  "a budget is set": [
    unedited,
    kept,
    raw,
    aiRoute("models", "openai", {
      filters: [{ type: "TokenBudget", tokenBudget: { maxTokensPerDay: 1 } }],
    }),
  ],
  "bodies are kept": [
    ...before,
    logging("log", { captureRequest: true }),
    httpRoute("more", ["more.test"], { rules: [{ filters: loggedBy("log") }] }),
  ],
  "bodies are bounded": [
    ...before,
    httpRoute("more", ["more.test"], { rules: [{ filters: [body(1_000)] }] }),
  ],
  "an MCP server is allowed": [...before, mcp],
  "another provider serves a route": [
    unedited,
    kept,
    raw,
    aiRoute("models", "openai", { backendRefs: [backendRef("other")] }),
    backend("other", "other.test", { schema: { name: "anthropic" } }),
  ],
  "a route audits": [
    unedited,
    httpRoute("kept", ["kept.test"], { enforcement: "Audit" }),
    models,
    raw,
  ],
  "a listener is added": [
    gateway({
      listeners: [
        ...usualListeners,
        { name: "more", protocol: "TLS", port: 8_443, tls: { mode: "Terminate" } },
      ],
    }),
    ...routes,
  ],
  "another L4 rule is added": [...before, l4Route("more", { destinationHostnames: ["db.test"] })],
};

const replacing: Readonly<Record<string, readonly (ParsedObject | undefined)[]>> = {
  "the gateway bounds bodies": [gateway({ limits: { maxRequestBytes: 1_000 } }), ...routes],
  "the gateway bounds headers": [gateway({ limits: { maxRequestHeaderBytes: 16_384 } }), ...routes],
  "the gateway bounds open requests": [
    gateway({ limits: { maxConcurrentRequests: 5 } }),
    ...routes,
  ],
  "a listener whose rules are its own takes a port": [
    gateway({
      listeners: [
        ...usualListeners,
        { name: "more", protocol: "TLS", port: 8_443, tls: { mode: "Terminate" } },
      ],
    }),
    ...routes,
    httpRoute("more", ["more.test"], { parentRefs: [parent("egress", { sectionName: "more" })] }),
  ],
  "a route falls back": [
    ...before,
    backend("other", "other.test", { schema: { name: "openai" } }),
    backend("third", "third.test", { schema: { name: "openai" } }),
    aiRoute("models", "openai", { backendRefs: [backendRef("other"), backendRef("third")] }),
    object("FallbackRoutingPolicy", "fall", { targetRefs: [target("AIProviderRoute", "models")] }),
  ],
};

/** Chains by name; what is later in a list takes the place of what has its name. */
function chainsOf(objects: readonly (ParsedObject | undefined)[]): Map<string, string> {
  const given = objects.filter((one) => one !== undefined);
  const byName = new Map(given.map((one) => [`${one.kind}/${one.metadata.name}`, one]));
  const result = compile({
    objects: [...byName.values()],
    revision: 1,
    environment: { ownAddresses: [], placeholderKey: Buffer.alloc(32, 7) },
  });
  const wrong = result.statuses.flatMap(({ ref, conditions }) =>
    conditions
      .filter(({ type, status }) => type !== "Enforcing" && status === "False")
      .map(({ message }) => `${ref.name}: ${message}`),
  );
  if (wrong.length > 0) throw new Error(`Cannot compile what is compared: ${wrong.join("; ")}`);
  const snapshot = gatewayOf(result);
  const log = { accessLogPipe: "/tmp/pipe" };
  const listeners = [
    tunnelListener(snapshot, log),
    transparentListener(snapshot, { address: "127.0.0.1", port: 1 }, log),
  ];
  const { FilterChain } = envoy.config.listener.v3;
  return new Map(
    listeners.flatMap(({ name, filterChains }) =>
      (filterChains ?? []).map((chain) => [
        `${name} ${chain.name}`,
        Buffer.from(FilterChain.encode(chain).finish()).toString("base64"),
      ]),
    ),
  );
}

function replaced(objects: readonly (ParsedObject | undefined)[]): string[] {
  const after = chainsOf(objects);
  return [...chainsOf(before)].flatMap(([name, bytes]) =>
    after.get(name) === bytes ? [] : [name],
  );
}

for (const [name, objects] of Object.entries(keeping)) {
  t.test(`filterChain() keeps all chains when ${name}`, async (test) => {
    test.same(replaced(objects), []);
  });
}

for (const [name, objects] of Object.entries(replacing)) {
  t.test(`filterChain() replaces chains when ${name}`, async (test) => {
    test.not(replaced(objects).length, 0);
  });
}
