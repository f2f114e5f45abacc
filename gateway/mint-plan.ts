/**
 * What has to be fetched before it can be injected: named by `compile` beside the snapshot, carried out by
 * `minted-credentials.ts`. Whatever is secret in it is a `SecretValue`.
 */

import { createHash } from "node:crypto";
import { SecretValue } from "./secret-value.ts";
import type { ObjectName } from "./snapshot.ts";

/** One credential to be minted, before it is known on which gateways. */
export interface MintTask {
  /** `SecretUse.resource` of the uses that need it; does not depend on values of the Secret */
  readonly resource: string;
  /** The Secret by which it is minted */
  readonly secret: ObjectName;
  readonly recipe: MintRecipe;
  /** Text in which `${token}` stands for the token, as a policy's schema has checked it; absent: the token itself */
  readonly template?: string;
}

/** One credential to be minted. */
export interface MintPlan extends MintTask {
  /** PEM of the roots that the EgressGateways which use it trust beside the machine's; perhaps empty */
  readonly additionalTrustPem: string;
}

/** How a credential is minted. URLs are absolute; all but those of tests are https. */
export type MintRecipe =
  | ClientCredentialsRecipe
  | RefreshTokenRecipe
  | ServiceAccountRecipe
  | GitHubAppRecipe
  | AssumeRoleRecipe;

/** What the two grants of OAuth 2.0 have in common. */
interface OAuth2Recipe {
  readonly tokenUrl: string;
  readonly scopes: readonly string[];
  readonly parameters: readonly (readonly [name: string, value: string])[];
  /** Where a client that has a secret says who it is (RFC 6749 section 2.3.1) */
  readonly clientAuthentication: "Basic" | "Body";
  readonly clientId: SecretValue;
}

/** RFC 6749 section 4.4. */
export interface ClientCredentialsRecipe extends OAuth2Recipe {
  readonly kind: "OAuth2ClientCredentials";
  readonly clientSecret: SecretValue;
}

/** RFC 6749 section 6; without a secret the client is a public one. */
export interface RefreshTokenRecipe extends OAuth2Recipe {
  readonly kind: "OAuth2RefreshToken";
  readonly clientSecret?: SecretValue;
  /** The one that the Secret holds; a later one may be known */
  readonly refreshToken: SecretValue;
}

/** RFC 7523, as Google's service accounts use it. */
export interface ServiceAccountRecipe {
  readonly kind: "GCPServiceAccount";
  readonly tokenUrl: string;
  readonly scopes: readonly string[];
  readonly clientEmail: string;
  readonly keyId: string;
  /** PEM, RSA */
  readonly privateKey: SecretValue;
}

/** An installation token of a GitHub App. */
export interface GitHubAppRecipe {
  readonly kind: "GitHubApp";
  /** Without a slash at its end */
  readonly baseUrl: string;
  readonly appId: number;
  readonly installationId: number;
  readonly repositories: readonly string[];
  readonly permissions: readonly (readonly [name: string, level: string])[];
  /** PEM, RSA */
  readonly privateKey: SecretValue;
}

/** Session credentials of a role, by STS. */
export interface AssumeRoleRecipe {
  readonly kind: "AWSAssumeRole";
  readonly endpointUrl: string;
  readonly region: string;
  readonly roleArn: string;
  readonly sessionName: string;
  readonly externalId?: SecretValue;
  readonly durationSeconds: number;
  readonly accessKeyId: SecretValue;
  readonly secretAccessKey: SecretValue;
  readonly sessionToken?: SecretValue;
}

/**
 * A digest that changes when anything in the plan does, values of the Secret included. It is made from secrets: keep it
 * in memory, and compare it only.
 */
export function mintFingerprint({ recipe }: MintTask): string {
  const text = JSON.stringify(
    Object.entries(recipe).map(([name, part]) => [
      name,
      part instanceof SecretValue ? part.reveal() : part,
    ]),
  );
  return createHash("sha256").update(text).digest("hex");
}
