/** Session credentials of an AWS role: a signed AssumeRole call to STS, answered in XML. */

import type { AssumeRoleRecipe } from "../mint-plan.ts";
import type { SecretValue } from "../secret-value.ts";
import { createSigner, hashPayload } from "../sigv4.ts";
import { EndpointClock } from "./endpoint-clock.ts";
import type { Mint, MintFailure } from "./mint-outcome.ts";
import { mintFailure } from "./mint-outcome.ts";
import { answerFailure, lifeUntil, readToken } from "./token-answer.ts";
import type { TokenAnswer, TokenEndpointOptions, TokenRequest } from "./token-endpoint.ts";
import { askTokenEndpoint, describe } from "./token-endpoint.ts";

/** Version of the STS API. */
const API_VERSION = "2011-06-15";

/** Codes of STS that are repeated, because they say what to do. */
const errorCodes: ReadonlySet<string> = new Set([
  "AccessDenied",
  "ExpiredToken",
  "IncompleteSignature",
  "InvalidClientTokenId",
  "MalformedPolicyDocument",
  "PackedPolicyTooLarge",
  "RegionDisabledException",
  "RequestExpired",
  "SignatureDoesNotMatch",
  "Throttling",
  "ValidationError",
]);

/** Mints session credentials. */
export function assumeRoleMint(recipe: AssumeRoleRecipe, options: TokenEndpointOptions): Mint {
  const clock = new EndpointClock(options.clock);
  const url = new URL(recipe.endpointUrl);
  return async (signal) => {
    const answer = await clock.ask(async (nowMs): Promise<TokenAnswer> => {
      const request = signedRequest(recipe, url, nowMs);
      return request.kind === "failed" ? request : askTokenEndpoint(request, options, signal);
    });
    if (answer.kind === "failed") return answer;
    if (answer.status !== 200) return answerFailure(url, answer, codeOf(answer.text));
    const credentials = readCredentials(answer.text, answer.serverMs ?? clock.nowMs());
    if (credentials === undefined) {
      return mintFailure("malformed", `${describe(url)} gave no credentials that can be used`);
    }
    return { kind: "minted", askedNs: answer.askedNs, ...credentials };
  };
}

type SignedRequest = TokenRequest & { readonly kind: "signed" };

function signedRequest(
  recipe: AssumeRoleRecipe,
  url: URL,
  nowMs: number,
): SignedRequest | MintFailure {
  const { region, accessKeyId, secretAccessKey, sessionToken } = recipe;
  const made = createSigner({
    ...{ accessKeyId, secretAccessKey, region, service: "sts" },
    ...(sessionToken !== undefined && { sessionToken }),
  });
  if (made.kind === "unusable") return mintFailure("refused", made.reason);
  const body = formOf(recipe).toString();
  const contentType = "application/x-www-form-urlencoded; charset=utf-8";
  const signed = made.signer.sign({
    method: "POST",
    path: `${url.pathname}${url.search}`,
    host: url.host,
    headers: [["content-type", contentType]],
    payloadHash: hashPayload(Buffer.from(body)),
    nowMs,
  });
  if (signed.kind === "unsignable") return mintFailure("refused", signed.reason);
  return {
    kind: "signed",
    url: url.href,
    headers: {
      ...Object.fromEntries(signed.set),
      host: url.host,
      "content-type": contentType,
      accept: "text/xml",
    },
    body,
    mediaTypes: ["text/xml", "application/xml"],
  };
}

function formOf(recipe: AssumeRoleRecipe): URLSearchParams {
  const { roleArn, sessionName, durationSeconds, externalId } = recipe;
  return new URLSearchParams({
    Action: "AssumeRole",
    Version: API_VERSION,
    RoleArn: roleArn,
    RoleSessionName: sessionName,
    DurationSeconds: String(durationSeconds),
    ...(externalId !== undefined && { ExternalId: externalId.reveal() }),
  });
}

function readCredentials(text: string, endpointNowMs: number) {
  const block = elementOf(text, "Credentials");
  const part = (name: string) => readToken(block && elementOf(block, name));
  const lifeMs = lifeUntil(block && elementOf(block, "Expiration"), endpointNowMs);
  const accessKeyId = part("AccessKeyId");
  const secretAccessKey = part("SecretAccessKey");
  const sessionToken = part("SessionToken");
  if (!accessKeyId || !secretAccessKey || !sessionToken || lifeMs === undefined) return undefined;
  const parts = new Map<string, SecretValue>([
    ["/access_key_id", accessKeyId],
    ["/secret_access_key", secretAccessKey],
    ["/session_token", sessionToken],
  ]);
  return { parts, lifeMs };
}

/** What stands in the one element of that name; undefined where it stands never, twice, or with references in it. */
function elementOf(xml: string, name: string): string | undefined {
  const [, inside, ...others] = xml.split(`<${name}>`);
  const [content, ...rest] = inside?.split(`</${name}>`) ?? [];
  if (others.length > 0 || rest.length !== 1 || content === undefined) return undefined;
  const isText = !content.includes("<");
  return isText && content.includes("&") ? undefined : content.trim();
}

function codeOf(text: string): string | undefined {
  const code = elementOf(text, "Code");
  return code !== undefined && errorCodes.has(code) ? code : undefined;
}
