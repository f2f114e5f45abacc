/** Tests the command line of the gateway process. */
import t from "tap";
import { parseProcessOptions } from "./process-options.ts";

const defaults = { concurrency: 2, engineThreads: 2 };

t.test("parseProcessOptions() of nothing has defaults", async (t) => {
  t.match(parseProcessOptions([], defaults), {
    paths: [],
    secrets: [],
    providers: [],
    concurrency: 2,
    exitsWithParent: false,
    logLevel: "warn",
  });
  t.notOk("transparent" in parseProcessOptions([], defaults));
});

t.test("parseProcessOptions() takes everything", async (t) => {
  const args = [
    "-f",
    "a",
    "--file",
    "b",
    "--secret",
    "X=Y",
    "--provider",
    "acme",
    "--provider",
    "./x.ts",
    "--transparent",
    "[::1]:15001",
    "--concurrency",
    "4",
    "--exit-with-parent",
    "--log-level",
    "debug",
  ];
  t.match(parseProcessOptions(args, defaults), {
    paths: ["a", "b"],
    secrets: ["X=Y"],
    providers: ["acme", "./x.ts"],
    transparent: { address: "::1", port: 15_001 },
    concurrency: 4,
    exitsWithParent: true,
    logLevel: "debug",
  });
});

t.test("parseProcessOptions() follows a control process", async (t) => {
  t.match(parseProcessOptions(["--feed", "feed.sock"], defaults), { feed: "feed.sock", paths: [] });
  t.notOk("feed" in parseProcessOptions([], defaults));
});

const endpoints: readonly {
  readonly text: string;
  readonly address: string;
  readonly port: number;
}[] = [
  { text: "15001", address: "127.0.0.1", port: 15_001 },
  { text: "0.0.0.0:1", address: "0.0.0.0", port: 1 },
  { text: "[2001:db8::1]:65535", address: "2001:db8::1", port: 65_535 },
];

for (const { text, address, port } of endpoints) {
  t.test(`parseProcessOptions() listens transparently at ${text}`, async (t) => {
    const { transparent } = parseProcessOptions(["--transparent", text], defaults);
    t.same(transparent, { address, port });
  });
}

const rejected: readonly { readonly args: string[]; readonly message: string }[] = [
  {
    args: ["--transparent", "host"],
    message: 'Cannot use transparent listener "host": wanted [ADDRESS:]PORT',
  },
  {
    args: ["--transparent", ""],
    message: 'Cannot use transparent listener "": wanted [ADDRESS:]PORT',
  },
  {
    args: ["--transparent", "1:99999"],
    message: 'Cannot use transparent listener "1:99999": wanted [ADDRESS:]PORT',
  },
  {
    args: ["--transparent", "65536"],
    message: 'Cannot use transparent listener "65536": wanted [ADDRESS:]PORT',
  },
  {
    args: ["--transparent", "host:80"],
    message: 'Cannot use transparent listener "host:80": wanted [ADDRESS:]PORT',
  },
  {
    args: ["--concurrency", "0"],
    message: 'Cannot use concurrency "0": wanted a number from 1 to 256',
  },
  {
    args: ["--concurrency", "257"],
    message: 'Cannot use concurrency "257": wanted a number from 1 to 256',
  },
  {
    args: ["--concurrency", "1.5"],
    message: 'Cannot use concurrency "1.5": wanted a number from 1 to 256',
  },
  {
    args: ["--concurrency", ""],
    message: 'Cannot use concurrency "": wanted a number from 1 to 256',
  },
  {
    args: ["-f", "a", "--feed", "feed.sock"],
    message: "Cannot serve manifests beside a control process: wanted --file or --feed",
  },
  {
    args: ["--log-level", "loud"],
    message: 'Cannot use log level "loud": wanted one of debug, info, warn, error, silent',
  },
];

for (const { args, message } of rejected) {
  t.test(`parseProcessOptions() rejects ${args.join(" ")}`, async (t) => {
    t.throws(() => parseProcessOptions(args, defaults), {
      code: "CLRK_INVALID_ARGUMENT",
      message,
      expose: message,
    });
  });
}

for (const args of [["--unknown"], ["stray"], ["--file"]]) {
  t.test(`parseProcessOptions() rejects ${args.join(" ")} with the parser's words`, async (t) => {
    t.throws(() => parseProcessOptions(args, defaults), {
      code: "CLRK_INVALID_ARGUMENT",
      message: /^Cannot read arguments: /,
    });
  });
}

t.test("parseProcessOptions() takes NATS servers and where their credential is", async (t) => {
  const args = ["--nats", "nats://a:4222", "--nats", "tls://b", "--nats-credentials", "c.creds"];
  t.match(parseProcessOptions(args, defaults), {
    nats: ["nats://a:4222", "tls://b"],
    natsCredentials: "c.creds",
  });
  const none = parseProcessOptions([], defaults);
  t.same(none.nats, []);
  t.notOk("natsCredentials" in none);
});
