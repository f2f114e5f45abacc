/** The live screen of `clrk dev`: ties what the gateway tells to frames, and keys to the session. */
import type { ActivityReport } from "../../../gateway/activity-report.ts";
import type { ControlEvent, GatewayProcessStatus } from "../../../gateway/control-api.ts";
import type { GatewayClient } from "../gateway-client.ts";
import type { KeptControl } from "../kept-control.ts";
import { devFrame } from "./dev-frame.ts";
import { DevState } from "./dev-state.ts";
import type { FrameContext } from "./frame-context.ts";
import type { ScreenStreams, TerminalScreen } from "./screen-view.ts";
import { openTerminalScreen } from "./terminal-screen.ts";

/** What the processes do is asked so often; ages go on as often. */
const statusMs = 1_000;

/** Time before a broken stream of reports is opened again. */
const reconnectMs = 200;

/** What the screen needs. */
export interface DevScreenParts extends Omit<FrameContext, "nowMs"> {
  readonly streams: ScreenStreams;
  readonly client: Pick<GatewayClient, "status" | "followActivity">;
  readonly control: Pick<KeptControl, "now" | "onChange">;
  readonly now: () => number;
  /** Somebody pressed `q` or Ctrl-C */
  readonly onQuit: () => void;
}

/** A running screen. */
export interface DevScreen {
  /** Takes an event of the gateway process. */
  onEvent(event: ControlEvent): void;
  /** Takes a line that would be printed without a screen; safe for a terminal. */
  note(line: string): void;
  /** Gives the terminal back. Idempotent */
  close(): Promise<void>;
  /** Resolves with the error that ended it, or with undefined after `close()` */
  readonly ended: Promise<Error | undefined>;
}

/** Opens it with the state that the process is in. */
export async function openDevScreen(
  parts: DevScreenParts,
  status: GatewayProcessStatus,
): Promise<DevScreen> {
  const { client, now, palette, workingDirectory, kubeconfig } = parts;
  const state = new DevState();
  state.onStatus(status);
  const screen = await openTerminalScreen(parts.streams, {
    draw: (size) => devFrame(state, size, { palette, workingDirectory, kubeconfig, nowMs: now() }),
    onKey: (key) => {
      if (state.onKey(key) === "quit") parts.onQuit();
    },
  });
  const take = (report: ActivityReport) => {
    state.onReport(report);
    screen.refresh();
  };
  state.onControl(parts.control.now);
  const stopReports = followReports(client, take);
  const stopControl = parts.control.onChange((control) => {
    state.onControl(control);
    screen.refresh();
  });
  const stopFollowing = () => {
    stopReports();
    stopControl();
  };
  const stopAsking = askStatus(client, (news) => {
    if (news !== undefined) state.onStatus(news);
    // One that hangs says nothing: it is only seen by looking.
    state.onControl(parts.control.now);
    screen.refresh();
  });
  return {
    onEvent: (event) => {
      state.onEvent(event, now());
      screen.refresh();
    },
    note: (line) => {
      state.note(line);
      screen.refresh();
    },
    close: async () => {
      stopFollowing();
      stopAsking();
      await screen.close();
    },
    ended: endOf(screen, () => {
      stopFollowing();
      stopAsking();
    }),
  };
}

async function endOf(screen: TerminalScreen, release: () => void): Promise<Error | undefined> {
  const error = await screen.ended;
  release();
  return error;
}

/** A stream that is cut (a stopped terminal) is opened again: it begins with all counts. */
function followReports(
  client: DevScreenParts["client"],
  take: (report: ActivityReport) => void,
): () => void {
  let isClosed = false;
  let stream = client.followActivity(take);
  let timer: NodeJS.Timeout | undefined;
  const watch = () => {
    // Why it could not be opened is said when the process ends.
    stream.opened.catch(() => {});
    void stream.ended.then(() => {
      if (isClosed) return;
      timer = setTimeout(() => {
        stream = client.followActivity(take);
        watch();
      }, reconnectMs);
    });
  };
  watch();
  return () => {
    isClosed = true;
    clearTimeout(timer);
    stream.close();
  };
}

/** One question at a time: a process that is stopped must not be asked a hundred times at once. */
function askStatus(
  client: DevScreenParts["client"],
  take: (status: GatewayProcessStatus | undefined) => void,
): () => void {
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  const ask = async () => {
    const status = await client.status({ timeoutMs: 5 * statusMs }).catch(() => undefined);
    if (isClosed) return;
    take(status);
    timer = setTimeout(() => void ask(), statusMs);
  };
  timer = setTimeout(() => void ask(), statusMs);
  return () => {
    isClosed = true;
    clearTimeout(timer);
  };
}
