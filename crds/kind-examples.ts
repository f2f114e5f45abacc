/** One whole object of each kind of our group, for the reference pages and for tests: what a person might write. */
import { API_VERSION, GROUP } from "./meta.ts";

const parentRefs = [{ group: GROUP, kind: "EgressGateway", name: "default" }];

const modelRoute = { group: GROUP, kind: "AIProviderRoute", name: "models" };

/** Specs by kind. */
const specs: Readonly<Record<string, unknown>> = {
  EgressGateway: {
    defaultPolicy: "deny-all",
    listeners: [
      { name: "tls", protocol: "TLS", port: 443, tls: { mode: "Terminate" } },
      { name: "http", protocol: "HTTP", port: 80 },
    ],
    otlp: { captureBody: { maxBytes: 65536 } },
    explicitProxy: { port: 18080 },
    requestTimeout: "5m0s",
  },
  EgressHTTPRoute: {
    parentRefs,
    hostnames: ["api.github.com", "*.example.com"],
    rules: [
      {
        matches: [{ path: { type: "PathPrefix", value: "/repos" }, method: "GET" }],
        filters: [
          {
            type: "RequestHeaderModifier",
            requestHeaderModifier: { set: [{ name: "x-team", value: "search" }] },
          },
        ],
      },
    ],
  },
  EgressL4Route: {
    parentRefs,
    rules: [
      {
        matches: [
          { destinationHostnames: ["db.example.com"], ports: [{ port: 5432 }], protocol: "TCP" },
        ],
      },
    ],
  },
  AIProviderRoute: {
    parentRefs,
    rules: [
      {
        matches: [{ provider: "openai", models: ["gpt-*"], endpoints: ["/v1/chat/completions"] }],
        filters: [
          { type: "TokenBudget", tokenBudget: { maxTokensPerDay: 1_000_000, maxCostPerDay: "25" } },
        ],
      },
    ],
  },
  MCPRoute: {
    parentRefs,
    hostnames: ["mcp.example.com"],
    rules: [
      {
        matches: [{ methods: ["initialize", "tools/*"] }],
        filters: [
          {
            type: "ToolPolicy",
            toolPolicy: { allowedTools: ["search_*", "read_*"], maxCallsPerExecution: 100 },
          },
        ],
      },
    ],
  },
  Backend: {
    schema: { name: "anthropic" },
    upstream: { host: "api.anthropic.com" },
    modelRewrites: [{ from: "claude-opus-*", to: "claude-haiku-4-5" }],
  },
  CredentialInjectionPolicy: {
    targetRefs: [modelRoute],
    secretRef: { name: "openai" },
    secretKey: "token",
    target: "Header",
    headerName: "Authorization",
    valuePrefix: "Bearer ",
  },
  EgressDenyPolicy: {
    targetRefs: [{ group: GROUP, kind: "EgressHTTPRoute", name: "legacy" }],
    denyResponse: { statusCode: 403, message: "This API is being retired" },
  },
  RateLimitPolicy: { requests: 60, window: "1m0s", scope: "PerAgent" },
  LoggingPolicy: {
    captureRequest: true,
    captureResponse: true,
    sample: "10%",
    redactHeaders: ["x-customer"],
    redactJsonPaths: ["$.messages[*].content"],
    redactShapes: ["Email", "PaymentCard"],
  },
  FallbackRoutingPolicy: {
    targetRefs: [modelRoute],
    retry: { numRetries: 2, retriableStatusCodes: [429, 503], perTryTimeout: "30s" },
    ejection: { maxEjectionTime: "1m0s" },
  },
  TaskAgent: {
    template: {
      spec: {
        image: "registry.example.com/agents/summary:1.4",
        command: ["python", "-m", "summary"],
        env: [{ name: "OPENAI_API_KEY", value: "placeholder" }],
      },
    },
    workerPoolRef: "default",
    resources: { cpu: "500m", memory: "512Mi" },
    timeout: "2m0s",
    maxConcurrent: 10,
    schedule: "*/15 * * * *",
    scheduleInput: { topic: "news" },
    egressRefs: [{ gatewayRef: "default" }],
  },
  DaemonAgent: {
    template: { spec: { image: "registry.example.com/agents/watcher:2.0" } },
    workerPoolRef: "default",
    restartPolicy: "OnFailure",
    maxRestarts: 5,
    egressRefs: [{ gatewayRef: "default" }],
  },
  AgentSandboxRevision: {
    image: "registry.example.com/agents/summary:1.4",
    command: ["python", "-m", "summary"],
  },
  WorkerPool: {
    replicas: 2,
    template: {
      image: "registry.example.com/clrk/worker:0.1.0",
      resources: { requests: { cpu: 2, memory: "4Gi" } },
      nodeSelector: { "kubernetes.io/arch": "amd64" },
    },
    maxExecutionsPerWorker: 10,
    imageCache: { enabled: true },
  },
  Invocation: {
    parentRef: { kind: "TaskAgent", name: "summary" },
    trigger: { type: "HTTP", source: "curl" },
  },
  CLRKConfig: {},
};

/** Names where "sample" would not do. */
const names: Readonly<Record<string, string>> = {
  Invocation: "0b6f2d1c-6a51-4b8e-9a35-1f0c4f7f0f11",
  CLRKConfig: "default",
};

/** A fresh example of a kind; undefined for kinds that are not ours. */
export function kindExample(kind: string): unknown {
  if (!Object.hasOwn(specs, kind)) return undefined;
  const name = Object.hasOwn(names, kind) ? names[kind] : "sample";
  return structuredClone({ apiVersion: API_VERSION, kind, metadata: { name }, spec: specs[kind] });
}
