/** `clrk provider test`: whether providers keep what their interface promises, and a plugin's own tests. */
import { loadProviderPlugins } from "../../../gateway/plugin-loader.ts";
import type { ConformanceFindings, ConformanceOptions } from "../../../providers/conformance.ts";
import { checkProvider } from "../../../providers/conformance.ts";
import type { Provider } from "../../../providers/provider.ts";
import { findConflicts, findProviderByName, providers } from "../../../providers/registry.ts";
import type { CliContext, CliOutput } from "../cli-context.ts";
import { CliError, EXIT_CODE } from "../cli-error.ts";
import { escapeControls } from "../colour.ts";
import type { OutputFlags } from "../output-flags.ts";
import { shortenPath } from "../problem-line.ts";
import { formatFindings, formatOwnTests } from "../provider-findings.ts";
import type { OwnTests } from "../provider-own-tests.ts";
import { runOwnTests } from "../provider-own-tests.ts";
import { formatValue } from "../whole-objects.ts";

/** Options as the user gave them. */
export interface ProviderTestFlags extends OutputFlags {
  readonly builtin?: boolean;
  readonly splits?: number;
  readonly seed?: number;
  readonly model?: string;
}

/** Checks a plugin, or built-in providers; the exit code is 1 when anything is wrong. */
export async function testProvider(
  this: CliContext,
  flags: ProviderTestFlags,
  subject?: string,
): Promise<void> {
  const { builtin: isBuiltIn = false, output, ...options } = flags;
  const subjects = isBuiltIn ? builtIns(subject) : [await plugin(this, subject)];
  const { stdout } = this.process;
  const reports: ProviderReport[] = [];
  for (const one of subjects) {
    reports.push(await report(one, { context: this, isQuiet: output !== undefined, options }));
  }
  const isOk = reports.every((one) => one.isOk);
  if (!isOk) this.process.exitCode = EXIT_CODE.failed;
  if (output !== undefined) {
    const listed = reports.map(({ isOk: _, ...rest }) => rest);
    stdout.write(await formatValue({ ok: isOk, providers: listed }, output));
    return;
  }
  stdout.write(`\n${sum(reports)}\n`);
}

interface Subject {
  readonly provider: Provider;
  /** Of a plugin: its file */
  readonly path?: string;
}

interface ProviderReport {
  readonly name: string;
  readonly path: string | null;
  readonly findings: readonly ConformanceFindings[];
  /** Null where there are none */
  readonly tests: OwnTests | null;
  readonly isOk: boolean;
}

interface ReportOptions {
  readonly context: CliContext;
  readonly isQuiet: boolean;
  readonly options: ConformanceOptions;
}

function builtIns(name: string | undefined): Subject[] {
  if (name === undefined) return providers.map((provider) => ({ provider }));
  const provider = findProviderByName(name);
  if (provider !== undefined) return [{ provider }];
  const known = providers.map((one) => one.name).join(", ");
  throw new CliError(
    `There is no built-in provider "${escapeControls(name)}"\nWanted one of ${known}`,
  );
}

async function plugin(context: CliContext, specifier: string | undefined): Promise<Subject> {
  if (specifier === undefined) {
    throw new CliError(
      "Cannot test: no plugin is named\nName its folder: clrk provider test ./acme; or all built-in ones: --builtin",
      { exitCode: EXIT_CODE.usage },
    );
  }
  const { plugins, problems } = await loadProviderPlugins([specifier], {
    from: context.workingDirectory,
  });
  const [found] = plugins;
  const conflicts = findConflicts(plugins.map(({ provider }) => provider));
  const all = [...problems, ...conflicts.map((clause) => `Cannot add the provider: ${clause}`)];
  if (found === undefined || all.length > 0) {
    throw new CliError(all.map(escapeControls).join("\n"));
  }
  return { provider: found.provider, path: found.path };
}

async function report(subject: Subject, options: ReportOptions): Promise<ProviderReport> {
  const { context, isQuiet } = options;
  const { stdout, env } = context.process;
  const { provider, path } = subject;
  const write = (text: string) => {
    if (!isQuiet) stdout.write(text);
  };
  const where = path === undefined ? "built in" : shortenPath(path, context.workingDirectory);
  write(`${provider.name} (${escapeControls(where)})\n`);
  const findings: ConformanceFindings[] = [];
  // One codec after the other: with many splits each takes a while.
  for (const one of checkProvider(provider, options.options)) {
    findings.push(one);
    write(formatFindings(one, lineOptions(stdout)));
  }
  const tests = path === undefined ? null : await runOwnTests(path, env);
  const hasTests = tests !== null && tests.files.length > 0;
  if (hasTests) write(formatOwnTests(tests, lineOptions(stdout)));
  const isOk = findings.every(({ problems }) => problems.length === 0) && (tests?.isOk ?? true);
  return {
    name: provider.name,
    path: path ?? null,
    findings,
    tests: hasTests ? tests : null,
    isOk,
  };
}

function lineOptions({ palette, columns }: CliOutput) {
  return { palette, columns };
}

function sum(reports: readonly ProviderReport[]): string {
  const findings = reports.flatMap((one) => one.findings);
  const checks = findings.reduce((total, one) => total + one.checks, 0);
  const problems = findings.reduce((total, one) => total + one.problems.length, 0);
  const failed = reports.filter(({ tests }) => tests?.isOk === false).length;
  if (problems === 0 && failed === 0) return `${checks} checks, nothing is wrong`;
  const own = failed === 0 ? "" : ", and its own tests fail";
  return `${checks} checks, ${problems} ${problems === 1 ? "problem" : "problems"}${own}`;
}
