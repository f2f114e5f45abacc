/** Tests which access logger reports what. */
import t from "tap";
import { envoy } from "../proto/gen/xds.js";
import { tryUnpackAny } from "../any.ts";
import {
  attemptAccessLog,
  httpAccessLog,
  interceptedAccessLog,
  tcpAccessLog,
} from "./access-log.ts";
import { attemptLineFormat, lineFormat } from "./access-log-line.ts";

const { FileAccessLog } = envoy.extensions.access_loggers.file.v3;
const { HttpGrpcAccessLogConfig, TcpGrpcAccessLogConfig } = envoy.extensions.access_loggers.grpc.v3;

type AccessLog = ReturnType<typeof httpAccessLog>;

function packed({ typedConfig }: AccessLog) {
  return { typeUrl: typedConfig?.typeUrl ?? "", value: typedConfig?.value ?? new Uint8Array() };
}

t.test("interceptedAccessLog() writes lines where there is a pipe", async (t) => {
  const log = interceptedAccessLog({ name: "transparent", pipe: "/run/http.log" }, "http");
  t.match(tryUnpackAny(packed(log), FileAccessLog), {
    path: "/run/http.log",
    logFormat: {
      textFormatSource: { inlineString: lineFormat("transparent", "http") },
      omitEmptyValues: true,
    },
  });
  t.equal(log.filter, undefined);
});

t.test("interceptedAccessLog() streams where there is none", async (t) => {
  t.same(interceptedAccessLog({ name: "explicit" }, "https"), httpAccessLog("explicit"));
  const sink = { name: "explicit", pipe: undefined } as const;
  t.same(interceptedAccessLog(sink, "https"), httpAccessLog("explicit"));
});

t.test("httpAccessLog() logs the facts that records are made of", async (t) => {
  t.match(tryUnpackAny(packed(httpAccessLog("proxy")), HttpGrpcAccessLogConfig), {
    commonConfig: {
      logName: "proxy",
      filterStateObjectsToLog: [
        "clrk.caller",
        "clrk.side",
        "clrk.port",
        "clrk.dialled",
        "clrk.host",
      ],
    },
    additionalRequestHeadersToLog: ["traceparent", ":method"],
  });
});

t.test("httpAccessLog() takes a filter", async (t) => {
  const filter = { notHealthCheckFilter: {} };
  t.equal(httpAccessLog("proxy", filter).filter, filter);
});

t.test("tcpAccessLog() logs the decision, which no route names", async (t) => {
  t.match(tryUnpackAny(packed(tcpAccessLog("transparent")), TcpGrpcAccessLogConfig), {
    commonConfig: {
      logName: "transparent",
      filterStateObjectsToLog: [
        "clrk.caller",
        "clrk.side",
        "clrk.port",
        "clrk.dialled",
        "clrk.decision",
      ],
    },
  });
});

t.test(
  "attemptAccessLog() writes attempts at candidates into the pipe, and no others",
  async (t) => {
    const [log, none] = attemptAccessLog({ name: "explicit", pipe: "/run/http.log" });
    t.equal(none, undefined);
    t.match(log && tryUnpackAny(packed(log), FileAccessLog), {
      path: "/run/http.log",
      logFormat: { textFormatSource: { inlineString: attemptLineFormat() }, omitEmptyValues: true },
    });
    const { ExpressionFilter } = envoy.extensions.access_loggers.filters.cel.v3;
    const filter = log?.filter?.extensionFilter?.typedConfig ?? {};
    t.equal(
      tryUnpackAny(filter, ExpressionFilter)?.expression,
      "xds.cluster_name.startsWith('candidate/')",
    );
  },
);

t.test("attemptAccessLog() is none where transactions are streamed", async (t) => {
  t.same(attemptAccessLog({ name: "explicit" }), []);
});
