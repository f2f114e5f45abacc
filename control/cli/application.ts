/**
 * The command line as a whole: routes, the words of its errors, and exit codes.
 * Invariant: building it loads no command, so that every start is as fast as the smallest one.
 */
import {
  ArgumentScannerError,
  buildApplication,
  buildRouteMap,
  ExitCode,
  formatMessageForArgumentScannerError,
  help,
  proposeCompletions,
  run,
  text_en,
  version as createVersionFlag,
} from "@stricli/core";
import type {
  Application,
  ApplicationText,
  Command,
  DocumentationConfiguration,
  RouteMap,
} from "@stricli/core";
import { ClrkError } from "../../gateway/errors.ts";
import { version } from "../../gateway/version.ts";
import type { CliContext } from "./cli-context.ts";
import { CliError, EXIT_CODE } from "./cli-error.ts";
import { escapeControls } from "./colour.ts";
import { clusterVerbs, installCommand, upgradeCommand } from "./cluster-commands.ts";
import { contextCommands, secretCommands } from "./context-commands.ts";
import { approvalsCommand, approveCommand, denyCommand } from "./confirmation-commands.ts";
import { devCommands, devVerbs } from "./dev-commands.ts";
import {
  completionCommands,
  doctorCommand,
  statusCommand,
  versionCommand,
} from "./inspection-commands.ts";
import { applyCommand, deleteCommand, describeCommand, getCommand } from "./object-commands.ts";
import { policyCommands } from "./policy-commands.ts";
import { providerCommands } from "./provider-commands.ts";
import { findInheritedOption } from "./inherited-option.ts";
import { escapeRunCommand } from "./run-arguments.ts";
import { agentsCommand, invocationsCommand, poolsCommand } from "./view-commands.ts";
import { runCommand, stopCommand } from "./serving-commands.ts";
import { logsCommand, runTaskCommand, tracesCommand } from "./telemetry-commands.ts";

/** The hidden first word by which the shell asks for completions. */
export const completionVerb = "__complete";

/** Commands whose words are kinds and names of objects. */
const objectVerbs: ReadonlySet<string> = new Set(["delete", "describe", "get"]);
/** What counts as a typo: a word that has little in common with what is proposed is no help. */
const nearness = {
  threshold: 2,
  weights: { insertion: 1, deletion: 1, substitution: 1, transposition: 1 },
};

/** How help is written. */
const documentation: DocumentationConfiguration = {
  alwaysShowHelpAllFlag: false,
  useAliasInUsageLine: false,
  onlyRequiredInUsageLine: true,
  caseStyle: "convert-camel-to-kebab",
  disableAnsiColor: true,
};

/** Commands that have commands. */
const groups: ReadonlySet<string> = new Set([
  "completion",
  "context",
  "policy",
  "provider",
  "secret",
]);

/** Builds the application; cheap, but call it once. */
export function createApplication(): Application<CliContext> {
  const routes: Record<string, Command<CliContext> | RouteMap<CliContext>> = Object.assign(
    // Words of the user are looked up in it: without a prototype, "constructor" is just unknown.
    Object.create(null),
    {
      dev: devCommands(),
      run: runCommand(),
      get: getCommand(),
      describe: describeCommand(),
      apply: applyCommand(),
      delete: deleteCommand(),
      agents: agentsCommand(),
      pools: poolsCommand(),
      invocations: invocationsCommand(),
      secret: secretCommands(),
      context: contextCommands(),
      logs: logsCommand(),
      traces: tracesCommand(),
      "run-task": runTaskCommand(),
      status: statusCommand(),
      doctor: doctorCommand(),
      approvals: approvalsCommand(),
      approve: approveCommand(),
      deny: denyCommand(),
      stop: stopCommand(),
      policy: policyCommands(),
      provider: providerCommands(),
      completion: completionCommands(),
      version: versionCommand(),
      install: installCommand(),
      upgrade: upgradeCommand(),
    },
  );
  const root = buildRouteMap({
    routes,
    docs: {
      brief: "Egress gateway for LLM agents",
      fullDescription: [
        "clrk puts a gateway between agents and the internet: it decides what they may",
        "reach, gives them credentials that they never see, and records every request.",
        "",
        "  clrk dev -f examples/quickstart    serve a folder of manifests",
        "  clrk run -- python my_agent.py     run a command through the gateway",
        "",
        "State is kept in $CLRK_HOME, ~/.clrk by default.",
      ].join("\n"),
    },
  });
  const caseStyle = "allow-kebab-for-camel";
  return buildApplication(
    root,
    {
      name: "clrk",
      scanner: { caseStyle, allowArgumentEscapeSequence: true, distanceOptions: nearness },
      documentation,
      localization: { text },
      determineExitCode: (error) => (error instanceof CliError ? error.exitCode : EXIT_CODE.failed),
    },
    // Those of the library, but for --help-all: nothing is hidden, and -H is for headers.
    {
      help: help({
        brief: text.briefs.help,
        alias: "h",
        defaultForRouteMap: true,
        includeHidden: false,
        formatting: documentation,
      }),
      version: createVersionFlag({
        brief: text.briefs.version,
        info: { currentVersion: version },
        alias: "v",
        hook: "app:start",
      }),
    },
  );
}

/** Runs a command line; resolves with the exit code and never rejects. */
export async function runCommandLine(
  words: readonly string[],
  context: CliContext,
): Promise<number> {
  const application = createApplication();
  if (words[0] === completionVerb) return complete(application, words.slice(1), context);
  const inputs = inputsOf(words);
  const odd = findInheritedOption(inputs);
  if (odd !== undefined) {
    context.process.stderr.write(`clrk: There is no option "--${escapeControls(odd)}"\n`);
    context.process.exitCode = ExitCode.InvalidArgument;
  } else await run(application, inputs, context);
  const code = Number(context.process.exitCode ?? EXIT_CODE.done);
  if (code === ExitCode.InvalidArgument) {
    context.process.stderr.write(`See how it is used: clrk ${usagePath(words)}--help\n`);
  }
  return exitCodeFor(code, words[0]);
}

/** The words as the library is to read them. */
function inputsOf(words: readonly string[]): readonly string[] {
  const [first = "", ...rest] = words;
  if (first === "help") return [...rest, "--help"];
  const asksForHelp = rest.includes("--help") || rest.includes("-h");
  if (clusterVerbs.has(first) && !asksForHelp) return [first, "--", ...rest];
  return escapeRunCommand(words);
}

async function complete(
  application: Application<CliContext>,
  words: readonly string[],
  context: CliContext,
): Promise<number> {
  const proposals = await proposeCompletions(application, words, context);
  const completions = proposals.map(({ completion }) => completion);
  if (words[0] === "dev" && words.length === 2) {
    completions.push(...[...devVerbs].filter((verb) => verb.startsWith(words[1] ?? "")));
  }
  if (objectVerbs.has(words[0] ?? "") && words.length > 1 && !words.at(-1)?.startsWith("-")) {
    const { proposeObjects } = await import("./object-completion.ts");
    completions.push(...(await proposeObjects(context, words.slice(1))));
  }
  for (const completion of completions) context.process.stdout.write(`${completion}\n`);
  return EXIT_CODE.done;
}

function usagePath(words: readonly string[]): string {
  const [first = "", second] = words;
  if (first.startsWith("-")) return "";
  const isGroup =
    second !== undefined && (groups.has(first) || (first === "dev" && devVerbs.has(second)));
  return `${words.slice(0, isGroup ? 2 : 1).join(" ")} `;
}

/** The library's own codes are negative: a command line that it cannot read, or a mistake of ours. */
function exitCodeFor(code: number, verb: string | undefined): number {
  if (code >= 0) return code;
  const isUsage = code === ExitCode.InvalidArgument || code === ExitCode.UnknownCommand;
  if (verb === "run") return EXIT_CODE.runFailed;
  return isUsage ? EXIT_CODE.usage : EXIT_CODE.failed;
}

const text: ApplicationText = {
  ...text_en,
  briefs: {
    ...text_en.briefs,
    help: "Print this help",
    version: "Print the version",
    argumentEscapeSequence: "What follows is no option",
  },
  noCommandRegisteredForInput({ input, corrections }) {
    const guess = corrections[0]?.replaceAll("`", '"');
    const hint = guess === undefined ? "" : `; did you mean ${guess}?`;
    return `clrk: There is no command "${escapeControls(input)}"${hint}\nSee all commands: clrk --help`;
  },
  exceptionWhileParsingArguments(error) {
    return `clrk: ${error instanceof ArgumentScannerError ? describeArgument(error) : describeFailure(error)}`;
  },
  exceptionWhileLoadingCommandFunction: (error) => `clrk: ${describeFailure(error)}`,
  exceptionWhileLoadingCommandContext: (error) => `clrk: ${describeFailure(error)}`,
  exceptionWhileRunningCommand: (error) => `clrk: ${describeFailure(error)}`,
  commandErrorResult: (error) => `clrk: ${describeFailure(error)}`,
};

/** The sentence for whatever a command threw. */
function describeFailure(error: unknown): string {
  if (error instanceof CliError) return error.message;
  if (error instanceof ClrkError) return escapeControls(error.message);
  const detail = error instanceof Error ? error.message : String(error);
  return `Cannot go on: ${escapeControls(detail)}\nThis is a mistake in clrk, please report it with: clrk version`;
}

function describeArgument(error: ArgumentScannerError): string {
  return formatMessageForArgumentScannerError(error, {
    FlagNotFoundError: ({ input, corrections }) => {
      const [guess] = corrections;
      const hint = guess === undefined ? "" : `; did you mean --${guess}?`;
      return `There is no option "--${escapeControls(input)}"${hint}`;
    },
    AliasNotFoundError: ({ input }) => `There is no option "-${escapeControls(input)}"`,
    ArgumentParseError: ({ externalFlagNameOrPlaceholder, input, exception }) => {
      const name = /^[a-z]/.test(externalFlagNameOrPlaceholder)
        ? `--${externalFlagNameOrPlaceholder}`
        : externalFlagNameOrPlaceholder;
      const detail = exception instanceof Error ? exception.message : String(exception);
      return `Cannot use "${escapeControls(input)}" for ${name}: ${detail}`;
    },
    EnumValidationError: ({ externalFlagName, input, values }) =>
      `Cannot use "${escapeControls(input)}" for --${externalFlagName}: wanted ${values.join(", ")}`,
    // It is not there, or nothing follows it: the library does not tell one from the other.
    UnsatisfiedFlagError: ({ externalFlagName }) => `--${externalFlagName} needs a value`,
    UnexpectedFlagError: ({ externalFlagName }) => `--${externalFlagName} is given more than once`,
    UnexpectedPositionalError: ({ input }) => `"${escapeControls(input)}" is one word too many`,
    UnsatisfiedPositionalError: ({ placeholder }) => `${placeholder} is missing`,
  });
}
