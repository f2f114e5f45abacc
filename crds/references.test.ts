/** References between objects. */
import t from "tap";
import { parseSchema } from "./parse-schema.ts";
import {
  backendReferences,
  extensionReference,
  findForeignNamespace,
  openExtensionReference,
  parentReferences,
  policyTarget,
  policyTargets,
  secretReference,
} from "./references.ts";
import type { Schema } from "./schema.ts";

const group = "clrk.apoxy.dev";
const gateway = { group, kind: "EgressGateway", name: "default" };
const backend = { group, kind: "Backend", name: "openai" };
const lowerCaseName =
  'a lower-case name: "a" to "z", digits, "-" and "." inside, at most 253 characters';
const label = 'a DNS label: "a" to "z", digits and "-" inside, at most 63 characters';

const targets = policyTargets(policyTarget(["AIProviderRoute", "EgressGateway"]));
const limits = extensionReference(["RateLimitPolicy", "LoggingPolicy"]);
const secret = secretReference("A Secret");

for (const [name, schema, value, ...expected] of [
  ["no parents", parentReferences, [], "object: found an empty list, wanted a list of 1 to 32"],
  [
    "too many parents",
    parentReferences,
    Array(33).fill(gateway),
    "object: found a list of 33, wanted a list of 1 to 32",
  ],
  [
    "an implicit parent",
    parentReferences,
    [{ name: "default" }],
    '[0].group: not set, wanted "clrk.apoxy.dev"',
    '[0].kind: not set, wanted "EgressGateway"',
  ],
  [
    "Gateway API's Gateway",
    parentReferences,
    [{ group: "gateway.networking.k8s.io", kind: "Gateway", name: "x" }],
    '[0].group: found "gateway.networking.k8s.io", wanted "clrk.apoxy.dev"',
    '[0].kind: found "Gateway", wanted "EgressGateway"',
  ],
  [
    "a dotted gateway name",
    parentReferences,
    [{ ...gateway, name: "a.b" }],
    `[0].name: found "a.b", wanted ${label}`,
  ],
  [
    "no parent name",
    parentReferences,
    [{ group, kind: "EgressGateway" }],
    `[0].name: not set, wanted ${label}`,
  ],
  [
    "port 0",
    parentReferences,
    [{ ...gateway, port: 0 }],
    "[0].port: found 0, wanted an integer from 1 to 65535",
  ],
  [
    "an empty section",
    parentReferences,
    [{ ...gateway, sectionName: "" }],
    `[0].sectionName: found an empty string, wanted ${label}`,
  ],
  [
    "an implicit backend",
    backendReferences,
    [{ name: "x" }],
    '[0].group: not set, wanted "clrk.apoxy.dev"',
    '[0].kind: not set, wanted "Backend"',
  ],
  [
    "a Service",
    backendReferences,
    [{ ...backend, kind: "Service" }],
    '[0].kind: found "Service", wanted "Backend"',
  ],
  [
    "a priority below all",
    backendReferences,
    [{ ...backend, priority: -1 }],
    "[0].priority: found -1, wanted an integer from 0 to 15",
  ],
  [
    "a negative weight",
    backendReferences,
    [{ ...backend, weight: -1 }],
    "[0].weight: found -1, wanted an integer from 0 to 1000000",
  ],
  [
    "17 backends",
    backendReferences,
    Array(17).fill(backend),
    "object: found a list of 17, wanted a list of at most 16",
  ],
  ["no targets", targets, [], "object: found an empty list, wanted a list of 1 to 16"],
  [
    "a target of a wrong kind",
    targets,
    [{ group, kind: "Backend", name: "x" }],
    '[0].kind: found "Backend", wanted "AIProviderRoute" or "EgressGateway"',
  ],
  [
    "a misspelled target kind",
    targets,
    [{ group, kind: "AiProviderRoute", name: "x" }],
    '[0].kind: found "AiProviderRoute", wanted "AIProviderRoute" or "EgressGateway": did you mean "AIProviderRoute"?',
  ],
  [
    "a target elsewhere",
    targets,
    [{ group, kind: "EgressGateway", name: "x", namespace: "y" }],
    '[0].namespace: unknown field; known: "group", "kind", "name", "sectionName"',
  ],
  [
    "an extension of a wrong kind",
    limits,
    { group, kind: "Backend", name: "x" },
    'kind: found "Backend", wanted "RateLimitPolicy" or "LoggingPolicy"',
  ],
  [
    "an extension of another group",
    limits,
    { group: "x.dev", kind: "LoggingPolicy", name: "x" },
    'group: found "x.dev", wanted "clrk.apoxy.dev"',
  ],
  [
    "an open extension without kind",
    openExtensionReference,
    { group, kind: "", name: "x" },
    'kind: found an empty string, wanted a kind such as "RateLimitPolicy"',
  ],
  [
    "an open extension without name",
    openExtensionReference,
    { group, kind: "MyPolicy" },
    `name: not set, wanted ${lowerCaseName}`,
  ],
  [
    "a ConfigMap for a Secret",
    secret,
    { kind: "ConfigMap", name: "x" },
    'kind: found "ConfigMap", wanted "Secret"',
  ],
  ["a group for a Secret", secret, { group: "v1", name: "x" }, 'group: found "v1", wanted ""'],
  ["a Secret without name", secret, {}, `name: not set, wanted ${lowerCaseName}`],
  ["a Secret by plain name", secret, "x", 'object: found "x", wanted an object'],
] satisfies (readonly [string, Schema, unknown, ...string[]])[]) {
  t.test(`references refuse ${name}`, (t) => {
    const result = parseSchema(schema, value);
    t.strictSame(
      result.kind === "invalid" && result.problems.map(({ message }) => message),
      expected,
    );
    t.end();
  });
}

t.test("backendReferences give a weight of 1 and no priority", (t) => {
  t.same(
    parseSchema(backendReferences, [
      backend,
      { ...backend, weight: 0, namespace: "x", port: 8443, priority: 15 },
    ]),
    {
      kind: "valid",
      value: [
        { ...backend, weight: 1 },
        { ...backend, weight: 0, namespace: "x", port: 8443, priority: 15 },
      ],
    },
  );
  t.end();
});

t.test("parentReferences keep section, port and namespace", (t) => {
  const full = { ...gateway, namespace: "a", sectionName: "tls", port: 443 };
  t.same(parseSchema(parentReferences, [full]), { kind: "valid", value: [full] });
  t.end();
});

t.test("secretReference() gives group and kind", (t) => {
  t.same(parseSchema(secret, { name: "x" }), {
    kind: "valid",
    value: { group: "", kind: "Secret", name: "x" },
  });
  t.end();
});

t.test("openExtensionReference takes kinds of plugins", (t) => {
  t.equal(
    parseSchema(openExtensionReference, { group, kind: "MyPolicy", name: "x" }).kind,
    "valid",
  );
  t.end();
});

t.test("findForeignNamespace() accepts none and the own one, and refuses others", (t) => {
  t.equal(findForeignNamespace(undefined, "a"), undefined);
  t.equal(findForeignNamespace({}, "a"), undefined);
  t.equal(findForeignNamespace({ namespace: "a" }, "a"), undefined);
  t.strictSame(findForeignNamespace({ namespace: "b" }, "a"), {
    found: '"b"',
    wanted: '"a"',
    detail: "a Secret is only ever read from the namespace of the object that names it",
  });
  t.end();
});
