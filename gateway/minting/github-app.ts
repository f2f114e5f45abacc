/** Installation tokens of GitHub Apps: an assertion of the App's key, for a token of one installation. */

import type { GitHubAppRecipe } from "../mint-plan.ts";
import { EndpointClock } from "./endpoint-clock.ts";
import { signAssertion } from "./json-web-token.ts";
import type { Mint } from "./mint-outcome.ts";
import { mintFailure } from "./mint-outcome.ts";
import { answerFailure, lifeUntil, readToken, tryParseFields } from "./token-answer.ts";
import type { TokenEndpointOptions } from "./token-endpoint.ts";
import { askTokenEndpoint, describe } from "./token-endpoint.ts";

/** The REST API's version, which fixes the shape of its answers. */
const API_VERSION = "2022-11-28";

/** Longest life of an assertion that GitHub takes, in seconds, counted from its own time to `exp`. */
const LIFE_SECONDS = 600;

/** GitHub's own advice against drift, in seconds. */
const backdatedSeconds = 60;

/** Mints for an installation. */
export function gitHubAppMint(recipe: GitHubAppRecipe, options: TokenEndpointOptions): Mint {
  const clock = new EndpointClock(options.clock);
  const url = `${recipe.baseUrl}/app/installations/${recipe.installationId}/access_tokens`;
  return async (signal) => {
    const answer = await clock.ask((nowMs) => {
      const request = {
        url,
        headers: headersOf(recipe, nowMs),
        body: JSON.stringify(wishesOf(recipe)),
        mediaTypes: ["application/json"],
      };
      return askTokenEndpoint(request, options, signal);
    });
    if (answer.kind === "failed") return answer;
    const place = new URL(url);
    if (answer.status !== 201) return answerFailure(place, answer);
    const fields = tryParseFields(answer.text);
    const token = readToken(fields?.get("token"));
    const lifeMs = lifeUntil(fields?.get("expires_at"), answer.serverMs ?? clock.nowMs());
    if (token === undefined || lifeMs === undefined) {
      return mintFailure("malformed", `${describe(place)} gave no token that can be used`);
    }
    return { kind: "minted", parts: new Map([["", token]]), askedNs: answer.askedNs, lifeMs };
  };
}

function headersOf({ appId, privateKey }: GitHubAppRecipe, nowMs: number) {
  const iat = Math.floor(nowMs / 1000) - backdatedSeconds;
  const claims = { iss: String(appId), iat, exp: iat + LIFE_SECONDS };
  return {
    authorization: `Bearer ${signAssertion({ claims, privateKey })}`,
    accept: "application/vnd.github+json",
    "content-type": "application/json",
    "x-github-api-version": API_VERSION,
  };
}

function wishesOf({ repositories, permissions }: GitHubAppRecipe) {
  return {
    ...(repositories.length > 0 && { repositories }),
    ...(permissions.length > 0 && { permissions: Object.fromEntries(permissions) }),
  };
}
