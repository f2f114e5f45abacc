/**
 * What a policy wants minted: its `providerAuth` with the values of its Secret, each checked as far as it can be
 * without asking anybody. Nothing here puts a value, or any part of one, into a message.
 */

import { createHash, createPrivateKey } from "node:crypto";
import type { CredentialInjectionPolicy } from "../../crds/credential-injection-policy.ts";
import type { ProviderAuth } from "../../crds/provider-auth.ts";
import type { MintRecipe, MintTask } from "../mint-plan.ts";
import { SecretValue } from "../secret-value.ts";
import { readAwsKeys } from "./aws-keys.ts";
import type { ObjectIndex } from "./object-index.ts";
import type { UnusableSecret } from "./secret-text.ts";
import { readSecretDocument, readSecretText } from "./secret-text.ts";

/** What is to be minted, with notes about the Secret, or why it cannot be. */
export type MintTaskReading =
  | { readonly kind: "found"; readonly task: MintTask; readonly notes: readonly string[] }
  | UnusableSecret;

type Recipe =
  | { readonly kind: "found"; readonly recipe: MintRecipe; readonly notes: readonly string[] }
  | UnusableSecret;

interface Source {
  readonly policy: CredentialInjectionPolicy;
  readonly auth: ProviderAuth;
  readonly index: ObjectIndex;
}

/** Hosts of Google's token endpoints that key files name; another one has to be named by the policy. */
const googleTokenHosts: ReadonlySet<string> = new Set([
  "accounts.google.com",
  "oauth2.googleapis.com",
  "www.googleapis.com",
]);

const cloudPlatformScope = "https://www.googleapis.com/auth/cloud-platform";

/** RFC 7518 section 3.3: keys of RS256 have at least so many bits. */
const LEAST_RSA_BITS = 2048;

/** Key of the Secret that a key file is in where the policy names none: that of `--secret NAME=VARIABLE`. */
const defaultDocumentKey = "token";

/** Reads the task of a policy whose credential is minted. Two policies that say the same by one Secret share one. */
export function readMintTask(
  policy: CredentialInjectionPolicy,
  auth: ProviderAuth,
  index: ObjectIndex,
): MintTaskReading {
  const read = readRecipe({ policy, auth, index });
  if (read.kind === "unusable") return read;
  const { namespace } = policy.metadata;
  const { name } = policy.spec.secretRef;
  const { region, service, headerName, valuePrefix, queryParamName, ...minted } = auth;
  const own = { ...minted, key: policy.spec.secretKey, region: auth.assumeRole && region };
  const digest = createHash("sha256").update(JSON.stringify(own)).digest("hex").slice(0, 16);
  return {
    kind: "found",
    task: {
      resource: `secret/${namespace}/${name}/minted/${digest}`,
      secret: { kind: "Secret", namespace, name },
      recipe: read.recipe,
      ...(auth.valueTemplate !== undefined && { template: auth.valueTemplate }),
    },
    notes: read.notes,
  };
}

function readRecipe(source: Source): Recipe {
  switch (source.auth.type) {
    case "AWSv4":
      return readAssumeRole(source);
    case "OAuth2ClientCredentials":
    case "OAuth2RefreshToken":
      return readOAuth2(source, source.auth.type);
    case "GCPServiceAccount":
      return readServiceAccount(source);
    case "GitHubApp":
      return readGitHubApp(source);
  }
}

function readAssumeRole({ policy, auth, index }: Source): Recipe {
  const read = readAwsKeys(policy, index);
  if (read.kind === "unusable") return read;
  const role = auth.assumeRole;
  const accessKeyId = read.keys.get("access_key_id");
  const secretAccessKey = read.keys.get("secret_access_key");
  const sessionToken = read.keys.get("session_token");
  if (role === undefined || accessKeyId === undefined || secretAccessKey === undefined) {
    throw new TypeError("Cannot assume a role: no role or no keys were read");
  }
  const { roleArn, sessionName, durationSeconds, externalId } = role;
  const region = role.region ?? auth.region ?? "us-east-1";
  const suffix = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return {
    kind: "found",
    notes: read.notes,
    recipe: {
      kind: "AWSAssumeRole",
      endpointUrl: role.endpointURL ?? `https://sts.${region}.${suffix}/`,
      region,
      roleArn,
      sessionName,
      durationSeconds,
      accessKeyId,
      secretAccessKey,
      ...(externalId !== undefined && { externalId: new SecretValue(externalId) }),
      ...(sessionToken !== undefined && { sessionToken }),
    },
  };
}

function readOAuth2(
  source: Source,
  kind: "OAuth2ClientCredentials" | "OAuth2RefreshToken",
): Recipe {
  const { auth } = source;
  const keys = readKeys(source, {
    needed: ["client_id", kind === "OAuth2RefreshToken" ? "refresh_token" : "client_secret"],
    optional: kind === "OAuth2RefreshToken" ? ["client_secret"] : [],
  });
  if (keys.kind === "unusable") return keys;
  const secret = (key: string) => new SecretValue(keys.texts.get(key) ?? "");
  const base = {
    tokenUrl: auth.tokenURL ?? "",
    scopes: auth.scopes,
    parameters: Object.entries(auth.parameters),
    clientAuthentication: auth.clientAuthentication ?? "Basic",
    clientId: secret("client_id"),
  } as const;
  const hasSecret = keys.texts.has("client_secret");
  const clientSecret = secret("client_secret");
  const recipe: MintRecipe =
    kind === "OAuth2ClientCredentials"
      ? { kind, ...base, clientSecret }
      : {
          ...{ kind, ...base, refreshToken: secret("refresh_token") },
          ...(hasSecret && { clientSecret }),
        };
  return { kind: "found", recipe, notes: keys.notes };
}

function readServiceAccount(source: Source): Recipe {
  const { policy, auth } = source;
  const key = policy.spec.secretKey ?? defaultDocumentKey;
  const document = readDocument(source, key);
  if (document.kind === "unusable") return document;
  const file = tryParseObject(document.text);
  if (file === undefined) return unusable(source, key, "is no JSON object");
  const { client_email: clientEmail, private_key: pem, private_key_id: keyId, token_uri } = file;
  if (file["type"] !== "service_account") {
    return unusable(source, key, 'is no key file of type "service_account"');
  }
  if (typeof clientEmail !== "string" || !/^[\x21-\x7e]{1,320}$/.test(clientEmail)) {
    return unusable(source, key, "has no client_email");
  }
  if (typeof keyId !== "string" || !/^[\x21-\x7e]{1,256}$/.test(keyId)) {
    return unusable(source, key, "has no private_key_id");
  }
  const mistake = typeof pem === "string" ? findKeyMistake(pem) : "is not there";
  if (typeof pem !== "string" || mistake !== undefined) {
    return unusable(source, key, `has a private_key that ${mistake}`);
  }
  const tokenUrl = auth.tokenURL ?? googleTokenUrl(token_uri);
  if (tokenUrl === undefined) {
    const wanted = "set spec.providerAuth.tokenURL if it is right";
    return unusable(source, key, `has a token_uri that is none of Google's own: ${wanted}`);
  }
  const scopes = auth.scopes.length === 0 ? [cloudPlatformScope] : auth.scopes;
  const privateKey = new SecretValue(pem);
  return {
    kind: "found",
    notes: [],
    recipe: { kind: "GCPServiceAccount", tokenUrl, scopes, clientEmail, keyId, privateKey },
  };
}

function readGitHubApp(source: Source): Recipe {
  const app = source.auth.githubApp;
  if (app === undefined) throw new TypeError("Cannot read a GitHub App: the policy names none");
  const document = readDocument(source, "private_key");
  if (document.kind === "unusable") return document;
  const mistake = findKeyMistake(document.text);
  if (mistake !== undefined) return unusable(source, "private_key", mistake);
  const { appId, installationId, baseURL: baseUrl, repositories, permissions } = app;
  return {
    kind: "found",
    notes: [],
    recipe: {
      kind: "GitHubApp",
      ...{ appId, installationId, baseUrl, repositories },
      permissions: Object.entries(permissions),
      privateKey: new SecretValue(document.text),
    },
  };
}

function readKeys(
  { policy, index }: Source,
  wanted: { readonly needed: readonly string[]; readonly optional: readonly string[] },
):
  | {
      readonly kind: "found";
      readonly texts: ReadonlyMap<string, string>;
      readonly notes: readonly string[];
    }
  | UnusableSecret {
  const { namespace } = policy.metadata;
  const { name } = policy.spec.secretRef;
  const texts = new Map<string, string>();
  const notes: string[] = [];
  for (const key of [...wanted.needed, ...wanted.optional]) {
    const read = readSecretText(index, { namespace, name, key });
    if (read.kind === "found") {
      texts.set(key, read.text);
      if (read.note !== undefined) notes.push(read.note);
    } else if (wanted.needed.includes(key) || read.reason !== "SecretKeyNotFound") {
      return read;
    }
  }
  return { kind: "found", texts, notes };
}

function readDocument({ policy, index }: Source, key: string) {
  const { namespace } = policy.metadata;
  return readSecretDocument(index, { namespace, name: policy.spec.secretRef.name, key });
}

function unusable({ policy }: Source, key: string, mistake: string): UnusableSecret {
  const secret = `Secret ${policy.metadata.namespace}/${policy.spec.secretRef.name}`;
  return {
    kind: "unusable",
    reason: "SecretInvalid",
    message: `key "${key}" of ${secret} ${mistake}`,
  };
}

function tryParseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    return Object.fromEntries(Object.entries(value));
  } catch {
    // The parser's message repeats what it read, which is a key.
    return undefined;
  }
}

function findKeyMistake(pem: string): string | undefined {
  const wanted = `is no unencrypted RSA key in PEM of at least ${LEAST_RSA_BITS} bits`;
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(pem);
    const bits = asymmetricKeyDetails?.modulusLength ?? 0;
    return asymmetricKeyType === "rsa" && bits >= LEAST_RSA_BITS ? undefined : wanted;
  } catch {
    // What OpenSSL says of bytes that it cannot read helps nobody.
    return wanted;
  }
}

function googleTokenUrl(uri: unknown): string | undefined {
  if (typeof uri !== "string" || !URL.canParse(uri)) return undefined;
  const url = new URL(uri);
  const isPlain = url.username === "" && url.password === "" && url.hash === "";
  const isGoogle = googleTokenHosts.has(url.hostname) && url.port === "";
  return isPlain && isGoogle && url.protocol === "https:" ? url.href : undefined;
}
