import { readFileSync } from "node:fs";
import t from "tap";
import type { Cell } from "../harness/matrix/cells.ts";
import { runMatrix } from "../harness/matrix/matrix.ts";
import { findPythonPackages, pythonVersions } from "../harness/matrix/python-packages.ts";
import { parseJson } from "../harness/matrix/report.ts";
import { nodeClients, pythonClients } from "../harness/matrix/sdk-clients.ts";
import { targets } from "../harness/matrix/targets.ts";

const file = new URL("../../docs/compatibility.json", import.meta.url);
const documented = parseJson(readFileSync(file, "utf8"));
const python = await findPythonPackages();
const clients = [
  ...nodeClients,
  ...(python.kind === "found" ? pythonClients(python.directory, pythonVersions) : []),
];
const cells = await runMatrix(t, { clients });

function keyOf({ sdk, dialect, scenario }: Cell): string {
  return `${sdk}, ${dialect}: ${scenario}`;
}

/** By key, what a cell says. */
function tell(list: readonly Cell[]): Record<string, string> {
  return Object.fromEntries(
    list.map((cell) => [
      keyOf(cell),
      `${cell.status}${cell.reason === "" ? "" : `: ${cell.reason}`}`,
    ]),
  );
}

for (const { name } of targets) {
  t.test(`${name} serves every SDK as docs/compatibility.json says`, async (test) => {
    const sdks = new Set(clients.map(({ sdk }) => sdk));
    const known = tell(
      documented.filter(({ provider, sdk }) => provider === name && sdks.has(sdk)),
    );
    const found = tell(cells.filter(({ provider }) => provider === name));
    for (const [key, said] of Object.entries(found)) test.equal(said, known[key], key);
    test.same(
      Object.keys(known).filter((key) => found[key] === undefined),
      [],
      "no documented cell is left out",
    );
  });
}

const pythonReason = python.kind === "missing" ? python.reason : false;
t.test("the Python SDKs are among them", { skip: pythonReason }, async (test) => {
  test.ok(cells.some(({ sdk }) => sdk.includes("Python")));
});
