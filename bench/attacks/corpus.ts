/** The techniques, in the order in which they are tried. One file of `techniques/` each. */
import type { Technique } from "./technique.ts";
import { addressLiterals } from "./techniques/address-literals.ts";
import { authoritySpelling } from "./techniques/authority-spelling.ts";
import { capturedIdentity } from "./techniques/captured-identity.ts";
import { cloudMetadata } from "./techniques/cloud-metadata.ts";
import { credentialTheft } from "./techniques/credential-theft.ts";
import { dnsRebinding } from "./techniques/dns-rebinding.ts";
import { domainFronting } from "./techniques/domain-fronting.ts";
import { duplicateHost } from "./techniques/duplicate-host.ts";
import { hiddenDns } from "./techniques/hidden-dns.ts";
import { http2Authority } from "./techniques/http2-authority.ts";
import { insideAddress } from "./techniques/inside-address.ts";
import { insideCaptured } from "./techniques/inside-captured.ts";
import { methodRule } from "./techniques/method-rule.ts";
import { modelRule } from "./techniques/model-rule.ts";
import { nestedConnect } from "./techniques/nested-connect.ts";
import { passthrough } from "./techniques/passthrough.ts";
import { pathDenial } from "./techniques/path-denial.ts";
import { pathPrefix } from "./techniques/path-prefix.ts";
import { placeholderTheft } from "./techniques/placeholder-theft.ts";
import { posingHeadersTechnique } from "./techniques/posing-headers.ts";
import { protocolSwitch } from "./techniques/protocol-switch.ts";
import { rawProtocol } from "./techniques/raw-protocol.ts";
import { reflectedCredential } from "./techniques/reflected-credential.ts";
import { requestSmuggling } from "./techniques/request-smuggling.ts";
import { runToken } from "./techniques/run-token.ts";
import { serverName } from "./techniques/server-name.ts";
import { udpTunnel } from "./techniques/udp-tunnel.ts";
import { transparentName } from "./techniques/transparent-name.ts";
import { websocketUpgrade } from "./techniques/websocket-upgrade.ts";

/** All of them; the search of every output for secrets comes after the last, whatever was tried. */
export const corpus: readonly Technique[] = [
  domainFronting,
  serverName,
  transparentName,
  authoritySpelling,
  duplicateHost,
  http2Authority,
  nestedConnect,
  requestSmuggling,
  posingHeadersTechnique,
  pathPrefix,
  pathDenial,
  methodRule,
  protocolSwitch,
  websocketUpgrade,
  hiddenDns,
  udpTunnel,
  rawProtocol,
  passthrough,
  addressLiterals,
  insideAddress,
  insideCaptured,
  capturedIdentity,
  runToken,
  modelRule,
  credentialTheft,
  placeholderTheft,
  reflectedCredential,
  dnsRebinding,
  cloudMetadata,
];

/** Those that are after a credential or an address inside: audit mode must hold against them as enforcement does. */
export const auditTechniques: readonly Technique[] = [
  domainFronting,
  authoritySpelling,
  duplicateHost,
  http2Authority,
  posingHeadersTechnique,
  pathPrefix,
  pathDenial,
  methodRule,
  runToken,
  modelRule,
  credentialTheft,
  insideAddress,
  insideCaptured,
  dnsRebinding,
  cloudMetadata,
];
