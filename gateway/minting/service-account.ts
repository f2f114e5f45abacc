/** Access tokens of Google service accounts: an assertion that their key signs (RFC 7523) for a token. */

import type { ServiceAccountRecipe } from "../mint-plan.ts";
import { EndpointClock } from "./endpoint-clock.ts";
import { signAssertion } from "./json-web-token.ts";
import type { Mint } from "./mint-outcome.ts";
import { formRequest } from "./oauth2-request.ts";
import { readTokenAnswer } from "./token-answer.ts";
import type { TokenEndpointOptions } from "./token-endpoint.ts";
import { askTokenEndpoint } from "./token-endpoint.ts";

const GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/** Longest life of an assertion that Google takes, in seconds. */
const LIFE_SECONDS = 3600;

/** Of that life so much lies in the past: a clock that is 10 minutes fast still makes no assertion of the future. */
const backdatedSeconds = 600;

/** Mints by the key of a service account. */
export function serviceAccountMint(
  recipe: ServiceAccountRecipe,
  options: TokenEndpointOptions,
): Mint {
  const clock = new EndpointClock(options.clock);
  const { tokenUrl, scopes, clientEmail, keyId, privateKey } = recipe;
  return async (signal) => {
    const answer = await clock.ask((nowMs) => {
      const iat = Math.floor(nowMs / 1000) - backdatedSeconds;
      const claims = {
        iss: clientEmail,
        scope: scopes.join(" "),
        aud: tokenUrl,
        iat,
        exp: iat + LIFE_SECONDS,
      };
      const assertion = signAssertion({ claims, privateKey, keyId });
      const form = new URLSearchParams({ grant_type: GRANT_TYPE, assertion });
      return askTokenEndpoint(formRequest(tokenUrl, form), options, signal);
    });
    if (answer.kind === "failed") return answer;
    const given = readTokenAnswer(new URL(tokenUrl), answer);
    if (given.kind === "failed") return given;
    const parts = new Map([["", given.accessToken]]);
    return { kind: "minted", parts, askedNs: answer.askedNs, lifeMs: given.lifeMs };
  };
}
