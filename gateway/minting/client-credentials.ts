/** Tokens by the client credentials grant (RFC 6749 section 4.4). */

import type { ClientCredentialsRecipe } from "../mint-plan.ts";
import type { Mint } from "./mint-outcome.ts";
import { oauth2Request } from "./oauth2-request.ts";
import { readTokenAnswer } from "./token-answer.ts";
import type { TokenEndpointOptions } from "./token-endpoint.ts";
import { askTokenEndpoint } from "./token-endpoint.ts";

/** Mints by the client's own credentials. A refresh token in the answer is not used (section 4.4.3). */
export function clientCredentialsMint(
  recipe: ClientCredentialsRecipe,
  options: TokenEndpointOptions,
): Mint {
  return async (signal) => {
    const request = oauth2Request(recipe, { grant_type: "client_credentials" });
    const answer = await askTokenEndpoint(request, options, signal);
    if (answer.kind === "failed") return answer;
    const given = readTokenAnswer(new URL(recipe.tokenUrl), answer);
    if (given.kind === "failed") return given;
    const { accessToken, lifeMs } = given;
    const parts = new Map([["", accessToken]]);
    return { kind: "minted", parts, askedNs: answer.askedNs, lifeMs };
  };
}
