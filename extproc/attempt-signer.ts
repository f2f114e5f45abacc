/** The signer of a plan for attempts, from the parts of its credential that have arrived. */

import type { SecretValue } from "../gateway/secret-value.ts";
import type { Signer } from "../gateway/sigv4.ts";
import { createSigner } from "../gateway/sigv4.ts";
import type { AttemptPlan } from "../gateway/snapshot.ts";

/** A signer; undefined when a part is missing or cannot be used, and then every attempt is refused. */
export function createAttemptSigner(
  { signing }: AttemptPlan,
  credential: (resource: string) => SecretValue | undefined,
): Signer | undefined {
  const { region, service, secret } = signing;
  const accessKeyId = credential(`${secret.resource}/access_key_id`);
  const secretAccessKey = credential(`${secret.resource}/secret_access_key`);
  const sessionToken = credential(`${secret.resource}/session_token`);
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  const created = createSigner({
    accessKeyId,
    secretAccessKey,
    ...(sessionToken !== undefined && { sessionToken }),
    region,
    service,
  });
  return created.kind === "signer" ? created.signer : undefined;
}
