/** TLS towards agents: the certificate is asked for by server name, at the first handshake that needs it. */

import { typedExtension } from "../any.ts";
import { envoy } from "../proto/gen/xds.js";

/** Name asked for when a client sends no server name: no host name, so that the certificate provider refuses it. */
export const NO_SERVER_NAME = "-";

/** Longest wait of a handshake for its certificate, in `ms`; an answer that never comes must not hold a connection. */
export const handshakeTimeoutMs = 10_000;

/** Transport socket of chains that terminate TLS. */
export function interceptingTransportSocket() {
  const { DownstreamTlsContext } = envoy.extensions.transport_sockets.tls.v3;
  const selector = envoy.extensions.transport_sockets.tls.cert_selectors.on_demand_secret.v3;
  const { SNI } = envoy.extensions.transport_sockets.tls.cert_mappers.sni.v3;
  return typedExtension("envoy.transport_sockets.tls", DownstreamTlsContext, {
    // The selector is rejected unless both kinds of resumption are off.
    disableStatelessSessionResumption: true,
    disableStatefulSessionResumption: true,
    commonTlsContext: {
      alpnProtocols: ["h2", "http/1.1"],
      customTlsCertificateSelector: typedExtension(
        "envoy.tls.certificate_selectors.on_demand_secret",
        selector.Config,
        {
          configSource: { ads: {}, resourceApiVersion: envoy.config.core.v3.ApiVersion.V3 },
          certificateMapper: typedExtension("envoy.tls.certificate_mappers.sni", SNI, {
            defaultValue: NO_SERVER_NAME,
          }),
        },
      ),
    },
  });
}
