/** EgressGateway: the way out for agents. Which ports it treats how, what happens without a route, what it trusts. */
import { egressGatewayListener } from "./egress-gateway-listener.ts";
import { enforcement } from "./enforcement.ts";
import {
  headerNameFormat,
  headerValueFormat,
  httpUrlFormat,
  mediaTypeFormat,
} from "./http-formats.ts";
import { ageColumn, defineKind, resource } from "./kind-definition.ts";
import { convertExtProc } from "./legacy-ext-proc.ts";
import { maxCaptureBytes } from "./logging-policy.ts";
import { addressFormat, dnsNameFormat, durationFormat } from "./match-formats.ts";
import { dnsLabelFormat, dnsSubdomainFormat } from "./name-formats.ts";
import { payloadRule } from "./payload-rule.ts";
import { maxRequestBytes } from "./request-size.ts";
import { findForeignNamespace, port, secretReference } from "./references.ts";
import {
  array,
  defaulted,
  emptyIfAbsent,
  enumeration,
  integer,
  map,
  object,
  optional,
  refine,
  string,
} from "./schema.ts";
import type { Infer } from "./schema.ts";
import { conditions, count, statusOf } from "./status.ts";

/** What is kept of a body where no object says. */
export const captureDefaults = {
  /** Most of one body */
  maxBytes: 65_536,
  contentTypes: ["application/json", "application/x-ndjson", "text/event-stream"],
} as const;

const exportHeaders = emptyIfAbsent(
  map({
    description: "Headers of each export, such as an API key of the receiver",
    keys: headerNameFormat,
    values: string({
      description: "Header value",
      minLength: 0,
      maxLength: 4096,
      format: headerValueFormat,
    }),
    maxProperties: 32,
    sensitive: true,
  }),
);

const sink = object({
  description: "A place for records of rules whose LoggingPolicy names it",
  fields: {
    name: string({
      description: "What sinkRef of a LoggingPolicy says",
      maxLength: 63,
      format: dnsLabelFormat,
    }),
    type: enumeration({
      description: "A file of its own beside the other records, or an OTLP/HTTP receiver",
      values: ["File", "OTLP"],
    }),
    otlp: optional(
      object({
        description: "The receiver",
        fields: {
          endpoint: string({
            description: "Base URL of an OTLP/HTTP receiver",
            maxLength: 2048,
            format: httpUrlFormat,
            sensitive: true,
          }),
          headers: exportHeaders,
        },
      }),
    ),
  },
  rules: [payloadRule("type", { OTLP: "otlp" })],
});

const otlp = object({
  description:
    "Where records, and what agents send themselves, go besides the own store; what records hold",
  fields: {
    endpoint: optional(
      string({
        description: "Base URL of an OTLP/HTTP receiver; none when absent",
        maxLength: 2048,
        format: httpUrlFormat,
        sensitive: true,
      }),
    ),
    headers: exportHeaders,
    captureBody: optional(
      object({
        description: "Puts request and response bodies into records; absent means no bodies",
        fields: {
          maxBytes: defaulted(
            integer({ description: "Most `bytes` kept of one body", min: 1, max: maxCaptureBytes }),
            captureDefaults.maxBytes,
          ),
          includeContentTypes: emptyIfAbsent(
            array({
              description: "Media types captured; none means JSON, NDJSON and event streams",
              items: string({ description: "Media type", maxLength: 127, format: mediaTypeFormat }),
              maxItems: 32,
              unique: "value",
            }),
          ),
        },
      }),
    ),
  },
});

const upstreamTls = object({
  description: "Whom the gateway trusts, and where names lead",
  fields: {
    additionalTrustBundleSecretRef: optional(
      secretReference("Secret whose values are PEM bundles, trusted besides the public roots"),
    ),
    hostAliases: emptyIfAbsent(
      array({
        description: "Names that are not looked up in DNS",
        items: object({
          description: "An address for some names",
          fields: {
            ip: string({ description: "Address dialled", maxLength: 45, format: addressFormat }),
            hostnames: array({
              description: "Names that lead there",
              items: string({ description: "DNS name", maxLength: 254, format: dnsNameFormat }),
              minItems: 1,
              maxItems: 32,
              unique: "value",
            }),
            port: optional(port("Port dialled in place of the one asked for")),
          },
        }),
        maxItems: 64,
      }),
    ),
  },
});

/** Envoy bounds headers in steps of so many bytes. */
const headerStepBytes = 1_024;

const limits = refine(
  object({
    description: "Ceilings of all that passes the gateway; rules may only say less",
    fields: {
      maxRequestBytes: optional(
        integer({
          description: "Most `bytes` of a request's body as it is sent; any when absent",
          min: 1,
          max: maxRequestBytes,
        }),
      ),
      maxRequestHeaderBytes: optional(
        integer({
          description: "Most `bytes` of a request's headers, a multiple of 1024; 61440 when absent",
          min: 8 * headerStepBytes,
          max: 8_192 * headerStepBytes,
        }),
      ),
      maxConcurrentRequests: optional(
        integer({
          description:
            "Most requests that one agent may have open at one time, its answers included; any when absent",
          min: 1,
          max: 65_535,
        }),
      ),
      rateLimitPolicies: emptyIfAbsent(
        array({
          description:
            "RateLimitPolicies of this namespace of which each request takes one, and each connection that is passed on",
          items: string({ description: "Name", maxLength: 253, format: dnsSubdomainFormat }),
          maxItems: 8,
          unique: "value",
        }),
      ),
    },
  }),
  {
    description: "Headers are bounded in steps",
    fields: ["maxRequestHeaderBytes"],
    constraint: { properties: { maxRequestHeaderBytes: { multipleOf: headerStepBytes } } },
    check({ maxRequestHeaderBytes: bytes = 0 }, report) {
      if (bytes % headerStepBytes === 0) return;
      const wanted = `a multiple of ${headerStepBytes}`;
      report({ at: ["maxRequestHeaderBytes"], found: String(bytes), wanted });
    },
  },
);

const spec = object({
  description: "What the gateway does",
  fields: {
    defaultPolicy: defaulted(
      enumeration({
        description: "What happens to traffic that no route is about",
        values: ["deny-all", "allow-all"],
      }),
      "deny-all",
    ),
    enforcement: enforcement("the gateway or any of its routes"),
    listeners: array({
      description: "How traffic is treated, by destination port",
      items: egressGatewayListener,
      minItems: 1,
      maxItems: 8,
      unique: { field: "name" },
    }),
    otlp: optional(otlp),
    sinks: emptyIfAbsent(
      array({
        description: "Further places for records, which LoggingPolicies name",
        items: sink,
        maxItems: 16,
        unique: { field: "name" },
      }),
    ),
    upstreamTLS: optional(upstreamTls),
    dns: optional(
      object({
        description: "How names are looked up",
        fields: {
          lookupFamily: defaulted(
            enumeration({
              description: "Which addresses are asked for",
              values: ["V4Preferred", "V4Only", "V6Only", "Auto", "All"],
            }),
            "V4Preferred",
          ),
        },
      }),
    ),
    limits: optional(limits),
    requestTimeout: optional(
      string({
        description: "Longest time for a request and its answer; 5m when absent",
        maxLength: 32,
        format: durationFormat,
      }),
    ),
    explicitProxy: optional(
      object({
        description: "The address that HTTPS_PROXY names, for agents that are not captured",
        fields: {
          address: defaulted(
            string({ description: "IP address listened on", maxLength: 45, format: addressFormat }),
            "127.0.0.1",
          ),
          port: defaulted(
            integer({
              description: "Port listened on; 0 means any free port",
              min: 0,
              max: 65_535,
            }),
            0,
          ),
        },
      }),
    ),
  },
});

/** What is observed about an EgressGateway. */
export const egressGatewayStatus = statusOf({
  conditions,
  listenerCount: optional(count("How many listeners there are", 8)),
  listeners: optional(
    array({
      description: "What is observed about each listener",
      items: object({
        description: "What is observed about one listener",
        fields: {
          name: string({
            description: "Name of the listener",
            maxLength: 63,
            format: dnsLabelFormat,
          }),
          port: optional(port("Port on which Envoy listens for it")),
          backendAddress: optional(
            string({ description: "Host and port that sandboxes dial for it", maxLength: 320 }),
          ),
          attachedRoutes: optional(count("Routes whose traffic it carries")),
          conditions,
        },
      }),
      maxItems: 8,
      unique: { field: "name" },
    }),
  ),
});

/** The schema of an EgressGateway. */
export const egressGatewaySchema = refine(
  resource({
    kind: "EgressGateway",
    description: "A way out for agents, and what happens on it",
    spec,
    status: egressGatewayStatus,
    // Its name becomes one label of host names and part of Envoy's node id.
    nameFormat: dnsLabelFormat,
  }),
  {
    description: "Secrets are named in the gateway's own namespace",
    fields: ["metadata", "spec"],
    check(gateway, report) {
      const own = gateway.metadata.namespace;
      const bundle = gateway.spec.upstreamTLS?.additionalTrustBundleSecretRef;
      const foreign = findForeignNamespace(bundle, own);
      if (foreign !== undefined) {
        report({
          at: ["spec", "upstreamTLS", "additionalTrustBundleSecretRef", "namespace"],
          ...foreign,
        });
      }
      for (const [index, { tls }] of gateway.spec.listeners.entries()) {
        const mistake = findForeignNamespace(tls?.caCertRef, own);
        if (mistake !== undefined) {
          report({ at: ["spec", "listeners", index, "tls", "caCertRef", "namespace"], ...mistake });
        }
      }
    },
  },
);

/** A parsed EgressGateway. */
export type EgressGateway = Infer<typeof egressGatewaySchema>;

/** The EgressGateway kind. Takes the old `spec.extProc` for what it meant. */
export const egressGatewayKind = defineKind({
  kind: "EgressGateway",
  plural: "egressgateways",
  shortNames: ["egw"],
  printerColumns: [
    { name: "Policy", type: "string", jsonPath: ".spec.defaultPolicy" },
    { name: "Listeners", type: "integer", jsonPath: ".status.listenerCount" },
    ageColumn,
  ],
  schema: egressGatewaySchema,
  convert: convertExtProc,
});
