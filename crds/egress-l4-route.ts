/** EgressL4Route: which connections are allowed, by address, name and port. A match that names nothing is refused. */
import { enforcement } from "./enforcement.ts";
import { ageColumn, defineKind, resource } from "./kind-definition.ts";
import { isEmptySelector, labelSelector } from "./label-selector.ts";
import { cidrFormat, dnsPatternFormat } from "./match-formats.ts";
import { cel } from "./open-api-constraint.ts";
import { backendReferences, extensionReference, parentReferences, port } from "./references.ts";
import { array, emptyIfAbsent, enumeration, object, optional, refine, string } from "./schema.ts";
import type { Infer } from "./schema.ts";
import { routeStatus } from "./status.ts";

const portMatch = refine(
  object({
    description: "One port, or a range of ports",
    fields: {
      port: optional(port("The one port")),
      startPort: optional(port("First port of the range")),
      endPort: optional(port("Last port of the range")),
    },
  }),
  {
    description: "Either port, or startPort and endPort",
    fields: ["port", "startPort", "endPort"],
    constraint: {
      oneOf: [{ required: ["port"] }, { required: ["startPort"] }],
      anyOf: [{ required: ["port"] }, { required: ["startPort", "endPort"] }],
      not: { required: ["port", "endPort"] },
    },
    cel: [
      cel(
        "!has(self.endPort) || !has(self.startPort) || self.startPort <= self.endPort",
        "endPort is at least startPort",
      ),
    ],
    check(value, report) {
      const { startPort, endPort } = value;
      const wanted = "either port, or startPort and endPort";
      if (value.port !== undefined) {
        if (startPort !== undefined || endPort !== undefined)
          report({ at: [], found: "port and a range", wanted });
      } else if (startPort === undefined && endPort === undefined) {
        report({ at: [], found: "no port", wanted });
      } else if (startPort === undefined || endPort === undefined) {
        const missing = startPort === undefined ? "startPort" : "endPort";
        report({ at: [missing], wanted: "both ends of the range" });
      } else if (startPort > endPort) {
        report({
          at: ["endPort"],
          found: String(endPort),
          wanted: `at least startPort, which is ${startPort}`,
        });
      }
    },
  },
);

const match = refine(
  object({
    description: "Connections that fulfil all of these; within a list, any of its entries",
    fields: {
      destinationCIDRs: emptyIfAbsent(
        array({
          description: "Addresses dialled",
          items: string({ description: "CIDR block", maxLength: 49, format: cidrFormat }),
          maxItems: 256,
          unique: "value",
        }),
      ),
      destinationHostnames: emptyIfAbsent(
        array({
          description:
            'Names dialled: SNI of TLS, otherwise the name last looked up; "*." stands for one label',
          items: string({
            description: "DNS name, or *. and one",
            maxLength: 255,
            format: dnsPatternFormat,
          }),
          maxItems: 256,
          unique: "value",
        }),
      ),
      ports: emptyIfAbsent(array({ description: "Ports dialled", items: portMatch, maxItems: 64 })),
      protocol: optional(
        enumeration({ description: "Transport protocol", values: ["TCP", "UDP"] }),
      ),
      sourceAgents: optional(labelSelector("Agents that connect, by their labels")),
    },
  }),
  {
    description: "A match names something",
    cel: [
      cel(
        "has(self.protocol) || self.destinationCIDRs.size() > 0 || self.destinationHostnames.size() > 0 || self.ports.size() > 0 || (has(self.sourceAgents) && (self.sourceAgents.matchLabels.size() > 0 || self.sourceAgents.matchExpressions.size() > 0))",
        "a match names destinationCIDRs, destinationHostnames, ports, protocol or sourceAgents",
      ),
    ],
    fields: ["destinationCIDRs", "destinationHostnames", "ports", "protocol", "sourceAgents"],
    check(value, report) {
      const lists = [value.destinationCIDRs, value.destinationHostnames, value.ports];
      if (value.protocol !== undefined || lists.some((list) => list.length > 0)) return;
      if (value.sourceAgents !== undefined && !isEmptySelector(value.sourceAgents)) return;
      const wanted = "destinationCIDRs, destinationHostnames, ports, protocol or sourceAgents";
      const detail = 'to allow every address write destinationCIDRs ["0.0.0.0/0", "::/0"]';
      report({ at: [], found: "an empty match", wanted, detail });
    },
  },
);

const filter = object({
  description: "A policy that the rule applies",
  fields: {
    type: enumeration({ description: "What is done", values: ["ExtensionRef"] }),
    extensionRef: extensionReference(["RateLimitPolicy", "LoggingPolicy"]),
  },
});

const rule = object({
  description: "Connections that are allowed",
  fields: {
    matches: array({ description: "Any of these", items: match, minItems: 1, maxItems: 64 }),
    filters: emptyIfAbsent(array({ description: "In this order", items: filter, maxItems: 16 })),
    backendRefs: emptyIfAbsent(backendReferences),
  },
});

const spec = object({
  description: "What is allowed",
  fields: {
    parentRefs: parentReferences,
    enforcement: enforcement("the route"),
    rules: array({
      description: "The first that matches decides",
      items: rule,
      minItems: 1,
      maxItems: 64,
    }),
  },
});

/** The schema of an EgressL4Route. */
export const egressL4RouteSchema = resource({
  kind: "EgressL4Route",
  description: "Connections that agents may open",
  spec,
  status: routeStatus,
});

/** A parsed EgressL4Route. */
export type EgressL4Route = Infer<typeof egressL4RouteSchema>;

/** The EgressL4Route kind. */
export const egressL4RouteKind = defineKind({
  kind: "EgressL4Route",
  plural: "egressl4routes",
  shortNames: ["el4r"],
  printerColumns: [ageColumn],
  schema: egressL4RouteSchema,
});
