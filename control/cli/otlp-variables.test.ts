/** Tests that a command is told where to send telemetry only where nobody else told it. */
import t from "tap";
import { otlpVariables } from "./otlp-variables.ts";

const endpoint = "http://127.0.0.1:4318";
const token = "clrk1.a.b";
const variables = {
  OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
  OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20clrk1.a.b",
  OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
};

t.test("otlpVariables() names the receiver and the credential", async (t) => {
  const userEnvironment = {
    PATH: "/bin",
    OTEL_SERVICE_NAME: "mine",
    OTEL_EXPORTER_OTLP_ENDPOINT: "",
  };
  t.same(otlpVariables({ endpoint, token, userEnvironment }), variables);
});

t.test("otlpVariables() is silent where there is no receiver", async (t) => {
  t.same(otlpVariables({ endpoint: undefined, token, userEnvironment: {} }), {});
});

t.test("otlpVariables() leaves all of it to a user who has set some", async (t) => {
  for (const name of [
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_LOGS_HEADERS",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
  ]) {
    t.same(otlpVariables({ endpoint, token, userEnvironment: { [name]: "x" } }), {}, name);
  }
});
