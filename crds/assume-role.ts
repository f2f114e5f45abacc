/** A role that AWS requests are signed for: STS gives session credentials for the keys of the Secret. */
import { cloudNameFormat } from "./name-formats.ts";
import { defaulted, integer, object, optional, string } from "./schema.ts";
import {
  externalIdFormat,
  roleArnFormat,
  roleSessionNameFormat,
  secureUrlFormat,
} from "./token-formats.ts";

/** The schema of `assumeRole`, in AWS' own terms of AssumeRole. */
export const assumeRole = object({
  description: "Role whose session credentials sign in place of the Secret's own keys",
  fields: {
    roleArn: string({ description: "The role", maxLength: 2048, format: roleArnFormat }),
    sessionName: defaulted(
      string({
        description: "Name of the session, which stands in AWS' logs",
        maxLength: 64,
        format: roleSessionNameFormat,
      }),
      "clrk",
    ),
    externalId: optional(
      string({
        description: "What the trust policy of the role asks for",
        maxLength: 1224,
        format: externalIdFormat,
        sensitive: true,
      }),
    ),
    durationSeconds: defaulted(
      integer({ description: "Life of the session in seconds", min: 900, max: 43_200 }),
      3600,
    ),
    region: optional(
      string({
        description: "Region of STS; that of providerAuth when absent, else us-east-1",
        maxLength: 63,
        format: cloudNameFormat,
      }),
    ),
    endpointURL: optional(
      string({
        description: "STS in place of AWS' own of the region, such as a VPC endpoint",
        maxLength: 1024,
        format: secureUrlFormat,
      }),
    ),
  },
});
