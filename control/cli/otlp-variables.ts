/** What tells an OpenTelemetry SDK where to send what a command does, unless its user has told it already. */

/** What they are made of. */
export interface OtlpVariablesOptions {
  /** `http://127.0.0.1:port`; undefined: there is no receiver */
  readonly endpoint: string | undefined;
  /** Of the run; secret */
  readonly token: string;
  /** What the command inherits */
  readonly userEnvironment: Readonly<Record<string, string | undefined>>;
}

/**
 * The variables; none where there is no receiver, or where the user names an endpoint, headers or a protocol of OTLP
 * (also for one signal): half of two settings would send the token to somebody else.
 *
 * @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 */
export function otlpVariables(options: OtlpVariablesOptions): Record<string, string> {
  const { endpoint, token, userEnvironment } = options;
  if (endpoint === undefined) return {};
  const own = /^OTEL_EXPORTER_OTLP_(?:(?:TRACES|METRICS|LOGS)_)?(?:ENDPOINT|HEADERS|PROTOCOL)$/;
  const isSet = ([name, value]: [string, string | undefined]) => own.test(name) && Boolean(value);
  if (Object.entries(userEnvironment).some(isSet)) return {};
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    // Values are percent-encoded there, as in a baggage header.
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${token}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
  };
}
