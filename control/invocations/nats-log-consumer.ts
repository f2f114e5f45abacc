/** A durable consumer of the stream of events: what it has answered is known to the server. */

import type { Consumer, JetStreamClient, JetStreamManager, JsMsg } from "@nats-io/jetstream";
import { tryDecodeEvent } from "./event-codec.ts";
import type { Delivery, FetchOptions, LogConsumer } from "./event-log.ts";

/** What a consumer is given. */
export interface NatsLogConsumerOptions {
  readonly client: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly stream: string;
  readonly name: string;
  /** Default 30 s */
  readonly ackWaitMs?: number;
  /** Of the stream now */
  readonly epoch: () => Promise<string>;
  /** Asks the server, and says in words what failed */
  readonly ask: <Answer>(what: string, question: () => Promise<Answer>) => Promise<Answer>;
}

const defaultAckWaitMs = 30_000;

/** Events that may be without an answer at once; the server gives no more until there are some. */
const mostUnanswered = 4_096;

/** The shortest that the client lets a pull wait. */
const shortestPullMs = 1_000;

/** One consumer; `open()` makes it. */
export class NatsLogConsumer implements LogConsumer {
  readonly #options: NatsLogConsumerOptions;
  #consumer: Consumer | undefined;

  private constructor(options: NatsLogConsumerOptions) {
    this.#options = options;
  }

  /** Finds the consumer at the server, or makes it at the stream's begin. Throws a RangeError for what is no name. */
  static async open(options: NatsLogConsumerOptions): Promise<NatsLogConsumer> {
    const { name } = options;
    if (!/^[a-z0-9-]{1,64}$/.test(name)) {
      throw new RangeError(
        `Cannot open consumer ${JSON.stringify(name)}: wanted up to 64 of a-z, 0-9 and "-"`,
      );
    }
    const consumer = new NatsLogConsumer(options);
    await options.ask("open consumer", () => consumer.#find());
    return consumer;
  }

  async fetch(options: FetchOptions): Promise<readonly Delivery[]> {
    if (options.signal?.aborted === true) return [];
    const messages = await this.#options.ask("fetch events", async () => {
      try {
        return await this.#pull(options);
      } catch (error) {
        // It may be gone with the stream: it is looked for, or made, when it is asked next.
        this.#consumer = undefined;
        throw error;
      }
    });
    if (messages.length === 0) return [];
    const epoch = await this.#options.epoch();
    return messages.map((message) => this.#delivery(message, epoch));
  }

  /** The first one that comes, and what is there with it. */
  async #pull({ limit, waitMs, signal }: FetchOptions): Promise<JsMsg[]> {
    this.#consumer ??= await this.#find();
    const expires = Math.max(shortestPullMs, waitMs);
    const first = await aborted(this.#consumer.next({ expires }), signal);
    if (first === null) return [];
    const more = Math.min(limit - 1, first.info.pending);
    const messages = [first];
    if (more <= 0) return messages;
    const rest = await this.#consumer.fetch({ max_messages: more, expires: shortestPullMs });
    for await (const message of rest) messages.push(message);
    return messages;
  }

  async #find(): Promise<Consumer> {
    const { client, manager, stream, name, ackWaitMs = defaultAckWaitMs } = this.#options;
    const { AckPolicy, DeliverPolicy } = await import("@nats-io/jetstream");
    await manager.consumers.add(stream, {
      durable_name: name,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      ack_wait: ackWaitMs * 1_000_000,
      max_ack_pending: mostUnanswered,
    });
    return await client.consumers.get(stream, name);
  }

  #delivery(message: JsMsg, epoch: string): Delivery {
    return {
      position: { epoch, sequence: message.seq },
      event: tryDecodeEvent(message.string()) ?? null,
      attempt: message.info.deliveryCount,
      ack: async () => {
        await this.#options.ask("acknowledge an event", () => message.ackAck());
      },
      retry: () => message.nak(),
    };
  }
}

/** Null when the signal comes first; a message that comes after it is given again, because nobody answers it. */
function aborted<Message>(
  message: Promise<Message>,
  signal: AbortSignal | undefined,
): Promise<Message | null> {
  if (signal === undefined) return message;
  return new Promise((resolve, reject) => {
    const stop = () => resolve(null);
    signal.addEventListener("abort", stop, { once: true });
    message.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
