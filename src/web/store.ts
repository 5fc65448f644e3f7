// A table of records in IndexedDB, and the same in memory.
// Owns: the database's opening, its transactions and their end: a promise is kept when the browser has stored, not
// before. A record that cannot be read is left where it is and not given. Must not know: who may write what.

import type { Conversation } from "./conversation.ts";
import { readConversation } from "./transfer.ts";

export interface Stored {
  readonly id: string;
  /** The tab that wrote it. */
  readonly writer: string;
  readonly conversation: Conversation;
}

/** Every method but close rejects with what the browser says, a DOMException most often. */
export interface Store {
  list(): Promise<Stored[]>;
  get(id: string): Promise<Stored | undefined>;
  /** Reads the record `id` and puts what `next` makes of it, with no other write in between; gives what was put. */
  replace(id: string, next: (old: Stored | undefined) => Stored): Promise<Stored>;
  delete(id: string): Promise<void>;
  clear(): Promise<void>;
  close(): void;
}

const TABLE = "conversations";
const VERSION = 1;
/** A database that another tab holds in an older version, or a browser that never answers. */
const PATIENCE_MS = 3000;

/** The store of the browser, or one in memory when there is none or it refuses. */
export async function openStore(
  storage: IDBFactory | undefined,
  name: string,
): Promise<{ store: Store; place: "browser" | "memory" }> {
  try {
    if (storage !== undefined) return { store: browserStore(await open(storage, name)), place: "browser" };
  } catch {
    // Private windows and blocked storage end here.
  }
  return { store: memoryStore(), place: "memory" };
}

function open(storage: IDBFactory, name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = storage.open(name, VERSION);
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      reject(new Error("The database does not open"));
    }, PATIENCE_MS);
    opening.onupgradeneeded = () => opening.result.createObjectStore(TABLE, { keyPath: "id" });
    opening.onsuccess = () => {
      clearTimeout(timer);
      if (isLate) opening.result.close();
      else resolve(opening.result);
    };
    opening.onerror = () => {
      clearTimeout(timer);
      reject(opening.error);
    };
  });
}

function browserStore(database: IDBDatabase): Store {
  // A newer page in another tab may upgrade.
  database.onversionchange = () => database.close();

  /** Runs `work` in a transaction; what it gives is read when the transaction has ended well. */
  const transact = <Value>(mode: IDBTransactionMode, work: (table: IDBObjectStore) => () => Value): Promise<Value> =>
    new Promise((resolve, reject) => {
      const transaction = database.transaction(TABLE, mode);
      const result = work(transaction.objectStore(TABLE));
      transaction.oncomplete = () => resolve(result());
      transaction.onabort = () => reject(transaction.error);
    });

  return {
    list: () =>
      transact("readonly", (table) => {
        const asked = table.getAll();
        return () => (asked.result as unknown[]).flatMap((value) => readStored(value) ?? []);
      }),
    get: (id) =>
      transact("readonly", (table) => {
        const asked = table.get(id);
        return () => readStored(asked.result);
      }),
    replace: (id, next) =>
      transact("readwrite", (table) => {
        const asked = table.get(id);
        let made: Stored | undefined;
        asked.onsuccess = () => {
          made = next(readStored(asked.result));
          table.put(made);
        };
        return () => made!;
      }),
    delete: (id) =>
      transact("readwrite", (table) => {
        table.delete(id);
        return () => undefined;
      }),
    clear: () =>
      transact("readwrite", (table) => {
        table.clear();
        return () => undefined;
      }),
    close: () => database.close(),
  };
}

/** Undefined when it is no record, or one of another version of this page. */
function readStored(value: unknown): Stored | undefined {
  const { id, writer, conversation } = (value ?? {}) as Record<string, unknown>;
  if (typeof id !== "string" || typeof writer !== "string") return undefined;
  try {
    return { id, writer, conversation: readConversation(conversation) };
  } catch {
    return undefined;
  }
}

function memoryStore(): Store {
  const records = new Map<string, Stored>();
  return {
    list: async () => [...records.values()],
    get: async (id) => records.get(id),
    async replace(id, next) {
      const made = next(records.get(id));
      records.set(made.id, made);
      return made;
    },
    delete: async (id) => void records.delete(id),
    clear: async () => records.clear(),
    close: () => records.clear(),
  };
}
