/** The traces of an agent on a full screen: it joins the view, which is pure, with a terminal and with spans that come. */
import type { Palette } from "../colour.ts";
import type { ScreenSize, ScreenStreams } from "../screen/screen-view.ts";
import { openTerminalScreen } from "../screen/terminal-screen.ts";
import type { TelemetryItem } from "./otlp-document.ts";
import { readSpan } from "./span.ts";
import type { DetailCache } from "./span-lines.ts";
import { SpanStore } from "./span-store.ts";
import { drawFrame, initialState, layOut, pressKey } from "./trace-view.ts";

/** What a screen begins with. */
export interface TraceScreenOptions {
  readonly streams: ScreenStreams;
  readonly palette: Palette;
  /** Whose traces these are */
  readonly title: string;
  readonly items: readonly TelemetryItem[];
  readonly liveness: string;
}

/** An open screen of traces. */
export interface TraceScreen {
  add(items: readonly TelemetryItem[]): void;
  /** Says in the footer whether more comes */
  setLiveness(text: string): void;
  /** Resolves when the person has left, or with the error that ended it */
  readonly ended: Promise<Error | undefined>;
  /** Gives the terminal back. Idempotent */
  close(): Promise<void>;
}

/** Takes the terminal and shows the spans. */
export async function openTraceScreen(options: TraceScreenOptions): Promise<TraceScreen> {
  const { streams, palette, title, items } = options;
  const store = new SpanStore();
  const cache: DetailCache = new Map();
  let { liveness } = options;
  let state = initialState;
  let size: ScreenSize = { columns: 80, rows: 24 };
  for (const item of items) store.add(readSpan(item));
  const layoutNow = () => layOut(store, state, { ...size, palette, cache });
  const screen = await openTerminalScreen(streams, {
    draw(now) {
      size = now;
      const frame = drawFrame(store, state, {
        ...size,
        palette,
        title,
        liveness,
        layout: layoutNow(),
      });
      state = frame.state;
      return frame.lines;
    },
    onKey(key) {
      state = pressKey(state, key, layoutNow());
      if (state.isOver) void screen.close();
    },
  });
  return {
    add(more) {
      for (const item of more) store.add(readSpan(item));
      screen.refresh();
    },
    setLiveness(text) {
      liveness = text;
      screen.refresh();
    },
    ended: screen.ended,
    close: () => screen.close(),
  };
}
