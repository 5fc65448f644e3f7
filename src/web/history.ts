// The conversations kept in this browser, in IndexedDB; in memory for as long as the page lives where that is blocked.
// Owns: who may overwrite what. A conversation that another tab has changed since is not overwritten: ours becomes a
// copy. What the database refuses stays in memory. Takes and gives whole conversations. Must not know: a view, a network.

import { type Conversation, newId } from "./conversation.ts";
import { openStore, type Stored } from "./store.ts";

export interface History {
  /** Where conversations go; `memory` is gone with the page. */
  readonly place: "browser" | "memory";
  /** All, the last updated first. Throws HistoryError. */
  list(): Promise<Conversation[]>;
  /** Throws HistoryError. */
  get(id: string): Promise<Conversation | undefined>;
  /**
   * Stores a conversation and gives it back as stored: go on with that one, its revision is new. Its id is new too when
   * another tab had changed the stored one. Throws HistoryError; it is then kept in memory, list and get still give it.
   */
  put(conversation: Conversation): Promise<Conversation>;
  /** Stores imported ones and gives those: one that is here in the same state is left out, in another it is a copy. */
  add(conversations: readonly Conversation[]): Promise<Conversation[]>;
  /** Throws HistoryError. */
  delete(id: string): Promise<void>;
  /** Throws HistoryError. */
  clear(): Promise<void>;
  /** Calls `listener` when another tab has changed something; gives the way to stop that. */
  watch(listener: () => void): () => void;
  close(): void;
}

/** `full`: the browser's quota is used up; export and delete some. `failed`: the database could not be used. */
export class HistoryError extends Error {
  override readonly name = "HistoryError";
  readonly kind: "full" | "failed";

  constructor(cause: unknown) {
    const isFull = cause instanceof DOMException && cause.name === "QuotaExceededError";
    super(isFull ? "The browser's storage is full" : "The browser's storage cannot be used", { cause });
    this.kind = isFull ? "full" : "failed";
  }
}

/** Opens the history. Never throws: without `storage`, or when it refuses, the history is in memory. */
export async function openHistory(storage: IDBFactory | undefined, name = "qwen-edge"): Promise<History> {
  const { store, place } = await openStore(storage, name);
  const channel =
    typeof BroadcastChannel === "function" && place === "browser" ? new BroadcastChannel(name) : undefined;
  const listeners = new Set<() => void>();
  if (channel !== undefined) channel.onmessage = () => listeners.forEach((listener) => void listener());
  /** This tab, as the writer of what it stores. */
  const writer = newId();
  /** What the database refused, until it takes it. */
  const unsaved = new Map<string, Conversation>();

  const attempt = async <Value>(work: () => Promise<Value>): Promise<Value> => {
    try {
      return await work();
    } catch (cause) {
      throw new HistoryError(cause);
    }
  };
  const changed = () => channel?.postMessage("changed");
  const stored = (conversation: Conversation): Stored => ({
    id: conversation.id,
    writer,
    conversation: { ...conversation, revision: newId() },
  });

  const history: History = {
    place,
    async list() {
      const saved = await attempt(() => store.list());
      const all = [
        ...saved.map(({ conversation }) => conversation).filter(({ id }) => !unsaved.has(id)),
        ...unsaved.values(),
      ];
      return all.sort((a, b) => b.updated - a.updated);
    },
    async get(id) {
      return unsaved.get(id) ?? (await attempt(() => store.get(id)))?.conversation;
    },
    async put(conversation) {
      try {
        const { conversation: kept } = await store.replace(conversation.id, (old) => {
          const isOurs =
            old === undefined || old.writer === writer || old.conversation.revision === conversation.revision;
          return stored(isOurs ? conversation : { ...conversation, id: newId() });
        });
        unsaved.delete(conversation.id);
        changed();
        return kept;
      } catch (cause) {
        unsaved.set(conversation.id, conversation);
        throw new HistoryError(cause);
      }
    },
    async add(conversations) {
      const added: Conversation[] = [];
      for (const conversation of conversations) {
        const old = await history.get(conversation.id);
        if (old !== undefined && isSame(old, conversation)) continue;
        added.push(
          await history.put({ ...conversation, id: old === undefined ? conversation.id : newId(), revision: "" }),
        );
      }
      return added;
    },
    async delete(id) {
      unsaved.delete(id);
      await attempt(() => store.delete(id));
      changed();
    },
    async clear() {
      unsaved.clear();
      await attempt(() => store.clear());
      changed();
    },
    watch(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close() {
      channel?.close();
      store.close();
    },
  };
  return history;
}

function isSame(a: Conversation, b: Conversation): boolean {
  const state = ({ revision, ...rest }: Conversation) => JSON.stringify(rest);
  return state(a) === state(b);
}
