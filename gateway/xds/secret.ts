/** Secrets as SDS resources. What they hold reaches Envoy only on this stream and never stands in its dumps. */

import type { envoy } from "../proto/gen/xds.js";
import type { Leaf } from "../certificate-provider.ts";
import type { SecretValue } from "../secret-value.ts";
import { RESOURCE } from "./resource-names.ts";

type Secret = envoy.extensions.transport_sockets.tls.v3.ISecret;

/** A credential that `%SECRET(name)%` prints. */
export function credentialSecret(name: string, value: SecretValue): Secret {
  return { name, genericSecret: { secret: { inlineString: value.reveal() } } };
}

/** A leaf certificate under the server name that asked for it. */
export function leafSecret(name: string, leaf: Leaf): Secret {
  return {
    name,
    tlsCertificate: {
      certificateChain: { inlineString: leaf.certificateChainPem },
      privateKey: { inlineString: leaf.privateKeyPem },
    },
  };
}

/** Roots against which upstream certificates are verified. */
export function upstreamTrustSecret(pem: string): Secret {
  return {
    name: RESOURCE.upstreamTrust,
    validationContext: { trustedCa: { inlineString: pem } },
  };
}
