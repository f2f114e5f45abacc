/** Tests which route decides, in which order, and what a refusal says; a real Envoy checks that no text is expanded. */
import t from "tap";
import { providers } from "../../providers/registry.ts";
import { encodeMessage } from "../any.ts";
import { envoy } from "../proto/gen/xds.js";
import type { GatewaySnapshot, HttpMatch, HttpRule } from "../snapshot.ts";
import { plainRequest, secureRequest } from "../testdata/agent.ts";
import { tlsUpstream } from "../testdata/echo-upstream.ts";
import { needsEnvoy, startRig } from "../testdata/envoy-rig.ts";
import {
  attempt,
  backend,
  bearer,
  enginePlan,
  everythingSnapshot,
  forward,
  gatewaySnapshot,
  hostPolicy,
  httpRule,
  sigv4,
} from "../testdata/gateway-snapshot.ts";
import type { RouteScope } from "./route-configuration.ts";
import { noRuleReply, routeConfiguration } from "./route-configuration.ts";

const tls: RouteScope = { scheme: "tls", section: "any" };

/** The configuration with what messages default to, as Envoy reads it. */
function configurationOf(gateway: GatewaySnapshot, scope: RouteScope = tls) {
  const { RouteConfiguration } = envoy.config.route.v3;
  const bytes = encodeMessage(RouteConfiguration, routeConfiguration(gateway, scope));
  return RouteConfiguration.decode(bytes);
}

function routesOf(gateway: GatewaySnapshot, domain: string, scope: RouteScope = tls) {
  const hosts = configurationOf(gateway, scope).virtualHosts;
  return hosts.find(({ domains }) => domains.includes(domain))?.routes ?? [];
}

function namesOf(gateway: GatewaySnapshot, domain: string, scope: RouteScope = tls): string[] {
  const names = routesOf(gateway, domain, scope).map(({ name }) => name);
  // The upgrade route of a rule has the rule's name, too.
  return names.filter((name, index) => name !== names[index - 1]);
}

const rule = (ruleIndex: number, changes: Partial<HttpRule> = {}) =>
  httpRule({ ruleIndex, ...changes });

t.test(
  "routeConfiguration() keeps the order of the rules; what none matches gets no route",
  async (t) => {
    const gateway = gatewaySnapshot({
      hosts: [
        hostPolicy(
          "api.example.com",
          rule(0, { match: { method: "POST" } }),
          rule(1, {
            action: { kind: "deny", status: 403, reason: "deny-policy", message: "Not this" },
          }),
          rule(2),
        ),
      ],
    });
    t.same(namesOf(gateway, "api.example.com"), [
      "allow/EgressHTTPRoute/default/route/0",
      "deny/deny-policy/EgressHTTPRoute/default/route/1",
      "allow/EgressHTTPRoute/default/route/2",
    ]);
    t.same(namesOf(gateway, "*"), ["deny/default-policy"]);
  },
);

t.test("routeConfiguration() forwards what no rule names when the default allows", async (t) => {
  const hosts = [hostPolicy("api.example.com", rule(0, { match: { method: "POST" } }))];
  const gateway = gatewaySnapshot({ defaultPolicy: "allow-all", hosts });
  t.same(namesOf(gateway, "api.example.com"), [
    "allow/EgressHTTPRoute/default/route/0",
    "allow/default-policy",
  ]);
  t.same(namesOf(gateway, "*"), ["allow/default-policy"]);
});

t.test(
  "routeConfiguration() of a refused gateway refuses everything with its reason",
  async (t) => {
    const refusal = { reason: "not-enforced", message: "Not enforced" } as const;
    const gateway = everythingSnapshot({ refusal, defaultPolicy: "allow-all" });
    for (const { domains, routes } of configurationOf(gateway).virtualHosts) {
      t.same(
        routes.map(({ name }) => name),
        ["deny/not-enforced"],
        domains.join(),
      );
    }
  },
);

const matches: readonly {
  readonly name: string;
  readonly match: HttpMatch;
  readonly want: object;
}[] = [
  { name: "nothing", match: {}, want: { prefix: "/" } },
  {
    name: "an exact path",
    match: { path: { kind: "exact", value: "/v1" } },
    want: { path: "/v1" },
  },
  {
    name: "a prefix",
    match: { path: { kind: "prefix", value: "/v1/" } },
    want: { pathSeparatedPrefix: "/v1" },
  },
  {
    name: "the root prefix",
    match: { path: { kind: "prefix", value: "/" } },
    want: { prefix: "/" },
  },
  {
    name: "a regex",
    match: { path: { kind: "regex", value: "/v[0-9]" } },
    want: { safeRegex: { regex: "/v[0-9]" } },
  },
  {
    name: "method and headers",
    match: {
      method: "GET",
      headers: [
        { kind: "exact", name: "x-a", value: "1" },
        { kind: "regex", name: "x-b", value: "[0-9]+" },
      ],
    },
    want: {
      prefix: "/",
      headers: [
        { name: ":method", stringMatch: { exact: "GET" } },
        { name: "x-a", stringMatch: { exact: "1" } },
        { name: "x-b", stringMatch: { safeRegex: { regex: "[0-9]+" } } },
      ],
    },
  },
];

for (const { name, match, want } of matches) {
  t.test(`routeConfiguration() matches ${name}`, async (t) => {
    const gateway = gatewaySnapshot({ hosts: [hostPolicy("a.example.com", rule(0, { match }))] });
    const scope = { scheme: "plain", section: "any" } as const;
    const { virtualHosts = [] } = routeConfiguration(gateway, scope);
    const routes = virtualHosts?.find(({ name }) => name === "a.example.com")?.routes ?? [];
    t.same(routes[0]?.match, want);
  });
}

t.test(
  "routeConfiguration() refuses ambiguous paths only where a rule asks for a path",
  async (t) => {
    const path = { kind: "prefix", value: "/v1" } as const;
    const gateway = gatewaySnapshot({
      hosts: [
        hostPolicy("path.example.com", rule(0, { match: { path } }), rule(1)),
        hostPolicy("open.example.com", rule(0)),
      ],
    });
    const isMarked = (domain: string) =>
      routesOf(gateway, domain).map(
        ({ metadata }) => "clrk.apoxy.dev" in (metadata?.filterMetadata ?? {}),
      );
    t.same([...new Set(isMarked("path.example.com"))], [true], "all routes of the host");
    t.same([...new Set(isMarked("open.example.com"))], [false]);
    t.same([...new Set(isMarked("*"))], [false]);
  },
);

t.test("routeConfiguration() gives a section only the rules that attach to it", async (t) => {
  const hosts = [hostPolicy("a.example.com", rule(0, { sections: ["internal"] }), rule(1))];
  const gateway = gatewaySnapshot({ hosts });
  const scope = (section: string) => ({ scheme: "tls", section }) as const;
  t.same(namesOf(gateway, "a.example.com", scope("internal")), [
    "allow/EgressHTTPRoute/default/route/0",
    "allow/EgressHTTPRoute/default/route/1",
  ]);
  t.same(namesOf(gateway, "a.example.com", scope("other")), [
    "allow/EgressHTTPRoute/default/route/1",
  ]);
  t.equal(configurationOf(gateway, scope("internal")).name, "tls/internal");
});

t.test(
  "routeConfiguration() decides hosts of providers by the wildcard that covers them",
  async (t) => {
    const deny = { kind: "deny", status: 403, reason: "deny-policy", message: "No" } as const;
    const gateway = gatewaySnapshot({
      hosts: [
        hostPolicy("*.api.openai.com", rule(2)),
        hostPolicy("*.openai.com", rule(0, { action: deny })),
        hostPolicy("*.amazonaws.com", rule(1)),
        hostPolicy("*", rule(3)),
      ],
    });
    const first = (domain: string) => namesOf(gateway, domain)[0];
    t.equal(first("api.openai.com"), "deny/deny-policy/EgressHTTPRoute/default/route/0");
    t.equal(first("eu.api.openai.com"), "allow/EgressHTTPRoute/default/route/2");
    t.equal(
      first("bedrock-runtime.us-east-1.amazonaws.com"),
      "allow/EgressHTTPRoute/default/route/1",
    );
    t.equal(first("api.anthropic.com"), "allow/EgressHTTPRoute/default/route/3");
  },
);

t.test(
  "routeConfiguration() marks upgrades, denials and the default of a host with a path rule",
  async (t) => {
    const path = { kind: "exact", value: "/v1" } as const;
    const action = { kind: "deny", status: 403, reason: "deny-policy", message: "No" } as const;
    const gateway = gatewaySnapshot({
      defaultPolicy: "allow-all",
      hosts: [
        hostPolicy("a.example.com", rule(0, { action }), rule(1, { match: { path } })),
        hostPolicy("*", rule(2, { match: { path }, sections: ["internal"] })),
      ],
    });
    const marksOf = (domain: string, section: string) =>
      routesOf(gateway, domain, { scheme: "tls", section }).map(({ name, metadata }) => [
        name?.split("/").slice(0, 2).join("/"),
        metadata?.filterMetadata["clrk.apoxy.dev"]?.fields["pathRules"]?.boolValue,
      ]);
    t.same(marksOf("a.example.com", "other"), [
      ["deny/deny-policy", true],
      ["allow/EgressHTTPRoute", true],
      ["allow/EgressHTTPRoute", true],
      ["allow/default-policy", true],
      ["allow/default-policy", true],
    ]);
    const unmarked = [undefined, undefined];
    t.same(
      marksOf("*", "other").map(([, mark]) => mark),
      unmarked,
      "only rules of the section count",
    );
    t.same(
      marksOf("api.openai.com", "internal").map(([, mark]) => mark),
      [true, true, true, true],
      "hosts of providers have the rules of all hosts",
    );
  },
);

t.test("routeConfiguration() bounds the time to headers for every route of a host", async (t) => {
  const gateway = everythingSnapshot({ requestTimeoutMs: 90_500, defaultPolicy: "allow-all" });
  for (const scheme of ["tls", "plain"] as const) {
    const { virtualHosts } = configurationOf(gateway, { scheme, section: "any" });
    t.ok(virtualHosts.length > 10);
    for (const { name, retryPolicy, routes } of virtualHosts) {
      t.match(
        retryPolicy,
        { perTryTimeout: { seconds: 90, nanos: 500_000_000 }, numRetries: { value: 0 } },
        name,
      );
      t.same(retryPolicy?.retryOn ?? "", "", "never a second attempt");
      // A route's own policy would hide that of its host.
      t.ok(routes.every(({ route }) => !route?.retryPolicy));
    }
  }
});

t.test(
  "routeConfiguration() refuses a host that only an alias names like one that nothing names",
  async (t) => {
    const alias = { address: "10.0.0.9" };
    const hosts = [
      { ...hostPolicy("alias.example.com"), alias },
      { ...hostPolicy("api.openai.com"), alias },
      hostPolicy("a.example.com", rule(0)),
    ];
    const denying = gatewaySnapshot({ hosts });
    const domains = configurationOf(denying).virtualHosts.flatMap((host) => host.domains);
    t.notOk(domains.includes("alias.example.com"));
    t.same(namesOf(denying, "*"), ["deny/default-policy"]);
    t.same(namesOf(denying, "api.openai.com"), ["deny/default-policy"]);
    const allowing = gatewaySnapshot({ hosts, defaultPolicy: "allow-all" });
    for (const domain of ["alias.example.com", "api.openai.com"]) {
      const clusters = routesOf(allowing, domain).map(({ route }) => route?.cluster);
      t.ok(
        clusters.length > 0 && clusters.every((cluster) => cluster?.includes("10.0.0.9")),
        `${domain} goes where the alias says: ${clusters.join()}`,
      );
    }
  },
);

t.test("routeConfiguration() refuses where a section has no rule of the host", async (t) => {
  const hosts = [hostPolicy("a.example.com", rule(0, { sections: ["internal"] }))];
  const scope = { scheme: "tls", section: "other" } as const;
  t.same(namesOf(gatewaySnapshot({ hosts }), "a.example.com", scope), ["deny/default-policy"]);
});

t.test("noRuleReply() asks Envoy for the request and takes the rest as it stands", async (t) => {
  const { status, reason, message } = noRuleReply(gatewaySnapshot({ name: "100%" }));
  t.same([status, reason], [403, "no-rule"]);
  t.equal(
    message,
    "No rule for host %REQ(:AUTHORITY)% allows %REQ(:METHOD)% %PATH(NQ)% (EgressGateway default/100%%, defaultPolicy deny-all)",
  );
});

t.test("routeConfiguration() takes messages of any length", needsEnvoy, async (t) => {
  const rig = await startRig(t);
  const action = {
    kind: "deny",
    status: 403,
    reason: "deny-policy",
    message: "ü".repeat(10_000),
  } as const;
  const hosts = [hostPolicy("a.example.com", rule(0, { action }))];
  const verdict = await rig.publish(gatewaySnapshot({ hosts }));
  t.equal(verdict.kind, "live", verdict.kind === "rejected" ? verdict.message : "");
  t.match((await secureRequest(rig, "a.example.com")).json, { message: action.message });
});

t.test("routeConfiguration() never names a domain twice", async (t) => {
  const gateway = everythingSnapshot();
  const named = [...gateway.hosts, hostPolicy("*.openai.azure.com", rule(0))];
  const { virtualHosts } = configurationOf({ ...gateway, hosts: named });
  const domains = virtualHosts.flatMap(({ domains: own }) => own);
  t.equal(new Set(domains).size, domains.length);
  t.equal(new Set(virtualHosts.map(({ name }) => name)).size, virtualHosts.length);
  t.ok(domains.includes("[fd00::1]") && domains.includes("*.wild.example.com"));
});

t.test("routeConfiguration() refuses a rule with a credential on plain HTTP", async (t) => {
  const injecting = [
    forward({ credentials: [bearer("openai")] }),
    forward({ credentials: [sigv4("aws")] }),
    forward({ backends: [backend("b.example.com", { credentials: [bearer("first")] })] }),
  ];
  for (const action of injecting) {
    const gateway = gatewaySnapshot({ hosts: [hostPolicy("a.example.com", rule(0, { action }))] });
    const scope = { scheme: "plain", section: "any" } as const;
    const [route] = routesOf(gateway, "a.example.com", scope);
    t.equal(route?.name, "deny/credential-needs-tls/EgressHTTPRoute/default/route/0");
    t.equal(route?.directResponse?.status, 403);
  }
});

t.test(
  "routeConfiguration() refuses upgrades of a rule that signs, before it forwards",
  async (t) => {
    const match = { method: "POST", path: { kind: "prefix", value: "/v1" } } as const;
    const credentials = [sigv4("aws")];
    const target = backend("b.example.com", { credentials, attempt: attempt("aws") });
    for (const action of [
      forward({ credentials, attempt: attempt("aws") }),
      forward({ backends: [backend("c.example.com"), target] }),
    ]) {
      const gateway = gatewaySnapshot({
        hosts: [hostPolicy("a.example.com", rule(0, { action, match }))],
      });
      const [trace, upgrade, signed, ...rest] = routesOf(gateway, "a.example.com");
      t.match(trace?.name, /^deny\/trace-method\//);
      t.equal(upgrade?.name, "deny/not-enforced/EgressHTTPRoute/default/route/0");
      t.equal(upgrade?.directResponse?.status, 403);
      t.equal(upgrade?.match?.pathSeparatedPrefix, "/v1", "no other rule's upgrades");
      t.same(
        upgrade?.match?.headers?.map(({ name }) => name),
        [":method", "upgrade"],
      );
      t.equal(signed?.name, "allow/EgressHTTPRoute/default/route/0");
      t.same(rest, []);
    }
  },
);

t.test("routeConfiguration() asks the engine for rules that have a plan", async (t) => {
  const plain = rule(0);
  const asking = rule(1, { engine: enginePlan() });
  const gateway = gatewaySnapshot({ hosts: [hostPolicy("a.example.com", plain, asking)] });
  for (const scheme of ["tls", "plain"] as const) {
    const asked = routesOf(gateway, "a.example.com", { scheme, section: "any" }).map(
      ({ name, typedPerFilterConfig }) => [
        name?.at(-1),
        "clrk.engine" in (typedPerFilterConfig ?? {}),
      ],
    );
    t.same(
      [...new Set(asked.map(String))],
      ["0,false", "1,true"],
      `every route of the rule, over ${scheme}`,
    );
  }
});

t.test("routeConfiguration() never lets plain routes refer to a secret", async (t) => {
  const gateway = everythingSnapshot({ defaultPolicy: "allow-all" });
  for (const section of ["http", "any-http"]) {
    const configuration = routeConfiguration(gateway, { scheme: "plain", section });
    const bytes = encodeMessage(envoy.config.route.v3.RouteConfiguration, configuration);
    t.notMatch(Buffer.from(bytes).toString("latin1"), /%SECRET\(|generic_secret|nonexistent/);
  }
});

for (const { name, hosts } of providers) {
  const host = hosts[0]?.replace("*.", "mine.") ?? "";
  t.test(`routeConfiguration() refuses ${host} in the shape of ${name}`, needsEnvoy, async (t) => {
    const rig = await startRig(t);
    t.equal((await rig.publish(gatewaySnapshot())).kind, "live");
    const reply = await secureRequest(rig, host, { method: "POST", path: "/v1/x?key=1" });
    t.equal(reply.status, 403);
    t.equal(reply.headers["content-type"], "application/json");
    t.equal(reply.headers["x-clrk-deny-reason"], "default-policy");
    const message = `No route of EgressGateway default/egress allows host ${host} (defaultPolicy deny-all)`;
    const provider = providers.find((candidate) => candidate.name === name);
    const body = provider?.errorBody({ status: 403, message, code: "clrk_default_policy" });
    t.same(reply.json, body);
    for (const header of provider?.errorHeaders ?? []) {
      t.equal(reply.headers[header.name], header.value);
    }
  });
}

t.test("routeConfiguration() expands nothing of what stands in objects", needsEnvoy, async (t) => {
  const trap = "%REQ(authorization)% 100% %%";
  const route = { kind: "EgressHTTPRoute", namespace: "default", name: trap };
  const deny = {
    kind: "deny",
    status: 451,
    reason: "deny-policy",
    message: `Not "${trap}"`,
  } as const;
  const gateway = gatewaySnapshot({
    name: trap,
    hosts: [
      hostPolicy("denied.example.com", rule(0, { route, action: deny })),
      hostPolicy("unmatched.example.com", rule(0, { route, match: { method: "PUT" } })),
      hostPolicy(
        "plain.example.com",
        rule(0, { route, action: forward({ credentials: [bearer("x")] }) }),
      ),
    ],
  });
  // The node id is the gateway's name: it has to be the one that is published.
  const rig = await startRig(t, `default/${trap}`);
  const verdict = await rig.publish(gateway, { credentials: { "secret/default/x/token": "s" } });
  t.equal(verdict.kind, "live", verdict.kind === "rejected" ? verdict.message : "");
  const headers = { authorization: "Bearer agent-key" };
  const denied = await secureRequest(rig, "denied.example.com", { headers });
  t.equal(denied.status, 451);
  t.match(denied.json, { message: `Not "${trap}"` });
  const other = await secureRequest(rig, "other.example.com", { headers });
  t.match(other.json, {
    message: `No route of EgressGateway default/${trap} allows host other.example.com (defaultPolicy deny-all)`,
  });
  const unmatched = await secureRequest(rig, "unmatched.example.com", { headers });
  t.match(unmatched.json, {
    message: `No rule for host unmatched.example.com allows GET / (EgressGateway default/${trap}, defaultPolicy deny-all)`,
  });
  const plain = await plainRequest(rig, "plain.example.com", { headers });
  t.match(plain.json, {
    message: `EgressHTTPRoute default/${trap} injects a credential, which never travels from plain HTTP: use https`,
  });
  const refusal = { reason: "not-enforced", message: `Refused: ${trap}` } as const;
  await rig.publish({ ...gateway, refusal });
  const refused = await secureRequest(rig, "denied.example.com", { headers });
  t.match(refused.json, { message: `Refused: ${trap}` });
  t.notMatch(JSON.stringify([denied, other, unmatched, plain, refused]), /agent-key/);
});

t.test(
  "routeConfiguration() escapes what an agent writes into a refusal",
  needsEnvoy,
  async (t) => {
    const rig = await startRig(t);
    await rig.publish(
      gatewaySnapshot({
        hosts: [hostPolicy("a.example.com", rule(0, { match: { method: "PUT" } }))],
      }),
    );
    const reply = await secureRequest(rig, "a.example.com", { path: '/"},"x":{"?q=secret' });
    t.equal(reply.status, 403);
    t.match(reply.json, { error: { code: "clrk_no_rule" } });
    t.notMatch(reply.text, /secret/, "the query is left out");
  },
);

/** Refused either way: what no rule matches is refused as that. */
const ambiguous = [
  { target: "/v1%2fadmin", reason: "no-rule" },
  { target: "/v1%2Fadmin", reason: "no-rule" },
  { target: "//v1/admin", reason: "no-rule" },
  { target: "/v1/..%5cadmin", reason: "ambiguous-path" },
  { target: "/v1//admin", reason: "ambiguous-path" },
  { target: "/v1/%2e%2e%2fadmin", reason: "ambiguous-path" },
  { target: "/v1/a%2fb", reason: "ambiguous-path" },
];

t.test(
  "routeConfiguration() sees normalised paths and refuses ambiguous ones",
  needsEnvoy,
  async (t) => {
    const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
    const path = { kind: "prefix", value: "/v1" } as const;
    const policy = hostPolicy("a.example.com", rule(0, { match: { path } }));
    const hosts = [{ ...policy, alias: { address: "127.0.0.1", port: upstream.port } }];
    await rig.publish(gatewaySnapshot({ hosts }));
    for (const { target, reason } of ambiguous) {
      const reply = await secureRequest(rig, "a.example.com", { path: target });
      t.match(reply, { status: 403, headers: { "x-clrk-deny-reason": reason } }, target);
    }
    for (const target of ["/v1/../admin", "/v1/%2e%2e/admin", "/admin", "/v10"]) {
      const reply = await secureRequest(rig, "a.example.com", { path: target });
      t.match(reply, { status: 403, headers: { "x-clrk-deny-reason": "no-rule" } }, target);
    }
    t.equal((await secureRequest(rig, "a.example.com", { path: "/v1%00" })).status, 400);
    t.equal(
      (await secureRequest(rig, "A.Example.COM", { sni: "a.example.com", path: "/v1" })).status,
      200,
    );
    t.equal((await secureRequest(rig, "a.example.com", { path: "/v1/a?x=%2f" })).status, 200);
    t.same(
      upstream.seen.map(({ url }) => url),
      ["/v1", "/v1/a?x=%2f"],
    );
  },
);

t.test("routeConfiguration() refuses TRACE where a credential would be shown", async (t) => {
  const injecting = rule(1, { action: forward({ credentials: [bearer("openai")] }) });
  const onBackend = rule(2, {
    action: forward({ backends: [backend("b.example.com", { credentials: [bearer("other")] })] }),
  });
  const gateway = gatewaySnapshot({
    hosts: [hostPolicy("a.example.com", rule(0), injecting, onBackend)],
  });
  const routes = routesOf(gateway, "a.example.com");
  const traced = routes.filter(({ match }) =>
    match?.headers.some(({ stringMatch }) => stringMatch?.exact === "TRACE"),
  );
  t.match(
    traced.map(({ name }) => name),
    [/^deny\/trace-method\/.*\/1$/, /^deny\/trace-method\/.*\/2$/],
    "none for the rule without a credential",
  );
  for (const denial of traced) {
    t.equal(denial.directResponse?.status, 403);
    const index = denial.name.slice(-1);
    const forwards = routes.findIndex(
      ({ name }) => name.startsWith("allow/") && name.endsWith(index),
    );
    t.ok(routes.indexOf(denial) < forwards, "asked before the rule forwards");
  }
});

const chat: HttpMatch = { method: "POST", path: { kind: "exact", value: "/v1/chat/completions" } };
const chatPlan = (otherwise: "next" | "deny") => enginePlan({ routing: { rules: [], otherwise } });

t.test("routeConfiguration() has requests wait, and refuses upgrades before they do", async (t) => {
  const choosing = rule(1, { match: chat, action: { kind: "choose" }, engine: chatPlan("deny") });
  const routes = routesOf(
    gatewaySnapshot({ hosts: [hostPolicy("a.example.com", choosing)] }),
    "a.example.com",
  );
  t.same(
    routes.map(({ name, route, directResponse }) => [
      name,
      route?.cluster ?? directResponse?.status,
    ]),
    [
      ["deny/not-translatable/EgressHTTPRoute/default/route/1", 403],
      ["allow/EgressHTTPRoute/default/route/1", "refused"],
    ],
  );
  t.equal(routes[0]?.match?.headers.at(-1)?.name, "upgrade");
});

t.test("routeConfiguration() refuses what a late entry could not have read", async (t) => {
  const action = { kind: "choose", isLate: true } as const;
  const late = rule(1, { match: chat, action, engine: chatPlan("deny") });
  const routes = routesOf(
    gatewaySnapshot({ hosts: [hostPolicy("a.example.com", late)] }),
    "a.example.com",
  );
  t.same(
    routes.map(({ name }) => name.split("/").slice(0, 2).join("/")),
    ["deny/not-translatable", "deny/not-enforced", "allow/EgressHTTPRoute"],
  );
  const [matcher] = routes[1]?.match?.dynamicMetadata ?? [];
  t.match(matcher, { filter: "clrk", invert: false, value: { presentMatch: true } });
});

t.test("routeConfiguration() lets a choice without a plan go nowhere", async (t) => {
  const broken = rule(1, { match: chat, action: { kind: "choose" } });
  const routes = routesOf(
    gatewaySnapshot({ hosts: [hostPolicy("a.example.com", broken)] }),
    "a.example.com",
  );
  t.same(
    routes.map(({ route }) => route),
    [null],
  );
});

t.test(
  "routeConfiguration() sends what was picked by the pick, whatever the rule matches",
  async (t) => {
    const way = rule(1, { match: { method: "GET" }, pick: "p" });
    const [route, none] = routesOf(
      gatewaySnapshot({ hosts: [hostPolicy("a.example.com", way)] }),
      "a.example.com",
    );
    t.equal(none, undefined, "and no upgrade of it");
    t.same(route?.match?.headers, []);
    t.match(route?.match?.dynamicMetadata, [{ value: { stringMatch: { exact: "p" } } }]);
  },
);

const paths: readonly {
  readonly name: string;
  readonly changes: Partial<HttpRule>;
  readonly want: boolean;
}[] = [
  { name: "a rule decides by the path", changes: {}, want: true },
  {
    name: "the engine chooses by it",
    changes: { action: { kind: "choose" }, engine: chatPlan("deny") },
    want: true,
  },
  { name: "the engine only changes the body", changes: { engine: chatPlan("next") }, want: false },
  { name: "the engine reads tokens", changes: { engine: enginePlan() }, want: true },
];
for (const { name, changes, want } of paths) {
  t.test(
    `routeConfiguration() ${want ? "refuses" : "takes"} ambiguous paths when ${name}`,
    async (t) => {
      const hosts = [hostPolicy("a.example.com", rule(0, { match: chat, ...changes }), rule(1))];
      for (const { metadata } of routesOf(gatewaySnapshot({ hosts }), "a.example.com")) {
        t.equal(metadata !== null, want);
      }
    },
  );
}
