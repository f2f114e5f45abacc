/** Tests that a gateway gets the secret values that its own rules name, and no others. */
import t from "tap";
import {
  credentialsOf,
  credentialUses,
  formatRule,
  mintedResources,
} from "./gateway-credentials.ts";
import { SecretValue } from "./secret-value.ts";
import {
  backend,
  bearer,
  forward,
  gatewaySnapshot,
  hostPolicy,
  httpRule,
  query,
  sigv4,
} from "./testdata/gateway-snapshot.ts";

const values = (...names: string[]) =>
  new Map(names.map((name) => [name, new SecretValue(`value of ${name}`)]));

const aws = "secret/default/aws/token";
const all = values(
  "secret/default/openai/token",
  "secret/default/gemini/token",
  "secret/default/backend/token",
  "secret/default/other/token",
  "secret/default/openai/token/access_key_id",
  `${aws}/access_key_id`,
  `${aws}/secret_access_key`,
  `${aws}/session_token`,
  `${aws}/note`,
  "secret/default/aws2/token/access_key_id",
  aws,
  "otlp/default/egress/authorization",
);

const target = backend("b.example.com", { credentials: [bearer("backend"), sigv4("aws")] });
const gateway = gatewaySnapshot({
  hosts: [
    hostPolicy(
      "a.example.com",
      httpRule({
        action: forward({ credentials: [bearer("openai"), query("gemini")], backends: [target] }),
      }),
      httpRule({ action: { kind: "deny", status: 403, reason: "deny-policy", message: "No" } }),
    ),
    hostPolicy("c.example.com", httpRule({ action: forward({ credentials: [bearer("absent")] }) })),
  ],
});

t.test("credentialsOf() takes what the rules name", async (t) => {
  const { headers, engine } = credentialsOf(gateway, all);
  const parts = [`${aws}/access_key_id`, `${aws}/secret_access_key`, `${aws}/session_token`];
  t.same([...headers.keys()], ["secret/default/openai/token", "secret/default/backend/token"]);
  t.same([...engine.keys()], ["secret/default/gemini/token", ...parts]);
  t.equal(
    headers.get("secret/default/openai/token")?.reveal(),
    "value of secret/default/openai/token",
  );
});

t.test("credentialsOf() of a gateway that uses none is empty", async (t) => {
  const { headers, engine } = credentialsOf(gatewaySnapshot(), all);
  t.equal(headers.size + engine.size, 0);
});

t.test("credentialsOf() gives a value to everyone who reads it", async (t) => {
  const credentials = [bearer("openai"), query("openai")];
  const both = hostPolicy("a.example.com", httpRule({ action: forward({ credentials }) }));
  const { headers, engine } = credentialsOf(gatewaySnapshot({ hosts: [both] }), all);
  t.same([...headers.keys()], ["secret/default/openai/token"]);
  t.same([...engine.keys()], ["secret/default/openai/token"]);
});

t.test("credentialUses() finds those of rules and of backends", async (t) => {
  t.same(
    credentialUses(gateway).map(({ kind, secret }) => [kind, secret.secret.name]),
    [
      ["header", "openai"],
      ["query", "gemini"],
      ["header", "backend"],
      ["aws-sigv4", "aws"],
      ["header", "absent"],
    ],
  );
});

t.test(
  "credentialsOf() gives the engine what it takes out of answers, and placeholders",
  async (t) => {
    const scrubbed = { ...bearer("openai"), scrub: true as const };
    const placeholder = {
      kind: "placeholder",
      policy: scrubbed.policy,
      secret: query("gemini").secret,
      placeholder: "placeholder/default/gemini/token",
      places: ["Header"],
    } as const;
    const action = forward({ credentials: [scrubbed, placeholder] });
    const given = values(
      "secret/default/openai/token",
      "secret/default/gemini/token",
      "placeholder/default/gemini/token",
    );
    const { headers, engine } = credentialsOf(
      gatewaySnapshot({ hosts: [hostPolicy("a.example.com", httpRule({ action }))] }),
      given,
    );
    t.same([...headers.keys()], ["secret/default/openai/token"]);
    t.same([...engine.keys()].sort(), [...given.keys()].sort());
  },
);

t.test("mintedResources() names the minted credentials of each rule", async (t) => {
  const mints = new Set(["secret/default/openai/token", "secret/default/backend/token"]);
  t.same(
    [...mintedResources([gateway], mints)].map(([rule, resources]) => [rule, [...resources]]),
    [
      [
        formatRule("default/egress", httpRule().route, httpRule().ruleIndex),
        ["secret/default/openai/token", "secret/default/backend/token"],
      ],
    ],
  );
  t.equal(mintedResources([gateway], new Set()).size, 0);
});
