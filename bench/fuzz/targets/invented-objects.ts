/** Objects of all kinds that mostly fit their schema, as choices tell it; names are few, so that references lead somewhere. */

import { kinds } from "../../../crds/kinds.ts";
import type { Field, Fields, ObjectSchema, Schema, StringSchema } from "../../../crds/schema.ts";
import type { Choices } from "../choices.ts";

const names = ["default", "a", "b"];

/** Texts that formats accept, by the name of the format or of the field; the last ones of each are on the edge. */
const texts: ReadonlyMap<string, readonly string[]> = new Map([
  ["host-pattern", ["api.openai.com", "*.example.com", "a.test", "10.0.0.1", "[::1]", "A.TEST."]],
  ["hostname-pattern", ["api.openai.com", "*.example.com", "a.test"]],
  ["hostname", ["a.test", "api.openai.com", "xn--bcher-kva.example"]],
  ["host", ["a.test", "127.0.0.1", "::1", "api.anthropic.com"]],
  [
    "cidr",
    ["10.0.0.0/8", "0.0.0.0/0", "127.0.0.1/32", "::/0", "2001:db8::/32", "::ffff:10.0.0.0/104"],
  ],
  ["ip", ["10.0.0.1", "::1", "203.0.113.9"]],
  ["duration", ["30s", "5m", "1ms", "744h", "1h0m0.5s"]],
  ["glob", ["*", "gpt-*", "claude-?", "a", "**"]],
  ["path-glob", ["/v1/*", "/", "*", "/v1/chat/completions", "/a?b"]],
  ["base-path", ["/openai/v1", "/x"]],
  ["image", ["agent:1", "registry.test:5000/a/b@sha256:0123", "a//b"]],
  ["cron", ["*/5 * * * *", "@daily", "CRON_TZ=UTC 0 6 1 jan mon-fri", "@every 90s", "9-5 * * * *"]],
  ["sandbox-mount-path", ["/data", "/var/clrk/state", "/etc/x"]],
  ["worker-mount-path", ["/data", "/run/clrk"]],
  ["usd", ["12.50", "0.000001", "0"]],
  ["percentage", ["5%", "100%", "101%"]],
  ["re2", ["a.*", "[a-z]+", "(?i)x{2,3}", "\\d+", "."]],
  ["group", ["clrk.apoxy.dev", "", "gateway.networking.k8s.io"]],
  [
    "kind",
    [
      "EgressGateway",
      "AIProviderRoute",
      "EgressHTTPRoute",
      "EgressL4Route",
      "MCPRoute",
      "Backend",
      "Secret",
      "LoggingPolicy",
      "RateLimitPolicy",
      "EgressDenyPolicy",
    ],
  ],
  ["name", names],
  ["namespace", ["default", "other"]],
  ["key", ["token", "x"]],
  ["sectionName", ["https", "http", "tcp"]],
  ["value", ["/v1", "a", "/a/../b", "%REQ(cookie)%", "100%", "/v1/x?y"]],
  ["header", ["authorization", "x-api-key", "X-Clrk-A", "cookie"]],
  [
    "provider",
    ["openai", "anthropic", "google", "aws-bedrock", "custom", "azure-openai", "nobody"],
  ],
]);
const anyText = [
  "a",
  "default",
  "x-a",
  "https",
  "/v1",
  "10s",
  "a.test",
  "{{token}}",
  "\u2028%",
  "authorization",
];

/** One object, or something like it. */
export function inventObject(choices: Choices): unknown {
  const definition = choices.pick(kinds);
  const spec = inventFields(definition.schema, choices, 0);
  return {
    ...spec,
    apiVersion: choices.oneIn(40) ? "v9" : definition.apiVersion,
    kind: definition.kind,
    metadata: { name: choices.pick(names), ...(choices.oneIn(6) && { namespace: "other" }) },
  };
}

function inventFields(
  schema: ObjectSchema<Fields>,
  choices: Choices,
  depth: number,
): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(schema.fields)) {
    const value = inventField(name, field, choices, depth);
    if (value !== undefined) made[name] = value;
  }
  if (choices.oneIn(60)) made["unknown"] = 1;
  return made;
}

function inventField(name: string, field: Field, choices: Choices, depth: number): unknown {
  switch (field.kind) {
    case "ignored":
      return undefined;
    case "optional":
    case "defaulted":
    case "empty-if-absent":
      return choices.below(5) < 2 || depth > 7
        ? undefined
        : inventValue(name, field.schema, choices, depth);
    default:
      return choices.oneIn(50) ? undefined : inventValue(name, field, choices, depth);
  }
}

function inventValue(name: string, schema: Schema, choices: Choices, depth: number): unknown {
  if (choices.oneIn(80)) return choices.pick([null, 0, "", [], {}, true, "x".repeat(300)]);
  switch (schema.kind) {
    case "string":
      return inventText(name, schema, choices);
    case "integer":
      return choices.pick([schema.min, schema.max, Math.min(schema.max, schema.min + 1), 443, 1.5]);
    case "boolean":
      return choices.below(2) === 0;
    case "quantity":
      return choices.pick(["500m", "2Gi", 1, "0", "1e3"]);
    case "json":
      return choices.pick([{}, { a: [1, null] }, { b: "x" }, 7]);
    case "enumeration":
      return choices.oneIn(30) ? "other" : choices.pick(schema.values);
    case "array": {
      const count = Math.min(schema.maxItems, schema.minItems + choices.below(3));
      return Array.from({ length: count }, () =>
        inventValue(name, schema.items, choices, depth + 1),
      );
    }
    case "map": {
      const entries = Array.from({ length: choices.below(3) }, (): [string, unknown] => [
        choices.pick(anyText),
        inventValue("value", schema.values, choices, depth + 1),
      ]);
      return Object.fromEntries(entries);
    }
    case "object":
      return inventFields(schema, choices, depth + 1);
  }
}

function inventText(name: string, { format, maxLength }: StringSchema, choices: Choices): string {
  if (choices.oneIn(30)) return choices.pick(anyText).repeat(Math.min(maxLength, 40));
  const fitting = texts.get(format?.name ?? "") ?? texts.get(name) ?? anyText;
  return choices.pick(fitting);
}
