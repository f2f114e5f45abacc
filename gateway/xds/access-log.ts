/**
 * Access loggers: one entry a transaction, streamed to our access log server or, where Envoy runs beside us and
 * speed matters, written as a line into a pipe.
 */

import { typedExtension } from "../any.ts";
import { duration, uint32 } from "../protobuf-values.ts";
import { envoy } from "../proto/gen/xds.js";
import { candidateClusterPrefix } from "../routing-plan.ts";
import { attemptLineFormat, lineFormat } from "./access-log-line.ts";
import { FILTER_STATE } from "./filter-state.ts";
import { RESOURCE } from "./resource-names.ts";

/** Entries wait this long for company: short enough for a person who looks at live lines. */
const flushIntervalMs = 100;

/** About 100 entries; a full buffer is sent at once. */
const bufferBytes = 64 * 1024;

/** `:method` is there for methods that the entry's enum does not know. */
const loggedHeaders = ["traceparent", ":method"];

/** Which entries a logger writes; the log name tells the server where they came from. */
export type AccessLogName = "explicit" | "transparent" | "proxy";

/** Where the transactions of a listener are reported. */
export interface AccessLogSink {
  readonly name: AccessLogName;
  /** FIFO that takes HTTP transactions as lines; absent: they are streamed, as raw connections always are */
  readonly pipe?: string | undefined;
}

type AccessLog = envoy.config.accesslog.v3.IAccessLog;

/** Logs the HTTP transactions of intercepted connections. */
export function interceptedAccessLog(
  { name, pipe }: AccessLogSink,
  scheme: "http" | "https",
): AccessLog {
  if (pipe === undefined) return httpAccessLog(name);
  const { FileAccessLog } = envoy.extensions.access_loggers.file.v3;
  return typedExtension("envoy.access_loggers.file", FileAccessLog, {
    path: pipe,
    logFormat: {
      textFormatSource: { inlineString: lineFormat(name, scheme) },
      omitEmptyValues: true,
    },
  });
}

/** Logs the attempts at candidates, and no others; none where transactions are streamed. */
export function attemptAccessLog({ pipe }: AccessLogSink): AccessLog[] {
  if (pipe === undefined) return [];
  const { FileAccessLog } = envoy.extensions.access_loggers.file.v3;
  const { ExpressionFilter } = envoy.extensions.access_loggers.filters.cel.v3;
  const expression = `xds.cluster_name.startsWith('${candidateClusterPrefix}')`;
  return [
    {
      ...typedExtension("envoy.access_loggers.file", FileAccessLog, {
        path: pipe,
        logFormat: {
          textFormatSource: { inlineString: attemptLineFormat() },
          omitEmptyValues: true,
        },
      }),
      filter: {
        extensionFilter: typedExtension(
          "envoy.access_loggers.extension_filters.cel",
          ExpressionFilter,
          { expression },
        ),
      },
    },
  ];
}

/** Logs HTTP transactions to the access log server. */
export function httpAccessLog(name: AccessLogName, filter?: AccessLog["filter"]): AccessLog {
  const { HttpGrpcAccessLogConfig } = envoy.extensions.access_loggers.grpc.v3;
  return {
    ...typedExtension("envoy.access_loggers.http_grpc", HttpGrpcAccessLogConfig, {
      commonConfig: commonConfig(name, [
        FILTER_STATE.caller,
        FILTER_STATE.side,
        FILTER_STATE.port,
        FILTER_STATE.dialled,
        FILTER_STATE.host,
      ]),
      additionalRequestHeadersToLog: loggedHeaders,
    }),
    ...(filter && { filter }),
  };
}

/** Logs raw connections when they end. */
export function tcpAccessLog(name: AccessLogName, filter?: AccessLog["filter"]): AccessLog {
  const { TcpGrpcAccessLogConfig } = envoy.extensions.access_loggers.grpc.v3;
  return {
    ...typedExtension("envoy.access_loggers.tcp_grpc", TcpGrpcAccessLogConfig, {
      commonConfig: commonConfig(name, [
        FILTER_STATE.caller,
        FILTER_STATE.side,
        FILTER_STATE.port,
        FILTER_STATE.dialled,
        FILTER_STATE.decision,
      ]),
    }),
    ...(filter && { filter }),
  };
}

function commonConfig(logName: AccessLogName, filterStateObjectsToLog: string[]) {
  return {
    logName,
    grpcService: { envoyGrpc: { clusterName: RESOURCE.control } },
    transportApiVersion: envoy.config.core.v3.ApiVersion.V3,
    bufferFlushInterval: duration(flushIntervalMs),
    bufferSizeBytes: uint32(bufferBytes),
    filterStateObjectsToLog,
  };
}
