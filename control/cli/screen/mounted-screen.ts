/**
 * A screen as React and ink draw it: one component that draws what its view says, whenever a frame is due. Loaded only
 * where a screen is opened.
 */
import { Box, render, Text, useApp, useInput, useWindowSize } from "ink";
import type { Key } from "ink";
import { createElement, memo, useSyncExternalStore } from "react";
import type { ReactNode } from "react";
import { systemClock } from "../../../gateway/clock.ts";
import { FrameClock } from "./frame-clock.ts";
import { typedKeys } from "./typed-keys.ts";
import type { ScreenKey, ScreenStreams, ScreenView, TerminalScreen } from "./screen-view.ts";

/** Frames a second, at most: more than anybody reads, and a tenth of what a busy gateway would ask for. */
const maxFramesPerSecond = 10;

/** Takes the terminal and draws the first frame. */
export function mountScreen(streams: ScreenStreams, view: ScreenView): TerminalScreen {
  const clock = new FrameClock({ periodMs: 1_000 / maxFramesPerSecond, clock: systemClock });
  const mounted = render(createElement(Root, { view, clock }), {
    stdin: streams.input,
    stdout: streams.output,
    alternateScreen: true,
    interactive: true,
    incrementalRendering: true,
    exitOnCtrlC: false,
    // A stray line on the console would go to where nobody sees it.
    patchConsole: false,
    // The clock of frames has said already when one is due; keys and a new size are drawn at once.
    maxFps: 60,
  });
  const ended = mounted.waitUntilExit().then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
  );
  return {
    refresh: () => clock.ask(),
    close: async () => {
      clock.close();
      mounted.unmount();
      await ended;
    },
    ended,
  };
}

function linesFrame(lines: readonly string[]): ReactNode {
  // A line has no other identity than its place.
  const rows = lines.map((text, index) => createElement(Line, { key: index, text }));
  return createElement(Box, { flexDirection: "column" }, rows);
}

const Line = memo(function Line({ text }: { readonly text: string }) {
  return createElement(Text, { wrap: "truncate-end" }, text === "" ? " " : text);
});

interface RootProperties {
  readonly view: ScreenView;
  readonly clock: FrameClock;
}

function Root({ view, clock }: RootProperties): ReactNode {
  useSyncExternalStore(clock.subscribe, clock.frame);
  const { exit } = useApp();
  useInput((input, key) => {
    try {
      for (const name of keyNames(input, key)) view.onKey(name);
    } catch (error) {
      exit(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    clock.askNow();
  });
  const frame = view.draw(useWindowSize());
  return isLines(frame) ? linesFrame(frame) : frame;
}

function isLines(frame: ReturnType<ScreenView["draw"]>): frame is readonly string[] {
  return Array.isArray(frame);
}

const namedKeys: readonly (readonly [keyof Key, ScreenKey])[] = [
  ["upArrow", "up"],
  ["downArrow", "down"],
  ["leftArrow", "left"],
  ["rightArrow", "right"],
  ["pageUp", "page-up"],
  ["pageDown", "page-down"],
  ["home", "home"],
  ["end", "end"],
  ["return", "enter"],
  ["escape", "escape"],
  ["backspace", "backspace"],
  ["delete", "delete"],
];

function keyNames(input: string, key: Key): readonly ScreenKey[] {
  if (key.tab) return [key.shift ? "shift-tab" : "tab"];
  const named = namedKeys.find(([member]) => key[member] === true);
  if (named !== undefined) return [named[1]];
  if (key.ctrl) return [`ctrl-${input}`];
  return key.meta ? [] : typedKeys(input);
}
