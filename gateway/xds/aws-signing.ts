/**
 * AWS Signature Version 4 by Envoy's own signer. Its credentials come from a file that only this user can read,
 * because inline ones would stand in Envoy's configuration dump; a file is never changed, other credentials are another.
 */

import { packAny } from "../any.ts";
import { envoy } from "../proto/gen/xds.js";
import type { CredentialUse } from "../snapshot.ts";

/** Profile name inside the credentials file. */
export const AWS_PROFILE = "clrk";

/** Per-route configuration of the signer; `hostRewrite` is the authority that the router will send instead. */
export function awsSigningConfig(
  use: Extract<CredentialUse, { kind: "aws-sigv4" }>,
  hostRewrite: string | undefined,
  file: string,
) {
  const { AwsRequestSigningPerRoute } = envoy.extensions.filters.http.aws_request_signing.v3;
  return packAny(AwsRequestSigningPerRoute, {
    awsRequestSigning: awsSigner(use.service, use.region, { file, hostRewrite }),
    statPrefix: "aws",
  });
}

/** The signer that listeners hold switched off: routes bring their own service, region and credentials. */
export function awsSigner(
  serviceName: string,
  region: string,
  options: { readonly file: string; readonly hostRewrite: string | undefined },
): envoy.extensions.filters.http.aws_request_signing.v3.IAwsRequestSigning {
  return {
    serviceName,
    region,
    ...(options.hostRewrite !== undefined && { hostRewrite: options.hostRewrite }),
    credentialProvider: {
      customCredentialProviderChain: true,
      credentialsFileProvider: {
        profile: AWS_PROFILE,
        // Not watched: each route would take an inotify instance, and Envoy aborts when the user has none left.
        credentialsDataSource: { filename: options.file },
      },
    },
  };
}
