/** Tests of the control process's command line. */
import t from "tap";
import { parseControlOptions } from "./control-options.ts";

t.test("parseControlOptions() has defaults, and takes what is given", async (t) => {
  t.same(parseControlOptions([]), {
    address: "127.0.0.1",
    port: 0,
    paths: [],
    providers: [],
    exitsWithParent: false,
    logLevel: "warn",
  });
  const given = [
    "--address",
    "::1",
    "--port",
    "6443",
    "--kubeconfig",
    "k",
    ...["-f", "a", "--file", "b", "--provider", "./acme"],
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
    exitsWithParent: true,
    logLevel: "debug",
  });
});

t.test("parseControlOptions() refuses the rest with a sentence", async (t) => {
  for (const [args, message] of [
    [["--port", "70000"], /Cannot use port "70000": wanted a number from 0 to 65535/],
    [["--port", "x"], /Cannot use port "x"/],
    [["--log-level", "loud"], /Cannot use log level "loud": wanted one of debug/],
    [["--unknown"], /Cannot read arguments/],
    [["word"], /Cannot read arguments/],
  ] as const) {
    t.throws(() => parseControlOptions(args), { code: "CLRK_INVALID_ARGUMENT", message });
  }
});
