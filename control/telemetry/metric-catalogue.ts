/**
 * The metrics that are computed from stored telemetry when they are asked for. Every piece of SQL that a series may hold
 * stands here; a request only chooses among them by name.
 */

/** What is added up or distributed. */
export interface MetricMeasure {
  /** Value of the label `measure`; empty where a metric has only one */
  readonly name: string;
  readonly sql: string;
}

/** One metric. */
export interface Metric {
  readonly id: string;
  readonly type: "counter" | "histogram";
  readonly unit: string;
  readonly source: "otel_traces" | "otel_logs";
  readonly where: string;
  /** Sums of a counter; of a histogram the one value that is distributed */
  readonly measures: readonly MetricMeasure[];
  /** SQL of each label that it can be grouped by; the first is the default */
  readonly groupBy: ReadonlyMap<string, string>;
}

const gateway = "Source = 'gateway'";
const durationMs = { name: "", sql: "Duration / 1e6" };
const one = { name: "", sql: "count()" };

const routeName = (kind: string) =>
  `if(startsWith(Route, '${kind}/'), splitByChar('/', toString(Route))[3], '')`;
const aiRoute = ["aiproviderroute.name", routeName("AIProviderRoute")] as const;
const mcpRoute = ["mcproute.name", routeName("MCPRoute")] as const;
const agentName = ["agent.name", "AgentName"] as const;
const agentKind = ["agent.kind", "AgentKind"] as const;
const requestModel = ["gen_ai.request.model", "RequestModel"] as const;
const system = ["gen_ai.system", "replaceAll(toString(Provider), '-', '_')"] as const;
const operation = ["gen_ai.operation.name", "Operation"] as const;
const toolName = ["mcp.tool.name", "McpTool"] as const;
const statusClass = [
  "http.response.status_class",
  "if(HttpStatus = 0, 'none', concat(toString(intDiv(HttpStatus, 100)), 'xx'))",
] as const;

/** Every metric, by id. */
export const metricCatalogue: ReadonlyMap<string, Metric> = new Map(
  [
    counter("gen_ai.tokens", "tokens", `${gateway} AND Provider != ''`, {
      measures: [
        { name: "input", sql: "sum(InputTokens)" },
        { name: "output", sql: "sum(OutputTokens)" },
      ],
      groupBy: [requestModel, system, agentName],
    }),
    counter("gen_ai.cost", "USD", `${gateway} AND Cost IS NOT NULL`, {
      measures: [{ name: "", sql: "sum(assumeNotNull(Cost))" }],
      groupBy: [requestModel, system, agentName, aiRoute],
    }),
    counter(
      "gen_ai.unpriced",
      "calls",
      `${gateway} AND Cost IS NULL AND InputTokens + OutputTokens > 0`,
      { measures: [one], groupBy: [requestModel, system, agentName, aiRoute] },
    ),
    histogram("gen_ai.duration", `${gateway} AND RequestModel != ''`, durationMs, [
      requestModel,
      operation,
    ]),
    histogram(
      "gen_ai.time_to_first_token",
      `${gateway} AND TimeToFirstTokenMs IS NOT NULL`,
      { name: "", sql: "assumeNotNull(TimeToFirstTokenMs)" },
      [requestModel, system],
    ),
    counter("mcp.calls", "calls", `${gateway} AND McpMethod != ''`, {
      measures: [one],
      groupBy: [
        toolName,
        mcpRoute,
        ["mcproute.toolpolicy.decision", "McpOutcome"],
        ["mcp.method", "McpMethod"],
      ],
    }),
    histogram("mcp.duration", `${gateway} AND McpMethod != ''`, durationMs, [mcpRoute, toolName]),
    counter("egress.requests", "requests", `${gateway} AND RecordKind = 'http'`, {
      measures: [one],
      groupBy: [
        statusClass,
        ["http.response.status_code", "toString(HttpStatus)"],
        aiRoute,
        mcpRoute,
        agentName,
      ],
    }),
    counter("egress.bytes", "bytes", gateway, {
      measures: [
        { name: "request", sql: "sum(RequestBytes)" },
        { name: "response", sql: "sum(ResponseBytes)" },
      ],
      groupBy: [agentName, aiRoute, mcpRoute],
    }),
    counter("egress.denied", "requests", `${gateway} AND Verdict = 'deny'`, {
      measures: [one],
      groupBy: [["clrk.deny.reason", "Reason"], agentName],
    }),
    counter("agent.invocations", "invocations", "InvocationId != ''", {
      measures: [{ name: "", sql: "uniqExact(InvocationId)" }],
      groupBy: [agentName, agentKind],
    }),
    counter("agent.errors", "spans", "StatusCode = 'Error'", {
      measures: [one],
      groupBy: [agentName, agentKind],
    }),
    counter(
      "budget.denied",
      "requests",
      `${gateway} AND Verdict = 'deny' AND startsWith(Reason, 'budget-')`,
      {
        measures: [one],
        groupBy: [aiRoute],
      },
    ),
    counter("log.severity", "records", "1", {
      source: "otel_logs",
      measures: [one],
      groupBy: [
        ["severity", "SeverityText"],
        ["component", "Component"],
      ],
    }),
  ].map((metric) => [metric.id, metric]),
);

type Label = readonly [name: string, sql: string];

function counter(
  id: string,
  unit: string,
  where: string,
  {
    measures,
    groupBy,
    source = "otel_traces",
  }: {
    readonly measures: readonly MetricMeasure[];
    readonly groupBy: readonly Label[];
    readonly source?: Metric["source"];
  },
): Metric {
  return { id, type: "counter", unit, source, where, measures, groupBy: new Map(groupBy) };
}

function histogram(
  id: string,
  where: string,
  measure: MetricMeasure,
  groupBy: readonly Label[],
): Metric {
  const groups = new Map(groupBy);
  return {
    id,
    type: "histogram",
    unit: "ms",
    source: "otel_traces",
    where,
    measures: [measure],
    groupBy: groups,
  };
}
