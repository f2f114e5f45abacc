/**
 * A process for a test: mints by a refresh token and is killed as soon as the rotated one is on the disk, before anybody
 * gets the access token. Arguments: endpoint, folder of grants.
 */
import { systemClock } from "../../clock.ts";
import type { RefreshTokenRecipe } from "../../mint-plan.ts";
import { SecretValue } from "../../secret-value.ts";
import { grantFile } from "../grant-file.ts";
import { refreshTokenMint } from "../refresh-token.ts";

const [tokenUrl = "", directory = ""] = process.argv.slice(2);
const recipe: RefreshTokenRecipe = {
  kind: "OAuth2RefreshToken",
  tokenUrl,
  scopes: [],
  parameters: [],
  clientAuthentication: "Basic",
  clientId: new SecretValue("me"),
  refreshToken: new SecretValue("refresh-0"),
};
const grant = grantFile(directory, recipe);
const mint = refreshTokenMint(recipe, {
  clock: systemClock,
  trustPem: "",
  allowsPlainLoopback: true,
  grant: {
    ...grant,
    async write(token) {
      await grant.write(token);
      process.kill(process.pid, "SIGKILL");
    },
  },
});
await mint(new AbortController().signal);
process.stdout.write("used\n");
