/** The list of kinds, finding one, and parsing whatever is written. */
import t from "tap";
import { findKind, findKindByAnyName, kinds, parseAnyObject } from "./kinds.ts";
import type { ParsedObject } from "./kinds.ts";
import { expectObject, messagesOf, objectOf, parentRef } from "./testdata/kind-cases.ts";

const group = "clrk.apoxy.dev";
const version = "clrk.apoxy.dev/v1alpha1";
const route = { group, kind: "AIProviderRoute", name: "a" };

const specs: Readonly<Record<string, unknown>> = {
  EgressGateway: {
    listeners: [{ name: "any", protocol: "TLS", tls: { mode: "Terminate" } }],
    requestTimeout: "5m",
  },
  EgressHTTPRoute: {
    parentRefs: [parentRef],
    hostnames: ["api.x.com", "*.y.com"],
    rules: [
      {
        matches: [{ path: { type: "Glob", value: "/v1/*" }, headers: [{ name: "a", value: "b" }] }],
      },
    ],
  },
  EgressL4Route: {
    parentRefs: [parentRef],
    rules: [
      { matches: [{ destinationCIDRs: ["10.0.0.0/8", "2001:db8::/32"], ports: [{ port: 5432 }] }] },
    ],
  },
  AIProviderRoute: {
    parentRefs: [parentRef],
    rules: [{ matches: [{ provider: "openai", models: ["gpt-*"], endpoints: ["/v1/*"] }] }],
  },
  MCPRoute: {
    parentRefs: [parentRef],
    rules: [{ matches: [{ tools: ["a*"], toolsRegex: ["^b[a-z]{1,9}$"] }] }],
  },
  Backend: { schema: { name: "openai" }, upstream: { host: "api.x.com" } },
  CredentialInjectionPolicy: {
    targetRefs: [route],
    secretRef: { name: "a" },
    target: "Header",
    headerName: "x-key",
  },
  EgressDenyPolicy: { targetRefs: [route], denyResponse: { message: "no" } },
  RateLimitPolicy: { requests: 1, window: "1m" },
  LoggingPolicy: { captureRequest: true, redactHeaders: ["cookie"] },
  FallbackRoutingPolicy: { targetRefs: [route], retry: { retriableStatusCodes: [429] } },
};
const samples = [
  ...Object.entries(specs).map(([kind, spec]) => objectOf(kind, spec)),
  { apiVersion: "v1", kind: "Secret", metadata: { name: "a" }, stringData: { token: "x" } },
  { apiVersion: "v1", kind: "Namespace", metadata: { name: "a" } },
];

t.test("kinds have names as Kubernetes wants them, each once", (t) => {
  t.strictSame(
    kinds.map(({ kind, plural, shortNames }) => [kind, plural, ...shortNames].join(" ")),
    [
      "EgressGateway egressgateways egw",
      "EgressHTTPRoute egresshttproutes ehr",
      "EgressL4Route egressl4routes el4r",
      "AIProviderRoute aiproviderroutes aipr",
      "MCPRoute mcproutes mcpr",
      "Backend backends be",
      "CredentialInjectionPolicy credentialinjectionpolicies cip",
      "EgressDenyPolicy egressdenypolicies edp",
      "RateLimitPolicy ratelimitpolicies rlp",
      "LoggingPolicy loggingpolicies lp",
      "FallbackRoutingPolicy fallbackroutingpolicies frp",
      "Secret secrets",
      "Namespace namespaces ns",
    ],
  );
  t.ok(kinds.every(({ printerColumns }) => printerColumns.at(-1)?.name === "Age"));
  t.end();
});

t.test("every kind has a description for each part of its schema, and every list a bound", (t) => {
  const walk = (schema: unknown, place: string): void => {
    if (typeof schema !== "object" || schema === null) return;
    const kind: unknown = Reflect.get(schema, "kind");
    if (kind === "optional" || kind === "defaulted" || kind === "empty-if-absent") {
      walk(Reflect.get(schema, "schema"), place);
      return;
    }
    if (Reflect.get(schema, "description") === "") t.fail(`${place} has no description`);
    for (const inner of ["items", "values"]) walk(Reflect.get(schema, inner), `${place}.${inner}`);
    if (kind !== "object") return;
    const fields: unknown = Reflect.get(schema, "fields");
    for (const [name, field] of Object.entries(Object(fields))) walk(field, `${place}.${name}`);
  };
  for (const { kind, schema } of kinds) walk(schema, kind);
  t.end();
});

t.test("findKind() needs version and kind, exactly", (t) => {
  t.equal(findKind(version, "EgressGateway")?.plural, "egressgateways");
  t.equal(findKind("v1", "Secret")?.kind, "Secret");
  t.equal(findKind("v1", "EgressGateway"), undefined);
  t.equal(findKind(version, "Secret"), undefined);
  t.equal(findKind(version, "egressgateway"), undefined);
  t.equal(findKind("gateway.envoyproxy.io/v1alpha1", "Backend"), undefined);
  t.end();
});

for (const [name, kind] of [
  ["EgressGateway", "EgressGateway"],
  ["egressgateways", "EgressGateway"],
  ["egw", "EgressGateway"],
  ["EGW", "EgressGateway"],
  ["backends.clrk.apoxy.dev", "Backend"],
  ["be", "Backend"],
  ["secret", "Secret"],
  ["secrets", "Secret"],
  ["secrets.", undefined],
  ["pods", undefined],
  ["", undefined],
] as const) {
  t.test(`findKindByAnyName() gives ${kind} for "${name}"`, (t) => {
    t.equal(findKindByAnyName(name)?.kind, kind);
    t.end();
  });
}

for (const sample of samples) {
  const kind = String(Reflect.get(Object(sample), "kind"));
  t.test(`parseAnyObject() reads ${kind}`, (t) => {
    t.equal(expectObject(parseAnyObject(sample)).kind, kind);
    t.end();
  });
  t.test(`parseAnyObject() of a parsed ${kind} gives the same again`, (t) => {
    const once = expectObject(parseAnyObject(sample));
    t.strictSame(expectObject(parseAnyObject(JSON.parse(JSON.stringify(once)))), once);
    t.strictSame(structuredClone(once), JSON.parse(JSON.stringify(once)));
    t.end();
  });
}

t.test("ParsedObject is told apart by kind", (t) => {
  const hostOf = (parsed: ParsedObject): string | undefined => {
    return parsed.kind === "Backend" ? parsed.spec.upstream?.host : undefined;
  };
  t.equal(hostOf(expectObject(parseAnyObject(objectOf("Backend", specs["Backend"])))), "api.x.com");
  t.end();
});

for (const [value, ...expected] of [
  ["hunter2", "object: found a string, wanted an object"],
  [null, "object: found null, wanted an object"],
  [[], "object: found an empty list, wanted an object"],
  [{}, 'kind: not set, wanted a kind such as "EgressGateway"'],
  [{ kind: 7 }, 'kind: found 7, wanted a kind such as "EgressGateway"'],
  [{ kind: "Backend" }, 'apiVersion: not set, wanted "clrk.apoxy.dev/v1alpha1"'],
  [{ kind: "Backend", apiVersion: 1 }, 'apiVersion: found 1, wanted "clrk.apoxy.dev/v1alpha1"'],
  [
    { kind: "Backend", apiVersion: "gateway.envoyproxy.io/v1alpha1" },
    'apiVersion: found "gateway.envoyproxy.io/v1alpha1", wanted "clrk.apoxy.dev/v1alpha1": the version of Backend',
  ],
  [
    { kind: "Secret", apiVersion: version },
    'apiVersion: found "clrk.apoxy.dev/v1alpha1", wanted "v1": the version of Secret',
  ],
  [
    { kind: "EgressGatway", apiVersion: version },
    'kind: no kind "EgressGatway" in "clrk.apoxy.dev/v1alpha1", did you mean "EgressGateway"?',
  ],
  [
    { kind: "HTTPRoute", apiVersion: "gateway.networking.k8s.io/v1" },
    'kind: no kind "HTTPRoute" in "gateway.networking.k8s.io/v1", known are EgressGateway, EgressHTTPRoute, EgressL4Route, AIProviderRoute, MCPRoute, Backend, CredentialInjectionPolicy, EgressDenyPolicy, RateLimitPolicy, LoggingPolicy, FallbackRoutingPolicy, Secret and Namespace',
  ],
] as const) {
  t.test(`parseAnyObject() says ${expected[0].slice(0, 60)}`, (t) => {
    t.strictSame(messagesOf(parseAnyObject(value)), expected);
    t.end();
  });
}

t.test("parseAnyObject() never throws, whatever a field holds", (t) => {
  const hostile = [
    null,
    undefined,
    0,
    -1,
    Number.NaN,
    "",
    "x",
    [],
    [null],
    {},
    { a: 1 },
    true,
    10n,
    Symbol("s"),
    () => 1,
    new Date(),
  ];
  const poison = (value: unknown, replacement: unknown): unknown[] => {
    if (typeof value !== "object" || value === null) return [];
    return Object.keys(value).flatMap((key) => {
      const inner = poison(Reflect.get(value, key), replacement);
      return [replacement, ...inner].map((next) => {
        const copy: object = Array.isArray(value) ? [...value] : { ...value };
        Reflect.set(copy, key, next);
        return copy;
      });
    });
  };
  let count = 0;
  for (const sample of samples) {
    for (const replacement of hostile) {
      for (const value of poison(sample, replacement)) {
        count++;
        const { kind } = parseAnyObject(value);
        if (kind !== "valid" && kind !== "invalid") t.fail("no verdict");
      }
    }
  }
  t.ok(count > 2000);
  t.end();
});

t.test("parseAnyObject() reads 2,000 objects in well under half a second", (t) => {
  const start = performance.now();
  for (let index = 0; index < 2000; index++) parseAnyObject(samples[index % samples.length]);
  const ms = performance.now() - start;
  t.comment(`2,000 objects in ${Math.round(ms)} ms`);
  t.ok(ms < 500, `${ms} ms`);
  t.end();
});
