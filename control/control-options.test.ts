/** Tests of the control process's command line. */
import t from "tap";
import { parseControlOptions } from "./control-options.ts";

t.test("parseControlOptions() has defaults, and takes what is given", async (t) => {
  t.same(parseControlOptions([]), {
    address: "127.0.0.1",
    port: 0,
    paths: [],
    providers: [],
    nats: [],
    telemetryOff: false,
    exitsWithParent: false,
    logLevel: "warn",
    restarts: 0,
    reports: false,
  });
  const given = [
    "--address",
    "::1",
    "--port",
    "6443",
    "--kubeconfig",
    "k",
    ...["-f", "a", "--file", "b", "--provider", "./acme"],
    ...["--nats", "nats://a:4222", "--nats-credentials", "c.creds"],
    ...["--telemetry", "off"],
    ...["--report", "--restarts", "3"],
    "--exit-with-parent",
    "--log-level",
    "debug",
  ];
  t.same(parseControlOptions(given), {
    address: "::1",
    port: 6443,
    paths: ["a", "b"],
    providers: ["./acme"],
    kubeconfig: "k",
    nats: ["nats://a:4222"],
    telemetryOff: true,
    natsCredentials: "c.creds",
    exitsWithParent: true,
    logLevel: "debug",
    restarts: 3,
    reports: true,
  });
});

t.test("parseControlOptions() refuses the rest with a sentence", async (t) => {
  for (const [args, message] of [
    [["--port", "70000"], /Cannot use port "70000": wanted a number from 0 to 65535/],
    [["--port", "x"], /Cannot use port "x"/],
    [["--log-level", "loud"], /Cannot use log level "loud": wanted one of debug/],
    [["--nats", "http://a"], /Cannot use NATS server "http:\/\/a": wanted nats:/],
    [["--restarts", "-1"], /Cannot read arguments/],
    [["--restarts", "many"], /Cannot use --restarts "many": wanted a number of starts/],
    [["--unknown"], /Cannot read arguments/],
    [["word"], /Cannot read arguments/],
  ] as const) {
    t.throws(() => parseControlOptions(args), { code: "CLRK_INVALID_ARGUMENT", message });
  }
});
