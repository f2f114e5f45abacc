/**
 * Tokens by the refresh token grant (RFC 6749 section 6). Servers that rotate refresh tokens take each of them once
 * (RFC 9700 section 4.14.2): the new one is on the disk before the access token that came with it is handed on.
 */

import { monotonicMs } from "../clock.ts";
import { describeError } from "../errors.ts";
import type { RefreshTokenRecipe } from "../mint-plan.ts";
import type { SecretValue } from "../secret-value.ts";
import type { GrantFile } from "./grant-file.ts";
import type { Mint, Minted, MintOutcome } from "./mint-outcome.ts";
import { mintFailure } from "./mint-outcome.ts";
import { oauth2Request } from "./oauth2-request.ts";
import { readTokenAnswer } from "./token-answer.ts";
import type { TokenEndpointOptions } from "./token-endpoint.ts";
import { askTokenEndpoint } from "./token-endpoint.ts";

/** What was given and could not be written down yet: it must not be lost, nor used before. */
interface Unwritten {
  readonly refreshToken: SecretValue;
  readonly minted: Minted;
}

/**
 * Mints by a refresh token, the newest that is known. A call is never given up half-way, whatever its signal says: the
 * endpoint may have taken the token back already. It ends by itself within 25 s.
 */
export function refreshTokenMint(
  recipe: RefreshTokenRecipe,
  options: TokenEndpointOptions & { readonly grant: GrantFile },
): Mint {
  const { grant, clock } = options;
  let unwritten: Unwritten | undefined;
  const write = async (news: Unwritten): Promise<Minted> => {
    unwritten = news;
    await grant.write(news.refreshToken);
    unwritten = undefined;
    return news.minted;
  };
  const refresh = async (): Promise<MintOutcome> => {
    if (unwritten !== undefined) {
      const minted = await write(unwritten);
      const ageMs = monotonicMs(clock) - Number(minted.askedNs) / 1e6;
      if (ageMs < minted.lifeMs / 2) return minted;
    }
    const refreshToken = (await grant.read()) ?? recipe.refreshToken;
    const request = oauth2Request(recipe, {
      grant_type: "refresh_token",
      refresh_token: refreshToken.reveal(),
    });
    const answer = await askTokenEndpoint(request, options);
    if (answer.kind === "failed") return answer;
    const given = readTokenAnswer(new URL(recipe.tokenUrl), answer);
    if (given.kind === "failed") return given;
    const { accessToken, lifeMs } = given;
    const parts = new Map([["", accessToken]]);
    const minted: Minted = { kind: "minted", parts, askedNs: answer.askedNs, lifeMs };
    if (given.refreshToken === undefined || given.refreshToken.equals(refreshToken)) return minted;
    return write({ refreshToken: given.refreshToken, minted });
  };
  return async () => {
    try {
      const lock = await grant.lock(clock);
      if (lock === undefined) {
        return mintFailure("storage", "another process holds the grant of the refresh token");
      }
      try {
        return await refresh();
      } finally {
        lock.release();
      }
    } catch (error) {
      // Agents are told too, and need not know where the user's files are.
      const reason = describeError(error).replaceAll(grant.directory, "$CLRK_HOME/grants");
      return mintFailure("storage", `the grant of the refresh token cannot be kept: ${reason}`);
    }
  };
}
