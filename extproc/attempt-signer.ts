/** The signer of an AWS credential, from the parts of its credential that have arrived. */

import type { SecretValue } from "../gateway/secret-value.ts";
import type { CreateSignerOutcome } from "../gateway/sigv4.ts";
import { createSigner } from "../gateway/sigv4.ts";
import type { AttemptPlan } from "../gateway/snapshot.ts";

/** A signer, or a clause about the part that is missing or cannot be used: then every attempt is refused with it. */
export function createAttemptSigner(
  signing: NonNullable<AttemptPlan["signing"]>,
  credential: (resource: string) => SecretValue | undefined,
): CreateSignerOutcome {
  const { region, service, secret } = signing;
  const accessKeyId = credential(`${secret.resource}/access_key_id`);
  const secretAccessKey = credential(`${secret.resource}/secret_access_key`);
  const sessionToken = credential(`${secret.resource}/session_token`);
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    return { kind: "unusable", reason: "its credential has not arrived" };
  }
  return createSigner({
    accessKeyId,
    secretAccessKey,
    ...(sessionToken !== undefined && { sessionToken }),
    region,
    service,
  });
}
