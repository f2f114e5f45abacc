/**
 * `providerAuth` of a CredentialInjectionPolicy: signatures, and tokens that the gateway fetches with what the Secret
 * holds. Each type has fields of its own, and those of another are refused.
 */
import { githubApp } from "./github-app.ts";
import { headerPrefixFormat, modifiableHeaderNameFormat } from "./http-formats.ts";
import { queryParamNameFormat } from "./http-formats.ts";
import { cloudNameFormat } from "./name-formats.ts";
import { assumeRole } from "./assume-role.ts";
import { cel, celField } from "./open-api-constraint.ts";
import { array, emptyIfAbsent, enumeration, map, object } from "./schema.ts";
import { optional, refine, string } from "./schema.ts";
import { quoteChoice } from "./problem.ts";
import type { Infer } from "./schema.ts";
import { parameterNameFormat, scopeFormat, secureUrlFormat } from "./token-formats.ts";
import {
  readValueTemplate,
  templatePattern,
  templateKeys,
  valueTemplateFormat,
} from "./value-template.ts";

/** How the gateway proves who it is, as a parsed policy says it. */
export type ProviderAuth = Infer<typeof providerAuth>;

/** Fields that go with each type; those that it cannot do without are in `needed`. */
const fieldsOfType: Readonly<Record<string, readonly string[]>> = {
  AWSv4: ["region", "service", "assumeRole"],
  OAuth2ClientCredentials: ["tokenURL", "scopes", "parameters", "clientAuthentication"],
  OAuth2RefreshToken: ["tokenURL", "scopes", "parameters", "clientAuthentication"],
  GCPServiceAccount: ["tokenURL", "scopes"],
  GitHubApp: ["githubApp"],
};

const needed: Readonly<Record<string, readonly string[]>> = {
  OAuth2ClientCredentials: ["tokenURL"],
  OAuth2RefreshToken: ["tokenURL"],
  GitHubApp: ["githubApp"],
};

/** Fields that are always there, and empty where nothing was written. */
const listFields: ReadonlySet<string> = new Set(["scopes", "parameters"]);

/** Where a token goes; a signature has its own headers. */
const placeFields = ["headerName", "valuePrefix", "valueTemplate", "queryParamName"];

const described = object({
  description: "Signs requests, or gives them a token that the gateway fetches",
  fields: {
    type: enumeration({
      description:
        "AWSv4 signs with access_key_id, secret_access_key and perhaps session_token of the Secret; OAuth2ClientCredentials takes client_id and client_secret, OAuth2RefreshToken client_id, refresh_token and perhaps client_secret, GCPServiceAccount the key file in secretKey, GitHubApp private_key",
      values: [
        "AWSv4",
        "OAuth2ClientCredentials",
        "OAuth2RefreshToken",
        "GCPServiceAccount",
        "GitHubApp",
      ],
    }),
    region: optional(
      string({
        description: "Region; from the host when absent",
        maxLength: 63,
        format: cloudNameFormat,
      }),
    ),
    service: optional(
      string({
        description: "Service signed for; bedrock when absent",
        maxLength: 63,
        format: cloudNameFormat,
      }),
    ),
    assumeRole: optional(assumeRole),
    tokenURL: optional(
      string({
        description:
          "Token endpoint (RFC 6749 section 3.2), https only; of a GCP service account the token_uri of its key file when absent, which must then be Google's own",
        maxLength: 1024,
        format: secureUrlFormat,
      }),
    ),
    scopes: emptyIfAbsent(
      array({
        description:
          "Scopes asked for; the endpoint's own choice when empty, of a GCP service account cloud-platform",
        items: string({ description: "A scope", maxLength: 256, format: scopeFormat }),
        maxItems: 64,
        unique: "value",
      }),
    ),
    parameters: emptyIfAbsent(
      map({
        description: "Further parameters of the token request, such as audience or resource",
        keys: parameterNameFormat,
        values: string({ description: "A value", maxLength: 1024 }),
        maxProperties: 16,
        sensitive: true,
      }),
    ),
    clientAuthentication: optional(
      enumeration({
        description:
          "Where client_id and client_secret stand (RFC 6749 section 2.3.1): in the Authorization header when absent, or in the body",
        values: ["Basic", "Body"],
      }),
    ),
    githubApp: optional(githubApp),
    headerName: optional(
      string({
        description: "Header that carries the token; Authorization when absent",
        maxLength: 256,
        format: modifiableHeaderNameFormat,
      }),
    ),
    valuePrefix: optional(
      string({
        description:
          "Text before the token; Bearer and a space in Authorization when absent, else none",
        minLength: 0,
        maxLength: 128,
        format: headerPrefixFormat,
        sensitive: true,
      }),
    ),
    valueTemplate: optional(
      string({
        description:
          "Text with the token in it, in place of valuePrefix, such as Basic and base64 of a user name and the token",
        maxLength: 1024,
        format: valueTemplateFormat,
        sensitive: true,
      }),
    ),
    queryParamName: optional(
      string({
        description: "Query parameter that carries the token, in place of a header",
        maxLength: 128,
        format: queryParamNameFormat,
      }),
    ),
  },
});

const types = Object.keys(fieldsOfType);

/** For each field: it stands with the types that have it only; lists and maps are there always, empty or not. */
function fieldRules() {
  const fields = [...new Set([...Object.values(fieldsOfType).flat(), ...placeFields])];
  return fields.map((field) => {
    const owners = types.filter((type) => ownFields(type).has(field));
    const isOwner = owners.map((type) => `self.type == '${type}'`).join(" || ");
    const isAbsent = listFields.has(field)
      ? `${celField(field)}.size() == 0`
      : `!has(${celField(field)})`;
    return cel(`${isAbsent} || ${isOwner}`, `${field} goes with type ${quoteChoice(owners)}`);
  });
}

/** For each field that some types cannot do without. */
function needRules() {
  return Object.entries(needed).flatMap(([type, fields]) =>
    fields.map((field) =>
      cel(`self.type != '${type}' || has(${celField(field)})`, `type ${type} needs ${field}`),
    ),
  );
}

function ownFields(type: string): ReadonlySet<string> {
  return new Set([...(fieldsOfType[type] ?? []), ...(type === "AWSv4" ? [] : placeFields)]);
}

const fitting = refine(described, {
  cel: [...fieldRules(), ...needRules()],
  description:
    "Each type has its own fields: what it does not use is refused, what it needs is there",
  fields: [
    "type",
    "region",
    "service",
    "assumeRole",
    "tokenURL",
    "scopes",
    "parameters",
    "clientAuthentication",
    "githubApp",
    "headerName",
    "valuePrefix",
    "valueTemplate",
    "queryParamName",
  ],
  check(value, report) {
    const { type } = value;
    const own = ownFields(type);
    for (const [field, content] of Object.entries(value)) {
      if (field === "type" || own.has(field) || isNothing(content)) continue;
      report({ at: [field], found: "a value", wanted: `none, because type is "${type}"` });
    }
    for (const field of needed[type] ?? []) {
      if (new Map(Object.entries(value)).has(field)) continue;
      report({ at: [field], wanted: `a value, because type is "${type}"` });
    }
  },
});

const templated = refine(fitting, {
  description:
    "A template says by itself what stands before the token, and the token is all that it takes",
  cel: [
    cel(
      "!has(self.valueTemplate) || !has(self.valuePrefix)",
      "valueTemplate says what valuePrefix would",
    ),
  ],
  constraint: {
    properties: {
      valueTemplate: {
        pattern: templatePattern("token"),
      },
    },
  },
  fields: ["valuePrefix", "valueTemplate"],
  check({ valuePrefix, valueTemplate }, report) {
    if (valueTemplate === undefined) return;
    const wanted = "none, because valueTemplate says it";
    if (valuePrefix !== undefined) report({ at: ["valuePrefix"], found: "a prefix", wanted });
    const parts = readValueTemplate(valueTemplate);
    if (parts.kind === "valid" && templateKeys(parts.value).join() === "token") return;
    report({ at: ["valueTemplate"], found: "another key", wanted: "only the key token" });
  },
});

/** The schema of `providerAuth`. */
export const providerAuth = refine(templated, {
  description: "A token stands in one place: in a header or in a query parameter",
  fields: ["headerName", "queryParamName"],
  cel: [
    cel(
      "!has(self.headerName) || !has(self.queryParamName)",
      "a token stands in one place: headerName or queryParamName",
    ),
  ],
  check({ headerName, queryParamName }, report) {
    if (headerName === undefined || queryParamName === undefined) return;
    report({
      at: ["queryParamName"],
      found: `"${queryParamName}"`,
      wanted: "none, because headerName is set",
    });
  },
});

/** Lists and maps are always there, and empty where nothing was written. */
function isNothing(content: unknown): boolean {
  return (
    content === undefined ||
    (typeof content === "object" && content !== null && Object.keys(content).length === 0)
  );
}
