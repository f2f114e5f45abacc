/** Forms of what stands in requests for tokens: endpoints, scopes, names of parameters, and AWS' names of roles. */
import { cel, keysFit } from "./open-api-constraint.ts";
import { patternFormat } from "./name-formats.ts";
import { invalid, valid } from "./reading.ts";
import type { StringFormat } from "./schema.ts";

/** Parameters that the grant itself writes: an extra one would contradict it. */
const OWN_PARAMETERS: ReadonlySet<string> = new Set([
  "assertion",
  "client_assertion",
  "client_assertion_type",
  "client_id",
  "client_secret",
  "code",
  "grant_type",
  "password",
  "refresh_token",
  "scope",
  "username",
]);

/** An https URL without user information and fragment (RFC 6749 section 3.2). Kept as the URL standard spells it. */
export const secureUrlFormat: StringFormat = {
  name: "secure-url",
  wanted: 'an https URL such as "https://login.example.com/oauth/token"',
  pattern: "^(?i:https)://[^\\s/\\\\?#@]+(?:[/?][^\\s#]*)?$",
  read(text) {
    if (!URL.canParse(text) || /[\p{Cc} ]/u.test(text)) return invalid("malformed URL");
    const url = new URL(text);
    if (url.protocol !== "https:") return invalid("scheme is not https");
    if (!/^https:\/\//i.test(text)) return invalid('no "//" after the scheme');
    if (url.username !== "" || url.password !== "")
      return invalid("a URL must not hold credentials");
    return text.includes("#") ? invalid("no fragment allowed") : valid(url.href);
  },
};

/** The base URL of an API: as `secureUrlFormat`, without query and the last slash. */
export const secureBaseUrlFormat: StringFormat = {
  name: "secure-base-url",
  wanted: 'an https URL without a query, such as "https://github.example.com/api/v3"',
  pattern: "^(?i:https)://[^\\s/\\\\?#@]+(?:/[^\\s?#]*)?$",
  read(text) {
    const reading = secureUrlFormat.read(text);
    if (reading.kind === "invalid") return reading;
    return text.includes("?")
      ? invalid("no query allowed")
      : valid(reading.value.replace(/\/+$/, ""));
  },
};

/** One scope (RFC 6749 section 3.3). */
export const scopeFormat: StringFormat = patternFormat({
  name: "scope",
  wanted: 'one scope without blanks, such as "read:orders"',
  pattern: "^[!#-\\[\\]-~]+$",
});

/** The name of a further parameter of a token request, none that the grant writes itself. */
export const parameterNameFormat: StringFormat = {
  name: "token-parameter-name",
  wanted: 'a parameter name such as "audience"',
  mapCel: [
    keysFit("^[A-Za-z0-9._-]{1,64}$", 'keys are parameter names such as "audience"'),
    cel(
      `self.all(key, !(key in [${[...OWN_PARAMETERS].map((name) => `'${name}'`).join(", ")}]))`,
      "the gateway writes the parameters of the grant itself",
    ),
  ],
  read(text) {
    if (OWN_PARAMETERS.has(text)) return invalid("the gateway writes it itself");
    return /^[A-Za-z0-9._-]{1,64}$/.test(text) ? valid(text) : invalid("");
  },
};

/** The name of an IAM role in any partition. */
export const roleArnFormat: StringFormat = patternFormat({
  name: "role-arn",
  wanted: 'a role such as "arn:aws:iam::123456789012:role/agents"',
  pattern: "^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\\w+=,.@/-]+$",
});

/** Name of a session of a role: 2 to 64 characters. */
export const roleSessionNameFormat: StringFormat = patternFormat({
  name: "role-session-name",
  wanted: 'a session name of 2 to 64 characters such as "clrk"',
  pattern: "^[\\w+=,.@-]{2,64}$",
});

/** What a role of another account asks for: 2 to 1,224 characters. */
export const externalIdFormat: StringFormat = patternFormat({
  name: "external-id",
  wanted: "an external id of 2 to 1224 characters",
  pattern: "^[\\w+=,.@:/-]{2,}$",
  maxLength: 1224,
});

/** Name of a GitHub repository without its owner. */
export const repositoryNameFormat: StringFormat = patternFormat({
  name: "repository-name",
  wanted: 'the name of a repository without its owner, such as "docs"',
  pattern: "^[A-Za-z0-9._-]{1,100}$",
});

/** Name of a permission of a GitHub App. */
export const permissionNameFormat: StringFormat = patternFormat({
  name: "permission-name",
  wanted: 'a permission such as "contents"',
  pattern: "^[a-z][a-z_]{0,63}$",
});
