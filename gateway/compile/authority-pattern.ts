/**
 * What `:authority` looks like for the hosts and ports of an EgressL4Route, as RE2 over the whole header. The port in
 * it is the dialled one: Envoy refuses requests whose authority does not agree with their connection.
 */

import type { HostMatch, PortRange } from "../snapshot.ts";
import { portPattern } from "../xds/port-pattern.ts";

/** How agents speak; it decides which port an authority without one means. */
export type Scheme = "tls" | "plain";

const defaultPorts: Record<Scheme, number> = { tls: 443, plain: 80 };

/**
 * The pattern for one host (a wildcard stands for exactly one label) and ports (none: any). Undefined when every
 * authority that gets as far as the host's rules matches anyway.
 */
export function authorityPattern(
  host: HostMatch,
  ports: readonly PortRange[],
  scheme: Scheme,
): string | undefined {
  if (ports.length === 0) {
    return host.kind === "wildcard" ? `${namePattern(host)}(?::[0-9]+)?` : undefined;
  }
  const isDefault = ports.some(
    ({ start, end }) => start <= defaultPorts[scheme] && defaultPorts[scheme] <= end,
  );
  return `${namePattern(host)}(?::(?:${portPattern(ports)}))${isDefault ? "?" : ""}`;
}

function namePattern(host: HostMatch): string {
  const name = escapeRegex(host.value);
  switch (host.kind) {
    case "exact":
      return `(?i)${name}`;
    case "wildcard":
      return `(?i)[^.:]+\\.${name}`;
    case "ip":
      return host.value.includes(":") ? `(?i)\\[${name}\\]` : name;
    case "any":
      return "(?:\\[[^\\]]*\\]|[^:\\[\\]]+)";
  }
}

function escapeRegex(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
