/**
 * What agents sent, on its way to the OTLP receivers of their EgressGateways: a queue and a spool on disk for each gateway
 * and signal, so that no request has telemetry of two. What was taken outlives a kill of the process; no receiver is waited
 * for; every loss is counted by its reason.
 */
import path from "node:path";
import type { Clock } from "../../gateway/clock.ts";
import { describeError } from "../../gateway/errors.ts";
import type { InvocationOutcome } from "../../gateway/invocation-span.ts";
import type { Logger } from "../../gateway/log.ts";
import { createOtlpPipe, defaultOtlpLimits } from "../../gateway/otlp.ts";
import type { OtlpPipeSettings } from "../../gateway/otlp.ts";
import type { OtlpDrops, OtlpPipe, OtlpPipeStatus, QueuedItem } from "../../gateway/otlp-pipe.ts";
import type { ReceiverTarget } from "../../gateway/record-targets.ts";
import { SpoolOwners } from "../../gateway/spool-owners.ts";
import { ByteRoom } from "./byte-room.ts";
import { ForwardJournal } from "./forward-journal.ts";
import type { JournalledMessage } from "./forward-journal.ts";
import { encodeAgentLogs, encodeAgentSpans } from "./otlp-message.ts";
import type { OtlpSignal } from "./otlp-model.ts";
import type { TakenBatch } from "./otlp-receiver.ts";
import { encodeRootMessage } from "./root-span.ts";
import type { TelemetrySender } from "./telemetry-sender.ts";

/** Where telemetry of the runs of one gateway goes. */
export interface ForwardTarget {
  readonly target: ReceiverTarget;
  /** Of the gateway's object; absent: nobody knows */
  readonly uid?: string;
  /** When the gateway's object was made, Unix `ms`: runs before were of another one of its name */
  readonly createdMs: number;
}

/** What a forwarder is made of. */
export interface AgentForwarderOptions extends Pick<OtlpPipeSettings, "minBackoffMs"> {
  /** Private folder of this process, for what receivers do not take in time */
  readonly spoolDirectory: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Of one signal of one receiver, on disk; default 64 MiB */
  readonly maxSpoolBytes?: number;
}

/** Why spans and logs went nowhere: as pipes say it, and `removed` with a receiver that is desired no more. */
export type ForwardDrops = OtlpDrops & { removed: number };

/** Numbers since the start, of spans and logs. */
export interface ForwardStatus {
  readonly sent: number;
  /** In memory and on disk */
  readonly waiting: number;
  readonly dropped: Readonly<ForwardDrops>;
  /** Taken while the disk took nothing: a kill would have lost them */
  readonly unkept: number;
  /** A sentence about each receiver whose last attempt failed; they name gateways and addresses */
  readonly failures: readonly string[];
}

/** Spans or logs of one request, as a message. */
interface ForwardItem {
  readonly message: Uint8Array;
}

/** What is to go to the receiver of a gateway. */
interface Forwarded {
  /** `namespace/name` */
  readonly gateway: string;
  /** Of that object; absent: nobody knows, and its age decides */
  readonly uid?: string | undefined;
  /** When it was the gateway of that name, Unix `ms` */
  readonly sinceMs: number;
  readonly signal: OtlpSignal;
  readonly records: number;
  readonly encode: () => Uint8Array;
}

/** The way of one signal to one receiver. */
interface Lane {
  readonly pipe: OtlpPipe<ForwardItem>;
  /** What the pipe has in memory; absent: nothing is spooled */
  readonly journal?: ForwardJournal;
  readonly room: ByteRoom;
  /** The journal is open */
  readonly ready: Promise<void>;
}

interface Receiver extends ForwardTarget {
  readonly lanes: Readonly<Record<OtlpSignal, Lane>>;
}

const signals = ["traces", "logs"] as const;
const defaultMaxSpoolBytes = 64 * 1024 * 1024;

/** Of one signal of one receiver, in memory; whoever brings more waits. No more than a pipe takes before it drops. */
const roomBounds = {
  maxBytes: defaultOtlpLimits.maxQueuedBytes,
  maxItems: defaultOtlpLimits.maxQueuedRecords,
};

/** Agents gather already: what came within this time goes together. */
const maxDelayMs = 100;

/** Messages are only joined, which costs nothing by their number. */
const maxBatchRecords = 4_096;

/** What is not sent by then is on disk. */
const closeTimeoutMs = 2_000;

/** Forwards; `close()` at the end. */
export class AgentForwarder {
  readonly #options: AgentForwarderOptions;
  readonly #receivers = new Map<string, Receiver>();
  /** Desired no more, and not yet ended */
  readonly #retiring = new Set<Receiver>();
  readonly #spools: SpoolOwners;
  readonly #dropped: ForwardDrops = { ...noDrops };
  #sentBefore = 0;
  #unkept = 0;
  #isClosed = false;

  /** Sends nowhere before `setTargets()`. */
  constructor(options: AgentForwarderOptions) {
    this.#options = options;
    const { spoolDirectory, maxSpoolBytes = defaultMaxSpoolBytes, clock, log } = options;
    this.#spools = new SpoolOwners({
      ...{ directory: spoolDirectory, maxBytes: maxSpoolBytes, clock, log },
    });
  }

  /** Numbers of now; a new object each time */
  get status(): ForwardStatus {
    const dropped = { ...this.#dropped };
    let sent = this.#sentBefore;
    let waiting = 0;
    const failures: string[] = [];
    for (const receiver of [...this.#receivers.values(), ...this.#retiring]) {
      const statuses = statusesOf(receiver);
      for (const status of statuses) {
        sent += status.sent;
        waiting += status.queued + status.spooled.records;
        addDrops(dropped, status);
      }
      const failed = statuses.find(({ error }) => error !== undefined);
      if (failed === undefined || this.#retiring.has(receiver)) continue;
      failures.push(`${receiver.target.label}: ${failed.error}`);
    }
    return { sent, waiting, dropped, unkept: this.#unkept, failures };
  }

  /** Follows what gateways name, by `namespace/name`; receivers whose settings did not change go on. Never throws. */
  setTargets(wanted: ReadonlyMap<string, ForwardTarget>): void {
    if (this.#isClosed) return;
    const spools = new Set([...wanted.values()].map(({ target }) => target.spool));
    for (const [key, receiver] of this.#receivers) {
      const next = wanted.get(key);
      const isSame = next?.target.fingerprint === receiver.target.fingerprint;
      if (isSame && next.uid === receiver.uid && next.createdMs === receiver.createdMs) continue;
      this.#receivers.delete(key);
      this.#retire(receiver, spools);
    }
    this.#spools.clean(spools);
    for (const [key, target] of wanted) {
      if (this.#receivers.has(key)) continue;
      const receiver = this.#open(target);
      if (receiver !== undefined) this.#receivers.set(key, receiver);
    }
  }

  /**
   * Queues a batch for the gateway that the sender's credential names. One without a receiver, of nobody's knowledge, made
   * after the credential, or another object of that name has none of it. Resolves when a kill of the process loses none of
   * it, which waits for room where much is on its way; never rejects.
   */
  async take(batch: TakenBatch, sender: TelemetrySender): Promise<void> {
    const groups: readonly { readonly items: readonly unknown[] }[] = batch.groups;
    const records = groups.reduce((sum, { items }) => sum + items.length, 0);
    const encode = () =>
      batch.signal === "traces"
        ? encodeAgentSpans(batch.groups, sender)
        : encodeAgentLogs(batch.groups, sender);
    const { gateway, gatewayUid: uid, issuedMs: sinceMs = 0 } = sender;
    await this.#queue({ gateway, uid, sinceMs, signal: batch.signal, records, encode });
  }

  /**
   * Queues root spans that no gateway tells, for all gateways that their requests may have passed. Resolves when a kill of
   * the process loses none of them; never rejects.
   */
  async takeRoots(roots: readonly InvocationOutcome[]): Promise<void> {
    const queued = roots.flatMap((root) =>
      (root.end.gateways ?? []).map((gateway) => {
        const encode = () => encodeRootMessage(root, gateway);
        const about = { gateway, sinceMs: root.startUnixMs, signal: "traces", records: 1 } as const;
        return this.#queue({ ...about, encode });
      }),
    );
    await Promise.all(queued);
  }

  async #queue({ gateway, uid, sinceMs, signal, records, encode }: Forwarded): Promise<void> {
    const receiver = this.#receivers.get(gateway);
    if (receiver === undefined || !isOf(receiver, { uid, sinceMs })) return;
    const { pipe, journal, ready, room } = receiver.lanes[signal];
    try {
      const message = encode();
      await ready;
      await room.take(message.length);
      const kept = await journal?.append(message, records);
      if (kept === undefined && journal !== undefined) this.#unkept += records;
      pipe.add(itemOf(kept ?? { message, records }, room));
    } catch (error) {
      this.#dropped.notEncodable += records;
      this.#options.log.error("Cannot encode telemetry of an agent", {
        error: describeError(error),
      });
    }
  }

  /** Lets in whoever waits for room, and whoever comes: call it before waiting for those that send. */
  letIn(): void {
    for (const { lanes } of [...this.#receivers.values(), ...this.#retiring]) {
      for (const signal of signals) lanes[signal].room.close();
    }
  }

  /** Sends what is in memory, or puts it on disk, within 2 s. Never rejects; safe to call again. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#receivers.values()].map(closeLanes));
    await this.#spools.settled();
  }

  #open(wanted: ForwardTarget): Receiver | undefined {
    const { target } = wanted;
    const { minBackoffMs, clock, log } = this.#options;
    const spool = this.#spools.spool(target.spool);
    const settings: OtlpPipeSettings = {
      endpoint: target.endpoint,
      headers: Object.fromEntries(target.headers),
      ...{ maxDelayMs, maxBatchRecords, clock, log },
      ...(minBackoffMs !== undefined && { minBackoffMs }),
      ...(spool !== undefined && { spool }),
    };
    try {
      const lanes = {
        traces: this.#lane("traces", settings),
        logs: this.#lane("logs", settings),
      };
      return { ...wanted, lanes };
    } catch (error) {
      const { label } = target;
      log.error("Cannot forward telemetry of agents", { label, error: describeError(error) });
      return undefined;
    }
  }

  #lane(signal: OtlpSignal, settings: OtlpPipeSettings): Lane {
    const pipe = createOtlpPipe(signal, settings, joinMessages);
    const room = new ByteRoom(roomBounds);
    const { spool } = settings;
    if (spool === undefined) return { pipe, room, ready: Promise.resolve() };
    const directory = path.join(spool.directory, `unsent-${signal}`);
    const journal = new ForwardJournal({ directory, log: this.#options.log });
    // Whoever had the folder before may still write there.
    const ready = (spool.after ?? Promise.resolve()).then(() => journal.open());
    void ready.then(() => sendLeft(journal, { pipe, room }));
    return { pipe, journal, room, ready };
  }

  #retire(receiver: Receiver, wanted: ReadonlySet<string>): void {
    const { label, spool } = receiver.target;
    this.#retiring.add(receiver);
    const isWanted = wanted.has(spool);
    const ended = closeLanes(receiver).then(async () => {
      this.#retiring.delete(receiver);
      for (const status of statusesOf(receiver)) {
        this.#sentBefore += status.sent;
        addDrops(this.#dropped, status);
        if (!isWanted) this.#dropped.removed += status.spooled.records;
      }
      if (!isWanted) this.#dropped.removed += await recordsKept(receiver);
    });
    this.#spools.giveUp({ label, folder: spool, isWanted, ended });
  }
}

const noDrops: ForwardDrops = {
  ...{ queueFull: 0, spoolFull: 0, rejected: 0, brokenOff: 0, givenUp: 0, closed: 0 },
  ...{ notEncodable: 0, removed: 0 },
};

function statusesOf({ lanes }: Receiver): readonly OtlpPipeStatus[] {
  return signals.map((signal) => lanes[signal].pipe.status);
}

async function closeLanes({ lanes }: Receiver): Promise<void> {
  const closing = signals.map(async (signal) => {
    const { pipe, journal, ready, room } = lanes[signal];
    await ready;
    room.close();
    await pipe.close(closeTimeoutMs);
    await journal?.close();
  });
  await Promise.all(closing);
}

/** Sends what a process before has left, as room comes. */
async function sendLeft(
  journal: ForwardJournal,
  { pipe, room }: Pick<Lane, "pipe" | "room">,
): Promise<void> {
  for await (const one of journal.left()) {
    await room.take(one.message.length);
    // It stays where it is, for the next process.
    if (room.isClosed) return;
    pipe.add(itemOf(one, room));
  }
}

/** Whether something of that gateway is of this one: by its uid, else by its age. */
function isOf(
  target: ForwardTarget,
  { uid, sinceMs }: Pick<Forwarded, "uid" | "sinceMs">,
): boolean {
  if (uid !== undefined && target.uid !== undefined) return uid === target.uid;
  return sinceMs >= target.createdMs;
}

/** What is in journals and nowhere else. */
async function recordsKept({ lanes }: Receiver): Promise<number> {
  const counts = await Promise.all(signals.map((signal) => lanes[signal].journal?.countRecords()));
  return counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
}

/** Of a message that has taken its room. */
function itemOf(
  { message, records, settle }: Omit<JournalledMessage, "settle"> & Partial<JournalledMessage>,
  room: ByteRoom,
): QueuedItem<ForwardItem> {
  const bytes = message.length;
  const settled = (hasHome: boolean) => {
    room.giveBack(bytes);
    if (hasHome) settle?.();
  };
  return { message, records, bytes, settled, ...(settle !== undefined && { isKept: true }) };
}

function addDrops(sum: ForwardDrops, { dropped }: OtlpPipeStatus): void {
  sum.queueFull += dropped.queueFull;
  sum.spoolFull += dropped.spoolFull;
  sum.rejected += dropped.rejected;
  sum.brokenOff += dropped.brokenOff;
  sum.givenUp += dropped.givenUp;
  sum.closed += dropped.closed;
  sum.notEncodable += dropped.notEncodable;
}

/** Messages of protobuf one behind the other are one with the lists of all. */
function joinMessages(items: readonly ForwardItem[]): Uint8Array {
  return Buffer.concat(items.map(({ message }) => message));
}
