/** The command line of `clrk dev`, `clrk run` and `clrk stop`; what they do is loaded when they are called. */
import { buildCommand } from "@stricli/core";
import type { Command } from "@stricli/core";
import type { CliContext } from "./cli-context.ts";
import { textFlag } from "./command-flags.ts";
import type { DevFlags } from "./commands/dev.ts";
import type { RunFlags } from "./commands/run.ts";

const text = (input: string) => input;

const gatewayFlags = {
  file: {
    kind: "parsed",
    parse: text,
    variadic: true,
    optional: true,
    placeholder: "DIR",
    brief: "Manifests: folder or file; may be repeated",
  },
  secret: {
    kind: "parsed",
    parse: text,
    variadic: true,
    optional: true,
    placeholder: "NAME[:KEY]=SOURCE",
    brief: "Secret NAME from SOURCE; may be repeated",
  },
  provider: {
    kind: "parsed",
    parse: text,
    variadic: true,
    optional: true,
    placeholder: "SPEC",
    brief: "Plugin: path or npm package; may be repeated",
  },
} as const;

const devFlags = {
  ...gatewayFlags,
  transparent: {
    kind: "parsed",
    parse: text,
    optional: true,
    placeholder: "[ADDR:]PORT",
    brief: "Also take captured connections here",
  },
  metrics: {
    kind: "parsed",
    parse: text,
    optional: true,
    placeholder: "[ADDR:]PORT",
    brief: "Serve /metrics, /healthz, /readyz here",
  },
  plain: {
    kind: "boolean",
    optional: true,
    withNegated: false,
    brief: "Print lines, also on a terminal",
  },
  concurrency: {
    kind: "parsed",
    parse: parseThreads,
    optional: true,
    placeholder: "N",
    brief: "Worker threads of each Envoy",
  },
  "engine-threads": {
    kind: "parsed",
    parse: parseThreads,
    optional: true,
    placeholder: "N",
    brief: "Threads that decide what Envoy cannot",
  },
  nats: {
    kind: "parsed",
    parse: text,
    variadic: true,
    optional: true,
    placeholder: "URL",
    brief: "Share limits by NATS; may be repeated",
  },
  "nats-credentials": textFlag("FILE", "Credentials file for NATS"),
  telemetry: textFlag("on|off", "Keep what happens, or not [default: on]"),
  "telemetry-memory": textFlag("SIZE", "Memory of its store [default: 600MiB]"),
  "telemetry-size": textFlag("SIZE", "Disk of its store [default: 5GiB]"),
  "telemetry-age": textFlag("AGE", "How long it is kept [default: 7d]"),
  "clickhouse-url": textFlag("URL", "Keep it in this ClickHouse server"),
  "clickhouse-password-file": textFlag("FILE", "Password of that server"),
  "otlp-port": textFlag("PORT", "Where agents send OTLP [default: a free one]"),
  replace: {
    kind: "boolean",
    optional: true,
    withNegated: false,
    brief: "Stop a running gateway first",
  },
} as const;

/** Builds `clrk dev`. */
export function devCommand(): Command<CliContext> {
  return buildCommand<DevFlags, [], CliContext>({
    loader: async () => (await import("./commands/dev.ts")).dev,
    parameters: {
      flags: devFlags,
      aliases: { f: "file" },
    },
    docs: {
      brief: "Serve a folder of manifests, and tell what happens",
      customUsage: [
        "-f DIR [-f DIR]... [--secret NAME[:KEY]=SOURCE]... [OPTIONS]",
        "status [-o json|yaml]",
        "wait-ready [--timeout TIME]",
        "logs [-f] [--tail N]",
      ],
      fullDescription: [
        "Starts the gateway, with an Envoy for each EgressGateway, and serves the",
        "manifests in DIR until Ctrl-C. Files are read again when they change; while they",
        "have problems, the last good revision stays live.",
        "",
        "SOURCE is a VARIABLE, file:PATH, dir:PATH with a file for each key, or",
        "'command:PROGRAM ARG...', whose output is the value. Files are followed, and",
        "commands run again. KEY is the key within the Secret, `token` where none is",
        "given. SPEC is a path that begins with ./ or /, or the name of an npm package",
        "that is installed here.",
        "",
        "SIZE is such as 800MiB or 2GiB, AGE such as 12h or 30d.",
        "",
        "On a terminal it shows agents and their requests live; ? tells the keys.",
        "",
        "From another terminal: dev status shows its processes, dev wait-ready waits",
        "until they are ready, dev logs shows their warnings and errors.",
        "",
        "EXAMPLES",
        "  clrk dev -f examples/quickstart",
        "  clrk dev -f policy --secret openai=OPENAI_API_KEY",
        "  clrk dev -f policy --secret openai:api-key=file:keys/openai",
        "  clrk dev -f policy --provider ./acme",
        "",
        "EXIT CODES",
        "  0  stopped as asked     1  could not start, or the gateway ended by itself",
      ].join("\n"),
    },
  });
}

/** Builds `clrk run`. */
export function runCommand(): Command<CliContext> {
  return buildCommand<RunFlags, string[], CliContext>({
    loader: async () => (await import("./commands/run.ts")).run,
    parameters: {
      flags: {
        agent: {
          kind: "parsed",
          parse: text,
          optional: true,
          placeholder: "NAME",
          brief: "Name in records [default: the command's]",
        },
        gateway: {
          kind: "parsed",
          parse: text,
          optional: true,
          placeholder: "[NS/]NAME",
          brief: "EgressGateway, where several are served",
        },
        ...gatewayFlags,
        placeholder: {
          kind: "parsed",
          parse: text,
          variadic: true,
          optional: true,
          placeholder: "VAR=NAME[:KEY]",
          brief: "Set VAR to the fake of Secret NAME; may be repeated",
        },
        java: {
          kind: "boolean",
          optional: true,
          withNegated: false,
          brief: "Set up Java, where a script starts it",
        },
        quiet: {
          kind: "boolean",
          optional: true,
          withNegated: false,
          brief: "Print nothing but the command's output",
        },
      },
      aliases: { f: "file", q: "quiet" },
      positional: {
        kind: "array",
        minimum: 1,
        parameter: { parse: text, placeholder: "CMD", brief: "The command and its arguments" },
      },
    },
    docs: {
      brief: "Run a command with its traffic through the gateway",
      customUsage: ["[--agent NAME] [--gateway [NS/]NAME] [OPTIONS] -- CMD..."],
      fullDescription: [
        "Runs CMD with the proxy and the trusted roots set in its environment. Its input,",
        "output, signals and exit code are its own. What it asks for is shown on stderr",
        "as it happens, where that is a terminal. Uses the gateway that `clrk dev` runs;",
        "with -f, and none running, one is started for this command. What SOURCE of a",
        "Secret may be, says `clrk dev --help`.",
        "",
        "EXAMPLES",
        "  clrk run -- python agent.py",
        "  clrk run --agent researcher -f policy -- npm start",
        "  clrk run --placeholder OPENAI_API_KEY=openai -- python agent.py",
        "",
        "EXIT CODES",
        "  the command's own (128+N when signal N ended it), or",
        "  125  clrk itself failed     126  CMD cannot be executed     127  CMD not found",
      ].join("\n"),
    },
  });
}

/** Builds `clrk stop`. */
export function stopCommand(): Command<CliContext> {
  return buildCommand<Record<never, never>, [number?], CliContext>({
    loader: async () => (await import("./commands/stop.ts")).stop,
    parameters: {
      positional: {
        kind: "tuple",
        parameters: [
          {
            parse: parsePid,
            optional: true,
            placeholder: "PID",
            brief: "Process; see clrk status",
          },
        ],
      },
    },
    docs: {
      brief: "Stop a running gateway",
      customUsage: ["[PID]"],
      fullDescription: [
        "Asks the gateway process to finish what is in flight and end. PID is needed only",
        "where several run.",
        "",
        "EXIT CODES",
        "  0  it has ended, or none was running     1  it could not be stopped",
      ].join("\n"),
    },
  });
}

function parseThreads(input: string): number {
  const number = Number(input);
  if (Number.isInteger(number) && number >= 1 && number <= 256) return number;
  throw new RangeError("Wanted a whole number from 1 to 256");
}

function parsePid(input: string): number {
  const pid = Number(input);
  if (Number.isSafeInteger(pid) && pid > 0) return pid;
  throw new RangeError("Wanted a process id; see clrk status");
}
