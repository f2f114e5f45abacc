/** AWS credential files for Envoy's request signer, one for each secret that a rule signs with. */

import type { SecretValue } from "../secret-value.ts";
import { credentialUses } from "../gateway-credentials.ts";
import type { GatewaySnapshot } from "../snapshot.ts";
import { AWS_PROFILE } from "../xds.ts";

/**
 * File contents by resource name of the secret; the parts are looked up beside it as `<resource>/access_key_id`,
 * `/secret_access_key` and, when there is one, `/session_token`.
 */
export function awsCredentialsFile(
  gateway: GatewaySnapshot,
  credentials: ReadonlyMap<string, SecretValue>,
): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const { kind, secret } of credentialUses(gateway)) {
    if (kind !== "aws-sigv4") continue;
    const { resource } = secret;
    // A line end, which secrets made from files often have, would begin another setting.
    const part = (key: string) =>
      credentials
        .get(`${resource}/${key}`)
        ?.reveal()
        .replace(/[\r\n]/g, "");
    const lines = [
      `[${AWS_PROFILE}]`,
      `aws_access_key_id=${part("access_key_id") ?? ""}`,
      `aws_secret_access_key=${part("secret_access_key") ?? ""}`,
    ];
    const token = part("session_token");
    if (token !== undefined) lines.push(`aws_session_token=${token}`);
    files.set(resource, `${lines.join("\n")}\n`);
  }
  return files;
}
