/** Tests what the access loggers send, and where to. */
import t from "tap";
import { tryUnpackAny } from "../any.ts";
import { envoy } from "../proto/gen/xds.js";
import { httpAccessLog, interceptedAccessLog, tcpAccessLog } from "./access-log.ts";

const { HttpGrpcAccessLogConfig, TcpGrpcAccessLogConfig } = envoy.extensions.access_loggers.grpc.v3;
const { FileAccessLog } = envoy.extensions.access_loggers.file.v3;

t.test("httpAccessLog() streams to our server at once enough for a person who looks", async (t) => {
  const log = httpAccessLog("transparent");
  const config = tryUnpackAny(log.typedConfig ?? {}, HttpGrpcAccessLogConfig)?.commonConfig;
  t.equal(config?.logName, "transparent");
  t.equal(config?.grpcService?.envoyGrpc?.clusterName, "clrk-control");
  t.same(
    [config?.bufferFlushInterval?.seconds, config?.bufferFlushInterval?.nanos],
    [0, 100_000_000],
  );
  t.notOk("filter" in log);
});

t.test("tcpAccessLog() sends the decision, which no route name carries", async (t) => {
  const log = tcpAccessLog("explicit");
  const config = tryUnpackAny(log.typedConfig ?? {}, TcpGrpcAccessLogConfig)?.commonConfig;
  t.ok(config?.filterStateObjectsToLog.includes("clrk.decision"));
  t.ok(config?.filterStateObjectsToLog.includes("clrk.caller"));
});

t.test("httpAccessLog() and tcpAccessLog() take a filter", async (t) => {
  const filter = { notHealthCheckFilter: {} };
  t.equal(httpAccessLog("proxy", filter).filter, filter);
  t.equal(tcpAccessLog("proxy", filter).filter, filter);
});

t.test("loggers never send a header that can hold a credential", async (t) => {
  const { typedConfig } = httpAccessLog("explicit");
  const config = tryUnpackAny(typedConfig ?? {}, HttpGrpcAccessLogConfig);
  const headers = [
    ...(config?.additionalRequestHeadersToLog ?? []),
    ...(config?.additionalResponseHeadersToLog ?? []),
  ];
  t.same(
    headers.filter((name) => /auth|key|token|cookie|credential/i.test(name)),
    [],
  );
  const line = interceptedAccessLog({ name: "explicit", pipe: "/run/x" }, "https");
  const text = Buffer.from(line.typedConfig?.value ?? []).toString("latin1");
  t.notMatch(text, /authorization|cookie|api-key|%SECRET/i);
});

t.test(
  "interceptedAccessLog() writes lines where there is a pipe, and streams elsewhere",
  async (t) => {
    const file = interceptedAccessLog({ name: "explicit", pipe: "/run/x" }, "http");
    t.equal(tryUnpackAny(file.typedConfig ?? {}, FileAccessLog)?.path, "/run/x");
    t.same(interceptedAccessLog({ name: "explicit" }, "http"), httpAccessLog("explicit"));
  },
);
