import { access, constants, readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import t from "tap";
import { startHttp2Server } from "../harness/http2-server.ts";
import { runProcess, temporaryDirectory } from "../harness/processes.ts";

/**
 * h2spec 2.2.1 in strict mode: every case of its sections generic, http2 and hpack. None is left out, and a case that
 * h2spec skips for what the server says of itself counts as failed.
 */
const wantedCases = 146;

const h2spec = await findH2spec();

/** The program that `CLRK_H2SPEC` names, or that of the path. */
async function findH2spec(): Promise<string | undefined> {
  const { CLRK_H2SPEC, PATH = "" } = process.env;
  const named = CLRK_H2SPEC === undefined || CLRK_H2SPEC === "" ? [] : [CLRK_H2SPEC];
  for (const path of [...named, ...PATH.split(delimiter).map((each) => join(each, "h2spec"))]) {
    const isProgram = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isProgram) return path;
  }
  return undefined;
}

interface Case {
  readonly name: string;
  /** What h2spec wrote about a failed or skipped one */
  readonly problem: string;
}

/** The cases of a JUnit report as h2spec writes it. */
function readReport(xml: string): Case[] {
  const cases = xml.matchAll(
    /<testcase package="([^"]*)" classname="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g,
  );
  return [...cases].map(([, section = "", text = "", outcome = ""]) => ({
    name: `${section}: ${text.replaceAll("&#34;", '"')}`,
    problem: outcome.trim(),
  }));
}

t.test("readReport() tells failed and skipped cases from passed ones", async (t) => {
  const xml = [
    '<testcase package="a/1" classname="Sends &#34;x&#34;" time="0.1"></testcase>',
    '<testcase package="a/2" classname="two" time="0.1"><failure>Expect: y</failure></testcase>',
    '<testcase package="a/3" classname="three" time="0.1">\n<skipped></skipped>\n</testcase>',
  ];
  t.strictSame(readReport(xml.join("\n")), [
    { name: 'a/1: Sends "x"', problem: "" },
    { name: "a/2: two", problem: "<failure>Expect: y</failure>" },
    { name: "a/3: three", problem: "<skipped></skipped>" },
  ]);
});

const skip = h2spec === undefined ? "needs h2spec (CLRK_H2SPEC or PATH)" : false;

t.test("the HTTP/2 server passes h2spec in strict mode", { skip }, async (t) => {
  const port = await startHttp2Server(t);
  const report = join(temporaryDirectory(t), "report.xml");
  const flags = ["--strict", "--port", String(port), "--timeout", "5", "--junit-report", report];
  const options = { command: h2spec ?? "", arguments: flags };
  const { exitCode, stdout, stderr } = await runProcess(options, 120_000);
  t.equal(exitCode, 0, "h2spec succeeds");
  if (exitCode !== 0) t.comment(`${stdout.slice(-5_000)}${stderr}`);
  const cases = readReport(await readFile(report, "utf8"));
  for (const { name, problem } of cases) t.equal(problem, "", name);
  t.equal(cases.length, wantedCases);
});
