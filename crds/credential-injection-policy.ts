/**
 * CredentialInjectionPolicy: which Secret is put into which requests, and how. The agent never holds the value, and
 * this object holds only its name.
 */
import {
  headerPrefixFormat,
  modifiableHeaderNameFormat,
  queryParamNameFormat,
} from "./http-formats.ts";
import { ageColumn, defineKind, resource } from "./kind-definition.ts";
import { renameSpecFields } from "./legacy.ts";
import { secretKeyFormat } from "./name-formats.ts";
import { payloadRule } from "./payload-rule.ts";
import { providerAuth } from "./provider-auth.ts";
import {
  findForeignNamespace,
  policyTarget,
  policyTargets,
  secretReference,
} from "./references.ts";
import {
  array,
  boolean,
  defaulted,
  enumeration,
  object,
  optional,
  refine,
  string,
} from "./schema.ts";
import type { Infer } from "./schema.ts";
import { valueTemplateFormat } from "./value-template.ts";

const target = refine(
  policyTarget(["AIProviderRoute", "EgressHTTPRoute", "MCPRoute", "EgressGateway"]),
  {
    description: "sectionName is the name of a Backend, so only routes with backendRefs have one",
    fields: ["kind", "sectionName"],
    check({ kind, sectionName }, report) {
      const hasBackends = kind === "AIProviderRoute" || kind === "MCPRoute";
      if (sectionName === undefined || hasBackends) return;
      const detail = "it names a Backend of an AIProviderRoute or MCPRoute";
      report({
        at: ["sectionName"],
        found: `"${sectionName}"`,
        wanted: `none, because kind is "${kind}"`,
        detail,
      });
    },
  },
);

/** AWSv4 has fixed keys too, but objects of before say `secretKey: token` with it. */
const readsSecretKey: ReadonlySet<string> = new Set(["AWSv4", "GCPServiceAccount"]);

/** Where a placeholder may stand when nothing else is said: where SDKs put keys. */
export const defaultPlaceholderPlaces = ["Header", "BasicAuth"] as const;

const placeholder = object({
  description: "Agents are given a fake of the value's shape, which is swapped for the value",
  fields: {
    in: optional(
      array({
        description: "Parts of a request in which it is swapped; Header and BasicAuth when absent",
        items: enumeration({
          description: "BasicAuth is inside the Base64 of Authorization: Basic",
          values: ["Header", "BasicAuth", "Query", "Path", "Body"],
        }),
        minItems: 1,
        maxItems: 5,
      }),
    ),
  },
});

const written = object({
  description: "What is injected, where to, and how",
  fields: {
    targetRefs: policyTargets(target),
    secretRef: secretReference("The Secret that holds the credential"),
    secretKey: optional(
      string({
        description: "Key of the value in the Secret; token when absent",
        maxLength: 253,
        format: secretKeyFormat,
      }),
    ),
    target: enumeration({
      description: "Where the credential goes",
      values: ["Header", "QueryParam", "ProviderAuth", "Placeholder"],
    }),
    headerName: optional(
      string({
        description: "Header written, in any case",
        maxLength: 256,
        format: modifiableHeaderNameFormat,
      }),
    ),
    queryParamName: optional(
      string({
        description: "Query parameter written",
        maxLength: 128,
        format: queryParamNameFormat,
      }),
    ),
    providerAuth: optional(providerAuth),
    placeholder: optional(placeholder),
    scrubResponse: defaulted(
      boolean({
        description: "Takes the value out of answers before the agent reads them",
      }),
      false,
    ),
    valuePrefix: defaulted(
      string({
        description:
          "Text before the value, such as Bearer and a space; the value itself is used as it is",
        minLength: 0,
        maxLength: 128,
        format: headerPrefixFormat,
        sensitive: true,
      }),
      "",
    ),
    valueTemplate: optional(
      string({
        description:
          "Text with keys of the Secret in it, in place of secretKey and valuePrefix, such as Basic and base64 of user name and password",
        maxLength: 1024,
        format: valueTemplateFormat,
        sensitive: true,
      }),
    ),
  },
  rules: [
    payloadRule("target", {
      Header: "headerName",
      QueryParam: "queryParamName",
      ProviderAuth: "providerAuth",
      Placeholder: "placeholder",
    }),
  ],
});

const signed = refine(written, {
  description: "A signature and a placeholder have no prefix and no template",
  fields: ["target", "valuePrefix", "valueTemplate"],
  check({ target, valuePrefix, valueTemplate }, report) {
    if (target !== "ProviderAuth" && target !== "Placeholder") return;
    const wanted = `none, because target is "${target}"`;
    if (valuePrefix !== "") report({ at: ["valuePrefix"], found: "a prefix", wanted });
    if (valueTemplate !== undefined) {
      report({ at: ["valueTemplate"], found: "a template", wanted });
    }
  },
});

const swapped = refine(signed, {
  description:
    "What is swapped in bodies comes back from whoever repeats them, a model first of all",
  fields: ["placeholder", "scrubResponse"],
  check({ placeholder, scrubResponse }, report) {
    if (placeholder?.in?.includes("Body") !== true || scrubResponse) return;
    const detail = "an upstream that repeats a body would show the value to the agent";
    report({
      at: ["scrubResponse"],
      found: "false",
      wanted: "true, because placeholder.in has Body",
      detail,
    });
  },
});

const keyed = refine(swapped, {
  description:
    "What a token is fetched with has fixed keys, but for the key file of a service account",
  fields: ["secretKey", "providerAuth"],
  check({ secretKey, providerAuth: auth }, report) {
    if (secretKey === undefined || auth === undefined || readsSecretKey.has(auth.type)) return;
    report({
      at: ["secretKey"],
      found: "a key",
      wanted: `none, because providerAuth.type "${auth.type}" has keys of its own`,
    });
  },
});

const spec = refine(keyed, {
  description: "A template says by itself which keys it takes and what stands before them",
  fields: ["secretKey", "valuePrefix", "valueTemplate"],
  check({ secretKey, valuePrefix, valueTemplate }, report) {
    if (valueTemplate === undefined) return;
    const wanted = "none, because valueTemplate says it";
    if (secretKey !== undefined) report({ at: ["secretKey"], found: "a key", wanted });
    if (valuePrefix !== "") report({ at: ["valuePrefix"], found: "a prefix", wanted });
  },
});

/** The schema of a CredentialInjectionPolicy. */
export const credentialInjectionPolicySchema = refine(
  resource({
    kind: "CredentialInjectionPolicy",
    description: "A credential that requests are given",
    spec,
  }),
  {
    description: "The Secret is named in the policy's own namespace",
    fields: ["metadata", "spec"],
    check(policy, report) {
      const foreign = findForeignNamespace(policy.spec.secretRef, policy.metadata.namespace);
      if (foreign !== undefined) report({ at: ["spec", "secretRef", "namespace"], ...foreign });
    },
  },
);

/** A parsed CredentialInjectionPolicy. */
export type CredentialInjectionPolicy = Infer<typeof credentialInjectionPolicySchema>;

/** The CredentialInjectionPolicy kind. Takes the old `spec.parentRefs` for `spec.targetRefs`. */
export const credentialInjectionPolicyKind = defineKind({
  kind: "CredentialInjectionPolicy",
  plural: "credentialinjectionpolicies",
  shortNames: ["cip"],
  printerColumns: [{ name: "Target", type: "string", jsonPath: ".spec.target" }, ageColumn],
  schema: credentialInjectionPolicySchema,
  convert: (value) => renameSpecFields(value, [{ from: "parentRefs", to: ["targetRefs"] }]),
});
