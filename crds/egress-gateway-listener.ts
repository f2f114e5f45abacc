/** One listener of an EgressGateway: which connections it is about, and whether they are decrypted. */
import { labelSelector } from "./label-selector.ts";
import { dnsLabelFormat, kindFormat } from "./name-formats.ts";
import { cel } from "./open-api-constraint.ts";
import { port, secretReference } from "./references.ts";
import {
  array,
  defaulted,
  emptyIfAbsent,
  enumeration,
  object,
  optional,
  refine,
  string,
} from "./schema.ts";
import type { Infer } from "./schema.ts";

/** What a listener does with connections: decided by its protocol and TLS mode together. */
export type ListenerShape = "http" | "https" | "tls-terminate" | "tls-passthrough" | "tcp";

/** A parsed listener. */
export type EgressGatewayListener = Infer<typeof egressGatewayListener>;

const allowedRoutes = object({
  description: "Which routes may attach to the listener",
  fields: {
    namespaces: optional(
      refine(
        object({
          description: "Namespaces that routes may come from",
          fields: {
            from: defaulted(
              enumeration({ description: "Which namespaces", values: ["All", "Selector", "Same"] }),
              "Same",
            ),
            selector: optional(labelSelector("Labels of the namespaces meant")),
          },
        }),
        {
          description: "selector goes with from Selector",
          fields: ["from", "selector"],
          cel: [
            cel(
              "has(self.selector) == (self.from == 'Selector')",
              "selector goes with from Selector, and is needed there",
            ),
          ],
          check({ from, selector }, report) {
            if (from === "Selector" && selector === undefined) {
              report({ at: ["selector"], wanted: 'a selector, because from is "Selector"' });
            } else if (from !== "Selector" && selector !== undefined) {
              report({
                at: ["selector"],
                found: "a selector",
                wanted: `none, because from is "${from}"`,
              });
            }
          },
        },
      ),
    ),
    kinds: emptyIfAbsent(
      array({
        description: "Kinds of routes; none means all",
        items: object({
          description: "One kind of route",
          fields: {
            group: optional(string({ description: "API group of the kind", maxLength: 253 })),
            kind: string({ description: "Kind of the route", maxLength: 63, format: kindFormat }),
          },
        }),
        maxItems: 8,
      }),
    ),
  },
});

const listenerTls = refine(
  object({
    description: "What happens to TLS",
    fields: {
      mode: defaulted(
        enumeration({
          description:
            "Passthrough leaves TLS as it is; Terminate decrypts with a certificate minted for the name",
          values: ["Passthrough", "Terminate"],
        }),
        "Passthrough",
      ),
      caCertRef: optional(
        secretReference("Authority that mints the certificates, in place of the gateway's own"),
      ),
    },
  }),
  {
    description: "caCertRef goes with mode Terminate",
    fields: ["mode", "caCertRef"],
    cel: [
      cel("self.mode == 'Terminate' || !has(self.caCertRef)", "caCertRef goes with mode Terminate"),
    ],
    check({ mode, caCertRef }, report) {
      if (mode === "Terminate" || caCertRef === undefined) return;
      const wanted = 'none, because mode is "Passthrough", which shows no certificate of ours';
      report({ at: ["caCertRef"], found: "a reference", wanted });
    },
  },
);

/** The schema of one listener. */
export const egressGatewayListener = refine(
  object({
    description: "How connections to some destination port are treated",
    fields: {
      name: string({ description: "Name of the listener", maxLength: 63, format: dnsLabelFormat }),
      protocol: enumeration({
        description: "What the connections carry",
        values: ["HTTP", "HTTPS", "TLS", "TCP"],
        refused: { UDP: "UDP is not supported yet; leave it to the default policy" },
      }),
      port: optional(port("Destination port that the agent dials; any port when absent")),
      tls: optional(listenerTls),
      allowedRoutes: optional(allowedRoutes),
    },
  }),
  {
    description: "tls goes with TLS and HTTPS only, and HTTPS is always terminated",
    fields: ["protocol", "tls"],
    cel: [
      cel(
        "!has(self.tls) || self.protocol == 'TLS' || self.protocol == 'HTTPS'",
        "tls goes with protocol TLS or HTTPS",
      ),
      cel(
        "!has(self.tls) || self.protocol != 'HTTPS' || self.tls.mode == 'Terminate'",
        "an HTTPS listener reads requests, so tls.mode must be Terminate",
      ),
    ],
    check({ protocol, tls }, report) {
      if (tls === undefined || protocol === "TLS") return;
      if (protocol !== "HTTPS") {
        const wanted = `none, because protocol is "${protocol}"`;
        report({
          at: ["tls"],
          found: "a value",
          wanted,
          detail: 'tls goes with protocol "TLS" or "HTTPS"',
        });
      } else if (tls.mode === "Passthrough") {
        const detail =
          "an HTTPS listener reads requests, so it must decrypt them; Passthrough is the default of tls";
        report({ at: ["tls", "mode"], found: '"Passthrough"', wanted: '"Terminate"', detail });
      }
    },
  },
);

/** What a listener does, from its protocol and TLS mode. */
export function listenerShape(listener: EgressGatewayListener): ListenerShape {
  switch (listener.protocol) {
    case "HTTP":
      return "http";
    case "HTTPS":
      return "https";
    case "TCP":
      return "tcp";
    case "TLS":
      return listener.tls?.mode === "Terminate" ? "tls-terminate" : "tls-passthrough";
  }
}
