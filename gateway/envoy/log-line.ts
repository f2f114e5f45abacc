/** Envoy's log lines as entries of our own log. */

/** One entry; `component` is Envoy's logger, such as `config` or `upstream`. */
export interface EnvoyLogEntry {
  readonly level: "warn" | "error";
  readonly component: string;
  readonly message: string;
}

/** Longest message kept: a rejected configuration can be quoted back at any length. */
const maxMessageLength = 2_000;

/** Lines that say nothing an operator could act on. */
const noise = [/marked as work-in-progress/, /There is no configured limit/];

/** Reads a line written as `level|component|message`; undefined for noise and empty lines. */
export function parseEnvoyLogLine(line: string): EnvoyLogEntry | undefined {
  if (line === "" || noise.some((pattern) => pattern.test(line))) return undefined;
  const [level, component, ...rest] = line.split("|");
  if (level === undefined || component === undefined || rest.length === 0) {
    // Fatal output (assertions, traces) comes without our format.
    return { level: "error", component: "envoy", message: line.slice(0, maxMessageLength) };
  }
  const message = rest.join("|").slice(0, maxMessageLength);
  return { level: level === "warning" || level === "info" ? "warn" : "error", component, message };
}
