/** Which credentials a rule injects for which host and backend, and when it refuses instead. */
import t from "tap";
import type { CredentialUse } from "../snapshot.ts";
import {
  aiRoute,
  awsCredential,
  backend,
  backendRef,
  compiled,
  decisions,
  forwardOf,
  gateway,
  headerCredential,
  hostPolicy,
  httpRoute,
  l4Route,
  queryCredential,
  secret,
  target,
} from "./testdata/objects.ts";

const key = secret("key", { token: "sk-1" });
const aws = secret("aws", { access_key_id: "AKIA", secret_access_key: "shh" });
const toGateway = [target("EgressGateway", "egress")];
const toRoute = [target("AIProviderRoute", "r")];

function names(uses: readonly CredentialUse[]): string[] {
  return uses.map((use) => `${use.policy.name} ${written(use)}`);
}

function written(use: CredentialUse): string {
  switch (use.kind) {
    case "header":
      return use.header;
    case "query":
      return `?${use.parameter}`;
    case "aws-sigv4":
      return use.region;
    case "placeholder":
      return use.placeholder;
  }
}

t.test(
  "createActionResolver() injects a gateway's credential only where a route names hosts",
  async (t) => {
    const result = compiled(
      gateway({ defaultPolicy: "allow-all" }),
      httpRoute("r", ["a.example", "*.b.example", "10.0.0.1"]),
      l4Route("l", { ports: [{ port: 443 }] }),
      l4Route("m", { destinationHostnames: ["l4.example"] }),
      headerCredential("p", toGateway),
      key,
    );
    t.same(names(forwardOf(result, "a.example").credentials), ["p authorization"]);
    t.same(names(forwardOf(result, "*.b.example").credentials), ["p authorization"]);
    t.same(
      forwardOf(result, "10.0.0.1").credentials,
      [],
      "an address is reached on plain HTTP only",
    );
    t.same(forwardOf(result, "*").credentials, []);
    t.same(forwardOf(result, "l4.example").credentials, [], "an L4 route allows connections only");
  },
);

t.test(
  "createActionResolver() prefers a route's credential to the gateway's for the same header",
  async (t) => {
    const result = compiled(
      gateway(),
      aiRoute("r", "openai"),
      headerCredential("a", toGateway),
      headerCredential("b", toGateway, { headerName: "x-team" }),
      headerCredential("z", toRoute),
      key,
    );
    t.same(names(forwardOf(result, "api.openai.com").credentials), ["z authorization", "b x-team"]);
  },
);

t.test(
  "createActionResolver() refuses named hosts when the gateway's credential is missing",
  async (t) => {
    const result = compiled(
      gateway(),
      aiRoute("r", "anthropic"),
      l4Route("l", { ports: [{ port: 80 }] }),
      headerCredential("p", toGateway),
    );
    t.same(decisions(hostPolicy(result, "api.anthropic.com")).slice(0, 2), [
      "deny credential-missing AIProviderRoute r/0",
      "allow EgressL4Route l/0",
    ]);
  },
);

t.test("createActionResolver() gives one backend its own credential", async (t) => {
  const result = compiled(
    gateway(),
    aiRoute("r", "openai", { backendRefs: [backendRef("one"), backendRef("two")] }),
    backend("one", "one.example"),
    backend("two", "two.example"),
    headerCredential("p", [target("AIProviderRoute", "r", { sectionName: "two" })]),
    key,
  );
  const { credentials, backends } = forwardOf(result, "api.openai.com");
  t.same(credentials, []);
  t.same(
    backends.map((one) => names(one.credentials)),
    [[], ["p authorization"]],
  );
});

t.test(
  "createActionResolver() replaces the route's credential for a backend that has its own",
  async (t) => {
    const result = compiled(
      gateway(),
      aiRoute("r", "openai", { backendRefs: [backendRef("one"), backendRef("two")] }),
      backend("one", "one.example"),
      backend("two", "two.example"),
      headerCredential("p", toRoute),
      headerCredential("q", toRoute, { headerName: "x-team" }),
      headerCredential("s", [target("AIProviderRoute", "r", { sectionName: "two" })]),
      key,
    );
    const { credentials, backends } = forwardOf(result, "api.openai.com");
    t.same(names(credentials), ["q x-team"]);
    t.same(
      backends.map((one) => names(one.credentials)),
      [["p authorization"], ["s authorization"]],
    );
  },
);

t.test("createActionResolver() states a credential of all backends once", async (t) => {
  const result = compiled(
    gateway(),
    aiRoute("r", "openai", { backendRefs: [backendRef("one"), backendRef("two")] }),
    backend("one", "one.example"),
    backend("two", "two.example"),
    headerCredential("p", toRoute),
    key,
  );
  const { credentials, backends } = forwardOf(result, "api.openai.com");
  t.same(names(credentials), ["p authorization"]);
  t.same(
    backends.map((one) => one.credentials),
    [[], []],
  );
});

t.test(
  "createActionResolver() refuses the rule when one backend's credential is missing",
  async (t) => {
    const result = compiled(
      gateway(),
      aiRoute("r", "openai", { backendRefs: [backendRef("one"), backendRef("two")] }),
      backend("one", "one.example"),
      backend("two", "two.example"),
      headerCredential("p", [target("AIProviderRoute", "r", { sectionName: "two" })]),
    );
    t.same(decisions(hostPolicy(result, "api.openai.com")), [
      "deny credential-missing AIProviderRoute r/0",
      "deny credential-missing AIProviderRoute r/0",
    ]);
  },
);

t.test("createActionResolver() signs for the region in each host's name", async (t) => {
  const result = compiled(gateway(), aiRoute("r", "bedrock"), awsCredential("p", toRoute), aws);
  const cases = [
    ["bedrock-runtime.us-east-1.amazonaws.com", "us-east-1"],
    ["bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"],
    ["*.bedrock-runtime.eu-west-1.vpce.amazonaws.com", "eu-west-1"],
  ] as const;
  for (const [host, region] of cases) {
    t.match(forwardOf(result, host).credentials, [
      {
        kind: "aws-sigv4",
        region,
        service: "bedrock",
        secret: { resource: "secret/default/aws/aws" },
      },
    ]);
  }
  t.same(
    [...result.credentials.keys()],
    ["secret/default/aws/aws/access_key_id", "secret/default/aws/aws/secret_access_key"],
  );
});

t.test("createActionResolver() refuses a host that tells no region", async (t) => {
  const result = compiled(
    gateway(),
    httpRoute("r", ["bedrock-runtime.us-east-1.amazonaws.com", "proxy.example"]),
    awsCredential("p", [target("EgressHTTPRoute", "r")]),
    aws,
  );
  t.same(decisions(hostPolicy(result, "bedrock-runtime.us-east-1.amazonaws.com")), [
    "allow EgressHTTPRoute r/0",
  ]);
  t.match(hostPolicy(result, "proxy.example").rules[0]?.action, {
    reason: "credential-missing",
    message:
      'Refused because CredentialInjectionPolicy default/p gives no credential: no region can be read from host "proxy.example", set spec.providerAuth.region of CredentialInjectionPolicy default/p',
  });
});

t.test("createActionResolver() signs for the backend's region", async (t) => {
  const refs = [backendRef("east"), backendRef("west")];
  const result = compiled(
    gateway(),
    aiRoute("r", "bedrock", { backendRefs: refs }),
    backend("east", "bedrock-runtime.us-east-1.amazonaws.com"),
    backend("west", "bedrock-runtime.us-west-2.amazonaws.com"),
    awsCredential("p", toRoute),
    aws,
  );
  const { credentials, backends } = forwardOf(result, "bedrock-runtime.eu-west-1.amazonaws.com");
  t.same(credentials, []);
  t.same(
    backends.map((one) => names(one.credentials)),
    [["p us-east-1"], ["p us-west-2"]],
  );
});

t.test(
  "createActionResolver() signs for each backend, even when all share one region",
  async (t) => {
    const result = compiled(
      gateway(),
      aiRoute("r", "bedrock", { backendRefs: [backendRef("a"), backendRef("b")] }),
      backend("a", "one.example"),
      backend("b", "two.example"),
      awsCredential("p", toRoute, { region: "eu-west-1" }),
      aws,
    );
    const { credentials, backends } = forwardOf(result, "bedrock-runtime.us-east-1.amazonaws.com");
    t.same(credentials, []);
    t.same(
      backends.map((one) => names(one.credentials)),
      [["p eu-west-1"], ["p eu-west-1"]],
    );
  },
);

t.test("createActionResolver() refuses the rule when one backend tells no region", async (t) => {
  const result = compiled(
    gateway(),
    aiRoute("r", "bedrock", { backendRefs: [backendRef("east"), backendRef("proxy")] }),
    backend("east", "bedrock-runtime.us-east-1.amazonaws.com"),
    backend("proxy", "proxy.example"),
    awsCredential("p", toRoute),
    aws,
  );
  t.match(hostPolicy(result, "bedrock-runtime.us-east-1.amazonaws.com").rules[0]?.action, {
    reason: "credential-missing",
  });
});

t.test(
  "createActionResolver() counts a signature and an authorization header as one thing",
  async (t) => {
    const result = compiled(
      gateway(),
      aiRoute("r", "bedrock"),
      awsCredential("p", toRoute),
      headerCredential("g", toGateway),
      aws,
      key,
    );
    const { credentials } = forwardOf(result, "bedrock-runtime.us-east-1.amazonaws.com");
    t.same(names(credentials), ["p us-east-1"]);
    t.notOk(result.credentials.has("secret/default/key/token"), "only what is used stands beside");
  },
);

t.test("createActionResolver() states a query parameter of all backends once", async (t) => {
  const result = compiled(
    gateway(),
    aiRoute("r", "openai", { backendRefs: [backendRef("one"), backendRef("two")] }),
    backend("one", "one.example"),
    backend("two", "two.example"),
    queryCredential("p", toRoute),
    queryCredential("q", toGateway),
    queryCredential("s", [target("AIProviderRoute", "r", { sectionName: "two" })], {
      queryParamName: "user",
    }),
    key,
  );
  const last = hostPolicy(result, "api.openai.com").rules.length - 1;
  const { credentials, backends } = forwardOf(result, "api.openai.com", last);
  t.same(names(credentials), ["p ?key"]);
  t.same(
    backends.map((one) => names(one.credentials)),
    [[], ["s ?user"]],
  );
});

t.test(
  "createActionResolver() gives all hosts of a rule one action where they do not differ",
  async (t) => {
    const result = compiled(gateway(), httpRoute("r", ["a.example", "b.example"]));
    t.equal(hostPolicy(result, "a.example").rules[0], hostPolicy(result, "b.example").rules[0]);
  },
);
