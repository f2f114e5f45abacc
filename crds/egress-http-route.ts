/**
 * EgressHTTPRoute: which HTTP requests to which hosts are allowed, and what changes on their headers. Shapes follow
 * Gateway API's HTTPRoute; a host without matches is allowed whole.
 */
import { enforcement } from "./enforcement.ts";
import {
  findPathMistake,
  headerNameFormat,
  headerValueFormat,
  methodFormat,
  modifiableHeaderNameFormat,
} from "./http-formats.ts";
import { ageColumn, defineKind, resource } from "./kind-definition.ts";
import { hostPatternFormat, pathGlobFormat } from "./match-formats.ts";
import { payloadRule } from "./payload-rule.ts";
import { quote } from "./problem.ts";
import { extensionReference, parentReferences } from "./references.ts";
import { requestSizeLimit } from "./request-size.ts";
import { readRegex } from "./regex.ts";
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

const path = refine(
  object({
    description: "Which paths are meant; the query does not count",
    fields: {
      type: defaulted(
        enumeration({
          description: 'Exact, PathPrefix (by whole segments), or Glob ("*" also matches "/")',
          values: ["Exact", "PathPrefix", "Glob"],
        }),
        "PathPrefix",
      ),
      value: string({ description: "The path, its beginning, or a glob of it", maxLength: 1024 }),
    },
  }),
  {
    description: "value is a path, or a glob when type is Glob",
    fields: ["type", "value"],
    check({ type, value }, report) {
      if (type !== "Glob") {
        const detail = findPathMistake(value);
        if (detail === undefined) return;
        report({
          at: ["value"],
          found: quote(value),
          wanted: 'a path such as "/v1/files"',
          detail,
        });
        return;
      }
      const reading = pathGlobFormat.read(value);
      if (reading.kind === "valid") return;
      report({
        at: ["value"],
        found: quote(value),
        wanted: pathGlobFormat.wanted,
        detail: reading.detail,
      });
    },
  },
);

const headerMatch = refine(
  object({
    description: "One header that the request must have",
    fields: {
      type: defaulted(
        enumeration({
          description: "How value is compared; always as a whole",
          values: ["Exact", "RegularExpression"],
        }),
        "Exact",
      ),
      name: string({
        description: "Header name, in any case",
        maxLength: 256,
        format: headerNameFormat,
      }),
      value: string({
        description: "Value or expression",
        maxLength: 4096,
        format: headerValueFormat,
        sensitive: true,
      }),
    },
  }),
  {
    description: "value is an RE2 expression when type is RegularExpression",
    fields: ["type", "value"],
    check({ type, value }, report) {
      if (type !== "RegularExpression") return;
      const reading = readRegex(value);
      if (reading.kind === "valid") return;
      report({
        at: ["value"],
        found: quote(value),
        wanted: "an RE2 regular expression",
        detail: reading.detail,
      });
    },
  },
);

const match = refine(
  object({
    description: "Requests that fulfil all of these",
    fields: {
      path: optional(path),
      method: optional(
        string({ description: "Request method", maxLength: 32, format: methodFormat }),
      ),
      headers: emptyIfAbsent(
        array({
          description: "Headers that the request must have, all of them",
          items: headerMatch,
          maxItems: 16,
          unique: { field: "name", ignoreCase: true },
        }),
      ),
    },
  }),
  {
    description: "A match names something",
    fields: ["path", "method", "headers"],
    check(value, report) {
      if (value.path !== undefined || value.method !== undefined || value.headers.length > 0)
        return;
      const wanted = "a path, a method or headers";
      report({
        at: [],
        found: "an empty match",
        wanted,
        detail: "leave matches out to allow every request",
      });
    },
  },
);

const headerEdits = array({
  description: "Headers to write",
  items: object({
    description: "One header",
    fields: {
      name: string({
        description: "Header name, in any case",
        maxLength: 256,
        format: modifiableHeaderNameFormat,
      }),
      value: string({
        description: "Value, as it is",
        minLength: 0,
        maxLength: 4096,
        format: headerValueFormat,
        sensitive: true,
      }),
    },
  }),
  maxItems: 16,
  unique: { field: "name", ignoreCase: true },
});

const headerModifier = refine(
  object({
    description: "Changes to headers: set replaces, add appends, remove takes away",
    fields: {
      set: emptyIfAbsent(headerEdits),
      add: emptyIfAbsent(headerEdits),
      remove: emptyIfAbsent(
        array({
          description: "Headers to take away",
          items: string({
            description: "Header name, in any case",
            maxLength: 256,
            format: modifiableHeaderNameFormat,
          }),
          maxItems: 16,
          unique: "value",
        }),
      ),
    },
  }),
  {
    description: "Something is changed, and no header in two ways",
    fields: ["set", "add", "remove"],
    check({ set, add, remove }, report) {
      if (set.length + add.length + remove.length === 0) {
        report({ at: [], found: "no changes", wanted: "set, add or remove" });
      }
      const seen = new Map<string, string>();
      const edits = [
        ...set.map(({ name }, index) => ({ name, list: "set", at: ["set", index, "name"] })),
        ...add.map(({ name }, index) => ({ name, list: "add", at: ["add", index, "name"] })),
        ...remove.map((name, index) => ({ name, list: "remove", at: ["remove", index] })),
      ];
      for (const { name, list, at } of edits) {
        const earlier = seen.get(name.toLowerCase());
        if (earlier !== undefined && earlier !== list) {
          report({
            at,
            found: `"${name}"`,
            wanted: "each header in one list",
            detail: `it is in ${earlier} too`,
          });
        }
        seen.set(name.toLowerCase(), list);
      }
    },
  },
);

const filter = object({
  description: "Something done to the requests that the rule allows, or to their answers",
  fields: {
    type: enumeration({
      description: "What is done",
      values: [
        "RequestHeaderModifier",
        "ResponseHeaderModifier",
        "RequestSizeLimit",
        "ExtensionRef",
      ],
      refused: {
        RequestMirror: "it would send a copy of the request elsewhere",
        RequestRedirect: "an egress route only allows; it does not answer",
        URLRewrite: "an egress route does not change where a request goes",
      },
    }),
    requestHeaderModifier: optional(headerModifier),
    responseHeaderModifier: optional(headerModifier),
    requestSizeLimit: optional(requestSizeLimit),
    extensionRef: optional(extensionReference(["RateLimitPolicy", "LoggingPolicy"])),
  },
  rules: [
    payloadRule("type", {
      RequestSizeLimit: "requestSizeLimit",
      RequestHeaderModifier: "requestHeaderModifier",
      ResponseHeaderModifier: "responseHeaderModifier",
      ExtensionRef: "extensionRef",
    }),
  ],
});

const rule = object({
  description: "Requests that are allowed, and what is done to them",
  fields: {
    matches: emptyIfAbsent(
      array({ description: "Any of these; every request when none", items: match, maxItems: 64 }),
    ),
    filters: emptyIfAbsent(array({ description: "In this order", items: filter, maxItems: 16 })),
  },
});

const spec = object({
  description: "What is allowed",
  fields: {
    parentRefs: parentReferences,
    enforcement: enforcement("the route"),
    hostnames: array({
      description: 'Hosts that the rules are about; "*." stands for any number of labels',
      items: string({ description: "Host", maxLength: 255, format: hostPatternFormat }),
      minItems: 1,
      maxItems: 64,
      unique: "value",
    }),
    rules: array({
      description: "Any of these allows a request; the first that does applies its filters",
      items: rule,
      minItems: 1,
      maxItems: 64,
    }),
  },
});

/** The schema of an EgressHTTPRoute. */
export const egressHttpRouteSchema = resource({
  kind: "EgressHTTPRoute",
  description: "HTTP requests that agents may send",
  spec,
});

/** A parsed EgressHTTPRoute. */
export type EgressHTTPRoute = Infer<typeof egressHttpRouteSchema>;

/** The EgressHTTPRoute kind. */
export const egressHttpRouteKind = defineKind({
  kind: "EgressHTTPRoute",
  plural: "egresshttproutes",
  shortNames: ["ehr"],
  printerColumns: [{ name: "Hostnames", type: "string", jsonPath: ".spec.hostnames" }, ageColumn],
  schema: egressHttpRouteSchema,
});
