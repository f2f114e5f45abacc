/**
 * The live screen of `clrk dev` on the terminal that it is started on, told by the control socket that it is given:
 * `screen-viewer.ts SOCKET FIGURES`. At `q` it writes how often it drew to FIGURES.
 */
import { writeFileSync } from "node:fs";
import { createGatewayClient } from "../../control/cli/gateway-client.ts";
import { createPalette } from "../../control/cli/colour.ts";
import { openDevScreen } from "../../control/cli/screen/dev-screen.ts";

const [socket = "", figures = ""] = process.argv.slice(2);
const { stdin: input, stdout: output } = process;
const drawnMs: number[] = [];
const write = output.write.bind(output);
let isDrawing = false;
// Whatever is drawn goes through here, a frame in some pieces one after the other.
output.write = (...words: unknown[]) => {
  if (!isDrawing) drawnMs.push(performance.now());
  isDrawing = true;
  setImmediate(() => {
    isDrawing = false;
  });
  return Reflect.apply(write, output, words);
};
const client = createGatewayClient(socket);
const quit = Promise.withResolvers<void>();
const screen = await openDevScreen(
  {
    streams: { input, output },
    client,
    palette: createPalette({ isTerminal: true, environment: process.env }),
    workingDirectory: process.cwd(),
    kubeconfig: "kubeconfig",
    // None is part of what is measured.
    control: {
      now: { state: "running", pid: process.pid, sinceMs: Date.now(), restarts: 0 },
      onChange: () => () => {},
    },
    now: () => Date.now(),
    onQuit: () => quit.resolve(),
  },
  await client.status(),
);
await Promise.race([quit.promise, screen.ended]);
await screen.close();
writeFileSync(figures, JSON.stringify({ drawnMs }));
