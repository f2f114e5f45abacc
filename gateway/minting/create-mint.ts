/** The way to mint what a plan names. */

import type { MintPlan } from "../mint-plan.ts";
import { assumeRoleMint } from "./assume-role.ts";
import { clientCredentialsMint } from "./client-credentials.ts";
import { gitHubAppMint } from "./github-app.ts";
import { grantFile } from "./grant-file.ts";
import type { Mint } from "./mint-outcome.ts";
import { refreshTokenMint } from "./refresh-token.ts";
import { serviceAccountMint } from "./service-account.ts";
import { templateMint } from "./template-mint.ts";
import type { TokenEndpointOptions } from "./token-endpoint.ts";

/** What minting needs from the process. */
export interface MintingOptions
  extends Pick<TokenEndpointOptions, "clock" | "allowsPlainLoopback"> {
  /** PEM of the machine's public roots */
  readonly publicRootsPem: string;
  /** Private folder for refresh tokens, over restarts */
  readonly grantsDirectory: string;
}

/** Makes the mint of a plan. */
export function createMint(plan: MintPlan, options: MintingOptions): Mint {
  const mint = recipeMint(plan, options);
  return plan.template === undefined ? mint : templateMint(mint, plan.template);
}

function recipeMint(plan: MintPlan, options: MintingOptions): Mint {
  const { recipe, additionalTrustPem } = plan;
  const { publicRootsPem, grantsDirectory, ...dial } = options;
  const endpoint = { ...dial, trustPem: `${publicRootsPem}${additionalTrustPem}` };
  switch (recipe.kind) {
    case "OAuth2ClientCredentials":
      return clientCredentialsMint(recipe, endpoint);
    case "OAuth2RefreshToken":
      return refreshTokenMint(recipe, { ...endpoint, grant: grantFile(grantsDirectory, recipe) });
    case "GCPServiceAccount":
      return serviceAccountMint(recipe, endpoint);
    case "GitHubApp":
      return gitHubAppMint(recipe, endpoint);
    case "AWSAssumeRole":
      return assumeRoleMint(recipe, endpoint);
  }
}
